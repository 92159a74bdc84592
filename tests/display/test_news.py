"""What is new, in words: the first release, a usual one, nothing at all."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from jinja2 import UndefinedError

from repatria.display.news import News, news
from repatria.display.words import say
from repatria.record.fingerprint import data_folder

COUNTS: dict[str, Any] = {
    "first": False,
    "unreadable": False,
    "events": ["1 handover of bodies", "2 prisoner exchanges"],
    "revised": 1,
    "graded": 2,
    "gone": 1,
    "totals": 3,
    "unmet": 1,
}
TOTAL: dict[str, Any] = {
    "claimant": "Kyiv office",
    "as_of": None,
    "as_of_precision": "month",
    "qualifier": "more_than",
    "count": 1000,
    "measure": "persons",
    "kind": "bodies",
    "direction": "to_ukraine",
    "best_verdict": "short",
    "best_off_low": 3,
    "best_off_high": 5,
}


def test_the_first_release(record: Any) -> None:
    found = news(None, record)
    assert found.first and found.words == "The first release."


def test_nothing_is_new(record: Any) -> None:
    found = news(record, record, "today")
    assert found.words == "Nothing is new." and not found.events and not found.totals


def test_a_usual_one_counts_each() -> None:
    assert say("news/words", **COUNTS) == (
        "1 handover of bodies, 2 prisoner exchanges, 1 figure revised, 2 figures backed otherwise, 1 handover taken off and "
        "3 new official totals (1 not met)."
    )


@pytest.mark.parametrize("missing", COUNTS)
def test_words_without_one_of_their_numbers_are_an_error(missing: str) -> None:
    with pytest.raises(UndefinedError):
        say("news/words", **{k: v for k, v in COUNTS.items() if k != missing})


def test_what_cannot_be_compared_is_said() -> None:
    assert (
        News(before="x", unreadable="no such column").words
        == "The release before cannot be compared."
    )


@pytest.mark.parametrize(
    ("more", "ending"),
    [
        ({}, "more than 1,000 bodies to Ukraine; the handovers on record are 3–5 short of it."),
        ({"best_verdict": "over", "best_off_high": 3}, "the handovers on record are 3 over it."),
        ({"best_verdict": "between"}, "as their days are not known well enough."),
        (
            {"measure": "handovers", "qualifier": "exact"},
            "1,000 handovers of bodies to Ukraine; the handovers on record are 3–5 short of it.",
        ),
    ],
)
def test_a_total_that_is_not_met(record: Any, more: dict[str, Any], ending: str) -> None:
    said = say("news/total", **(TOTAL | {"as_of": record.last_day} | more))
    assert said.startswith("Kyiv office, to ") and said.endswith(ending)


# --- against the tables themselves: what a day's release holds is what pages of that day carry -----

DAYS = ("2025-06-12", "2025-06-17", "2025-12-31", "9999")
# By hand: of the pairs of these days the new handovers, and the new totals that an office gave.
NEW = (
    ({"bodies": 4, "prisoners": 1}, 10),
    ({"bodies": 6, "prisoners": 8, "civilians": 4}, 44),
)


def rows(name: str) -> list[dict[str, str]]:
    """Return a table as the file has it, by nothing but the csv module."""
    with (data_folder() / f"{name}.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def first(pages: dict[str, str], table: str, key: str) -> dict[str, str]:
    """Return the day of the first dated page of each row."""
    found: dict[str, str] = {}
    for row in rows(table):
        if day := pages[row["source_id"]]:
            found[row[key]] = min(day, found.get(row[key], day))
    return found


@pytest.fixture(scope="module")
def by_hand() -> list[tuple[set[str], set[str]]]:
    """Return the ids of the handovers and of the offices' totals that each of the days knows."""
    pages = {r["source_id"]: r["published_on"] for r in rows("sources")}
    claim, mention = first(pages, "citations", "claim_id"), first(pages, "mentions", "row_id")
    office = {r["claimant_id"] for r in rows("claimants") if r["official"] == "yes"}
    events: dict[str, str] = {}
    for c in rows("claims"):
        if day := claim.get(c["claim_id"]):
            events[c["event_id"]] = min(day, events.get(c["event_id"], day))
    plans = [(r["event_id"], mention.get(r["schedule_id"])) for r in rows("schedules")]
    for e in rows("events"):
        days = [d for i, d in plans if i == e["event_id"] and d]
        if e["status"] == "cancelled" and days:
            events[e["event_id"]] = min([*days, events.get(e["event_id"], "9998")])
    on = {e["event_id"]: e["date"] for e in rows("events")}
    totals = {t["total_id"] for t in rows("totals") if t["claimant_id"] in office}
    return [
        (
            {i for i in on if day == "9999" or (events.get(i, "9999") <= day and on[i] <= day)},
            {t for t in totals if day == "9999" or mention.get(t, "9999") <= day},
        )
        for day in DAYS
    ]


@pytest.mark.parametrize("n", range(len(DAYS) - 1))
def test_what_is_new_is_what_the_tables_say(record: Any, by_hand: Any, n: int) -> None:
    old = record.as_of(DAYS[n], coverage="today")
    new = record if DAYS[n + 1] == "9999" else record.as_of(DAYS[n + 1], coverage="today")
    found = news(old, new)
    (was, totals), (now, more) = by_hand[n], by_hand[n + 1]
    assert {e.event_id for e in found.events} == now - was and not was - now
    assert found.totals_new == len(more - totals) and len(found.gone) == 0
    if n < len(NEW):
        kinds = [e.kind for e in found.events]
        assert ({k: kinds.count(k) for k in set(kinds)}, found.totals_new) == NEW[n]
        assert found.revised == [], "no figure moved between these days"
