"""What a curator is told to look at: one line a slip, naming the row and the one it contradicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import small, write
from repatria.record import files, oddities
from repatria.record.window import today

DAYS = [("bodies-2025-06-11", "2025-06-11"), ("bodies-2025-06-13", "2025-06-13")]


def told(tmp_path: Path, rows: Any, contains: str) -> list[str]:
    _, _, problems = files.inspect(write(tmp_path / "r", rows))
    assert [str(p) for p in problems if p.level == "error"] == []
    return [str(p) for p in problems if contains in p.reason]


def total(n: int, count: int, **more: str) -> dict[str, Any]:
    row = {
        "total_id": f"total-{n:04}",
        "as_of": f"2025-{n:02}-01",
        "as_of_precision": "day",
        "kind": "bodies",
        "unit": "bodies",
        "direction": "to_ukraine",
        "count": count,
        "qualifier": "exact",
        "claimant_id": "kyiv",
    }
    return row | more


def series(counts: list[int], **more: str) -> dict[str, Any]:
    totals = [total(n, c, **more) for n, c in enumerate(counts, 1)]
    rows = small([], [], totals=totals)
    rows["sources"] = [
        {
            "source_id": "s",
            "url": "https://example.org/s",
            "publisher": "P",
            "published_on": "2025-12-31",
            "language": "en",
            "tier": "press",
        }
    ]
    rows["mentions"] = [{"row_id": t["total_id"], "source_id": "s"} for t in totals]
    return rows


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([100, 200, 300], []),
        (
            [100, 2000, 300, 400, 500],
            [
                "total-0002: 2000, said before total-0003 (300, 2025-03-01) by kyiv, is above it and 2 more"
            ],
        ),
        (
            [100, 200, 30, 400],
            ["total-0003: 30 is below total-0002 (200, 2025-02-01), said before by kyiv"],
        ),
        (
            [200, 100],
            ["total-0002: 100 is below total-0001 (200, 2025-01-01), said before by kyiv"],
        ),
        (
            [100, 900, 200, 300, 90, 400],
            ["total-0002: 900, said before", "total-0005: 90 is below"],
        ),
    ],
)
def test_one_line_for_each_total_that_does_not_fit(
    tmp_path: Path, counts: list[int], expected: list[str]
) -> None:
    lines = [x.replace("'", "") for x in told(tmp_path, series(counts), "said before")]
    assert len(lines) == len(expected)
    for line, words in zip(lines, expected, strict=True):
        assert words in line
        assert "count: warning" in line


def test_many_voices_are_no_series(tmp_path: Path) -> None:
    assert told(tmp_path, series([200, 100], claimant_id="press"), "said before") == []


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=30))
def test_without_the_misfits_no_total_falls(items: list[tuple[int, int]]) -> None:
    low = np.array([a for a, _ in items], dtype="int64")
    high = low + np.array([b for _, b in items], dtype="int64")
    out = {odd for odd, _, _ in oddities._misfits(low, high)}
    kept = [i for i in range(len(low)) if i not in out]
    assert all(low[i] <= high[j] for n, i in enumerate(kept) for j in kept[n + 1 :])
    assert bool(out) == any(
        low[i] > high[j] for i in range(len(low)) for j in range(i + 1, len(low))
    )


def test_the_same_counts_again_in_one_deal(tmp_path: Path) -> None:
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": d, "n": n}
        for e, _ in DAYS
        for d, n in (("to_ukraine", 1212), ("to_russia", 27))
    ]
    rows = small(DAYS, claims)
    for e in rows["events"]:
        e["deal_id"] = "deal"
    expected = "events.csv:3: event_id: warning: 'bodies-2025-06-13' repeats the counts of 'bodies-2025-06-11', of the"
    assert told(tmp_path, rows, "repeats the counts")[0].startswith(expected)
    rows["claims"][3] |= {"count_low": 28, "count_high": 28}
    assert told(tmp_path, rows, "repeats the counts") == []


def test_a_page_from_a_day_to_come(tmp_path: Path) -> None:
    claim = {
        "event_id": DAYS[0][0],
        "claimant_id": "kyiv",
        "direction": "to_ukraine",
        "n": 7,
        "on": "2062-07-15",
    }
    rows = small(DAYS[:1], [claim, claim | {"claimant_id": "moscow", "on": f"{today():%Y-%m-%d}"}])
    lines = told(tmp_path, rows, "is after today")
    assert len(lines) == 1 and lines[0].startswith("sources.csv:2: published_on: warning")


@pytest.mark.parametrize(
    ("url", "odd"),
    [
        ("https://example.org/latest/test-of-a-stage.html", False),
        ("https://dev.example.org/a", True),
        ("https://devon.example.org/production/a", False),
        ("https://rfe.pangea-cms.com/a", True),
        ("https://example.org/preview/uk-UA/a", True),
        ("https://front.paper-stage.example.org/a", True),
        ("https://d1.cloudfront.net/a", True),
        ("http://106.2.224.58:1057/a", True),
        ("https://example.org/wp-json/wp/v2/posts/1", True),
        ("https://example.org/?rest_route=%2Fwp%2Fv2%2F1", True),
        ("https://example.org/a.json", True),
    ],
)
def test_an_address_that_no_reader_opens(tmp_path: Path, url: str, odd: bool) -> None:
    rows = series([100])
    rows["sources"][0]["url"] = url
    lines = told(tmp_path, rows, "no address for readers")
    assert lines == [f"sources.csv:2: url: warning: '{url}' is no address for readers"] * odd


def test_reading_that_nobody_declared(tmp_path: Path) -> None:
    def cover(side: str, start: str, end: str) -> dict[str, str]:
        return {
            "kind": "bodies",
            "side": side,
            "read_from": start,
            "read_through": end,
            "density": "dense",
        }

    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7} for e, _ in DAYS
    ]
    rows = small(DAYS, claims)
    assert len(told(tmp_path, rows, "nobody declared what was read")) == 2
    rows["coverage"] = [cover(s, "2025-06-01", "2025-06-30") for s in ("ukraine", "russia")]
    assert told(tmp_path, rows, "bodies, ") == []
    rows["coverage"] = [
        *rows["coverage"][:1],
        cover("russia", "2025-05-01", "2025-05-30"),
        cover("russia", "2025-06-01", "2025-06-12"),
    ]
    gap, late = told(tmp_path, rows, "bodies, russia")
    assert "days before it are declared by no stretch" in gap
    assert "there is an event on 2025-06-13, after the last day read" in late


def test_a_corrected_count_is_not_odd(tmp_path: Path) -> None:
    days = [(f"bodies-2025-0{m}-01", f"2025-0{m}-01") for m in range(1, 8)]
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 10} for e, _ in days
    ]
    slip = claims[-1] | {"n": 100}
    assert len(told(tmp_path, small(days, [*claims[:-1], slip]), "more than 3 times")) == 1
    assert (
        told(
            tmp_path,
            small(days, [*claims[:-1], slip, claims[-1] | {"corrects": "c6"}]),
            "more than 3 times",
        )
        == []
    )


def test_an_event_under_an_agreement_that_nobody_ties_to_it(tmp_path: Path) -> None:
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7} for e, _ in DAYS
    ]
    rows = small(DAYS, claims, agreements=[{"agreement_id": "talks", "name": "Talks"}])
    for event in rows["events"]:
        event["agreement_id"] = "talks"
    tie = {"link_id": "link-1", "agreement_id": "talks", "claimant_id": "kyiv", "stance": "belongs"}
    rows["links"] = [tie | {"event_id": DAYS[0][0]}]
    rows["mentions"] = [{"row_id": "link-1", "source_id": "s0"}]
    reason = "is tied to it by no row of links.csv"
    (only,) = told(tmp_path, rows, reason)
    assert DAYS[1][0] in only


# --- by hand: several cases in one record ---------------------------------------------------------


def claim(event: str, n: int, direction: str = "to_ukraine", **more: Any) -> dict[str, Any]:
    row = {"event_id": event, "claimant_id": "kyiv", "direction": direction, "n": n}
    return row | more


def test_one_publisher_and_parts_that_do_not_add_up(tmp_path: Path) -> None:
    events = [(f"bodies-2025-0{m}-01", f"2025-0{m}-01") for m in range(1, 6)]
    one, two, three, four, five = (e for e, _ in events)

    def part(event: str, name: str, n: int) -> dict[str, Any]:
        return claim(event, n, part=name, role="component")

    claims = [
        *(claim(one, 10), part(one, "dead", 4), part(one, "unnamed", 5)),
        *(claim(two, 10), part(two, "dead", 4), part(two, "unnamed", 6)),
        *(part(three, "dead", 4), part(three, "dead", 5)),
        claim(four, 10),
        *(claim(five, 9), claim(five, 10), part(five, "dead", 4), part(five, "unnamed", 5)),
    ]
    rows = small(events, claims)
    (alone,) = told(tmp_path, rows, "rests on one publisher")
    assert alone.startswith("events.csv:5: event_id: warning: 'bodies-2025-04-01'")
    (sums,) = told(tmp_path, rows, "differs from the sum")
    assert sums.startswith("claims.csv:2: count_low"), "9, not 10; of two figures one may be right"
    clash = told(tmp_path, rows, "a component with two figures")
    assert [x.partition(": ")[0] for x in clash] == ["claims.csv:8", "claims.csv:9"]


TWINS = [  # two handovers: days, counts, and whether they may be one
    ("2024-01-01", 100, "2024-01-05", 105, True),  # a twentieth of 105
    ("2024-02-01", 100, "2024-02-05", 106, False),
    ("2024-03-01", 100, "2024-03-06", 100, False),  # five days
    ("2024-04-01", 105, "2024-04-05", 100, True),
    ("2024-05-01", 106, "2024-05-05", 100, False),
    ("2024-06-01", 5, "2024-06-03", 6, True),  # one more or less at least
    ("2024-07-01", 5, "2024-07-03", 7, False),
    ("2024-08-01", 50, "2024-08-02", 50, False),  # of one deal
    ("2024-09", 50, "2024-10-04", 50, True),  # four days after its month
    ("2024-11", 50, "2024-12-05", 50, False),
]


def test_what_may_be_one_handover_twice(tmp_path: Path) -> None:
    days = [(d, n) for a, x, b, y, _ in TWINS for d, n in ((a, x), (b, y))]
    events = [(f"bodies-{d}", d if len(d) > 7 else f"{d}-01") for d, _ in days]
    events.append(("prisoners-2024-01-03", "2024-01-03"))
    rows = small(
        events, [claim(e, n) for (e, _), (_, n) in zip(events, [*days, ("", 100)], strict=False)]
    )
    for event in rows["events"][14:16]:
        event["deal_id"] = "deal"
    lines = told(tmp_path, rows, "may be")
    assert len(lines) == sum(twin for *_, twin in TWINS)
    for line, (a, _, b, _, _) in zip(lines, [t for t in TWINS if t[-1]], strict=True):
        assert f"'bodies-{b}' may be 'bodies-{a}' again" in line


def test_a_count_is_out_of_proportion_above_three_times_the_largest_of_five_days(
    tmp_path: Path,
) -> None:
    days = [(f"bodies-2025-0{m}-01", f"2025-0{m}-01") for m in range(1, 8)]
    counts = {
        "to_ukraine": [40, 10, 10, 10, 10, 121, 363],
        "to_russia": [1, 1, 1, 1, 100, 300, 901],
    }
    claims = [
        claim(e, n, d) for d, ns in counts.items() for (e, _), n in zip(days, ns, strict=True)
    ]
    lines = told(tmp_path, small(days, claims), "more than 3 times any before it")
    assert [line.rpartition(": ")[2] for line in lines] == [
        "121 is more than 3 times any before it (40)",
        "901 is more than 3 times any before it (300)",
    ]
