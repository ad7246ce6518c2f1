"""The console in the administration: each step on its own page, nothing edited by hand, a second click harmless."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.services import create_user, make_staff
from billing.ledger import balance
from billing.states import LedgerAccount as A
from core import clock
from payouts.models import Payout, PayoutExport, PayoutMethod, Release
from payouts.services.payout import approve_payout, mark_paid, propose_payout
from payouts.services.release import release_contract
from payouts.states import PayoutState
from providers.models import Provider
from tests.cast import browser_of, proved_browser_of
from tests.payouts.console.conftest import BANK, EVM, LATER, check_truths, confirmed, everything, payable
from tests.walk import Walk, dispute, offered_by

pytestmark = pytest.mark.django_db

PENDING, ALL, MARK = (
    "/admin/payouts/payout/pending/",
    "/admin/payouts/payout/pending/propose/",
    "/admin/payouts/payout/many/mark-paid/",
)
LIST = "/admin/payouts/payout/"


@pytest.fixture(autouse=True)
def at_later() -> Iterator[None]:
    """Staff works at LATER."""
    with clock.at(LATER):
        yield


@pytest.fixture
def approved(ready: Provider, staff: User, colleague: User) -> Payout:
    return approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)


def shown(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return str(answer.content.decode().replace("\xa0", " "))


def told(answer: Any) -> list[str]:
    """The messages of the page that a redirect leads to."""
    return [str(message) for message in answer.context["messages"]]


def one(provider: Provider) -> str:
    return f"/admin/payouts/payout/pending/{provider.pk}/EUR/"


def act(payout: Payout, name: str) -> str:
    return reverse(f"admin:payouts_payout_{name}", args=[payout.pk])


def form_of(payout: Payout, **said: str) -> dict[str, str]:
    given = {"reference": f"NBK-{payout.pk}", "paid_at": "2026-03-22T09:30", "fee": "0.20", **said}
    return {f"p{payout.pk}-{name}": value for name, value in given.items()}


@pytest.fixture
def several(ready: Provider, walk: Walk, provider_user: User, staff: User, colleague: User) -> list[Payout]:
    """Three approved payouts, in three currencies."""
    codes = ["GBP", "USD"]
    for code in codes:
        confirmed(ready, BANK, code, at=LATER - timedelta(days=2))
        other = Walk(walk.customer, offered_by(provider_user, name=f"VPS in {code}", currency=code)).running()
        release_contract(other.contract.pk, LATER)
    payouts = [propose_payout(ready.pk, code, staff) for code in ["EUR", *codes]]
    return [approve_payout(payout.pk, colleague) for payout in payouts]


# Pending ----------------------------------------------------------------------------------------------------------------------


def test_pending_page_says_figures_holds_and_where_it_goes(
    ready: Provider, walk: Walk, staff_client: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20):
        text = shown(staff_client.get(PENDING))
    assert "€ 21.87" in text
    assert BANK.iban in text
    assert one(ready) in text
    dispute(walk.contract)
    text = shown(staff_client.get(PENDING))
    assert "A payment is disputed" in text
    assert one(ready) not in text
    assert ALL not in text


def test_one_is_proposed_on_its_page_and_a_second_click_does_nothing(ready: Provider, staff_client: Client, staff: User) -> None:
    text = shown(staff_client.get(one(ready)))
    assert "€ 21.87" in text
    answer = staff_client.post(one(ready), {"seen": payable(ready)}, follow=True)
    payout = Payout.objects.get()
    assert (payout.proposed_by, payout.amount_minor) == (staff, 2187)
    assert answer.redirect_chain[-1][0] == f"{LIST}{payout.pk}/change/"
    again = staff_client.post(one(ready), {"seen": payable(ready)}, follow=True)
    assert told(again) == ["A payout is proposed already. Send it or drop it before the next one."]
    assert Payout.objects.count() == 1
    assert told(staff_client.get(one(ready), follow=True)) == [
        "There is nothing to propose any more; somebody may have been faster."
    ]


@pytest.mark.parametrize("seen", ["2186", "-2187", "x", "", "9" * 30])
def test_another_figure_than_was_seen_is_refused_and_shown_anew(ready: Provider, staff_client: Client, seen: str) -> None:
    answer = staff_client.post(one(ready), {"seen": seen}, follow=True)
    assert (
        told(answer) == ["It is € 21.87 now: something was released or taken back since.".replace(" ", "\xa0", 0)]
        or "21.87" in told(answer)[0]
    )
    assert 'name="seen" value="2187"' in shown(answer)
    assert not Payout.objects.exists()


def test_all_are_proposed_with_their_sum(ready: Provider, staff_client: Client) -> None:
    text = shown(staff_client.get(ALL))
    assert "In all: € 21.87" in text
    answer = staff_client.post(ALL, follow=True)
    assert told(answer) == ["1 payout is proposed."]
    assert told(staff_client.post(ALL, follow=True)) == ["0 payouts are proposed."]
    assert Payout.objects.count() == 1
    assert "There is nothing to propose." in shown(staff_client.get(ALL))


# One payout -------------------------------------------------------------------------------------------------------------------


def test_a_payout_goes_its_way_by_two_peoples_buttons(ready: Provider, staff: User, staff_client: Client, colleague: User) -> None:
    other = with_factor(colleague)
    payout = propose_payout(ready.pk, "EUR", staff)
    own = staff_client.post(act(payout, "approve"), follow=True)
    assert told(own) == ["You have proposed it yourself: a second person has to approve it."]
    assert "€ 21.87" in shown(other.get(act(payout, "approve")))
    other.post(act(payout, "approve"))
    assert "without a file" in shown(staff_client.get(act(payout, "send")))
    staff_client.post(act(payout, "send"))
    said = {"reference": "NBK-1", "paid_at": "2026-03-22T09:30", "fee": "0.20"}
    wrong = staff_client.post(act(payout, "mark-paid"), {**said, "fee": "much"})
    assert (wrong.status_code, Payout.objects.get().state) == (200, PayoutState.SENT)
    assert "errorlist" in shown(wrong)
    staff_client.post(act(payout, "mark-paid"), said)
    payout = Payout.objects.get(pk=payout.pk)
    assert (payout.state, payout.reference, payout.fee_minor) == (PayoutState.SETTLED, "NBK-1", 20)
    page = shown(staff_client.get(f"{LIST}{payout.pk}/change/"))
    for step in ("Proposed (staff@", "Approved (colleague@", "Sent (staff@", "Paid (staff@"):
        assert step in page
    assert all(f'name="{field}"' not in page for field in ("reference", "state", "amount_minor", "destination"))
    again = staff_client.post(act(payout, "mark-paid"), said, follow=True)
    assert "not possible any more" in told(again)[0]
    staff_client.post(act(payout, "return"), {"reason": "The account is closed"})
    assert Payout.objects.get(pk=payout.pk).state == PayoutState.RETURNED
    check_truths(LATER)


def with_factor(colleague: User) -> Client:
    """The browser of another member of staff, second factor used."""
    TOTP.activate(colleague, generate_totp_secret())
    return proved_browser_of(colleague)


def test_a_wrong_reference_stays_on_the_page_to_be_put_right(approved: Payout, staff_client: Client, staff: User) -> None:
    said = {"reference": "NBK-1", "paid_at": "2027-01-01T00:00", "fee": "0"}
    page = shown(staff_client.post(act(approved, "mark-paid"), said))
    assert "That lies in the future." in page
    assert 'value="NBK-1"' in page
    assert Payout.objects.get().state == PayoutState.APPROVED


def test_a_token_payout_asks_for_its_units(
    ready: Provider, method: PayoutMethod, staff: User, colleague: User, staff_client: Client
) -> None:
    confirmed(ready, EVM, at=LATER - timedelta(hours=25))
    payout = approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)
    page = shown(staff_client.get(f"{LIST}{payout.pk}/change/"))
    assert "mark-paid-token" in page
    assert f"{payout.pk}/mark-paid/" not in page
    said = {"reference": "0xabc", "paid_at": "2026-03-22T09:30", "paid_currency": "USDC", "tokens": "23.5", "network_fee": "0.25"}
    for wrong in ({"tokens": "23.5000001"}, {"tokens": "23,5"}, {"tokens": "0"}, {"network_fee": "-1"}, {"network_fee": "23.5"}):
        assert "errorlist" in shown(staff_client.post(act(payout, "mark-paid-token"), {**said, **wrong}))
    unknown = shown(staff_client.post(act(payout, "mark-paid-token"), {**said, "paid_currency": "WETH"}))
    assert "say how many decimals it has" in unknown
    assert Payout.objects.get().state == PayoutState.APPROVED
    staff_client.post(act(payout, "mark-paid-token"), said)
    assert int(Payout.objects.get().paid_units or 0) == 23_500_000
    assert "23.5 USDC.base (23500000 smallest units)" in shown(staff_client.get(f"{LIST}{payout.pk}/change/"))
    check_truths(LATER)
    page = shown(staff_client.get(act(payout, "return-token")))
    assert "The provider got 23.25 USDC.base." in page
    assert "errorlist" in shown(staff_client.post(act(payout, "return-token"), {"tokens": "23.6", "reason": "Sent back"}))
    assert Payout.objects.get().state == PayoutState.SETTLED
    staff_client.post(act(payout, "return-token"), {"tokens": "23.2", "reason": "Sent back"})
    assert Payout.objects.get().state == PayoutState.RETURNED
    assert balance(A.GATEWAY_BALANCE, "icpay", "USDC.base") == -300_000
    check_truths(LATER)


def test_a_token_that_nobody_knows_is_counted_by_the_decimals_that_staff_gives(
    ready: Provider, method: PayoutMethod, staff: User, colleague: User, staff_client: Client
) -> None:
    confirmed(ready, EVM, at=LATER - timedelta(hours=25))
    payout = approve_payout(propose_payout(ready.pk, "EUR", staff).pk, colleague)
    said = {"reference": "0xabc", "paid_at": "2026-03-22T09:30", "paid_currency": "WETH", "tokens": "0.01", "network_fee": "0"}
    staff_client.post(act(payout, "mark-paid-token"), {**said, "decimals": "18"})
    assert int(Payout.objects.get().paid_units or 0) == 10**16
    check_truths(LATER)
    # Whole tokens again, not its smallest units.
    for wrong in ({"tokens": "0.004"}, {"tokens": "1"}, {"tokens": "1", "decimals": "18"}):
        assert "errorlist" in shown(staff_client.post(act(payout, "return-token"), {**wrong, "reason": "Sent back"}))
    assert Payout.objects.get().state == PayoutState.SETTLED
    staff_client.post(act(payout, "return-token"), {"tokens": "0.004", "decimals": "18", "reason": "Sent back"})
    assert Payout.objects.get().state == PayoutState.RETURNED
    assert balance(A.GATEWAY_BALANCE, "icpay", "WETH.base") == -6 * 10**15
    check_truths(LATER)


def test_a_payouts_releases_are_named_so_that_people_know_them(approved: Payout, walk: Walk, staff_client: Client) -> None:
    page = shown(staff_client.get(f"{LIST}{approved.pk}/change/"))
    item = approved.items.select_related("release").first()
    assert item is not None
    assert f"Release {item.release_id}" in page
    assert f"{item.release_id} in {approved.pk}" not in page
    assert walk.contract.reference in page


def test_a_release_says_in_which_payout_it_is_or_that_it_is_in_none(ready: Provider, staff: User, staff_client: Client) -> None:
    page = reverse("admin:payouts_release_change", args=[Release.objects.earliest("pk").pk])
    assert ">–<" in re.sub(r"In payouts:</label>\s*<div class=\"readonly\">", ">", shown(staff_client.get(page)))
    payout = propose_payout(ready.pk, "EUR", staff)
    assert f"{payout.public_id}</a>: Proposed" in shown(staff_client.get(page))


def test_dropping_and_failing_ask_why(approved: Payout, staff_client: Client) -> None:
    assert "errorlist" in shown(staff_client.post(act(approved, "drop"), {"reason": " "}))
    staff_client.post(act(approved, "drop"), {"reason": "Not today"})
    assert Payout.objects.get().reason == "Not today"


# Several ----------------------------------------------------------------------------------------------------------------------


def chosen(client: Client, action: str, *payouts: Payout) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [payout.pk for payout in payouts]}, follow=True)


def test_chosen_payouts_are_approved_together(ready: Provider, staff: User, colleague: User, staff_client: Client) -> None:
    payout = propose_payout(ready.pk, "EUR", staff)
    other = with_factor(colleague)
    page = shown(chosen(other, "approve_many", payout))
    assert "€ 21.87" in page
    answer = other.post("/admin/payouts/payout/many/approve-many/", {"ids": str(payout.pk)}, follow=True)
    assert told(answer) == ["1 is approved."]
    again = other.post("/admin/payouts/payout/many/approve-many/", {"ids": str(payout.pk)}, follow=True)
    assert "not possible any more" in told(again)[0]


def test_file_is_made_on_its_page_once_and_fetched_as_often_as_one_likes(approved: Payout, staff_client: Client) -> None:
    page = shown(chosen(staff_client, "export_pain001", approved))
    assert "In all: € 21.87" in page
    assert not PayoutExport.objects.exists()
    where = "/admin/payouts/payout/many/export-pain001/"
    made = staff_client.post(where, {"ids": str(approved.pk)}, follow=True)
    export = PayoutExport.objects.get()
    assert made.redirect_chain[-1][0] == f"/admin/payouts/payoutexport/{export.pk}/change/"
    assert str(approved.amount) in made.content.decode()
    again = staff_client.post(where, {"ids": str(approved.pk)}, follow=True)
    assert "not possible any more" in told(again)[0]
    assert PayoutExport.objects.count() == 1
    for _ in range(2):
        file = staff_client.get(f"/admin/payouts/payoutexport/{export.pk}/file/")
        assert (file["Content-Type"], file.content.decode()) == ("application/xml; charset=utf-8", export.content)
        assert file["Content-Disposition"] == f'attachment; filename="payouts-2026-03-22-{export.public_id.hex[:8]}.xml"'
    PayoutExport.objects.update(content=export.content.replace("EUR", "USD"))
    assert staff_client.get(f"/admin/payouts/payoutexport/{export.pk}/file/").status_code == 404


def test_many_are_marked_as_paid_each_under_its_reference(several: list[Payout], staff_client: Client) -> None:
    first, second, third = several
    ids = ",".join(str(payout.pk) for payout in several)
    page = shown(chosen(staff_client, "mark_many", *several))
    assert all(f'name="p{payout.pk}-reference"' in page for payout in several)
    # The third has no reference: it is left. The second's is taken by the first.
    said = {"ids": ids, **form_of(first), **form_of(second, reference=f"NBK-{first.pk}")}
    page = shown(staff_client.post(MARK, said))
    assert "1 is marked as paid." in page
    assert "Another payout was paid under this reference." in page
    assert f'name="p{first.pk}-reference"' not in page
    assert list(Payout.objects.order_by("pk").values_list("state", flat=True)) == ["settled", "approved", "approved"]
    answer = staff_client.post(MARK, {"ids": f"{second.pk},{third.pk}", **form_of(second), **form_of(third)}, follow=True)
    assert told(answer) == ["2 are marked as paid."]
    check_truths(LATER)


def test_nothing_is_marked_when_one_is_unreadable_or_none_is_given(several: list[Payout], staff_client: Client) -> None:
    ids = ",".join(str(payout.pk) for payout in several)
    before = everything()
    for said in ({}, {**form_of(several[0]), **form_of(several[1], paid_at="yesterday")}):
        shown(staff_client.post(MARK, {"ids": ids, **said}))
        assert everything() == before


@pytest.mark.parametrize("ids", ["", "x", "1,,2", "-1", "9" * 30, ",".join("1" * 201), "999999"])
def test_what_names_no_payouts_is_no_page(approved: Payout, staff_client: Client, ids: str) -> None:
    for page in (MARK, "/admin/payouts/payout/many/export-csv/"):
        assert staff_client.get(page, {"ids": ids}).status_code == 404


# Who --------------------------------------------------------------------------------------------------------------------------


def places(payout: Payout) -> list[str]:
    provider = payout.provider
    many = [
        f"/admin/payouts/payout/many/{name}/?ids={payout.pk}"
        for name in ("approve-many", "export-pain001", "export-csv", "mark-paid")
    ]
    steps = [
        act(payout, name) for name in ("approve", "send", "mark-paid", "mark-paid-token", "drop", "fail", "return", "return-token")
    ]
    return [ALL, one(provider), *many, *steps]


def test_nobody_else_finds_any_of_it(
    approved: Payout, customer_client: Client, provider_client: Client, stranger_client: Client
) -> None:
    before = everything()
    for client in (customer_client, provider_client, stranger_client):
        for path in [PENDING, LIST, f"{LIST}{approved.pk}/change/", *places(approved)]:
            assert client.get(path).status_code == 404, path
            assert client.post(path, {"ids": str(approved.pk), "seen": "2187"}).status_code == 404, path
    assert everything() == before


def test_staff_that_may_only_look_changes_nothing(approved: Payout, settings: Settings) -> None:
    reader = make_staff(create_user("reader@example.com", "correct-horse-battery", verified=True), superuser=False)
    reader.user_permissions.add(*Permission.objects.filter(codename__in=["view_payout", "view_payoutexport", "view_release"]))
    client = with_factor(reader)
    before = everything()
    assert "Propose" not in shown(client.get(PENDING)).split("<table>")[-1]
    shown(client.get(f"{LIST}{approved.pk}/change/"))
    for path in places(approved):
        assert client.get(path).status_code in {403, 404}, path
        assert client.post(path, {"ids": str(approved.pk), "seen": "2187"}).status_code in {403, 404}, path
    assert everything() == before


def test_without_a_second_factor_nothing_opens(approved: Payout, staff: User) -> None:
    client = browser_of(staff)
    before = everything()
    for path in [PENDING, *places(approved)]:
        assert client.post(path, {"ids": str(approved.pk)}).status_code == 302
    assert everything() == before


# To read ----------------------------------------------------------------------------------------------------------------------


def test_lists_are_readable_and_their_queries_do_not_grow(
    several: list[Payout], staff: User, staff_client: Client, django_assert_max_num_queries: Any
) -> None:
    mark_paid(several[0].pk, staff, reference="NBK-1", paid_at=LATER)
    for path in (
        LIST,
        f"{LIST}?state=settled",
        "/admin/payouts/payoutexport/",
        "/admin/payouts/release/",
        "/admin/payouts/payoutmethod/",
    ):
        with django_assert_max_num_queries(14):
            assert staff_client.get(path).status_code == 200, path
    release = Release.objects.first()
    assert release is not None
    page = shown(staff_client.get(f"/admin/payouts/release/{release.pk}/change/"))
    assert str(several[0].public_id) in page
    method = PayoutMethod.objects.first()
    assert method is not None
    assert "key" not in shown(staff_client.get(f"/admin/payouts/payoutmethod/{method.pk}/change/")).split("<form")[-1]
    for path in (LIST, "/admin/payouts/payoutexport/", "/admin/payouts/release/", "/admin/payouts/payoutmethod/"):
        assert staff_client.get(f"{path}add/").status_code == 403
