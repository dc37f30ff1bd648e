"""Which activities concern trafficking in persons, and which only sound like it."""

import pytest

from registry.relevance import Subject, judge, relevance
from registry.relevance_words import read_words
from tests.benchmarks.donor_texts import activities, donor_file, subject_of
from tests.benchmarks.relevance import figures

CONCERNED = """Strengthening the response to trafficking in persons in Ghana
Trafficking prevention among girls in rural Nepal
Shelter for trafficked women
Ending modern slavery in fishing
Eliminating forced labour in cotton
Counter-trafficking and smuggling of migrants
Combating drug and human trafficking
Commercial sexual exploitation of children online
Supporting survivors of trafficking
Bonded labour in brick kilns
One register of trafficking statistics for the Permanent Secretariat
Lutte contre la traite des êtres humains
La traite et le trafic illicite de migrants
Appui aux victimes de la traite
Travail forcé dans les plantations
Réseaux de traite entre le Togo et le Gabon
Prevención de la trata de mujeres, niñas y niños
Fortalecimiento de la fiscalía contra la trata
Mesas regionales de trata: detección temprana
Trabajo forzoso en la minería
Enfrentamento ao tráfico de pessoas no Brasil
Trabalho escravo na Amazônia
Противодействие торговле людьми в Беларуси
Помощь жертвам торговли людьми
مكافحة الاتجار بالبشر في الأردن
تعزيز حماية ضحايا الاتجار بالأشخاص""".splitlines()

NEAR_MISSES = """Combating smuggling of migrants across the Sahel
Road traffic safety in Kampala
Drug trafficking interdiction in West Africa: help for victims and families
Illicit arms trafficking control; people protected
Wildlife trafficking: rangers, local people and women
Combating trafficking in cultural property at the border
Illicit trafficking of small arms and light weapons
Child protection systems strengthening
Protection from sexual exploitation and abuse in humanitarian response
Air traffic control modernisation
Human rights education
Trade facilitation
Lutte contre le trafic de stupéfiants
Le projet traite de la santé des femmes et des enfants
Traite des vaches et filière lait au Kenya
Aménagement du trafic routier
El proyecto trata de mejorar la salud de mujeres
Se trata de personas mayores y de sus pensiones
Tráfico ilícito de migrantes: control de fronteras
Tráfico de drogas y armas
Tráfico de armas e munições
Торговля товарами и услугами
Борьба с торговлей наркотиками
مكافحة الاتجار بالمخدرات
تهريب المهاجرين""".splitlines()


@pytest.mark.parametrize("text", CONCERNED)
def test_concerns_trafficking_and_says_why(text: str) -> None:
    judged = relevance([text])
    assert judged.concerned
    assert judged.reasons


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_sounds_like_it_but_is_not(text: str) -> None:
    assert not relevance([text]).concerned


@pytest.mark.parametrize("part", ["testing", "tuning", "both"])
def test_the_judged_set_is_judged_as_people_did(part: str) -> None:
    known = [one for one in activities() if part in (one["part"], "both")]
    judged = judge([subject_of(one) for one in known])
    wrong = [
        f"{one['id']} {'missed' if one['concerns'] else 'false'}: {one['title']} "
        f"{' '.join(map(str, verdict.reasons))}"
        for one, verdict in zip(known, judged, strict=True)
        if verdict.concerned != one["concerns"]
    ]
    reached = figures([one.concerned for one in judged], [one["concerns"] for one in known])
    assert reached.precision >= 0.95, "\n".join([str(reached), *wrong])
    assert reached.recall >= 0.95, "\n".join([str(reached), *wrong])


def test_ordinary_activities_raise_no_alarm() -> None:
    ordinary = [subject for subject, _ in donor_file(1_000, share=0, seed=3)]
    assert [s.texts for s, v in zip(ordinary, judge(ordinary), strict=True) if v.concerned] == []


def test_a_batch_is_judged_in_order_like_each_alone() -> None:
    subjects = [subject_of(one) for one in activities()[:12]] + [Subject(())]
    assert judge(subjects) == [relevance(s.texts, s.sectors, s.tags) for s in subjects]
    assert judge([]) == []


def test_meaning_decides_what_words_leave_open_and_says_what_it_is_close_to() -> None:
    judged = relevance(
        ["Women left the houses where they were locked in and received no wages; a lawyer helps"]
    )
    assert judged.concerned
    assert "no wages" in str(judged.reasons[0])
    assert "close to" in str(judged.reasons[-1])
    assert judged.reasons[-1].params["similarity"] > 20


def test_meaning_overrules_words_that_mean_something_else() -> None:
    judged = relevance(["Pupils learn how slaves lived; a memorial and a museum are built"])
    assert not judged.concerned
    assert "rather that of" in str(judged.reasons[-1])


def test_a_sector_or_tag_alone_is_not_enough() -> None:
    assert not relevance(["Human rights in Georgia"], [("1", "15160")], ["8.7"]).concerned


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("El proyecto trata de mejorar el riego", False),
        ("Le programme traite de l'eau et des sols", False),
        ("Wildlife trafficking by road", False),
        ("Formación sobre la trata", None),
    ],
)
def test_the_meaning_is_not_asked_for_a_verb_or_another_object(
    text: str, decision: bool | None
) -> None:
    assert read_words([text]).decision is decision


def test_codes_are_among_the_reasons_where_words_are_open() -> None:
    texts = ["Survivors of exploitation recover wages from those who deceived them"]
    judged = relevance(texts, [("1", "16070"), ("99", "15160")], ["8.7"])
    said = " ".join(map(str, judged.reasons))
    assert "16070 (labour rights)" in said
    assert "SDG target 8.7" in said
    assert "15160" not in said


@pytest.mark.parametrize(
    "text",
    [
        "Asylum support; this does not cover human trafficking",
        "Control of smuggling by sea. Trafficking in persons is dealt with in a separate project.",
        "Gestion des frontières. La traite des personnes n'est pas couverte par le projet.",
        "Control migratorio. El proyecto no aborda la trata de personas.",
    ],
)
def test_what_is_denied_does_not_count(text: str) -> None:
    judged = relevance([text])
    assert not judged.concerned
    assert "not about trafficking" in str(judged.reasons[0])


def test_not_only_is_no_denial() -> None:
    text = "The project addresses not only smuggling of migrants but human trafficking"
    assert relevance([text]).concerned


def test_a_component_of_a_long_programme_is_found() -> None:
    ordinary = "Roads are built, wells are drilled and teachers are trained in all districts. " * 12
    component = "One component frees workers who are held by debts and whose passports were taken."
    assert not relevance(["Support to the provinces", ordinary]).concerned
    assert relevance(["Support to the provinces", ordinary + component + ordinary]).concerned


def test_a_text_is_compared_by_meaning_as_it_is_unless_a_sentence_denies() -> None:
    texts = ("Guards", "Against trafficking in wildlife\nStreet children who beg are sold")
    assert read_words(texts).texts == texts
    denying = "Children who beg are sold. It is not about human trafficking."
    assert read_words(("Guards", denying)).texts == ("Guards", "Children who beg are sold.")
