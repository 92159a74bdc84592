"""Charts of handovers: what they refuse, what they mark, what they say, how they look at any
size.
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from looks import SIZES, faults
from matplotlib.colors import to_hex

from repatria.charts import asymmetry, base, brief, handovers
from repatria.charts.base import Chart, Style

ALL = [handovers.stems, handovers.shared_scale, handovers.cumulative]
WINDOWS = [
    ("bodies", "", ""),
    ("prisoners", "", ""),
    ("civilians", "", ""),
    (None, "", ""),
    ("prisoners", "2025-06-01", "2025-07-10"),
    ("bodies", "2025-06-11", "2025-06-11"),
]


def shown(chart: Chart, **size: Any) -> str:
    """Return all that is written on the axes."""
    figure = chart.figure(**size)
    return " ".join(" ".join(t.get_text().split()) for t in figure.findobj(mpl.text.Text))


# --- failures first -------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", ALL)
def test_a_frame_that_lost_its_coverage_is_refused(chart: Any, record: Any) -> None:
    events = record.events("bodies")
    joined = pd.concat([events.head(3), record.events("prisoners").head(3)])
    for lost in (
        joined,
        pd.DataFrame(events.to_dict("list")),
        pd.DataFrame(columns=events.columns),
    ):
        with pytest.raises(ValueError, match=r"silence.*record\.events"):
            chart(lost)


@pytest.mark.parametrize("chart", ALL)
def test_no_event_is_said_and_draws_no_axis(chart: Any, record: Any) -> None:
    none = chart(record.events("bodies", until="2022-03-01"))
    assert none.panels == () and "No handover" in none.title and none.name.endswith("-bodies")
    assert "<img" not in none._repr_mimebundle_()["text/html"]
    ax = plt.figure().add_subplot()
    assert none.draw(ax) is ax and not ax.axison
    plt.close(ax.figure)


@pytest.mark.parametrize("chart", ALL)
def test_a_direction_without_any_figure_is_no_zero(chart: Any, record: Any) -> None:
    events = record.events("prisoners", since="2025-06-09", until="2025-06-10")
    made = chart(events)
    said = f"{made.title} {made.alt} {shown(made)}"
    assert "no known figure to" in said or "no figure" in said
    if chart is handovers.cumulative:
        assert not made.figure().axes[0].lines, "a line at zero would say zero"


def test_every_empty_record_draws_or_says(build: Any) -> None:
    withheld = {
        "event_id": "bodies-2025-01-01",
        "claimant_id": "kyiv",
        "direction": "to_ukraine",
        "absence": "withheld",
    }
    events = build([("bodies-2025-01-01", "2025-01-01")], [withheld]).events("bodies")
    for chart in ALL:
        made = chart(events)
        assert faults(made.figure("phone")) == []
        assert "nan" not in f"{made.title} {made.subtitle} {made.source} {made.alt}".lower()


# --- at any size ----------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", ALL)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_texts_keep_apart_and_inside(chart: Any, width: Any, height: Any, record: Any) -> None:
    for window in WINDOWS:
        events = record.events(*window[:1], since=window[1], until=window[2])
        if window[0] is None and chart is not handovers.stems:
            with pytest.raises(ValueError, match="of one kind"):  # bodies and prisoners have no sum
                chart(events)
            continue
        assert faults(chart(events).figure(width, height)) == [], window


@pytest.mark.parametrize("chart", ALL)
@pytest.mark.parametrize("width", ["page", "phone"])
def test_words_of_a_file_keep_apart_and_inside(chart: Any, width: str, record: Any) -> None:
    assert faults(chart(record.events("bodies"))._sheet(width, Style())) == []


@pytest.mark.parametrize("chart", ALL)
def test_no_year_breaks_a_chart(chart: Any, build: Any) -> None:
    days = [(f"bodies-{y}-03-01", f"{y}-03-01") for y in range(2022, 2063, 4)]
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": d, "n": 7 * i}
        for i, (e, _) in enumerate(days)
        for d in ("to_ukraine", "to_russia")
    ]
    made = chart(build(days, claims).events("bodies"))
    assert "2062" in made.title
    for size in SIZES:
        assert faults(made.figure(*size)) == []


# --- what is drawn --------------------------------------------------------------------------------


DAYS = ["2022-09-30", "2023-06-30", "2024-03-01", "2025-06-12", "2025-06-17", "2025-12-31", ""]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("kind", ["bodies", "prisoners", "civilians"])
def test_a_sum_that_a_minority_bears_out_says_so_wherever_it_stands(
    kind: str, day: str, record: Any
) -> None:
    events = record.as_of(day).events(kind)
    minority = [s for s in handovers._found(events).values() if 0 < s["known"] <= s["unknown"]]
    drawn = [*ALL, brief.bodies, asymmetry.sizes, asymmetry.pairs]
    for made in (chart(events) for chart in drawn if len(events)):
        for text in (made.title, made.alt):
            for s in minority:
                bare = f"{s['persons']:,} {s['side']}"
                rests = f"{bare} in the {s['known']} of {len(events)} handovers with a figure"
                assert text.count(bare) == text.count(rests), (made.name, text)
            if "over to Russia" in text:
                both = int((events["to_ukraine"].notna() & events["to_russia"].notna()).sum())
                rests = f"over to Russia, in the {both} of {len(events)} handovers with both"
                assert both in (0, len(events)) or rests in text
    said = handovers.stems(events).title if len(events) else ""
    assert said.count("handovers with a figure") == len(minority)


@pytest.mark.parametrize("chart", ALL)
@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_words_stand_outside_and_the_events_stay_as_they_were(
    chart: Any, kind: str, record: Any
) -> None:
    events = record.events(kind)
    before = events.copy(deep=True)
    made = chart(events)
    pd.testing.assert_frame_equal(events, before)
    assert made.title in made.alt and len(made.alt) > 60
    assert made.source.startswith("Source: Repatria record") and "receiver-first v2" in made.source
    assert "does not measure losses" in made.subtitle + made.source, (
        "the guardrail stands with the picture"
    )
    on_axes = shown(made)
    assert made.title not in on_axes and "Source:" not in on_axes


def test_two_panels_each_on_its_own_scale_from_zero(record: Any) -> None:
    top, bottom = handovers.stems(record.events("bodies")).figure().axes
    assert top.get_ylim()[0] == bottom.get_ylim()[0] == 0
    assert top.get_ylim()[1] > 5 * bottom.get_ylim()[1]
    assert all("own scale" in ax.get_title(loc="left") for ax in (top, bottom))


def test_zero_withheld_and_not_reported_have_three_marks_and_a_key(record: Any) -> None:
    ax = plt.figure().add_subplot()
    events = record.events("bodies")
    drawn = base.absent_marks(ax, events, "to_russia", Style())
    expected = events["to_russia_absence"].value_counts()
    assert drawn == {
        a: int(expected[a]) for a in ("zero", "withheld", "not_reported") if expected[a]
    }
    looks = {(len(c.get_facecolor()), c.get_paths()[0].vertices.tobytes()) for c in ax.collections}
    assert len(looks) == len(drawn), "no two absences share a mark"
    plt.close(ax.figure)
    key = handovers.stems(events).figure().axes[1].get_legend()
    assert {t.get_text().split(" (")[0] for t in key.get_texts()} == {
        "none",
        "size withheld",
        "not reported",
    }


@pytest.mark.parametrize("chart", [handovers.stems, handovers.cumulative])
def test_thin_and_unread_ground_is_seen_in_every_panel(chart: Any, record: Any) -> None:
    events = record.as_of("2026-03-31").events("bodies")
    spans = base.stretches(base.ground(events), "bodies", *base.window(events))
    for size in SIZES:
        for ax in chart(events).figure(*size).axes:
            hatches = {bool(p.get_hatch()) for p in ax.patches}
            assert len([p for p in ax.patches if p.get_zorder() == 0]) == sum(
                d != "dense" for *_, d in spans
            )
            assert (True in hatches) == any(d == "unread" for *_, d in spans)


def test_no_line_runs_over_days_that_nobody_read(build: Any) -> None:
    read = [
        {
            "kind": "bodies",
            "side": s,
            "read_from": "2024-12-01",
            "read_through": "2025-02-01",
            "density": "dense",
        }
        for s in ("ukraine", "russia")
    ]
    claim = {
        "event_id": "bodies-2025-01-01",
        "claimant_id": "kyiv",
        "direction": "to_ukraine",
        "n": 5,
    }
    record = build([("bodies-2025-01-01", "2025-01-01")], [claim], coverage=read)
    events = record.events("bodies")
    events.attrs["as_of"] = pd.Timestamp("2025-12-31")
    (ax,) = handovers.cumulative(events).figure().axes
    assert max(pd.Timestamp(d) for d in ax.lines[0].get_xdata()) <= pd.Timestamp("2025-02-02")
    assert any(p.get_hatch() for p in ax.patches)


def test_days_after_the_window_are_left_out_not_silent(record: Any) -> None:
    events = record.events("bodies", since="2025-01-01", until="2025-09-30")
    assert base.window(events)[1] == pd.Timestamp("2025-09-30")
    (ax,) = handovers.cumulative(events).figure().axes
    assert ax.lines[0].get_xdata()[-1] <= pd.Timestamp("2025-10-01")


def test_past_view_draws_only_what_was_known(record: Any) -> None:
    past = record.as_of("2025-06-12").events("bodies", since="2025-05-16")
    alt = handovers.stems(past).alt
    assert "2,121 to Ukraine" in alt and "61 to Russia" in alt


@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_each_line_is_named_beside_it_or_in_the_key_once(kind: str, record: Any) -> None:
    for size in SIZES:
        (ax,) = handovers.cumulative(record.events(kind)).figure(*size).axes
        beside = [t.get_text() for t in ax.texts]
        key = [t.get_text() for t in ax.get_legend().get_texts()] if ax.get_legend() else []
        for side in ("to Ukraine", "to Russia"):
            assert sum(side in t for t in [*beside, *key]) == 1, size


# --- opened ---------------------------------------------------------------------------------------


def test_drawn_into_a_grid_of_pyplot_with_own_colours(record: Any) -> None:
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained")
    own = Style(colours={"to_ukraine": "#010203", "to_russia": "#040506"})
    events = record.events("bodies")
    stems, running = handovers.stems(events), handovers.cumulative(events)
    stems.draw(axes[:, 0], style=own)
    running.draw(axes[0, 1])
    assert not axes[1, 1].has_data() and axes[1, 1].spines["top"].get_visible()
    colours = [{to_hex(c.get_edgecolor()[0]) for c in ax.collections} for ax in axes[:, 0]]
    assert "#010203" in colours[0] and "#040506" in colours[1]
    assert {to_hex(line.get_color()) for line in axes[0, 1].lines} == {
        Style().colours["to_ukraine"].lower(),
        Style().colours["to_russia"].lower(),
    }
    assert faults(figure) == []
    plt.close(figure)


def test_the_same_record_gives_the_same_page(record: Any) -> None:
    one, two = (handovers.stems(record.events("bodies"))._repr_mimebundle_() for _ in "ab")
    assert one == two and len(one["text/html"]) < 80_000
