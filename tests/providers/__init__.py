"""Tests of providers, offerings, search, import and their pages."""
