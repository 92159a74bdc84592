"""The fan: refused without ground or knowledge, at the numbers of the forecast, legible at any size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from looks import SIZES, faults

from repatria.analysis import forecast
from repatria.charts import forecast as charts


def fan(outlook: forecast.Outlook, on: str = "2026-03-12") -> Any:
    return charts.fan(outlook, on=on)


@pytest.fixture(scope="module")
def outlook(record: Any) -> forecast.Outlook:
    return forecast.ahead(record, forecast.backtest(record, "bodies", "deal"))


def test_a_frame_that_lost_its_coverage_is_refused(outlook: forecast.Outlook) -> None:
    lost = outlook.handovers.copy()
    lost.attrs = {k: v for k, v in lost.attrs.items() if k != "coverage"}
    with pytest.raises(ValueError, match="silence"):
        fan(replace(outlook, handovers=lost))


def test_too_little_known_is_said(record: Any) -> None:
    then = record.as_of("2022-03-05", coverage="today")
    chart = fan(forecast.ahead(then, forecast.backtest(then, "bodies")))
    assert not chart.panels and "No forecast" in chart.title


def test_a_model_not_scored_yet_is_said(outlook: forecast.Outlook) -> None:
    none = outlook.scores.iloc[:0]
    none.attrs = outlook.scores.attrs
    chart = fan(replace(outlook, scores=none))
    assert "held" not in chart.subtitle
    assert "not scored yet" in [t.get_text() for t in chart.figure().findobj(mpl.text.Text)]


def test_the_fan_ends_at_the_quantiles_of_the_forecast(outlook: forecast.Outlook) -> None:
    end = forecast.fan(outlook.forecasts["count90"]).iloc[-1]
    chart = fan(outlook)
    assert f"{end[0.1]:.0f} to {end[0.9]:.0f} deals forecast (80% band), median" in chart.title
    middle = chart.figure().axes[0].lines[-1].get_ydata()
    assert middle[-1] - middle[0] == end[0.5]
    assert chart.title in chart.alt and "Densely searched through" in chart.source


def test_days_after_the_search_are_shaded_and_named(outlook: forecast.Outlook) -> None:
    ax = fan(outlook).figure(12, 4).axes[0]
    assert len(ax.patches)
    assert "after the last\nsearched day" in [t.get_text() for t in ax.texts]


def test_after_its_days_only_the_past_is_drawn(outlook: forecast.Outlook) -> None:
    chart = fan(outlook, on="2026-11-25")
    assert chart.panels == ("past",) and "no forecast" in chart.title
    assert fan(outlook, on="2026-06-09").panels == ("fan", "past"), "the last of its days"


@pytest.mark.parametrize("on", ["2026-03-12", "2026-11-25"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_texts_meet_no_other_and_stay_inside(outlook: forecast.Outlook, size: Any, on: str) -> None:
    assert not faults(fan(outlook, on).figure(*size))


def test_a_fan_changes_nothing(outlook: forecast.Outlook) -> None:
    held = outlook.scores.copy()
    fan(outlook).figure()
    pd.testing.assert_frame_equal(outlook.scores, held)
