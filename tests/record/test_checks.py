"""A bad record gives one clear line per fault, an exit code of 1, and never a report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import repatria as rp
from repatria.cli import app
from repatria.record import checks
from repatria.record import view as record

LINE = re.compile(r"^[a-z]+\.csv(:\d+)?: ")


def replace(table: str, old: str, new: str, count: int = 1) -> Callable[[Path], None]:
    """Return a mutation that replaces the first occurrence of a text in a table."""

    def mutate(folder: Path) -> None:
        path = folder / f"{table}.csv"
        text = path.read_text("utf-8")
        assert old in text, f"{old!r} is not in {table}.csv: the mutation would test nothing"
        path.write_text(text.replace(old, new, count), "utf-8")

    return mutate


def append(table: str, line: str) -> Callable[[Path], None]:
    def mutate(folder: Path) -> None:
        with open(folder / f"{table}.csv", "a", encoding="utf-8") as f:
            f.write(line + "\n")

    return mutate


def raw(table: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def mutate(folder: Path) -> None:
        path = folder / f"{table}.csv"
        path.write_bytes(change(path.read_bytes()))

    return mutate


def claim(**values: str) -> str:
    """Return a line of claims.csv that is sound but for what `values` say."""
    row = {
        "claim_id": "broken", "event_id": "bodies-2025-06-11", "claimant_id": "vladimir-medinsky",
        "direction": "to_russia", "part": "sailors", "role": "subset", "count_low": "1", "count_high": "1",
        "qualifier": "exact", "absence": "", "stated_date": "", "note": "", **values,
    }  # fmt: skip
    return ",".join(row.values())


def cited(line: str) -> Callable[[Path], None]:
    """Return a mutation that adds a claim together with a page for it."""

    def mutate(folder: Path) -> None:
        append("claims", line)(folder)
        first = (folder / "citations.csv").read_text("utf-8").splitlines()
        page = next(x for x in first if x.startswith("bodies-2025-06-11.to_russia.vladimir-medinsky.total,"))
        append("citations", f"{line.partition(',')[0]},{page.split(',')[1]},stated")(folder)

    return mutate


FIRST_JUNE = "bodies-2025-06-11,bodies,2025-06-11"
BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "not UTF-8": (raw("events", lambda b: b.replace(b"bodies", b"bod\xff", 1)), r"events\.csv:\d+: is not UTF-8 \(byte 0xff\)"),
    "byte-order mark": (raw("events", lambda b: b"\xef\xbb\xbf" + b), r"events\.csv:1: column event_id is missing"),
    "null character": (raw("claims", lambda b: b + b"\0\n"), r"claims\.csv:\d+: holds a null character"),
    "file gone": (lambda f: (f / "claims.csv").unlink(), r"claims\.csv: cannot be read"),
    "missing column": (replace("events", ",status,", ",state,"), r"events\.csv:1: column status is missing"),
    "row too short": (append("events", "bodies-2025-01-01,bodies"), r"events\.csv:\d+: 2 fields"),
    "empty line": (append("sources", ""), r"sources\.csv:\d+: is an empty line"),
    "quote not closed": (append("sources", '"open,,,,,,'), r"sources\.csv"),
    "unknown event": (cited(claim(event_id="bodies-2025-06-12")), r"claims\.csv:\d+: event_id: .* is not in events"),
    "unknown claimant": (cited(claim(claimant_id="nobody")), r"claims\.csv:\d+: claimant_id: 'nobody' is not in"),
    "unknown source": (append("citations", "bodies-2025-06-11.to_russia.vladimir-medinsky.total,nowhere,stated"),
                       r"citations\.csv:\d+: source_id: 'nowhere' is not in sources"),
    "duplicate id": (append("claimants", "press,Press,Again,third,no"), r"claimants\.csv:\d+: claimant_id: .* twice"),
    "same claim again": (cited(claim(part="total", role="whole", count_low="27", count_high="27")),
                         r"claims\.csv:\d+: claim_id: 'broken' says the same"),
    "fractional count": (cited(claim(count_low="1.5")), r"claims\.csv:\d+: count_low: '1.5' is not a whole number"),
    "negative count": (cited(claim(count_low="-3")), r"claims\.csv:\d+: count_low: '-3' is negative"),
    "count in words": (cited(claim(count_low="ten")), r"claims\.csv:\d+: count_low: 'ten' is not a number"),
    "count absurd": (cited(claim(count_low="900000000", count_high="900000000")), r"out of all proportion"),
    "low above high": (cited(claim(count_low="9", count_high="2")), r"claims\.csv:\d+: count_low: is larger"),
    "part above total": (cited(claim(count_low="28", count_high="28")), r"a part is larger than its total"),
    "count and withheld": (cited(claim(absence="withheld")), r"'withheld' goes without a count"),
    "no count, no absence": (cited(claim(count_low="", count_high="")), r"no count and no absence"),
    "zero unsaid": (cited(claim(count_low="0", count_high="0")), r"a count of 0 is said as absence zero"),
    "zero up to five": (cited(claim(count_low="0", count_high="5", absence="zero")), r"zero goes with a count of 0"),
    "zero or more": (cited(claim(count_low="0", count_high="0", absence="zero", qualifier="more_than")),
                     r"absence: zero goes with a count of 0, exactly worded"),
    "zero without a claimant": (
        cited(claim(claimant_id="press", part="total", role="whole", count_low="0", count_high="0", absence="zero")),
        r"zero needs a named claimant"),
    "before the war": (replace("events", FIRST_JUNE, "bodies-2021-06-11,bodies,2021-06-11"), r"is before the war"),
    "no such day": (replace("events", FIRST_JUNE, "bodies-2025-06-11,bodies,2025-02-30"), r"is not a day"),
    "id against date": (replace("events", FIRST_JUNE, "bodies-2025-06-11,bodies,2025-06-10"),
                        r"does not say its kind and date"),
    "id used elsewhere renamed": (replace("events", FIRST_JUNE, "bodies-2025-06-11-b,bodies,2025-06-11"), r"is not in"),
    "unknown kind": (replace("events", FIRST_JUNE, "bodies-2025-06-11,souls,2025-06-11"), r"'souls' is none of"),
    "control character": (cited(claim(note="red\x1b[31m")), r"holds a control character"),
    "text turned round": (cited(claim(note="ab\u202ecd")), r"holds a control character"),
    "line broken in two": (cited(claim(note="ab\u2028cd")), r"holds a control character"),
    "markup in a name": (append("claimants", "odd,<b>Odd</b>,Office,third,no"), r"name: .* holds markup"),
    "formula in a name": (append("claimants", "odd,=1+1,Office,third,no"), r"name: .* could be read as a formula"),
    "script address": (append("sources", "odd,javascript:alert(1),P,,en,press,"), r"url: .* form of this column"),
    "claim without a page": (append("claims", claim()), r"claims\.csv:\d+: claim_id: 'broken' has no page"),
    "page without a claim": (append("sources", "odd,https://example.org/a,P,,en,press,"), r"carries nothing"),
    "space at the end": (append("claimants", "odd,Odd ,Office,third,no"), r"has a space at its end"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_is_named_and_refused(fault: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPATRIA_DATA", "")  # put back whatever the command sets
    mutate, expected = BROKEN[fault]
    mutate(folder)
    result = CliRunner().invoke(app, ["check", str(folder), "--no-warnings"])
    assert result.exit_code == 1
    lines = result.output.splitlines()[:-1]
    assert any(re.search(expected, line) for line in lines), result.output
    assert all(LINE.match(line) for line in lines), result.output
    assert "\x1b" not in result.output
    out = folder.parent / "reports"
    refused = CliRunner().invoke(app, ["report", "--data", str(folder), "--out", str(out)])
    assert refused.exit_code == 1 and not out.exists(), "no report is begun on a bad record"
    assert any(re.search(expected, line) for line in refused.output.splitlines())


def test_a_page_from_before_its_event_is_refused(folder: Path) -> None:
    path = folder / "sources.csv"
    lines = path.read_text("utf-8").splitlines()
    page = next(
        r["source_id"] for r in rp.load(folder).citations(event_id="bodies-2025-06-16").to_dict("records") if r["url"]
    )
    out = [
        re.sub(r",(\d{4}-\d{2}-\d{2})?,(\w{2}),(official|agency|press|aggregator)", r",2025-01-01,\2,\3", x)
        if x.startswith(page + ",")
        else x
        for x in lines
    ]
    path.write_text("\n".join(out) + "\n", "utf-8")
    with pytest.raises(rp.RecordError, match="was published before the event took place"):
        rp.load(folder)


def test_all_faults_are_reported_at_once(folder: Path) -> None:
    for fault in ("fractional count", "duplicate id", "markup in a name"):
        BROKEN[fault][0](folder)
    _, _, problems = record.inspect(folder)
    assert {p.file for p in problems if p.level == "error"} == {"claims.csv", "claimants.csv"}


def test_the_real_record_is_sound() -> None:
    _, _, problems = record.inspect()
    assert [str(p) for p in problems if p.level == "error"] == []


def test_a_cell_in_an_error_line_cannot_act() -> None:
    assert checks.shown("a\x1b]0;x\x07\u202eb\n") == r"'a\x1b]0;x\x07\u202eb\n'"
    assert len(checks.shown("x" * 500)) < 80


def test_a_folder_that_is_none() -> None:
    with pytest.raises(rp.RecordError, match="is not a folder"):
        rp.load("/nowhere/at/all")
