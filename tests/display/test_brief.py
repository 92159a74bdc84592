"""The brief: clear statements where nothing is known, and for past days what was known then."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.analysis import asymmetry, facts
from repatria.display import brief
from repatria.display.words import ratio, say, span
from repatria.record import names


class Event:
    """An event as the templates read it."""

    date = pd.Timestamp("2023-02-10")
    date_precision = "day"


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
    assert "before the last day read" not in brief.in_short(view), "nothing is marked as read then"
    text, out = brief.not_known(view), view.left_out()
    out = out[(out["kind"].isin(["bodies", "prisoners"])).to_numpy()]
    left = {d: out.loc[(out["direction"] == d).to_numpy(), "claims"].sum() for d in names.SIDES}
    assert f"{left['to_ukraine']} claims to Ukraine and {left['to_russia']} to Russia known" in text
    assert "told by what has been read since" not in text
    assert "told by what has been read since" in brief.not_known(
        record.as_of("2025-06-12", coverage="today")
    )


def test_a_view_that_knows_nothing_says_so(record: Any) -> None:
    view = record.as_of("2022-02-25")
    text = brief.in_short(view)
    assert text.count("no handover is known in this window") == 2 and "Promised" not in text
    assert "no stretch of days" not in brief.not_known(view) and "Of " not in brief.not_known(view)
    assert "For bodies it was" not in brief.questions(view)


def test_the_level_is_that_of_the_page_on_asymmetry(record: Any) -> None:
    now = asymmetry.share_now(record)
    text = brief.in_short(record)
    assert f"about [{ratio(now['ratio'])} bodies to Ukraine](events/index.html#bodies)" in text
    assert f"(95% interval {ratio(now['low'])} to {ratio(now['high'])})" in text


def test_a_promise_a_day_old_of_which_nothing_came_is_not_told(record: Any) -> None:
    # The offer of further bodies was known on 17 June 2025, and nothing could have come of it.
    text = brief.finding(record.as_of("2025-06-17"))
    assert text and "Istanbul talks of 2 June 2025" in text and "none is counted" not in text


def test_questions_answer_with_the_numbers_of_the_page(record: Any) -> None:
    text = brief.questions(record)
    total = facts.official(record, "prisoners")
    assert total and f"For prisoners it was {total.count:,} to" in text
    assert f"by then add up to {span(total.off_low, total.off_high)} fewer" in text
    assert "thinly to" in text and "left out on purpose" not in text
    assert "left out on purpose" in brief.questions(record.as_of("2025-06-12"))


def test_each_sides_own_counts_stand_in_the_brief_and_its_questions(record: Any) -> None:
    by = asymmetry.by_side(record).set_index("direction").to_dict("index")
    text, answer = brief.how_to_read(record), brief.questions(record)
    assert "](asymmetry.html#lenses)" in text and "](asymmetry.html#lenses)" in answer
    for row in by.values():
        for side in ("ukraine", "russia"):
            told = f"{row[side]:,} to "
            assert told in text and f"({row[f'{side}_in']}" in text.partition(told)[2][:14]
            assert re.search(rf"{row[side]:,} (bodies )?to \w+ in {row[f'{side}_in']}\b", answer)
    none = brief.how_to_read(record, "2026-10-01")
    assert "Moscow alone" not in none, "no handover, no count"
    kyiv = brief.how_to_read(record.until("2025-06-30"), "2025-06-01").partition("Kyiv alone ")[2]
    assert kyiv.startswith("6,057 to Ukraine (5) and no count to Russia.")


def test_the_latest_are_the_newest_with_their_owners(record: Any) -> None:
    table = brief.latest(record, newest=12)
    assert len(table.frame) == 12 and "(12 rows)" in table._repr_html_()
    assert table.frame["who says so"].str.len().max() < 80
    first = table.frame["event"].iloc[0]
    assert f'title="{first}">' in table._repr_html_() and f">{first}<" not in table._repr_html_()


class Numbers(dict[str, Any]):
    """Named numbers as attributes, as the templates read a dataclass."""

    __getattr__ = dict.__getitem__


DAY = pd.Timestamp("2026-10-09")
FINDINGS: dict[str, dict[str, Any]] = {
    "sum": {
        "kind": "bodies",
        "handovers": 3,
        "told": {"to_ukraine": {"persons": 10, "known": 3}},
        "untold": {},
        "official": None,
        "capital": "",
        "url": "",
    },
    "now": {
        "kind": "bodies",
        "ratio": 10.0,
        "low": 9.0,
        "high": 11.3,
        "day": pd.Timestamp("2025-06-12"),
        "unknown": 1,
        "before": 4,
        "running": False,
    },
    "promise": {"said": "Of 5 came 3."},
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
        "past": True,
        "undated": {"to_ukraine": 1, "to_russia": 0},
        "todays": True,
    },
    "in_short": {"findings": ["one"], "since": "", "until": "", "lens": "best", "past": ""},
    "none": {"kind": "bodies", "last_day": DAY},
}
UNASKED = ("url", "capital", "dense", "through")  # of the smallest finding
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
            "[10 bodies to Ukraine](events/index.html#bodies) for each one to Russia by 12 June 2025, "
            "smoothed over the handovers (95% interval 9.0 to 11). [Over time ›]",
        ),
        (
            "rhythm",
            "bodies came about every 28 days (4 times); the last known handover was [10 February 2023",
        ),
        (
            "not_known",
            "Of 1 handover of bodies, 1 lacks a count to Russia. Unknown is not zero.",
        ),
        ("promise", "**Promised:** Of 5 came 3. [Promised ›]"),
        ("in_short", "1. one"),
        ("none", "not a finding that there was none"),
    ],
)
def test_the_smallest_finding(name: str, said: str) -> None:
    assert said in say(f"brief/{name}", **FINDINGS[name])


@pytest.mark.parametrize(
    ("name", "missing"),
    [(n, k) for n, numbers in FINDINGS.items() for k in numbers if k not in UNASKED],
)
def test_a_finding_without_one_of_its_numbers_is_an_error(name: str, missing: str) -> None:
    with pytest.raises((UndefinedError, TypeError)):
        say(f"brief/{name}", **{k: v for k, v in FINDINGS[name].items() if k != missing})


def test_one_handover_is_no_plural() -> None:
    one = FINDINGS["sum"] | {"handovers": 1, "told": {"to_ukraine": {"persons": 5, "known": 1}}}
    assert "[5 to Ukraine](events/index.html#bodies) in 1 handover. [" in say("brief/sum", **one)


def test_a_direction_that_most_handovers_do_not_bear_out_is_told_as_such() -> None:
    known = FINDINGS["sum"] | {"untold": {"to_russia": 2}}
    said = say("brief/sum", **known)
    assert "in 3 handovers, 2 of which have no count to Russia. [Each" in said


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
    apart = Numbers(
        total
        | {"off_low": 3, "off_high": 4, "numbered": 91, "lacking": (20, 21)}
        | {"number_scope": "without_june_2025"}
    )
    assert (
        "is [10](https://example.org/1), against 6–7 on record by then; no page describes "
        "20–21 of the handovers it counts. [Why"
    ) in say("brief/sum", **(numbers | {"official": apart}))
    over = Numbers(total | {"off_low": -3, "off_high": -3})
    assert "[10](https://example.org/1), against 13 on record by then. [Why" in say(
        "brief/sum", **(numbers | {"official": over})
    )
