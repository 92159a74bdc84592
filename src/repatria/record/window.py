"""Days and windows: what a day is, and whether an event lies in a window. One answer for every
function.

An event known to the day is inside or outside. One known only to its month is inside where all its
days are, outside where none is, and in part (unsure) where the window cuts the month.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from repatria.record.days import written
from repatria.record.schema import WAR_START

__all__ = ["PARTS", "Day", "day", "ends", "inside", "passed", "today"]

Day = str | dt.date  # a Timestamp is a date
PARTS = ("whole", "part")  # how an event that is kept lies in its window


def day(value: Day, name: str = "day", last: bool = False) -> pd.Timestamp:
    """Return an ISO day (or a date) as a Timestamp; of a month or a year its first or its last day.

    Raises ValueError, naming the parameter, for anything else and for a day before the war.

    >>> day("2025-06-11"), day("2025-06", last=True)
    (Timestamp('2025-06-11 00:00:00'), Timestamp('2025-06-30 00:00:00'))
    >>> day(20250611, "as_of")
    Traceback (most recent call last):
    ValueError: as_of: 20250611 is an int, not a day (YYYY-MM-DD), month (YYYY-MM) or year (YYYY) in text
    """
    if isinstance(value, np.datetime64) and not np.isnat(value):
        value = pd.Timestamp(value)
    try:
        first, end = written(value)
    except ValueError as e:
        raise ValueError(f"{name}: {e}") from None
    if end < WAR_START:
        raise ValueError(f"{name}: {end} is before the war ({WAR_START})")
    return pd.Timestamp(end if last else max(first, WAR_START)).as_unit("s")


def passed(
    value: Day, name: str, newest: pd.Timestamp | None = None, last: bool = False
) -> pd.Timestamp:
    """Return a day that is not after today, nor after `newest` if that is later; else as `day`.

    Of a month or a year that is not over it is the part so far. Raises ValueError for a day to come.

    >>> passed("2062-01-01", "until")
    Traceback (most recent call last):
    ValueError: until: 2062-01-01 is after today (...); leave it out for no limit
    """
    limit = max(today(), newest) if newest is not None else today()
    if day(value, name) > limit:
        raise ValueError(
            f"{name}: {value if isinstance(value, str) else f'{day(value):%Y-%m-%d}'} is after "
            f"today ({limit:%Y-%m-%d}); leave it out for no limit"
        )
    return min(day(value, name, last), limit)


def today() -> pd.Timestamp:
    """Return the newest day there is on earth: pages are dated where they are published."""
    return pd.Timestamp((dt.datetime.now(dt.UTC) + dt.timedelta(hours=14)).date()).as_unit("s")


def ends(events: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the first and the last day on which each event may have been (columns date,
    date_precision).

    The month in which the war began starts with the war.

    >>> june = pd.DataFrame({"date": [pd.Timestamp("2025-06-01")], "date_precision": ["month"]})
    >>> [f"{side[0]:%Y-%m-%d}" for side in ends(june)]
    ['2025-06-01', '2025-06-30']
    """
    month = (events["date_precision"] == "month").to_numpy()
    first = events["date"].clip(lower=pd.Timestamp(WAR_START))
    if not month.any():
        return first, events["date"]
    last = events["date"].mask(month, events["date"] + pd.offsets.MonthEnd(0))
    return first, last.astype(events["date"].dtype)


def inside(events: pd.DataFrame, since: Day | None = None, until: Day | None = None) -> pd.Series:
    """Return how each event lies between two days, both included: whole, part, or missing
    (outside).

    A month or a year begins the window with its first day and ends it with its last. `events` has the columns date and date_precision; an empty or missing end leaves the window
    open. The result is categorical, on the index of `events`. Raises ValueError for a day that is
    none, and for a window that ends before it begins.

    >>> dates = pd.to_datetime(["2025-06-01", "2025-06-01", "2025-07-02"])
    >>> e = pd.DataFrame({"date": dates, "date_precision": ["month", "day", "day"]})
    >>> inside(e, "2025-06-01", "2025-06-15").tolist()
    ['part', 'whole', nan]

    See also: `Record.events`, which takes a window, and `ends`.
    """
    start, end = (
        day(since, "since") if since else None,
        day(until, "until", True) if until else None,
    )
    if start is not None and end is not None and start > end:
        raise ValueError(f"since: {start:%Y-%m-%d} is after until ({end:%Y-%m-%d})")
    whole = np.ones(len(events), dtype=bool)
    touched = whole.copy()
    if start is not None or end is not None:
        first, last = (side.to_numpy() for side in ends(events))
    if start is not None:
        whole &= first >= start.to_datetime64()
        touched &= last >= start.to_datetime64()
    if end is not None:
        whole &= last <= end.to_datetime64()
        touched &= first <= end.to_datetime64()
    codes = np.where(whole, 0, np.where(touched, 1, -1))
    return pd.Series(pd.Categorical.from_codes(codes, PARTS), index=events.index, name="in_window")
