"""The fields of the query language: names, aliases, kinds and units. Pure; what they mean to the database is in compile.py."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from providers.states import DiskType, OfferingType, Virtualisation


class Kind(Enum):
    """How a field's values are written."""

    NUMBER = "number"  # 4, >=4, [4 TO 8]
    FLAG = "flag"  # yes, no
    CHOICE = "choice"  # one of a closed list
    COUNTRY = "country"  # a code, or the country's name
    NAME = "name"  # words: debian, "debian 13"
    NUMBER_OR_NAME = "number or name"  # gpu:>=2, gpu:h100


@dataclass(frozen=True)
class Field:
    """One field: `units` multiply a number that carries them, `choices` maps what may be written to what it means."""

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    units: dict[str, Decimal] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    # Above it a number is a name: gpu:2 counts, gpu:4090 is a model.
    most: Decimal | None = None

    @property
    def takes_numbers(self) -> bool:
        """Whether comparisons and ranges make sense."""
        return self.kind in (Kind.NUMBER, Kind.NUMBER_OR_NAME)


_THOUSAND = Decimal(1000)
_GB = {"gb": Decimal(1), "g": Decimal(1), "tb": Decimal(1024), "t": Decimal(1024)}
_DISK = {"gb": Decimal(1), "g": Decimal(1), "tb": _THOUSAND, "t": _THOUSAND, "pb": _THOUSAND * 1000}
_TB = {"tb": Decimal(1), "t": Decimal(1), "pb": _THOUSAND, "gb": Decimal("0.001")}
_MBIT = {"mbit": Decimal(1), "m": Decimal(1), "gbit": _THOUSAND, "g": _THOUSAND}
_EUR = {"eur": Decimal(1), "€": Decimal(1)}
_PERCENT = {"%": Decimal(1)}
_TYPES = {key: key for key in OfferingType.values} | {
    "vps": "compute", "cloud": "compute", "vm": "compute", "metal": "dedicated", "baremetal": "dedicated",
}  # fmt: skip
_DISKS = {key: key for key in DiskType.values}
_VIRTUALISATION = {key: key for key in Virtualisation.values} | {"metal": "none", "baremetal": "none", "hyper-v": "hyperv"}

FIELDS: tuple[Field, ...] = (
    Field("type", Kind.CHOICE, ("kind",), choices=_TYPES),
    Field("cores", Kind.NUMBER, ("core", "cpus", "vcpu", "vcpus")),
    Field("memory", Kind.NUMBER, ("mem", "ram"), units=_GB),
    Field("disk", Kind.NUMBER, ("space",), units=_DISK),
    Field("disk_type", Kind.CHOICE, ("disktype", "drive"), choices=_DISKS),
    Field("gpu", Kind.NUMBER_OR_NAME, ("gpus",), most=Decimal(64)),
    Field("gpu_memory", Kind.NUMBER, ("vram", "gpu_mem"), units=_GB),
    Field("uplink", Kind.NUMBER, ("net", "bandwidth", "port"), units=_MBIT),
    Field("traffic", Kind.NUMBER_OR_NAME, ("transfer",), units=_TB, choices={"unmetered": "unmetered"}),
    Field("price", Kind.NUMBER, ("cost", "eur"), units=_EUR),
    Field("setup", Kind.NUMBER, ("setup_fee",), units=_EUR),
    Field("country", Kind.COUNTRY, ("cc", "in")),
    Field("city", Kind.NAME, ("town", "place")),
    Field("os", Kind.NAME, ("system",)),
    Field("virtualisation", Kind.CHOICE, ("virtualization", "virt", "hypervisor"), choices=_VIRTUALISATION),
    Field("panel", Kind.NAME, ("control_panel",)),
    Field("feature", Kind.NAME, ("features", "has")),
    Field("cpu", Kind.NAME, ("processor",)),
    Field("ecc", Kind.FLAG),
    Field("unmetered", Kind.FLAG),
    Field("auto", Kind.FLAG, ("auto_accept", "instant")),
    Field("stock", Kind.NUMBER, ("free",)),
    Field("uptime", Kind.NUMBER, (), units=_PERCENT),
    Field("provider", Kind.NAME, ("by", "seller")),
    Field("currency", Kind.NAME, ("cur",)),
)

BY_NAME: dict[str, Field] = {name: one for one in FIELDS for name in (one.name, *one.aliases)}
YES = frozenset(("yes", "true", "1", "on"))
NO = frozenset(("no", "false", "0", "off"))
