"""Only where the configuration comes from: the environment, then files beside manage.py and in DECENTCLOUD_HOME."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

# --- Where the configuration comes from ---------------------------------------------------------------------------------------
# A real environment first, then .env beside manage.py. A checkout that names no database is a local one: `make run` keeps its data
# and its generated secrets in DECENTCLOUD_HOME, so that every `manage.py` command there works on the market that `make run` shows.

env.read_env(BASE_DIR / ".env")
DECENTCLOUD_HOME = Path(env.str("DECENTCLOUD_HOME", default="") or BASE_DIR / ".local").absolute()
NAMES_NO_DATABASE: bool = not env.str("DATABASE_URL", default="")
if NAMES_NO_DATABASE:
    env.read_env(DECENTCLOUD_HOME / "env")
