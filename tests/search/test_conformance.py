"""What both engines promise of words. Each test runs with the embedded one, and with a real
Meilisearch server when MEILI_URL is set."""

import pytest

from search.engine import SearchEngine
from search.query import FACETS, Query
from search.synonyms import Synonyms, shipped
from tests.search.documents import a_document, an_organisation, ids


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

    async def test_projects_with_all_words_come_before_those_with_most(
        self, engine: SearchEngine
    ) -> None:
        await engine.write(
            [
                a_document(1, "Training of judges"),
                a_document(2, "Training training training", "Training of inspectors."),
                a_document(3, "Judges and their training"),
            ]
        )
        page = await engine.search(Query("judges training "))
        assert [sorted(hit.id for hit in page.hits[:2]), page.hits[2].id] == [[1, 3], 2]
        assert (page.relaxed, page.complete, page.total) == (True, 2, 3)
        second = await engine.search(Query("judges training ", page=2, size=2))
        assert [hit.id for hit in second.hits] == [2]

    async def test_where_many_have_all_words_the_others_are_not_shown(
        self, engine: SearchEngine
    ) -> None:
        many = [a_document(i, f"Training of judges {i}") for i in range(1, 13)]
        await engine.write([*many, a_document(13, "Training of inspectors")])
        page = await engine.search(Query("judges training "))
        assert (page.relaxed, page.total) == (False, 12)

    async def test_projects_with_most_of_the_words_can_be_left_out(
        self, engine: SearchEngine
    ) -> None:
        await engine.write([a_document(1, "Training of judges"), a_document(2, "Training")])
        page = await engine.search(Query("judges training ", relax=False))
        assert ([hit.id for hit in page.hits], page.relaxed, page.total) == ([1], False, 1)

    async def test_a_country_is_not_given_up_for_other_words(self, engine: SearchEngine) -> None:
        await engine.write(
            [
                a_document(1, "Shelter for women", countries=["UA"]),
                a_document(2, "Referral mechanism", countries=["MD"]),
            ]
        )
        assert await ids(engine, "shelter Moldova ") == [2]

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


class TestSynonyms:
    """Words that mean the same; those that Convene comes with, and others."""

    async def test_across_languages_and_acronyms_but_below_the_word_itself(
        self, engine: SearchEngine
    ) -> None:
        await engine.write(
            [
                a_document(1, "Training of judges"),
                a_document(2, "National referral mechanism"),
                a_document(3, "Formation des magistrats", language="fr"),
                a_document(4, "Labour market"),
            ]
        )
        assert await ids(engine, "magistrats ") == [3, 1]
        assert await ids(engine, "NRM ") == [2]

    async def test_refuges_are_no_refugees(self, engine: SearchEngine) -> None:
        await engine.write(
            [a_document(1, "Shelter for women"), a_document(2, "Support to refugees")]
        )
        assert (await ids(engine, "refuge "))[0] == 1

    async def test_the_list_can_be_changed(self, engine: SearchEngine) -> None:
        await engine.write([a_document(1, "Shelter for women"), a_document(2, "Labour market")])
        assert await ids(engine, "haven ") == []
        await engine.adopt(Synonyms("haven, shelter"))
        try:
            assert await ids(engine, "havens ") == [1]
            assert await ids(engine, "refuge ") == []
        finally:
            await engine.adopt(shipped())


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
