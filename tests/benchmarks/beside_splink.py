"""The pairs that a full run compared, judged once more by Splink and by Convene side by side.

Both have the projects in memory as they look at them (Splink a table, Convene its columns and
profiles; making these is not counted), the same pairs, and two processors: Splink by threads,
Convene by two processes that have half of the pairs each, by country as in a full run. Splink also
needs its training, which it repeats on every registry; Convene's model comes with it.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlmodel import col, select

from registry.database import Database
from registry.exchange.record import parse_record
from registry.models import Project
from registry.overlap.bulk_worker import Worker
from registry.overlap.compared import _COMPARED
from registry.overlap.full_run import ALONE, seldom_collected
from registry.overlap.profile import Profile
from registry.overlap.snapshot import copied
from tests.benchmarks import planted, planted_vectors

PROCESSORS = 2
READ = 2_500
"""Profiles read in one go."""
_HOMES = text("SELECT project_id, min(code) FROM project_country GROUP BY 1")
_PAIR = np.dtype([("fields", ">i2"), ("_a", ">i4"), ("a", ">i4"), ("_b", ">i4"), ("b", ">i4")])
Ids = NDArray[np.int64]


async def beside_splink(
    database: Database, number: int, overlaps: list[tuple[str, str]]
) -> dict[str, Any]:
    """Judge the compared pairs of a registry of planted projects both ways; return the seconds, and
    how well each ranks the planted overlaps (pairs of identifiers) among them."""
    # The group `bench` has what this needs, not the application.
    from sklearn.metrics import average_precision_score

    from tests.benchmarks import splink_pairs

    async with database.session() as session:
        rows = await session.exec(select(Project.identifier, Project.id).order_by(col(Project.id)))
        found = rows.all()
        ids = np.array([id for _, id in found])
        places = {identifier: place for place, (identifier, _) in enumerate(found)}
        compared = await copied(session, str(_COMPARED), _PAIR)
        homes = dict((await session.execute(_HOMES)).all())
    pairs = np.stack([compared["a"], compared["b"]], axis=1).astype(np.int64)
    places_of_work = np.array([homes.get(id, "") for id in pairs[:, 0].tolist()])
    pairs = pairs[np.argsort(places_of_work, kind="stable")]
    own, seconds = await asyncio.to_thread(_scores, database.url, pairs)
    pairs = np.searchsorted(ids, pairs)
    both = [pair for pair in overlaps if places.keys() >= set(pair)]
    wanted = [sorted((places[a], places[b])) for a, b in both]
    is_planted = np.isin(pairs @ [number, 1], np.array(wanted) @ [number, 1])
    records = (parse_record(record).record for record in planted.records(number))
    vectors = np.concatenate(list(planted_vectors.vectors(number)))
    table = splink_pairs.table_of((record for record in records if record), vectors)
    splink = splink_pairs.score_pairs(table, pairs)
    return {
        "splink_training": splink.training,
        "splink_scoring": splink.scoring,
        "judging": seconds,
        "splink_average_precision": average_precision_score(is_planted, splink.weights),
        "average_precision": average_precision_score(is_planted, own),
    }


def _scores(url: str, pairs: Ids) -> tuple[NDArray[np.float64], float]:
    """Return what Convene says of each pair (by ids; 0 where it is passed over), and the seconds
    that its processes take for that from the moment when all of them are ready."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.npy" for n in range(PROCESSORS)]
        for file, part in zip(files, np.array_split(pairs, PROCESSORS), strict=True):
            np.save(file, part)
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.beside_splink", url, str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **ALONE},
            )
            for file in files
        ]
        for process in processes:
            process.stdout.readline()  # it is ready
        began = time.perf_counter()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            process.stdout.readline()  # it is done
        seconds = time.perf_counter() - began
        for process in processes:
            process.communicate()
        return np.concatenate([np.load(file) for file in files]), seconds


async def _judge(url: str, file: Path) -> None:
    """Judge the pairs of a file when the word is given, and put their probabilities into it."""
    pairs = np.load(file)
    ids, first = np.unique(pairs, return_index=True)
    ids = ids[np.argsort(first)]  # those of a country lie side by side, as in a run
    database = Database(url)
    worker = await Worker.ready(database)
    profiles: dict[int, Profile] = {}
    for at in range(0, len(ids), READ):
        async with database.session() as session:
            profiles |= await worker.profiles(session, ids[at : at + READ].tolist())
    await database.close()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    found = _probabilities(pairs, worker, profiles)
    sys.stdout.write("done\n")
    sys.stdout.flush()
    np.save(file, found)


def _probabilities(pairs: Ids, worker: Worker, profiles: dict[int, Profile]) -> NDArray[np.float64]:
    """Return the probability of each pair, as a worker of a full run finds it."""
    found = np.zeros(len(pairs))
    seen = worker._glance.look(*np.searchsorted(worker._all.ids, pairs).T)
    worth = np.flatnonzero(seen.worth)
    told = zip(worth.tolist(), pairs[worth].tolist(), seen.sure[worth].tolist(), strict=True)
    for n, (a, b), (odds, double) in told:
        sure = None if isnan(double) else (odds, double)
        if pair := worker._screen.judge(profiles[a], profiles[b], sure):
            found[n] = pair.judgement.probability
    return found


if __name__ == "__main__":
    with seldom_collected():
        asyncio.run(_judge(sys.argv[1], Path(sys.argv[2])))
