"""The Tantivy index of the embedded engine: its schema, its analyzers, its documents.

All facets lie in one field, each value with its facet before it (`country:MD`), because counting
one column is twice as fast as counting nine.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import tantivy

from search.document import FACET_FIELDS, SEARCHABLE, SORT_FIELDS, Document, shown_of
from search.words import fold

FACETS_FIELD = "facets"
TERM_FIELDS = ("audience", "reporting_organisation")
"""Fields of values that are filtered by and not counted."""
STORED_FIELD = "shown"
WEIGHT_FIELD = "weight"

STEMMED = {"en": "english", "fr": "french", "es": "spanish"}
"""Languages whose words are found in singular and plural and the like."""

_SEGMENT_FILES = ("store", "fast", "fieldnorm", "term", "idx", "pos")
_LONGEST_WORD = 60  # bytes; longer ones are codes and addresses that nobody types


def _analyzer(*filters: tantivy.Filter) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (tantivy.Filter.remove_long(_LONGEST_WORD), *filters):
        builder = builder.filter(step)
    return builder.build()


_STEMMERS = {code: _analyzer(tantivy.Filter.stemmer(name)) for code, name in STEMMED.items()}


def stemmed_field(field: str, language: str) -> str:
    """Return the field that holds the stems of a searchable field in a language."""
    return f"{field}_{language}"


@lru_cache(maxsize=65536)
def stems(word: str) -> tuple[tuple[str, str], ...]:
    """Return (language, stem) of a folded word in each language; nobody says which one it is."""
    return tuple(
        (code, stem[0]) for code, stemmer in _STEMMERS.items() if (stem := stemmer.analyze(word))
    )


def schema() -> tantivy.Schema:
    """Return the schema, as the roles of the document's fields have it."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    for name, role in SEARCHABLE.items():
        builder.add_text_field(name, tokenizer_name="words", index_option="position")
        if role.by_language:
            for language in STEMMED:
                builder.add_text_field(
                    stemmed_field(name, language),
                    tokenizer_name=f"stems_{language}",
                    index_option="freq",
                )
    builder.add_text_field(FACETS_FIELD, tokenizer_name="raw", index_option="basic", fast=True)
    for name in TERM_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("runs_from", indexed=True, fast=True)
    builder.add_unsigned_field("runs_to", indexed=True, fast=True)
    for name in SORT_FIELDS.values():
        builder.add_unsigned_field(name, fast=True)
    builder.add_float_field(WEIGHT_FIELD, fast=True)
    builder.add_bytes_field(STORED_FIELD, stored=True)
    return builder.build()


def open_index(path: Path | None) -> tantivy.Index:
    """Open or make the index in a folder; in memory without one."""
    index = tantivy.Index(schema(), path=None if path is None else str(path))
    index.register_tokenizer("words", _analyzer())
    for language, stemmer in _STEMMERS.items():
        index.register_tokenizer(f"stems_{language}", stemmer)
    index.config_reader("manual")
    index.reload()
    return index


def is_whole(path: Path) -> bool:
    """Say whether all files of an index are there: Tantivy takes a missing one for an empty one."""
    meta = path / "meta.json"
    for _ in range(3):
        before = meta.stat().st_mtime_ns
        names = [
            segment["segment_id"].replace("-", "")
            for segment in json.loads(meta.read_bytes())["segments"]
        ]
        if all((path / f"{name}.{part}").exists() for name in names for part in _SEGMENT_FILES):
            return True
        if meta.stat().st_mtime_ns == before:  # else its writer has just merged segments
            return False
    return False


def facet_value(facet: str, value: str) -> str:
    """Return how a value of a facet is written in the field of all facets."""
    return f"{facet}:{value}"


def sort_key(value: int, project_id: int) -> int:
    """Return a number that orders by value, and by id where values are the same."""
    return value << 24 | project_id & 0xFFFFFF


def _weight(document: Document) -> float:
    """Return what a score is multiplied with, as log2(2 + weight).

    Of two projects that answer equally well, the one that runs longest is shown first: a person
    who looks for shelters wants the one that is open. A difference far below that, by id, keeps
    the order of equals the same from page to page, whatever the index does to its segments.
    """
    years = (min(document.runs_to, 60_000) - 36_525) / 365.25  # 0 at 2000, about 64 when open
    return max(0.0, min(years, 40.0)) / 400 + document.id % 65536 * 5e-7


@lru_cache(maxsize=20_000)
def _folded(text: str) -> str:
    """Fold what is the same in many projects: labels, and names of places and organisations."""
    return fold(text)


def written(document: Document) -> str:
    """Return a document as JSON for the index: it takes half as long as a call for each value."""
    fields: dict[str, Any] = {"id": document.id, WEIGHT_FIELD: _weight(document)}
    for name, role in SEARCHABLE.items():
        value = getattr(document, name)
        if role.by_language:
            folded = {language: fold(text) for language, text in value.items()}
            fields[name] = list(folded.values())
            for language in STEMMED.keys() & folded.keys():
                fields[stemmed_field(name, language)] = folded[language]
        else:
            fields[name] = list(map(_folded, value))
    fields[FACETS_FIELD] = [
        facet_value(facet, value)
        for facet in FACET_FIELDS
        for value in dict.fromkeys(getattr(document, facet))
    ]
    for name in TERM_FIELDS:
        fields[name] = getattr(document, name)
    fields["runs_from"] = document.runs_from
    fields["runs_to"] = document.runs_to
    for name in SORT_FIELDS.values():
        fields[name] = sort_key(getattr(document, name), document.id)
    fields[STORED_FIELD] = msgspec.json.encode(shown_of(document))  # bytes: in base64
    return msgspec.json.encode(fields).decode()


def write(index: tantivy.Index, writer: tantivy.IndexWriter, documents: Iterable[Document]) -> None:
    """Add documents, replacing those of the same id."""
    for document in documents:
        delete(index, writer, document.id)
        writer.add_json(written(document))


def delete(index: tantivy.Index, writer: tantivy.IndexWriter, project_id: int) -> None:
    """Take a project out; nothing happens when it is not there."""
    # Deleting by term takes the id for a signed number and finds nothing.
    writer.delete_documents_by_query(tantivy.Query.term_query(index.schema, "id", project_id))
