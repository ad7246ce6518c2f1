"""Only how a report becomes CSV: exact decimals, UTF-8, stable columns, and no cell that a spreadsheet would take for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO

from core.currencies import currency

Cell = str | int | date | Decimal | None

# Spreadsheets take UTF-8 for something else without it.
MARK = "\ufeff"
# What begins with one of these is a formula to a spreadsheet, blanks before it or not.
_FORMULA = ("=", "+", "-", "@", "|", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BATCH = 500


def written(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file in pieces, a few hundred rows each: heading first, then a line a row."""
    page = StringIO(newline="")
    sheet = csv.writer(page)
    page.write(MARK)
    sheet.writerow(columns)
    for number, row in enumerate(rows, start=1):
        assert len(row) == len(columns)
        sheet.writerow([_text(cell) for cell in row])
        if number % _BATCH == 0:
            yield page.getvalue()
            page.seek(0)
            page.truncate()
    yield page.getvalue()


def major(minor: int, code: str) -> Decimal:
    """Minor units as the exact amount with all decimals of its currency: 12350 KWD is 12.350."""
    return Decimal(minor).scaleb(-currency(code).exponent)


def _text(cell: Cell) -> str:
    """Figures and days as they are, since we made them; words made harmless."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if not isinstance(cell, str):
        return str(cell)
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA) else cell
