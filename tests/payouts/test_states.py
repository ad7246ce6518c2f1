"""The states of payouts stand in ARCHITECTURE.md as they stand in the code."""

import re
from pathlib import Path

from django.conf import settings

from payouts.models import Payout


def test_the_table_in_architecture_is_the_table_of_the_code() -> None:
    text = (Path(settings.BASE_DIR) / "ARCHITECTURE.md").read_text()
    section = text.split("### Payout\n")[1].split("\n#")[0]
    written = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", section, re.MULTILINE)
    declared = {(str(t.source), str(t.target), t.name) for t in Payout._meta.get_field("state").get_all_transitions(Payout)}
    assert written
    assert sorted(written) == sorted(declared)
