"""How forecasts scored and what the earned ones say: sentences (templates in `en/forecast/`) and
tables.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from repatria.analysis import forecast as forecasts
from repatria.display.cadence import with_range
from repatria.display.table import Table
from repatria.display.words import Prose, say
from repatria.record import names

__all__ = ["backtest_table", "forecast_table", "verdict"]

TARGETS = {
    "next": "days to the next",
    "count30": "number in 30 days",
    "count90": "number in 90 days",
    "people_to_ukraine": "people to Ukraine in the next",
    "people_to_russia": "people to Russia in the next",
}
SCORES = {"log": "log score", "crps": "CRPS", "brier": "Brier, any"}
BANDS = {"cover50": "in 50% band", "cover80": "in 80% band"}


def __dir__() -> list[str]:
    return __all__


def _of(scores: pd.DataFrame) -> str:
    return f"{names.KIND_WORDS[scores.attrs['kind']][1]} by {scores.attrs['unit']}"


def backtest_table(scores: pd.DataFrame) -> Table:
    """Return `forecast.skill` of one backtest as a table: every model, every target.

    >>> months = [pd.Timestamp("2025-05-01"), pd.Timestamp("2025-06-01")]
    >>> table = backtest_table(rp.analysis.forecast.backtest(record, "bodies", at=months))
    >>> print(table.title)
    Past forecasts of handovers of bodies by deal, scored on 2 month starts
    """
    f = forecasts.skill(scores)
    frame = pd.DataFrame({"forecast of": f["target"].map(TARGETS), "model": f["model"]})
    frame["origins"] = f["origins"]
    for column, name in (SCORES | BANDS).items():
        frame[name] = f[column].astype(float)
    baselines = (forecasts.BASELINE, forecasts.BASELINE_PEOPLE)
    frame["skill"] = [
        "baseline" if r.model in baselines else with_range(r.skill, r.low, r.high, form="{:+.0%}")
        for r in f.itertuples()
    ]
    frame["beats the baseline"] = ["yes" if b else "no" for b in f["beats"]]
    kind, unit = scores.attrs["kind"], scores.attrs["unit"]
    n = scores["origin"].nunique()
    return Table(
        f"backtest-{kind}-{unit}",
        say("forecast/backtest_title", kind=kind, unit=unit, origins=n),
        frame,
        notes=say("forecast/backtest_notes").split("\n\n"),
        show=dict.fromkeys(SCORES.values(), "{:.2f}") | dict.fromkeys(BANDS.values(), "{:.0%}"),
        groups="forecast of",
    )


def _judged(scores: pd.DataFrame) -> dict[str, Any]:
    """Return for which targets a backtest's models beat the baseline, on all origins and on dense
    ones.
    """
    skills = forecasts.skill(scores)
    won, lost = [], []
    for target in skills["target"].unique():
        name, beats = forecasts.earned(skills, target)
        if beats:
            mine = (skills["target"] == target) & (skills["model"] == name)
            won.append({"name": TARGETS[target], **skills[mine].iloc[0]})
        else:
            lost.append(TARGETS[target])
    a = scores.attrs
    dense = scores[scores["origin"] >= a["dense_from"]] if a["dense_from"] else scores
    told = {"kind": a["kind"], "unit": a["unit"], "origins": scores["origin"].nunique()}
    told |= {"won": won, "lost": lost, "dense_origins": None, "won_dense": []}
    if 0 < len(dense) < len(scores):
        s = forecasts.skill(dense)
        beaten = [TARGETS[t] for t in s["target"].unique() if forecasts.earned(s, t)[1]]
        told |= {"dense_origins": dense["origin"].nunique(), "won_dense": beaten}
    return told


def verdict(*backtests: pd.DataFrame) -> Prose:
    """Return, per backtest, which model earned its place for which target, or that none did.

    >>> early = rp.analysis.forecast.backtest(record.as_of("2022-03-05"), "bodies")
    >>> print(verdict(early).splitlines()[0])
    **Handovers of bodies by deal:** too little was known at any month start to score a forecast.
    """
    return say("forecast/verdict", backtests=[_judged(s) for s in backtests])


def _row(outlook: forecasts.Outlook, skills: pd.DataFrame, target: str) -> dict[str, Any] | None:
    """Return the forecast of one target, or None where too few sizes are known."""
    k = outlook.known
    assert k is not None
    model, beats = forecasts.earned(skills, target)
    if target.startswith("people"):
        sizes = k.sizes[target.removeprefix("people_")]
        if len(sizes) < forecasts.FEWEST:
            return None
        p, shift = forecasts.SIZE_MODELS[model](sizes), 0
    else:
        f = forecasts.MODELS[model](k)
        p, shift = (f.next_day, 1) if target == "next" else (f.counts(int(target[5:])), 0)
    low, middle, high = (int(v) + shift for v in p.cumsum().searchsorted([0.1, 0.5, 0.9]))
    later = target == "next" and high > forecasts.HORIZON
    return {
        "of": _of(outlook.scores),
        "from": k.origin,
        "forecast of": TARGETS[target],
        "median": middle,
        "80% band": f"{low} to {f'over {forecasts.HORIZON}' if later else high}",
        "held in the past": forecasts.held(outlook.scores, target, model),
        "model": model,
        "beat the baseline": "yes" if beats else "no",
    }


def forecast_table(*outlooks: forecasts.Outlook) -> Table:
    """Return the forecasts of `forecast.ahead`, each by the model that earned it, else the
    baseline.

    >>> scores = rp.analysis.forecast.backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> table = forecast_table(rp.analysis.forecast.ahead(record, scores))
    >>> table.frame["forecast of"].tolist()[:2]
    ['days to the next', 'number in 30 days']
    """
    rows = []
    missing = []
    for outlook in outlooks:
        if outlook.forecast is None:
            missing.append(outlook.scores.attrs)
            continue
        skills = forecasts.skill(outlook.scores)
        rows += [_row(outlook, skills, target) for target in TARGETS]
    columns = ["of", "from", "forecast of", "median", "80% band", "held in the past", "model"]
    columns.append("beat the baseline")
    notes = say("forecast/forecast_notes", missing=missing, fewest=forecasts.FEWEST)
    return Table(
        "forecast",
        "Forecasts from the last searched day",
        pd.DataFrame([r for r in rows if r], columns=columns),
        notes=notes.split("\n\n"),
        show={"held in the past": "{:.0%}"},
        groups="of",
    )
