"""What is new, in words: the first release, a usual one, nothing at all."""

from __future__ import annotations

import csv
from typing import Any

import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.display.ledger import ledger
from repatria.display.news import News, news
from repatria.display.words import say
from repatria.record.fingerprint import data_folder
from repatria.record.schema import WAR_START

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
    "since": None,
    "war_start": None,
    "scope": "",
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
        "1 handover of bodies, 2 prisoner exchanges, 1 figure revised, 2 figures with other backing, 1 handover taken off and "
        "3 new official totals (1 not met by the handovers)."
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


def test_a_total_tells_from_when_and_of_what_where_that_is_not_all(record: Any) -> None:
    days = {"as_of": pd.Timestamp("2025-12-11"), "as_of_precision": "day"}
    war = {"since": pd.Timestamp(WAR_START), "war_start": pd.Timestamp(WAR_START)}
    assert say("news/total", **(TOTAL | days | war)).startswith("Kyiv office, to 11 December")
    more = war | {"since": pd.Timestamp("2025-06-02"), "scope": "istanbul"}
    said = say("news/total", **(TOTAL | days | more))
    assert said.startswith(
        "Kyiv office, from 2 June 2025 to 11 December 2025, under the Istanbul agreements: "
    )


# --- against the tables themselves: what a day's release holds is what pages of that day carry -----

DAYS = ("2025-06-12", "2025-06-17", "2025-12-31", "9999")
DATED = "9998"  # all that stands on a page with a day
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
def by_hand() -> dict[str, tuple[set[str], set[str]]]:
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
    return {
        day: (
            {i for i in on if day == "9999" or (events.get(i, "9999") <= day and on[i] <= day)},
            {t for t in totals if day == "9999" or mention.get(t, "9999") <= day},
        )
        for day in (*DAYS, DATED)
    }


@pytest.mark.parametrize("n", range(len(DAYS) - 1))
def test_what_is_new_is_what_the_tables_say(record: Any, by_hand: Any, n: int) -> None:
    old = record.as_of(DAYS[n], coverage="today")
    new = record if DAYS[n + 1] == "9999" else record.as_of(DAYS[n + 1], coverage="today")
    found = news(old, new)
    (was, totals), (now, more) = by_hand[DAYS[n]], by_hand[DAYS[n + 1]]
    told = [e.event_id for part in found.parts for e in part.events]
    assert set(told) == now - was and len(set(told)) == len(told) and not was - now
    assert sum(p.totals_new for p in found.parts) == len(more - totals)
    assert not any(p.gone for p in found.parts)
    if n == len(NEW):  # what undated pages add to a past view is told apart
        dated, known = by_hand[DATED]
        assert found.late is not None and found.totals_new == len((more - totals) & known)
        assert {e.event_id for e in found.late.events} == now - was - dated
    if n < len(NEW):
        kinds = [e.kind for e in found.events]
        assert ({k: kinds.count(k) for k in set(kinds)}, found.totals_new) == NEW[n]
        assert found.revised == [], "no figure moved between these days"


@pytest.fixture(scope="module")
def last(record: Any) -> News:
    """What the record as it stands says against that of the end of 2025."""
    return news(record.as_of(DAYS[2], coverage="today"), record)


def test_every_figure_moved_by_claims_that_the_day_before_did_not_know(
    record: Any, last: News
) -> None:
    pages = {r["source_id"]: r["published_on"] for r in rows("sources")}
    known = first(pages, "citations", "claim_id")
    said = {c.said: c for e in ledger(record, record.events(cancelled=True)) for c in e.claims}
    figures = [r for part in last.parts for r in (*part.revised, *part.graded)]
    assert len(figures) > 20
    for r in figures:
        assert r.was != r.now and r.because, r.href
        for b in r.because:
            day = known.get(said[b.said].claim_id, "9999")
            assert (day > DAYS[2]) == (b.sign == "+"), (r.href, b.said)
            assert b.sign != "±" or any(
                not p.published_on or p.published_on > DAYS[2] for p in b.pages
            )


@pytest.mark.parametrize(
    ("event", "cause"),
    [  # of many claims the ones that moved the figure, found by hand
        ("prisoners-2022-10-17", "± Ministry of Defence of the Russian Federation: 108"),
        ("bodies-2024-12-20", "± Shamsail Saraliev: 503"),
        ("prisoners-2022-09-21", "+ Security Service of Ukraine (SBU): 55"),
    ],
)
def test_the_claim_behind_a_figure_is_named_and_no_other_kind(
    last: News, event: str, cause: str
) -> None:
    figures = [r for part in last.parts for r in (*part.revised, *part.graded)]
    told = [f"{b.sign} {b.said}" for r in figures if event in r.href for b in r.because]
    assert any(t.startswith(cause) for t in told)
    assert not any("Press without" in t or "of them" in t for t in told)
