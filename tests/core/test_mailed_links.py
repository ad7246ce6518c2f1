"""The secret of a mailed link: only its digest is kept, and nothing else fits it."""

import pytest

from core.mailed_links import fits, new_secret


def test_a_secret_fits_its_digest_and_no_other() -> None:
    secret, digest = new_secret(7)
    other, other_digest = new_secret(7)
    assert secret.startswith("7.")
    assert (fits(secret, digest), fits(other, other_digest)) == (True, True)
    assert (fits(other, digest), fits(secret, other_digest)) == (False, False)
    assert secret.split(".")[1] not in digest


@pytest.mark.parametrize("text", ["", "7.", "\ud800", "٣", "\u202e7.x"])
def test_what_was_never_mailed_fits_nothing(text: str) -> None:
    assert not fits(text, new_secret(7)[1])
    assert not fits(text, "")
