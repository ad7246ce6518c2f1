"""The states of transfers stand in ARCHITECTURE.md as they stand in the code."""

import re
from pathlib import Path

from django.conf import settings

from payouts.models import PayoutTransfer


def test_the_table_in_architecture_is_the_table_of_the_code() -> None:
    text = (Path(settings.BASE_DIR) / "ARCHITECTURE.md").read_text()
    section = text.split("### Transfer\n")[1].split("\n#")[0]
    written = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", section, re.MULTILINE)
    moves = PayoutTransfer._meta.get_field("state").get_all_transitions(PayoutTransfer)
    assert sorted(written) == sorted((str(move.source), str(move.target), move.name) for move in moves)
    assert written
