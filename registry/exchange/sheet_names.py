"""The names of the sheets that Convene writes, by which it knows them again."""

PROJECTS = "Projects"
CODES = "Codes"
QUERY = "Query"
INSTRUCTIONS = {"en": "How to fill in", "fr": "Mode d’emploi", "es": "Cómo rellenarla"}

BESIDE_PROJECTS = frozenset({CODES, QUERY, *INSTRUCTIONS.values()})
"""Sheets of exports and templates that hold no projects."""
