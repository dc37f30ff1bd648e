"""Programs' way in: versions of the JSON API. Errors are problem details (RFC 9457)."""
