"""Charts of cadence: what they refuse, what they mark, what they say, how they look at any size."""

from __future__ import annotations

import io
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


def drawn(record: Any, since: str = "", kind: str = "bodies") -> dict[str, Chart]:
    g = cadence.gaps(record, kind, "deal", since)
    of = [cadence.handovers(record, k, unit, since) for k in BOTH for unit in cadence.UNITS]
    return {
        "stems": charts.cadence.gap_stems(g),
        "survival": charts.cadence.survival_curve(g),
        "strip": charts.cadence.event_strip(*of),
        "calendar": charts.cadence.calendar(*[cadence.monthly(record, k, since) for k in BOTH]),
        "regimes": charts.cadence.regime_rates(cadence.regimes(record, kind, "deal", since)),
    }


@pytest.fixture(scope="module")
def found(record: Any) -> dict[str, Chart]:
    return drawn(record)


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
def test_unread_months_are_hatched_in_every_chart(found: dict[str, Chart], name: str) -> None:
    axes = found[name].figure().axes
    hatched = [p for a in axes for p in a.patches if p.get_hatch() and "/" in p.get_hatch()]
    assert hatched, "bodies were not searched after 11 March 2026"


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
    found = cadence.regimes(record, "prisoners", "day")
    chart = charts.cadence.regime_rates(found)
    for r in found.rates.itertuples():
        assert f"{r.per_30_days:.1f}" in shown(chart) and f"{r.per_30_days:.1f}" in chart.title
    assert "149 days without, from 7 August 2023" in shown(chart)


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_has_alt_text_source_and_day(found: dict[str, Chart], name: str) -> None:
    chart = found[name]
    assert len(chart.alt) > 60 and chart.title in chart.alt
    assert "Source: Repatria record" in chart.source and "As of 20" in chart.source
    assert "Densely searched through 2026-03-11" in chart.source


# --- looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("since", ["", "2025-05-01"])
@pytest.mark.parametrize("kind", BOTH)
def test_texts_meet_no_other_and_stay_inside(record: Any, kind: str, since: str, size: Any) -> None:
    for name, chart in drawn(record, since, kind).items():
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
