"""Reading: data/*.csv to checked tables. Any byte in any file ends in a sound value or in a
finding.

This is the only module that reads the data files.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import stat
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from repatria.record import checks, fingerprint, oddities, relations, window
from repatria.record.checks import Findings, Problem, shown
from repatria.record.schema import TABLES
from repatria.record.window import Day

__all__ = ["MAX_BYTES", "inspect", "parse"]

# All tables together; a million claims are a third. Less where memory is short: reading takes
# about four times their size.
MAX_BYTES, IN_MEMORY = 1 << 30, 4
LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)  # a container's
KINDS_OF_FILE = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def inspect(
    path: str | os.PathLike[str] | None = None, warnings: bool = True, today: Day | None = None
) -> tuple[dict[str, pd.DataFrame], str, list[Problem]]:
    """Read and check a record folder.

    Returns its typed tables, its digest (SHA-256 over the tables' names and hashes) and all
    problems, errors and warnings. Checks across rows run only when every cell is sound, so that one
    slip gives one line. `today` is the last day that can have happened (default: the clock's).

    >>> tables, digest, problems = inspect(warnings=False)
    >>> len(tables), len(digest), problems
    (15, 64, [])

    See also: `load`, which raises what is wrong.
    """
    folder = Path(path) if path is not None else fingerprint.data_folder()
    found = Findings()
    now = window.today() if today is None else window.day(today, "today")
    try:
        if not folder.is_dir():
            return {}, "", [Problem(str(folder), 0, "", "is not a folder")]
        if (folder / ".pending").is_dir():
            reason = "an addition was interrupted: run `repatria add --finish`"
            return {}, "", [Problem(str(folder), 0, "", reason)]
        tables, digest = _tables(folder, found)
        if not found.errors:
            relations.check(found, tables, now)
        if warnings and not found.errors:
            oddities.look(found, tables, now)
    except (MemoryError, pa.ArrowMemoryError):
        return {}, "", [Problem(str(folder), 0, "", "does not fit into this machine's memory")]
    return tables, digest, sorted(found.problems)


def _tables(folder: Path, found: Findings) -> tuple[dict[str, pd.DataFrame], str]:
    """Read and type every table. One that could not be read is empty, and a finding says why."""
    out, digests, room = {}, [], _room()
    for name in TABLES:
        raw = _bytes(folder, name, found, room)
        room -= len(raw or b"")
        digests.append((name, hashlib.sha256(raw).hexdigest() if raw is not None else ""))
        text = parse(name, raw, found) if raw is not None else None
        del raw  # else a large one is held twice
        out[name] = checks.typed(found, name, _empty(name) if text is None else text)
    return out, fingerprint.combine(digests)


def _room() -> int:
    """Return how many bytes all tables together may hold on this machine, now."""
    free = []
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        known = dict(line.split(":", 1) for line in lines)
        free.append(int(known["MemAvailable"].split()[0]) * 1024)
    for path in LIMITS:
        with contextlib.suppress(OSError, ValueError):
            free.append(int(Path(path).read_text("ascii")))
    return min([MAX_BYTES, *(n // IN_MEMORY for n in free)])


def _empty(name: str) -> pd.DataFrame:
    return pd.DataFrame({c: pd.Series(dtype="str") for c in TABLES[name].columns})


def _bytes(folder: Path, name: str, found: Findings, room: int) -> bytes | None:
    """Return what stands in a plain file, or None: never waits for a pipe, never reads a device."""
    try:
        # Opening a pipe would wait for its other end, and what a name stands for can change: what
        # the file is must be known from the open file itself.
        descriptor = os.open(folder / f"{name}.csv", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                what = next((w for test, w in KINDS_OF_FILE if test(mode)), "something else")
                found.line(name, 0, f"is {what}, not a plain file")
                return None
            raw = file.read(room + 1)
    except OSError as e:
        kind = (
            "is a folder, not a plain file"
            if isinstance(e, IsADirectoryError)
            else f"cannot be read: {e.strerror}"
        )
        found.line(name, 0, kind)
        return None
    if len(raw) > room:
        most = _room()
        why = "" if most == MAX_BYTES else ", for the memory that is free"
        reason = f"is too large: the tables of a record may hold {most >> 20} MiB together{why}"
        found.line(name, 0, reason)
        return None
    return raw


def parse(name: str, raw: bytes, found: Findings) -> pd.DataFrame | None:
    """Return a table's cells as text, or None with findings that say which lines cannot be read."""
    try:
        raw.decode("utf-8")  # and not kept: what follows reads bytes, and text only to name a fault
    except UnicodeDecodeError as e:
        found.line(
            name, raw[: e.start].count(b"\n") + 1, f"is not UTF-8 (byte 0x{raw[e.start]:02x})"
        )
        return None
    first = raw[: raw.find(b"\n")] if b"\n" in raw else raw
    if not _header(name, first.decode().removesuffix("\r"), found):
        return None
    if b"\0" in raw:
        found.line(name, raw[: raw.index(b"\0")].count(b"\n") + 1, "holds a null character")
        return None
    if b'"' in raw or b"\r" in raw or b"\n\n" in raw:
        start = len(found.problems)
        _lines(name, raw.decode(), found, every=False)
        if len(found.problems) > start:
            del found.problems[start:]
            _lines(name, raw.decode(), found, every=True)  # whatever else is wrong is told with it
            return None
    ends = raw.count(b"\n")
    if not raw.endswith(b"\n"):
        found.line(name, ends + 1, "does not end with a line break: the file may be cut off")
        return None
    columns = TABLES[name].columns
    try:
        table = pacsv.read_csv(
            pa.py_buffer(raw),
            # Kernels are forked from a process that has read a record: it may have one thread only.
            read_options=pacsv.ReadOptions(use_threads=False),
            parse_options=pacsv.ParseOptions(newlines_in_values=False, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types={c: pa.large_string() for c in columns}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as e:
        start = len(found.problems)
        _lines(name, raw.decode(), found, every=True)
        if len(found.problems) == start:
            found.line(name, 0, f"is not CSV: {shown(e)}")
        return None
    if ends - 1 != table.num_rows:
        _lines(name, raw.decode(), found, every=True)
        return None
    return table.to_pandas(use_threads=False, self_destruct=True).astype("str")


def _header(name: str, line: str, found: Findings) -> bool:
    columns = TABLES[name].columns
    try:
        header = next(csv.reader([line], strict=True), [])
    except csv.Error as e:
        found.line(name, 1, f"is not CSV: {e}")
        return False
    if header == columns:
        return True
    reasons = [f"column {c} is missing" for c in columns if c not in header]
    reasons += [f"column {shown(c)} is unknown" for c in header if c not in columns]
    reasons += [f"column {c} is there twice" for c in columns if header.count(c) > 1]
    found.line(name, 1, "; ".join(reasons[:20]) or "columns are not in the order of the codebook")
    return False


def _lines(name: str, text: str, found: Findings, every: bool) -> None:
    """Name every line that is no row: since no cell holds a line break, each line stands for
    itself.

    Without `every` only the lines are read on which our reader and the CSV module could differ.
    """
    columns = len(TABLES[name].columns)
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        line = line.removesuffix("\r")
        if line and not every and '"' not in line and "\r" not in line:
            continue
        if not line:
            found.line(name, number, "is an empty line")
        elif "\r" in line:
            found.line(name, number, "holds a carriage return")
        elif (reason := _fault(line, columns)) is not None:
            found.line(name, number, reason)


def _fault(line: str, columns: int) -> str | None:
    """Return why a line is no row of so many cells, or None."""
    try:
        row = next(csv.reader([line], strict=True))
    except csv.Error as e:
        open_ended = "unexpected end of data" in str(e)
        return "a quote is opened and not closed on this line" if open_ended else f"is not CSV: {e}"
    if len(row) != columns:
        return f"{len(row)} fields, the header has {columns}"
    if _loose(line):
        return "a quote stands inside a cell that is not quoted"
    return None


def _loose(line: str) -> bool:
    """Return whether a quote stands where none may: not around a cell, nor doubled in one."""
    inside, i = False, 0
    while i < len(line):
        if line[i] == '"':
            if inside and line[i + 1 : i + 2] == '"':
                i += 1
            elif not inside and i and line[i - 1] != ",":
                return True
            else:
                inside = not inside
        i += 1
    return False
