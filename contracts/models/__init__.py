"""Only data: contracts, what they consist of, and which moves exist between their states."""

from contracts.models.contract import Contract
from contracts.models.parts import Delivery, Move, Segment, Settlement

__all__ = ["Contract", "Delivery", "Move", "Segment", "Settlement"]
