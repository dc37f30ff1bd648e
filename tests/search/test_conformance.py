"""What both engines promise. Each test runs with the embedded one, and with a real Meilisearch
server when MEILI_URL is set."""

from datetime import date

import pytest

from registry.errors import Invalid
from search.engine import SearchEngine
from search.query import FACETS, Page, Query
from tests.search.documents import a_document, an_organisation


async def ids(engine: SearchEngine, text: str = "", **query: object) -> list[int]:
    page = await engine.search(Query(text, **query))  # type: ignore[arg-type]
    return [hit.id for hit in page.hits]


def marked(parts: list[tuple[str, bool]]) -> list[str]:
    return [text for text, highlighted in parts if highlighted]


async def test_an_empty_index_answers(engine: SearchEngine) -> None:
    page = await engine.search(Query("shelter"))
    assert (page.total, page.hits, page.engine) == (0, [], engine.name)
    assert set(page.facets) == set(FACETS)


async def test_without_words_everything_is_found_last_updated_first(engine: SearchEngine) -> None:
    await engine.write([a_document(1), a_document(3), a_document(2)])
    assert await ids(engine) == [3, 2, 1]


class TestWords:
    async def test_in_title_and_description_but_title_first(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Support to the police", "Officers refer victims to a shelter."),
                a_document(2, "Shelter for women", "A house in the capital."),
                a_document(3, "Labour inspection", "Inspectors are trained."),
            ]
        )
        assert await ids(engine, "shelter") == [2, 1]

    async def test_all_words_are_needed(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Training of judges"),
                a_document(2, "Training of inspectors"),
                a_document(3, "Judges and their training"),
            ]
        )
        assert sorted(await ids(engine, "judges training ")) == [1, 3]

    async def test_when_none_has_all_words_those_with_most_are_shown(
        self, engine: SearchEngine
    ) -> None:
        await engine.write([a_document(1, "Training of judges"), a_document(2, "Shelter")])
        page = await engine.search(Query("judges training xylophone "))
        assert [hit.id for hit in page.hits] == [1]
        assert page.relaxed

    async def test_words_that_say_nothing_do_not_count(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Training judges", countries=["MD"])])
        assert await ids(engine, "the training of judges in Moldova") == [1]

    async def test_names_of_countries_in_three_languages(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, countries=["DE"]), a_document(2, countries=["KE"])])
        for name in ("Germany", "allemagne", "Alemania"):
            assert await ids(engine, name) == [1]

    async def test_names_of_organisations_and_identifiers(self, engine: SearchEngine) -> None:
        sida = an_organisation(5, "sida", name="Swedish Agency", acronym="Sida")
        await engine.write(
            [
                a_document(1, organisation=sida, identifier="SE-0-SE-6-11"),
                a_document(2, participants=[("La Strada Moldova", None)]),
            ]
        )
        assert await ids(engine, "sida") == [1]
        assert await ids(engine, "swedish") == [1]
        assert await ids(engine, "la strada") == [2]
        assert await ids(engine, "SE-0-SE-6-11") == [1]

    async def test_accents_and_case_do_not_matter(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Réseau d'ÉCOLES à Chişinău", language="fr")])
        for text in ("reseau", "RÉSEAU", "ecoles", "Écoles", "chisinau", "CHIȘINĂU"):
            assert await ids(engine, text) == [1], text

    async def test_other_scripts(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Обучение судей", language="ru"),
                a_document(2, "مكافحة الاتجار بالأشخاص", language="ar"),
            ]
        )
        assert await ids(engine, "судей") == [1]
        assert await ids(engine, "الاتجار") == [2]

    async def test_the_other_languages_of_a_project(self, engine: SearchEngine) -> None:
        await engine.write(
            [a_document(1, titles={"en": "Legal aid", "fr": "Aide juridique"}), a_document(2)]
        )
        assert await ids(engine, "juridique") == [1]

    @pytest.mark.parametrize(
        ("typed", "language", "title"),
        [
            ("judge", "en", "Training of judges"),
            ("judges", "en", "The judge and the witness"),
            ("magistrat", "fr", "Formation des magistrats"),
            ("victimas", "es", "Apoyo a la víctima"),
        ],
    )
    async def test_singular_and_plural(
        self, engine: SearchEngine, typed: str, language: str, title: str
    ) -> None:
        await engine.write([a_document(1, title, "", language=language), a_document(2, "Other")])
        assert await ids(engine, f"{typed} ") == [1]


class TestTyposAndBeginnings:
    @pytest.mark.parametrize(
        "typed", ["refferal", "referal", "refreral", "referrals", "rewerral", "mechansm"]
    )
    async def test_typos_are_forgiven(self, engine: SearchEngine, typed: str) -> None:
        await engine.write([a_document(1, "Referral mechanism"), a_document(2, "Labour market")])
        assert await ids(engine, f"{typed} ") == [1]

    async def test_two_in_a_long_word_one_in_a_middling_none_in_a_short(
        self, engine: SearchEngine
    ) -> None:
        await engine.write([a_document(1, "Trafficking camp aid", "", countries=[])])
        assert await ids(engine, "traficing ") == [1]
        assert await ids(engine, "cump ") == [1]
        assert await ids(engine, "cuup ") == []
        assert await ids(engine, "aie ") == []

    async def test_none_in_numbers(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Phase 2024"), a_document(2, "Phase 2025")])
        assert await ids(engine, "2025 ") == [2]

    async def test_a_country_is_not_its_neighbour(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Training", "", countries=["IQ"])])
        assert await ids(engine, "Iran ") == []
        assert await ids(engine, "Iran") == []
        assert await ids(engine, "Irqa ") == [1]

    async def test_a_form_of_a_rare_word_may_be_a_typo_in_another(
        self, engine: SearchEngine
    ) -> None:
        projects = [a_document(i, "Training", "", countries=["MD"]) for i in range(1, 5)]
        spanish = a_document(9, "Temporeros moldavos", "", countries=[], language="es")
        await engine.write([*projects, spanish])
        assert {1, 2, 3, 4} <= set(await ids(engine, "moldava "))

    async def test_right_spelling_before_neighbours(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Borders"), a_document(2, "Border"), a_document(3)])
        assert (await ids(engine, "borders "))[0] == 1

    async def test_the_last_word_may_be_unfinished(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Referral mechanism"), a_document(2, "Labour market")])
        assert await ids(engine, "ref") == [1]
        assert await ids(engine, "referral mecha") == [1]
        assert await ids(engine, "lab") == [2]
        assert (await engine.search(Query("lab referral"))).relaxed

    async def test_an_unfinished_word_may_have_a_typo(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Referral mechanism"), a_document(2, "Labour market")])
        assert await ids(engine, "reffer") == [1]

    async def test_suggests_what_was_meant(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Referral mechanism"), a_document(2, "Labour market")])
        page = await engine.search(Query("National refferal "))
        assert page.did_you_mean == "National referral "
        assert (await engine.search(Query("referral "))).did_you_mean is None

    async def test_never_suggests_what_the_reader_may_not_see(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Labyrinth operation", visibility="restricted")])
        assert (await engine.search(Query("labirynth "))).did_you_mean is None


class TestSigns:
    async def test_quotation_marks_find_a_phrase(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Training of judges", "Victim support is separate."),
                a_document(2, "Judges", "Training happens, and judges attend."),
            ]
        )
        assert await ids(engine, '"training of judges"') == [1]
        assert await ids(engine, '"judges attend"') == [2]
        assert await ids(engine, '"judges training"') == []
        assert await ids(engine, '"judg"') == []

    async def test_minus_excludes(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Training of judges"),
                a_document(2, "Training of police"),
                a_document(3, "Shelter"),
            ]
        )
        assert await ids(engine, "training -police") == [1]
        assert await ids(engine, "-police") == [3, 1]
        assert await ids(engine, '-"training of judges" training') == [2]

    async def test_a_hyphen_is_no_minus(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Anti-trafficking unit"), a_document(2, "Other")])
        assert await ids(engine, "anti-trafficking") == [1]

    @pytest.mark.parametrize(
        "text", ['"', "-", "---", '""', "' OR 1=1", "*:*", "a:b", "(", "\\", "«»"]
    )
    async def test_no_text_is_an_error(self, engine: SearchEngine, text: str) -> None:
        await engine.write([a_document(1)])
        await engine.search(Query(text))


class TestFilters:
    async def _write(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, countries=["MD"], pillars=["protection"], status="closed"),
                a_document(2, countries=["UA"], pillars=["prosecution"]),
                a_document(3, countries=["MD", "UA"], pillars=["prosecution", "prevention"]),
                a_document(4, countries=["KE"], pillars=["protection"]),
            ]
        )

    async def test_or_inside_and_between(self, engine: SearchEngine) -> None:
        await self._write(engine)
        assert await ids(engine, filters={"country": ["MD"]}) == [3, 1]
        assert await ids(engine, filters={"country": ["MD", "KE"]}) == [4, 3, 1]
        filters = {"country": ["MD", "UA"], "pillar": ["prosecution"]}
        assert await ids(engine, filters=filters) == [3, 2]
        assert await ids(engine, filters=filters | {"status": ["closed"]}) == []

    async def test_counts_ignore_the_filter_of_their_own_facet(self, engine: SearchEngine) -> None:
        await self._write(engine)
        page = await engine.search(Query())
        assert page.facets["country"] == {"MD": 2, "UA": 2, "KE": 1}
        page = await engine.search(Query(filters={"country": ["MD"]}))
        assert page.total == 2
        assert page.facets["country"] == {"MD": 2, "UA": 2, "KE": 1}
        assert page.facets["pillar"] == {"protection": 1, "prosecution": 1, "prevention": 1}
        page = await engine.search(Query(filters={"country": ["KE"], "pillar": ["prosecution"]}))
        assert page.total == 0
        assert page.facets["country"] == {"MD": 1, "UA": 2}
        assert page.facets["pillar"] == {"protection": 1}
        assert page.facets["status"] == {}

    async def test_counts_follow_words_and_excluded_words(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Training of judges", countries=["MD"]),
                a_document(2, "Training of police", countries=["UA"]),
            ]
        )
        page = await engine.search(Query("training", filters={"country": ["MD"]}))
        assert page.facets["country"] == {"MD": 1, "UA": 1}
        page = await engine.search(Query("training -police"))
        assert page.facets["country"] == {"MD": 1}

    async def test_every_facet(self, engine: SearchEngine) -> None:
        ilo = an_organisation(7, "ilo", type="un-agency")
        document = a_document(
            1,
            countries=["MD"],
            organisation=ilo,
            participants=[("Sida", an_organisation(8, "sida", type="government"))],
            pillars=["protection"],
            measures=["PROT-4"],
            mandates=["forced-labour"],
            status="implementation",
            start_date=date(2024, 3, 1),
            end_date=date(2026, 2, 1),
        )
        await engine.write([document])
        page = await engine.search(Query())
        assert page.facets == {
            "country": {"MD": 1},
            "region": {"150": 1, "151": 1},
            "pillar": {"protection": 1},
            "measure": {"PROT-4": 1},
            "mandate": {"forced-labour": 1},
            "organisation": {"ilo": 1, "sida": 1},
            "organisation_type": {"un-agency": 1},
            "status": {"implementation": 1},
            "year": {"2024": 1, "2025": 1, "2026": 1},
        }
        for facet, counts in page.facets.items():
            for value in counts:
                assert await ids(engine, filters={facet: [value]}) == [1]
                assert await ids(engine, filters={facet: ["none of these"]}) == []

    async def test_many_values_are_all_counted(self, engine: SearchEngine) -> None:
        organisations = [an_organisation(i, f"organisation-{i}") for i in range(1, 301)]
        await engine.write([a_document(o.id or 0, organisation=o) for o in organisations])
        page = await engine.search(Query())
        assert page.facets["organisation"] == {o.slug: 1 for o in organisations}

    async def test_active_on_a_day(self, engine: SearchEngine) -> None:
        def runs(id: int, start: date | None, end: date | None) -> None:
            documents.append(a_document(id, start_date=start, end_date=end))

        documents: list = []
        runs(1, date(2024, 1, 1), date(2024, 12, 31))
        runs(2, date(2024, 6, 1), None)
        runs(3, None, date(2024, 6, 30))
        runs(4, None, None)
        await engine.write(documents)
        assert await ids(engine, active_on=date(2024, 1, 1)) == [3, 1]
        assert await ids(engine, active_on=date(2024, 6, 30)) == [3, 2, 1]
        assert await ids(engine, active_on=date(2024, 12, 31)) == [2, 1]
        assert await ids(engine, active_on=date(2025, 1, 1)) == [2]

    async def test_unknown_facets_and_sorts_are_refused(self, engine: SearchEngine) -> None:
        for wrong in (
            {"filters": {"colour": ["red"]}},
            {"sort": "colour"},
            {"page": 0},
            {"text": "\ud800"},
        ):
            with pytest.raises(Invalid):
                Query(**wrong)  # type: ignore[arg-type]


class TestOrderAndPages:
    async def test_sorts(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Shelter", start_date=date(2020, 1, 1), budget_usd="500"),
                a_document(2, "A house, and shelter", start_date=date(2024, 1, 1)),
                a_document(3, "None", "A shelter", start_date=date(2022, 1, 1), budget_usd="9000"),
            ]
        )
        assert await ids(engine, "shelter", sort="start") == [2, 3, 1]
        assert await ids(engine, "shelter", sort="budget") == [3, 1, 2]
        assert await ids(engine, "shelter", sort="updated") == [3, 2, 1]
        assert (await ids(engine, "shelter", sort="relevance"))[-1] == 3
        assert await ids(engine, sort="budget") == [3, 1, 2]

    @pytest.mark.parametrize("sort", ["relevance", "start", "budget", "updated"])
    @pytest.mark.parametrize("text", ["", "shelter"])
    async def test_paging_to_the_end_loses_and_repeats_nothing(
        self, engine: SearchEngine, text: str, sort: str
    ) -> None:
        same = {"start_date": date(2024, 1, 1), "budget_usd": "100"}
        everything = [a_document(i, "Shelter", **same) for i in range(1, 201)]
        await engine.write(everything[:120])
        await engine.write(everything[120:])
        found: list[int] = []
        pages: list[Page] = []
        for number in range(1, 12):
            page = await engine.search(Query(text, sort=sort, page=number, size=19))
            pages.append(page)
            found += [hit.id for hit in page.hits]
        assert {page.total for page in pages} == {200}
        assert pages[0].pages == 11
        assert len(pages[-1].hits) == 200 - 10 * 19
        assert sorted(found) == list(range(1, 201))
        beyond = await engine.search(Query(text, sort=sort, page=12, size=19))
        assert (beyond.total, beyond.hits) == (200, [])

    async def test_of_equals_the_one_that_still_runs_is_first(self, engine: SearchEngine) -> None:
        long_closed = {"start_date": date(2008, 1, 1), "end_date": date(2010, 1, 1)}
        running = {"start_date": date(2008, 1, 1), "end_date": date(2030, 1, 1)}
        await engine.write(
            [
                a_document(1, "Shelter", **running),
                a_document(2, "Shelter", **long_closed),
                a_document(3, "Shelter", **long_closed),
            ]
        )
        assert (await ids(engine, "shelter"))[0] == 1

    async def test_words_side_by_side_before_words_apart(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "One", "Judges had asked many times for such a thing as training."),
                a_document(2, "Two", "A course of judges training had been asked for many times."),
            ]
        )
        assert await ids(engine, "judges training ") == [2, 1]


class TestVisibility:
    async def test_each_reader_finds_what_is_for_them(self, engine: SearchEngine) -> None:
        sida, ilo = an_organisation(5, "sida"), an_organisation(6, "ilo")
        await engine.write(
            [
                a_document(1, organisation=sida, visibility="public"),
                a_document(2, organisation=sida, visibility="members"),
                a_document(3, organisation=sida, visibility="restricted"),
                a_document(4, organisation=ilo, visibility="restricted"),
            ]
        )
        assert await ids(engine) == [1]
        assert await ids(engine, audiences=["public", "members"]) == [2, 1]
        assert await ids(engine, audiences=["public", "members", "org:5"]) == [3, 2, 1]
        everything = ["public", "members", "secretariat"]
        assert await ids(engine, audiences=everything) == [4, 3, 2, 1]
        assert await ids(engine, audiences=[]) == []

    async def test_counts_and_words_keep_to_it_too(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Open"), a_document(2, "Secret", visibility="members")])
        page = await engine.search(Query(filters={"country": ["MD"]}))
        assert page.facets["country"] == {"MD": 1}
        assert await ids(engine, "secret") == []

    async def test_restricted_fields_are_nowhere(self, engine: SearchEngine) -> None:
        await engine.write(
            [a_document(1, partner_contacts="Ana Rusu", shelter_locations="Strada Zorilor 5")]
        )
        everyone = ["public", "members", "org:1", "secretariat"]
        for text in ("rusu", "zorilor"):
            assert await ids(engine, text, audiences=everyone) == []


class TestChanges:
    async def test_an_update_replaces(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Shelter", countries=["MD"])])
        await engine.write([a_document(1, "Hotline", countries=["UA"])])
        assert await ids(engine, "shelter") == []
        page = await engine.search(Query("hotline"))
        assert page.total == 1
        assert page.facets["country"] == {"UA": 1}
        assert await engine.count() == 1

    async def test_delete_and_clear(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1), a_document(2), a_document(3)])
        await engine.delete([2, 99])
        assert await ids(engine) == [3, 1]
        await engine.clear()
        assert await ids(engine) == []
        assert await engine.count() == 0

    async def test_a_rebuild_takes_the_place_of_the_old_index(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1), a_document(2)])
        building = await engine.begin_rebuild("this registry")
        await building.write([a_document(3), a_document(4)])
        assert await ids(engine) == [2, 1]
        await building.publish()
        assert await ids(engine) == [4, 3]
        assert await engine.count() == 2
        assert await engine.complete("this registry")
        assert not await engine.complete("another registry")
        await engine.write([a_document(5)])
        assert await ids(engine) == [5, 4, 3]

    async def test_an_abandoned_rebuild_leaves_nothing(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1)])
        building = await engine.begin_rebuild("this registry")
        await building.write([a_document(2)])
        await building.abandon()
        assert await ids(engine) == [1]
        assert not await engine.complete("this registry")


class TestHits:
    async def test_a_hit_shows_the_project(self, engine: SearchEngine) -> None:
        sida = an_organisation(5, "sida", name="Swedish Agency")
        await engine.write(
            [
                a_document(
                    1,
                    "Aide juridique",
                    "Conseil gratuit.",
                    ["MD", "UA"],
                    sida,
                    language="fr",
                    titles={"fr": "Aide juridique", "en": "Legal aid"},
                    start_date=date(2024, 3, 1),
                    budget_usd="1250.50",
                )
            ]
        )
        [hit] = (await engine.search(Query())).hits
        assert (hit.id, hit.identifier, hit.language) == (1, "P-1", "fr")
        assert (hit.organisation_slug, hit.organisation_name) == ("sida", "Swedish Agency")
        assert hit.title == "Aide juridique"
        assert hit.titles == {"fr": "Aide juridique", "en": "Legal aid"}
        assert hit.countries == ["MD", "UA"]
        assert (hit.start, hit.end) == (date(2024, 3, 1), None)
        assert str(hit.budget_usd) == "1250.50"
        assert hit.title_parts == [("Aide juridique", False)]
        assert hit.snippet == [("Conseil gratuit.", False)]

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("réseau", "Réseau"),
            ("reseau", "Réseau"),
            ("rese", "Réseau"),
            ("reszau ", "Réseau"),
            ('"reseau des juges"', "Réseau"),
        ],
    )
    async def test_what_matched_is_marked(self, engine: SearchEngine, text: str, word: str) -> None:
        await engine.write([a_document(1, "Le Réseau des juges", "Rien d'autre.", language="fr")])
        [hit] = (await engine.search(Query(text))).hits
        assert "".join(piece for piece, _ in hit.title_parts) == "Le Réseau des juges"
        assert word in marked(hit.title_parts)
        assert marked(hit.snippet) == []

    async def test_a_long_description_is_cut_where_it_matters(self, engine: SearchEngine) -> None:
        filler = "Nothing of interest stands in this sentence. " * 40
        text = filler + "A shelter for women and their children opens. " + filler
        await engine.write([a_document(1, "House", text)])
        [hit] = (await engine.search(Query("children shelter "))).hits
        assert marked(hit.snippet) == ["shelter", "children"]
        assert len("".join(piece for piece, _ in hit.snippet)) < 300

    async def test_markup_in_a_text_stays_text(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "<b>Shelter</b> & <i>house</i>", "")])
        [hit] = (await engine.search(Query("shelter"))).hits
        assert "".join(piece for piece, _ in hit.title_parts) == "<b>Shelter</b> & <i>house</i>"
        assert marked(hit.title_parts) == ["Shelter"]
