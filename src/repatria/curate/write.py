"""Putting a draft in place: all or nothing, also if the process is killed at any point."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repatria.curate.book import WRITTEN
from repatria.curate.models import CurateError
from repatria.curate.propose import PENDING, Draft
from repatria.record import fingerprint
from repatria.record.schema import TABLES

__all__ = ["locked", "opened", "recover", "write"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a record's folder for writing. Raises CurateError if somebody else does."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CurateError(f"{folder}: another addition is under way") from None
    finally:
        os.close(handle)


@contextmanager
def opened(folder: Path) -> Iterator[bool]:
    """Hold a record's folder for an addition, first finishing one that was interrupted (yields whether).

    What was laid out but not written is removed in the end. Raises CurateError (see `locked`, `recover`).
    """
    with locked(folder):
        finished = recover(folder)
        try:
            yield finished
        finally:
            shutil.rmtree(folder / f"{PENDING}.new", ignore_errors=True)


def _replace(source: Path, target: Path) -> None:
    os.replace(source, target)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(folder: Path, made: Draft) -> None:
    """Put a draft in place, all or nothing, also if the process is killed at any point.

    The changed files and a journal are made complete in `.pending.new`; its renaming to `.pending` is the point of
    no return. Then each file is replaced, in the order of `WRITTEN`, and `.pending` removed. Killed before the
    renaming: nothing happened. Killed after it: loading says so, and the next `add` finishes (`recover`).
    """
    new = folder / f"{PENDING}.new"
    names = [n for n in WRITTEN if made.addition.rows[n]]
    if (
        fingerprint.of_data(folder) != made.before.digest
        or fingerprint.of_data(new) != made.after.digest
    ):
        raise CurateError(f"{folder}: the record changed meanwhile; nothing was written, run again")
    journal = {n: [fingerprint.of_file(d / f"{n}.csv") for d in (folder, new)] for n in names}
    for name in TABLES:
        if name not in names:
            (new / f"{name}.csv").unlink()
    (new / "journal.json").write_text(json.dumps(journal), encoding="utf-8")
    for path in (*new.iterdir(), new):
        _sync(path)
    _replace(new, folder / PENDING)
    _sync(folder)
    recover(folder)


def recover(folder: Path) -> bool:
    """Finish an addition that was interrupted after its point of no return. Returns whether there was one.

    Raises CurateError, changing nothing, if a file is neither as it was nor as it was to be.
    """
    pending = folder / PENDING
    shutil.rmtree(folder / f"{PENDING}.new", ignore_errors=True)
    if not pending.is_dir():
        return False
    giveup = f"; compare it with {pending}, then remove that folder"
    if (pending / "journal.json").exists():
        journal: dict[str, list[str]] = json.loads(
            (pending / "journal.json").read_text(encoding="utf-8")
        )
        left = [n for n in journal if fingerprint.of_file(folder / f"{n}.csv") != journal[n][1]]
        for name in left:
            if fingerprint.of_file(folder / f"{name}.csv") != journal[name][0]:
                raise CurateError(
                    f"{folder / name}.csv was changed after an interrupted addition{giveup}"
                )
            if fingerprint.of_file(pending / f"{name}.csv") != journal[name][1]:
                raise CurateError(f"{pending / name}.csv is damaged{giveup}")
        for name in left:
            _replace(pending / f"{name}.csv", folder / f"{name}.csv")
        _sync(folder)
        # The journal goes last but one: without it the rest is only to be removed.
        (pending / "journal.json").unlink()
    shutil.rmtree(pending)
    return True
