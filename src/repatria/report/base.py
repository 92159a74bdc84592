"""What all parts of the report share: its error, how it tells how far it is, and its exit codes."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = [
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "PARTS",
    "STALE",
    "USAGE",
    "ReportError",
    "Say",
    "pack",
    "side_by_side",
    "told",
]

Say = Callable[[str], object]  # takes one line of progress

# Exit codes, the same for every verb; docs/schedule.md tells them to operators.
DONE, FAILED, USAGE, STALE, INTERRUPTED = 0, 1, 2, 3, 130


PARTS = ("notebooks", "events")  # of a release: what two processes may write side by side

# The oldest time a zip file can hold: its bytes tell nothing of when it was packed.
EPOCH = (1980, 1, 1, 0, 0, 0)


class ReportError(RuntimeError):
    """A report that could not be made; the message says which notebook and cell, and why."""


def side_by_side(jobs: int, at_once: int = 0) -> int:
    """Return how many of these jobs to do side by side, at least one.

    By default one more than there are cores: while one waits for its kernel to begin or end, another works.

    >>> side_by_side(24, 4), side_by_side(1), side_by_side(0)
    (4, 1, 1)
    """
    return min(at_once or (os.cpu_count() or 1) + 1, jobs) or 1


def told(error: BaseException) -> str:
    """Return an error as one line: for one of the operating system, the path and the cause.

    >>> told(OSError(28, "No space left on device", "reports/2026-11-25"))
    'reports/2026-11-25: No space left on device'
    """
    if isinstance(error, OSError) and error.strerror:
        path = error.filename2 or error.filename
        return f"{path}: {error.strerror}" if path else error.strerror
    return str(error)


def pack(files: Iterable[Path], target: Path, under: str = "") -> None:
    """Pack files by name, `under` a folder if named: the same bytes wherever and whenever."""
    with zipfile.ZipFile(target, "w") as held:
        for path in sorted(files):
            entry = zipfile.ZipInfo(f"{under}{path.name}", EPOCH)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            held.writestr(entry, path.read_bytes(), compresslevel=9)
