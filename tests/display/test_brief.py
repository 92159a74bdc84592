"""The brief: clear statements where nothing is known, and for past days what was known then."""

from __future__ import annotations

from typing import Any

from repatria.display import brief


def test_a_view_that_knows_nothing_says_so(record: Any) -> None:
    text = brief.headline(record.as_of("2022-02-25"))
    assert "none is known in this window" in text and "not a finding that there was none" in text
    assert brief.pledges(record.as_of("2022-02-25")).frame.empty
    assert brief.rival_totals(record.as_of("2022-02-25"), "istanbul-2025-06-02").frame.empty
    assert brief.disputed_schedule(record.as_of("2022-02-25"), "istanbul-2025-06-02").frame.empty


def test_the_brief_of_12_june_2025_knows_one_handover_of_june(record: Any) -> None:
    text = brief.headline(record.as_of("2025-06-12"), "2025-06-01")
    assert "**1 handover of bodies** on 11 June 2025" in text
    assert "1,212 to Ukraine (both sides agree), 27 to Russia (one side only)" in text
    assert "As known on 12 June 2025" in text
    assert "to Ukraine size withheld" in text, "the prisoner stages have no size"


def test_the_headline_carries_range_coverage_and_guardrail(record: Any) -> None:
    text = brief.headline(record)
    assert "range of published claims" in text
    assert "densely searched" in text and "Later silence is unread, not empty" in text
    assert "It does not measure losses" in text


def test_silence_of_a_side_is_visible(record: Any) -> None:
    frame = brief.both_sides(record, "bodies", "2025-06-01").frame.set_index("event")
    assert frame.loc["bodies-2025-06-11", "to Russia: Ukraine says"] == "silent"
    assert frame.loc["bodies-2025-06-11", "to Russia: Russia says"] == "27"
    assert frame.loc["bodies-2025-06-13", "to Russia: Russia says"] == "none"
    assert frame.loc["bodies-2025-06-16", "to Ukraine: Russia says"] == "1,248"


def test_pledges_of_the_three_istanbul_rounds(record: Any) -> None:
    agreements = set(brief.pledges(record).frame["agreement"])
    assert {
        "Istanbul talks of 16 May 2025",
        "Istanbul talks of 2 June 2025",
        "Istanbul talks of 23 July 2025",
    } <= agreements


def test_both_sides_draws_for_every_kind_and_an_open_upper_end(record: Any) -> None:
    for kind in ("bodies", "prisoners", "civilians"):
        frame = brief.both_sides(record, kind).frame
        assert len(frame) == len(record.events(kind)) and (frame != "").all(axis=None)
