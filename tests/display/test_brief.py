"""The brief: clear statements where nothing is known, and for past days what was known then."""

from __future__ import annotations

import re
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


# --- the findings -------------------------------------------------------------------------------


def test_at_most_five_findings_each_one_sentence_with_its_links(record: Any) -> None:
    found = [f for f in brief.in_short(record).split("\n\n") if f[:1].isdigit()]
    assert 3 <= len(found) <= 5
    assert found[0].startswith("1. **Bodies:**") and all("](" in f for f in found)
    assert any("**Prisoners:**" in f for f in found)
    for f in found:
        words = re.sub(r"\]\([^)]*\)", "]", f).partition(" ")[2]
        assert words.count(". ") == 1 and words.endswith("›]"), "one sentence, then where to go on"


def test_no_finding_rests_on_a_minority(record: Any) -> None:
    early = brief.in_short(record.as_of("2023-12-31"))
    assert "to Russia](events/index.html#bodies)" not in early and "How lopsided" not in early


def test_a_window_or_another_side_says_so_and_compares_with_no_total(record: Any) -> None:
    text = brief.in_short(record, "2025-06-01", "2025-06-30", "russia")
    assert text.startswith("From 1 June 2025 on. To 30 June 2025. By Moscow's counts.")
    assert "own total" not in text and "How often" not in text


def test_a_past_view_says_so_first(record: Any) -> None:
    view = record.as_of("2025-06-12")
    assert brief.in_short(view).startswith("As pages dated by 12 June 2025 have it.\n\n1. ")
    assert "before the reading ends" not in brief.in_short(view), "nothing is marked as read then"
    assert "not in this view" in brief.not_known(view)


def test_the_latest_are_the_newest_with_their_owners(record: Any) -> None:
    table = brief.latest(record, newest=12)
    assert len(table.frame) == 12 and "(12 rows)" in table._repr_html_()
    assert table.frame["who says so"].str.len().max() < 80
    first = table.frame["event"].iloc[0]
    assert (
        f'href="#event-{first}"' in table._repr_html_() and f">{first}<" not in table._repr_html_()
    )


class Numbers(dict[str, Any]):
    """Named numbers as attributes, as the templates read a dataclass."""

    __getattr__ = dict.__getitem__


DAY = pd.Timestamp("2026-10-09")
FINDINGS: dict[str, dict[str, Any]] = {
    "sum": {
        "kind": "bodies",
        "handovers": 3,
        "told": {"to_ukraine": {"persons": 10, "known": 3}},
        "official": None,
        "capital": "",
        "url": "",
    },
    "now": {
        "now": Numbers(
            to_ukraine=30, to_russia=3, known=3, handovers=3, ratio=10.0, low=9.0, high=None
        ),
        "unknown": 1,
        "before": 4,
    },
    "rhythm": {
        "kind": "bodies",
        "r": Numbers(
            median=28.0, weekday="Friday", on_weekday=1, deals=4, newest=Event, silence=None
        ),
    },
    "not_known": {
        "known": {"bodies": {"handovers": 1, "to_ukraine": 0, "to_russia": 1}},
        "lacking": None,
        "dense": {"bodies": None},
        "through": DAY,
        "past": False,
    },
    "in_short": {"findings": ["one"], "since": "", "until": "", "lens": "best", "past": ""},
    "none": {"kind": "bodies", "last_day": DAY},
}
Event.event_id = "bodies-2023-02-10"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "sum",
            "**Bodies:** [10 to Ukraine](events/index.html#bodies) in 3 handovers. [Each of them ›]",
        ),
        (
            "now",
            "went to Ukraine and [3](events/index.html#bodies) to Russia, about 10 for each one. [Over",
        ),
        (
            "rhythm",
            "about every 28 days (4 times in the past year); the last known handover was [10 February",
        ),
        ("not_known", "0 to Ukraine and 1 to Russia of 1 handover of bodies. Unknown is not zero."),
        ("in_short", "1. one"),
        ("none", "not a finding that there was none"),
    ],
)
def test_the_smallest_finding(name: str, said: str) -> None:
    assert said in say(f"brief/{name}", **FINDINGS[name])


@pytest.mark.parametrize(
    ("name", "missing"),
    [(n, k) for n, numbers in FINDINGS.items() for k in numbers if k not in ("url", "capital")],
)
def test_a_finding_without_one_of_its_numbers_is_an_error(name: str, missing: str) -> None:
    with pytest.raises((UndefinedError, TypeError)):
        say(f"brief/{name}", **{k: v for k, v in FINDINGS[name].items() if k != missing})


def test_a_sum_that_meets_its_official_total_or_passes_it() -> None:
    total = Numbers(
        as_of=DAY, precision="day", count=10, numbered=None, off_low=0, off_high=0, lacking=None
    )
    numbers = FINDINGS["sum"] | {
        "official": total,
        "capital": "Kyiv",
        "url": "https://example.org/1",
    }
    assert (
        "Kyiv's own total, to 9 October 2026, is [10](https://example.org/1), which the record meets."
        in say("brief/sum", **numbers)
    )
    over = Numbers(total | {"off_low": -3, "off_high": -3})
    assert "3 fewer than the record holds by then." in say(
        "brief/sum", **(numbers | {"official": over})
    )
