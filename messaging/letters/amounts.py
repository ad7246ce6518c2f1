"""The words to the customer about money that went another way: declined, odd, given back, disputed."""

from django.utils.translation import gettext as _

from billing.letters import shortened
from billing.models import Dispute, Payment, Refund
from billing.refund_networks import network_name
from billing.states import Anomaly, RefundState
from billing.token_words import asked_text, received_text, token_of
from billing.tokens_back import tokens_back
from contracts.states import BEFORE_DELIVERY, State
from core import clock
from core.formats import money
from messaging.letters.back import tokens_sent, why_back
from messaging.letters.news import News, RentalLetter, link, moment, one_line, to_customer


def payment_declined(news: News) -> RentalLetter:
    """A payment did not work; often one can try again."""
    payment = news.payment
    charge = payment.charge
    words = {**news.names, "gross": money(charge.gross), "until": moment(charge.expires_at)}
    subject = _("Payment of %(gross)s declined: %(offering)s") % words
    if charge.is_open and charge.expires_at > clock.now():
        return to_customer(
            news,
            subject,
            _("Nothing was charged. You can try again until %(until)s.") % words,
            action=(link("checkout", charge.public_id), _("Pay %(gross)s") % words),
        )
    return to_customer(news, subject, _("Nothing was charged, and nothing is asked for any more."))


def payment_mismatched(news: News) -> RentalLetter:
    """Another amount came than was asked for, or another token."""
    payment = news.payment
    words = {**news.names, "received": received_text(payment), "asked": asked_text(payment)}
    return to_customer(
        news,
        _("%(received)s came instead of %(asked)s: %(offering)s") % words,
        _("We look at it, and either take it as payment or send it back in full. Nothing to do for you."),
        lines=(
            {"label": _("Asked for"), "amount": words["asked"]},
            {"label": _("Received"), "amount": words["received"]},
        ),
    )


def payment_unallocated(news: News) -> RentalLetter:
    """Money came that pays for nothing."""
    payment = news.payment
    words = {**news.names, "received": received_text(payment)}
    twice = payment.anomaly == Anomaly.PAID_TWICE
    return to_customer(
        news,
        _("%(received)s goes back to you: %(offering)s") % words,
        _("It had been paid already.") if twice else _("It came when there was nothing to be paid any more."),
        _way_back(payment),
        total={"label": _("Comes back"), "amount": words["received"]},
    )


def _way_back(payment: Payment) -> str:
    if token_of(payment) is None:
        return _("All of it is on its way back, the way you paid. Nothing to do for you; you get a mail when it is confirmed.")
    return _(
        "All of it goes back in the same token, to an address of yours that you have confirmed. You get a mail when it was sent."
    )


def refund_arrived(news: News) -> RentalLetter:
    """A refund is confirmed."""
    words = {**news.names, "amount": news.amount}
    refund = _refund_of(news)
    return to_customer(
        news,
        _("%(amount)s came back: %(offering)s") % words,
        _arrived(refund),
        *why_back(refund, news.contract),
        total={"label": _("Came back"), "amount": words["amount"]},
    )


def _refund_of(news: News) -> Refund:
    return Refund.objects.select_related("payment", "contract").get(pk=news.event.data["refund"])


def _arrived(refund: Refund) -> str:
    if refund.token_units is not None:
        return tokens_sent(refund)
    return _("The refund is confirmed. Your bank may need a few days to show it.")


def tokens_come_back(news: News) -> RentalLetter:
    """Tokens go back by hand: where to, or that we need to know it."""
    back = tokens_back(_refund_of(news))
    assert back is not None
    network = network_name(back.amount.network)
    words = {**news.names, "amount": news.amount, "tokens": back.amount.text, "network": network}
    total = {"label": _("Comes back"), "amount": f"{back.amount.text} ({news.amount})"}
    if back.address is not None:
        words["address"] = shortened(back.address.address)
        return to_customer(
            news,
            _("%(tokens)s comes back: %(offering)s") % words,
            _("A person sends it to the address that you confirmed on %(network)s: %(address)s. Nothing to do for you.") % words,
            total=total,
        )
    return to_customer(
        news,
        _("Where is %(tokens)s to go? %(offering)s") % words,
        _("It comes back to you, and we need an address of yours on %(network)s that takes this token.") % words,
        _("Give it on the page below and confirm it by the mail that follows. Until then it stays yours, and we wait."),
        total=total,
        action=(f"{link('refund_addresses')}?network={back.amount.network}", _("Give an address")),
    )


def refund_trouble(news: News) -> RentalLetter:
    """A refund did not arrive, or came back to us."""
    if _refund_of(news).token_units is not None:
        return tokens_come_back(news)
    words = {**news.names, "amount": news.amount}
    return to_customer(
        news,
        _("A refund of %(amount)s did not arrive: %(offering)s") % words,
        _("It could not go back the way you paid. It is still yours, and we pay it by hand. Nothing to do for you."),
        total={"label": _("Owed to you"), "amount": words["amount"]},
    )


def was_told_as_owed(news: News) -> bool:
    """Whether a mail has said that a person pays it: then another one says that nobody does."""
    return bool(news.event.data.get("was") == RefundState.FAILED)


def refund_withdrawn(news: News) -> RentalLetter:
    """A refund that did not arrive is not paid by hand either: nobody owed it."""
    words = {**news.names, "amount": news.amount}
    return to_customer(
        news,
        _("A refund of %(amount)s is withdrawn: %(offering)s") % words,
        _("We told you that it did not arrive, and that we pay it by hand. It had been begun by mistake, and is not owed."),
        _("What you have paid and what you have rented stay as they were. If you see it differently, answer this mail."),
    )


def vat_goes_back(news: News) -> RentalLetter:
    """VIES confirmed a VAT id after the order: VAT was charged and is not due."""
    words = {**news.names, "amount": news.amount, "vat_id": one_line(str(news.event.data["vat_id"]))}
    return to_customer(
        news,
        _("%(amount)s VAT goes back to you: %(offering)s") % words,
        _("When you ordered, the register of VAT ids did not answer, so VAT was charged. It has confirmed %(vat_id)s now.") % words,
        _("A credit note takes the invoice back, and a new one without VAT takes its place: you account for the VAT yourself."),
        total={"label": _("Comes back"), "amount": words["amount"]},
    )


def dispute_opened(news: News) -> RentalLetter:
    """The customer's bank took money back until it decides."""
    words = {**news.names, "amount": news.amount}
    state = news.contract.state
    if state == State.SUSPENDED:
        what = _("Until it decides the rental is paused and the clock stands still. Undecided on %(by)s, it ends.") % words
    elif state in BEFORE_DELIVERY and news.contract.is_disputed:
        what = _("Until it decides nothing is set up and no deadline runs.")
    else:
        what = _("Until it decides nothing else of it is paid back.")
    return to_customer(
        news,
        _("Payment disputed: %(offering)s") % words,
        _("Your bank has taken back %(amount)s until it decides. %(what)s") % {**words, "what": what},
        _("If you did not ask for this, tell your bank: then the rental goes on."),
    )


def dispute_closed(news: News) -> RentalLetter:
    """The bank has decided."""
    words = {**news.names, "amount": news.amount}
    won, over = bool(news.event.data["won"]), news.contract.is_final
    if won:
        text = _("Your bank has given %(amount)s to Decent Cloud again.") % words
        text += " " + (_("What is left of it to pay back is on its way.") if over else _went_on(news))
    else:
        text = _("Your bank has decided that %(amount)s stays with you.") % words
        text += " " + (_("The rental ended %(ended)s.") % words if over else _("The rental goes on."))
    return to_customer(news, _("Your bank has decided the dispute: %(offering)s") % words, text)


def _went_on(news: News) -> str:
    if news.contract.is_disputed:
        return _("Another dispute is still open.")
    if news.contract.ends_at is not None:
        return _("The rental goes on and ends %(ends)s; the time of the pause was given back.") % news.names
    return _("The order goes on.")


def pays_for_rental(news: News) -> bool:
    """Whether the dispute is about money that pays for the rental: else it is none of the provider's business."""
    dispute = Dispute.objects.select_related("payment").get(pk=news.event.data["dispute"])
    return not dispute.payment.anomaly
