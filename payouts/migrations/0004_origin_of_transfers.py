"""Which ledger and wallet a transfer in a token was begun with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column; rows from before have none, and are not asked for again."""

    dependencies = [
        ("payouts", "0003_transfers"),
    ]

    operations = [
        migrations.AddField(
            model_name="payouttransfer",
            name="origin",
            field=models.CharField(blank=True, max_length=130),
        ),
    ]
