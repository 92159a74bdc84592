"""A small invented record to add to, and the command as a curator runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from conftest import small, write
from repatria.cli import app
from repatria.curate.book import source_id


def invented(folder: Path) -> Path:
    """Write a small record: six handovers, one claim each way by one side, searched through March 2025."""
    days = [f"2025-0{m}-{d}" for m in (1, 2, 3) for d in ("14", "28")]
    claims = [
        dict(
            event_id=f"bodies-{day}",
            claim_id=f"bodies-{day}.{direction}.moscow.total",
            claimant_id="moscow",
            direction=direction,
            n=first + step * i,
        )
        for i, day in enumerate(days)
        for direction, first, step in (("to_russia", 40, 5), ("to_ukraine", 900, 20))
    ]
    through = {"read_from": "2025-01-01", "read_through": "2025-03-31", "density": "dense"}
    searched = [
        {"kind": "bodies", "side": side, "entered_on": "2025-04-01"} | through
        for side in ("ukraine", "russia")
    ]
    rows = small([(f"bodies-{day}", day) for day in days], claims, coverage=searched)
    for i, (page, citation) in enumerate(zip(rows["sources"], rows["citations"], strict=True)):
        page["url"] = f"https://paper{i}.example/1"
        page["source_id"] = citation["source_id"] = source_id(page["url"], {})
    rows["sources"].sort(key=lambda r: r["source_id"])
    rows["citations"].sort(key=lambda r: (r["claim_id"], r["source_id"]))
    return write(folder, rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return invented(tmp_path / "invented")


@pytest.fixture
def run(data: Path) -> Callable[..., Any]:
    """Return a function that runs `repatria add` on the small record (or another)."""

    def add(*arguments: str, input: str | None = None, folder: Path = data) -> Any:
        return CliRunner().invoke(app, ["add", "--data", str(folder), *arguments], input=input)

    return add
