"""Days and windows: what a day is, and whether an event lies in a window. One answer for every
function.

An event known to the day is inside or outside. One known only to its month is inside where all its
days are, outside where none is, and in part (unsure) where the window cuts the month.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from repatria.record.schema import WAR_START

__all__ = ["PARTS", "Day", "day", "ends", "inside", "today"]

Day = str | dt.date  # a Timestamp is a date
PARTS = ("whole", "part")  # how an event that is kept lies in its window


def __dir__() -> list[str]:
    return __all__


def day(value: Day, name: str = "day") -> pd.Timestamp:
    """Return an ISO day (or a date) as a Timestamp.

    Raises ValueError, naming the parameter, for anything else and for a day before the war.

    >>> day("2025-06-11")
    Timestamp('2025-06-11 00:00:00')
    >>> day(20250611, "as_of")
    Traceback (most recent call last):
    ValueError: as_of: 20250611 is an int, not a day (YYYY-MM-DD)
    """
    if isinstance(value, str):
        try:
            found = dt.date.fromisoformat(value)
        except ValueError:
            found = None
        # "20250601" and "2025-W23-7" are ISO days too, but not ours.
        if found is None or found.isoformat() != value:
            raise ValueError(f"{name}: {value!r} is not a day (YYYY-MM-DD)")
        value = found
    elif isinstance(value, np.datetime64) and not np.isnat(value):
        value = pd.Timestamp(value)
    elif not isinstance(value, dt.date) or pd.isna(value):
        kind = type(value).__name__
        article = "an" if kind[:1] in "aeiou" else "a"
        raise ValueError(f"{name}: {value!r} is {article} {kind}, not a day (YYYY-MM-DD)")
    stamp = pd.Timestamp(dt.date(value.year, value.month, value.day)).as_unit("s")
    if stamp < pd.Timestamp(WAR_START):
        raise ValueError(f"{name}: {stamp:%Y-%m-%d} is before the war ({WAR_START})")
    return stamp


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

    `events` has the columns date and date_precision; an empty or missing end leaves the window
    open. The result is categorical, on the index of `events`. Raises ValueError for a day that is
    none.

    >>> dates = pd.to_datetime(["2025-06-01", "2025-06-01", "2025-07-02"])
    >>> e = pd.DataFrame({"date": dates, "date_precision": ["month", "day", "day"]})
    >>> inside(e, "2025-06-01", "2025-06-15").tolist()
    ['part', 'whole', nan]

    See also: `Record.events`, which takes a window, and `ends`.
    """
    first, last = (side.to_numpy() for side in ends(events))
    whole = np.ones(len(events), dtype=bool)
    touched = whole.copy()
    if since:
        start = day(since, "since").to_datetime64()
        whole &= first >= start
        touched &= last >= start
    if until:
        end = day(until, "until").to_datetime64()
        whole &= last <= end
        touched &= first <= end
    codes = np.where(whole, 0, np.where(touched, 1, -1))
    return pd.Series(pd.Categorical.from_codes(codes, PARTS), index=events.index, name="in_window")
