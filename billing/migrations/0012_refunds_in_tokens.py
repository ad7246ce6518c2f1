"""A word for staff: refunds that a person pays in tokens."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Words only; no row changes."""

    dependencies = [
        ("billing", "0011_tokens_of_every_network"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stafftask",
            name="kind",
            field=models.CharField(
                choices=[
                    ("payment_anomaly", "Odd payment"),
                    ("refund_failed", "Refund failed"),
                    ("refund_in_tokens", "Refund to be paid in tokens"),
                    ("dispute", "Dispute"),
                    ("inquiry", "Inquiry"),
                    ("unknown_payment", "Payment that we cannot place"),
                    ("gateway_refund", "Refund made at the gateway"),
                    ("tax_opinion", "The gateway computes another VAT"),
                    ("proof", "The ledger does not agree"),
                    ("documents", "Documents without their files"),
                    ("payout", "Payout"),
                ],
                max_length=20,
            ),
        ),
    ]
