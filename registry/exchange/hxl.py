"""HXL: the row of hashtags that says, in any language, what each column of a table holds.

hxlstandard.org: a hashtag (#org) and attributes in any order (+name, +funding). Read here is what a
table of who does what where (3W) needs; what a tag with unknown attributes holds is not guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from registry.errors import FieldError
from registry.exchange.amounts import currency_named
from registry.exchange.header_names import Named, table
from registry.exchange.record import CODED_LISTS
from registry.exchange.values import shown
from registry.messages import message

COUNTRY_SHARE = "country_share"
"""A column of HXL alone: the percentage of the country in the same row."""

_TAG = re.compile(r"#\s*[a-z][a-z0-9_]*(\s*\+\s*[a-z][a-z0-9_]*)*", re.IGNORECASE)
_LANGUAGE = re.compile(r"i_([a-z]{2,3}(?:_[a-z0-9]{2,8})*)")
_SAME_THING = frozenset("name code id acronym label title iso2 iso3 pcode".split())
"""Attributes for the several ways to write one thing: #adm1+name and #adm1+code."""
_BEST_FIRST = {"countries": ("code", "", "iso2", "iso3", "name"), "regions": ("code", "", "name")}
_BY_NAME_FIRST = ("name", "title", "label", "", "acronym", "code", "id", "pcode")
MAY_REPEAT = frozenset({"countries", "regions", "locations", "participating_orgs"})
"""Columns that a table may have several of, as #adm1 and #adm2; their values are put together."""


@dataclass(frozen=True)
class _Tag:
    """A hashtag and its attributes, in lower case."""

    tag: str
    attributes: frozenset[str]

    @property
    def language(self) -> str | None:
        """The language that an attribute names: #activity+name+i_fr."""
        found = (_LANGUAGE.fullmatch(attribute) for attribute in sorted(self.attributes))
        return next((match[1].replace("_", "-") for match in found if match), None)

    @property
    def money(self) -> str | None:
        """The attribute that names a currency: #value+usd."""
        codes = (a for a in sorted(self.attributes) if len(a) == 3 and currency_named(a))
        return next(codes, None)


def is_tag_row(names: Sequence[str]) -> bool:
    """Tell whether a row is one of hashtags: at least two, and no fewer than other cells."""
    tags = sum(_TAG.fullmatch(name) is not None for name in names)
    return tags >= 2 and 2 * tags >= sum(bool(name) for name in names)


def column_tagged(name: str) -> Named | None:
    """Return what a hashtag means: the known tag that most of its attributes fit, or None."""
    if not _TAG.fullmatch(name):
        return None
    read = _parsed(name)
    best: tuple[int, Named] | None = None
    for known, named in _known():
        further = read.attributes - known.attributes
        if known.tag != read.tag or not known.attributes <= read.attributes:
            continue
        if all(_says_nothing(attribute, named) for attribute in further):
            fit = len(known.attributes)
            best = (fit, named) if best is None or fit > best[0] else best
    if best is None:
        return None
    named = best[1]
    if named.column in ("title", "description") and read.language:
        return Named(f"{named.column}_{read.language}")
    if named.column == "budget":
        return Named("budget", currency=read.money and read.money.upper())
    strict = named.column not in CODED_LISTS or "code" in read.attributes
    return named if strict else Named(named.column, loose=True)


def tagged_columns(
    names: Sequence[str],
) -> tuple[tuple[Named | None, ...], tuple[FieldError, ...]]:
    """Return what each cell of a row of hashtags means, and warnings for what is left out.

    Where several columns hold one thing, the one that says it best is taken. Who only names
    implementing organisations means them when it says who does it.
    """
    columns = [column_tagged(name) if name else None for name in names]
    unread = [name for name, named in zip(names, columns, strict=True) if name and named is None]
    warnings = [unknown_column(name) for name in unread]
    if not any(named and named.column == "reporting_org" for named in columns):
        at = next((i for i, c in enumerate(columns) if c and c.role == "implementing"), None)
        if at is not None:
            columns[at] = Named("reporting_org")
    chosen: dict[tuple[object, ...], int] = {}
    for index, named in enumerate(columns):
        if named is None:
            continue
        other = chosen.setdefault(_thing(named, names[index]), index)
        if other != index:
            taken, left = sorted((other, index), key=lambda i: (_rank(named, names[i]), i))
            chosen[_thing(named, names[index])] = taken
            columns[left] = None
            if not _same(names[taken], names[left]):
                warnings.append(_another(names[left], names[taken], named.column))
    return tuple(columns), tuple(warnings)


def unknown_column(name: str) -> FieldError:
    """Return the warning for a column that is left out."""
    return FieldError(
        shown(name),
        message(
            "The column '{column}' is not one that Convene knows; it was left out.",
            column=shown(name),
        ),
    )


def tag_of(column: str) -> str:
    """Return the hashtag of a column, such as title_fr; '' for one that has none."""
    tags = dict(table("hxl"))
    if column in tags:
        return str(tags[column])
    name, _, language = column.partition("_")
    language = language.replace("-", "_")
    return f"{tags[name]}+i_{language}" if name in tags and language else ""


@cache
def _known() -> list[tuple[_Tag, Named]]:
    rows = [*table("hxl"), *table("hxl_read")]
    return [
        (
            _Tag(tag.partition("+")[0], frozenset(tag.split("+")[1:]) - {"list"}),
            Named(column, role=role[0] if role else None),
        )
        for column, tag, *role in rows
    ]


def _parsed(name: str) -> _Tag:
    tag, *attributes = ["".join(part.split()).lower() for part in name.split("+")]
    return _Tag(tag, frozenset(attributes))


def _says_nothing(attribute: str, named: Named) -> bool:
    """Tell whether an attribute leaves a tag what it is."""
    return (
        attribute in table("hxl_attributes")
        or attribute.startswith("v_")
        or _LANGUAGE.fullmatch(attribute) is not None
        or (named.column == "budget" and currency_named(attribute) is not None)
    )


def _thing(named: Named, name: str) -> tuple[object, ...]:
    """Return the same key for columns that hold one thing."""
    if named.column not in MAY_REPEAT:
        return (named.column,)
    tag = _parsed(name)
    return (named.column, named.role, tag.tag, tag.attributes - _SAME_THING)


def _same(one: str, other: str) -> bool:
    """Tell whether two tags say one thing in two ways: by name and code, in two currencies."""
    first, second = _parsed(one), _parsed(other)
    ways = _SAME_THING | {"budget"} | {tag for tag in (first.money, second.money) if tag}
    return first.tag == second.tag and first.attributes - ways == second.attributes - ways


def _rank(named: Named, name: str) -> tuple[bool, int]:
    """Return how well a column says a thing; less is better."""
    read = _parsed(name)
    order = _BEST_FIRST.get(named.column, _BY_NAME_FIRST)
    kinds = [order.index(kind) for kind in order if kind in read.attributes]
    own = dict(table("hxl")).get(named.column, "")
    return (_parsed(own) != read, min(kinds, default=order.index("")))


def _another(name: str, taken: str, column: str) -> FieldError:
    return FieldError(
        shown(name),
        message(
            "'{column}' was left out: {taken} was read as the {field} already.",
            column=shown(name),
            taken=shown(taken),
            field=column,
        ),
    )
