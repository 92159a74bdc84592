"""What was read, what was not, and where official totals say that something is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from repatria.watch.inbox import Lead

if TYPE_CHECKING:  # loads pandas: only where totals are compared
    from repatria.record.view import Record

__all__ = ["Thin", "missing", "stretches", "thin"]

RECENT = 365  # days: an older gap between totals is in the release, not in the inbox


@dataclass(frozen=True)
class Thin:
    """A stretch that could be declared thinly read, for one kind and side, and the feeds that had holes in it."""

    kind: str
    side: str
    read_from: str
    read_through: str
    holes: tuple[str, ...]


def stretches(log: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Return when each feed was read, as stretches from-through (moments or days), from the log of the runs.

    A reading reaches back to the oldest entry the feed still held. One that does not reach the reading before it leaves a
    hole: what was published in between has scrolled away. A feed that did not change held what it held.

    >>> log = [{"feed": "a", "state": "read", "from": "2026-10-01T06:30", "through": "2026-10-04T05:17"},
    ...        {"feed": "a", "state": "failed", "from": "", "through": "2026-10-05T05:17"},
    ...        {"feed": "a", "state": "read", "from": "2026-10-05T20:10", "through": "2026-10-06T05:17"}]
    >>> stretches(log)["a"]
    [('2026-10-01T06:30', '2026-10-04T05:17'), ('2026-10-05T20:10', '2026-10-06T05:17')]
    """
    out: dict[str, list[tuple[str, str]]] = {}
    for row in log:
        held = out.setdefault(row["feed"], [])
        if row["state"] == "unchanged" and held:
            held[-1] = held[-1][0], max(held[-1][1], row["through"])
        elif row["state"] == "read" and row["from"]:
            if held and row["from"] <= held[-1][1]:
                start = min(held[-1][0], row["from"])
                held[-1] = start, max(held[-1][1], row["through"])
            else:
                held.append((row["from"], row["through"]))
    return out


def thin(
    feeds: Sequence[Mapping[str, Any]],
    log: Iterable[Mapping[str, Any]],
    coverage: Iterable[Mapping[str, str]],
    leads: Iterable[Lead],
    today: dt.date,
) -> list[Thin]:
    """Return the stretches that could be declared thinly read, by kind and side.

    Only whole days count. A stretch begins the day after what is declared, and ends before yesterday's end, before the oldest page of the kind that
    waits, and before the first day on which less than half of the feeds that carry the side were read.
    """
    read = stretches(log)
    declared, waiting = list(coverage), list(leads)
    out = []
    for kind in ("bodies", "prisoners"):  # of civilians only what comes with them is searched for
        for side in ("ukraine", "russia"):
            ends = [c["read_through"] for c in declared if (c["kind"], c["side"]) == (kind, side)]
            own = [f["id"] for f in feeds if f["side"] in (side, "both")]
            day = dt.date.fromisoformat(max(ends)) + dt.timedelta(1) if ends else today
            start, oldest = day, min((x.day for x in waiting if x.kind == kind), default="9999")
            holes: dict[str, list[str]] = {}
            while day < today and day.isoformat() < oldest:
                text = day.isoformat()
                off = [i for i in own if not _whole(text, read.get(i, ()))]
                if 2 * len(off) > len(own):
                    break
                for i in off:
                    holes.setdefault(i, []).append(text)
                day += dt.timedelta(1)
            if start < day:
                told = tuple(f"{i} ({len(days)} days)" for i, days in holes.items())
                through = (day - dt.timedelta(1)).isoformat()
                out.append(Thin(kind, side, start.isoformat(), through, told))
    return out


def _whole(day: str, read: Sequence[tuple[str, str]]) -> bool:
    """Return whether a feed was read from the beginning of a day to its end."""
    return any(a <= f"{day}T00:00" and b > f"{day}T23:59" for a, b in read)


def missing(record: Record, today: dt.date) -> list[dict[str, Any]]:
    """Return the steps between official totals of the past year that the events do not explain.

    A row a step: kind, measure (persons or handovers), side, from_day, to_day, and low and high: how many are missing.
    """
    from repatria.analysis import reconcile

    found = reconcile.steps(record)
    out = []
    since = (today - dt.timedelta(RECENT)).isoformat()
    for row in found.to_dict("records"):
        short = row["verdict"] == row["best_verdict"] == "short" and not row["alternative"]
        if short and f"{row['to_day']:%Y-%m-%d}" >= since:
            days = {c: f"{row[c]:%Y-%m-%d}" for c in ("from_day", "to_day")}
            ends = {"low": int(row["best_off_low"]), "high": int(row["best_off_high"])}
            named = {c: str(row[c]) for c in ("kind", "measure", "side", "direction")}
            out.append(named | {"claimant": str(row["to_claimant"])} | days | ends)
    return out
