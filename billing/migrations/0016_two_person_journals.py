"""Entries of the ledger that two members of staff decide, and the owner's account in it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """One table, and one more account."""

    dependencies = [
        ("billing", "0015_refunds_that_give_way"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Journal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("tax_paid", "VAT paid to the office"),
                            ("debt_written_off", "Provider’s debt written off"),
                            ("owner_paid_in", "Put in by the owner"),
                            ("moved", "Moved between places of ours"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "debit_account",
                    models.CharField(
                        choices=[
                            ("gateway_clearing", "Gateway, not yet in its report"),
                            ("gateway_balance", "Gateway balance"),
                            ("bank", "Bank"),
                            ("dispute_hold", "Held by a bank in a dispute"),
                            ("escrow", "Escrow: paid, not yet earned"),
                            ("tax_pending", "VAT that stands on no document yet"),
                            ("unallocated", "Received, pays for nothing"),
                            ("refund_payable", "Owed to customers"),
                            ("provider_payable", "Owed to providers"),
                            ("payout_transit", "Sent to providers, not settled"),
                            ("platform_fee", "Platform fee"),
                            ("gateway_fees", "Gateway fees"),
                            ("dispute_fees", "Dispute fees"),
                            ("losses", "Losses"),
                            ("tax_payable", "VAT on issued documents"),
                            ("fx", "Changes of currency"),
                            ("owner", "Put in by the owner"),
                        ],
                        max_length=20,
                    ),
                ),
                ("debit_owner", models.CharField(max_length=60)),
                ("debit_currency", models.CharField(max_length=33)),
                ("debit_amount", models.DecimalField(decimal_places=0, max_digits=38)),
                (
                    "credit_account",
                    models.CharField(
                        choices=[
                            ("gateway_clearing", "Gateway, not yet in its report"),
                            ("gateway_balance", "Gateway balance"),
                            ("bank", "Bank"),
                            ("dispute_hold", "Held by a bank in a dispute"),
                            ("escrow", "Escrow: paid, not yet earned"),
                            ("tax_pending", "VAT that stands on no document yet"),
                            ("unallocated", "Received, pays for nothing"),
                            ("refund_payable", "Owed to customers"),
                            ("provider_payable", "Owed to providers"),
                            ("payout_transit", "Sent to providers, not settled"),
                            ("platform_fee", "Platform fee"),
                            ("gateway_fees", "Gateway fees"),
                            ("dispute_fees", "Dispute fees"),
                            ("losses", "Losses"),
                            ("tax_payable", "VAT on issued documents"),
                            ("fx", "Changes of currency"),
                            ("owner", "Put in by the owner"),
                        ],
                        max_length=20,
                    ),
                ),
                ("credit_owner", models.CharField(max_length=60)),
                ("credit_currency", models.CharField(max_length=33)),
                ("credit_amount", models.DecimalField(decimal_places=0, max_digits=38)),
                ("reference", models.CharField(blank=True, max_length=120)),
                ("reason", models.CharField(max_length=500)),
                ("proposed_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("dropped_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="ledgerline",
            name="ledger_account_known",
        ),
        migrations.AlterField(
            model_name="ledgerline",
            name="account",
            field=models.CharField(
                choices=[
                    ("gateway_clearing", "Gateway, not yet in its report"),
                    ("gateway_balance", "Gateway balance"),
                    ("bank", "Bank"),
                    ("dispute_hold", "Held by a bank in a dispute"),
                    ("escrow", "Escrow: paid, not yet earned"),
                    ("tax_pending", "VAT that stands on no document yet"),
                    ("unallocated", "Received, pays for nothing"),
                    ("refund_payable", "Owed to customers"),
                    ("provider_payable", "Owed to providers"),
                    ("payout_transit", "Sent to providers, not settled"),
                    ("platform_fee", "Platform fee"),
                    ("gateway_fees", "Gateway fees"),
                    ("dispute_fees", "Dispute fees"),
                    ("losses", "Losses"),
                    ("tax_payable", "VAT on issued documents"),
                    ("fx", "Changes of currency"),
                    ("owner", "Put in by the owner"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "account__in",
                        [
                            "gateway_clearing",
                            "gateway_balance",
                            "bank",
                            "dispute_hold",
                            "escrow",
                            "tax_pending",
                            "unallocated",
                            "refund_payable",
                            "provider_payable",
                            "payout_transit",
                            "platform_fee",
                            "gateway_fees",
                            "dispute_fees",
                            "losses",
                            "tax_payable",
                            "fx",
                            "owner",
                        ],
                    )
                ),
                name="ledger_account_known",
            ),
        ),
        migrations.AddField(
            model_name="journal",
            name="approved_by",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="journal",
            name="dropped_by",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="journal",
            name="proposed_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["tax_paid", "debt_written_off", "owner_paid_in", "moved"])),
                name="journal_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit_amount__gt", 0), ("debit_amount__gt", 0)), name="journal_amounts"
            ),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("debit_currency", models.F("credit_currency")), _negated=True),
                    ("debit_amount__lte", models.F("credit_amount")),
                    _connector="OR",
                ),
                name="journal_no_more_arrives",
            ),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_at", None), ("approved_by", None)),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("proposed_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="journal_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dropped_at", None), ("dropped_by", None)),
                    models.Q(("approved_at", None), ("dropped_at__isnull", False), ("dropped_by__isnull", False)),
                    _connector="OR",
                ),
                name="journal_dropped_or_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("dropped_at", None), models.Q(("reference", ""), _negated=True)),
                fields=("reference",),
                name="journal_reference_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("approved_at", None), ("dropped_at", None)),
                fields=("kind", "debit_owner", "debit_currency", "credit_owner", "credit_currency"),
                name="journal_one_open",
            ),
        ),
    ]
