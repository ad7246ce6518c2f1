"""Only payouts in an ICRC-1 token of the Internet Computer: what the ledger is asked, and what its answers mean for our money.

Source of the methods and their errors: the ICRC-1 token standard, github.com/dfinity/ICRC-1. The ledger tells a repeat by sender,
receiver, amount, fee, memo and `created_at_time` for 24 hours; all of them stand in our row before the first call.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from icp_candid.candid import Type, Types
from icp_principal import Principal

from billing.gateway_facts import GatewayError
from core import clock
from core.addresses import BadAddress, check_icp_principal
from core.errors import Refused
from core.money import currency as currency_of
from payouts import ic_agent
from payouts.ic_key import wallet_key
from payouts.models import Payout, PayoutMethod, PayoutReversal, PayoutTransfer
from payouts.rail_facts import Outcome, Part, Said
from payouts.settling import Paid, is_token
from payouts.states import MethodKind, Rail

_Blob = Types.Vec(Types.Nat8)
_Account = Types.Record({"owner": Types.Principal, "subaccount": Types.Opt(_Blob)})
_Transfer = Types.Record(
    {
        "from_subaccount": Types.Opt(_Blob),
        "to": _Account,
        "amount": Types.Nat,
        "fee": Types.Opt(Types.Nat),
        "memo": Types.Opt(_Blob),
        "created_at_time": Types.Opt(Types.Nat64),
    }
)
_Errors = Types.Variant(
    {
        "BadFee": Types.Record({"expected_fee": Types.Nat}),
        "BadBurn": Types.Record({"min_burn_amount": Types.Nat}),
        "InsufficientFunds": Types.Record({"balance": Types.Nat}),
        "TooOld": Types.Null,
        "CreatedInFuture": Types.Record({"ledger_time": Types.Nat64}),
        "Duplicate": Types.Record({"duplicate_of": Types.Nat}),
        "TemporarilyUnavailable": Types.Null,
        "GenericError": Types.Record({"error_code": Types.Nat, "message": Types.Text}),
    }
)
_Result = Types.Variant({"Ok": Types.Nat, "Err": _Errors})
# Of a transaction in the index, what finds ours again. Source: the index canister of the ICRC-1 ledger suite, index-ng.did.
_Moved = Types.Record(
    {
        "to": _Account,
        "from": _Account,
        "amount": Types.Nat,
        "memo": Types.Opt(_Blob),
        "created_at_time": Types.Opt(Types.Nat64),
    }
)
_Found = Types.Record({"id": Types.Nat, "transaction": Types.Record({"transfer": Types.Opt(_Moved)})})
_History = Types.Variant(
    {"Ok": Types.Record({"transactions": Types.Vec(_Found)}), "Err": Types.Record({"message": Types.Text})},
)
_HistoryOf = Types.Record({"account": _Account, "start": Types.Opt(Types.Nat), "max_results": Types.Nat})
# So many of the wallet's transactions at once, and so many pages: the last thousands.
_PAGE, _PAGES = 500, 20

# In the row of a transfer that was begun under other settings.
ELSEWHERE = "the wallet or the ledger is another one since"

_MEANINGS = {
    "TemporarilyUnavailable": Outcome.LATER,
    # Our clock is ahead of the ledger's.
    "CreatedInFuture": Outcome.LATER,
    "TooOld": Outcome.TOO_LATE,
}


@dataclass(frozen=True)
class Held:
    """What a wallet holds of a token: in its smallest units, `decimals` places behind the point."""

    symbol: str
    decimals: int
    units: int


class Icrc1Rail:
    """From the platform's wallet to a provider's principal, in the token of one ledger."""

    name = Rail.ICRC1

    def suits(self, method: PayoutMethod, currency: str) -> bool:
        """Principals only: an account id is known to the ICP ledger alone."""
        return currency == settings.ICRC1_CURRENCY and method.kind == MethodKind.ICP and _is_principal(method.address)

    def plan(self, payout: Payout) -> list[Part]:
        """One part, in the token. Raises `Refused`: bad_token, not_exact, wallet_short."""
        held, fee = self.held(), _ask("icrc1_fee", Types.Nat)
        if not is_token(held.symbol):
            raise Refused(_("The ledger gives its token no name that can be written down."), code="bad_token")
        units = exact_units(payout.amount_minor, payout.currency, held.decimals)
        if held.units < units + fee:
            raise Refused(
                _("The wallet holds %(held)d units of %(token)s; %(needed)d are needed.")
                % {"held": held.units, "token": held.symbol, "needed": units + fee},
                code="wallet_short",
            )
        return [Part(payout.amount_minor, asset=held.symbol, units=units, fee_units=fee, origin=_origin())]

    def held(self) -> Held:
        """What the wallet holds. Raises `GatewayError` when nobody answers."""
        wallet = {"type": _Account, "value": _account(wallet_key().sender())}
        return Held(
            _ask("icrc1_symbol", Types.Text), _ask("icrc1_decimals", Types.Nat8), _ask("icrc1_balance_of", Types.Nat, wallet)
        )

    def pay(self, transfer: PayoutTransfer) -> Said:
        """Ask the ledger to move it. What it has moved before it names as a duplicate: that is success, too.

        Out of another wallet, or on another ledger, it would be another transfer: nothing is asked then.
        """
        if transfer.origin != _origin():
            return Said(Outcome.TOO_LATE, reason=ELSEWHERE)
        assert transfer.units is not None
        assert transfer.fee_units is not None
        sent = {
            "from_subaccount": [],
            "to": _account(_receiver(transfer)),
            "amount": int(transfer.units),
            "fee": [int(transfer.fee_units)],
            "memo": [bytes.fromhex(transfer.memo)],
            "created_at_time": [transfer.created_at_time],
        }
        answer = _ask("icrc1_transfer", _Result, {"type": _Transfer, "value": sent})
        if "Ok" in answer:
            return Said(Outcome.DONE, str(answer["Ok"]))
        ((error, details),) = answer["Err"].items()
        if error == "Duplicate":
            return Said(Outcome.DONE, str(details["duplicate_of"]))
        return Said(_MEANINGS.get(error, Outcome.REFUSED), reason=_words(error, details))

    def look(self, transfer: PayoutTransfer) -> Said:
        """Look through what the wallet has sent. Without an index nobody can."""
        if transfer.origin != _origin():
            return Said(Outcome.NOT_FOUND, reason=ELSEWHERE)
        if not settings.ICRC1_INDEX:
            return Said(Outcome.NOT_FOUND, reason="no index is configured")
        start: list[int] = []
        for _page in range(_PAGES):
            rows = _history(start)
            for row in rows:
                if any(_is(moved, transfer) for moved in row["transaction"]["transfer"]):
                    return Said(Outcome.DONE, str(row["id"]))
            if len(rows) < _PAGE:
                break
            start = [rows[-1]["id"]]
        return Said(Outcome.NOT_FOUND, reason="the index does not have it")

    def take_back(self, reversal: PayoutReversal) -> Said:
        """Tokens that were sent are the provider's."""
        return Said(Outcome.NEVER, reason="tokens cannot be taken back")

    def paid(self, payout: Payout, transfers: list[PayoutTransfer]) -> Paid:
        """The transaction's place in the ledger; what left is the units with the network's fee."""
        (transfer,) = transfers
        assert transfer.units is not None
        assert transfer.fee_units is not None
        fee = int(transfer.fee_units)
        reference = f"{settings.ICRC1_LEDGER}:{transfer.external_id}"
        return Paid(reference, clock.now(), token=transfer.asset, units=int(transfer.units) + fee, network_fee=fee)


RAIL = Icrc1Rail()


def exact_units(amount_minor: int, currency: str, decimals: int) -> int:
    """An amount in a token, one of which stands for one of the currency. Raises `Refused` (not_exact) unless it comes out even."""
    units, rest = divmod(amount_minor * int(10**decimals), currency_of(currency).scale)
    if rest:
        raise Refused(_("The token has too few decimals for this amount."), code="not_exact")
    return units


def _ask(method: str, answers: Type, *arguments: dict[str, Any]) -> Any:
    return ic_agent.ask(settings.ICRC1_LEDGER, method, list(arguments), answers)


def _account(owner: Principal) -> dict[str, Any]:
    return {"owner": owner, "subaccount": []}


def _origin() -> str:
    """The ledger and the wallet that the settings mean now."""
    return f"{settings.ICRC1_LEDGER}:{wallet_key().sender()}"


def _receiver(transfer: PayoutTransfer) -> Principal:
    """Where it goes, as the payout froze it."""
    return Principal.from_str(transfer.payout.destination["address"])


def _is_principal(address: str) -> bool:
    try:
        return check_icp_principal(address) == address
    except BadAddress:
        return False


def _words(error: str, details: dict[str, Any] | None) -> str:
    """The answer in a line. The provider reads it, too: what our wallet holds is not told."""
    facts = ", ".join(f"{name} {value}" for name, value in (details or {}).items() if name != "balance")
    return f"{error} ({facts})" if facts else error


def _history(start: list[int]) -> list[dict[str, Any]]:
    """The wallet's transactions before `start`, the newest first."""
    wanted = {"account": _account(wallet_key().sender()), "start": start, "max_results": _PAGE}
    answer = ic_agent.ask(settings.ICRC1_INDEX, "get_account_transactions", [{"type": _HistoryOf, "value": wanted}], _History)
    if "Ok" not in answer:
        raise GatewayError(f"The index gives no history: {answer['Err']['message']}")
    rows: list[dict[str, Any]] = answer["Ok"]["transactions"]
    return rows


def _is(moved: dict[str, Any], transfer: PayoutTransfer) -> bool:
    """Whether a transaction is the one that our row asked for, in everything that the ledger tells repeats by."""
    return bool(
        moved["memo"] == [bytes.fromhex(transfer.memo)]
        and moved["created_at_time"] == [transfer.created_at_time]
        and moved["amount"] == transfer.units
        and moved["to"]["owner"] == _receiver(transfer)
        and moved["from"]["owner"] == wallet_key().sender()
    )
