"""The pages of billing, one module per step of a purchase."""
