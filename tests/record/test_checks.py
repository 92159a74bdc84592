"""A bad record gives one clear line per fault, an exit code of 1, and never a report."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import repatria as rp
from conftest import small, source_id, write
from repatria.cli import app
from repatria.record import checks, files, relations
from repatria.record.fingerprint import ROOT
from repatria.record.schema import TABLES

LINE = re.compile(r"^[a-z]+\.csv(:\d+)?: ")
Mutation = Callable[[Path], None]


def line(table: str, **values: str) -> str:
    """Return a line of a table, columns not given empty."""
    out = io.StringIO()
    csv.DictWriter(out, TABLES[table].columns, restval="", lineterminator="").writerow(values)
    return out.getvalue()


def replace(table: str, old: str, new: str, count: int = 1) -> Mutation:
    """Return a mutation that replaces the first occurrence of a text in a table."""

    def mutate(folder: Path) -> None:
        path = folder / f"{table}.csv"
        text = path.read_text("utf-8")
        assert old in text, f"{old!r} is not in {table}.csv: the mutation would test nothing"
        path.write_text(text.replace(old, new, count), "utf-8")

    return mutate


def append(table: str, text: str = "", **values: str) -> Mutation:
    def mutate(folder: Path) -> None:
        with open(folder / f"{table}.csv", "a", encoding="utf-8") as f:
            f.write((line(table, **values) if values else text) + "\n")

    return mutate


def raw(table: str, change: Callable[[bytes], bytes]) -> Mutation:
    def mutate(folder: Path) -> None:
        path = folder / f"{table}.csv"
        path.write_bytes(change(path.read_bytes()))

    return mutate


def instead(make: Callable[[Path], Any]) -> Mutation:
    """Return a mutation that puts something else in the place of claims.csv."""

    def mutate(folder: Path) -> None:
        (folder / "claims.csv").unlink()
        make(folder / "claims.csv")

    return mutate


def change(table: str, first: str, **values: str) -> Mutation:
    """Return a mutation of the cells of the first row whose first cell begins with a text."""

    def mutate(folder: Path) -> None:
        path = folder / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as f:
            rows = list(csv.DictReader(f))
        row = next(r for r in rows if next(iter(r.values())).startswith(first))
        row |= values
        with path.open("w", encoding="utf-8", newline="") as f:
            out = csv.DictWriter(f, TABLES[table].columns, lineterminator="\n")
            out.writeheader()
            out.writerows(rows)

    return mutate


JUNE = "bodies-2025-06-11.to_russia.vladimir-medinsky"


def claim(**values: str) -> Mutation:
    """Return a mutation that adds a claim, sound but for what `values` say, together with a page for it."""
    row = {
        "event_id": "bodies-2025-06-11",
        "claimant_id": "vladimir-medinsky",
        "direction": "to_russia",
        "part": "sailors",
        "role": "subset",
        "count_low": "1",
        "count_high": "1",
        "qualifier": "exact",
    } | values
    stem = ".".join(row[k] for k in ("event_id", "direction", "claimant_id", "part"))
    row = {"claim_id": stem + ("~9" if row["part"] == "total" else "")} | row

    def mutate(folder: Path) -> None:
        append("claims", **row)(folder)
        lines = (folder / "citations.csv").read_text("utf-8").splitlines()
        page = next(x for x in lines if x.startswith(f"{JUNE}.total,")).split(",")[1]
        append("citations", claim_id=row["claim_id"], source_id=page, date_basis="stated")(folder)

    return mutate


def page(url: str, publisher: str = "P", **more: str) -> Mutation:
    """Return a mutation that adds an undated page (and, with it, "carries nothing")."""
    about = {"language": "en", "tier": "press", "dated_by": "none", "seen": "part"}
    return append(
        "sources",
        **{"source_id": source_id(url), "url": url, "publisher": publisher} | about | more,
    )


def claimant(**values: str) -> Mutation:
    row = {
        "claimant_id": "odd",
        "name": "Odd",
        "office": "Office",
        "side": "third",
        "official": "no",
    }
    return append("claimants", **row | values)


def agreement(**values: str) -> Mutation:
    return append("agreements", **{"agreement_id": "odd-2025-01", "name": "Odd"} | values)


def stretch(**values: str) -> Mutation:
    row = {
        "kind": "civilians",
        "side": "russia",
        "read_from": "2023-01-01",
        "read_through": "2023-01-31",
        "density": "thin",
        "entered_on": "2026-11-22",
    }
    return append("coverage", **row | values)


LINK = {
    "link_id": "link-9999",
    "agreement_id": "istanbul-2025-06-02",
    "event_id": "bodies-2025-06-11",
    "claimant_id": "press",
    "stance": "belongs",
}

FIRST_JUNE = "bodies-2025-06-11,bodies,2025-06-11"
WHOLE = {"part": "total", "role": "whole"}
CELL = r"claims\.csv:\d+: "
LINES = (ROOT / "data" / "citations.csv").read_bytes().count(b"\n")
BROKEN: dict[str, tuple[Mutation, str]] = {
    # files
    "not UTF-8": (
        raw("events", lambda b: b.replace(b"bodies", b"bod\xff", 1)),
        r"events\.csv:\d+: is not UTF-8 \(byte 0xff\)",
    ),
    "byte-order mark": (
        raw("events", lambda b: b"\xef\xbb\xbf" + b),
        r"events\.csv:1: column event_id is missing",
    ),
    "null character": (
        raw("claims", lambda b: b + b"\0\n"),
        r"claims\.csv:\d+: holds a null character",
    ),
    "file gone": (lambda f: (f / "claims.csv").unlink(), r"claims\.csv: cannot be read"),
    "file empty": (raw("claims", lambda b: b""), r"claims\.csv:1: column claim_id is missing"),
    "a pipe": (instead(os.mkfifo), r"claims\.csv: is a pipe, not a plain file"),
    "a folder": (instead(Path.mkdir), r"claims\.csv: is a folder, not a plain file"),
    "an endless device": (
        instead(lambda p: p.symlink_to("/dev/zero")),
        r"claims\.csv: is a device, not a plain file",
    ),
    "a link to nothing": (
        instead(lambda p: p.symlink_to("nowhere")),
        r"claims\.csv: cannot be read",
    ),
    "cut off": (
        raw("citations", lambda b: b[:-2]),
        rf"citations\.csv:{LINES}: does not end with a line break",
    ),
    "missing column": (
        replace("events", ",status,", ",state,"),
        r"events\.csv:1: column status is missing",
    ),
    "column twice": (
        replace("events", ",note", ",note,note"),
        r"events\.csv:1: column note is there twice",
    ),
    "header no CSV": (
        replace("events", "event_id,", 'event_id,"x"y,'),
        r"events\.csv:1: is not CSV",
    ),
    "header alone": (
        raw("claims", lambda b: b.partition(b"\n")[0] + b"\n"),
        r"claims\.csv: has no rows, but",
    ),
    "no pages": (
        raw("sources", lambda b: b.partition(b"\n")[0] + b"\n"),
        r"sources\.csv: has no rows, but",
    ),
    "row too short": (append("events", "bodies-2025-01-01,bodies"), r"events\.csv:\d+: 2 fields"),
    "empty line": (append("sources", ""), r"sources\.csv:\d+: is an empty line"),
    "quote not closed": (
        raw("sources", lambda b: b.replace(b"\n", b'\n"', 4).replace(b'\n"', b"\n", 3)),
        r"sources\.csv:5: a quote is opened and not closed on this line",
    ),
    "quote inside": (
        replace("events", FIRST_JUNE, 'bodies-2025-06-11,bod"ies,2025-06-11'),
        r"events\.csv:\d+: a quote stands inside a cell",
    ),
    "carriage return": (
        replace("events", FIRST_JUNE, "bodies-2025-06-11,\rbodies,2025-06-11"),
        r"events\.csv:\d+: holds a carriage return",
    ),
    # references and ids
    "unknown event": (claim(event_id="bodies-2025-06-12"), CELL + r"event_id: .* is not in events"),
    "unknown claimant": (claim(claimant_id="nobody"), CELL + r"claimant_id: 'nobody' is not in"),
    "unknown source": (
        append("citations", claim_id=f"{JUNE}.total", source_id="nowhere", date_basis="stated"),
        r"citations\.csv:\d+: source_id: 'nowhere' is not in sources",
    ),
    "duplicate id": (claimant(claimant_id="press"), r"claimants\.csv:\d+: claimant_id: .* twice"),
    "same claim again": (
        claim(**WHOLE, count_low="27", count_high="27"),
        CELL + "claim_id: .* says the same",
    ),
    "direction swapped": (
        change("claims", f"{JUNE}.total", direction="to_ukraine"),
        CELL + f"claim_id: '{JUNE}.total' does not say its event, direction, claimant and part",
    ),
    "claimant swapped": (
        change("claims", f"{JUNE}.total", claimant_id="mod-russia"),
        CELL + "claim_id: .* does not say",
    ),
    "a first figure numbered": (
        claim(claim_id=f"{JUNE}.sailors~1"),
        CELL + "claim_id: .* does not say",
    ),
    "address swapped": (
        change("sources", "pravda-com-ua-", url="https://www.pravda.com.ua/other"),
        r"sources\.csv:\d+: source_id: .* does not say its host and address",
    ),
    "id against date": (
        replace("events", FIRST_JUNE, "bodies-2025-06-11,bodies,2025-06-10"),
        r"does not say its kind and date",
    ),
    "id used elsewhere renamed": (
        replace("events", FIRST_JUNE, "bodies-2025-06-11-b,bodies,2025-06-11"),
        r"is not in",
    ),
    "claim without a page": (
        append(
            "claims",
            **dict(
                claim_id=f"{JUNE}.x",
                event_id="bodies-2025-06-11",
                part="x",
                claimant_id="vladimir-medinsky",
                direction="to_russia",
                role="subset",
                count_low="1",
                count_high="1",
                qualifier="exact",
            ),
        ),
        CELL + r"claim_id: .* has no page",
    ),
    "page without a claim": (page("https://example.org/a"), r"carries nothing"),
    # counts
    "fractional count": (claim(count_low="1.5"), CELL + r"count_low: '1.5' is not a whole number"),
    "negative count": (claim(count_low="-3"), CELL + r"count_low: '-3' is negative"),
    "count in words": (claim(count_low="ten"), CELL + r"count_low: 'ten' is not a number"),
    "leading zero": (claim(count_low="01"), CELL + r"count_low: '01' begins with a zero"),
    "other digits": (
        claim(count_low="\u0661"),
        CELL + r"count_low: .* holds a digit of another script \(U\+0661\)",
    ),
    "count absurd": (
        claim(count_low="900000000", count_high="900000000"),
        r"out of all proportion",
    ),
    "count beyond all": (claim(count_low="9" * 30, count_high="9" * 30), r"out of all proportion"),
    "low above high": (claim(count_low="9", count_high="2"), CELL + r"count_low: is larger"),
    "one end": (
        claim(count_high=""),
        CELL + r"count_low: count_low and count_high are both given, or neither",
    ),
    "one end of a pledge": (
        change("pledges", "pledge-0001", quantity_high=""),
        r"pledges\.csv:2: quantity_low: .* both given, or neither",
    ),
    "one stance": (
        append("links", **LINK),
        r"links\.csv:\d+: claimant_id: 'press' has a stance on this already",
    ),
    "a tie to nothing": (
        append("links", **LINK | {"event_id": "bodies-2025-06-12"}),
        r"links\.csv:\d+: event_id: .* is not in",
    ),
    "possible by a page": (
        append("links", **LINK | {"claimant_id": "icrc", "stance": "possible"}),
        r"stance: possible is the curators' word only",
    ),
    "curators deny": (
        append("links", **LINK | {"claimant_id": "curators", "stance": "denies"}),
        r"stance: denies needs a claimant",
    ),
    "curators claim": (
        claim(claimant_id="curators"),
        r"claimant_id: curators make links, not claims",
    ),
    "a number and none": (
        change("pledges", "pledge-0001", qualifier="none"),
        r"all and none are said without a number",
    ),
    "one end of context": (
        change("context", "context-0001", count_low=""),
        r"context\.csv:2: count_low: .* both given",
    ),
    "part above total": (
        claim(count_low="28", count_high="28"),
        r"a part is larger than its total",
    ),
    "count and withheld": (claim(absence="withheld"), r"'withheld' goes without a count"),
    "no count, no absence": (
        claim(count_low="", count_high="", qualifier=""),
        r"no count and no absence",
    ),
    "wording of no count": (
        claim(count_low="", count_high="", absence="withheld"),
        r"no count that is so worded",
    ),
    "zero unsaid": (claim(count_low="0", count_high="0"), r"a count of 0 is said as absence zero"),
    "zero up to five": (
        claim(count_low="0", count_high="5", absence="zero"),
        r"zero goes with a count of 0",
    ),
    "zero or more": (
        claim(count_low="0", count_high="0", absence="zero", qualifier="more_than"),
        r"absence: zero goes with a count of 0, exactly worded",
    ),
    "zero without a claimant": (
        claim(claimant_id="press", **WHOLE, count_low="0", count_high="0", absence="zero"),
        r"zero needs a named claimant",
    ),
    # days
    "before the war": (
        replace("events", FIRST_JUNE, "bodies-2021-06-11,bodies,2021-06-11"),
        r"is before the war",
    ),
    "days before the war": (
        replace("events", FIRST_JUNE, "bodies-2022-02-11,bodies,2022-02-11"),
        r"is before the war",
    ),
    "no such day": (
        replace("events", FIRST_JUNE, "bodies-2025-06-11,bodies,2025-02-30"),
        r"is not a day",
    ),
    "event to come": (
        append(
            "events",
            event_id="bodies-2121-07-15",
            kind="bodies",
            date="2121-07-15",
            date_precision="day",
            status="took_place",
        ),
        r"events\.csv:\d+: date: is after today",
    ),
    "day stated to come": (claim(stated_date="2121-07-15"), CELL + r"stated_date: is after today"),
    "read in time to come": (
        stretch(read_through="2062-03-11", entered_on="2062-03-11"),
        r"coverage\.csv:\d+: read_through: is after today",
    ),
    "total to come": (
        change("totals", "total-0001", as_of="2121-01-01"),
        r"totals\.csv:2: as_of: is after today",
    ),
    "read before it was": (stretch(entered_on="2023-01-15"), r"entered_on: is before read_through"),
    "read twice": (
        stretch(read_from="2023-06-01", read_through="2023-07-02"),
        r"read_from: overlaps the stretch before",
    ),
    "undated, yet dated": (
        change("sources", "0342-ua-84445d", dated_by="printed"),
        r"sources\.csv:\d+: dated_by: none goes with an undated page",
    ),
    "dated by nothing": (
        change("sources", "0432news-com-ua-e5c71b", dated_by="none"),
        r"sources\.csv:\d+: dated_by: none goes",
    ),
    # text
    "unknown kind": (
        replace("events", FIRST_JUNE, "bodies-2025-06-11,souls,2025-06-11"),
        r"'souls' is none of",
    ),
    "control character": (claim(note="red\x1b[31m"), r"holds a control character"),
    "text turned round": (claim(note="ab\u202ecd"), r"holds a control character"),
    "line broken in two": (claim(note="ab\u2028cd"), r"holds a control character"),
    "zero width": (
        claimant(name="O\u200bdd"),
        r"name: .* holds an invisible character \(U\+200B\)",
    ),
    "soft hyphen": (claim(note="a\u00adb"), r"note: .* holds an invisible character \(U\+00AD\)"),
    "variation": (claim(note="a\ufe0fb"), r"note: .* holds an invisible character \(U\+FE0F\)"),
    "filler": (claim(note="a\u3164b"), r"note: .* holds an invisible character \(U\+3164\)"),
    "tag": (claim(note="a\U000e0041b"), r"note: .* holds an invisible character \(U\+E0041\)"),
    "space that is none": (
        claim(note="a\u00a0b"),
        r"note: .* holds an invisible character \(U\+00A0\)",
    ),
    "bytes lost": (claim(note="a\ufffdb"), r"note: .* holds an invisible character \(U\+FFFD\)"),
    "markup in a name": (claimant(name="<b>Odd</b>"), r"name: .* holds markup"),
    "a link in a name": (claimant(name="[Odd](http://x.org)"), r"name: .* holds markup"),
    "formula in a name": (claimant(name="=1+1"), r"name: .* could be read as a formula"),
    "markup in mediators": (agreement(mediators="UAE;<b>ICRC</b>"), r"mediators: .* holds markup"),
    "formula in mediators": (
        agreement(mediators="UAE;=1+1"),
        r"mediators: .* could be read as a formula",
    ),
    "space at the end": (claimant(name="Odd "), r"has a space at its end"),
    "cell without end": (claim(note="x" * 5000), r"note: is longer than 4000 characters"),
    # addresses and publishers
    "script address": (
        append("sources", source_id="odd", url="javascript:alert(1)", publisher="P"),
        r"url: .* form of this column",
    ),
    "click id": (page("https://a.example/x?a=1&fbclid=AbC"), r"url: .* carries a click id"),
    "click id excluded": (
        change("excluded", "excluded-0001", url="https://a.example/?UTM_source=x"),
        r"excluded\.csv:2: url: .* carries a click id",
    ),
    "one host, two spellings": (
        page("https://www.tass.com/example/2", "Tass"),
        r"publisher: 'Tass' is spelt 'TASS' on tass.com",
    ),
    "mobile host": (
        page("https://m.tass.com/example/2", "Tass agency"),
        r"'Tass agency' is spelt 'TASS' on tass.com",
    ),
    "one name, two cases": (
        page("https://elsewhere.example/2", "tass"),
        r"publisher: 'tass' is spelt 'TASS' elsewhere",
    ),
    # corrections
    "correction of nothing": (
        claim(**WHOLE, corrects="nowhere"),
        r"corrects: 'nowhere' is not in claims",
    ),
    "correction of another": (
        claim(corrects=f"{JUNE}.total"),
        r"corrects: .* has another part: a claimant corrects",
    ),
    "correction of itself": (
        claim(**WHOLE, corrects=f"{JUNE}.total~9"),
        r"corrects: .* leads back to this claim",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_is_named_and_refused(fault: str, folder: Path) -> None:
    mutate, expected = BROKEN[fault]
    mutate(folder)
    _, _, problems = files.inspect(folder, warnings=False)
    lines = [str(p) for p in problems if p.level == "error"]
    assert any(re.search(expected, x) for x in lines), lines[:9]
    assert all(LINE.match(x) and "\x1b" not in x for x in lines)
    assert len(lines) < 60, "one fault, few lines"


def test_a_claim_of_one_end_is_told_once(folder: Path) -> None:
    BROKEN["one end"][0](folder)
    _, _, problems = files.inspect(folder, warnings=False)
    assert [p.reason for p in problems if p.level == "error" and p.column == "count_low"] == [
        "count_low and count_high are both given, or neither"
    ]


def test_a_bad_record_ends_in_exit_1(folder: Path) -> None:
    mutate, expected = BROKEN["fractional count"]
    mutate(folder)
    result = CliRunner().invoke(app, ["check", str(folder)])
    assert result.exit_code == 1 and re.search(expected, result.output)


def test_a_page_from_before_its_event_is_refused(folder: Path) -> None:
    cited = rp.load(folder).citations(event_id="bodies-2025-06-16").dropna(subset="published_on")
    change("sources", cited["source_id"].iloc[0], published_on="2025-01-01")(folder)
    with pytest.raises(rp.RecordError, match="was published before the event took place"):
        rp.load(folder)


def test_the_first_page_of_the_first_claim_is_no_sooner_than_its_event_either(
    tmp_path: Path,
) -> None:
    ident = "bodies-2025-01-10"
    told = dict(event_id=ident, claimant_id="kyiv", direction="to_ukraine", n=9, on="2025-01-09")
    with pytest.raises(rp.RecordError) as e:
        rp.load(write(tmp_path / "r", small([(ident, ident[7:])], [told])))
    page = source_id("https://example.org/0")
    reason = f"citations.csv:2: source_id: '{page}' was published before the event took place"
    assert str(e.value) == reason


@pytest.mark.parametrize(
    ("status", "statement", "sound"),
    [
        ("cancelled", "planned", True),
        ("cancelled", "", False),
        ("took_place", "planned", False),
    ],
)
def test_an_event_of_which_nobody_claims_anything_was_planned_and_cancelled(
    tmp_path: Path, status: str, statement: str, sound: bool
) -> None:
    ident, plan = "bodies-2025-01-10", "bodies-2025-01-17"
    rows = small(
        [(ident, ident[7:]), (plan, plan[7:])],
        [dict(event_id=ident, claimant_id="kyiv", direction="to_ukraine", n=9)],
    )
    rows["events"][1]["status"] = status
    if statement:
        about = {"event_id": plan, "planned_for": plan[7:], "claimant_id": "kyiv"}
        said = {"schedule_id": "schedule-0001", "kind": "bodies", "statement": statement}
        rows["schedules"] = [about | said]
        rows["mentions"] = [{"row_id": "schedule-0001", "source_id": "s0"}]
    _, _, problems = files.inspect(write(tmp_path / "r", rows), warnings=False)
    told = [f"events.csv:3: event_id: '{plan}' has no claim"]
    assert [str(p) for p in problems] == ([] if sound else told)


@pytest.mark.parametrize(("begin", "sound"), [("2025-01-31", False), ("2025-02-01", True)])
def test_a_stretch_begins_after_the_one_before_it(tmp_path: Path, begin: str, sound: bool) -> None:
    row = {"kind": "bodies", "side": "russia", "density": "dense"}
    first = row | {"read_from": "2025-01-01", "read_through": "2025-01-31"}
    then = row | {"read_from": begin, "read_through": "2025-02-28"}
    cut = write(tmp_path / "r", small([], [], coverage=[first, then]))
    _, _, problems = files.inspect(cut, warnings=False)
    told = ["coverage.csv:3: read_from: overlaps the stretch before it"]
    assert [str(p) for p in problems] == ([] if sound else told)


def test_a_wrong_header_says_what_is_missing_and_what_is_unknown(folder: Path) -> None:
    replace("events", ",status,", ",state,")(folder)
    _, _, problems = files.inspect(folder, warnings=False)
    told = "events.csv:1: column status is missing; column 'state' is unknown"
    assert [str(p) for p in problems] == [told]


def test_a_quote_in_a_quoted_cell_is_read_as_one(folder: Path) -> None:
    claimant(name='Odd "Nick" Man')(folder)
    assert '"Odd ""Nick"" Man"' in (folder / "claimants.csv").read_text("utf-8")
    tables, _, problems = files.inspect(folder, warnings=False)
    assert problems == [] and tables["claimants"]["name"].iloc[-1] == 'Odd "Nick" Man'


def test_an_odd_cell_is_told_only_what_is_odd_in_it() -> None:
    assert checks._unseen("é\u200b") == ["holds an invisible character (U+200B)"]
    assert checks._unseen("7 \u0667") == ["holds a digit of another script (U+0667)"]
    assert checks._unseen("\u1810") == ["holds a digit of another script (U+1810)"]
    assert checks._unseen("a\ufe0f\ufe10") == ["holds an invisible character (U+FE0F)"]
    assert checks._unseen("a\u00a0b ") == [
        "holds an invisible character (U+00A0)",
        "has a space at its end",
    ]


def test_all_faults_are_reported_at_once(folder: Path) -> None:
    for fault in ("fractional count", "duplicate id", "markup in a name"):
        BROKEN[fault][0](folder)
    _, _, problems = files.inspect(folder)
    assert {p.file for p in problems if p.level == "error"} == {"claims.csv", "claimants.csv"}


def test_every_unclosed_quote_is_reported_where_it_opens(folder: Path) -> None:
    lines = (folder / "totals.csv").read_text("utf-8").splitlines()
    lines[10] = '"' + lines[10]
    lines[200] += '"x'
    (folder / "totals.csv").write_text("\n".join(lines) + "\n", "utf-8")
    _, _, problems = files.inspect(folder)
    assert [p.line for p in problems] == [11, 201]


def test_a_row_too_short_is_told_beside_an_unclosed_quote(folder: Path) -> None:
    lines = (folder / "totals.csv").read_text("utf-8").splitlines()
    lines[10] = '"' + lines[10]
    lines[20] = "total-0020,bodies"
    (folder / "totals.csv").write_text("\n".join(lines) + "\n", "utf-8")
    told = [(p.line, p.reason.split(",")[0]) for p in files.inspect(folder)[2]]
    assert told == [(11, "a quote is opened and not closed on this line"), (21, "2 fields")]


def test_a_record_too_large_is_refused_before_it_is_read(
    folder: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    limit = tmp_path / "memory.max"  # as a container has it
    limit.write_text(f"{4 << 20}\n")
    with monkeypatch.context() as patched:
        patched.setattr(files, "LIMITS", (str(tmp_path / "none"), str(limit)))
        told = {str(p) for p in files.inspect(folder)[2]}
        assert any(t.endswith("hold 1 MiB together, for the memory that is free") for t in told)
        limit.write_text("max\n")
        assert files.inspect(folder, warnings=False)[2] == []
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    _, _, problems = files.inspect(folder)
    assert any(
        str(p).endswith("is too large: the tables of a record may hold 1 MiB together")
        for p in problems
    )

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(files, "parse", full)
    assert "does not fit into this machine's memory" in str(files.inspect(folder)[2][0])


def test_what_day_it_is_can_be_said(record: Any) -> None:
    tables, _, problems = files.inspect(warnings=False, today="2024-01-01")
    late = {p.file for p in problems if "is after today (2024-01-01)" in p.reason}
    assert {"events.csv", "coverage.csv", "totals.csv"} <= late
    with pytest.raises(rp.RecordError, match="is after today"):
        rp.load(today="2024-01-01")
    month = tables["totals"]["as_of_precision"] == "month"
    first = relations.first_day_of(tables["totals"]["as_of"], tables["totals"]["as_of_precision"])
    assert (first[month].dt.day == 1).all(), "a month that has begun is not after today"


def test_a_correction_is_known_no_sooner_and_only_once(tmp_path: Path) -> None:
    ident = "bodies-2025-01-10"
    told = dict(event_id=ident, claimant_id="kyiv", direction="to_ukraine")
    later = dict(told, n=9, on="2025-02-02", corrects="c0")
    for claims, expected in (
        (
            [dict(told, n=7, on="2025-03-01"), later],
            "corrects: .* became known later, on 2025-03-01",
        ),
        (
            [dict(told, n=7), later, dict(later, n=10)],
            r"corrects: .* is corrected twice: name the correction",
        ),
        ([dict(told, n=7, corrects="c1"), later], r"corrects: .* leads back to this claim"),
        ([dict(told, n=7, claimant_id="moscow"), later], r"corrects: .* has another claimant_id"),
    ):
        with pytest.raises(rp.RecordError, match=expected):
            rp.load(write(tmp_path / "r", small([(ident, ident[7:])], claims)))
    chain = [dict(told, n=7), later, dict(later, n=10, on="2025-03-03", corrects="c1")]
    assert rp.load(write(tmp_path / "r", small([(ident, ident[7:])], chain))).events()[
        "to_ukraine"
    ].tolist() == [10]


def test_the_real_record_is_sound() -> None:
    _, _, problems = files.inspect()
    assert [str(p) for p in problems if p.level == "error"] == []


def test_a_cell_in_an_error_line_cannot_act() -> None:
    assert checks.shown("a\x1b]0;x\x07\u202eb\n") == r"'a\x1b]0;x\x07\u202eb\n'"
    assert checks.shown("x" * 60) == f"'{'x' * 60}'"
    assert checks.shown("x" * 61) == f"'{'x' * 60}…'"


def test_a_folder_that_is_none() -> None:
    with pytest.raises(rp.RecordError, match="is not a folder"):
        rp.load("/nowhere/at/all")


CELLS = st.lists(st.text(st.sampled_from("a~ \x7f\t\n\x00é\u200b٣-"), max_size=4), max_size=6)


@given(CELLS, st.integers(0, 3))
def test_a_look_at_the_bytes_clears_what_a_look_at_each_cell_clears(
    cells: list[str], start: int
) -> None:
    """And never more: whatever it does not clear is looked at cell by cell."""
    array = pa.array(cells, pa.large_string())
    for column in (array[start:], pa.chunked_array([array[:start], array[start:]])):
        held = column.to_pylist()
        printed = all(c.isascii() and c.isprintable() for c in held)
        assert checks._printed(column) == (printed and all(c == c.strip() for c in held))


def test_a_cell_that_is_too_long_is_looked_at() -> None:
    long = pa.array(["x" * (checks.MAX_CELL + 1)], pa.large_string())
    assert not checks._printed(long) and checks._printed(long[:0])
    assert checks._printed(pa.array(["x" * checks.MAX_CELL], pa.large_string()))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=6))
def test_a_row_is_repeated_if_an_earlier_one_is_the_same(rows: list[tuple[str, str]]) -> None:
    table = pd.DataFrame(rows, columns=["a", "b"], dtype="str")
    expected = [row in rows[:i] for i, row in enumerate(rows)]
    assert checks.repeated(table).tolist() == expected
