"""The brief: clear statements where nothing is known, and for past days what was known then."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.display import brief
from repatria.display.words import say

SUM = {"known": 1, "persons": 10, "low": 10, "high": 10, "unknown": 0, "withheld": 0}
LATEST = {"count": 10, "absence": None, "missing": False, "grade": "agreed", "mediator_only": False}


class Event:
    """An event as the templates read it."""

    date = pd.Timestamp("2023-02-10")
    date_precision = "day"


def state(**more: Any) -> dict[str, Any]:
    return {
        "handovers": 1,
        "first": Event,
        "last": Event,
        "sums": {"to_ukraine": SUM, "to_russia": SUM | {"known": 0}},
        "latest": {"to_ukraine": LATEST, "to_russia": LATEST | {"mediator_only": True}},
    } | more


HEADLINE: dict[str, Any] = {
    "known": {"bodies": state()},
    "last_day": pd.Timestamp("2023-02-10"),
    "past": False,
    "undated": {"to_ukraine": 182, "to_russia": 51},
    "todays": False,
    "searched": {"bodies": None},
    "lens": "best",
    "guardrail": "It does not measure losses.",
}


@pytest.mark.parametrize("missing", sorted(set(HEADLINE) - {"last_day", "undated", "todays"}))
def test_a_headline_without_one_of_its_numbers_is_an_error(missing: str) -> None:
    with pytest.raises(UndefinedError):
        say("brief/headline", **{k: v for k, v in HEADLINE.items() if k != missing})


@pytest.mark.parametrize("missing", SUM)
def test_a_sum_without_one_of_its_numbers_is_an_error(missing: str) -> None:
    whole = SUM | {"high": 12, "unknown": 2, "withheld": 1}
    lacking = {k: v for k, v in whole.items() if k != missing}
    known = {"bodies": state(sums={"to_ukraine": lacking, "to_russia": whole})}
    with pytest.raises(UndefinedError):
        say("brief/headline", **(HEADLINE | {"known": known}))


def test_a_view_that_knows_nothing_says_so(record: Any) -> None:
    text = brief.headline(record.as_of("2022-02-25"))
    assert "none is known in this window" in text and "not a finding that there was none" in text
    assert "**Handovers of bodies:** none" in text and "bodies not yet; prisoners not yet." in text


def test_one_handover_of_one_direction() -> None:
    text = say("brief/headline", **HEADLINE)
    assert text.startswith(
        "**1 handover of bodies** on 10 February 2023: 10 to Ukraine in 1 handover; "
        "no known figure to Russia in 1 handover. "
        "The latest: 10 February 2023, 10 to Ukraine (both sides agree), 10 to Russia (a mediator only)."
    )
    assert "The record as it stands; densely searched: bodies not yet." in text


def test_a_past_view_says_what_undated_pages_keep_out_of_it(record: Any) -> None:
    text = say("brief/headline", **(HEADLINE | {"past": True, "todays": True}))
    assert "182 claims to Ukraine and 51 to Russia that are known today stand on such pages" in text
    assert "told by what has been read since" in text
    with pytest.raises(UndefinedError):
        say(
            "brief/headline",
            **{k: v for k, v in (HEADLINE | {"past": True}).items() if k != "undated"},
        )
    then = record.as_of("2025-06-12")
    out = then.left_out()
    here = out["kind"].isin(["bodies", "prisoners"]) & (out["direction"] == "to_russia")
    assert f"and {out.loc[here, 'claims'].sum()} to Russia that are known" in brief.headline(then)


def test_ranges_and_what_has_no_figure_are_said() -> None:
    wide = SUM | {"low": 9, "high": 12, "known": 3, "unknown": 2, "withheld": 1}
    known = {"bodies": state(handovers=5, sums={"to_ukraine": wide, "to_russia": SUM})}
    text = say("brief/headline", **(HEADLINE | {"known": known}))
    assert (
        "10 to Ukraine (range of published claims 9–12) in 3 handovers, "
        "with 2 more without a figure (size withheld in 1)"
    ) in text


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
