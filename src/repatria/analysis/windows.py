"""What the events of a window add up to, and how a published total compares with it.

The shared method of `reconcile`, which shows all that is public here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from repatria.record.rule import interval
from repatria.record.schema import DIRECTIONS

__all__ = [
    "FITS",
    "MEASURES",
    "VERDICTS",
    "Addends",
    "Sums",
    "Verdict",
    "add_up",
    "days_of",
    "in_scope",
    "scoped",
    "sums",
    "verdict",
]

_ISTANBUL = "istanbul-2025-06-02"
_BOTH_WAYS = {"both": DIRECTIONS, **{d: (d,) for d in DIRECTIONS}}

MEASURES = ("persons", "handovers")
VERDICTS = tuple(
    """
    exact exact_on_one_reading consistent short over between falls not_stated not_compared
    """.split()
)
FITS = VERDICTS[:3]


@dataclass(frozen=True)
class Sums:
    """What the events of a window add up to.

    `low` counts the events surely inside, `high` also those that may be (an event or a total dated
    to the month only); `reachable` holds every sum that some reading of the dates gives. `inside`
    and `maybe` are ids of events with a size, `unknown` of those without one, `disputed` of those
    left out because it is disputed that they took place.
    """

    low: int
    high: int
    reachable: frozenset[int]
    inside: tuple[str, ...]
    maybe: tuple[str, ...]
    unknown: tuple[str, ...]
    disputed: tuple[str, ...]


class Verdict(NamedTuple):
    """How a total compares with a sum: one of `VERDICTS`, and by how much at least and at most.

    The two numbers are never negative, and missing where the verdict has none.
    """

    said: str
    off_low: int | None = None
    off_high: int | None = None


@dataclass(frozen=True)
class Addends:
    """The columns of an event table that a sum needs, as arrays: one table serves many windows."""

    ids: np.ndarray
    first: np.ndarray
    last: np.ndarray
    size: np.ndarray
    known: np.ndarray
    settled: np.ndarray

    @classmethod
    def of(cls, events: pd.DataFrame, direction: str, measure: str = "persons") -> Addends:
        directions = _BOTH_WAYS[direction]
        events = events.sort_values(["date", "event_id"])
        if measure == "handovers":
            events = events[~_one_way_only(events, direction)]
            known = _happened(events, direction)
            size = pd.Series(1, events.index, dtype="Int64").where(known)
        else:
            size = sum(
                (events[d] for d in directions), start=pd.Series(0, events.index, dtype="Int64")
            )
        month = (events["date_precision"] == "month").to_numpy()
        last = events["date"].mask(month, events["date"] + pd.offsets.MonthEnd(1))
        return cls(
            events["event_id"].to_numpy(dtype=object),
            events["date"].to_numpy(),
            last.to_numpy(),
            size.fillna(0).to_numpy(dtype="int64"),
            size.notna().to_numpy(),
            (events["status"] == "took_place").to_numpy(),
        )


def _one_way_only(events: pd.DataFrame, direction: str) -> pd.Series:
    """Return which events are no handover in this direction: somebody says none."""
    if direction == "both":
        return pd.Series(False, index=events.index)
    return events[f"{direction}_absence"] == "zero"


def _happened(events: pd.DataFrame, direction: str) -> pd.Series:
    """Return which events are known to have had this direction, with a size or with it withheld."""
    if direction == "both":
        return pd.Series(True, index=events.index)
    return events[direction].notna() | (events[f"{direction}_absence"] == "withheld")


def days_of(as_of: pd.Timestamp, precision: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last day an `as_of` may mean: a day, or any day of its month or year."""
    if precision == "day":
        return as_of, as_of
    period = as_of.to_period({"month": "M", "year": "Y"}[precision])
    return period.start_time.as_unit(as_of.unit), as_of


def sums(
    events: pd.DataFrame,
    direction: str,
    first: pd.Timestamp,
    last: pd.Timestamp,
    precision: str = "day",
    measure: str = "persons",
) -> Sums:
    """Add up the events from `first` to `last`, both included.

    `events` as `Record.events` returns it. `direction` is to_ukraine, to_russia or both (an event
    counts only if both directions are known). With `precision` month or year any day of that month
    or year may be the last. With `measure` handovers each event is one: of those in one direction
    only, an event counts if a size above zero or withheld is on record, and is `unknown` if nobody
    reports on that direction. Raises KeyError for an unknown direction.

    >>> import pandas as pd
    >>> june = pd.Timestamp("2025-06-11"), pd.Timestamp("2025-06-16")
    >>> sums(record.events("bodies"), "to_ukraine", *june).low
    6057
    >>> sums(record.events("bodies"), "to_ukraine", *june, measure="handovers").low
    5

    See also: `reconcile`, `scoped`.
    """
    return add_up(Addends.of(events, direction, measure), (first, first), days_of(last, precision))


def add_up(
    e: Addends,
    first: tuple[pd.Timestamp, pd.Timestamp],
    last: tuple[pd.Timestamp, pd.Timestamp],
) -> Sums:
    """Add up a window whose first and last day are each known to lie between two days."""
    from_early, from_late = (d.to_datetime64() for d in first)
    to_early, to_late = (d.to_datetime64() for d in last)
    touches = (e.last >= from_early) & (e.first <= to_late)
    certain = touches & (e.first >= from_late) & (e.last <= to_early)
    inside, maybe = (touches & e.settled & e.known & m for m in (certain, ~certain))
    low = int(e.size[inside].sum())
    # Events on known days leave at the start, or join at the end, in their order; one known to the
    # month may be in or out on its own.
    floats = maybe & (e.first != e.last)
    leaving = maybe & ~floats & (e.first < from_late)
    joining = maybe & ~floats & ~leaving
    reachable = {low + a + b for a in _running(e, leaving, back=True) for b in _running(e, joining)}
    for extra in e.size[floats]:
        reachable |= {s + int(extra) for s in reachable}
    unknown, disputed = touches & e.settled & ~e.known, touches & ~e.settled
    return Sums(
        low,
        low + int(e.size[maybe].sum()),
        frozenset(reachable),
        *(tuple(e.ids[m]) for m in (inside, maybe, unknown, disputed)),
    )


def _running(e: Addends, chosen: np.ndarray, back: bool = False) -> Iterable[int]:
    """Return 0 and the running sums by day, from the first day on, or back from the last."""
    if not chosen.any():
        return [0]
    days, of_day = np.unique(e.first[chosen], return_inverse=True)
    by_day = np.bincount(of_day, weights=e.size[chosen], minlength=len(days)).astype("int64")
    return [0, *(int(s) for s in (by_day[::-1] if back else by_day).cumsum())]


def verdict(count: int, qualifier: str, found: Sums) -> Verdict:
    """Compare a total with a sum: exact, consistent (vague wording), short, over, or between.

    Short: the events add up to less than the total. The wording's interval is that of the estimate
    rule. Where dates leave a range of sums, `exact_on_one_reading` means that a possible sum equals
    the total, and `between` that none does although the total lies in the range.

    >>> verdict(12, "exact", Sums(10, 10, frozenset({10}), (), (), (), ()))
    Verdict(said='short', off_low=2, off_high=2)
    """
    lo, hi = (int(v[0]) for v in interval(*(np.array([count]),) * 2, np.array([qualifier])))
    if any(lo <= s <= hi for s in found.reachable):
        if qualifier != "exact":
            return Verdict("consistent")
        return Verdict("exact" if found.low == found.high else "exact_on_one_reading")
    if found.high < lo:
        return Verdict("short", lo - found.high, lo - found.low)
    if found.low > hi:
        return Verdict("over", found.low - hi, found.high - hi)
    return Verdict("between")


def scoped(events: pd.DataFrame, scope: str) -> pd.DataFrame:
    """Return the events that a total's base holds; `events` as `Record.events` returns it.

    uae_mediated: those that name the Emirates as mediator. without_june_2025: all but those of June
    2025 under the Istanbul agreement of 2 June, which the Coordination Headquarters' reports of
    2025 count apart. Any other base holds all of them.

    >>> june = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> len(scoped(june, "")), len(scoped(june, "without_june_2025"))
    (5, 0)
    """
    return events[in_scope(events, scope)]


def in_scope(events: pd.DataFrame, scope: str) -> np.ndarray:
    """Return which events a total's scope holds: a boolean an event; all for a scope without a rule."""
    if scope == "uae_mediated":
        return events["mediators"].str.contains("UAE", na=False).to_numpy(dtype=bool)
    if scope == "without_june_2025":
        of_june = events["date"].between("2025-06-01", "2025-06-30").to_numpy()
        return ~(of_june & (events["agreement_id"] == _ISTANBUL).to_numpy(dtype=bool))
    return np.ones(len(events), dtype=bool)
