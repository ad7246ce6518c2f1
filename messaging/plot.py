"""The plain table of who is told what: event -> kinds of mail, each with its audience, its words, and when it makes sense.

Silent on purpose: `contract.provisioning_started` (nothing for anybody to do), `refund.requested` (the mail about the end says it);
to the customer also `contract.paid` and `contract.extended`, for the receipt says it, as a credit note says that a refund arrived.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from accounts.models import User
from contracts.models import Contract
from contracts.states import ActorKind, Fault, State, SuspendedFor
from messaging.audiences import payers, provider_team, renter
from messaging.letters import amounts, customer, papers, provider
from messaging.letters.news import News, RentalLetter


def _always(_news: News) -> bool:
    return True


@dataclass(frozen=True)
class Telling:
    """One kind of mail. `kind` is kept in rows: it names the mail for ever. `fits` is asked when it is about to be sent."""

    kind: str
    audience: Callable[[Contract], list[User]]
    letter: Callable[[News], RentalLetter]
    fits: Callable[[News], bool] = _always


# When a mail makes sense: what asks somebody to act must not come after the act. Reactions run in no order.


def _waits_for_payment(news: News) -> bool:
    contract = news.contract
    return contract.state == State.REQUESTED and contract.paid_at is None and not contract.payment_processing


def _waits_for_answer(news: News) -> bool:
    return news.contract.state == State.REQUESTED and news.contract.paid_at is not None and not news.contract.is_disputed


def _waits_for_delivery(news: News) -> bool:
    return bool(news.contract.state in {State.ACCEPTED, State.PROVISIONING}) and not news.contract.is_disputed


def _waits_for_setup_by_rule(news: News) -> bool:
    return news.event.data["actor_kind"] == ActorKind.SYSTEM and _waits_for_delivery(news)


def _waits_for_check(news: News) -> bool:
    return bool(news.contract.state == State.PROVISIONED)


def _runs(news: News) -> bool:
    return bool(news.contract.state == State.ACTIVE)


def _was_paid(news: News) -> bool:
    return bool(news.event.data["paid"])


def _was_not_paid(news: News) -> bool:
    return not _was_paid(news)


def _failed_by_silence(news: News) -> bool:
    return bool(news.event.data["actor_kind"] == ActorKind.SYSTEM)


def _is_paused_by_staff(news: News) -> bool:
    # A pause for a dispute is told by the dispute.
    return bool(news.contract.state == State.SUSPENDED and news.contract.suspended_for == SuspendedFor.STAFF)


def _was_resumed_by_staff(news: News) -> bool:
    return news.event.data["actor_kind"] == ActorKind.STAFF and news.contract.state in {State.PROVISIONED, State.ACTIVE}


def _no_dispute_ended_it(news: News) -> bool:
    return news.contract.fault != Fault.LOST_DISPUTE


def _somebody_else_ended_it(news: News) -> bool:
    return _was_paid(news) and _no_dispute_ended_it(news) and news.contract.ended_by != ActorKind.PROVIDER


PLOT: Mapping[str, tuple[Telling, ...]] = {
    "contract.requested": (Telling("to_pay", payers, customer.to_pay, _waits_for_payment),),
    "contract.paid": (Telling("provider_request", provider_team, provider.request, _waits_for_answer),),
    "contract.accepted": (
        Telling("accepted", renter, customer.accepted, _waits_for_delivery),
        Telling("provider_accepted_by_rule", provider_team, provider.accepted_by_rule, _waits_for_setup_by_rule),
    ),
    "contract.provisioned": (Telling("delivered", renter, customer.delivered, _waits_for_check),),
    "contract.activated": (Telling("running", renter, customer.running, _runs),),
    "contract.extended": (Telling("provider_extended", provider_team, provider.extended),),
    "contract.suspended": (
        Telling("paused", renter, customer.paused, _is_paused_by_staff),
        Telling("provider_paused", provider_team, provider.paused, _is_paused_by_staff),
    ),
    "contract.resumed": (
        Telling("resumed", renter, customer.resumed, _was_resumed_by_staff),
        Telling("provider_resumed", provider_team, provider.resumed, _was_resumed_by_staff),
    ),
    # Ends.
    "contract.rejected": (Telling("declined", payers, customer.declined),),
    "contract.expired": (
        Telling("not_paid", payers, customer.not_paid, _was_not_paid),
        Telling("unanswered", payers, customer.unanswered, _was_paid),
        Telling("provider_unanswered", provider_team, provider.unanswered, _was_paid),
    ),
    "contract.provisioning_failed": (
        Telling("setup_failed", payers, customer.setup_failed),
        Telling("provider_not_set_up", provider_team, provider.not_set_up, _failed_by_silence),
    ),
    "contract.cancelled": (
        Telling("cancelled", payers, customer.cancelled, _no_dispute_ended_it),
        Telling("provider_cancelled", provider_team, provider.cancelled, _somebody_else_ended_it),
    ),
    "contract.completed": (
        Telling("ended", renter, customer.ended),
        Telling("provider_ended", provider_team, provider.ended),
    ),
    # Money.
    "payment.failed": (Telling("payment_declined", payers, amounts.payment_declined),),
    "payment.mismatched": (Telling("payment_mismatched", payers, amounts.payment_mismatched),),
    "payment.unallocated": (Telling("payment_unallocated", payers, amounts.payment_unallocated),),
    "vat.confirmed": (Telling("vat_goes_back", payers, amounts.vat_goes_back),),
    "refund.succeeded": (Telling("refund_arrived", payers, amounts.refund_arrived, papers.no_note_says_it),),
    "refund.handed_over": (Telling("tokens_come_back", payers, amounts.tokens_come_back),),
    "refund.dropped": (Telling("refund_withdrawn", payers, amounts.refund_withdrawn, amounts.was_told_as_owed),),
    "refund.failed": (Telling("refund_trouble", payers, amounts.refund_trouble),),
    "dispute.opened": (
        Telling("dispute_opened", payers, amounts.dispute_opened),
        Telling("provider_dispute_opened", provider_team, provider.dispute_opened, amounts.pays_for_rental),
    ),
    "dispute.closed": (
        Telling("dispute_closed", payers, amounts.dispute_closed),
        Telling("provider_dispute_closed", provider_team, provider.dispute_closed, amounts.pays_for_rental),
    ),
    "document.stored": (
        Telling("receipt", payers, papers.receipt, papers.is_receipt),
        Telling("invoice", payers, papers.invoice, papers.is_invoice),
        Telling("credit_note", payers, papers.credit_note, papers.is_credit_note),
    ),
}
