"""What the record holds, in words: the emptiest window, the usual one, and a number that is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jinja2 import UndefinedError
from three import CLAIMS, EVENTS

from repatria.analysis import holdings as analysis
from repatria.display import holdings as h
from repatria.display.words import say


@pytest.fixture
def made(build: Callable[..., Any]) -> Any:
    return build(EVENTS, CLAIMS)


SUMMARY: dict[str, Any] = {
    "handovers": 1,
    "period": "10 February 2023",
    "by_kind": {"bodies": 1},
    "disputed": 0,
    "claims": 1,
    "claimants": 1,
    "pages": 1,
    "undated": 0,
    "by_both": 0,
}


@pytest.mark.parametrize("missing", SUMMARY)
def test_a_summary_without_one_of_its_numbers_is_an_error(missing: str) -> None:
    with pytest.raises(UndefinedError):
        say("holdings/summary", **{k: v for k, v in SUMMARY.items() if k != missing})


@pytest.mark.parametrize(
    ("template", "numbers"),
    [
        ("rare_claimants", {"claimants": 2, "least": 5, "claims": 7}),
        ("single_source_title", {"alone": 1, "handovers": 3}),
    ],
)
def test_notes_want_their_numbers(template: str, numbers: dict[str, int]) -> None:
    assert say(f"holdings/{template}", **numbers)
    for name in numbers:
        with pytest.raises(UndefinedError):
            say(f"holdings/{template}", **{k: v for k, v in numbers.items() if k != name})


def test_nothing_known_is_said_with_its_day(made: Any) -> None:
    then = made.as_of("2023-01-01")
    said = h.summary(then, made.events(until="2023-01-01"))
    assert said == "No handover is known in this window, by 1 January 2023."


def test_one_handover_is_spoken_of_in_the_singular() -> None:
    assert say("holdings/summary", **SUMMARY) == (
        "10 February 2023: 1 handover of bodies. It rests on 1 claim by 1 claimant, "
        "carried by 1 page (0 undated). Officials of both sides speak of 0 of the 1."
    )


def test_the_summary_counts_and_names_what_is_disputed(made: Any) -> None:
    said = h.summary(made, made.events())
    assert said == (
        "10 February 2023 to 7 January 2024: 1 handover of bodies; 2 prisoner exchanges. "
        "They rest on 7 claims by 4 claimants, carried by 7 pages (1 undated). "
        "Officials of both sides speak of 1 of the 3."
    )
    doubted = say("holdings/summary", **(SUMMARY | {"handovers": 2, "disputed": 1}))
    assert "Whether 1 of them took place is disputed" in doubted


def test_agreeing_claims_are_not_in_the_table_of_differences(made: Any) -> None:
    assert h.differences_table(analysis.differences(made)).frame["said by"].tolist() == [
        "Moscow office"
    ]


def test_every_delay_has_words() -> None:
    assert tuple(h.DELAY_WORDS) == analysis.DELAYS


def test_tables_show_as_html_and_csv(record: Any) -> None:
    events = record.events(disputed=True)
    for table in (
        h.years_table(events),
        h.grades_table(events),
        h.both_sides_table(record),
        h.claimants_table(record),
        h.differences_table(analysis.differences(record)),
        h.single_source_table(record),
    ):
        assert "<table" in table._repr_html_() and table.csv().count("\n") == len(table.frame) + 1
    assert "handovers of bodies" in h.summary(record, events)
