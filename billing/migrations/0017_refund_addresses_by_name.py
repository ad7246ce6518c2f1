"""Addresses for tokens that come back are called by their name in the plural."""

from django.db import migrations


class Migration(migrations.Migration):
    """A name on staff's pages; nothing in the database changes."""

    dependencies = [
        ("billing", "0016_two_person_journals"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="refundaddress",
            options={"verbose_name_plural": "refund addresses"},
        ),
    ]
