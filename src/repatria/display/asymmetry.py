"""Asymmetry as the reader sees it: sentences and tables with computed numbers.

Sentences stand in `en/asymmetry/<function>….md.j2`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from repatria.analysis.asymmetry import (
    Change,
    batches,
    bounds,
    concentration,
    level_now,
    running_deal,
    share,
    shares,
)
from repatria.display import words
from repatria.display.table import Table
from repatria.display.words import HEADS, LENS_WORDS, WORDS, Prose, counted, say
from repatria.record import names
from repatria.record.names import KIND_WORDS, SIDES
from repatria.record.schema import DIRECTIONS

__all__ = [
    "bounds_table",
    "change_words",
    "era_table",
    "front_table",
    "in_short",
    "last_day",
    "lens_table",
    "lens_words",
    "reading",
    "share_now_words",
    "shares_table",
    "size_words",
]

CAP_WORDS = WORDS["cap"]
COUNT_WORDS = WORDS["count"]
MOST_LACK = "most lack a figure"
NO_AGREEMENT = "no agreement named"


def reading(counts: Any) -> Prose:
    """Return a share as "n to 1", to Ukraine over to Russia.

    `counts` has events_in, to_ukraine and to_russia: a `Share`, or a row of `shares` or `lenses`.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> reading(rp.analysis.asymmetry.share(events))
    '77.7 to 1, to Ukraine over to Russia'
    """
    fields = ("events_in", "to_ukraine", "to_russia")
    return say("asymmetry/reading", **{name: getattr(counts, name) for name in fields})


def _readings(table: pd.DataFrame) -> pd.Series:
    return pd.Series([reading(row) for row in table.itertuples()], table.index, dtype="str")


def last_day(date: pd.Timestamp, precision: str) -> str:
    """Return the last day of a row of `lenses`, as far as it is known.

    >>> last_day(pd.Timestamp("2025-06-16"), "day"), last_day(pd.Timestamp("2025-06-16"), "month")
    ('16 June 2025', 'June 2025')
    """
    return names.event_day(SimpleNamespace(date=date, date_precision=precision))


def share_now_words(numbers: Mapping[str, Any]) -> Prose:
    """Return `share_now` as sentences: the ratio and its range, or why there is none.

    >>> now = rp.analysis.asymmetry.share_now(record.as_of("2025-12-31"))
    >>> share_now_words(now)[:41]
    'On 19 December 2025 the level was **about'
    """
    return say("asymmetry/share_now", **numbers)


def in_short(events: pd.DataFrame, seen: pd.DataFrame | None = None) -> Prose:
    """Return what all handovers of the window add up to, as one share that is no day's, and why.

    `seen` holds the events whose largest count caps what is missing; see `bounds`. A deal that may
    still be running is named and not added up.

    >>> events = record.events("bodies", since="2025-06-13", until="2025-06-13")
    >>> in_short(events)[:62]
    'All handovers of this window together: 0 of 1,200 bodies in th'

    See also `share_now_words`, the level now.
    """
    what, now, running = words.noun(events.attrs), level_now(events), running_deal(events)
    if running is not None:
        events = events[events["deal_id"] != running]
    s, caps = share(events), bounds(events, seen).set_index("cap")
    one, many = KIND_WORDS.get(what, ("handover", "handovers"))
    days = [names.event_day(events.iloc[at]) for at in (0, -1)] if len(events) else ["", ""]
    return say(
        "asymmetry/in_short",
        **asdict(s),
        reading=reading(s),
        what=what,
        one=one,
        many=many,
        first=days[0],
        last=days[1],
        published=caps.loc["published", ["low", "high"]].tolist(),
        bounds=caps.loc["largest", ["low", "high"]].tolist(),
        level=None if now is None else now.share,
        running=running is not None,
    )


def era_table(table: pd.DataFrame) -> Table:
    """Return `eras` as readers see it: a year without most of its figures has bounds, no share."""
    frame = pd.DataFrame(
        {
            "year": table["year"].astype("str"),
            "handovers": table["handovers"],
            "with figures both ways": table["events_in"],
            "share to Russia": table["share"],
            "bounds: lowest": table["low"],
            "bounds: highest": table["high"],
            **{f"in these: {side}": table[d] for d, side in SIDES.items()},
        }
    )
    spanners = {s: [c for c in frame if c.startswith(f"{s}: ")] for s in ("bounds", "in these")}
    what = words.noun(table.attrs)
    one_way = int(table["one_way"].sum())
    return Table(
        f"eras-{what}",
        say("asymmetry/era_table_title", what=what),
        frame,
        show=dict.fromkeys(["share to Russia", *spanners["bounds"]], "{:.1%}"),
        notes=[say("asymmetry/era_table_note", one_way=one_way)],
        spanners=spanners,
    )


def shares_table(events: pd.DataFrame, by: str = "year") -> Table:
    """Return `shares` as readers see it; per event by year, with a link to its claims.

    A group in which most handovers lack a figure has no share here (`era_table` has its bounds).
    Raises ValueError for an unknown `by`.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> print(shares_table(events, "year").csv())
    year,share to Russia,to Ukraine,to Russia,handovers in,handovers out,reading,counts of zero,...
    2025,0.0127139,6057,78,5,0,"77.7 to 1, to Ukraine over to Russia",3,0,0
    <BLANKLINE>
    """
    g = shares(events, by)
    most = g["events_in"] > g["events_out"]
    g["share"] = g["share"].where(most)
    frame = g[[by, "share", *DIRECTIONS]].copy()
    if by == "event":
        frame["reading"] = _readings(g)
        e = events.set_index("event_id").loc[g["event"]]
        for d in DIRECTIONS:
            cells = zip(e[d], e[f"{d}_absence"], strict=True)
            frame[d] = [counted(n, absence) for n, absence in cells]
        frame = frame.iloc[::-1].reset_index(drop=True)
    else:
        frame["handovers in"], frame["handovers out"] = g["events_in"], g["events_out"]
        frame["reading"] = _readings(g).where(most, MOST_LACK)
        for absence, head in COUNT_WORDS.items():
            frame[head] = g[[f"{d}_{absence}" for d in DIRECTIONS]].sum(axis=1)
    if by == "agreement":
        frame[by] = frame[by].mask(frame[by] == "", NO_AGREEMENT)
    frame = frame.rename(columns={"share": "share to Russia", **SIDES})
    what = words.noun(events.attrs)
    years = pd.DatetimeIndex(g["since"]).year.astype("str")[::-1]
    return Table(
        f"share-{what}-{by}",
        say("asymmetry/shares_table_title", what=what, by=by),
        frame.assign(year=years) if by == "event" else frame,
        links=["event"] if by == "event" else [],
        show={"share to Russia": "{:.1%}"},
        notes=[say("asymmetry/shares_table_note", groups=len(g), by=by)],
        groups="year" if by == "event" else "",
        data=frame,
    )


def lens_table(table: pd.DataFrame) -> Table:
    """Return `lenses` as readers see it: a lens under which most handovers lack a figure has bounds
    and no share.
    """
    frame = pd.DataFrame(
        {
            "lens": table["lens"].map(LENS_WORDS),
            "share to Russia": table["share"].where(table["events_in"] > table["events_out"]),
            **{side: table[d] for d, side in SIDES.items()},
            "handovers in": table["events_in"],
            "handovers out": table["events_out"],
            "bounds: lowest": table["bound_low"],
            "bounds: highest": table["bound_high"],
            "level now: on": table["level_day"],
            "level now: share": table["level"],
            "level now: low": table["level_low"],
            "level now: high": table["level_high"],
        }
    )
    spanners = {s: [c for c in frame if c.startswith(s)] for s in ("bounds", "level now")}
    shares_shown = ["share to Russia", *spanners["bounds"], *spanners["level now"][1:]]
    what = words.noun(table.attrs)
    return Table(
        f"lenses-{what}",
        say("asymmetry/lens_table_title", what=what),
        frame,
        show=dict.fromkeys(shares_shown, "{:.1%}"),
        notes=[say("asymmetry/lens_table_note")],
        spanners=spanners,
    )


def lens_words(table: pd.DataFrame, sides: pd.DataFrame) -> Prose:
    """Return whether it is the same by Moscow's counts and by Kyiv's: sums, level, and how often
    both give one number.

    `table` as `lenses` returns it, `sides` as `by_side`, of one kind and window. A side without a
    level is said to have none.

    >>> asked = record, "bodies", "2025-06-01", "2025-06-30"
    >>> a = rp.analysis.asymmetry
    >>> lens_words(a.lenses(*asked), a.by_side(*asked)).splitlines()[0][:70]
    "- **By Moscow's counts alone:** 6,060 bodies to Ukraine in 5 handovers"
    """
    levels = {}
    for row in table.itertuples(index=False):
        if pd.notna(row.level):
            ends = (row.level, row.level_high, row.level_low)
            ratios = dict(zip(("ratio", "low", "high"), ((1 - s) / s for s in ends), strict=True))
            levels[row.lens] = {"day": row.level_day, **ratios}
    by = sides.set_index("direction").to_dict("index")
    return say("asymmetry/lens_words", what=words.noun(table.attrs), levels=levels, by=by)


def bounds_table(table: pd.DataFrame) -> Table:
    """Return `bounds` as readers see it."""
    holds = np.where(table["holds_complete_case"], "yes", "no")
    frame = pd.DataFrame(
        {
            "each missing count is at most": table["cap"].map(CAP_WORDS),
            "lowest share to Russia": table["low"],
            "highest share to Russia": table["high"],
            "complete-case share": table["complete_case"],
            "holds the complete-case share": np.where(
                table["complete_case"].isna(), "no share", holds
            ),
        }
    )
    caps, what = table.set_index("cap").loc["largest"], words.noun(table.attrs)
    note = say(
        "asymmetry/bounds_table_note",
        events_in=caps["events_in"],
        events_out=caps["events_out"],
        missing={d: caps[f"missing_{d}"] for d in DIRECTIONS},
        largest={d: caps[f"cap_{d}"] for d in DIRECTIONS},
    )
    return Table(
        f"bounds-{what}",
        say("asymmetry/bounds_table_title", what=what),
        frame,
        show=dict.fromkeys(frame.columns[1:4], "{:.1%}"),
        notes=[note],
    )


def change_words(
    found: Change | None, rho: float | None = None, named: Mapping[str, pd.Timestamp] | None = None
) -> Prose:
    """Return when the share stepped, if it did in one step, and how many other days would pass.

    `rho` is the scatter around the smooth curve (`level(…).attrs["rho"]`), `named` days that serve
    as labels (`breaks`): those inside the interval are told.
    """
    if found is None:
        return say("asymmetry/change_words", found=None)
    inside = [n for n, day in (named or {}).items() if found.low < day <= found.high]
    return say("asymmetry/change_words", found=found, smooth=rho, named=inside)


def front_table(table: pd.DataFrame) -> Table:
    """Return `fronts` as readers see it."""
    heads = HEADS["fronts"]
    numbers = {n: table.attrs[n] for n in ("breakdowns", "handovers", "persons", "whole")}
    return Table(
        "fronts",
        "Bodies to Ukraine by front direction, where the parts add up",
        table.rename(columns=heads),
        show=dict.fromkeys((heads[c] for c in ("share", "least", "most")), "{:.1%}"),
        notes=[say("asymmetry/front_table_note", **numbers)],
    )


def size_words(events: pd.DataFrame, step: int = 1000) -> Prose:
    """Return how concentrated the sums are, and how many handovers have a round or repeated size.

    >>> events = record.events("bodies", since="2025-07-01", until="2025-12-31")
    >>> "A round or repeated size points to a number agreed beforehand." in size_words(events)
    True
    """
    agreed = []
    for d in DIRECTIONS:
        b = batches(events, d, step)
        found = {"round": int(b["round"].sum()), "repeats": int(b["repeats"].sum())}
        if any(found.values()):
            run = b.attrs["round_run"]
            agreed.append({"direction": d, "counts": len(b), "round_run": run, **found})
    return say(
        "asymmetry/size_words",
        handovers=len(events),
        sums=[concentration(events, d) for d in DIRECTIONS],
        agreed=agreed,
        step=step,
    )
