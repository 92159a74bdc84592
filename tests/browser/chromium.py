"""Headless Chromium over its own protocol: enough to open a page, ask it, and take its picture."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def binary() -> str | None:
    """Return where Chromium is, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A tab. `said` holds what it wrote to its console, `asked` every address it asked for."""

    def __init__(self, socket: Any) -> None:
        self.socket, self.count = socket, 0
        self.said: list[str] = []
        self.asked: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; events on the way are noted."""
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.count:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return dict(message["result"])
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(params["request"]["url"])
            case "Runtime.consoleAPICalled":
                self.said.append(str([a.get("value") for a in params["args"]]))
            case "Runtime.exceptionThrown":
                self.said.append(params["exceptionDetails"]["text"])
            case "Log.entryAdded":
                self.said.append(params["entry"]["text"])

    def open(
        self, path: Path | str, width: int = 1280, height: int = 900, dark: bool = False
    ) -> None:
        """Open a file (or address) at a width in CSS pixels, and wait until it has loaded."""
        url = path.resolve().as_uri() if isinstance(path, Path) else path
        phone = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media="", features=scheme)
        self.call("Page.navigate", url=url)
        for _ in range(400):
            time.sleep(0.02)
            with contextlib.suppress(RuntimeError):
                if (
                    self.ask("document.readyState") == "complete"
                    and self.ask("location.href") != "about:blank"
                ):
                    return
        raise TimeoutError(url)

    def ask(self, expression: str) -> Any:
        """Return what an expression of JavaScript gives, promises awaited."""
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"].get("exception", {}).get("description"))
        return found["result"].get("value")

    def picture(self, path: Path, whole: bool = True) -> None:
        """Save a picture of the page."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def pdf(self, path: Path) -> None:
        """Print the page."""
        found = self.call("Page.printToPDF", preferCSSPageSize=True)
        path.write_bytes(base64.b64decode(found["data"]))


@contextlib.contextmanager
def chromium() -> Iterator[Page]:
    """Give a tab of a Chromium that ends with the block."""
    import websocket

    with tempfile.TemporaryDirectory() as home:
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
        quiet = ["--no-first-run", "--disable-background-networking", "--remote-allow-origins=*"]
        process = subprocess.Popen(
            [str(binary()), *options, *quiet, f"--user-data-dir={home}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = _port(Path(home) / "DevToolsActivePort")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as reply:
                tabs = [t for t in json.load(reply) if t["type"] == "page"]
            socket = websocket.create_connection(tabs[0]["webSocketDebuggerUrl"], timeout=300)
            yield Page(socket)
            socket.close()
        finally:
            process.terminate()
            process.wait(20)


def _port(file: Path) -> int:
    for _ in range(600):
        if file.exists() and file.read_text("utf-8").strip():
            return int(file.read_text("utf-8").splitlines()[0])
        time.sleep(0.05)
    raise TimeoutError("Chromium does not answer")
