"""A record that a process keeps, estimates and all: kernels forked from it need not read the files again, nor a script
that loads it once more.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from repatria.record import fingerprint, rule
from repatria.record.window import today

if TYPE_CHECKING:
    import pandas as pd

    from repatria.record.view import Record

__all__ = ["found", "keep", "pack", "remember"]

_kept: dict[str, Record] = {}  # by digest
_last: list[tuple[Record, pd.Timestamp]] = []  # the one read last, and the day of its checks
_MADE = ("_claims", "_estimates", "_every_event")


def found(path: str | os.PathLike[str] | None) -> Record | None:
    """Return the kept record whose files are those in `path`, byte for byte; None without one.

    >>> found(None) is None or isinstance(found(None), rp.Record)
    True
    """
    if not _kept and not _last:
        return None
    folder = Path(path) if path is not None else fingerprint.data_folder()
    digest = fingerprint.of_data(folder)
    there = _kept.get(digest)
    if there is None:
        for record, day in _last:
            # An addition that was interrupted is for the reader to refuse.
            if (record.digest, day) == (digest, today()) and not (folder / ".pending").is_dir():
                there = record
    if there is not None:
        fingerprint.read.append(digest)
    else:
        _last.clear()  # two large ones need not be in memory at once
    return there


def remember(record: Record) -> Record:
    """Return a record that every later `load` of the same files on the same day gives, until another is read.

    >>> remember(record) is record
    True
    """
    _last[:] = [(record, today())]
    return record


def pack(record: Record) -> bytes:
    """Return a record with its estimates under every lens, for `keep`.

    >>> len(pack(rp.load())) > 10_000
    True
    """
    for lens in rule.LENSES:
        record._under(lens)
    return pickle.dumps((record, {name: record.__dict__[name] for name in _MADE}))


def keep(packed: bytes) -> None:
    """Let every later `load` of the same files give a packed record, in place of one kept before."""
    record, made = pickle.loads(packed)
    record.__dict__.update(made)
    _kept.clear()
    _kept[record.digest] = record
