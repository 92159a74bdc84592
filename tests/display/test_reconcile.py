"""Totals against events, in words: nothing known, the usual rows, and a number that is missing."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.analysis import reconcile as analysis
from repatria.display import reconcile as rc
from repatria.display.words import say

RESULTS = ("totals", "compared", "exact", "fitted", "consistent", "short", "over", "between")
RESULTS += ("not_stated", "narrower")
REASONS: dict[str, Any] = {
    "window": "stated",
    "scope": "",
    "tried": [],
    "fits": [],
    "deals": None,
    "events": 3,
    "residual": False,
    "unknown": 0,
    "disputed": 0,
    "maybe": 0,
    "open": False,
    "rivals": (),
    "thin": False,
    "dense_from": None,
}


def results(**more: int) -> dict[str, int]:
    return dict.fromkeys(RESULTS, 0) | more


@pytest.mark.parametrize("missing", RESULTS)
def test_a_summary_without_one_of_its_numbers_is_an_error(missing: str) -> None:
    known = results(totals=1, compared=1)
    lacking = {k: v for k, v in known.items() if k != missing}
    with pytest.raises(UndefinedError):
        say("reconcile/summary", totals=2, persons=known, handovers=lacking)


@pytest.mark.parametrize("missing", ["said", "measure", "low", "high"])
def test_a_verdict_without_one_of_its_numbers_is_an_error(missing: str) -> None:
    whole = {"said": "short", "measure": "handovers", "low": 1, "high": 2}
    with pytest.raises(UndefinedError):
        say("reconcile/verdict", **{k: v for k, v in whole.items() if k != missing})


@pytest.mark.parametrize("missing", ["unknown", "disputed", "maybe", "rivals", "thin", "deals"])
def test_reasons_without_one_of_their_numbers_are_an_error(missing: str) -> None:
    whole = REASONS | {"residual": True, "open": True}
    with pytest.raises(UndefinedError):
        say("reconcile/reasons", **{k: v for k, v in whole.items() if k != missing})


def test_a_warning_without_its_numbers_is_an_error() -> None:
    whole = {"what": "bodies", "side": "ukraine", "open": 1, "steps": 2, "least": -3, "most": 4}
    assert "1 of 2 steps between totals are not met by their events (-3 to +4)" in say(
        "reconcile/unresolved", **whole
    )
    for name in whole:
        with pytest.raises(UndefinedError):
            say("reconcile/unresolved", **{k: v for k, v in whole.items() if k != name})


def test_no_total_is_said_in_words(record: Any) -> None:
    then = record.as_of("2022-03-01")
    totals = analysis.reconcile(then)
    assert rc.summary(totals) == "No running total is known in this view."
    assert rc.table(totals, then).frame.empty
    assert rc.gaps(analysis.steps(then)).frame.empty
    assert rc.missing_table(then).frame.empty
    assert rc.unresolved(then) == []


@pytest.mark.parametrize(
    ("verdict", "measure", "words"),
    [
        (("exact", None, None), "persons", "exact"),
        (("exact_on_one_reading", None, None), "persons", "exact on one reading of the dates"),
        (("consistent", None, None), "persons", "consistent"),
        (("short", 7, 7), "persons", "short by 7"),
        (("short", 10, 1030), "persons", "short by 10–1,030"),
        (("over", 1, 1), "handovers", "over by 1 handover"),
        (("over", 1, 2), "handovers", "over by 1–2 handovers"),
        (("falls", 1000, 1000), "persons", "falls by 1,000"),
        (("between", None, None), "persons", "between possible sums"),
        (("not_stated", None, None), "persons", "window not stated"),
        (("not_compared", None, None), "persons", "not compared"),
    ],
)
def test_every_verdict_has_words(verdict: tuple[Any, ...], measure: str, words: str) -> None:
    assert rc.verdict_words(*verdict, measure) == words


def test_the_verdicts_of_the_analysis_are_all_tested_above() -> None:
    (marks,) = test_every_verdict_has_words.pytestmark  # type: ignore[attr-defined]
    assert {case[0][0] for case in marks.args[1]} == set(analysis.VERDICTS)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ""),
        ({"window": "narrower_base", "scope": "mariupol"}, "narrower base (mariupol)"),
        ({"window": "floor"}, "window not stated, and a floor fits any long one"),
        (
            {"window": "none_fits", "tried": [(pd.Timestamp("2023-01-01"), "short by 69")]},
            "window not stated, and no standard one fits: from 2023-01-01 short by 69",
        ),
        (
            {"window": "fitted", "fits": [pd.Timestamp("2022-02-24"), pd.Timestamp("2023-01-01")]},
            "window not stated; fits from 2022-02-24 and 2023-01-01, by arithmetic only",
        ),
        ({"deals": 2}, "its 3 handovers are days of 2 deals"),
        (
            {"residual": True, "unknown": 1, "disputed": 2, "maybe": 3},
            "1 event without a size; 2 disputed events left out; 3 events on uncertain days",
        ),
        (
            {"open": True, "rivals": (30, 1033), "thin": True},
            "the same side also says 30 and 1,033 for that day; thinly read",
        ),
        (
            {"open": True, "thin": True, "dense_from": pd.Timestamp("2023-09-01")},
            "thinly read before 2023-09-01",
        ),
    ],
)
def test_each_reason_is_a_clause(given: dict[str, Any], words: str) -> None:
    said = say("reconcile/reasons", **(REASONS | given))
    assert "; ".join(said.split("\n\n")) == words


def test_the_summary_tells_persons_and_handovers_apart(record: Any) -> None:
    totals = analysis.reconcile(record)
    said = rc.summary(totals)
    assert said.startswith(f"Of {len(totals)} published running totals, ")
    numbered = totals[(totals["measure"] == "handovers").to_numpy()]
    assert f"{len(numbered)} more number the handovers" in said
    assert "between possible sums" in say(
        "reconcile/summary", totals=9, persons=results(between=2), handovers=results()
    )


def test_the_tables_hold_what_was_compared(record: Any) -> None:
    totals = analysis.reconcile(record)
    table = rc.table(totals, record)
    shown = table.frame
    assert 0 < len(shown) <= totals["sum"].notna().sum()
    assert shown["what"].str.endswith("number of handovers").any()
    # Six weeks of June: one row a side's own total.
    june = shown[shown["total"].isin(["6,057", "6,060"])]
    assert {"exact"} <= set(june["result"])
    html = table._repr_html_()
    assert shown["page"].str.startswith("http").all() and ">page<" not in html
    assert html.count(' rel="noopener noreferrer nofollow">') == len(shown), "each total has a page"
    steps = analysis.steps(record)
    gaps = rc.gaps(steps).frame
    assert len(gaps) == (~steps["verdict"].isin(analysis.FITS)).sum()
    assert not gaps["result"].str.startswith("exact").any()


def test_missing_handovers_stand_beside_missing_persons(record: Any) -> None:
    table = rc.missing_table(record)
    bodies = table.frame[(table.frame["what"] == "bodies to Ukraine").to_numpy()]
    december = bodies[(bodies["as of"] == "2024-12").to_numpy()]
    assert december["handovers: total"].tolist() == [73]
    assert december["persons: total"].tolist() == [5503]
    assert december["handovers: missing"].str.startswith("20").all()
    assert december["persons: missing"].str.startswith("350").all()
    html = table._repr_html_()
    assert "colspan" in html and table.csv().count("\n") == len(table.frame) + 1


def test_a_change_of_base_is_named(record: Any) -> None:
    totals = analysis.reconcile(record).iloc[:1]
    based = totals.assign(scope="without_june_2025", sum=1, sum_high=1)
    shown = rc.table(based, record).frame
    assert "without the Istanbul handovers of June 2025" in shown["what"].iloc[0]


def test_warnings_tell_which_series_are_open(record: Any) -> None:
    found = [p.reason for p in rc.unresolved(record)]
    assert all("steps between totals are not met by their events" in r for r in found)
    assert any(r.startswith("bodies to Ukraine, totals of side ukraine") for r in found)
