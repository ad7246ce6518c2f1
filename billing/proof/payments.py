"""Only the question about each payment: LEDGER's identity, and its accounts beside the rows that explain them."""

from billing.proof.difference import IN_MOTION, MADE_FOR_MEASURING, Question, entries_where

PAYMENTS = Question(
    {
        "identity": "received + losses = unallocated + owed + refunded + lost + released + escrow + VAT kept, for each payment",
        "payments": "a payment's figures (received, refunded, disputed) are those of the ledger",
        "dispute_hold": "what banks hold is what is in open disputes",
        "unallocated": "money that pays for nothing has an open staff task",
        "refund_payable": "what is owed to customers is what is in refunds that are not confirmed",
        "tax_pending": "no VAT is without a document where documents are due",
    },
    f"""
    WITH booked AS (
        SELECT entry.payment_id, line.currency,
            coalesce(sum(amount) FILTER (WHERE account = 'gateway_clearing' AND kind IN ('payment', 'unallocated')), 0) AS received,
            coalesce(sum(amount) FILTER (WHERE account = 'losses'), 0) AS losses,
            -coalesce(sum(amount) FILTER (WHERE account = 'unallocated'), 0) AS unallocated,
            -coalesce(sum(amount) FILTER (WHERE account = 'refund_payable'), 0) AS owed,
            coalesce(sum(amount) FILTER (WHERE account = 'refund_payable' AND kind IN ('refund_confirmed', 'refund_undone')), 0)
                AS refunded,
            -coalesce(sum(amount) FILTER (WHERE account = 'dispute_hold' AND kind = 'dispute_lost'), 0) AS lost,
            coalesce(sum(amount) FILTER (WHERE account = 'dispute_hold'), 0) AS held,
            -coalesce(sum(amount) FILTER (WHERE account IN ('provider_payable', 'platform_fee')), 0) AS released,
            -coalesce(sum(amount) FILTER (WHERE account = 'escrow'), 0) AS escrow,
            -coalesce(sum(amount) FILTER (WHERE account = 'tax_pending'), 0) AS tax_pending,
            -coalesce(sum(amount) FILTER (WHERE account = 'tax_payable'), 0) AS tax_payable
        FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
        WHERE entry.payment_id IS NOT NULL GROUP BY entry.payment_id, line.currency
    ), refunds AS (
        SELECT payment_id, sum(amount_minor) FILTER (WHERE state NOT IN ('succeeded', 'dropped')) AS open
        FROM billing_refund GROUP BY payment_id
    ), disputes AS (
        SELECT payment_id, sum(amount_minor) FILTER (WHERE state = 'open') AS open FROM billing_dispute GROUP BY payment_id
    ), compared AS (
        SELECT payment.id, payment.currency, payment.received_minor, payment.refunded_minor, payment.disputed_minor,
            payment.state = 'succeeded' AND payment.anomaly = '' AS settles, charge.contract_id,
            (contract.accepted_at IS NOT NULL OR contract.ended_at IS NOT NULL)
                AND NOT jsonb_exists(charge.tax_evidence, '{MADE_FOR_MEASURING}') AS has_documents,
            coalesce(refunds.open, 0) AS refunds_open, coalesce(disputes.open, 0) AS disputes_open,
            coalesce(booked.received, 0) AS received, coalesce(booked.losses, 0) AS losses,
            coalesce(booked.unallocated, 0) AS unallocated, coalesce(booked.owed, 0) AS owed,
            coalesce(booked.refunded, 0) AS refunded, coalesce(booked.lost, 0) AS lost, coalesce(booked.held, 0) AS held,
            coalesce(booked.released, 0) AS released, coalesce(booked.escrow, 0) AS escrow,
            coalesce(booked.tax_pending, 0) AS tax_pending, coalesce(booked.tax_payable, 0) AS tax_payable
        FROM billing_payment AS payment JOIN billing_charge AS charge ON charge.id = payment.charge_id
        JOIN contracts_contract AS contract ON contract.id = charge.contract_id
        LEFT JOIN booked ON booked.payment_id = payment.id AND booked.currency = payment.currency
        LEFT JOIN refunds ON refunds.payment_id = payment.id LEFT JOIN disputes ON disputes.payment_id = payment.id
        UNION ALL
        -- Lines in a currency that is not the payment's: gateways settle in others, and nothing else does.
        SELECT payment.id, booked.currency, 0, 0, 0, false, charge.contract_id, false, 0, 0, booked.received, booked.losses,
            booked.unallocated, booked.owed, booked.refunded, booked.lost, booked.held, booked.released, booked.escrow,
            booked.tax_pending, booked.tax_payable
        FROM booked JOIN billing_payment AS payment ON payment.id = booked.payment_id AND payment.currency <> booked.currency
        JOIN billing_charge AS charge ON charge.id = payment.charge_id
    ), judged AS (
        SELECT compared.*,
            received + losses <> unallocated + owed + refunded + lost + released + escrow + tax_pending + tax_payable AS not_one,
            (received, refunded, held) IS DISTINCT FROM (received_minor, refunded_minor, disputed_minor) AS other_figures,
            held <> disputes_open AS not_held,
            unallocated < 0 OR (unallocated > 0 AND NOT EXISTS (
                SELECT FROM billing_stafftask AS task WHERE task.payment_id = compared.id AND task.closed_at IS NULL)) AS not_filed,
            owed <> refunds_open AS not_owed,
            tax_pending <> 0 AND (NOT settles OR (has_documents AND refunds_open = 0 AND disputes_open = 0)) AS not_documented
        FROM compared
    ), wrong AS MATERIALIZED (
        SELECT * FROM judged WHERE not_one OR other_figures OR not_held OR not_filed OR not_owed OR not_documented
    )
    SELECT found.name, format('payment:%%s in %%s: ', wrong.id, wrong.currency) || found.text,
        {entries_where("entry.payment_id = wrong.id")}
    FROM wrong CROSS JOIN LATERAL (VALUES
        ('identity', not_one, format('%%s received + %%s losses is not %%s unallocated + %%s owed + %%s refunded + %%s lost'
            ' + %%s released + %%s escrow + %%s VAT', received, losses, unallocated, owed, refunded, lost, released, escrow,
            tax_pending + tax_payable)),
        ('payments', other_figures, format('received, refunded, disputed: %%s, %%s, %%s in the ledger, %%s, %%s, %%s in its row',
            received, refunded, held, received_minor, refunded_minor, disputed_minor)),
        ('dispute_hold', not_held, format('%%s held, %%s in open disputes', held, disputes_open)),
        ('unallocated', not_filed, format('%%s pays for nothing, and no staff task of it is open', unallocated)),
        ('refund_payable', not_owed, format('%%s owed, %%s in refunds that are not confirmed', owed, refunds_open)),
        ('tax_pending', not_documented AND NOT {IN_MOTION.format(contract="wrong.contract_id")},
            format('%%s VAT stands on no document', tax_pending))
    ) AS found(name, is_wrong, text)
    WHERE found.is_wrong
    """,  # noqa: S608 -- names of our own
)
