"""Only one more thing that staff has to look at: documents that wait for their files, or whose files are damaged."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """No change of the table."""

    dependencies = [("billing", "0007_sales_across_borders")]

    operations = [
        migrations.AlterField(
            model_name="stafftask",
            name="kind",
            field=models.CharField(
                choices=[
                    ("payment_anomaly", "Odd payment"),
                    ("refund_failed", "Refund failed"),
                    ("dispute", "Dispute"),
                    ("inquiry", "Inquiry"),
                    ("unknown_payment", "Payment that we cannot place"),
                    ("gateway_refund", "Refund made at the gateway"),
                    ("tax_opinion", "The gateway computes another VAT"),
                    ("proof", "The ledger does not agree"),
                    ("documents", "Documents without their files"),
                ],
                max_length=20,
            ),
        ),
    ]
