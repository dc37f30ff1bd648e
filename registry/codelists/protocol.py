"""Which States are party to the Trafficking in Persons Protocol, as far as the file knows."""

from dataclasses import dataclass

from registry.codelists.files import read_file


@dataclass(frozen=True)
class ProtocolStatus:
    """Whether a State is party, since which year, and where and when that was read.

    `party` and `since` are None where the sources at hand do not tell. `date` is a year and month:
    a State that was no party then may have become one since.
    """

    party: bool | None
    since: str | None
    source: str
    date: str


def protocol_status(country_code: str) -> ProtocolStatus | None:
    """Return the status of a State, or None for a territory that the file does not list."""
    content = read_file("protocol.json")
    entry = content["states"].get(country_code)
    if entry is None:
        return None
    source = content["sources"].get(entry.get("source"), content["source"])
    return ProtocolStatus(
        entry["party"], entry["since"], source, entry.get("date", content["date"])
    )
