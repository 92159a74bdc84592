"""Verifying a release: made once more from its own data, and compared, byte by byte and number by number."""

from __future__ import annotations

import csv
import datetime as dt
import errno
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repatria.record.fingerprint import of_data, of_file
from repatria.report import parameters, provenance, publish, run
from repatria.report.base import ReportError, Say

__all__ = ["Verdict", "release", "unpacked"]

TOLD = {"interval": int, "site_url": str, "correct": str, "waiting": dict}  # beside parameters
SHOWN = 20  # differing numbers that are listed
MAX_BYTES = 2 << 30  # that a data.zip may hold
# What reading a zip file raises: cut off, altered, encrypted, packed in a way that is not known.
DAMAGED = (
    *(OSError, EOFError, IndexError, ValueError, NotImplementedError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error, struct.error),
)


@dataclass(frozen=True)
class Verdict:
    """What became of a release made once more.

    files     how many files it has, or has now
    harmed    files that are not as they were published
    differs   files that came out otherwise
    why       inputs that are not those of the release: other code, other library
    numbers   cells of tables that differ, as one line each
    """

    files: int
    harmed: tuple[str, ...]
    differs: tuple[str, ...]
    why: tuple[str, ...]
    numbers: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Return whether every file is as it was published, and came out the same."""
        return not self.harmed and not self.differs

    def lines(self) -> list[str]:
        """Return it as lines of text."""
        if self.holds:
            return [f"holds: {self.files} files, the same bytes"]
        out = [f"not as published: {name}" for name in self.harmed]
        out += [f"made with other inputs: {line}" for line in self.why]
        if self.differs:
            same = self.files - len(self.differs)
            out.append(
                f"{same} of {self.files} files are the same bytes; others: {_some(self.differs)}"
            )
            told = self.numbers or ("none: every table has the same numbers",)
            out += [f"differs: {line}" for line in told[:SHOWN]]
            if len(told) > SHOWN:
                out.append(f"… and {len(told) - SHOWN} more")
        return out


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def release(folder: Path, say: Say = print, books: list[Path] | None = None) -> Verdict:
    """Make a published release or view once more from its own `data.zip` and compare.

    Raises ReportError if it does not hold what is needed for that, and what `run.make` raises.
    """
    held = publish.manifest(folder)
    try:
        given, on, files = held["inputs"]["parameters"], held["on"], held["files"]
        values = parameters.check({k: v for k, v in given.items() if v})
        on = dt.date.fromisoformat(on).isoformat()  # it becomes the name of a folder
        told = dict(held["inputs"].get("told", {}))
        if strange := [k for k, v in told.items() if not isinstance(v, TOLD.get(k, ()))]:
            raise ValueError(f"made with {', '.join(strange)} of a form not known here")
    except (KeyError, TypeError, AttributeError):
        raise ReportError(f"{folder}: no manifest of a release") from None
    except ValueError as e:
        raise ReportError(f"{folder / publish.MANIFEST}: {e}") from None
    with publish.scratch() as work:
        data = unpacked(folder / "data.zip", work / "data")
        if of_data(data) != held["inputs"]["data"]:
            raise ReportError(f"{folder / 'data.zip'}: not the data of the manifest")
        before = _before(folder, work / "reports")
        again = run.make(values, before, say, True, books, on, data=data, **told).folder
        other = publish.manifest(again)
        differs = sorted(
            name for name in files | other["files"] if files.get(name) != other["files"].get(name)
        )
        return Verdict(
            len(files | other["files"]),
            tuple(publish.harmed(folder)),
            tuple(differs),
            tuple(_inputs(_made_from(held), _made_from(other))),
            tuple(line for name in differs for line in _numbers(folder, again, name)),
        )


def _before(folder: Path, out: Path) -> Path:
    """Return a folder of reports that holds the releases which came before this one."""
    out.mkdir()
    folder = folder.resolve()
    if publish.RELEASE.fullmatch(folder.name):  # a view is compared with none
        for older in publish.releases(folder.parent):
            if publish.order(older.name) < publish.order(folder.name):
                (out / older.name).symlink_to(older)
    return out


def unpacked(packed: Path, folder: Path) -> Path:
    """Unpack the folder of a `data.zip` in which the tables are, nothing else of it, as a new folder."""
    folder.mkdir()
    room = MAX_BYTES
    try:
        with zipfile.ZipFile(packed) as held:
            tops = [p.parent for n in held.namelist() if (p := Path(n)).name == "claims.csv"]
            for entry in held.infolist():
                place, name = Path(entry.filename).parent, Path(entry.filename).name
                if place == tops[0] and name not in ("", ".."):
                    room -= entry.file_size
                    if room < 0:
                        raise OSError(errno.EFBIG, "too large")
                    (folder / name).write_bytes(held.read(entry))
    except DAMAGED as e:
        raise ReportError(f"{packed}: {getattr(e, 'strerror', None) or e}") from None
    return folder


def _made_from(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {**manifest["inputs"], "earlier release": manifest.get("earlier", {})}


def _inputs(then: Mapping[str, Any], now: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield the inputs that differ, by name."""
    for name in sorted({**then, **now}):
        old, new = then.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _inputs(old, new, f"{at}{name} ")
        elif old != new:
            yield f"{at}{name}: {provenance.short(old)} then, {provenance.short(new)} now"


def _numbers(then: Path, now: Path, name: str) -> Iterator[str]:
    """Yield the cells of a table that differ, as one line each."""
    if not name.endswith(".csv"):
        return
    old, new = (_rows(folder / name) for folder in (then, now))
    if old is None or new is None:
        yield f"{name}: {'is new' if old is None else 'is gone'}"
        return
    if len(old) != len(new):
        yield f"{name}: {len(old) - 1} rows then, {len(new) - 1} now"
    head = old[0] if old else []
    for i, (before, after) in enumerate(zip(old, new, strict=False)):
        for j in range(max(len(before), len(after))):
            cells = [row[j] if j < len(row) else "" for row in (before, after)]
            if cells[0] != cells[1]:
                column = head[j] if i and j < len(head) else f"column {j + 1}"
                yield f"{name}:{i + 1}: {column}: {cells[0]!r} then, {cells[1]!r} now"


def _rows(path: Path) -> list[list[str]] | None:
    if not of_file(path):
        return None
    return list(csv.reader(io.StringIO(path.read_text("utf-8"))))
