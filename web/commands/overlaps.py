"""`convene detect`, `overlaps` and `evaluate`."""

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.models import DECIDED, Project
from registry.overlap.explaining import sentence_of
from registry.overlap.listing import LARGEST_PAGE, PairView, flagged_pairs
from registry.overlap.model import model_in_use
from registry.overlap.versions import judged_by_another
from registry.permissions import COMMAND_LINE
from web.commands.console import Console, open_database
from web.commands.learning import write_labels

STATES = ("open", "under-review", "decided", "followed-up")


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the commands and their arguments."""
    detect = commands.add_parser("detect", parents=[shared], help="look for overlaps")
    detect.add_argument("--full", action="store_true", help="among all, not only what changed")
    detect.add_argument("--country", action="append", default=[], metavar="COUNTRY")
    detect.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes of a full run, else one for each processor; the same command on another "
        "machine joins the run",
    )
    detect.set_defaults(run=run_detect)

    overlaps = commands.add_parser("overlaps", parents=[shared], help="list flagged pairs")
    overlaps.add_argument("--country", metavar="COUNTRY")
    overlaps.add_argument("--kind", choices=tuple(codelists.scheme("overlap_kinds")))
    overlaps.add_argument(
        "--state",
        choices=STATES,
        help="open: what is not yet decided; decided: followed up or not",
    )
    overlaps.add_argument("--min-probability", type=_probability, metavar="P", help="0 to 1")
    overlaps.add_argument(
        "--candidates", action="store_true", help="every pair that was compared, flagged or not"
    )
    overlaps.add_argument(
        "--as-labels",
        action="store_true",
        help="what reviewers decided, as JSON lines that the model can learn from",
    )
    overlaps.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        type=Path,
        help="with --as-labels: write a labelled set there, for evaluate and fit",
    )
    overlaps.set_defaults(run=run_overlaps, refuse=overlaps.error)

    evaluate = commands.add_parser(
        "evaluate", parents=[shared], help="measure the detector on a labelled set"
    )
    evaluate.add_argument("folder", metavar="DIR", type=Path)
    evaluate.add_argument(
        "--half", choices=("tuning", "testing"), help="only that half of a set that has two"
    )
    evaluate.set_defaults(run=run_evaluate)


def _probability(given: str) -> float:
    value = float(given)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{given} is not between 0 and 1")
    return value


def _country(given: str) -> str:
    code = codelists.find_country(given)
    if code is None:
        unknown = message("'{value}' is not known.", value=given)
        raise Invalid([FieldError("country", unknown)])
    return code


async def run_detect(options: argparse.Namespace, console: Console) -> int:
    """Compare what changed, or everything, with whatever it could overlap with."""
    from registry.overlap.detector import detect

    countries = [_country(given) for given in options.country]
    model = model_in_use()
    async with open_database() as database:
        with console.progress("Projects examined") as progress:
            result = await detect(
                database, countries or None, options.full, progress, max(options.workers, 1)
            )
        async with database.session() as session:
            if await judged_by_another(session):
                console.say(
                    f"Some pairs were judged by another model than version {model.version}, which "
                    "is in use. 'convene detect --full' judges them anew."
                )
    console.result(
        asdict(result) | {"seconds": round(result.seconds, 3)},
        [
            f"{result.projects:,} projects examined, {result.pairs_compared:,} pairs compared, "
            f"{result.flagged:,} flagged, {result.seconds:.1f} s"
        ],
    )
    return 0


async def run_overlaps(options: argparse.Namespace, console: Console) -> int:
    """List pairs with their evidence, or what was decided about them as labels."""
    if options.as_labels:
        if options.kind or options.state or options.min_probability or options.candidates:
            options.refuse("--as-labels gives all decisions; only --country narrows them")
        country = _country(options.country) if options.country else None
        return await write_labels(country, options.output, console)
    if options.output:
        options.refuse("-o goes with --as-labels")
    async with open_database() as database, database.session() as session:
        listed = _compared if options.candidates else _flagged
        pairs = await listed(session, options)
    console.result([_as_data(view) for view in pairs], _in_words(pairs))
    return 0


async def _flagged(session: AsyncSession, options: argparse.Namespace) -> list[PairView]:
    pairs: list[PairView] = []
    while True:
        page = await flagged_pairs(
            session,
            COMMAND_LINE,
            country=_country(options.country) if options.country else None,
            kind=options.kind,
            state=options.state,
            min_probability=options.min_probability,
            page=len(pairs) // LARGEST_PAGE + 1,
            size=LARGEST_PAGE,
        )
        pairs += page.pairs
        if len(page.pairs) < LARGEST_PAGE:
            return pairs


async def _compared(session: AsyncSession, options: argparse.Namespace) -> list[PairView]:
    from registry.overlap.compared import compared_pairs

    country = _country(options.country) if options.country else None
    pairs = [
        view
        async for view in compared_pairs(session, COMMAND_LINE)
        if (country is None or country in view.pair.countries)
        and (options.kind is None or view.pair.kind == options.kind)
        and view.pair.probability >= (options.min_probability or 0.0)
        and (options.state is None or _is_in(view, options.state))
    ]
    return sorted(pairs, key=lambda view: -view.pair.probability)


def _is_in(view: PairView, state: str) -> bool:
    """Tell whether the case of a pair is in a state; whatever is not decided is open."""
    if view.case is None:
        return False
    if state in {"open", "decided"}:
        return (view.case.state in DECIDED) == (state == "decided")
    return view.case.state == state


def _as_data(view: PairView) -> dict[str, Any]:
    return {
        "a": view.a.identifier,
        "b": view.b.identifier,
        "kind": view.pair.kind,
        "probability": round(view.pair.probability, 4),
        "flagged": view.pair.flagged,
        "coordinated": view.pair.coordinated,
        "state": view.case.state if view.case else None,
        "outcome": view.case.outcome if view.case else None,
        "case": view.case.id if view.case else None,
        "countries": view.pair.countries,
        "months": view.pair.months,
        "usd": view.pair.usd,
        "model_version": view.pair.model_version,
        "evidence": [
            {"name": entry["name"], "weight": entry["weight"], "detail": str(sentence_of(entry))}
            for entry in view.pair.evidence
        ],
    }


def _title(project: Project) -> str:
    titles = project.titles
    return titles.get(project.language) or next(iter(titles.values()), "")


def _in_words(pairs: list[PairView]) -> list[str]:
    lines = [f"{len(pairs):,} {'pair' if len(pairs) == 1 else 'pairs'}"]
    for view in pairs:
        state = f" · {view.case.outcome or view.case.state}" if view.case else ""
        lines += [
            "",
            f"{view.pair.probability:.2f}  {codelists.label('overlap_kinds', view.pair.kind)}"
            f" · {' '.join(view.pair.countries)} · {view.pair.months} months in common{state}",
            f"  {view.a.identifier}  {view.organisation_a.name}: {_title(view.a)}",
            f"  {view.b.identifier}  {view.organisation_b.name}: {_title(view.b)}",
        ]
        lines += [
            f"    {entry['weight']:+.1f}  {sentence_of(entry)}" for entry in view.pair.evidence
        ]
    return lines


async def run_evaluate(options: argparse.Namespace, console: Console) -> int:
    """Run the detector as it is over a labelled set, in a database that is thrown away."""
    from registry.overlap.evaluation import evaluate

    model_in_use()  # a file that is no model is to be told of at once
    figures = await evaluate(options.folder, half=options.half)
    console.result(figures, _figures_in_words(figures))
    return 0


def _figures_in_words(figures: dict[str, Any]) -> list[str]:
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines.append(f"{name.replace('_', ' ')}:")
            lines += [f"  {key}: {entry}" for key, entry in value.items()]
        else:
            lines.append(f"{name.replace('_', ' ')}: {value}")
    return lines
