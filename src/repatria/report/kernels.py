"""Running notebooks: papermill executes them, each in a kernel of its own, side by side."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from repatria.report.base import ReportError, Say

__all__ = ["clean", "execute", "execute_all"]

TIMEOUT = 300  # seconds a cell may take before the run is called hung


def execute(source: Path, target: Path, values: Mapping[str, str]) -> None:
    """Execute one notebook with these parameters into `target`.

    Raises ReportError naming the cell and the cause.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # 2 s of unused grammar
    import papermill
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    # Sockets in a folder of our own instead of TCP ports: nothing to listen to, no races for ports.
    sockets = tempfile.TemporaryDirectory(prefix="rp-")
    kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{sockets.name}/k")
    try:
        papermill.execute_notebook(
            source,
            target,
            parameters=dict(values),
            progress_bar=False,
            kernel_name="python3",
            execution_timeout=TIMEOUT,
            start_timeout=TIMEOUT,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            km=kernel,
        )
    except PapermillExecutionError as e:
        raise ReportError(f"{source.name}: cell {e.cell_index}: {e.ename}: {e.evalue}") from None
    except (DeadKernelError, TimeoutError, RuntimeError) as e:
        raise ReportError(f"{source.name}: {type(e).__name__}: {e}") from None
    finally:
        if kernel.has_kernel:  # a kernel handed in is ours to end
            asyncio.run(_end(kernel))
        sockets.cleanup()


async def _end(kernel: Any) -> None:
    await kernel.shutdown_kernel(now=True)


def execute_all(
    books: Sequence[Path], values: Mapping[str, str], work: Path, failed: Path, say: Say
) -> list[Path]:
    """Execute the notebooks side by side into `work`; return the executed ones in their order.

    Raises ReportError if any fails; the failed ones are kept in `failed`.
    """
    errors: list[str] = []

    def one(book: Path) -> Path:
        target = work / book.name
        try:
            execute(book, target, values)
            say(f"{book.stem}: done")
        except ReportError as e:
            errors.append(str(e))
            if target.exists():
                failed.mkdir(parents=True, exist_ok=True)
                shutil.copy(target, failed / book.name)
        return target

    with ThreadPoolExecutor(max_workers=min(len(books), os.cpu_count() or 1) or 1) as pool:
        # The later notebooks compute more: begun first, they do not end alone.
        targets = list(pool.map(one, books[::-1]))[::-1]
    if errors:
        kept = f"; the notebook is kept in {failed}" if failed.exists() else ""
        raise ReportError("; ".join(sorted(errors)) + kept)
    return targets


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
