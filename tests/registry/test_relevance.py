"""Which activities concern trafficking in persons, and which only sound like it."""

import pytest

from registry.relevance import relevance

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


def test_a_sector_or_tag_alone_is_not_enough() -> None:
    assert not relevance(["Human rights in Georgia"], [("1", "15160")], ["8.7"]).concerned
    judged = relevance(["Traffickers and borders"], [("1", "15160")])
    assert judged.concerned
    assert "15160" in " ".join(str(reason) for reason in judged.reasons)


def test_what_is_denied_does_not_count() -> None:
    assert not relevance(["Asylum support; this does not cover human trafficking"]).concerned
