"""The only writers of providers and offerings, by subject."""

from providers.search.facets import refresh_facets
from providers.services.importing import apply_import, forget_previews, keep_preview
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
from providers.services.prices import reprice_offerings
from providers.services.provider import activate_provider, become_provider, deactivate_provider, update_provider
from providers.services.standing import record_standing
from providers.services.stock import hold_stock, keep_hold, release_expired_holds, release_hold

__all__ = (
    "activate_provider",
    "allow_account",
    "apply_import",
    "archive_offering",
    "become_provider",
    "create_offering",
    "deactivate_provider",
    "disallow_account",
    "duplicate_offering",
    "forget_previews",
    "hold_stock",
    "keep_hold",
    "keep_preview",
    "publish_offering",
    "rebuild_index",
    "record_standing",
    "refresh_facets",
    "release_expired_holds",
    "release_hold",
    "reprice_offerings",
    "update_offering",
    "update_provider",
)
