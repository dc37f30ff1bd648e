"""A module per area of the site; `web.app` registers the `handlers` list of each."""
