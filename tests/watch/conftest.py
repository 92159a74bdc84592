"""A web of our own, and an address where nobody answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from watch.webs import Web


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
