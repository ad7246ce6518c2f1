"""Mails about rentals."""
