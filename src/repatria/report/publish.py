"""Publishing: a finished folder becomes visible in one step, or not at all.

A report is built in `.work/` (a workshop), moved whole to `.builds/`, and becomes visible when the link
`<name>` is replaced, which the file system does in one step: a kill at any moment leaves either the old
report or the new one. Nothing here knows what is in the folder but its `manifest.json`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from repatria.record.fingerprint import of_file

__all__ = ["found", "point", "put", "seal", "workshop"]

MANIFEST = "manifest.json"


@contextlib.contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """Give a scratch folder beside the reports; clear those that a killed run left behind."""
    shelf = out / ".work"
    shelf.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        with _only_one(out):  # else a run could clear a folder that is made, but not yet locked
            for old in shelf.iterdir():
                with contextlib.suppress(OSError), open(old / "lock", "a") as f:
                    fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises if its run is alive
                    shutil.rmtree(old, ignore_errors=True)
            work = Path(tempfile.mkdtemp(dir=shelf))
            fcntl.flock(held.enter_context(open(work / "lock", "w")), fcntl.LOCK_EX)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def seal(folder: Path, inputs: Mapping[str, Any], key: str) -> None:
    """Write the manifest of a finished folder: its inputs, and the digest of every file in it."""
    held = sorted(p for p in folder.rglob("*") if p.is_file())
    files = {p.relative_to(folder).as_posix(): of_file(p) for p in held}
    manifest = {"run_key": key, "inputs": inputs, "files": files}
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")


def put(folder: Path, out: Path, name: str, key: str) -> Path:
    """Publish a sealed folder of the workshop as `out/name`, and as `latest`; return where it is."""
    with _only_one(out):
        build = out / ".builds" / f"{name}-{key[:12]}-{folder.parent.name}"
        build.parent.mkdir(exist_ok=True)
        folder.rename(build)
        point(out, name, f".builds/{build.name}")
        point(out, "latest", name)
        _sweep(out, name, build)
    return out / name


def found(out: Path, key: str) -> Path | None:
    """Return the published report with this key, if there is one and its files are unharmed."""
    for manifest in sorted(out.glob(f"*/{MANIFEST}")):
        folder = manifest.parent
        if folder.name == "latest":
            continue
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            m = json.loads(manifest.read_text("utf-8"))
            whole = all(of_file(folder / f) == digest for f, digest in m["files"].items())
            if m["run_key"] == key and whole:
                return folder
    return None


def point(out: Path, name: str, target: str) -> None:
    """Make `out/name` a link to `target`, replacing what was there in one step."""
    link = out / name
    if link.is_symlink() and os.readlink(link) == target:
        return
    aside = out / f".{name}.{os.getpid()}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)


@contextlib.contextmanager
def _only_one(out: Path) -> Iterator[None]:
    with open(out / ".publish.lock", "a") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _sweep(out: Path, name: str, keep: Path) -> None:
    """Remove builds of this report that nothing points to any more."""
    for old in (out / ".builds").glob(f"{name}-*"):
        ours = re.fullmatch(rf"{re.escape(name)}-[0-9a-f]{{12}}-\w+", old.name)
        if old != keep and ours:
            shutil.rmtree(old, ignore_errors=True)
