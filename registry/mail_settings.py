"""How this registry sends e-mail, if it does: read from the settings and checked once."""

from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from registry.errors import Unavailable
from registry.settings import Settings

_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class MailSettings:
    """A server that takes messages, and what they say about where they come from."""

    host: str
    port: int
    encryption: str
    """'tls' from the first byte, 'starttls' before anything is said, or 'none'."""
    user: str | None
    password: str | None = field(repr=False)
    sender: Address
    site: str
    """The address of the registry, for links; without a slash at the end."""
    hour: int
    """When messages are sent, UTC."""


def mail_settings(options: Settings) -> MailSettings | None:
    """Return how e-mail is sent; None where it is not. Raises Unavailable for what can't work."""
    if not options.smtp_url:
        return None
    try:
        parts = urlsplit(options.smtp_url)
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise Unavailable(
            "SMTP_URL can't be read. Write smtp://user:password@host:587 or smtps://…:465."
        ) from None
    if not parts.hostname:
        raise Unavailable("SMTP_URL names no server. Write smtp://user:password@host:587.")
    if not options.smtp_from:
        raise Unavailable("Set SMTP_FROM to the address that messages are from.")
    if not (options.public_url or "").startswith(("http://", "https://")):
        raise Unavailable(
            "Set CONVENE_URL to the address of this registry (https://…), for links in messages."
        )
    return MailSettings(
        host=parts.hostname,
        port=port,
        encryption=_encryption(parts.scheme, parse_qs(parts.query).get("tls", ["yes"])[-1]),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        sender=_sender(options.smtp_from),
        site=options.public_url or "",
        hour=options.digest_hour,
    )


def sends_mail(options: Settings) -> bool:
    """Tell whether messages are sent from here."""
    try:
        return mail_settings(options) is not None
    except Unavailable:
        return False


def _encryption(scheme: str, wanted: str) -> str:
    if scheme == "smtps":
        return "tls"
    if wanted not in {"yes", "no"}:
        raise Unavailable("In SMTP_URL, tls can be 'no', for a server on this machine.")
    return "starttls" if wanted == "yes" else "none"


def _sender(text: str) -> Address:
    name, address = parseaddr(text)
    try:
        sender = Address(name, addr_spec=address)
    except (ValueError, IndexError, MessageError):
        sender = None
    if sender is None or not sender.username or not sender.domain or not text.isprintable():
        raise Unavailable(f"SMTP_FROM is no e-mail address: {text}")
    return sender
