"""What was read: holes are no silence; and what official totals say is missing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from repatria.watch import gaps
from repatria.watch.inbox import Lead

TODAY = dt.date(2026, 10, 20)
FEEDS = [{"id": i, "side": side} for i, side in (("a", "both"), ("b", "ukraine"), ("c", "russia"))]
DECLARED = [
    {"kind": k, "side": s, "read_through": "2026-10-09"}
    for k in ("bodies", "prisoners")
    for s in ("ukraine", "russia")
]


def row(feed: str, from_: str, through: str, state: str = "read") -> dict[str, Any]:
    return {"feed": feed, "state": state, "from": from_, "through": through}


def waits(kind: str, day: str) -> Lead:
    return Lead(1, "https://a.example/1", "P", day, "en", "press", "a", day, kind, "", ())


def test_a_failure_and_what_scrolled_away_are_holes() -> None:
    log = [
        row("a", "2026-10-01", "2026-10-05T05:17"),
        row("a", "", "2026-10-06T05:17", "failed"),
        row("a", "2026-10-05T05:00", "2026-10-07T05:17"),  # reaches back: no hole after all
        row("a", "2026-10-07T05:18", "2026-10-08T05:17"),  # a minute is missing
        row("a", "", "2026-10-13T05:17", "unchanged"),
        row("b", "", "2026-10-13T05:17", "unchanged"),  # never read before: nothing is known of it
    ]
    assert gaps.stretches(log) == {
        "a": [("2026-10-01", "2026-10-07T05:17"), ("2026-10-07T05:18", "2026-10-13T05:17")],
        "b": [],
    }


def test_nothing_is_proposed_from_nothing() -> None:
    assert gaps.thin(FEEDS, [], DECLARED, [], TODAY) == []


def test_a_stretch_ends_where_most_feeds_were_down() -> None:
    log = [row("a", "2026-10-05", "2026-10-15T05:17"), row("b", "2026-10-05", "2026-10-13T05:17")]
    found = gaps.thin(FEEDS, log, DECLARED, [], TODAY)
    # Half of the feeds that carry Kyiv's statements were read to the 14th, and half of those that carry Moscow's.
    assert {(t.kind, t.side, t.read_from, t.read_through) for t in found} == {
        (k, s, "2026-10-10", "2026-10-14")
        for k in ("bodies", "prisoners")
        for s in ("ukraine", "russia")
    }
    by = {t.side: t.holes for t in found}
    assert by["ukraine"] == ("b (2 days)",) and by["russia"] == ("c (5 days)",)


def test_a_day_read_in_part_is_not_read() -> None:
    log = [row(i, "2026-10-10T08:00", "2026-10-12T20:00") for i in "abc"]
    declared = [{**c, "read_through": "2026-10-10"} for c in DECLARED]
    assert gaps.thin(FEEDS, log, DECLARED, [], TODAY) == []
    found = gaps.thin(FEEDS, log, declared, [], TODAY)
    assert {(t.read_from, t.read_through) for t in found} == {("2026-10-11", "2026-10-11")}


def test_a_page_that_waits_ends_what_was_read() -> None:
    log = [row(i, "2026-10-05", "2026-10-20T05:17") for i in "abc"]
    found = gaps.thin(FEEDS, log, DECLARED, [waits("bodies", "2026-10-15")], TODAY)
    ends = {t.kind: t.read_through for t in found}
    assert ends == {"bodies": "2026-10-14", "prisoners": "2026-10-19"}  # today is not over


@pytest.mark.parametrize("day", ["2026-11-26", "2036-11-26"])
def test_totals_that_the_events_fall_short_of_say_so(record: Any, day: str) -> None:
    today = dt.date.fromisoformat(day)
    found = gaps.missing(record, today)
    assert bool(found) == (day < "2030")
    since = (today - dt.timedelta(365)).isoformat()
    for step in found:
        assert step["from_day"] < step["to_day"] and step["to_day"] >= since
        assert 0 < step["low"] <= step["high"]
