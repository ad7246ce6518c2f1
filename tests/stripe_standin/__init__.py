"""A small Stripe on loopback, with a memory: for tests, and for a person who walks through a payment by hand.

It speaks the parts of the API that the shop uses, signs and brings its events, and has a payment page and a dashboard of its own.
What comes in is checked against the vendor's own schema where that lies beside the project (see tests/vendor_specs.py).
"""

from tests.stripe_standin.account import Account, Refusal
from tests.stripe_standin.server import Standin, standin

__all__ = ["Account", "Refusal", "Standin", "standin"]
