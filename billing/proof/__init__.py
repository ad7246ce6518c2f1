"""Only the proof of the money: the ledger against itself, against gateways, and against documents.

What each account is proved by stands in the ledger's table; `manage.py prove_money` and a nightly schedule make the proof.
"""

from billing.proof.difference import MADE_FOR_MEASURING, Difference
from billing.proof.proving import Scope, find_differences, is_proven, questions, record_proof

__all__ = ["MADE_FOR_MEASURING", "Difference", "Scope", "find_differences", "is_proven", "questions", "record_proof"]
