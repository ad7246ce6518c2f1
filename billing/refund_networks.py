"""Only the networks on which tokens go back to customers, and what an address looks like there."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.addresses import check_evm_address, check_icp_account_id, check_icp_principal, check_solana_address
from core.errors import Refused
from core.tokens import HOME_NETWORK

# The only token whose ledger knows account ids; all others on its network go to principals.
_ICP = "ICP"


@dataclass(frozen=True)
class Network:
    """One network: its name for people, and how an address there is read."""

    name: str
    check: Callable[[str], str]


def _icp(text: str) -> str:
    """A principal has dashes between its groups; an account id is the long one without."""
    longest_principal = 53
    return check_icp_principal(text) if "-" in text or len(text) <= longest_principal else check_icp_account_id(text)


# By the name that payments carry, as ICPay has it.
NETWORKS: dict[str, Network] = {
    HOME_NETWORK: Network("Internet Computer", _icp),
    "base": Network("Base", check_evm_address),
    "ethereum": Network("Ethereum", check_evm_address),
    "arbitrum": Network("Arbitrum One", check_evm_address),
    "polygon": Network("Polygon", check_evm_address),
    "optimism": Network("Optimism", check_evm_address),
    "bsc": Network("BNB Smart Chain", check_evm_address),
    "avalanche": Network("Avalanche", check_evm_address),
    "solana": Network("Solana", check_solana_address),
}


def network_name(network: str) -> str:
    """The network for people; its bare name where we do not know it."""
    return NETWORKS[network].name if network in NETWORKS else network


def checked_address(network: str, text: str) -> str:
    """The address in its canonical form. Raises `Refused` (network) for a network that we send nothing to, BadAddress else."""
    if network not in NETWORKS:
        raise Refused(_("Choose the network of this address."), code="network", field="network")
    return NETWORKS[network].check("".join(text.split()))


def takes(network: str, address: str, asset: str) -> bool:
    """Whether an address can be sent this token: account ids are known to the ledger of ICP alone."""
    return network != HOME_NETWORK or "-" in address or asset == _ICP
