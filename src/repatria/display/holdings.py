"""What the record holds, in sentences and tables for readers."""

from __future__ import annotations

import pandas as pd

from repatria.analysis.holdings import both_sides, claimants, grades, single_source, years
from repatria.display.table import Table
from repatria.display.words import GRADE_WORDS, HEADS, WORDS, Prose, say
from repatria.record import names
from repatria.record.schema import KINDS
from repatria.record.view import Day, Record

__all__ = [
    "DELAY_WORDS",
    "SIDE_WORDS",
    "both_sides_table",
    "claimants_table",
    "differences_table",
    "grades_table",
    "single_source_table",
    "summary",
    "years_table",
]

SIDE_WORDS = WORDS["side"]
DELAY_WORDS = WORDS["delay"]


def summary(record: Record, events: pd.DataFrame) -> Prose:
    """Return in sentences what `events` hold and how many of them both sides speak of.

    >>> june = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> summary(record, june).startswith("11 June 2025 to 16 June 2025: 5 handovers of bodies.")
    True
    """
    if events.empty:
        return say("holdings/summary", handovers=0, last_day=record.last_day)
    claims = record.claims()
    claims = claims[claims["event_id"].isin(events["event_id"])]
    pages = record.citations()
    pages = pages[pages["claim_id"].isin(claims["claim_id"])].drop_duplicates("source_id")
    officials = (claims["official"] == "yes") & claims["side"].isin(["ukraine", "russia"])
    sides = claims[officials.to_numpy()].groupby("event_id")["side"].nunique()
    return say(
        "holdings/summary",
        period=names.period(events),
        handovers=len(events),
        by_kind={k: n for k in KINDS if (n := int((events["kind"] == k).sum()))},
        disputed=int((events["status"] == "disputed").sum()),
        claims=len(claims),
        claimants=claims["claimant_id"].nunique(),
        pages=len(pages),
        undated=int(pages["published_on"].isna().sum()),
        by_both=int((sides == 2).sum()),
    )


def years_table(events: pd.DataFrame) -> Table:
    """Return `years` as readers see it."""
    shown = years(events).rename(columns=HEADS["years"])
    return Table("years", "Handovers by kind and year", shown, show={"year": "{}"})


def both_sides_table(record: Record, since: Day = "") -> Table:
    """Return `both_sides` as readers see it."""
    shown = both_sides(record, since).rename(columns=HEADS["both-sides"])
    return Table(
        "both-sides",
        "Handovers by whose officials speak of them, with a count or without",
        shown,
        show={"year": "{}"},
    )


def grades_table(events: pd.DataFrame) -> Table:
    """Return `grades` as readers see it."""
    g = grades(events)
    shown = g.assign(direction=g["direction"].map(names.SIDES))
    shown = shown.rename(columns=GRADE_WORDS | HEADS["grades"])
    return Table(
        "grades",
        "How well each count is supported: handovers by kind, direction, year and grade",
        shown,
        notes=[say("holdings/grades_note")],
        show={"year": "{}"},
    )


def claimants_table(record: Record, since: Day = "", least: int = 5) -> Table:
    """Return `claimants` as readers see it: those with at least `least` claims.

    The others are counted in a note.
    """
    c = claimants(record, since)
    rare = c[c["claims"] < least]
    shown = c[c["claims"] >= least].drop(columns=["official"])
    shown = shown.assign(side=shown["side"].astype("str").map(SIDE_WORDS))
    counted = dict(claimants=len(rare), least=least, claims=int(rare["claims"].sum()))
    return Table(
        "claimants",
        "Who says what: claims by side and claimant",
        shown.rename(columns=HEADS["claimants"]),
        notes=[say("holdings/rare_claimants", **counted)] if len(rare) else [],
    )


def differences_table(differing: pd.DataFrame) -> Table:
    """Return `differences` as readers see it: the claims that differ, newest first."""
    d = differing[~differing["reached"]]
    rows = d.groupby(
        ["date", "event_id", "direction", "reference", "reference_claimant", "value", "difference"],
        sort=False,
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
    return Table(
        "differences",
        "Published counts that differ from the reference claim",
        shown,
        links=["event"],
    )


def single_source_table(record: Record, since: Day = "") -> Table:
    """Return `single_source` as readers see it."""
    s = single_source(record, since)
    month = s["date_precision"] == "month"
    shown = pd.DataFrame(
        {
            "event": s["event_id"],
            "date": s["date"].dt.strftime("%Y-%m-%d").where(~month, s["date"].dt.strftime("%Y-%m")),
            "kind": s["kind"],
            "publisher": s["publisher"],
            "what the page is": s["tier"].astype("str"),
            "pages": s["pages"],
            "claimants": s["claimants"],
        }
    )
    total = len(record.events(since=since, disputed=True))
    title = say("holdings/single_source_title", alone=len(s), handovers=total)
    return Table("single-source", title, shown, links=["event"])
