"""IATI files that are broken, absurd or malicious: nothing is lost silently, nothing grows."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import Invalid
from registry.exchange.reading import read_file
from registry.exchange.source import Row
from tests.registry.exchange.files import an_activity, an_iati_file


def read(data: bytes) -> tuple[list[Row], str]:
    """The rows, and what was wrong with the file as a whole."""
    rows: list[Row] = []
    try:
        for row in read_file(data, filename="a.xml"):
            assert (row.record is None) == bool(row.errors)
            rows.append(row)
    except Invalid as error:
        return rows, str(error)
    return rows, ""


def identifiers(rows: list[Row], good: bool = True) -> list[str | None]:
    return [row.identifier for row in rows if (row.record is not None) is good]


def three(middle: str) -> bytes:
    return an_iati_file(an_activity("X-1"), middle, an_activity("X-3"))


@pytest.mark.parametrize(
    ("middle", "said"),
    [
        (an_activity("X-2", more="<a>" * 300 + "</a>" * 300), "depth"),
        (an_activity("X-2", title="a\0b"), "Char"),
        (an_activity("X-2", title="a\x0bb"), "Char"),
        (an_activity("X-2", title="&lol;"), "lol"),
        (an_activity("X-2", more="<sector code=1/>"), "AttValue"),
        (an_activity("X-2", more="<x:y/>"), "prefix x"),
        (an_activity("X-2").replace("</iati-activity>", ""), "iati-activity"),
        (an_activity("X-2", more="<!-- no end"), "Comment"),
        (an_activity("X-2", more="<![CDATA[ no end"), "CData"),
        (an_activity("X-2", description="x" * 11_000_000), "too long"),
        (an_activity("X-2", more="<sector " + "a='" + "x" * 11_000_000 + "'/>"), "limit"),
    ],
)  # fmt: skip
def test_what_is_broken_is_refused_alone(middle: str, said: str) -> None:
    rows, whole = read(three(middle))
    assert whole == ""
    assert identifiers(rows) == ["X-1", "X-3"]
    (refused,) = [row for row in rows if row.record is None]
    assert refused.identifier == "X-2"
    assert refused.number == 4
    assert said in str(refused.errors[0])
    assert re.search("in line [45]", str(refused.errors[0]))


@pytest.mark.parametrize(
    "between",
    [
        "<!-- " + an_activity("X-2") + " -->",
        "<?keep " + an_activity("X-2") + " ?>",
        "<!-- <iati-activity> -->",
        '<x:note xmlns:x="urn:x">of the publisher</x:note>',
    ],
)
def test_what_is_no_activity_is_none(between: str) -> None:
    rows, whole = read(three(between))
    assert (identifiers(rows), len(rows), whole) == (["X-1", "X-3"], 2, "")


def test_tags_in_comments_and_cdata_do_not_count() -> None:
    inside = "<!-- </iati-activity> <iati-activity> --><![CDATA[ </iati-activity> ]]>"
    activity = an_activity("X-2", description=f"Before {inside} after.")
    rows, whole = read(three(activity))
    assert (identifiers(rows), whole) == (["X-1", "X-2", "X-3"], "")
    assert rows[1].texts[1] == "Before  </iati-activity>  after."


def test_an_activity_in_another_and_an_empty_one_are_told() -> None:
    outer = an_activity("X-2", more=an_activity("X-2a"))
    rows, whole = read(three(outer + "<iati-activity/>"))
    assert whole == ""
    assert identifiers(rows) == ["X-1", "X-2a", "X-3"]
    assert identifiers(rows, good=False) == ["X-2", None]


def test_two_files_in_one_are_both_read() -> None:
    data = an_iati_file(an_activity("X-1"))
    rows, whole = read(data + data.replace(b"X-1", b"X-2"))
    assert (identifiers(rows), whole) == (["X-1", "X-2"], "")


@pytest.mark.parametrize("end", [40, 200, 500])
def test_what_stands_before_a_cut_is_read_and_the_cut_is_told(end: int) -> None:
    data = an_iati_file(*(an_activity(f"X-{n}") for n in range(5)))
    rows, whole = read(data[:-end])
    assert identifiers(rows) == ["X-0", "X-1", "X-2", "X-3"][: 4 if end < 500 else 3]
    assert re.search(r"breaks off in line [67]: it was cut", whole)


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">',
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;',
        '<!ATTLIST iati-activity xml:lang CDATA "zz">',
    ],
)
def test_declarations_of_the_file_itself_are_refused(subset: str) -> None:
    data = three(an_activity("X-2", title="&lol2;"))
    bomb = data.replace(b"<iati-act", f"<!DOCTYPE x [{subset}]><iati-act".encode(), 1)
    rows, whole = read(bomb)
    assert rows == []
    assert "declares entities" in whole


def test_an_external_dtd_is_not_looked_for() -> None:
    doctype = b'<!DOCTYPE iati-activities SYSTEM "http://127.0.0.1:1/never.dtd"><iati-act'
    rows, whole = read(three(an_activity("X-2")).replace(b"<iati-act", doctype, 1))
    assert (identifiers(rows), whole) == (["X-1", "X-2", "X-3"], "")


def test_no_other_file_is_included(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    include = (
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret}" parse="text"/>'
    )
    rows, _ = read(an_iati_file(an_activity("X-1", more=include, description=f"a {include} b")))
    assert "SECRET" not in str(rows[0].record)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-16", "utf-16"), ("utf-16-le", "utf-16"), ("utf-16-be", None), ("utf-32", "utf-32"),
        ("utf-8-sig", None), ("iso-8859-1", "iso-8859-1"), ("cp1252", "windows-1252"),
        ("cp1252", "UTF-8"), ("cp1252", None), ("utf-8", "utf-16"), ("utf-8", "us-ascii"),
    ],
)  # fmt: skip
def test_encodings_as_declared_or_not(encoding: str, declared: str | None) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    text = three(an_activity("X-2", title="Forêt & broken") + an_activity("X-4", title="Forêt"))
    data = text.decode().replace('<?xml version="1.0"?>', head).encode(encoding)
    rows, whole = read(data)
    assert whole == ""
    assert identifiers(rows) == ["X-1", "X-4", "X-3"]
    assert identifiers(rows, good=False) == ["X-2"]
    assert rows[2].title == "Forêt"
    guessed = encoding == "cp1252" and declared != "windows-1252"
    belied = encoding == "utf-8" and declared == "utf-16"
    warnings = [str(warning.message) for row in rows for warning in row.warnings]
    assert any("Windows-1252" in warning for warning in warnings) is guessed
    assert any("it was read as UTF-8" in warning for warning in warnings) is belied


@pytest.mark.parametrize("name", ["zip", "utf-7", "ebcdic-cp-us", "unicode_escape", "nonsense"])
def test_other_encodings_are_refused_by_name(name: str) -> None:
    head = f'<?xml version="1.0" encoding="{name}"?>'.encode()
    rows, whole = read(three(an_activity("X-2")).replace(b'<?xml version="1.0"?>', head))
    assert rows == []
    assert name in whole and "UTF-8" in whole


def test_an_activity_of_absurd_size_is_refused_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.exchange.iati.fragments.LARGEST_ACTIVITY", 1_000_000)
    rows, whole = read(three(an_activity("X-2", more="<sector/>" * 400_000)))
    assert (identifiers(rows), identifiers(rows, good=False), whole) == (
        ["X-1", "X-3"],
        ["X-2"],
        "",
    )
    assert "An activity has more than 0 MB" in str(rows[1].errors[0])


HUGE = {
    "100 MB of text": ("<description><narrative>", "x" * 1_000_000, 100, "</narrative>"),
    "100 MB of comment": ("<!--", "x" * 1_000_000, 100, "-->"),
    "a million attributes": ("<sector ", "".join(f"a{n}='' " for n in range(1_000_000)), 1, "/>"),
    "a million children": ("", "<sector/>" * 100_000, 10, ""),
    "a million locations": ("", "<location><name/></location>" * 10_000, 24, ""),
    "a million openers": ("", "<!--" * 250_000, 4, ""),
}


@pytest.mark.parametrize("kind", HUGE)
def test_huge_activities_take_bounded_memory_and_time(kind: str, tmp_path: Path) -> None:
    before, piece, times, after = HUGE[kind]
    start, end = an_iati_file(an_activity("X-1", more="@")).decode().split("@")
    path = tmp_path / "huge.xml"
    with path.open("w") as file:
        file.write(start + before)
        for _ in range(times):
            file.write(piece)
        file.write(after + end.replace("</iati-activities>", an_activity("X-2")))
        file.write("</iati-activities>")
    script = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from registry.exchange.reading import read_file\n"
        "rows = list(read_file(Path(sys.argv[1])))\n"
        "print([row.identifier for row in rows if row.record or row.errors])\n"
        "status = Path('/proc/self/status').read_text()\n"  # ru_maxrss knows the parent's too
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', status)[1]) // 1024)\n"
    )
    begun = time.monotonic()
    out = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    named, megabytes = out.stdout.splitlines()
    assert named == "['X-1', 'X-2']"
    assert int(megabytes) < 300
    assert time.monotonic() - begun < 20


def test_a_hundred_thousand_identical_identifiers_are_as_many_rows() -> None:
    data = an_iati_file(an_activity("X-1") * 20_000)
    rows = list(read_file(data))
    assert {row.identifier for row in rows} == {"X-1"}
    assert len({row.index for row in rows}) == 20_000
    assert len({row.digest for row in rows}) == 1


ACTIVITIES = [an_activity(f"X-{n}", f"Titre {n} é", more='<sector code="1"/>') for n in range(6)]
FILE = an_iati_file(*ACTIVITIES)
STARTS = [FILE.index(activity.encode()) for activity in ACTIVITIES]
TOKENS = st.sampled_from(
    b"< > & \" ' <!-- --> <![CDATA[ ]]> <? ?> </iati-activity> <iati-activity> <iati-activity/> "
    b"</iati-activities> <iati-activities> <!DOCTYPE <!ENTITY \0 \xff \xc3 &#0; &amp; xmlns='a' "
    b"xmlns:a='b' /> <a:b> <title>".split(b" ")
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    at=st.integers(STARTS[0], len(FILE) - 1),
    length=st.integers(0, 60),
    put=st.lists(TOKENS | st.binary(max_size=6), max_size=4).map(b"".join),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-16"]),
)
def test_whatever_is_changed_every_other_activity_is_read(
    at: int, length: int, put: bytes, encoding: str
) -> None:
    data = FILE[:at] + put + FILE[at + length :]
    untouched = [
        f"X-{n}"
        for n, start in enumerate(STARTS)
        if start + len(ACTIVITIES[n].rstrip().encode()) <= at or start >= at + length
    ]
    if encoding == "utf-16":
        data = data.decode("utf-8", "replace").encode("utf-16")
    rows, whole = read(data)
    assert whole == "" or "cut" in whole
    good = identifiers(rows)
    assert [name for name in good if name in untouched] == untouched
    assert len(rows) >= len(untouched)


@settings(max_examples=100, deadline=None)
@given(head=st.lists(TOKENS | st.binary(max_size=8), max_size=5).map(b"".join))
def test_whatever_stands_before_nothing_breaks(head: bytes) -> None:
    rows, whole = read(head + FILE)
    assert whole or len(rows) >= len(ACTIVITIES)
