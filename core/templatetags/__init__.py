"""Template tags and filters that every floor may load."""
