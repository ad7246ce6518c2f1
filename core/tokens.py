"""Only amounts of tokens: how many of the smallest units there are, of what, on which network, and how one reads them."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext

from core.money import MINUS, NO_BREAK_SPACE

# The ledger's lines have 38 digits.
MOST_UNITS = 10**38 - 1
_PLAIN = re.compile(r"([0-9]{1,38})(?:\.([0-9]{1,38}))?", re.ASCII)

# The network whose tokens go by their bare name in the ledger.
HOME_NETWORK = "ic"

# Places behind the point of what the ledger most often holds, by its name there. A name that is not here is shown in units.
DECIMALS: dict[str, int] = {
    "ICP": 8,
    "ckBTC": 8,
    "ckETH": 18,
    "ckUSDC": 6,
    "ckUSDT": 6,
    "ckEURC": 6,
    "USDC.base": 6,
    "EURC.base": 6,
    "ETH.base": 18,
    "SOL.solana": 9,
    "USDC.solana": 6,
}


@dataclass(frozen=True)
class TokenAmount:
    """So many of the smallest units of `asset` (its ledger's symbol, such as ckUSDC) on `network`, `decimals` behind the point."""

    units: int
    asset: str
    network: str
    decimals: int

    @property
    def code(self) -> str:
        """The name of this token in our ledger: the same asset on another network is another token."""
        return token_code(self.asset, self.network)

    @property
    def text(self) -> str:
        """ "12.5 ICP", with every place that is not a zero at the end."""
        return f"{figure(self.units, self.decimals)}{NO_BREAK_SPACE}{self.code}"

    def is_same_token(self, other: "TokenAmount") -> bool:
        """Whether both count the same."""
        return (self.asset, self.network, self.decimals) == (other.asset, other.network, other.decimals)


def token_code(asset: str, network: str) -> str:
    """ "ICP", "ckUSDC" on the Internet Computer; "USDC.base" elsewhere. At most 33 characters by the lengths of its columns."""
    return asset if network == HOME_NETWORK else f"{asset}.{network}"


def token_text(units: int, code: str) -> str:
    """ "12.5 ICP" of what the ledger holds; of a token whose decimals nobody knows here "1250 smallest units of XYZ"."""
    if code in DECIMALS:
        return f"{figure(units, DECIMALS[code])}{NO_BREAK_SPACE}{code}"
    return gettext("%(units)d smallest units of %(token)s") % {"units": units, "token": code}


def parse_units(text: str, decimals: int) -> int:
    """Smallest units of an amount of tokens as people write it: "12.5". Exact: raises ValueError for signs, exponents, group marks,
    decimal commas, more places than the token has, and more than the ledger can hold.
    """
    found = _PLAIN.fullmatch(text.strip())
    if found is None:
        raise ValueError("no plain figure")
    whole, places = found.group(1), (found.group(2) or "").rstrip("0")
    if len(places) > decimals:
        raise ValueError("more places than the token has")
    units = int(whole + places.ljust(decimals, "0"))
    if units > MOST_UNITS:
        raise ValueError("more than the ledger can hold")
    return units


def figure(units: int, decimals: int) -> str:
    """ "12.5": an exact figure without zeros at its end, and without group marks, so that its point means one thing everywhere."""
    whole, rest = divmod(abs(units), 10**decimals)
    places = f"{rest:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{MINUS if units < 0 else ''}{whole}{'.' if places else ''}{places}"
