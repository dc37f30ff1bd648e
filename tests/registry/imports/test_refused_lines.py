"""Whatever a JSON line says: mended in a table it does what the mended line does."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.jsonl import read_line
from registry.exchange.record import ProjectRecord, as_json
from registry.permissions import COMMAND_LINE
from registry.projects import Write, write_projects
from tests.builders import an_organisation
from tests.registry.exchange.records import LANGUAGES, LINES, records
from tests.registry.imports.mending import brought, mended, stored

BROKEN: dict[str, Any] = {
    "start_date": "2025-02-30",
    "status": "?",
    "countries": ["Atlantis"],
    "regions": [{"code": "000"}],
    "locations": [{"a": 1}],
    "pillars": ["?"],
    "budget": "much",
    "currency": "???",
    "participating_orgs": [{"name": "Sida"}],
    "related": [{"identifier": "X-1"}],
    "url": "ftp://x",
    "contact_email": "nobody",
    "visibility": "?",
    "title": {"a": 1},
    "description": "half \ud800",
}
"""Key -> a value that is refused."""
MENDED: dict[str, tuple[Any, str]] = {
    "start_date": ("2025-02-28", "2025-02-28"),
    "status": ("closed", "closed"),
    "countries": (["MD"], "MD"),
    "regions": ([{"code": "151"}], "151"),
    "locations": (["Balti; centre"], '"Balti; centre"'),
    "pillars": (["protection"], "protection"),
    "budget": (7.5, "7.5"),
    "currency": ("CHF", "CHF"),
    "participating_orgs": ([{"name": "Sida", "role": "funding"}], "funding=Sida"),
    "related": ([{"identifier": "X-1", "type": "parent"}], "parent=X-1"),
    "url": (None, ""),
    "contact_email": ("a@example.org", "a@example.org"),
    "visibility": ("members", "members"),
    "title": ("Mended", "Mended"),
    "description": ("whole", "whole"),
}
"""Key -> what is right there, in a line and in a cell."""
ALWAYS = {"identifier", "title", "reporting_org"}
SPELT = st.sampled_from([" {} ", "{}", "{}\n", "={}", "'{}", "{};", "(keep)", '"{}"', "{}\r\n{}"])
"""Ways to write a text that a table might take for something else."""


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    """A line as somebody else's program writes it: some keys, some of them empty or odd."""
    whole = as_json(draw(records()))
    keys = [key for key in whole if key in ALWAYS or draw(st.booleans())]
    line = {key: whole[key] for key in keys}
    for key in set(keys) - ALWAYS - {"suggestions", "source"}:
        if draw(st.integers(0, 4)) == 0:
            line[key] = draw(st.sampled_from([None, "", []] if key != "language" else [None]))
    for key in {"title", "description", "contact_name", "title_fr"} & set(line):
        if isinstance(line[key], str) and line[key]:
            line[key] = draw(SPELT).replace("{}", line[key])
    if line.get("locations"):
        line["locations"] = [draw(SPELT).replace("{}", one) for one in line["locations"]]
    if draw(st.booleans()):
        line["titles"] = draw(st.dictionaries(st.sampled_from(LANGUAGES), LINES, max_size=2))
    if draw(st.booleans()):
        line["made up"] = draw(LINES)
    return line


def is_read_as_it_is(line: dict[str, Any], key: str) -> bool:
    """Whether nothing but the one value is wrong with a line."""
    return read_line(json.dumps(line | {key: MENDED[key][0]}), 1).record is not None


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
@given(registered=records(), line=lines(), key=st.sampled_from(sorted(BROKEN)))
async def test_a_line_with_one_broken_value(
    session: AsyncSession,
    form: str,
    registered: ProjectRecord,
    line: dict[str, Any],
    key: str,
) -> None:
    line |= {"identifier": "K-1", "reporting_org": "UNODC"}
    assume(is_read_as_it_is(line, key))
    registered = dataclasses.replace(registered, identifier="K-1", reporting_org="UNODC")
    other = {"identifier": "K-2", "title": "y", "reporting_org": "UNODC"} | dict.fromkeys(
        BROKEN, ""
    )
    right, cell = MENDED[key]
    results = []
    for way in ("directly", "by table"):
        async with session.begin_nested() as one:
            owner = await an_organisation(session, "UNODC")
            writes = [Write(dataclasses.replace(registered), owner.id or 0)]
            await write_projects(session, COMMAND_LINE, writes)
            if way == "directly":
                file, name = f"{json.dumps(line | {key: right})}\n".encode(), "p.jsonl"
            else:
                first = f"{json.dumps(line | {key: BROKEN[key]})}\n{json.dumps(other)}\n"
                run, refused = await brought(session, first.encode(), "p.jsonl")
                assert run.counts["refused"] == 2
                change = {"K-1": {key: right if form == "jsonl" else cell}}
                file, name = mended(refused[form], form, change), f"p.{form}"
            run, refused = await brought(session, file, name)
            results.append((await stored(session))["K-1"])
            await one.rollback()
        session.expunge_all()
    assert results[0] == results[1]
