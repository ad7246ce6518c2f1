"""Offerings as lines of a CSV file, read and written. Pure: no database; what a line means is decided by OfferingForm."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.errors import Refused
from providers.forms import OfferingForm, initial_of
from providers.models import Offering
from providers.states import OfferingStatus

MOST_ROWS = 5000
LONGEST_CELL = 6000
STATUS = "status"
COLUMNS: tuple[str, ...] = ("reference", STATUS, *(name for name in OfferingForm.base_fields if name != "reference"))
_SEPARATORS = ",;\t"
# A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")
_TRUE = frozenset(("yes", "true", "1", "x", "on"))
_FALSE = frozenset(("no", "false", "0", "", "off"))
_FLAGS = ("auto_accept", "memory_ecc", "traffic_unmetered")
_CODES = ("type", "visibility", "extension_price", "disk_type", "virtualisation", STATUS)


@dataclass(frozen=True)
class Line:
    """One line of a file: its number as an editor counts, and the cells by column, as they are for the form."""

    number: int
    cells: dict[str, str]


def read(content: bytes) -> list[Line]:
    """The lines of a file below its heading; empty ones are left out.

    Raises Refused(unreadable) with what is wrong and where: encoding, columns, quotes, too many rows.
    """
    text = _text(content)
    separator = _separator(text)
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        return _lines(_rows(text, separator), separator)
    finally:
        csv.field_size_limit(limit)


def _lines(rows: Iterator[tuple[int, list[str]]], separator: str) -> list[Line]:
    """Taken one by one, so that a file of a million empty lines costs no more memory than a short one."""
    heading = next(rows, None)
    if heading is None:
        raise _unreadable(_("The file is empty."))
    columns = _columns(heading[1])
    lines: list[Line] = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(lines) == MOST_ROWS:
            raise _unreadable(_("More than %(most)s rows. Split the file.") % {"most": f"{MOST_ROWS:,}"})
        lines.append(_line(number, columns, cells, separator))
    if not lines:
        raise _unreadable(_("Nothing stands below the heading."))
    return lines


def write(offerings: Iterable[Offering]) -> Iterator[str]:
    """A file line by line, heading first: what `read` takes back. Begins with a byte order mark, for spreadsheets."""
    yield "\ufeff" + _written(COLUMNS)
    for offering in offerings:
        cells = cells_of(offering)
        yield _written(_harmless(cells[name]) for name in COLUMNS)


def template() -> Iterator[str]:
    """The heading and one example."""
    yield "\ufeff" + _written(COLUMNS)
    yield _written(_EXAMPLE.get(name, "") for name in COLUMNS)


def cells_of(offering: Offering) -> dict[str, str]:
    """An offering as the cells of a line; also what the form would be sent for it."""
    cells = {STATUS: offering.status}
    for name, value in initial_of(offering).items():
        if isinstance(value, bool):
            cells[name] = "yes" if value else "no"
        elif isinstance(value, list):
            cells[name] = " | ".join(value)
        else:
            cells[name] = "" if value is None else str(value)
    return cells


def form_data(cells: dict[str, str]) -> dict[str, str]:
    """The cells as a browser would have sent them: a flag that is off is not there at all."""
    return {
        name: cell for name, cell in cells.items() if name != STATUS and (name not in _FLAGS or cell.strip().lower() not in _FALSE)
    }


def flag_errors(cells: dict[str, str]) -> dict[str, str]:
    """The flags that are neither yes nor no."""
    return {name: _("yes or no.") for name in _FLAGS if name in cells and cells[name].strip().lower() not in _TRUE | _FALSE}


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unreadable(_("Line %(line)s is not UTF-8. Save the file as “CSV UTF-8”.") % {"line": line}) from None
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise _unreadable(_("Line %(line)s holds a NUL byte, which no text has.") % {"line": line})
    return text


def _separator(text: str) -> str:
    heading = text.lstrip().split("\n", 1)[0]
    return max(_SEPARATORS, key=heading.count)


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begin = 1
    try:
        for row in reader:
            yield begin, row
            begin = reader.line_num + 1
    except csv.Error as error:
        message = _("Line %(line)s cannot be read: %(error)s.")
        raise _unreadable(message % {"line": reader.line_num, "error": error}) from None


def _columns(heading: list[str]) -> list[str]:
    columns = [cell.strip().lower().replace(" ", "_").replace("-", "_") for cell in heading]
    unknown = [cell.strip() for cell, column in zip(heading, columns, strict=True) if column and column not in COLUMNS]
    if unknown:
        message = _("Unknown columns: %(columns)s. The template has all that there are.")
        raise _unreadable(message % {"columns": ", ".join(name[:40] for name in unknown[:10])})
    repeated = sorted(column for column, times in Counter(columns).items() if column and times > 1)
    if repeated:
        raise _unreadable(_("These columns stand there twice: %(columns)s.") % {"columns": ", ".join(repeated)})
    if "reference" not in columns:
        raise _unreadable(_("The column reference is missing: by it a second import finds what the first one made."))
    return columns


def _line(number: int, columns: list[str], cells: list[str], separator: str) -> Line:
    found = {column: _plain(cell) for column, cell in zip(columns, cells, strict=False) if column}
    surplus = [cell for cell in cells[len(columns) :] if cell.strip()]
    if surplus:
        message = _("Line %(line)s has more cells than the heading. A cell with a %(separator)s in it needs quotes.")
        raise _unreadable(message % {"line": number, "separator": separator})
    for name, cell in found.items():
        if name in _CODES:
            found[name] = cell.lower()
        elif name in ("country", "currency"):
            found[name] = cell.upper()
        elif separator == ";" and _DECIMAL_COMMA.fullmatch(cell):
            # Where a semicolon separates, the comma is the decimal mark; with three digits behind it nobody can tell.
            found[name] = cell.replace(",", ".")
    return Line(number, found)


def _plain(cell: str) -> str:
    """The cell without the apostrophe that keeps a spreadsheet from computing it."""
    stripped = cell.strip()
    return stripped[1:] if stripped[:1] == "'" and stripped.lstrip("'").startswith(_FORMULA) else stripped


def _harmless(cell: str) -> str:
    """The cell with an apostrophe where it would be computed, and where reading it would take away one of its own."""
    return f"'{cell}" if cell.lstrip("'").startswith(_FORMULA) else cell


def _written(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _unreadable(reason: str) -> Refused:
    return Refused(reason, code="unreadable", field="file")


_EXAMPLE = {
    "reference": "VPS-8",
    STATUS: OfferingStatus.DRAFT.value,
    "name": "VPS 8 NVMe",
    "type": "compute",
    "description": "Eight cores on new hardware.",
    "visibility": "public",
    "currency": "EUR",
    "monthly_price": "38.40",
    "setup_fee": "0",
    "min_hours": "24",
    "max_hours": "8760",
    "extension_price": "frozen",
    "stock": "10",
    "auto_accept": "no",
    "cpu_brand": "AMD",
    "cpu_model": "EPYC 9354P",
    "cores": "8",
    "cpu_ghz": "3.25",
    "memory_gb": "32",
    "memory_ecc": "yes",
    "disk_type": "nvme",
    "disk_count": "1",
    "disk_gb": "320",
    "uplink_mbit": "1000",
    "traffic_unmetered": "yes",
    "country": "DE",
    "city": "Nuremberg",
    "operating_systems": "Debian 13 | Ubuntu 24.04",
    "virtualisation": "kvm",
    "features": "IPv6 | Snapshots",
    "sla_uptime_percent": "99.9",
}
