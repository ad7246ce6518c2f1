"""A small ICPay on loopback, with a memory: for tests, and for a person who walks through a payment by hand.

It speaks the parts of the API that the shop uses and takes nothing else, signs and brings its events, and has a payment page where
a payment can go right and wrong in every way.
"""

from tests.icpay_standin.account import Account, Refusal
from tests.icpay_standin.server import Standin, standin

__all__ = ["Account", "Refusal", "Standin", "standin"]
