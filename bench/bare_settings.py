"""The shop's own settings, middleware and all, with other addresses."""

from decentcloud.settings import *  # noqa: F403 -- all of them, that is the point

ROOT_URLCONF = "bench.bare"
