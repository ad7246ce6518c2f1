"""Several at once: one question to VIES, and its answer for all of them; and no question inside of a transaction."""

import pytest
from django.db import transaction

from accounts.models import Account
from accounts.queries import personal_account
from accounts.services import create_user
from billing import services
from billing.models import VatCheck
from billing.vat_ids import split_vat_id
from tests.billing.test_checkout_races import TIMES
from tests.races import at_once
from tests.vies_standin import Vies, valid

pytestmark = pytest.mark.django_db(transaction=True)

FRENCH = split_vat_id("FR40303265045")


def test_six_at_once_ask_once(vies: Vies) -> None:
    vies.says(valid(), seconds=0.5)
    accounts = [personal_account(create_user(f"number{n}@example.com", "correct-horse-battery")) for n in range(TIMES)]
    checks = at_once(TIMES, lambda number: services.check_vat_id(FRENCH, accounts[number]))
    assert len(vies.asked) == 1
    assert {check.account_id for check in checks} == {account.pk for account in accounts}
    assert set(VatCheck.objects.values_list("state", flat=True)) == {"valid"}


def test_one_account_that_clicks_six_times_has_one_check(vies: Vies, customer_account: Account) -> None:
    vies.says(valid(), seconds=0.5)
    at_once(TIMES, lambda _number: services.check_vat_id(FRENCH, customer_account))
    assert (len(vies.asked), VatCheck.objects.count()) == (1, 1)


def test_nobody_waits_for_vies_inside_of_a_transaction(vies: Vies, customer_account: Account) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        services.check_vat_id(FRENCH, customer_account)
    assert not vies.asked
    assert not VatCheck.objects.exists()
