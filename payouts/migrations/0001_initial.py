"""Releases, ways to be paid, and payouts."""

import core.fields
import django.db.models.deletion
import django.db.models.expressions
import django_fsm
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """All at once, nothing stood before."""

    initial = True

    dependencies = [
        ('billing', '0009_tokens_and_payouts'),
        ('contracts', '0001_initial'),
        ('providers', '0003_sizes_and_flags'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PayoutExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('format', models.CharField(choices=[('pain001', 'SEPA credit transfer (pain.001.001.09)'), ('csv', 'CSV')], max_length=8)),
                ('content', models.TextField()),
                ('sha256', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PayoutMethod',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('currency', core.fields.CurrencyField(max_length=3)),
                ('kind', models.CharField(choices=[('bank', 'Bank account'), ('icp', 'Internet Computer'), ('evm', 'Ethereum and compatible chains'), ('stripe', 'Stripe account')], max_length=8)),
                ('holder', models.CharField(max_length=120)),
                ('iban', models.CharField(blank=True, max_length=34)),
                ('bic', models.CharField(blank=True, max_length=11)),
                ('address', models.CharField(blank=True, max_length=130)),
                ('network', models.CharField(blank=True, max_length=20)),
                ('created_at', models.DateTimeField()),
                ('key_digest', models.CharField(blank=True, max_length=64)),
                ('key_expires_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('usable_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payout_methods', to='providers.provider')),
                ('removed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Payout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('currency', core.fields.CurrencyField(max_length=3)),
                ('rail', models.CharField(choices=[('manual', 'By hand'), ('icrc1', 'From our wallet on the Internet Computer'), ('stripe_connect', 'Through Stripe')], max_length=16)),
                ('destination', models.JSONField()),
                ('state', django_fsm.FSMField(choices=[('proposed', 'Proposed'), ('approved', 'Approved'), ('sent', 'Sent'), ('settled', 'Paid'), ('failed', 'Failed'), ('returned', 'Came back')], default='proposed', max_length=50, protected=True)),
                ('released_minor', core.fields.MinorField()),
                ('recovered_minor', core.fields.MinorField(default=0)),
                ('amount_minor', core.fields.MinorField()),
                ('fee_minor', core.fields.MinorField(default=0, help_text='What the bank took for it, borne by the platform.')),
                ('paid_currency', models.CharField(blank=True, max_length=12)),
                ('paid_units', models.DecimalField(blank=True, decimal_places=0, max_digits=38, null=True)),
                ('reference', models.CharField(blank=True, max_length=120)),
                ('proposed_at', models.DateTimeField()),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='providers.provider')),
                ('export', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='payouts.payoutexport')),
                ('method', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='payouts.payoutmethod')),
            ],
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('through', models.DateTimeField()),
                ('amount_minor', core.fields.MinorField()),
                ('fee_minor', core.fields.MinorField()),
                ('currency', core.fields.CurrencyField(max_length=3)),
                ('created_at', models.DateTimeField()),
                ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='contracts.contract')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='billing.payment')),
                ('provider', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='providers.provider')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='contracts.segment')),
            ],
        ),
        migrations.CreateModel(
            name='PayoutItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('payout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='payouts.payout')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='payouts.release')),
            ],
        ),
        migrations.AddConstraint(
            model_name='payoutexport',
            constraint=models.CheckConstraint(condition=models.Q(('format__in', ['pain001', 'csv'])), name='payout_export_format_known'),
        ),
        migrations.AddIndex(
            model_name='payoutmethod',
            index=models.Index(fields=['provider', '-id'], name='payout_method_of_provider'),
        ),
        migrations.AddConstraint(
            model_name='payoutmethod',
            constraint=models.UniqueConstraint(condition=models.Q(('confirmed_at__isnull', False), ('removed_at', None)), fields=('provider', 'currency'), name='payout_method_one_in_use'),
        ),
        migrations.AddConstraint(
            model_name='payoutmethod',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['bank', 'icp', 'evm', 'stripe'])), name='payout_method_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='payoutmethod',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('address', ''), ('kind', 'bank'), models.Q(('iban', ''), _negated=True)), models.Q(models.Q(('kind', 'bank'), _negated=True), ('iban', ''), models.Q(('address', ''), _negated=True)), _connector='OR'), name='payout_method_has_place'),
        ),
        migrations.AddConstraint(
            model_name='payoutmethod',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('confirmed_by', None), ('usable_at', None)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False), ('usable_at__gte', models.F('confirmed_at'))), _connector='OR'), name='payout_method_confirmed_whole'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(fields=['provider', '-id'], name='payout_of_provider'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['proposed', 'approved', 'sent', 'settled', 'failed', 'returned'])), name='payout_state_known'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('fee_minor__gte', 0), ('recovered_minor__gte', 0), ('amount_minor', django.db.models.expressions.CombinedExpression(models.F('released_minor'), '-', models.F('recovered_minor')))), name='payout_amounts'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['proposed', 'approved'])), fields=('provider', 'currency'), name='payout_one_unsent'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.UniqueConstraint(condition=models.Q(('reference', ''), _negated=True), fields=('reference',), name='payout_reference_once'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'sent', 'settled', 'returned']), _negated=True), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='payout_approved_by_someone'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['settled', 'returned']), _negated=True), models.Q(('paid_at__isnull', False), ('sent_at__isnull', False), ('settled_at__isnull', False), models.Q(('reference', ''), _negated=True)), _connector='OR'), name='payout_settled_has_reference'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['failed', 'returned']), ('undone_at__isnull', False)), models.Q(models.Q(('state__in', ['failed', 'returned']), _negated=True), ('undone_at', None)), _connector='OR'), name='payout_undone_has_time'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('paid_currency', ''), ('paid_units', None)), models.Q(models.Q(('paid_currency', ''), _negated=True), ('paid_units__gt', 0)), _connector='OR'), name='payout_paid_units_whole'),
        ),
        migrations.AddIndex(
            model_name='release',
            index=models.Index(fields=['provider', 'currency', 'id'], name='release_of_provider'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(fields=('segment', 'through'), name='release_once_per_moment'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('fee_minor__gte', 0), ('fee_minor__lte', models.F('amount_minor'))), name='release_amounts'),
        ),
        migrations.AddConstraint(
            model_name='payoutitem',
            constraint=models.UniqueConstraint(condition=models.Q(('undone_at', None)), fields=('release',), name='payout_item_release_once'),
        ),
        migrations.AddConstraint(
            model_name='payoutitem',
            constraint=models.UniqueConstraint(fields=('payout', 'release'), name='payout_item_once'),
        ),
    ]
