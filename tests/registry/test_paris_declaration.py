"""The five questions: answered by the project's own organisation, and nobody overwrites another."""

from dataclasses import replace

import pytest

from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.history import history_of
from registry.paris_declaration import (
    NOT_SAID,
    SUBJECT,
    Answer,
    Answers,
    answer_questions,
    answers_of,
    read_answers,
)
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import a_project, acting, an_account, an_organisation

YES = Answer("yes", "The ministry leads it.", "https://example.org/agreement")


def answers(version: int = 0, **said: Answer) -> Answers:
    """Answers to the questions named; the others are not said."""
    return Answers(read_answers({}) | said, "en", version)


async def test_a_project_has_said_nothing_until_it_is_asked(session):
    project = await a_project(session)
    found = await answers_of(session, project.id)
    assert (found.version, found.said, len(found.by_principle)) == (0, False, 5)
    assert {one.answer for one in found.by_principle.values()} == {NOT_SAID}


async def test_answers_are_kept_with_their_history(session):
    project = await a_project(session)
    await answer_questions(session, COMMAND_LINE, project.id, answers(ownership=YES))
    partly = Answer("partly", "It changed.")
    changed = await answer_questions(
        session, COMMAND_LINE, project.id, answers(1, ownership=partly, results=YES)
    )
    assert changed.version == 2
    assert changed.by_principle["ownership"] == partly
    assert changed.said
    second, first = await history_of(session, SUBJECT, project.id)
    assert first.after["ownership"]["answer"] == "yes"
    assert second.before["ownership"]["sentence"] == "The ministry leads it."
    assert second.after.keys() == {"ownership", "results"}
    again = await answer_questions(session, COMMAND_LINE, project.id, changed)
    assert again.version == 2
    taken_back = await answer_questions(session, COMMAND_LINE, project.id, answers(2))
    assert not taken_back.said
    assert (await history_of(session, SUBJECT, project.id))[0].after == {
        "ownership": None,
        "results": None,
    }


async def test_of_two_who_answer_at_once_the_second_is_told(session):
    project = await a_project(session)
    await answer_questions(session, COMMAND_LINE, project.id, answers(ownership=YES))
    with pytest.raises(Conflict):
        await answer_questions(session, COMMAND_LINE, project.id, answers(results=YES))
    assert (await answers_of(session, project.id)).by_principle["results"] == Answer()


async def test_only_the_projects_organisation_and_the_secretariat_answer(session):
    project = await a_project(session, reporting_org="IOM")
    own = await an_account(session, organisation=await an_organisation(session, "IOM"))
    other = await an_account(session, "reviewer", await an_organisation(session, "ILO"))
    for actor in (VISITOR, acting(other)):
        with pytest.raises(NotAllowed):
            await answer_questions(session, actor, project.id, answers(ownership=YES))
    await answer_questions(session, acting(own), project.id, answers(ownership=YES))
    await answer_questions(session, COMMAND_LINE, project.id, answers(1, alignment=YES))
    with pytest.raises(NotFound):
        await answer_questions(session, COMMAND_LINE, project.id + 1, answers())


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("answer_ownership", replace(YES, answer="perhaps")),
        ("answer_ownership", replace(YES, answer=NOT_SAID)),
        ("sentence_ownership", replace(YES, sentence="")),
        ("sentence_ownership", replace(YES, sentence="x" * 501)),
        ("sentence_ownership", replace(YES, sentence="Ask ana@example.org, a victim.")),
        ("evidence_ownership", replace(YES, evidence="javascript:alert(1)")),
        ("evidence_ownership", replace(YES, evidence="https://example.org/" + "x" * 1_000)),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(session, field, given):
    project = await a_project(session)
    with pytest.raises(Invalid) as refused:
        await answer_questions(session, COMMAND_LINE, project.id, answers(ownership=given))
    assert [error.field for error in refused.value.errors] == [field]
    assert not (await answers_of(session, project.id)).said


async def test_what_looks_like_personal_data_passes_when_somebody_looked(session):
    project = await a_project(session)
    said = answers(ownership=replace(YES, sentence="Minutes: committee@example.org"))
    await answer_questions(session, COMMAND_LINE, project.id, said, looked=True)
    assert (await answers_of(session, project.id)).said
