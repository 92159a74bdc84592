"""What is said of forecasts: no skill is said as such, too little known is said, no hole for a missing number."""

from __future__ import annotations

from typing import Any

import jinja2
import pandas as pd
import pytest

from repatria.analysis import forecast
from repatria.display import forecast as tables
from repatria.display.words import say

WON = {"name": "number in 90 days", "model": "past gaps", "skill": 0.2, "low": 0.05, "high": 0.31}
VERDICT = {"kind": "bodies", "unit": "deal", "origins": 36, "won": [WON], "lost": ["next"]}
VERDICT |= {"dense_origins": 28, "won_dense": []}
FAN = {"kind": "bodies", "unit": "deal", "horizon": 90, "origin": pd.Timestamp("2025-06-30")}
FAN |= {"low": 1, "middle": 3, "high": 5, "model": "past gaps", "beats": True}
FAN |= {"tested": 36, "held": 0.8, "late": 0}


@pytest.fixture(scope="module")
def scores(record: Any) -> pd.DataFrame:
    months = [pd.Timestamp(f"2024-{m:02d}-01") for m in range(1, 13, 2)]
    return forecast.backtest(record, "bodies", "deal", at=months)


@pytest.mark.parametrize("lost", VERDICT)
def test_a_verdict_that_lacks_a_number_is_an_error(lost: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        say("forecast/verdict", backtests=[{k: v for k, v in VERDICT.items() if k != lost}])


@pytest.mark.parametrize("lost", FAN)
def test_a_fan_that_lacks_a_number_is_an_error(lost: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        say("forecast/fan", **{k: v for k, v in FAN.items() if k != lost})


def test_smallest_and_usual_verdicts() -> None:
    told, close = say("forecast/verdict", backtests=[VERDICT]).split("\n\n")
    assert told == (
        "**Handovers of bodies by deal:** beats the baseline for number in 90 days: past gaps, "
        "skill +20% (+5% to +31%). None beats it for next. On the 28 of 36 origins in dense "
        "reading alone the baseline is beaten for none."
    )
    assert close.startswith("The winner was picked")
    none = VERDICT | {"won": [], "dense_origins": None}
    assert "no model beats the baseline.\n\n" in say("forecast/verdict", backtests=[none])
    nothing = say("forecast/verdict", backtests=[VERDICT | {"origins": 0}])
    assert "too little was known" in nothing
    assert say("forecast/verdict", backtests=[]) == close


def test_smallest_and_usual_words_of_the_fan() -> None:
    title, subtitle, _ = say("forecast/fan", **FAN).split("\n\n")
    assert title == (
        "Handovers of bodies in the 90 days after 30 June 2025: 1 to 5 deals forecast, median 3"
    )
    assert subtitle.startswith("Model: past gaps, which beat the constant rate; its past 80%")
    least = say("forecast/fan", **FAN | {"tested": 0, "beats": False, "late": 1}).split("\n\n")[1]
    assert least.startswith("Model: constant rate; no other beat it. ")
    assert least.endswith("Dashed ticks: found in thin reading since, not used.")


def test_no_skill_is_said(scores: pd.DataFrame) -> None:
    flat = scores.copy()
    flat["crps"] = 1.0
    flat.attrs = scores.attrs
    assert "no model beats the baseline" in tables.verdict(flat)


def test_too_little_known_is_said(record: Any) -> None:
    for then in (record.as_of("2022-02-25"), record.as_of("2022-03-05")):
        empty = forecast.backtest(then)
        assert "too little was known" in tables.verdict(empty)
        assert "no month start" in tables.backtest_table(empty)._repr_html_()
        table = tables.forecast_table(forecast.ahead(then, empty))
        assert table.frame.empty and "no forecast" in table.notes[0]


def test_every_target_is_forecast_from_the_searched_day(record: Any, scores: pd.DataFrame) -> None:
    outlook = forecast.ahead(record, scores)
    assert outlook.known is not None
    table = tables.forecast_table(outlook)
    assert set(table.frame["from"]) == {outlook.known.origin} and len(table.frame) == 5
    assert table.frame["forecast of"].tolist() == list(tables.TARGETS.values())


def test_the_backtest_table_has_every_model(scores: pd.DataFrame) -> None:
    table = tables.backtest_table(scores)
    assert set(forecast.MODELS) | set(forecast.SIZE_MODELS) == set(table.frame["model"])
    assert (table.frame["skill"] == "baseline").sum() == 5
    assert "scored on 6 month starts" in table.title
