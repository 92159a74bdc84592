"""What the record holds, in sentences and tables for readers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from repatria.analysis.holdings import both_sides, claimants, grades, single_source, years
from repatria.display.table import Table
from repatria.display.words import GRADE_WORDS, Prose, number, plural
from repatria.record import names
from repatria.record.names import KIND_WORDS
from repatria.record.schema import KINDS
from repatria.record.view import Day, Record

SIDE_WORDS = {
    "ukraine": "Ukrainian side",
    "russia": "Russian side",
    "mediator": "mediators",
    "third": "press and third parties",
}


QUALIFIER_WORDS = {"at_least": "at least ", "about": "about ", "more_than": "more than ", "up_to": "up to "}


def summary(record: Record, events: pd.DataFrame) -> Prose:
    """Return in sentences what `events` hold and how many of them both sides speak of."""
    if events.empty:
        return Prose(f"No handover is known in this window, by {names.day(record.last_day)}.")
    claims = record.claims()
    claims = claims[claims["event_id"].isin(events["event_id"])]
    pages = record.citations()
    pages = pages[pages["claim_id"].isin(claims["claim_id"])]
    officials = claims[((claims["official"] == "yes") & claims["side"].isin(["ukraine", "russia"])).to_numpy()]
    spoken = officials.groupby("event_id")["side"].nunique()
    kinds = "; ".join(
        f"{plural(int((events['kind'] == k).sum()), *KIND_WORDS[k])}" for k in KINDS if (events["kind"] == k).any()
    )
    disputed = int((events["status"] == "disputed").sum())
    undated = pages.drop_duplicates("source_id")["published_on"].isna().sum()
    return Prose(
        f"{names.period(events)}: {kinds}. "
        + (
            f"Whether {disputed} of them took place is disputed; the brief leaves disputed ones out. "
            if disputed
            else ""
        )
        + f"{'They rest' if len(events) > 1 else 'It rests'} on {plural(len(claims), 'claim')} by {plural(claims['claimant_id'].nunique(), 'claimant')}, carried "
        f"by {plural(pages['source_id'].nunique(), 'page')} ({number(undated)} undated). Officials of both sides speak of "
        f"{int((spoken == 2).sum())} of the {len(events)}."
    )


def years_table(events: pd.DataFrame) -> Table:
    """Return `years` as readers see it."""
    y = years(events)
    shown = y.rename(
        columns={
            "events": "handovers",
            "both": "sizes both ways",
            "one": "one way only",
            "none": "no size",
            "disputed": "of them disputed",
        }
    )
    return Table("years", "Handovers by kind and year", shown, show={"year": "{}"})


def both_sides_table(record: Record, since: Day = "") -> Table:
    """Return `both_sides` as readers see it."""
    shown = both_sides(record, since).rename(
        columns={
            "events": "handovers",
            "both": "both sides speak",
            "ukraine_only": "only Ukrainian officials",
            "russia_only": "only Russian officials",
            "single_source": "on one publisher",
        }
    )
    return Table(
        "both-sides", "Handovers by whose officials speak of them, with a count or without", shown, show={"year": "{}"}
    )


def grades_table(events: pd.DataFrame) -> Table:
    """Return `grades` as readers see it."""
    g = grades(events)
    shown = g.assign(direction=g["direction"].map(names.SIDES)).rename(
        columns={**GRADE_WORDS, "events": "handovers", "uncounted": "no count"}
    )
    return Table(
        "grades",
        "How well each count is supported: handovers by kind, direction, year and grade",
        shown,
        notes=[
            "both sides agree or differ: on official counts of the two belligerents. one side only: officials of one "
            "belligerent, or of a mediator. no official: press and others."
        ],
        show={"year": "{}"},
    )


def claimants_table(record: Record, since: Day = "", least: int = 5) -> Table:
    """Return `claimants` as readers see it, those with at least `least` claims; the others are counted in a note."""
    c = claimants(record, since)
    rare = c[c["claims"] < least]
    shown = c[c["claims"] >= least].drop(columns=["official"])
    shown = shown.assign(side=shown["side"].astype("str").map(SIDE_WORDS)).rename(
        columns={
            "events": "handovers",
            "counted": "with a number",
            "withheld": "size withheld",
            "own": "on what its side received",
            "other": "on what the other received",
        }
    )
    note = f"{plural(len(rare), 'claimant')} with fewer than {least} claims, {int(rare['claims'].sum())} together, not shown."
    return Table("claimants", "Who says what: claims by side and claimant", shown, notes=[note] if len(rare) else [])


def differences_table(differing: pd.DataFrame) -> Table:
    """Return `differences` as readers see it: the claims that differ, newest first."""
    d = differing[~differing["reached"]]
    rows = d.groupby(
        ["date", "event_id", "direction", "reference", "reference_claimant", "value", "difference"], sort=False
    )
    out = rows.agg(by=("claimant", lambda n: "; ".join(sorted(set(n))))).reset_index()
    out = out.sort_values(["date", "event_id", "direction"], ascending=[False, True, True])
    shown = pd.DataFrame(
        {
            "event": out["event_id"],
            "direction": out["direction"].map(names.SIDES),
            "reference": out["reference"],
            "reference by": out["reference_claimant"],
            "differs by": [f"{v:+,}".replace("-", "\N{MINUS SIGN}") for v in out["difference"]],
            "figure": out["value"],
            "said by": out["by"],
        }
    )
    return Table("differences", "Published counts that differ from the reference claim", shown, links=["event"])


def single_source_table(record: Record, since: Day = "") -> Table:
    """Return `single_source` as readers see it."""
    s = single_source(record, since)
    month = (s["date_precision"] == "month").to_numpy()
    shown = pd.DataFrame(
        {
            "event": s["event_id"],
            "date": np.where(month, s["date"].dt.strftime("%Y-%m"), s["date"].dt.strftime("%Y-%m-%d")),
            "kind": s["kind"],
            "publisher": s["publisher"],
            "what the page is": s["tier"].astype("str"),
            "pages": s["pages"],
            "claimants": s["claimants"],
        }
    )
    total = len(record.events(since=since, disputed=True))
    return Table(
        "single-source",
        f"{len(s)} of {plural(total, 'handover')} {'rests' if len(s) == 1 else 'rest'} on one publisher",
        shown,
        links=["event"],
    )
