"""Only why money came back, where nothing else has told it: goodwill, and what somebody of ours sent past the shop."""

from django.utils.translation import gettext as _

from billing.models import Refund
from billing.states import RefundKind
from billing.tokens_back import amount_back
from contracts.models import Contract
from messaging.letters.news import one_line


def tokens_sent(refund: Refund) -> str:
    """How tokens went back: how many, and by which transaction where a person sent them; or that it is too little to be sent."""
    amount = amount_back(refund)
    assert amount is not None
    if not amount.units:
        text = _("That is less than the smallest unit of %(token)s, so nothing was sent yet: it comes with what comes back next.")
        return text % {"token": amount.code}
    words = {"tokens": amount.text, "reference": one_line(refund.reference)}
    if not refund.reference:
        return _("%(tokens)s went back to where you paid from.") % words
    return _("%(tokens)s went to the address that you confirmed, by transaction %(reference)s.") % words


def why_back(refund: Refund, contract: Contract) -> tuple[str, ...]:
    """Sentences for a letter; none for what is unused or pays for nothing, because the mail about that end has said it."""
    if refund.kind == RefundKind.GOODWILL:
        why = _("We gave it back as goodwill: “%(reason)s”") % {"reason": one_line(refund.reason)}
    elif refund.kind == RefundKind.IMPORTED:
        why = _("Decent Cloud sent it back to you by hand.")
    else:
        return ()
    return (why,) if contract.is_final else (why, _("Your rental goes on as before."))
