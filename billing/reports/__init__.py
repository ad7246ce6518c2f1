"""Only what an accountant reads: the sales journal and the One-Stop Shop report, as rows that agree with the ledger."""
