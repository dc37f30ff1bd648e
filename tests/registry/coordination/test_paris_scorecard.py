"""The scorecard of a country counts what its active projects say, and those that say nothing."""

from datetime import date

import pytest

from registry.coordination.paris_scorecard import Score, country_scorecard, projects_by_answer
from registry.errors import NotFound
from registry.paris_declaration import Answer, Answers, answer_questions
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import a_project

TODAY = date(2025, 6, 1)


async def answering(session, answer: str | None = None, **values):
    """A project, with an answer about ownership if it gives one."""
    project = await a_project(session, **values)
    if answer:
        said = Answers({"ownership": Answer(answer, "So it is.")})
        await answer_questions(session, COMMAND_LINE, project.id, said)
    return project


async def test_active_projects_are_counted_by_their_answer(session):
    for answer in ("yes", "yes", "partly", "no", None):
        await answering(session, answer, country="MD")
    await answering(session, "yes", country="UA")
    await answering(session, "yes", country="MD", status="closed")
    await answering(session, "yes", country="MD", publish=False)
    await answering(session, "yes", country="MD", visibility="members")
    ownership, *others = await country_scorecard(session, VISITOR, "MD", TODAY)
    assert ownership == Score("ownership", yes=2, partly=1, no=1, not_said=1)
    assert ownership.share == pytest.approx(3 / 5)
    assert all(one.counts == {"yes": 0, "partly": 0, "no": 0, "not-said": 5} for one in others)
    seen, *_ = await country_scorecard(session, COMMAND_LINE, "MD", TODAY)
    assert seen.yes == 3


async def test_where_nothing_runs_there_is_no_share(session):
    scores = await country_scorecard(session, VISITOR, "MD", TODAY)
    assert [one.share for one in scores] == [None] * 5
    with pytest.raises(NotFound):
        await country_scorecard(session, VISITOR, "XX", TODAY)


async def test_each_number_has_its_projects(session):
    for answer in ("yes", "no", "partly", "no", None, None):
        await answering(session, answer, country="MD", title=f"Says {answer}")
    await answering(session, "no", country="MD", visibility="restricted")
    scores = await country_scorecard(session, VISITOR, "MD", TODAY)
    for score in scores:
        for answer, count in score.counts.items():
            total, found = await projects_by_answer(
                session, VISITOR, "MD", TODAY, principle=score.principle, answer=answer
            )
            assert total == len(found) == count
            assert {one.answers[score.principle].answer for one in found} <= {answer}
    total, page = await projects_by_answer(session, VISITOR, "MD", TODAY, page=2, size=4)
    assert (total, [one.title for one in page]) == (6, ["Says partly", "Says yes"])
