"""Only questions about the ledger by itself: entries that balance, escrow within its segment, clearing that clears."""

from billing.proof.difference import IN_MOTION, MADE_FOR_MEASURING, Question, entries_where

# What is proved per payment stands in entries that name it.
OF_A_PAYMENT = "('dispute_hold', 'tax_pending', 'unallocated', 'refund_payable')"

ENTRIES = Question(
    {
        "entries": "every entry of the ledger sums to zero in each currency",
        "owners": "every line stands under the payment, and the provider, that its entry belongs to",
    },
    f"""
    WITH faulty AS (
        SELECT line.entry_id, line.currency, sum(line.amount) AS total, NULL::text AS stranger
        FROM billing_ledgerline AS line GROUP BY line.entry_id, line.currency HAVING sum(line.amount) <> 0
        UNION ALL
        SELECT line.entry_id, line.currency, line.amount, line.account || ' ' || line.owner
        FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
        WHERE (line.account IN {OF_A_PAYMENT} AND line.owner IS DISTINCT FROM 'payment:' || entry.payment_id)
           OR (line.account = 'escrow' AND entry.payment_id IS NULL)
           OR (line.account = 'provider_payable' AND entry.contract_id IS NOT NULL AND line.owner IS DISTINCT FROM (
               SELECT 'provider:' || provider_id FROM contracts_contract AS contract WHERE contract.id = entry.contract_id))
    )
    SELECT CASE WHEN stranger IS NULL THEN 'entries' ELSE 'owners' END,
           CASE WHEN stranger IS NULL THEN format('%%s does not sum to zero in %%s: %%s', entry.key, currency, total)
                ELSE format('%%s of payment %%s has a line of %%s', entry.key, coalesce(entry.payment_id::text, 'none'), stranger)
           END,
           ARRAY['entry:' || entry.key]
    FROM faulty JOIN billing_ledgerentry AS entry ON entry.id = faulty.entry_id
    """,  # noqa: S608 -- names of our own
)

ESCROW = Question(
    {
        "escrow": "escrow is never negative, never above its segment's net, and ends at zero",
    },
    f"""
    WITH held AS (
        SELECT owner, currency, -sum(amount) AS escrow FROM billing_ledgerline WHERE account = 'escrow' GROUP BY owner, currency
    ), released AS (
        SELECT entry.segment_id, -sum(line.amount) AS net
        FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
        WHERE line.account IN ('provider_payable', 'platform_fee') AND entry.segment_id IS NOT NULL GROUP BY entry.segment_id
    ), doubtful AS MATERIALIZED (
        SELECT held.*, segment.id AS segment_id, segment.net_minor, segment.contract_id, contract.currency AS agreed,
               contract.state, coalesce(settlement.earned_minor, 0) AS earned, coalesce(released.net, 0) AS released,
               -- Nobody provides what was made for measuring, and nothing of it is released.
               CASE WHEN EXISTS (SELECT FROM billing_charge AS charge WHERE charge.segment_id = segment.id
                                 AND jsonb_exists(charge.tax_evidence, '{MADE_FOR_MEASURING}'))
                    THEN coalesce(settlement.earned_minor, 0) - coalesce(released.net, 0) ELSE 0 END AS may_be_left,
               contract.ended_at IS NOT NULL AND contract.disputes_open = 0 AS is_final
        FROM held LEFT JOIN contracts_segment AS segment ON held.owner = 'segment:' || segment.id
        LEFT JOIN contracts_contract AS contract ON contract.id = segment.contract_id
        LEFT JOIN contracts_settlement AS settlement ON settlement.segment_id = segment.id
        LEFT JOIN released ON released.segment_id = segment.id
        WHERE held.escrow <> 0 OR segment.id IS NULL
    ), wrong AS MATERIALIZED (
        SELECT doubtful.*, CASE
            WHEN segment_id IS NULL THEN 'belongs to no segment'
            WHEN currency <> agreed THEN 'is in another currency than its contract'
            WHEN escrow < 0 THEN 'is negative'
            WHEN escrow > net_minor THEN format('is above the net of %%s', net_minor)
            WHEN is_final AND escrow > may_be_left
                THEN format('is left of a contract that is %%s, with %%s earned and %%s released', state, earned, released)
        END AS fault
        FROM doubtful
    )
    SELECT 'escrow', format('escrow of %%s: %%s %%s %%s', coalesce(nullif(owner, ''), 'nobody'), escrow, currency, fault),
           ARRAY['contract:' || coalesce(contract_id::text, '?')] || {entries_where("entry.segment_id = wrong.segment_id")}
    FROM wrong WHERE fault IS NOT NULL
      AND NOT (is_final AND escrow BETWEEN 0 AND net_minor AND {IN_MOTION.format(contract="contract_id")})
    """,  # noqa: S608 -- names of our own
)

CLEARING = Question(
    {"gateway_clearing": "what a gateway's objects say has come into its report within seven days"},
    f"""
    WITH uncleared AS MATERIALIZED (
        SELECT entry.payment_id, entry.refund_id, entry.dispute_id, line.owner, line.currency, sum(line.amount) AS total,
               max(entry.at) AS since
        FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
        WHERE line.account = 'gateway_clearing'
        GROUP BY entry.payment_id, entry.refund_id, entry.dispute_id, line.owner, line.currency
        HAVING sum(line.amount) <> 0 AND max(entry.at) < %(clearing_limit)s
    )
    SELECT 'gateway_clearing',
           format('%%s %%s %%s of %%s wait since %%s', uncleared.owner, uncleared.total, uncleared.currency,
                  CASE WHEN refund_id IS NOT NULL THEN 'refund:' || refund_id
                       WHEN dispute_id IS NOT NULL THEN 'dispute:' || dispute_id
                       ELSE 'payment:' || coalesce(uncleared.payment_id::text, '?') END, since::date),
           {
        entries_where(
            "entry.payment_id = uncleared.payment_id AND entry.refund_id IS NOT DISTINCT FROM uncleared.refund_id"
            " AND entry.dispute_id IS NOT DISTINCT FROM uncleared.dispute_id"
        )
    }
    FROM uncleared LEFT JOIN billing_refund AS refund ON refund.id = refund_id
    -- A refund that is still on its way stands in the report before it is confirmed.
    WHERE refund.state IS DISTINCT FROM 'submitted'
    """,  # noqa: S608 -- names of our own
)
