"""Every setting of the studio, read from environment variables only; with none set it works on one machine.

`docs/settings.md` lists the variables. Mistakes in them are reported by the system checks in `studio/lib/checks.py`.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from csp.constants import NONCE, NONE, SELF

from studio.lib import env, home

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = (
    re.findall(r"^## (\d\S*)", (BASE_DIR / "CHANGELOG.md").read_text("utf-8"), re.M) or ["0"]
)[0]

# --- Where the state lives, and where the studio answers
OFFICINA_HOME = (
    Path(env.env_str("OFFICINA_HOME", str(BASE_DIR / ".officina"))).expanduser().absolute()
)
home.prepare(OFFICINA_HOME)
RUN_FOLDER = home.run_folder(OFFICINA_HOME)
WORK_FOLDER = OFFICINA_HOME / "work"
FORKHOST_SOCKET = RUN_FOLDER / "forkhost.sock"
ENVIRONMENT_CACHE = OFFICINA_HOME / "environments"
# The same after a restart, and another for another home on the same machine.
NODE_NAME = env.env_str(
    "OFFICINA_NODE",
    f"{socket.gethostname()}-{hashlib.sha256(str(OFFICINA_HOME).encode()).hexdigest()[:6]}",
)
# The compute whose runs this machine takes; `manage.py join` sets it.
POOL = env.env_str("OFFICINA_POOL", "local")

BIND = env.env_str("OFFICINA_BIND", "127.0.0.1")
PORT = env.env_int("OFFICINA_PORT", 8000, low=1, high=65535)
TLS_PORT = env.env_int("OFFICINA_TLS_PORT", 8443, low=0, high=65535)
WORKERS = env.env_int("OFFICINA_WORKERS", max(2, os.cpu_count() or 2), low=1, high=256)
WEB_THREADS = env.env_int("OFFICINA_WEB_THREADS", 16, low=2, high=256)
PUBLIC_URL = env.env_str("OFFICINA_PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
# What a job calls: on the studio's own machine, unless the workers are elsewhere.
INTERNAL_URL = env.env_str("OFFICINA_INTERNAL_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
STORAGE_URL = env.env_str("STORAGE_URL", (OFFICINA_HOME / "store").as_uri())

# --- Secrets and hosts
DEBUG = env.env_bool("OFFICINA_DEBUG")
SECRET_KEY = env.env_secret("OFFICINA_SECRET_KEY") or home.secret_key(OFFICINA_HOME)
_public = urlsplit(PUBLIC_URL)
# Old keys, after a change: what they signed or encrypted can still be read.
SECRET_KEY_FALLBACKS = env.env_list("OFFICINA_SECRET_KEY_FALLBACKS")
SERVED_BY_TLS = _public.scheme == "https"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env.env_list("OFFICINA_HOSTS")]
if _public.hostname and _public.hostname not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(_public.hostname)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"] if _public.netloc else []
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# The laptop answers on a plain and on a TLS port at once: `SecureCookies` marks the cookies of the second.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_BY_TLS
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SECURE_HSTS_SECONDS = env.env_int("OFFICINA_HSTS_SECONDS", 31_536_000 if SERVED_BY_TLS else 0)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.env_bool("OFFICINA_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# W008: workers and jobs call the plain port, the proxy redirects people.
# W005, W021: subdomains are not ours to promise for.
# auth.E003: e-mail addresses are unique in any case of letters, which the check does not recognise.
SILENCED_SYSTEM_CHECKS = ["auth.E003", "security.W005", "security.W008", "security.W021"]

# --- Apps
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_vite",
    "csp",
    "studio.lib",
    "studio.workspaces",
    "registry",
    "studio.compute",
    "studio.runs",
    "designer",
    "studio.automation",
    "studio.facades.azureml",
    "studio.portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "studio.lib.middleware.RequestId",
    "studio.lib.middleware.SecureCookies",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "studio.urls"
WSGI_APPLICATION = "studio.wsgi.application"
ASGI_APPLICATION = "studio.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "studio.portal.context.shell",
                "studio.portal.context.shell",
            ]
        },
    }
]

# --- People
AUTH_USER_MODEL = "workspaces.User"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_VALIDATION}CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}NumericPasswordValidator"},
]

# --- Database
DATABASES = {
    "default": env.database(
        env.env_secret("DATABASE_URL"), sqlite_file=OFFICINA_HOME / "studio.sqlite3"
    )
}
# Whether PostgreSQL must have on disk at once what a run reports while it works, not only how it ended.
WAIT_FOR_DISK = env.env_bool("OFFICINA_WAIT_FOR_DISK")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker, cache, channel layer: one Redis, its own or the team's
REDIS_URL = env.env_secret("REDIS_URL")
BROKER_SOCKET = None if REDIS_URL else RUN_FOLDER / "v.sock"


def _redis(number: int) -> str:
    """Return the redis-py URL of one logical database of the broker."""
    if BROKER_SOCKET:
        return f"unix://{quote(str(BROKER_SOCKET))}?db={number}"
    parts = urlsplit(REDIS_URL)
    return urlunsplit(parts._replace(path=f"/{number + int(parts.path.strip('/') or 0)}"))


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _redis(1),
        "KEY_PREFIX": "officina",
        "OPTIONS": {
            "serializer": "studio.lib.serialize.JSONSerializer",
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
        },
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [_redis(2)], "prefix": "officina"},
    }
}

# --- Celery: hints for the workers; the truth is in the database
CELERY_BROKER_URL = (
    f"redis+socket://{quote(str(BROKER_SOCKET))}?virtual_host=0" if BROKER_SOCKET else _redis(0)
)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = CELERY_EVENT_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# High on purpose: a message that comes back while its job still runs is noise. `reap` recovers from the database.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 43_200,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "retry_on_timeout": True,
}
CELERY_TASK_DEFAULT_QUEUE = "system"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
# A hint that waits longer than its period is worth nothing: it expires, so an absent worker finds no pile.
CELERY_BEAT_SCHEDULE = {
    "beat-alive": {
        "task": "studio.lib.tasks.beat_alive",
        "schedule": 5.0,
        "options": {"queue": "system", "expires": 15},
    },
    "reap": {
        "task": "studio.runs.tasks.reap",
        "schedule": 5.0,
        "options": {"queue": "system", "expires": 5},
    },
    "forget-old-keys": {
        "task": "studio.workspaces.tasks.forget_old_keys",
        "schedule": 3600.0,
        "options": {"queue": "system", "expires": 600},
    },
    "registry-housekeeping": {
        # It works once an hour; asked more often, since a studio may not run for a whole hour at a time.
        "task": "registry.tasks.housekeeping",
        "schedule": 300.0,
        "options": {"queue": "system", "expires": 300},
    },
    "fire-schedules": {
        "task": "studio.automation.tasks.fire",
        "schedule": 2.0,
        "options": {"queue": "system", "expires": 2},
    },
    "dispatch": {
        "task": "studio.runs.tasks.dispatch",
        "schedule": 2.0,
        "options": {"queue": "system", "expires": 2},
    },
}

# --- Time and language
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

# --- Front end
STATIC_URL = "/static/"
STATIC_ROOT = (
    Path(env.env_str("OFFICINA_STATIC_ROOT", str(BASE_DIR / "staticfiles"))).expanduser().absolute()
)
# Named one by one: `static/` also holds node_modules and the sources, which nobody should be able to fetch.
STATICFILES_DIRS = [
    (name, BASE_DIR / "static" / name)
    for name in ("dist", "img")
    if (BASE_DIR / "static" / name).is_dir()
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "studio.lib.staticfiles.Storage"},
}
WHITENOISE_IMMUTABLE_FILE_TEST = "studio.lib.staticfiles.is_immutable"
WHITENOISE_USE_FINDERS = DEBUG
VITE_DEV = env.env_bool("OFFICINA_VITE_DEV")
DJANGO_VITE = {
    "default": {
        "dev_mode": VITE_DEV,
        "static_url_prefix": "" if VITE_DEV else "dist",
        "manifest_path": BASE_DIR / "static" / "dist" / ".vite" / "manifest.json",
        "dev_server_host": "127.0.0.1",
    }
}
_dev = ["http://127.0.0.1:5173"] if VITE_DEV else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE, *_dev],
        # A nonce switches 'unsafe-inline' off, and Vite's dev server inlines its styles.
        "style-src": [SELF, "'unsafe-inline'", *_dev] if VITE_DEV else [SELF, NONCE],
        # Plotly positions its labels with style attributes.
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:", *_dev],
        "font-src": [SELF, *_dev],
        "connect-src": [SELF, *_dev, *(["ws://127.0.0.1:5173"] if VITE_DEV else [])],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
    }
}

# --- API
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "studio.lib.problems.exception_handler",
    "DEFAULT_PAGINATION_CLASS": "studio.lib.pages.Page",
    "PAGE_SIZE": 50,
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "studio.workspaces.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["studio.workspaces.access.OperationPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["studio.lib.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Officina",
    "DESCRIPTION": "Workspaces, runs, compute, pipelines and assets of a machine-learning studio.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
FILE_UPLOAD_TEMP_DIR = None

# --- Imports
IMPORT_ALLOW = env.env_str("OFFICINA_IMPORT_ALLOW")
IMPORT_BYTES = env.env_int("OFFICINA_IMPORT_BYTES", 50 * 2**30, low=1, high=2**50)
IMPORT_QUERY_SECONDS = env.env_int("OFFICINA_IMPORT_QUERY_SECONDS", 3600, low=1)

# --- Logging: one line an event, to the console
LOG_LEVEL = env.env_str("OFFICINA_LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "studio.lib.logs.RequestIdFilter"}},
    "formatters": {"line": {"()": "studio.lib.logs.OneLine"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        },
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        **{name: {"level": LOG_LEVEL} for name in ("studio", "registry", "designer", "officina")},
        "celery": {"level": "WARNING"},
        "celery.worker.consumer.connection": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
        "uvicorn": {"level": "WARNING"},
    },
}
