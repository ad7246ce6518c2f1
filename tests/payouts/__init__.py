"""Releases and payouts."""
