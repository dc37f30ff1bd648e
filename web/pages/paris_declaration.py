"""The Paris Declaration: the five questions of a project, and the answers of a country."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.catalogue import ProjectView, shared_identifiers
from registry.coordination.paris_scorecard import projects_by_answer
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.history import history_of
from registry.messages import message
from registry.paris_declaration import (
    QUESTIONS,
    SUBJECT,
    Answer,
    Answers,
    answer_questions,
    answers_of,
)
from registry.permissions import Actor
from registry.personal_data import suspicious_parts
from web import i18n
from web.form_fields import text_in, version_in
from web.pages.members import page_number
from web.project_addresses import address_of, organisation_in
from web.project_editing import editable_project
from web.rendering import Page, page, redirect

ACTION = "paris-declaration"
"""What follows the identifier in the address of a project's questions."""
PAGE_SIZE = 50
_OVERTAKEN = message(
    "Somebody else answered these questions meanwhile. Theirs stands below: take over what you "
    "want to keep, and save again."
)


async def questions_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, identifier: str
) -> Response[Any]:
    """Show the five questions of a project with the answers so far, to who may edit it."""
    view = await editable_project(session, reader, identifier, organisation_in(request))
    answers = await answers_of(session, view.project.id or 0)
    if not answers.version:
        answers = Answers(answers.by_principle, i18n.language_of(request))
    return await _questions(request, session, view, answers)


async def save_answers(
    request: HTMXRequest, session: AsyncSession, reader: Actor, identifier: str
) -> Response[Any]:
    """Store the answers. Of two who answer at once, the second sees what the first has saved."""
    view = await editable_project(session, reader, identifier, organisation_in(request))
    form = await request.form()
    typed = _read(form)
    try:
        async with session.begin_nested():
            await answer_questions(
                session, reader, view.project.id or 0, typed, looked=bool(form.get("looked"))
            )
    except Invalid as error:
        return await _questions(request, session, view, typed, error.errors)
    except Conflict:
        theirs = await answers_of(session, view.project.id or 0)
        merged = Answers(typed.by_principle, typed.language, theirs.version)
        errors = (FieldError("", _OVERTAKEN),)
        return await _questions(request, session, view, merged, errors, theirs)
    done = message("The answers are saved.")
    return redirect(request, address_of(view) + "#paris", notice=done)


async def _questions(
    request: HTMXRequest,
    session: AsyncSession,
    view: ProjectView,
    answers: Answers,
    errors: tuple[FieldError, ...] = (),
    theirs: Answers | None = None,
) -> Response[Any]:
    """Show the form. Whoever saves after having seen `theirs` has merged the two."""
    sentences = [one.sentence for one in answers.by_principle.values()]
    return page(
        request,
        "projects/questions.html",
        status=409 if theirs else 422 if errors else 200,
        view=view,
        answers=answers,
        theirs=theirs,
        errors=errors,
        questions=QUESTIONS,
        suspicious=[found for sentence in sentences for found in suspicious_parts(sentence)],
        history=await history_of(session, SUBJECT, view.project.id or 0),
        project_page=address_of(view),
        text_languages={code: i18n.LANGUAGES[code] for code in codelists.LANGUAGES},
    )


def _read(form: FormMultiDict) -> Answers:
    def text(name: str) -> str:
        return text_in(form, name)

    return Answers(
        {
            principle: Answer(
                text(f"answer_{principle}"),
                text(f"sentence_{principle}"),
                text(f"evidence_{principle}"),
            )
            for principle in codelists.scheme("paris_principles")
        },
        text("language"),
        version_in(form),
    )


@get("/countries/{code:str}/paris-declaration")
async def country_answers(
    request: HTMXRequest, session: AsyncSession, reader: Actor, code: str
) -> Page | Redirect:
    """List the active projects of a country with their answers, all or those that answer so."""
    known = codelists.find_country(code)
    if known is None:
        raise NotFound("There is no country with this code in ISO 3166-1.")
    if known != code:
        return Redirect(f"/countries/{known}/paris-declaration")
    principle, answer = _filter(request.query_params)
    number, today = page_number(request), datetime.now(UTC).date()
    total, projects = await projects_by_answer(
        session,
        reader,
        code,
        today,
        principle=principle or None,
        answer=answer or None,
        page=number,
        size=PAGE_SIZE,
    )
    return page(
        request,
        "countries/paris_declaration.html",
        code=code,
        principle=principle,
        answer=answer,
        total=total,
        projects=projects,
        number=number,
        pages=-(-total // PAGE_SIZE),
        questions=QUESTIONS,
        shared=await shared_identifiers(session, reader, [one.identifier for one in projects]),
    )


def _filter(parameters: Mapping[str, str]) -> tuple[str, str]:
    """Return principle and answer; '' for both where they are not both known."""
    principle, answer = parameters.get("principle", ""), parameters.get("answer", "")
    if principle in codelists.scheme("paris_principles") and answer in codelists.scheme(
        "paris_answers"
    ):
        return principle, answer
    return "", ""


handlers = [country_answers]
