"""Cards: the shop and the real `stripe` package against the stand-in."""
