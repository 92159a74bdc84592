"""Models that forecast handovers: distributions of the days to the next, of numbers and of sizes.

Part of the question `forecast`, which knows when each is asked and how it scored. Method and
reasons: docs/method-cadence.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

__all__ = [
    "BASELINE",
    "BASELINE_PEOPLE",
    "HORIZON",
    "MODELS",
    "MOST",
    "PEOPLE",
    "SIZE_MODELS",
    "Forecast",
    "Known",
]

HORIZON = 90  # days
MOST = 91  # handovers a forecast allows for: one a day
PEOPLE = 3000  # persons in one handover; the last place stands for "as many or more"
BASELINE = "constant rate"
BASELINE_PEOPLE = "all past sizes"


def __dir__() -> list[str]:
    return __all__


@dataclass(frozen=True, eq=False)
class Known:
    """What a forecaster knows on a day: handovers' first days, and the sizes of those with a
    figure.

    starts: whole days from the first read day, sorted, at least one; length: days read; sizes: per
    direction the known persons, oldest first.

    >>> k = Known(pd.Timestamp("2025-06-30"), 100, np.array([3, 60, 60]), {})
    >>> k.gaps.tolist(), k.silent
    ([57, 1], 39)
    """

    origin: pd.Timestamp
    length: int
    starts: np.ndarray
    sizes: dict[str, np.ndarray]

    @property
    def gaps(self) -> np.ndarray:
        """Days from one start to the next, at least 1, as if deals of one day were a day apart."""
        return np.maximum(np.diff(self.starts), 1)

    @property
    def silent(self) -> int:
        """Whole days without a start at the end of the window."""
        return self.length - 1 - int(self.starts[-1])


@dataclass(frozen=True, eq=False)
class Forecast:
    """A forecast from one origin.

    `next_day[i]`: chance that the next start comes i + 1 days ahead; the last place is "later".
    `at_least[h, k]`: chance of at least k starts within h days (h = 0..HORIZON).
    """

    next_day: np.ndarray
    at_least: np.ndarray

    def counts(self, within: int) -> np.ndarray:
        """Return the chance of 0, 1, 2, ... starts within so many days."""
        return np.clip(-np.diff(self.at_least[within], append=0.0), 0, 1)


# Models of the time between starts.


def _from_rate(mean: float, size: float | None) -> Forecast:
    """Return the forecast of a Poisson process with `mean` starts a day.

    With `size`, of one whose rate is unknown and gamma-distributed: counts are then negative
    binomial with that size.
    """
    t = np.arange(HORIZON + 1)
    k = np.arange(MOST)
    if size is None:
        counts = stats.poisson.pmf(k, mean * t[:, None])
        silent = np.exp(-mean * t)
    else:
        p = size / (size + mean * t)
        counts = stats.nbinom.pmf(k, size, p[:, None])
        silent = p**size
    at_least = 1 - np.cumsum(counts, axis=1) + counts
    return Forecast(np.append(-np.diff(silent), silent[-1]), np.clip(at_least, 0, 1))


def _from_gaps(survival: np.ndarray, silent: int) -> Forecast:
    """Return the forecast of a renewal process whose first gap is already `silent` days old.

    `survival[t]`: chance that a gap is longer than t whole days, for t to `silent` + HORIZON.
    """
    gap = -np.diff(survival)[:HORIZON]
    left = survival[silent : silent + HORIZON + 1] / max(survival[silent], 1e-300)
    first = -np.diff(left)
    at_least = np.zeros((HORIZON + 1, MOST))
    at_least[:, 0] = 1
    arrival = first
    for k in range(1, MOST):
        at_least[1:, k] = np.cumsum(arrival)
        if at_least[-1, k] < 1e-9:
            break
        arrival = np.append(0, np.convolve(arrival, gap)[: HORIZON - 1])
    return Forecast(np.append(first, left[-1]), np.clip(at_least, 0, 1))


def _constant(k: Known) -> Forecast:
    return _from_rate(len(k.starts) / k.length, None)


def _last_year(k: Known) -> Forecast:
    """Constant rate of the last 365 read days, half a start added: no silence is for ever."""
    recent = min(365, k.length)
    return _from_rate(((k.starts >= k.length - recent).sum() + 0.5) / recent, None)


def _negative_binomial(k: Known) -> Forecast:
    """Counts in the last 24 blocks of 30 days, by moments; Poisson where they vary no more than
    that.
    """
    blocks = min(24, k.length // 30)
    if blocks < 2:
        return _constant(k)
    block = (k.length - 1 - k.starts) // 30
    counts = np.bincount(block[block < blocks], minlength=blocks)
    mean, variance = counts.mean(), counts.var(ddof=1)
    mean = max(mean, 0.5 / blocks)
    return _from_rate(mean / 30, mean**2 / (variance - mean) if variance > mean else None)


def _past_gaps(k: Known) -> Forecast:
    """Kaplan-Meier of the last 30 gaps, mixed with one gap's weight of the constant rate."""
    recent = k.gaps[-30:]
    sf = stats.ecdf(stats.CensoredData(recent.astype(float), right=[float(k.silent)])).sf
    t = np.arange(k.silent + HORIZON + 2)
    smooth = np.exp(-len(k.starts) / k.length * t)
    n = len(recent)
    return _from_gaps((n * np.asarray(sf.evaluate(t)) + smooth) / (n + 1), k.silent)


def _optimum(f: Callable[..., float], x0: np.ndarray, args: Any = (), disp: int = 0) -> np.ndarray:
    """Minimise over log parameters to 1 %, far below the sampling error of the fits.

    Half the steps of scipy's own.
    """
    start = np.log(x0)
    simplex = start + 0.1 * np.vstack([np.zeros(len(start)), np.eye(len(start))])
    enough: dict[str, Any] = {"disp": disp, "xtol": 1e-2, "ftol": 1e-2, "initial_simplex": simplex}
    return np.exp(optimize.fmin(lambda z: f(np.exp(z), *args), start, **enough))


def _parametric(distribution: stats.rv_continuous) -> Callable[[Known], Forecast]:
    def fit(k: Known) -> Forecast:
        gaps = k.gaps - 0.5  # a gap of n whole days ended between n - 1 and n
        data = stats.CensoredData(gaps, right=[float(k.silent)] if k.silent else [])
        # Starting values: moments of the logs, without the open gap.
        spread = max(float(np.log(gaps).std()), 0.05)
        shape = spread if distribution is stats.lognorm else 1.28 / spread
        start = np.exp(
            np.log(gaps).mean() + (0 if distribution is stats.lognorm else 0.577 / shape)
        )
        a, _, scale = distribution.fit(data, shape, floc=0, scale=start, optimizer=_optimum)
        t = np.arange(k.silent + HORIZON + 2)
        return _from_gaps(distribution.sf(t, a, scale=scale), k.silent)

    return fit


MODELS: dict[str, Callable[[Known], Forecast]] = {
    BASELINE: _constant,
    "last year's rate": _last_year,
    "past gaps": _past_gaps,
    "Weibull gaps": _parametric(stats.weibull_min),
    "log-normal gaps": _parametric(stats.lognorm),
    "negative binomial": _negative_binomial,
}


# Models of the number of people in the next handover: chances of 0, 1, ..., PEOPLE.


def _binned(cdf: np.ndarray) -> np.ndarray:
    p = np.diff(cdf, prepend=0.0)
    p[-1] += 1 - cdf[-1]
    return np.clip(p, 0, 1)


def _kernel(sizes: np.ndarray) -> np.ndarray:
    """Smooth the log sizes with normal kernels (Silverman's width, at least 10 %)."""
    x = np.log(sizes + 0.5)
    width = max(0.1, 1.06 * x.std() * len(x) ** -0.2)
    edge = np.log(np.arange(PEOPLE + 1) + 1.0)
    return _binned(stats.norm.cdf((edge[:, None] - x) / width).mean(axis=1))


def _lognormal(sizes: np.ndarray) -> np.ndarray:
    x = np.log(sizes + 0.5)
    n, edge = len(x), np.log(np.arange(PEOPLE + 1) + 1.0)
    z = (edge - x.mean()) / (max(x.std(ddof=1), 0.05) * np.sqrt(1 + 1 / n))
    return _binned(stats.t.cdf(z, n - 1))


def _people_negative_binomial(sizes: np.ndarray) -> np.ndarray:
    recent = sizes[-24:]
    mean, variance = max(recent.mean(), 0.5), recent.var(ddof=1)
    size = mean**2 / max(variance - mean, 1e-3 * mean)
    return _binned(stats.nbinom.cdf(np.arange(PEOPLE + 1), size, size / (size + mean)))


SIZE_MODELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    BASELINE_PEOPLE: _kernel,
    "last eight sizes": lambda sizes: _kernel(sizes[-8:]),
    "log-normal sizes": _lognormal,
    "negative binomial sizes": _people_negative_binomial,
}
