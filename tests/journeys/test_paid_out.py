"""Two rentals from order to payout in real browsers, one by card and one in tokens, against the stand-ins for Stripe and ICPay:
released night by night, left midway, given back, and paid out by two of staff.
"""

import copy
import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from playwright.sync_api import Locator, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.services import create_user, make_staff
from billing.ledger import balance
from billing.models import LedgerLine, Proof, Refund
from billing.states import LedgerAccount, RefundState
from contracts.models import Contract
from contracts.states import State
from core import clock
from core.formats import minor
from core.tasks import drain, run_schedule
from payouts.models import Payout
from payouts.services.release import is_released, last_release_hour
from payouts.states import PayoutState
from providers.models import Offering, Provider
from tests import icpay_standin, stripe_standin
from tests.browser import sideways, sign_in
from tests.cast import PASSWORD
from tests.icpay_standin import server as icpay_server
from tests.journeys.conftest import OFFERED, Visitor
from tests.journeys.elsewhere import Calendar, Outside
from tests.stripe_standin import server as stripe_server
from tests.walk import KEY, START, offered_by

pytestmark = [pytest.mark.browser, pytest.mark.paper, pytest.mark.django_db(transaction=True)]

IN_DOLLARS = "VPS 12 dollar"
PRINCIPAL, OTHER_PRINCIPAL = "ryjl3-tyaaa-aaaaa-aaaba-cai", "rrkah-fqaaa-aaaaa-aaaaq-cai"
# What worker and scheduler do in a night, as far as money is concerned.
NIGHTLY = ("contract deadlines", "balance reports read", "what is earned released", "releases begun again", "money proved")
LONG_JOBS = {"payouts.tasks.make_releases", "billing.tasks.make_proof"}


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    """It is a morning in March."""
    cache.clear()
    found = Calendar(START)
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=found.now))
    return found


@pytest.fixture
def outside(calendar: Calendar, site: str, settings: Settings) -> Iterator[Outside]:
    """Both stand-ins, and a shop that sends its customers there."""
    with stripe_standin.standin() as stripe, icpay_standin.standin() as icpay:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = stripe_server.SECRET_KEY, [stripe_server.WEBHOOK_SECRET]
        settings.ICPAY_SECRET_KEY, settings.ICPAY_WEBHOOK_SECRETS = icpay_server.SECRET_KEY, [icpay_server.WEBHOOK_SECRET]
        settings.ICPAY_PUBLISHABLE_KEY = icpay_server.PUBLISHABLE_KEY
        settings.STRIPE_API_BASE = stripe.base
        settings.ICPAY_API_BASE = settings.ICPAY_PAY_ORIGIN = icpay.base
        policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
        policy["DIRECTIVES"]["form-action"] = ["'self'", stripe.base, icpay.base]
        settings.CONTENT_SECURITY_POLICY = policy
        settings.INVOICE_SELLER_NAME, settings.INVOICE_SELLER_IBAN = "Decent Cloud Market GmbH", "DE02 1203 0000 0000 2020 51"
        settings.PAYOUT_SECOND_PERSON = True
        yield Outside(site, stripe, icpay)


Enter = Callable[..., Visitor]


@pytest.fixture
def enter(visitor: Callable[..., Visitor], live_server: LiveServer) -> Iterator[Enter]:
    """`enter(user, width=…)`: somebody who is signed in; in the end no page has complained."""
    people: list[Visitor] = []

    def come(user: User, **more: int) -> Visitor:
        people.append(visitor(**more))
        sign_in(people[-1].context, live_server, user)
        return people[-1]

    yield come
    assert [person.heard for person in people if person.heard] == []


def send(page: Page, button: Locator) -> None:
    """Press a button, and be where it leads before anything else is done."""
    with page.expect_navigation():
        button.click()


def send_in_admin(page: Page) -> None:
    send(page, page.locator("input[type=submit].default"))


def mailed(path: str) -> str:
    """The link that came last to a page below this path."""
    found = [re.search(rf"{path}/\S+", str(message.body)) for message in mail.outbox]
    return [link[0] for link in found if link][-1]


def night(calendar: Calendar, outside: Outside, day: datetime) -> None:
    """The night before this day's noon: what the scheduler begins at its hours, and what a worker then does."""
    calendar.turn_to(day.replace(hour=4, minute=0))
    for name in NIGHTLY:
        assert run_schedule(name)
        for job in OrmQ.objects.order_by("pk"):
            if job.func() in LONG_JOBS:
                assert import_string(job.func())(*job.task["args"])
        OrmQ.objects.all().delete()
    outside.speak()
    assert is_released(last_release_hour())
    assert Proof.objects.latest("pk").differences == []
    calendar.turn_to(day)


def order(person: Visitor, name: str, method: str) -> Page:
    """Find the offering, order it, and choose how to pay; ends where that is done."""
    page = person.open(f"/offerings/{Offering.objects.get(name=name).slug}")
    send(page, page.locator("form[action$='/quote'] button").first)
    if not Contract.objects.exists():
        page.get_by_label("Public key").first.fill(KEY)
        for label, text in {"Name": "Cora Customer", "Street and number": "Weg 1", "Postcode": "10115", "City": "Berlin"}.items():
            page.get_by_label(label, exact=True).first.fill(text)
    page.locator("input[name=terms]").check()
    page.locator("input[name=start_now]").check()
    send(page, page.get_by_role("button", name="Order with obligation to pay"))
    page.get_by_role("radio", name=re.compile(f"^{method}")).check()
    send(page, page.get_by_role("button", name=re.compile("^Pay")))
    return page


def pay(person: Visitor, outside: Outside) -> tuple[Contract, Contract]:
    """One by card in euros, one in tokens in dollars."""
    page = order(person, OFFERED, "Card")
    send(page, page.get_by_role("button", name="Pay", exact=True))
    page.get_by_role("heading", name="We are asking Stripe").wait_for()
    outside.speak()
    page.get_by_role("heading", name="Paid", exact=True).wait_for()

    page = order(person, IN_DOLLARS, "ICPay")
    send(page, page.get_by_role("button", name="pay", exact=True))
    outside.speak()
    by_card, in_tokens = Contract.objects.order_by("pk")
    page = person.open(f"/checkout/{in_tokens.charges.get().public_id}/return")
    page.get_by_role("heading", name="Paid", exact=True).wait_for()
    assert (by_card.currency, in_tokens.currency) == ("EUR", "USD")
    assert by_card.paid_at is not None
    assert in_tokens.paid_at is not None
    return by_card, in_tokens


def give_refund_address(person: Visitor) -> None:
    """Where tokens go back to, confirmed by the mailed link."""
    page = person.open("/dashboard/refund-addresses")
    page.get_by_label("Network").select_option("ic")
    page.get_by_role("textbox", name="Address").fill(OTHER_PRINCIPAL)
    send(page, page.get_by_role("button", name="Give it and send the link"))
    drain()
    page = person.open(mailed("/dashboard/refund-addresses/confirm"))
    send(page, page.get_by_role("button", name="Confirm this address"))
    drain()


def deliver(desk: Visitor, renter: Visitor, contract: Contract) -> None:
    """The provider accepts and delivers, the customer says that it works."""
    page = desk.open(f"/dashboard/provider/{contract.reference}")
    send(page, page.get_by_role("button", name="Accept").first)
    page = desk.open(f"/dashboard/provider/{contract.reference}")
    for field, text in {"ipv4": "203.0.113.48", "login": "root", "port": "22"}.items():
        page.locator(f"[name={field}]").fill(text)
    send(page, page.locator("form[action$='/deliver'] button.btn--primary").first)
    drain()
    page = renter.open(f"/dashboard/rentals/{contract.reference}")
    send(page, page.locator("form[action$='/confirm'] button").first)
    drain()
    assert Contract.objects.get(pk=contract.pk).state == State.ACTIVE


def set_method(desk: Visitor, app: str, kind: str, currency: str, fields: dict[str, str]) -> None:
    """Give a place to be paid, and confirm it by the mailed link and, where it was not shown just now, the app."""
    page = desk.open(f"/dashboard/provider/payout-methods/add/{kind}?currency={currency}")
    for label, text in fields.items():
        page.get_by_role("textbox", name=label).fill(text)
    desk.picture(f"method-add-{kind}")
    send(page, page.get_by_role("button", name="Add it and send the link"))
    drain()
    page = desk.open(mailed("/dashboard/provider/payout-methods/confirm"))
    if page.get_by_label("Code from your app").count():
        # The app's clock is that of the machine.
        page.get_by_label("Code from your app").fill(format_hotp_value(hotp_value(app, int(datetime.now(UTC).timestamp()) // 30)))
        send(page, page.get_by_role("button", name="Go on"))
    desk.picture(f"method-confirm-{kind}")
    send(page, page.get_by_role("button", name=re.compile("^Confirm ")))
    page.get_by_text(f"Confirmed. What you earn in {currency} is paid there from").wait_for()
    drain()


def leave(person: Visitor, outside: Outside, contract: Contract) -> None:
    page = person.open(f"/dashboard/rentals/{contract.reference}")
    page.locator("form[action$='/cancel'] input[type=checkbox]").first.check()
    send(page, page.locator("form[action$='/cancel'] button.btn--danger").first)
    outside.speak()
    assert Contract.objects.get(pk=contract.pk).state == State.CANCELLED


def give_back(desk: Visitor, clerk: Visitor, outside: Outside, by_card: Contract, in_tokens: Contract) -> None:
    """Stripe does what it was asked to; the tokens are sent by hand, and staff writes it down."""
    money, tokens = by_card.refunds.get(), in_tokens.refunds.get()
    assert (money.state, tokens.state) == (RefundState.SUBMITTED, RefundState.MANUAL)
    page = desk.page
    page.goto(outside.stripe.base)
    send(page, page.get_by_role("button", name="refund arrives"))
    page = clerk.open(f"/admin/billing/refund/{tokens.pk}/change/")
    assert page.get_by_text(OTHER_PRINCIPAL).count()
    clerk.picture("staff-refund")
    send(page, page.get_by_role("link", name="Send the tokens now"))
    clerk.picture("staff-refund-begun")
    send_in_admin(page)
    page.get_by_text("send them now, to the address that stands here").wait_for()
    send(page, page.get_by_role("link", name="The tokens are sent"))
    page.locator("[name=reference]").fill("block 4711")
    page.locator("[name=network_fee]").fill("0.0001")
    clerk.picture("staff-refund-sent")
    send_in_admin(page)
    outside.speak()
    assert set(Refund.objects.values_list("state", flat=True)) == {RefundState.SUCCEEDED}


def pay_out(clerk: Visitor, colleague: Visitor, folder: Path) -> tuple[str, str]:
    """Proposed by one, approved by the other, exported and marked as paid; the files of both currencies."""
    page = colleague.open("/admin/payouts/payout/pending/")
    assert sideways(page) <= 0
    # On a phone words stay whole, and the table scrolls.
    assert all((row.bounding_box() or {"height": 0})["height"] < 100 for row in page.locator(".console-table tr").all())
    page = clerk.open("/admin/payouts/payout/pending/")
    clerk.picture("staff-pending")
    send(page, page.get_by_role("link", name="Propose all 2"))
    clerk.picture("staff-propose")
    send_in_admin(page)
    page.get_by_text("2 payouts are proposed.").wait_for()
    euros, dollars = Payout.objects.order_by("currency")
    clerk.open(f"/admin/payouts/payout/{euros.pk}/change/")
    clerk.picture("staff-payout")

    choose(colleague, [euros, dollars], "approve_many")
    colleague.picture("staff-approve")
    send_in_admin(colleague.page)
    colleague.page.get_by_text("2 are approved.").wait_for()
    drain()

    files = export(clerk, euros, "export_pain001", folder), export(clerk, dollars, "export_csv", folder)
    choose(clerk, [euros, dollars], "mark_many")
    clerk.picture("staff-mark-paid")
    page = clerk.page
    page.locator(f"[name=p{euros.pk}-reference]").fill("NBK 4711")
    page.locator(f"[name=p{euros.pk}-fee]").fill("0.20")
    page.locator(f"[name=p{dollars.pk}-reference]").fill("block 4712")
    page.locator(f"[name=p{dollars.pk}-paid_currency]").fill("ICP")
    page.locator(f"[name=p{dollars.pk}-tokens]").fill(f"{dollars.amount_minor}.01")
    page.locator(f"[name=p{dollars.pk}-network_fee]").fill("0.01")
    send_in_admin(page)
    page.get_by_text("2 are marked as paid.").wait_for()
    clerk.picture("staff-payouts")
    drain()
    assert set(Payout.objects.values_list("state", flat=True)) == {PayoutState.SETTLED}
    return files


def choose(person: Visitor, payouts: list[Payout], action: str) -> None:
    """Tick them on the list, and go where this is done to them."""
    page = person.open("/admin/payouts/payout/")
    for payout in payouts:
        page.locator(f"input[name=_selected_action][value='{payout.pk}']").check()
    page.locator("select[name=action]").select_option(action)
    send(page, page.locator("button[name=index]"))


def export(person: Visitor, payout: Payout, action: str, folder: Path) -> str:
    choose(person, [payout], action)
    person.picture(f"staff-{action}")
    send_in_admin(person.page)
    person.picture(f"staff-{action}-done")
    return fetched(person.page, person.page.get_by_role("link", name="Fetch the file"), folder)


def fetched(page: Page, link: Locator, folder: Path) -> str:
    with page.expect_download() as download:
        link.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file.read_text(encoding="utf-8")


def booked_for(provider: Provider, currency: str) -> list[int]:
    """What moved the provider's balance, in order, by the ledger."""
    lines = LedgerLine.objects.filter(account=LedgerAccount.PROVIDER_PAYABLE, owner=f"provider:{provider.pk}", currency=currency)
    return [-int(line.amount) for line in lines.order_by("entry__at", "entry_id")]


def look_at_earnings(desk: Visitor, folder: Path) -> None:
    """The provider reads that it is paid, and its statements say what the ledger says."""
    provider = Provider.objects.get(name="Quietstack")
    page = desk.open("/dashboard/provider/earnings")
    desk.picture("earnings")
    for payout in Payout.objects.all():
        paid = minor(payout.amount_minor, payout.currency)
        figures = page.get_by_role("region", name=f"In {payout.currency}")
        figures.get_by_text(paid, exact=True).first.wait_for()
        assert page.get_by_role("row").filter(has_text=payout.reference).filter(has_text=paid).get_by_text("Paid").count() == 1
    desk.open("/dashboard/provider/payouts")
    desk.picture("payouts")
    for payout in Payout.objects.all():
        page = desk.open(f"/dashboard/provider/payouts/{payout.public_id}")
        page.get_by_text(payout.reference).wait_for()
        desk.picture(f"payout-{payout.currency}")
    page = desk.open("/dashboard/provider/statements")
    desk.picture("statements")
    for payout in Payout.objects.all():
        row = page.get_by_role("row").filter(has_text=payout.currency)
        said = list(csv.DictReader(fetched(page, row.get_by_role("link", name="CSV"), folder).splitlines()))
        yours = [int(line["yours"].replace(".", "")) for line in said]
        assert yours == booked_for(provider, payout.currency)
        assert (sum(yours), yours[-1], said[-1]["reference"]) == (0, -payout.amount_minor, payout.reference)
        assert int(said[-1]["balance"].replace(".", "")) == -balance(LedgerAccount.PROVIDER_PAYABLE, provider, payout.currency)
    page = desk.open("/dashboard/provider/payout-methods")
    desk.picture("methods")
    assert page.get_by_text("In use").count() == 2


def test_what_was_earned_by_card_and_in_tokens_is_released_and_paid_out(
    enter: Enter,
    calendar: Calendar,
    outside: Outside,
    customer: User,
    provider_user: User,
    staff: User,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = generate_totp_secret()
    TOTP.activate(provider_user, app)
    offered_by(provider_user, name=IN_DOLLARS, currency="USD", setup_fee_minor=1000)
    renter, desk = enter(customer), enter(provider_user)
    contracts = by_card, in_tokens = pay(renter, outside)
    give_refund_address(renter)
    set_method(desk, app, "bank", "EUR", {"Account holder": "Piet Provider", "IBAN": "DE89 3704 0044 0532 0130 00"})
    set_method(desk, app, "icp", "USD", {"Principal or account id": PRINCIPAL})
    for contract in contracts:
        deliver(desk, renter, contract)

    for day in range(1, 13):
        night(calendar, outside, START + timedelta(days=day))
    assert all(contract.releases.count() == 12 for contract in contracts)
    desk.open("/dashboard/provider/earnings")
    desk.picture("earnings-before")

    for contract in contracts:
        leave(renter, outside, contract)
    colleague = make_staff(create_user("colleague@example.com", PASSWORD, name="Colin", verified=True), superuser=True)
    TOTP.activate(colleague, generate_totp_secret())
    clerk, second = enter(staff), enter(colleague, width=390)
    give_back(desk, clerk, outside, by_card, in_tokens)

    # A new provider's first payout comes two weeks after its first release.
    for day in range(13, 17):
        night(calendar, outside, START + timedelta(days=day))
    transfer, sheet = pay_out(clerk, second, tmp_path)
    euros = Payout.objects.get(currency="EUR")
    assert "DE89370400440532013000" in transfer
    assert f">{minor(euros.amount_minor, 'EUR').split()[-1]}<" in transfer
    (line,) = csv.DictReader(sheet.splitlines())
    assert PRINCIPAL in line.values()

    look_at_earnings(desk, tmp_path)
    renter.open(f"/dashboard/rentals/{in_tokens.reference}")
    renter.picture("rental-left")
    for contract in contracts:
        assert all(balance(LedgerAccount.ESCROW, segment, contract.currency) == 0 for segment in contract.segments.all())
    call_command("prove_money")
    assert "Every unit is where it belongs." in capsys.readouterr().out
