"""Only the ledger's guards in the database: rows are never changed or removed, and every entry sums to zero."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: correct a mistake by a new entry';
END $$;

CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION billing_ledger_is_append_only();
CREATE TRIGGER ledger_line_append_only BEFORE UPDATE OR DELETE ON billing_ledgerline
    FOR EACH ROW EXECUTE FUNCTION billing_ledger_is_append_only();

CREATE FUNCTION billing_ledger_entry_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM billing_ledgerline WHERE entry_id = NEW.entry_id GROUP BY currency HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'ledger entry % does not sum to zero', NEW.entry_id;
    END IF;
    RETURN NULL;
END $$;

-- Deferred to the commit: an entry's lines come one after the other.
CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON billing_ledgerline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_ledger_entry_is_balanced();
"""

BACKWARD = """
DROP TRIGGER ledger_entry_balanced ON billing_ledgerline;
DROP FUNCTION billing_ledger_entry_is_balanced();
DROP TRIGGER ledger_line_append_only ON billing_ledgerline;
DROP TRIGGER ledger_entry_append_only ON billing_ledgerentry;
DROP FUNCTION billing_ledger_is_append_only();
"""


class Migration(migrations.Migration):
    """Row triggers, since tests flush by TRUNCATE."""

    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
