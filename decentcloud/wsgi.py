"""The door for web servers: `gunicorn decentcloud.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "decentcloud.settings")

application = get_wsgi_application()
