"""Measures what DESIGN §9 promises, as ratios within one run: `make bench`. Not a test: it fails nothing.

Rows, in the order of that table: the report against papermill and nbconvert called once per notebook; a backfill of 24
days against the same loop; CPU seconds against the notebooks' code as one plain script; nothing changed; load, check
and estimate of the real record and of invented ones of 10 thousand to 1 million claims; sizes. The machine's load
stands beside them.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import resource
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
r = record.load(sys.argv[1])
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


def loop(scratch: Path) -> float:
    """Return the seconds of papermill and nbconvert, once per notebook."""
    seconds = 0.0
    for book in notebooks():
        seconds += clock(BIN / "papermill", "-k", "python3", book, scratch / book.name)[0]
        made = scratch / book.name
        seconds += clock(BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", made)[0]
    return seconds


def reports(scratch: Path) -> None:
    """Measure reports: alone, many, again, their CPU seconds and their size."""
    out = scratch / "reports"
    command = (BIN / "repatria", "report", "--out", out)
    ours, used = clock(*command)
    naive = loop(scratch)
    print(
        f"report: {ours:.1f} s; papermill + nbconvert {naive:.1f} s, {naive / ours:.1f} times as long"
    )
    days = ("--from", "2024-07-01", "--to", "2026-06-30", "--every", "month")
    many, _ = clock(BIN / "repatria", "backfill", "--out", scratch / "many", *days)
    times = naive * DAYS / many
    print(
        f"backfill of {DAYS} days: {many:.0f} s; the loop would take {naive * DAYS:.0f}, {times:.1f} times as long"
    )
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, *notebooks()], capture_output=True, text=True, check=True
    )
    plain, cpu = json.loads(done.stdout)
    print(
        f"CPU: report {used:.1f} s; plain script {cpu:.1f} s ({plain:.1f} s long), ratio {used / cpu:.2f}"
    )
    print(f"nothing changed: {clock(*command)[0]:.2f} s")
    release = out / "latest"
    brief = (release / "index.html").stat().st_size / 1e6
    stored = sum(p.stat().st_size for p in (ROOT / "notebooks").glob("*.ipynb")) / 1e6
    print(
        f"brief {brief:.2f} MB, release {size(release.resolve()):.1f} MB, stored notebooks {stored:.1f} MB"
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak of the largest process of a report {peak:.0f} MiB")


def records(scratch: Path) -> None:
    """Measure the record: the real one, and invented ones up to a million claims."""
    seconds, mib = loaded(ROOT / "data")
    print(f"real record: load + check + estimate {seconds:.2f} s, peak {mib:.0f} MiB")
    for n in (10_000, 100_000, 1_000_000):
        folder = invented(scratch / f"n{n}", n)
        with open(folder / "claims.csv") as f:
            held = sum(1 for _ in f) - 1
        seconds, mib = loaded(folder)
        each = seconds / held * 1e6
        print(f"{held:>9,} claims: {seconds:.2f} s ({each:.1f} µs a claim), peak {mib:.0f} MiB")


def main() -> None:
    """Print every measurement."""
    print(f"load of {os.cpu_count()} cores before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        reports(Path(scratch))
        records(Path(scratch))
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
