"""Backfill: past views of many days, on all cores or on a Dask cluster, each view once whoever makes it.

A job is self-contained: the parameters and the record go out, a packed folder with its manifest comes back, and only
this process publishes. A worker that dies takes one job with it, which is given to another; a backfill that was
interrupted goes on where it was, for what is published is not made again.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from repatria.record.fingerprint import data_folder
from repatria.report import forks, parameters, provenance, publish, run
from repatria.report.base import ReportError, Say, pack, side_by_side
from repatria.report.parameters import Parameters

__all__ = ["Job", "days", "make", "work"]

TRIES = 3  # a job whose worker died is given away so often
ANSWER = 10  # seconds that a cluster's scheduler may take to answer


@dataclass(frozen=True)
class Job:
    """A view to make, as it travels: its parameters, the day it is published on, record and notebooks packed.

    `scratch` is a folder to work in; without one it is the Dask worker's own.
    """

    given: dict[str, str]
    on: str
    data: bytes
    books: dict[str, str]
    scratch: str = ""


def days(first: str, last: str, every: str) -> list[str]:
    """Return the days from `first` to `last`: every so many days, or at each month's end.

    >>> days("2025-06-01", "2025-06-20", "7")
    ['2025-06-01', '2025-06-08', '2025-06-15']
    >>> days("2025-01-10", "2025-03-31", "month")
    ['2025-01-31', '2025-02-28', '2025-03-31']

    Raises ValueError for what is no day, no number, or an end before its beginning.
    """
    start, end = (
        dt.date.fromisoformat(parameters.check({"as_of": d}).as_of) for d in (first, last)
    )
    if end < start:
        raise ValueError(f"to: {last} is before {first}")
    span = (end - start).days + 1
    all_days = (start + dt.timedelta(n) for n in range(span))
    if every == "month":
        found = [d for d in all_days if (d + dt.timedelta(1)).day == 1]
    elif every.isascii() and every.isdigit() and int(every):
        found = list(all_days)[:: int(every)]
    else:
        raise ValueError(f"every: {every!r} is neither a number of days nor month")
    return [d.isoformat() for d in found]


def work(job: Job) -> bytes:
    """Make a view in a folder of this machine's own; return it packed. This is what a worker runs."""
    place = Path(job.scratch or _of_worker())
    with tempfile.TemporaryDirectory(prefix="run-", dir=place) as scratch:
        here = Path(scratch)
        with zipfile.ZipFile(io.BytesIO(job.data)) as held:
            held.extractall(here)
        (here / "notebooks").mkdir()
        books = []
        for name, text in job.books.items():
            books.append(here / "notebooks" / name)
            books[-1].write_text(text, "utf-8")
        data, values = here / "data", parameters.check(job.given)
        source = _source(place, data)
        made = run.make(
            values,
            here / "reports",
            _silent,
            books=books,
            on=job.on,
            at_once=1,
            data=data,
            source=source,
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as whole:
            for path in sorted(p for p in made.folder.rglob("*") if p.is_file()):
                whole.write(path, path.relative_to(made.folder).as_posix())
        return packed.getvalue()


_warm: list[forks.Warm] = []  # of this worker, for all its jobs


def _source(place: Path, data: Path) -> forks.Warm | None:
    """Return what kernels are forked from, once for all jobs of this worker."""
    if not forks.forks():
        return None
    while _warm and not _warm[0].alive:
        _warm.pop().close()
    if not _warm:
        home = Path(tempfile.mkdtemp(prefix="home-", dir=place))
        _warm.append(forks.Warm(home, data))
    return _warm[0]  # the record stays as well: `load` remembers it from job to job


def _of_worker() -> str:
    from distributed import get_worker

    return str(get_worker().local_directory)  # Dask clears away what a dead worker leaves in it


def _silent(line: str) -> None:
    """A worker's lines are nobody's."""


def make(
    wanted: Sequence[Parameters],
    out: Path,
    say: Say = print,
    cluster: str = "",
    books: Sequence[Path] | None = None,
    on: str = "",
    at_once: int = 0,
) -> list[Path]:
    """Make the views that are not there yet; return the folders of all of them.

    `cluster` is the address of a Dask scheduler, else the cores of this machine work, `at_once` of them. Raises
    RecordError for a bad record; ReportError when all that can be made is made, naming what could not.
    """
    publish.check(out)
    run.load(data_folder())  # a bad record is told at once, not by every worker
    books = provenance.notebooks() if books is None else list(books)
    with publish.workshop(out) as shop:
        data, books = provenance.snapshot(data_folder(), books, shop)
        on = on or run.today()
        keys = {p: provenance.run_key(provenance.inputs(p, data, books)) for p in wanted}
        places = {p: out / "views" / run.label(p, "") for p in wanted}
        todo = [p for p in wanted if not publish.found(places[p], keys[p])]
        say(f"{len(wanted)} views, {len(wanted) - len(todo)} there already")
        pack((p for p in data.iterdir() if p.is_file()), shop / "data.zip", "data/")
        packed = (shop / "data.zip").read_bytes()
        texts = {b.name: b.read_text("utf-8") for b in books}
        scratch = "" if cluster else str(shop)
        jobs = {p: Job(p.given(), on, packed, texts, scratch) for p in todo}
        failed: list[str] = []
        for done, (p, got) in enumerate(_results(jobs, cluster, at_once, say), 1):
            if isinstance(got, bytes):
                _publish(got, shop, out, places[p].name, keys[p])
                say(f"{done} of {len(todo)}: {places[p]}")
            else:
                failed.append(f"{places[p].name}: {got}")
                say(f"{done} of {len(todo)}: {failed[-1]}")
    if failed:
        raise ReportError(f"{len(failed)} of {len(wanted)} views failed: {'; '.join(failed)}")
    return [places[p] for p in wanted]


def _publish(got: bytes, shop: Path, out: Path, name: str, key: str) -> None:
    """Publish a view that came back, if it is whole and what was asked for."""
    scratch = Path(tempfile.mkdtemp(prefix="run-", dir=shop))
    folder = scratch / "page"
    with zipfile.ZipFile(io.BytesIO(got)) as held:
        held.extractall(folder)
    if not publish.found(folder, key):
        raise ReportError(f"{name}: a worker made it from other inputs: is its code the same?")
    with publish.only_one(out):
        publish.put_view(folder, out, name, key)
    shutil.rmtree(scratch, ignore_errors=True)


def _results(
    jobs: dict[Parameters, Job], cluster: str, at_once: int, say: Say
) -> Iterator[tuple[Parameters, bytes | BaseException]]:
    """Yield what each job came to, as it comes: a packed view, or the error it ended with."""
    if cluster:
        yield from _on_dask(jobs, cluster, say)
        return
    left = dict(jobs)
    for again in range(TRIES):
        workers = side_by_side(len(left), at_once)
        pool = ProcessPoolExecutor(
            workers, get_context("spawn"), initializer=forks.tie, initargs=(os.getpid(),)
        )
        try:
            for p, got in _collected(pool, left):
                if isinstance(got, BrokenProcessPool):
                    continue  # a worker died: its job, and those not begun, once more
                del left[p]
                yield p, got
        finally:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)
        if not left:
            return
        say(f"a worker died; {len(left)} views are given to others ({again + 1} of {TRIES})")
    for p in left:
        yield p, ReportError(f"its worker died {TRIES} times")


def _collected(
    pool: Executor, jobs: dict[Parameters, Job]
) -> Iterable[tuple[Parameters, bytes | BaseException]]:
    futures: dict[Future[bytes], Parameters] = {pool.submit(work, j): p for p, j in jobs.items()}
    for future in as_completed(futures):
        error = future.exception()
        yield futures[future], future.result() if error is None else error


def _on_dask(
    jobs: dict[Parameters, Job], cluster: str, say: Say
) -> Iterator[tuple[Parameters, bytes | BaseException]]:
    """The same on a Dask cluster, which gives a dead worker's jobs to others by itself."""
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError:
        raise ReportError("--cluster needs Dask: pip install 'repatria[cluster]'") from None
    try:
        client: Any = Client(cluster, timeout=ANSWER)
    except (OSError, ValueError) as e:
        raise ReportError(f"{cluster}: {e}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            say(f"{cluster}: no worker yet, waiting for one")
        futures = {client.submit(work, j, pure=False, retries=TRIES): p for p, j in jobs.items()}
        for future in completed(list(futures)):
            if future.status == "finished":
                yield futures[future], future.result()
            else:
                yield futures[future], future.exception() or ReportError(future.status)
            future.release()
