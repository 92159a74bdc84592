"""Charts of cadence: findings in titles, the open gap hollow, unread days hatched, empty windows said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from repatria import charts
from repatria.analysis import cadence, forecast
from repatria.charts import base


@pytest.fixture(scope="module")
def scores(record: Any) -> pd.DataFrame:
    months = [pd.Timestamp(f"2024-{m:02d}-01") for m in range(1, 13, 2)]
    return forecast.backtest(record, "bodies", "deal", at=months)


def drawn(record: Any, scores: pd.DataFrame, since: str = "") -> dict[str, base.Chart]:
    g = cadence.gaps(record, "bodies", "deal", since)
    return {
        "stems": charts.gap_stems(g),
        "survival": charts.survival_curve(g),
        "strip": charts.event_strip(record, since),
        "calendar": charts.calendar(record, since),
        "regimes": charts.regime_rates(record, "bodies", "deal", since),
        "fan": charts.forecast_fan(record, scores),
    }


def text(fig: Figure) -> str:
    return "\n".join([t.get_text() for t in fig.texts] + [t.get_text() for a in fig.axes for t in a.texts])


@pytest.fixture(scope="module")
def figures(record: Any, scores: pd.DataFrame) -> dict[str, base.Chart]:
    return drawn(record, scores)


def test_nothing_known_yet_gives_statements(record: Any, scores: pd.DataFrame) -> None:
    then = record.as_of("2022-02-25")
    nothing = forecast.backtest(then, "bodies")
    for fig in drawn(then, nothing).values():
        assert not fig.axes and fig.alt, "never an empty axis"


@pytest.mark.parametrize("since", ["2026-04-01", "2026-02-01"])
def test_short_windows_do_not_break(record: Any, scores: pd.DataFrame, since: str) -> None:
    for fig in drawn(record, scores, since).values():
        assert fig.alt and fig.png()


def test_every_chart_has_alt_text_source_and_day(figures: dict[str, base.Chart]) -> None:
    for name, fig in figures.items():
        assert len(fig.alt) > 60, name
        assert "Source: Repatria record" in text(fig) and "As of 20" in text(fig), name
        assert any(day in text(fig) for day in ("11 March 2026", "Densely searched through 2026-03-11")), name


@pytest.mark.parametrize("name", ["stems", "survival", "strip", "calendar", "regimes", "fan"])
def test_unread_months_are_hatched_in_every_chart(figures: dict[str, base.Chart], name: str) -> None:
    hatched = [p for a in figures[name].axes for p in a.patches if p.get_hatch() and "/" in p.get_hatch()]
    assert hatched, "bodies were not searched after 11 March 2026"


def test_the_open_gap_is_hollow_arrowed_and_labelled(record: Any) -> None:
    g = cadence.gaps(record, "bodies", "deal")
    fig = charts.gap_stems(g)
    ax = fig.axes[0]
    hollow = [c for c in ax.collections if len(c.get_facecolor()) and to_hex(c.get_facecolor()[0]) == "#ffffff"]
    assert len(hollow) == 1 and hollow[0].get_offsets()[0][1] == 13
    assert any(getattr(t, "arrow_patch", None) for t in ax.texts)
    assert "13 days\nby then" in text(fig) and "No handover of bodies for 13 days by 11 March 2026" in fig.alt
    dots = sum(len(c.get_offsets()) for c in ax.collections if hasattr(c, "get_sizes") and len(c.get_sizes()))
    assert dots == len(g), "one mark a gap"


def test_the_curve_is_the_analysis(record: Any) -> None:
    g = cadence.gaps(record, "prisoners", "deal")
    ax = charts.survival_curve(g).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), cadence.survival(g)["survival"])
    assert "the gap open on 11 March 2026: 5 days" in text(ax.figure)


def test_the_calendar_shows_dense_silence_as_zero_and_unread_as_none(record: Any) -> None:
    fig = charts.calendar(record)
    numbers = [t.get_text() for t in fig.axes[1].texts]
    m = cadence.monthly(record, "bodies")
    shown = m[~m["reading"].isin(["before", "after"]) & ~((m["reading"] == "unread") & (m["days"] == 0))]
    assert numbers == [str(d) for d in shown["days"]]


def test_charts_change_nothing_and_repeat(record: Any, scores: pd.DataFrame) -> None:
    g = cadence.gaps(record, "bodies", "deal")
    held, kept = g.copy(), scores.copy()
    assert charts.gap_stems(g).png() == charts.gap_stems(g).png()
    charts.forecast_fan(record, scores)
    pd.testing.assert_frame_equal(g, held)
    pd.testing.assert_frame_equal(scores, kept)


def test_text_stays_inside_the_figure(figures: dict[str, base.Chart]) -> None:
    for name, fig in figures.items():
        fig.png()
        width, height = fig.bbox.width, fig.bbox.height
        for t in [*fig.texts, *(x for a in fig.axes for x in a.texts)]:
            box = t.get_window_extent()
            assert box.x0 > -2 and box.x1 < width + 2 and box.y0 > -2 and box.y1 < height + 2, (name, t.get_text())
