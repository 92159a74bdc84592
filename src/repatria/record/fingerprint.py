"""Where the project's files are, and the record's digest. Light on purpose: no table is parsed for it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from repatria.record.schema import TABLES

__all__ = ["ROOT", "combine", "data_folder", "of_data", "of_file", "read"]

read: list[str] = []  # digests of the records loaded in this process, in their order


def _root(package: Path) -> Path:
    """Return the folder that holds data/ and notebooks/: the checkout, else the wheel's."""
    checkout = package.parents[1]
    if (checkout / "pyproject.toml").is_file() and (checkout / "data").is_dir():
        return checkout
    from importlib import resources

    return Path(str(resources.files("repatria"))) / "_bundle"


ROOT = _root(Path(__file__).resolve().parents[1])


def data_folder() -> Path:
    """Return the folder of the record: `$REPATRIA_DATA`, else the checkout's `data/`, else the one
    installed.

    >>> (data_folder() / "claims.csv").is_file()
    True
    """
    return Path(os.environ.get("REPATRIA_DATA") or ROOT / "data")


def combine(parts: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 over (name, digest) pairs, in their order.

    >>> combine([]) == combine([("claims", "")])
    False
    """
    total = hashlib.sha256()
    for name, digest in parts:
        total.update(f"{name} {digest}\n".encode())
    return total.hexdigest()


def of_file(path: Path) -> str:
    """Return the SHA-256 of a plain file, or an empty text if there is none or it cannot be read."""
    try:  # to open a pipe would be to wait for its other end
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""


def of_data(folder: Path) -> str:
    """Return the record's digest: its tables' names and hashes. Equal to `Record.digest`."""
    return combine((name, of_file(folder / f"{name}.csv")) for name in TABLES)
