"""Tests of the pages that show several domains at once."""
