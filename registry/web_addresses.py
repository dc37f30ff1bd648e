"""Whether a text is the address of a page on the web."""

import re
from urllib.parse import urlsplit

_SPACE = re.compile(r"[\s\x00-\x1f\x7f]")


def is_web_address(text: str) -> bool:
    """Tell whether a browser can open it: http or https, a host, and no white space."""
    try:
        parts = urlsplit(text)
    except ValueError:  # half an IPv6 address, for example
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not _SPACE.search(text)
