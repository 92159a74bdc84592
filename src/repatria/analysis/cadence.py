"""How often handovers come, how irregular they are and how long the present silence is.

A gap is the silence between two units (`units`: days or deals): from the last day of what came
before to the first day of the next. The open gap is right-censored at the last day that was densely
searched; later handovers are listed, never counted. Method and reasons: docs/method-cadence.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from repatria.analysis.rates import (
    PERIODS,
    blocks,
    constancy,
    detectability,
    interval,
    moving_rate,
    rates,
)
from repatria.analysis.rhythm import (
    FEWEST,
    Rhythm,
    burstiness,
    following,
    holm,
    irregularity,
    memory,
    pattern,
    rhythm,
)
from repatria.analysis.units import KINDS, UNITS, Window, handovers, monthly, window
from repatria.record import frames
from repatria.record.view import Day, Record

__all__ = [
    "KINDS",
    "PERIODS",
    "UNITS",
    "Regimes",
    "Rhythm",
    "Silence",
    "Window",
    "blocks",
    "burstiness",
    "constancy",
    "dating",
    "detectability",
    "error_budget",
    "following",
    "gaps",
    "handovers",
    "interval",
    "irregularity",
    "landmarks",
    "memory",
    "monthly",
    "moving_rate",
    "pattern",
    "rates",
    "regimes",
    "rhythm",
    "silences",
    "summary",
    "survival",
    "window",
]

LEVEL = 0.05  # the error budget of all tests of a report together


def silences(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (index of the unit that ends each silence, its days) for units given as whole days.

    A unit that begins before everything earlier has ended leaves no silence.

    >>> silences(np.array([0, 2, 9]), np.array([4, 3, 9]))
    (array([2]), array([5]))
    """
    order = np.argsort(starts, kind="stable")
    until = np.maximum.accumulate(ends[order])
    days = starts[order][1:] - until[:-1]
    return order[1:][days > 0], days[days > 0]


def gaps(
    record: Record, kind: str = "prisoners", unit: str = "day", since: Day | None = None
) -> pd.DataFrame:
    """Return the gaps between handovers, oldest first, the open one last.

    Columns: start (last day of what came before), end (first day of the next; NaT while open), days
    (int), censored (True for the open gap, which ends at min(last searched day, as-of day)),
    reading (dense, thin, or part: begins in thin reading), dated (False: a handover at one of its
    ends is known by its month only, so the days are about so many), before and after (unit ids
    around it; "" while open). `since` takes handovers from a day on; default: the start of the
    record, whose early months were read thinly. `attrs` as in `handovers`, with units (how many
    are counted), events (of how many handovers) and listed (handovers past the searched day). Raises ValueError for an unknown
    kind or unit.

    >>> silent = gaps(record, "prisoners", "deal")
    >>> longest = silent.loc[silent["days"].idxmax()]
    >>> f"{longest['start']:%Y-%m-%d} to {longest['end']:%Y-%m-%d}: {longest['days']} days"
    '2023-08-07 to 2024-01-03: 149 days'

    See also: `summary` and `survival` of gaps.
    """
    return _between(handovers(record, kind, unit, since))


def _between(every: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps between handovers, as `gaps` does."""
    counted, events = (every[c].to_numpy() for c in ("counted", "events"))
    start, end, known, ids = (
        every[c].to_numpy()[counted] for c in ("start", "end", "monthly", "unit_id")
    )
    known = np.append(~known, True)
    days = (x.astype("datetime64[D]").astype(int) for x in (start, end))
    n = len(start)
    after = np.append(silences(*days)[0], np.full(min(n, 1), n))  # the last one is open
    before, is_open = after - 1, after == n
    begins = np.maximum.accumulate(end)[before].astype("datetime64[s]")
    ends = np.append(start, np.datetime64("NaT", "s"))[after].astype("datetime64[s]")
    through, dense = (frames.dated(every.attrs)[day] for day in ("through", "dense_from"))
    last = ends if through is None else np.where(is_open, through.to_datetime64(), ends)
    reading = np.full(len(after), "thin")
    if dense:
        begun_thin = np.where(last < dense.to_datetime64(), "thin", "part")
        reading = np.where(begins >= dense.to_datetime64(), "dense", begun_thin)
    out = pd.DataFrame(
        {
            "start": begins,
            "end": ends,
            "days": (last - begins) // np.timedelta64(1, "D"),
            "censored": is_open,
            "reading": pd.array(reading, dtype="str"),
            "dated": known[before] & known[after],
            "before": pd.array(ids[before], dtype="str"),
            "after": pd.array(np.append(ids, "")[after], dtype="str"),
        }
    )
    out.attrs = {**every.attrs, "units": n, "events": int(events[counted].sum())}
    out.attrs["listed"] = int(events[~counted].sum())
    return out


def survival(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the Kaplan-Meier curve of gap lengths: the share of silences longer than so many days.

    Columns: days, survival, low, high (95 %, log-log; missing where undefined), at_risk (gaps that
    reached the day). Begins at day 0. Source: Kaplan and Meier (1958); band: exponential Greenwood.

    >>> curve = survival(gaps(record, "bodies", "deal"))
    >>> curve["survival"].iloc[0], curve["survival"].is_monotonic_decreasing
    (np.float64(1.0), True)
    """
    columns = ["days", "survival", "low", "high", "at_risk"]
    if gaps.empty:
        return pd.DataFrame(columns=columns, dtype=float)
    length, closed = gaps["days"].to_numpy(), ~gaps["censored"].to_numpy()
    days, at, held = np.unique(length, return_inverse=True, return_counts=True)
    at_risk = held[::-1].cumsum()[::-1]
    ended = np.bincount(at[closed], minlength=len(days))
    share = np.cumprod((at_risk - ended) / at_risk)
    with np.errstate(all="ignore"):  # undefined where the curve is 0 or 1: left missing
        spread = np.cumsum(ended / (at_risk * (at_risk - ended)))
        reach = special.ndtri(0.975) * np.sqrt(spread / np.log(share) ** 2)
        low, high = (np.exp(np.log(share) * np.exp(way * reach)) for way in (1, -1))
    steps = np.column_stack([days, share, low, high, at_risk])
    out = pd.DataFrame(np.vstack([[0, 1, 1, 1, len(gaps)], steps]), columns=columns)
    return out.astype({"at_risk": "int64"})


@dataclass(frozen=True)
class Silence:
    """Completed gaps and the open one. Days; None where nothing can be said.

    mean_at_risk divides all days of silence, the open gap's too, by the completed gaps; mean_closed
    drops the open gap and is too short. share_of_days: on how much of the time between handovers
    the silence had already lasted as long as the open one. That is the fair comparison, because a
    silence one stands in tends to be a long one. dense_closed and dense_median are of the gaps
    since dense_from, beside the whole: the early ones were of another pace and thinly read. dated:
    False if what the open gap follows is known by its month only.
    """

    kind: str
    unit: str
    units: int
    closed: int
    median: float | None
    median_low: float | None
    median_high: float | None
    mean_closed: float | None
    mean_at_risk: float | None
    longest: int | None
    dense_from: pd.Timestamp | None
    dense_closed: int
    dense_median: float | None
    dated: bool
    open_days: int | None
    open_since: pd.Timestamp | None
    through: pd.Timestamp | None
    dense: bool
    shorter: int
    equal: int
    longer: int
    share_of_days: float | None


def _halved(curve: pd.DataFrame) -> list[float | None]:
    """Return the days at which a Kaplan-Meier curve and its band reach one half."""
    days = curve["days"].to_numpy()
    half = [days[curve[c].to_numpy() <= 0.5] for c in ("survival", "low", "high")]
    return [float(h[0]) if len(h) else None for h in half]


def summary(gaps: pd.DataFrame) -> Silence:
    """Summarise what `gaps` returned: median, means, and where the open gap stands among the
    completed.

    The median is Kaplan-Meier's, with its 95 % band.

    >>> past = summary(gaps(record.as_of("2025-06-12", coverage="today"), "prisoners", "deal"))
    >>> past.longest
    149
    """
    a = frames.dated(gaps.attrs)
    closed = gaps["days"].to_numpy()[~gaps["censored"].to_numpy()]
    is_open = gaps[gaps["censored"]]
    days = int(is_open["days"].iloc[0]) if len(is_open) else None
    median, low, high = _halved(survival(gaps))
    late = gaps[gaps["reading"] == "dense"]
    n = len(closed)
    aged = None
    if n and days is not None:
        aged = float((closed - days).clip(0).sum() / closed.sum())
    return Silence(
        kind=a["kind"],
        unit=a["unit"],
        units=a["units"],
        closed=n,
        median=median,
        median_low=low,
        median_high=high,
        mean_closed=float(closed.mean()) if n else None,
        mean_at_risk=float(gaps["days"].sum() / n) if n else None,
        longest=int(closed.max()) if n else None,
        dense_from=a["dense_from"],
        dense_closed=int((~late["censored"]).sum()),
        dense_median=_halved(survival(late))[0],
        dated=bool(is_open["dated"].all()),
        open_days=days,
        open_since=is_open["start"].iloc[0] if len(is_open) else None,
        through=a["through"],
        dense=a["dense_from"] is not None,
        shorter=int((closed < days).sum()) if days is not None else 0,
        equal=int((closed == days).sum()) if days is not None else 0,
        longer=int((closed > days).sum()) if days is not None else 0,
        share_of_days=aged,
    )


def dating(
    record: Record, kind: str = "prisoners", unit: str = "day", since: Day | None = None
) -> pd.DataFrame:
    """Return how far the numbers move without handovers dated by month only and with disputed ones.

    Rows by variant: used; monthly_left_out; disputed_counted. Columns: variant, handovers, median,
    mean_at_risk (days). Variants without such handovers are left out. `attrs` as in `handovers`.

    >>> dating(record, "bodies")["variant"].iloc[0]
    'used'
    """
    every = handovers(record, kind, unit, since)
    variants = {"used": every}
    if (every["monthly"] & every["counted"]).any():
        variants["monthly_left_out"] = every[~every["monthly"]]
    if every.attrs["disputed"]:
        more = handovers(record, kind, unit, since, disputed=True)
        variants["disputed_counted"] = more
    found = {name: summary(_between(v)) for name, v in variants.items()}
    rows = [(n, s.units, s.median, s.mean_at_risk) for n, s in found.items() if s.units]
    out = pd.DataFrame(rows, columns=["variant", "handovers", "median", "mean_at_risk"])
    out.attrs = every.attrs
    return out


def landmarks(record: Record, kind: str = "prisoners", since: Day | None = None) -> pd.DataFrame:
    """Return what is known beside the rate, as context and not as causes: day, days, place.

    The beginning of the longest completed silence between dated handover days, with its days (place
    ""), and the talks, by place and year, under which at least three deals of any kind are on record, at
    the day of the first (days missing).

    >>> landmarks(record, "prisoners")["days"].max()
    np.int64(149)
    """
    g = gaps(record, kind, "day", since)
    rows: list[tuple[pd.Timestamp, Any, str]] = []
    closed = g[~g["censored"] & g["dated"]]
    if len(closed):
        longest = closed.loc[closed["days"].idxmax()]
        rows.append((longest["start"], longest["days"], ""))
    talks = record.agreements()
    talks = talks[(talks["place"] != "") & talks["agreed_on"].notna()]
    first = frames.dated(g.attrs)["first"]
    talks = talks[talks["agreed_on"] >= first] if first is not None else talks.iloc[:0]
    held = record.events().groupby("agreement_id")["deal_id"].nunique()
    talks = talks.assign(deals=talks["agreement_id"].map(held).fillna(0))
    for (place, _), t in talks.groupby(["place", talks["agreed_on"].dt.year]):
        if t["deals"].sum() > 2:
            rows.append((t["agreed_on"].min(), pd.NA, str(place)))
    out = pd.DataFrame(rows, columns=["day", "days", "place"]).astype({"days": "Int64"})
    return out.sort_values("day", ignore_index=True)


@dataclass(frozen=True, eq=False)
class Regimes:
    """The stretches of constant rate of deals, and what they are to be seen beside.

    rates: as `rates` by regime; moving: as `moving_rate`; handovers: as `handovers`; landmarks: as
    `landmarks`; detected: as `detectability`, None with fewer than five deals.
    """

    rates: pd.DataFrame
    moving: pd.Series
    handovers: pd.DataFrame
    landmarks: pd.DataFrame
    detected: pd.DataFrame | None


def regimes(
    record: Record, kind: str = "prisoners", since: Day | None = None, lens: str = "best"
) -> Regimes:
    """Return the regimes of the deals of a kind in dense reading, with what stands beside them.

    Deals, because the days of one agreement would each count as news of the rate. Raises
    ValueError for an unknown kind.

    >>> found = regimes(record, "bodies", since="2025-01-01")
    >>> found.rates.attrs["by"], found.moving.index[0] == found.rates["first"][0]
    ('regime', True)
    """
    found = rates(record, kind, "deal", "regime", since, lens)
    w = window(record, kind, since)
    dense = w.dense_from if w else None
    h = handovers(record, kind, "deal", dense or since, lens)
    at, detected = h.loc[h["counted"], "start"], None
    if len(found) and len(at) >= FEWEST:
        days = int(found["days"].sum())
        detected = detectability((at - dense).dt.days.to_numpy("int64"), days)
    moving = (
        moving_rate(record, kind, "deal", dense) if dense is not None else pd.Series(dtype=float)
    )
    return Regimes(found, moving, h, landmarks(record, kind, dense or since), detected)


# Every test of a report, and the one budget they share.


def error_budget(record: Record, since: Day | None = None) -> pd.DataFrame:
    """Return every test that the report makes of cadence, with one error budget for all (Holm 1979).

    Columns: name (regimes, weekday, month, burstiness, memory, rhythm: of each kind's deals;
    following: of both), kind ("" for both), deals or silences tested (n), p, p_holm (over all
    rows), holds (p_holm below 0.05). Missing p where there is too little to test.

    >>> tests = error_budget(record.as_of("2025-06-12", coverage="today"))
    >>> bool((tests["p_holm"].dropna() >= tests["p"].dropna()).all())
    True
    """
    rows: list[tuple[str, str, int, float | None]] = []
    for kind in ("prisoners", "bodies"):
        g = gaps(record, kind, "deal", since)
        split = rates(record, kind, "deal", "regime", since)
        p = split.attrs["p"] if split.attrs["units"] >= FEWEST else None
        rows.append(("regimes", kind, split.attrs["units"], p))
        for by in ("weekday", "month"):
            found = pattern(record, kind, by, since)
            rows.append((by, kind, int(found["deals"].sum()), found.attrs["p"]))
        measured = irregularity(g)
        rows += [(m.measure, kind, m.gaps, m.p) for m in measured.itertuples()]
        r = rhythm(g)
        rows.append(("rhythm", kind, len(r.days), r.p))
    after = following(record, "deal", since)
    rows.append(
        ("following", "", int(after["handovers"].max()) if len(after) else 0, after.attrs["p"])
    )
    out = pd.DataFrame(rows, columns=["name", "kind", "n", "p"]).astype({"p": "float64"})
    out["p_holm"] = holm(out["p"])
    out["holds"] = out["p_holm"] < LEVEL
    return out
