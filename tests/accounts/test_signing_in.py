"""Signing up, in and out with a real browser's requests: enumeration, limits, codes, passwords, redirects, sessions."""

import re
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPException
from threading import Barrier

import pytest
from allauth.account.models import EmailAddress
from django.contrib.messages import get_messages
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Membership, User
from accounts.queries import has_verified_email
from accounts.services import close_user, create_user
from core.models import DomainEvent
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db

NEW = {"email": "new@example.com", "password1": "a-long-new-pass-41"}


@pytest.fixture(autouse=True)
def fresh_limits(db: None) -> None:
    """Nobody has tried anything yet."""
    cache.clear()


def mailed_code() -> str:
    found = re.search(r"Your code: (\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def mailed_link() -> str:
    found = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# --- Signing up


def test_new_person_signs_up_confirms_and_is_signed_in(client: Client) -> None:
    answer = client.post(reverse("account_signup"), {**NEW, "next": "/account/ssh-keys"})
    assert answer["Location"] == reverse("account_email_verification_sent")
    user = User.objects.get(email=NEW["email"])
    assert Membership.objects.get(user=user).account.person == user
    assert not has_verified_email(user)
    assert not is_signed_in(client)
    answer = client.post(reverse("account_email_verification_sent"), {"code": mailed_code()})
    assert answer["Location"] == "/account/ssh-keys"
    assert has_verified_email(user)
    assert is_signed_in(client)


def test_code_mail_is_text_and_html_and_names_the_code_in_both(client: Client) -> None:
    client.post(reverse("account_signup"), NEW)
    message = mail.outbox[0]
    html = message.alternatives[0][0]  # type: ignore[attr-defined]  # a mail with two bodies
    assert message.to == [NEW["email"]]
    assert mailed_code() in html
    assert mailed_code() in message.subject


def test_known_and_unknown_address_get_the_same_answer_at_sign_up(customer: User) -> None:
    answers = []
    for email in (customer.email, "new@example.com"):
        browser = Client()
        first = browser.post(reverse("account_signup"), {**NEW, "email": email})
        page = browser.get(first["Location"]).content.decode().replace(email, "X")
        page = re.sub(r'value="[A-Za-z0-9]{64}"', "token", page)
        wrong = browser.post(reverse("account_email_verification_sent"), {"code": "AAAAAA"})
        answers.append((first.status_code, first["Location"], page, wrong.status_code, len(mail.outbox)))
        mail.outbox.clear()
    assert answers[0] == answers[1]


def test_owner_of_a_known_address_is_told_by_mail_and_nothing_changes(client: Client, customer: User) -> None:
    before = (User.objects.count(), Account.objects.count(), DomainEvent.objects.count(), customer.password)
    client.post(reverse("account_signup"), {**NEW, "email": customer.email.upper()})
    assert "already" in mail.outbox[0].subject
    customer.refresh_from_db()
    assert (User.objects.count(), Account.objects.count(), DomainEvent.objects.count(), customer.password) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "nobody"},
        {"email": "a" * 300 + "@example.com"},
        {"password1": "short"},
        {"password1": "1234567890123"},
        {"password1": "x" * 1_000_000},
        {"password1": ""},
        {"email": ""},
    ],
)
def test_unusable_sign_up_is_refused_at_its_field(client: Client, fields: dict[str, str]) -> None:
    answer = client.post(reverse("account_signup"), {**NEW, **fields})
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == set(fields)
    assert not User.objects.exists()
    assert mail.outbox == []


def test_address_with_a_nul_byte_is_refused(client: Client) -> None:
    assert client.post(reverse("account_signup"), {**NEW, "email": "a\x00b@example.com"}).status_code in {200, 400}
    assert not User.objects.exists()


def test_wrong_codes_end_the_confirmation_after_five(client: Client) -> None:
    client.post(reverse("account_signup"), NEW)
    right = mailed_code()
    for _ in range(5):
        client.post(reverse("account_email_verification_sent"), {"code": "XXXXXX"})
    client.post(reverse("account_email_verification_sent"), {"code": right})
    assert not has_verified_email(User.objects.get(email=NEW["email"]))
    assert not is_signed_in(client)


def test_mail_server_that_is_away_is_said_and_loses_no_user(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object) -> int:
        raise SMTPException("away")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
    answer = client.post(reverse("account_signup"), NEW)
    assert answer.status_code == 302
    assert User.objects.count() == Account.objects.count() == 1
    assert any("could not send" in str(message) for message in get_messages(answer.wsgi_request))


@pytest.mark.django_db(transaction=True)
def test_one_address_signed_up_twice_at_once_makes_one_user() -> None:
    start = Barrier(2)

    def sign_up() -> int:
        try:
            start.wait(10)
            return Client().post(reverse("account_signup"), NEW).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(future.result() for future in [pool.submit(sign_up) for _ in range(2)])
    # One mail in ten seconds to one address, be it known or not.
    assert answers == [302, 429]
    assert User.objects.count() == Account.objects.count() == EmailAddress.objects.count() == 1


# --- Signing in


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> object:
    return client.post(reverse("account_login"), {"login": email, "password": password, **more})


def test_right_password_signs_in_in_any_case_of_the_address(client: Client, customer: User) -> None:
    sign_in(client, customer.email.upper())
    assert is_signed_in(client)


def test_wrong_password_and_unknown_address_get_the_same_answer(customer: User) -> None:
    pages = []
    for email, password in ((customer.email, "wrong-password-1"), ("nobody@example.com", PASSWORD)):
        answer = Client().post(reverse("account_login"), {"login": email, "password": password})
        page = re.sub(r'value="[A-Za-z0-9]{64}"', "token", answer.content.decode().replace(email, "X"))
        pages.append((answer.status_code, page))
    assert pages[0] == pages[1]
    assert "E-mail and password do not belong together." in pages[0][1]


def test_unverified_address_signs_in_only_after_its_code(client: Client) -> None:
    create_user("late@example.com", PASSWORD)
    answer = client.post(reverse("account_login"), {"login": "late@example.com", "password": PASSWORD})
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert not is_signed_in(client)


def test_closed_user_cannot_sign_in_and_is_out_at_once(customer: User, customer_client: Client, staff: User) -> None:
    assert customer_client.get(reverse("account_profile")).status_code == 200
    close_user(customer, staff)
    assert customer_client.get(reverse("account_profile")).status_code == 302
    browser = Client()
    sign_in(browser, customer.email)
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    "goal", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "https:evil.example"]
)
def test_next_leads_to_no_other_site(customer: User, goal: str) -> None:
    browser = Client()
    answer = browser.post(f"{reverse('account_login')}?next={goal}", {"login": customer.email, "password": PASSWORD, "next": goal})
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]
    assert is_signed_in(browser)
    assert "evil" not in browser.post(reverse("account_logout"), {"next": goal})["Location"]


def test_next_leads_to_a_page_of_ours(client: Client, customer: User) -> None:
    answer = client.post(reverse("account_login"), {"login": customer.email, "password": PASSWORD, "next": "/account/tokens"})
    assert answer["Location"] == "/account/tokens"


def test_session_ends_with_the_browser_unless_asked_to_stay(customer: User) -> None:
    brief, long = Client(), Client()
    sign_in(brief, customer.email)
    sign_in(long, customer.email, remember="on")
    assert brief.cookies["sessionid"]["max-age"] == ""
    assert long.cookies["sessionid"]["max-age"] == 30 * 24 * 3600


def test_guessing_one_persons_password_is_stopped_even_from_many_addresses(customer: User) -> None:
    for number in range(5):
        browser = Client(REMOTE_ADDR=f"203.0.113.{number}")
        sign_in(browser, customer.email, "wrong-password-1")
    browser = Client(REMOTE_ADDR="198.51.100.7")
    answer = browser.post(reverse("account_login"), {"login": customer.email, "password": PASSWORD})
    assert "Too many attempts" in answer.content.decode()
    assert not is_signed_in(browser)


def test_guessing_from_one_address_is_stopped(customer: User) -> None:
    answers = [
        Client().post(reverse("account_login"), {"login": f"guess{number}@example.com", "password": "wrong-password-1"})
        for number in range(11)
    ]
    assert "Too many attempts" not in answers[9].content.decode()
    assert "Too many attempts" in answers[10].content.decode()


def test_signing_up_in_bulk_is_stopped() -> None:
    answers = [
        Client().post(reverse("account_signup"), {**NEW, "email": f"bulk{number}@example.com"}).status_code for number in range(11)
    ]
    assert answers == [302] * 10 + [429]
    assert User.objects.count() == 10


def test_forged_forwarded_address_does_not_reset_the_limit(customer: User) -> None:
    answers = [
        Client(HTTP_X_FORWARDED_FOR=f"10.0.0.{number}").post(
            reverse("account_login"), {"login": f"guess{number}@example.com", "password": "wrong-password-1"}
        )
        for number in range(11)
    ]
    assert "Too many attempts" in answers[10].content.decode()


def test_signing_in_and_out_need_a_token_against_forgery(customer: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(reverse("account_login"), {"login": customer.email, "password": PASSWORD}).status_code == 403
    assert not is_signed_in(browser)


def test_signing_out_takes_a_post(customer_client: Client) -> None:
    customer_client.get(reverse("account_logout"))
    assert is_signed_in(customer_client)
    customer_client.post(reverse("account_logout"))
    assert not is_signed_in(customer_client)


def test_signing_in_starts_a_new_session(client: Client, customer: User) -> None:
    client.get(reverse("account_login"))
    session = client.session
    session["before"] = "x"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = str(before)
    sign_in(client, customer.email)
    assert client.session.session_key != before


# --- Passwords


def test_forgotten_password_is_set_anew_by_the_link_once(client: Client, customer: User, customer_client: Client) -> None:
    client.post(reverse("account_reset_password"), {"email": customer.email})
    link = mailed_link()
    page = client.get(link, follow=True)
    action = page.context["action_url"]
    client.post(action, {"password1": "another-pass-77", "password2": "another-pass-77"})
    customer.refresh_from_db()
    assert customer.check_password("another-pass-77")
    assert customer_client.get(reverse("account_profile")).status_code == 302
    assert "does not open any more" in Client().get(link, follow=True).content.decode()


def test_known_and_unknown_address_get_the_same_answer_when_a_password_is_forgotten(customer: User) -> None:
    answers = []
    for email in (customer.email, "nobody@example.com"):
        answer = Client().post(reverse("account_reset_password"), {"email": email}, follow=True)
        page = re.sub(r'value="[A-Za-z0-9]{64}"', "token", answer.content.decode())
        answers.append((answer.redirect_chain, page, len(mail.outbox)))
        mail.outbox.clear()
    assert answers[0] == answers[1]


def test_tampered_reset_link_opens_nothing(client: Client, customer: User) -> None:
    client.post(reverse("account_reset_password"), {"email": customer.email})
    link = mailed_link()
    for bad in (link[:-2] + "x/", link.replace("/key/", "/key/zz")):
        assert "does not open any more" in Client().get(bad, follow=True).content.decode()


def test_changing_the_password_needs_the_present_one_and_signs_out_the_others(customer: User) -> None:
    here, there = Client(), Client()
    sign_in(here, customer.email)
    sign_in(there, customer.email)
    new = {"password1": "another-pass-77", "password2": "another-pass-77"}
    here.post(reverse("account_change_password"), {"oldpassword": "wrong-one-99", **new})
    customer.refresh_from_db()
    assert customer.check_password(PASSWORD)
    here.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})
    assert here.get(reverse("account_profile")).status_code == 200
    assert there.get(reverse("account_profile")).status_code == 302
    assert "password was changed" in mail.outbox[-1].subject


# --- Sessions


def test_other_sessions_are_listed_and_signed_out(customer: User) -> None:
    here, there = Client(HTTP_USER_AGENT="Here/1"), Client(HTTP_USER_AGENT="<b>There</b>/1")
    sign_in(here, customer.email)
    sign_in(there, customer.email)
    page = here.get(reverse("usersessions_list")).content.decode()
    assert "Here/1" in page
    assert "&lt;b&gt;There" in page
    here.post(reverse("usersessions_list"))
    assert here.get(reverse("account_profile")).status_code == 200
    assert there.get(reverse("account_profile")).status_code == 302


def test_a_strangers_sessions_are_not_listed(customer: User, stranger: User) -> None:
    browser, other = Client(), Client(HTTP_USER_AGENT="Stranger/1")
    sign_in(browser, customer.email)
    sign_in(other, stranger.email)
    assert "Stranger/1" not in browser.get(reverse("usersessions_list")).content.decode()


# --- Another address


def change_address(client: Client, to: str) -> None:
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("account_email"), {"email": to, "action_add": "1"})


def test_address_changes_when_its_code_is_typed_and_the_old_one_is_told(customer: User, customer_client: Client) -> None:
    change_address(customer_client, "moved@example.com")
    customer.refresh_from_db()
    assert customer.email == "customer@example.com"
    customer_client.post(reverse("account_email_verification_sent"), {"code": mailed_code()})
    customer.refresh_from_db()
    assert customer.email == "moved@example.com"
    assert has_verified_email(customer)
    assert mail.outbox[-1].to == ["customer@example.com"]


def test_address_changes_with_a_second_factor_too(staff: User, staff_client: Client) -> None:
    change_address(staff_client, "moved@example.com")
    staff_client.post(reverse("account_email_verification_sent"), {"code": mailed_code()})
    staff.refresh_from_db()
    assert staff.email == "moved@example.com"


def test_changing_the_address_asks_for_the_password_first(customer: User, customer_client: Client) -> None:
    answer = customer_client.post(reverse("account_email"), {"email": "moved@example.com", "action_add": "1"})
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert mail.outbox == []


def test_address_that_another_user_took_meanwhile_is_not_taken_away(customer: User, customer_client: Client) -> None:
    change_address(customer_client, "wanted@example.com")
    code = mailed_code()
    other = create_user("wanted@example.com", PASSWORD)
    answer = customer_client.post(reverse("account_email_verification_sent"), {"code": code})
    assert answer.status_code == 200
    customer.refresh_from_db()
    other.refresh_from_db()
    assert (customer.email, other.email) == ("customer@example.com", "wanted@example.com")
    assert EmailAddress.objects.get(user=customer).email == "customer@example.com"


def test_known_and_unknown_new_address_get_the_same_answer(customer: User, stranger: User, customer_client: Client) -> None:
    answers = []
    for email in (stranger.email, "free@example.com"):
        cache.clear()
        change_address(customer_client, email)
        page = customer_client.get(reverse("account_email_verification_sent"))
        text = re.sub(r'value="[A-Za-z0-9]{64}"', "token", page.content.decode().replace(email, "X"))
        answers.append((page.status_code, text))
    assert answers[0] == answers[1]
