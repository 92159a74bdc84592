"""Where the record lies, and its digest. Light on purpose: no table is parsed for it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from repatria.record.schema import TABLES

ROOT = Path(__file__).resolve().parents[3]


def data_folder() -> Path:
    """Return the folder of the record: `$REPATRIA_DATA`, else `data/` of this checkout."""
    return Path(os.environ.get("REPATRIA_DATA") or ROOT / "data")


def combine(parts: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 over (name, digest) pairs, in their order."""
    total = hashlib.sha256()
    for name, digest in parts:
        total.update(f"{name} {digest}\n".encode())
    return total.hexdigest()


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, or an empty text if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def of_data(folder: Path) -> str:
    """Return the record's digest: its tables' names and hashes. Equal to `Record.digest`."""
    return combine((name, of_file(folder / f"{name}.csv")) for name in TABLES)
