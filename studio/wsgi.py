"""Django for WSGI servers: what gunicorn runs behind the team's proxy."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

_django = get_wsgi_application()

# It imports models, which need the apps loaded.
from studio.facades.mlflow.direct import Direct  # noqa: E402

application = Direct(_django)
