"""Models that forecast handovers: distributions of the days to the next, of numbers and of sizes.

Every model answers for many origins at once and in closed form. Part of the question `forecast`,
which knows when each is asked and how it scored. Method and reasons: docs/method-forecast.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

__all__ = [
    "BASELINE",
    "BASELINES",
    "BASELINE_PEOPLE",
    "BASE_RATE",
    "EDGES",
    "HORIZON",
    "MODELS",
    "MOST",
    "SIZE_MODELS",
    "Forecast",
    "Known",
    "people",
]

HORIZON = 90  # days
MOST = 61  # places of a forecast of numbers: 0 to 59, and "60 or more"
YEAR = 365  # days of reading that "last year" means
HALF_LIFE = 180  # days after which a handover weighs half in the discounted rate
HALF_SIZES = 6  # handovers after which a size weighs half
BASELINE = "constant rate"
BASE_RATE = "base rate"
BASELINES = (BASELINE, "last year's rate", BASE_RATE)  # no claim of skill, the simplest first
BASELINE_PEOPLE = "all past sizes"
# Sizes are told apart by the person up to 50, from there in steps of 2 %; the last one is open.
EDGES = np.unique(np.floor(np.r_[np.arange(51), np.geomspace(51, 20_000, 303)])).astype(int)


@dataclass(frozen=True, eq=False)
class Known:
    """What a forecaster knows on a day: handovers' first days, and the sizes of finished ones.

    starts: whole days from the first read day, sorted, at least one; length: days read; sizes: per
    direction the known persons of the finished ones, oldest first; running: per direction the
    persons so far of those that may go on, which are no sizes yet; dense: the last days read that
    were read densely.

    >>> k = Known(pd.Timestamp("2025-06-30"), 100, np.array([3, 60, 60]), {})
    >>> k.gaps.tolist(), k.silent
    ([57, 1], 39)
    """

    origin: pd.Timestamp
    length: int
    starts: np.ndarray
    sizes: dict[str, np.ndarray]
    running: dict[str, np.ndarray] | None = None
    dense: int = 0

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
    """Forecasts from one or more origins, a row each.

    `later[:, h]`: chance that the next start comes later than h days ahead (h = 0..HORIZON).
    `counts(h)`: chance of 0, 1, 2, ... starts within h days; the last place stands for the rest.
    """

    later: np.ndarray
    counts: Callable[[int], np.ndarray]

    @property
    def next_day(self) -> np.ndarray:
        """Chance of the next start on each of the days 1..HORIZON ahead, and of a later one."""
        return np.append(-np.diff(self.later, axis=1), self.later[:, -1:], axis=1)


# Models of the time between starts.


def _whole(p: np.ndarray) -> np.ndarray:
    """Give the last place what is left to one."""
    p[:, -1] = np.clip(1 - p[:, :-1].sum(axis=1), 0, 1)
    return p


def _from_rate(mean: np.ndarray, size: np.ndarray | None = None) -> Forecast:
    """Return the forecasts of Poisson processes with `mean` starts a day.

    With `size`, of such whose rate is unknown and gamma-distributed with that shape: counts are
    then negative binomial.
    """
    k, t = np.arange(MOST), np.arange(HORIZON + 1)
    m = mean[:, None]
    if size is None:
        return Forecast(
            np.exp(-m * t),
            lambda h: _whole(np.exp(special.xlogy(k, m * h) - m * h - special.gammaln(k + 1))),
        )
    s = size[:, None]
    ways = special.gammaln(k + s) - special.gammaln(s) - special.gammaln(k + 1)

    def counts(h: int) -> np.ndarray:
        q = m * h / (s + m * h)
        return _whole(np.exp(ways + s * np.log1p(-q) + special.xlogy(k, q)))

    return Forecast((s / (s + m * t)) ** s, counts)


def _from_gaps(survival: np.ndarray, silent: np.ndarray) -> Forecast:
    """Return the forecasts of renewal processes whose first gap is already `silent` days old.

    `survival[:, t]`: chance that a gap is longer than t whole days, for t to `silent` + HORIZON.
    """
    n, places = len(silent), np.arange(HORIZON + 1)
    left = np.take_along_axis(survival, silent[:, None] + places, axis=1)
    left = left / np.maximum(left[:, :1], 1e-300)
    width = 256  # at least twice the horizon, so that a convolution does not come round
    day = np.zeros((n, width))
    day[:, 1 : HORIZON + 1] = -np.diff(survival[:, : HORIZON + 1], axis=1)
    gap = np.fft.rfft(day)
    day[:, 1 : HORIZON + 1] = -np.diff(left, axis=1)
    arrivals = [day[:, : HORIZON + 1].copy()]  # of the first, second, ... start, by day
    while len(arrivals) < MOST - 1 and arrivals[-1].sum(axis=1).max() > 1e-9:
        day[:, : HORIZON + 1] = arrivals[-1]
        day[:, HORIZON + 1 :] = 0
        after = np.fft.irfft(np.fft.rfft(day) * gap, width)[:, : HORIZON + 1]
        arrivals.append(np.clip(after, 0, None))

    def counts(h: int) -> np.ndarray:
        at_least = np.zeros((n, MOST + 1))
        at_least[:, 0] = 1
        for k, a in enumerate(arrivals, 1):
            at_least[:, k] = a[:, : h + 1].sum(axis=1)
        return np.clip(-np.diff(at_least, axis=1), 0, 1)

    return Forecast(left, counts)


def _rates(past: Sequence[Known]) -> np.ndarray:
    return np.array([len(k.starts) / k.length for k in past])


def _silent(past: Sequence[Known]) -> np.ndarray:
    return np.array([k.silent for k in past])


def _recent(past: Sequence[Known], n: int) -> np.ndarray:
    """Return the last n gaps of each origin, a row each; missing where there are fewer."""
    out = np.full((len(past), n), np.nan)
    for row, k in zip(out, past, strict=True):
        found = k.gaps[-n:]
        row[: len(found)] = found
    return out


def _days(past: Sequence[Known]) -> np.ndarray:
    return np.arange(_silent(past).max() + HORIZON + 1)


def _constant(past: Sequence[Known]) -> Forecast:
    return _from_rate(_rates(past))


def _last_year(past: Sequence[Known]) -> Forecast:
    """Constant rate of the last year read, half a start added: no silence is for ever."""
    days = np.array([min(YEAR, k.length) for k in past])
    found = [(k.starts >= k.length - d).sum() for k, d in zip(past, days, strict=True)]
    return _from_rate((np.array(found) + 0.5) / days)


def _base_rate(past: Sequence[Known]) -> Forecast:
    """Share of the densely read days (at least of the last year) after which the next start came
    within h days.

    The waits of the last days are still open: Kaplan-Meier. One gap's weight of the constant rate
    keeps the chance from being none. Numbers: as if such a wait followed every start.
    """
    later = np.ones((len(past), HORIZON + 1))
    weight = np.zeros((len(past), 1))
    for i, k in enumerate(past):
        last = k.length - 1
        days = np.arange(max(0, last - max(YEAR, k.dense)), last)
        at = np.searchsorted(k.starts, days, side="right")
        came = at < len(k.starts)
        wait = np.where(came, k.starts[np.minimum(at, len(k.starts) - 1)], last) - days
        waits, ended = (np.bincount(w, minlength=k.length) for w in (wait, wait[came]))
        at_risk = np.maximum(waits[::-1].cumsum()[::-1], 1)
        steps = np.cumprod(1 - ended / at_risk)[: HORIZON + 1]
        later[i, : len(steps)], later[i, len(steps) :] = steps, steps[-1]
        weight[i] = (k.starts > days[0]).sum() if len(days) else 0
    steady = np.exp(-_rates(past)[:, None] * np.arange(HORIZON + 1))
    return _from_gaps((weight * later + steady) / (weight + 1), np.zeros(len(past), dtype=int))


def _discounted(past: Sequence[Known]) -> Forecast:
    """Gamma-Poisson rate in which a handover weighs half after HALF_LIFE days.

    Discounting after West and Harrison (1997); two starts at the constant rate as the prior. What
    weighs little is known badly: counts are negative binomial.
    """
    ages = [k.length - 1 - k.starts for k in past]
    found = np.array([(0.5 ** (a / HALF_LIFE)).sum() for a in ages]) + 2
    lengths = np.array([k.length for k in past])
    days = HALF_LIFE / np.log(2) * (1 - 0.5 ** (lengths / HALF_LIFE)) + 2 / _rates(past)
    return _from_rate(found / days, found)


def _past_gaps(past: Sequence[Known]) -> Forecast:
    """Kaplan-Meier of the last 30 gaps, mixed with one gap's weight of the constant rate."""
    t, gaps, silent = _days(past), _recent(past, 30), _silent(past)[:, None]
    n = np.isfinite(gaps).sum(axis=1)[:, None]
    beyond = (gaps[:, :, None] > t).sum(axis=1)
    left = (gaps > silent).sum(axis=1)[:, None]
    # One gap is open: until then n + 1 are at risk, from then on those that were longer.
    after = (left + 1) / (n + 1) * np.where(left > 0, beyond / np.maximum(left, 1), 1)
    survival = np.where(t < silent, (beyond + 1) / (n + 1), after)
    return _from_gaps((n * survival + np.exp(-_rates(past)[:, None] * t)) / (n + 1), _silent(past))


def _lognormal_gaps(last: int) -> Callable[[Sequence[Known]], Forecast]:
    """Return the log-normal renewal of the last gaps: Student's t predicts the next of the logs."""

    def model(past: Sequence[Known]) -> Forecast:
        x = np.log(_recent(past, last) - 0.5)  # a gap of n whole days ended between n - 1 and n
        n = np.isfinite(x).sum(axis=1)[:, None]
        spread = np.maximum(np.nanstd(x, axis=1, ddof=1), 0.1)[:, None]
        z = np.log(_days(past)[1:]) - np.nanmean(x, axis=1)[:, None]
        survival = special.stdtr(n - 1, -z / (spread * np.sqrt(1 + 1 / n)))
        return _from_gaps(np.insert(survival, 0, 1, axis=1), _silent(past))

    return model


MODELS: dict[str, Callable[[Sequence[Known]], Forecast]] = {
    BASELINE: _constant,
    "last year's rate": _last_year,
    BASE_RATE: _base_rate,
    "discounted rate": _discounted,
    "past gaps": _past_gaps,
    "log-normal of 12 gaps": _lognormal_gaps(12),
    "log-normal of 24 gaps": _lognormal_gaps(24),
}


# Models of the number of people in the next handover: the chance of each step of EDGES.


def _binned(cdf: np.ndarray) -> np.ndarray:
    """Return the chance of each step from that of fewer persons than the edges after the first."""
    return np.clip(np.diff(cdf, prepend=0.0, append=1.0), 0, 1)


def _weighted(x: np.ndarray, half: float) -> tuple[np.ndarray, float, float, float]:
    """Return weights that halve every `half` sizes back, Kish's effective number, mean, deviation."""
    w = 0.5 ** (np.arange(len(x))[::-1] / half)
    w = w / w.sum()
    mean = float(w @ x)
    return w, float(1 / (w @ w)), mean, float(np.sqrt(w @ (x - mean) ** 2))


def _kernel(half: float) -> Callable[[np.ndarray], np.ndarray]:
    """Smooth the weighted log sizes with normal kernels (Silverman's width, at least 10 %)."""

    def model(sizes: np.ndarray) -> np.ndarray:
        x = np.log(sizes + 0.5)
        w, n, _, spread = _weighted(x, half)
        width = max(0.1, 1.06 * spread * n**-0.2)
        return _binned(special.ndtr((np.log(EDGES[1:])[:, None] - x) / width) @ w)

    return model


def _lognormal(half: float) -> Callable[[np.ndarray], np.ndarray]:
    """Predict the next of the weighted log sizes by Student's t."""

    def model(sizes: np.ndarray) -> np.ndarray:
        _, n, mean, spread = _weighted(np.log(sizes + 0.5), half)
        deviation = max(spread * np.sqrt(n / (n - 1)), 0.05)
        z = (np.log(EDGES[1:]) - mean) / (deviation * np.sqrt(1 + 1 / n))
        return _binned(special.stdtr(n - 1, z))

    return model


SIZE_MODELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    BASELINE_PEOPLE: _kernel(np.inf),
    "discounted sizes": _kernel(HALF_SIZES),
    "discounted log-normal sizes": _lognormal(HALF_SIZES),
}


def people(p: np.ndarray, share: float) -> int:
    """Return the persons below which a share of the forecast size lies, within its step.

    >>> people(SIZE_MODELS[BASELINE_PEOPLE](np.array([100] * 8)), 0.5)
    100
    """
    below = np.cumsum(p)
    i = int(np.searchsorted(below, share))
    if i >= len(EDGES) - 1:
        return int(EDGES[-1])
    part = (share - below[i] + p[i]) / max(p[i], 1e-12)
    return int(EDGES[i] + part * (EDGES[i + 1] - EDGES[i]))
