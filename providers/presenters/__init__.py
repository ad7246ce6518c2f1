"""Ready strings for the market's pages, made once per row in Python: templates format nothing."""
