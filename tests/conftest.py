"""Shared fixtures: the real record once, copies of it to break, and small invented records."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest

import repatria as rp
from repatria.record.fingerprint import ROOT
from repatria.record.schema import TABLES

hypothesis.settings.register_profile("repatria", deadline=None, derandomize=True, max_examples=25)
hypothesis.settings.load_profile("repatria")

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def record() -> Any:
    """The project's own record."""
    return rp.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the project's record, to break."""
    copy = tmp_path / "data"
    copy.mkdir()
    for name in TABLES:
        shutil.copy(ROOT / "data" / f"{name}.csv", copy)
    return copy


def completed(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with what a test need not say unless it is about it."""
    defaults: dict[str, dict[str, Any]] = {
        "sources": {"dated_by": "printed" if row.get("published_on") else "none", "seen": "part"},
        "coverage": {"entered_on": row.get("read_through", "")},
        "dossier": {"file": "claims"},
    }
    return defaults.get(name, {}) | row


def named(rows: Rows) -> Rows:
    """Return an invented record's rows under the ids that its rows say; short ids of a test become such."""
    new: dict[str, str] = {}
    taken: set[str] = set()
    for row in rows.get("claims", []):
        stem = ".".join(str(row[k]) for k in ("event_id", "direction", "claimant_id", "part"))
        ident = row["claim_id"]
        if ident != stem and not re.fullmatch(re.escape(stem) + r"~\d+", ident):
            ident = next(
                i for n in range(1, 999) if (i := stem if n == 1 else f"{stem}~{n}") not in taken
            )
        taken.add(ident)
        new[row["claim_id"]] = ident
    for row in rows.get("sources", []):
        if row.get("url"):
            new[row["source_id"]] = source_id(row["url"])
    columns = ("claim_id", "corrects", "source_id")
    return {
        name: [row | {c: new.get(row[c], row[c]) for c in columns if c in row} for row in table]
        for name, table in rows.items()
    }


def source_id(url: str) -> str:
    """Return the id of a page."""
    host = re.sub(r"^www\.", "", url.split("/")[2].lower())
    return (
        re.sub(r"[^a-z0-9]+", "-", host).strip("-")
        + "-"
        + hashlib.sha1(url.encode()).hexdigest()[:6]
    )


def write(folder: Path, rows: Rows) -> Path:
    """Write an invented record under its proper ids; tables not given hold only their header."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = named(rows)
    for name, table in TABLES.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as f:
            out = csv.DictWriter(f, table.columns, restval="", lineterminator="\n")
            out.writeheader()
            out.writerows(completed(name, row) for row in rows.get(name, []))
    return folder


CLAIMANTS = [
    {
        "claimant_id": "kyiv",
        "name": "Kyiv office",
        "office": "office",
        "side": "ukraine",
        "official": "yes",
    },
    {
        "claimant_id": "moscow",
        "name": "Moscow office",
        "office": "office",
        "side": "russia",
        "official": "yes",
    },
    {
        "claimant_id": "broker",
        "name": "Broker",
        "office": "office",
        "side": "mediator",
        "official": "yes",
    },
    {"claimant_id": "press", "name": "Press", "office": "press", "side": "third", "official": "no"},
    {
        "claimant_id": "unit",
        "name": "A unit",
        "office": "unit",
        "side": "ukraine",
        "official": "no",
    },
]


def small(
    events: Iterable[tuple[str, str]],
    claims: Iterable[dict[str, Any]],
    **more: list[dict[str, Any]],
) -> Rows:
    """Return an invented record's rows.

    `events` are (event_id, date) pairs; `claims` give event_id, claimant_id, direction and what differs from an
    exact whole count `n`; each claim gets one page of its own, published on `on` (default: the event's day), tier `tier`.
    """
    rows: Rows = {
        "claimants": CLAIMANTS,
        "events": [],
        "claims": [],
        "citations": [],
        "sources": [],
    }
    days = dict(events)
    for event_id, date in days.items():
        rows["events"].append(
            {
                "event_id": event_id,
                "kind": event_id.partition("-")[0],
                "date": date,
                "date_precision": "month"
                if re.fullmatch(r"[a-z]+-\d{4}-\d{2}", event_id)
                else "day",
                "status": "took_place",
            }
        )
    for i, c in enumerate(claims):
        n = c.get("n")
        claim = {
            "claim_id": f"c{i}",
            "part": "total",
            "role": "whole",
            "count_low": n,
            "count_high": n,
            "qualifier": "exact" if n is not None else "",
            "absence": "zero" if n == 0 else "",
            **{k: v for k, v in c.items() if k not in {"n", "on", "tier"}},
        }
        rows["claims"].append(claim)
        rows["sources"].append(
            {
                "source_id": f"s{i}",
                "url": f"https://example.org/{i}",
                "publisher": f"Paper {i}",
                "published_on": c.get("on", days.get(c["event_id"], "")),
                "language": "en",
                "tier": c.get("tier", "press"),
            }
        )
        rows["citations"].append(
            {"claim_id": claim["claim_id"], "source_id": f"s{i}", "date_basis": "stated"}
        )
    for name, extra in more.items():
        rows[name] = rows.get(name, []) + extra
    return rows


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Any]:
    """Return a function that loads an invented record from `small(...)` arguments."""

    def make(
        events: Iterable[tuple[str, str]], claims: Iterable[dict[str, Any]], **more: Any
    ) -> Any:
        # Invented records may lie in the future: their last day that can be is far.
        return rp.load(write(tmp_path / "small", small(events, claims, **more)), today="2099-12-31")

    return make


def events_of(
    pairs: Any,
    low: Any = None,
    high: Any = None,
    absent: Any = None,
    dates: Any = None,
    deals: Any = None,
    agreements: Any = None,
) -> pd.DataFrame:
    """Return events as `Record.events` does, from (to_ukraine, to_russia) pairs; None: no count."""
    n = len(pairs)
    out = pd.DataFrame({"event_id": [f"bodies-{i:03d}" for i in range(n)]})
    out["date"] = (
        pd.to_datetime(dates)
        if dates is not None
        else pd.date_range("2024-01-01", periods=n, freq="7D")
    )
    out["date_precision"], out["status"] = "day", "took_place"
    out["deal_id"] = deals if deals is not None else out["event_id"]
    out["agreement_id"] = agreements if agreements is not None else ""
    for k, d in enumerate(("to_ukraine", "to_russia")):
        counts = pd.array([p[k] for p in pairs], dtype="Int64")
        out[d] = counts
        out[f"{d}_low"] = counts if low is None else pd.array([p[k] for p in low], dtype="Int64")
        out[f"{d}_high"] = counts if high is None else pd.array([p[k] for p in high], dtype="Int64")
        gaps = ["not_reported"] * n if absent is None else [a[k] for a in absent]
        out[f"{d}_absence"] = [
            g if p[k] is None else ("zero" if p[k] == 0 else None)
            for g, p in zip(gaps, pairs, strict=True)
        ]
        out[f"{d}_claimant"] = pd.array([None if p[k] is None else "X" for p in pairs], dtype="str")
    return out


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that gives a folder which a whole run fills once, whichever worker comes first."""
    run = tmp_path_factory.getbasetemp()
    run = run.parent if "PYTEST_XDIST_WORKER" in os.environ else run

    def folder(name: str, fill: Callable[[Path], object]) -> Path:
        place, done = run / "once" / name, run / "once" / f"{name}.done"
        place.parent.mkdir(exist_ok=True)
        with open(place.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                fill(place)
                done.touch()
        return place

    return folder


@pytest.fixture(scope="session")
def exported(once: Callable[..., Path]) -> Path:
    """What `repatria export` writes of the project's record."""
    from typer.testing import CliRunner

    from repatria.cli import app

    def fill(place: Path) -> None:
        assert CliRunner().invoke(app, ["export", str(place / "export")]).exit_code == 0

    return once("exported", fill) / "export"


@pytest.fixture(scope="session")
def shelf(record: Any, once: Callable[..., Path]) -> Path:
    """Releases of 12 and 13 June 2025 (small), and of the record as it stands; and what stands beside."""
    from report.shelf import release, standing

    from repatria.report import site

    def fill(place: Path) -> None:
        root = place / "reports"
        first = release(root, record, "2025-06-12")
        second = release(root, record, "2025-06-13", previous=first, earlier=[first])
        standing(root, record, previous=second, earlier=[first, second])
        manifests = [p / "release.json" for p in sorted(root.iterdir())]
        entries = [json.loads(p.read_text("utf-8")) for p in manifests]
        (root / "index.html").write_text(site.index(entries), "utf-8")
        (root / "feed.xml").write_text(site.feed(entries), "utf-8")

    return once("shelf", fill) / "reports"
