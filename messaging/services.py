"""Only sending: each mail about an event once to each person, as far as SMTP allows.

A row is claimed, the mail is handed to the mail server, the row is marked. A worker that dies between handing over and marking
leaves a claim that ends after CLAIM; the mail then goes out a second time, with the same Message-ID, by which most programs show
it once. A mail server offers no better.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User
from contracts.models import Contract
from core import clock
from core.models import DomainEvent
from messaging.audiences import provider_people
from messaging.letters.news import News, RentalLetter, one_line
from messaging.letters.payouts import PayoutNews
from messaging.models import MailMessage
from messaging.payout_plot import PAYOUT_PLOT
from messaging.plot import PLOT
from messaging.states import MailState
from providers.models import Provider

# The queue kills any job after a minute: who claimed a mail longer ago is no longer alive.
CLAIM = timedelta(minutes=2)


@dataclass(frozen=True)
class Mail:
    """A mail that is due: about which event, of which kind, to whom. `write` is called in that person's language."""

    event: DomainEvent
    kind: str
    user: User
    write: Callable[[], RentalLetter]


class NotAllSent(Exception):
    """Some mails of an event are not out: the reaction is to be tried again."""


def tell(event: DomainEvent) -> int:
    """Send the mails that an event of a rental asks for; returns how many went out now. Outside of a transaction.

    Repeating it sends nothing twice. One address that fails does not hold up the others. Raises NotAllSent at the end when the
    mail server did not take some, or when another worker has some in hand.
    """
    contract = Contract.objects.select_related("provider__account", "customer", "offering").get(
        pk=event.subject.removeprefix("contract:")
    )
    news = News(event, contract)
    fitting = [telling for telling in PLOT.get(event.name, ()) if telling.fits(news)]
    return _send_all(
        Mail(event, telling.kind, user, partial(telling.letter, news)) for telling in fitting for user in telling.audience(contract)
    )


def tell_provider(event: DomainEvent) -> int:
    """The same of a payout's event, to everybody of its provider."""
    provider = Provider.objects.select_related("account").get(pk=event.data["provider"])
    news, telling = PayoutNews(event, provider), PAYOUT_PLOT[event.name]
    if not telling.fits(news):
        return 0
    return _send_all(Mail(event, telling.kind, user, partial(telling.letter, news)) for user in provider_people(provider))


def _send_all(mails: Iterable[Mail]) -> int:
    sent, problems = 0, []
    for mail in mails:
        try:
            sent += _send(mail)
        except (NotAllSent, SMTPException, OSError) as problem:
            problems.append(f"{mail.kind} to {mail.user.pk}: {problem}")
    if problems:
        raise NotAllSent("; ".join(problems))
    return sent


def _send(due: Mail) -> bool:
    user = due.user
    with translation.override(user.language or settings.LANGUAGE_CODE):
        letter = due.write()
        row = _claim(due.event, due.kind, user, one_line(letter.subject)[:200])
        if row is None:
            return False
        mail = compose(row, letter)
    try:
        mail.send()
    except Exception as error:
        _finish(row, MailState.FAILED, str(error) or type(error).__name__)
        raise
    _finish(row, MailState.SENT)
    return True


def _claim(event: DomainEvent, kind: str, user: User, subject: str) -> MailMessage | None:
    """The row in our hands, or None when it is sent. Raises NotAllSent while somebody else has it."""
    now = clock.now()
    new = MailMessage(event=event, kind=kind, recipient=user, address=user.email, subject=subject, created_at=now)
    with transaction.atomic():
        MailMessage.objects.bulk_create([new], ignore_conflicts=True)
        row = MailMessage.objects.select_for_update().get(event=event, kind=kind, recipient=user)
        if row.state == MailState.SENT:
            return None
        if row.state == MailState.SENDING and row.claimed_at is not None and row.claimed_at > now - CLAIM:
            raise NotAllSent("somebody is sending it")
        row.state = MailState.SENDING
        row.claimed_at = now
        row.address, row.subject = user.email, subject
        row.attempts += 1
        row.save()
    return row


def _finish(claimed: MailMessage, state: MailState, error: str = "") -> None:
    """Mark the outcome, unless the claim has ended and somebody else has the mail in hand."""
    with transaction.atomic():
        row = MailMessage.objects.select_for_update().get(pk=claimed.pk)
        if row.state != MailState.SENDING or row.attempts != claimed.attempts:
            return
        row.state = state
        row.sent_at = clock.now() if state == MailState.SENT else None
        row.last_error = error.replace("\x00", "\ufffd")[:500]
        row.save()


def compose(row: MailMessage, letter: RentalLetter) -> EmailMultiAlternatives:
    """The mail of a row, as text and HTML; nothing that people typed can end a header."""
    context = {
        "title": letter.subject,
        "subject": row.subject,
        "lead": letter.lead,
        "paragraphs": letter.paragraphs,
        "lines": letter.lines,
        "total": letter.total,
        "action_url": letter.action_url,
        "action_label": letter.action_label,
        "small": letter.small,
        "reason": letter.reason,
        "site_url": settings.SITE_URL,
    }
    mail = EmailMultiAlternatives(
        row.subject,
        render_to_string("messaging/rental.txt", context).strip() + "\n",
        settings.DEFAULT_FROM_EMAIL,
        [row.address],
        headers={
            "Message-ID": f"<mail-{row.pk}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>",
            # No holiday notes, please.
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string("messaging/rental.html", context), "text/html")
    for paper in letter.papers:
        mail.attach(paper.name, paper.data, paper.media_type)
    return mail
