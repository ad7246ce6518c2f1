"""Tokens may be given the scopes by which staff works on payouts."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Only the list of choices: no row changes."""

    dependencies = [
        ('accounts', '0002_scopes_of_billing'),
    ]

    operations = [
        migrations.AlterField(
            model_name='apitoken',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('offerings:read', 'Read offerings'), ('quotes:write', 'Ask for quotes'), ('contracts:read', 'Read rentals'), ('contracts:write', 'Order, extend and cancel rentals'), ('billing:read', 'Read billing details'), ('billing:write', 'Change billing details'), ('ssh_keys:read', 'Read SSH keys'), ('ssh_keys:write', 'Add and remove SSH keys'), ('tokens:read', 'Read API tokens, never their secret'), ('tokens:write', 'Create and revoke API tokens'), ('provider:read', 'Read the provider desk'), ('provider:write', 'Work the provider desk'), ('payouts:read', 'Staff: read what providers are owed and paid'), ('payouts:write', 'Staff: propose payouts, and mark them as paid')], max_length=20), size=None, verbose_name='scopes'),
        ),
    ]
