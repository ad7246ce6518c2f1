"""Providers, offerings, stock holds and measured standing: columns and database constraints, no verbs."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account
from core.fields import CurrencyField, MinorField
from core.money import Money
from providers.flags import FLAGS
from providers.states import (
    TERMS,
    DiskType,
    ExtensionPrice,
    OfferingStatus,
    OfferingType,
    TaxStatus,
    Term,
    Virtualisation,
    Visibility,
)

PUBLISHED = Q(status=OfferingStatus.PUBLISHED)
# All that a search is sorted and counted by. Kept in an index, it spares it the wide rows of the table; `taken` would be written
# there with every order, `flags` only when the last piece goes or the first comes.
_COUNTED = ("visibility", "flags", "published_at", "trust_rank")
_FOUND = ("price_eur_minor", "id", "type", "country", "cores", "memory_gb", *_COUNTED)
# What is rare is counted and found by an index of its own.
_RARE = {
    "cores": "cores",
    "memory_gb": "memory",
    "gpu_count": "gpu",
    "gpu_gb": "gpu_memory",
    "disk_total_gb": "disk",
    "uplink_mbit": "uplink",
    "uptime_percent": "uptime",
}


class Provider(models.Model):
    """An account that rents out resources. The legal part is what self-billed documents will need."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="provider")
    name = models.CharField(gettext_lazy("name"), max_length=80)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(gettext_lazy("description"), blank=True, max_length=5000)
    website = models.URLField(gettext_lazy("website"), blank=True, max_length=200)
    country = models.CharField(gettext_lazy("country"), max_length=2)
    city = models.CharField(gettext_lazy("city"), blank=True, max_length=80)
    legal_name = models.CharField(gettext_lazy("legal name"), blank=True, max_length=160)
    legal_address = models.TextField(gettext_lazy("legal address"), blank=True, max_length=500)
    legal_country = models.CharField(gettext_lazy("country of the legal seat"), blank=True, max_length=2)
    vat_id = models.CharField(gettext_lazy("VAT id"), blank=True, max_length=20)
    tax_status = models.CharField(gettext_lazy("tax status"), max_length=16, choices=TaxStatus, default=TaxStatus.UNKNOWN)
    active = models.BooleanField(gettext_lazy("active"), default=True)
    created_at = models.DateTimeField(gettext_lazy("created at"))

    class Meta:
        verbose_name = gettext_lazy("provider")
        verbose_name_plural = gettext_lazy("providers")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="provider_country_is_a_code"),
            models.CheckConstraint(condition=Q(tax_status__in=TaxStatus.values), name="provider_tax_status_is_known"),
        )

    def __str__(self) -> str:
        return self.name


class Offering(models.Model):
    """One thing that can be rented, so many times as there is stock.

    Prices are net in minor units of `currency`; `monthly_minor` is for 720 hours. Sizes carry their unit in the name, zero
    or empty means "has none". What stands below `price_eur_minor` is kept for sorting and searching and is never shown.
    """

    # The index offering_of_provider begins with it.
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="offerings", db_index=False)
    slug = models.SlugField(max_length=100, unique=True)
    reference = models.CharField(gettext_lazy("your reference"), max_length=64, blank=True)
    name = models.CharField(gettext_lazy("name"), max_length=80)
    description = models.TextField(gettext_lazy("description"), blank=True, max_length=5000)
    type = models.CharField(gettext_lazy("kind"), max_length=16, choices=OfferingType)
    status = models.CharField(max_length=16, choices=OfferingStatus, default=OfferingStatus.DRAFT)
    visibility = models.CharField(gettext_lazy("who sees it"), max_length=16, choices=Visibility, default=Visibility.PUBLIC)

    currency = CurrencyField(gettext_lazy("currency"))
    monthly_minor = MinorField(gettext_lazy("price a month"))
    setup_fee_minor = MinorField(gettext_lazy("set-up fee"), default=0)
    min_hours = models.PositiveIntegerField(gettext_lazy("shortest term"), default=TERMS[0])
    max_hours = models.PositiveIntegerField(gettext_lazy("longest term"), default=TERMS[-1])
    extension_price = models.CharField(
        gettext_lazy("price of an extension"), max_length=8, choices=ExtensionPrice, default=ExtensionPrice.FROZEN
    )
    stock = models.PositiveIntegerField(gettext_lazy("stock"), default=0)
    taken = models.PositiveIntegerField(gettext_lazy("taken"), default=0)

    cpu_brand = models.CharField(gettext_lazy("processor maker"), max_length=40, blank=True)
    cpu_model = models.CharField(gettext_lazy("processor"), max_length=80, blank=True)
    cores = models.PositiveIntegerField(gettext_lazy("cores"), default=0)
    cpu_ghz = models.DecimalField(gettext_lazy("clock"), max_digits=4, decimal_places=2, default=Decimal(0))
    memory_gb = models.DecimalField(gettext_lazy("memory"), max_digits=9, decimal_places=2, default=Decimal(0))
    memory_ecc = models.BooleanField(gettext_lazy("ECC memory"), default=False)
    disk_type = models.CharField(gettext_lazy("disk type"), max_length=8, choices=DiskType, blank=True)
    disk_count = models.PositiveIntegerField(gettext_lazy("disks"), default=0)
    disk_gb = models.PositiveIntegerField(gettext_lazy("size of each disk"), default=0)
    gpu_name = models.CharField(gettext_lazy("GPU"), max_length=80, blank=True)
    gpu_count = models.PositiveIntegerField(gettext_lazy("GPUs"), default=0)
    gpu_gb = models.DecimalField(gettext_lazy("memory of each GPU"), max_digits=7, decimal_places=2, default=Decimal(0))
    uplink_mbit = models.PositiveIntegerField(gettext_lazy("uplink"), default=0)
    traffic_tb = models.DecimalField(gettext_lazy("traffic a month"), max_digits=9, decimal_places=2, null=True, blank=True)
    traffic_unmetered = models.BooleanField(gettext_lazy("unmetered traffic"), default=False)
    country = models.CharField(gettext_lazy("country"), max_length=2)
    city = models.CharField(gettext_lazy("city"), max_length=80, blank=True)
    operating_systems = ArrayField(
        models.CharField(max_length=60), verbose_name=gettext_lazy("operating systems"), default=list, blank=True
    )
    virtualisation = models.CharField(gettext_lazy("virtualisation"), max_length=16, choices=Virtualisation, blank=True)
    control_panel = models.CharField(gettext_lazy("control panel"), max_length=60, blank=True)
    features = ArrayField(models.CharField(max_length=60), verbose_name=gettext_lazy("features"), default=list, blank=True)
    sla_uptime_percent = models.DecimalField(gettext_lazy("promised uptime"), max_digits=6, decimal_places=3, null=True, blank=True)
    sla_response_minutes = models.PositiveIntegerField(gettext_lazy("promised first answer"), null=True, blank=True)

    auto_accept = models.BooleanField(gettext_lazy("accept orders at once"), default=False)
    auto_accept_max_hours = models.PositiveIntegerField(gettext_lazy("up to a term of"), null=True, blank=True)

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    price_eur_minor = MinorField(editable=False)
    setup_eur_minor = MinorField(editable=False, default=0)
    disk_total_gb = models.GeneratedField(
        expression=F("disk_count") * F("disk_gb"), output_field=models.BigIntegerField(), db_persist=True
    )
    # Told from above by record_standing; null and 0 mean that nothing was measured.
    uptime_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True, editable=False)
    uptime_days = models.PositiveIntegerField(default=0, editable=False)
    trust_rank = models.PositiveIntegerField(default=0, editable=False)
    flags = models.GeneratedField(expression=FLAGS, output_field=models.SmallIntegerField(), db_persist=True)
    labels = ArrayField(models.CharField(max_length=120), default=list, editable=False)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        verbose_name = gettext_lazy("offering")
        verbose_name_plural = gettext_lazy("offerings")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(taken__gte=0) & Q(taken__lte=F("stock")), name="offering_taken_within_stock"),
            models.CheckConstraint(condition=Q(monthly_minor__gt=0), name="offering_has_a_price"),
            models.CheckConstraint(condition=Q(setup_fee_minor__gte=0), name="offering_setup_fee_not_negative"),
            models.CheckConstraint(condition=Q(price_eur_minor__gte=0), name="offering_sort_price_not_negative"),
            models.CheckConstraint(
                condition=Q(min_hours__gte=1) & Q(min_hours__lte=F("max_hours")), name="offering_hours_in_order"
            ),
            models.CheckConstraint(condition=Q(type__in=OfferingType.values), name="offering_type_is_known"),
            models.CheckConstraint(condition=Q(status__in=OfferingStatus.values), name="offering_status_is_known"),
            models.CheckConstraint(condition=Q(visibility__in=Visibility.values), name="offering_visibility_is_known"),
            models.CheckConstraint(
                condition=Q(extension_price__in=ExtensionPrice.values), name="offering_extension_price_is_known"
            ),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="offering_country_is_a_code"),
            models.CheckConstraint(
                condition=~Q(status=OfferingStatus.PUBLISHED) | Q(published_at__isnull=False),
                name="offering_published_has_its_time",
            ),
            models.UniqueConstraint(
                fields=("provider", "reference"),
                condition=~Q(reference=""),
                name="offering_reference_once_per_provider",
            ),
        )
        indexes = (
            models.Index(fields=("provider", "-created_at", "-id"), name="offering_of_provider"),
            # By price, with what is filtered by most behind it: rows that do not fit are passed over inside the index.
            models.Index(
                fields=("price_eur_minor", "id", "type", "country", *_RARE, "memory_ecc", "traffic_unmetered", "auto_accept"),
                include=_COUNTED,
                name="offering_by_price",
                condition=PUBLISHED,
            ),
            models.Index(
                fields=("type", "price_eur_minor", "id", "country", "cores", "memory_gb"),
                include=_COUNTED,
                name="offering_by_type",
                condition=PUBLISHED,
            ),
            models.Index(
                fields=("country", "price_eur_minor", "id", "type", "cores", "memory_gb"),
                include=_COUNTED,
                name="offering_by_country",
                condition=PUBLISHED,
            ),
            *(
                models.Index(
                    fields=(column,),
                    include=[other for other in _FOUND if other != column],
                    name=f"offering_{name}",
                    condition=PUBLISHED,
                )
                for column, name in _RARE.items()
            ),
            models.Index(fields=("-published_at", "-id"), name="offering_by_age", condition=PUBLISHED),
            models.Index(fields=("-trust_rank", "-id"), name="offering_by_trust", condition=PUBLISHED),
            GinIndex(fields=("labels",), name="offering_labels", condition=PUBLISHED),
            GinIndex(fields=("search",), name="offering_words", condition=PUBLISHED),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def free(self) -> int:
        """How many can still be rented; what is held for an order counts as taken."""
        return self.stock - self.taken

    @property
    def monthly(self) -> Money:
        """Net price of 720 hours."""
        return Money(self.monthly_minor, self.currency)

    @property
    def setup_fee(self) -> Money:
        """Net price of setting it up, paid once."""
        return Money(self.setup_fee_minor, self.currency)

    def terms(self) -> list[Term]:
        """Every term of the market, in order, each allowed or with the reason why this offering does not sell it."""
        return [Term(hours, not (reason := self.term_refusal(hours)), reason) for hours in TERMS]

    def term_refusal(self, hours: int) -> str:
        """Why this offering cannot be rented for so many hours, as a sentence; empty when it can."""
        if hours < self.min_hours:
            return _("%(length)s at least") % {"length": length(self.min_hours)}
        if hours > self.max_hours:
            return _("%(length)s at most") % {"length": length(self.max_hours)}
        return ""


def length(hours: int) -> str:
    """A number of hours in words: whole days as days, anything else as hours."""
    days, rest = divmod(hours, 24)
    if rest or not days:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


class OfferingAccess(models.Model):
    """One account on the allow-list of a shared offering."""

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="allowed")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="shared_offerings")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = gettext_lazy("allowed account")
        verbose_name_plural = gettext_lazy("allowed accounts")
        constraints = (models.UniqueConstraint(fields=("account", "offering"), name="offering_allows_an_account_once"),)

    def __str__(self) -> str:
        return f"{self.offering_id}:{self.account_id}"


class StockHold(models.Model):
    """One piece of stock taken out for somebody.

    With `expires_at` it is kept for an order that may still come; without, a contract stands on it. `released_at` is set
    once, when the piece goes back; the row stays.
    """

    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="holds")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="stock_holds")
    expires_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = gettext_lazy("stock hold")
        verbose_name_plural = gettext_lazy("stock holds")
        constraints = (
            models.UniqueConstraint(
                fields=("offering", "account"),
                condition=Q(released_at__isnull=True, expires_at__isnull=False),
                name="stock_hold_one_open_per_account",
            ),
        )
        indexes = (
            models.Index(
                fields=("expires_at",),
                condition=Q(released_at__isnull=True, expires_at__isnull=False),
                name="stock_hold_running_out",
            ),
        )

    def __str__(self) -> str:
        return f"{self.offering_id}/{self.pk}"


class Standing(models.Model):
    """What was measured about a provider, or about one of its offerings; null until something was.

    Percent are decimals (99.992), `market_percent` is the price against comparable offers (-12.0 is cheaper), `score` is 0
    to 10000. Each figure carries what it rests on.
    """

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="standings")
    offering = models.OneToOneField(Offering, on_delete=models.CASCADE, related_name="standing", null=True, blank=True)
    uptime_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    uptime_days = models.PositiveIntegerField(default=0)
    response_minutes = models.PositiveIntegerField(null=True, blank=True)
    response_samples = models.PositiveIntegerField(default=0)
    market_percent = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    market_samples = models.PositiveIntegerField(default=0)
    score = models.PositiveIntegerField(null=True, blank=True)
    score_samples = models.PositiveIntegerField(default=0)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = gettext_lazy("standing")
        verbose_name_plural = gettext_lazy("standings")
        constraints = (
            models.UniqueConstraint(fields=("provider",), condition=Q(offering__isnull=True), name="standing_once_per_provider"),
            models.CheckConstraint(
                condition=Q(uptime_percent__isnull=True) | Q(uptime_percent__range=(0, 100)),
                name="standing_uptime_is_percent",
            ),
            models.CheckConstraint(condition=Q(score__isnull=True) | Q(score__lte=10000), name="standing_score_within_scale"),
        )

    def __str__(self) -> str:
        return f"{self.provider_id}/{self.offering_id or 0}"


class SearchWord(models.Model):
    """A word that stands in some public offering, with its trigrams, so that a mistyped one can be put right."""

    word = models.CharField(max_length=40, primary_key=True)
    trigrams = ArrayField(models.CharField(max_length=3))

    class Meta:
        verbose_name = gettext_lazy("search word")
        verbose_name_plural = gettext_lazy("search words")
        indexes = (GinIndex(fields=("trigrams",), name="search_word_trigrams"),)

    def __str__(self) -> str:
        return self.word


class FacetSnapshot(models.Model):
    """The whole public market counted, in cells of equal properties: one row, written anew with another revision each time.

    `cells` is a list of [type, country, flags, count]; see providers/flags.py for the flags.
    """

    revision = models.UUIDField()
    made_at = models.DateTimeField()
    providers = models.PositiveIntegerField(default=0)
    cells = models.JSONField(default=list)

    class Meta:
        verbose_name = gettext_lazy("facet snapshot")
        verbose_name_plural = gettext_lazy("facet snapshots")

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}"


class ImportPreview(models.Model):
    """A spreadsheet as it was read: what the preview showed is exactly what applying does."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="import_previews")
    file_name = models.CharField(max_length=120, blank=True)
    rows = models.JSONField(default=list)
    good = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = gettext_lazy("import preview")
        verbose_name_plural = gettext_lazy("import previews")
        indexes = (models.Index(fields=("expires_at",), name="import_preview_expiry"),)

    def __str__(self) -> str:
        return f"{self.provider_id}/{self.pk}"
