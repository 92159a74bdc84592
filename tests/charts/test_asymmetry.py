"""Charts of asymmetry: what they refuse, say and mark, and how they look at any size."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from looks import SIZES, faults
from matplotlib.backends.backend_agg import FigureCanvasAgg

from conftest import events_of
from repatria.analysis import asymmetry
from repatria.charts import asymmetry as charts
from repatria.charts import handovers
from repatria.charts.base import Chart, Style
from repatria.display.words import GUARDRAIL

NAMES = ("pairs", "level_over_time", "sizes")


def texts(figure: Any) -> str:
    shown = [t for t in figure.findobj(mpl.text.Text) if t.get_visible()]
    return " | ".join(t.get_text().replace("\n", " ") for t in shown)


def drawn(record: Any, kind: str, since: str = "", until: str = "") -> dict[str, Chart]:
    events = record.events(kind, since=since, until=until)
    return {
        "pairs": charts.pairs(events),
        "level_over_time": charts.level_over_time(events, asymmetry.breaks(record, kind)),
        "sizes": charts.sizes(events),
    }


@pytest.fixture(scope="module")
def whole(record: Any) -> dict[str, dict[str, Chart]]:
    return {kind: drawn(record, kind) for kind in ("bodies", "prisoners")}


def moved(events: pd.DataFrame, years: int) -> pd.DataFrame:
    """Return the events with each year that many years from the one before."""
    days = [
        pd.Timestamp(2022 + (d.year - 2022) * years, d.month, min(d.day, 28))
        for d in events["date"]
    ]
    out = events.assign(date=days)
    out.attrs = events.attrs | {"as_of": max(days)}
    return out


# --- failure cases ------------------------------------------------------------------------------


def test_an_empty_window_is_a_sentence_not_an_empty_axis(record):
    for name, chart in drawn(record, "bodies", "2022-02-24", "2022-02-25").items():
        assert chart.panels == () and chart.title == chart.alt and chart.title.endswith("."), name


def test_a_frame_that_lost_its_coverage_is_refused(record):
    events = record.events("bodies", since="2025-01-01")
    events.attrs = {}
    for draw in (charts.pairs, charts.sizes, charts.level_over_time):
        with pytest.raises(ValueError, match="lost its coverage"):
            draw(events)


def test_one_handover_without_a_figure_either_way_still_draws(record):
    events = record.events("prisoners", since="2025-06-10", until="2025-06-10")
    chart = charts.pairs(events)
    assert "without a count above zero in either are not drawn" in chart.alt
    assert chart.figure().axes
    assert charts.sizes(events).title == "No handover in this window has a known count to Ukraine."


@pytest.mark.parametrize("pair", [(0, 0), (5, 0), (0, 5), (1, 1), (None, 7), (10**6, 3)])
def test_one_handover_of_any_size_draws(pair):
    events = events_of([pair])
    events.attrs = {"kind": "bodies", "coverage": []}
    for chart in (charts.pairs(events), charts.sizes(events), charts.sizes(events, 1)):
        FigureCanvasAgg(chart.figure("phone")).draw()


# --- what they say ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_each_chart_has_a_finding_a_source_and_the_guardrail(record, kind):
    for name, chart in drawn(record, kind, since="2024-06-01").items():
        assert "Source: Repatria record" in chart.source and "As of" in chart.source, name
        assert "Counts by" in chart.source, name
        assert kind in chart.title.lower() and chart.name.endswith(kind), name
        assert chart.title in chart.alt and len(chart.alt) > 80 and "20" in chart.alt, name
        if name != "sizes":  # no ratio there
            assert GUARDRAIL in chart.source, name


def test_round_thousands_are_in_the_title(record):
    chart = charts.sizes(record.events("bodies", until="2026-02-28"))
    said = "a round 1,000 fits the published claims on each of the latest 8 handovers to Ukraine"
    assert said in chart.title


# --- what they mark -----------------------------------------------------------------------------


def test_pairs_have_reference_lines_and_lanes_of_three_marks(record):
    events = record.events("bodies")
    figure = charts.pairs(events).figure()
    said = texts(figure)
    for line in ("1:1", "10:1", "40:1"):
        assert line in said
    assert "none to Russia (3)" in said
    assert "size withheld to Russia (" in said and "not reported to Russia (" in said
    (ax,) = figure.axes
    assert ax.get_xscale() == ax.get_yscale() == "function"
    points = sum(len(c.get_offsets()) for c in ax.collections)
    assert points == (events["to_ukraine"].notna() | events["to_russia"].notna()).sum()


def test_no_lane_is_mistaken_for_a_count(record):
    (ax,) = charts.pairs(record.events("bodies", "russia")).figure().axes
    in_lanes = [c for c in ax.collections if str(c.get_label()).endswith(")")]
    for marks in in_lanes:
        x, y = marks.get_offsets().T
        assert ((x < 0) != (y < 0)).all(), marks.get_label()
        assert (x >= ax.get_xlim()[0]).all() and (y >= ax.get_ylim()[0]).all()
    assert len(in_lanes) == 2


def test_a_missing_direction_on_either_side_has_its_lane(record):
    said = texts(charts.pairs(record.events("bodies", "russia")).figure())
    assert "to Ukraine (" in said and "none to Russia (3)" in said


def test_years_without_figures_are_hatched_and_have_no_line(record):
    events = record.events("bodies", until="2025-12-31")
    chart = charts.level_over_time(events, asymmetry.breaks(record))
    (ax,) = chart.figure().axes
    said = texts(ax)
    assert "most handovers lack a figure" in said and "Istanbul talks of 2 June 2025" in said
    assert "without figures both ways (31)" in said
    assert "No line in 2022 and 2023" in chart.alt
    line = max(ax.lines, key=lambda line: len(line.get_xdata()))
    days = mpl.dates.num2date(ax.convert_xunits(line.get_xdata()[~pd.isna(line.get_ydata())]))
    assert min(days).year == 2024 and len(days) > 90


def test_too_few_deals_are_a_sentence(record):
    chart = charts.level_over_time(record.events("bodies", until="2023-12-31"))
    assert chart.panels == () and "Fewer than 8 finished deals" in chart.title


def test_a_deal_without_any_to_russia_is_said_to_be_left_out():
    events = events_of([(100, 10)] * 9 + [(50, 0)])
    events.attrs = {"kind": "bodies", "coverage": []}
    chart = charts.level_over_time(events)
    assert "1 deal without any to Russia not drawn" in chart.subtitle
    FigureCanvasAgg(chart.figure("phone")).draw()


def test_sizes_mark_what_is_withheld_and_what_nobody_searched(record):
    said = texts(charts.sizes(record.events("prisoners")).figure())
    assert "size withheld (" in said and "thinly read" in said


# --- at any size --------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [2, 6])
def test_any_number_of_years_draws(record, years):
    events = moved(record.events("bodies"), years)
    FigureCanvasAgg(charts.sizes(events).figure()).draw()
    said = texts(charts.pairs(events).figure())
    assert "2022" in said and str(events["date"].dt.year.max()) in said


@pytest.mark.parametrize("name", NAMES)
def test_each_draws_on_the_callers_axes_in_their_colours(whole, name):
    chart = whole["bodies"][name]
    figure, axes = plt.subplots(len(chart.panels))
    style = Style(colours={"to_russia": "black", "to_ukraine": "black"})
    assert chart.draw(axes, style=style) is axes
    assert figure.texts == []
    plt.close(figure)


@pytest.mark.filterwarnings("error:Tight layout not applied")
@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_text_lies_over_another_or_leaves_the_figure(whole, kind, name, size):
    assert faults(whole[kind][name].figure(*size)) == []


def test_the_same_bytes_twice(record, tmp_path):
    events = record.events("bodies", since="2025-01-01")
    files = [charts.pairs(events).save(tmp_path / f"{i}.svg") for i in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_chart_names_what_its_ratio_is_of(record) -> None:
    """The sums of all known counts and the ratio of complete handovers differ by definition."""
    events = record.events("bodies", until="2026-09-30")
    both = asymmetry.complete(events)
    title = charts.pairs(events).title
    ratio = both["to_ukraine"].sum() / both["to_russia"].sum()
    assert f"together {ratio:.1f} to 1, " in title
    assert f"in the {len(both)} of {len(events)} handovers with both figures" in title
    stems = handovers.stems(events)
    assert f"{ratio:.1f}" not in stems.title and "Persons" not in stems.subtitle
