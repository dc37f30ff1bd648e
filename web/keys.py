"""Keys in addresses that open something without a sign-in.

They are made from a random part in the database and the secret of this registry, which is not in
it: a copy of the database opens nothing. A key begins with the number of what it is for.
"""

import base64
import hashlib
import hmac


def made_key(purpose: str, number: int | None, part: str, secret: str) -> str:
    """Return the key for something, good for one purpose."""
    text = f"{purpose}:{number}:{part}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{number}-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def number_in_key(key: str) -> int | None:
    """Return what a key says it is for; whether it is right has to be compared."""
    number = key.partition("-")[0]
    return int(number[:12]) if number.isascii() and number.isdecimal() else None


def is_key(given: str, expected: str | None) -> bool:
    """Compare keys in a time that tells nothing."""
    return expected is not None and hmac.compare_digest(given.encode(), expected.encode())
