"""Only questions of the proof about what providers earn and are paid: releases, payouts, and their rows in the ledger."""

from billing.proof.difference import Question, entries_where
from billing.released import TAKE_BACKS
from core.currencies import CURRENCIES

_TAKE_BACKS = ", ".join(f"'{kind}'" for kind in TAKE_BACKS)
# The smallest step of each currency, by which fees are rounded down.
_STEPS = ", ".join(f"('{one.code}', {one.step})" for one in CURRENCIES.values())

RELEASES = Question(
    {"releases": "every release stands in the ledger with its amounts, and every such entry has its release"},
    """
    WITH booked AS (
        SELECT entry.key, entry.segment_id, entry.contract_id, entry.payment_id, contract.provider_id,
            min(line.currency) AS currency, count(DISTINCT line.currency) AS currencies,
            sum(amount) FILTER (WHERE account = 'escrow' AND owner = 'segment:' || entry.segment_id) AS amount,
            -sum(amount) FILTER (WHERE account = 'provider_payable' AND owner = 'provider:' || contract.provider_id) AS share,
            -sum(amount) FILTER (WHERE account = 'platform_fee' AND owner = 'platform') AS fee
        FROM billing_ledgerentry AS entry JOIN billing_ledgerline AS line ON line.entry_id = entry.id
        LEFT JOIN contracts_contract AS contract ON contract.id = entry.contract_id
        WHERE entry.kind = 'release' GROUP BY entry.id, contract.id
    ), listed AS (
        SELECT 'rel:' || segment_id || ':' || to_char(through AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS key, *
        FROM payouts_release
    )
    SELECT 'releases', format('%%s: %%s %%s with a fee of %%s in its row, %%s %%s with a fee of %%s in the ledger', key,
               coalesce(listed.amount_minor, 0), listed.currency, coalesce(listed.fee_minor, 0), coalesce(booked.amount, 0),
               booked.currency, coalesce(booked.fee, 0)),
           ARRAY['contract:' || coalesce(listed.contract_id, booked.contract_id)::text, 'entry:' || key]
    FROM listed FULL JOIN booked USING (key)
    WHERE (listed.amount_minor, listed.amount_minor - listed.fee_minor, listed.fee_minor, listed.currency, listed.segment_id,
           listed.contract_id, listed.payment_id, listed.provider_id, 1)
        IS DISTINCT FROM (booked.amount, coalesce(booked.share, 0), coalesce(booked.fee, 0), booked.currency, booked.segment_id,
           booked.contract_id, booked.payment_id, booked.provider_id, booked.currencies)
    """,
)

PAYABLE = Question(
    {
        "provider_payable": "what is owed to a provider is its shares of releases − what was taken back − payouts it has or is sent"
        " + debts of it that were written off"
    },
    f"""
    WITH booked AS (
        SELECT line.owner, line.currency, -sum(amount) AS owed,
            coalesce(sum(amount) FILTER (WHERE entry.kind IN ({_TAKE_BACKS})), 0) AS taken_back
        FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
        WHERE line.account = 'provider_payable' GROUP BY line.owner, line.currency
    ), earned AS (
        SELECT 'provider:' || provider_id AS owner, currency, sum(amount_minor - fee_minor) AS shares
        FROM payouts_release GROUP BY provider_id, currency
    ), left_us AS (
        SELECT 'provider:' || provider_id AS owner, currency, sum(amount) AS paid
        FROM (
            SELECT provider_id, currency, amount_minor AS amount FROM payouts_payout WHERE state IN ('sent', 'settled')
            UNION ALL
            SELECT payout.provider_id, payout.currency, -reversal.amount_minor FROM payouts_payoutreversal AS reversal
            JOIN payouts_payouttransfer AS transfer ON transfer.id = reversal.transfer_id
            JOIN payouts_payout AS payout ON payout.id = transfer.payout_id
            -- Of one that is only sent, what came back is booked when it fails as a whole.
            WHERE reversal.state = 'succeeded' AND payout.state = 'settled'
        ) AS moved GROUP BY provider_id, currency
    ), given_up AS (
        SELECT credit_owner AS owner, credit_currency AS currency, sum(credit_amount) AS written_off FROM billing_journal
        WHERE kind = 'debt_written_off' AND approved_at IS NOT NULL AND dropped_at IS NULL GROUP BY credit_owner, credit_currency
    )
    SELECT 'provider_payable', format('%%s is owed %%s %%s, with %%s released, %%s taken back, %%s paid and %%s written off', owner,
               coalesce(owed, 0), currency, coalesce(shares, 0), coalesce(taken_back, 0), coalesce(paid, 0),
               coalesce(written_off, 0)), ARRAY[owner]
    FROM booked FULL JOIN earned USING (owner, currency) FULL JOIN left_us USING (owner, currency)
    FULL JOIN given_up USING (owner, currency)
    WHERE coalesce(owed, 0)
        <> coalesce(shares, 0) - coalesce(taken_back, 0) - coalesce(paid, 0) + coalesce(written_off, 0)
    """,  # noqa: S608 -- names of our own
)

FEES = Question(
    {"platform_fee": "our fee on each segment is the part that was agreed of what is released, rounded down on its total"},
    f"""
    WITH booked AS (
        SELECT entry.segment_id, line.currency, -sum(amount) AS released,
            -coalesce(sum(amount) FILTER (WHERE account = 'platform_fee'), 0) AS fee
        FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
        WHERE line.account = 'platform_fee' OR (line.account = 'provider_payable' AND entry.segment_id IS NOT NULL)
        GROUP BY entry.segment_id, line.currency
    ), wrong AS MATERIALIZED (
        SELECT booked.*, contract_id, fee_bp, net_minor
        FROM booked LEFT JOIN (VALUES {_STEPS}) AS unit(currency, step) USING (currency)
        LEFT JOIN (SELECT segment.id AS segment_id, segment.contract_id, contract.fee_bp, segment.net_minor
                   FROM contracts_segment AS segment JOIN contracts_contract AS contract ON contract.id = segment.contract_id
        ) AS agreed USING (segment_id)
        WHERE NOT coalesce(released BETWEEN 0 AND net_minor
                           AND fee = div(released * fee_bp, 10000 * unit.step) * unit.step, false)
    )
    SELECT 'platform_fee', format('segment:%%s: %%s %%s of fee on %%s released at %%s bp, of a net of %%s', segment_id, fee,
               currency, released, fee_bp, net_minor),
           ARRAY['contract:' || coalesce(contract_id::text, '?')] || {entries_where("entry.segment_id = wrong.segment_id")}
    FROM wrong
    """,  # noqa: S608 -- names of our own
)

TRANSIT = Question(
    {"payout_transit": "what is on its way to providers is what is in payouts that were sent"},
    f"""
    WITH booked AS (
        SELECT owner, currency, -sum(amount) AS amount FROM billing_ledgerline WHERE account = 'payout_transit'
        GROUP BY owner, currency HAVING sum(amount) <> 0
    ), sent AS (
        SELECT 'payout:' || id AS owner, currency, amount_minor FROM payouts_payout WHERE state = 'sent'
    ), wrong AS MATERIALIZED (
        SELECT owner, currency, coalesce(amount, 0) AS amount, coalesce(amount_minor, 0) AS amount_minor
        FROM booked FULL JOIN sent USING (owner, currency) WHERE amount IS DISTINCT FROM amount_minor
    )
    SELECT 'payout_transit', format('%%s: %%s %%s on its way, %%s sent', owner, amount, currency, amount_minor),
           ARRAY[owner] || {entries_where("entry.id IN (SELECT entry_id FROM billing_ledgerline WHERE owner = wrong.owner)")}
    FROM wrong
    """,  # noqa: S608 -- names of our own
)

ITEMS = Question(
    {
        "payouts": "a payout is the sum of its releases, all of its provider and currency, less what it recovers",
        "payout_items": "a release is in one payout at most, but for those that failed or came back",
    },
    """
    WITH summed AS (
        SELECT payout.id, payout.released_minor, payout.recovered_minor, payout.amount_minor, payout.currency,
            coalesce(sum(release.amount_minor - release.fee_minor), 0) AS shares,
            coalesce(bool_and(release.provider_id = payout.provider_id AND release.currency = payout.currency), false) AS is_its_own
        FROM payouts_payout AS payout LEFT JOIN payouts_payoutitem AS item ON item.payout_id = payout.id
        LEFT JOIN payouts_release AS release ON release.id = item.release_id GROUP BY payout.id
    ), paid AS (
        SELECT item.release_id, count(*) FILTER (WHERE payout.state NOT IN ('failed', 'returned')) AS times,
            bool_or((item.undone_at IS NULL) <> (payout.state NOT IN ('failed', 'returned'))) AS is_lost,
            array_agg('payout:' || payout.id ORDER BY payout.id) AS payouts
        FROM payouts_payoutitem AS item JOIN payouts_payout AS payout ON payout.id = item.payout_id GROUP BY item.release_id
    )
    SELECT 'payouts', format('payout:%%s of %%s %%s: releases of %%s, %%s in its row, %%s of it recovered%%s', id, amount_minor,
               currency, shares, released_minor, recovered_minor,
               CASE WHEN is_its_own THEN '' ELSE ', and some of another provider or currency' END), ARRAY['payout:' || id]
    FROM summed WHERE NOT is_its_own OR shares <> released_minor OR amount_minor <> released_minor - recovered_minor
    UNION ALL
    SELECT 'payout_items', format('release:%%s is in %%s payouts%%s', release_id, times,
               CASE WHEN is_lost THEN ', and its items do not say so' ELSE '' END), 'release:' || release_id || payouts
    FROM paid WHERE times > 1 OR is_lost
    """,
)

QUESTIONS: tuple[Question, ...] = (RELEASES, PAYABLE, FEES, TRANSIT, ITEMS)
