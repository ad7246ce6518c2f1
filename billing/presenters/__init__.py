"""Only strings: what the pages of billing show, made from rows and figures."""
