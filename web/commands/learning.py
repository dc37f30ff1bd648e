"""`convene fit`, and `convene overlaps --as-labels`: what people decide teaches the model."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec

from registry.errors import Conflict
from registry.overlap.labelled import UNDECIDED, has_halves
from registry.overlap.model import Model, judging_with, model_in_use
from registry.permissions import COMMAND_LINE
from web.commands.console import Console, open_database, table

FIGURES = ("log_loss", "average_precision", "calibration_error")


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the command and its arguments."""
    fit = commands.add_parser(
        "fit", parents=[shared], help="refit the model of overlaps on labelled sets"
    )
    fit.add_argument("folders", nargs="+", metavar="FOLDER", type=Path)
    fit.add_argument(
        "--half",
        choices=("tuning", "all"),
        default="tuning",
        help="of sets that have halves: the one for tuning, or everything (%(default)s)",
    )
    fit.add_argument(
        "--write", metavar="FILE", type=Path, help="write the model, never over another one"
    )
    fit.add_argument(
        "--name", metavar="VERSION", default="", help="(default: the one after that in use)"
    )
    fit.add_argument(
        "--unseen",
        metavar="FILE",
        type=Path,
        help="pairs as a model judged them before anybody had tuned on their texts: correct by it",
    )
    fit.add_argument("--note", metavar="TEXT", default="", help="what is to be known of the model")
    fit.set_defaults(run=run_fit)


async def write_labels(country: str | None, folder: Path | None, console: Console) -> int:
    """Write the decisions of reviewers as a labelled set, or its labels alone to stdout."""
    from registry.overlap.decisions import as_line, decided_set, write_set

    async with open_database() as database, database.session() as session:
        found = await decided_set(session, COMMAND_LINE, country)
    if folder is None:
        sys.stdout.writelines(as_line(label) + "\n" for label in found.labels)
        return 0
    write_set(folder, found)
    undecided = sum(label["label"] == UNDECIDED for label in found.labels)
    counts = {
        "labels": len(found.labels) - undecided,
        "changed": sum("changed" in label for label in found.labels),
        "undecided": undecided,
        "projects": len(found.projects),
    }
    console.result(
        {**counts, "folder": str(folder)},
        [
            f"{folder}: {counts['labels']:,} labels of {counts['projects']:,} projects; "
            f"{counts['changed']:,} of them on records that have changed since; "
            f"{counts['undecided']:,} pairs are undecided"
        ],
    )
    return 0


async def run_fit(options: argparse.Namespace, console: Console) -> int:
    """Say how the model in use and a refitted one judge the same pairs; write it when told to."""
    from registry.overlap.learning import refit, write_model

    if options.write and options.write.exists():
        raise Conflict(
            f"{options.write} is there already, and a model is never written over: name another "
            "file."
        )
    half = None if options.half == "all" else options.half
    found = refit(options.folders, half, options.name, options.note, options.unseen)
    model = found.model
    if options.write:
        model = await _measured(model, options.folders) if half else model
        write_model(options.write, model)
    used = model_in_use().version
    data = {
        "sets": [asdict(source) for source in found.sources],
        "folds": found.folds,
        "before": {"version": used, "kinds": found.before},
        "after": {"version": model.version, "kinds": found.after},
        "model": msgspec.to_builtins(model),
        "file": options.write,
    }
    console.result(msgspec.to_builtins(data, enc_hook=str), _in_words(found, used, options.write))
    return 0


async def _measured(model: Model, folders: list[Path]) -> Model:
    """Return the model with its figures on the first testing half that there is."""
    from registry.overlap.evaluation import measure

    for folder in filter(has_halves, folders):
        with judging_with(model):
            return replace(model, evaluation=await measure(folder, "testing"))
    return model


def _in_words(found: Any, used: str, written: Path | None) -> Iterator[str]:
    for source in found.sources:
        half = f", the half for {source.half}" if source.half else ""
        yield (
            f"{source.folder}{half}: {source.pairs:,} pairs in one country, {source.labelled:,} "
            f"labelled, {source.overlaps:,} overlaps"
        )
    yield ""
    rows = [["", "", f"before (model {used})", "after (cross-validated)"]]
    for kind, before in found.before.items():
        after = found.after[kind] if found.after else None
        rows += [
            [
                kind if name == FIGURES[0] else "",
                name.replace("_", " "),
                _figure(getattr(before, name)),
                _figure(getattr(after, name, None)),
            ]
            for name in FIGURES
        ]
    yield from table(rows)
    yield ""
    if found.folds:
        yield (
            f"{len(found.folds)} folds by country: no pair is judged by weights that have seen a "
            "project at work in its country."
        )
    else:
        yield "All pairs are of one country, so that nothing could be cross-validated."
    yield "The model in use may have been fitted on some of these pairs; that flatters it."
    if written:
        yield (
            f"{written}: version {found.model.version}. To judge with it, set "
            f"CONVENE_OVERLAP_MODEL={written.resolve()} and run 'convene detect --full'."
        )
    else:
        yield "Nothing was written; --write FILE writes the refitted model."


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
