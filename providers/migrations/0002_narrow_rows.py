"""Keep an offering's row narrow, so that a scan of the market reads few pages, and know its rare words, so that plans are right."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("providers", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=[
                "ALTER TABLE providers_offering SET (toast_tuple_target = 256)",
                "ALTER TABLE providers_offering ALTER COLUMN search SET STATISTICS 1000",
                "ALTER TABLE providers_offering ALTER COLUMN labels SET STATISTICS 1000",
            ],
            reverse_sql=[
                "ALTER TABLE providers_offering RESET (toast_tuple_target)",
                "ALTER TABLE providers_offering ALTER COLUMN search SET STATISTICS -1",
                "ALTER TABLE providers_offering ALTER COLUMN labels SET STATISTICS -1",
            ],
        ),
    ]
