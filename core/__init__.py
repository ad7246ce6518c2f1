"""The ground: one idea a file, and nothing of ours is imported here."""
