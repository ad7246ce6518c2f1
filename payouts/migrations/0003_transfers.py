"""What automatic rails move: transfers, and ways back."""

import core.fields
import django.db.models.deletion
import django_fsm
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    """Both at once."""

    dependencies = [
        ('billing', '0009_tokens_and_payouts'),
        ('payouts', '0002_statements'),
    ]

    operations = [
        migrations.CreateModel(
            name='PayoutTransfer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('key', models.CharField(max_length=100, unique=True)),
                ('amount_minor', core.fields.MinorField()),
                ('asset', models.CharField(blank=True, max_length=12)),
                ('units', models.DecimalField(blank=True, decimal_places=0, max_digits=38, null=True)),
                ('fee_units', models.DecimalField(blank=True, decimal_places=0, max_digits=38, null=True)),
                ('created_at_time', models.BigIntegerField(blank=True, null=True)),
                ('memo', models.CharField(blank=True, max_length=64)),
                ('state', django_fsm.FSMField(choices=[('submitting', 'Being sent'), ('submitted', 'Not answered: to be looked for'), ('succeeded', 'Sent'), ('failed', 'Refused')], default='submitting', max_length=50, protected=True)),
                ('external_id', models.CharField(blank=True, max_length=80)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('refusals', models.PositiveIntegerField(default=0)),
                ('reversed_minor', core.fields.MinorField(default=0)),
                ('last_error', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField()),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payout_transfers', to='billing.payment')),
                ('payout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='transfers', to='payouts.payout')),
            ],
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='PayoutReversal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('amount_minor', core.fields.MinorField()),
                ('state', django_fsm.FSMField(choices=[('submitting', 'Being taken back'), ('succeeded', 'Taken back'), ('failed', 'Refused')], default='submitting', max_length=50, protected=True)),
                ('external_id', models.CharField(blank=True, max_length=80)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('last_error', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('transfer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='payouts.payouttransfer')),
            ],
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddIndex(
            model_name='payouttransfer',
            index=models.Index(condition=models.Q(('state__in', ['submitting', 'submitted'])), fields=['id'], name='payout_transfer_open'),
        ),
        migrations.AddConstraint(
            model_name='payouttransfer',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['submitting', 'submitted', 'succeeded', 'failed'])), name='payout_transfer_state_known'),
        ),
        migrations.AddConstraint(
            model_name='payouttransfer',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('reversed_minor__gte', 0), ('reversed_minor__lte', models.F('amount_minor'))), name='payout_transfer_amounts'),
        ),
        migrations.AddConstraint(
            model_name='payouttransfer',
            constraint=models.CheckConstraint(condition=models.Q(('refusals__lte', models.F('attempts'))), name='payout_transfer_answers_within_calls'),
        ),
        migrations.AddConstraint(
            model_name='payouttransfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asset', ''), ('created_at_time', None), ('fee_units', None), ('memo', ''), ('units', None)), models.Q(models.Q(('asset', ''), _negated=True), models.Q(('memo', ''), _negated=True), ('created_at_time__gt', 0), ('fee_units__gte', 0), ('units__gt', 0)), _connector='OR'), name='payout_transfer_token_whole'),
        ),
        migrations.AddConstraint(
            model_name='payouttransfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), models.Q(('external_id', ''), _negated=True)), models.Q(models.Q(('state', 'succeeded'), _negated=True), ('reversed_minor', 0)), _connector='OR'), name='payout_transfer_success_has_name'),
        ),
        migrations.AddConstraint(
            model_name='payouttransfer',
            constraint=models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('asset', 'external_id'), name='payout_transfer_external_once'),
        ),
        migrations.AddConstraint(
            model_name='payoutreversal',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['submitting', 'succeeded', 'failed'])), name='payout_reversal_state_known'),
        ),
        migrations.AddConstraint(
            model_name='payoutreversal',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='payout_reversal_amount'),
        ),
        migrations.AddConstraint(
            model_name='payoutreversal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), models.Q(('external_id', ''), _negated=True), _connector='OR'), name='payout_reversal_success_has_name'),
        ),
        migrations.AddConstraint(
            model_name='payoutreversal',
            constraint=models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('external_id',), name='payout_reversal_external_once'),
        ),
        migrations.AddConstraint(
            model_name='payoutreversal',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'submitting')), fields=('transfer',), name='payout_reversal_one_at_a_time'),
        ),
    ]
