"""Only what happens at the stand-in: links, intents, payments, transactions, refunds; each change has its event."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from threading import RLock
from typing import Any
from uuid import uuid4

Obj = dict[str, Any]

# What ICPay keeps of a payment, in hundredths of a percent.
FEE_BP = 50


class Refusal(Exception):
    """ICPay says no, with this status."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def _ledger(shortcode: str, symbol: str, canister: str, decimals: int, price: str) -> Obj:
    chain = shortcode.partition("_")[0]
    return {
        "id": str(uuid4()),
        "name": symbol,
        "symbol": symbol,
        "shortcode": shortcode,
        "canisterId": canister,
        "chainShortcode": chain,
        "chainType": "ic" if chain == "ic" else "evm",
        "decimals": decimals,
        "currentPrice": price,
        "verified": True,
    }


LEDGERS: dict[str, Obj] = {
    row["shortcode"]: row
    for row in (
        _ledger("ic_icp", "ICP", "ryjl3-tyaaa-aaaaa-aaaba-cai", 8, "4.87"),
        _ledger("ic_ckusdc", "ckUSDC", "xevnm-gaaaa-aaaar-qafnq-cai", 6, "1"),
        _ledger("ic_cketh", "ckETH", "ss2fx-dyaaa-aaaar-qacoq-cai", 18, "2912.35"),
        _ledger("base_usdc", "USDC", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", 6, "0.9998"),
    )
}


@dataclass
class Account:
    """The memory. Every verb is one step that nobody sees half done."""

    now: Callable[[], float] = time.time
    links: dict[str, str] = field(default_factory=dict)
    intents: dict[str, Obj] = field(default_factory=dict)
    payments: dict[str, Obj] = field(default_factory=dict)
    transactions: dict[str, Obj] = field(default_factory=dict)
    events: list[Obj] = field(default_factory=list)
    # Payments that are to be given back: asked for, and not done before `refund`. `broke`: there is nothing to give back from.
    refunding: list[str] = field(default_factory=list)
    broke: bool = False
    lock: RLock = field(default_factory=RLock)

    def create_link(self, body: Obj) -> Obj:
        """A payment page over an amount in US dollars; its token is chosen there."""
        with self.lock:
            intent = self.create_intent({"amountUsd": body["amountUsd"], "metadata": body.get("metadata", {})})
            code = uuid4().hex[:10]
            self.links[code] = intent["id"]
            return {"shortcode": code, "paymentIntentId": intent["id"], "amountUsd": str(body["amountUsd"])}

    def create_intent(self, body: Obj) -> Obj:
        """As anybody can with the publishable key, over any amount and with any metadata."""
        with self.lock:
            intent = {
                "id": str(uuid4()),
                "amountUsd": None if body.get("amountUsd") is None else str(body["amountUsd"]),
                "amount": "0",
                "ledgerCanisterId": None,
                "tokenShortcode": None,
                "status": "requires_payment",
                "metadata": dict(body.get("metadata", {})),
                **self._times(),
            }
            self.intents[intent["id"]] = intent
            if body.get("tokenShortcode"):
                self._set_token(intent, body["tokenShortcode"], int(body["amount"]))
            self._tell("payment_intent.created", intent)
            return intent

    def choose(self, intent_id: str, shortcode: str) -> Obj:
        """The customer chooses a token: the intent asks for so much of it, rounded up to its smallest unit."""
        with self.lock:
            intent, ledger = self.intents[intent_id], LEDGERS[shortcode]
            worth = Decimal(intent["amountUsd"]) / Decimal(ledger["currentPrice"])
            self._set_token(intent, shortcode, int((worth.scaleb(ledger["decimals"])).to_integral_value(ROUND_CEILING)))
            return intent

    def begin(self, intent_id: str, shortcode: str = "ic_icp", *, paid_in: str = "") -> Obj:
        """A transaction was sent and is not confirmed yet. Where nobody has chosen before, `shortcode` is what is asked for."""
        with self.lock:
            intent = self.intents[intent_id]
            if not intent["tokenShortcode"]:
                self.choose(intent_id, shortcode)
            ledger = LEDGERS[paid_in or intent["tokenShortcode"]]
            transaction = {
                "id": str(uuid4()),
                "status": "processing",
                "transactionType": "payment",
                "amount": intent["amount"],
                "platformFeeAmount": None,
                "accountAmount": None,
                "tokenPrice": ledger["currentPrice"],
                "ledgerCanisterId": ledger["canisterId"],
                "senderPrincipalId": "2vxsx-fae",
            }
            payment = {
                "id": str(uuid4()),
                "paymentIntentId": intent_id,
                "transactionId": transaction["id"],
                "ledgerTxId": None,
                "amount": intent["amount"],
                "ledgerCanisterId": ledger["canisterId"],
                "tokenShortcode": ledger["shortcode"],
                "status": "pending",
                "requestedAmount": intent["amount"],
                "paidAmount": None,
                "metadata": copy.deepcopy(intent["metadata"]),
                **self._times(),
            }
            self.payments[payment["id"]], self.transactions[transaction["id"]] = payment, transaction
            intent["status"] = "processing"
            self._tell("payment.created", payment)
            return payment

    def finish(self, payment_id: str, *, units: int | None = None, status: str = "") -> Obj:
        """It is confirmed with so many units, by default what was asked for; `status` instead of the one that follows from it."""
        with self.lock:
            payment = self.payments[payment_id]
            asked = int(payment["requestedAmount"])
            came = asked if units is None else units
            fee = came * FEE_BP // 10_000
            self.transactions[payment["transactionId"]].update(
                status="completed", amount=str(came), platformFeeAmount=str(fee), accountAmount=str(came - fee)
            )
            payment.update(
                status=status or ("completed" if came == asked else "mismatched"),
                paidAmount=str(came),
                ledgerTxId=uuid4().hex,
                updatedAt=self._stamp(),
            )
            self.intents[payment["paymentIntentId"]]["status"] = "completed"
            self._tell("payment.updated", payment)
            self._tell("payment.completed", payment)
            return payment

    def fail(self, payment_id: str, status: str = "failed") -> Obj:
        """It did not work, or was given up; the page may be paid by another one."""
        with self.lock:
            payment = self.payments[payment_id]
            self.transactions[payment["transactionId"]]["status"] = "failed"
            payment.update(status=status, updatedAt=self._stamp())
            self.intents[payment["paymentIntentId"]]["status"] = "requires_payment"
            self._tell("payment.failed" if status == "failed" else "payment.cancelled", payment)
            return payment

    def pay(
        self,
        intent_id: str,
        shortcode: str = "ic_icp",
        *,
        off: int = 0,
        units: int | None = None,
        paid_in: str = "",
        status: str = "",
    ) -> Obj:
        """All of it at once: what is asked for and `off` units more or less, or so many `units`."""
        with self.lock:
            payment = self.begin(intent_id, shortcode, paid_in=paid_in)
            return self.finish(
                payment["id"], units=int(payment["requestedAmount"]) + off if units is None else units, status=status
            )

    def may_refund(self, payment_id: str) -> bool:
        """Whether a payment can be given back: it came, is not on its way back, and there is enough to do it."""
        with self.lock:
            payment = self.payments.get(payment_id)
            return not self.broke and payment is not None and payment["status"] == "completed" and payment_id not in self.refunding

    def refund(self, payment_id: str) -> Obj:
        """All of a payment goes back to where it came from, as somebody has asked for in the dashboard."""
        with self.lock:
            payment = self.payments[payment_id]
            payment.update(status="refunded", updatedAt=self._stamp())
            self._tell("payment.refunded", payment)
            return payment

    def whole(self, payment_id: str) -> Obj:
        """A payment with all that belongs to it."""
        payment = self.payments[payment_id]
        return {
            "payment": payment,
            "intent": self.intents.get(payment["paymentIntentId"]),
            "invoice": None,
            "transaction": self.transactions.get(payment["transactionId"]),
        }

    def history(self) -> list[Obj]:
        """The payments as the history shows them, oldest first."""
        rows = []
        for payment in self.payments.values():
            transaction = self.transactions[payment["transactionId"]]
            ledger = LEDGERS[payment["tokenShortcode"]]
            names = ("id", "status", "ledgerCanisterId", "tokenShortcode", "paidAmount", "metadata", "createdAt", "updatedAt")
            row = {name: payment[name] for name in names}
            rows.append(
                {
                    **row,
                    "amount": transaction["amount"],
                    "fee": transaction["platformFeeAmount"],
                    "ledgerSymbol": ledger["symbol"],
                    "decimals": ledger["decimals"],
                    "tokenPrice": transaction["tokenPrice"],
                    "fromAddress": transaction["senderPrincipalId"],
                }
            )
        return sorted(rows, key=lambda row: str(row["createdAt"]))

    def _set_token(self, intent: Obj, shortcode: str, units: int) -> None:
        ledger = LEDGERS[shortcode]
        intent.update(amount=str(units), tokenShortcode=shortcode, ledgerCanisterId=ledger["canisterId"], updatedAt=self._stamp())

    def _tell(self, kind: str, about: Obj) -> None:
        self.events.append(
            {
                "id": f"evt_{uuid4().hex}",
                "object": "event",
                "api_version": "2025-08-11",
                "created": int(self.now()),
                "type": kind,
                "livemode": False,
                "data": {"object": copy.deepcopy(about)},
            }
        )

    def _times(self) -> Obj:
        return {"createdAt": self._stamp(), "updatedAt": self._stamp()}

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
