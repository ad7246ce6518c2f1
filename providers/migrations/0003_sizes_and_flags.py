"""Find rare sizes by an index of their own, and pass over more of what does not fit inside the indexes of the sorting."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0002_narrow_rows"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="offering",
            name="offering_by_price",
        ),
        migrations.RemoveIndex(
            model_name="offering",
            name="offering_by_type",
        ),
        migrations.RemoveIndex(
            model_name="offering",
            name="offering_by_country",
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=[
                    "price_eur_minor",
                    "id",
                    "type",
                    "country",
                    "cores",
                    "memory_gb",
                    "gpu_count",
                    "gpu_gb",
                    "disk_total_gb",
                    "uplink_mbit",
                    "uptime_percent",
                    "memory_ecc",
                    "traffic_unmetered",
                    "auto_accept",
                ],
                name="offering_by_price",
            ),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["type", "price_eur_minor", "id", "country", "cores", "memory_gb"],
                name="offering_by_type",
            ),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["country", "price_eur_minor", "id", "type", "cores", "memory_gb"],
                name="offering_by_country",
            ),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(condition=models.Q(("status", "published")), fields=["cores"], name="offering_cores"),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(condition=models.Q(("status", "published")), fields=["memory_gb"], name="offering_memory"),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(condition=models.Q(("status", "published")), fields=["disk_total_gb"], name="offering_disk"),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(condition=models.Q(("status", "published")), fields=["gpu_count"], name="offering_gpu"),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(condition=models.Q(("status", "published")), fields=["gpu_gb"], name="offering_gpu_memory"),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(condition=models.Q(("status", "published")), fields=["uplink_mbit"], name="offering_uplink"),
        ),
        migrations.AddIndex(
            model_name="offering",
            index=models.Index(condition=models.Q(("status", "published")), fields=["uptime_percent"], name="offering_uptime"),
        ),
    ]
