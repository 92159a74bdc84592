"""Publishing: a finished folder becomes visible in one step, or not at all.

A release is built in `.work/` (a workshop) and renamed to `<day>/`, or `<day>-b/` where the day has one: from then
on it never changes. A view (a past day, another lens, a window) may be made again from newer data: its build goes to
`.builds/`, and the link `views/<label>` is replaced. Both are one step of the file system: a kill at any moment
leaves the old state or the new one. Nothing here knows what is in a folder but its `manifest.json`.
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
from repatria.report.base import ReportError, Say

__all__ = [
    "beyond",
    "check",
    "forward",
    "found",
    "free",
    "harmed",
    "in_turn",
    "manifest",
    "newest",
    "only_one",
    "order",
    "put",
    "put_view",
    "releases",
    "remove",
    "scratch",
    "seal",
    "shelve",
    "whole",
    "workshop",
]

MANIFEST = "manifest.json"
RELEASE = re.compile(r"\d{4}-\d\d-\d\d(-[b-z]+)?")


def check(out: Path) -> None:
    """Make the folder of the reports, if it is not there, and look whether it can be published into.

    Raises OSError or ReportError before anything has run, not after.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in (".work", ".builds", "failed", "views"):
        place = out / name
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            raise ReportError(f"{place}: not a folder; move it away")
    latest = out / "latest"
    if os.path.lexists(latest) and not latest.is_symlink():
        raise ReportError(f"{latest}: not a link; move it away")
    with tempfile.TemporaryFile(dir=out):
        pass  # raises, with the path, where nothing can be written


@contextlib.contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """Give a scratch folder beside the reports; clear those that a killed run left behind.

    Before and after: processes of a run that was killed just before may need a moment to end.
    """
    shelf = out / ".work"
    shelf.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        with only_one(out):  # else a run could clear a folder that is made, but not yet locked
            _sweep(shelf)
            work = Path(tempfile.mkdtemp(prefix="run-", dir=shelf.resolve()))
            fcntl.flock(held.enter_context(open(work / "lock", "w")), fcntl.LOCK_EX)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
            with contextlib.suppress(OSError), only_one(out):
                _sweep(shelf)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder for temporary files, cleared by the next one if its run is killed."""
    root = Path(tempfile.gettempdir()).resolve()
    for left in root.glob("repatria-scratch-*/run-0/lock"):
        old = left.parents[1]
        if not old.is_symlink() and old.stat().st_uid == os.getuid():
            _sweep(old)
            with contextlib.suppress(OSError):
                old.rmdir()  # if nothing is left in it
    with tempfile.TemporaryDirectory(prefix="repatria-scratch-") as own:
        work = Path(own) / "run-0"
        work.mkdir()
        with open(work / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield work


def _sweep(shelf: Path) -> None:
    """Remove the folders of which nobody holds a lock: neither the run nor a process it made (see `forks`)."""
    for old in shelf.glob("run-*"):
        if not old.is_dir() or old.is_symlink():
            continue
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for lock in old.rglob("lock"):
                f = held.enter_context(open(lock, "a"))
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises if one is alive
            shutil.rmtree(old, ignore_errors=True)


def seal(folder: Path, facts: Mapping[str, Any], key: str) -> None:
    """Write the manifest of a finished folder: what it was made from, and the digest of every file in it."""
    held = sorted(p for p in folder.rglob("*") if p.is_file())
    files = {p.relative_to(folder).as_posix(): of_file(p) for p in held}
    text = json.dumps({**facts, "run_key": key, "files": files}, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")


def free(out: Path, day: str) -> str:
    """Return the name that the next release of a day has. Call it `in_turn`, until the release is put there."""
    return next(n for n in _names(day) if not os.path.lexists(out / n))


def put(folder: Path, out: Path, name: str) -> Path:
    """Publish a sealed folder of the workshop under its `free` name; return where it is.

    `latest` follows if no later release is there. A day's newest release is not published again if it is whole and
    was made from the same inputs. Call it under `only_one`.
    """
    there = next((p for p in releases(out) if p.name.startswith(name[:10])), None)
    if there is None or not found(there, manifest(folder)["run_key"]):
        there = out / name
        folder.rename(there)
    forward(out)
    return there


def forward(out: Path) -> None:
    """Point `latest` to the newest release if it points to an older one, or nowhere. Call it under `only_one`.

    Also where nothing was published: a run may have been killed between its release and its link.
    """
    there, latest = releases(out), newest(out)
    if there and (latest is None or order(latest.name) < order(there[0].name)):
        _point(out, "latest", there[0].name)


def put_view(folder: Path, out: Path, label: str, key: str) -> Path:
    """Publish a sealed folder of the workshop as `views/<label>`, in place of an earlier one."""
    build = out / ".builds" / f"{label}-{key[:12]}-{folder.parent.name}"
    build.parent.mkdir(exist_ok=True)
    (out / "views").mkdir(exist_ok=True)
    folder.rename(build)
    _point(out / "views", label, f"../.builds/{build.name}")
    for old in build.parent.glob(f"{label}-*"):
        ours = re.fullmatch(rf"{re.escape(label)}-[0-9a-f]{{12}}-run-\w+", old.name)
        if old != build and ours:
            shutil.rmtree(old, ignore_errors=True)
    return out / "views" / label


def _names(day: str) -> Iterator[str]:
    """Yield 2026-11-25, 2026-11-25-b … -z, -zb … in the order of text."""
    yield day
    stem = "-"
    while True:
        yield from (f"{day}{stem}{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")
        stem += "z"


def order(name: str) -> tuple[str, str]:
    """Return what releases are sorted by: the day, then the letter."""
    return name[:10], name[10:]


def releases(out: Path) -> list[Path]:
    """Return the published releases, the newest first."""
    names = [p.name for p in out.glob("[0-9]*") if RELEASE.fullmatch(p.name) and p.is_dir()]
    return [out / n for n in sorted(names, key=order, reverse=True)]


def newest(out: Path) -> Path | None:
    """Return the release that `latest` points to, if there is one."""
    link = out / "latest"
    name = os.readlink(link) if link.is_symlink() else ""
    return out / name if RELEASE.fullmatch(name) and (out / name).is_dir() else None


def manifest(folder: Path) -> dict[str, Any]:
    """Return what a published folder says of itself; empty if it has no manifest that can be read."""
    with contextlib.suppress(OSError, ValueError):
        held = json.loads((folder / MANIFEST).read_text("utf-8"))
        if isinstance(held, dict) and isinstance(held.get("files"), dict):
            return held
    return {}


def harmed(folder: Path) -> list[str]:
    """Return the files of a published folder that are not as its manifest lists them."""
    files = manifest(folder).get("files", {})
    return [name for name, digest in files.items() if of_file(folder / name) != digest]


def whole(folder: Path) -> bool:
    """Return whether a published folder has its manifest, and every file as listed there."""
    return bool(manifest(folder)) and not harmed(folder)


def found(folder: Path | None, key: str) -> bool:
    """Return whether a published folder has this key and its files are unharmed."""
    return folder is not None and manifest(folder).get("run_key") == key and whole(folder)


def beyond(out: Path, keep: int) -> list[Path]:
    """Return all but the newest `keep` releases and what `latest` points to; none if `keep` is 0."""
    return [p for p in releases(out)[keep:] if p != newest(out)] if keep else []


def remove(out: Path, release: Path) -> None:
    """Remove a release; it is out of sight in one step."""
    aside = Path(tempfile.mkdtemp(prefix="run-", dir=out / ".work"))
    release.rename(aside / "gone")  # then there is time
    shutil.rmtree(aside, ignore_errors=True)


def shelve(out: Path, files: Mapping[str, str]) -> None:
    """Write files beside the releases, each in one step, unless they say the same already."""
    for name, text in files.items():
        place, aside = out / name, out / f".{name}.aside"
        if place.is_file() and place.read_text("utf-8", "replace") == text:
            continue
        aside.write_text(text, "utf-8")
        aside.replace(place)


def _point(out: Path, name: str, target: str) -> None:
    """Make `out/name` a link to `target`, replacing what was there in one step."""
    link = out / name
    if link.is_symlink() and os.readlink(link) == target:
        return
    aside = out / f".{name}.aside"  # one name: what a killed run left is replaced
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)


@contextlib.contextmanager
def only_one(out: Path) -> Iterator[None]:
    """Hold the writers' lock of a folder of reports."""
    with open(out / ".publish.lock", "a") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def in_turn(out: Path, say: Say) -> Iterator[None]:
    """Let releases be made one after another: each has the next name, and tells what came before it.

    Whoever comes second finds what the first one published. The lock ends with its process, however that ends.
    """
    with open(out / ".release.lock", "a") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting: another run makes a release")
            fcntl.flock(f, fcntl.LOCK_EX)
        yield
