"""Measures what DESIGN §9 promises, as ratios within one run: `make bench`. Not a test: it fails nothing.

A row as soon as it is known, each with its target and the machine's load then: the report against papermill and
nbconvert called once per notebook, its CPU seconds against the notebooks' code as one plain script; nothing changed;
memory; sizes; a backfill of 24 days against the same loop; a report on ten times the claims; load, check and estimate of
the real record and of invented ones of 10 thousand to 1 million claims.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from itertools import product
from pathlib import Path

from repatria.record.fingerprint import ROOT
from repatria.record.schema import TABLES
from repatria.report.provenance import notebooks

BIN = Path(sys.executable).parent
LOAD = """
import json, resource, sys, time
from repatria.record import view as record
record.load()  # warm: imports and the regular expressions are not the record's cost
t = time.perf_counter()
r = record.load(sys.argv[1], today=str(record.window.today().date()))  # not the one there is
r.estimates()
print(json.dumps([time.perf_counter() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


# The notebooks' code in one process, each cell's result asked for what a notebook would show.
PLAIN = """
import ast, json, os, resource, sys, time
os.environ["REPATRIA_RELEASE"] = "1"
t = time.perf_counter()
for path in sys.argv[1:]:
    names = {}
    for cell in json.load(open(path))["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path, "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), path, "eval"), names)
            for way in ("_repr_mimebundle_", "_repr_markdown_", "_repr_html_"):
                if hasattr(value, way):
                    getattr(value, way)()
                    break
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.perf_counter() - t, used.ru_utime + used.ru_stime]))
"""
DAYS = 24  # of the backfill


CLAIMANTS = {"kyiv": "ukraine", "moscow": "russia", "broker": "mediator", "press": "third"}
KINDS = ("bodies", "prisoners", "civilians")


def invented(folder: Path, claims: int) -> Path:
    """Write a sound record of so many claims: a page each, eight or more to an event."""
    out: dict[str, list[dict[str, object]]] = {name: [] for name in TABLES}
    for who, side in CLAIMANTS.items():
        official = "no" if side == "third" else "yes"
        out["claimants"].append(
            {"claimant_id": who, "name": who, "office": who, "side": side, "official": official}
        )
    # Days run out before a million claims do: more claims per event then, one part each.
    days = [date(2023, 1, 1) + timedelta(n) for n in range(claims // 24 + 1)][:1200]
    per = max(1, claims // (8 * len(KINDS) * len(days)))
    for e, (day, kind) in enumerate(product(days, KINDS)):
        event = {"event_id": f"{kind}-{day}", "kind": kind, "date": day}
        out["events"].append({**event, "date_precision": "day", "status": "took_place"})
        for i, (direction, who) in enumerate(product(("to_ukraine", "to_russia"), CLAIMANTS)):
            for k in range(per):
                _claim(out, event, direction, who, k, 9 + e % 7, f"p-{e}-{i}-{k}")
    folder.mkdir()
    for name, table in TABLES.items():
        with open(folder / f"{name}.csv", "w", newline="") as f:
            w = csv.DictWriter(f, table.columns, restval="", lineterminator="\n")
            w.writeheader()
            w.writerows(out[name])
    return folder


def _claim(
    out: dict[str, list[dict[str, object]]],
    event: dict[str, object],
    direction: str,
    who: str,
    k: int,
    count: int,
    page: str,
) -> None:
    """Add a claim, whole or of a part, with its page."""
    part, role = ("total", "whole") if k == 0 else (f"part{k}", "subset")
    claim = {
        "claim_id": f"{event['event_id']}.{direction}.{who}.{part}",
        "event_id": event["event_id"],
        "claimant_id": who,
        "direction": direction,
        "part": part,
        "role": role,
        "count_low": count,
        "count_high": count,
        "qualifier": "exact",
    }
    url = f"https://example.org/{page}"
    source_id = f"example-org-{hashlib.sha1(url.encode()).hexdigest()}"
    source = {
        "source_id": source_id,
        "url": url,
        "publisher": "Paper",
        "published_on": event["date"],
        "dated_by": "printed",
        "seen": "part",
        "language": "en",
        "tier": "press",
    }
    out["claims"].append(claim)
    out["sources"].append(source)
    out["citations"].append(
        {"claim_id": claim["claim_id"], "source_id": source_id, "date_basis": "stated"}
    )


def loaded(folder: Path) -> tuple[float, float]:
    """Return seconds and peak MiB of load + check + estimate in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, folder], capture_output=True, text=True, check=True
    )
    seconds, mib = json.loads(done.stdout)
    return seconds, mib


def clock(*command: object) -> tuple[float, float]:
    """Return the seconds that a command takes, and the CPU seconds of it and what it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=ROOT)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{command[0]}: exit {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def size(folder: Path) -> float:
    """Return the megabytes of a folder's files."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def loop(scratch: Path) -> tuple[float, float]:
    """Return the seconds and CPU seconds of papermill and nbconvert, once per notebook."""
    took = []
    for book in notebooks():
        made = scratch / book.name
        took.append(clock(BIN / "papermill", "-k", "python3", book, made))
        took.append(clock(BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", made))
    return sum(t for t, _ in took), sum(cpu for _, cpu in took)


def row(what: str, now: str, target: str) -> None:
    """Print a row of the table, as soon as it is known."""
    print(f"| {what} | {now} | {target} | {os.getloadavg()[0]:.1f} |", flush=True)


def peak(of: int = resource.RUSAGE_CHILDREN) -> float:
    """Return the MiB that the largest process had so far."""
    return resource.getrusage(of).ru_maxrss / 1024


def reports(scratch: Path, days: int) -> None:
    """Measure reports: alone, again, many, their CPU seconds and their size."""
    out = scratch / "reports"
    command = (BIN / "repatria", "report", "--out", out)
    ours, used = clock(*command)
    largest = peak()
    again, _ = clock(*command)
    naive, theirs = loop(scratch)
    now = f"{ours:.1f} s, loop {naive:.1f} s: {naive / ours:.1f} times"
    row("report, against papermill + nbconvert once per notebook", now, "≥ 6, ≤ 10 s")
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, *notebooks()], capture_output=True, text=True, check=True
    )
    _, cpu = json.loads(done.stdout)
    now = f"{used:.1f} s, script {cpu:.1f} s: {used / cpu:.2f} times (loop {theirs:.1f} s)"
    row("CPU of a report, against one plain script", now, "≤ 1.3, script ≤ 12 s")
    row("nothing changed", f"{again:.2f} s", "≤ 1 s")
    row("largest process of a report", f"{largest:.0f} MiB", "≤ 500 MB")
    brief = (out / "latest" / "index.html").stat().st_size / 1e6
    stored = sum(p.stat().st_size for p in (ROOT / "notebooks").glob("*.ipynb")) / 1e6
    sizes = f"{brief:.2f} MB / {size((out / 'latest').resolve()):.1f} MB"
    row("brief / release", sizes, "≤ 0.6 / ≤ 6 MB")
    row("stored notebooks", f"{stored:.1f} MB", "≤ 2 MB")
    first = (date(2026, 6, 30) - timedelta(30 * (days - 1))).isoformat()
    span = ("--from", first, "--to", "2026-06-30", "--every", "30")
    many, _ = clock(BIN / "repatria", "backfill", "--out", scratch / "many", *span)
    # The loop's time for a day is measured once: it does the same for each.
    now = f"{many:.0f} s, loop {naive * days:.0f} s ({naive:.1f} s a day): {naive * days / many:.1f} times"
    row(f"backfill of {days} days, against the loop", now, "≥ 10")


def tenfold(scratch: Path) -> None:
    """Measure a report of a record with ten times the claims."""
    folder = scratch / "tenfold"
    shutil.copytree(ROOT / "data", folder)
    multiply(folder, 10)
    command = (BIN / "repatria", "report", "--data", folder, "--out", scratch / "tenfold-reports")
    ours, _ = clock(BIN / "repatria", "report", "--out", scratch / "once", "--force")
    more, _ = clock(*command)
    row("report on ten times the claims", f"{more:.1f} s: {more / ours:.1f} times", "≤ 2")


def multiply(folder: Path, times: int) -> None:
    """Let every claim and its pages be there so many times, as further subsets of the same events."""
    with open(folder / "claims.csv", newline="", encoding="utf-8") as f:
        claims = list(csv.DictReader(f))
    with open(folder / "citations.csv", newline="", encoding="utf-8") as f:
        cited = {r["claim_id"]: r for r in csv.DictReader(f)}
    more: list[dict[str, str]] = []
    pages: list[dict[str, str]] = []
    for c in claims:
        for n in range(1, times):
            part = f"copy{n}_{c['role']}_{c['part']}"
            tail = c["claim_id"].rpartition("~")[2] if "~" in c["claim_id"] else ""
            stem = ".".join([c["event_id"], c["direction"], c["claimant_id"], part])
            new = f"{stem}~{tail}" if tail else stem
            more.append(c | {"claim_id": new, "part": part, "role": "subset", "corrects": ""})
            pages.append(cited[c["claim_id"]] | {"claim_id": new})
    for name, rows in (("claims", more), ("citations", pages)):
        with open(folder / f"{name}.csv", "a", newline="", encoding="utf-8") as f:
            csv.DictWriter(f, list(rows[0]), lineterminator="\n").writerows(rows)


def records(scratch: Path) -> None:
    """Measure the record: the real one, and invented ones up to a million claims."""
    seconds, mib = loaded(ROOT / "data")
    row("load + check + estimate, the real record", f"{seconds:.2f} s, {mib:.0f} MiB", "≤ 0.3 s")
    for n in (10_000, 100_000, 1_000_000):
        folder = invented(scratch / f"n{n}", n)
        with open(folder / "claims.csv") as f:
            held = sum(1 for _ in f) - 1
        seconds, mib = loaded(folder)
        now = f"{seconds:.2f} s ({seconds / held * 1e6:.1f} µs a claim), {mib:.0f} MiB"
        row(f"the same at {held:,} claims", now, "linear, ≤ 15 s, ≤ 1,229 MiB")


def main() -> None:
    """Print every measurement. An argument is the number of days of the backfill."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}\n")
    print("| what | now | target | load |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        reports(Path(scratch), days)
        tenfold(Path(scratch))
        records(Path(scratch))


if __name__ == "__main__":
    main()
