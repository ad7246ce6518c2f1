"""What must be true of the settings of payouts that leave by themselves: all of a way or none, and in production real money."""

from django.conf import settings
from django.core import checks

from core.addresses import BadAddress, check_icp_principal
from core.currencies import CURRENCIES
from payouts.ic_key import BadKey, wallet_key

API_BASE = "https://icp-api.io"


def check_rails(**_scope: object) -> list[checks.CheckMessage]:
    """Half of the settings is a mistake at any place."""
    found: list[checks.CheckMessage] = []
    if settings.STRIPE_CONNECT and not (settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRETS):
        text = "STRIPE_CONNECT is on, and Stripe is not configured: nothing leaves that way."
        found.append(checks.Warning(text, hint="Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS.", id="decentcloud.W050"))
    if settings.ICRC1_WALLET_KEY or settings.ICRC1_LEDGER:
        found += _check_tokens()
    return found


def _check_tokens() -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    given = {"ICRC1_WALLET_KEY": settings.ICRC1_WALLET_KEY, "ICRC1_LEDGER": settings.ICRC1_LEDGER}
    missing = [name for name, value in given.items() if not value]
    if missing:
        found.append(checks.Warning(f"{missing[0]} is not set: no payout leaves in tokens.", id="decentcloud.W051"))
    if settings.ICRC1_WALLET_KEY:
        try:
            wallet_key()
        except BadKey as bad:
            found.append(checks.Error(f"ICRC1_WALLET_KEY is no key: {bad}.", id="decentcloud.E050"))
    ids = {"ICRC1_LEDGER": settings.ICRC1_LEDGER, "ICRC1_INDEX": settings.ICRC1_INDEX}
    found += [
        checks.Error(f"{name} is no id of a canister: its characters do not fit each other.", id="decentcloud.E051")
        for name, value in ids.items()
        if value and not _is_canister(value)
    ]
    if settings.ICRC1_CURRENCY not in CURRENCIES:
        found.append(checks.Error("ICRC1_CURRENCY is no currency of this shop.", id="decentcloud.E052"))
    if not settings.ICRC1_INDEX:
        hint = "Set ICRC1_INDEX to the index canister of the ledger."
        text = "ICRC1_INDEX is not set: a transfer that was not answered for a day has to be looked for by hand."
        found.append(checks.Warning(text, hint=hint, id="decentcloud.W052"))
    return found


def _is_canister(text: str) -> bool:
    try:
        return check_icp_principal(text) == text
    except BadAddress:
        return False


def check_rails_in_production(**_scope: object) -> list[checks.CheckMessage]:
    """For `check --deploy`: a key that pays at a replica on a desk pays nobody."""
    if not settings.ICRC1_WALLET_KEY:
        return []
    found: list[checks.CheckMessage] = []
    if settings.ICRC1_ROOT_KEY:
        text = "ICRC1_ROOT_KEY is set: answers are believed that the Internet Computer has not given."
        found.append(checks.Error(text, id="decentcloud.E053"))
    if not settings.ICRC1_API_BASE.startswith("https://"):
        found.append(checks.Warning("ICRC1_API_BASE is no https address.", id="decentcloud.W053"))
    return found
