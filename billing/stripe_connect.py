"""Only Stripe Connect: accounts of providers and the way to set them up, money sent to them, and taken back.

It speaks through the client of `billing.stripe_gateway`. Providers have Express accounts; money reaches them by separate transfers,
each out of the card charge that it was paid by (`source_transaction`), so that it may go before the charge is available.
Every call that moves money or opens an account carries a key made from our row, and asks first whether Stripe has it already: keys
are forgotten after a day. Whoever calls stands outside of a transaction; all raise `GatewayError`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings

from billing.gateway_facts import GatewayError
from billing.stripe_gateway import StripeGateway, asking, stripe_amount

# How far Stripe's clock may be behind ours.
CLOCKS = timedelta(minutes=5)


@dataclass(frozen=True)
class ConnectedAccount:
    """An account as Stripe has it. `can_be_paid`: it may receive transfers, and what it has reaches the provider's bank."""

    account_id: str
    is_complete: bool
    can_be_paid: bool


@dataclass(frozen=True)
class Opening:
    """An account as our row asks for it: `mark` names the row, written at `since` (UTC); `provider` is for staff to read."""

    mark: str
    provider: str
    country: str
    since: datetime


class NotMade(Exception):
    """Stripe refuses what was asked for, and has nothing of it: for certain, no money has moved, and no account is there."""


@dataclass(frozen=True)
class Sending:
    """A transfer as our row has it: `mark` names the row, `key` its repeat, `charge_id` the card charge that pays for it."""

    mark: str
    key: str
    group: str
    account_id: str
    amount_minor: int
    currency: str
    charge_id: str = ""


def is_switched_on() -> bool:
    """Whether providers can connect an account here."""
    return bool(settings.STRIPE_CONNECT and StripeGateway().is_configured())


def open_account(opening: Opening) -> str:
    """Open an account without anything in it; returns Stripe's name. A repeat finds the first, however late. Raises `NotMade`."""
    if found := _find_account(opening):
        return found
    try:
        return _open(opening)
    except GatewayError as error:
        if not error.permanent:
            raise
        if found := _find_account(opening):
            return found
        raise NotMade(str(error)) from error


def _find_account(opening: Opening) -> str:
    with asking() as client:
        there = client.v1.accounts.list(params={"created": {"gte": int((opening.since - CLOCKS).timestamp())}, "limit": 100})
        for account in there.auto_paging_iter():
            if account.metadata is not None and account.metadata.to_dict().get("account") == opening.mark:
                return account.id
    return ""


def _open(opening: Opening) -> str:
    with asking() as client:
        account = client.v1.accounts.create(
            params={
                "type": "express",
                "country": opening.country,
                "capabilities": {"transfers": {"requested": True}},
                "metadata": {"provider": opening.provider, "account": opening.mark},
            },
            options={"idempotency_key": f"account:{opening.mark}"},
        )
    return account.id


def onboarding_url(account_id: str, *, done: str, again: str) -> str:
    """Where the provider tells Stripe who it is; opens once. Stripe leads back to `done`, and to `again` for another link."""
    with asking() as client:
        link = client.v1.account_links.create(
            params={"account": account_id, "type": "account_onboarding", "return_url": done, "refresh_url": again},
            options={"idempotency_key": f"link:{uuid4()}"},
        )
    return link.url


def read_account(account_id: str) -> ConnectedAccount:
    """What Stripe says of an account now."""
    with asking() as client:
        account = client.v1.accounts.retrieve(account_id)
    capabilities = account.capabilities
    receives = capabilities is not None and capabilities.transfers == "active"
    return ConnectedAccount(account.id, bool(account.details_submitted), receives and bool(account.payouts_enabled))


def available_minor(currency: str) -> int:
    """What the platform has at Stripe and may send now, in minor units: what is sent out of no charge comes from here."""
    with asking() as client:
        rows = client.v1.balance.retrieve().available
    return sum(row.amount for row in rows if row.currency.upper() == currency)


def send(sending: Sending) -> str:
    """Send money to an account; returns the transfer's name. A repeat finds the first, and sends nothing more. Raises `NotMade`."""
    if found := find_sent(sending):
        return found
    try:
        return _create(sending)
    except GatewayError as error:
        if not error.permanent:
            raise
        # A key that was used before is refused like a wrong request: there may be one all the same.
        if found := find_sent(sending):
            return found
        raise NotMade(str(error)) from error


def find_sent(sending: Sending) -> str:
    """The transfer that was made for this row; empty when there is none."""
    with asking() as client:
        there = client.v1.transfers.list(params={"transfer_group": sending.group, "limit": 100})
        for transfer in there.auto_paging_iter():
            if transfer.metadata.to_dict().get("transfer") == sending.mark:
                return transfer.id
    return ""


def _create(sending: Sending) -> str:
    amount = stripe_amount(sending.amount_minor, sending.currency)
    marks = {"transfer": sending.mark}
    with asking() as client:
        if sending.charge_id:
            made = client.v1.transfers.create(
                params={
                    "amount": amount,
                    "currency": sending.currency.lower(),
                    "destination": sending.account_id,
                    "transfer_group": sending.group,
                    "metadata": marks,
                    "source_transaction": sending.charge_id,
                },
                options={"idempotency_key": sending.key},
            )
        else:
            made = client.v1.transfers.create(
                params={
                    "amount": amount,
                    "currency": sending.currency.lower(),
                    "destination": sending.account_id,
                    "transfer_group": sending.group,
                    "metadata": marks,
                },
                options={"idempotency_key": sending.key},
            )
    return made.id


def take_back(transfer_id: str, mark: str, amount_minor: int, currency: str) -> str:
    """Take back a part of a transfer; returns the reversal's name. A repeat finds the first, and takes nothing more.

    Raises `NotMade`: the account does not have so much any more, for one.
    """
    if found := _find_reversal(transfer_id, mark):
        return found
    try:
        return _reverse(transfer_id, mark, amount_minor, currency)
    except GatewayError as error:
        if not error.permanent:
            raise
        if found := _find_reversal(transfer_id, mark):
            return found
        raise NotMade(str(error)) from error


def _find_reversal(transfer_id: str, mark: str) -> str:
    with asking() as client:
        for reversal in client.v1.transfers.reversals.list(transfer_id, params={"limit": 100}).auto_paging_iter():
            if reversal.metadata is not None and reversal.metadata.to_dict().get("reversal") == mark:
                return reversal.id
    return ""


def _reverse(transfer_id: str, mark: str, amount_minor: int, currency: str) -> str:
    with asking() as client:
        made = client.v1.transfers.reversals.create(
            transfer_id,
            params={"amount": stripe_amount(amount_minor, currency), "metadata": {"reversal": mark}},
            options={"idempotency_key": f"reversal:{mark}"},
        )
    return made.id
