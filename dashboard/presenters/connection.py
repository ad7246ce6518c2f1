"""Only how one gets onto a delivered resource: the command to type and the facts around it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from contracts.models import Contract, Delivery
from contracts.queries import is_delivered
from dashboard.forms import USER_NAME


@dataclass(frozen=True, slots=True)
class Connection:
    """`command` is what one types (empty: `login` is a sentence of its own); `facts` are pairs for c/facts.html."""

    command: str
    login: str
    facts: list[dict[str, object]]
    notes: str


def delivery_of(contract: Contract) -> Delivery | None:
    """What was handed over; None before."""
    return contract.delivery if hasattr(contract, "delivery") else None


def connection(contract: Contract) -> Connection | None:
    """How to connect, while the resource is there; None before delivery and after the end."""
    delivery = delivery_of(contract)
    if delivery is None or not is_delivered(contract):
        return None
    command = ssh_command(delivery)
    return Connection(command, "" if command else delivery.login, _facts(contract, delivery), delivery.notes)


def ssh_command(delivery: Delivery) -> str:
    """ "ssh root@203.0.113.48 -p 22"; empty where the login is not a user name or there is no address."""
    address = delivery.ipv4 or delivery.ipv6
    if not address or not USER_NAME.fullmatch(delivery.login):
        return ""
    port = f" -p {delivery.port}" if delivery.port else ""
    return f"ssh {delivery.login}@{address}{port}"


def _facts(contract: Contract, delivery: Delivery) -> list[dict[str, object]]:
    pairs: list[dict[str, object]] = [
        {"label": _("IPv4"), "value": delivery.ipv4, "mono": True},
        {"label": _("IPv6"), "value": delivery.ipv6, "mono": True},
        {"label": _("System"), "value": contract.operating_system},
        {"label": _("Console"), "value": _("Open console") if delivery.console_url else "", "url": delivery.console_url},
        {"label": _("Host key"), "value": delivery.host_key, "mono": True},
        {"label": _("Host name"), "value": contract.host_name, "mono": True},
        {"label": _("Your SSH key"), "value": contract.ssh_fingerprint, "mono": True},
    ]
    return [pair for pair in pairs if pair["value"]]


def delivered_facts(contract: Contract) -> list[dict[str, object]]:
    """What the provider handed over, as it reads its own words; nothing before delivery."""
    delivery = delivery_of(contract)
    if delivery is None:
        return []
    command: dict[str, object] = {"label": _("Log in"), "value": ssh_command(delivery) or delivery.login, "mono": True}
    notes: dict[str, object] = {"label": _("Notes"), "value": delivery.notes}
    wanted = {_("IPv4"), _("IPv6"), _("Console"), _("Host key")}
    facts = [pair for pair in _facts(contract, delivery) if pair["label"] in wanted]
    return [command, *facts, *([notes] if delivery.notes else [])]
