"""Pages that show several domains at once: rentals, provider desk, staff overview."""
