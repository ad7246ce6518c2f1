"""Contracts by the million with all that stands beside them, from the stock hold to the ledger."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Model

from billing.gateway_facts import PaymentStatus, RefundStatus
from billing.models import Charge, LedgerEntry, LedgerLine, Payment, Refund, SandboxPayment, SandboxRefund
from billing.proof import MADE_FOR_MEASURING
from billing.states import ChargePurpose, LedgerAccount, PaymentState, RefundKind, RefundState
from billing.tax import TaxDecision
from billing.taxation import home_decision, seller
from contracts.models import Contract, Delivery, Move, Segment, Settlement
from contracts.pricing import HOUR, PaidTerm, earned_minor, rent_minor
from contracts.references import ALPHABET
from contracts.states import FINAL, ActorKind, Fault, State
from contracts.terms import freeze_terms
from core.formats import hours_text
from core.models import DomainEvent
from core.money import tax_on
from decentcloud.load.copying import ids_for, unchecked
from decentcloud.load.lives import MOVED_BY, Life, life
from decentcloud.load.people import People, load_people
from decentcloud.load.rows import NULL, Lines, as_json, flush, moment, numbered, plain, spread
from providers.models import Offering, StockHold
from providers.states import TERMS

BATCH = 10_000
# One customer with very many rentals and one with a page of them, for measuring; the others have this many each.
GREAT, SMALL, USUAL = 10_000, 25, 40
_ODD = 0x9E3779B97F4A7C15
_EVIDENCE = as_json({MADE_FOR_MEASURING: True})
_ADDRESS = {"street": "Lindenweg 12", "postcode": "04109", "city": "Leipzig", "country": "DE"}
_TABLES: dict[type[Model], tuple[str, ...]] = {
    StockHold: ("id", "offering_id", "account_id", "expires_at", "released_at", "created_at"),
    Contract: (
        "id", "reference", "customer_id", "ordered_by_id", "provider_id", "offering_id", "hold_id", "offering_name", "terms",
        "currency", "monthly_minor", "setup_fee_minor", "rent_minor", "net_minor", "hours", "fee_bp", "auto_accept",
        "extension_price", "operating_system", "host_name", "ssh_public_key", "ssh_fingerprint", "note", "state",
        "state_before", "created_at", "paid_at", "accepted_at", "provisioned_at", "active_at", "suspended_at",
        "suspended_for", "suspended_seconds", "term_seconds", "ended_at", "ended_by", "end_reason", "fault", "deadline_at",
        "payment_processing", "disputes_open",
    ),
    Segment: ("id", "contract_id", "number", "hours", "seconds", "setup_fee_minor", "rent_minor", "net_minor", "paid_at"),
    Move: ("contract_id", "from_state", "to_state", "actor_kind", "actor_id", "at", "reason"),
    Delivery: ("contract_id", "login", "ipv4", "ipv6", "port", "host_key", "console_url", "notes", "delivered_at"),
    Settlement: ("segment_id", "at", "used_seconds", "earned_minor", "refund_minor", "lost_minor"),
    DomainEvent: ("name", "subject", "data", "at", "dispatched_at"),
    Charge: (
        "id", "public_id", "account_id", "purpose", "contract_id", "segment_id", "hours", "monthly_minor", "setup_fee_minor",
        "rent_minor", "net_minor", "tax_rate", "tax_minor", "gross_minor", "currency", "subject", "buyer", "seller",
        "tax_decision", "tax_evidence", "terms_accepted_at", "created_at", "expires_at", "paid_at", "closed_at",
    ),
    Payment: (
        "id", "public_id", "charge_id", "gateway", "state", "anomaly", "amount_minor", "received_minor", "refunded_minor",
        "disputed_minor", "currency", "external_id", "external_intent_id", "external_charge_id", "card_country",
        "checkout_url", "created_at", "expires_at", "succeeded_at",
    ),
    Refund: (
        "id", "public_id", "key", "kind", "payment_id", "contract_id", "segment_id", "state", "net_minor", "tax_minor",
        "amount_minor", "currency", "reason", "external_id", "earlier_ids", "reference", "approved_by_id", "created_at",
        "submitted_at", "succeeded_at", "attempts", "failures", "confirmations", "last_error",
    ),
    LedgerEntry: ("id", "key", "kind", "at", "contract_id", "segment_id", "payment_id", "refund_id", "dispute_id"),
    LedgerLine: ("entry_id", "account", "owner", "currency", "amount"),
    SandboxPayment: (
        "id", "external_id", "payment_public_id", "charge_public_id", "amount_minor", "received_minor", "currency", "subject",
        "status", "refunds_fail", "settles_at", "deadline_at", "expires_at", "created_at", "received_at",
    ),
    SandboxRefund: (
        "external_id", "idempotency_key", "payment_id", "amount_minor", "status", "settles_at", "created_at", "attempt",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Sold:
    """What every contract of one offering has in common, ready for its lines."""

    offering: Offering
    terms: str
    name: str
    hours: tuple[int, ...]


@dataclass(frozen=True)
class _Ids:
    """The ids of this load. Entries and refunds are drawn, all others go side by side."""

    holds: range
    contracts: range
    segments: range
    charges: range
    payments: range
    pages: range
    draw_refund: Callable[[], int]
    draw_entry: Callable[[], int]


class ContractLoader:
    """Writes contracts of the offerings for customers that it makes as well."""

    def __init__(self, offerings: Sequence[Offering], now: datetime) -> None:
        self.now = now
        self.sold = [_Sold(one, as_json(freeze_terms(one)), plain(one.name), _hours(one)) for one in offerings if _hours(one)]
        self.tables = {model: Lines(model, *columns) for model, columns in _TABLES.items()}
        self.tax: TaxDecision = home_decision()
        self.seller = as_json(seller())
        self.decision = as_json(self.tax.as_json())
        self.uuids = str(uuid.uuid4())[:24]
        self.people = People(range(0), range(0))

    def load(self, count: int, say: Callable[[str], None]) -> People:
        """Write `count` contracts in one transaction, and count their stock; the first two people are the great and the small."""
        with unchecked():
            self.people = load_people("customer", 2 + count // USUAL, self.now)
            entries, refunds = ids_for(LedgerEntry, 5 * count), ids_for(Refund, count)
            ids = _Ids(
                holds=ids_for(StockHold, count),
                contracts=ids_for(Contract, count),
                segments=ids_for(Segment, count),
                charges=ids_for(Charge, count),
                payments=ids_for(Payment, count),
                pages=ids_for(SandboxPayment, count),
                draw_refund=iter(refunds).__next__,
                draw_entry=iter(entries).__next__,
            )
            for number in range(count):
                self._write(number, count, ids)
                if number % BATCH == BATCH - 1:
                    flush(self.tables.values())
                    if number % (10 * BATCH) == 10 * BATCH - 1:
                        say(f"{number + 1:,} contracts")
            flush(self.tables.values())
            _count_stock(ids.holds)
        return self.people

    def _customer(self, number: int, count: int) -> int:
        """Whose the n-th contract is, as a place among the people."""
        great = min(GREAT, count // 10)
        if number < great:
            return 0
        if number < great + SMALL:
            return 1
        return 2 + number % (len(self.people.users) - 2) if len(self.people.users) > 2 else 0

    def _write(self, number: int, count: int, ids: _Ids) -> None:
        sold = self.sold[number * 7919 % len(self.sold)]
        hours = spread(sold.hours, number)
        lived = life(number, hours, self.now)
        row = _Row(number, sold, hours, lived, ids, self._customer(number, count), self)
        row.write_contract()
        row.write_history()
        if row.lived.paid_at is not None:
            row.write_money()


class _Row:
    """One contract on its way into the tables."""

    def __init__(self, number: int, sold: _Sold, hours: int, lived: Life, ids: _Ids, customer: int, loader: ContractLoader) -> None:
        offering = sold.offering
        self.number, self.sold, self.hours, self.lived, self.ids, self.loader = number, sold, hours, lived, ids, loader
        self.hold, self.contract, self.segment = ids.holds[number], ids.contracts[number], ids.segments[number]
        self.charge, self.payment, self.page = ids.charges[number], ids.payments[number], ids.pages[number]
        self.user, self.account = loader.people.users[customer], loader.people.accounts[customer]
        self.currency: str = offering.currency
        self.setup: int = offering.setup_fee_minor
        self.rent = rent_minor(offering.monthly_minor, hours, self.currency)
        self.net = self.setup + self.rent
        self.tax_minor = tax_on(self.net, loader.tax.rate, self.currency)
        self.gross = self.net + self.tax_minor
        self.state = lived.state
        self.created = moment(lived.created_at)
        self.paid = moment(lived.paid_at)
        self.ended_at = lived.moves[-1][1] if self.state in FINAL else None

    def _add(self, model: type[Model], *values: object) -> None:
        self.loader.tables[model].add(*values)

    def write_contract(self) -> None:
        """The hold, the contract and its one segment."""
        offering, at = self.sold.offering, self.lived.at
        released = moment(self.ended_at)
        self._add(StockHold, self.hold, offering.pk, self.account, NULL, released, self.created)
        self._add(
            Contract, self.contract, _reference(self.contract), self.account, self.user, offering.provider_id, offering.pk,
            self.hold, self.sold.name, self.sold.terms, self.currency, offering.monthly_minor, self.setup, self.rent, self.net,
            self.hours, settings.PLATFORM_FEE_BP, "f", offering.extension_price, "Debian 13", f"host-{self.number}", "", "", "",
            self.state.value, "", self.created, self.paid, moment(at(State.ACCEPTED)), moment(at(State.PROVISIONED)),
            moment(at(State.ACTIVE)), NULL, "", 0, self.hours * HOUR, released,
            MOVED_BY[self.state].value if self.ended_at else "", "", Fault.NOBODY.value, moment(self._deadline()), "f", 0,
        )  # fmt: skip
        self._add(
            Segment, self.segment, self.contract, 1, self.hours, self.hours * HOUR, self.setup, self.rent, self.net, self.paid
        )  # fmt: skip

    def _deadline(self) -> datetime | None:
        last = self.lived.moves[-1][1]
        if self.ended_at is not None:
            return None
        if self.state == State.ACTIVE:
            delivered = self.lived.at(State.PROVISIONED)
            return None if delivered is None else delivered + timedelta(hours=self.hours)
        if self.state == State.PROVISIONED:
            return last + timedelta(hours=settings.CONFIRM_DEADLINE_HOURS)
        if self.lived.paid_at is None:
            return last + timedelta(minutes=settings.PAYMENT_DEADLINE_MINUTES)
        if self.state == State.REQUESTED:
            return self.lived.paid_at + timedelta(hours=settings.ANSWER_DEADLINE_HOURS)
        return last + timedelta(hours=settings.PROVISIONING_DEADLINE_HOURS)

    def write_history(self) -> None:
        """Moves, the events that pages and reactions read, the delivery, and the charge that asked for the money."""
        before = ""
        for state, when in self.lived.moves:
            kind = MOVED_BY[state]
            actor = self.user if kind == ActorKind.CUSTOMER else NULL
            self._add(Move, self.contract, before, state.value, kind.value, actor, when.isoformat(), "")
            before = state.value
        self._event("contract.requested", self.created)
        if self.lived.paid_at is not None:
            self._event("contract.paid", self.paid, gross_minor=self.gross, currency=self.currency)
        if self.ended_at is not None:
            self._event(f"contract.{self.state.value}", moment(self.ended_at), paid=self.lived.paid_at is not None)
        delivered = self.lived.at(State.PROVISIONED)
        if delivered is not None:
            address = f"198.51.{self.number // 256 % 256}.{self.number % 256}"
            self._add(Delivery, self.contract, "root", address, NULL, 22, "", "", "", delivered.isoformat())
        subject = f"{self.sold.name}, {hours_text(self.hours)}"
        buyer = as_json({"name": f"Customer {self.user}", "email": f"customer-{self.user}@load.invalid", **_ADDRESS})
        expires = moment(self.lived.created_at + timedelta(minutes=settings.PAYMENT_DEADLINE_MINUTES))
        closed = moment(self.ended_at) if self.lived.paid_at is None else NULL
        self._add(
            Charge, self.charge, numbered(self.loader.uuids, self.charge), self.account, ChargePurpose.CONTRACT.value,
            self.contract, self.segment if self.lived.paid_at else NULL, self.hours, self.sold.offering.monthly_minor,
            self.setup, self.rent, self.net, self.loader.tax.rate, self.tax_minor, self.gross, self.currency, subject, buyer,
            self.loader.seller, self.loader.decision, _EVIDENCE, self.created, self.created, expires, self.paid, closed,
        )  # fmt: skip

    def _event(self, name: str, at: str, **data: Any) -> None:
        told = {"actor_kind": MOVED_BY[self.state].value, "actor": self.user, **data}
        self._add(DomainEvent, name, f"contract:{self.contract}", as_json(told), at, at)

    def write_money(self) -> None:
        """The payment, the settlement of an end, the refund, and the ledger's entries for all of it."""
        used, earned = self._settled()
        back_net = 0 if self.ended_at is None else self.net - earned
        # The refund that gives back everything gives back all of the tax.
        back_tax = self.tax_minor if back_net == self.net else tax_on(back_net, self.loader.tax.rate, self.currency)
        expires = moment(self.lived.created_at + timedelta(hours=1))
        self._add(
            Payment, self.payment, numbered(self.loader.uuids, self.payment), self.charge, "sandbox",
            PaymentState.SUCCEEDED.value, "", self.gross, self.gross, back_net + back_tax, 0, self.currency,
            f"load-{self.payment}", "", "", "", "", self.created, expires, self.paid,
        )  # fmt: skip
        self._add(
            SandboxPayment, self.page, f"load-{self.payment}", numbered(self.loader.uuids, self.payment),
            numbered(self.loader.uuids, self.charge), self.gross, self.gross, self.currency, self.sold.name,
            PaymentStatus.SUCCEEDED.value, "f", NULL, expires, expires, self.created, self.paid,
        )  # fmt: skip
        payment, segment = f"payment:{self.payment}", f"segment:{self.segment}"
        self._post(
            f"pay:{self.payment}", "payment", self.paid, None,
            (LedgerAccount.GATEWAY_CLEARING, "sandbox", self.gross), (LedgerAccount.ESCROW, segment, -self.net),
            (LedgerAccount.TAX_PENDING, payment, -self.tax_minor),
        )  # fmt: skip
        self._post(
            f"bt:sandbox:load-{self.payment}", "balance", self.paid, None,
            (LedgerAccount.GATEWAY_BALANCE, "sandbox", self.gross), (LedgerAccount.GATEWAY_CLEARING, "sandbox", -self.gross),
        )  # fmt: skip
        if self.ended_at is None:
            return
        self._add(Settlement, self.segment, moment(self.ended_at), used, earned, back_net, 0)
        if back_net:
            self._write_refund(back_net, back_tax)

    def _settled(self) -> tuple[int, int]:
        """Used seconds and what the provider has earned by the end; nothing while it goes on."""
        delivered = self.lived.at(State.PROVISIONED)
        if self.ended_at is None or delivered is None:
            return 0, 0
        used = min(int((self.ended_at - delivered).total_seconds()), self.hours * HOUR)
        return used, earned_minor(PaidTerm(self.hours * HOUR, self.setup, self.rent, self.currency), used)

    def _write_refund(self, net: int, tax: int) -> None:
        refund, gross, at = self.ids.draw_refund(), net + tax, moment(self.ended_at)
        self._add(
            Refund, refund, numbered(self.loader.uuids, refund), f"settlement:{self.segment}", RefundKind.UNUSED.value,
            self.payment, self.contract, self.segment, RefundState.SUCCEEDED.value, net, tax, gross, self.currency, "",
            f"load-r-{refund}", "{}", "", NULL, at, at, at, 1, 0, 1, "",
        )  # fmt: skip
        self._add(
            SandboxRefund, f"load-r-{refund}", numbered(self.loader.uuids, refund), self.page, gross,
            RefundStatus.SUCCEEDED.value, NULL, at, 0,
        )  # fmt: skip
        payment, segment = f"payment:{self.payment}", f"segment:{self.segment}"
        self._post(
            f"refund:{refund}", "refund_decided", at, refund,
            (LedgerAccount.ESCROW, segment, net), (LedgerAccount.TAX_PENDING, payment, tax),
            (LedgerAccount.REFUND_PAYABLE, payment, -gross),
        )  # fmt: skip
        self._post(
            f"bt:sandbox:load-r-{refund}", "refund_reported", at, refund,
            (LedgerAccount.GATEWAY_CLEARING, "sandbox", gross), (LedgerAccount.GATEWAY_BALANCE, "sandbox", -gross),
        )  # fmt: skip
        self._post(
            f"refunded:{refund}", "refund_confirmed", at, refund,
            (LedgerAccount.REFUND_PAYABLE, payment, gross), (LedgerAccount.GATEWAY_CLEARING, "sandbox", -gross),
        )  # fmt: skip

    def _post(self, key: str, kind: str, at: str, refund: int | None, *lines: tuple[LedgerAccount, str, int]) -> None:
        entry = self.ids.draw_entry()
        self._add(
            LedgerEntry, entry, key, kind, at, self.contract, self.segment, self.payment, NULL if refund is None else refund, NULL
        )
        for account, owner, amount in lines:
            if amount:
                self._add(LedgerLine, entry, account.value, owner, self.currency, amount)


def _hours(offering: Offering) -> tuple[int, ...]:
    """The terms that the offering sells, those of a day left out: too short to be anywhere but at their end."""
    return tuple(hours for hours in TERMS[1:] if offering.min_hours <= hours <= offering.max_hours)


def _reference(number: int) -> str:
    """A reference that no other number has: multiplying by an odd number only shuffles what 40 bits can say."""
    shuffled = number * _ODD % 2**40
    letters = "".join(ALPHABET[shuffled >> shift & 31] for shift in range(35, -1, -5))
    return f"{letters[:4]}-{letters[4:]}"


def _count_stock(holds: range) -> None:
    """Put as much stock on top as is taken now, so that what was free stays free."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE providers_offering AS offering SET taken = taken + held.count, stock = stock + held.count"
            " FROM (SELECT offering_id, count(*) FROM providers_stockhold"
            "       WHERE id BETWEEN %s AND %s AND released_at IS NULL GROUP BY 1) AS held"
            " WHERE offering.id = held.offering_id",
            [holds[0], holds[-1]],
        )
