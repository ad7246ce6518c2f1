"""Who offers what: providers, their offerings, stock, search and bulk import."""
