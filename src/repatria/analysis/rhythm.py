"""How irregular handovers are and what pattern they keep: burstiness, weekdays, usual silences,
bodies after prisoners.

Part of the question `cadence`; read its functions there. Method and reasons:
docs/method-cadence.md.
"""

from __future__ import annotations

import calendar
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from repatria.analysis.units import SEED, handovers, window
from repatria.record import frames
from repatria.record.view import Day, Record

__all__ = [
    "Rhythm",
    "burstiness",
    "following",
    "holm",
    "irregularity",
    "memory",
    "pattern",
    "rhythm",
]

SLOTS = {"weekday": list(calendar.day_name), "month": list(calendar.month_name)[1:]}
DRAWS = 9999  # of a Monte-Carlo test: no p below 1 in 10,000
FEWEST = 5  # completed silences below which their lengths are not measured


def holm(p: pd.Series) -> np.ndarray:
    """Return p-values corrected for their number (Holm 1979); missing ones stay missing.

    >>> holm(pd.Series([0.01, 0.5])).tolist()
    [0.02, 0.5]
    """
    order = p.dropna().sort_values(kind="stable")
    out = pd.Series(np.nan, index=p.index)
    out[order.index] = np.minimum(order * np.arange(len(order), 0, -1), 1).cummax()
    return out.to_numpy()


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


def _dense(gaps: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the completed gaps that dense reading holds whole, and how many days it has."""
    a = frames.dated(gaps.attrs)
    if a["dense_from"] is None:
        return gaps.iloc[:0], 0
    closed = gaps[~gaps["censored"] & (gaps["reading"] == "dense")]
    return closed, (a["through"] - a["dense_from"]).days + 1


@lru_cache(maxsize=8)
def _scattered(n: int, length: int, draws: int, seed: int) -> np.ndarray:
    """Return the gaps between n + 1 random different days of `length`, a row a draw."""
    rng = np.random.default_rng(seed)
    at = np.argpartition(rng.random((draws, length)), n, axis=1)[:, : n + 1]
    return np.diff(np.sort(at, axis=1)).astype(float)


def irregularity(gaps: pd.DataFrame, draws: int = 2000, seed: int = SEED) -> pd.DataFrame:
    """Return burstiness and memory of the completed gaps in dense reading beside chance.

    `gaps` as `cadence.gaps` returns. Columns: measure, value, low, high (95 % of as many handovers
    on random different days of the same time, seeded), gaps, p (two-sided, of the same draws).
    Empty with fewer than 5 such gaps: thin reading hides handovers, and a drift over the years
    reads as bursts.

    >>> gaps = rp.analysis.cadence.gaps(record, "bodies", "deal")
    >>> irregularity(gaps, draws=50)["measure"].tolist()
    ['burstiness', 'memory']
    """
    closed, length = _dense(gaps)
    days, n = closed["days"].to_numpy(dtype=float), len(closed)
    rows = []
    if n >= FEWEST:
        shuffled = _scattered(n, length, draws, seed)
        for name, measure in (("burstiness", burstiness), ("memory", memory)):
            value, by_chance = float(measure(days)), measure(shuffled)
            with warnings.catch_warnings():
                # Memory of gaps all alike is undefined: left missing.
                warnings.simplefilter("ignore", RuntimeWarning)
                low, high = np.nanquantile(by_chance, [0.025, 0.975])
            tails = [(by_chance <= value).sum(), (by_chance >= value).sum()]
            p = min(1.0, 2 * (1 + min(tails)) / (draws + 1)) if np.isfinite(value) else np.nan
            rows.append((name, value, low, high, n, p))
    out = pd.DataFrame(rows, columns=["measure", "value", "low", "high", "gaps", "p"])
    out.attrs = gaps.attrs
    return out


def pattern(
    record: Record,
    kind: str = "prisoners",
    by: str = "weekday",
    since: Day | None = None,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return the first days of deals by weekday or month against an even spread over the days read.

    Columns: slot (Monday.. or January..), days, deals, dense (those of them in dense reading),
    expected. Deals dated by month are left out. Empty where none is counted. `attrs` as in
    `handovers`, with by and `p`: exact multinomial test of all slots together, chi-square as its
    statistic, by Monte Carlo (seeded; None if empty). Raises ValueError for an unknown kind or
    `by`.

    >>> weekdays = pattern(record, "bodies", since="2025-01-01")
    >>> weekdays["slot"].tolist()[:2]
    ['Monday', 'Tuesday']
    """
    if by not in SLOTS:
        raise ValueError(f"by: {by!r} is none of {', '.join(SLOTS)}")
    h = handovers(record, kind, "deal", since)
    attrs, h.attrs = h.attrs, {}
    h = h[h["counted"] & ~h["monthly"]]
    w = window(record, kind, since)
    if w is None or h.empty or not w.days:
        out = pd.DataFrame(columns=["slot", "days", "deals", "dense", "expected"])
        out.attrs = {**attrs, "by": by, "p": None}
        return out
    dense = h["start"] >= w.dense_from if w.dense_from is not None else h["start"].isna()
    counts, late, exposure = (
        np.bincount(d.day_of_week if by == "weekday" else d.month - 1, minlength=len(SLOTS[by]))
        for d in map(
            pd.DatetimeIndex,
            (h["start"], h.loc[dense, "start"], pd.date_range(w.first, w.through)),
        )
    )
    n, read = int(counts.sum()), exposure > 0
    expected = n * exposure / exposure.sum()
    drawn = np.random.default_rng(seed).multinomial(n, exposure / exposure.sum(), DRAWS)
    apart = [((x - expected)[..., read] ** 2 / expected[read]).sum(-1) for x in (counts, drawn)]
    out = pd.DataFrame({"slot": SLOTS[by], "days": exposure, "deals": counts, "dense": late})
    out["expected"] = expected
    p = float((1 + (apart[1] >= apart[0] - 1e-9).sum()) / (DRAWS + 1))
    out.attrs = {**attrs, "by": by, "p": p}
    return out


@dataclass(frozen=True, eq=False)
class Rhythm:
    """How far the completed silences of dense reading are of one length.

    `days`: their lengths, oldest first. `inside` of them lie in `low` to `high`, the two weeks and
    a day that hold most; `expected` would by chance, and `p` is how often any such stretch holds as
    many by chance. `whole_weeks` last a multiple of seven days. `attrs` as in `gaps`. None where
    fewer than five silences are completed.
    """

    days: np.ndarray
    low: int | None
    high: int | None
    inside: int
    expected: float | None
    p: float | None
    whole_weeks: int
    attrs: dict[str, object]


def _fullest(days: np.ndarray, width: int) -> np.ndarray:
    """Return how many gaps lie within each stretch of `width` days, by its first day from 1 on."""
    top = int(days.max()) + width + 1
    flat = days.astype(int) + np.arange(len(days))[:, None] * top
    at = np.bincount(flat.ravel(), minlength=top * len(days)).reshape(len(days), top)
    upto = at.cumsum(axis=1)
    return upto[:, width:] - upto[:, :-width]


def rhythm(gaps: pd.DataFrame, width: int = 15, draws: int = 2000, seed: int = SEED) -> Rhythm:
    """Return the stretch of `width` days that holds most of the completed gaps, and its test.

    `gaps` as `cadence.gaps` returns; of dense reading alone. Scan statistic (Naus 1965): the
    fullest stretch is compared with the fullest one of draws in which every handover keeps its
    weekday and takes a random week of its own (seeded). So neither the choice of the stretch nor
    the liking for a weekday makes a rhythm.

    >>> found = rhythm(rp.analysis.cadence.gaps(record, "bodies", "deal"), draws=50)
    >>> found.high - found.low
    14

    See also: `irregularity`, which asks the same of all lengths together.
    """
    closed, length = _dense(gaps)
    days = closed["days"].to_numpy()
    whole = int((days % 7 == 0).sum())
    if len(days) < FEWEST:
        return Rhythm(days, None, None, 0, None, None, whole, gaps.attrs)
    held = _fullest(days[None], width)[0]
    low = int(held.argmax()) + 1
    begins = frames.dated(gaps.attrs)["dense_from"]
    first = [*closed["start"].iloc[:1], *closed["end"]]
    weekday = (pd.DatetimeIndex(first) - begins).days.to_numpy() % 7
    rng = np.random.default_rng(seed)
    n, weeks = len(first), max(length // 7, len(first))
    week = np.argpartition(rng.random((draws, weeks)), n - 1, axis=1)[:, :n]
    drawn = rng.permuted(week, axis=1) * 7 + weekday
    chance = _fullest(np.diff(np.sort(drawn, axis=1)), width)
    p = float((1 + (chance.max(axis=1) >= held.max()).sum()) / (draws + 1))
    expected = float(chance[:, low - 1].mean()) if low <= chance.shape[1] else 0.0
    high = low + width - 1
    return Rhythm(days, low, high, int(held.max()), expected, p, whole, gaps.attrs)


def following(
    record: Record,
    unit: str = "deal",
    since: Day | None = None,
    within: Sequence[int] = (0, 3, 7, 14),
) -> pd.DataFrame:
    """Return how often bodies come within so many days after (or on) a day with a prisoner
    exchange.

    Columns: within, handovers (of bodies), followed, share, reference, low, high (mean and 95 %
    over every circular shift of the body days in the densely read window, which keeps both
    rhythms), p (share of shifts with at least as many). Empty without a densely read window or
    without either kind. `attrs`: unit, and `p` of all rows together (the smallest, against the
    smallest of each shift; None if empty).

    >>> found = following(record, within=(7, 14))
    >>> bool(found["followed"].is_monotonic_increasing)
    True
    """
    shifted = _days_since_prisoners(record, unit, since)
    columns = ["within", "handovers", "followed", "share", "reference", "low", "high", "p"]
    if not len(shifted):
        out = pd.DataFrame(columns=columns)
        out.attrs = {"unit": unit, "p": None}
        return out
    share = np.array([(shifted <= days).mean(axis=1) for days in within])
    order = np.sort(share, axis=1)
    below = [np.searchsorted(o, s - 1e-12) for o, s in zip(order, share, strict=True)]
    each = 1 - np.array(below) / share.shape[1]
    n = shifted.shape[1]
    out = pd.DataFrame({"within": list(within), "handovers": n})
    out["followed"] = np.round(share[:, 0] * n).astype(int)
    out["share"], out["reference"] = share[:, 0], share.mean(axis=1)
    out["low"], out["high"] = np.quantile(share, [0.025, 0.975], axis=1)
    out["p"] = each[:, 0]
    smallest = each.min(axis=0)
    out.attrs = {"unit": unit, "p": float((smallest <= smallest[0] + 1e-12).mean())}
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
