"""How far an import is: for the bar on the page and on the terminal."""

from dataclasses import dataclass

from registry.models import Import, now


@dataclass(frozen=True)
class Progress:
    """How far the present part of the work is: reading, comparing or writing."""

    done: int
    """Records planned, new projects compared, or projects written."""
    total: int | None
    """Of how many, where that is known."""
    share: float | None
    """Between 0 and 1, where the size tells."""
    rate: float | None
    """Records a second, in this attempt."""
    seconds_left: float | None
    comparing: bool = False
    """All is read; the new projects are compared."""


def progress_of(run: Import) -> Progress:
    """Tell how far an import is. A rate is given once there is something to divide.

    What was done before work was taken up again counts as done, but says nothing of the rate.
    """
    comparing = run.state == "planning" and bool(run.to_compare)
    done, total = (run.compared if comparing else run.done), None
    if comparing or run.state == "applying":
        total = run.to_compare if comparing else run.total
        share, begun_share = _part(done, total), _part(run.begun_done, total) or 0.0
    else:
        share = _part(run.position, run.size) if run.position else None
        begun_share = _part(run.begun_position, run.size) or 0.0
    taken = (now() - run.begun_at).total_seconds() if run.begun_at else 0.0
    rate = (done - run.begun_done) / taken if done > run.begun_done and taken > 0 else None
    left = None
    if rate and share is not None and share > begun_share:
        left = taken * (1 - share) / (share - begun_share)
    return Progress(done, total, share, rate, left, comparing)


def _part(done: int, total: int | None) -> float | None:
    return min(done / total, 1.0) if total else None
