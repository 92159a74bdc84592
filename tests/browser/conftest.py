"""A tab of a real Chromium, where there is one, and axe-core."""

from __future__ import annotations

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
    """The source of axe-core 4.14.1, kept beside the tests as npm has it (MPL-2.0).

    The Python packages of it are older, and bring a browser's driver of 165 MB.
    """
    return (Path(__file__).parent / "axe.min.js").read_text("utf-8")
