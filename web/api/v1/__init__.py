"""Version 1 of the API: a module per kind of thing; `web.app` registers their `handlers`."""
