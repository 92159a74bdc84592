"""Where the project's files are, and digests of everything a report depends on.

Light on purpose: it decides whether anything has to run at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from repatria.record.schema import TABLES

__all__ = [
    "LIBRARIES",
    "ROOT",
    "combine",
    "data_folder",
    "of_code",
    "of_data",
    "of_file",
    "of_notebook",
    "run_key",
    "versions",
]

LIBRARIES = (
    "pandas",
    "numpy",
    "scipy",
    "matplotlib",
    "seaborn",
    "statsmodels",
    "astropy",
    "papermill",
    "nbconvert",
)


def __dir__() -> list[str]:
    return __all__


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
    """Return the SHA-256 of a file, or an empty text if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def of_data(folder: Path) -> str:
    """Return the record's digest: its tables' names and hashes. Equal to `Record.digest`."""
    return combine((name, of_file(folder / f"{name}.csv")) for name in TABLES)


def of_code() -> str:
    """Return the digest of the package: every module and template."""
    package = Path(__file__).parents[1]
    files = sorted(p for p in package.rglob("*") if p.suffix in {".py", ".j2", ".css", ".json"})
    return combine((p.relative_to(package).as_posix(), of_file(p)) for p in files)


def of_notebook(path: Path) -> str:
    """Return the digest of a notebook's sources; its stored outputs do not count."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return hashlib.sha256(
        json.dumps([(c["cell_type"], "".join(c["source"])) for c in cells]).encode()
    ).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that shape a report."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }


def run_key(parts: Mapping[str, object]) -> str:
    """Return the digest of a report's inputs; equal keys mean there is nothing to run.

    >>> run_key({"a": 1, "b": 2}) == run_key({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
