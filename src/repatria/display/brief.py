"""The brief: what an editor needs first, in sentences with computed numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from repatria.analysis import asymmetry, facts
from repatria.analysis import pledges as promises
from repatria.display import pledges
from repatria.display.handover import CAPITALS, handovers
from repatria.display.table import Table
from repatria.display.words import Prose, say, span
from repatria.record import names
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = ["finding", "how_to_read", "in_short", "latest", "not_known", "questions"]

KINDS = ("bodies", "prisoners")
MOST = 5  # findings


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
    promised = finding(record, lens) if not since else None
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


def finding(record: Record, lens: str = "best") -> Prose | None:
    """Return the sentence on the newest promise with a number; None without one.

    >>> finding(record).endswith("[Promised ›](pledges.html#bullet)")
    True

    See also: `repatria.analysis.facts.promise`, which promise it is.
    """
    summary = promises.summary(record, lens)
    found = facts.promise(summary, record.last_day)
    if found is None:
        return None
    said = pledges.finding(record, *found, lens, summary)
    for text, address in _behind(record, summary, *found):
        said = Prose(re.sub(rf"(?<![\d,]){text}(?![\d,])", f"[{text}]({address})", said, count=1))
    return say("brief/promise", said=said)


def _behind(
    record: Record, summary: pd.DataFrame, agreement_id: str, kind: str
) -> Iterator[tuple[str, str]]:
    """Yield where what a promise's sentence says leads: its number to a page, its days to the handovers."""
    mine = (summary["agreement_id"] == agreement_id) & (summary["kind"] == kind)
    told = summary[(mine & summary["promised_high"].notna()).to_numpy(dtype=bool)].iloc[0]
    p = record.pledges()
    same = (p["agreement_id"] == agreement_id) & (p["kind"].astype("str") == kind)
    same &= (p["scope"] == "") & (p["quantity_high"] == told["promised_high"])
    carried = [record.pages(i) for i in p.loc[same.fillna(False).to_numpy(dtype=bool), "pledge_id"]]
    pages = pd.concat([record.pages(""), *carried]).sort_values(["tier", "published_on"])
    for url in pages.loc[(pages["url"] != "").to_numpy(), "url"].head(1):
        yield span(told["promised_low"], told["promised_high"]), url
    events = record.events(kind)
    days = events[events["date"].isin([told["first"], told["last"]]).to_numpy()]
    for event in days.itertuples(index=False):
        yield names.event_day(event), f"#event-{event.event_id}"


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
        untold = {d: len(events) - r["known"] for d, r in rows.items() if d not in told}
        words = {"told": told, "untold": untold}
        yield say("brief/sum", **words, official=total, capital=capital, url=url, **numbers)
    if not whole or kind != "bodies":
        return
    now = asymmetry.share_now(record, kind)
    if now["ratio"] is not None and now["handovers_in"] > now["handovers_out"]:
        before = record.events(kind, until="2023-12-31")
        unknown = int(before["to_russia"].isna().sum())
        yield say("brief/now", **now, before=len(before), unknown=unknown)
    rhythm = facts.rhythm(record, kind)
    if rhythm:
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
        "counts differ": [h.differs for h in shown],
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
    out = record.left_out()
    undated = out[out["kind"].isin(KINDS)].groupby("direction", observed=False)["claims"].sum()
    return say(
        "brief/not_known",
        undated=dict.fromkeys(DIRECTIONS, 0) | undated.to_dict(),
        todays=record.coverage_of == "today",
        known=known,
        lacking=total.lacking if total else None,
        dense={k: record.searched_through(k) for k in KINDS},
        through=facts.read_through(record),
        past=record.known_by is not None,
    )


def how_to_read(record: Record, since: str = "") -> Prose:
    """Return how to read the page, and what each side's own counts of bodies come to.

    >>> "not losses" in how_to_read(record)
    True
    """
    return say("brief/how_to_read", by=_by_side(record, since))


def _by_side(record: Record, since: str = "") -> dict[Any, Any]:
    by = asymmetry.by_side(record, "bodies", since)
    return by.set_index("direction").to_dict("index")


def questions(record: Record) -> Prose:
    """Return what readers ask first, with answers from the record: whose dead, why not Kyiv's total, until when.

    >>> "### Why not Kyiv's own total?" in questions(record)
    True
    """
    events = {k: record.events(k) for k in KINDS}
    after = promises.afterwards(record)
    sums = {k: asymmetry.sums(e).set_index("direction").to_dict("index") for k, e in events.items()}
    return say(
        "brief/questions",
        wrong=int((after["series"].astype("str") == "bodies_returned_in_error").sum()),
        handovers={k: len(e) for k, e in events.items()},
        sums=sums,
        by=_by_side(record),
        official={k: facts.official(record, k) for k in KINDS},
        dense={k: record.searched_through(k) for k in KINDS},
        through=facts.read_through(record),
        past=record.known_by is not None,
        last_day=record.last_day,
    )
