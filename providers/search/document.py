"""What an offering is found by: its labels for exact filters and its text for words. Pure."""

from decimal import Decimal

from core.countries import country_name
from providers.models import Offering
from providers.search.sizes import spoken_sizes
from providers.search.words import fold, spoken, words

# Words that people type for a kind and that stand on no offering by themselves.
_KIND_WORDS = {
    "compute": "vps cloud server virtual machine vm compute",
    "dedicated": "dedicated server bare metal",
    "gpu": "gpu server graphics accelerator",
    "storage": "storage server backup object",
    "network": "network transit ip bandwidth",
}


def label(field: str, value: str) -> str:
    """One exact property, as it stands in the labels column: "country:de"."""
    return f"{field}:{fold(value)}"[:120]


def labels_of(offering: Offering) -> list[str]:
    """Everything about the offering that is named by words and filtered by exactly, sorted; closed lists are columns."""
    found = {label("provider", offering.provider.slug)}
    for field, values in (
        ("city", [offering.city]),
        ("provider", [offering.provider.name]),
        ("os", offering.operating_systems),
        ("feature", offering.features),
        ("panel", [offering.control_panel]),
        ("gpu", [offering.gpu_name]),
        ("cpu", [offering.cpu_brand, offering.cpu_model, f"{offering.cpu_brand} {offering.cpu_model}"]),
    ):
        found |= {label(field, name) for value in values for name in spoken(value)}
    return sorted(found)


def text_of(offering: Offering) -> str:
    """Everything about the offering that free text is looked up in: its words, folded."""
    parts = (
        offering.name,
        offering.provider.name,
        _KIND_WORDS[offering.type],
        offering.cpu_brand,
        offering.cpu_model,
        offering.gpu_name,
        _sizes_of(offering),
        offering.disk_type,
        offering.virtualisation,
        offering.city,
        country_name(offering.country, "en"),
        *offering.operating_systems,
        offering.control_panel,
        *offering.features,
        offering.description,
    )
    return " ".join(words("\n".join(parts)))


def _sizes_of(offering: Offering) -> str:
    """Cores, memory and each disk, as they are typed."""
    figures = (figure for figure in (offering.memory_gb, offering.disk_gb) if figure)
    return spoken_sizes(offering.cores, tuple(f"{Decimal(figure).normalize():f}" for figure in figures))
