"""A word for VAT that is left out, and one refund for each transfer of tokens."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Constraints only; no row changes."""

    dependencies = [
        ("accounts", "0002_scopes_of_billing"),
        ("billing", "0009_tokens_and_payouts"),
        ("contracts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="document",
            name="document_words_known",
        ),
        migrations.AlterField(
            model_name="document",
            name="category",
            field=models.CharField(
                choices=[
                    ("S", "VAT"),
                    ("AE", "Reverse charge"),
                    ("O", "Outside the scope of EU VAT"),
                    ("E", "No VAT: small business"),
                    ("N", "No VAT charged"),
                ],
                max_length=2,
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["receipt", "invoice", "credit_note"]), ("category__in", ["S", "AE", "O", "E", "N"])
                ),
                name="document_words_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("reference", ""), _negated=True), ("token_units__isnull", False)),
                fields=("reference",),
                name="refund_transfer_once",
            ),
        ),
    ]
