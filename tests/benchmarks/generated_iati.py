"""IATI activity files made for measuring: of any size, always the same, shaped like real ones.

    python -m tests.benchmarks.generated_iati FILE ACTIVITIES [--relevant 0.03] [--seed 1]

An activity has about 2 kB, as in the files of donors: texts in one to three languages, four
participating organisations, shares of countries, sectors, budgets by year, transactions, documents.
A share of them concerns trafficking in persons; of the others some only sound like it. Writing is
streamed: memory stays flat, and a million activities (2 GB) take about two minutes.
"""

import argparse
import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

RELEVANT = {
    "en": (
        "Support to victims of trafficking in persons",
        "The project trains police and prosecutors to investigate human trafficking.",
        "Shelters for survivors of trafficking in women and girls are kept open all year.",
        "A national referral mechanism for trafficked persons is set up with civil society.",
        "Labour inspectors learn to recognise forced labour on fishing vessels.",
    ),
    "fr": (
        "Lutte contre la traite des personnes",
        "Le projet forme les magistrats aux enquêtes sur la traite des êtres humains.",
        "Les victimes de la traite sont hébergées, soignées et accompagnées.",
        "Un mécanisme national d'orientation des victimes de la traite est mis en place.",
        "Les inspecteurs du travail apprennent à reconnaître le travail forcé.",
    ),
    "es": (
        "Lucha contra la trata de personas",
        "El proyecto capacita a jueces y fiscales sobre la trata de personas.",
        "Las víctimas de trata reciben albergue, salud y asistencia jurídica.",
        "Se crea un mecanismo nacional de remisión para víctimas de trata.",
        "Los inspectores de trabajo aprenden a reconocer el trabajo forzoso.",
    ),
}
OTHERS = {
    "en": (
        "Rural water supply and sanitation",
        "The programme improves access to safe water & sanitation for rural households.",
        "Community health workers vaccinate children under five in remote districts.",
        "Farmers receive drought-resistant seeds and training in soil conservation.",
        "Road safety and the flow of traffic are improved on the main corridor.",
        "Customs officers are trained against trafficking in drugs and small arms.",
        "Primary schools are rebuilt, teachers trained and textbooks delivered.",
        "Public financial management of the ministry is strengthened.",
        "Child protection committees meet in every ward and register births.",
    ),
    "fr": (
        "Eau potable et assainissement en milieu rural",
        "Le programme améliore l'accès à l'eau potable des ménages ruraux.",
        "Les agents de santé vaccinent les enfants de moins de cinq ans.",
        "Les agriculteurs reçoivent des semences et une formation.",
        "Les douaniers sont formés contre le trafic de drogues et d'armes.",
        "Les écoles primaires sont reconstruites et les enseignants formés.",
        "La gestion des finances publiques du ministère est renforcée.",
    ),
    "es": (
        "Agua potable y saneamiento rural",
        "El programa mejora el acceso al agua potable de los hogares rurales.",
        "Los promotores de salud vacunan a niñas y niños menores de cinco años.",
        "Los agricultores reciben semillas y capacitación en conservación de suelos.",
        "Los agentes de aduanas se capacitan contra el tráfico de drogas y armas.",
        "Se reconstruyen escuelas primarias y se capacita a docentes.",
        "Se fortalece la gestión de las finanzas públicas del ministerio.",
    ),
}
_ORGANISATIONS = (
    ("SE-0", "10", "Swedish International Development Cooperation Agency"),
    ("GB-GOV-1", "10", "Foreign, Commonwealth &amp; Development Office"),
    ("XM-DAC-41122", "40", "United Nations Children's Fund"),
    ("XM-DAC-47066", "40", "International Organization for Migration"),
)
_PARTNERS = tuple(
    f"{place} {what}"
    for place in ("Northern", "Lake", "Coastal", "Highland", "Central", "Valley", "Border")
    for what in ("Development Trust", "Women's Network", "Relief Committee", "Legal Aid Centre")
)
_COUNTRIES = "MD UA NG KE ET NP BD KH PH CO BO HT ML NE TD UG TZ MZ LB JO IQ AF MM VN GT HN".split()
_REGIONS = ("289", "298", "589", "679", "789")
_SECTORS = "12220 14030 11220 15160 31120 21020 15111 15170 16020 43040 72010 15130".split()
_PLACES = ("Orhei", "Cahul", "Edo", "Borno", "Kampot", "Tarija", "Beni", "Goma", "Osh")
_FLUSH = 2_000


def write_file(path: Path, number: int, relevant: float = 0.03, seed: int = 1) -> Path:
    """Write that many activities and return the path; `relevant` is a share from 0 to 1."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<iati-activities version="2.03">\n')
        pieces = []
        for n in range(number):
            pieces.append(an_activity(n, chance, chance.random() < relevant))
            if len(pieces) >= _FLUSH:
                file.write("".join(pieces))
                pieces.clear()
        file.write("".join(pieces) + "</iati-activities>\n")
    return path


def an_activity(n: int, chance: random.Random, relevant: bool) -> str:
    """Return the XML of one activity."""
    pick = chance.choice
    ref, kind, name = pick(_ORGANISATIONS)
    languages = pick(
        (("en",), ("en",), ("en", "fr"), ("fr", "en"), ("es", "en"), ("en", "fr", "es"))
    )
    start = date(2014, 1, 1) + timedelta(days=chance.randrange(4000))
    years = pick((1, 2, 3))
    total = chance.randrange(20, 4000) * 1000
    currency = pick(("USD", "EUR", "SEK"))
    dates = [start + timedelta(days=365 * year) for year in range(years + 1)]
    parts = [
        f'<iati-activity xml:lang="{languages[0]}" default-currency="{currency}" hierarchy="1">\n'
        f"<iati-identifier>{ref}-{n}</iati-identifier>\n"
        f'<reporting-org ref="{ref}" type="{kind}"><narrative>{name}</narrative></reporting-org>\n',
        *_texts(n, chance, languages, relevant),
        f'<participating-org role="1" ref="{ref}" type="{kind}"><narrative>{name}</narrative>'
        "</participating-org>\n"
        f'<participating-org role="4" type="22"><narrative>{pick(_PARTNERS)}</narrative>'
        "</participating-org>\n"
        f'<other-identifier ref="{n:06}" type="A1"/>\n'
        f'<activity-status code="{pick("223344")}"/>\n'
        f'<activity-date type="1" iso-date="{start}"/>\n'
        f'<activity-date type="2" iso-date="{start}"/>\n'
        f'<activity-date type="3" iso-date="{dates[-1]}"/>\n'
        "<contact-info><organisation><narrative>Info desk</narrative></organisation>"
        f"<email>desk{n % 97}@example.org</email></contact-info>\n",
        *_places(chance),
        *_classification(chance),
        *_money(chance, dates, total, ref),
    ]
    if n % 3 == 0:
        parts.append(
            f'<document-link url="https://example.org/activities/{n}" format="text/html"><title>'
            '<narrative>Page of the activity</narrative></title><category code="A12"/>'
            "</document-link>\n"
        )
    if n % 5 == 0:
        parts.append(f'<related-activity ref="{ref}-{n // 10}" type="1"/>\n')
    parts.append("</iati-activity>\n")
    return "".join(parts)


def _texts(
    n: int, chance: random.Random, languages: tuple[str, ...], relevant: bool
) -> Iterator[str]:
    stock = RELEVANT if relevant else OTHERS
    marks = [f' xml:lang="{language}"' for language in languages]
    marks[0] = ""
    yield "<title>"
    for language, mark in zip(languages, marks, strict=True):
        yield f"<narrative{mark}>{stock[language][0]}, phase {n}</narrative>"
    yield "</title>\n<description>"
    count = 3 if len(languages) == 1 else 2
    for language, mark in zip(languages, marks, strict=True):
        text = " ".join(chance.choices(stock[language][1:], k=count)).replace("&", "&amp;")
        yield f"<narrative{mark}>{text}</narrative>"
    yield "</description>\n"


def _places(chance: random.Random) -> Iterator[str]:
    shape = chance.random()
    if shape < 0.1:
        yield f'<recipient-region code="{chance.choice(_REGIONS)}" vocabulary="1"/>\n'
    elif shape < 0.7:
        yield f'<recipient-country code="{chance.choice(_COUNTRIES)}"/>\n'
    else:
        for code, share in zip(chance.sample(_COUNTRIES, 3), (50, 30, 20), strict=True):
            yield f'<recipient-country code="{code}" percentage="{share}"/>\n'
    if shape > 0.6:
        yield (
            f"<location><name><narrative>{chance.choice(_PLACES)}</narrative></name>"
            '<point srsName="http://www.opengis.net/def/crs/EPSG/0/4326"><pos>'
            f"{chance.uniform(-30, 50):.4f} {chance.uniform(-90, 120):.4f}</pos></point>"
            "</location>\n"
        )


def _classification(chance: random.Random) -> Iterator[str]:
    one, other = chance.sample(_SECTORS, 2)
    if chance.random() < 0.6:
        yield f'<sector vocabulary="1" code="{one}"/>\n'
    else:
        yield f'<sector vocabulary="1" code="{one}" percentage="60"/>\n'
        yield f'<sector vocabulary="1" code="{other}" percentage="40"/>\n'
    yield f'<policy-marker vocabulary="1" code="1" significance="{chance.choice("012")}"/>\n'
    yield '<default-flow-type code="10"/>\n<default-finance-type code="110"/>\n'
    yield '<default-aid-type code="C01"/>\n<default-tied-status code="5"/>\n'


def _money(chance: random.Random, dates: list[date], total: int, ref: str) -> Iterator[str]:
    """Yield a budget for each year, the commitment, and what was paid so far."""
    years = len(dates) - 1
    for begin, end in pairwise(dates):
        yield (
            f'<budget type="1" status="2"><period-start iso-date="{begin}"/>'
            f'<period-end iso-date="{end}"/><value value-date="{begin}">{total // years}</value>'
            "</budget>\n"
        )
    for kind, amount in (("2", total), *(("3", total // 4),) * chance.choice((0, 1, 1))):
        yield (
            f'<transaction><transaction-type code="{kind}"/><transaction-date '
            f'iso-date="{dates[0]}"/><value value-date="{dates[0]}">{amount}</value>'
            f'<provider-org ref="{ref}"/></transaction>\n'
        )


def main() -> None:
    """Write a file from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("activities", type=int)
    parser.add_argument("--relevant", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write_file(options.file, options.activities, options.relevant, options.seed)


if __name__ == "__main__":
    main()
