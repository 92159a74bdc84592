"""What can be wrong with a record, said as `file:line: column: reason`, and the checks of single
cells.

Text tables come in as the CSV has them (all strings, `""` = empty); typed tables go out. Errors
make a record unusable; warnings say what a curator should look at. All problems are reported at
once. What no single table shows is in `relations`, what is allowed but odd in `oddities`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from repatria.record.schema import LIST_PATTERN, TABLES, WAR_START, Field

__all__ = ["Findings", "Problem", "RecordError", "among", "at", "repeated", "shown", "typed"]

# Cells that want a second look, in one pass (RE2): spaces at an end, control characters,
# bidirectional overrides (they can rewrite a terminal), everything that has no ink, and digits of
# other scripts.
SUSPECT_ASCII = r"^\s|\s$|[\x00-\x1f\x7f]"
SUSPECT = (
    r"^\s|\s$|[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]|[^\P{Zs} ]|[^\P{Nd}0-9]|"
    r"[\x{34f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2065}\x{2800}"
    r"\x{3164}\x{fe00}-\x{fe0f}\x{ffa0}"
    r"\x{fff0}-\x{fffd}\x{e0000}-\x{e0fff}]"
)
# Default-ignorable though of no category that says so; U+FFFD stands for bytes that were lost.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0\ufffd") | {
    chr(c)
    for a, b in ((0x180B, 0x1810), (0xFE00, 0xFE10), (0xFFF0, 0xFFF9), (0xE0000, 0xE1000))
    for c in range(a, b)
}
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MARKUP = r"<[A-Za-z/!?]|\][(:]"  # a tag, or a link or picture of Markdown
FORMULA = r"^[=+@\t\r-]"
FORMULA_IN_LIST = r"(?:^|;)[=+@\t\r-]"
MAX_CELL = 4_000
MAX_COUNT = 10_000_000  # more than anybody has claimed of anything here: a typing slip


@dataclass(frozen=True, order=True)
class Problem:
    """One finding. `line` counts from 1 with the header as line 1; 0 = the file as a whole.

    >>> print(Problem("claims.csv", 7, "count_low", "'ten' is not a number"))
    claims.csv:7: count_low: 'ten' is not a number
    """

    file: str
    line: int
    column: str
    reason: str
    level: str = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        mark = "" if self.level == "error" else f"{self.level}: "
        return (
            f"{place}: {self.column}: {mark}{self.reason}"
            if self.column
            else f"{place}: {mark}{self.reason}"
        )


class RecordError(ValueError):
    """A record with errors. `problems` holds every one of them.

    >>> RecordError([Problem("events.csv", 0, "", "cannot be read")]).problems[0].file
    'events.csv'
    """

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))

    def __reduce__(self) -> tuple[type[RecordError], tuple[list[Problem]]]:
        return RecordError, (self.problems,)


def shown(value: object) -> str:
    r"""Return a cell's text for an error line: escaped and cut, so that it cannot act on a
    terminal.

    >>> print(shown("red\x1b[31m"))
    'red\x1b[31m'
    """
    text = ascii(str(value))[1:-1]
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def at(values: pd.Series, known: pd.Series) -> np.ndarray:
    """Return where in `known` each of `values` first stands, -1 for those that do not (Arrow: fast on text).

    >>> at(pd.Series(["a", "b"]), pd.Series(["b"])).tolist()
    [-1, 0]
    """
    if not len(values):
        return np.zeros(0, dtype="int32")  # and no index of what is known is made
    where = pc.fill_null(pc.index_in(pa.array(values), value_set=pa.array(known)), -1)
    return np.asarray(where.to_numpy(zero_copy_only=False))


def among(values: pd.Series, known: pd.Series) -> np.ndarray:
    """Return which of `values` are in `known` (as `Series.isin`, but in Arrow: ten times faster on
    text).

    >>> among(pd.Series(["a", "b"]), pd.Series(["b"])).tolist()
    [False, True]
    """
    return at(values, known) >= 0


class Findings:
    """Collects problems of a level from boolean masks over tables whose row i stands on line i + 2.

    >>> found = Findings("warning")
    >>> found.add("claims", "note", [False, True], "is odd")
    >>> [str(p) for p in found.problems], found.errors
    (['claims.csv:3: note: warning: is odd'], [])
    """

    def __init__(self, level: str = "error", problems: list[Problem] | None = None) -> None:
        self.level = level
        self.problems: list[Problem] = [] if problems is None else problems  # may be shared

    def add(
        self,
        table: str,
        column: str,
        bad: pd.Series | np.ndarray | list[bool],
        reason: str,
        values: pd.Series | None = None,
    ) -> None:
        """Add one problem per true element of `bad`; `{}` in `reason` takes the cell's text."""
        for i in np.flatnonzero(np.asarray(bad, dtype=bool)):
            text = reason.format(shown(values.iloc[i])) if values is not None else reason
            self.line(table, int(i) + 2, text, column)

    def line(self, table: str, line: int, reason: str, column: str = "") -> None:
        """Add one problem of a line; line 0 is the file as a whole."""
        self.problems.append(Problem(f"{table}.csv", int(line), column, reason, self.level))

    @property
    def errors(self) -> list[Problem]:
        """The problems that make a record unusable, sorted."""
        return sorted(p for p in self.problems if p.level == "error")


def typed(found: Findings, name: str, text: pd.DataFrame) -> pd.DataFrame:
    """Check a table of text cell by cell and return it typed (string, category, Int64,
    datetime64[s]).
    """
    table = TABLES[name]
    columns = {}
    for f in table.fields:
        s = text[f.name]
        arrow = pa.array(s)
        _ink(found, name, f.name, s, arrow)
        empty = _mask(pc.equal(arrow, ""))
        if f.required and empty.any():
            found.add(name, f.name, empty, "is required")
        check = _enum if f.enum else {"integer": _integer, "date": _date}.get(f.type, _text)
        columns[f.name] = check(found, name, f, s, arrow, empty)
    again = repeated(text[list(table.key)])
    found.add(name, table.key[0], again, "{} is there twice", text[table.key[0]])
    return pd.DataFrame(columns)


def repeated(text: pd.DataFrame) -> np.ndarray:
    """Return which rows stand further up as well (as `DataFrame.duplicated`, but fast where no cell of a column does).

    >>> repeated(pd.DataFrame({"a": ["x", "y", "x"]})).tolist()
    [False, False, True]
    """
    if any(pc.count_distinct(pa.array(text[k])).as_py() == len(text) for k in text):
        return np.zeros(len(text), dtype=bool)
    return np.asarray(text.duplicated())


def _mask(values: pa.Array) -> np.ndarray:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)


def _ink(found: Findings, table: str, column: str, s: pd.Series, arrow: pa.Array) -> None:
    """Check that what is in a column can be seen, and is not too long."""
    if _printed(arrow):
        return
    plain = pc.all(pc.string_is_ascii(arrow)).as_py()
    suspect = pc.match_substring_regex(arrow, SUSPECT_ASCII if plain else SUSPECT)
    if not pc.any(suspect).as_py() and (pc.max(pc.binary_length(arrow)).as_py() or 0) <= MAX_CELL:
        return  # one pass clears a sound column
    for i in np.flatnonzero(_mask(suspect)):
        for reason in _unseen(str(s.iloc[i])):
            found.line(table, int(i) + 2, f"{shown(s.iloc[i])} {reason}", column)
    long = _mask(pc.greater(pc.utf8_length(arrow), MAX_CELL))
    found.add(table, column, long, f"is longer than {MAX_CELL} characters")


def _printed(arrow: pa.Array | pa.ChunkedArray) -> bool:
    """Return whether a column is short cells of printed ASCII, no space at an end: all bytes are looked at together."""
    if not pa.types.is_large_string(arrow.type):
        return False
    for part in arrow.chunks if isinstance(arrow, pa.ChunkedArray) else [arrow]:
        _, ends, held = part.buffers()
        if held is None or not len(part):
            continue  # every cell is empty
        ends = np.frombuffer(ends, "int64")[part.offset : part.offset + len(part) + 1]
        cells = np.frombuffer(held, "uint8")[: ends[-1]]
        if (cells[ends[0] :] - np.uint8(0x20) > 0x7E - 0x20).any() or np.diff(
            ends
        ).max() > MAX_CELL:
            return False
        filled = ends[1:] > ends[:-1]
        first, last = ends[:-1][filled], ends[1:][filled] - 1
        if (cells[first] == 0x20).any() or (cells[last] == 0x20).any():
            return False
    return True


def _unseen(cell: str) -> list[str]:
    """Return what is wrong with the characters of a cell, one reason a kind."""
    out = {}
    for c in cell:
        category = unicodedata.category(c)
        if category in ("Cc", "Zl", "Zp") or c in BIDI:
            out["control"] = "holds a control character"
        elif category in ("Cf", "Co", "Cs") or c in BLANK or (category == "Zs" and c != " "):
            out["blank"] = f"holds an invisible character (U+{ord(c):04X})"
        elif category == "Nd" and not c.isascii():
            out["digit"] = f"holds a digit of another script (U+{ord(c):04X})"
    if cell.strip() != cell:
        out["end"] = "has a space at its end"
    return list(out.values())


def _enum(
    found: Findings, table: str, f: Field, s: pd.Series, arrow: pa.Array, empty: np.ndarray
) -> pd.Series:
    at = pc.fill_null(pc.index_in(arrow, value_set=pa.array(f.enum, type=arrow.type)), -1)
    codes = at.to_numpy(zero_copy_only=False)
    found.add(table, f.name, (codes < 0) & ~empty, "{} is none of " + ", ".join(f.enum), s)
    return pd.Series(
        pd.Categorical.from_codes(codes, categories=f.enum), index=s.index, name=s.name
    )


def _integer(
    found: Findings, table: str, f: Field, s: pd.Series, arrow: pa.Array, empty: np.ndarray
) -> pd.Series:
    number = _mask(pc.match_substring_regex(arrow, r"^(?:0|[1-9][0-9]{0,8})$"))
    bad = ~number & ~empty
    if bad.any():
        kinds = {
            "{} is negative": r"^[-\x{2212}][0-9]+$",
            "{} is not a whole number": r"^-?[0-9]+[.,][0-9]+$",
            "{} begins with a zero": r"^0[0-9]+$",
            "{} is out of all proportion": r"^[1-9][0-9]{9,}$",
        }
        for reason, form in kinds.items():
            here = bad & _mask(pc.match_substring_regex(arrow, form))
            found.add(table, f.name, here, reason, s)
            bad &= ~here
        found.add(table, f.name, bad, "{} is not a number", s)
    numbers = pc.cast(pc.if_else(pa.array(number), arrow, None), pa.int64())
    values = pd.Series(numbers.to_pandas(types_mapper=_INT64.get), index=s.index, name=s.name)
    if f.minimum:
        low = (values < f.minimum).fillna(False)
        found.add(table, f.name, low, f"{{}} is below {f.minimum}", s)
    over = (values > MAX_COUNT).fillna(False)
    found.add(table, f.name, over, "{} is out of all proportion", s)
    return values


_INT64 = {pa.int64(): pd.Int64Dtype()}


def _date(
    found: Findings, table: str, f: Field, s: pd.Series, arrow: pa.Array, empty: np.ndarray
) -> pd.Series:
    shape = pc.match_substring_regex(arrow, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    text = pc.if_else(shape, arrow, None)
    try:
        days = pd.Series(pc.cast(text, pa.date32()).to_numpy(zero_copy_only=False), index=s.index)
    except pa.ArrowInvalid:  # one of them is no day: find out which
        days = pd.to_datetime(s.where(_mask(shape), None), format="%Y-%m-%d", errors="coerce")
    days = days.astype("datetime64[s]").rename(s.name)
    found.add(table, f.name, days.isna().to_numpy() & ~empty, "{} is not a day (YYYY-MM-DD)", s)
    # An event known only to the month in which the war began stands on that month's first day.
    first = WAR_START.replace(day=1) if (table, f.name) == ("events", "date") else WAR_START
    early = (days < pd.Timestamp(first)).to_numpy()
    found.add(table, f.name, early, f"{{}} is before the war ({WAR_START})", s)
    return days


def _text(
    found: Findings, table: str, f: Field, s: pd.Series, arrow: pa.Array, empty: np.ndarray
) -> pd.Series:
    def holds(form: str) -> np.ndarray:
        return _mask(pc.match_substring_regex(arrow, form))

    if f.pattern:
        bad = ~holds(f.pattern) & ~empty
        found.add(table, f.name, bad, "{} does not have the form of this column", s)
    if not f.free_text and f.pattern in ("", LIST_PATTERN):
        found.add(table, f.name, holds(MARKUP), "{} holds markup", s)
        formula = holds(FORMULA_IN_LIST if f.pattern else FORMULA)
        found.add(table, f.name, formula, "{} could be read as a formula", s)
    return s
