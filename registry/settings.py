"""Every setting of Convene, read from the environment once."""

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from registry.errors import Unavailable


def _home() -> Path:
    return Path(os.environ.get("CONVENE_HOME", "~/.local/share/convene")).expanduser().resolve()


def _path(name: str) -> Path | None:
    given = os.environ.get(name)
    return Path(given).expanduser().resolve() if given else None


def _flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def _secret(name: str) -> str | None:
    """Return a secret, from the variable itself or from the file that NAME_FILE names."""
    file = os.environ.get(f"{name}_FILE")
    if os.environ.get(name) or not file:
        return os.environ.get(name) or None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise Unavailable(f"{name}_FILE can't be read ({error}).") from error


@dataclass(frozen=True)
class Settings:
    """Where things are and how much is allowed. Sizes are bytes, times seconds."""

    home: Path = field(default_factory=_home)
    """CONVENE_HOME: the embedded database and the embedded index live here."""
    database_url: str | None = field(default_factory=lambda: os.environ.get("DATABASE_URL") or None)
    """DATABASE_URL: a PostgreSQL server of one's own; without it the embedded one is used."""
    meili_url: str | None = field(default_factory=lambda: os.environ.get("MEILI_URL") or None)
    """MEILI_URL: a Meilisearch server; without it the embedded index is used."""
    meili_key: str | None = field(default_factory=lambda: _secret("MEILI_KEY"))
    """MEILI_KEY, or the file MEILI_KEY_FILE: an API key limited to Convene's indexes."""
    secure_cookies: bool = field(default_factory=lambda: _flag("CONVENE_SECURE_COOKIES"))
    """CONVENE_SECURE_COOKIES: set it wherever Convene is served over https."""
    secret: str | None = field(default_factory=lambda: os.environ.get("CONVENE_SECRET") or None)
    """CONVENE_SECRET: signs form tokens; without it one is made and kept in the home folder."""
    forwarded_allow_ips: str = field(
        default_factory=lambda: os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1,::1"
    )
    """FORWARDED_ALLOW_IPS: the proxies that are believed when they say for whom they ask."""
    max_upload: int = field(
        default_factory=lambda: int(os.environ.get("CONVENE_MAX_UPLOAD", str(32 * 1024 * 1024)))
    )
    """CONVENE_MAX_UPLOAD: the largest file accepted from a browser, in bytes."""
    public_url: str | None = field(
        default_factory=lambda: (os.environ.get("CONVENE_URL") or "").rstrip("/") or None
    )
    """CONVENE_URL: where people find this registry, for links in messages and feeds."""
    smtp_url: str | None = field(
        default_factory=lambda: os.environ.get("SMTP_URL") or None, repr=False
    )
    """SMTP_URL: the server that takes messages; without it none are sent."""
    smtp_from: str | None = field(default_factory=lambda: os.environ.get("SMTP_FROM") or None)
    """SMTP_FROM: whom messages are from: registry@example.org, or Convene <…>."""
    digest_hour: int = field(
        default_factory=lambda: int(os.environ.get("CONVENE_DIGEST_HOUR") or 6) % 24
    )
    """CONVENE_DIGEST_HOUR: the hour (UTC, 0 to 23) at which messages are sent."""
    contact: str | None = field(default_factory=lambda: os.environ.get("CONVENE_CONTACT") or None)
    """CONVENE_CONTACT: the e-mail address to which people report barriers; shown to everybody."""
    overlap_model: Path | None = field(default_factory=lambda: _path("CONVENE_OVERLAP_MODEL"))
    """CONVENE_OVERLAP_MODEL: the file of the model that judges overlaps, as `convene fit` writes
    it; without it the one that comes with Convene."""
    session_lifetime: int = 14 * 24 * 3600
    """How long a sign-in lasts, in seconds."""

    @property
    def postgres_folder(self) -> Path:
        """The data folder of the embedded PostgreSQL."""
        return self.home / "postgres"

    @property
    def index_folder(self) -> Path:
        """The folder of the embedded search index."""
        return self.home / "index"

    @property
    def uploads_folder(self) -> Path:
        """Where uploaded files lie until they are imported."""
        return self.home / "uploads"


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
