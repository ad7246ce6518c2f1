"""What makes an offering's figures acceptable, and what it needs to be published; the same for the form, CSV and services. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.countries import is_country
from core.money import CURRENCIES, Money, currency, half_up_to_step
from providers.states import MONTH_HOURS, OfferingType

# The most that is believable; also keeps every product of two of them inside the database's integers.
MOST: dict[str, int] = {
    "stock": 100_000,
    "cores": 4_096,
    "cpu_ghz": 20,
    "memory_gb": 65_536,
    "disk_count": 1_000,
    "disk_gb": 1_000_000,
    "gpu_count": 64,
    "gpu_gb": 4_096,
    "uplink_mbit": 1_000_000,
    "traffic_tb": 1_000_000,
    "min_hours": 87_600,
    "max_hours": 87_600,
    "sla_response_minutes": 10_080,
    "auto_accept_max_hours": 87_600,
}
MOST_MAJOR = 10_000_000
MOST_LIST = 40
MOST_LIST_ENTRY = 60


def broken_rules(values: Mapping[str, Any], *, taken: int = 0) -> dict[str, str]:
    """The fields whose value cannot stand, each with a sentence that says how it is right.

    `values` are the columns of an offering; fields that are absent are not judged. `taken` is the stock that is rented out.
    """
    broken: dict[str, str] = {}
    for field, most in MOST.items():
        value = values.get(field)
        if value is not None and not 0 <= value <= most:
            broken[field] = _("Between 0 and %(most)s.") % {"most": f"{most:,}"}
    broken |= _broken_money(values)
    broken |= _broken_hours(values)
    broken |= _broken_parts(values)
    stock = values.get("stock")
    if "stock" not in broken and stock is not None and stock < taken:
        broken["stock"] = _("%(count)s are rented out or being ordered, so the stock is at least that.") % {"count": taken}
    for field in ("operating_systems", "features"):
        entries = values.get(field) or ()
        if len(entries) > MOST_LIST:
            broken[field] = _("%(most)s entries at most.") % {"most": MOST_LIST}
        elif any(len(entry) > MOST_LIST_ENTRY for entry in entries):
            broken[field] = _("Each entry has at most %(most)s characters.") % {"most": MOST_LIST_ENTRY}
    country = values.get("country")
    if country is not None and not is_country(country):
        broken["country"] = _("Two letters of a country, such as DE.")
    return broken


def _broken_money(values: Mapping[str, Any]) -> dict[str, str]:
    code = values.get("currency")
    if code is None:
        return {}
    if code not in CURRENCIES:
        return {"currency": _("One of %(codes)s.") % {"codes": ", ".join(CURRENCIES)}}
    broken: dict[str, str] = {}
    kind = currency(code)
    most = MOST_MAJOR * 10**kind.exponent
    for field, least in (("monthly_minor", 1), ("setup_fee_minor", 0)):
        minor = values.get(field)
        if minor is None:
            continue
        if not least <= minor <= most:
            broken[field] = (_("More than 0 and at most %(most)s.") if least else _("Between 0 and %(most)s.")) % {
                "most": f"{MOST_MAJOR:,}"
            }
        elif minor % kind.step:
            broken[field] = _("Prices in %(code)s go in steps of %(step)s.") % {
                "code": code,
                "step": Decimal(kind.step).scaleb(-kind.exponent),
            }
    return broken


def _broken_hours(values: Mapping[str, Any]) -> dict[str, str]:
    least, most = values.get("min_hours"), values.get("max_hours")
    if least is not None and least < 1:
        return {"min_hours": _("One hour at least.")}
    if least is not None and most is not None and most < least:
        return {"max_hours": _("The longest term is not below the shortest.")}
    return {}


def _broken_parts(values: Mapping[str, Any]) -> dict[str, str]:
    broken: dict[str, str] = {}
    if values.get("traffic_unmetered") and values.get("traffic_tb") is not None:
        broken["traffic_tb"] = _("Leave it empty when traffic is unmetered.")
    if bool(values.get("disk_count")) != bool(values.get("disk_gb")) and "disk_count" in values:
        missing = "disk_gb" if values.get("disk_count") else "disk_count"
        broken[missing] = _("Disks need both a number and a size.")
    if values.get("gpu_count") and not values.get("gpu_name"):
        broken["gpu_name"] = _("Which GPU is it?")
    percent = values.get("sla_uptime_percent")
    if percent is not None and not 0 <= percent <= 100:
        broken["sla_uptime_percent"] = _("A percentage, 100 at most.")
    return broken


def missing_to_publish(values: Mapping[str, Any]) -> dict[str, str]:
    """The fields that a customer needs and that are still empty, each with a sentence; empty when it may be published."""
    missing: dict[str, str] = {}

    def need(field: str, sentence: str) -> None:
        if not values.get(field):
            missing[field] = sentence

    kind = values["type"]
    if kind in (OfferingType.COMPUTE, OfferingType.DEDICATED, OfferingType.GPU):
        need("cores", _("How many cores?"))
        need("memory_gb", _("How much memory?"))
        need("operating_systems", _("Which systems can be installed? One at least."))
    if kind == OfferingType.GPU:
        need("gpu_count", _("How many GPUs?"))
    if kind in (OfferingType.COMPUTE, OfferingType.DEDICATED, OfferingType.STORAGE):
        need("disk_gb", _("How large are the disks?"))
    need("uplink_mbit", _("How fast is the uplink?"))
    longest = half_up_to_step(values["monthly_minor"] * values["max_hours"], MONTH_HOURS, values["currency"])
    least = currency(values["currency"]).minimum_minor
    if longest + values["setup_fee_minor"] < least:
        missing["monthly_minor"] = _("Even the longest term costs less than %(least)s, the least that can be paid.") % {
            "least": Money(least, values["currency"])
        }
    return missing
