"""The settings of a real worker process beside the tests: their database, their small table of consequences."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, Q_CLUSTER

DATABASES["default"]["NAME"] = os.environ["WORKER_TEST_DATABASE"]
Q_CLUSTER["workers"] = 1
REACTIONS = "tests.core.reactions"
WORKER_SILENCE_SECONDS = float(os.environ["WORKER_TEST_SILENCE"])
