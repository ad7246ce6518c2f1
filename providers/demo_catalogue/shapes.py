"""How the demo catalogue is written down: a company has lines, a line has sizes, a size at a site is one offering."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.money import parse_major

LINUX = ("Debian 13", "Ubuntu 24.04", "Alma 10")
LINUX_AND_BSD = (*LINUX, "FreeBSD 15")
LINUX_AND_WINDOWS = (*LINUX, "Windows Server 2025")


@dataclass(frozen=True)
class Line:
    """One product line. `columns` names what differs between sizes, each row of `sizes` is one size; `common` holds for all of them."""

    type: str
    name: str
    about: str
    columns: str
    sizes: tuple[tuple[Any, ...], ...]
    common: Mapping[str, Any] = field(default_factory=dict)
    sites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Company:
    """One invented provider. `sites` maps a city to its country; the first one is where the company sits and needs no suffix in names."""

    name: str
    about: str
    since: str
    currency: str
    sites: Mapping[str, str]
    legal_name: str
    legal_address: str
    lines: tuple[Line, ...]

    @property
    def city(self) -> str:
        return next(iter(self.sites))

    @property
    def country(self) -> str:
        return self.sites[self.city]

    def offerings(self) -> Iterator[dict[str, Any]]:
        """Fields for providers.services.create_offering, one mapping per size and site, in a fixed order."""
        for line in self.lines:
            for site in line.sites or (self.city,):
                for size in line.sizes:
                    yield self._offering(line, site, size)

    def _offering(self, line: Line, site: str, size: tuple[Any, ...]) -> dict[str, Any]:
        values = {**line.common, **dict(zip(line.columns.split(), size, strict=True))}
        price = values.pop("price")
        label = values.pop("label", "")
        name = line.name.format(label=label, **values)
        if site != self.city:
            name = f"{name}, {site}"
        for figure in ("memory_gb", "cpu_ghz", "traffic_tb", "sla_uptime_percent"):
            if figure in values:
                values[figure] = Decimal(str(values[figure]))
        values["setup_fee_minor"] = parse_major(values.pop("setup", "0"), self.currency)
        return {
            "name": name,
            "description": line.about,
            "type": line.type,
            "currency": self.currency,
            "monthly_minor": parse_major(price, self.currency),
            "city": site,
            "country": self.sites[site],
            **values,
        }
