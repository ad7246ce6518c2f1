"""Only what follows from a contract's state and dates, alike for the model and for the narrow rows that long lists read instead."""

from datetime import datetime, timedelta
from typing import Protocol

from contracts.pricing import used_seconds
from contracts.states import FINAL


class Named(Protocol):
    """Somebody with a name."""

    @property
    def name(self) -> str: ...


class Brief(Protocol):
    """A contract as far as words about it need it. Times are UTC, amounts minor units of `currency`."""

    @property
    def state(self) -> str: ...
    @property
    def provider(self) -> Named: ...
    @property
    def currency(self) -> str: ...
    @property
    def paid_at(self) -> datetime | None: ...
    @property
    def provisioned_at(self) -> datetime | None: ...
    @property
    def suspended_at(self) -> datetime | None: ...
    @property
    def suspended_for(self) -> str: ...
    @property
    def suspended_seconds(self) -> int: ...
    @property
    def term_seconds(self) -> int: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def ended_by(self) -> str: ...
    @property
    def end_reason(self) -> str: ...
    @property
    def fault(self) -> str: ...
    @property
    def deadline_at(self) -> datetime | None: ...
    @property
    def payment_processing(self) -> bool: ...
    @property
    def disputes_open(self) -> int: ...
    @property
    def is_final(self) -> bool: ...
    @property
    def is_disputed(self) -> bool: ...
    @property
    def ends_at(self) -> datetime | None: ...
    def used_seconds(self, moment: datetime) -> int | None: ...


class Course:
    """What a contract's columns say about its course, as properties."""

    __slots__ = ()

    @property
    def is_final(self: Brief) -> bool:
        """No move leads out of here."""
        return self.state in FINAL

    @property
    def is_disputed(self: Brief) -> bool:
        """A bank holds some of this contract's money until a dispute is decided."""
        return self.disputes_open > 0

    @property
    def ends_at(self: Brief) -> datetime | None:
        """End of the paid term (UTC); None before delivery, and while suspended nobody knows it."""
        if self.provisioned_at is None or self.suspended_at is not None:
            return None
        return self.provisioned_at + timedelta(seconds=self.term_seconds + self.suspended_seconds)

    def used_seconds(self: Brief, moment: datetime) -> int | None:
        """Seconds of service up to `moment`, at most the paid term; None before delivery."""
        until = min(moment, self.ended_at) if self.ended_at else moment
        used = used_seconds(self.provisioned_at, self.suspended_seconds, self.suspended_at, until)
        return None if used is None else min(used, self.term_seconds)
