"""The door: who may move what, when, and what each move leaves behind."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from contracts import actors, services
from contracts.models import Contract, Move, Settlement
from contracts.queries import ALL_TRANSITIONS, available_moves, cancel_preview
from contracts.states import FINAL, ActorKind, Fault, State
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from tests import walk
from tests.random_walk import TABLE

Rented = Callable[..., Contract]
SOON = walk.START + timedelta(hours=1)


def table_of_code() -> list[tuple[str, str, str, str]]:
    rows = []
    for found in ALL_TRANSITIONS:
        kinds = ", ".join(sorted(kind.value for kind in found.custom["actors"][found.source]))
        rows.append((State(found.source).value, State(found.target).value, found.name, kinds))
    return sorted(rows)


def test_the_table_in_architecture_is_the_table_of_the_code() -> None:
    text = (Path(settings.BASE_DIR) / "ARCHITECTURE.md").read_text()
    written = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| ([a-z, ]+) \|$", text, re.MULTILINE)
    assert sorted(written) == table_of_code()


def test_the_code_knows_no_move_that_the_domain_does_not() -> None:
    assert {(source, target) for source, target, _name, _kinds in table_of_code()} == TABLE - {("", "requested")}


def test_every_transition_names_its_sources_and_its_actors() -> None:
    for found in ALL_TRANSITIONS:
        assert found.source not in {"*", "+"}
        assert found.custom["actors"][found.source]


@pytest.mark.parametrize("way", sorted(walk.WAYS))
def test_a_shown_button_works_and_a_hidden_one_is_refused(way: str, rented: Rented, provider_user: User, staff: User) -> None:
    contract = rented(way)
    people = {ActorKind.CUSTOMER: contract.ordered_by_id, ActorKind.PROVIDER: provider_user.pk, ActorKind.STAFF: staff.pk}
    presses: dict[str, Callable[[actors.Actor], object]] = {
        "accept": lambda who: services.accept(contract.pk, who),
        "reject": lambda who: services.reject(contract.pk, who, "out of stock"),
        "start_provisioning": lambda who: services.start_provisioning(contract.pk, who),
        "deliver": lambda who: services.deliver(contract.pk, who, login="root"),
        "fail_provisioning": lambda who: services.fail_provisioning(contract.pk, who, "it does not boot"),
        "confirm": lambda who: services.confirm(contract.pk, who),
        "cancel": lambda who: services.cancel(contract.pk, who, "enough"),
        "report_not_as_described": lambda who: services.report_not_as_described(contract.pk, who, "half the memory"),
        "suspend": lambda who: services.suspend(contract.pk, who, "abuse"),
        "resume": lambda who: services.resume(contract.pk, who),
    }
    # A moment after its last step, before any deadline.
    moment = (Move.objects.filter(contract=contract).latest("pk").at) + timedelta(minutes=2)
    for kind, user_id in people.items():
        with clock.at(moment):
            shown = available_moves(contract, kind) - {"pay", "extend"}
            for name, press in presses.items():
                actor = actors.Actor(kind, user_id)
                history = Move.objects.filter(contract=contract).count()
                with transaction.atomic():
                    if name in shown:
                        press(actor)
                        assert Move.objects.filter(contract=contract).count() > history
                    elif not (name == "deliver" and "start_provisioning" in shown):
                        with pytest.raises(Refused):
                            press(actor)
                        assert Contract.objects.get(pk=contract.pk).state == contract.state
                        assert Move.objects.filter(contract=contract).count() == history
                    transaction.set_rollback(True)


def test_each_move_leaves_history_event_and_settlement(rented: Rented, provider_user: User) -> None:
    contract = rented("cancelled")
    last = contract.moves.last()
    assert last is not None
    assert (last.from_state, last.to_state, last.actor_kind) == ("active", "cancelled", "customer")
    assert last.actor_id == contract.ordered_by_id
    assert last.at == contract.ended_at
    assert DomainEvent.objects.filter(name="contract.cancelled", subject=f"contract:{contract.pk}").count() == 1
    settlement = Settlement.objects.get(segment__contract=contract)
    assert settlement.used_seconds == contract.used_seconds(last.at)
    assert settlement.earned_minor + settlement.refund_minor == contract.net_minor
    assert contract.hold.released_at == last.at
    assert contract.offering.taken == 0


def test_the_refund_is_what_the_preview_said_at_that_moment(rented: Rented) -> None:
    contract = rented("active")
    moment = walk.START + timedelta(days=11, hours=5, seconds=17)
    with clock.at(moment):
        shown = cancel_preview(contract, moment)
        services.cancel(contract.pk, actors.customer(contract.ordered_by_id), expected_refund_minor=shown.refund_minor)
    settlement = Settlement.objects.get(segment__contract=contract)
    assert settlement.refund_minor == shown.refund_minor
    # The set-up fee is kept when the customer leaves.
    assert settlement.earned_minor >= contract.setup_fee_minor


def test_a_worse_refund_than_shown_is_refused_with_the_new_figure(rented: Rented) -> None:
    contract = rented("active")
    early = walk.START + timedelta(days=2)
    shown = cancel_preview(contract, early).refund_minor
    with clock.at(early + timedelta(days=1)), pytest.raises(Refused) as refused:
        services.cancel(contract.pk, actors.customer(contract.ordered_by_id), expected_refund_minor=shown)
    assert refused.value.code == "preview_changed"
    assert refused.value.data["refund_minor"] == cancel_preview(contract, early + timedelta(days=1)).refund_minor
    assert Contract.objects.get(pk=contract.pk).state == State.ACTIVE


def test_a_provider_that_leaves_gives_the_set_up_fee_back_pro_rata(rented: Rented, provider_user: User) -> None:
    contract = rented("active")
    with clock.at(walk.START + timedelta(days=15)):
        services.cancel(contract.pk, actors.provider(provider_user.pk), "the rack burnt down")
    settlement = Settlement.objects.get(segment__contract=contract)
    fair = cancel_preview(contract, Contract.objects.get(pk=contract.pk).ended_at, Fault.PROVIDER).refund_minor
    assert settlement.refund_minor == fair
    assert settlement.earned_minor < contract.net_minor // 2 + contract.setup_fee_minor // 2 + 1


@pytest.mark.parametrize(
    ("way", "hours", "end"),
    [
        ("requested", 49, State.EXPIRED),
        ("accepted", 3, State.PROVISIONING_FAILED),
        ("provisioning", 3, State.PROVISIONING_FAILED),
        ("provisioned", 25, State.ACTIVE),
        ("provisioned", 24 * 31, State.COMPLETED),
        ("active", 24 * 31, State.COMPLETED),
        ("suspended", 24 * 36, State.CANCELLED),
    ],
)
def test_a_passed_deadline_is_worked_once(way: str, hours: int, end: State, rented: Rented) -> None:
    contract = rented(way)
    with clock.at(walk.START + timedelta(hours=hours)):
        assert services.work_deadlines() == 1
        assert services.work_deadlines() == 0
    assert Contract.objects.get(pk=contract.pk).state == end


def test_a_deadline_that_has_not_passed_is_left_alone(rented: Rented) -> None:
    contract = rented("requested")
    with clock.at(walk.START + timedelta(hours=47)):
        assert services.work_deadlines() == 0
        with pytest.raises(Refused, match="deadline"):
            services.work_deadline(contract.pk)


def test_a_short_term_has_a_short_time_to_check(rented: Rented) -> None:
    contract = rented("provisioned", hours=24)
    assert contract.deadline_at - contract.provisioned_at == timedelta(hours=6)


def test_a_suspension_gives_its_time_back(rented: Rented, staff: User) -> None:
    contract = rented("active")
    assert contract.ends_at is not None
    planned = contract.ends_at
    with clock.at(walk.START + timedelta(days=3, seconds=1)):
        services.suspend(contract.pk, actors.staff(staff.pk), "abuse")
    with clock.at(walk.START + timedelta(days=8, seconds=2)):
        resumed = services.resume(contract.pk, actors.staff(staff.pk))
    assert resumed.ends_at == planned + timedelta(days=5, seconds=1)
    assert resumed.deadline_at == resumed.ends_at


def test_a_state_cannot_be_written_past_the_door(rented: Rented) -> None:
    contract = rented("requested")
    with pytest.raises(AttributeError):
        contract.state = State.ACTIVE
    with pytest.raises(IntegrityError), transaction.atomic():
        Contract.objects.filter(pk=contract.pk).update(state="imaginary")
    with pytest.raises(IntegrityError), transaction.atomic():
        Contract.objects.filter(pk=contract.pk).update(state="active")


def test_final_states_are_those_that_nothing_leaves() -> None:
    assert set(State) - {State(found.source) for found in ALL_TRANSITIONS} == FINAL
