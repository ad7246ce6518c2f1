"""`manage.py payout_wallet`: the principal of the wallet that pays out in tokens, and what it holds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.gateway_facts import GatewayError
from payouts.ic_key import BadKey, wallet_key
from payouts.icrc1_rail import RAIL
from payouts.rails import is_configured
from payouts.states import Rail


class Command(BaseCommand):
    """Prints where to send tokens to before payouts can leave in them. It moves nothing."""

    help = "Prints the principal of ICRC1_WALLET_KEY and its balance on ICRC1_LEDGER."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(f"Principal: {wallet_key().sender()}")
        except BadKey as bad:
            raise CommandError(f"ICRC1_WALLET_KEY is no key: {bad}.") from bad
        if not is_configured(Rail.ICRC1):
            raise CommandError("ICRC1_LEDGER is not set.")
        try:
            held = RAIL.held()
        except GatewayError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Holds: {held.units} units of {held.symbol}, of which 10^{held.decimals} are one.")
