"""Quotes, charges, payments, refunds, disputes, the ledger, and the gateways behind one protocol."""
