"""The meeting pack as a document that people go on writing in."""

import io
import re
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

LANGUAGES = {"en": "en-GB", "fr": "fr-FR", "es": "es-ES"}
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def pack_docx(values: dict[str, Any]) -> bytes:
    """Return the pack of `web.meeting_pack.pack_values` as DOCX."""
    document = Document()
    _set_up(document, values)
    document.add_heading(_text(values["title"]), 0)
    _add(document, values["subtitle"])
    _add(document, values["address"])
    agenda = values["agenda"]
    document.add_heading(_text(agenda["title"]), 1)
    if agenda["rows"]:
        _table(document, [agenda["head"], *agenda["rows"]])
    else:
        _add(document, agenda["none"])
    _add(document, agenda["hidden"])
    if values["present"]["text"]:
        document.add_heading(_text(values["present"]["title"]), 1)
        _add(document, values["present"]["text"])
    _add(document, " ".join([values["made"], *values["notes"]]))
    for item in values["items"]:
        _item(document, item)
    for part in values["follow_up"]:
        document.add_heading(_text(part["title"]), 1)
        _table(document, [part["head"], *part["rows"]])
    for matrix in values["matrices"]:
        _matrix(document, matrix)
    _add(document, values["left_out"])
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _set_up(document: Any, values: dict[str, Any]) -> None:
    """Set paper, type and language, and what programs show of the file."""
    section = document.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.footer.paragraphs[0].text = _text(values["title"])
    normal = document.styles["Normal"]
    normal.font.size = Pt(10)
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), LANGUAGES[values["language"]])
    normal.element.get_or_add_rPr().append(spoken)
    document.core_properties.title = _text(values["title"])[:255]
    document.core_properties.author = "Convene"
    document.core_properties.language = LANGUAGES[values["language"]]
    document.core_properties.comments = ""


def _item(document: Any, item: dict[str, Any]) -> None:
    document.add_page_break()
    document.add_heading(_text(item["title"]), 1)
    _add(document, item["line"])
    _add(document, " · ".join(f"{name}: {figure}" for name, figure in item["figures"]))
    for rows in item["tables"]:
        _table(document, rows)
    evidence = item["evidence"]
    document.add_heading(_text(evidence["title"]), 2)
    if evidence["reasons"]:
        for one in evidence["reasons"]:
            _add(document, f"{one['weight']}  {one['text']}", "List Bullet")
    else:
        _add(document, evidence["none"])
    proposals = item["proposals"]
    document.add_heading(_text(proposals["title"]), 2)
    if not proposals["list"]:
        _add(document, proposals["none"])
    for one in proposals["list"]:
        _add(document, f"{one['title']} · {one['count']}", bold=True)
        _add(document, one["text"])
        _add(document, one["by"])
        if one["votes"]:
            _table(document, [proposals["head"], *one["votes"]])
    minutes = item["minutes"]
    if minutes["decision"]:
        document.add_heading(_text(minutes["decision_title"]), 2)
        for place, line in enumerate(minutes["decision"]):
            _add(document, line, bold=place == 0)
    document.add_heading(_text(minutes["title"]), 2)
    document.add_paragraph(_text(minutes["text"]))


def _matrix(document: Any, matrix: dict[str, Any]) -> None:
    document.add_page_break()
    document.add_heading(_text(matrix["title"]), 1)
    _add(document, matrix["note"])
    rows: list[Sequence[str]] = [["", *matrix["columns"], matrix["rest"]]]
    gaps = []
    for line in matrix["lines"]:
        if line["kind"] == "gaps":
            gaps += line["gaps"]
        else:
            counts = [str(count) if count else "" for count in line["counts"]]
            rows.append([f"{line['code']} {line['label']}", *counts, line["rest"]])
    _table(document, rows, Pt(7))
    if gaps:
        _add(document, f"{matrix['gap']}: {'; '.join(gaps)}")


def _table(document: Any, rows: Sequence[Sequence[str]], size: Any = None) -> None:
    """Add a table; its first row is the head, which is repeated on every page."""
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for row, cells in zip(rows, table.rows, strict=True):
        head = row is rows[0]
        for text, cell in zip(row, cells.cells, strict=True):
            run = cell.paragraphs[0].add_run(_text(text))
            run.bold = head
            run.font.size = size or Pt(9)
    head_of = table.rows[0]._tr.get_or_add_trPr()
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    head_of.append(repeated)
    document.add_paragraph()


def _add(document: Any, text: str, style: str | None = None, bold: bool = False) -> None:
    if text:
        document.add_paragraph(style=style).add_run(_text(text)).bold = bold


def _text(text: str) -> str:
    """Return a text as XML can hold it."""
    return _NOT_IN_XML.sub("", text)
