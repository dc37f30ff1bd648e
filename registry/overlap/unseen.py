"""How far to trust weights on texts that nobody had read when the evidence was made.

Whoever makes evidence reads the labelled texts, and finds words and signs in just these. So the
weights that suit them promise too much, and new overlaps are judged too low. A file keeps what a
model said of pairs that were new to its makers, and what people said; by that, fitted log-odds are
made calibrated log-odds, as Platt (1999) does: `trust` times them plus `lift`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from registry.logistic import fit_logistic
from registry.overlap.labelled import UnusableSet
from registry.overlap.model import DOUBLE_REGISTRATION, DUPLICATED_ASSISTANCE, Weights

LASTING = 0.75
"""What new texts show is mended afterwards: of the error on one batch three quarters were left on
the next (calibration error 0.145 before the mends, 0.111 after)."""
_PULL = np.array([4.0, 4.0])
"""Trust is pulled to 1 and lift to 0, like by so many pairs."""


class Seen(msgspec.Struct, frozen=True):
    """A pair as a model judged it before anybody had tuned on its texts."""

    a: str
    b: str
    label: str
    model: str
    log_odds: Mapping[str, float]
    """Kind of overlap -> what the model said, before any correction."""


class Correction(msgspec.Struct, frozen=True):
    """How fitted log-odds of a kind become what is shown."""

    trust: float
    lift: float

    def of(self, weights: Weights) -> Weights:
        """Return corrected weights: they still add up."""
        own = {name: round(w * self.trust, 3) for name, w in weights.weights.items()}
        return Weights(round(weights.bias * self.trust + self.lift, 3), weights.threshold, own)


def read_unseen(path: Path) -> list[Seen]:
    """Read such a file, a JSON object a line. Raises UnusableSet with the first bad line."""
    found = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UnusableSet(f"{path}: it can't be read ({error.strerror}).") from None
    for number, line in enumerate(lines, 1):
        try:
            found.append(msgspec.json.decode(line, type=Seen))
        except msgspec.MsgspecError as error:
            raise UnusableSet(f"{path}, line {number}: {error}.") from None
    return found


def corrections(seen: Sequence[Seen]) -> dict[str, Correction]:
    """Return for each kind of overlap what unseen pairs show, less what is mended since.

    Pairs that overlap in the other way are left out of duplicated assistance, as in the fit.
    """
    found = {}
    for kind in (DUPLICATED_ASSISTANCE, DOUBLE_REGISTRATION):
        own = [
            pair
            for pair in seen
            if kind in pair.log_odds
            and not (kind == DUPLICATED_ASSISTANCE and pair.label == DOUBLE_REGISTRATION)
        ]
        values = np.array([[pair.log_odds[kind], 1.0] for pair in own]).reshape(-1, 2)
        wanted = np.array([pair.label == kind for pair in own], dtype=np.float64)
        trust, lift = fit_logistic(values, wanted, np.array([1.0, 0.0]), _PULL)
        found[kind] = Correction(
            round(1.0 + LASTING * float(trust - 1.0), 3), round(LASTING * float(lift), 3)
        )
    return found


def corrected(kinds: Mapping[str, Weights], by: Mapping[str, Correction]) -> dict[str, Weights]:
    """Return the weights of each kind, corrected."""
    return {kind: by[kind].of(w) if kind in by else w for kind, w in kinds.items()}


def told(path: Path, seen: Sequence[Seen], by: Mapping[str, Correction]) -> dict[str, Any]:
    """Return what a model file says of it."""
    return {"file": path.name, "pairs": len(seen), **msgspec.to_builtins(dict(by))}
