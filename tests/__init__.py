"""Everything that proves the rest; the tree mirrors the source."""
