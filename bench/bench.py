"""Measures what DESIGN promises, as ratios within one run: `make bench`. Not a test: it fails nothing.

1. load + check + estimate of the real record, and of invented records of 10 thousand to 1 million claims;
2. `repatria report` against papermill and nbconvert called once per notebook;
3. `repatria report` when nothing changed.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repatria.record.fingerprint import ROOT
from repatria.record.schema import DIRECTIONS, KINDS, TABLES

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


def invented(folder: Path, claims: int) -> Path:
    """Write a sound record of so many claims, eight to an event, with a page each."""
    claimants = [
        ("kyiv", "ukraine"),
        ("moscow", "russia"),
        ("broker", "mediator"),
        ("press", "third"),
    ]
    out = {name: [] for name in TABLES}
    out["claimants"] = [
        (c, c, c, side, "no" if side == "third" else "yes") for c, side in claimants
    ]
    first = dt.date(2022, 3, 1)
    for e in range(claims // 8):
        # Every day of four years and more, then the other kinds, then second handovers of a day.
        date = (first + dt.timedelta(e % 1700)).isoformat()
        kind, letter = KINDS[e // 1700 % 3], e // 5100
        event = f"{kind}-{date}" + (f"-{'bcdefghijklmnopqrstuvwxyz'[letter - 1]}" if letter else "")
        out["events"].append((event, kind, date, "day", "took_place", "", "", "", "", "", ""))
        for i in range(8):
            who, direction = claimants[i % 4][0], DIRECTIONS[i // 4]
            ident, url = f"{event}.{direction}.{who}.total", f"https://example.org/{e}-{i}"
            page = f"example-org-{hashlib.sha1(url.encode()).hexdigest()[:12]}"
            out["claims"].append(
                (
                    ident,
                    event,
                    who,
                    direction,
                    "total",
                    "whole",
                    9 + e % 7,
                    9 + e % 7,
                    "exact",
                    *[""] * 4,
                )
            )
            out["citations"].append((ident, page, "stated"))
            out["sources"].append(
                (page, url, f"Paper {e % 97}", date, "en", "press", "", "printed", "part")
            )
    folder.mkdir()
    for name, table in TABLES.items():
        with open(folder / f"{name}.csv", "w", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(table.columns)
            w.writerows(out.get(name, []))
    return folder


def loaded(folder: Path) -> tuple[float, float]:
    """Return seconds and peak MiB of load + check + estimate in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, folder], capture_output=True, text=True, check=True
    )
    seconds, mib = json.loads(done.stdout)
    return seconds, mib


def clock(*command: object) -> float:
    start = time.perf_counter()
    subprocess.run([str(c) for c in command], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        seconds, mib = loaded(ROOT / "data")
        print(f"real record: load + check + estimate {seconds:.2f} s, peak {mib:.0f} MiB")
        for n in (10_000, 100_000, 1_000_000):
            folder = invented(here / f"n{n}", n)
            with open(folder / "claims.csv") as f:
                held = sum(1 for _ in f) - 1
            seconds, mib = loaded(folder)
            print(
                f"{held:>9,} claims: {seconds:.2f} s ({seconds / held * 1e6:.1f} µs a claim), peak {mib:.0f} MiB"
            )
        ours = clock(BIN / "repatria", "report", "--force", "--out", here / "reports")
        print(f"report: {ours:.1f} s")
        print(
            f"nothing changed: {clock(BIN / 'repatria', 'report', '--out', here / 'reports'):.2f} s"
        )
        naive = 0.0
        for book in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
            naive += clock(BIN / "papermill", "-k", "python3", book, here / book.name)
            naive += clock(
                BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", here / book.name
            )
        print(
            f"papermill + nbconvert per notebook: {naive:.1f} s, {naive / ours:.1f} times as long"
        )
        print(
            f"peak of this process {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB (largest child)"
        )


if __name__ == "__main__":
    main()
