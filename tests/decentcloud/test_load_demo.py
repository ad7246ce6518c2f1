"""The demo market: every way a rental can go, made by the real services, once, and only on a desk."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import override_settings
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import User
from accounts.queries import has_verified_email, personal_account
from billing.models import Payment, Refund, StaffTask
from billing.proof import find_differences
from billing.states import Anomaly, DisputeState, PaymentState, RefundState
from contracts.models import Contract
from contracts.queries import available_moves
from contracts.states import FINAL, ActorKind, Fault, State, SuspendedFor
from core import clock
from core.models import DomainEvent, ReactionRun, WebhookEvent
from decentcloud import demo
from payouts.models import Payout
from payouts.pending import pending_releases
from payouts.states import Hold, PayoutState
from providers.models import Offering, Provider

NAMES = ("customer@demo.test", "provider@demo.test", "staff@demo.test")


def load() -> str:
    said = StringIO()
    with override_settings(DEBUG=True):
        call_command("load_demo", stdout=said)
    return said.getvalue()


@pytest.fixture(scope="module")
def market(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The demo market, loaded once for this module and rolled back after it."""
    with django_db_blocker.unblock():
        # Marked as a test's own, as Django's TestCase does: the durable blocks of the outbox may stand inside it.
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]
        with around:
            yield load()
            transaction.set_rollback(True)


@pytest.fixture
def rentals(market: str) -> list[Contract]:
    """What the demo customer rents from the demo provider."""
    provider = Provider.objects.get(account=personal_account(User.objects.get(email="provider@demo.test")))
    customer = personal_account(User.objects.get(email="customer@demo.test"))
    return list(Contract.objects.filter(customer=customer, provider=provider).select_related("provider"))


def test_the_three_people_can_sign_in_and_only_staff_is_staff(market: str) -> None:
    for email in NAMES:
        user = authenticate(email=email, password="decent-demo")
        assert isinstance(user, User), email
        assert has_verified_email(user)
        assert (user.is_staff, user.is_superuser) == ((True, True) if email.startswith("staff") else (False, False))


def test_customer_and_provider_share_a_rental_in_every_state_and_variant(rentals: list[Contract]) -> None:
    assert {rental.state for rental in rentals} == set(State)

    def there(**fields: object) -> bool:
        return any(all(getattr(rental, name) == value for name, value in fields.items()) for rental in rentals)

    def is_paid(rental: Contract) -> bool:
        return rental.paid_at is not None

    by_state = {state: [rental for rental in rentals if rental.state == state] for state in State}
    assert {is_paid(rental) for rental in by_state[State.REQUESTED]} == {True, False}
    assert {is_paid(rental) for rental in by_state[State.EXPIRED]} == {True, False}
    assert {is_paid(rental) for rental in by_state[State.CANCELLED]} == {True, False}
    assert any(rental.segments.count() > 1 for rental in by_state[State.ACTIVE])
    assert {rental.suspended_for for rental in by_state[State.SUSPENDED]} == set(SuspendedFor)
    assert {rental.ended_by for rental in by_state[State.CANCELLED]} == {ActorKind.CUSTOMER, ActorKind.PROVIDER, ActorKind.SYSTEM}
    assert {rental.ended_by for rental in by_state[State.PROVISIONING_FAILED]} == {ActorKind.PROVIDER, ActorKind.SYSTEM}
    assert there(fault=Fault.LOST_DISPUTE)
    assert there(state=State.ACCEPTED, disputes_open=1)
    assert any(rental.suspended_seconds and rental.state == State.ACTIVE for rental in rentals), "a dispute that was won"


def test_odd_money_is_there_too(rentals: list[Contract]) -> None:
    assert set(Payment.objects.values_list("anomaly", flat=True)) >= {
        Anomaly.NONE,
        Anomaly.WRONG_AMOUNT,
        Anomaly.PAID_TWICE,
        Anomaly.LATE,
    }
    assert set(Refund.objects.values_list("state", flat=True)) == {RefundState.SUCCEEDED, RefundState.FAILED}
    assert Refund.objects.exclude(reference="").exists(), "one that staff paid by hand"
    assert Payment.objects.filter(charge__contract__in=rentals, refunded_minor__gt=0, refunded_minor__lt=F("amount_minor")).exists()
    disputes = {dispute.state for payment in Payment.objects.all() for dispute in payment.disputes.all()}
    assert disputes == {DisputeState.OPEN, DisputeState.WON, DisputeState.LOST, DisputeState.INQUIRY}
    mismatched = Payment.objects.get(state=PaymentState.MISMATCHED)
    assert mismatched.charge.contract.state == State.REQUESTED, "staff can still take it as payment"
    assert set(StaffTask.objects.filter(closed_at=None).values_list("kind", flat=True)) == {
        "payment_anomaly",
        "refund_failed",
        "dispute",
        "inquiry",
    }


def test_providers_were_paid_and_something_can_be_proposed_today(market: str) -> None:
    states = set(Payout.objects.values_list("state", flat=True))
    assert states == {
        PayoutState.PROPOSED,
        PayoutState.APPROVED,
        PayoutState.SETTLED,
        PayoutState.FAILED,
        PayoutState.RETURNED,
    }
    lines = {(line.provider.name, line.currency): line for line in pending_releases()}
    line = lines["Saltmarsh Storage", "EUR"]
    assert (line.hold, line.payable_minor > 0) == (None, True)
    assert lines["Alpenrechen", "CHF"].hold == Hold.NEW_PROVIDER
    assert not Payout.objects.filter(proposed_by__email="staff@demo.test").exists(), "two people decide, here too"


def test_there_is_something_to_do_for_each_when_it_is_opened(rentals: list[Contract]) -> None:
    now = clock.now() + timedelta(minutes=30)
    assert any("pay" in available_moves(rental, ActorKind.CUSTOMER, now) for rental in rentals)
    assert any("confirm" in available_moves(rental, ActorKind.CUSTOMER, now) for rental in rentals)
    assert any("extend" in available_moves(rental, ActorKind.CUSTOMER, now) for rental in rentals)
    for button in ("accept", "start_provisioning", "deliver"):
        assert any(button in available_moves(rental, ActorKind.PROVIDER, now) for rental in rentals), button


def test_every_unit_of_money_stands_in_the_ledger_and_every_piece_of_stock_is_held(market: str) -> None:
    # Files of documents are left to the worker.
    assert [found for found in find_differences() if found.check != "bytes"] == []
    for offering in Offering.objects.filter(taken__gt=0):
        assert offering.taken == offering.contracts.exclude(state__in=FINAL).count(), offering.name


def test_it_happened_over_three_months_in_order_and_none_of_it_tomorrow(market: str) -> None:
    now = clock.now()
    first = Contract.objects.earliest("created_at").created_at
    assert timedelta(days=80) < now - first < timedelta(days=95)
    months = {created.month for created in Contract.objects.values_list("created_at", flat=True)}
    assert len(months) >= 3
    events = list(DomainEvent.objects.filter(subject__startswith="contract:").order_by("id").values_list("at", flat=True))
    assert events == sorted(events)
    assert events[-1] <= now
    assert not Contract.objects.filter(deadline_at__lte=now - timedelta(minutes=5), paid_at__isnull=False).exists()
    assert not Contract.objects.filter(created_at__lt=F("offering__published_at")).exists()


def test_nothing_is_left_to_be_done_and_nobody_got_a_mail(market: str) -> None:
    assert not ReactionRun.objects.exclude(state="done").exists()
    assert not WebhookEvent.objects.exclude(state="done").exists()
    assert not DomainEvent.objects.filter(dispatched_at=None).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_q_ormq")
        assert cursor.fetchone() == (0,)
    assert mail.outbox == []
    assert settings.EMAIL_BACKEND.endswith("locmem.EmailBackend")


def test_loading_it_again_changes_nothing(market: str) -> None:
    assert "with" in market
    figures = (DomainEvent.objects.count(), Contract.objects.count(), User.objects.count(), Offering.objects.count())
    assert "already" in load()
    assert figures == (DomainEvent.objects.count(), Contract.objects.count(), User.objects.count(), Offering.objects.count())


def test_every_page_of_the_demo_opens_for_its_people(rentals: list[Contract]) -> None:
    customer, provider = Client(), Client()
    customer.force_login(User.objects.get(email="customer@demo.test"))
    provider.force_login(User.objects.get(email="provider@demo.test"))
    assert customer.get("/dashboard/rentals").status_code == 200
    assert provider.get("/dashboard/provider").status_code == 200
    for rental in rentals:
        assert customer.get(f"/dashboard/rentals/{rental.reference}").status_code == 200, rental.state
        assert provider.get(f"/dashboard/provider/{rental.reference}").status_code == 200, rental.state


@pytest.mark.django_db
def test_it_is_refused_where_the_public_password_would_be_a_door() -> None:
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("load_demo")
    assert not User.objects.exists()
    assert not Offering.objects.exists()


@pytest.mark.django_db
def test_it_is_refused_without_the_bank_it_pays_at(settings: Settings) -> None:
    settings.DEBUG = True
    settings.SANDBOX_WEBHOOK_SECRETS = []
    with pytest.raises(demo.CannotLoad, match="SANDBOX"):
        demo.load()
    assert not User.objects.exists()
