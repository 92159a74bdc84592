"""Charts of the record: drawn on anybody's axes at any size, never an empty axis or an unread silence."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.analysis import holdings
from repatria.charts import Chart, Style, base
from repatria.charts import holdings as charts
from repatria.charts.panels import GROUPS, marker

NAMES = ("events-by-year", "absences", "speaking", "claim-differences", "coverage")


def draw(record: Any) -> dict[str, Chart]:
    events = record.events(disputed=True)
    made = (
        charts.events_by_year(holdings.years(events)),
        charts.absences(holdings.unknown(events)),
        charts.speaking(holdings.speaking(record)),
        charts.claim_differences(holdings.differences(record)),
        charts.coverage(record.coverage(), record.last_day),
    )
    return {chart.name: chart for chart in made}


@pytest.fixture(scope="module")
def drawn(record: Any) -> dict[str, Chart]:
    return draw(record)


@pytest.fixture
def shifted(record: Any) -> Callable[[int], pd.DataFrame]:
    """Return a function that gives events of so many years, the record's own repeated."""

    def make(years: int) -> pd.DataFrame:
        events = record.events(disputed=True)
        one = events[(events["date"].dt.year == 2024).to_numpy()]
        later = {i: one["date"] + pd.DateOffset(years=i) for i in range(years)}
        ids = {i: one["event_id"].astype("str") + f"-{i}" for i in later}
        parts = [one.assign(date=later[i], event_id=ids[i]) for i in later]
        out = pd.concat(parts, ignore_index=True)
        out.attrs = events.attrs | {"as_of": out["date"].max()}
        return out

    return make


@pytest.mark.parametrize("make", [charts.events_by_year, charts.absences])
def test_a_frame_that_lost_its_coverage_is_refused(record: Any, make: Any) -> None:
    frame = holdings.years if make is charts.events_by_year else holdings.unknown
    lost = frame(record.events())
    lost.attrs = {}
    with pytest.raises(ValueError, match="lost its coverage"):
        make(lost)


def test_nothing_to_draw_is_said_in_words(record: Any) -> None:
    none = record.events(until="2022-02-24")
    empty = [
        charts.events_by_year(holdings.years(none)),
        charts.absences(holdings.unknown(none)),
        charts.claim_differences(holdings.differences(record).head(0)),
        charts.speaking(holdings.speaking(record).head(0)),
        charts.coverage(record.coverage().head(0), record.last_day),
    ]
    assert sorted(c.name for c in empty) == sorted(NAMES)
    assert all(not c.panels and c.alt and c.title for c in empty)


TEMPLATES: dict[str, dict[str, Any]] = {
    "years": {"events": 1, "since": 2023, "until": 2023, "both": 0}
    | {"disputed": 0, "totals": {"bodies": 1}},
    "absences": {"events": 1, "missing": {"to_ukraine": 0, "to_russia": 1}},
    "speaking": {k: {"events": 1, "same_day": 0, "none_read": 1} for k in ("ukraine", "russia")},
    "differences": {
        "cases": 2,
        "drawn": 1,
        "widest": 1,
        "day": pd.Timestamp("2024-01-03"),
    },
    "coverage": {
        "kinds_read": ["bodies"],
        "through": pd.Timestamp("2024-01-03"),
        "until": pd.Timestamp("2024-01-04"),
    },
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_words_want_their_numbers(template: str) -> None:
    numbers = TEMPLATES[template]
    title, _, alt = base.worded(f"holdings/{template}", **numbers)
    assert f"{title}." in alt
    for name in numbers:
        with pytest.raises(UndefinedError):
            base.worded(f"holdings/{template}", **{k: v for k, v in numbers.items() if k != name})


def test_titles_at_their_smallest_and_usual() -> None:
    told = TEMPLATES["years"]
    assert base.worded("holdings/years", **told)[0] == (
        "1 handover on record, 2023; 0 with a size both ways"
    )
    assert "2022 to 2023" in base.worded("holdings/years", **(told | {"since": 2022}))[0]
    told = TEMPLATES["differences"]
    assert base.worded("holdings/differences", **told)[0] == (
        "Published counts differ in 2 cases (the newest 1 drawn); "
        "the widest gap is 1 person, on 3 January 2024"
    )
    told = TEMPLATES["coverage"]
    assert base.worded("holdings/coverage", **told)[0] == (
        "Densely read for bodies through 3 January 2024; later days to 4 January 2024 are not"
    )
    assert base.worded("holdings/coverage", **(told | {"through": None}))[0] == (
        "Nothing has been densely read yet, by 4 January 2024"
    )


@pytest.mark.parametrize("as_of", ["2022-03-05", "2023-03-10", "2025-06-12"])
def test_any_past_day_draws(record: Any, as_of: str) -> None:
    for name, chart in draw(record.as_of(as_of)).items():
        assert chart.alt, name
        assert chart.figure("phone"), name


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_draws_on_anybodys_axes(drawn: dict[str, Chart], name: str) -> None:
    chart = drawn[name]
    figure, axes = plt.subplots(len(chart.panels), squeeze=False)
    given = axes.ravel()
    assert chart.draw(given) is given
    assert all(ax.has_data() for ax in given)
    plt.close(figure)


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_has_finding_source_and_alt(drawn: dict[str, Chart], name: str) -> None:
    chart = drawn[name]
    assert chart.title and chart.subtitle and chart.title in chart.alt
    assert chart.source.startswith("Source: Repatria record") and "As of" in chart.source


def texts(figure: Any) -> list[Any]:
    found = []
    for ax in figure.axes:
        found += ax.texts
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = axis.get_major_ticks()
            found += [t.label1 for t in ticks if low <= t.get_loc() <= high]
        found += [t for t in (ax.title, ax._left_title) if t.get_text()]
        found += ax.get_legend().get_texts() if ax.get_legend() else []
    return [t for t in found if t.get_text() and t.get_visible()]


@pytest.mark.filterwarnings("ignore:Tight layout not applied")
@pytest.mark.parametrize("size", ["page", "phone", (12, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_no_text_leaves_the_figure(drawn: dict[str, Chart], name: str, size: Any) -> None:
    figure = drawn[name].figure(size) if isinstance(size, str) else drawn[name].figure(*size)
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    for text in texts(figure):
        box = text.get_window_extent()
        inside = box.x0 > -2 and box.x1 < width + 2 and box.y0 > -2 and box.y1 < height + 2
        assert inside, (name, text.get_text())


@pytest.mark.parametrize("years", [1, 15, 40])
def test_any_number_of_years_draws_without_crowding(
    shifted: Callable[[int], pd.DataFrame], years: int
) -> None:
    events = shifted(years)
    for chart, width in (
        (charts.events_by_year(holdings.years(events)), "page"),
        (charts.absences(holdings.unknown(events)), "phone"),
    ):
        figure = chart.figure(width)
        figure.draw_without_rendering()
        for ax in figure.axes:
            boxes = [t.get_window_extent() for t in ax.get_xticklabels() if t.get_text()]
            boxes.sort(key=lambda box: box.x0)
            assert all(a.x1 < b.x0 for a, b in pairwise(boxes))


def test_columns_add_up_to_the_events(record: Any) -> None:
    years = holdings.years(record.events())
    figure = charts.events_by_year(years).figure()
    drawn = sum(bar.get_height() for ax in figure.axes for c in ax.containers for bar in c)
    assert drawn == years["events"].sum()


def test_days_nobody_read_are_marked_behind_the_years(record: Any) -> None:
    events = record.events("bodies", since="2025-01-01", until="2025-12-31")
    events.attrs["coverage"] = []
    for frame, make in (
        (holdings.years(events), charts.events_by_year),
        (holdings.unknown(events), charts.absences),
    ):
        (ax, *_) = make(frame).figure().axes
        assert any(p.get_hatch() == "///" and p.get_label() == "unread" for p in ax.patches)


def test_each_differing_direction_has_a_row_and_each_side_a_mark(
    record: Any, drawn: dict[str, Chart]
) -> None:
    d = holdings.differences(record)
    rows = d[["event_id", "direction"]].drop_duplicates()
    (ax,) = drawn["claim-differences"].figure().axes
    assert len(ax.get_yticklabels()) == min(len(rows), 30)
    style = Style()
    assert len({marker(s, style) for s in GROUPS}) == len({c for c, _ in GROUPS.values()}) == 4
    assert "range of published claims" in drawn["claim-differences"].subtitle


def test_rows_without_room_are_counted_not_squeezed(drawn: dict[str, Chart]) -> None:
    figure = drawn["claim-differences"].figure(12, 3)
    (ax,) = figure.axes
    shown = len(ax.get_yticklabels())
    assert f"the newest {shown} of" in ax.get_title(loc="left")


def test_a_style_of_ones_own_reaches_the_marks(record: Any) -> None:
    own = Style(colours={"to_ukraine": "#112233"})
    (ax,) = charts.speaking(holdings.speaking(record)).figure(style=own).axes
    assert ax.get_yticklabels()[0].get_color() == "#112233"


def test_the_same_record_gives_the_same_bytes(record: Any, tmp_path: Any) -> None:
    for width, suffix in (("page", ".svg"), ("phone", ".png")):
        made = charts.coverage(record.coverage(), record.last_day)
        again = charts.coverage(record.coverage(), record.last_day)
        a = made.save(tmp_path / f"a{suffix}", width=width).read_bytes()
        assert a == again.save(tmp_path / f"b{suffix}", width=width).read_bytes()


def test_input_is_not_changed(record: Any) -> None:
    soon = holdings.speaking(record)
    before = soon.copy()
    charts.speaking(soon).figure()
    pd.testing.assert_frame_equal(soon, before)
