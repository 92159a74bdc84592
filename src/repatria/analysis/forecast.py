"""Forecasts of handovers, and how they would have scored on what was known at the time.

A forecaster sees a past view only, `record.as_of(origin)`. What it is scored against comes from the record as it
stands. Every forecast is a distribution over whole numbers: days to the next handover (to `HORIZON`, then "later"),
handovers in the next 30 and 90 days, people in the next one. Method and reasons: docs/method-cadence.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import scoringrules as sr
from scipy import optimize, stats

from repatria.analysis.units import SEED, Window, handovers, prepared, units, window
from repatria.record import rule as estimate
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Day, Record, day

HORIZON = 90  # days
COUNTS = (30, 90)  # days ahead in which handovers are counted
MOST = 91  # handovers a forecast allows for: one a day
PEOPLE = 3000  # persons in one handover; the last place stands for "as many or more"
FEWEST = 8  # gaps (or sizes) below which nothing is forecast
FIRST_ORIGIN = "2023-01-01"
BASELINE = "constant rate"
BASELINE_PEOPLE = "all past sizes"

Gap = tuple[np.ndarray, float]  # survival at 0, 1, 2, ... days; the silence so far enters apart


@dataclass(frozen=True, eq=False)
class Known:
    """What a forecaster knows on a day: handovers' first days, and the sizes of those with a figure.

    starts: whole days from the first read day, sorted; length: days read; silent: days since the last start
    (`length` if there was none); sizes: per direction the known persons, oldest first.
    """

    origin: pd.Timestamp
    length: int
    starts: np.ndarray
    sizes: dict[str, np.ndarray]

    @property
    def gaps(self) -> np.ndarray:
        """Days from one start to the next, at least 1: two deals of one day count as a day apart."""
        return np.maximum(np.diff(self.starts), 1)

    @property
    def silent(self) -> int:
        """Whole days without a start at the end of the window."""
        return self.length - 1 - int(self.starts[-1])


@dataclass(frozen=True, eq=False)
class Forecast:
    """A forecast from one origin. `next_day[i]`: chance that the next start comes i + 1 days ahead; the last place is
    "later". `at_least[h, k]`: chance of at least k starts within h days (h = 0..HORIZON)."""

    next_day: np.ndarray
    at_least: np.ndarray

    def counts(self, within: int) -> np.ndarray:
        """Return the chance of 0, 1, 2, ... starts within so many days."""
        return np.clip(-np.diff(self.at_least[within], append=0.0), 0, 1)


def _known(h: pd.DataFrame, w: Window | None) -> Known | None:
    h = h[h["counted"]]
    if w is None or h.empty:
        return None
    starts = np.sort((h["start"] - w.first).dt.days.to_numpy(dtype="int64"))
    sizes = {d: h.loc[h[f"{d}_unknown"] == 0, d].to_numpy(dtype="int64") for d in DIRECTIONS}
    return Known(w.through, w.days, starts, sizes)


def known(record: Record, kind: str = "prisoners", unit: str = "deal", lens: str = "best") -> Known | None:
    """Return what a (past view of a) record tells a forecaster, or None if no day was read or nothing came."""
    h = handovers(record, kind, unit, lens=lens)
    h.attrs = {}
    return _known(h, window(record, kind))


@lru_cache(maxsize=4)
def _estimates(record: Record, lens: str, days: tuple[pd.Timestamp, ...]) -> dict[pd.Timestamp, pd.DataFrame]:
    """Return, per day, the estimate of every event from the claims and pages dated by then (one call of the rule).

    `days` in order. A day by which no page is dated is left out.
    """
    pages = record.citations()
    pages = pages[pages["published_on"] <= days[-1]] if days else pages.iloc[:0]
    if pages.empty:
        return {}
    since = np.searchsorted(pd.DatetimeIndex(days), pages["published_on"].to_numpy())
    times = len(days) - since
    at = np.repeat(since, times) + np.concatenate([np.arange(t) for t in times])
    pages = pages[["claim_id", "publisher", "tier"]].loc[pages.index.repeat(times)].assign(at=at)
    pages["poor"] = pages["tier"] == "aggregator"
    per = pages.groupby(["at", "claim_id"]).agg(poor=("poor", "min"), publishers=("publisher", "nunique")).reset_index()
    claims = record.claims().drop(columns=["poor", "publishers"]).merge(per, on="claim_id")
    claims["event_id"] = claims["at"].astype("str").str.cat(claims["event_id"], sep="|")
    best = estimate.estimate(claims.astype({"poor": "bool", "publishers": "Int64"}), lens)
    key = best["event_id"].str.split("|", n=1, expand=True)
    best = best.assign(at=key[0].astype(int), event_id=key[1])
    return {
        days[i]: b.pivot_table(index="event_id", columns="direction", values="best", aggfunc="first")
        .reindex(columns=list(DIRECTIONS)).astype("Int64")
        for i, b in best.groupby("at")
    }  # fmt: skip


def known_on(
    record: Record, days: Sequence[pd.Timestamp], kind: str = "prisoners", unit: str = "deal", lens: str = "best"
) -> dict[pd.Timestamp, Known]:
    """Return `known(record.as_of(d))` for every day on which that says anything, some thirty times faster.

    An event is in a past view from the first dated page of its first claim on; its estimate is made from the claims
    and pages dated by then. That this equals the view itself is tested.
    """
    e, _ = prepared(record, kind, lens, disputed=False)
    found = {}
    for d, best in _estimates(record, lens, tuple(sorted(days))).items():
        past = e[(e["date"] <= d) & (e["known_on"] <= d)]
        past = past.assign(**{c: best[c].reindex(past["event_id"]).array for c in DIRECTIONS})
        w = window(record, kind, until=d)
        k = _known(units(past, w, unit), w)
        if k is not None:
            found[d] = k
    return found


# Models of the time between starts.


def _from_rate(mean: float, size: float | None) -> Forecast:
    """Return the forecast of a Poisson process with `mean` starts a day, or, with `size`, of one whose rate is unknown
    and gamma-distributed: counts are then negative binomial with that size."""
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
    """Return the forecast of a renewal process. `survival[t]`: chance that a gap is longer than t whole days, long
    enough for `silent` + HORIZON; the first gap is already `silent` days old."""
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
    """Constant rate of the last 365 read days; half a start is added so that a silent year is not for ever."""
    recent = min(365, k.length)
    return _from_rate(((k.starts >= k.length - recent).sum() + 0.5) / recent, None)


def _negative_binomial(k: Known) -> Forecast:
    """Counts in the last 24 blocks of 30 days, by moments; Poisson where they vary no more than that."""
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
    """Minimise over log parameters to 1 %, far below the sampling error of the fits: half the steps of scipy's own."""
    start = np.log(x0)
    simplex = start + 0.1 * np.vstack([np.zeros(len(start)), np.eye(len(start))])
    return np.exp(optimize.fmin(lambda z: f(np.exp(z), *args), start, disp=disp, xtol=1e-2, ftol=1e-2,
                                initial_simplex=simplex))  # fmt: skip


def _parametric(distribution: stats.rv_continuous) -> Callable[[Known], Forecast]:
    def fit(k: Known) -> Forecast:
        gaps = k.gaps - 0.5  # a gap of n whole days ended between n - 1 and n
        data = stats.CensoredData(gaps, right=[float(k.silent)] if k.silent else [])
        spread = max(float(np.log(gaps).std()), 0.05)  # starting values: moments of the logs, without the open gap
        shape = spread if distribution is stats.lognorm else 1.28 / spread
        start = np.exp(np.log(gaps).mean() + (0 if distribution is stats.lognorm else 0.577 / shape))
        a, _, scale = distribution.fit(data, shape, floc=0, scale=start, optimizer=_optimum)
        return _from_gaps(distribution.sf(np.arange(k.silent + HORIZON + 2), a, scale=scale), k.silent)

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
    z = (np.log(np.arange(PEOPLE + 1) + 1.0) - x.mean()) / (max(x.std(ddof=1), 0.05) * np.sqrt(1 + 1 / len(x)))
    return _binned(stats.t.cdf(z, len(x) - 1))


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


# Scores.


def score(p: np.ndarray, y: int) -> dict[str, float]:
    """Score one forecast over 0, 1, 2, ... with chances `p` against the outcome `y`.

    log: minus the log of the chance given to y (floored at 1e-12); crps: on whole numbers this is the ranked
    probability score (scoringrules); cover50, cover80: the part of y's own step that lies inside the central interval,
    so that a right forecast averages 0.5 and 0.8 although the numbers are whole; pit_low, pit_high: the two ends of
    that step (Czado, Gneiting & Held 2009).
    """
    y = min(int(y), len(p) - 1)
    high = float(min(1.0, p[: y + 1].sum()))
    low = max(0.0, high - float(p[y]))

    def inside(level: float) -> float:
        a, b = (1 - level) / 2, (1 + level) / 2
        if high - low < 1e-12:
            return float(a <= low <= b)
        return max(0.0, min(high, b) - max(low, a)) / (high - low)

    return {
        "log": -float(np.log(max(p[y], 1e-12))), "crps": float(sr.rps_score(y + 1, p)),
        "cover50": inside(0.5), "cover80": inside(0.8), "pit_low": low, "pit_high": high,
    }  # fmt: skip


def origins(record: Record, kind: str = "prisoners", first: Day = FIRST_ORIGIN) -> list[pd.Timestamp]:
    """Return the first days of months from `first` on whose next HORIZON days have all been searched."""
    w = window(record, kind)
    if w is None:
        return []
    start = max(day(first, "first"), w.first)
    return list(pd.date_range(start, w.through - pd.Timedelta(days=HORIZON), freq="MS"))


def backtest(
    record: Record, kind: str = "prisoners", unit: str = "deal", lens: str = "best",
    at: Sequence[pd.Timestamp] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Forecast from every origin with every model and score against what then happened.

    Columns: origin, target (next, count30, count90, people_to_ukraine, people_to_russia), model, outcome (days, "later"
    is HORIZON + 1; starts; persons), middle (the forecast's median), log, crps, cover50, cover80, pit_low, pit_high,
    any (chance of at least one, counts only) and brier (its score). `at`: origins; default: `origins`. A target whose
    outcome is not known, and an origin with fewer than FEWEST gaps or sizes, gives no row.
    """
    w = window(record, kind)
    truth = handovers(record, kind, unit, lens=lens)
    truth.attrs = {}
    truth = truth[truth["counted"]]
    days = tuple(origins(record, kind) if at is None else at)
    rows: list[dict[str, Any]] = []
    for origin, k in known_on(record, days, kind, unit, lens).items():
        ahead = truth[truth["start"] > origin]
        wait = ((ahead["start"] - origin) // pd.Timedelta(days=1)).to_numpy()
        base = {"origin": origin}

        def add(target: str, model: str, p: np.ndarray, y: int, shift: int = 0, base: dict[str, Any] = base) -> None:
            middle = int(np.searchsorted(np.cumsum(p), 0.5)) + shift
            row = {**base, "target": target, "model": model, "outcome": y, "middle": middle, **score(p, y - shift)}
            if target.startswith("count"):
                row |= {"any": 1 - p[0], "brier": float(sr.brier_score(float(y > 0), float(np.clip(1 - p[0], 0, 1))))}
            rows.append(row)

        if len(k.gaps) >= FEWEST:
            for name, model in MODELS.items():
                f = model(k)
                add("next", name, f.next_day, min(int(wait[0]), HORIZON + 1) if len(wait) else HORIZON + 1, shift=1)
                for h in COUNTS:
                    add(f"count{h}", name, f.counts(h), int((wait <= h).sum()))
        for d in DIRECTIONS:
            # A deal under way at the origin is not "the next one"; its size then is partly known.
            if len(ahead) and ahead[f"{d}_unknown"].iloc[0] == 0 and len(k.sizes[d]) >= FEWEST:
                for name, size_model in SIZE_MODELS.items():
                    add(f"people_{d}", name, size_model(k.sizes[d]), int(ahead[d].iloc[0]))
    columns = ["origin", "target", "model", "outcome", "middle", "log", "crps", "cover50", "cover80", "pit_low",
               "pit_high", "any", "brier"]  # fmt: skip
    out = pd.DataFrame(rows, columns=columns)
    out.attrs = {"kind": kind, "unit": unit, "lens": lens, "dense_from": w.dense_from if w else None}
    return out


def skill(scores: pd.DataFrame, draws: int = 2000, block: int = 3, seed: int = SEED) -> pd.DataFrame:
    """Return the mean scores per target and model, with skill against the baseline and its uncertainty.

    Columns: target, model, origins, log, crps, brier, cover50, cover80, skill (1 - CRPS / baseline's CRPS), low, high
    (interval by circular block bootstrap over origins, `block` months, because windows overlap; its level is 95 %
    shared among the rivals of a target: Bonferroni), beats (low > 0). The baseline has skill 0.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for target, t in scores.groupby("target", sort=False):
        baseline = BASELINE_PEOPLE if str(target).startswith("people") else BASELINE
        wide = t.pivot_table(index="origin", columns="model", values="crps", sort=False)
        n = len(wide)
        start = rng.integers(0, n, size=(draws, -(-n // block)))
        index = ((start[:, :, None] + np.arange(block)) % n).reshape(draws, -1)[:, :n]
        means = wide.to_numpy()[index].mean(axis=1)
        base = wide.columns.get_loc(baseline)
        tail = 0.025 / max(1, wide.shape[1] - 1)
        for name, m in t.groupby("model", sort=False):
            ratio = 1 - means[:, wide.columns.get_loc(name)] / means[:, base]
            low, high = np.quantile(ratio, [tail, 1 - tail])
            mean = m[["log", "crps", "brier", "cover50", "cover80"]].mean()
            own = 1 - mean["crps"] / wide[baseline].mean()
            rows.append({"target": target, "model": name, "origins": n, **mean, "skill": own, "low": low, "high": high,
                         "beats": bool(name != baseline and low > 0)})  # fmt: skip
    columns = ["target", "model", "origins", "log", "crps", "brier", "cover50", "cover80", "skill", "low", "high",
               "beats"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def earned(skills: pd.DataFrame, target: str = "count90") -> tuple[str, bool]:
    """Return the model to show for a target, and whether it beat the baseline: of what `skill` returned, the one with
    the highest skill among those whose interval lies above zero, else the baseline itself."""
    s = skills[(skills["target"] == target) & skills["beats"].astype(bool)]
    if s.empty:
        return (BASELINE_PEOPLE if target.startswith("people") else BASELINE), False
    return str(s.loc[s["skill"].idxmax(), "model"]), True


def reliability(scores: pd.DataFrame, target: str, model: str, bins: int = 10) -> np.ndarray:
    """Return the PIT histogram of a model: mean share of outcomes per tenth of the forecast distribution (flat, that is
    1 / bins each, if forecasts are right). Non-randomised form for whole numbers (Czado and others 2009)."""
    s = scores[(scores["target"] == target) & (scores["model"] == model)]
    u = np.linspace(0, 1, bins + 1)
    low, high = s["pit_low"].to_numpy()[:, None], s["pit_high"].to_numpy()[:, None]
    share = np.clip((u - low) / np.maximum(high - low, 1e-12), 0, 1)
    return np.diff(share, axis=1).mean(axis=0) if len(s) else np.full(bins, np.nan)


def held(scores: pd.DataFrame, target: str, model: str) -> float:
    """Return the share of a model's past 80 % bands that held the outcome; NaN where none was scored."""
    return float(scores.loc[(scores["target"] == target) & (scores["model"] == model), "cover80"].mean())


def fan(forecast: Forecast, quantiles: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9)) -> pd.DataFrame:
    """Return quantiles of the number of starts within each day ahead: column `days` (0..HORIZON) and one per quantile."""
    cdf = 1 - np.column_stack([forecast.at_least[:, 1:], np.zeros(HORIZON + 1)])
    out = pd.DataFrame({q: (cdf < q - 1e-9).sum(axis=1) for q in quantiles})
    out.insert(0, "days", np.arange(HORIZON + 1))
    return out


def ahead(record: Record, scores: pd.DataFrame) -> tuple[Forecast, Known, str, bool] | None:
    """Return the forecast from the last searched day by the model that earned it on `scores`, what it knew, the
    model's name and whether it beat the baseline; None with fewer than FEWEST gaps."""
    a = scores.attrs
    k = known(record, a["kind"], a["unit"], a["lens"])
    if k is None or len(k.gaps) < FEWEST:
        return None
    name, beats = earned(skill(scores))
    return MODELS[name](k), k, name, beats
