"""The only writers of providers and offerings, by subject."""

from providers.services.index import rebuild_index
from providers.services.offering import (
    allow_account,
    archive_offering,
    create_offering,
    disallow_account,
    duplicate_offering,
    publish_offering,
    update_offering,
)
from providers.services.provider import become_provider, update_provider
from providers.services.standing import record_standing
from providers.services.stock import hold_stock, keep_hold, release_expired_holds, release_hold

__all__ = (
    "allow_account",
    "archive_offering",
    "become_provider",
    "create_offering",
    "disallow_account",
    "duplicate_offering",
    "hold_stock",
    "keep_hold",
    "publish_offering",
    "rebuild_index",
    "record_standing",
    "release_expired_holds",
    "release_hold",
    "update_offering",
    "update_provider",
)
