"""A web of our own on loopback: pages by path, each a function that writes its answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from repatria.watch.fetch import Limits

Page = Callable[[BaseHTTPRequestHandler], None]
LIMITS = Limits(wait=1, feed=2, run=6, private=frozenset({"127.0.0.1"}))


def answer(body: bytes | str, status: int = 200, **headers: str) -> Page:
    """Return a page that answers with this; header names are written with _ for -."""

    def page(handler: BaseHTTPRequestHandler) -> None:
        raw = body.encode() if isinstance(body, str) else body
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return page


def rss(*items: tuple[str, str], more: str = "", day: str = "Wed, 18 Nov 2026 09:00:00 GMT") -> str:
    """Return a feed of (address, title) items, all of one day."""
    told = "".join(
        f"<item><link>{link}</link><title>{title}</title><pubDate>{day}</pubDate></item>"
        for link, title in items
    )
    return f'<?xml version="1.0"?>{more}<rss version="2.0"><channel><title>A</title>{told}</channel></rss>'


class Web:
    """The server: `pages` by path, `asked` the requests it got (path, headers)."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, Any]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append((self.path, self.headers))
                with contextlib.suppress(OSError):  # whoever asked has had enough
                    web.pages.get(self.path, answer("", 404))(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self.server.server_address[1]}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]
