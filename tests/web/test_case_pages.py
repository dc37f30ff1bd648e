"""Taking part in the review of a case, as each kind of person meets it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import col, select

from registry.case_decisions import follow_up
from registry.models import CaseComment, OverlapCase, Project
from registry.permissions import COMMAND_LINE
from registry.project_rows import load_records
from registry.projects import revise_project
from tests.builders import a_decision, an_organisation
from tests.registry.cases import with_a_secret
from tests.web.conftest import Browser, text_of
from tests.web.test_overlap_pages import case_id

__all__ = ["case_id"]


async def test_a_visitor_reads_but_takes_no_part(browser: Browser, case_id: int) -> None:
    await browser.come_in_as("ilo@example.org")
    await browser.submit(f"/overlaps/{case_id}", {})
    await say(browser, case_id, "comment", {"comment-text": "Between ourselves"})
    browser.cookies.delete("convene_session")
    page = await browser.get(f"/overlaps/{case_id}")
    assert "Between ourselves" not in page.text
    assert "Sign in" in text_of(page)
    assert "/decide" not in page.text
    forms = ("comment", "propose", "decide", "proposals/1/vote", "reopen", "uphold", "follow-up")
    for form in forms:
        answer = await say(browser, case_id, form, decision() | {"comment-text": "Hello"})
        assert answer.status_code == 403


async def say(browser: Browser, case_id: int, form: str, data: dict[str, str]) -> Any:
    """Post one of the forms of a case that is open in the browser."""
    await browser.get(f"/overlaps/{case_id}")
    token = {"_csrf_token": browser.cookies["convene_csrf"]}
    return await browser.post(f"/overlaps/{case_id}/{form}", data=token | data)


def decision(outcome: str = "complementary-no-action", **values: str) -> dict[str, str]:
    fields = {"outcome": outcome, "reason": "One trains judges, the other clerks."} | values
    both = {
        f"{form}-{name}": text for form in ("propose", "decide") for name, text in fields.items()
    }
    return both | {"version": "1"}


async def the_proposal(browser: Browser, case_id: int) -> str:
    """The number of the only proposal of a case."""
    async with browser.database.session() as session:
        (number,) = await session.exec(
            select(CaseComment.id).where(
                CaseComment.case_id == case_id, col(CaseComment.outcome).is_not(None)
            )
        )
    return str(number)


async def a_quorum(browser: Browser, case_id: int, **values: str) -> str:
    """A proposal of ILO's that OHCHR and UNICEF support; signed in is ILO."""
    await browser.come_in_as("ilo@example.org")
    await say(browser, case_id, "propose", decision(**values))
    return await supported(browser, case_id)


async def supported(browser: Browser, case_id: int) -> str:
    """The only proposal of a case, after OHCHR and UNICEF supported it; signed in is ILO."""
    proposal = await the_proposal(browser, case_id)
    for name in ("ohchr", "unicef"):
        await browser.come_in_as(f"{name}@example.org")
        await say(browser, case_id, f"proposals/{proposal}/vote", {"vote-stance": "support"})
    await browser.come_in_as("ilo@example.org")
    return proposal


async def test_comment_propose_vote_decide(browser: Browser, case_id: int) -> None:
    await browser.come_in_as("ilo@example.org")
    await say(browser, case_id, "comment", {"comment-text": "Do <you> know of each other?"})
    page = await say(browser, case_id, "propose", decision())
    text = text_of(page)
    assert "Do &lt;you&gt; know of each other?" in page.text
    assert "proposes: Complementary, no action" in text
    assert "Under review" in text
    assert "1 for, 0 against" in text
    assert "2 more organisations have to support it" in text
    assert "Record this as the decision" not in text
    proposal = await supported(browser, case_id)
    decided = text_of(await say(browser, case_id, "decide", {"version": "1", "proposal": proposal}))
    assert "The decision is recorded" in decided
    assert "Decided: Complementary, no action" in decided
    assert "By the quorum of the group" in decided
    assert decided.index("Decided: Complementary") < decided.index("Evidence")
    assert "One trains judges, the other clerks." in decided


async def the_page(browser: Browser, case_id: int, email: str) -> str:
    await browser.come_in_as(email)
    return text_of(await browser.get(f"/overlaps/{case_id}"))


async def test_everyone_who_takes_part_sees_who_thought_what(
    browser: Browser, case_id: int
) -> None:
    proposal = await a_quorum(browser, case_id)
    await browser.come_in_as("member@example.org")
    answer = await say(
        browser, case_id, f"proposals/{proposal}/vote",
        {"vote-stance": "object", "vote-reason": "We pay for both."},
    )  # fmt: skip
    assert "The vote of your organisation is recorded" in text_of(answer)
    for reader in ("ilo", "member", "sida"):
        text = await the_page(browser, case_id, f"{reader}@example.org")
        assert "3 for, 1 against" in text
        assert "has its quorum" in text
        assert "Sida objects We pay for both." in text
        assert "OHCHR supports" in text
        assert "quorum reached" in text
        assert ("Record this as the decision" in text) is (reader == "ilo")
    browser.cookies.delete("convene_session")
    assert "We pay for both." not in (await browser.get(f"/overlaps/{case_id}")).text


async def test_an_objection_needs_a_reason(browser: Browser, case_id: int) -> None:
    proposal = await a_quorum(browser, case_id)
    await browser.come_in_as("member@example.org")
    answer = await say(browser, case_id, f"proposals/{proposal}/vote", {"vote-stance": "object"})
    assert answer.status_code == 422
    assert "Say in a sentence why you object" in text_of(answer)
    assert 'href="#field-vote-reason"' in answer.text
    assert 'id="field-vote-reason"' in answer.text


async def test_what_is_missing_is_said_and_what_was_typed_stays(
    browser: Browser, case_id: int
) -> None:
    await browser.come_in_as("ilo@example.org")
    answer = await say(browser, case_id, "propose", decision("joint-programme"))
    assert answer.status_code == 422
    assert "Say which organisation takes the lead" in text_of(answer)
    assert 'href="#field-propose-lead_organisation_id"' in answer.text
    assert "One trains judges, the other clerks." in answer.text
    assert 'name="propose-outcome" value="joint-programme" checked' in answer.text
    empty = await say(browser, case_id, "comment", {"comment-text": "  "})
    assert empty.status_code == 422


async def test_of_two_who_decide_the_second_sees_what_the_first_decided(
    browser: Browser, case_id: int
) -> None:
    proposal = await a_quorum(browser, case_id, reason="They differ.")
    record = {"version": "1", "proposal": proposal}
    assert (await say(browser, case_id, "decide", record)).status_code == 200
    await browser.come_in_as("ohchr@example.org")
    late = await say(browser, case_id, "decide", record)
    assert late.status_code == 409
    text = text_of(late)
    assert "Somebody else decided this case" in text
    assert "They differ." in text
    async with browser.database.session() as session:
        case = await session.get(OverlapCase, case_id)
        assert case is not None
        assert (case.outcome, case.version) == ("complementary-no-action", 2)


async def test_what_was_written_to_a_case_that_was_decided_meanwhile_is_not_lost(
    browser: Browser, case_id: int
) -> None:
    proposal = await a_quorum(browser, case_id)
    await say(browser, case_id, "decide", {"version": "1", "proposal": proposal})
    late = await say(browser, case_id, "propose", decision("not-an-overlap", reason="My view."))
    assert late.status_code == 409
    assert "This case is decided. Reopen it" in text_of(late)
    assert "My view." in late.text


async def test_followed_up_and_reopened(browser: Browser, case_id: int) -> None:
    proposal = await a_quorum(browser, case_id)
    await say(browser, case_id, "decide", {"version": "1", "proposal": proposal})
    done = await say(
        browser, case_id, "follow-up", {"version": "2", "follow-up-text": "They met in May."}
    )
    assert "Followed up" in text_of(done)
    assert "They met in May." in done.text
    refused = await say(browser, case_id, "reopen", {"version": "3", "reopen-reason": ""})
    assert refused.status_code == 422
    assert "Say why it has to be decided anew" in text_of(refused)
    stale = await say(browser, case_id, "reopen", {"version": "2", "reopen-reason": "News."})
    assert stale.status_code == 409
    assert "News." in stale.text
    again = await say(browser, case_id, "reopen", {"version": "3", "reopen-reason": "News."})
    text = text_of(again)
    assert "The case is under review again" in text
    assert "round 2" in text
    assert "before: Complementary, no action" in text
    assert "in an earlier round" in text
    anew = await browser.get(f"/overlaps/{case_id}?adopt={proposal}")
    assert 'name="propose-outcome" value="complementary-no-action" checked' in anew.text


async def test_the_secretariat_decides_after_the_deadline(browser: Browser, case_id: int) -> None:
    await browser.come_in_as("ilo@example.org")
    await say(browser, case_id, "propose", decision())
    proposal = await the_proposal(browser, case_id)
    early = await the_page(browser, case_id, "secretariat@example.org")
    assert "the secretariat may decide from" in early
    assert "Decide for the secretariat" not in early
    async with browser.database.session() as session:
        said = await session.get(CaseComment, int(proposal))
        assert said is not None
        said.at -= timedelta(days=15)
        session.add(said)
    assert "Decide for the secretariat" in await the_page(
        browser, case_id, "secretariat@example.org"
    )
    filled = await browser.get(f"/overlaps/{case_id}?adopt={proposal}")
    assert 'name="decide-outcome" value="complementary-no-action" checked' in filled.text
    done = text_of(await say(browser, case_id, "decide", decision("not-an-overlap")))
    assert "By the secretariat, after the deadline of the group" in done


async def test_what_changed_since_the_decision_is_said(browser: Browser, case_id: int) -> None:
    proposal = await a_quorum(browser, case_id)
    await say(browser, case_id, "decide", {"version": "1", "proposal": proposal})
    async with browser.database.session() as session:
        ids = await session.exec(select(Project.id).order_by(col(Project.id)))
        id = ids.all()[1]
        (record,) = (await load_records(session, [id or 0])).values()
        record.budget = Decimal(7)
        await revise_project(session, COMMAND_LINE, id or 0, record, version=1)
    page = await browser.get(f"/overlaps/{case_id}")
    text = text_of(page)
    assert "Changed since it was decided" in text
    assert "Better trials in Moldova : Budget" in text
    upheld = await say(
        browser, case_id, "uphold", {"version": "2", "uphold-reason": "Money is no matter."}
    )
    assert "Changed since it was decided" not in text_of(upheld)
    assert "Money is no matter." in upheld.text


async def test_a_reviewer_of_one_of_the_organisations_may_not_record(
    browser: Browser, case_id: int
) -> None:
    proposal = await a_quorum(browser, case_id)
    await browser.come_in_as("sida@example.org")
    page = await browser.get(f"/overlaps/{case_id}")
    assert "You may not record the decision on this one" in text_of(page)
    assert "propose-outcome" in page.text
    answer = await say(browser, case_id, "decide", {"version": "1", "proposal": proposal})
    assert answer.status_code == 403


async def test_members_of_the_two_take_part_and_others_do_not(
    browser: Browser, case_id: int
) -> None:
    await browser.come_in_as("member@example.org")
    page = await say(browser, case_id, "comment", {"comment-text": "We know UNODC well."})
    assert "We know UNODC well." in page.text
    assert (await say(browser, case_id, "propose", decision())).status_code == 200
    proposal = await the_proposal(browser, case_id)
    await browser.come_in_as("stranger@example.org")
    page = await browser.get(f"/overlaps/{case_id}")
    assert "comment-text" not in page.text
    assert "propose-outcome" not in page.text
    for form in ("comment", "propose", "decide", f"proposals/{proposal}/vote"):
        answer = await say(
            browser, case_id, form,
            decision("not-an-overlap") | {"comment-text": "Me too", "vote-stance": "support"},
        )  # fmt: skip
        assert answer.status_code == 403


async def test_what_waits_for_me(browser: Browser, case_id: int) -> None:
    await browser.come_in_as("member@example.org")
    assert "my organisation, which has said nothing" in text_of(await browser.get("/overlaps"))
    await say(browser, case_id, "comment", {"comment-text": "We coordinate already."})
    assert "What waits for me" not in text_of(await browser.get("/overlaps"))
    await browser.come_in_as("ohchr@example.org")
    assert "Nothing waits for you" in text_of(await browser.get("/overlaps"))
    await browser.come_in_as("ilo@example.org")
    await say(browser, case_id, "propose", decision())
    await browser.come_in_as("ohchr@example.org")
    assert "Proposed, to be decided" in text_of(await browser.get("/overlaps"))


async def test_the_secretariat_sets_the_quorum(browser: Browser, case_id: int) -> None:
    await browser.come_in_as("ilo@example.org")
    assert (await browser.get("/admin/quorum")).status_code == 403
    await browser.come_in_as("secretariat@example.org")
    page = await browser.get("/admin/quorum")
    assert "3 organisations, 14 days" in text_of(page)
    wrong = await browser.submit("/admin/quorum", {"supporters": "0", "days": "x", "seen": "0"})
    assert wrong.status_code == 422
    assert "A number from 1 to 31" in text_of(wrong)
    done = await browser.submit("/admin/quorum", {"supporters": "2", "days": "7", "seen": "0"})
    assert "The rule is set" in text_of(done)
    stale = await browser.submit("/admin/quorum", {"supporters": "5", "days": "7", "seen": "0"})
    assert stale.status_code == 409
    assert "needs the support of 2 organisations" in text_of(
        await browser.get(f"/overlaps/{case_id}")
    )


async def test_a_decision_needs_the_form_token(browser: Browser, case_id: int) -> None:
    await browser.come_in_as("ilo@example.org")
    answer = await browser.post(f"/overlaps/{case_id}/decide", data=decision())
    assert answer.status_code == 403
    async with browser.database.session() as session:
        case = await session.get(OverlapCase, case_id)
        assert case is not None
        assert case.state == "open"


async def test_whom_a_project_is_hidden_from_reads_the_outcome_and_no_reasons(
    browser: Browser, case_id: int
) -> None:
    async with browser.database.session() as session:
        one = (await session.exec(select(Project).order_by(col(Project.id)))).first()
        assert one is not None
        await with_a_secret(session, case_id, one)
        lead = await an_organisation(session, "Ministry of Gorse")
        await a_decision(session, case_id, "joint-programme", "Gorse joins in.", lead)
        await follow_up(session, COMMAND_LINE, case_id, version=2, text="Gorse told all.")

    for reader in (None, "ohchr@example.org"):
        if reader:
            await browser.come_in_as(reader)
        page = await browser.get(f"/overlaps/{case_id}")
        document = await browser.get(f"/api/v1/overlaps/{case_id}")
        assert "Decided: Joint programme" in text_of(page)
        assert "reasons are not told here" in text_of(page)
        assert "Gorse" not in page.text + document.text
        assert document.json()["outcome"] == "joint-programme"
    await browser.come_in_as("secretariat@example.org")
    assert text_of(await browser.get(f"/overlaps/{case_id}")).count("Gorse") > 2
