"""How fast IATI files are read, and in how much memory, beside a bare lxml iterparse of the same.

    python -m tests.benchmarks.iati [--activities 20000] [--json]

Each way of reading runs in a process of its own, so that its memory is its own. Processor time is
given too, since it does not depend on what else the machine does. The file is made by
`generated_iati`; a million activities are 2.4 GB and take about ten minutes in all.

    iterparse         etree.iterparse(file), every element made and cleared
    iterparse (tag)   only the activities made and cleared
    recognised        rows with identifier, organisation, texts, sectors, tags; no records
    3 % converted     the same, and one in 33 made into a record
    all converted     every activity made into a record
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree

from registry.exchange.reading import read_file
from tests.benchmarks.generated_iati import write_file


def iterparse(path: Path) -> int:
    """Make and clear every element."""
    count = 0
    for _, element in etree.iterparse(path):
        count += element.tag == "iati-activity"
        element.clear()
    return count


def iterparse_by_tag(path: Path) -> int:
    """Make and clear activities only, and what stands before them."""
    count = 0
    for _, element in etree.iterparse(path, tag="iati-activity"):
        count += 1
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]
    return count


def recognised(path: Path) -> int:
    """Read rows and make no record."""
    return sum(1 for _ in read_file(path))


def some_converted(path: Path) -> int:
    """Make a record of one in 33."""
    count = 0
    for count, row in enumerate(read_file(path), 1):
        assert count % 33 or row.record is not None
    return count


def all_converted(path: Path) -> int:
    """Make a record of each."""
    return sum(row.record is not None for row in read_file(path))


WAYS: dict[str, Callable[[Path], int]] = {
    "iterparse": iterparse,
    "iterparse (tag)": iterparse_by_tag,
    "recognised": recognised,
    "3 % converted": some_converted,
    "all converted": all_converted,
}


def measured(way: str, path: Path) -> dict[str, Any]:
    """Read the file in this process and return what it took."""
    begun, used = time.perf_counter(), time.process_time()
    count = WAYS[way](path)
    return {
        "activities": count,
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - used,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def compare(path: Path) -> dict[str, dict[str, Any]]:
    """Measure all ways, each in a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    found = {}
    for way in WAYS:
        with spawn.Pool(1) as pool:
            found[way] = pool.apply(measured, (way, path))
    return found


def main() -> None:
    """Generate a file, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--activities", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = write_file(Path(folder) / "activities.xml", options.activities)
        size = path.stat().st_size
        found = compare(path)
    if options.json:
        json.dump({"bytes": size, **found}, sys.stdout, indent=1)
        return
    print(f"{options.activities:,} activities, {size / 1e6:,.0f} MB")
    print(f"{'':18}{'per second':>12}{'µs of CPU':>12}{'x iterparse':>13}{'peak MB':>10}")
    bare = found["iterparse"]["cpu_seconds"]
    for way, figures in found.items():
        rate = figures["activities"] / figures["seconds"]
        each = figures["cpu_seconds"] / figures["activities"] * 1e6
        ratio = figures["cpu_seconds"] / bare
        print(f"{way:18}{rate:12,.0f}{each:12.0f}{ratio:13.1f}{figures['peak_mb']:10.0f}")


if __name__ == "__main__":
    main()
