"""What a report is made from, the digest of it, and whether that is what ran.

Light on purpose: it decides whether anything has to run. A kernel is asked for its testimony when its last cell has
ended; `contradictions` compares that with what the manifest says.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repatria.record import fingerprint
from repatria.record.fingerprint import ROOT, combine, of_data, of_file
from repatria.record.schema import RULE, RULE_VERSION
from repatria.report.base import ReportError

if TYPE_CHECKING:
    from repatria.report.parameters import Parameters

__all__ = [
    "begin",
    "contradictions",
    "for_reports",
    "inputs",
    "notebooks",
    "of_code",
    "of_notebook",
    "run_key",
    "short",
    "snapshot",
    "testimony",
    "versions",
]

# How the kernels' process is set up; what else their environment holds are folders.
SETTINGS = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONSAFEPATH": "1",
    "MPLBACKEND": "agg",
    "MPL_IGNORE_SYSTEM_FONTS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # what forks has one thread
}
LIBRARIES = (
    "pandas",
    "numpy",
    "scipy",
    "matplotlib",
    "papermill",
    "nbconvert",
)


CODE = {".py", ".j2", ".css", ".js", ".json", ".toml", ".typ"}  # what the package's digest is over
_begun: dict[str, str] = {}


def notebooks(folder: Path | None = None) -> list[Path]:
    """Return a report's notebooks in order: `NN_name.ipynb`, less those marked as not for reports."""
    found = sorted((folder or ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return [p for p in found if for_reports(p)]


def for_reports(notebook: Path) -> bool:
    """Return whether a notebook belongs in reports: its metadata may say no."""
    with _opened(notebook) as held:
        return bool(held["metadata"].get("repatria", {}).get("report", True))


@contextlib.contextmanager
def _opened(notebook: Path) -> Iterator[Any]:
    """Give what a notebook's file holds. Raises ReportError if it is none: cut off, merged by hand, of another age."""
    if not notebook.is_file():
        raise ReportError(f"{notebook}: not a plain file")
    try:
        yield json.loads(notebook.read_text("utf-8"))
    except (ValueError, LookupError, TypeError, AttributeError) as e:
        raise ReportError(f"{notebook}: not a notebook (nbformat 4): {e!r}") from None


def inputs(
    parameters: Parameters,
    data: Path,
    books: Sequence[Path],
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return everything a report's bytes depend on, as digests and versions; `told` is what the run was told beside."""
    return {
        "parameters": parameters.as_dict(),
        "data": of_data(data),
        "code": of_code(),
        "notebooks": {p.name: of_notebook(p) for p in books},
        "lock": of_file(ROOT / "requirements.txt"),
        "rule": f"{RULE} v{RULE_VERSION}",
        "versions": versions(),
        "settings": dict(SETTINGS),
        "told": dict(told or {}),
    }


def of_code() -> str:
    """Return the digest of the package: every module and template."""
    package = Path(__file__).parents[1]
    files = sorted(p for p in package.rglob("*") if p.suffix in CODE and "_bundle" not in p.parts)
    return combine((p.relative_to(package).as_posix(), of_file(p)) for p in files)


def of_notebook(path: Path) -> str:
    """Return the digest of a notebook's sources; stored outputs and injected parameters do not count."""
    with _opened(path) as held:
        cells = held["cells"]
        own = [c for c in cells if "injected-parameters" not in c["metadata"].get("tags", [])]
        sources = [(c["cell_type"], "".join(c["source"])) for c in own]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that shape a report."""
    found = {name: metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **found}


def run_key(parts: Mapping[str, object]) -> str:
    """Return the digest of a report's inputs; equal keys mean there is nothing to run."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def snapshot(data: Path, books: Sequence[Path], work: Path) -> tuple[Path, list[Path]]:
    """Copy the record and the notebooks into `work`: what a run reads cannot change while it runs.

    Returns the folder of the record and the notebooks. Raises OSError; what is no plain file is left to the checks
    of the record, which name it.
    """
    folder, shelf = work / "data", work / "notebooks"
    shelf.mkdir()
    for path in (
        p for p in data.iterdir() if p.suffix in {".csv", ".json", ".md"} or p.stem == "LICENSE"
    ):
        if path.is_file():
            folder.mkdir(exist_ok=True)
            shutil.copyfile(path, folder / path.name)
    return (folder if folder.exists() else data), [
        Path(shutil.copyfile(book, shelf / book.name)) for book in books
    ]


def begin() -> None:
    """Take the code's digest before the code is imported; see `testimony`."""
    _begun["code"] = of_code()
    # Folders that a .pth file of this environment adds are its own too.
    _begun["path"] = os.pathsep.join(p for p in sys.path if p)


def testimony() -> dict[str, Any]:
    """Return what this process has used: asked of a kernel when its last cell has ended."""
    code = {_begun.get("code", ""), of_code()}
    roots = [*map(str, sysconfig.get_paths().values()), sys.prefix, sys.base_prefix]
    roots += [str(Path(__file__).parents[1])]
    roots += [p for p in _begun.get("path", "").split(os.pathsep) if p]
    files = {name: getattr(m, "__file__", None) for name, m in list(sys.modules.items())}
    return {
        "data": sorted(set(fingerprint.read)),
        "code": code.pop() if len(code) == 1 else "changed while it ran",
        "lock": of_file(ROOT / "requirements.txt"),
        "versions": versions(),
        "settings": {name: os.environ.get(name) for name in SETTINGS},
        "interpreter": sys.executable,
        "foreign": sorted(n for n, f in files.items() if f and not f.startswith(tuple(roots))),
    }


def contradictions(said: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[str]:
    """Return where a kernel's testimony is not what the manifest says; empty if it is."""
    wrong = [
        f"{name}: the manifest says {short(inputs[name])}, the kernel used {short(said[name])}"
        for name in ("code", "lock", "versions", "settings")
        if said[name] != inputs[name]
    ]
    wrong += [
        f"data: the manifest says {short(inputs['data'])}, the kernel read {short(digest)}"
        for digest in said["data"]
        if digest != inputs["data"]
    ]
    if said["interpreter"] != sys.executable:
        wrong.append(f"interpreter: {said['interpreter']} is not {sys.executable}")
    wrong += [f"{name}: a module from outside the interpreter" for name in said["foreign"]]
    return wrong


def short(value: object) -> str:
    """Return a value for readers: a digest by its first twelve digits."""
    return value[:12] if isinstance(value, str) and len(value) == 64 else str(value)
