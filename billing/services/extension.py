"""Only charges for more time: what an extension would cost, and asking for it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing.buyer_queries import kept_buyer
from billing.buyers import Buyer
from billing.models import Charge
from billing.services.order import close_charge, freeze_tax
from billing.services.vat import needs_check, with_check
from billing.states import ChargePurpose
from billing.tax import price_with_tax
from billing.taxation import decide, seller
from billing.untaxed import table_gross_minor, table_tax
from billing.vat_ids import split_vat_id
from billing.vat_queries import last_answer
from contracts.models import Contract
from contracts.pricing import NetPrice, net_price
from contracts.queries import extension_refusal
from contracts.services.move import lock as lock_contract
from contracts.states import ExtensionPrice
from core import clock
from core.errors import Refused
from core.formats import hours_text
from core.money import Priced, minimum_minor
from core.outbox import emit
from providers.states import TERMS


def expected_rate(order_charge: Charge) -> Decimal | None:
    """The tax rate that an extension of this order will probably have, to show prices with; None when none can be sold.

    As `open_extension_charge` decides, but by VIES's last word on the buyer's id, however old: pages do not ask anew.
    """
    facts = _buyer(order_charge).tax_facts
    if needs_check(facts):
        known = last_answer(split_vat_id(facts.vat_id))
        facts = replace(facts, vat_check=known.state if known else "")
    try:
        return decide(facts, 0, order_charge.currency).rate
    except Refused:
        return None


def _buyer(order_charge: Charge) -> Buyer:
    ordered_by = Buyer.from_json(order_charge.buyer)
    return kept_buyer(order_charge.account_id, ordered_by.email) or ordered_by


def price_extension(contract: Contract, tax_rate: Decimal, hours: int) -> tuple[NetPrice, Priced]:
    """What `hours` more cost: at the contract's price or the price of the day, as the offering's rule says; no set-up fee."""
    monthly = contract.monthly_minor
    if contract.extension_price == ExtensionPrice.CURRENT:
        monthly = contract.offering.monthly_minor
    price = net_price(monthly, 0, hours, contract.currency)
    return price, price_with_tax(price.net_minor, tax_rate, contract.currency)


def open_extension_charge(contract: Contract, hours: int, user: User, connection_country: str = "") -> Charge:
    """Ask for the price of `hours` more; the end moves when it is paid, not before.

    It is addressed to whom the account's billing details name now, as the order was where none are kept, and its tax is decided
    anew: the day's rate, and VIES's word on the buyer's id, which is asked for first if there is none of today, so that this begins
    outside of any transaction. An open charge for the same hours, price and buyer is used again; another one is closed. Raises
    `Refused`. Emits ``charge.opened``.
    """
    if hours not in TERMS or hours > contract.terms["max_hours"]:
        raise Refused(_("It is not offered for that long."), code="term_not_offered", field="hours")
    buyer = _buyer(contract.charges.get(purpose=ChargePurpose.CONTRACT))
    with_check(buyer.tax_facts, contract.customer)
    with transaction.atomic():
        # Charges first, then the contract: the order in which a payment takes its locks. The order's own is there always, so that
        # of two who ask at once the second waits here and then finds the first one's charge.
        Charge.objects.select_for_update(of=("self",)).get(contract=contract, purpose=ChargePurpose.CONTRACT)
        open_charge = (
            Charge.objects.select_for_update(of=("self",))
            .filter(contract=contract, purpose=ChargePurpose.EXTENSION, paid_at=None, closed_at=None)
            .first()
        )
        contract = lock_contract(contract.pk)
        now = clock.now()
        refused = extension_refusal(contract, now)
        if refused is not None:
            raise refused
        if contract.currency != contract.offering.currency and contract.extension_price == ExtensionPrice.CURRENT:
            raise Refused(_("The offering is priced in another currency now."), code="currency_changed")
        price, _untaxed = price_extension(contract, Decimal(0), hours)
        tax = freeze_tax(buyer, price.net_minor, contract.currency, connection_country)
        priced = price_with_tax(price.net_minor, tax.decision.rate, contract.currency)
        if priced.gross.minor < minimum_minor(contract.currency):
            raise Refused(_("This term costs less than can be paid."), code="below_minimum", field="hours")
        if open_charge is not None:
            asked = (open_charge.hours, table_gross_minor(open_charge), open_charge.buyer)
            same = asked == (hours, priced.gross.minor, buyer.as_json())
            decided = table_tax(open_charge).decision
            if same and open_charge.expires_at > now and tax.decision.agrees_with(decided):
                return open_charge
            close_charge(open_charge.pk)
        assert contract.ends_at is not None
        charge = Charge.objects.create(
            account_id=contract.customer_id,
            purpose=ChargePurpose.EXTENSION,
            contract=contract,
            hours=hours,
            monthly_minor=price.monthly_minor,
            rent_minor=price.rent_minor,
            net_minor=price.net_minor,
            tax_rate=tax.decision.rate,
            tax_minor=priced.tax.minor,
            gross_minor=priced.gross.minor,
            currency=contract.currency,
            subject=f"{contract.offering_name}, {hours_text(hours)}",
            buyer=buyer.as_json(),
            seller=seller(),
            tax_decision=tax.decision.as_json(),
            tax_evidence=tax.evidence,
            vat_recheck_at=tax.recheck_at,
            threshold_eur_minor=tax.threshold_eur_minor,
            terms_accepted_at=now,
            created_at=now,
            # Nobody can pay for time after the end: the money would only be sent back.
            expires_at=min(now + timedelta(minutes=settings.PAYMENT_DEADLINE_MINUTES), contract.ends_at),
        )
        emit("charge.opened", contract, charge=charge.pk, hours=hours, actor_kind="customer", actor=user.pk)
    return charge
