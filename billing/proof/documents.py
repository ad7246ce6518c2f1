"""Only questions about documents: those that are missing, their numbers, sums and frozen content, and their place in the ledger."""

from billing.proof.difference import IN_MOTION, MADE_FOR_MEASURING, Question, entries_where
from billing.untaxed import ICPAY, LEFT_OUT

DUE = Question(
    {
        "invoices": "every charge that is paid and accepted has an invoice",
        "vat_left_out": "a charge without the VAT of the table was paid by ICPay, and has no invoice",
        "credit_notes": "every refund and every lost dispute of an invoiced payment has a credit note",
    },
    f"""
    WITH missing AS MATERIALIZED (
        SELECT 'invoices' AS name, format('charge:%%s of contract %%s is paid and accepted, and has no invoice', charge.id,
               contract.reference) AS text, payment.id AS payment_id, contract.id AS contract_id
        FROM billing_charge AS charge JOIN contracts_contract AS contract ON contract.id = charge.contract_id
        JOIN billing_payment AS payment ON payment.charge_id = charge.id AND payment.state = 'succeeded' AND payment.anomaly = ''
        WHERE charge.paid_at IS NOT NULL AND contract.accepted_at IS NOT NULL
          AND NOT jsonb_exists(charge.tax_evidence, '{MADE_FOR_MEASURING}') AND NOT jsonb_exists(charge.tax_evidence, '{LEFT_OUT}')
          AND NOT EXISTS (SELECT FROM billing_document AS invoice WHERE invoice.charge_id = charge.id AND invoice.kind = 'invoice')
        UNION ALL
        SELECT 'vat_left_out', format('charge:%%s leaves out VAT, and %%s', charge.id, CASE
               WHEN payment.gateway <> '{ICPAY}' THEN 'was paid by ' || payment.gateway
               WHEN charge.tax_minor <> 0 THEN 'has VAT' ELSE 'has an invoice' END), payment.id, charge.contract_id
        FROM billing_charge AS charge
        JOIN billing_payment AS payment ON payment.charge_id = charge.id AND payment.state = 'succeeded' AND payment.anomaly = ''
        WHERE jsonb_exists(charge.tax_evidence, '{LEFT_OUT}') AND (payment.gateway <> '{ICPAY}' OR charge.tax_minor <> 0
          OR EXISTS (SELECT FROM billing_document AS invoice WHERE invoice.charge_id = charge.id AND invoice.kind = 'invoice'))
        UNION ALL
        SELECT 'credit_notes', format('refund:%%s of %%s %%s is confirmed, and has no credit note', refund.id, refund.amount_minor,
               refund.currency), refund.payment_id, refund.contract_id
        FROM billing_refund AS refund
        WHERE refund.state = 'succeeded' AND refund.kind NOT IN ('return', 'vat')
          AND EXISTS (SELECT FROM billing_document AS invoice WHERE invoice.payment_id = refund.payment_id
                      AND invoice.kind = 'invoice' AND invoice.issued_at <= refund.succeeded_at
                      AND invoice.credited_net_minor < invoice.net_minor)
          AND NOT EXISTS (SELECT FROM billing_document AS note WHERE note.refund_id = refund.id AND note.kind = 'credit_note')
        UNION ALL
        SELECT 'credit_notes', format('dispute:%%s is lost, and has no credit note', dispute.id), dispute.payment_id,
               charge.contract_id
        FROM billing_dispute AS dispute JOIN billing_payment AS payment ON payment.id = dispute.payment_id
        JOIN billing_charge AS charge ON charge.id = payment.charge_id
        WHERE dispute.state = 'lost' AND dispute.lost_net_minor + dispute.lost_tax_minor > 0
          AND EXISTS (SELECT FROM billing_document AS invoice WHERE invoice.payment_id = dispute.payment_id
                      AND invoice.kind = 'invoice' AND invoice.issued_at <= dispute.closed_at
                      AND invoice.credited_net_minor < invoice.net_minor)
          AND NOT EXISTS (SELECT FROM billing_document AS note WHERE note.dispute_id = dispute.id AND note.kind = 'credit_note')
    )
    SELECT name, text, ARRAY['payment:' || payment_id] || {entries_where("entry.payment_id = missing.payment_id")} FROM missing
    """,  # noqa: S608 -- names of our own
)

NUMBERS = Question(
    {"numbers": "receipts, invoices and credit notes of a year are numbered 1, 2, 3 … without gaps, as their counter says"},
    """
    WITH given AS (
        SELECT kind, year, count(*) AS many, min(sequence) AS first, max(sequence) AS last FROM billing_document GROUP BY kind, year
    )
    SELECT 'numbers', format('%%s of %%s: %%s documents from %%s to %%s, and the counter says %%s', kind, year, coalesce(many, 0),
               coalesce(first, 0), coalesce(given.last, 0), coalesce(counter.last, 0)),
           ARRAY(SELECT 'after:' || document.number FROM billing_document AS document
                 WHERE document.kind = given.kind AND document.year = given.year AND document.sequence < given.last
                   AND NOT EXISTS (SELECT FROM billing_document AS next WHERE next.kind = document.kind
                                   AND next.year = document.year AND next.sequence = document.sequence + 1)
                 ORDER BY document.sequence LIMIT 20)
    FROM given FULL JOIN billing_documentcounter AS counter USING (kind, year)
    WHERE coalesce(many, 0) <> coalesce(counter.last, 0) OR coalesce(given.last, 0) <> coalesce(counter.last, 0)
       OR (many > 0 AND first <> 1)
    UNION ALL
    SELECT 'numbers', format('%%s of %%s has the number %%s %%s, and is not called so', document.number, issued_on, year, sequence),
           ARRAY['document:' || document.id]
    FROM billing_document AS document
    WHERE extract(year FROM issued_on) <> year
       OR document.number NOT LIKE '%%-' || year || '-' || lpad(sequence::text, greatest(6, length(sequence::text)), '0')
    """,
)

CONTENT = Question(
    {
        "content": "what a document says is what its row says, and its lines add up to its net",
        "notes": "the credit notes of an invoice are what it says was credited, and never above it",
    },
    """
    SELECT 'content', format('%%s says %%s + %%s = %%s %%s, lines of %%s; its row %%s + %%s = %%s %%s', number,
               content->>'net_minor', content->>'tax_minor', content->>'gross_minor', content->>'currency', lines.net,
               net_minor, tax_minor, gross_minor, currency), ARRAY['document:' || id]
    FROM billing_document CROSS JOIN LATERAL (
        SELECT sum((line->>'net_minor')::numeric) AS net FROM jsonb_array_elements(content->'lines') AS line) AS lines
    WHERE (content->>'number', content->>'currency', content->>'category', content->>'tax_country')
            IS DISTINCT FROM (number::text, currency::text, category::text, tax_country::text)
       OR ((content->>'net_minor')::numeric, (content->>'tax_minor')::numeric, (content->>'gross_minor')::numeric, lines.net,
           (content->>'tax_rate')::numeric)
            IS DISTINCT FROM (net_minor::numeric, tax_minor::numeric, gross_minor::numeric, net_minor::numeric, tax_rate)
    UNION ALL
    SELECT 'notes', format('%%s: notes of %%s + %%s, credited %%s + %%s, of %%s + %%s', invoice.number, coalesce(notes.net, 0),
               coalesce(notes.tax, 0), credited_net_minor, credited_tax_minor, net_minor, tax_minor), coalesce(notes.rows, '{}')
    FROM billing_document AS invoice LEFT JOIN (
        SELECT corrects_id, sum(net_minor) AS net, sum(tax_minor) AS tax, array_agg('document:' || number::text) AS rows
        FROM billing_document WHERE kind = 'credit_note' GROUP BY corrects_id) AS notes ON notes.corrects_id = invoice.id
    WHERE (coalesce(notes.net, 0), coalesce(notes.tax, 0))
            IS DISTINCT FROM (credited_net_minor::numeric, credited_tax_minor::numeric)
       OR notes.net > net_minor OR notes.tax > tax_minor
       OR (notes.corrects_id IS NOT NULL AND invoice.kind <> 'invoice')
    """,
)

POSTED = Question(
    {
        "document_entries": "each invoice and credit note stands in the ledger with its VAT, under its number",
        "tax_payable": "VAT owed per scheme, country and rate is invoices’ less credit notes’ less what was paid to the office",
    },
    """
    WITH booked AS (
        SELECT entry.document_id, sum(line.amount) AS tax, bool_or(entry.key <> 'doc:' || document.number) AS misnamed
        FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
        JOIN billing_document AS document ON document.id = entry.document_id
        WHERE line.account = 'tax_payable' GROUP BY entry.document_id
    ), issued AS (
        SELECT id, number, currency, scheme, tax_country, tax_rate,
               CASE kind WHEN 'invoice' THEN -tax_minor WHEN 'credit_note' THEN tax_minor ELSE 0 END AS tax
        FROM billing_document
    ), owed AS (
        SELECT owner, currency, sum(tax) AS tax FROM (
            SELECT concat_ws(':', scheme, tax_country, trim_scale(tax_rate)) AS owner, currency, tax FROM issued
            UNION ALL
            SELECT debit_owner, debit_currency, debit_amount FROM billing_journal
            WHERE kind = 'tax_paid' AND approved_at IS NOT NULL AND dropped_at IS NULL
        ) AS moved WHERE tax <> 0 GROUP BY 1, 2
    ), held AS (
        SELECT CASE WHEN owner ~ '^[a-z]*:[A-Z]{2}:[0-9]+([.][0-9]+)?$'
               THEN concat_ws(':', split_part(owner, ':', 1), split_part(owner, ':', 2),
                              trim_scale(split_part(owner, ':', 3)::numeric)) ELSE owner END AS owner, currency, sum(amount) AS tax
        FROM billing_ledgerline WHERE account = 'tax_payable' GROUP BY 1, 2
    )
    SELECT 'document_entries', format('%%s: VAT of %%s, %%s in the ledger%%s', issued.number, abs(issued.tax),
               abs(coalesce(booked.tax, 0)), CASE WHEN misnamed THEN ', under another number' ELSE '' END),
           ARRAY['document:' || issued.id, 'entry:doc:' || number]
    FROM issued LEFT JOIN booked ON booked.document_id = issued.id
    WHERE issued.tax <> coalesce(booked.tax, 0) OR misnamed
    UNION ALL
    SELECT 'tax_payable', format('%%s in %%s: %%s on documents and not paid, %%s in the ledger', owner, currency,
               -coalesce(owed.tax, 0),
               -coalesce(held.tax, 0)), '{}'::text[]
    FROM owed FULL JOIN held USING (owner, currency) WHERE coalesce(owed.tax, 0) <> coalesce(held.tax, 0)
    """,
)

WITHOUT_BYTES = Question(
    {"bytes": "a document has its file within a day, and the files looked at are those that were stored"},
    f"""
    WITH waiting AS MATERIALIZED (
        SELECT * FROM billing_document WHERE stored_at IS NULL AND issued_at < %(bytes_limit)s
    )
    SELECT 'bytes', format('%%s of %%s has no file', number, issued_on), ARRAY['document:' || waiting.id]
    FROM waiting WHERE NOT {IN_MOTION.format(contract="waiting.contract_id")}
    """,  # noqa: S608 -- names of our own
)
