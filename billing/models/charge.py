"""Only what is asked for: billing details, quotes and charges. Amounts in minor units, times UTC."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Account
from billing.states import ChargePurpose, DocumentLanguage
from contracts.models import Contract, Segment
from contracts.pricing import NetPrice
from core.fields import CurrencyField, MinorField
from core.money import Money
from providers.models import Offering, StockHold


class BillingProfile(models.Model):
    """To whom an account's charges are addressed. Copied into each charge, so changing it changes no past."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="billing_profile")
    is_business = models.BooleanField(default=False)
    name = models.CharField(max_length=120)
    company = models.CharField(max_length=120, blank=True)
    street = models.CharField(max_length=200)
    postcode = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    vat_id = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=2, choices=DocumentLanguage.choices, default=DocumentLanguage.EN)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        """Who is addressed."""
        return self.company or self.name


class Quote(models.Model):
    """A binding offer: net, tax and gross for one term, with a unit of stock held until it expires."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="quotes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="+")
    hold = models.ForeignKey(StockHold, on_delete=models.PROTECT, related_name="+")
    terms = models.JSONField()
    hours = models.PositiveIntegerField()
    country = models.CharField(max_length=2)
    currency = CurrencyField()
    monthly_minor = MinorField()
    setup_fee_minor = MinorField()
    rent_minor = MinorField()
    net_minor = MinorField()
    tax_rate = models.DecimalField(max_digits=5, decimal_places=4)
    tax_country = models.CharField(max_length=2)
    tax_minor = MinorField()
    gross_minor = MinorField()
    # What the decision rests on (billing.tax.TaxFacts), and the decision with its reason: an order must not differ from them.
    tax_facts = models.JSONField(default=dict)
    tax_decision = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    contract = models.OneToOneField(Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="quote")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(net_minor=F("setup_fee_minor") + F("rent_minor")) & Q(gross_minor=F("net_minor") + F("tax_minor")),
                name="quote_sums",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="quote_expiry", condition=Q(contract=None))]

    def __str__(self) -> str:
        """Its public id."""
        return str(self.public_id)

    @property
    def price(self) -> NetPrice:
        """The quoted net price."""
        return NetPrice(self.monthly_minor, self.setup_fee_minor, self.rent_minor, self.currency)

    @property
    def gross(self) -> Money:
        """What will be charged, to the unit."""
        return Money(self.gross_minor, self.currency)


class Charge(models.Model):
    """An amount asked from an account for one purpose; buyer, seller and tax decision are frozen in it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="charges")
    purpose = models.CharField(max_length=10, choices=ChargePurpose.choices)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="charges")
    segment = models.OneToOneField(Segment, null=True, blank=True, on_delete=models.PROTECT, related_name="charge")
    hours = models.PositiveIntegerField()
    monthly_minor = MinorField()
    setup_fee_minor = MinorField(default=0)
    rent_minor = MinorField()
    net_minor = MinorField()
    tax_rate = models.DecimalField(max_digits=5, decimal_places=4)
    tax_minor = MinorField()
    gross_minor = MinorField()
    currency = CurrencyField()
    subject = models.CharField(max_length=200)
    buyer = models.JSONField()
    seller = models.JSONField()
    tax_decision = models.JSONField()
    # What proves the decision: addresses, the VAT id's check, the country of the IP address where it is known.
    tax_evidence = models.JSONField(default=dict)
    # VIES was silent at the order, so VAT was charged: when to ask again. Null when there is nothing to ask.
    vat_recheck_at = models.DateTimeField(null=True, blank=True)
    # Net, in euro cents, of a sale to a consumer of another member state without the One-Stop Shop: what the threshold of
    # Article 59c of Directive 2006/112/EC counts. Null for every other sale.
    threshold_eur_minor = MinorField(null=True, blank=True)
    terms_accepted_at = models.DateTimeField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(net_minor=F("setup_fee_minor") + F("rent_minor")) & Q(gross_minor=F("net_minor") + F("tax_minor")),
                name="charge_sums",
            ),
            models.UniqueConstraint(fields=["contract"], condition=Q(purpose="contract"), name="charge_once_per_order"),
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(purpose="extension", paid_at=None, closed_at=None),
                name="charge_one_open_extension",
            ),
            models.CheckConstraint(condition=Q(paid_at=None) | Q(segment__isnull=False), name="charge_paid_has_segment"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(paid_at=None, closed_at=None), name="charge_open_expiry"),
            models.Index(fields=["created_at"], condition=Q(threshold_eur_minor__isnull=False), name="charge_across_borders"),
            models.Index(fields=["vat_recheck_at"], condition=Q(vat_recheck_at__isnull=False), name="charge_vat_recheck"),
        ]

    def __str__(self) -> str:
        """What it is for."""
        return self.subject

    @property
    def price(self) -> NetPrice:
        """The charged net price."""
        return NetPrice(self.monthly_minor, self.setup_fee_minor, self.rent_minor, self.currency)

    @property
    def gross(self) -> Money:
        """What is to be paid."""
        return Money(self.gross_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """It waits for money."""
        return self.paid_at is None and self.closed_at is None
