"""Commands of the accounts floor."""
