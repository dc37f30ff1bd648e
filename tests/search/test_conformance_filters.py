"""What both engines promise of facets within one another, of years, and of a range of budgets: with
the embedded engine, and with a real Meilisearch server when MEILI_URL is set."""

from datetime import date

import pytest

from registry.errors import Invalid
from search.engine import SearchEngine
from search.query import FACETS, Query, family_of
from tests.search.documents import a_document, ids

EUROPE, EASTERN_EUROPE, AFRICA, EASTERN_AFRICA = "150", "151", "002", "014"


class TestFamilies:
    """Region and country, pillar and measure: one list to choose from, the one within the other."""

    async def _write(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, countries=["MD"], pillars=["protection"], measures=["PROT-4"]),
                a_document(2, countries=["UA"], pillars=["prosecution"], measures=["PROS-2"]),
                a_document(3, countries=["MD", "KE"], pillars=["prosecution", "protection"]),
                a_document(4, countries=["KE"], pillars=["protection"], status="closed"),
                a_document(5, countries=[], regions=[EASTERN_AFRICA], pillars=["prevention"]),
            ]
        )

    async def test_one_value_of_either_has_to_fit(self, engine: SearchEngine) -> None:
        await self._write(engine)
        assert await ids(engine, filters={"region": [EASTERN_AFRICA]}) == [5, 4, 3]
        assert await ids(engine, filters={"region": [AFRICA], "country": ["MD"]}) == [5, 4, 3, 1]
        filters = {"pillar": ["prevention"], "measure": ["PROS-2"]}
        assert await ids(engine, filters=filters) == [5, 2]
        assert await ids(engine, filters=filters | {"country": ["UA"]}) == [2]

    async def test_of_values_one_in_another_the_narrower_is_meant(
        self, engine: SearchEngine
    ) -> None:
        await self._write(engine)
        both = {"region": [EUROPE, EASTERN_EUROPE], "country": ["UA"]}
        assert Query(filters=both).filters == {"country": ["UA"]}
        assert await ids(engine, filters=both) == [2]
        assert await ids(engine, filters={"pillar": ["protection"], "measure": ["PROT-4"]}) == [1]
        # Of two regions, only the one with a chosen country in it is narrowed.
        assert await ids(engine, filters={"region": [EUROPE, AFRICA], "country": ["UA"]}) == [
            5, 4, 3, 2,
        ]  # fmt: skip

    async def test_a_filter_hides_nothing_of_its_family(self, engine: SearchEngine) -> None:
        await self._write(engine)
        everything = (await engine.search(Query())).facets
        assert everything["region"] == {
            EUROPE: 3, EASTERN_EUROPE: 3, AFRICA: 3, "202": 3, EASTERN_AFRICA: 3,
        }  # fmt: skip
        assert everything["country"] == {"MD": 2, "UA": 1, "KE": 2}
        for filters in ({"country": ["MD"]}, {"region": [AFRICA]}, {"region": ["none"]}):
            page = await engine.search(Query(filters=filters))
            assert page.facets["region"] == everything["region"]
            assert page.facets["country"] == everything["country"]
        narrowed = (await engine.search(Query(filters={"country": ["MD"]}))).facets
        assert narrowed["pillar"] == {"protection": 2, "prosecution": 1}
        closed = (
            await engine.search(Query(filters={"country": ["MD"], "status": ["closed"]}))
        ).facets
        assert closed["country"] == {"KE": 1}
        assert closed["region"] == {AFRICA: 1, "202": 1, EASTERN_AFRICA: 1}
        assert closed["pillar"] == {}

    @pytest.mark.parametrize(
        "filters",
        [
            {},
            {"country": ["MD"], "pillar": ["protection"]},
            {"region": [EUROPE], "country": ["KE"], "measure": ["PROT-4"]},
            {"year": ["2024", "2025"], "region": [EASTERN_AFRICA]},
        ],
    )
    @pytest.mark.parametrize("text", ["", "shelter "])
    async def test_a_count_is_what_one_finds_by_that_value_alone(
        self, engine: SearchEngine, text: str, filters: dict[str, list[str]]
    ) -> None:
        places = (["MD"], ["UA", "KE"], ["KE"], ["TZ"], [], ["MD", "UA"], ["FR"])
        choices = (["protection"], ["prosecution", "prevention"], ["protection", "prosecution"])
        documents = [
            a_document(
                i,
                "Shelter" if i % 3 else "Hotline",
                countries=places[i % 7],
                pillars=choices[i % 3],
                measures=[["PROT-4"], [], ["PROS-2", "PROT-5"], ["PROS-2"]][i % 4],
                start_date=date(2018 + i % 8, 1, 1),
                end_date=date(2019 + i % 8 + i % 3, 1, 1),
                budget_usd=str(1000 * i) if i % 5 else None,
            )
            for i in range(1, 41)
        ]
        await engine.write(documents)
        limits = {"budget_from": 3000, "budget_to": 35_000, "active_on": None}
        page = await engine.search(Query(text, filters=filters, **limits))  # type: ignore[arg-type]
        assert page.facets["country"]
        for facet in FACETS:
            others = {n: v for n, v in filters.items() if family_of(n) != family_of(facet)}
            for value, count in page.facets[facet].items():
                query = Query(text, filters=others | {facet: [value]}, **limits)  # type: ignore[arg-type]
                assert (await engine.search(query)).total == count, (facet, value)


class TestBudget:
    async def _write(self, engine: SearchEngine) -> None:
        budgets = {1: "999.99", 2: "1000", 3: "1000.50", 4: "250000", 5: None, 6: "0"}
        await engine.write([a_document(i, budget_usd=usd) for i, usd in budgets.items()])

    async def test_both_ends_are_included_and_cents_dropped(self, engine: SearchEngine) -> None:
        await self._write(engine)
        assert await ids(engine, budget_from=1000) == [4, 3, 2]
        assert await ids(engine, budget_from=1001) == [4]
        assert await ids(engine, budget_to=1000) == [3, 2, 1]
        assert await ids(engine, budget_to=999) == [1]
        assert await ids(engine, budget_to=0) == []
        assert await ids(engine, budget_from=1000, budget_to=1000) == [3, 2]
        assert await ids(engine, budget_from=250_001) == []

    async def test_an_unknown_budget_is_in_no_range(self, engine: SearchEngine) -> None:
        await self._write(engine)
        assert await ids(engine, budget_from=0) == [4, 3, 2, 1]
        assert await ids(engine, budget_to=10**15) == [4, 3, 2, 1]
        assert await ids(engine) == [6, 5, 4, 3, 2, 1]

    async def test_it_goes_with_words_order_and_other_filters(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Shelter", budget_usd="5000", countries=["MD"]),
                a_document(2, "Shelter", budget_usd="9000", countries=["UA"]),
                a_document(3, "Hotline", budget_usd="7000", countries=["MD"]),
                a_document(4, "Shelter", budget_usd="70", countries=["MD"]),
            ]
        )
        assert await ids(engine, "shelter", budget_from=1000, sort="budget") == [2, 1]
        page = await engine.search(Query(filters={"country": ["MD"]}, budget_from=1000))
        assert (page.total, page.facets["country"]) == (2, {"MD": 2, "UA": 1})
        wider = await engine.search(Query(filters={"country": ["MD"]}, budget_from=50))
        assert (wider.total, wider.facets["country"]) == (3, {"MD": 3, "UA": 1})

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"budget_from": -1}, "budget_from"),
            ({"budget_to": -5}, "budget_to"),
            ({"budget_from": 9, "budget_to": 8}, "budget_from"),
        ],
    )
    def test_a_range_that_is_none_is_refused(self, wrong: dict[str, int], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            Query(**wrong)  # type: ignore[arg-type]
        assert [error.field for error in refused.value.errors] == [field]
