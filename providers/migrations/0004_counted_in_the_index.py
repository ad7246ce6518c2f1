"""Count and sort what a search finds inside the indexes, and keep the words of an offering beside it, where they are looked into."""

import django.contrib.postgres.indexes
import django.db.models.expressions
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0003_sizes_and_flags'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_labels',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_words',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_by_price',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_by_type',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_by_country',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_cores',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_memory',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_disk',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_gpu',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_gpu_memory',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_uplink',
        ),
        migrations.RemoveIndex(
            model_name='offering',
            name='offering_uptime',
        ),
        migrations.AddField(
            model_name='offering',
            name='flags',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.Case(models.When(models.Q(('taken__lt', models.F('stock'))), then=models.Value(1)), default=models.Value(0)), '+', models.Case(models.When(models.Q(('memory_ecc', True)), then=models.Value(2)), default=models.Value(0))), '+', models.Case(models.When(models.Q(('traffic_unmetered', True)), then=models.Value(4)), default=models.Value(0))), '+', models.Case(models.When(models.Q(('auto_accept', True)), then=models.Value(8)), default=models.Value(0))), '+', models.Case(models.When(models.Q(('uptime_percent__gte', Decimal('99.9'))), then=models.Value(16)), default=models.Value(0))), '+', models.Case(models.When(models.Q(('uptime_percent__gte', Decimal('99.99'))), then=models.Value(32)), default=models.Value(0))), '+', models.Case(models.When(models.Q(('uptime_days__gte', 90)), then=models.Value(64)), default=models.Value(0))), output_field=models.SmallIntegerField()),
        ),
        # The wide columns move behind the flags: what is counted is read without a step over them. And the words of an offering, which
        # are looked into row by row where a word is common, stay in its row, where they are read in half the time.
        migrations.RunSQL(
            sql=[
                "ALTER TABLE providers_offering RENAME labels TO former_labels",
                "ALTER TABLE providers_offering RENAME search TO former_search",
                "ALTER TABLE providers_offering ADD labels varchar(120)[] NOT NULL DEFAULT '{}', ADD search tsvector",
                "ALTER TABLE providers_offering ALTER search SET STORAGE MAIN",
                "UPDATE providers_offering SET labels = former_labels, search = former_search",
                # What the update left to be checked at the end would keep the table from being altered.
                "SET CONSTRAINTS ALL IMMEDIATE",
                "ALTER TABLE providers_offering ALTER labels DROP DEFAULT, DROP former_labels, DROP former_search",
                "ALTER TABLE providers_offering ALTER search SET STATISTICS 1000, ALTER labels SET STATISTICS 1000",
            ],
            reverse_sql="ALTER TABLE providers_offering ALTER search SET STORAGE EXTENDED",
        ),
        migrations.AddIndex(
            model_name='offering',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('status', 'published')), fields=['labels'], name='offering_labels'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('status', 'published')), fields=['search'], name='offering_words'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['price_eur_minor', 'id', 'type', 'country', 'cores', 'memory_gb', 'gpu_count', 'gpu_gb', 'disk_total_gb', 'uplink_mbit', 'uptime_percent', 'memory_ecc', 'traffic_unmetered', 'auto_accept'], include=('visibility', 'flags', 'published_at', 'trust_rank'), name='offering_by_price'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['type', 'price_eur_minor', 'id', 'country', 'cores', 'memory_gb'], include=('visibility', 'flags', 'published_at', 'trust_rank'), name='offering_by_type'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['country', 'price_eur_minor', 'id', 'type', 'cores', 'memory_gb'], include=('visibility', 'flags', 'published_at', 'trust_rank'), name='offering_by_country'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['cores'], include=('price_eur_minor', 'id', 'type', 'country', 'memory_gb', 'visibility', 'flags', 'published_at', 'trust_rank'), name='offering_cores'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['memory_gb'], include=('price_eur_minor', 'id', 'type', 'country', 'cores', 'visibility', 'flags', 'published_at', 'trust_rank'), name='offering_memory'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['gpu_count'], include=('price_eur_minor', 'id', 'type', 'country', 'cores', 'memory_gb', 'visibility', 'flags', 'published_at', 'trust_rank'), name='offering_gpu'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['gpu_gb'], include=('price_eur_minor', 'id', 'type', 'country', 'cores', 'memory_gb', 'visibility', 'flags', 'published_at', 'trust_rank'), name='offering_gpu_memory'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['disk_total_gb'], include=('price_eur_minor', 'id', 'type', 'country', 'cores', 'memory_gb', 'visibility', 'flags', 'published_at', 'trust_rank'), name='offering_disk'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['uplink_mbit'], include=('price_eur_minor', 'id', 'type', 'country', 'cores', 'memory_gb', 'visibility', 'flags', 'published_at', 'trust_rank'), name='offering_uplink'),
        ),
        migrations.AddIndex(
            model_name='offering',
            index=models.Index(condition=models.Q(('status', 'published')), fields=['uptime_percent'], include=('price_eur_minor', 'id', 'type', 'country', 'cores', 'memory_gb', 'visibility', 'flags', 'published_at', 'trust_rank'), name='offering_uptime'),
        ),
    ]
