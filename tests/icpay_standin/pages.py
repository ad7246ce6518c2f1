"""Only what a person sees of the stand-in: the payment page, on which a payment can go right and wrong in every way."""

from collections.abc import Callable
from html import escape

from tests.icpay_standin.account import LEDGERS, Account, Obj

# What a button does, by its name: with the intent's id and the token that is chosen.
_BUTTONS: dict[str, Callable[[Account, str, str], object]] = {
    "pay": lambda account, id_, token: account.pay(id_, token),
    "pay one unit less": lambda account, id_, token: account.pay(id_, token, off=-1),
    "pay half": lambda account, id_, token: account.pay(id_, token, units=int(account.choose(id_, token)["amount"]) // 2),
    "pay twice as much": lambda account, id_, token: account.pay(id_, token, units=int(account.choose(id_, token)["amount"]) * 2),
    "pay in another token": lambda account, id_, token: account.pay(
        id_, token, paid_in="ic_ckusdc" if token != "ic_ckusdc" else "ic_icp"
    ),
    "send, and wait": lambda account, id_, token: account.begin(id_, token),
    "fail": lambda account, id_, token: account.fail(account.begin(id_, token)["id"]),
    "confirm what was sent": lambda account, id_, _token: [account.finish(row["id"]) for row in _pending(account, id_)],
    "give back what came": lambda account, id_, _token: [account.refund(row["id"]) for row in _came(account, id_)],
}


def show(account: Account, code: str, form: dict[str, str]) -> tuple[int, str]:
    """Status and page of a link, after what the form says was done."""
    intent_id = account.links.get(code)
    if intent_id is None:
        return 404, _document("Not found", "<p>There is no such page.</p>")
    if (verb := _BUTTONS.get(form.get("do", ""))) is not None:
        verb(account, intent_id, form.get("token", "ic_icp"))
    intent = account.intents[intent_id]
    tokens = "".join(f"<option value='{name}'>{escape(row['symbol'])} ({name})</option>" for name, row in LEDGERS.items())
    buttons = "".join(f"<button name='do' value='{name}'>{name}</button> " for name in _BUTTONS)
    rows = "".join(
        f"<li>{escape(row['status'])}: {escape(str(row['paidAmount']))} of {escape(row['requestedAmount'])} units</li>"
        for row in account.payments.values()
        if row["paymentIntentId"] == intent_id
    )
    return 200, _document(
        f"$ {escape(str(intent['amountUsd']))}",
        f"<p>{escape(intent['status'])}</p><form method='post'><label>Token <select name='token'>{tokens}</select></label>"
        f"<p>{buttons}</p></form><ul>{rows}</ul>",
    )


def _pending(account: Account, intent_id: str) -> list[Obj]:
    return [row for row in account.payments.values() if row["paymentIntentId"] == intent_id and row["status"] == "pending"]


def _came(account: Account, intent_id: str) -> list[Obj]:
    came = ("completed", "mismatched")
    return [row for row in account.payments.values() if row["paymentIntentId"] == intent_id and row["status"] in came]


def _document(title: str, content: str) -> str:
    head = f"<!doctype html><meta charset='utf-8'><link rel='icon' href='data:,'><title>{title}</title>"
    return f"{head}<h1>Stand-in for ICPay: {title}</h1>{content}"
