"""Residuals drawn: nothing to compare is said, handovers are not persons, the axis holds every mark."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.analysis import reconcile
from repatria.charts import Chart, base
from repatria.charts.reconcile import residuals


@pytest.fixture(scope="module")
def compared(record: Any) -> pd.DataFrame:
    return reconcile.reconcile(record)


@pytest.fixture(scope="module")
def chart(compared: pd.DataFrame) -> Chart:
    return residuals(compared)


def marks(figure: Any) -> list[list[Any]]:
    """Return the residuals marked in each panel; empty artists are for the key."""
    return [
        [
            y
            for c in ax.collections
            if hasattr(c, "get_sizes") and len(c.get_sizes())
            for _, y in c.get_offsets()
        ]
        for ax in figure.axes
    ]


def test_nothing_to_compare_is_said_in_words(compared: pd.DataFrame) -> None:
    only_handovers = compared[(compared["measure"] == "handovers").to_numpy()]
    for none in (compared.head(0), only_handovers):
        empty = residuals(none)
        assert not empty.panels and "No exactly worded running total" in empty.alt


def test_words_want_their_numbers() -> None:
    numbers = {"met": 0, "totals": 1, "last": pd.Timestamp("2023-01-01"), "largest": 0}
    title, _, alt = base.worded("reconcile/residuals", **numbers)
    assert f"{title}." in alt
    for name in numbers:
        with pytest.raises(UndefinedError):
            base.worded("reconcile/residuals", **{k: v for k, v in numbers.items() if k != name})


@pytest.mark.parametrize("as_of", ["2022-04-05", "2023-03-10", "2025-06-12"])
def test_any_past_day_draws(record: Any, as_of: str) -> None:
    chart = residuals(reconcile.reconcile(record.as_of(as_of)))
    assert chart.figure("phone") and chart.alt


def test_it_draws_on_anybodys_axes(chart: Chart) -> None:
    figure, axes = plt.subplots(1, 2)
    assert chart.draw(axes) is axes
    assert [len(m) > 0 for m in marks(figure)] == [True, True]
    plt.close(figure)


def test_residuals_are_drawn_once_per_total(compared: pd.DataFrame, chart: Chart) -> None:
    persons = (compared["measure"] == "persons") & (compared["qualifier"] == "exact")
    exact = compared[(compared["residual"].notna() & persons).to_numpy(dtype=bool)]
    figure = chart.figure()
    assert 0 < sum(map(len, marks(figure))) <= len(exact)
    for ax, drawn in zip(figure.axes, marks(figure), strict=True):
        low, high = ax.get_ylim()
        assert low == -high and high > max(map(abs, drawn))


def test_it_has_finding_source_and_alt(chart: Chart) -> None:
    assert chart.title in chart.alt and chart.source.startswith("Source: Repatria record")
    assert "Hollow: start not stated" in chart.subtitle


def test_sides_of_either_panel_are_in_the_key(compared: pd.DataFrame, chart: Chart) -> None:
    (first, second) = chart.figure().axes
    assert "mediators" in [t.get_text() for t in first.get_legend().get_texts()]
    assert second.get_legend() is None


@pytest.mark.parametrize("size", [("page",), ("phone",), (12, 3), (3, 2)])
def test_no_text_leaves_the_figure(chart: Chart, size: Any) -> None:
    figure = chart.figure(*size)
    figure.draw_without_rendering()
    for ax in figure.axes:
        for text in [*ax.texts, *ax.get_yticklabels(), ax._left_title]:
            box = text.get_window_extent()
            assert box.x0 > -2 and box.x1 < figure.bbox.width + 2, text.get_text()
