"""The ledger of claims: every claim and page once, absences in words, nothing of a later day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from jinja2 import UndefinedError
from three import CLAIMS, EVENTS, FIRST, SECOND, THIRD

from repatria.display.ledger import Page, ledger
from repatria.display.words import say


@pytest.fixture
def made(build: Callable[..., Any]) -> Any:
    return build(EVENTS, CLAIMS)


def test_no_event_gives_an_empty_ledger(made: Any) -> None:
    assert ledger(made, made.events(until="2023-01-01")) == []


STATEMENT: dict[str, Any] = {
    "claimant": "Kyiv office",
    "figure": "size withheld",
    "direction": "to_ukraine",
    "part": "",
    "subset": False,
    "stated_date": None,
    "known_on": "",
}


@pytest.mark.parametrize("missing", STATEMENT)
def test_a_statement_without_one_of_its_values_is_an_error(missing: str) -> None:
    whole = STATEMENT | {"part": "azov"}
    with pytest.raises(UndefinedError):
        say("ledger/statement", **{k: v for k, v in whole.items() if k != missing})


def test_a_statement_with_nothing_and_with_everything() -> None:
    least = "Kyiv office: size withheld to Ukraine, on undated pages only"
    assert say("ledger/statement", **STATEMENT) == least
    most = STATEMENT | {
        "figure": "about 30",
        "part": "azov",
        "subset": True,
        "stated_date": pd.Timestamp("2022-09-20"),
        "known_on": "2022-09-22",
    }
    assert say("ledger/statement", **most) == (
        "Kyiv office: about 30 to Ukraine (of them Azov), for 2022-09-20, known from 2022-09-22"
    )


def test_a_summary_without_an_estimate_is_an_error(made: Any) -> None:
    (event, *_) = made.events().itertuples()
    with pytest.raises(UndefinedError):
        say("ledger/summary", event=event, estimates={"to_ukraine": {"absence": None}})


def test_the_summary_has_ranges_absences_and_doubts(made: Any, record: Any) -> None:
    entries = {e.event_id: e.summary for e in ledger(made, made.events())}
    assert entries[FIRST] == (
        "10 February 2023, handover of bodies: "
        "10 to Ukraine (published claims 10–12), sides differ; to Russia none"
    )
    entries = {
        e.event_id: e.summary
        for e in ledger(record, record.events(None, "best", cancelled=True, disputed=True))
    }
    assert any(s.endswith(": cancelled") for s in entries.values())
    assert any(s.endswith("; that it took place is disputed") for s in entries.values())


def test_the_ledger_says_absences_in_words(made: Any) -> None:
    entries = {e.event_id: e for e in ledger(made, made.events())}
    said = [c.said for c in entries[FIRST].claims]
    assert "Moscow office: none to Russia, known from 2023-02-12" in said
    assert "Press: more than 8 to Ukraine, known from 2023-03-01" in said
    (kyiv,) = (c for c in entries[SECOND].claims if c.claimant == "Kyiv office")
    assert (
        kyiv.said == "Kyiv office: size withheld to Ukraine, on undated pages only"
        and kyiv.known_on == ""
    )
    assert kyiv.pages == (Page("Paper 4", "https://example.org/4", "", "press", "none", "part"),)
    assert "not reported" in entries[THIRD].summary


def test_the_ledger_holds_every_claim_and_page_of_the_record(record: Any) -> None:
    events = record.events(cancelled=True, disputed=True)
    entries = ledger(record, events)
    assert [e.event_id for e in entries] == list(events["event_id"])
    claims = [c for e in entries for c in e.claims]
    assert {c.claim_id for c in claims} == set(record.claims()["claim_id"]) and len(claims) == len(
        record.claims()
    )
    assert sum(len(c.pages) for c in claims) == len(record.citations())
    assert all(c.pages for c in claims)


def test_the_ledger_of_a_past_day_knows_no_later_page(record: Any) -> None:
    then = record.as_of("2024-06-01")
    days = [p.published_on for e in ledger(then, then.events()) for c in e.claims for p in c.pages]
    assert days and all("" < d <= "2024-06-01" for d in days)
