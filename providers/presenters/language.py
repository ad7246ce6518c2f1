"""The query language explained from its own table of fields, so that the page cannot drift from the parser."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from providers.search.fields import FIELDS, Field, Kind

# One example for each field; a test reads them all.
EXAMPLES: dict[str, str] = {
    "type": "type:(dedicated OR gpu)",
    "cores": "cores:>=8",
    "memory": "memory:[16 TO 64]",
    "disk": "disk:>=2tb",
    "disk_type": "disk_type:nvme",
    "gpu": "gpu:h100",
    "gpu_memory": "gpu_memory:>=40",
    "uplink": "uplink:>=10gbit",
    "traffic": "traffic:>=20",
    "price": "price:<=50",
    "setup": "setup:0",
    "country": "country:(DE OR NL)",
    "city": "city:helsinki",
    "os": 'os:"debian 13"',
    "virtualisation": "virtualisation:kvm",
    "panel": "panel:plesk",
    "feature": "feature:snapshots",
    "cpu": "cpu:epyc",
    "ecc": "ecc:yes",
    "unmetered": "unmetered:yes",
    "auto": "auto:yes",
    "stock": "stock:>0",
    "uptime": "uptime:>=99.9",
    "provider": "provider:quietstack",
    "currency": "currency:chf",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be written, with an example that can be tried."""

    meaning: str
    example: str
    url: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field: its names, what may follow, an example."""

    name: str
    others: str
    takes: str
    example: str
    url: str


def rules() -> tuple[Rule, ...]:
    """How words and fields go together."""
    written = (
        (_("All of the words occur; a mistyped one is put right."), "nvme germany"),
        (_("Exactly these words, in this order."), '"rescue console"'),
        (_("A size as one says it."), "8 cores 32 GB"),
        (_("A field has a value."), "country:FI"),
        (_("More, less, at least, at most."), "cores:>=8 price:<100"),
        (_("Between two numbers, both included; a star is open."), "memory:[16 TO *]"),
        (_("One of several."), "country:(DE OR NL OR FI)"),
        (_("Not this."), "-type:gpu -windows"),
        (_("Several things at once: all have to be true."), "type:dedicated ecc:yes uplink:>=10gbit"),
    )
    return tuple(Rule(meaning, example, _try(example)) for meaning, example in written)


def field_rows() -> tuple[FieldRow, ...]:
    """Every field of the language, in its own order."""
    return tuple(
        FieldRow(one.name, ", ".join(one.aliases), _takes(one), EXAMPLES[one.name], _try(EXAMPLES[one.name])) for one in FIELDS
    )


def _try(query: str) -> str:
    return f"{reverse('marketplace')}?{urlencode({'q': query})}"


def _takes(field: Field) -> str:
    """What may stand behind the colon."""
    numbers = _("a number")
    if field.units:
        numbers = _("a number; units %(units)s") % {"units": ", ".join(field.units)}
    return {
        Kind.NUMBER: numbers,
        Kind.FLAG: _("yes or no"),
        Kind.CHOICE: ", ".join(dict.fromkeys(field.choices.values())),
        Kind.COUNTRY: _("two letters, or the country’s English name"),
        Kind.NAME: _("words"),
        Kind.NUMBER_OR_NAME: _("%(numbers)s, or words") % {"numbers": numbers},
    }[field.kind]
