"""Seeded mutations of the real record: nothing ends in a traceback or a hang, and no number moves unsaid.

The quick part runs with every test run; `pytest -m slow tests/record/test_fuzz.py` runs ten times as many.
"""

from __future__ import annotations

import csv
import io
import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import pytest

from repatria.record import checks, files
from repatria.record.fingerprint import ROOT
from repatria.record.schema import TABLES
from repatria.record.view import Record

BASE = {name: (ROOT / "data" / f"{name}.csv").read_bytes() for name in TABLES}
ROWS = {name: list(csv.reader(io.StringIO(raw.decode(), newline=""))) for name, raw in BASE.items()}
LINE = re.compile(r"^[a-z]+\.csv(:\d+)?: [ -~…–’·]+$")
PER_TEST = 25
Mutation = Callable[[random.Random], tuple[str, bytes]]

# --- mutations: each returns a table's name and its new bytes -------------------------------------------------


def text_of(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def with_cell(name: str, row: int, column: int, value: str) -> tuple[str, bytes]:
    rows = list(ROWS[name])
    rows[row] = [value if i == column else c for i, c in enumerate(rows[row])]
    return name, text_of(rows)


def pick(rng: random.Random, fits: Callable[[Any, str], bool]) -> tuple[str, int, int, str]:
    """Return table, row, column and text of a random cell whose field and text fit."""
    while True:
        name = rng.choice(list(TABLES))
        column = rng.randrange(len(TABLES[name].fields))
        row = rng.randrange(1, len(ROWS[name]))
        cell = ROWS[name][row][column]
        if fits(TABLES[name].fields[column], cell):
            return name, row, column, cell


JUNK = {
    "integer": [
        "1.5",
        "-3",
        "ten",
        "1,000",
        "1 000",
        "1e3",
        "0x10",
        " 7",
        "７",
        "1_0",
        "∞",
        "NaN",
        "9" * 40,
    ],
    "date": [
        "2025-13-01",
        "01.06.2025",
        "2025-6-1",
        "2025-02-30",
        "20250601",
        "yesterday",
        "2021-01-01",
        "0000-00-00",
    ],
    "enum": ["unknown", "Bodies", "yes ", "—"],
    "id": ["Bad ID", "a b", "ü", "../x", "x" * 5000],
    "text": [
        "a\tb",
        "a\x1b[31mb",
        " a",
        "a ",
        "a\u2028b",
        "<script>x</script>",
        "[x](javascript:x)",
        "=1+1",
        "a\u202eb",
        "a\x7fb",
    ],
}


def junk(rng: random.Random) -> tuple[str, bytes]:
    name, row, column, _ = pick(rng, lambda f, cell: cell != "" and not f.free_text)
    f = TABLES[name].fields[column]
    kind = (
        "enum"
        if f.enum
        else f.type
        if f.type in JUNK
        else "id"
        if f.pattern and ";" not in f.pattern
        else "text"
    )
    return with_cell(name, row, column, rng.choice(JUNK[kind]))


def emptied(rng: random.Random) -> tuple[str, bytes]:
    name, row, column, _ = pick(rng, lambda f, cell: f.required and cell != "")
    return with_cell(name, row, column, "")


def ragged(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(list(TABLES))
    rows = list(ROWS[name])
    i = rng.randrange(1, len(rows))
    j = rng.randrange(len(rows[i]))
    rows[i] = rng.choice([rows[i][:j] + rows[i][j + 1 :], [*rows[i][:j], "x", *rows[i][j:]], []])
    return name, text_of(rows)


def quoted(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(list(TABLES))
    raw = BASE[name]
    at = rng.randrange(len(raw))
    return name, raw[:at] + b'"' + raw[at:]


def cut(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(list(TABLES))
    return name, BASE[name][: rng.randrange(len(BASE[name]) - 1)]


def cut_between_lines(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(list(TABLES))
    return name, text_of(ROWS[name][: rng.randrange(1, len(ROWS[name]))])


def twice(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(list(TABLES))
    rows = list(ROWS[name])
    i = rng.randrange(1, len(rows))
    return name, text_of([*rows[:i], rows[i], *rows[i:]])


def spoilt(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(list(TABLES))
    raw = BASE[name]
    at = rng.randrange(len(raw))
    piece = rng.choice([b"\xff", b"\0", b"\xc3", b"\xef\xbb\xbf", b"\r", b"\x0b", b"\n\n"])
    if piece == b"\r" and raw[at : at + 1] == b"\n":
        at -= 1  # before a line's end it would only make the line end as on Windows
    return name, raw[:at] + piece + raw[at:]


def header(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(list(TABLES))
    head, rest = ROWS[name][0], ROWS[name][1:]
    i = rng.randrange(len(head))
    other = rng.choice(
        [head[:i] + head[i + 1 :], [*head[:i], "odd", *head[i + 1 :]], head[::-1], [], ['"', *head]]
    )
    return name, text_of([other, *rest])


def swapped_ends(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(["claims", "pledges", "context"])
    low = next(i for i, f in enumerate(TABLES[name].fields) if f.name.endswith("_low"))
    row = rng.choice([i for i, r in enumerate(ROWS[name]) if i and r[low] not in ("", "0")])
    return with_cell(name, row, low, rng.choice(["", str(int(ROWS[name][row][low + 1] or 0) + 1)]))


def another_row(rng: random.Random) -> tuple[str, bytes]:
    """Contradict an id: another event, direction, claimant, part, address, kind or day."""
    name, columns = rng.choice(
        [
            ("claims", ("event_id", "claimant_id", "direction", "part")),
            ("sources", ("url",)),
            ("events", ("kind", "date")),
        ]
    )
    column = TABLES[name].columns.index(rng.choice(columns))
    while True:
        row, other = (rng.randrange(1, len(ROWS[name])) for _ in range(2))
        if (cell := ROWS[name][other][column]) != ROWS[name][row][column] and ROWS[name][row][
            column
        ]:
            return with_cell(name, row, column, cell)


def to_come(rng: random.Random) -> tuple[str, bytes]:
    past = {
        "events": ("date",),
        "coverage": ("read_from", "read_through", "entered_on"),
        "totals": ("as_of", "since"),
    }
    past |= {"claims": ("stated_date",), "context": ("as_of",), "agreements": ("agreed_on",)}
    name, row, column, cell = pick(rng, lambda f, cell: f.type == "date" and cell != "")
    while TABLES[name].columns[column] not in past.get(name, ()):
        name, row, column, cell = pick(rng, lambda f, cell: f.type == "date" and cell != "")
    return with_cell(name, row, column, str(int(cell[:4]) + rng.choice([10, 100, 900])) + cell[4:])


def late_page(rng: random.Random) -> tuple[str, bytes]:
    name, row, column, cell = pick(rng, lambda f, cell: f.name == "published_on" and cell != "")
    return with_cell(name, row, column, str(int(cell[:4]) + 30) + cell[4:-2] + "15")


UNSEEN = "\u200b\u200d\u2060\ufeff\u00ad\u034f\u115f\u180e\u3164\ufe0f\ufffd\u00a0\u2009\u202f\u200f\U000e0061\u061c"


def unseen(rng: random.Random) -> tuple[str, bytes]:
    name, row, column, cell = pick(rng, lambda f, cell: cell != "")
    at = rng.randrange(len(cell) + 1)
    return with_cell(name, row, column, cell[:at] + rng.choice(UNSEEN) + cell[at:])


def zeros(rng: random.Random) -> tuple[str, bytes]:
    name, row, column, cell = pick(rng, lambda f, cell: f.type == "integer" and cell != "")
    return with_cell(name, row, column, "0" * rng.randrange(1, 4) + cell)


def other_digits(rng: random.Random) -> tuple[str, bytes]:
    name, row, column, cell = pick(rng, lambda f, cell: any(c.isdigit() for c in cell))
    zero = rng.choice([0x660, 0x966, 0xFF10, 0x1D7CE])
    at = rng.choice([i for i, c in enumerate(cell) if c.isdigit()])
    return with_cell(name, row, column, cell[:at] + chr(zero + int(cell[at])) + cell[at + 1 :])


def byte(rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(list(TABLES))
    raw = BASE[name]
    at = rng.randrange(len(raw))
    return name, rng.choice(
        [raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :], raw[:at] + raw[at + 1 :]]
    )


# What can never be right: refused. What cannot be told from a sound record is said, or moves nothing.
REFUSED: tuple[Mutation, ...] = (
    junk,
    emptied,
    ragged,
    quoted,
    cut,
    twice,
    header,
    swapped_ends,
    another_row,
    to_come,
    unseen,
    zeros,
    other_digits,
    spoilt,
)
SAID: tuple[Mutation, ...] = (cut_between_lines, late_page)
ANY: tuple[Mutation, ...] = (byte,)

# --- the machine ----------------------------------------------------------------------------------------------


def numbers(record: Record) -> dict[str, Any]:
    """Return every number that a reader could be told."""
    estimates = record.estimates().sort_values(["event_id", "direction"])
    out: dict[str, Any] = {
        "estimates": estimates[["event_id", "direction", "best", "low", "high"]].to_csv(index=False)
    }
    out |= {k: str(record.searched_through(k)) for k in ("bodies", "prisoners", "civilians")}
    for name in ("totals", "pledges", "schedules", "context"):
        out[name] = record.tables[name].to_csv(index=False)
    return out | {"last": str(record.last_day)}


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Machine:
    """Loads mutations in this process; tables that did not change are read and typed once."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch):
        self.folder = folder
        found = checks.Findings()
        text = {name: files.parse(name, raw, found) for name, raw in BASE.items()}
        typed = {name: checks.typed(found, name, frame) for name, frame in text.items()}
        assert not found.errors
        parse, check = files.parse, checks.typed
        patch.setattr(
            files, "parse", lambda n, raw, f: text[n] if raw == BASE[n] else parse(n, raw, f)
        )
        patch.setattr(checks, "typed", lambda f, n, t: typed[n] if t is text[n] else check(f, n, t))
        for name, raw in BASE.items():
            (folder / f"{name}.csv").write_bytes(raw)
        self.before = numbers(Record(MappingProxyType(typed), ""))
        self.warned = {(p.file, p.column, p.reason) for p in files.inspect(folder)[2]}

    def run(self, name: str, raw: bytes) -> tuple[str, list[str]]:
        """Return what became of a table's new bytes (refused, warned, same, moved) and the lines said."""
        path = self.folder / f"{name}.csv"
        path.write_bytes(raw)
        try:
            with at_most(30):
                tables, _, problems = files.inspect(self.folder, warnings=False)
                lines = [str(p) for p in problems]
                if lines:
                    return "refused", lines
                after = numbers(Record(MappingProxyType(tables), ""))
                problems = files.inspect(self.folder)[2]
        finally:
            path.write_bytes(BASE[name])
        new = [str(p) for p in problems if (p.file, p.column, p.reason) not in self.warned]
        return ("warned" if new else "same" if after == self.before else "moved"), new


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with pytest.MonkeyPatch.context() as patch:
        yield Machine(tmp_path_factory.mktemp("fuzz"), patch)


def tried(machine: Machine, seed: int) -> None:
    rng = random.Random(seed)
    for n in range(PER_TEST):
        mutation = rng.choice((*REFUSED, *SAID, *ANY))
        name, raw = mutation(rng)
        told = f"seed {seed}, number {n}: {mutation.__name__} of {name}.csv"
        if raw == BASE[name]:
            continue
        try:
            outcome, lines = machine.run(name, raw)
        except Exception as e:
            raise AssertionError(f"{told}: {type(e).__name__}: {e}") from e
        assert all(LINE.match(x) for x in lines), (told, lines[:3])
        if mutation in REFUSED:
            assert outcome == "refused", (told, outcome, lines[:3])
        elif mutation in SAID:
            assert outcome != "moved", (told, lines[:3])


@pytest.mark.parametrize("seed", range(6))
def test_mutations(machine: Machine, seed: int) -> None:
    tried(machine, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_many_mutations(machine: Machine, seed: int) -> None:
    tried(machine, seed)


def test_every_mutation_is_drawn_and_repeats(machine: Machine) -> None:
    for mutation in (*REFUSED, *SAID, *ANY):
        one, two = mutation(random.Random(7)), mutation(random.Random(7))
        assert one == two and one[0] in TABLES
    assert isinstance(machine.before["estimates"], str) and pd.notna(machine.before["last"])
