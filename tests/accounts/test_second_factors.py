"""Second factors: codes that work once, recovery codes, passkeys that make no sense, and secrets that lie sealed."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from accounts.secrets import Unreadable, seal, unseal
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_limits(db: None) -> None:
    """No code was tried or used yet."""
    cache.clear()


@pytest.fixture
def secret(customer: User) -> str:
    """The customer has an authenticator app with this secret."""
    secret = generate_totp_secret()
    TOTP.activate(customer, secret)
    return secret


def code_at(secret: str, moment: datetime) -> str:
    return format_hotp_value(hotp_value(secret, int(moment.timestamp()) // 30))


def at_the_second_step(user: User) -> Client:
    """A browser in which the password was right."""
    client = Client()
    answer = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert answer["Location"] == reverse("mfa_authenticate")
    return client


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_password_alone_does_not_sign_in(customer: User, secret: str) -> None:
    client = at_the_second_step(customer)
    assert not is_signed_in(client)
    assert client.get(reverse("account_profile")).status_code == 302


def test_code_signs_in_once(customer: User, secret: str) -> None:
    with time_machine.travel(NOON, tick=False):
        code = code_at(secret, NOON)
        first, second = at_the_second_step(customer), at_the_second_step(customer)
        first.post(reverse("mfa_authenticate"), {"code": code})
        assert is_signed_in(first)
        answer = second.post(reverse("mfa_authenticate"), {"code": f"{code[:3]} {code[3:]}"})
        assert "used already" in answer.content.decode()
        assert not is_signed_in(second)


@pytest.mark.parametrize("seconds", [31, 59])
def test_used_code_does_not_come_back_while_it_would_still_fit(customer: User, secret: str, seconds: int) -> None:
    early = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
    code = code_at(secret, early)
    with time_machine.travel(early, tick=False):
        first = at_the_second_step(customer)
        first.post(reverse("mfa_authenticate"), {"code": code})
        assert is_signed_in(first)
    with time_machine.travel(early.timestamp() + seconds, tick=False):
        second = at_the_second_step(customer)
        second.post(reverse("mfa_authenticate"), {"code": code})
        assert not is_signed_in(second)


def test_code_of_a_clock_half_a_minute_off_fits_and_of_two_minutes_does_not(customer: User, secret: str) -> None:
    with time_machine.travel(NOON, tick=False):
        for seconds, fits in ((-30, True), (30, True), (-120, False), (120, False)):
            client = at_the_second_step(customer)
            client.post(reverse("mfa_authenticate"), {"code": code_at(secret, NOON + timedelta(seconds=seconds))})
            assert is_signed_in(client) is fits


def test_guessing_codes_is_stopped(customer: User, secret: str) -> None:
    with time_machine.travel(NOON, tick=False):
        client = at_the_second_step(customer)
        for _ in range(5):
            client.post(reverse("mfa_authenticate"), {"code": "000000"})
        client.post(reverse("mfa_authenticate"), {"code": code_at(secret, NOON)})
        assert not is_signed_in(client)


def test_recovery_code_signs_in_once(customer: User, secret: str) -> None:
    code = RecoveryCodes.activate(customer).get_unused_codes()[0]
    first, second = at_the_second_step(customer), at_the_second_step(customer)
    first.post(reverse("mfa_authenticate"), {"code": code})
    second.post(reverse("mfa_authenticate"), {"code": code})
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def set_up_app(client: Client, moment: datetime) -> str:
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = str(client.get(reverse("mfa_activate_totp")).context["form"].secret)
    client.post(reverse("mfa_activate_totp"), {"code": code_at(secret, moment)})
    return secret


def test_app_is_set_up_with_recovery_codes_shown_once_and_a_mail(
    customer: User, customer_client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with time_machine.travel(NOON, tick=False), django_capture_on_commit_callbacks(execute=True):
        secret = set_up_app(customer_client, NOON)
    with time_machine.travel(NOON, tick=False):
        factor = Authenticator.objects.get(user=customer, type="totp")
        assert secret not in json.dumps(factor.data)
        code = Authenticator.objects.get(user=customer, type="recovery_codes").wrap().get_unused_codes()[0]
        address = reverse("mfa_view_recovery_codes")
        assert code in customer_client.get(address).content.decode()
        assert code not in customer_client.get(address).content.decode()
        assert customer_client.get(reverse("mfa_download_recovery_codes")).status_code in {403, 404}
    assert "authenticator app was set up" in mail.outbox[-1].subject


def test_code_of_the_set_up_does_not_sign_in(customer: User, customer_client: Client) -> None:
    with time_machine.travel(NOON, tick=False):
        secret = set_up_app(customer_client, NOON)
        client = at_the_second_step(customer)
        client.post(reverse("mfa_authenticate"), {"code": code_at(secret, NOON)})
        assert not is_signed_in(client)


def test_setting_up_asks_for_the_password_first(customer_client: Client) -> None:
    answer = customer_client.get(reverse("mfa_activate_totp"))
    assert answer["Location"].startswith(reverse("account_reauthenticate"))


def test_removing_the_app_takes_the_recovery_codes_along(customer: User, customer_client: Client) -> None:
    with time_machine.travel(NOON, tick=False):
        set_up_app(customer_client, NOON)
        customer_client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=customer).exists()
    assert "removed" in mail.outbox[-1].subject


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


NONSENSE = [
    "",
    "5",
    "null",
    "[]",
    "{",
    '"text"',
    "{}",
    '{"id": "x"}',
    '{"id": "x", "rawId": "eA", "type": "public-key", "response": 5}',
    json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": {"userHandle": "!!"}}),
    json.dumps(
        {
            "id": "eA",
            "rawId": "eA",
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(b'{"type":"webauthn.get","challenge":"AAAA","origin":"https://testserver"}'),
                "authenticatorData": b64(b"\x00" * 37),
                "signature": b64(b"x"),
                "attestationObject": b64(b"\xa0"),
                "userHandle": b64(b"1"),
            },
        }
    ),
]


@pytest.mark.parametrize("credential", NONSENSE)
def test_passkey_that_makes_no_sense_signs_nobody_in(customer: User, credential: str) -> None:
    client = Client()
    assert "challenge" in client.get(reverse("mfa_login_webauthn"), HTTP_ACCEPT="application/json").content.decode()
    answer = client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert answer["Location"] == reverse("account_login")
    assert not is_signed_in(client)


@pytest.mark.parametrize("credential", NONSENSE)
def test_passkey_that_makes_no_sense_is_no_second_factor(customer: User, secret: str, credential: str) -> None:
    client = at_the_second_step(customer)
    client.get(reverse("mfa_authenticate"))
    assert client.post(reverse("mfa_authenticate"), {"credential": credential}).status_code == 200
    assert not is_signed_in(client)


@pytest.mark.parametrize("credential", NONSENSE)
def test_passkey_that_makes_no_sense_is_not_added(customer: User, customer_client: Client, credential: str) -> None:
    customer_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert customer_client.get(reverse("mfa_add_webauthn")).status_code == 200
    answer = customer_client.post(reverse("mfa_add_webauthn"), {"name": "x", "credential": credential})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()


def test_strangers_passkey_is_a_404(customer: User, stranger_client: Client) -> None:
    key = Authenticator.objects.create(user=customer, type="webauthn", data={"name": "Phone", "credential": {}})
    stranger_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert stranger_client.get(reverse(name, args=[key.pk])).status_code == 404
        assert stranger_client.post(reverse(name, args=[key.pk]), {"name": "mine"}).status_code == 404
    key.refresh_from_db()
    assert key.data["name"] == "Phone"


def test_sealed_text_opens_with_the_key_that_rotates_out(settings: object) -> None:
    sealed = seal("secret")
    assert "secret" not in sealed
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]  # type: ignore[attr-defined]
    assert unseal(sealed) == "secret"
    settings.SECRET_KEY_FALLBACKS = []  # type: ignore[attr-defined]
    with pytest.raises(Unreadable):
        unseal(sealed)
