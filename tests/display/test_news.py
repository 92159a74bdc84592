"""What is new, in words: the first release, a usual one, nothing at all."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import UndefinedError

from repatria.display.news import News, news
from repatria.display.words import say

COUNTS: dict[str, Any] = {
    "first": False,
    "unreadable": False,
    "events": "1 handover of bodies",
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
        "1 handover of bodies, 1 figure revised, 2 figures backed otherwise, 1 handover taken off and "
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
