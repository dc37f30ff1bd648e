"""The domain of Convene: organisations, projects, overlaps, reviews and exchange formats.

Nothing here knows of `search` or `web`.
"""
