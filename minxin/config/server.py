"""The WSGI application that granian serves."""

import os
from pathlib import Path

from django.core.wsgi import get_wsgi_application

from minxin.config import crowd, processes

processes.die_with_parent()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minxin.config.settings")
_shared = os.environ.get("MINXIN_TALLY")
application = crowd.Door(get_wsgi_application(), crowd.Tally(Path(_shared)) if _shared else None)
