"""Projects made for measuring: as many as wanted, always the same, shaped like a real registry.

Texts are put together from phrases, so they say nothing about the quality of search or detection;
what counts is that sizes, vocabularies and the spread over countries are like those of a registry:
some countries have a tenth of all projects, most have few.
"""

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from registry import codelists

ORGANISATIONS = [f"Organisation {n} against Trafficking" for n in range(80)]
_PLACES = ("Orhei", "Cahul", "Edo", "Borno", "Mae Sot", "Kampot", "Tarija", "Beni", "Goma", "Osh")
WORDS = (
    "referral mechanism shelter identification screening judges prosecutors investigators police "
    "border guards labour inspectors social workers victims survivors children women migrants "
    "workers recruitment agencies fishing vessels brick kilns domestic work begging online sexual "
    "exploitation forced labour reintegration compensation legal aid psychosocial vocational "
    "training curriculum bench book manual standard operating procedures national action plan "
    "coordination council rapporteur hotline awareness campaign schools communities research "
    "survey prevalence data collection database information exchange mutual legal assistance "
    "joint investigation teams asset recovery return family tracing risk assessment guardianship "
    "consular officials embassies employers supply chains due diligence audit private sector"
).split()
"""What English texts are made of."""
_FRENCH = (
    "mécanisme national d'orientation refuge identification des victimes magistrats procureurs "
    "enquêteurs police aux frontières inspecteurs du travail travailleurs sociaux enfants femmes "
    "migrants traite des personnes travail forcé réinsertion indemnisation aide juridictionnelle "
    "formation procédures opérationnelles plan d'action sensibilisation écoles recherche données"
).split()
_SPANISH = (
    "mecanismo nacional de remisión albergue identificación de víctimas jueces fiscales policía "
    "guardias fronterizos inspectores de trabajo trabajadores sociales niñas niños mujeres "
    "migrantes trata de personas trabajo forzoso reintegración indemnización asistencia jurídica "
    "capacitación protocolos plan de acción sensibilización escuelas investigación datos"
).split()


def records(number: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield complete records with the keys of a JSON Lines file."""
    chance = random.Random(seed)
    countries = sorted(codelists.countries())
    chance.shuffle(countries)
    countries = countries[:110]
    weights = [1 / (n + 3) for n in range(len(countries))]
    codes = {
        name: list(codelists.scheme(name))
        for name in (
            "measures",
            "activity_types",
            "target_groups",
            "exploitation_forms",
            "mandates",
        )
    }
    for n in range(number):
        yield _record(n, chance, countries, weights, codes)


def write_file(path: Path, number: int, seed: int = 1) -> Path:
    """Write that many records as JSON Lines and return the path."""
    with path.open("w", encoding="utf-8") as file:
        for record in records(number, seed):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def _record(
    n: int,
    chance: random.Random,
    countries: list[str],
    weights: list[float],
    codes: dict[str, list[str]],
) -> dict[str, Any]:
    language, words = chance.choices((("en", WORDS), ("fr", _FRENCH), ("es", _SPANISH)), (6, 2, 2))[
        0
    ]
    start = date(2016, 1, 1) + timedelta(days=chance.randrange(4000))
    measures = chance.sample(codes["measures"], chance.randint(1, 3))
    where = list(
        dict.fromkeys(chance.choices(countries, weights, k=chance.choice((1, 1, 1, 2, 4))))
    )
    organisation = chance.randrange(len(ORGANISATIONS))
    return {
        "identifier": f"GEN-{n}",
        "reporting_org": ORGANISATIONS[organisation],
        "title": " ".join(chance.choices(words, k=chance.randint(5, 10))).capitalize(),
        "description": _paragraph(chance, words),
        "language": language,
        "status": chance.choices(
            ("implementation", "closed", "pipeline", "finalisation"), (6, 3, 1, 1)
        )[0],
        "start_date": start.isoformat(),
        "end_date": (start + timedelta(days=chance.randrange(300, 1500))).isoformat(),
        "countries": where,
        "locations": chance.sample(_PLACES, chance.choice((0, 0, 1, 2))),
        "pillars": sorted({codelists.pillar_of(measure) for measure in measures}),
        "measures": measures,
        "activity_types": chance.sample(codes["activity_types"], 2),
        "target_groups": chance.sample(codes["target_groups"], 2),
        "exploitation_forms": chance.sample(codes["exploitation_forms"], 1),
        "mandates": chance.sample(codes["mandates"], 1),
        "budget": chance.randrange(50, 5000) * 1000,
        "currency": chance.choice(("USD", "EUR", "USD", "SEK", "GBP")),
        "participating_orgs": [
            {"role": "funding", "name": chance.choice(ORGANISATIONS)},
            {"role": "implementing", "name": f"Local partner {chance.randrange(3000)}"},
        ],
        "visibility": chance.choices(("public", "members", "restricted"), (94, 4, 2))[0],
    }


def _paragraph(chance: random.Random, words: list[str]) -> str:
    sentences = (
        " ".join(chance.choices(words, k=chance.randint(8, 18))).capitalize() + "."
        for _ in range(chance.randint(4, 9))
    )
    return " ".join(sentences)
