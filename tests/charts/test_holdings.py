"""Charts of the record: the figure objects say what the analysis returned, and never show an empty axis."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from repatria import charts
from repatria.analysis import holdings, reconcile
from repatria.charts.holdings import GROUP


@pytest.fixture(scope="module")
def drawn(record: Any) -> dict[str, charts.Chart]:
    return draw(record)


def draw(record: Any) -> dict[str, charts.Chart]:
    events = record.events(disputed=True)
    return {
        "years": charts.events_by_year(holdings.years(events)),
        "absences": charts.absences(holdings.unknown(events)),
        "speaking": charts.speaking(holdings.speaking(record)),
        "differences": charts.claim_differences(holdings.differences(record)),
        "residuals": charts.residuals(reconcile.reconcile(record)),
        "coverage": charts.coverage(record.coverage(), record.last_day),
    }


def text(chart: charts.Chart) -> str:
    parts = [t.get_text() for t in chart.texts]
    for ax in chart.axes:
        parts += [ax.get_title(loc="left"), ax.get_title(), *(t.get_text() for t in ax.texts)]
    return " ".join(parts)


def test_nothing_to_draw_is_said_in_words(record: Any) -> None:
    none = record.events(until="2022-02-24")
    empty = [
        charts.events_by_year(holdings.years(none)),
        charts.absences(holdings.unknown(none)),
        charts.claim_differences(holdings.differences(record).head(0)),
        charts.residuals(reconcile.reconcile(record).head(0)),
        charts.speaking(holdings.speaking(record).head(0)),
        charts.coverage(record.coverage().head(0), record.last_day),
    ]
    assert all(not c.axes and c.alt for c in empty)


@pytest.mark.parametrize("as_of", ["2022-03-05", "2023-03-10", "2025-06-12"])
def test_any_past_day_draws(record: Any, as_of: str) -> None:
    for name, chart in draw(record.as_of(as_of)).items():
        assert chart.alt, name
        assert chart.png()[:4] == b"\x89PNG", name


def test_every_chart_has_finding_source_and_alt(drawn: dict[str, charts.Chart]) -> None:
    for name, chart in drawn.items():
        words = text(chart).replace("\n", " ")
        assert "Source: Repatria record" in words and "As of" in words, name
        title = chart.texts[0].get_text().replace("\n", " ")
        assert title in chart.alt, name


def test_text_stays_inside_the_figure(drawn: dict[str, charts.Chart]) -> None:
    for name, chart in drawn.items():
        chart.png()
        width, height = chart.bbox.size
        for artist in [*chart.texts, *(t for ax in chart.axes for t in [*ax.texts, *ax.get_yticklabels()])]:
            box = artist.get_window_extent()
            assert box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1, (
                name,
                artist.get_text(),
            )


def test_columns_add_up_to_the_events(record: Any) -> None:
    years = holdings.years(record.events())
    chart = charts.events_by_year(years)
    assert sum(p.get_height() for ax in chart.axes for p in ax.patches) == years["events"].sum()


def test_each_differing_direction_has_a_row_and_each_side_a_mark(record: Any, drawn: dict[str, charts.Chart]) -> None:
    d = holdings.differences(record)
    rows = d[["event_id", "direction"]].drop_duplicates()
    (ax,) = drawn["differences"].axes
    assert len(ax.get_yticklabels()) == min(len(rows), 30)
    assert len({m for _, m, _ in GROUP.values()}) == len({c for c, _, _ in GROUP.values()}) == len(GROUP)
    assert "range of published claims" in text(drawn["differences"]).replace("\n", " ")


def test_residuals_are_drawn_once_per_total(record: Any, drawn: dict[str, charts.Chart]) -> None:
    marks = sum(
        len(c.get_offsets())
        for ax in drawn["residuals"].axes
        for c in ax.collections
        if hasattr(c, "get_sizes") and len(c.get_sizes())
    )
    said = reconcile.reconcile(record)
    exact = said[said["residual"].notna() & (said["qualifier"] == "exact").to_numpy()]
    assert 0 < marks <= len(exact)
    for ax in drawn["residuals"].axes:
        low, high = ax.get_ylim()
        assert low == -high and high > exact["residual"].abs().max()


def test_the_same_record_gives_the_same_bytes(record: Any, drawn: dict[str, charts.Chart]) -> None:
    again = charts.coverage(record.coverage(), record.last_day)
    assert again.png() == drawn["coverage"].png()


def test_input_is_not_changed(record: Any) -> None:
    soon = holdings.speaking(record)
    before = soon.copy()
    charts.speaking(soon)
    pd.testing.assert_frame_equal(soon, before)
