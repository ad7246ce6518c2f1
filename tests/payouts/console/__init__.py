"""Tests of the payout console: what is pending, the way of a payout, its files, pages and calls."""
