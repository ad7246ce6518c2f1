"""Only the documents' guards in the database: what was issued stays as it is, and numbers are given out one by one."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_document_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- The bytes come once, after the number; an invoice counts what its credit notes take back.
    bytes CONSTANT text[] := '{pdf,pdf_sha256,cii,cii_sha256,ubl,ubl_sha256,stored_at}';
    free CONSTANT text[] := bytes || '{credited_net_minor,credited_tax_minor}';
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'document % was issued: it is never removed', OLD.number;
    END IF;
    IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
        RAISE EXCEPTION 'document % was issued: what it says never changes', OLD.number;
    END IF;
    IF OLD.stored_at IS NOT NULL AND to_jsonb(NEW) - '{credited_net_minor,credited_tax_minor}'::text[]
            IS DISTINCT FROM to_jsonb(OLD) - '{credited_net_minor,credited_tax_minor}'::text[] THEN
        RAISE EXCEPTION 'document % has its bytes: they are stored once', OLD.number;
    END IF;
    IF NEW.credited_net_minor < OLD.credited_net_minor OR NEW.credited_tax_minor < OLD.credited_tax_minor THEN
        RAISE EXCEPTION 'document %: a credit note stands, so that what was credited never shrinks', OLD.number;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER document_frozen BEFORE UPDATE OR DELETE ON billing_document
    FOR EACH ROW EXECUTE FUNCTION billing_document_is_frozen();

CREATE FUNCTION billing_document_counter_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.kind <> OLD.kind OR NEW.year <> OLD.year OR NEW.last <> OLD.last + 1 THEN
        RAISE EXCEPTION 'numbers of documents are given out one by one, and never again';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER document_counter_counts BEFORE UPDATE OR DELETE ON billing_documentcounter
    FOR EACH ROW EXECUTE FUNCTION billing_document_counter_counts();
"""

BACKWARD = """
DROP TRIGGER document_counter_counts ON billing_documentcounter;
DROP FUNCTION billing_document_counter_counts();
DROP TRIGGER document_frozen ON billing_document;
DROP FUNCTION billing_document_is_frozen();
"""


class Migration(migrations.Migration):
    """Row triggers, since tests flush by TRUNCATE."""

    dependencies = [("billing", "0005_sandbox_books")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
