"""Whether a record is of somebody's money in a project, rather than of the whole project."""

import re

_PERCENT = re.compile(
    r"(\d{1,2})(?:[.,]\d+)? ?"
    r"(?:%|per cent|percent|pour cent|por ciento|por cento|процент|Prozent|في المئة|بالمئة)"
)
_PHRASES = (
    # English
    "contribution (?:to|of|from|through|agreement)",
    "our (?:share|part)",
    "[a-z]+ share",
    "share of the (?:budget|cost|programme|project)",
    "co ?fund\\w*",
    "co ?financ\\w*",
    "grant (?:to|through|agreement)",
    "channell?ed through",
    "via",
    "loa",
    "letter of agreement",
    "delegat(?:ion|ed) (?:agreement|cooperation)",
    "earmarked",
    "sub ?grant\\w*",
    "not the whole",
    "part of a larger",
    # French
    "contribution (?:a|au|aux)",
    "subvention (?:a|au|aux)",
    "financement confie",
    "confiee? a",
    "part (?:belge|suisse|francaise|allemande|luxembourgeoise|danoise|suedoise)",
    "quote part",
    "notre part",
    "cofinanc\\w*",
    "convention de (?:financement|delegation|subvention)",
    # Spanish and Portuguese
    "subvencion (?:a|al)",
    "contribucion (?:a|al|de)",
    "aporte (?:a|al|de)",
    "aportacion\\w*",
    "convenio con",
    "n(?:uestra|ossa) parte",
    "contribuicao",
    "subvencao",
    "comparticipacao",
    # German, Russian, Arabic
    "beitrag",
    "zuschuss",
    "anteil",
    "вклад",
    "взнос",
    "доля",
    "софинансир\\w*",
    "субсиди\\w*",
    "مساهم[هة]",
    "منح[هة]",
    "تمويل مشترك",
)
"""Folded, as regular expressions."""
_CONTRIBUTION = re.compile(rf" (?:{'|'.join(_PHRASES)}) ")


def speaks_of_contribution(folded: str) -> bool:
    """Tell whether a folded text says that its money is a contribution, or a share."""
    return _CONTRIBUTION.search(f" {folded} ") is not None


def percentages_in(text: str) -> frozenset[int]:
    """Return the percentages that a text gives, without decimals."""
    return frozenset(int(number) for number in _PERCENT.findall(text))
