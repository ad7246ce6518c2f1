"""Only verbs: the writers of payouts."""
