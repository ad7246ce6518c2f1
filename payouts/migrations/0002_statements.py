"""Monthly statements of providers."""

import core.fields
import django.db.models.deletion
import payouts.models.statement
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    """A table of its own."""

    dependencies = [
        ('payouts', '0001_initial'),
        ('providers', '0003_sizes_and_flags'),
    ]

    operations = [
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('currency', core.fields.CurrencyField(max_length=3)),
                ('month', models.DateField()),
                ('opening_minor', core.fields.MinorField()),
                ('closing_minor', core.fields.MinorField()),
                ('content', models.JSONField()),
                ('made_at', models.DateTimeField()),
                ('pdf', models.FileField(blank=True, max_length=200, storage=payouts.models.statement.statement_storage, upload_to='')),
                ('pdf_sha256', models.CharField(blank=True, max_length=64)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='providers.provider')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('pdf', '')), fields=['id'], name='statement_without_file')],
                'constraints': [models.UniqueConstraint(fields=('provider', 'currency', 'month'), name='statement_once'), models.CheckConstraint(condition=models.Q(models.Q(('pdf', ''), ('pdf_sha256', '')), models.Q(models.Q(('pdf', ''), _negated=True), models.Q(('pdf_sha256', ''), _negated=True)), _connector='OR'), name='statement_file_has_digest')],
            },
        ),
    ]
