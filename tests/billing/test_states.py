"""The states of payments, refunds and disputes stand in ARCHITECTURE.md as they stand in the code."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from billing.models import Dispute, Payment, Refund


@pytest.mark.parametrize("model", [Payment, Refund, Dispute])
def test_the_table_in_architecture_is_the_table_of_the_code(model: type[Payment] | type[Refund] | type[Dispute]) -> None:
    text = (Path(settings.BASE_DIR) / "ARCHITECTURE.md").read_text()
    section = text.split(f"### {model.__name__}\n")[1].split("\n#")[0]
    written = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", section, re.MULTILINE)
    declared = {(str(t.source), str(t.target), t.name) for t in model._meta.get_field("state").get_all_transitions(model)}
    assert written
    assert sorted(written) == sorted(declared)
