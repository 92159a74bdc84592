"""JupyterLab for the browser's tests: a server on a copy of the notebooks, and a page that runs them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from repatria.record.fingerprint import ROOT

WAIT = 1800  # seconds for a whole notebook on a machine that does other things too
OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--port=0",
    "--IdentityProvider.token=",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--ServerApp.disable_check_xsrf=True",
]
# Not `currentWidget`: a tab without focus, as headless ones are, has none.
NOTEBOOK = "[...jupyterapp.shell.widgets('main')].find(w => w.context?.path === '{}')"


@contextlib.contextmanager
def served(folder: Path, theme: str = "JupyterLab Light") -> Iterator[str]:
    """Serve a copy of the notebooks from `folder`; give the address of the Lab."""
    books = folder / "notebooks"
    books.mkdir(parents=True)
    for book in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy(book, books)
    settings = folder / "settings"
    own = {
        "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page
        "apputils-extension/themes": {"theme": theme},
        "apputils-extension/notification": {"fetchNews": "false"},
    }
    for name, values in own.items():
        file = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), "utf-8")
    env = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-m", "jupyter", "lab", *OPTIONS, str(books)]
    log = folder / "lab.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=out)
        try:
            yield until(lambda: _address(log), WAIT, "JupyterLab's address")
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:  # it ends its kernels first; none is left behind
                server.kill()
                server.wait()


def _address(log: Path) -> str:
    found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/lab", log.read_text("utf-8"))
    if not found or found[1] == "0":
        return ""
    address = f"http://127.0.0.1:{found[1]}/lab"
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as reply:
        return address if reply.status == 200 else ""
    return ""


def until(ask: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first answer that is true; raise TimeoutError, naming what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(RuntimeError):
            if answer := ask():
                return answer
        time.sleep(0.2)
    raise TimeoutError(what)


def run_all(tab: Any, lab: str, name: str) -> list[dict[str, Any]]:
    """Open a notebook, run all its cells, and return them with what they gave."""
    tab.open(f"{lab}/tree/{name}?reset", 1280, 1000)
    book = NOTEBOOK.format(name)
    until(lambda: tab.ask(f"!!({book})?.context.isReady"), WAIT, f"{name} to open")
    tab.ask(f"jupyterapp.shell.activateById(({book}).id)")
    kernel = f"({book}).sessionContext.session?.kernel?.status"
    until(lambda: tab.ask(kernel) == "idle", WAIT, "the kernel")
    tab.ask(
        f"({book}).content.activeCellIndex = 0; jupyterapp.commands.execute('notebook:run-all-cells').then(() => 1)"
    )
    until(lambda: tab.ask(kernel) == "idle", WAIT, f"{name} to run")
    return list(tab.ask(f"({book}).content.model.toJSON().cells"))
