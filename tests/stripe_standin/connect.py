"""Only what happens around connected accounts at the stand-in: opened, set up, sent money to, taken back from."""

from collections import Counter
from typing import Any

from tests.stripe_standin import objects
from tests.stripe_standin.account import Account, Refusal
from tests.stripe_standin.objects import Obj

# The states of a dispute in which the bank has the money.
WITHDRAWN = frozenset({"needs_response", "under_review", "lost"})


def create_account(account: Account, params: Obj) -> Obj:
    with account.lock:
        if params["country"] in account.habits.refused_countries:
            raise Refusal(f"{params['country']} is not currently supported by Stripe.")
        row = objects.connected_account(account._new("acct"), int(account.now()), params)
        if account.habits.accounts_begin_ready:
            _ready(row)
        return account._keep(row)


def set_up(account: Account, id_: str) -> Obj:
    """The provider has told Stripe who it is, and Stripe is content."""
    with account.lock:
        row = account.get(id_)
        _ready(row)
        account._tell("account.updated", row)
        return row


def _ready(row: Obj) -> None:
    row.update(details_submitted=True, payouts_enabled=True, capabilities={"transfers": "active"})


def create_link(account: Account, params: Obj) -> Obj:
    """Where the provider goes; the page leads back when it is done."""
    with account.lock:
        row = account.get(params["account"])
        link = account._new("link")
        account.links[link] = (row["id"], params["return_url"])
        return objects.account_link(int(account.now()), f"{account.page_base}/setup/{link}")


def balance(account: Account, _params: Obj) -> Obj:
    """All that was booked is available here."""
    sums: Counter[str] = Counter()
    for row in account.all("txn"):
        sums[row["currency"]] += row["net"]
    rows = [{"amount": amount, "currency": code, "source_types": {"card": amount}} for code, amount in sums.items()]
    return {"object": "balance", "livemode": False, "available": rows, "pending": [], "connect_reserved": []}


def create_transfer(account: Account, params: Obj) -> Obj:
    with account.lock:
        receiver = account.get(params["destination"])
        if receiver["capabilities"]["transfers"] != "active":
            raise Refusal(
                "Your destination account needs to have the transfers capability.", code="insufficient_capabilities_for_transfer"
            )
        if "source_transaction" in params:
            _check_source(account, params)
        elif _available(account, params["currency"]) < params["amount"]:
            raise Refusal("You have insufficient available funds in your Stripe account.", code="balance_insufficient")
        row = account._keep(objects.transfer(account._new("tr"), int(account.now()), params))
        row["balance_transaction"] = account._book("transfer", row, -row["amount"], fee=0)
        account._tell("transfer.created", row)
        account.habits.after_transfer()
        return row


def _check_source(account: Account, params: Obj) -> None:
    charge = account.get(params["source_transaction"])
    settled = account.habits.settled_in or charge["currency"]
    if settled != params["currency"]:
        raise Refusal(f"The currency of source_transaction's balance transaction is {settled}.")
    # Written by Stripe is only that the transfers do not exceed the charge. Here what was refunded or disputed leaves no room, nor
    # does a transfer that was reversed: who stays within this stays within whatever Stripe does.
    gone = sum(row["amount"] for row in account.all("dp", charge=charge["id"]) if row["status"] in WITHDRAWN)
    left = charge["amount"] - charge["amount_refunded"] - gone
    sent = sum(row["amount"] for row in account.all("tr", source_transaction=charge["id"]))
    if sent + params["amount"] > left:
        there = f" (There is already a transfer using this source, amounting to {sent}.)" if sent else ""
        raise Refusal(f"Transfers using this transaction as a source must not exceed the source amount of {left}.{there}")


def _available(account: Account, currency: str) -> int:
    return sum(row["amount"] for row in balance(account, {})["available"] if row["currency"] == currency)


def create_reversal(account: Account, params: Obj, transfer_id: str) -> Obj:
    with account.lock:
        transfer = account.get(transfer_id)
        amount = params.get("amount", transfer["amount"] - transfer["amount_reversed"])
        if not 0 < amount <= transfer["amount"] - transfer["amount_reversed"]:
            raise Refusal("Reversal amount is greater than unreversed amount on transfer.")
        if amount > account.habits.held_by_accounts.get(transfer["destination"], amount):
            raise Refusal("The account has insufficient funds for this reversal.", code="balance_insufficient")
        row = account._keep(
            objects.transfer_reversal(
                account._new("trr"), int(account.now()), transfer, amount=amount, metadata=params.get("metadata") or {}
            )
        )
        row["balance_transaction"] = account._book("transfer_refund", row, amount, fee=0)
        transfer["amount_reversed"] += amount
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        account._tell("transfer.reversed", transfer)
        return row


def reversals_of(account: Account, params: Obj, transfer_id: str) -> Obj:
    rows: list[Any] = account.all("trr", transfer=transfer_id)
    return {
        "object": "list",
        "data": rows[: params.get("limit", 10)],
        "has_more": False,
        "url": f"/v1/transfers/{transfer_id}/reversals",
    }
