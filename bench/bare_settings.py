"""The shop's own settings, middleware and all, with other addresses."""

from decentcloud.settings import *  # noqa: F403

ROOT_URLCONF = "bench.bare"
