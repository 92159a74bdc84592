"""Making a report: inputs, notebooks, pages, publishing, in this order; a failure leaves the last one."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from repatria.record.fingerprint import data_folder, of_file
from repatria.record.schema import TABLES
from repatria.report import kernels, provenance, publish
from repatria.report.base import PARTS, ReportError, Say
from repatria.report.forks import Warm
from repatria.report.parameters import Parameters

__all__ = ["Outcome", "about", "label", "load", "make", "today", "write"]

SITE = ("repatria.report.site", "nbconvert.exporters")  # modules that write pages
SEALED = ("inputs", "on", "earlier", "last_day", "read_through")  # what the manifest holds


@dataclass(frozen=True)
class Outcome:
    """Where a report is, and whether it was made now or was still good."""

    folder: Path
    made: bool


def today() -> str:
    """Return the day a report is published on if nothing else is said: the clock's, in UTC."""
    return dt.datetime.now(dt.UTC).date().isoformat()


def label(parameters: Parameters, on: str) -> str:
    """Return the name of a view under `views/`; empty for a release: the record as it stands on its day.

    >>> label(Parameters(), "2026-11-25"), label(Parameters(as_of="2025-06-12"), "2025-06-12")
    ('', '')
    >>> label(Parameters(as_of="2025-06-12", lens="russia"), "2026-11-25")
    'as-of-2025-06-12_lens-russia'
    """
    said = {k: v for k, v in parameters.as_dict().items() if k != "on"}
    plain = {k: v for k, v in Parameters().as_dict().items() if k != "on"}
    if said in (plain, plain | {"as_of": on}):
        return ""
    return "_".join(f"{k.replace('_', '-')}-{v}" for k, v in said.items() if v != plain[k])


def make(
    parameters: Parameters,
    out: Path,
    say: Say = print,
    force: bool = False,
    books: Sequence[Path] | None = None,
    on: str = "",
    keep: int = 0,
    at_once: int = 0,
    data: Path | None = None,
    correct: str = "",
    interval: int = 0,
    site_url: str = "",
    waiting: Mapping[str, Any] | None = None,
    source: Warm | None = None,
) -> Outcome:
    """Make the report for `parameters` under `out`, unless the newest one there has the same inputs.

    `books` are the notebooks, by default the project's own; `correct` is where corrections are received;
    `on` is the day of publication, by default today (then a report of another day is still good if nothing
    but the day differs); `keep` releases stay, by default all;
    `at_once` kernels run side by side, by default one more than there are cores; `data` is the record's folder, by default the project's;
    `interval` days from now the next report is due; `site_url` is where the reports are served; `waiting` is what a
    release tells of the inbox (`watch.inbox.facts`): inputs like any other;
    kernels are forked from `source`, by default from a process of this run's own.

    Raises RecordError for a bad record, ReportError, naming notebook and cell, for a failing run, and OSError; the
    failed notebook is kept in `out/failed/<label>/`.
    """
    books = provenance.notebooks() if books is None else books
    data, day = data or data_folder(), on or today()
    if "on" in Parameters.model_fields:
        parameters = parameters.model_copy(update={"on": day})
    options = {"interval": interval, "site_url": site_url, "correct": correct}
    told: dict[str, Any] = {name: value for name, value in options.items() if value}
    publish.check(out)
    view = label(parameters, day)
    if waiting and not view:
        told["waiting"] = dict(waiting)
    with contextlib.nullcontext() if view else publish.in_turn(out, say):
        key = provenance.run_key(provenance.inputs(parameters, data, books, told))
        there = _there(out, view, on, day)
        if not force and publish.found(there, key):
            assert there is not None
            say(f"nothing changed: {there}")
            _tidy(out, keep, site_url, say)
            return Outcome(there, made=False)
        if not all((data / f"{name}.csv").is_file() for name in TABLES):
            load(data)  # says which is none
        with _placed(out), publish.workshop(out) as work:
            failed = out / "failed" / (view or "release")
            data, books = provenance.snapshot(data, books, work)
            name = f"views/{view}" if view else publish.free(out, day)
            given = contextlib.nullcontext(source)
            with given if source else kernels.warmed(work / "home", data, say) as source:
                # It imports while this goes on, and so does this process.
                preparing = threading.Thread(target=kernels.prepare)
                preparing.start()
                inputs = provenance.inputs(parameters, data, books, told)
                facts = _facts(parameters, inputs, data, books, day, out, name, source) | told
                preparing.join()
                done = _execute(work, parameters, facts, failed, say, source, at_once)
                say("pages: writing")
                published = _published(work / "page", done, parameters, facts, out, source)
                _tidy(out, keep, site_url, say, source)
            shutil.rmtree(failed, ignore_errors=True)
        with contextlib.suppress(OSError):
            (out / "failed").rmdir()  # where it is empty
    return Outcome(published, made=True)


@contextlib.contextmanager
def _placed(out: Path) -> Iterator[None]:
    """Name the folder of the reports in an OSError that names no path: a full disk does not say which."""
    try:
        yield
    except OSError as e:
        if e.filename is None:
            e.filename = str(out)
        raise


def _there(out: Path, view: str, on: str, day: str) -> Path | None:
    """Return the report that would be good enough if it has the same inputs.

    Raises ReportError if it is of a day to come: nothing newer would be seen until then.
    """
    if view:
        return out / "views" / view
    if not on:
        there = publish.newest(out)
        if there and publish.order(there.name)[0] > day:
            raise ReportError(
                f"{there}: of a day after today, {day}: set the clock, or move it away"
            )
        return there
    return next((p for p in publish.releases(out) if p.name.startswith(on)), None)


def load(data: Path) -> Any:
    """Return the checked record in a folder. Not imported above: it loads pandas."""
    from repatria.record.view import load

    return load(data)


def _facts(
    parameters: Parameters,
    inputs: dict[str, Any],
    data: Path,
    books: Sequence[Path],
    on: str,
    out: Path,
    name: str,
    source: Warm | None,
) -> dict[str, Any]:
    """Return what is known before the notebooks run."""
    read = _call(source, about, data=data, parameters=parameters)
    if read.pop("digest") != inputs["data"]:
        raise ReportError("the record changed while it was read")
    older = [p for p in publish.releases(out) if publish.order(p.name) < publish.order(name)]
    earlier = [] if name.startswith("views/") else older[::-1]
    return {
        "inputs": inputs,
        "on": on,
        "earlier": {p.name: of_file(p / publish.MANIFEST) for p in earlier},
        "data": data.absolute(),
        "notebooks": list(books),
        "folders": [p.absolute() for p in earlier],
        "name": name,
        **read,
    }


def _call(source: Warm | None, function: Callable[..., Any], **given: Any) -> Any:
    """Call a function of this module in a process that has imports and record, where there is one."""
    return source.call(function, **given) if source else function(**given)


def about(data: Path, parameters: Parameters) -> dict[str, Any]:
    """Return what a manifest says of a record: its digest, the day it speaks for, what was read."""
    record = _cut(data, parameters)
    last = f"{record.last_day:%Y-%m-%d}"
    return {"digest": record.digest, "last_day": last, "read_through": _read_through(record)}


def _cut(data: Path, parameters: Parameters) -> Any:
    return load(data).as_of(parameters.as_of, coverage="today").until(parameters.until)


def _read_through(record: Any) -> dict[str, str]:
    """Return the last day read, by kind of handover, as pages tell it; kinds that nobody reads are left out."""
    from repatria.analysis import facts

    days = {kind: facts.read_through(record, [kind]) for kind in facts.KINDS}
    return {kind: f"{day:%Y-%m-%d}" for kind, day in days.items() if day is not None}


def _execute(
    work: Path,
    parameters: Parameters,
    facts: dict[str, Any],
    failed: Path,
    say: Say,
    source: Any,
    at_once: int,
) -> list[Path]:
    """Run the notebooks and hear what their kernels used; return the executed ones.

    Raises ReportError if one fails, or used anything else than the manifest says.
    """
    data, books, inputs = facts["data"], facts["notebooks"], facts["inputs"]
    (work / "executed").mkdir()
    runs = {b.name: kernels.Run(work / "kernels" / b.stem, data, source) for b in books}
    given = parameters.given()
    ready = partial(source.need, *SITE) if source else lambda: None
    done = kernels.execute_all(books, given, work / "executed", failed, say, runs, at_once, ready)
    for book in done:
        wrong = provenance.contradictions(runs[book.name].testimony, inputs)
        if provenance.of_notebook(book) != inputs["notebooks"][book.name]:
            wrong.append("its cells are not those of the manifest")
        if wrong:
            raise ReportError(f"{book.name}: not what the manifest says: {'; '.join(wrong)}")
    return done


def _published(
    folder: Path,
    done: Sequence[Path],
    parameters: Parameters,
    facts: dict[str, Any],
    out: Path,
    source: Warm | None,
) -> Path:
    """Write the pages into a folder of the workshop and publish it; return where it is."""
    folder.mkdir()
    given = {"folder": folder, "done": done, "parameters": parameters, "facts": facts}
    with ThreadPoolExecutor() as side_by_side:
        parts = [(part,) for part in PARTS] if source else [PARTS]
        asked = [side_by_side.submit(_call, source, write, parts=p, **given) for p in parts]
    for used in (a.result() for a in asked):
        if source and (wrong := provenance.contradictions(used, facts["inputs"])):
            raise ReportError(f"pages: not what the manifest says: {'; '.join(wrong)}")
    key = provenance.run_key(facts["inputs"])
    publish.seal(folder, {k: facts[k] for k in SEALED}, key)
    with publish.only_one(out):
        if facts["name"].startswith("views/"):
            return publish.put_view(folder, out, facts["name"].removeprefix("views/"), key)
        return publish.put(folder, out, facts["name"])


def write(
    folder: Path,
    done: Sequence[Path],
    parameters: Parameters,
    facts: dict[str, Any],
    parts: Collection[str] = PARTS,
) -> dict[str, Any]:
    """Write the pages of a release into its folder, or some of its parts; return what this process has used."""
    from repatria.report import site

    told: dict[str, Any] = {k: facts[k] for k in ("name", "data", "inputs")}
    told |= {"published": dt.date.fromisoformat(facts["on"]), "earlier": facts["folders"]}
    told |= {k: facts[k] for k in ("interval", "site_url", "correct", "waiting") if facts.get(k)}
    if facts["folders"]:
        told["previous"] = facts["folders"][-1]
    if facts["name"].startswith("views/"):
        told["root"] = "../../"
    site.build(folder, done, _cut(facts["data"], parameters), parameters, told, parts)
    return provenance.testimony()


def _tidy(out: Path, keep: int, site_url: str, say: Say, source: Warm | None = None) -> None:
    """Write the list of the releases there are, then remove those beyond the ones to keep; repairs the list too."""
    with publish.only_one(out):
        publish.forward(out)
        gone = publish.beyond(out, keep)
        stay = [p.absolute() for p in publish.releases(out) if p not in gone]
        _call(source, _list, out=out.absolute(), releases=stay, site_url=site_url)
        for folder in gone:
            publish.remove(out, folder)
            say(f"removed: {folder}")


def _list(out: Path, releases: Sequence[Path], site_url: str) -> None:
    """Write what lists the releases, unless it says the same already."""
    entries = [e for p in releases if (e := _entry(p))]
    told = json.dumps({"site_url": site_url, "releases": entries}, indent=1, sort_keys=True)
    if of_file(out / "releases.json") == hashlib.sha256(told.encode()).hexdigest():
        return  # written last: all of it is there
    from repatria.report import site

    publish.shelve(out, {"index.html": site.index(entries)})
    publish.shelve(out, {"feed.xml": site.feed(entries, site_url)})
    publish.shelve(out, {"releases.json": told})


def _entry(release: Path) -> dict[str, Any]:
    """Return what a release says of itself; empty if that cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        held = json.loads((release / "release.json").read_text("utf-8"))
        if isinstance(held, dict):
            return {**held, "name": release.name}
    return {}
