"""What documents say, look like, and how they stand before the official rules."""
