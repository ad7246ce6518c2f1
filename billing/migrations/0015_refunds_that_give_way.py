"""Refunds that were taken back, and what a dashboard's refund left of them; the gateway's ids of attempts that failed."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q
from django_fsm import FSMField

STATES = [
    ("requested", "Decided"),
    ("awaiting_approval", "Waits for a second person"),
    ("submitting", "Being sent"),
    ("submitted", "On its way"),
    ("succeeded", "Refunded"),
    ("failed", "Failed"),
    ("manual", "To be paid by hand"),
    ("dropped", "Not owed any more"),
]


class Migration(migrations.Migration):
    """New columns only; every state that was known stays known."""

    dependencies = [("billing", "0014_who_paid_a_refund_and_where_to")]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="earlier_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=255), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="gave_way_to",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.refund",
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="rest_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.refund",
            ),
        ),
        migrations.AlterField(
            model_name="refund",
            name="state",
            field=FSMField(choices=STATES, default="requested", max_length=50, protected=True),
        ),
        migrations.RemoveConstraint(model_name="refund", name="refund_state_known"),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=Q(state__in=[state for state, _label in STATES]), name="refund_state_known"
            ),
        ),
    ]
