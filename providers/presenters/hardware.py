"""An offering's hardware in words: a value, and under it what qualifies it. Columns go in, ready strings come out."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.utils.translation import ngettext

from core.words import gettext as _
from core.words import kept_words
from providers.models import Offering
from providers.states import DiskType, OfferingType

# Kinds whose cores are shares of a host; the others have whole processors.
_VIRTUAL = frozenset({OfferingType.COMPUTE, OfferingType.GPU})


class Machine(Protocol):
    """What the cells of a list say of an offering: the model has it, and so has a line of a list."""

    @property
    def type(self) -> str: ...
    @property
    def cpu_model(self) -> str: ...
    @property
    def cores(self) -> int: ...
    @property
    def memory_gb(self) -> Decimal: ...
    @property
    def memory_ecc(self) -> bool: ...
    @property
    def disk_type(self) -> str: ...
    @property
    def disk_count(self) -> int: ...
    @property
    def disk_gb(self) -> int: ...
    @property
    def gpu_name(self) -> str: ...
    @property
    def gpu_count(self) -> int: ...
    @property
    def gpu_gb(self) -> Decimal: ...
    @property
    def uplink_mbit(self) -> int: ...
    @property
    def traffic_tb(self) -> Decimal | None: ...
    @property
    def traffic_unmetered(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Words:
    """One cell: the value, and the line below it; either may be empty."""

    value: str = ""
    note: str = ""


def figure(value: Decimal | int) -> str:
    """A number as short as it is exact: "2.5", "1,536"."""
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,d}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@kept_words
def size(gigabytes: Decimal | int) -> str:
    """A size in GB, or in TB from a thousand on, the way disks are sold."""
    if gigabytes >= 1000:
        return _("%(n)s TB") % {"n": figure(Decimal(gigabytes) / 1000)}
    return _("%(n)s GB") % {"n": figure(gigabytes)}


@kept_words
def memory_size(gigabytes: Decimal | int) -> str:
    """A size of memory in GB, or in TB when it is a whole number of them."""
    if gigabytes >= 1024 and gigabytes % 512 == 0:
        return _("%(n)s TB") % {"n": figure(Decimal(gigabytes) / 1024)}
    return _("%(n)s GB") % {"n": figure(gigabytes)}


@kept_words
def speed(mbit: int) -> str:
    """A line's speed in Mbit/s, or in Gbit/s from a thousand on."""
    if mbit >= 1000:
        return _("%(n)s Gbit/s") % {"n": figure(Decimal(mbit) / 1000)}
    return _("%(n)s Mbit/s") % {"n": figure(mbit)}


def cores(offering: Machine) -> str:
    """ "8 vCPU" where cores are shared, "16 cores" where they are not; empty without a processor."""
    return _cores(offering.cores, "shared" if offering.type in _VIRTUAL else "whole")


@kept_words
def _cores(count: int, kind: str) -> str:
    if not count:
        return ""
    if kind == "shared":
        return ngettext("%(n)s vCPU", "%(n)s vCPU", count) % {"n": figure(count)}
    return ngettext("%(n)s core", "%(n)s cores", count) % {"n": figure(count)}


def gpu(offering: Machine) -> str:
    """ "1 × H100, 80 GB"; empty without a GPU."""
    if not offering.gpu_count:
        return ""
    cards = f"{offering.gpu_count} × {offering.gpu_name}"
    return f"{cards}, {memory_size(offering.gpu_gb)}" if offering.gpu_gb else cards


def processor(offering: Machine) -> Words:
    """The processor; where there is a GPU it is what qualifies it."""
    return Words(cores(offering), gpu(offering) or offering.cpu_model)


def processor_in_full(offering: Offering) -> str:
    """ "AMD EPYC 9354P, 3.25 GHz, 8 vCPU", as much of it as is known."""
    clock = _("%(n)s GHz") % {"n": figure(offering.cpu_ghz)} if offering.cpu_ghz else ""
    maker = f"{offering.cpu_brand} {offering.cpu_model}".strip()
    return ", ".join(part for part in (maker, clock, cores(offering)) if part)


def memory(offering: Machine) -> Words:
    """The memory, and whether it corrects its errors."""
    if not offering.memory_gb:
        return Words()
    return Words(memory_size(offering.memory_gb), _("ECC") if offering.memory_ecc else "")


def disk(offering: Machine) -> Words:
    """The disks: "2 × 1.92 TB", and how they are built."""
    if not offering.disk_gb:
        return Words()
    each = size(offering.disk_gb)
    value = each if offering.disk_count == 1 else f"{offering.disk_count} × {each}"
    return Words(value, _disk_type(offering.disk_type))


@kept_words
def _disk_type(value: str) -> str:
    return str(DiskType(value).label) if value else ""


def traffic(offering: Machine) -> str:
    """ "20 TB" a month, "unmetered", or empty when nothing is said."""
    return _traffic(-1 if offering.traffic_unmetered else offering.traffic_tb)


@kept_words
def _traffic(terabytes: Decimal | int | None) -> str:
    if terabytes is None:
        return ""
    return _("unmetered") if terabytes < 0 else _("%(n)s TB") % {"n": figure(terabytes)}


def network(offering: Machine) -> Words:
    """The uplink, and how much may go over it in a month."""
    return Words(speed(offering.uplink_mbit) if offering.uplink_mbit else "", traffic(offering))


def facts(offering: Offering) -> list[dict[str, str]]:
    """The specification as pairs for c/facts.html; what the provider does not state is left out."""
    virtual = str(offering.get_virtualisation_display()) if offering.virtualisation else ""
    pairs = (
        (_("Processor"), processor_in_full(offering)),
        (_("GPU"), gpu(offering)),
        (_("Memory"), ", ".join(filter(None, (memory(offering).value, memory(offering).note)))),
        (_("Disk"), " ".join(filter(None, (disk(offering).value, disk(offering).note)))),
        (_("Network"), ", ".join(filter(None, (network(offering).value, network(offering).note)))),
        (_("Virtualisation"), virtual),
        (_("Systems"), ", ".join(offering.operating_systems)),
        (_("Control panel"), offering.control_panel),
        (_("Features"), ", ".join(offering.features)),
    )
    return [{"label": label, "value": value} for label, value in pairs if value]
