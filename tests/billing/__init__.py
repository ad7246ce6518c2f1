"""The money of it: quotes, orders, payments, refunds, disputes, and the pretend bank."""
