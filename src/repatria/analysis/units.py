"""Handovers gathered into units and the window they are counted in: what cadence and forecast
share.

Two units: the *day* (a day with at least one handover) and the *deal* (the days of one agreement).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from repatria.record import frames
from repatria.record.coverage import Ground
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Day, Record, day

__all__ = [
    "KINDS",
    "MONTH",
    "ONE_DAY",
    "SEED",
    "UNITS",
    "Window",
    "checked",
    "handovers",
    "monthly",
    "prepared",
    "units",
    "window",
]

KINDS = {"prisoners": ("prisoners",), "bodies": ("bodies",), "either": ("bodies", "prisoners")}
UNITS = ("day", "deal")
MONTH = 30  # days of exposure a rate is given for
SEED = 20220224
ONE_DAY = pd.Timedelta(days=1)


def checked(kind: str, unit: str) -> None:
    """Raise ValueError for a kind or unit that is none.

    >>> checked("tanks", "day")
    Traceback (most recent call last):
    ValueError: kind: 'tanks' is none of prisoners, bodies, either
    """
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
    if unit not in UNITS:
        raise ValueError(f"unit: {unit!r} is none of {', '.join(UNITS)}")


@dataclass(frozen=True)
class Window:
    """The unbroken stretch of days in which handovers are counted.

    `first` to `through` was read without a hole; silence means something from `dense_from` on
    (None: nowhere yet). `through` is the last densely searched day, or the last thinly read one
    while there is no dense reading.

    >>> Window(pd.Timestamp("2025-06-01"), None, pd.Timestamp("2025-06-30")).days
    30
    """

    first: pd.Timestamp
    dense_from: pd.Timestamp | None
    through: pd.Timestamp

    @property
    def days(self) -> int:
        """How many days the window has, both ends included; 0 if it ends before it begins."""
        return max(0, (self.through - self.first).days + 1)


@lru_cache(maxsize=32)
def _levels(record: Record, kind: str) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Return how well each day was read, for the side and kind read least: 0 not, 1 thinly, 2
    densely.
    """
    cover = record.coverage()
    cover = cover[cover["kind"].isin(KINDS[kind])]
    if cover.empty:
        return pd.DatetimeIndex([]), np.array([], dtype=int)
    last = min(cover["read_through"].max(), record.last_day)
    days = pd.date_range(cover["read_from"].min(), last)
    worst = np.full(len(days), 2)
    for k in KINDS[kind]:
        for side in ("ukraine", "russia"):
            level = np.zeros(len(days), dtype=int)
            for c in cover[(cover["kind"] == k) & (cover["side"] == side)].itertuples():
                inside = (days >= c.read_from) & (days <= c.read_through)
                level[inside] = np.maximum(level[inside], 2 if c.density == "dense" else 1)
            worst = np.minimum(worst, level)
    return days, worst


def window(
    record: Record,
    kind: str = "prisoners",
    since: Day | None = None,
    until: pd.Timestamp | None = None,
) -> Window | None:
    """Return the counted window of a kind, or None if no day of it was read.

    For "either", both kinds must be read. `until`: as if the record had been viewed on that day.
    Raises ValueError for an unknown kind or a `since` that is no day.

    >>> window(record, "bodies", since="2025-06-01", until=pd.Timestamp("2025-06-30")).days
    30
    """
    checked(kind, "day")
    days, worst = _levels(record, kind)
    if until is not None:
        worst = worst[: days.searchsorted(until, side="right")]
    reached = np.flatnonzero(worst == 2 if (worst == 2).any() else worst == 1)
    if not reached.size:
        return None
    last = int(reached[-1])
    holes, thin = (np.flatnonzero(worst[: last + 1] < level) for level in (1, 2))
    first = int(holes[-1]) + 1 if holes.size else 0
    dense = (int(thin[-1]) + 1 if thin.size else 0) if worst[last] == 2 else None
    begin = days[first] if not since else max(days[first], day(since, "since"))
    return Window(begin, None if dense is None else max(days[dense], begin), days[last])


@lru_cache(maxsize=128)
def prepared(record: Record, kind: str, lens: str, disputed: bool) -> tuple[pd.DataFrame, Ground]:
    """Return the events units are made of, and the coverage of their kind. Not to be changed.

    Columns as `record.events`, with `earliest` and `latest` (the first and last day each can have
    had) and `monthly` (dated by month only). Without attrs: pandas copies those deeply at every
    step.

    >>> events, coverage = prepared(record, "bodies", "best", False)
    >>> bool((events["earliest"] <= events["latest"]).all())
    True
    """
    e = record.events(lens=lens, disputed=True)
    coverage = Ground(c for c in e.attrs["coverage"] if c["kind"] in KINDS[kind])
    e.attrs = {}
    wanted = ["took_place", "disputed"] if disputed else ["took_place"]
    e = e[e["kind"].isin(KINDS[kind]) & e["status"].isin(wanted)]
    monthly = (e["date_precision"] == "month").to_numpy()
    month_end = e["date"] + pd.offsets.MonthEnd(0)
    latest = month_end.where(~(e["known_on"] < month_end), e["known_on"]).where(monthly, e["date"])
    latest = latest.clip(lower=e["date"])
    return e.assign(earliest=e["date"], latest=latest, monthly=monthly), coverage


def _people(persons: pd.Series, order: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return of each unit how many events have no figure, and its known persons.

    `order`: events, unit by unit; `at`: where each unit begins.
    """
    unknown = persons.isna().to_numpy()[order].astype(int)
    missing = np.add.reduceat(unknown, at)
    known = pd.array(np.add.reduceat(persons.fillna(0).to_numpy("int64")[order], at), dtype="Int64")
    known[missing == np.diff(at, append=len(order))] = pd.NA
    return missing, known


def units(
    e: pd.DataFrame, w: Window | None, unit: str, since: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Gather prepared events into units; columns as `handovers` returns them.

    >>> events, _ = prepared(record, "bodies", "best", False)
    >>> list(units(events, None, "deal").columns[:4])
    ['unit_id', 'start', 'end', 'events']
    """
    half = (e["latest"] - e["earliest"]) // 2 // ONE_DAY * ONE_DAY
    date, ids = e["earliest"] + half, e["event_id"].to_numpy(dtype=object)
    days = date.to_numpy()
    counted = ((date >= w.first) & (date <= w.through)).to_numpy() if w else np.zeros(len(e), bool)
    order = np.lexsort((ids, days))
    if since is not None:
        order = order[days[order] >= since.to_datetime64()]
    # Runs of one deal (or day), split where the window ends; reduceat is ten times faster than agg.
    of = pd.factorize(e["deal_id"] if unit == "deal" else days)[0][order] * 2 + counted[order]
    group = pd.factorize(of)[0]
    order = order[np.argsort(group, kind="stable")]
    at = np.flatnonzero(np.diff(np.sort(group), prepend=-1))
    first, last = order[at], order[np.append(at, len(order))[1:] - 1]
    joined = [";".join(ids[order[a:b]]) for a, b in pairwise([*at, len(order)])]
    columns: dict[str, Any] = {
        "unit_id": e["deal_id" if unit == "deal" else "event_id"].array[first],
        "start": date.array[first],
        "end": date.array[last],
        "events": np.diff(at, append=len(order)),
        "event_ids": pd.array(joined, dtype="str"),
        "counted": counted[first],
        "monthly": np.logical_or.reduceat(e["monthly"].to_numpy(bool)[order], at),
        "earliest": e["earliest"].array[first],
        "latest": e["latest"].array[last],
    }
    for d in DIRECTIONS:
        columns[f"{d}_unknown"], columns[d] = _people(e[d], order, at)
    return pd.DataFrame(columns).sort_values(["start", "unit_id"], ignore_index=True)


def handovers(
    record: Record,
    kind: str = "prisoners",
    unit: str = "day",
    since: Day | None = None,
    lens: str = "best",
    disputed: bool = False,
) -> pd.DataFrame:
    """Return one row per unit (day or deal), oldest first.

    Columns: unit_id (its first event or its deal), start and end (days), events (how many),
    event_ids (joined by `;`), counted (False: after the window, listed only), monthly (the day is
    not known: it stands in the middle of `earliest`..`latest`) and, per direction, the sum of known
    counts (persons, Int64, missing if none is known) and `_unknown`, the events without one.
    Disputed events are left out unless asked for.

    `attrs`: kind, unit, lens, first, dense_from, through (days or None), as_of, coverage, disputed
    (how many were left out). Raises ValueError for an unknown kind, unit or lens.

    >>> days = handovers(record, "prisoners", "day", since="2025-05-23").head(3)
    >>> days["start"].dt.day.tolist()
    [23, 24, 25]

    See also: `repatria.analysis.cadence.gaps`, the silences between them.
    """
    checked(kind, unit)
    return _handovers(record, kind, unit, since, lens, disputed).copy()


@lru_cache(maxsize=64)
def _handovers(
    record: Record, kind: str, unit: str, since: Day | None, lens: str, disputed: bool
) -> pd.DataFrame:
    w = window(record, kind, since)
    e, coverage = prepared(record, kind, lens, disputed=True)
    left_out = 0 if disputed else int((e["status"] == "disputed").sum())
    if left_out:
        e = e[e["status"] != "disputed"]
    out = units(e, w, unit, day(since, "since") if since else None)
    told: dict[str, Any] = {"kind": kind, "unit": unit, "lens": lens}
    told |= {day: getattr(w, day) if w else None for day in ("first", "dense_from", "through")}
    told |= {"as_of": record.last_day, "coverage": coverage, "disputed": left_out}
    out.attrs = frames.plain(told)
    return out


def monthly(record: Record, kind: str = "prisoners", since: Day | None = None) -> pd.DataFrame:
    """Return handover days per calendar month of the years on record: year, month, days, reading.

    reading: dense (every day of the month), unread (none), thin (anything between), after (later
    than the as-of day) or before (earlier than the record or `since`). Handover days past the
    searched day are in `days`: the reading says how much they mean. `attrs` as in `handovers`.

    >>> months = monthly(record, "bodies").set_index(["year", "month"])
    >>> months.loc[(2025, 6), "reading"]
    'dense'
    """
    h = handovers(record, kind, "day", since)
    days, level = _levels(record, kind)
    read = pd.Series(level, index=days)
    first = frames.dated(h.attrs)["first"] or record.last_day
    years = min(first, record.last_day).year, record.last_day.year
    months = pd.period_range(f"{years[0]}-01", f"{years[1]}-12", freq="M")
    every = pd.date_range(months[0].start_time, months[-1].end_time.normalize())
    worst = read.reindex(every, fill_value=0).groupby(every.to_period("M")).agg(["min", "max"])
    held = h["start"].dt.to_period("M").value_counts().reindex(months, fill_value=0)
    rows = []
    for month, n, low, high in zip(months, held, worst["min"], worst["max"], strict=True):
        if month.start_time > record.last_day:
            reading = "after"
        elif month.end_time < first:
            reading = "before"
        else:
            reading = {2: "dense", 0: "unread"}.get(low, "thin") if low == high else "thin"
        rows.append((month.year, month.month, int(n), reading))
    out = pd.DataFrame(rows, columns=["year", "month", "days", "reading"])
    out.attrs = h.attrs
    return out
