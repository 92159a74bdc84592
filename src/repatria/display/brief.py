"""The brief: what an editor needs first, in sentences with computed numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from repatria.analysis import asymmetry, facts
from repatria.display import pledges
from repatria.display.handover import CAPITALS, handovers
from repatria.display.table import Table
from repatria.display.words import GUARDRAIL, Prose, say
from repatria.record import names
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = ["finding", "headline", "how_to_read", "in_short", "latest", "not_known"]

KINDS = ("bodies", "prisoners")
MOST = 5  # findings


def _state(events: pd.DataFrame, mediators: set[str]) -> dict[str, Any]:
    """Return what the headline says of one kind: its sums, and its newest event."""
    if events.empty:
        return {"handovers": 0}
    sums = asymmetry.sums(events).set_index("direction").to_dict("index")
    last = events.iloc[-1]
    latest = {}
    for d in DIRECTIONS:
        absence, grade = last[f"{d}_absence"], last[f"{d}_grade"]
        latest[d] = {
            "count": last[d],
            "absence": absence,
            "missing": pd.isna(last[d]),
            "grade": grade,
            "mediator_only": grade == "one_sided" and last[f"{d}_claimant"] in mediators,
        }
    first = events.loc[events["date"].idxmin()]
    return {"handovers": len(events), "first": first, "last": last, "sums": sums, "latest": latest}


def headline(record: Record, since: str = "", lens: str = "best") -> Prose:
    """Return the state of the record: sums as ranges with their day, and the guardrail.

    >>> "It does not measure losses" in headline(record, "2025-06-01")
    True
    """
    claims = record.claims()
    mediators = set(claims.loc[(claims["side"] == "mediator").to_numpy(), "name"])
    out = record.left_out()
    undated = out[out["kind"].isin(KINDS)].groupby("direction", observed=True)["claims"].sum()
    return say(
        "brief/headline",
        undated=undated.to_dict(),
        todays=record.coverage_of == "today",
        known={k: _state(record.events(k, lens, since), mediators) for k in KINDS},
        last_day=record.last_day,
        past=record.known_by is not None,
        searched={k: record.searched_through(k) for k in KINDS},
        lens=lens,
        guardrail=GUARDRAIL,
    )


# --- in short -----------------------------------------------------------------------------------


def in_short(record: Record, since: str = "", until: str = "", lens: str = "best") -> Prose:
    """Return at most five findings, one sentence each, as a numbered list.

    Their order: the kind of which more persons were handed over first; of each kind how many, how
    lopsided, how often; what was promised last. A finding that most of its handovers do not bear
    out (no figure is known) is left out.

    >>> in_short(record).splitlines()[0].startswith("1. **Bodies:**")
    True
    """
    frames = {k: record.events(k, lens, since, until) for k in KINDS}
    persons = {k: int(sum(e[d].sum() for d in DIRECTIONS)) for k, e in frames.items()}
    found: list[Prose] = []
    whole = not (since or until) and lens == "best"
    for kind in sorted(KINDS, key=lambda k: -persons[k]):
        found += list(_of_kind(record, kind, frames[kind], whole))
    promised = finding(record)
    found = [*found[: MOST - 1], promised] if promised else found[:MOST]
    window = names.day(pd.Timestamp(since)) if since else ""
    end = names.day(pd.Timestamp(until)) if until else ""
    return say(
        "brief/in_short",
        findings=found,
        since=window,
        until=end,
        lens=lens,
        past=names.day(record.last_day) if record.known_by is not None else "",
    )


def finding(record: Record) -> Prose | None:
    """Return the sentence on the newest agreement on prisoners or bodies with a number, if there is one."""
    said = pledges.findings(record, most=1).splitlines()
    return Prose(said[0].removeprefix("- ") + " [Promised ›](pledges.html)") if said else None


def _of_kind(record: Record, kind: str, events: pd.DataFrame, whole: bool) -> Iterator[Prose]:
    if events.empty:
        yield say("brief/none", kind=kind, last_day=record.last_day)
        return
    rows = asymmetry.sums(events).set_index("direction").to_dict("index")
    told = {d: r for d, r in rows.items() if 2 * r["known"] > len(events)}
    numbers = {"kind": kind, "handovers": len(events)}
    if told:
        total = facts.official(record, kind) if whole else None
        capital = CAPITALS[total.side] if total else ""
        url = record.pages(total.total_id)["url"].iloc[-1] if total else ""
        yield say("brief/sum", told=told, official=total, capital=capital, url=url, **numbers)
    if not whole:
        return
    now = facts.share_now(record, kind=kind)
    if kind == "bodies" and now and now.borne and now.ratio:
        before = record.events(kind, until="2023-12-31")
        unknown = int(before["to_russia"].isna().sum())
        yield say("brief/now", now=now, unknown=unknown, before=len(before), **numbers)
    rhythm = facts.rhythm(record, kind)
    if kind == "bodies" and rhythm:
        yield say("brief/rhythm", r=rhythm, **numbers)


# --- the rest of the page -----------------------------------------------------------------------


def latest(
    record: Record, since: str = "", until: str = "", lens: str = "best", newest: int = 12
) -> Table:
    """Return the newest handovers of every kind: day, what, both counts, who says so, whether it differs.

    >>> latest(record, "2025-06-01", "2025-06-30", newest=2).frame.columns.tolist()[1:4]
    ['date', 'what', 'to Ukraine']
    """
    events = record.events(None, lens, since, until).sort_values(["date", "event_id"])
    shown = handovers(record, events.iloc[::-1].head(newest))
    columns = {
        "event": [h.event_id for h in shown],
        "date": [h.day for h in shown],
        "what": [h.kind for h in shown],
        "to Ukraine": [h.to_ukraine for h in shown],
        "to Russia": [h.to_russia for h in shown],
        "who says so": [h.who for h in shown],
        "published counts differ": [h.differs or "no" for h in shown],
    }
    title = f"The newest {len(shown)} of {len(events)} handovers"
    return Table("latest", title, pd.DataFrame(columns), links=["date"], ids="event")


def not_known(record: Record, since: str = "", until: str = "", lens: str = "best") -> Prose:
    """Return what the record does not know: counts without a figure, handovers nobody described, unread days.

    >>> "No figure" in not_known(record)
    True
    """
    known = {}
    for kind in KINDS:
        e = record.events(kind, lens, since, until)
        known[kind] = {"handovers": len(e), **{d: int(e[d].isna().sum()) for d in DIRECTIONS}}
    total = facts.official(record, "bodies")
    return say(
        "brief/not_known",
        known=known,
        lacking=total.lacking if total else None,
        dense={k: record.searched_through(k) for k in KINDS},
        through=facts.read_through(record),
        past=record.known_by is not None,
    )


def how_to_read(record: Record) -> Prose:
    """Return how to read the page, in three lines.

    >>> "not losses" in how_to_read(record)
    True
    """
    return say("brief/how_to_read")


def __dir__() -> list[str]:
    return __all__
