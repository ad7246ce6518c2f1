"""Only who appears in the demo market: three people one can sign in as, others who rent, and the catalogue behind them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import SshKey, User
from accounts.queries import personal_account
from accounts.services import add_ssh_key, create_user, make_staff
from billing.buyers import Buyer
from core import clock
from providers.demo_catalogue import COMPANIES, load_catalogue
from providers.models import Offering

CUSTOMER, PROVIDER, STAFF = "customer@demo.test", "provider@demo.test", "staff@demo.test"
PASSWORD = "decent-demo"  # noqa: S105 -- public on purpose, and refused where DEBUG is off
# The demo provider is this company of the catalogue: one that answers by hand, so that there is something to answer.
COMPANY = "Saltmarsh Storage"
# Its private half was thrown away when it was made.
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGXBXRJHagdyLBUbFu4Wu/AMpi3vUYtCl796EmYQxEaw ada@workbench"
JOINED = timedelta(days=95)


@dataclass(frozen=True)
class Renter:
    """Somebody who rents, with the address that stands on the charges."""

    user: User
    buyer: Buyer
    key: SshKey


@dataclass(frozen=True)
class Cast:
    """Everybody on the stage."""

    customer: Renter
    neighbour: Renter
    staff: User
    colleague: User

    @staticmethod
    def offering(company: str, name: str) -> Offering:
        """An offering of the catalogue, freshly read."""
        return Offering.objects.select_related("provider__account").get(provider__name=company, name=name)


def gather(now: datetime) -> Cast:
    """Make the people and the catalogue that are not there yet; they joined three months before `now`."""
    since = next(company.since for company in COMPANIES if company.name == COMPANY)
    with clock.at(min(now - JOINED, datetime.fromisoformat(since).replace(tzinfo=now.tzinfo))):
        provider = _person(PROVIDER, "Pim Zoutman", PASSWORD)
    with clock.at(now - JOINED):
        customer = _renter(CUSTOMER, "Ada Lindqvist", PASSWORD, ("Lindenweg 12", "04109", "Leipzig", "DE"))
        neighbour = _renter("ines@neighbour.example", "Ines Moreau", None, ("Rue des Moulins 4", "69001", "Lyon", "FR"))
        staff = make_staff(_person(STAFF, "Stella Brandt", PASSWORD), superuser=True)
        # Nobody signs in as this one, who proposes what the other lets go.
        colleague = make_staff(_person("theo@platform.example", "Theo Winter", None), superuser=False)
    load_catalogue({COMPANY: personal_account(provider)}, guests=(personal_account(customer.user),))
    return Cast(customer, neighbour, staff, colleague)


def _person(email: str, name: str, password: str | None) -> User:
    return User.objects.filter(email=email).first() or create_user(email, password, name=name, verified=True)


def _renter(email: str, name: str, password: str | None, address: tuple[str, str, str, str]) -> Renter:
    user = _person(email, name, password)
    account = personal_account(user)
    street, postcode, city, country = address
    key = SshKey.objects.filter(account=account).first() or add_ssh_key(account, user, "workbench", KEY)
    return Renter(user, Buyer(name, email, street, city, country, postcode), key)
