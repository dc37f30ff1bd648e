"""The search that finds the projects a page counts: those that run on the day, and no others."""

from collections.abc import Mapping, Sequence
from datetime import date
from urllib.parse import urlencode

from registry import codelists
from registry.figures import NOT_RUNNING


def active_projects(narrowed: Mapping[str, str | Sequence[str]], today: date) -> str:
    """Return the address of the search for what `registry.figures.running` says runs on the day.

    `narrowed` are filters of the search, with a value or several; more can be added at the end.
    """
    running = [status for status in codelists.scheme("statuses") if status not in NOT_RUNNING]
    asked = {**narrowed, "active_on": today.isoformat(), "status": running}
    return f"/projects?{urlencode(asked, doseq=True)}"
