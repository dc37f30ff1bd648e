"""How e-mail is sent, as the environment says it."""

from pathlib import Path

import pytest

from registry.errors import Unavailable
from registry.mail_settings import mail_settings, sends_mail
from registry.settings import Settings

GOOD = {
    "smtp_url": "smtp://me:p%40ss@mail.example.org",
    "smtp_from": "Convene <registry@example.org>",
    "public_url": "https://registry.example.org",
}


def settings(**values: str | None) -> Settings:
    return Settings(home=Path("/nowhere"), **(GOOD | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption"),
    [
        ("smtp://mail.example.org", "mail.example.org", 587, "starttls"),
        ("smtps://mail.example.org", "mail.example.org", 465, "tls"),
        ("smtp://mail.example.org:2525", "mail.example.org", 2525, "starttls"),
        ("smtp://127.0.0.1:25?tls=no", "127.0.0.1", 25, "none"),
        ("smtp://[::1]:25?tls=no", "::1", 25, "none"),
    ],
)
def test_an_address_says_where_and_how_safely(
    url: str, host: str, port: int, encryption: str
) -> None:
    found = mail_settings(settings(smtp_url=url))
    assert found is not None
    assert (found.host, found.port, found.encryption) == (host, port, encryption)


def test_user_and_password_may_hold_any_character_and_are_shown_nowhere() -> None:
    found = mail_settings(settings())
    assert found is not None
    assert (found.user, found.password) == ("me", "p@ss")
    assert "p@ss" not in repr(found)
    assert "p%40ss" not in repr(settings())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"smtp_url": "mail.example.org"}, "SMTP_URL can't be read"),
        ({"smtp_url": "http://mail.example.org"}, "SMTP_URL can't be read"),
        ({"smtp_url": "smtp://mail.example.org:many"}, "SMTP_URL can't be read"),
        ({"smtp_url": "smtp://:25"}, "names no server"),
        ({"smtp_url": "smtp://mail.example.org?tls=perhaps"}, "tls can be 'no'"),
        ({"smtp_from": None}, "SMTP_FROM"),
        ({"smtp_from": "the registry"}, "no e-mail address"),
        ({"smtp_from": "Convene <a@b.org>\nBcc: c@d.org"}, "no e-mail address"),
        ({"public_url": None}, "CONVENE_URL"),
        ({"public_url": "registry.example.org"}, "CONVENE_URL"),
    ],
)
def test_what_can_not_work_is_said(values: dict[str, str | None], said: str) -> None:
    options = settings(**values)
    with pytest.raises(Unavailable, match=said):
        mail_settings(options)
    assert not sends_mail(options)


def test_without_a_server_none_is_sent() -> None:
    assert mail_settings(settings(smtp_url=None)) is None
    assert not sends_mail(settings(smtp_url=None))
    assert sends_mail(settings())
