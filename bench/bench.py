"""Measures what DESIGN promises, as ratios within one run: `make bench`. Not a test: it fails nothing.

1. load + check + estimate of the real record, and of invented records of 10 thousand to 1 million claims;
2. `repatria report` against papermill and nbconvert called once per notebook;
3. `repatria report` when nothing changed.
"""

from __future__ import annotations

import csv
import hashlib
import json
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


def clock(*command: object) -> float:
    """Return the seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run([str(c) for c in command], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def main() -> None:
    """Print every measurement."""
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        seconds, mib = loaded(ROOT / "data")
        print(f"real record: load + check + estimate {seconds:.2f} s, peak {mib:.0f} MiB")
        for n in (10_000, 100_000, 1_000_000):
            folder = invented(here / f"n{n}", n)
            with open(folder / "claims.csv") as f:
                held = sum(1 for _ in f) - 1
            seconds, mib = loaded(folder)
            each = seconds / held * 1e6
            print(f"{held:>9,} claims: {seconds:.2f} s ({each:.1f} µs a claim), peak {mib:.0f} MiB")
        ours = clock(BIN / "repatria", "report", "--force", "--out", here / "reports")
        print(f"report: {ours:.1f} s")
        print(
            f"nothing changed: {clock(BIN / 'repatria', 'report', '--out', here / 'reports'):.2f} s"
        )
        naive = 0.0
        for book in notebooks():
            naive += clock(BIN / "papermill", "-k", "python3", book, here / book.name)
            naive += clock(
                BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", here / book.name
            )
        print(
            f"papermill + nbconvert per notebook: {naive:.1f} s, {naive / ours:.1f} times as long"
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak of the largest process {peak:.0f} MiB")


if __name__ == "__main__":
    main()
