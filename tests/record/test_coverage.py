"""What was searched: stretches of a window by the side read least."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from repatria.record.coverage import LEVELS, stretches
from repatria.record.frames import as_of

SINCE, UNTIL = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-20")
DAY = pd.Timedelta(days=1)

rows = st.builds(
    lambda kind, side, first, length, density: {
        "kind": kind,
        "side": side,
        "read_from": SINCE + DAY * first,
        "read_through": SINCE + DAY * (first + length),
        "density": density,
    },
    st.sampled_from(["bodies", "prisoners"]),
    st.sampled_from(["ukraine", "russia"]),
    st.integers(-5, 25),
    st.integers(0, 25),
    st.sampled_from(["thin", "dense"]),
)


def test_a_kind_with_no_coverage_is_unread_throughout() -> None:
    assert stretches([], "bodies", SINCE, UNTIL) == [(SINCE, UNTIL, "unread")]
    assert stretches([], None, SINCE, SINCE - DAY) == []


def test_stretches_by_hand() -> None:
    def row(kind: str, side: str, first: int, last: int, density: str) -> dict[str, Any]:
        days = {"read_from": DAY * first + SINCE - DAY, "read_through": DAY * last + SINCE - DAY}
        return {"kind": kind, "side": side, "density": density} | days

    def told(kind: str | None, coverage: list[dict[str, Any]]) -> list[tuple[int, int, str]]:
        found = stretches(coverage, kind, SINCE, UNTIL)
        return [(a.day, b.day, density) for a, b, density in found]

    bodies = [row("bodies", "ukraine", 1, 20, "dense"), row("bodies", "russia", 3, 3, "thin")]
    bodies.append(row("bodies", "russia", 10, 12, "dense"))
    prisoners = [row("prisoners", side, 1, 11, "dense") for side in ("russia", "ukraine")]
    civilians = [row("civilians", "ukraine", 1, 20, "thin")]
    every = bodies + prisoners + civilians
    start = [(1, 3, "unread"), (3, 4, "thin"), (4, 10, "unread")]
    assert told("bodies", every) == [*start, (10, 13, "dense"), (13, 20, "unread")]
    assert told(None, every) == [*start, (10, 12, "dense"), (12, 20, "unread")], "civilians aside"
    assert told("prisoners", every) == [(1, 12, "dense"), (12, 20, "unread")]
    assert told("civilians", every) == told(None, civilians) == [(1, 20, "unread")]


@given(st.lists(rows, max_size=6))
def test_stretches_tile_the_window_with_the_side_read_least(coverage: list[dict[str, Any]]) -> None:
    found = stretches(coverage, "bodies", SINCE, UNTIL)
    assert found[0][0] == SINCE and found[-1][1] == UNTIL
    assert all(a[1] == b[0] and a[2] != b[2] for a, b in pairwise(found))
    for start, end, density in found[:-1]:
        for day in pd.date_range(start, end - DAY):
            assert LEVELS[density] == min(
                _best(coverage, side, day) for side in ("ukraine", "russia")
            )


def _best(coverage: list[dict[str, Any]], side: str, day: pd.Timestamp) -> int:
    return max(
        (
            LEVELS[c["density"]]
            for c in coverage
            if (c["kind"], c["side"]) == ("bodies", side)
            and c["read_from"] <= day <= c["read_through"]
        ),
        default=0,
    )


def test_the_record_begins_thin(record: Any) -> None:
    events = record.as_of("2026-02-28", coverage="today").events("bodies")
    spans = stretches(events.attrs["coverage"], "bodies", events["date"].min(), as_of(events))
    assert [s[2] for s in spans][:2] == ["thin", "dense"]
