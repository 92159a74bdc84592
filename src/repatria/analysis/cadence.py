"""How often handovers come, how irregular they are and how long the present silence is.

A gap is the silence between two units (`units`: days or deals): from the last day of what came
before to the first day of the next. The open gap is right-censored at the last day that was densely
searched; later handovers are listed, never counted. Method and reasons: docs/method-cadence.md.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from repatria.analysis.rates import (
    PERIODS,
    blocks,
    detectability,
    interval,
    moving_rate,
    rates,
)
from repatria.analysis.rhythm import burstiness, following, holm, irregularity, memory, pattern
from repatria.analysis.units import KINDS, SEED, UNITS, Window, handovers, monthly, window
from repatria.record.view import Day, Record

__all__ = [
    "KINDS",
    "PERIODS",
    "UNITS",
    "Regimes",
    "Silence",
    "Window",
    "blocks",
    "burstiness",
    "dating",
    "detectability",
    "following",
    "gaps",
    "handovers",
    "interval",
    "irregularity",
    "landmarks",
    "logrank",
    "memory",
    "monthly",
    "moving_rate",
    "pattern",
    "rates",
    "regimes",
    "silences",
    "summary",
    "survival",
    "window",
]


def __dir__() -> list[str]:
    return __all__


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
    reading (dense, thin, or part: begins in thin reading), before and after (unit ids around it; ""
    while open). `since` takes handovers from a day on; default: the start of the record, whose
    early months were read thinly. `attrs` as in `handovers`, with units (how many are counted) and
    listed (how many lie past the searched day). Raises ValueError for an unknown kind or unit.

    >>> silent = gaps(record, "prisoners", "deal")
    >>> longest = silent.loc[silent["days"].idxmax()]
    >>> f"{longest['start']:%Y-%m-%d} to {longest['end']:%Y-%m-%d}: {longest['days']} days"
    '2023-08-07 to 2024-01-03: 149 days'

    See also: `summary` and `survival` of gaps.
    """
    every = handovers(record, kind, unit, since)
    attrs, every.attrs = every.attrs, {}
    h = every[every["counted"]].reset_index(drop=True)
    start, end = (h[c].to_numpy("datetime64[D]").astype(int) for c in ("start", "end"))
    closed_by, _ = silences(start, end)
    until, ids = h["end"].cummax(), h["unit_id"]
    rows = [(until[i - 1], h["start"][i], False, ids[i - 1], ids[i]) for i in closed_by]
    if len(h):
        rows.append((until.iloc[-1], pd.NaT, True, ids.iloc[-1], ""))
    kinds = {"start": "datetime64[s]", "end": "datetime64[s]", "censored": "bool"}
    kinds |= {"before": "str", "after": "str"}
    out = pd.DataFrame(rows, columns=list(kinds)).astype(kinds)
    through, dense = attrs["through"], attrs["dense_from"]
    last = out["end"].fillna(through) if through is not None else out["end"]
    out.insert(2, "days", (last - out["start"]).dt.days.astype("int64"))
    reading: Any = "thin"
    if dense:
        begun_thin = np.where(last < dense, "thin", "part")
        reading = np.where(out["start"] >= dense, "dense", begun_thin)
    out.insert(4, "reading", pd.Series(reading, index=out.index, dtype="str"))
    out.attrs = {**attrs, "units": len(h), "listed": int((~every["counted"]).sum())}
    return out


def _censored(g: pd.DataFrame) -> stats.CensoredData:
    days = g["days"].to_numpy(dtype=float)
    return stats.CensoredData(days[~g["censored"]], right=days[g["censored"]])


def survival(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the Kaplan-Meier curve of gap lengths: the share of silences longer than so many days.

    Columns: days, survival, low, high (95 %, log-log; missing where undefined), at_risk (gaps that
    reached the day). Begins at day 0. Source: Kaplan and Meier (1958), by `scipy.stats.ecdf` on
    right-censored data.

    >>> curve = survival(gaps(record, "bodies", "deal"))
    >>> curve["survival"].iloc[0], curve["survival"].is_monotonic_decreasing
    (np.float64(1.0), True)
    """
    columns = ["days", "survival", "low", "high", "at_risk"]
    if gaps.empty:
        return pd.DataFrame(columns=columns, dtype=float)
    sf = stats.ecdf(_censored(gaps)).sf
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Undefined where the curve is 0 or 1: left missing.
        warnings.simplefilter("ignore", RuntimeWarning)
        band = sf.confidence_interval(method="log-log")
    at_risk = (gaps["days"].to_numpy()[:, None] >= sf.quantiles).sum(axis=0)
    low, high = band.low.probabilities, band.high.probabilities
    steps = zip(sf.quantiles, sf.probabilities, low, high, at_risk, strict=True)
    return pd.DataFrame([(0.0, 1.0, 1.0, 1.0, len(gaps)), *steps], columns=columns)


@dataclass(frozen=True)
class Silence:
    """Completed gaps and the open one. Days; None where nothing can be said.

    mean_at_risk divides all days of silence, the open gap's too, by the completed gaps; mean_closed
    drops the open gap and is too short. share_of_days: on how much of the time between handovers
    the silence had already lasted as long as the open one. That is the fair comparison, because a
    silence one stands in tends to be a long one.
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
    open_days: int | None
    open_since: pd.Timestamp | None
    through: pd.Timestamp | None
    dense: bool
    shorter: int
    equal: int
    longer: int
    share_of_days: float | None


def summary(gaps: pd.DataFrame) -> Silence:
    """Summarise what `gaps` returned: median, means, and where the open gap stands among the
    completed.

    The median is Kaplan-Meier's, with its 95 % band.

    >>> past = summary(gaps(record.as_of("2025-06-12"), "prisoners", "deal"))
    >>> past.longest
    149
    """
    a = gaps.attrs
    closed = gaps.loc[~gaps["censored"], "days"]
    is_open = gaps[gaps["censored"]]
    days = int(is_open["days"].iloc[0]) if len(is_open) else None
    curve = survival(gaps)
    half = [curve.loc[curve[c] <= 0.5, "days"] for c in ("survival", "low", "high")]
    median, low, high = (float(h.iloc[0]) if len(h) else None for h in half)
    n = len(closed)
    aged = None
    if n and days is not None:
        aged = float((closed - days).clip(lower=0).sum() / closed.sum())
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
        open_days=days,
        open_since=is_open["start"].iloc[0] if len(is_open) else None,
        through=a["through"],
        dense=a["dense_from"] is not None,
        shorter=int((closed < days).sum()) if days is not None else 0,
        equal=int((closed == days).sum()) if days is not None else 0,
        longer=int((closed > days).sum()) if days is not None else 0,
        share_of_days=aged,
    )


def logrank(gaps: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Compare gap lengths between neighbouring periods (rows of `rates`) by `scipy.stats.logrank`.

    A gap belongs to the period it begins in. Columns: earlier, later (periods), gaps_earlier,
    gaps_later, median_* (Kaplan-Meier), statistic, p, p_holm. Pairs with no completed gap on one
    side are left out. Regimes were found in the same data, so their p is too small: read it as a
    description. `attrs` as in `gaps`, with by. Source: Mantel (1966).

    >>> years = rates(record, "bodies", "deal", "year")
    >>> tests = logrank(gaps(record, "bodies", "deal"), years)
    >>> bool((tests["p_holm"] >= tests["p"]).all())
    True
    """
    parts = []
    for p in periods.itertuples():
        part = gaps[(gaps["start"] >= p.first) & (gaps["start"] <= p.last)]
        part.attrs = gaps.attrs
        if (~part["censored"]).any():
            parts.append((p.period, part))
    rows = []
    for (name, x), (other, y) in pairwise(parts):
        test = stats.logrank(_censored(x), _censored(y))
        medians = (summary(x).median, summary(y).median)
        rows.append((name, other, len(x), len(y), *medians, test.statistic, test.pvalue))
    columns = ["earlier", "later", "gaps_earlier", "gaps_later", "median_earlier", "median_later"]
    out = pd.DataFrame(rows, columns=[*columns, "statistic", "p"])
    out["p_holm"] = holm(out["p"])
    out.attrs = {**gaps.attrs, "by": periods.attrs.get("by")}
    return out


def _middle(start: np.ndarray, end: np.ndarray) -> tuple[float, float]:
    """Return the Kaplan-Meier median and the mean by time at risk of units given as whole days.

    Day 0 is the last searched day. NaN without a completed silence.
    """
    _, closed = silences(start, end)
    if not len(closed):
        return np.nan, np.nan
    still = float(-end.max())
    sf = stats.ecdf(stats.CensoredData(closed.astype(float), right=[still])).sf
    half = sf.quantiles[sf.probabilities <= 0.5]
    mean = float((closed.sum() - end.max()) / len(closed))
    return (float(half[0]) if len(half) else np.nan), mean


def _drawn(h: pd.DataFrame, through: pd.Timestamp, draws: int, seed: int) -> dict[str, Any]:
    """Draw the days of month-dated units, uniform over those they can have had; 95 % of draws."""
    first, last, start, end = (
        (h[c] - through).dt.days.to_numpy(dtype="int64")
        for c in ("earliest", "latest", "start", "end")
    )
    last = np.minimum(last, 0)
    rng, monthly = np.random.default_rng(seed), h["monthly"].to_numpy()
    found = []
    for _ in range(draws):
        at = rng.integers(first, last + 1)
        found.append(_middle(np.where(monthly, at, start), np.where(monthly, at, end)))
    (median, mean), low, high = np.quantile(np.array(found), [0.5, 0.025, 0.975], axis=0)
    row = {"variant": "monthly_drawn", "handovers": len(h), "median": median, "mean_at_risk": mean}
    row |= {"median_low": low[0], "mean_at_risk_low": low[1]}
    return row | {"median_high": high[0], "mean_at_risk_high": high[1]}


def dating(
    record: Record,
    kind: str = "prisoners",
    unit: str = "day",
    since: Day | None = None,
    draws: int = 200,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return how far the numbers move with handovers dated by month only and with disputed ones.

    Rows by variant: used; monthly_left_out; disputed_counted; monthly_drawn (uniform over the days
    they can have had: median of seeded draws, 95 % range). Columns: variant, handovers, median,
    mean_at_risk (days) and `_low`, `_high` of both (drawn only). Variants without such handovers
    are left out. `attrs` as in `handovers`.

    >>> dating(record, "bodies", draws=5)["variant"].iloc[0]
    'used'
    """
    every = handovers(record, kind, unit, since)
    through, h = every.attrs["through"], every[every["counted"]]
    variants = {"used": h}
    if h["monthly"].any():
        variants["monthly_left_out"] = h[~h["monthly"]]
    if every.attrs["disputed"]:
        more = handovers(record, kind, unit, since, disputed=True)
        variants["disputed_counted"] = more[more["counted"]]
    rows: list[dict[str, Any]] = []
    for name, v in variants.items():
        if len(v):
            start, end = ((v[c] - through).dt.days.to_numpy("int64") for c in ("start", "end"))
            median, mean = _middle(start, end)
            row = {"variant": name, "handovers": len(v), "median": median, "mean_at_risk": mean}
            rows.append(row)
    if h["monthly"].any():
        rows.append(_drawn(h, through, draws, seed))
    measures = [f"{m}{end}" for m in ("median", "mean_at_risk") for end in ("", "_low", "_high")]
    out = pd.DataFrame(rows, columns=["variant", "handovers", *measures])
    out.attrs = every.attrs
    return out


def landmarks(record: Record, kind: str = "prisoners", since: Day | None = None) -> pd.DataFrame:
    """Return what is known beside the rate, as context and not as causes: day, days, place.

    The beginning of the longest completed silence between handover days, with its days (place ""),
    and the talks, by place and year, under which at least three deals of any kind are on record, at
    the day of the first (days missing).

    >>> landmarks(record, "prisoners")["days"].max()
    np.int64(149)
    """
    g = gaps(record, kind, "day", since)
    rows: list[tuple[pd.Timestamp, Any, str]] = []
    closed = g[~g["censored"]]
    if len(closed):
        longest = closed.loc[closed["days"].idxmax()]
        rows.append((longest["start"], longest["days"], ""))
    talks = record.agreements()
    talks = talks[(talks["place"] != "") & talks["agreed_on"].notna()]
    first = g.attrs["first"]
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
    """The stretches of constant rate, and what they are to be seen beside.

    rates: as `rates` by regime; moving: as `moving_rate`; handovers: as `handovers`; landmarks: as
    `landmarks`.
    """

    rates: pd.DataFrame
    moving: pd.Series
    handovers: pd.DataFrame
    landmarks: pd.DataFrame


def regimes(
    record: Record,
    kind: str = "prisoners",
    unit: str = "deal",
    since: Day | None = None,
    lens: str = "best",
    p0: float = 0.05,
) -> Regimes:
    """Return the regimes of a kind with the moving rate, the handovers and the landmarks beside
    them.

    Raises ValueError for an unknown kind or unit.

    >>> found = regimes(record, "bodies", "day", since="2025-01-01")
    >>> found.rates.attrs["by"], found.moving.index[0] == found.rates["first"][0]
    ('regime', True)
    """
    return Regimes(
        rates(record, kind, unit, "regime", since, lens, p0),
        moving_rate(record, kind, unit, since),
        handovers(record, kind, unit, since, lens),
        landmarks(record, kind, since),
    )
