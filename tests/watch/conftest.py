"""A web of our own, an address where nobody answers, and a small record to add to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from watch.webs import Web

from conftest import CLAIMANTS, small, write


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def nobody() -> str:
    """An address where nobody answers."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}/feed"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An invented record: a handover of each kind, both sides searched, and two totals, the later one not met."""
    days = {"prisoners-2025-08-14": 84, "bodies-2025-08-19": 1000}
    claims = [
        {"event_id": e, "claimant_id": "mod-russia", "direction": to, "n": n}
        for e, n in days.items()
        for to in ("to_ukraine", "to_russia")
    ]
    counted = {"as_of_precision": "day", "kind": "prisoners", "unit": "people"}
    counted |= {"direction": "to_ukraine", "qualifier": "exact", "claimant_id": "mod-russia"}
    counted |= {"since": "2025-01-01", "since_basis": "printed"}
    totals: list[dict[str, Any]] = [
        {"total_id": "total-0001", "as_of": "2025-12-31", "count": 84},
        {"total_id": "total-0002", "as_of": "2026-06-30", "count": 400},
    ]
    read = {"read_from": "2025-01-01", "read_through": "2026-10-09"}
    read |= {"density": "dense", "entered_on": "2026-10-10"}
    left = {"excluded_id": "excluded-0001", "url": "https://left.example/1", "reason": "garbled"}
    rows = small(
        [(e, e.partition("-")[2]) for e in days],
        claims,
        claimants=[CLAIMANTS[1] | {"claimant_id": "mod-russia", "name": "Ministry"}],
        totals=[counted | t for t in totals],
        mentions=[{"row_id": t["total_id"], "source_id": "s0"} for t in totals],
        coverage=[
            {"kind": kind, "side": side} | read
            for kind in ("bodies", "prisoners")
            for side in ("ukraine", "russia")
        ],
        excluded=[left | {"publisher": "Paper"}],
    )
    return write(tmp_path / "data", rows)
