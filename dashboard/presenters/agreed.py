"""Only the contract as agreed: the frozen terms in words, for the customer's page and the provider's."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import Charge
from billing.presenters.amounts import Line, vat_line
from contracts.models import Contract
from core.countries import country_name
from core.formats import hours_text, minor, money, when
from dashboard.presenters.money import fee_text
from providers.presenters.hardware import size, speed
from providers.states import DiskType, OfferingType, Virtualisation


def agreed_terms(contract: Contract, order: Charge) -> dict[str, Any]:
    """The context of dashboard/rental_terms.html."""
    frozen = when(contract.created_at)
    return {
        "contract": contract,
        "crumbs": [
            {"label": _("Rentals"), "url": reverse("rentals")},
            {"label": contract.reference, "url": reverse("rental", args=[contract.reference])},
            {"label": _("Contract as agreed")},
        ],
        "lede": _("Frozen on %(when)s UTC. What the provider changes later does not change this.") % {"when": frozen},
        "offered": offered_facts(contract),
        "wishes": wishes(contract),
        "price": price_lines(contract, order),
        "total": {"label": _("In all"), "amount": money(order.gross)},
        "parties": _parties(contract, order),
        "rules": _rules(contract, order.terms_accepted_at),
        "description": contract.terms.get("description", ""),
    }


def price_lines(contract: Contract, order: Charge) -> list[Line]:
    """How the price came about."""
    rent = _("Rent, %(term)s at %(monthly)s a month") % {
        "term": hours_text(contract.hours),
        "monthly": minor(contract.monthly_minor, contract.currency),
    }
    lines: list[Line] = [{"label": rent, "amount": minor(contract.rent_minor, contract.currency)}]
    if contract.setup_fee_minor:
        lines.append({"label": _("Set-up fee, once"), "amount": minor(contract.setup_fee_minor, contract.currency)})
    return [*lines, vat_line(order.tax_rate, order.tax_minor, order.currency, order.tax_decision)]


def offered_facts(contract: Contract) -> list[dict[str, str]]:
    """The specification as it was offered; what was not stated is left out."""
    terms = contract.terms
    pairs = [
        (_("Kind"), _word(OfferingType, terms.get("type"))),
        (_("Processor"), _processor(terms)),
        (_("Memory"), _memory(terms)),
        (_("Disk"), _disk(terms)),
        (_("GPU"), _gpu(terms)),
        (_("Uplink"), speed(terms["uplink_mbit"]) if terms.get("uplink_mbit") else ""),
        (_("Traffic a month"), _traffic(terms)),
        (_("Place"), ", ".join(filter(None, (terms.get("city"), country_name(terms.get("country", "")))))),
        (_("Virtualisation"), _word(Virtualisation, terms.get("virtualisation"))),
        (_("Control panel"), terms.get("control_panel")),
        (_("Features"), ", ".join(terms.get("features") or ())),
        (
            _("Promised uptime"),
            _("%(n)s %%") % {"n": _number(terms["sla_uptime_percent"])} if terms.get("sla_uptime_percent") else "",
        ),
    ]
    return [{"label": label, "value": str(value)} for label, value in pairs if value]


def wishes(contract: Contract) -> list[dict[str, object]]:
    """What the customer chose and asked for."""
    pairs: list[dict[str, object]] = [
        {"label": _("System"), "value": contract.operating_system},
        {"label": _("Host name"), "value": contract.host_name, "mono": True},
        {"label": _("SSH key"), "value": contract.ssh_fingerprint, "mono": True},
        {"label": _("Note"), "value": contract.note},
    ]
    return [pair for pair in pairs if pair["value"]]


def _word(choices: type[TextChoices], value: Any) -> str:
    """A frozen code in words; one that is no longer in use stays as it was."""
    return str(choices(value).label) if value in choices.values else str(value or "")


def _number(text: Any) -> str:
    figure = f"{Decimal(str(text)):f}"
    return figure.rstrip("0").rstrip(".") if "." in figure else figure


def _processor(terms: dict[str, Any]) -> str:
    name = f"{terms.get('cpu_brand') or ''} {terms.get('cpu_model') or ''}".strip()
    cores = _("%(n)s cores") % {"n": terms["cores"]} if terms.get("cores") else ""
    return ", ".join(filter(None, (name, cores)))


def _memory(terms: dict[str, Any]) -> str:
    size = _number(terms.get("memory_gb") or 0)
    if size == "0":
        return ""
    return _("%(n)s GB, ECC") % {"n": size} if terms.get("memory_ecc") else _("%(n)s GB") % {"n": size}


def _disk(terms: dict[str, Any]) -> str:
    if not terms.get("disk_gb"):
        return ""
    kind = _word(DiskType, terms.get("disk_type"))
    return f"{terms.get('disk_count')} × {size(Decimal(str(terms['disk_gb'])))} {kind}".strip()


def _gpu(terms: dict[str, Any]) -> str:
    if not terms.get("gpu_count"):
        return ""
    memory = _number(terms.get("gpu_gb") or 0)
    card = f"{terms['gpu_count']} × {terms.get('gpu_name')}"
    return card if memory == "0" else f"{card}, {_('%(n)s GB') % {'n': memory}}"


def _traffic(terms: dict[str, Any]) -> str:
    if terms.get("traffic_unmetered"):
        return _("unmetered")
    return _("%(n)s TB") % {"n": _number(terms["traffic_tb"])} if terms.get("traffic_tb") else ""


def _parties(contract: Contract, order: Charge) -> list[dict[str, str]]:
    buyer, seller = order.buyer, order.seller
    return [
        {"label": _("Customer"), "value": buyer.get("company") or buyer.get("name", "")},
        {"label": _("Seller"), "value": seller.get("name") or _("Decent Cloud")},
        {"label": _("Operated by"), "value": contract.provider.name},
        {"label": _("Term"), "value": hours_text(contract.hours)},
    ]


def _rules(contract: Contract, accepted_at: datetime) -> list[str]:
    words = {"when": when(accepted_at)}
    extension = (
        _("An extension costs the same monthly price as this contract.")
        if contract.extension_price == "frozen"
        else _("An extension costs what the offering costs on that day.")
    )
    return [
        _("The term starts at delivery. Leave at any time: the unserved rent comes back, counted to the second."),
        _("If it is not accepted, not set up in time, or never delivered, all of it comes back."),
        extension,
        _("The money is held back from the provider until it is served; %(fee)s of it is our fee.") % {"fee": fee_text(contract)},
        _("You accepted the terms on %(when)s UTC and asked for the service to start at once.") % words,
    ]
