"""A tab of a real Chromium, where there is one, and axe-core, where npm or a package has put it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import binary, chromium


@pytest.fixture(scope="session")
def tab() -> Iterator[Any]:
    """A tab of Chromium."""
    pytest.importorskip("websocket", reason="websocket-client is not installed")
    if not binary():
        pytest.skip("no Chromium here: apt-get install chromium, or CHROMIUM=path")
    with chromium() as page:
        yield page


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core: AXE=path, that of a Python package, or what npm left in node_modules."""
    places = [os.environ.get("AXE", "")]
    if (package := importlib.util.find_spec("axe_playwright_python")) and package.origin:
        places.append(str(Path(package.origin).parent / "axe.min.js"))
    if npm := shutil.which("npm"):
        roots = [["root"], ["root", "--global"]]
        found = [
            subprocess.run([npm, *r], capture_output=True, text=True, check=False) for r in roots
        ]
        places += [f"{f.stdout.strip()}/axe-core/axe.min.js" for f in found]
    for place in filter(None, places):
        if Path(place).is_file():
            return Path(place).read_text("utf-8")
    pytest.skip(
        "no axe-core here: npm install --no-save axe-core@4.14.1, or AXE=path of axe.min.js"
    )
