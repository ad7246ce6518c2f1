"""The pages on which a provider keeps its profile and its offerings. The market's public pages have modules of their own."""
