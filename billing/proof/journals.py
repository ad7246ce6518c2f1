"""Only the question about journals: each that two people decided stands in the ledger with its lines, and no other does."""

from billing.proof.difference import Question

JOURNALS = Question(
    {
        "journals": "each journal that two people decided stands in the ledger once, with both of its sides, and nothing else does",
        "journal_kinds": "a journal moves only what its kind may, and was approved by another than who proposed it",
    },
    """
    WITH decided AS (
        SELECT *, 'journal:' || id AS key FROM billing_journal WHERE approved_at IS NOT NULL AND dropped_at IS NULL
    ), expected AS (
        SELECT key, kind, side.account, side.owner, side.currency, sum(side.amount) AS amount
        FROM decided CROSS JOIN LATERAL (VALUES
            (debit_account, debit_owner, debit_currency, debit_amount),
            (credit_account, credit_owner, credit_currency, -credit_amount),
            (CASE WHEN debit_currency = credit_currency THEN 'gateway_fees' ELSE 'fx' END,
             CASE WHEN debit_currency = credit_currency THEN credit_owner ELSE credit_currency END, credit_currency,
             CASE WHEN debit_currency = credit_currency THEN credit_amount - debit_amount ELSE credit_amount END),
            ('fx', debit_currency, debit_currency, CASE WHEN debit_currency = credit_currency THEN 0 ELSE -debit_amount END)
        ) AS side (account, owner, currency, amount)
        WHERE side.amount <> 0 GROUP BY key, kind, side.account, side.owner, side.currency
    ), booked AS (
        SELECT entry.key, entry.kind, line.account, line.owner, line.currency, sum(line.amount) AS amount
        FROM billing_ledgerentry AS entry JOIN billing_ledgerline AS line ON line.entry_id = entry.id
        WHERE entry.key LIKE 'journal:%%' OR entry.kind IN ('tax_paid', 'debt_written_off', 'owner_paid_in', 'moved')
           OR line.account = 'owner'
        GROUP BY entry.id, line.account, line.owner, line.currency
    )
    SELECT 'journals', format('%%s: %%s %%s %%s %%s decided, %%s in the ledger', key, account, owner, coalesce(expected.amount, 0),
               currency, coalesce(booked.amount, 0)), ARRAY['entry:' || key]
    FROM expected FULL JOIN booked USING (key, kind, account, owner, currency)
    WHERE expected.amount IS DISTINCT FROM booked.amount
    UNION ALL
    SELECT 'journal_kinds', format('%%s is of kind %%s, from %%s to %%s', key, kind, credit_account, debit_account), ARRAY[key]
    FROM decided
    WHERE approved_by_id IS NULL OR approved_by_id = proposed_by_id OR NOT CASE kind
        WHEN 'tax_paid' THEN debit_account = 'tax_payable' AND credit_account = 'bank'
        WHEN 'debt_written_off' THEN debit_account = 'losses' AND credit_account = 'provider_payable'
        WHEN 'owner_paid_in' THEN debit_account IN ('bank', 'gateway_balance') AND credit_account = 'owner'
        WHEN 'moved' THEN debit_account IN ('bank', 'gateway_balance') AND credit_account IN ('bank', 'gateway_balance')
        ELSE false END
    """,
)
