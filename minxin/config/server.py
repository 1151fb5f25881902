"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from minxin.config import processes

processes.die_with_parent()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minxin.config.settings")
application = get_wsgi_application()
