"""Running notebooks: papermill executes them, each in a kernel of its own, side by side.

The engine given to papermill adds what a report needs: a kernel without the user's settings, the cell that a dying
kernel was in, a limit to what a notebook may print, and the kernel's testimony of what it used (see `provenance`).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repatria.report import forks
from repatria.report.base import ReportError, Say, side_by_side

if TYPE_CHECKING:
    from repatria.report.warm import Manager

__all__ = ["SHOWN", "Run", "clean", "execute", "execute_all", "faults", "prepare", "warmed"]

TIMEOUT = 300  # seconds a cell may take before the run is called hung
LIMIT = 20_000_000  # characters that the outputs of one notebook may hold together
# The types of output that a page can show, or keeps as a file beside it.
SHOWN = {"text/html", "text/markdown", "text/plain", "text/csv", "image/png", "image/svg+xml"}
NO_GRAMMAR = (
    "rfc3987_syntax"  # two seconds of import for a check of addresses that nothing here uses
)


@dataclass
class Run:
    """One notebook's run: where it works and whence its kernel comes, then what it did.

    `cell` is the index of the last cell begun; `refused` says why the run was stopped, if it was; `ended` whether
    it was ended because all of it was: an interrupted notebook did not fail.
    """

    folder: Path
    data: Path
    source: forks.Warm | None = None
    release: bool = True
    manager: Manager | None = None
    notebook: Any = None
    cell: int = 0
    size: int = 0
    refused: str = ""
    ended: bool = False
    testimony: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def warmed(home: Path, data: Path, say: Say) -> Iterator[forks.Warm | None]:
    """Give what kernels are forked from; None where that is not to be had, and say so."""
    home.mkdir()
    if not forks.forks():
        say(f"kernels start one by one: no forking on {sys.platform}")
        yield None
        return
    with forks.Warm(home, data) as source:
        yield source


def prepare() -> None:
    """Import what runs notebooks: half a second, which a report has while it waits for something else."""
    sys.modules.setdefault(NO_GRAMMAR, None)  # type: ignore[arg-type]
    importlib.import_module("repatria.report.engine")


def execute(source: Path, target: Path, values: Mapping[str, str], run: Run) -> None:
    """Execute one notebook with these parameters into `target`.

    Raises ReportError naming the cell and the cause; what was executed until then is in `target` all the same.
    """
    prepare()
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from repatria.report import engine
    from repatria.report.warm import Manager

    run.folder.mkdir(parents=True)
    run.manager = Manager.of(run.folder, run.source)
    why = ""
    try:
        papermill.execute_notebook(
            str(source).replace("{", "{{").replace("}", "}}"),
            str(target).replace("{", "{{").replace("}", "}}"),
            parameters=dict(values),
            engine_name=engine.NAME,
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=TIMEOUT,
            start_timeout=TIMEOUT,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            run=run,
        )
    except PapermillExecutionError as e:
        why = f"{e.ename}: {e.evalue}"
    except OSError as e:
        if not isinstance(e, ChildProcessError):
            raise
        why = str(e)
    except Exception as e:  # nbclient's many: a dead kernel, a cell without end, a channel closed
        why = f"{type(e).__name__}: {e}" if str(e) != "Kernel died" else "its kernel died"
    finally:
        if run.manager.has_kernel:  # a kernel handed in is ours to end
            asyncio.run(_end(run.manager))
    if why := run.refused or why or _error(run.notebook):
        _keep(run.notebook, target)
        raise ReportError(f"{source.name}: cell {run.cell}: {why}")


async def _end(manager: Manager) -> None:
    await manager.shutdown_kernel(now=True)


def _error(notebook: Any) -> str:
    """Return the error in an executed notebook: papermill takes `sys.exit(0)` for none."""
    found = [o for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "error"]
    return f"{found[0].ename}: {found[0].evalue}".rstrip(": ") if found else ""


def _keep(notebook: Any, target: Path) -> None:
    import nbformat

    if notebook is not None and not target.exists():
        with contextlib.suppress(OSError):  # on a full disk the cause is told, not this
            nbformat.write(notebook, target)


def execute_all(
    books: Sequence[Path],
    values: Mapping[str, str],
    work: Path,
    failed: Path,
    say: Say,
    runs: Mapping[str, Run],
    at_once: int = 0,
    then: Callable[[], None] = lambda: None,
) -> list[Path]:
    """Execute the notebooks side by side into `work`; return the executed ones in their order.

    `then` is called when all have begun and one has ended: from there on fewer and fewer are at work.
    `runs` holds what each needs, by name, and then what it did. Raises ReportError if any fails; the failed ones
    are kept in `failed`.
    """
    errors: list[str] = []

    def one(book: Path) -> Path:
        target = work / book.name
        try:
            execute(book, target, values, runs[book.name])
            for line in _settled(target):
                say(f"{book.stem}: {line}")
            say(f"{book.stem}: done")
        except ReportError as e:
            errors.append(str(e))
            if target.exists() and not runs[book.name].ended:
                failed.mkdir(parents=True, exist_ok=True)
                shutil.copy(target, failed / book.name)
        return target

    with _pool(side_by_side(len(books), at_once), runs) as pool:
        # Those with more to do are begun first: none ends long after the others.
        begun = {book: pool.submit(one, book) for book in sorted(books, key=_cells, reverse=True)}
        pool.submit(then)
        targets = [begun[book].result() for book in books]
    if errors:
        kept = f"; the notebook is kept in {failed}" if failed.exists() else ""
        raise ReportError("; ".join(sorted(errors)) + kept)
    return targets


def _cells(book: Path) -> int:
    cells = json.loads(book.read_text("utf-8"))["cells"]
    return sum(cell["cell_type"] == "code" for cell in cells)


@contextlib.contextmanager
def _pool(workers: int, runs: Mapping[str, Run]) -> Iterator[ThreadPoolExecutor]:
    """Give a pool of threads; on any error, Ctrl-C too, end the kernels they wait for instead of waiting."""
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for run in runs.values():
            run.ended = True
        for run in runs.values():
            if run.source is not None:
                run.source.close()
            elif run.manager is not None and run.manager.has_kernel:
                with contextlib.suppress(Exception):
                    asyncio.run(_end(run.manager))
        raise
    finally:
        pool.shutdown(wait=True)


def _settled(target: Path) -> list[str]:
    """Take out of an executed notebook what libraries wrote to standard error; return it, a line a cell.

    Raises ReportError for an output that a page cannot show.
    """
    import nbformat

    nb = nbformat.read(target, as_version=4)
    if wrong := faults(nb):
        raise ReportError(f"{target.name}: {'; '.join(wrong)}")
    noise = []
    for i, cell in enumerate(nb.cells):
        outputs = cell.get("outputs", [])
        told = [o for o in outputs if o.output_type == "stream" and o.name == "stderr"]
        if told:
            cell.outputs = [o for o in outputs if o not in told]
            noise.append(f"cell {i}: {told[0].text.strip().splitlines()[-1]}")
    if noise:
        nbformat.write(nb, target)
    return noise


def faults(notebook: Any) -> list[str]:
    """Return the outputs of an executed notebook that a page cannot show, by cell and type."""
    return [
        f"cell {i}: an output of type {kind}, which a page cannot show"
        for i, cell in enumerate(notebook.cells)
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
        if kind not in SHOWN
    ]


def clean(notebook: Any) -> Any:
    """Drop in place what differs from run to run, and return the notebook.

    That is timings, papermill's notes, and the ids of injected cells.
    """
    notebook.metadata.pop("papermill", None)
    for i, cell in enumerate(notebook.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = f"injected-{i}"
    return notebook
