"""What reviewers decided, against the probability that they were shown: is the model calibrated?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Change, OverlapCase, is_decided
from registry.overlap.decisions import LABEL_OF_OUTCOME
from registry.overlap.measured import CalibrationBin, calibration
from registry.overlap.model import KINDS_OF_OVERLAP
from registry.permissions import Actor, require


@dataclass(frozen=True)
class LiveCalibration:
    """Decided pairs by the probability that was shown when they were decided."""

    pairs: int
    bins: tuple[CalibrationBin, ...]
    outcomes: Mapping[str, int]
    """Outcome -> pairs."""
    versions: Mapping[str, int]
    """Version of the model -> pairs that it had judged."""


async def live_calibration(session: AsyncSession, actor: Actor) -> LiveCalibration:
    """Compare decisions with probabilities; of a case decided twice the last decision counts.

    Only flagged pairs are decided, so the lower bins stay empty. Raises NotAllowed for all but
    the secretariat.
    """
    require(actor, "registry.administer")
    decisions = await session.exec(
        select(Change.after)
        .join(OverlapCase, col(OverlapCase.id) == col(Change.subject_id))
        .where(
            Change.subject == "case",
            Change.action == "decided",
            is_decided(),
        )
        .ext(distinct_on(col(Change.subject_id)))
        .order_by(col(Change.subject_id), col(Change.id).desc())
    )
    judged = [(after["outcome"], pair) for after in decisions for pair in after.get("judged", ())]
    return LiveCalibration(
        pairs=len(judged),
        bins=calibration(
            [pair["probability"] for _, pair in judged],
            [LABEL_OF_OUTCOME[outcome] in KINDS_OF_OVERLAP for outcome, _ in judged],
        ),
        outcomes=Counter(outcome for outcome, _ in judged),
        versions=Counter(pair["model_version"] for _, pair in judged),
    )
