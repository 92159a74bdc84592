"""How forecasts scored and what the earned ones say, for readers."""

from __future__ import annotations

import pandas as pd

from repatria.analysis import forecast as forecasts
from repatria.analysis.cadence import (
    MANY,
)  # fmt: skip
from repatria.display.cadence import _first, _range
from repatria.display.table import Table
from repatria.display.words import Prose
from repatria.record.view import Record

_TARGETS = {
    "next": "days to the next", "count30": "number in 30 days", "count90": "number in 90 days",
    "people_to_ukraine": "people to Ukraine in the next", "people_to_russia": "people to Russia in the next",
}  # fmt: skip


def _of(scores: pd.DataFrame) -> str:
    return f"{MANY[scores.attrs['kind']]} by {scores.attrs['unit']}"


def backtest_table(scores: pd.DataFrame) -> Table:
    """Return `forecast.skill` of one backtest as a table: every model, every target."""
    f = forecasts.skill(scores)
    frame = pd.DataFrame(
        {"forecast of": f["target"].map(_TARGETS), "model": f["model"], "origins": f["origins"]}
    )
    for column, name in (("log", "log score"), ("crps", "CRPS"), ("brier", "Brier, any"), ("cover50", "in 50% band"),
                         ("cover80", "in 80% band")):  # fmt: skip
        frame[name] = f[column].astype(float)
    frame["skill"] = [
        "baseline"
        if m in (forecasts.BASELINE, forecasts.BASELINE_PEOPLE)
        else _range(s, low, high, "{:+.0%}")
        for m, s, low, high in zip(f["model"], f["skill"], f["low"], f["high"], strict=True)
    ]
    frame["beats the baseline"] = ["yes" if b else "no" for b in f["beats"]]
    a = scores.attrs
    when = f"{len(scores['origin'].unique())} month starts" if len(scores) else "no month start"
    return Table(
        f"backtest-{a['kind']}-{a['unit']}", f"Past forecasts of {_of(scores)}, scored on {when}", frame,
        notes=["Each forecast used only claims dated by its day. Lower log score, CRPS and Brier score are better; a right "
               "forecast has 50% and 80% of outcomes in its bands. Origins before dense reading began were forecast, "
               "and scored, on thin reading.",
               "Skill: 1 - CRPS / CRPS of the baseline, with a block bootstrap over origins; its 95% is shared among the "
               "rivals of a target. Beats: the whole interval is above zero."],
        show=dict.fromkeys(("log score", "CRPS", "Brier, any"), "{:.2f}")
        | dict.fromkeys(("in 50% band", "in 80% band"), "{:.0%}"),
    )  # fmt: skip


def verdict(*backtests: pd.DataFrame) -> Prose:
    """Return, per backtest, which model earned its place for which target, or that none beats the baseline."""
    out = []
    for scores in backtests:
        if scores.empty:
            out.append(
                f"**{_first(_of(scores))}:** too little was known at any month start to score a forecast."
            )
            continue
        s = skills = forecasts.skill(scores)
        won, lost = [], []
        for target in s["target"].unique():
            name, beats = forecasts.earned(skills, target)
            best = s[(s["target"] == target) & (s["model"] == name)].iloc[0]
            if beats:
                won.append(
                    f"{_TARGETS[target]}: {name}, skill {_range(best['skill'], best['low'], best['high'], '{:+.0%}')}"
                )
            else:
                lost.append(_TARGETS[target])
        text = f"**{_first(_of(scores))}:** "
        text += (
            ("beats the baseline for " + "; ".join(won) + ". ")
            if won
            else "no model beats the baseline. "
        )
        if won and lost:
            text += f"None beats it for {', '.join(lost)}. "
        dense = (
            scores[scores["origin"] >= scores.attrs["dense_from"]]
            if scores.attrs["dense_from"]
            else scores
        )
        if 0 < len(dense) < len(scores):
            s = forecasts.skill(dense)
            beaten = [_TARGETS[t] for t in s["target"].unique() if forecasts.earned(s, t)[1]]
            text += (f"On the {dense['origin'].nunique()} of {scores['origin'].nunique()} origins in dense reading alone the "
                     f"baseline is beaten for {', '.join(beaten) or 'none'}.")  # fmt: skip
        out.append(text.strip())
    out.append("The winner was picked on the same origins it is scored on, so its skill is an upper view. Nothing here knows "
               "of negotiations: it is what the rhythm alone gives.")  # fmt: skip
    return Prose("\n\n".join(out))


def forecast_table(record: Record, *backtests: pd.DataFrame) -> Table:
    """Return the forecasts from the last searched day, each by the model that earned it, else the baseline."""
    rows = []
    notes = []
    for scores in backtests:
        found = forecasts.ahead(record, scores)
        if found is None:
            notes.append(
                f"{_first(_of(scores))}: fewer than {forecasts.FEWEST} completed gaps, no forecast."
            )
            continue
        _, k, _, _ = found
        skills = forecasts.skill(scores)
        for target, name in _TARGETS.items():
            model, beats = forecasts.earned(skills, target)
            if target.startswith("people"):
                sizes = k.sizes[target.removeprefix("people_")]
                if len(sizes) < forecasts.FEWEST:
                    continue
                p, shift = forecasts.SIZE_MODELS[model](sizes), 0
            else:
                f = forecasts.MODELS[model](k)
                p, shift = (
                    (f.next_day, 1)
                    if target == "next"
                    else (f.counts(int(target.removeprefix("count"))), 0)
                )
            low, middle, high = (int(v) + shift for v in p.cumsum().searchsorted([0.1, 0.5, 0.9]))
            later = target == "next" and high > forecasts.HORIZON
            rows.append({"of": _of(scores), "from": k.origin, "forecast of": name, "median": middle,
                         "80% band": f"{low} to {f'over {forecasts.HORIZON}' if later else high}",
                         "held in the past": forecasts.held(scores, target, model), "model": model, "beat the baseline": "yes" if beats else "no"})  # fmt: skip
    columns = [
        "of",
        "from",
        "forecast of",
        "median",
        "80% band",
        "held in the past",
        "model",
        "beat the baseline",
    ]
    return Table("forecast", "Forecasts from the last searched day", pd.DataFrame(rows, columns=columns),
                 notes=[*notes, "Held in the past: share of outcomes inside the model's 80% band in the backtest. Days are "
                        "counted from the day searched last, not from today."],
                 show={"held in the past": "{:.0%}"})  # fmt: skip
