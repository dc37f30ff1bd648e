"""The five principles of the Paris Declaration, and what organisations say of their projects.

The Paris Declaration on Aid Effectiveness (High Level Forum, Paris, 2 March 2005) binds donors and
partner countries to ownership, alignment, harmonisation, managing for results and mutual
accountability. The background paper of this registry names the same five (section II.B, note 85):
'Ownership by countries; alignment with countries' strategies, systems and procedures;
harmonization of donors' actions; managing for results; and mutual accountability.' The questions
put to a project follow the headings of the Declaration's part II.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.field_checks import language_errors, too_long
from registry.history import difference, record_change
from registry.messages import Message, message
from registry.models import ParisAnswers, Project, now
from registry.permissions import Actor, require
from registry.personal_data import suspicious_parts
from registry.web_addresses import is_web_address

NOT_SAID = "not-said"
"""The answer of the scheme paris_answers that is not stored."""
LONGEST_SENTENCE = 500
LONGEST_ADDRESS = 1_000
"""Letters."""
SUBJECT = "paris-declaration"
"""Under which the history keeps the answers, by the id of the project."""
QUESTIONS: Mapping[str, Message] = {
    "ownership": message(
        "Did the authorities of the country ask for this project or agree to it, and do they lead "
        "it?"
    ),
    "alignment": message(
        "Does it serve the strategies of the country, and use its institutions and procedures?"
    ),
    "harmonisation": message(
        "Is it planned together with the other donors and organisations that do the same there?"
    ),
    "results": message(
        "Is it steered by results: with indicators that are measured, and changes where they ask "
        "for it?"
    ),
    "accountability": message(
        "Do the country and the organisation account to each other for what came of it, in a way "
        "that others can read?"
    ),
}
"""Principle (scheme paris_principles) -> the question."""


@dataclass(frozen=True)
class Answer:
    """What is said about one principle."""

    answer: str = NOT_SAID
    """A code of the scheme paris_answers."""
    sentence: str = ""
    evidence: str = ""
    """The address of a document that shows it."""


@dataclass(frozen=True)
class Answers:
    """What is said about a project."""

    by_principle: Mapping[str, Answer] = field(default_factory=dict)
    """All five principles, in the order of the Declaration, once read."""
    language: str = "en"
    version: int = 0
    """0 while nobody has answered."""
    at: datetime | None = None

    @property
    def said(self) -> bool:
        """Whether at least one question is answered."""
        return any(one.answer != NOT_SAID for one in self.by_principle.values())


async def answers_of(session: AsyncSession, project_id: int) -> Answers:
    """Return the answers of a project; whether the reader may know it was asked before."""
    row = await session.get(ParisAnswers, project_id, populate_existing=True)
    if row is None:
        return Answers(read_answers({}))
    return Answers(read_answers(row.answers), row.language, row.version, row.updated_at)


def read_answers(stored: Mapping[str, Mapping[str, str]]) -> dict[str, Answer]:
    """Return stored answers by principle, also those that are not said."""
    return {
        principle: Answer(**stored[principle]) if principle in stored else Answer()
        for principle in codelists.scheme("paris_principles")
    }


async def answer_questions(
    session: AsyncSession,
    actor: Actor,
    project_id: int,
    answers: Answers,
    *,
    looked: bool = False,
) -> Answers:
    """Store the answers of a project, made from the version that they name.

    `looked`: a person has seen that nothing in the sentences identifies a victim. Raises NotFound,
    NotAllowed, Invalid, and Conflict when somebody else has answered meanwhile.
    """
    # Of two who answer first, at once, the second waits here for the first.
    locked = select(Project).where(col(Project.id) == project_id).with_for_update()
    project = (await session.exec(locked)).first()
    if project is None:
        raise NotFound("There is no such project.")
    require(actor, "project.edit", project.reporting_organisation_id)
    check(answers, looked)
    held = await session.get(ParisAnswers, project_id, populate_existing=True)
    if (held.version if held else 0) != answers.version:
        raise Conflict("Somebody else answered these questions meanwhile.")
    row = held or ParisAnswers(project_id=project_id, version=0)
    before, after = dict(row.answers), _as_json(answers)
    if before == after and row.language == answers.language:
        return answers
    row.answers, row.language = after, answers.language
    row.version, row.updated_at = row.version + 1, now()
    session.add(row)
    await session.flush()
    was, is_now = difference(before, after)
    await record_change(session, actor, SUBJECT, project_id, "answered", was, is_now)
    return await answers_of(session, project_id)


def check(answers: Answers, looked: bool = False) -> None:
    """Raise Invalid with everything that is wrong; fields are `sentence_ownership` and so on.

    What looks like personal data is wrong too, unless somebody `looked` at it.
    """
    errors = []
    for principle, one in answers.by_principle.items():
        errors += _errors_of(principle, one, looked)
    errors += language_errors(answers.language)
    if errors:
        raise Invalid(errors)


def _errors_of(principle: str, one: Answer, looked: bool) -> list[FieldError]:
    errors = []
    sentence, evidence = f"sentence_{principle}", f"evidence_{principle}"
    if principle not in QUESTIONS or one.answer not in codelists.scheme("paris_answers"):
        errors.append(FieldError(f"answer_{principle}", message("Choose one of the answers.")))
    elif one.answer == NOT_SAID and (one.sentence or one.evidence):
        why = message("Choose yes, partly or no, or empty the sentence and the evidence.")
        errors.append(FieldError(f"answer_{principle}", why))
    elif one.answer != NOT_SAID and not one.sentence:
        errors.append(FieldError(sentence, message("Say in a sentence why.")))
    for name, text, longest in (
        (sentence, one.sentence, LONGEST_SENTENCE),
        (evidence, one.evidence, LONGEST_ADDRESS),
    ):
        if len(text) > longest:
            errors.append(FieldError(name, too_long(longest)))
    if one.evidence and not is_web_address(one.evidence):
        errors.append(FieldError(evidence, message("An address begins with https://.")))
    if not looked:
        errors += [FieldError(sentence, found) for found in suspicious_parts(one.sentence)]
    return errors


def _as_json(answers: Answers) -> dict[str, Any]:
    return {
        principle: asdict(one)
        for principle, one in answers.by_principle.items()
        if one.answer != NOT_SAID
    }
