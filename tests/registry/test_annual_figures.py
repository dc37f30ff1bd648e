"""What the review did in each year, as far as a reader may read it."""

from datetime import UTC, datetime
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.annual_figures import YearOfReview, years_of_review
from registry.models import OverlapCase
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import a_project
from tests.registry.test_meetings import a_case, a_case_of


async def when(
    session: AsyncSession, case_id: int, raised: int, decided: int | None = None, **values: object
) -> None:
    """Say in which years a case was raised and decided."""
    case = await session.get(OverlapCase, case_id)
    assert case is not None
    case.opened_at = datetime(raised, 1, 1, tzinfo=UTC)
    if decided:
        case.state = "decided"
        case.decided_at = datetime(decided, 12, 31, 23, 30, tzinfo=UTC)
    for name, value in values.items():
        setattr(case, name, value)
    session.add(case)
    await session.flush()


async def test_there_is_nothing_to_report_yet(session: AsyncSession) -> None:
    assert await years_of_review(session, COMMAND_LINE) == []


async def test_figures_are_of_the_years_in_which_things_happened(session: AsyncSession) -> None:
    first = await a_case(session, "Sida", "UNODC")
    await when(session, first, 2023, 2023, outcome="not-an-overlap", state="followed-up")
    second = await a_case(session, "IOM", "OSCE")
    await when(session, second, 2023, 2025, outcome="not-an-overlap")
    await when(session, await a_case(session, "ILO", "UNDP"), 2025)
    last, gap, oldest = await years_of_review(session, VISITOR)
    assert last == YearOfReview(2025, 1, {"not-an-overlap": 1}, 0)
    assert last.follow_up_rate == 0
    assert gap == YearOfReview(2024)
    assert gap.follow_up_rate is None
    assert oldest == YearOfReview(2023, 2, {"not-an-overlap": 1}, 1)
    assert (oldest.decisions, oldest.follow_up_rate) == (1, 1.0)


async def test_a_project_registered_three_times_is_netted_twice(session: AsyncSession) -> None:
    a, b, c = [
        await a_project(session, reporting_org=name, budget=Decimal(budget))
        for name, budget in (("Sida", 500), ("UNODC", 400), ("IOM", 300))
    ]
    merged = {"outcome": "merged-double-registration"}
    await when(session, await a_case_of(session, a, b), 2024, 2024, **merged)
    await when(session, await a_case_of(session, a, c), 2024, 2025, **merged)
    await when(session, await a_case_of(session, b, c), 2024, 2025, **merged)
    last, before = await years_of_review(session, COMMAND_LINE)
    assert (last.netted, before.netted) == (Decimal(300), Decimal(400))


async def test_nobody_counts_what_they_may_not_read(session: AsyncSession) -> None:
    hidden = await a_case(session, "Sida", "UNODC", visibility="restricted", budget=Decimal(700))
    await when(session, hidden, 2025, 2025, outcome="merged-double-registration")
    assert await years_of_review(session, VISITOR) == []
    (seen,) = await years_of_review(session, COMMAND_LINE)
    assert (seen.raised, seen.decisions, seen.netted) == (1, 1, Decimal(700))


async def test_a_larger_record_that_joins_later_moves_no_money_into_earlier_years(
    session: AsyncSession,
) -> None:
    a, b, c = [
        await a_project(session, reporting_org=name, budget=Decimal(budget))
        for name, budget in (("Sida", 400), ("UNODC", 300), ("IOM", 500))
    ]
    merged = {"outcome": "merged-double-registration"}
    await when(session, await a_case_of(session, a, b), 2024, 2024, **merged)
    await when(session, await a_case_of(session, b, c), 2024, 2025, **merged)
    last, before = await years_of_review(session, COMMAND_LINE)
    # In 2024 the smaller of two was left out; in 2025 the larger of them too.
    assert (last.netted, before.netted) == (Decimal(400), Decimal(300))
