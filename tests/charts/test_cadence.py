"""Charts of cadence: what they refuse, what they mark, what they say, how they look at any size."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from looks import SIZES, faults
from matplotlib.colors import to_hex

from repatria import charts
from repatria.analysis import cadence
from repatria.charts.base import Chart, Style

BOTH = ("prisoners", "bodies")
NAMES = ("stems", "survival", "strip", "calendar", "regimes")
FLAT = ("weekdays", "rhythm")  # without an axis of dates


def drawn(record: Any, since: str = "", kind: str = "bodies") -> dict[str, Chart]:
    g = cadence.gaps(record, kind, "deal", since)
    of = [cadence.handovers(record, k, unit, since) for k in BOTH for unit in cadence.UNITS]
    tests = cadence.error_budget(record, since)
    rhythms = [cadence.rhythm(cadence.gaps(record, k, "deal", since), draws=50) for k in BOTH]
    patterns = [cadence.pattern(record, k, since=since) for k in BOTH]
    return {
        "weekdays": charts.cadence.weekdays(*patterns, tests=tests),
        "rhythm": charts.cadence.rhythm(*rhythms, tests=tests),
        "stems": charts.cadence.gap_stems(g),
        "survival": charts.cadence.survival_curve(g),
        "strip": charts.cadence.event_strip(*of),
        "calendar": charts.cadence.calendar(*[cadence.monthly(record, k, since) for k in BOTH]),
        "regimes": charts.cadence.regime_rates(cadence.regimes(record, kind, since)),
    }


@pytest.fixture(scope="module")
def windows(record: Any) -> Callable[[str, str], dict[str, Chart]]:
    """Return a function that gives the charts of a window and a kind, made once."""
    return cache(partial(drawn, record))


@pytest.fixture(scope="module")
def found(windows: Callable[[str, str], dict[str, Chart]]) -> dict[str, Chart]:
    return windows("", "bodies")


def shown(chart: Chart, **size: Any) -> str:
    """Return all that is written on the axes."""
    return "\n".join(t.get_text() for t in chart.figure(**size).findobj(mpl.text.Text))


# --- failures first -------------------------------------------------------------------------------


def test_a_frame_that_lost_its_coverage_is_refused(record: Any) -> None:
    g = cadence.gaps(record, "bodies", "deal")
    h = cadence.handovers(record, "bodies")
    g.attrs = {k: v for k, v in g.attrs.items() if k != "coverage"}
    h.attrs = {}
    for chart, frame in (
        (charts.cadence.gap_stems, g),
        (charts.cadence.survival_curve, g),
        (charts.cadence.event_strip, h),
    ):
        with pytest.raises(ValueError, match="silence"):
            chart(frame)


def test_nothing_known_yet_gives_statements(record: Any) -> None:
    for chart in drawn(record.as_of("2022-02-25")).values():
        assert not chart.panels and chart.alt, "never an empty axis"


def test_one_gap_is_no_curve(record: Any) -> None:
    g = cadence.gaps(record, "bodies", "deal", "2026-02-01")
    assert len(g) < 3
    assert "No survival curve" in charts.cadence.survival_curve(g).title


@pytest.mark.parametrize("since", ["2026-04-01", "2026-02-01"])
def test_short_windows_do_not_break(record: Any, since: str) -> None:
    for chart in drawn(record, since).values():
        assert chart.alt and chart.figure("phone")


# --- marks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_months_not_read_densely_are_marked(found: dict[str, Chart], name: str) -> None:
    thin = Style().colours["thin"]
    patches = [p for a in found[name].figure().axes for p in a.patches]
    marked = [p for p in patches if p.get_hatch() or to_hex(p.get_facecolor()).upper() == thin]
    assert marked, "bodies were read thinly after 11 March 2026"


def test_the_open_gap_is_hollow_arrowed_and_labelled(record: Any) -> None:
    g = cadence.gaps(record, "bodies", "deal")
    chart = charts.cadence.gap_stems(g)
    ax = chart.figure().axes[0]
    faces = [(c, c.get_facecolor()) for c in ax.collections]
    hollow = [c for c, face in faces if len(face) and to_hex(face[0]) == "#ffffff"]
    assert len(hollow) == 1 and hollow[0].get_offsets()[0][1] == 13
    assert any(getattr(t, "arrow_patch", None) for t in ax.texts)
    assert "13 days\nby then" in shown(chart)
    assert "No handover of bodies for 13 days by 11 March 2026" in chart.alt
    sized = [c for c in ax.collections if hasattr(c, "get_sizes") and len(c.get_sizes())]
    assert sum(len(c.get_offsets()) for c in sized) == len(g), "one mark a gap"


def test_the_curve_is_the_analysis(record: Any) -> None:
    g = cadence.gaps(record, "prisoners", "deal")
    chart = charts.cadence.survival_curve(g)
    ax = chart.figure().axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), cadence.survival(g)["survival"])
    assert "the gap open on 11 March 2026: 5 days" in shown(chart)


def test_the_calendar_shows_dense_silence_as_zero_and_unread_as_none(record: Any) -> None:
    m = cadence.monthly(record, "bodies")
    numbers = [t.get_text() for t in charts.cadence.calendar(m).figure().axes[0].texts]
    unread = (m["reading"] == "unread") & (m["days"] == 0)
    seen = m[~m["reading"].isin(["before", "after"]) & ~unread]
    assert numbers == [str(d) for d in seen["days"]]


@pytest.mark.parametrize("years", [1, 5, 40])
def test_a_calendar_holds_any_number_of_years(record: Any, years: int) -> None:
    days = pd.period_range("2022-01", periods=12 * years, freq="M")
    m = pd.DataFrame({"year": days.year, "month": days.month, "days": 3, "reading": "dense"})
    m.attrs = cadence.monthly(record, "bodies").attrs
    figure = charts.cadence.calendar(m).figure("phone")
    assert not faults(figure) and len(figure.axes[0].texts) == 12 * years


def test_regimes_are_drawn_at_their_rates(record: Any) -> None:
    found = cadence.regimes(record, "prisoners")
    chart = charts.cadence.regime_rates(found)
    for r in found.rates.itertuples():
        assert f"{r.per_30_days:.1f}" in shown(chart) and f"{r.per_30_days:.1f}" in chart.title
    days = found.landmarks["days"].max()
    assert f"{days} days without" in shown(chart)


def test_bars_are_the_deals_of_each_weekday(record: Any) -> None:
    p = cadence.pattern(record, "bodies")
    chart = charts.cadence.weekdays(p, tests=cadence.error_budget(record))
    ax = chart.figure().axes[0]
    tops = [b.get_y() + b.get_height() for b in ax.patches[len(p) :]]
    assert tops == p["deals"].tolist()
    assert [t.get_text() for t in ax.texts] == [str(n) for n in p["deals"]]
    assert chart.title.startswith("32 of 66 deals of bodies begin on a Friday, none on a Sunday")


def test_bars_are_the_silences_of_each_length(record: Any) -> None:
    r = cadence.rhythm(cadence.gaps(record, "bodies", "deal"))
    tests = cadence.error_budget(record)
    chart = charts.cadence.rhythm(r, tests=tests)
    bars = chart.figure().axes[0].patches[1:]  # the first is the shaded stretch
    drawn = {round(b.get_x() + b.get_width() / 2): b.get_height() for b in bars}
    assert drawn == dict(zip(*np.unique(r.days, return_counts=True), strict=True))
    assert chart.title.startswith("23 of 31 silences between deals of bodies lasted 21 to 35 days")
    unheld = tests.assign(holds=False)
    assert "keep to no length" in charts.cadence.rhythm(r, tests=unheld).title


def test_what_is_known_by_its_month_stands_on_no_day(record: Any) -> None:
    h = cadence.handovers(record, "bodies")
    chart = charts.cadence.event_strip(h)
    ticks = chart.figure().axes[0].collections[0]
    dated = h["counted"] & ~h["monthly"]
    assert h["monthly"].any() and len(ticks.get_positions()) == dated.sum()
    assert "known by its month only" in chart.subtitle


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, *FLAT])
def test_every_chart_has_alt_text_source_and_day(found: dict[str, Chart], name: str) -> None:
    chart = found[name]
    assert len(chart.alt) > 60 and chart.title in chart.alt
    assert "Source: Repatria record" in chart.source and "As of 20" in chart.source
    assert "Densely searched through 2026-03-11" in chart.source


# --- looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("since", ["", "2025-05-01"])
@pytest.mark.parametrize("kind", BOTH)
def test_texts_meet_no_other_and_stay_inside(
    windows: Callable[[str, str], dict[str, Chart]], kind: str, since: str, size: Any
) -> None:
    for name, chart in windows(since, kind).items():
        assert not faults(chart.figure(*size)), name


def test_charts_draw_on_anybodys_axes(found: dict[str, Chart]) -> None:
    for chart in found.values():
        fig, axes = plt.subplots(len(chart.panels), squeeze=False)
        before = fig.get_size_inches().tolist()
        given = list(axes.ravel()) if len(chart.panels) > 1 else axes[0, 0]
        assert chart.draw(given) is given and fig.get_size_inches().tolist() == before
        plt.close(fig)


def test_colours_can_be_handed_in(found: dict[str, Chart]) -> None:
    figure = found["stems"].figure(style=Style(colours={"accent": "#123456"}))
    edges = [to_hex(e) for c in figure.axes[0].collections for e in c.get_edgecolor()]
    assert "#123456" in edges


def test_charts_change_nothing_and_repeat(record: Any) -> None:
    g = cadence.gaps(record, "bodies", "deal")
    held = g.copy()
    pictures = []
    for _ in range(2):
        out = io.BytesIO()
        charts.cadence.gap_stems(g).figure().savefig(out, format="png", metadata={"Software": None})
        pictures.append(out.getvalue())
    assert pictures[0] == pictures[1]
    pd.testing.assert_frame_equal(g, held)
