"""Only charges: an order's, an extension's, and the end of those that nobody paid."""

import re
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import SshKey, User
from billing.buyers import Buyer
from billing.models import BillingProfile, Charge, Quote
from billing.services.quote import refuse_stranger
from billing.states import ChargePurpose
from billing.tax import TaxDecision, decide_tax, price_with_tax, seller
from contracts.models import Contract
from contracts.pricing import NetPrice, net_price
from contracts.queries import extension_refusal
from contracts.services import create_contract
from contracts.services.move import lock as lock_contract
from contracts.states import ExtensionPrice
from contracts.terms import freeze_terms
from core import clock
from core.errors import Refused
from core.formats import hours_text
from core.money import Priced, minimum_minor
from core.outbox import emit
from providers.services import keep_hold
from providers.states import TERMS

HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)


def order(
    quote: Quote,
    *,
    user: User,
    buyer: Buyer,
    operating_system: str = "",
    host_name: str = "",
    ssh_key: SshKey | None = None,
    note: str = "",
) -> Charge:
    """Turn a quote into a requested contract and the charge that pays for it, at exactly the quoted price.

    The buyer has ticked the terms and asked for the service to start now (Article 16(m) of Directive 2011/83/EU
    is kept by refunding the unused part). A quote that was ordered already answers with the same charge, so a
    double click makes one contract. Raises `Refused`: quote_expired, quote_replaced, country_changed,
    offering_changed and what `refuse_stranger` says. Emits ``contract.requested``.
    """
    _refuse_wishes(quote, operating_system, host_name, note)
    with transaction.atomic():
        quote = (
            Quote.objects.select_for_update(of=("self",)).select_related("offering__provider", "account", "hold").get(pk=quote.pk)
        )
        if quote.contract_id is not None:
            return Charge.objects.select_related("contract").get(contract=quote.contract_id, purpose=ChargePurpose.CONTRACT)
        _refuse_stale(quote, user, buyer)
        now = clock.now()
        deadline = now + timedelta(minutes=settings.PAYMENT_DEADLINE_MINUTES)
        segment = create_contract(
            offering=quote.offering,
            hold=keep_hold(quote.hold),
            customer=quote.account,
            ordered_by=user,
            hours=quote.hours,
            price=quote.price,
            deadline_at=deadline,
            operating_system=operating_system,
            host_name=host_name,
            ssh_key=ssh_key,
            note=note,
        )
        # Reason of today, rate of the quote: when rates change in between, a charge and its decision must not disagree.
        decision = replace(decide_tax(quote.country), rate=quote.tax_rate, country=quote.tax_country)
        charge = Charge.objects.create(
            account=quote.account,
            purpose=ChargePurpose.CONTRACT,
            contract=segment.contract,
            segment=segment,
            hours=quote.hours,
            monthly_minor=quote.monthly_minor,
            setup_fee_minor=quote.setup_fee_minor,
            rent_minor=quote.rent_minor,
            net_minor=quote.net_minor,
            tax_rate=quote.tax_rate,
            tax_minor=quote.tax_minor,
            gross_minor=quote.gross_minor,
            currency=quote.currency,
            subject=f"{segment.contract.offering_name}, {hours_text(quote.hours)}",
            buyer=buyer.as_json(),
            seller=seller(),
            tax_decision=decision.as_json(),
            terms_accepted_at=now,
            created_at=now,
            expires_at=deadline,
        )
        quote.contract = segment.contract
        quote.save(update_fields=["contract"])
    return charge


def _refuse_wishes(quote: Quote, operating_system: str, host_name: str, note: str) -> None:
    offered = quote.terms["operating_systems"]
    if operating_system and offered and operating_system not in offered:
        raise Refused(_("Choose one of the operating systems offered."), code="not_offered", field="operating_system")
    if host_name and not HOST_NAME.fullmatch(host_name):
        raise Refused(
            _("A host name has letters, digits and hyphens, at most 63 of them."),
            code="bad_host_name",
            field="host_name",
        )
    if len(note) > 2000:
        raise Refused(_("Keep the note under 2,000 characters."), code="too_long", field="note")


def _refuse_stale(quote: Quote, user: User, buyer: Buyer) -> None:
    if quote.expires_at <= clock.now():
        raise Refused(
            _("The price was held until %(time)s UTC. Ask for it again; it takes one click.")
            % {"time": quote.expires_at.strftime("%H:%M")},
            code="quote_expired",
        )
    if quote.hold.expires_at is None:
        raise Refused(_("This quote was used for another order already."), code="quote_replaced")
    if buyer.country != quote.country:
        raise Refused(
            _("The country has changed, and with it the VAT: look at the new price first."),
            code="country_changed",
            field="country",
        )
    refuse_stranger(quote.account, user, quote.offering)
    if freeze_terms(quote.offering) != quote.terms:
        raise Refused(
            _("The provider has changed the offering since you saw it. Look at it again."),
            code="offering_changed",
        )


def save_billing_profile(account_id: int, buyer: Buyer) -> BillingProfile:
    """Keep the address for the next order. Past charges carry their own copy."""
    fields = buyer.as_json()
    del fields["email"]
    profile, _created = BillingProfile.objects.update_or_create(
        account_id=account_id, defaults={**fields, "updated_at": clock.now()}
    )
    return profile


def extension_price(contract: Contract, hours: int) -> tuple[NetPrice, TaxDecision, Priced]:
    """What `hours` more would cost: at the contract's price or the price of the day, as the offering's rule says.

    An extension has no set-up fee. The tax is decided anew for the country of the order's buyer.
    """
    return price_extension(contract, contract.charges.get(purpose=ChargePurpose.CONTRACT), hours)


def price_extension(contract: Contract, order_charge: Charge, hours: int) -> tuple[NetPrice, TaxDecision, Priced]:
    """The same where the order's charge is at hand, so that a page of six terms asks for nothing."""
    monthly = contract.monthly_minor
    if contract.extension_price == ExtensionPrice.CURRENT:
        monthly = contract.offering.monthly_minor
    price = net_price(monthly, 0, hours, contract.currency)
    decision = decide_tax(order_charge.buyer["country"])
    return price, decision, price_with_tax(price.net_minor, decision, contract.currency)


def open_extension_charge(contract: Contract, hours: int, user: User) -> Charge:
    """Ask for the price of `hours` more; the end moves when it is paid, not before.

    An open charge for the same hours is used again; one for other hours is closed. Raises `Refused`.
    Emits ``charge.opened``.
    """
    if hours not in TERMS or hours > contract.terms["max_hours"]:
        raise Refused(_("It is not offered for that long."), code="term_not_offered", field="hours")
    with transaction.atomic():
        # The charge first, then the contract: the order in which a payment takes its locks.
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
        price, decision, priced = extension_price(contract, hours)
        if priced.gross.minor < minimum_minor(contract.currency):
            raise Refused(_("This term costs less than can be paid."), code="below_minimum", field="hours")
        if open_charge is not None:
            same = open_charge.hours == hours and open_charge.gross_minor == priced.gross.minor
            if same and open_charge.expires_at > now:
                return open_charge
            close_charge(open_charge.pk)
        order_charge = contract.charges.get(purpose=ChargePurpose.CONTRACT)
        assert contract.ends_at is not None
        charge = Charge.objects.create(
            account_id=contract.customer_id,
            purpose=ChargePurpose.EXTENSION,
            contract=contract,
            hours=hours,
            monthly_minor=price.monthly_minor,
            rent_minor=price.rent_minor,
            net_minor=price.net_minor,
            tax_rate=decision.rate,
            tax_minor=priced.tax.minor,
            gross_minor=priced.gross.minor,
            currency=contract.currency,
            subject=f"{contract.offering_name}, {hours_text(hours)}",
            buyer=order_charge.buyer,
            seller=seller(),
            tax_decision=decision.as_json(),
            terms_accepted_at=now,
            created_at=now,
            # Nobody can pay for time after the end: the money would only be sent back.
            expires_at=min(now + timedelta(minutes=settings.PAYMENT_DEADLINE_MINUTES), contract.ends_at),
        )
        emit("charge.opened", contract, charge=charge.pk, hours=hours, actor_kind="customer", actor=user.pk)
    return charge


def close_charge(charge_id: int) -> None:
    """Stop asking for an unpaid charge. Money that still comes for it is sent back."""
    Charge.objects.filter(pk=charge_id, paid_at=None, closed_at=None).update(closed_at=clock.now())
