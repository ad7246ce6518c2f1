"""Tokens: the shop and its client of ICPay against the stand-in."""
