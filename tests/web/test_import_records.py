"""Looking through a large plan: page by page, by words, and only what may overlap."""

import pytest

from registry.imports import looking
from tests.web.conftest import Browser, text_of
from tests.web.test_import_page import GOOD, HEADER, upload
from tests.web.test_import_work import SHELTERS, activities, press

ROADS = [f"Rural road {n}" for n in range(1, 12)]


@pytest.fixture(autouse=True)
def few_on_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "PAGE", 5)


async def test_all_that_was_left_out_can_be_reached_and_taken_in(member: Browser) -> None:
    plan = await upload(member, activities(SHELTERS, *ROADS), "ours.xml")
    first = text_of(plan)
    assert "Rural road 5 " in first
    assert "Rural road 6 " not in first
    assert "Show the next 5" in first
    assert "5 of 11 are shown" in first
    records = f"{plan.url.path}/records"
    second = await member.get(f"{records}?outcome=not_relevant&page=2")
    assert "Not about trafficking, left out 11" in text_of(second)
    assert "Rural road 6 " in text_of(second)
    assert "Show the next one" in text_of(second)
    last = await member.fragment(f"{records}?outcome=not_relevant&page=3")
    assert "<main" not in last.text
    assert "Rural road 11 " in text_of(last)
    assert "Show the next" not in last.text
    assert "/records/12" in last.text
    page = await press(member, f"{records}/12", concerns="yes")
    assert "2 to create" in text_of(page)


async def test_one_record_is_found_by_its_words(member: Browser) -> None:
    plan = await upload(member, activities(*ROADS, "Réseau d'eau à 100 %"), "ours.xml")
    records = f"{plan.url.path}/records?outcome=not_relevant"
    for words in ("RESEAU eau", "x-12", "réseau", "100 %"):
        found = await member.get(f"/{records.lstrip('/')}&q={words.replace('%', '%25')}")
        assert "1 record found" in text_of(found)
        assert "Réseau" in text_of(found)
    many = text_of(await member.get(f"{records}&q=rural&page=2"))
    assert "Rural road 6 " in many
    assert (
        'q=rural&amp;overlaps=&amp;page=3"' in (await member.get(f"{records}&q=rural&page=2")).text
    )
    nothing = text_of(await member.fragment(f"{records}&q=hospital_"))
    assert "No record is found." in nothing
    assert "0 records found" in nothing


async def test_what_may_overlap_is_shown_alone(member: Browser) -> None:
    rest = "Courses for 300 judges of Balti and Orhei,implementation,MD,prosecution,2025-01-01\n"
    twins = f"B-1,Training of judges in Moldova,{rest}B-2,Training of Moldovan judges,{rest}"
    helpline = "C-1,Helpline,Calls from abroad,implementation,UA,protection,2020-01-01\n"
    plan = await upload(member, HEADER + helpline + twins)
    assert "2 of them may overlap with others" in text_of(plan)
    alone = text_of(await member.get(f"{plan.url.path}/records?outcome=created&overlaps=yes"))
    assert "2 records found" in alone
    assert "Helpline" not in alone


async def test_parts_of_a_plan_that_are_not_there(member: Browser) -> None:
    plan = await upload(member, HEADER + GOOD)
    records = f"{plan.url.path}/records"
    assert "no such records" in text_of(await member.get(f"{records}?outcome=refused"))
    assert (await member.get(f"{records}?outcome=everything")).status_code == 404
    assert (await member.get(f"{records}?outcome=created&page=9")).status_code == 200
    await press(member, f"{plan.url.path}/cancel")
    assert (await member.get(f"{records}?outcome=created")).url.path == plan.url.path
