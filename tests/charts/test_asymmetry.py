"""Charts of asymmetry: what they say, what they mark, and that an empty window gives a sentence instead of axes."""

from __future__ import annotations

import matplotlib as mpl
import pytest

import repatria as rp
from repatria import charts
from repatria.analysis import asymmetry
from repatria.display import asymmetry as asymmetry_tables
from repatria.display import words


@pytest.fixture(scope="module")
def record() -> rp.Record:
    return rp.load()


def texts(fig) -> str:
    return " | ".join(t.get_text().replace("\n", " ") for t in fig.findobj(mpl.text.Text))


def drawn(record, kind: str, lens: str = "best", since: str = "", until: str = ""):
    events = record.events(kind, lens, since, until)
    return {
        "pairs": charts.pairs(events),
        "share_over_time": charts.share_over_time(asymmetry.rolling(events, 4), asymmetry.breaks(record, kind)),
        "lens_shares": charts.lens_shares(asymmetry.lenses(record, kind, since, until)),
        "sizes": charts.sizes(events),
    }


def test_an_empty_window_is_a_sentence_not_an_empty_axis(record):
    for name, fig in drawn(record, "bodies", since="2022-02-24", until="2022-02-25").items():
        assert not fig.axes and fig.alt.endswith("."), name
        assert fig.png().startswith(b"\x89PNG")


def test_one_handover_without_a_figure_either_way_still_draws(record):
    events = record.events("prisoners", since="2025-06-10", until="2025-06-10")
    assert "without a count above zero in either are not drawn" in charts.pairs(events).alt
    assert not charts.sizes(events).axes


@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_each_chart_has_a_finding_a_source_and_the_guardrail(record, kind):
    for name, fig in drawn(record, kind, since="2024-06-01").items():
        said = texts(fig)
        assert "Source: Repatria record" in said and "As of" in said and "Counts by" in said, name
        assert kind.capitalize() in said or kind in said, name
        assert len(fig.alt) > 80 and ("20" in fig.alt), name
        if name != "sizes":  # no ratio there
            assert words.GUARDRAIL in said, name


def test_pairs_have_reference_lines_and_gutters_of_three_marks(record):
    fig = charts.pairs(record.events("bodies"))
    said = texts(fig)
    for line in ("1:1", "10:1", "40:1"):
        assert line in said
    assert "none (3)" in said and "size withheld (" in said and "not reported (" in said
    main = fig.axes[1]
    assert main.get_xscale() == main.get_yscale() == "function"
    points = sum(len(c.get_offsets()) for ax in fig.axes for c in ax.collections)
    events = record.events("bodies")
    assert points == (events["to_ukraine"].notna() | events["to_russia"].notna()).sum()


def test_pairs_leave_room_for_a_missing_direction_on_either_side(record):
    fig = charts.pairs(record.events("bodies", "russia"))
    assert "to Ukraine (" in texts(fig) and "none (3)" in texts(fig)


def test_range_and_interval_are_drawn_as_different_things(record):
    rolling = asymmetry.rolling(record.events("bodies"))
    ax = charts.share_over_time(rolling).axes[0]
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert any("limits" in t for t in legend) and any("chance" in t for t in legend)
    kinds = {type(c) for c in ax.collections}
    assert mpl.collections.LineCollection in kinds and len(kinds) == 2
    whiskers = next(c for c in ax.collections if isinstance(c, mpl.collections.LineCollection))
    assert len(whiskers.get_segments()) == rolling["interval_low"].notna().sum()


def test_lens_chart_says_where_they_agree(record):
    fig = charts.lens_shares(asymmetry.lenses(record, "bodies", "2025-06-01", "2025-06-30"))
    assert "1.27% under each of the 3 lenses that have a share" in fig.alt
    assert "no handover with a figure in both directions" in texts(fig)


def test_round_thousands_are_in_the_title(record):
    fig = charts.sizes(record.events("bodies", until="2026-02-28"))
    assert "a round 1,000 fits the published claims on each of the latest 8 handovers to Ukraine" in fig.alt


def test_the_same_bytes_twice(record):
    events = record.events("bodies", since="2025-01-01")
    assert charts.pairs(events).png() == charts.pairs(events).png()


@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_tables_and_sentences_stand_beside_the_guardrail(record, kind):
    events = record.events(kind)
    table = asymmetry.lenses(record, kind)
    at = asymmetry.breaks(record, kind)
    changes = asymmetry.changes(events, at)
    for t in (
        asymmetry_tables.shares_table(events, "event"), asymmetry_tables.shares_table(events, "agreement"),
        asymmetry_tables.lens_table(table), asymmetry_tables.bounds_table(asymmetry.bounds(events)),
        asymmetry_tables.interval_table(asymmetry.intervals(events)), asymmetry_tables.change_table(changes),
        asymmetry_tables.front_table(asymmetry.fronts(record)),
    ):  # fmt: skip
        assert any(words.GUARDRAIL in n for n in t.notes), t.name
        assert "<table" in t._repr_html_() and "nan" not in t._repr_html_().lower(), t.name
    for prose in (
        asymmetry_tables.in_short(events),
        asymmetry_tables.lens_words(table),
        asymmetry_tables.change_words(changes),
    ):
        assert words.GUARDRAIL in prose and "nan" not in prose.lower()


def test_percent_never_prints_a_small_share_as_none():
    assert asymmetry.percent(0.0001) == "0.01%" and asymmetry.percent(0) == "0.0%"
    assert asymmetry.percent(0.99999) == "99.999%" and asymmetry.percent(None) == "no figure"
