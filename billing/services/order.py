"""Only an order: a quote becomes a contract and its charge, with all that proves its tax; and the end of charges nobody paid."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import SshKey, User
from billing.buyers import Buyer
from billing.models import Charge, Quote
from billing.services.quote import refuse_stranger
from billing.services.vat import with_check, with_known_check
from billing.states import ChargePurpose
from billing.tax import TaxDecision, TaxFacts, price_with_tax, would_reverse
from billing.tax_evidence import tax_evidence
from billing.taxation import counts_against_threshold, decide, one_after_the_other, seller, seller_facts, sellers_today
from contracts.services import create_contract
from contracts.terms import freeze_terms
from core import clock
from core.errors import Refused
from core.formats import hours_text
from core.rates import rates_on
from providers.services import keep_hold

HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
# VIES was silent: it is asked again so long after the order, then less and less often.
FIRST_RECHECK = timedelta(minutes=15)


@dataclass(frozen=True)
class FrozenTax:
    """What a charge keeps of its tax: the decision, what proves it, when to ask VIES again, and what counts against a threshold."""

    decision: TaxDecision
    evidence: dict[str, object]
    recheck_at: datetime | None
    threshold_eur_minor: int | None


def order(
    quote: Quote,
    *,
    user: User,
    buyer: Buyer,
    operating_system: str = "",
    host_name: str = "",
    ssh_key: SshKey | None = None,
    note: str = "",
    connection_country: str = "",
) -> Charge:
    """Turn a quote into a requested contract and the charge that pays for it, at exactly the quoted price.

    The buyer has ticked the terms and asked for the service to start now (Article 16(m) of Directive 2011/83/EU
    is kept by refunding the unused part). A quote that was ordered already answers with the same charge, so a
    double click makes one contract. A VAT id that VIES was not asked about today is asked about first, so that an order with one
    begins outside of any transaction. The tax is decided anew from the buyer's facts. Raises `Refused`: quote_expired,
    quote_replaced, country_changed, tax_changed (with the new price), oss_needed, offering_changed and what `refuse_stranger`
    says. Emits ``contract.requested``.
    """
    _refuse_wishes(quote, operating_system, host_name, note)
    with_check(buyer.tax_facts, quote.account)
    with transaction.atomic():
        quote = (
            Quote.objects.select_for_update(of=("self",)).select_related("offering__provider", "account", "hold").get(pk=quote.pk)
        )
        if quote.contract_id is not None:
            return Charge.objects.select_related("contract").get(contract=quote.contract_id, purpose=ChargePurpose.CONTRACT)
        _refuse_stale(quote, user, buyer)
        tax = freeze_tax(buyer, quote.net_minor, quote.currency, connection_country)
        _refuse_other_tax(quote, tax.decision)
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
            tax_decision=tax.decision.as_json(),
            tax_evidence=tax.evidence,
            vat_recheck_at=tax.recheck_at,
            threshold_eur_minor=tax.threshold_eur_minor,
            terms_accepted_at=now,
            created_at=now,
            expires_at=deadline,
        )
        quote.contract = segment.contract
        quote.save(update_fields=["contract"])
    return charge


def freeze_tax(buyer: Buyer, net_minor: int, currency: str, connection_country: str) -> FrozenTax:
    """Decide the tax of a sale by what is known of the buyer at this moment, and gather its proof. Inside the sale's transaction.

    Raises `Refused` (oss_needed).
    """
    facts = with_known_check(buyer.tax_facts)
    one_after_the_other(facts)
    decision = decide(facts, net_minor, currency)
    threshold, more = _threshold(facts, net_minor, currency)
    # Where a small business charges none, there is no VAT to give back.
    is_open = decision.rate and would_reverse(facts, seller_facts())
    recheck_at = clock.now() + FIRST_RECHECK if is_open else None
    return FrozenTax(decision, tax_evidence(buyer, facts, connection_country, more), recheck_at, threshold)


def close_charge(charge_id: int) -> None:
    """Stop asking for an unpaid charge. Money that still comes for it is sent back."""
    Charge.objects.filter(pk=charge_id, paid_at=None, closed_at=None).update(closed_at=clock.now())


def _threshold(facts: TaxFacts, net_minor: int, currency: str) -> tuple[int | None, dict[str, object]]:
    """Euro cents that count against the threshold of Article 59c, with the rate they were counted by; None where nothing does."""
    if not counts_against_threshold(facts):
        return None, {}
    rates = rates_on(sellers_today())
    if currency == "EUR":
        return net_minor, {}
    kept = {"currency": currency, "per_euro": str(rates.per_euro[currency]), "day": rates.day.isoformat(), "source": rates.source}
    return rates.to_eur(net_minor, currency), {"threshold_rate": kept}


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


def _refuse_other_tax(quote: Quote, decision: TaxDecision) -> None:
    """What was typed since the quote, a new day's rate, or VIES's answer may have changed the tax: nobody pays unseen."""
    if decision.agrees_with(quote.tax_decision):
        return
    priced = price_with_tax(quote.net_minor, decision.rate, quote.currency)
    raise Refused(
        _("The VAT has changed with your billing details: look at the new price first."),
        code="tax_changed",
        data={
            "tax_rate": format(decision.rate, "f"),
            "tax_country": decision.country,
            "tax_minor": priced.tax.minor,
            "gross_minor": priced.gross.minor,
        },
    )
