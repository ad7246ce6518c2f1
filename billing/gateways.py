"""Only the list of gateways that are there. To add one: write `<service>_gateway.py` and name it here."""

from django.utils.translation import gettext as _

from billing.gateway_facts import PaymentGateway
from billing.icpay_gateway import IcpayGateway
from billing.sandbox_gateway import SandboxGateway
from billing.stripe_gateway import StripeGateway
from core.errors import Refused

GATEWAYS: dict[str, PaymentGateway] = {gateway.name: gateway for gateway in (StripeGateway(), IcpayGateway(), SandboxGateway())}


def gateway(name: str) -> PaymentGateway:
    """The gateway of this name; raises KeyError for one that never was."""
    return GATEWAYS[name]


def brand_of(name: str) -> str:
    """How the gateway of this name is written on documents and for staff; empty for none."""
    return gateway(name).brand if name else ""


def offered_gateways() -> list[PaymentGateway]:
    """The gateways that are configured here, in the order of the checkout page."""
    return [gateway for gateway in GATEWAYS.values() if gateway.is_configured()]


def offered_gateway(name: str) -> PaymentGateway:
    """The configured gateway of this name. Raises `Refused` for any other."""
    for candidate in offered_gateways():
        if candidate.name == name:
            return candidate
    raise Refused(_("This way to pay is not offered here."), code="unknown_method", field="method")
