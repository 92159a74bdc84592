"""How often handovers come: rates with intervals, by year, reading or regime, and what regimes can
miss.

Part of the question `cadence`; read its functions there. Method and reasons:
docs/method-cadence.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from astropy.stats import bayesian_blocks
from scipy import stats

from repatria.analysis.units import MONTH, ONE_DAY, SEED, Window, handovers, window
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Day, Record

__all__ = ["PERIODS", "blocks", "detectability", "interval", "moving_rate", "rates"]

PERIODS = ("all", "reading", "year", "regime")


def __dir__() -> list[str]:
    return __all__


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
    low = stats.chi2.ppf(tail, 2 * n) / 2 if n else 0.0
    high = stats.chi2.ppf(1 - tail, 2 * n + 2) / 2
    return float(low * dispersion * MONTH / days), float(high * dispersion * MONTH / days)


def blocks(days: np.ndarray, length: int, p0: float = 0.05) -> list[tuple[int, int]]:
    """Split `length` days with handovers on whole days (from 0, ties allowed) into constant rates.

    Returns (first, last) days. Bayesian blocks with events fitness (Scargle and others 2013, by
    astropy). The ends of the window enter as cells without an event, so that silence before the
    first and after the last handover counts.

    >>> blocks(np.arange(0, 300, 5), 300)
    [(0, 299)]
    >>> len(blocks(np.arange(0, 300, 5), 500))
    2
    """
    if not len(days):
        return [(0, length - 1)]
    at, count = np.unique(days, return_counts=True)
    edges = bayesian_blocks(np.r_[0, at + 0.5, length], np.r_[0, count, 0], fitness="events", p0=p0)
    first = np.ceil(edges[:-1]).astype(int)
    return list(zip(first.tolist(), [*(first[1:] - 1).tolist(), length - 1], strict=True))


def detectability(
    handovers: int,
    days: int,
    factors: Sequence[float] = (1, 2, 3),
    p0: float = 0.05,
    runs: int = 100,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return how often `blocks` finds a change of rate among so many handovers in so many days.

    Seeded simulation. Factor 1 is a constant rate: its share is the false-alarm rate. Else the rate
    changes by the factor at mid-window (up or down is the same by symmetry), with half the runs.
    Columns: factor, detected (share of runs), low, high (95 %, exact binomial over the runs).

    >>> found = detectability(60, 1000, factors=(1, 9), runs=20)
    >>> bool(found["detected"][1] > found["detected"][0])
    True
    """
    rng = np.random.default_rng(seed)
    rows = []
    for factor in factors:
        found = 0
        tries = runs if factor == 1 else runs // 2
        for _ in range(tries):
            late = rng.random(handovers) < factor / (1 + factor)
            at = (rng.random(handovers) + late) * days / 2
            found += len(blocks(at.astype(int), days, p0)) > 1
        ci = stats.binomtest(found, tries).proportion_ci(method="exact")
        rows.append((factor, found / tries, ci.low, ci.high))
    return pd.DataFrame(rows, columns=["factor", "detected", "low", "high"])


Period = tuple[str, pd.Timestamp, pd.Timestamp]


def _periods(by: str, h: pd.DataFrame, w: Window, p0: float) -> list[Period]:
    """Split the window: one period, one a year, thin and dense reading, or one a regime."""
    if by == "all":
        return [("all", w.first, w.through)]
    if by == "year":
        years = range(w.first.year, w.through.year + 1)
        ends = [(pd.Timestamp(y, 1, 1), pd.Timestamp(y, 12, 31)) for y in years]
        return [(str(a.year), max(w.first, a), min(w.through, b)) for a, b in ends]
    if by == "reading":
        split = w.dense_from if w.dense_from is not None else w.through + ONE_DAY
        both = [("thin", w.first, split - ONE_DAY), ("dense", split, w.through)]
        return [(name, a, b) for name, a, b in both if a <= b]
    starts = (h["start"] - w.first).dt.days.to_numpy(dtype="int64")
    found = enumerate(blocks(starts, w.days, p0), start=1)
    return [(str(i), w.first + a * ONE_DAY, w.first + b * ONE_DAY) for i, (a, b) in found]


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
    p0: float = 0.05,
) -> pd.DataFrame:
    """Return handovers and people per 30 days of exposure, a row per period: all, reading, year,
    regime.

    Columns: period (all, thin or dense, the year, the regime's number), first, last, days
    (exposure), reading (dense, thin, part), handovers, per_30_days, poisson_low, poisson_high
    (exact, 95 %), low, high (95 %, quasi-Poisson with `dispersion`, pooled Pearson chi-square of
    30-day counts around the periods' own rates, at least 1; missing where there are too few months)
    and per direction `_people` (known persons), `_per_30_days`, `_low`, `_high` (the unit is the
    handover, not the person: compound Poisson) and `_unknown` (events without a figure: the rate is
    of the known only). A deal counts in the period it begins in. Regimes are `blocks` at `p0`.
    `attrs` as in `handovers`, with by, p0 and units (how many are counted).
    Raises ValueError for an unknown kind, unit or `by`.

    >>> year = rates(record, "bodies", "day", "year").set_index("period")
    >>> year.loc["2025", "days"]
    np.int64(365)

    See also: `moving_rate`; `repatria.analysis.cadence.logrank`, which compares periods' gaps.
    """
    if by not in PERIODS:
        raise ValueError(f"by: {by!r} is none of {', '.join(PERIODS)}")
    h = handovers(record, kind, unit, since, lens)
    attrs, h.attrs = h.attrs, {}
    h = h[h["counted"]].reset_index(drop=True)
    w = window(record, kind, since)
    periods = _periods(by, h, w, p0) if w and w.days else []
    parts = [h[(h["start"] >= a) & (h["start"] <= b)] for _, a, b in periods]
    dispersion = _dispersion([part["start"] for part in parts], periods)
    dense = attrs["dense_from"]
    rows = []
    for (name, a, b), part in zip(periods, parts, strict=True):
        reading = "thin" if dense is None or b < dense else "dense" if a >= dense else "part"
        days = (b - a).days + 1
        row = {"period": name, "first": a, "last": b, "days": days, "reading": reading}
        rows.append(row | _rate(part, days, dispersion))
    out = pd.DataFrame(rows)
    out = out.astype({f"{d}_people": "Int64" for d in DIRECTIONS} if rows else {})
    out.attrs = {**attrs, "by": by, "p0": p0, "units": len(h)}
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
