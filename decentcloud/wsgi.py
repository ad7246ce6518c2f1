"""The door for web servers: `gunicorn decentcloud.wsgi`."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "decentcloud.settings")

application = get_wsgi_application()

# Workers that are forked from here (--preload) share what is in memory by now: all views with what they import, in pages that the
# collector does not write to any more. Source: the Python library reference, gc.freeze.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
