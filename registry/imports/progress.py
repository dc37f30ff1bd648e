"""How far an import is: for the bar on the page and on the terminal."""

from dataclasses import dataclass

from registry.models import Import, now


@dataclass(frozen=True)
class Progress:
    """How far the present half of the work is."""

    done: int
    """Records planned, or projects written."""
    total: int | None
    """Of how many, where that is known."""
    share: float | None
    """Between 0 and 1, where the size tells."""
    rate: float | None
    """Records a second."""
    seconds_left: float | None


def progress_of(run: Import) -> Progress:
    """Tell how far an import is. A rate is given once there is something to divide."""
    applying = run.state == "applying"
    share = None
    if applying and run.total:
        share = run.done / run.total
    elif not applying and run.position and run.size:
        share = min(run.position / run.size, 1.0)
    taken = (now() - run.begun_at).total_seconds() if run.begun_at else 0.0
    rate = run.done / taken if run.done and taken > 0 else None
    left = taken * (1 - share) / share if share and rate else None
    return Progress(run.done, run.total if applying else None, share, rate, left)
