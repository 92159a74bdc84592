"""Forecasts of handovers, and how they would have scored on what was known at the time.

A forecaster sees a past view only, `record.as_of(origin)`. What it is scored against comes from the
record as it stands. Every forecast is a distribution over whole numbers: days to the next handover
(to `HORIZON`, then "later"), handovers in the next 30 and 90 days, people in the next one.
Method and reasons: docs/method-cadence.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import scoringrules as sr

from repatria.analysis.models import (
    BASELINE,
    BASELINE_PEOPLE,
    HORIZON,
    MODELS,
    MOST,
    PEOPLE,
    SIZE_MODELS,
    Forecast,
    Known,
)
from repatria.analysis.units import SEED, Window, handovers, prepared, units, window
from repatria.record import rule as estimate
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Day, Record, day

__all__ = [
    "BASELINE",
    "BASELINE_PEOPLE",
    "COUNTS",
    "FEWEST",
    "HORIZON",
    "MODELS",
    "MOST",
    "PEOPLE",
    "SIZE_MODELS",
    "Forecast",
    "Known",
    "Outlook",
    "ahead",
    "backtest",
    "earned",
    "fan",
    "held",
    "known",
    "known_on",
    "origins",
    "reliability",
    "score",
    "skill",
]

COUNTS = (30, 90)  # days ahead in which handovers are counted
FEWEST = 8  # gaps (or sizes) below which nothing is forecast
FIRST_ORIGIN = "2023-01-01"


def __dir__() -> list[str]:
    return __all__


def _known(h: pd.DataFrame, w: Window | None) -> Known | None:
    h = h[h["counted"]]
    if w is None or h.empty:
        return None
    starts = np.sort((h["start"] - w.first).dt.days.to_numpy(dtype="int64"))
    sizes = {d: h.loc[h[f"{d}_unknown"] == 0, d].to_numpy(dtype="int64") for d in DIRECTIONS}
    return Known(w.through, w.days, starts, sizes)


def known(
    record: Record, kind: str = "prisoners", unit: str = "deal", lens: str = "best"
) -> Known | None:
    """Return what a (past view of a) record tells a forecaster.

    None if no day was read or nothing came. Raises ValueError for an unknown kind, unit or lens.

    >>> known(record.as_of("2025-06-30"), "bodies").origin
    Timestamp('2025-06-30 00:00:00')
    """
    h = handovers(record, kind, unit, lens=lens)
    h.attrs = {}
    return _known(h, window(record, kind))


@lru_cache(maxsize=4)
def _estimates(
    record: Record, lens: str, days: tuple[pd.Timestamp, ...]
) -> dict[pd.Timestamp, pd.DataFrame]:
    """Return, per day, the estimate of every event from the claims and pages dated by then.

    One call of the rule for all `days`, which are in order. A day by which no page is dated is left
    out.
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
    grouped = pages.groupby(["at", "claim_id"])
    per = grouped.agg(poor=("poor", "min"), publishers=("publisher", "nunique")).reset_index()
    claims = record.claims().drop(columns=["poor", "publishers"]).merge(per, on="claim_id")
    claims["event_id"] = claims["at"].astype("str").str.cat(claims["event_id"], sep="|")
    best = estimate.estimate(claims.astype({"poor": "bool", "publishers": "Int64"}), lens)
    key = best["event_id"].str.split("|", n=1, expand=True)
    best = best.assign(at=key[0].astype(int), event_id=key[1])
    found = {}
    for i, b in best.groupby("at"):
        wide = b.pivot_table(index="event_id", columns="direction", values="best", aggfunc="first")
        found[days[i]] = wide.reindex(columns=list(DIRECTIONS)).astype("Int64")
    return found


def known_on(
    record: Record,
    days: Sequence[pd.Timestamp],
    kind: str = "prisoners",
    unit: str = "deal",
    lens: str = "best",
) -> dict[pd.Timestamp, Known]:
    """Return `known(record.as_of(d))` for every day on which that says anything, much faster.

    An event is in a past view from the first dated page of its first claim on; its estimate is made
    from the claims and pages dated by then. That this equals the view itself is tested.

    >>> day = pd.Timestamp("2025-06-30")
    >>> one, other = known_on(record, [day])[day], known(record.as_of(day))
    >>> bool((one.starts == other.starts).all())
    True
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


def score(p: np.ndarray, y: int) -> dict[str, float]:
    """Score one forecast over 0, 1, 2, ... with chances `p` against the outcome `y`.

    log: minus the log of the chance given to y (floored at 1e-12); crps: on whole numbers this is
    the ranked probability score (scoringrules); cover50, cover80: the part of y's own step that
    lies inside the central interval, so that a right forecast averages 0.5 and 0.8 although the
    numbers are whole; pit_low, pit_high: the two ends of that step (Czado, Gneiting and Held 2009).

    >>> s = score(np.array([0.5, 0.5]), 1)
    >>> s["crps"], s["pit_low"], s["pit_high"]
    (0.25, 0.5, 1.0)
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
        "log": -float(np.log(max(p[y], 1e-12))),
        "crps": float(sr.rps_score(y + 1, p)),
        "cover50": inside(0.5),
        "cover80": inside(0.8),
        "pit_low": low,
        "pit_high": high,
    }


def origins(
    record: Record, kind: str = "prisoners", first: Day = FIRST_ORIGIN
) -> list[pd.Timestamp]:
    """Return the first days of months from `first` on whose next HORIZON days have all been
    searched.

    >>> [f"{d:%B}" for d in origins(record.as_of("2024-06-10"), "bodies", "2024-01-01")]
    ['January', 'February', 'March']
    """
    w = window(record, kind)
    if w is None:
        return []
    start = max(day(first, "first"), w.first)
    return list(pd.date_range(start, w.through - pd.Timedelta(days=HORIZON), freq="MS"))


def _scored(model: str, target: str, p: np.ndarray, y: int) -> dict[str, Any]:
    """Return the row of one forecast: over days ahead (1, 2, ...) for "next", else over 0, 1, 2,
    ...
    """
    shift = 1 if target == "next" else 0
    middle = int(np.searchsorted(np.cumsum(p), 0.5)) + shift
    row = {"target": target, "model": model, "outcome": y, "middle": middle, **score(p, y - shift)}
    if target.startswith("count"):
        some = float(np.clip(1 - p[0], 0, 1))
        row |= {"any": 1 - p[0], "brier": float(sr.brier_score(float(y > 0), some))}
    return row


def backtest(
    record: Record,
    kind: str = "prisoners",
    unit: str = "deal",
    lens: str = "best",
    at: Sequence[pd.Timestamp] | None = None,
) -> pd.DataFrame:
    """Forecast from every origin with every model and score against what then happened.

    `at`: origins; default: `origins`. Columns: origin, target (next, count30, count90,
    people_to_ukraine, people_to_russia), model, outcome (days, "later" is HORIZON + 1; starts;
    persons), middle (the forecast's median), log, crps, cover50, cover80, pit_low, pit_high, any
    (chance of at least one, counts only) and brier (its score). A target whose outcome is not
    known, and an origin with fewer than FEWEST gaps or sizes, gives no row. `attrs`: kind, unit,
    lens, dense_from. Raises ValueError for an unknown kind, unit or lens.

    >>> scores = backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> scores["target"].unique().tolist()[:3]
    ['next', 'count30', 'count90']

    See also: `skill`, which compares the models' mean scores.
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
        found = []
        for name, model in MODELS.items() if len(k.gaps) >= FEWEST else ():
            f = model(k)
            nearest = min(int(wait[0]), HORIZON + 1) if len(wait) else HORIZON + 1
            found.append(_scored(name, "next", f.next_day, nearest))
            found += [
                _scored(name, f"count{h}", f.counts(h), int((wait <= h).sum())) for h in COUNTS
            ]
        for d in DIRECTIONS:
            # A deal under way at the origin is not "the next one"; its size then is partly known.
            if len(ahead) and ahead[f"{d}_unknown"].iloc[0] == 0 and len(k.sizes[d]) >= FEWEST:
                for name, size_model in SIZE_MODELS.items():
                    p = size_model(k.sizes[d])
                    found.append(_scored(name, f"people_{d}", p, int(ahead[d].iloc[0])))
        rows += [{"origin": origin, **row} for row in found]
    columns = ["origin", "target", "model", "outcome", "middle", "log", "crps"]
    columns += ["cover50", "cover80", "pit_low", "pit_high", "any", "brier"]
    out = pd.DataFrame(rows, columns=columns)
    out.attrs = {
        "kind": kind,
        "unit": unit,
        "lens": lens,
        "dense_from": w.dense_from if w else None,
    }
    return out


def skill(
    scores: pd.DataFrame, draws: int = 2000, block: int = 3, seed: int = SEED
) -> pd.DataFrame:
    """Return the mean scores per target and model, with skill against the baseline and its
    uncertainty.

    `scores` as `backtest` returns. Columns: target, model, origins, log, crps, brier, cover50,
    cover80, skill (1 - CRPS / baseline's CRPS), low, high (interval by circular block bootstrap
    over origins, `block` months, because windows overlap; its level is 95 % shared among the rivals
    of a target: Bonferroni), beats (low > 0). The baseline has skill 0.

    >>> months = pd.date_range("2024-01-01", periods=4, freq="MS")
    >>> found = skill(backtest(record, "bodies", at=months), draws=100)
    >>> found.loc[found["model"] == BASELINE, "skill"].unique().tolist()
    [0.0]
    """
    rng = np.random.default_rng(seed)
    measures = ["log", "crps", "brier", "cover50", "cover80"]
    rows = []
    for target, t in scores.groupby("target", sort=False):
        baseline = BASELINE_PEOPLE if str(target).startswith("people") else BASELINE
        wide = t.pivot_table(index="origin", columns="model", values="crps", sort=False)
        n = len(wide)
        start = rng.integers(0, n, size=(draws, -(-n // block)))
        index = ((start[:, :, None] + np.arange(block)) % n).reshape(draws, -1)[:, :n]
        means = wide.to_numpy()[index].mean(axis=1)
        base = means[:, wide.columns.get_loc(baseline)]
        tail = 0.025 / max(1, wide.shape[1] - 1)
        for name, m in t.groupby("model", sort=False):
            ratio = 1 - means[:, wide.columns.get_loc(name)] / base
            low, high = np.quantile(ratio, [tail, 1 - tail])
            mean = m[measures].mean()
            row = {"target": target, "model": name, "origins": n, **mean}
            row["skill"] = 1 - mean["crps"] / wide[baseline].mean()
            beats = bool(name != baseline and low > 0)
            rows.append(row | {"low": low, "high": high, "beats": beats})
    columns = ["target", "model", "origins", *measures, "skill", "low", "high", "beats"]
    return pd.DataFrame(rows, columns=columns)


def earned(skills: pd.DataFrame, target: str = "count90") -> tuple[str, bool]:
    """Return the model to show for a target, and whether it beat the baseline.

    Of what `skill` returned, the one with the highest skill among those whose interval lies above
    zero, else the baseline itself.

    >>> earned(skill(backtest(record.as_of("2022-03-05"))))
    ('constant rate', False)
    """
    s = skills[(skills["target"] == target) & skills["beats"].astype(bool)]
    if s.empty:
        return (BASELINE_PEOPLE if target.startswith("people") else BASELINE), False
    return str(s.loc[s["skill"].idxmax(), "model"]), True


def reliability(scores: pd.DataFrame, target: str, model: str, bins: int = 10) -> np.ndarray:
    """Return the PIT histogram of a model: mean share of outcomes per tenth of the forecast
    distribution.

    Flat, that is 1 / bins each, if forecasts are right; NaN where none was scored. Non-randomised
    form for whole numbers (Czado, Gneiting and Held 2009).

    >>> scores = backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> float(reliability(scores, "count90", BASELINE).sum().round(6))
    1.0
    """
    s = scores[(scores["target"] == target) & (scores["model"] == model)]
    u = np.linspace(0, 1, bins + 1)
    low, high = s["pit_low"].to_numpy()[:, None], s["pit_high"].to_numpy()[:, None]
    share = np.clip((u - low) / np.maximum(high - low, 1e-12), 0, 1)
    return np.diff(share, axis=1).mean(axis=0) if len(s) else np.full(bins, np.nan)


def held(scores: pd.DataFrame, target: str, model: str) -> float:
    """Return the share of a model's past 80 % bands that held the outcome; NaN where none was
    scored.

    >>> held(backtest(record.as_of("2022-03-05")), "count90", BASELINE)
    nan
    """
    mine = (scores["target"] == target) & (scores["model"] == model)
    return float(scores.loc[mine, "cover80"].mean())


def fan(
    forecast: Forecast, quantiles: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9)
) -> pd.DataFrame:
    """Return quantiles of the number of starts within each day ahead.

    Columns: days (0..HORIZON) and one per quantile.

    >>> k = Known(pd.Timestamp("2025-06-30"), 100, np.arange(0, 100, 10), {})
    >>> int(fan(MODELS[BASELINE](k))[0.5].iloc[-1])
    9
    """
    cdf = 1 - np.column_stack([forecast.at_least[:, 1:], np.zeros(HORIZON + 1)])
    out = pd.DataFrame({q: (cdf < q - 1e-9).sum(axis=1) for q in quantiles})
    out.insert(0, "days", np.arange(HORIZON + 1))
    return out


@dataclass(frozen=True, eq=False)
class Outlook:
    """What is forecast from the last searched day, and what it is to be seen beside.

    handovers: as `cadence.handovers`; scores: as `backtest`; model: the one that earned the count
    of 90 days on them, else the baseline; beats: whether it beat the baseline; known, forecast:
    what it knew and says, None with fewer than FEWEST gaps.
    """

    handovers: pd.DataFrame
    scores: pd.DataFrame
    model: str
    beats: bool
    known: Known | None
    forecast: Forecast | None


def ahead(record: Record, scores: pd.DataFrame) -> Outlook:
    """Return the forecast from the last searched day by the model that earned it on `scores`.

    `scores` as `backtest` returns: its kind and unit are forecast.

    >>> scores = backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> ahead(record.as_of("2022-03-05"), scores).forecast is None
    True
    """
    a = scores.attrs
    h = handovers(record, a["kind"], a["unit"])
    k = known(record, a["kind"], a["unit"], a["lens"])
    model, beats = earned(skill(scores))
    enough = k is not None and len(k.gaps) >= FEWEST
    return Outlook(h, scores, model, beats, k, MODELS[model](k) if k and enough else None)
