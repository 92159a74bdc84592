"""What was promised and planned, and who says so: silence is visible, nothing known is an empty table."""

from __future__ import annotations

from typing import Any

from repatria.display import pledges

JUNE = "istanbul-2025-06-02"


def test_a_view_that_knows_nothing_has_empty_tables(record: Any) -> None:
    then = record.as_of("2022-02-25")
    assert pledges.pledges(then).frame.empty
    assert pledges.rival_totals(then, JUNE).frame.empty
    assert pledges.disputed_schedule(then, JUNE).frame.empty
    assert pledges.both_sides(then, "bodies").frame.empty
    assert "no row is known" in pledges.both_sides(then, "bodies")._repr_html_()


def test_an_agreement_that_is_not_there_has_no_rivals(record: Any) -> None:
    assert pledges.rival_totals(record, "nowhere-2025-01-01").frame.empty


def test_silence_of_a_side_is_visible(record: Any) -> None:
    frame = pledges.both_sides(record, "bodies", "2025-06-01").frame.set_index("event")
    assert frame.loc["bodies-2025-06-11", "to Russia: Ukraine says"] == "silent"
    assert frame.loc["bodies-2025-06-11", "to Russia: Russia says"] == "27"
    assert frame.loc["bodies-2025-06-13", "to Russia: Russia says"] == "none"
    assert frame.loc["bodies-2025-06-16", "to Ukraine: Russia says"] == "1,248"


def test_both_sides_draws_for_every_kind_and_an_open_upper_end(record: Any) -> None:
    for kind in ("bodies", "prisoners", "civilians"):
        frame = pledges.both_sides(record, kind).frame
        assert len(frame) == len(record.events(kind)) and (frame != "").all(axis=None)


def test_both_directions_stand_under_their_heading(record: Any) -> None:
    html = pledges.both_sides(record, "bodies", "2025-06-01")._repr_html_()
    assert html.count('colspan="2"') == 2


def test_pledges_of_the_three_istanbul_rounds(record: Any) -> None:
    agreements = set(pledges.pledges(record).frame["agreement"])
    assert {
        "Istanbul talks of 16 May 2025",
        "Istanbul talks of 2 June 2025",
        "Istanbul talks of 23 July 2025",
    } <= agreements


def test_rivals_and_plans_of_june_2025(record: Any) -> None:
    rivals = pledges.rival_totals(record, JUNE).frame
    assert {6057, 6060, 78} <= set(rivals["total"])
    planned = pledges.disputed_schedule(record, JUNE).frame
    assert planned["planned for"].is_monotonic_increasing and len(planned)
    assert not planned["statement"].str.contains("_").any()
