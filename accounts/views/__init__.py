"""The account pages, one module per subject."""
