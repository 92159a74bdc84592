"""Charts of handovers: marks, titles, footers and alt text of the figure objects."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from repatria import charts
from repatria.charts import base

ALL = [charts.handovers, charts.shared_scale, charts.cumulative]


def words_of(fig: Any) -> str:
    return " ".join(" ".join(t.get_text() for t in fig.findobj(match=lambda a: hasattr(a, "get_text"))).split())


@pytest.mark.parametrize("chart", ALL)
def test_no_event_gives_a_statement_and_no_axis(chart: Any, record: Any) -> None:
    fig = chart(record.events("bodies", until="2022-03-01"))
    assert fig.axes == [] and "No handover" in fig.alt


@pytest.mark.parametrize("chart", ALL)
@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_every_chart_has_alt_title_footer_and_stable_bytes(chart: Any, kind: str, record: Any) -> None:
    events = record.events(kind)
    before = events.copy(deep=True)
    fig = chart(events)
    pd.testing.assert_frame_equal(events, before)
    text = words_of(fig)
    assert len(fig.alt) > 40 and "Source: Repatria record" in text and "receiver-first v1" in text
    assert "does not measure losses" in text, "the guardrail stands with the figure"
    assert fig.png() == chart(record.events(kind)).png()


def test_two_panels_each_on_its_own_scale_from_zero(record: Any) -> None:
    fig = charts.handovers(record.events("bodies"))
    top, bottom = fig.axes
    assert top.get_ylim()[0] == bottom.get_ylim()[0] == 0
    assert top.get_ylim()[1] > 5 * bottom.get_ylim()[1]
    assert all("own scale" in ax.get_title(loc="left") for ax in fig.axes)


def test_zero_withheld_and_not_reported_have_three_marks(record: Any) -> None:
    fig = base.figure(3)
    ax = fig.subplots()
    e = record.events("bodies")
    drawn = base.absent_marks(ax, e, "to_russia")
    expected = e["to_russia_absence"].value_counts()
    assert drawn == {a: int(expected[a]) for a in ("zero", "withheld", "not_reported") if expected[a]}
    styles = {(len(c.get_facecolor()), c.get_paths()[0].vertices.tobytes()) for c in ax.collections}
    assert len(styles) == len(drawn), "no two absences share a mark"


def test_unknown_counts_add_nothing_and_are_said(record: Any) -> None:
    e = record.events("prisoners", since="2025-06-01", until="2025-07-10")
    assert "0 of 8 handovers" in words_of(charts.handovers(e))


def test_past_view_draws_only_what_was_known(record: Any) -> None:
    fig = charts.handovers(record.as_of("2025-06-12").events("bodies", since="2025-05-16"))
    assert "2,121 to Ukraine" in fig.alt and "61 to Russia" in fig.alt


def test_unread_days_are_hatched(record: Any) -> None:
    e = record.events("bodies")
    spans = base.stretches(e.attrs["coverage"], "bodies", e["date"].min(), e.attrs["as_of"])
    assert [s[2] for s in spans] == ["thin", "dense", "unread"]
    fig = charts.handovers(e)
    assert any(p.get_hatch() for p in fig.axes[0].patches)


def test_a_kind_with_no_coverage_is_unread_throughout() -> None:
    since, until = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01")
    assert {s[2] for s in base.stretches([], "bodies", since, until)} == {"unread"}
