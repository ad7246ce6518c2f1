"""Only what happens at the stand-in: customers, sessions, payments, refunds, disputes, the balance; each change has its event."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from threading import RLock
from typing import Any
from uuid import uuid4

from tests.stripe_standin import objects
from tests.stripe_standin.objects import Obj

HALF_HOUR, DAY = 30 * 60, 24 * 3600
STEPS = {"kwd": 10, "bhd": 10, "omr": 10}
# What Stripe Tax would say, in percent.
VAT = {"DE": 19, "FR": 20, "ES": 21, "IE": 23, "AT": 20, "NL": 21, "PL": 23, "SE": 25}
DISPUTE_FEE = 2000
KINDS = {
    "cus": "customer",
    "cs": "session",
    "pi": "intent",
    "ch": "charge",
    "re": "refund",
    "dp": "dispute",
    "txn": "transaction",
    "acct": "account",
    "tr": "transfer",
    "trr": "transfer reversal",
}


class Refusal(Exception):
    """Stripe says no: status and the error object of its answer."""

    def __init__(self, message: str, *, status: int = 400, kind: str = "invalid_request_error", code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message, "code": code}


@dataclass
class Habits:
    """How this Stripe behaves: what a test wants of it."""

    # Of a payment, in percent and in minor units of the currency it is settled in.
    fee_percent: int = 2
    fee_fixed: int = 25
    # Everything is settled in this currency, at this rate; None settles each payment in its own.
    settled_in: str | None = None
    # An account that was opened may be paid at once, without anybody setting it up.
    accounts_begin_ready: bool = False
    # Where it opens no accounts.
    refused_countries: set[str] = field(default_factory=set)
    # What an account has left of what it was sent, where it is less than all of it.
    held_by_accounts: dict[str, int] = field(default_factory=dict)
    # What happens right after a transfer was made: a test's own.
    after_transfer: Callable[[], object] = lambda: None
    rate: Fraction = Fraction(11, 10)
    # Money shows in the balance at once, or when a test says `report`.
    reports_at_once: bool = True
    # How a refund begins.
    refunds_begin: str = "pending"
    # The VAT that it sees in a payment, whatever its table says.
    tax: int | None = None


@dataclass
class Account:
    """The memory. Every verb is one step that nobody sees half done."""

    page_base: str = ""
    version: str = "2026-10-28.endive"
    now: Callable[[], float] = time.time
    habits: Habits = field(default_factory=Habits)
    rows: dict[str, Obj] = field(default_factory=dict)
    events: list[Obj] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    descriptions: dict[str, str] = field(default_factory=dict)
    # Links to set an account up: which, and where it leads back to.
    links: dict[str, tuple[str, str]] = field(default_factory=dict)

    # --- Reading ---

    def get(self, id_: str) -> Obj:
        if id_ not in self.rows:
            raise Refusal(f"No such object: '{id_}'", status=404, code="resource_missing")
        return self.rows[id_]

    def all(self, prefix: str, **having: Any) -> list[Obj]:
        """Newest first, as Stripe lists."""
        rows = [row for id_, row in self.rows.items() if id_.startswith(f"{prefix}_")]
        return [row for row in reversed(rows) if all(row.get(name) == value for name, value in having.items())]

    def _new(self, prefix: str) -> str:
        return f"{prefix}_{uuid4().hex[:24]}"

    def _keep(self, row: Obj) -> Obj:
        self.rows[row["id"]] = row
        return row

    def _tell(self, kind: str, about: Obj) -> None:
        self.events.append(objects.event(self._new("evt"), int(self.now()), kind, copy.deepcopy(about), self.version))

    # --- What the shop asks for ---

    def create_customer(self, params: Obj) -> Obj:
        with self.lock:
            return self._keep(objects.customer(self._new("cus"), int(self.now()), params))

    def create_session(self, params: Obj) -> Obj:
        with self.lock:
            ahead = params["expires_at"] - self.now()
            if not HALF_HOUR - 60 <= ahead <= DAY:
                raise Refusal("The `expires_at` timestamp must be between 30 minutes and 24 hours from now.")
            prices = [(item["price_data"], item["quantity"]) for item in params["line_items"]]
            (code,) = {price["currency"] for price, _quantity in prices}
            amount = sum(price["unit_amount"] * quantity for price, quantity in prices)
            if amount % STEPS.get(code, 1):
                raise Refusal("Amounts in three-decimal currencies end in 0.", code="invalid_amount")
            buyer = self.get(params["customer"])
            id_ = f"cs_test_{uuid4().hex}"
            row = objects.session(
                id_, int(self.now()), params, amount=amount, currency=code, buyer=buyer, url=f"{self.page_base}/pay/{id_}"
            )
            self.descriptions[id_] = prices[0][0]["product_data"]["name"]
            return self._keep(row)

    def expire_session(self, id_: str) -> Obj:
        with self.lock:
            row = self.get(id_)
            if row["status"] != "open":
                raise Refusal('Only Checkout Sessions with a status in ["open"] can be expired.')
            row.update(status="expired", url=None)
            self._tell("checkout.session.expired", row)
            return row

    def create_refund(self, params: Obj) -> Obj:
        with self.lock:
            charge = self._charge_of(params)
            if any(row["status"] in {"needs_response", "under_review", "lost"} for row in self.all("dp", charge=charge["id"])):
                raise Refusal("The charge has been charged back; cannot issue a refund.", code="charge_disputed")
            left = charge["amount"] - charge["amount_refunded"]
            amount = params.get("amount", left)
            if not 0 < amount <= left:
                raise Refusal(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})")
            refund = objects.refund(
                self._new("re"),
                int(self.now()),
                charge,
                amount=amount,
                status=self.habits.refunds_begin,
                metadata=params.get("metadata") or {},
            )
            self._keep(refund)
            refund["balance_transaction"] = self._book("refund", refund, -amount, fee=0)
            charge["amount_refunded"] += amount
            charge["refunded"] = charge["amount_refunded"] == charge["amount"]
            self._tell("refund.created", refund)
            self._tell("charge.refunded", charge)
            return refund

    def _charge_of(self, params: Obj) -> Obj:
        if "charge" in params:
            return self.get(params["charge"])
        intent = self.get(params["payment_intent"])
        if intent["latest_charge"] is None or intent["status"] != "succeeded":
            raise Refusal("This PaymentIntent does not have a successful charge to refund.")
        return self.get(intent["latest_charge"])

    # --- What the customer does ---

    def pay(self, session_id: str, *, country: str = "DE", slowly: bool = False, amount: int | None = None) -> Obj:
        """Pay on the page; `slowly` by a method that takes days. Another `amount` than was asked is Stripe's own fault."""
        with self.lock:
            session = self._open(session_id)
            if amount is not None:
                session["amount_total"] = amount
            self._compute_tax(session)
            intent = self._keep(objects.intent(self._new("pi"), int(self.now()), session, self.descriptions[session_id]))
            session.update(payment_intent=intent["id"], status="complete", url=None)
            if slowly:
                intent["status"] = "processing"
                self._tell("checkout.session.completed", session)
            else:
                self._receive(session, intent, country, "card")
                self._tell("checkout.session.completed", session)
            return session

    def decline(self, session_id: str) -> Obj:
        """The bank says no; the page stays open for another card."""
        with self.lock:
            session = self._open(session_id)
            self._tell("payment_intent.payment_failed", objects.intent(self._new("pi"), int(self.now()), session, ""))
            return session

    def finish(self, session_id: str, *, well: bool) -> Obj:
        """The slow method has come to its end."""
        with self.lock:
            session = self.get(session_id)
            intent = self.get(session["payment_intent"])
            if intent["status"] != "processing":
                raise Refusal("This payment is not on its way.")
            if well:
                self._receive(session, intent, "DE", "sepa_debit")
            else:
                intent["status"] = "requires_payment_method"
            self._tell(f"checkout.session.async_payment_{'succeeded' if well else 'failed'}", session)
            return session

    def _open(self, session_id: str) -> Obj:
        session = self.get(session_id)
        if session["status"] == "open" and session["expires_at"] <= self.now():
            session = self.expire_session(session_id)
        if session["status"] != "open":
            raise Refusal("This page is closed.")
        return session

    def _compute_tax(self, session: Obj) -> None:
        if not session["automatic_tax"]["enabled"]:
            return
        details = session["customer_details"]
        percent = 0 if details["tax_exempt"] == "reverse" else VAT.get((details["address"] or {}).get("country", ""), 0)
        within = round(Fraction(session["amount_total"] * percent, 100 + percent))
        session["automatic_tax"]["status"] = "complete"
        session["total_details"]["amount_tax"] = within if self.habits.tax is None else self.habits.tax

    def _receive(self, session: Obj, intent: Obj, country: str, method: str) -> None:
        charge = self._keep(objects.charge(self._new("ch"), int(self.now()), intent, country=country, method=method))
        intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"])
        session["payment_status"] = "paid"
        if self.habits.reports_at_once:
            self.report(charge["id"])

    # --- What the bank and the dashboard do ---

    def report(self, charge_id: str) -> None:
        """The payment shows in the balance, less the fee."""
        with self.lock:
            charge = self.get(charge_id)
            settled = abs(self._settled(charge["amount"], charge["currency"])[0])
            fee = settled * self.habits.fee_percent // 100 + self.habits.fee_fixed
            charge["balance_transaction"] = self._book("charge", charge, charge["amount"], fee=min(fee, settled))

    def settle_refund(self, refund_id: str, *, well: bool) -> Obj:
        """A refund has arrived; or it has not, or has come back, and its money is in the balance again."""
        with self.lock:
            refund = self.get(refund_id)
            if refund["status"] == "failed" or (well and refund["status"] == "succeeded"):
                raise Refusal("This refund has come to its end.")
            if well:
                refund["status"] = "succeeded"
                self._tell("refund.updated", refund)
                return refund
            charge = self.get(refund["charge"])
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            refund.update(status="failed", failure_reason="lost_or_stolen_card")
            refund["failure_balance_transaction"] = self._book("refund_failure", refund, refund["amount"], fee=0)
            self._tell("refund.failed", refund)
            self._tell("refund.updated", refund)
            return refund

    def dispute(self, charge_id: str, *, amount: int | None = None, inquiry: bool = False) -> Obj:
        with self.lock:
            charge = self.get(charge_id)
            disputed = charge["amount"] - charge["amount_refunded"] if amount is None else amount
            status = "warning_needs_response" if inquiry else "needs_response"
            due_by = int(self.now()) + 7 * DAY
            dispute = self._keep(
                objects.dispute(self._new("dp"), int(self.now()), charge, amount=disputed, status=status, due_by=due_by)
            )
            self._tell("charge.dispute.created", dispute)
            if not inquiry:
                self._withdraw(dispute)
            return dispute

    def escalate(self, dispute_id: str) -> Obj:
        """An inquiry becomes a dispute."""
        with self.lock:
            dispute = self.get(dispute_id)
            dispute.update(status="needs_response", is_charge_refundable=False)
            self._withdraw(dispute)
            self._tell("charge.dispute.updated", dispute)
            return dispute

    def decide(self, dispute_id: str, outcome: str) -> Obj:
        """`won`, `lost` or `warning_closed`."""
        with self.lock:
            dispute = self.get(dispute_id)
            allowed = {"warning_closed"} if dispute["status"].startswith("warning_") else {"won", "lost"}
            if outcome not in allowed or dispute["status"] in {"won", "lost", "warning_closed"}:
                raise Refusal("This dispute cannot end like this.")
            dispute["status"] = outcome
            if outcome == "won":
                dispute["balance_transactions"].append(self.get(self._book("adjustment", dispute, dispute["amount"], fee=0)))
                self._tell("charge.dispute.funds_reinstated", dispute)
            self._tell("charge.dispute.closed", dispute)
            return dispute

    def pay_out(self, amount: int, currency: str) -> Obj:
        """Money goes to the shop's own bank."""
        with self.lock:
            id_ = self._new("po")
            row = objects.transaction(
                self._new("txn"), int(self.now()), kind="payout", source=id_, amount=-amount, fee=0, currency=currency
            )
            return self._keep(row)

    def _withdraw(self, dispute: Obj) -> None:
        self.get(dispute["charge"])["disputed"] = True
        dispute["balance_transactions"].append(self.get(self._book("adjustment", dispute, -dispute["amount"], fee=DISPUTE_FEE)))
        self._tell("charge.dispute.funds_withdrawn", dispute)

    def _settled(self, amount: int, currency: str) -> tuple[int, str]:
        other = self.habits.settled_in
        if other is None or other == currency:
            return amount, currency
        return round(amount * self.habits.rate), other

    def _book(self, kind: str, source: Obj, amount: int, *, fee: int) -> str:
        settled, currency = self._settled(amount, source["currency"])
        row = objects.transaction(
            self._new("txn"), int(self.now()), kind=kind, source=source["id"], amount=settled, fee=fee, currency=currency
        )
        self._keep(row)
        return str(row["id"])
