"""A provider's account at Stripe in a row of its own; who has one already keeps it."""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def remember(apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    """What the latest place of a provider names is its account."""
    account = apps.get_model("payouts", "StripeAccount")
    for method in apps.get_model("payouts", "PayoutMethod").objects.filter(kind="stripe").select_related("provider").order_by("id"):
        country = method.provider.legal_country or method.provider.country
        account.objects.update_or_create(
            provider=method.provider,
            defaults={"external_id": method.address, "country": country, "created_at": method.created_at},
        )


class Migration(migrations.Migration):
    """A table, and a row for each provider that is paid at Stripe."""

    dependencies = [("payouts", "0005_tokens_by_their_network")]
    operations = [
        migrations.CreateModel(
            name="StripeAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("country", models.CharField(max_length=2)),
                ("external_id", models.CharField(blank=True, max_length=80)),
                ("created_at", models.DateTimeField()),
                (
                    "provider",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stripe_account", to="providers.provider"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("external_id",),
                        name="stripe_account_external_once",
                    )
                ],
            },
        ),
        migrations.RunPython(remember, migrations.RunPython.noop, elidable=True),
    ]
