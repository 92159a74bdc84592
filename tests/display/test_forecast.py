"""What is said of forecasts: no skill is said as such, too little known is said, no hole for a missing number."""

from __future__ import annotations

from typing import Any

import jinja2
import pandas as pd
import pytest

from repatria.analysis import forecast
from repatria.display import forecast as tables
from repatria.display.words import say

WON = {"target": "count90", "name": "number in 90 days", "model": "past gaps", "skilled": True}
WON |= {"calibrated": True, "held": 0.8, "skill": 0.2, "low": 0.05, "high": 0.31}
LOST = WON | {"target": "next", "name": "days to the next", "model": "base rate", "skilled": False}
LOST |= {"best": {"model": "past gaps", "skill": 0.1, "low": -0.2, "high": 0.4}}
DAY = pd.Timestamp("2025-06-30")
VERDICT = {"kind": "bodies", "unit": "deal", "origins": 119, "answers": [WON, LOST]}
VERDICT |= {"first": pd.Timestamp("2023-09-01"), "last": DAY}
FAN = {"kind": "bodies", "unit": "deal", "horizon": 90, "origin": DAY, "until": DAY, "over": False}
FAN |= {"low": 1, "middle": 3, "high": 5, "model": "past gaps", "skilled": True}
FAN |= {"tested": 119, "held": 0.8, "late": 0}
STATE = {"kind": "bodies", "unit": "deal", "origin": DAY, "over": False, "until": DAY}
STATE |= {"running": {}, "horizon": 90, "fewest": 8}
CHOICE = {"kind": "bodies", "model": "base rate", "skilled": False, "calibrated": True}
CHANCE = {"states": [STATE], "choices": [CHOICE], "origins": 119}
PASSED = "2026-11-25"


@pytest.fixture(scope="module")
def scores(record: Any) -> pd.DataFrame:
    return forecast.backtest(record, "bodies", "deal")


@pytest.fixture(scope="module")
def outlook(record: Any, scores: pd.DataFrame) -> forecast.Outlook:
    return forecast.ahead(record.as_of("2025-06-14", coverage="today"), scores)


@pytest.mark.parametrize("lost", VERDICT)
def test_a_verdict_that_lacks_a_number_is_an_error(lost: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        say("forecast/verdict", backtests=[{k: v for k, v in VERDICT.items() if k != lost}])


@pytest.mark.parametrize("lost", FAN)
def test_a_fan_that_lacks_a_number_is_an_error(lost: str) -> None:
    told = FAN | {"over": lost == "until"}  # the last day ahead is said once all is over
    with pytest.raises(jinja2.UndefinedError):
        say("forecast/fan", **{k: v for k, v in told.items() if k != lost})


@pytest.mark.parametrize("lost", ["model", "skilled", "calibrated", "kind"])
def test_a_note_on_chances_that_lacks_a_number_is_an_error(lost: str) -> None:
    broken = {k: v for k, v in CHOICE.items() if k != lost}
    if lost == "calibrated":
        say("forecast/chance_notes", **CHANCE | {"choices": [broken | {"skilled": True}]})
    with pytest.raises(jinja2.UndefinedError):
        say("forecast/chance_notes", **CHANCE | {"choices": [broken]})


@pytest.mark.parametrize("lost", ["origin", "over", "running", "kind", "unit"])
def test_a_note_on_the_day_that_lacks_a_number_is_an_error(lost: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        say("forecast/forecast_notes", states=[{k: v for k, v in STATE.items() if k != lost}])


def test_smallest_and_usual_verdicts() -> None:
    told, close = say("forecast/verdict", backtests=[VERDICT]).split("\n\n")
    assert told == (
        "**Handovers of bodies by deal:** tested on 119 days from 1 September 2023 to 30 June 2025. "
        "Number in 90 days: past gaps, error 20% smaller than the baseline's (5% to 31%), 80% bands "
        "held 80%. Days to the next: no skill; the base rate is used, whose 80% bands held 80%. The "
        "best rival, past gaps, has an error 10% smaller than the constant rate's, but that is not "
        "sure (-20% to 40%)."
    )
    assert close.startswith("Error: CRPS")
    loose = VERDICT | {"answers": [LOST | {"calibrated": False, "held": 0.5}]}
    assert "although its 80% bands held 50%" in say("forecast/verdict", backtests=[loose])
    nothing = say("forecast/verdict", backtests=[VERDICT | {"origins": 0, "answers": []}])
    assert "too little was known" in nothing
    assert say("forecast/verdict", backtests=[]) == close


def test_smallest_and_usual_notes_on_chances() -> None:
    usual = say("forecast/chance_notes", **CHANCE)
    assert usual.startswith(
        "Handovers of bodies by deal: from 30 June 2025, the last densely searched day, not from "
        "today.\n\nHandovers of bodies: no skill."
    )
    running = STATE | {"running": {"to_ukraine": 3612, "to_russia": 27}}
    said = say("forecast/chance_notes", **CHANCE | {"states": [running]})
    assert "may not be over (3,612 to Ukraine, 27 to Russia so far)" in said
    over = say("forecast/chance_notes", **CHANCE | {"states": [STATE | {"over": True}]})
    assert "no forecast. Dense reading ended on 30 June 2025" in over
    skilled = CHOICE | {"skilled": True}
    assert "did surely better" in say("forecast/chance_notes", **CHANCE | {"choices": [skilled]})
    poor = CHOICE | {"calibrated": False}
    assert "for want of" in say("forecast/chance_notes", **CHANCE | {"choices": [poor]})
    least = say("forecast/chance_notes", states=[], choices=[], origins=0)
    assert least.startswith("Came in the past: on which share of 0 days")


def test_smallest_and_usual_words_of_the_fan() -> None:
    title, subtitle, _ = say("forecast/fan", **FAN).split("\n\n")
    assert title == (
        "Handovers of bodies in the 90 days after 30 June 2025: 1 to 5 deals forecast (80% band), "
        "median 3"
    )
    assert subtitle.startswith("Model: past gaps, surely better than the constant rate; its past")
    least = say("forecast/fan", **FAN | {"tested": 0, "skilled": False, "late": 1})
    assert "Model: past gaps, no skill shown." in least
    assert "Dashed ticks: found in thin reading since, not used." in least
    title, subtitle, alt = say("forecast/fan", **FAN | {"over": True, "late": 1}).split("\n\n")
    assert title.endswith("no forecast, because dense reading ended on 30 June 2025")
    assert "were over on" in subtitle and "ticks" not in subtitle and "fan" not in alt


def test_no_skill_is_said(scores: pd.DataFrame) -> None:
    flat = scores.assign(crps=1.0, log=1.0, cover80=0.8)
    flat.attrs = scores.attrs
    assert tables.verdict(flat).count("no skill") == 5


def test_too_little_known_is_said(record: Any) -> None:
    for then in ("2022-02-25", "2022-03-05"):
        view = record.as_of(then, coverage="today")
        empty = forecast.backtest(view)
        assert "too little was known" in tables.verdict(empty)
        assert "no day" in tables.backtest_table(empty)._repr_html_()
        outlook = forecast.ahead(view, empty)
        table = tables.forecast_table(outlook)
        assert table.frame.empty and "no forecast" in table.notes[0]
        chances = tables.chance_table(outlook)
        assert "chance" not in chances.frame and "no forecast" in chances.notes[0]
        assert "nan" not in chances._repr_html_().lower()


def test_no_forecast_is_shown_once_its_days_are_over(
    record: Any, scores: pd.DataFrame, outlook: forecast.Outlook
) -> None:
    """Golden: dense reading to 11 March 2026 forecasts nothing on 25 November 2026."""
    now = forecast.ahead(record, scores)
    chances, others = (f(now, on=PASSED) for f in (tables.chance_table, tables.forecast_table))
    assert "chance" not in chances.frame and "none is given now" in chances.title
    assert len(chances.frame) == 4 and chances.frame["Brier score"].notna().all()
    assert others.frame.empty and "ended on 11 March 2026" in others.notes[0]
    # One by one: after ten days the chance of a week is over, the others are not.
    shown = tables.chance_table(outlook, on="2025-06-24").frame["chance"].tolist()
    assert shown[0] == "over" and all(c.endswith("%") for c in shown[1:])
    assert tables.chance_table(outlook, on="2025-06-21").frame["chance"][0] != "over", (
        "its last day"
    )
    left = tables.forecast_table(outlook, on="2025-07-20").frame["forecast of"].tolist()
    assert "number in 30 days" not in left and "number in 90 days" in left
    with pytest.raises(ValueError, match="on"):
        tables.chance_table(outlook, on="soon")


def test_every_target_is_forecast_from_the_searched_day(outlook: forecast.Outlook) -> None:
    assert outlook.known is not None
    table = tables.forecast_table(outlook, on="2025-06-14")
    assert set(table.frame["from"]) == {outlook.known.origin} and len(table.frame) == 5
    assert table.frame["forecast of"].tolist() == list(tables.TARGETS.values())
    assert "3,612 to Ukraine" in table.notes[0], "the running deal is named as such"
    assert 3612 not in table.frame["median"].tolist()


def test_the_backtest_table_has_every_model(scores: pd.DataFrame) -> None:
    table = tables.backtest_table(scores)
    assert set(forecast.MODELS) | set(forecast.SIZE_MODELS) == set(table.frame["model"])
    assert (table.frame["CRPS smaller by"] == "baseline").sum() == 5
    assert (table.frame["chosen"] == "yes").sum() == 5
    assert "scored on 119 days" in table.title
