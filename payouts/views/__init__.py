"""The pages of payouts, one file a page or two that belong together."""
