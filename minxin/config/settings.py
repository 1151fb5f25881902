"""Django settings, read from the environment. Every variable is explained in docs/operate.md."""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("MINXIN_VAR", ROOT / "var"))


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").strip().lower() in {"1", "true", "yes", "on"}


def _words(name: str, default: str) -> list[str]:
    return [word for word in os.environ.get(name, default).replace(",", " ").split() if word]


def _secret(name: str) -> str:
    """A secret from the environment, or one made on the first start and kept in var/keys for its owner's eyes only."""
    if value := os.environ.get(f"MINXIN_{name}"):
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"MINXIN_{name} must be set in production: see docs/operate.md")
    path = VAR / "keys" / name.lower()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:  # another process made it between the look and the leap
            pass
    return path.read_text().strip()


PRODUCTION = _flag("MINXIN_PRODUCTION")
DEBUG = _flag("MINXIN_DEBUG")
SECRET_KEY = _secret("SECRET_KEY")
MINXIN_MASTER_KEY = _secret("MASTER_KEY")

MINXIN_SURFACES = frozenset(_words("MINXIN_SURFACES", "public desk"))
if not MINXIN_SURFACES or MINXIN_SURFACES - {"public", "desk"}:
    raise ImproperlyConfigured("MINXIN_SURFACES is public, desk, or both: 'public desk'")
MINXIN_OPEN_FILING = _flag("MINXIN_OPEN_FILING")
if PRODUCTION and (MINXIN_OPEN_FILING or DEBUG):
    raise ImproperlyConfigured("MINXIN_OPEN_FILING and MINXIN_DEBUG must be off in production")
MINXIN_SECOND_FACTOR = _flag("MINXIN_SECOND_FACTOR", True)
MINXIN_TRUSTED_PROXIES = int(os.environ.get("MINXIN_TRUSTED_PROXIES", "0"))

# Named hosts serve one surface only; unnamed, both are served under every allowed host.
MINXIN_PUBLIC_HOSTS = _words("MINXIN_PUBLIC_HOSTS", "")
MINXIN_DESK_HOSTS = _words("MINXIN_DESK_HOSTS", "")
ALLOWED_HOSTS = _words("MINXIN_HOSTS", "localhost 127.0.0.1 [::1]") + MINXIN_PUBLIC_HOSTS + MINXIN_DESK_HOSTS
CSRF_TRUSTED_ORIGINS = _words("MINXIN_ORIGINS", "")

INSTALLED_APPS = [
    "minxin.portal",
    "minxin.cases",
    "minxin.disclosures",
    "minxin.directory",
    "minxin.ledger",
    "minxin.ui",
    "minxin.kernel",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "template_partials",
    "ninja",  # the API's documentation page and its scripts, served from here
]

MIDDLEWARE = [
    "minxin.config.middleware.health",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "minxin.config.middleware.policies",
    "django.middleware.locale.LocaleMiddleware",
    "minxin.config.middleware.Gate",
    "minxin.config.middleware.sessions",
    "allauth.account.middleware.AccountMiddleware",  # allauth wants to see it here; it touches no session by itself
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "minxin.config.urls"
WSGI_APPLICATION = "minxin.config.server.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "minxin" / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "minxin.ui.context.page",
            ],
            "builtins": ["minxin.ui.templatetags.minxin", "template_partials.templatetags.partials"],
        },
    }
]


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("MINXIN_DATABASE_URL must begin with postgresql://")
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    options = {key: value for key, value in query.items() if key != "host"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {
            **options,
            "options": f"{options.get('options', '')} -c plan_cache_mode=force_generic_plan".strip(),
            "pool": {"min_size": 1, "max_size": int(os.environ.get("MINXIN_POOL", "16")), "timeout": 5},
            "server_side_binding": False,
            "prepare_threshold": 5,  # for kernel.statements only: Django's own cursors never prepare, and a plan they
            # keep is made once for a connection, not five times anew first (PostgreSQL's default)
        },
        "TEST": {"NAME": f"test_{unquote(parts.path.lstrip('/'))}"},
    }


# The command line and the tests start the embedded server and set MINXIN_DATABASE_URL (config/database.py).
DATABASES = {"default": _database(os.environ.get("MINXIN_DATABASE_URL", "postgresql:///minxin"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Sign-in limits must hold across workers.
    "shared": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "kernel_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [ROOT / "minxin" / "config" / "locale", ROOT / "minxin" / "disclosures" / "locale"]
LANGUAGE_COOKIE_NAME = "minxin_language"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("MINXIN_STATIC", VAR / "static"))
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ.get("MINXIN_FILES", VAR / "files")},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

AUTH_USER_MODEL = "directory.Person"
AUTHENTICATION_BACKENDS = ["minxin.config.signed_in.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "minxin.directory.rules.PasswordMixture"},
]
LOGIN_URL = "/desk/account/login/"
LOGIN_REDIRECT_URL = "/desk/"

SESSION_ENGINE = "minxin.config.signed_in"
SESSION_COOKIE_NAME = "minxin_desk"
SESSION_COOKIE_PATH = "/desk"
SESSION_COOKIE_AGE = 30 * 60
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "minxin_csrf"
CSRF_FAILURE_VIEW = "minxin.ui.views.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _flag("MINXIN_HTTPS", PRODUCTION)
SECURE_SSL_REDIRECT = False  # the proxy in front does it: docs/operate.md
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if MINXIN_TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MINXIN_DESK_CSP: dict[str, object] = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
    "object-src": [NONE],
}
if PRODUCTION:
    MINXIN_DESK_CSP["upgrade-insecure-requests"] = True
# The public's pages solve a proof of work in a worker of their own making, and can be kept on a phone's home screen.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": MINXIN_DESK_CSP | {"worker-src": [SELF, "blob:"], "manifest-src": [SELF]},
}

ACCOUNT_USER_MODEL_EMAIL_FIELD = None  # people of the desk have posts, not mail addresses
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_USER_MODEL_EMAIL_FIELD = None  # staff sign in by username; nobody's address is kept
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "minxin.directory.views.sign_in.StaffAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
# Failed sign-ins are counted across workers by directory.actions.try_sign_in; these are allauth's own, per process.
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "5/15m/key,30/15m/ip"}
MFA_ADAPTER = "minxin.directory.views.sign_in.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "民心"

MINXIN_BANK = Path(os.environ.get("MINXIN_BANK", VAR / "bank"))  # folders shared with the agent banks
MINXIN_REQUEST_LIMIT = int(os.environ.get("MINXIN_REQUEST_LIMIT", "64")) * 1024 * 1024  # bytes, attachments included
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
DATA_UPLOAD_MAX_NUMBER_FILES = 12
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("MINXIN_LOG", "WARNING")},
}
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # the redirect to HTTPS is the proxy's
PROCRASTINATE_ON_APP_READY = None
PROCRASTINATE_IMPORT_PATHS = [  # every module with jobs: the tests find what is missing
    "minxin.kernel.actions",
    "minxin.cases.actions.calendar",
    "minxin.cases.actions.tally",
    "minxin.cases.actions.tray",
    "minxin.cases.actions.watching",
    "minxin.disclosures.actions.balances",
    "minxin.disclosures.actions.banking",
    "minxin.disclosures.actions.city",
    "minxin.disclosures.actions.clearing",
    "minxin.disclosures.actions.delivery",
    "minxin.disclosures.actions.duties",
    "minxin.disclosures.actions.exports",
    "minxin.disclosures.actions.flow",
]
