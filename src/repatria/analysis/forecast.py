"""Forecasts of handovers, and how they would have scored on what was known at the time.

A forecaster sees a past view only, `record.as_of(origin, coverage="today")`. What it is scored
against comes from the record as it stands. Every forecast is a distribution: of the days to the
next handover (to `HORIZON`, then "later"), which is the chance within any number of days; of the
handovers in the next 30 and 90 days; of the people in the next one. One rule (`chosen`) says which
model answers each. Method and reasons: docs/method-forecast.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from repatria.analysis.known import STAGE, known, known_on
from repatria.analysis.models import (
    BASE_RATE,
    BASELINE,
    BASELINE_PEOPLE,
    BASELINES,
    EDGES,
    HORIZON,
    MODELS,
    MOST,
    SIZE_MODELS,
    Forecast,
    Known,
    people,
)
from repatria.analysis.units import SEED, handovers, window
from repatria.record import frames
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = [
    "BASELINE",
    "BASELINES",
    "BASELINE_PEOPLE",
    "BASE_RATE",
    "CALIBRATED",
    "COUNTS",
    "EDGES",
    "FEWEST",
    "HORIZON",
    "MODELS",
    "MOST",
    "SIZE_MODELS",
    "STAGE",
    "TARGETS",
    "WITHIN",
    "Choice",
    "Forecast",
    "Known",
    "Outlook",
    "ahead",
    "backtest",
    "chances",
    "chosen",
    "fan",
    "known",
    "known_on",
    "origins",
    "people",
    "reliability",
    "score",
    "skill",
]

WITHIN = (7, 14, 30, 90)  # days ahead for which a chance is given
COUNTS = (30, 90)  # days ahead in which handovers are counted
TARGETS = ("next", *(f"count{h}" for h in COUNTS), *(f"people_{d}" for d in DIRECTIONS))
FEWEST = 8  # gaps (or sizes) below which nothing is forecast
CALIBRATED = (0.7, 0.9)  # what share of outcomes the 80 % bands of a calibrated model hold
BLOCK = 91  # days that are redrawn together: windows of neighbouring origins overlap
_MEANS = ["log", "crps", "cover50", "cover80"]
_SCORES = [*_MEANS, "pit_low", "pit_high"]


# How forecasts scored.


def score(p: np.ndarray, y: np.ndarray, widths: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Score forecasts, a row of `p` each, over places 0, 1, 2, ... against the outcomes `y`.

    log: minus the log of the chance given to y (floored at 1e-12), per person where places have
    `widths`; crps: the ranked probability score, which on whole numbers is the CRPS; cover50,
    cover80: the part of y's own step that lies inside the central interval, so that a right
    forecast averages 0.5 and 0.8 although the numbers are whole; pit_low, pit_high: the two ends of
    that step (Czado, Gneiting and Held 2009).

    >>> s = score(np.array([[0.5, 0.5]]), np.array([1]))
    >>> float(s["crps"][0]), float(s["pit_low"][0]), float(s["pit_high"][0])
    (0.25, 0.5, 1.0)
    """
    n, places = p.shape
    y = np.minimum(y, places - 1)
    width = np.ones(places) if widths is None else widths
    cdf = np.minimum(np.cumsum(p, axis=1), 1)
    hit, high = p[np.arange(n), y], cdf[np.arange(n), y]
    low = np.maximum(high - hit, 0)
    step = high - low

    def inside(level: float) -> np.ndarray:
        a, b = (1 - level) / 2, (1 + level) / 2
        part = np.clip(np.minimum(high, b) - np.maximum(low, a), 0, None)
        thin = (a <= low) & (low <= b)
        return np.where(step < 1e-12, thin, part / np.maximum(step, 1e-12))

    return {
        "log": -np.log(np.maximum(hit / width[y], 1e-12)),
        "crps": ((cdf - (np.arange(places) >= y[:, None])) ** 2 @ width),
        "cover50": inside(0.5),
        "cover80": inside(0.8),
        "pit_low": low,
        "pit_high": high,
    }


def origins(record: Record, kind: str = "prisoners") -> list[pd.Timestamp]:
    """Return every seventh day of dense reading whose next HORIZON days were densely read too.

    >>> march = origins(record.as_of("2024-03-10", coverage="today"), "bodies")
    >>> [f"{d:%d %B}" for d in march[:2]], len(march)
    (['01 September', '08 September'], 15)
    """
    w = window(record, kind)
    if w is None or w.dense_from is None:
        return []
    return list(pd.date_range(w.dense_from, w.through - pd.Timedelta(days=HORIZON), freq="7D"))


def _rows(
    origin: list[pd.Timestamp], target: str, model: str, p: np.ndarray, y: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of one model and target, scored; `y`: days, starts or persons."""
    if target.startswith("people"):
        widths = np.diff(EDGES, append=EDGES[-1] + 1).astype(float)
        scored = score(p, np.searchsorted(EDGES, y, side="right") - 1, widths)
        middle = np.array([people(row, 0.5) for row in p])
    else:
        shift = 1 if target == "next" else 0  # the first place of "next" is one day ahead
        scored = score(p, y - shift)
        middle = (np.cumsum(p, axis=1) < 0.5).sum(axis=1) + shift
    of = {"target": np.full(len(y), target), "model": np.full(len(y), model)}
    row = {"origin": pd.DatetimeIndex(origin).to_numpy(), **of, "outcome": y, "middle": middle}
    none = np.full(len(y), np.nan)
    soon = {f"chance{h}": p[:, :h].sum(axis=1) if target == "next" else none for h in WITHIN}
    return row | scored | soon


def _sized(
    views: dict[pd.Timestamp, Known], truth: pd.DataFrame, direction: str
) -> list[dict[str, np.ndarray]]:
    """Return the scored rows of the people in the next handover, where their number is known.

    A deal under way at the origin is not "the next one".
    """
    start = truth["start"].to_numpy()
    after = [int(np.searchsorted(start, np.datetime64(d), side="right")) for d in views]
    size = truth[direction].astype("float64").where(truth[f"{direction}_unknown"] == 0).to_numpy()
    found = [
        (d, k.sizes[direction], size[i])
        for (d, k), i in zip(views.items(), after, strict=True)
        if i < len(size) and not np.isnan(size[i]) and len(k.sizes[direction]) >= FEWEST
    ]
    if not found:
        return []
    days, sizes, y = zip(*found, strict=True)
    # Nothing new was known on most days: each set of sizes is asked once.
    sets = {s.tobytes(): s for s in sizes}
    rows = []
    for name, model in SIZE_MODELS.items():
        said = {key: model(s) for key, s in sets.items()}
        p = np.array([said[s.tobytes()] for s in sizes])
        rows.append(_rows(list(days), f"people_{direction}", name, p, np.array(y, dtype=int)))
    return rows


def backtest(
    record: Record,
    kind: str = "prisoners",
    unit: str = "deal",
    lens: str = "best",
    at: Sequence[pd.Timestamp] | None = None,
) -> pd.DataFrame:
    """Forecast from every origin with every model and score against what then happened.

    `at`: origins; default: `origins`. Columns: origin, target (`TARGETS`), model, outcome (days,
    "later" is HORIZON + 1; starts; persons), middle (the forecast's median), those of `score`, and
    chance7, ... (of one within so many days; target "next" only). A target whose outcome is not
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
    views = known_on(record, origins(record, kind) if at is None else at, kind, unit, lens)
    asked = {d: k for d, k in views.items() if len(k.gaps) >= FEWEST}
    rows = []
    if asked:
        days, past = list(asked), list(asked.values())
        start = truth["start"].to_numpy("datetime64[D]").astype("int64")
        ahead = start - np.array(days, dtype="datetime64[D]").astype("int64")[:, None]
        wait = np.where(ahead > 0, ahead, HORIZON + 1).min(axis=1, initial=HORIZON + 1)
        came = {h: ((ahead > 0) & (ahead <= h)).sum(axis=1) for h in COUNTS}
        for name, model in MODELS.items():
            f = model(past)
            rows.append(_rows(days, "next", name, f.next_day, wait))
            rows += [_rows(days, f"count{h}", name, f.counts(h), came[h]) for h in COUNTS]
    for d in DIRECTIONS:
        rows += _sized(views, truth, d)
    columns = ["origin", "target", "model", "outcome", "middle", *_SCORES]
    columns += [f"chance{h}" for h in WITHIN]
    whole = {c: np.concatenate([r[c] for r in rows]) for c in columns} if rows else None
    out = pd.DataFrame(whole, columns=columns)
    by = out["target"].map({t: i for i, t in enumerate(TARGETS)})
    out = out.iloc[np.argsort(by.to_numpy(dtype=float), kind="stable")].reset_index(drop=True)
    dense = w.dense_from if w else None
    out.attrs = frames.plain({"kind": kind, "unit": unit, "lens": lens, "dense_from": dense})
    return out


# Which model answers.


def _gain(better: np.ndarray, block: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return mean, low and high of what rivals gain on the baseline, a column each.

    `better`: per origin (rows) and rival (columns). Circular block bootstrap over origins; the 95 %
    hold for all rivals at once, by the largest studentised deviation (Romano and Wolf 2005).
    """
    n, rivals = better.shape
    start = rng.integers(0, n, size=(draws, -(-n // block)))
    mean = better.mean(axis=0)
    upto = np.concatenate([np.zeros((1, rivals)), *[better - mean] * 2]).cumsum(axis=0)
    length = np.full(start.shape[1], block)
    length[-1] -= length.sum() - n
    moved = (upto[start + length] - upto[start]).sum(axis=1) / n
    spread = moved.std(axis=0)
    real = spread > 1e-12
    if not real.any() or n < 2 * block:
        return np.array([mean, np.full(rivals, -np.inf), np.full(rivals, np.inf)])
    reach = np.quantile(np.abs(moved[:, real] / spread[real]).max(axis=1), 0.95) * spread
    return np.array([mean, mean - reach, mean + reach])


def skill(scores: pd.DataFrame, draws: int = 2000, seed: int = SEED) -> pd.DataFrame:
    """Return the mean scores per target and model, with what each gains on the baseline.

    `scores` as `backtest` returns. Columns: target, model, origins, log, crps, cover50, cover80,
    skill (1 - CRPS / baseline's CRPS) with low and high, gain (of log score) with gain_low and
    gain_high (95 % for all rivals of a target at once; blocks of BLOCK days are redrawn), beats
    (both lows above zero; one of BASELINES never), calibrated (cover80 inside CALIBRATED) and
    chosen: of those that beat the baseline and are calibrated the one with the best log score; else
    the first calibrated of BASELINES, else the baseline.

    >>> months = pd.date_range("2024-01-01", periods=4, freq="MS")
    >>> found = skill(backtest(record, "bodies", at=months), draws=100)
    >>> found.loc[found["model"] == BASELINE, "skill"].unique().tolist()
    [0.0]
    """
    rng = np.random.default_rng(seed)
    rows = []
    for target, t in scores.groupby("target", sort=False):
        base = BASELINE_PEOPLE if str(target).startswith("people") else BASELINE
        names = list(dict.fromkeys(t["model"]))
        days = t.loc[t["model"] == base, "origin"]
        apart = days.diff().dt.days.median() if len(days) > 1 else BLOCK
        block = max(1, round(BLOCK / apart))
        ours = names.index(base)
        gains = {}
        for measure in ("crps", "log"):
            values = t[measure].to_numpy("float64").reshape(len(names), -1).T
            gains[measure] = _gain(values[:, [ours]] - values, block, draws, rng)
        means = {c: t[c].to_numpy("float64").reshape(len(names), -1).mean(axis=1) for c in _MEANS}
        for i, name in enumerate(names):
            m = {c: float(values[i]) for c, values in means.items()}
            row = {"target": target, "model": name, "origins": len(days), **m}
            relative = gains["crps"][:, i] / max(means["crps"][ours], 1e-12)
            row |= dict(zip(("skill", "low", "high"), relative, strict=True))
            row |= dict(zip(("gain", "gain_low", "gain_high"), gains["log"][:, i], strict=True))
            rival = name not in (*BASELINES, BASELINE_PEOPLE)
            row["beats"] = bool(rival and row["low"] > 0 and row["gain_low"] > 0)
            row["calibrated"] = bool(CALIBRATED[0] <= m["cover80"] <= CALIBRATED[1])
            rows.append(row)
    columns = ["target", "model", "origins", *_MEANS]
    columns += ["skill", "low", "high", "gain", "gain_low", "gain_high", "beats", "calibrated"]
    out = pd.DataFrame(rows, columns=columns)
    shown = {t: chosen(out, t).model for t in out["target"].unique()}
    out["chosen"] = [m == shown[t] for t, m in zip(out["target"], out["model"], strict=True)]
    return out


class Choice(NamedTuple):
    """The model that answers a question, and whether it was skilled and calibrated in the past.

    `held`: the share of its past 80 % bands that held the outcome, NaN where none was scored.
    """

    model: str
    skilled: bool
    calibrated: bool
    held: float


def chosen(skills: pd.DataFrame, target: str = "next") -> Choice:
    """Return the model to show for a target, by the rule that `skill` states.

    >>> chosen(skill(backtest(record.as_of("2022-03-05")))).model
    'constant rate'
    """
    read = ["target", "model", "beats", "calibrated", "log", "cover80"]
    scored = zip(*(skills[c] for c in read), strict=True)
    s = {name: row for of, name, *row in scored if of == target}
    won = {name: log for name, (beats, calibrated, log, _) in s.items() if beats and calibrated}
    if won:
        name = min(won, key=won.__getitem__)
        return Choice(name, True, True, float(s[name][3]))
    if target.startswith("people"):
        plain: tuple[str, ...] = (BASELINE_PEOPLE,)
    else:
        plain = BASELINES
    for name in plain:
        if name in s and s[name][1]:
            return Choice(name, False, True, float(s[name][3]))
    held = float(s[plain[0]][3]) if plain[0] in s else float("nan")
    return Choice(plain[0], False, False, held)


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


# What lies ahead.


@dataclass(frozen=True, eq=False)
class Outlook:
    """What can be forecast from the last densely searched day, and what it is to be seen beside.

    handovers: as `cadence.handovers`; scores: as `backtest`; skills: as `skill`; choices: per
    target the model that answers; known: what it knows, None if nothing; forecasts: per target of
    the next one and of numbers what it says, none with fewer than FEWEST gaps.
    """

    handovers: pd.DataFrame
    scores: pd.DataFrame
    skills: pd.DataFrame
    choices: dict[str, Choice]
    known: Known | None
    forecasts: dict[str, Forecast]

    @property
    def chances(self) -> pd.DataFrame:
        """The table that `chances` returns."""
        s = self.scores[self.scores["target"] == "next"]
        choice, said = self.choices["next"], self.forecasts.get("next")
        mine, base = (s[s["model"] == m] for m in (choice.model, BASELINE))
        rows = []
        for h in WITHIN:
            came = (mine["outcome"] <= h).to_numpy("float64")
            rate = came.mean() if len(came) else np.nan
            given, constant = (m[f"chance{h}"].to_numpy("float64") for m in (mine, base))
            row: dict[str, object] = {
                "within": h,
                "chance": float(1 - said.later[0, h]) if said else np.nan,
            }
            row |= {"model": choice.model, "skilled": choice.skilled}
            row |= {"calibrated": choice.calibrated, "origins": len(mine)}
            row |= {"expected": given.mean() if len(came) else np.nan, "came": rate}
            row["brier"] = ((given - came) ** 2).mean() if len(came) else np.nan
            row["brier_constant"] = ((constant - came) ** 2).mean() if len(came) else np.nan
            rows.append(row | {"brier_base": rate * (1 - rate)})
        out = pd.DataFrame(rows)
        origin = self.known.origin if self.known is not None and said else pd.NaT
        out.insert(1, "origin", origin)
        out.insert(2, "until", out["origin"] + pd.to_timedelta(out["within"], "D"))
        out.attrs = {key: self.scores.attrs[key] for key in ("kind", "unit", "dense_from")}
        return out


def ahead(record: Record, scores: pd.DataFrame) -> Outlook:
    """Return the forecasts from the last densely searched day by the models chosen on `scores`.

    `scores` as `backtest` returns: its kind and unit are forecast.

    >>> scores = backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> ahead(record.as_of("2022-03-05"), scores).forecasts
    {}
    """
    a = scores.attrs
    h = handovers(record, a["kind"], a["unit"])
    k = known(record, a["kind"], a["unit"], a["lens"])
    skills = skill(scores)
    choices = {t: chosen(skills, t) for t in TARGETS}
    said: dict[str, Forecast] = {}
    if k is not None and len(k.gaps) >= FEWEST:
        said = {t: MODELS[choices[t].model]([k]) for t in TARGETS if not t.startswith("people")}
    return Outlook(h, scores, skills, choices, k, said)


def chances(record: Record, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the chance of a handover within 7, 14, 30 and 90 days of the last densely searched
    day, and how such chances did.

    The one answer to this question, by the model chosen for the days to the next on `scores` (as
    `backtest` returns). Columns: within, origin, until (days), chance (missing where too little is
    known), model, skilled, calibrated, origins (past forecasts scored), expected (the mean chance
    they gave), came (the share of them after which one came: the base rate), brier (mean squared
    error of the model's chances), brier_constant (the constant rate's), brier_base (of always
    saying `came`, which nobody could know beforehand: a hard mark). `attrs`: kind, unit, dense_from.

    >>> scores = backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> chances(record, scores)["within"].tolist()
    [7, 14, 30, 90]

    Source of the score: Brier (1950).
    """
    return ahead(record, scores).chances


def fan(
    forecast: Forecast, quantiles: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9)
) -> pd.DataFrame:
    """Return quantiles of the number of starts within each day ahead, of the first forecast.

    Columns: days (0..HORIZON) and one per quantile.

    >>> k = Known(pd.Timestamp("2025-06-30"), 100, np.arange(0, 100, 10), {})
    >>> int(fan(MODELS[BASELINE]([k]))[0.5].iloc[-1])
    9
    """
    cdf = np.array([np.cumsum(forecast.counts(h)[0]) for h in range(HORIZON + 1)])
    out = pd.DataFrame({q: (cdf < q - 1e-9).sum(axis=1) for q in quantiles})
    out.insert(0, "days", np.arange(HORIZON + 1))
    return out
