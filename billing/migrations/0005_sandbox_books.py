from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Coalesce


def remember(apps, schema_editor):
    """Money that came before the bank kept the moment came, as far as anybody knows, when its page was made."""
    apps.get_model("billing", "SandboxPayment").objects.filter(status="succeeded").update(received_at=F("created_at"))
    apps.get_model("billing", "SandboxRefund").objects.filter(status="failed").update(
        returned_at=Coalesce(F("settles_at"), F("created_at"))
    )
    apps.get_model("billing", "SandboxDispute").objects.filter(status__in=["won", "lost"]).update(decided_at=F("created_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0004_refunds_and_disputes'),
    ]

    operations = [
        migrations.AddField(
            model_name='sandboxdispute',
            name='decided_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='sandboxpayment',
            name='received_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='sandboxrefund',
            name='attempt',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='sandboxrefund',
            name='returned_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(remember, migrations.RunPython.noop, elidable=True),
    ]
