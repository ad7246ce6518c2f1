"""Only what of an offering a contract freezes."""

from decimal import Decimal
from typing import Any

from providers.models import Offering

FROZEN = (
    "slug",
    "name",
    "description",
    "type",
    "cpu_brand",
    "cpu_model",
    "cores",
    "cpu_ghz",
    "memory_gb",
    "memory_ecc",
    "disk_type",
    "disk_count",
    "disk_gb",
    "gpu_name",
    "gpu_count",
    "gpu_gb",
    "uplink_mbit",
    "traffic_tb",
    "traffic_unmetered",
    "country",
    "city",
    "operating_systems",
    "virtualisation",
    "control_panel",
    "features",
    "sla_uptime_percent",
    "sla_response_minutes",
    "min_hours",
    "max_hours",
)


def freeze_terms(offering: Offering) -> dict[str, Any]:
    """The offering as it stood at ordering, as JSON; decimals as text, so that nothing is rounded."""
    return {name: _plain(getattr(offering, name)) for name in FROZEN}


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value
