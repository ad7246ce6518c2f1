"""Tests of bench: what it hears, repeats and prints."""
