"""Documents of EN 16931: what they say (`content`), in which words, and how they are written as PDF and XML. Pure but for fonts."""
