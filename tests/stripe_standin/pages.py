"""Only what a person sees of the stand-in: the payment page, and a dashboard with everything that can happen to a payment."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Protocol

from tests.stripe_standin import connect
from tests.stripe_standin.account import Account, Refusal
from tests.stripe_standin.objects import Obj


class Shown(Protocol):
    """What the pages need of a running stand-in."""

    account: Account
    held: bool

    def waiting(self) -> list[Obj]: ...


@dataclass(frozen=True)
class Page:
    """A page, or where to go."""

    html: str = ""
    status: int = 200
    location: str = ""


def show(standin: Shown, method: str, path: str, form: dict[str, str]) -> Page:
    """The page at this path, after what the form says was done."""
    try:
        if path.startswith("/pay/"):
            id_ = path.removeprefix("/pay/")
            return _paying(standin.account, id_, form) if method == "POST" else Page(_payment_page(standin.account.get(id_)))
        if path.startswith("/setup/"):
            return _setting_up(standin.account, path.removeprefix("/setup/"), form)
        if path == "/" and method == "POST":
            _do(standin, form)
            return Page(location="/")
        if path == "/":
            return Page(_dashboard(standin))
    except Refusal as refusal:
        return Page(_document("Refused", f"<p>{escape(str(refusal))}</p><p><a href='/'>Dashboard</a></p>"), refusal.status)
    return Page(_document("Not found", "<p>Nothing is here.</p>"), 404)


def _paying(account: Account, id_: str, form: dict[str, str]) -> Page:
    session = account.get(id_)
    what = form.get("do", "")
    if what == "decline":
        account.decline(id_)
        return Page(_payment_page(session, "Your card was declined."))
    if what == "cancel":
        return Page(location=str(session["cancel_url"]))
    account.pay(id_, country=form.get("country", "DE"), slowly=what == "slowly")
    return Page(location=str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", id_))


def _setting_up(account: Account, link: str, form: dict[str, str]) -> Page:
    """Where a provider says who it is. Its way back was given when the link was made."""
    id_, done = account.links[link]
    if form.get("do") == "set up":
        connect.set_up(account, id_)
    if form:
        return Page(location=done)
    buttons = "<button name='do' value='set up'>Give my details</button> <button name='do' value='later'>Later</button>"
    return Page(_document("Set up", f"<p>Account {escape(id_)}</p><form method='post'>{buttons}</form>"))


def _payment_page(session: Obj, said: str = "") -> str:
    amount = f"{session['amount_total']} {session['currency'].upper()} (smallest units)"
    if session["status"] != "open":
        return _document("Closed", f"<p>This page is {escape(session['status'])}.</p>")
    buyer = session["customer_details"]
    choices = [("pay", "Pay"), ("decline", "Decline"), ("slowly", "Pay by a slow method"), ("cancel", "Back to the shop")]
    buttons = "".join(f"<button name='do' value='{value}'>{label}</button> " for value, label in choices)
    return _document(
        "Pay",
        f"<p>{escape(said)}</p><p>{escape(amount)}, for {escape(str(buyer['name']))}, {escape(str(buyer['email']))}</p>"
        f"<form method='post'><label>Country of the card <input name='country' value='DE' size='2'></label><p>{buttons}</p></form>",
    )


# What a button of the dashboard does, by its name: with the id that it stands beside.
_BUTTONS: dict[str, Callable[[Account, str], object]] = {
    "finish well": lambda account, id_: account.finish(id_, well=True),
    "finish badly": lambda account, id_: account.finish(id_, well=False),
    "expire": lambda account, id_: account.expire_session(id_),
    "dispute": lambda account, id_: account.dispute(id_),
    "dispute half": lambda account, id_: account.dispute(id_, amount=_half(account, id_)),
    "inquire": lambda account, id_: account.dispute(id_, inquiry=True),
    "refund half": lambda account, id_: account.create_refund({"charge": id_, "amount": _half(account, id_)}),
    "refund all": lambda account, id_: account.create_refund({"charge": id_}),
    "report": lambda account, id_: account.report(id_),
    "refund arrives": lambda account, id_: account.settle_refund(id_, well=True),
    "refund fails": lambda account, id_: account.settle_refund(id_, well=False),
    "escalate": lambda account, id_: account.escalate(id_),
    "win": lambda account, id_: account.decide(id_, "won"),
    "lose": lambda account, id_: account.decide(id_, "lost"),
    "set up": connect.set_up,
    "close inquiry": lambda account, id_: account.decide(id_, "warning_closed"),
}


def _half(account: Account, charge_id: str) -> int:
    return int(account.get(charge_id)["amount"]) // 20 * 10


def _do(standin: Shown, form: dict[str, str]) -> None:
    if form.get("do") == "hold":
        standin.held = not standin.held
    elif (button := _BUTTONS.get(form.get("do", ""))) is not None:
        button(standin.account, form.get("id", ""))


def _dashboard(standin: Shown) -> str:
    account = standin.account
    held = "held back" if standin.held else "brought at once"
    return _document(
        "Dashboard",
        f"<form method='post'>Messages are {held} ({len(standin.waiting())} wait). "
        "<button name='do' value='hold'>Change</button></form>"
        + _table("Payment pages", account.all("cs"), "status", "payment_status", buttons=_for_session)
        + _table("Payments", account.all("ch"), "amount", "currency", "amount_refunded", buttons=_for_charge)
        + _table("Refunds", account.all("re"), "amount", "currency", "status", buttons=_for_refund)
        + _table("Disputes", account.all("dp"), "amount", "currency", "status", buttons=_for_dispute)
        + _table("Accounts", account.all("acct"), "country", "payouts_enabled", buttons=_for_account)
        + _table("Transfers", account.all("tr"), "amount", "amount_reversed", "currency", "destination", buttons=lambda _row: ())
        + _table("Balance", account.all("txn"), "type", "amount", "fee", "currency", "source", buttons=lambda _row: ()),
    )


def _for_session(row: Obj) -> tuple[str, ...]:
    if row["status"] == "open":
        return ("expire",)
    is_slow = row["status"] == "complete" and row["payment_status"] == "unpaid"
    return ("finish well", "finish badly") if is_slow else ()


def _for_account(row: Obj) -> tuple[str, ...]:
    return () if row["payouts_enabled"] else ("set up",)


def _for_charge(row: Obj) -> tuple[str, ...]:
    always = ("refund half", "refund all", "dispute", "dispute half", "inquire")
    return always if row["balance_transaction"] else (*always, "report")


def _for_refund(row: Obj) -> tuple[str, ...]:
    return {"pending": ("refund arrives", "refund fails"), "succeeded": ("refund fails",)}.get(row["status"], ())


def _for_dispute(row: Obj) -> tuple[str, ...]:
    return {"needs_response": ("win", "lose"), "warning_needs_response": ("close inquiry", "escalate")}.get(row["status"], ())


def _table(title: str, rows: list[Obj], *columns: str, buttons: Callable[[Obj], tuple[str, ...]]) -> str:
    lines = "".join(
        f"<tr><td>{escape(row['id'])}</td>"
        + "".join(f"<td>{escape(str(row[column]))}</td>" for column in columns)
        + f"<td><form method='post'><input type='hidden' name='id' value='{escape(row['id'])}'>"
        + "".join(f"<button name='do' value='{name}'>{name}</button> " for name in buttons(row))
        + "</form></td></tr>"
        for row in rows
    )
    return f"<h2>{title}</h2><table>{lines or '<tr><td>none</td></tr>'}</table>"


def _document(title: str, body: str) -> str:
    style = "body{font:16px/1.5 sans-serif;margin:2rem}td{padding:.2rem .8rem .2rem 0}button{font:inherit}"
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}: Stripe stand-in</title>"
        f"<link rel='icon' href='data:,'><style>{style}</style>"
        f"<h1>{title}</h1><p>A stand-in for Stripe. No money moves here.</p>{body}</html>"
    )
