"""The plot of the whole business: what follows from what, across floors, upward. Loaded by core by the dotted path in settings.

EVENTS: name of an event -> functions of it, each run at least once, by itself, outside a transaction.
WEBHOOKS: (source, kind) -> handler of what an outside service told us.
SCHEDULES: what is done again and again without anybody asking.
QUESTIONS: what upper floors ask the proof of the money, beside billing's own.
IS_PAYOUT_UNDER_WAY: (provider's id, currency) -> whether money goes to it or comes back from it, before billing gives up a debt.
"""

from collections.abc import Callable
from datetime import time, timedelta

from django.conf import settings

from accounts import tasks as accounts
from billing import address_tasks as refund_addresses
from billing import sandbox_bank, sandbox_messages, services
from billing import tasks as billing
from billing.proof.difference import Question
from contracts import services as contracts
from core import ecb
from core.models import DomainEvent, WebhookEvent
from core.schedules import Schedule
from messaging import tasks as messaging
from payouts import method_tasks as payout_methods
from payouts import pending
from payouts import proof as payouts_proof
from payouts import rail_tasks as payout_rails
from payouts import tasks as payouts
from payouts.services.statement import make_due_statements
from payouts.services.sweeping import sweep_payouts
from providers import services as providers

EVENTS: dict[str, tuple[Callable[[DomainEvent], None], ...]] = {
    # Members.
    "account.invited": (accounts.send_invitation,),
    # The way of a rental: everybody concerned is told (who hears what: messaging/plot.py).
    "contract.requested": (messaging.tell,),
    "contract.paid": (messaging.tell,),
    "contract.accepted": (messaging.tell,),
    "contract.provisioned": (messaging.tell,),
    "contract.activated": (messaging.tell,),
    "contract.extended": (messaging.tell,),
    "contract.suspended": (messaging.tell,),
    "contract.resumed": (messaging.tell,),
    # An end: what is unused goes back, the rest of what was earned is released, and nothing is asked for any more.
    "contract.rejected": (billing.refund_ended_contract, messaging.tell),
    "contract.expired": (billing.refund_ended_contract, billing.close_charges_of_ended_contract, messaging.tell),
    "contract.provisioning_failed": (billing.refund_ended_contract, messaging.tell),
    "contract.cancelled": (
        billing.refund_ended_contract,
        payouts.release_ended_contract,
        billing.close_charges_of_ended_contract,
        messaging.tell,
    ),
    "contract.completed": (payouts.release_ended_contract, billing.close_charges_of_ended_contract, messaging.tell),
    # Money.
    "vat.check_delayed": (billing.ask_vies,),
    "vat.confirmed": (messaging.tell,),
    "charge.opened": (billing.close_superseded_payments,),
    "payment.succeeded": (billing.close_other_payments,),
    "payment.failed": (messaging.tell,),
    "payment.mismatched": (messaging.tell,),
    "payment.unallocated": (messaging.tell,),
    "refund.requested": (billing.send_refund, payout_rails.recover_shares),
    "refund.succeeded": (messaging.tell,),
    "refund.failed": (messaging.tell,),
    "refund.dropped": (messaging.tell,),
    # Tokens go back by hand, to an address that the customer has confirmed.
    "refund.handed_over": (messaging.tell,),
    "refund_address.given": (refund_addresses.send_address_link,),
    "refund_address.confirmed": (refund_addresses.tell_of_address,),
    "refund_address.removed": (refund_addresses.tell_of_address,),
    "dispute.opened": (messaging.tell,),
    "dispute.closed": (
        billing.refund_ended_contract,
        payouts.release_ended_contract,
        billing.send_waiting_refunds,
        payout_rails.recover_shares,
        messaging.tell,
    ),
    # Payouts that leave by themselves.
    "payout.approved": (payout_rails.carry_out_payout,),
    # What has left, or came back, its provider hears of (messaging/payout_plot.py).
    "payout.settled": (messaging.tell_provider,),
    "payout.failed": (messaging.tell_provider,),
    "payout.returned": (messaging.tell_provider,),
    # Where a provider is paid: a link to confirm it, and every owner hears of every change.
    "payout_method.added": (payout_methods.send_link, payout_methods.tell_owners),
    "payout_method.link_wanted": (payout_methods.send_link,),
    "payout_method.confirmed": (payout_methods.tell_owners,),
    "payout_method.removed": (payout_methods.tell_owners,),
    # Paper: what was issued gets its files, and then goes out by mail.
    "document.issued": (billing.store_document,),
    "document.stored": (messaging.tell,),
}

WEBHOOKS: dict[tuple[str, str], Callable[[WebhookEvent], None]] = {
    ("sandbox", "payment.succeeded"): billing.apply_payment,
    ("sandbox", "payment.processing"): billing.apply_payment,
    ("sandbox", "payment.failed"): billing.apply_payment,
    ("sandbox", "payment.expired"): billing.apply_payment,
    ("sandbox", "refund.updated"): billing.apply_refund,
    ("sandbox", "dispute.updated"): billing.apply_dispute,
    ("stripe", "checkout.session.completed"): billing.apply_payment,
    ("stripe", "checkout.session.async_payment_succeeded"): billing.apply_payment,
    ("stripe", "checkout.session.async_payment_failed"): billing.apply_payment,
    ("stripe", "checkout.session.expired"): billing.apply_payment,
    ("stripe", "refund.created"): billing.apply_refund,
    ("stripe", "refund.updated"): billing.apply_refund,
    ("stripe", "refund.failed"): billing.apply_refund,
    ("stripe", "charge.refunded"): billing.apply_refunds,
    ("stripe", "charge.dispute.created"): billing.apply_dispute,
    ("stripe", "charge.dispute.updated"): billing.apply_dispute,
    ("stripe", "charge.dispute.closed"): billing.apply_dispute,
    ("stripe", "charge.dispute.funds_withdrawn"): billing.apply_dispute,
    ("stripe", "charge.dispute.funds_reinstated"): billing.apply_dispute,
    ("icpay", "payment_intent.created"): billing.apply_payment,
    ("icpay", "payment.created"): billing.apply_payment,
    ("icpay", "payment.updated"): billing.apply_payment,
    ("icpay", "payment.completed"): billing.apply_payment,
    ("icpay", "payment.failed"): billing.apply_payment,
    ("icpay", "payment.cancelled"): billing.apply_payment,
    ("icpay", "payment.refunded"): billing.apply_payment_and_refunds,
}

SCHEDULES: tuple[Schedule, ...] = (
    Schedule("contract deadlines", contracts.work_deadlines, timedelta(minutes=1)),
    Schedule("unpaid charges", services.expire_unpaid_charges, timedelta(minutes=1)),
    Schedule("payments read again", services.reread_payments, timedelta(minutes=5)),
    Schedule("refunds swept", services.sweep_refunds, timedelta(minutes=1)),
    Schedule("documents without files", services.store_waiting_documents, timedelta(minutes=1)),
    Schedule("disputes read again", services.reread_disputes, timedelta(hours=1)),
    Schedule("uncleared money read again", services.reread_uncleared, timedelta(hours=1)),
    Schedule("balance reports read", services.read_reports, timedelta(hours=1)),
    Schedule("balance reports of long ago read", billing.begin_far_reports, timedelta(days=1), daily_at=time(1, 30)),
    Schedule("what is earned released", payouts.begin_release, timedelta(days=1), daily_at=time(settings.RELEASE_HOUR)),
    Schedule("releases begun again", payouts.resume_release, timedelta(hours=1)),
    Schedule("payouts on their way", sweep_payouts, timedelta(minutes=1)),
    Schedule("money proved", billing.begin_proof, timedelta(days=1), daily_at=time(2, 30)),
    Schedule("statements of providers made", make_due_statements, timedelta(hours=1)),
    Schedule("exchange rates fetched", ecb.fetch_rates, timedelta(hours=3)),
    Schedule("VAT ids asked again", services.sweep_vat_checks, timedelta(minutes=1)),
    Schedule("VAT of orders while VIES was silent", services.recheck_vat_ids, timedelta(minutes=1)),
    Schedule("stock holds given back", providers.release_expired_holds, timedelta(minutes=1)),
    Schedule("market counted", providers.refresh_facets, timedelta(minutes=1)),
    Schedule("prices in euros renewed", providers.reprice_offerings, timedelta(days=1), daily_at=time(16, 30)),
    Schedule("import previews forgotten", providers.forget_previews, timedelta(hours=1)),
    Schedule("sandbox: bank", sandbox_bank.tick, timedelta(minutes=1)),
    Schedule("sandbox: post", sandbox_messages.deliver_due, timedelta(minutes=1)),
)

QUESTIONS: tuple[Question, ...] = payouts_proof.QUESTIONS

IS_PAYOUT_UNDER_WAY: Callable[[int, str], bool] = pending.is_under_way
