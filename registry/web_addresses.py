"""Whether a text is the address of a page on the web."""

from urllib.parse import urlsplit


def is_web_address(text: str) -> bool:
    """Tell whether a browser can open it: http or https, and a host."""
    try:
        parts = urlsplit(text)
    except ValueError:  # half an IPv6 address, for example
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
