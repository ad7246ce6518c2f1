"""Payments found at once by the id that a gateway gives to the money itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index only."""

    dependencies = [("billing", "0012_refunds_in_tokens")]

    operations = [
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("external_charge_id", ""), _negated=True),
                fields=["external_charge_id"],
                name="payment_external_charge",
            ),
        ),
    ]
