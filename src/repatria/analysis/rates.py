"""How often handovers come: rates with intervals, by year, reading or regime, and what regimes can
miss.

Part of the question `cadence`; read its functions there. Method and reasons:
docs/method-cadence.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from repatria.analysis.units import MONTH, ONE_DAY, SEED, Window, handovers, window
from repatria.record import frames
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Day, Record

__all__ = ["PERIODS", "blocks", "constancy", "detectability", "interval", "moving_rate", "rates"]

PERIODS = ("all", "reading", "year", "regime")
P0 = 0.5  # a loose prior finds twice as many true changes; `constancy` holds the false alarms
LEVEL = 0.05  # a split that shuffled spacings make as often as this is no split
RUNS = 999  # of shuffled spacings


def interval(
    count: float, days: float, dispersion: float = 1.0, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a rate per 30 days: exact Poisson, or quasi-Poisson with a dispersion.

    With dispersion k the count is read as k times a Poisson count of count / k: it widens by about
    sqrt(k) and stays defined at zero. Source: Garwood (1936).

    >>> low, high = interval(10, days=300)
    >>> round(low, 2), round(high, 2)
    (0.48, 1.84)
    """
    tail, n = (1 - level) / 2, count / dispersion
    low = special.gammaincinv(n, tail) if n else 0.0
    high = special.gammaincinv(n + 1, 1 - tail)
    return float(low * dispersion * MONTH / days), float(high * dispersion * MONTH / days)


def _partition(edges: np.ndarray, counts: np.ndarray, p0: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how much better the best partition into constant rates is than none, and where its
    blocks begin.

    One row a record: `edges` of its cells (rows x cells + 1) and the events in them (rows x cells).
    Scargle and others (2013), equations 19 and 21, all records at once. Row i of what is returned
    as last holds, for each cell, the first cell of the block that best ends with it.
    """
    runs, cells = counts.shape
    prior = 4 - np.log(73.53 * p0 * cells**-0.478)
    before = np.concatenate([np.zeros((runs, 1)), counts.cumsum(axis=1)], axis=1)
    best, last = np.zeros((runs, cells + 1)), np.zeros((runs, cells), dtype=int)
    for k in range(1, cells + 1):
        held = before[:, k, None] - before[:, :k]
        fit = special.xlogy(held, held / (edges[:, k, None] - edges[:, :k])) - prior
        total = best[:, :k] + fit
        last[:, k - 1] = total.argmax(axis=1)
        best[:, k] = total.max(axis=1)
    return best[:, -1] - fit[:, 0], last


def _edges(times: np.ndarray) -> np.ndarray:
    """Return the edges of cells half-way between times (rows), the two ends among them."""
    between = (times[:, 1:] + times[:, :-1]) / 2
    return np.concatenate([times[:, :1], between, times[:, -1:]], axis=1)


def _times(days: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of days with events and of the ends of the window, and the events at each.

    The ends are cells without an event: silence before the first and after the last counts.
    """
    at, count = np.unique(days, return_counts=True)
    return np.r_[0, at + 0.5, length], np.r_[0, count, 0]


def blocks(days: np.ndarray, length: int, p0: float = P0) -> list[tuple[int, int]]:
    """Split `length` days with handovers on whole days (from 0, ties allowed) into constant rates.

    Returns (first, last) days. Bayesian blocks with events fitness (Scargle and others 2013). p0
    sets the prior of a change and is no false-alarm rate: `constancy` has that.

    >>> blocks(np.arange(0, 300, 5), 300)
    [(0, 299)]
    >>> len(blocks(np.arange(0, 300, 5), 500))
    2
    """
    if not len(days):
        return [(0, length - 1)]
    times, counts = _times(days, length)
    edges = _edges(times[None])
    _, last = _partition(edges, counts[None], p0)
    starts, cell = [], len(counts)
    while cell:
        cell = int(last[0, cell - 1])
        starts.append(int(np.ceil(edges[0, cell])))
    first = starts[::-1]
    return [(a, b - 1) for a, b in zip(first, [*first[1:], length], strict=True)]


def _shuffled(
    days: np.ndarray, length: int, runs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the times and counts of a record whose spacings are put in random order, run by run.

    The spacings are those from one day with handovers to the next, the two ends of the window too.
    """
    times, counts = _times(days, length)
    gaps = rng.permuted(np.tile(np.diff(times), (runs, 1)), axis=1)
    held = rng.permuted(np.tile(counts[1:-1], (runs, 1)), axis=1)
    zero = np.zeros((runs, 1))
    return np.concatenate([zero, gaps.cumsum(axis=1)], axis=1), np.pad(held, ((0, 0), (1, 1)))


def constancy(
    days: np.ndarray, length: int, p0: float = P0, runs: int = RUNS, seed: int = SEED
) -> float:
    """Return how often the record's own spacings, in random order, are split as clearly: a p-value.

    The rate is constant when order means nothing. 1 if `blocks` makes no split. Seeded permutation
    test of what the best partition gains (Good 2005); unlike p0 it knows how irregular the
    spacings are.

    >>> constancy(np.arange(0, 300, 5), 300), constancy(np.arange(0, 300, 5), 500) <= 0.05
    (1.0, True)
    """
    if len(days) < 2:
        return 1.0
    times, counts = _times(days, length)
    gain, _ = _partition(_edges(times[None]), counts[None], p0)
    if gain[0] <= 1e-9:
        return 1.0
    times, counts = _shuffled(days, length, runs, np.random.default_rng(seed))
    by_chance, _ = _partition(_edges(times), counts, p0)
    return float((1 + (by_chance >= gain[0] - 1e-9).sum()) / (runs + 1))


def detectability(
    days: np.ndarray,
    length: int,
    factors: Sequence[float] = (1, 2, 3, 5),
    p0: float = P0,
    runs: int = 400,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return how often a change of rate would be told among handovers on these days.

    Seeded simulation with the record's own spacings in random order. Factor 1 is a constant rate:
    its share is the false-alarm rate. Else the rate changes by the factor at mid-window. A change
    is told as `constancy` tells it. Columns: factor, detected (share of runs), low, high (95 %,
    exact binomial over the runs).

    >>> found = detectability(np.arange(0, 900, 15), 900, factors=(1, 9), runs=20)
    >>> bool(found["detected"][1] > found["detected"][0])
    True
    """
    rng = np.random.default_rng(seed)
    times, counts = _shuffled(days, length, RUNS, rng)
    gain, _ = _partition(_edges(times), counts, p0)
    least = max(float(np.quantile(gain, 1 - LEVEL)), 1e-9)
    rows = []
    for factor in factors:
        times, counts = _shuffled(days, length, runs, rng)
        early = 1 / (1 + factor)  # the share of handovers in the first half
        warped = np.interp(times / length, [0, early, 1], [0, length / 2, length])
        gain, _ = _partition(_edges(warped), counts, p0)
        found = int((gain > least).sum())
        low = special.betaincinv(found, runs - found + 1, 0.025) if found else 0.0
        high = special.betaincinv(found + 1, runs - found, 0.975) if found < runs else 1.0
        rows.append((factor, found / runs, low, high))
    return pd.DataFrame(rows, columns=["factor", "detected", "low", "high"])


Period = tuple[str, pd.Timestamp, pd.Timestamp]


def _regimes(h: pd.DataFrame, w: Window, p0: float) -> tuple[list[Period], float]:
    """Split the window into regimes; return them and the p of a constant rate."""
    starts = (h["start"] - w.first).dt.days.to_numpy(dtype="int64")
    p = constancy(starts, w.days, p0)
    found = blocks(starts, w.days, p0) if p <= LEVEL else [(0, w.days - 1)]
    named = enumerate(found, start=1)
    return [(str(i), w.first + a * ONE_DAY, w.first + b * ONE_DAY) for i, (a, b) in named], p


def _periods(by: str, w: Window) -> list[Period]:
    """Split the window: one period, one a year, or thin and dense reading."""
    if by == "all":
        return [("all", w.first, w.through)]
    if by == "year":
        years = range(w.first.year, w.through.year + 1)
        ends = [(pd.Timestamp(y, 1, 1), pd.Timestamp(y, 12, 31)) for y in years]
        return [(str(a.year), max(w.first, a), min(w.through, b)) for a, b in ends]
    split = w.dense_from if w.dense_from is not None else w.through + ONE_DAY
    both = [("thin", w.first, split - ONE_DAY), ("dense", split, w.through)]
    return [(name, a, b) for name, a, b in both if a <= b]


def _dispersion(starts: list[pd.Series], periods: list[Period]) -> float:
    """Pool Pearson's chi-square of 30-day counts around each period's rate; at least 1, or NaN."""
    chi2, bins = 0.0, 0
    for start, (_, a, b) in zip(starts, periods, strict=True):
        whole = ((b - a).days + 1) // MONTH
        month = (start - a).dt.days // MONTH
        counts = np.bincount(month[month < whole], minlength=whole)
        if whole > 1 and counts.sum():
            chi2 += ((counts - counts.mean()) ** 2).sum() / counts.mean()
            bins += whole - 1
    return max(1.0, chi2 / bins) if bins else np.nan


def _rate(h: pd.DataFrame, days: int, dispersion: float) -> dict[str, Any]:
    """Return the rate of handovers `h` in `days` and of the persons they brought."""
    n = len(h)
    row: dict[str, Any] = {"handovers": n, "per_30_days": n * MONTH / days}
    row["poisson_low"], row["poisson_high"] = interval(n, days)
    spread = np.isfinite(dispersion)
    row["low"], row["high"] = interval(n, days, dispersion) if spread else (np.nan, np.nan)
    row["dispersion"] = dispersion
    for d in DIRECTIONS:
        size = h.loc[h[f"{d}_unknown"] < h["events"], d].astype("float64")
        # Handovers without any figure: not known, not zero.
        total = float(size.sum()) if len(size) or not n else np.nan
        row[f"{d}_people"], row[f"{d}_per_30_days"] = total, total * MONTH / days
        row[f"{d}_low"] = row[f"{d}_high"] = np.nan
        if spread and total > 0 and len(size) > 1:
            per_person = size.var(ddof=0) / size.mean() + dispersion * size.mean()
            row[f"{d}_low"], row[f"{d}_high"] = interval(total, days, per_person)
        row[f"{d}_unknown"] = int(h[f"{d}_unknown"].sum())
    return row


def rates(
    record: Record,
    kind: str = "prisoners",
    unit: str = "day",
    by: str = "year",
    since: Day | None = None,
    lens: str = "best",
    p0: float = P0,
) -> pd.DataFrame:
    """Return handovers and people per 30 days of exposure, a row per period: all, reading, year,
    regime.

    Columns: period (all, thin or dense, the year, the regime's number), first, last, days
    (exposure), reading (dense, thin, part), handovers, per_30_days, poisson_low, poisson_high
    (exact, 95 %), low, high (95 %, quasi-Poisson with `dispersion`, pooled Pearson chi-square of
    30-day counts around the periods' own rates, at least 1; missing where there are too few months)
    and per direction `_people` (known persons), `_per_30_days`, `_low`, `_high` (the unit is the
    handover, not the person: compound Poisson) and `_unknown` (events without a figure: the rate is
    of the known only). A deal counts in the period it begins in. Regimes are `blocks` at `p0` in
    dense reading, where `constancy` has p of at most 0.05; else one. `attrs` as in `handovers`,
    with by, p0, units (how many are counted) and, for regimes, p. Raises ValueError for an unknown
    kind, unit or `by`, and for regimes of days: the days of one deal are no news of the rate.

    >>> year = rates(record, "bodies", "day", "year").set_index("period")
    >>> year.loc["2025", "days"]
    np.int64(365)

    See also: `moving_rate`, `constancy`.
    """
    if by not in PERIODS:
        raise ValueError(f"by: {by!r} is none of {', '.join(PERIODS)}")
    if by == "regime" and unit != "deal":
        raise ValueError("by: regimes are looked for among deals, not days")
    return _rates(record, kind, unit, by, since, lens, p0).copy()


@lru_cache(maxsize=32)
def _rates(
    record: Record, kind: str, unit: str, by: str, since: Day | None, lens: str, p0: float
) -> pd.DataFrame:
    w, p = window(record, kind, since), None
    if by == "regime":
        since = w.dense_from if w else since
        w = Window(w.dense_from, w.dense_from, w.through) if w and w.dense_from else None
    h = handovers(record, kind, unit, since, lens)
    attrs, h.attrs = h.attrs, {}
    h = h[h["counted"]].reset_index(drop=True) if w else h.iloc[:0]
    periods: list[Period] = []
    if w and w.days and by == "regime":
        periods, p = _regimes(h, w, p0)
    elif w and w.days:
        periods = _periods(by, w)
    parts = [h[(h["start"] >= a) & (h["start"] <= b)] for _, a, b in periods]
    dispersion = _dispersion([part["start"] for part in parts], periods)
    dense = frames.dated(attrs)["dense_from"]
    rows = []
    for (name, a, b), part in zip(periods, parts, strict=True):
        reading = "thin" if dense is None or b < dense else "dense" if a >= dense else "part"
        days = (b - a).days + 1
        row = {"period": name, "first": a, "last": b, "days": days, "reading": reading}
        rows.append(row | _rate(part, days, dispersion))
    out = pd.DataFrame(rows)
    out = out.astype({f"{d}_people": "Int64" for d in DIRECTIONS} if rows else {})
    out.attrs = {**attrs, "by": by, "p0": p0, "p": p, "units": len(h)}
    return out


def moving_rate(
    record: Record,
    kind: str = "prisoners",
    unit: str = "day",
    since: Day | None = None,
    days: int = 90,
) -> pd.Series:
    """Return handovers per 30 days in the `days` up to each day of the window, indexed by day.

    The first `days` - 1 are missing.

    >>> rate = moving_rate(record, "bodies", "day", days=30)
    >>> bool(rate["2025-06-30"] >= 3)
    True
    """
    h = handovers(record, kind, unit, since)
    w = window(record, kind, since)
    if w is None or not w.days:
        return pd.Series(dtype=float)
    starts = h.loc[h["counted"], "start"].value_counts()
    counts = starts.reindex(pd.date_range(w.first, w.through), fill_value=0)
    return counts.rolling(days).sum() * MONTH / days
