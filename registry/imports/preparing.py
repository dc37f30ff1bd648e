"""What the process that reads a file does with its rows, before they are planned by another one.

It needs neither database nor numbers, and starts a second sooner without them.
"""

from registry.exchange.source import Row
from registry.relevance import Subject, judge


def prepare(rows: list[Row], *, judged: bool) -> None:
    """Judge what rows are about, and make records of those that are wanted.

    It is work for the process that reads: half of what there is to do.
    """
    doubtful = [row for row in rows if judged and not row.errors and not row.coded]
    subjects = [Subject(row.texts, row.sectors, row.tags) for row in doubtful]
    for row, found in zip(doubtful, judge(subjects), strict=True):
        row.concerns = (found.concerned, found.reasons)
    for row in rows:
        if not row.errors and row.is_concerned:
            _ = row.record
