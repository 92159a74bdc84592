"""Measures what DESIGN promises, as ratios within one run: `make bench`. Not a test: it fails nothing.

1. load + check + estimate of the real record, and of invented records of 10 thousand to 1 million claims;
2. `repatria report` against papermill and nbconvert called once per notebook;
3. `repatria report` when nothing changed.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repatria.record.fingerprint import ROOT
from repatria.record.schema import TABLES

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
    claimants = [("kyiv", "ukraine"), ("moscow", "russia"), ("broker", "mediator"), ("press", "third")]
    out = {name: [] for name in TABLES}
    out["claimants"] = [(c, c, c, side, "no" if side == "third" else "yes") for c, side in claimants]
    for e in range(claims // 8):
        month, day, letter = e // 28 % 12 + 1, e % 28 + 1, "bcdefghijklmnopqrstuvwxyz"[e // 2688 % 25]
        event = f"{('bodies', 'prisoners', 'civilians')[e % 3]}-{2023 + e // 336 % 8}-{month:02}-{day:02}"
        out["events"].append((event, e, letter))
    seen: set[str] = set()
    rows, events = [], []
    for event, e, letter in out.pop("events"):
        event = event if event not in seen else f"{event}-{letter}"
        if event in seen:
            continue
        seen.add(event)
        kind, date = event.split("-", 1)[0], event[len(event.split("-", 1)[0]) + 1 :][:10]
        events.append((event, kind, date, "day", "took_place", "", "", "", "", "", ""))
        rows += [(event, date, i, e) for i in range(8)]
    out["events"] = events
    # Days run out before a million claims do: more claims per event then, one part each.
    per = max(1, claims // max(1, len(rows)))
    for event, date, i, e in rows:
        who, direction = claimants[i % 4][0], ("to_ukraine", "to_russia")[i // 4]
        for k in range(per):
            part, role = ("total", "whole") if k == 0 else (f"part{k}", "subset")
            ident, page = f"{event}.{direction}.{who}.{part}", f"p-{e}-{i}-{k}"
            out["claims"].append((ident, event, who, direction, part, role, 9 + e % 7, 9 + e % 7, "exact", "", "", ""))
            out["citations"].append((ident, page, "stated"))
            out["sources"].append((page, f"https://example.org/{page}", f"Paper {e % 97}", date, "en", "press", ""))
    folder.mkdir()
    for name, table in TABLES.items():
        with open(folder / f"{name}.csv", "w", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(table.columns)
            w.writerows(out.get(name, []))
    return folder


def loaded(folder: Path) -> tuple[float, float]:
    """Return seconds and peak MiB of load + check + estimate in a process of its own."""
    done = subprocess.run([sys.executable, "-c", LOAD, folder], capture_output=True, text=True, check=True)
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
            print(f"{held:>9,} claims: {seconds:.2f} s ({seconds / held * 1e6:.1f} µs a claim), peak {mib:.0f} MiB")
        ours = clock(BIN / "repatria", "report", "--force", "--out", here / "reports")
        print(f"report: {ours:.1f} s")
        print(f"nothing changed: {clock(BIN / 'repatria', 'report', '--out', here / 'reports'):.2f} s")
        naive = 0.0
        for book in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
            naive += clock(BIN / "papermill", "-k", "python3", book, here / book.name)
            naive += clock(BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", here / book.name)
        print(f"papermill + nbconvert per notebook: {naive:.1f} s, {naive / ours:.1f} times as long")
        print(
            f"peak of this process {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB (largest child)"
        )


if __name__ == "__main__":
    main()
