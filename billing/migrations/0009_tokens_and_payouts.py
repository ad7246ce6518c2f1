"""Payments in tokens with the addresses that they go back to, and the ledger's accounts of payouts."""

import core.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Lines of the ledger may be in tokens from here on."""

    dependencies = [
        ('accounts', '0002_scopes_of_billing'),
        ('billing', '0008_documents_without_files'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RefundAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('network', models.CharField(max_length=20)),
                ('address', models.CharField(max_length=130)),
                ('created_at', models.DateTimeField()),
                ('key_digest', models.CharField(blank=True, max_length=64)),
                ('key_expires_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('usable_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='TokenPayment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asset', models.CharField(blank=True, max_length=12)),
                ('network', models.CharField(blank=True, max_length=20)),
                ('decimals', models.PositiveSmallIntegerField(default=0)),
                ('due_units', models.DecimalField(blank=True, decimal_places=0, max_digits=38, null=True)),
                ('received_units', models.DecimalField(decimal_places=0, default=0, max_digits=38)),
                ('usd_minor', core.fields.MinorField()),
                ('usd_rate', models.DecimalField(decimal_places=10, max_digits=20)),
                ('rate_on', models.DateField()),
                ('browser_transaction_id', models.CharField(blank=True, max_length=120)),
                ('transaction_id', models.CharField(blank=True, max_length=120)),
                ('sender', models.CharField(blank=True, max_length=130)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='ledgerline',
            name='ledger_account_known',
        ),
        migrations.AddField(
            model_name='refund',
            name='token_units',
            field=models.DecimalField(blank=True, decimal_places=0, max_digits=38, null=True),
        ),
        migrations.AlterField(
            model_name='ledgerline',
            name='account',
            field=models.CharField(choices=[('gateway_clearing', 'Gateway, not yet in its report'), ('gateway_balance', 'Gateway balance'), ('bank', 'Bank'), ('dispute_hold', 'Held by a bank in a dispute'), ('escrow', 'Escrow: paid, not yet earned'), ('tax_pending', 'VAT that stands on no document yet'), ('unallocated', 'Received, pays for nothing'), ('refund_payable', 'Owed to customers'), ('provider_payable', 'Owed to providers'), ('payout_transit', 'Sent to providers, not settled'), ('platform_fee', 'Platform fee'), ('gateway_fees', 'Gateway fees'), ('dispute_fees', 'Dispute fees'), ('losses', 'Losses'), ('tax_payable', 'VAT on issued documents'), ('fx', 'Changes of currency')], max_length=20),
        ),
        migrations.AlterField(
            model_name='ledgerline',
            name='currency',
            field=models.CharField(max_length=12),
        ),
        migrations.AlterField(
            model_name='stafftask',
            name='kind',
            field=models.CharField(choices=[('payment_anomaly', 'Odd payment'), ('refund_failed', 'Refund failed'), ('dispute', 'Dispute'), ('inquiry', 'Inquiry'), ('unknown_payment', 'Payment that we cannot place'), ('gateway_refund', 'Refund made at the gateway'), ('tax_opinion', 'The gateway computes another VAT'), ('proof', 'The ledger does not agree'), ('documents', 'Documents without their files'), ('payout', 'Payout')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='ledgerline',
            constraint=models.CheckConstraint(condition=models.Q(('account__in', ['gateway_clearing', 'gateway_balance', 'bank', 'dispute_hold', 'escrow', 'tax_pending', 'unallocated', 'refund_payable', 'provider_payable', 'payout_transit', 'platform_fee', 'gateway_fees', 'dispute_fees', 'losses', 'tax_payable', 'fx'])), name='ledger_account_known'),
        ),
        migrations.AddField(
            model_name='refundaddress',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refund_addresses', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='refundaddress',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='tokenpayment',
            name='payment',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='token', to='billing.payment'),
        ),
        migrations.AddConstraint(
            model_name='refundaddress',
            constraint=models.UniqueConstraint(condition=models.Q(('confirmed_at__isnull', False), ('removed_at', None)), fields=('account', 'network'), name='refund_address_one_in_use'),
        ),
        migrations.AddConstraint(
            model_name='refundaddress',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('usable_at', None)), models.Q(('confirmed_at__isnull', False), ('usable_at__gte', models.F('confirmed_at'))), _connector='OR'), name='refund_address_confirmed_whole'),
        ),
        migrations.AddConstraint(
            model_name='tokenpayment',
            constraint=models.CheckConstraint(condition=models.Q(('received_units__gte', 0), models.Q(('due_units', None), ('due_units__gt', 0), _connector='OR')), name='token_units_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='tokenpayment',
            constraint=models.CheckConstraint(condition=models.Q(('usd_minor__gt', 0), ('usd_rate__gt', 0)), name='token_price_positive'),
        ),
    ]
