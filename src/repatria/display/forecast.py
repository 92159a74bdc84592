"""How forecasts scored and what the chosen ones say: sentences (templates in `en/forecast/`) and
tables.

A forecast is shown only while its days are not over: `on` is the day of publication (default: today).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from repatria.analysis import forecast as forecasts
from repatria.display.cadence import with_range
from repatria.display.table import Table
from repatria.display.words import WORDS, Prose, percent, say
from repatria.record import names
from repatria.record.view import Day, day

__all__ = ["backtest_table", "chance_table", "forecast_table", "published", "verdict"]

TARGETS = WORDS["target"]
SCORES = {"log": "log score", "crps": "CRPS"}
BANDS = {"cover50": "in 50% band", "cover80": "in 80% band"}
BRIER = {"brier": "Brier score", "brier_constant": "of the constant rate"}
BRIER |= {"brier_base": "of the base rate in hindsight"}


def published(on: Day | None = None) -> pd.Timestamp:
    """Return the day of publication: today unless said.

    Raises ValueError for what is no day.

    >>> published("2026-03-12")
    Timestamp('2026-03-12 00:00:00')
    """
    return pd.Timestamp.now().normalize() if on is None else day(on, "on")


def _of(attrs: Any) -> str:
    return f"{names.KIND_WORDS[attrs['kind']][1]} by {attrs['unit']}"


def _reach(target: str) -> int:
    """Return for how many days a forecast speaks."""
    return int(target[5:]) if target.startswith("count") else forecasts.HORIZON


def _state(outlook: forecasts.Outlook, on: pd.Timestamp) -> dict[str, Any]:
    """Return what a note needs to say why a forecast is, or is not, given."""
    origin = outlook.known.origin if outlook.known is not None and outlook.forecasts else None
    until = None if origin is None else origin + pd.Timedelta(days=forecasts.HORIZON)
    over = until is not None and until < on
    running = outlook.known.running if outlook.known is not None else None
    so_far = {d: int(s.sum()) for d, s in (running or {}).items() if len(s)}
    a = outlook.scores.attrs
    told = {"kind": a["kind"], "unit": a["unit"], "origin": origin, "over": over, "until": until}
    return told | {"running": so_far, "horizon": forecasts.HORIZON, "fewest": forecasts.FEWEST}


def backtest_table(scores: pd.DataFrame) -> Table:
    """Return `forecast.skill` of one backtest as a table: every model, every target.

    >>> months = [pd.Timestamp("2025-05-01"), pd.Timestamp("2025-06-01")]
    >>> table = backtest_table(rp.analysis.forecast.backtest(record, "bodies", at=months))
    >>> print(table.title)
    Past forecasts of handovers of bodies by deal, scored on 2 days
    """
    f = forecasts.skill(scores)
    frame = pd.DataFrame({"forecast of": f["target"].map(TARGETS), "model": f["model"]})
    frame["origins"] = f["origins"]
    for column, name in (SCORES | BANDS).items():
        frame[name] = f[column].astype(float)
    baselines = (forecasts.BASELINE, forecasts.BASELINE_PEOPLE)
    for name, ends, form in (
        ("CRPS smaller by", ("skill", "low", "high"), "{:+.0%}"),
        ("log score smaller by", ("gain", "gain_low", "gain_high"), "{:+.2f}"),
    ):
        frame[name] = [
            "baseline" if m in baselines else with_range(*x, form=form)
            for m, x in zip(f["model"], f[list(ends)].itertuples(index=False), strict=True)
        ]
    for column, name in (("calibrated", "calibrated"), ("chosen", "chosen")):
        frame[name] = ["yes" if b else "no" for b in f[column]]
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
    """Return which model answers each target, and how sure its skill is."""
    skills = forecasts.skill(scores)
    answers = []
    for target in skills["target"].unique():
        s = skills[skills["target"] == target]
        choice = forecasts.chosen(skills, target)
        mine = s[s["model"] == choice.model].iloc[0]
        best = s.loc[s["log"].idxmin()]
        answer = {"target": target, "name": TARGETS[target], **choice._asdict()}
        answer |= {c: float(mine[c]) for c in ("skill", "low", "high")}
        answer["best"] = {c: best[c] for c in ("model", "skill", "low", "high", "calibrated")}
        answers.append(answer)
    a = scores.attrs
    days = scores["origin"]
    told = {"kind": a["kind"], "unit": a["unit"], "origins": days.nunique(), "answers": answers}
    return told | {"first": days.min(), "last": days.max()}


def verdict(*backtests: pd.DataFrame) -> Prose:
    """Return, per backtest, which model answers which question and why, or that none has skill.

    >>> early = rp.analysis.forecast.backtest(record.as_of("2022-03-05"), "bodies")
    >>> print(verdict(early).splitlines()[0])
    **Handovers of bodies by deal:** too little was known on any day to score a forecast.
    """
    return say("forecast/verdict", backtests=[_judged(s) for s in backtests])


def chance_table(*outlooks: forecasts.Outlook, on: Day | None = None) -> Table:
    """Return the chances of `Outlook.chances`, a row each, with how such chances did in the past.

    A chance whose days are over on the day of publication is not shown.

    >>> scores = rp.analysis.forecast.backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> outlook = rp.analysis.forecast.ahead(record.as_of("2025-06-30", coverage="today"), scores)
    >>> table = chance_table(outlook, on="2025-07-10")
    >>> table.frame[["within days", "chance"]].values.tolist()[0]
    [7, 'over']
    """
    today = published(on)
    rows, states, skilled = [], [], []
    for outlook in outlooks:
        found = outlook.chances
        states.append(_state(outlook, today))
        choice = outlook.choices["next"]
        skilled.append({"kind": found.attrs["kind"], **choice._asdict()})
        for c in found.itertuples():
            row = {"of": _of(found.attrs), "within days": c.within}
            if states[-1]["origin"] is not None and not states[-1]["over"]:
                row["until"] = c.until
                row["chance"] = percent(c.chance, 0) if c.until >= today else "over"
            row |= {"came in the past (base rate)": c.came, "said in the past": c.expected}
            rows.append(row | {name: getattr(c, key) for key, name in BRIER.items()})
    frame = pd.DataFrame(rows)
    if "chance" in frame:
        frame["chance"] = frame["chance"].fillna("not given")
    shares = ("came in the past (base rate)", "said in the past")
    origins = max((len(o.scores["origin"].unique()) for o in outlooks), default=0)
    notes = say("forecast/chance_notes", states=states, choices=skilled, origins=origins)
    return Table(
        "chance",
        say("forecast/chance_title", given="chance" in frame),
        frame,
        notes=notes.split("\n\n"),
        show=dict.fromkeys(shares, "{:.0%}") | dict.fromkeys(BRIER.values(), "{:.3f}"),
        groups="of" if len(frame) else "",
    )


def _row(outlook: forecasts.Outlook, target: str) -> dict[str, Any] | None:
    """Return the forecast of one target, or None where too few sizes are known."""
    k, choice = outlook.known, outlook.choices[target]
    assert k is not None
    if target.startswith("people"):
        sizes = k.sizes[target.removeprefix("people_")]
        if len(sizes) < forecasts.FEWEST:
            return None
        p = forecasts.SIZE_MODELS[choice.model](sizes)
        low, middle, high = (forecasts.people(p, q) for q in (0.1, 0.5, 0.9))
    else:
        f, shift = outlook.forecasts[target], int(target == "next")
        p = (f.next_day if shift else f.counts(_reach(target)))[0]
        low, middle, high = (int(v) + shift for v in p.cumsum().searchsorted([0.1, 0.5, 0.9]))
    later = target == "next" and high > forecasts.HORIZON
    end = f"over {forecasts.HORIZON}" if later else f"{high:,}"
    return {
        "of": _of(outlook.scores.attrs),
        "from": k.origin,
        "until": k.origin + pd.Timedelta(days=_reach(target)),
        "forecast of": TARGETS[target],
        "median": middle,
        "80% band": f"{low:,} to {end}",
        "held in the past": choice.held,
        "model": choice.model,
        "skill": "yes" if choice.skilled else "no",
    }


def forecast_table(*outlooks: forecasts.Outlook, on: Day | None = None) -> Table:
    """Return the forecasts of `forecast.ahead` whose days are not over on the day of publication.

    >>> scores = rp.analysis.forecast.backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> outlook = rp.analysis.forecast.ahead(record.as_of("2025-06-30", coverage="today"), scores)
    >>> forecast_table(outlook, on="2025-07-10").frame["forecast of"].tolist()[:2]
    ['days to the next', 'number in 30 days']
    >>> forecast_table(outlook, on="2026-01-01").frame.empty
    True
    """
    today = published(on)
    found = [_row(o, target) for o in outlooks if o.forecasts for target in TARGETS]
    columns = ["of", "from", "until", "forecast of", "median", "80% band", "held in the past"]
    rows = [r for r in found if r and r["until"] >= today]
    notes = say("forecast/forecast_notes", states=[_state(o, today) for o in outlooks])
    return Table(
        "forecast",
        "Forecasts from the last densely searched day",
        pd.DataFrame(rows, columns=[*columns, "model", "skill"]),
        notes=notes.split("\n\n"),
        show={"held in the past": "{:.0%}", "median": "{:,}"},
        groups="of" if rows else "",
    )
