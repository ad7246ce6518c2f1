"""Room in the ledger for a token's name with its network, and a word for money that came past our pages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Longer names only; no row changes."""

    dependencies = [("billing", "0010_tokens_back_and_vat_left_out")]

    operations = [
        migrations.AlterField(model_name="ledgerline", name="currency", field=models.CharField(max_length=33)),
        migrations.AlterField(
            model_name="payment",
            name="anomaly",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "None"),
                    ("wrong_amount", "Wrong amount"),
                    ("wrong_asset", "Wrong currency or token"),
                    ("late", "Too late"),
                    ("paid_twice", "Paid twice"),
                    ("paid_after_expiry", "Paid after the order had ended"),
                    ("unmarked", "Not by a page of ours"),
                ],
                max_length=20,
            ),
        ),
    ]
