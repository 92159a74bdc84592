"""The engine given to papermill: its own, with a client that keeps account of a notebook's run.

Importing it registers it. It adds the cell that a dying kernel was in, a limit to what a notebook may print, and the
kernel's testimony of what it used.
"""

from __future__ import annotations

import asyncio
import logging
from ast import literal_eval
from collections.abc import Mapping
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from repatria.report import kernels
from repatria.report.forks import environment

__all__ = ["NAME", "Client", "Engine"]

NAME = "repatria"
ASK = "__import__('repatria.report.provenance', fromlist=['']).testimony()"


class Client(PapermillNotebookClient):
    """Runs the cells and keeps account of them in `run`."""

    def __init__(self, nb_man: Any, run: kernels.Run, **kw: Any) -> None:
        super().__init__(nb_man, km=run.manager, **kw)
        self.run = run
        run.notebook = self.nb
        self.on_cell_executed = self.look

    def look(self, execute_reply: Any, **_: Any) -> None:
        """Refuse a cell that told the kernel to end: what follows would not run."""
        if any(p["source"] == "ask_exit" for p in execute_reply["content"].get("payload", [])):
            self.run.refused = "it ended its kernel"
            raise RuntimeError(self.run.refused)

    def execute_cell(self, cell: Any, cell_index: int, **kw: Any) -> Any:
        """Execute a cell, and remember which it is."""
        self.run.cell = cell_index
        return super().execute_cell(cell, cell_index, **kw)

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Take an output, as long as all of them together are not too large."""
        self.run.size += _size(msg["content"])
        if self.run.size <= kernels.LIMIT:
            return super().process_message(msg, cell, cell_index)
        if not self.run.refused:
            self.run.refused = f"more than {kernels.LIMIT // 1_000_000} MB of output"
            self.ending = asyncio.ensure_future(self.km.provisioner.kill())
        return None

    def papermill_execute_cells(self) -> None:
        """Execute all cells; then, unless one failed, ask the kernel what it has used."""
        super().papermill_execute_cells()
        if any(o.output_type == "error" for c in self.nb.cells for o in c.get("outputs", [])):
            return
        asked = self.kc.execute("", silent=True, user_expressions={"said": ASK})
        said = self.wait_for_reply(asked)["content"]["user_expressions"]["said"]
        if said["status"] != "ok":
            raise RuntimeError(f"no testimony: {said.get('ename')}: {said.get('evalue')}")
        self.run.testimony = literal_eval(said["data"]["text/plain"])


class Engine(NBClientEngine):
    """papermill's own engine with this client."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kw: Any) -> None:
        """Execute a notebook; `run` is among the arguments given to papermill."""
        run: kernels.Run = kw["run"]
        client = Client(
            nb_man,
            run,
            kernel_name=kernel_name,
            timeout=kw["execution_timeout"],
            startup_timeout=kw["start_timeout"],
        )
        client.log.disabled = True  # what went wrong is in the error that is raised
        env = environment(run.folder, run.data, run.release)
        client.execute(cwd=str(run.folder), env=env)


def _size(content: Mapping[str, Any]) -> int:
    values = [content.get("text", ""), *content.get("data", {}).values()]
    return sum(len(v) if isinstance(v, str) else len(str(v)) for v in values)


papermill_engines.register(NAME, Engine)
logging.getLogger("papermill").setLevel(logging.ERROR)
