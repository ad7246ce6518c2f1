"""What a payout was paid in goes by the ledger's name, which has the network in it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payouts", "0004_origin_of_transfers")]
    operations = [
        migrations.AlterField(model_name="payout", name="paid_currency", field=models.CharField(blank=True, max_length=33)),
    ]
