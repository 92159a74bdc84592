"""How irregular handovers are and what pattern they keep: burstiness, weekdays, bodies after
prisoners.

Part of the question `cadence`; read its functions there. Method and reasons:
docs/method-cadence.md.
"""

from __future__ import annotations

import calendar
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from repatria.analysis.units import SEED, handovers, window
from repatria.record.view import Day, Record

__all__ = ["burstiness", "following", "holm", "irregularity", "memory", "pattern"]

SLOTS = {"weekday": list(calendar.day_name), "month": list(calendar.month_name)[1:]}


def __dir__() -> list[str]:
    return __all__


def holm(p: pd.Series) -> np.ndarray:
    """Return p-values corrected for their number (Holm 1979).

    >>> holm(pd.Series([0.01, 0.5])).tolist()
    [0.02, 0.5]
    """
    return multipletests(p, method="holm")[1] if len(p) else np.array([], dtype=float)


def burstiness(days: np.ndarray) -> np.ndarray:
    """Return finite-size burstiness along the last axis: -1 regular, 0 random, 1 bursty.

    Source: Kim and Jo (2016), equation 28.

    >>> float(burstiness(np.full(20, 7.0)))
    -1.0
    """
    n, r = days.shape[-1], days.std(axis=-1) / days.mean(axis=-1)
    root = np.sqrt(n + 1)
    return (root * r - np.sqrt(n - 1)) / ((root - 2) * r + np.sqrt(n - 1))


def memory(days: np.ndarray) -> np.ndarray:
    """Return the memory coefficient along the last axis: correlation of a gap with the next.

    Source: Goh and Barabási (2008).

    >>> round(float(memory(np.array([1.0, 9, 1, 9, 1, 9]))), 6)
    -1.0
    """
    x, y = days[..., :-1], days[..., 1:]
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (x * y).mean(axis=-1) / (x.std(axis=-1) * y.std(axis=-1))


def irregularity(gaps: pd.DataFrame, draws: int = 1000, seed: int = SEED) -> pd.DataFrame:
    """Return burstiness and memory of the completed gaps beside two references (95 % bands,
    seeded).

    `gaps` as `cadence.gaps` returns. Columns: measure, value, poisson_low, poisson_high (as many
    exponential gaps), shuffled_low, shuffled_high (as many handovers on random different days of
    the same window), gaps, outside (beyond both bands). Empty with fewer than 5 completed gaps.

    >>> gaps = rp.analysis.cadence.gaps(record, "bodies", "deal")
    >>> irregularity(gaps, draws=50)["measure"].tolist()
    ['burstiness', 'memory']
    """
    closed = gaps.loc[~gaps["censored"], "days"].to_numpy(dtype=float)
    n, a = len(closed), gaps.attrs
    bands = ["poisson_low", "poisson_high", "shuffled_low", "shuffled_high"]
    rows = []
    if n >= 5:
        rng = np.random.default_rng(seed)
        length = (a["through"] - a["first"]).days + 1
        poisson = rng.exponential(size=(draws, n))
        days = np.argpartition(rng.random((draws, length)), n, axis=1)[:, : n + 1]
        shuffled = np.diff(np.sort(days, axis=1)).astype(float)
        for name, measure in (("burstiness", burstiness), ("memory", memory)):
            value = float(measure(closed))
            with warnings.catch_warnings():
                # Memory of gaps all alike is undefined: left missing.
                warnings.simplefilter("ignore", RuntimeWarning)
                both = [np.nanquantile(measure(x), [0.025, 0.975]) for x in (poisson, shuffled)]
            # A missing value is outside nothing.
            outside = all(value < low or value > high for low, high in both)
            rows.append((name, value, *both[0], *both[1], n, outside))
    out = pd.DataFrame(rows, columns=["measure", "value", *bands, "gaps", "outside"])
    out.attrs = a
    return out


def pattern(
    record: Record,
    kind: str = "prisoners",
    unit: str = "deal",
    by: str = "weekday",
    since: Day | None = None,
) -> pd.DataFrame:
    """Return handovers (first days) by weekday or month against an even spread over the days read.

    Columns: slot (Monday.. or January..), days, handovers, expected, p (exact binomial, two-sided),
    p_holm (over the slots). Month-dated handovers are left out. Empty where none is counted.
    `attrs` as in `handovers`, with by and `p`: chi-square of all slots together (None if empty).
    Raises ValueError for an unknown kind, unit or `by`.

    >>> weekdays = pattern(record, "bodies", since="2025-01-01")
    >>> weekdays["slot"].tolist()[:2]
    ['Monday', 'Tuesday']
    """
    if by not in SLOTS:
        raise ValueError(f"by: {by!r} is none of {', '.join(SLOTS)}")
    h = handovers(record, kind, unit, since)
    h = h[h["counted"] & ~h["monthly"]]
    w = window(record, kind, since)
    if w is None or h.empty or not w.days:
        out = pd.DataFrame(columns=["slot", "days", "handovers", "expected", "p", "p_holm"])
        out.attrs = {**h.attrs, "by": by, "p": None}
        return out
    size = len(SLOTS[by])
    count, exposure = (
        np.bincount(d.day_of_week if by == "weekday" else d.month - 1, minlength=size)
        for d in (pd.DatetimeIndex(h["start"]), pd.date_range(w.first, w.through))
    )
    share = exposure / exposure.sum()
    out = pd.DataFrame({"slot": SLOTS[by], "days": exposure, "handovers": count})
    out["expected"] = count.sum() * exposure / exposure.sum()
    n = int(count.sum())
    out["p"] = [stats.binomtest(int(k), n, s).pvalue for k, s in zip(count, share, strict=True)]
    out["p_holm"] = holm(out["p"])
    read = exposure > 0
    whole = float(stats.chisquare(count[read], out["expected"][read]).pvalue)
    out.attrs = {**h.attrs, "by": by, "p": whole}
    return out


def following(
    record: Record,
    unit: str = "deal",
    since: Day | None = None,
    within: Sequence[int] = (0, 3, 7, 14),
) -> pd.DataFrame:
    """Return how often bodies come within so many days after (or on) a day with a prisoner
    exchange.

    Columns: within, handovers (of bodies), followed, share, reference, reference_low,
    reference_high (mean and 95 % over every circular shift of the body days in the densely read
    window, which keeps both rhythms), p (share of shifts with at least as many), p_holm. Empty
    without a densely read window or without either kind. `attrs`: unit.

    >>> found = following(record, within=(7, 14))
    >>> bool(found["followed"].is_monotonic_increasing)
    True
    """
    shifted = _days_since_prisoners(record, unit, since)
    rows = []
    for days in within if len(shifted) else ():
        share = (shifted <= days).mean(axis=1)
        low, high = np.quantile(share, [0.025, 0.975])
        at_least = float((share >= share[0] - 1e-12).mean())
        n = shifted.shape[1]
        rows.append((days, n, round(share[0] * n), share[0], share.mean(), low, high, at_least))
    columns = ["within", "handovers", "followed", "share", "reference", "reference_low"]
    out = pd.DataFrame(rows, columns=[*columns, "reference_high", "p"])
    out["p_holm"] = holm(out["p"])
    out.attrs = {"unit": unit}
    return out


def _days_since_prisoners(record: Record, unit: str, since: Day | None) -> np.ndarray:
    """Return, a column per handover of bodies, the days since the last prisoner exchange.

    Row i: with the body days moved on by i days, round the densely read window; row 0 is the
    record. No row without such a window or without either kind.
    """
    nothing = np.empty((0, 0))
    w = window(record, "either", since)
    if w is None or w.dense_from is None:
        return nothing
    first, length = w.dense_from, (w.through - w.dense_from).days + 1
    h = handovers(record, "bodies", unit, first)
    h = h[h["counted"] & (h["start"] <= w.through)]
    p = handovers(record, "prisoners", "day")
    p = p[p["counted"]]
    bodies, prisoners = ((x["start"] - first).dt.days.to_numpy(dtype="int64") for x in (h, p))
    if not bodies.size or not prisoners.size:
        return nothing
    since_last = np.full(max(0, length), np.inf)
    for day in prisoners:
        since_last[max(day, 0) :] = np.arange(max(day, 0), length) - day
    return since_last[(bodies + np.arange(length)[:, None]) % length]
