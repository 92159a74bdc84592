"""Change: on which day the share may have stepped, and how many other days would look the same.

The unit is the exchange, or the whole deal, never the body: the bodies of one exchange were agreed
together. `asymmetry` is the public face of these functions; docs/method-asymmetry.md has formulae,
traps and simulations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations

import numpy as np
import pandas as pd
from scipy import special

from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = [
    "LEAST",
    "SEED",
    "UNITS",
    "Change",
    "bare",
    "breaks",
    "complete",
    "overdispersion",
    "permutation_p",
    "placebo",
    "step",
    "units",
]

UNITS = ("event", "deal")
RESAMPLES = 999
SEED = 20220224
LEAST = 3  # units on a side below which a test of change has nothing to work with
NEAREST = 8  # units on each side that a test looks at: a slow trend through the years sways less


def bare(events: pd.DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the frame, or these columns, without its attrs, which pandas would copy deeply at every step.

    Raises ValueError for events of several kinds: bodies and prisoners have no share together.

    >>> bare(record.events())
    Traceback (most recent call last):
    ValueError: events: of bodies ... together; pass record.events(kind), of one kind
    """
    kinds = events["kind"].unique() if "kind" in events else ()
    if len(kinds) > 1:
        told = " and ".join(sorted(map(str, kinds)))
        raise ValueError(f"events: of {told} together; pass record.events(kind), of one kind")
    out = events.copy(deep=False)
    out.attrs = {}
    return out if columns is None else out[list(columns)]


def complete(events: pd.DataFrame) -> pd.DataFrame:
    """Return the events with a count in both directions: the complete cases."""
    e = bare(events)
    return e[e["to_ukraine"].notna() & e["to_russia"].notna()]


def units(events: pd.DataFrame, unit: str = "event") -> pd.DataFrame:
    """Return one row per event or deal that has a share, oldest first.

    Columns: unit (its id), date and until (first and last day), to_ukraine, to_russia, events,
    persons. Only events with a count in both directions enter, and units that hold anybody. The
    deal is the stricter unit: what is handed over on which of its days is its inner matter, but one
    deal can then outweigh all others. Raises ValueError for an unknown unit.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> [len(rp.analysis.asymmetry.units(events, unit)) for unit in ("event", "deal")]
    [5, 1]
    """
    if unit not in UNITS:
        raise ValueError(f"unit: {unit!r} is none of {', '.join(UNITS)}")
    e = complete(bare(events, [f"{unit}_id", "date", *DIRECTIONS]))
    group, ids = pd.factorize(e[f"{unit}_id"], sort=True)
    order = np.argsort(group, kind="stable")
    at = np.flatnonzero(np.diff(group[order], prepend=-1))
    days = e["date"].to_numpy()[order]
    sizes = {d: np.add.reduceat(e[d].to_numpy("int64")[order], at) for d in DIRECTIONS}
    first, last = np.minimum.reduceat(days, at), np.maximum.reduceat(days, at)
    u = pd.DataFrame({"unit": ids, "date": first, "until": last, **sizes})
    u["events"] = np.diff(at, append=len(e))
    u = u.assign(persons=u["to_ukraine"] + u["to_russia"]).astype(
        dict.fromkeys([*DIRECTIONS, "persons"], "Int64")
    )
    return u[u["persons"] > 0].sort_values(["date", "unit"], ignore_index=True)


def _counts(u: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the persons to Russia, and all persons, of each unit."""
    return u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")


# --- a step ---------------------------------------------------------------------------------------


def overdispersion(x: np.ndarray, n: np.ndarray, mu: np.ndarray, freedom: float) -> float:
    """Return the correlation within units at which Pearson's chi-square equals its freedom.

    Variance of a unit's count: n mu (1 - mu) (1 + (n - 1) rho) (Williams 1982, method of moments).
    """
    pearson = (x - n * mu) ** 2 / (n * mu * (1 - mu))
    if (pearson / n).sum() > freedom:
        return 1.0
    rho = 0.0
    for _ in range(100):  # Newton: the sum falls convexly, so that no step goes too far
        part = pearson / (1 + (n - 1) * rho)
        over = part.sum() - freedom
        if over <= 1e-12 * freedom:
            break
        rho += over / (part * (n - 1) / (1 + (n - 1) * rho)).sum()
    return float(rho)


@dataclass(frozen=True)
class Change:
    """A single step that fits the shares best: its first `day` after, and between which days.

    `low` and `high` are the last day before and the first day after that the 95% set of steps
    leaves open; `before` and `after` are shares, `rho` is how far the units scatter around the
    step. Of `placebo_days` first days of a month, `placebo_pass` would pass a test of change.
    """

    day: pd.Timestamp
    low: pd.Timestamp
    high: pd.Timestamp
    before: float
    after: float
    rho: float
    units: int
    placebo_pass: int
    placebo_days: int


def _profile(x: np.ndarray, n: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the quasi-likelihood of a step before each unit, over the last axis.

    Only steps with LEAST units on either side; the first entry is the step before unit LEAST.
    """
    hits, trials = np.cumsum(weight * x, -1), np.cumsum(weight * n, -1)
    cut = slice(LEAST - 1, x.shape[-1] - LEAST)
    total = np.zeros(1)
    for a, b in (
        (hits[..., cut], trials[..., cut]),
        (hits[..., -1:] - hits[..., cut], trials[..., -1:] - trials[..., cut]),
    ):
        total = total + special.xlogy(a, a / b) + special.xlogy(b - a, (b - a) / b)
    return total


def _two_shares(x: np.ndarray, n: np.ndarray, weight: np.ndarray, at: int) -> np.ndarray:
    """Return each unit's share under a step before unit `at`."""
    halves = [
        np.full(len(part), (weight[part] * x[part]).sum() / (weight[part] * n[part]).sum())
        for part in (np.arange(at), np.arange(at, len(x)))
    ]
    return np.concatenate(halves)


def step(
    x: np.ndarray, n: np.ndarray, confidence: float = 0.95, seed: int = SEED
) -> tuple[int, int, int, np.ndarray, float]:
    """Return where the share steps: the unit before which it does, and the set's first and last.

    Also each unit's share under the step and the correlation within units. Profile of a binomial
    quasi-likelihood with Williams's weights; the set holds all steps whose likelihood ratio is
    no larger than in `confidence` of RESAMPLES beta-binomial redraws from the best step, since a
    step's ratio follows no chi-square (Hinkley 1970). `x` of `n` persons per unit, oldest first.
    Raises ValueError for fewer than twice LEAST units.
    """
    if len(x) < 2 * LEAST:
        raise ValueError(f"units: {len(x)} are fewer than {2 * LEAST}")
    rho = 0.0
    for _ in range(4):
        weight = 1 / (1 + (n - 1) * rho)
        profile = _profile(x, n, weight)
        at = int(profile.argmax()) + LEAST
        mu = _two_shares(x, n, weight, at)
        inner = np.clip(mu, 1e-9, 1 - 1e-9)
        rho = overdispersion(x, n, inner, len(x) - 3)
    rng = np.random.default_rng(seed)
    size = (1 - rho) / max(rho, 1e-9)
    p = rng.beta(inner * size, (1 - inner) * size, (RESAMPLES, len(x)))
    drawn = _profile(rng.binomial(n.astype(int), p).astype("float64"), n, weight)
    limit = np.quantile(drawn.max(-1) - drawn[:, at - LEAST], confidence)
    held = np.flatnonzero(profile.max() - profile <= limit) + LEAST
    return at, int(held[0]), int(held[-1]), mu, rho


# --- the test that a placebo would pass ------------------------------------------------------------


def _ratio(x: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return share and leave-one-unit-out variance (MacKinnon and White 1985), first axis."""
    total = n.sum(0)
    ratio = x.sum(0) / total
    return ratio, (((x - ratio * n) / (total - n)) ** 2).sum(0)


@cache
def _partitions(before: int, of: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every choice of units before, a column each, the real one first, and the units left after."""
    chosen, rest = (
        np.fromiter(chain.from_iterable(combinations(range(of), k)), int).reshape(-1, k).T
        for k in (before, of - before)
    )
    return chosen, rest[:, ::-1]  # in this order what is left of the first are the last


def permutation_p(x: np.ndarray, n: np.ndarray, before: int) -> float:
    """Return the two-sided p of a studentised permutation test: are the first units like the rest?

    Every partition is tried. Studentised by the units' own spread, so that it still tests the
    share when sizes changed at the same time (Chung and Romano 2013).
    """
    chosen, rest = _partitions(before, len(x))
    a, va = _ratio(x[chosen], n[chosen])
    b, vb = (a[::-1], va[::-1]) if 2 * before == len(x) else _ratio(x[rest], n[rest])
    statistic = (b - a) / np.sqrt(va + vb + 1e-12)  # the constant keeps perfect parity finite
    slack = 1e-9
    tails = (statistic <= statistic[0] + slack).mean(), (statistic >= statistic[0] - slack).mean()
    return min(1.0, 2 * min(tails))


def placebo(u: pd.DataFrame, level: float = 0.05) -> tuple[int, int]:
    """Return of how many first days of a month the NEAREST units before and after differ.

    `u` as `units` returns it; first how many, then of how many days with LEAST units on each side.
    A smooth decline passes on nearly every day: what the test cannot tell is when.
    """
    x, n = _counts(u)
    months = pd.date_range(u["date"].iloc[0], u["date"].iloc[-1], freq="MS") if len(u) else []
    cuts = [int((u["date"] < month).sum()) for month in months]
    cuts = [cut for cut in cuts if LEAST <= cut <= len(u) - LEAST]
    p = {}
    for cut in set(cuts):
        near = slice(max(cut - NEAREST, 0), cut + NEAREST)
        p[cut] = permutation_p(x[near], n[near], cut - near.start)
    return int(sum(p[cut] < level for cut in cuts)), len(cuts)


def breaks(record: Record, kind: str = "bodies") -> dict[str, pd.Timestamp]:
    """Return the days of the agreements that a handover of the kind is under, by name, oldest first.

    They are labels beside the level and the change, never days at which change is tested.

    >>> list(rp.analysis.asymmetry.breaks(record.as_of("2024-06-30")))
    []
    """
    e = record.events(kind)
    a = record.agreements()
    a = a[a["agreement_id"].isin(e["agreement_id"]) & a["agreed_on"].notna()]
    named = sorted(zip(a["agreed_on"], a["name"], strict=True))
    return {name: at for at, name in named if e["date"].min() < at <= e["date"].max()}
