"""Only where the vendors' own descriptions of their services lie. They belong to others and are no part of this project.

`VENDOR_SPECS` names their folder. Without it, what needs them is left out, and a skipped test says so; `REQUIRE_VENDOR_SPECS=1`
makes that a failure.
"""

import os
from pathlib import Path

import pytest


def vendor_spec(name: str) -> Path | None:
    """The file `name` of the vendors' descriptions; None where there is none. Raises LookupError where one is required."""
    folder = os.environ.get("VENDOR_SPECS", "")
    path = Path(folder, name)
    if folder and path.is_file():
        return path
    if os.environ.get("REQUIRE_VENDOR_SPECS") == "1":
        raise LookupError(f"{name} is required, and VENDOR_SPECS is {folder or 'not set'}")
    return None


def vendor_spec_or_skip(name: str, left_out: str) -> Path:
    """The file, or the end of this test, with a line in the run's summary that names what is left out."""
    path = vendor_spec(name)
    if path is None:
        pytest.skip(f"VENDOR_SPECS is not set: {left_out} (needs {name})")
    return path
