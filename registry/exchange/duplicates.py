"""Records of one file that claim to be the same project."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from registry.errors import FieldError
from registry.exchange.record import ProjectRecord, as_json
from registry.exchange.source import Row
from registry.folding import fold
from registry.messages import message


@dataclass
class _Claim:
    first: tuple[int, int]
    """(index, line or row) of the first record."""
    digest: bytes
    others: tuple[tuple[int, int], ...] = ()
    conflicting: bool = False


class Duplicates:
    """Reads a file once and remembers which identifiers come more than once, and where."""

    def __init__(self, rows: Iterable[Row]) -> None:
        claims: dict[bytes, _Claim] = {}
        for row in rows:
            key = _key(row)
            if key is None or row.record is None:
                continue
            digest = _digest(row.record)
            claim = claims.get(key)
            if claim is None:
                claims[key] = _Claim((row.index, row.number), digest)
            else:
                claim.others += ((row.index, row.number),)
                claim.conflicting |= claim.digest != digest
        self._claims = {key: claim for key, claim in claims.items() if claim.others}

    def error_of(self, row: Row) -> FieldError | None:
        """Return why a record is refused: another one has its identifier and differs."""
        claim = self._claim_of(row)
        if claim is None or not claim.conflicting:
            return None
        others = [n for index, n in (claim.first, *claim.others) if index != row.index]
        return FieldError(
            "identifier",
            message(
                "Another record of this file has the same identifier and differs ({kind} "
                "{numbers}). Give each project its own identifier, or leave one of them out.",
                kind=row.kind,
                numbers=", ".join(str(number) for number in others[:5]),
            ),
        )

    def repeats(self, row: Row) -> FieldError | None:
        """Return the note for a record that repeats an earlier one word for word."""
        claim = self._claim_of(row)
        if claim is None or claim.conflicting or row.index == claim.first[0]:
            return None
        return FieldError(
            "identifier",
            message(
                "The same record stands in {kind} {number} already; it counts once.",
                kind=row.kind,
                number=claim.first[1],
            ),
        )

    def _claim_of(self, row: Row) -> _Claim | None:
        key = _key(row)
        return None if key is None else self._claims.get(key)


def _key(row: Row) -> bytes | None:
    """Return what makes two records the same project: organisation and identifier."""
    if row.record is None:
        return None
    record = row.record
    known_by = record.identifier or record.iati_identifier
    parts = [fold(record.reporting_org)]
    parts += [known_by] if known_by else [fold(record.title), str(record.start_date), "?"]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).digest()


def _digest(record: ProjectRecord) -> bytes:
    text = json.dumps(as_json(record), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()
