"""Who has paid a refund by hand stands apart from who approved it; and tokens go to an address that is frozen before they are sent."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Who paid had overwritten who approved: the events know both.
_APART = """
    SET CONSTRAINTS ALL IMMEDIATE;
    UPDATE billing_refund AS refund SET paid_by_id = refund.approved_by_id, approved_by_id = (
        SELECT (approved.data->>'actor')::bigint FROM core_domainevent AS approved
        WHERE approved.name = 'refund.approved' AND approved.subject = 'contract:' || refund.contract_id
          AND approved.data->>'refund' = refund.id::text
        ORDER BY approved.id DESC LIMIT 1)
    WHERE refund.approved_by_id IS NOT NULL AND EXISTS (
        SELECT FROM core_domainevent AS paid
        WHERE paid.name = 'refund.succeeded' AND paid.subject = 'contract:' || refund.contract_id
          AND paid.data->>'refund' = refund.id::text AND paid.data->>'actor' = refund.approved_by_id::text)
"""


class Migration(migrations.Migration):
    """Two columns, a condition, and what was written into one column put into two."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("core", "0001_initial"),
        ("billing", "0013_payments_by_their_own_id"),
    ]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="paid_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="sent_to",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refunds",
                to="billing.refundaddress",
            ),
        ),
        migrations.RunSQL(_APART, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_to", None), ("token_units__isnull", False), _connector="OR"),
                name="refund_address_for_tokens",
            ),
        ),
    ]
