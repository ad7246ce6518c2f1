"""The market made for measuring: nobody lived it, yet every row fits the others as if somebody had."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import F, Q, Sum
from django.db.models.fields.related import ForeignKey
from django.test import Client

from accounts.models import User
from billing.models import LedgerLine, Payment, Refund
from billing.proof import Scope, find_differences
from billing.proof.proving import BEGINNING
from billing.states import LedgerAccount
from contracts.models import Contract, Segment, Settlement
from contracts.pricing import settle
from contracts.states import FINAL, State
from core import clock
from core.money import tax_on
from decentcloud.load.contracts import ContractLoader
from decentcloud.load.lives import life
from decentcloud.load.offerings import load_offerings
from providers.models import Offering, StockHold
from providers.queries import rentable

CONTRACTS = 600


@pytest.mark.django_db(transaction=True)
def test_a_loaded_market_is_whole(client: Client) -> None:
    said = io.StringIO()
    call_command("load_market", offerings=300, contracts=CONTRACTS, stdout=said)
    great = re.search(r"Many rentals: (\S+)\. ", said.getvalue())
    assert great is not None

    assert rentable(None).count() == 288
    assert Contract.objects.count() == CONTRACTS
    assert find_differences(Scope(since=BEGINNING)) == []
    _every_reference_leads_somewhere()
    _every_entry_sums_to_zero()
    _every_payment_is_accounted_for()
    _every_settlement_is_the_arithmetic()
    _stock_is_what_is_held()
    _pages_show_it(client, great.group(1))


def _every_reference_leads_somewhere() -> None:
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, ForeignKey):
                lost = model._base_manager.filter(**{f"{field.attname}__isnull": False}).exclude(
                    **{f"{field.attname}__in": field.related_model._base_manager.values("pk")}
                )
                assert not lost.exists(), field


def _every_entry_sums_to_zero() -> None:
    crooked = LedgerLine.objects.values("entry", "currency").annotate(total=Sum("amount")).exclude(total=0)
    assert not crooked.exists()
    settled = (LedgerAccount.GATEWAY_CLEARING, LedgerAccount.REFUND_PAYABLE)
    open_ones = LedgerLine.objects.filter(account__in=settled).values("account", "owner", "currency")
    assert not open_ones.annotate(total=Sum("amount")).exclude(total=0).exists()


def _every_payment_is_accounted_for() -> None:
    for payment in Payment.objects.select_related("charge"):
        assert payment.received_minor == payment.charge.gross_minor
        back = Refund.objects.filter(payment=payment).aggregate(total=Sum("amount_minor"))["total"] or 0
        assert payment.refunded_minor == back
        charge = payment.charge
        assert charge.tax_minor == tax_on(charge.net_minor, charge.tax_rate, charge.currency)
        if back == payment.received_minor:
            left = LedgerLine.objects.filter(owner__in=(f"payment:{payment.pk}", f"segment:{charge.segment_id}"))
            assert left.aggregate(total=Sum("amount"))["total"] == 0


def _every_settlement_is_the_arithmetic() -> None:
    ended = Segment.objects.filter(contract__state__in=FINAL, contract__paid_at__isnull=False)
    assert Settlement.objects.count() == ended.count() > 0
    for settlement in Settlement.objects.select_related("segment__contract"):
        contract = settlement.segment.contract
        (share,) = settle([settlement.segment.paid_term(contract.currency)], contract.used_seconds(contract.ended_at))
        assert (share.earned_minor, share.refund_minor) == (settlement.earned_minor, settlement.refund_minor)


def _stock_is_what_is_held() -> None:
    for offering in Offering.objects.all():
        assert offering.taken == StockHold.objects.filter(offering=offering, released_at=None).count()
    assert not StockHold.objects.filter(expires_at__isnull=False).exists()


def _pages_show_it(client: Client, great: str) -> None:
    client.force_login(User.objects.get(email=great))
    for path in ("/", "/marketplace", "/marketplace?q=nvme+germany", "/dashboard/rentals", "/dashboard/rentals?tab=ended"):
        assert client.get(path).status_code == 200, path
    for state in set(Contract.objects.filter(customer__person__email=great).values_list("state", flat=True)):
        contract = Contract.objects.filter(customer__person__email=great, state=state).first()
        assert contract is not None
        assert client.get(f"/dashboard/rentals/{contract.reference}").status_code == 200, state


@pytest.fixture
def loaded(db: None) -> Iterator[list[Contract]]:
    with clock.at(clock.now()) as now:
        shelves = load_offerings(60, now)
        on_market = [one for one in shelves.offerings if one.status == "published"]
        ContractLoader(on_market, now).load(300, lambda _what: None)
        yield list(Contract.objects.order_by("id"))


def test_every_common_state_occurs_and_no_deadline_has_passed(loaded: list[Contract]) -> None:
    states = {contract.state for contract in loaded}
    assert states == {way for way in State if way not in (State.PROVISIONING, State.SUSPENDED, State.PROVISIONING_FAILED)}
    now = clock.now()
    overdue = Contract.objects.filter(deadline_at__lte=now)
    assert not overdue.exists()
    assert not Contract.objects.filter(Q(created_at__gt=now) | Q(ended_at__gt=now) | Q(ended_at__lt=F("created_at"))).exists()


def test_references_are_unique_and_well_formed(loaded: list[Contract]) -> None:
    references = {contract.reference for contract in loaded}
    assert len(references) == len(loaded)
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", one) for one in references)


def test_a_second_load_stands_beside_the_first(loaded: list[Contract]) -> None:
    now = clock.now()
    shelves = load_offerings(20, now)
    ContractLoader([one for one in shelves.offerings if one.status == "published"], now).load(50, lambda _what: None)
    assert Contract.objects.count() == len(loaded) + 50


@pytest.mark.parametrize("number", range(0, 200, 7))
def test_a_life_goes_forward_in_time(number: int) -> None:
    now = clock.now()
    lived = life(number, 720, now)
    moments = [moment for _state, moment in lived.moves]
    assert moments == sorted(moments)
    assert moments[-1] <= now
    assert lived.state != State.ACTIVE or moments[0] > now - timedelta(hours=720)


def test_nothing_to_rent_from_is_refused() -> None:
    with pytest.raises(CommandError):
        call_command("load_market", offerings=0, contracts=5)
