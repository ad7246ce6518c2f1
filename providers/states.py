"""The words an offering's columns may hold, and the terms the market sells; imports nothing of ours."""

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Hours of the terms that exist at all; an offering narrows them by its own least and most hours.
TERMS = (24, 168, 720, 2160, 4320, 8760)
MONTH_HOURS = 720


class OfferingType(TextChoices):
    """What kind of thing is rented."""

    COMPUTE = "compute", _("VPS and cloud")
    DEDICATED = "dedicated", _("Dedicated")
    GPU = "gpu", _("GPU")
    STORAGE = "storage", _("Storage")
    NETWORK = "network", _("Network")


class OfferingStatus(TextChoices):
    """Where an offering stands in its own life; only a published one can be rented."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


class Visibility(TextChoices):
    """Who sees a published offering beside its provider."""

    PUBLIC = "public", _("Everybody")
    SHARED = "shared", _("Accounts on the allow-list")
    PRIVATE = "private", _("Nobody else")


class ExtensionPrice(TextChoices):
    """Which price an extension of a running rental costs."""

    FROZEN = "frozen", _("The price of the first order")
    CURRENT = "current", _("The price of the day")


class DiskType(TextChoices):
    """How the disks are built."""

    NVME = "nvme", _("NVMe")
    SSD = "ssd", _("SSD")
    HDD = "hdd", _("HDD")


class Virtualisation(TextChoices):
    """What separates the customer from the neighbours."""

    NONE = "none", _("None, bare metal")
    KVM = "kvm", _("KVM")
    XEN = "xen", _("Xen")
    LXC = "lxc", _("LXC")
    OPENVZ = "openvz", _("OpenVZ")
    VMWARE = "vmware", _("VMware")
    HYPERV = "hyperv", _("Hyper-V")


class TaxStatus(TextChoices):
    """How the provider itself is taxed; needed when it bills the platform."""

    UNKNOWN = "unknown", _("Not stated yet")
    REGISTERED = "registered", _("Registered for VAT")
    SMALL_BUSINESS = "small_business", _("Small business without VAT")
    PRIVATE = "private", _("Private person")
    OUTSIDE_EU = "outside_eu", _("Outside the EU")


@dataclass(frozen=True)
class Term:
    """One length that can be rented or, with the reason, cannot; `hours` are wall-clock hours."""

    hours: int
    allowed: bool
    reason: str
