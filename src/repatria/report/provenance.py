"""What a report is made from, and the digest of it. Light on purpose: it decides whether anything has to run."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from repatria.record.fingerprint import ROOT, combine, of_data, of_file
from repatria.record.rule import RULE, RULE_VERSION
from repatria.report.parameters import Parameters

__all__ = ["inputs", "notebooks", "of_code", "of_notebook", "run_key", "versions"]

LIBRARIES = (
    "pandas",
    "numpy",
    "scipy",
    "matplotlib",
    "seaborn",
    "statsmodels",
    "papermill",
    "nbconvert",
)


def notebooks(folder: Path | None = None) -> list[Path]:
    """Return a report's notebooks in order: `NN_name.ipynb`, less those marked as not for reports."""
    found = sorted((folder or ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return [p for p in found if _for_reports(p)]


def _for_reports(notebook: Path) -> bool:
    marks = json.loads(notebook.read_text("utf-8"))["metadata"].get("repatria", {})
    return bool(marks.get("report", True))


def inputs(parameters: Parameters, data: Path, books: Sequence[Path]) -> dict[str, Any]:
    """Return everything a report's bytes depend on, as digests and versions."""
    return {
        "parameters": parameters.as_dict(),
        "data": of_data(data),
        "code": of_code(),
        "notebooks": {p.name: of_notebook(p) for p in books},
        "lock": of_file(ROOT / "requirements.txt"),
        "rule": f"{RULE} v{RULE_VERSION}",
        "versions": versions(),
    }


def of_code() -> str:
    """Return the digest of the package: every module and template."""
    package = Path(__file__).parents[1]
    kinds = {".py", ".j2", ".css", ".json"}
    files = sorted(p for p in package.rglob("*") if p.suffix in kinds)
    return combine((p.relative_to(package).as_posix(), of_file(p)) for p in files)


def of_notebook(path: Path) -> str:
    """Return the digest of a notebook's sources; its stored outputs do not count."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = [(c["cell_type"], "".join(c["source"])) for c in cells]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that shape a report."""
    found = {name: metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **found}


def run_key(parts: Mapping[str, object]) -> str:
    """Return the digest of a report's inputs; equal keys mean there is nothing to run."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
