"""A handover in words: who says so in two or three words, and why a claim leads or yields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jinja2 import UndefinedError

from repatria.display import handover
from repatria.display.words import say

EVENT = [("bodies-2025-06-11", "2025-06-11")]


def claim(who: str, direction: str, n: int | None, **more: Any) -> dict[str, Any]:
    return {"event_id": EVENT[0][0], "claimant_id": who, "direction": direction, "n": n, **more}


def told(build: Callable[..., Any], *claims: dict[str, Any]) -> handover.Handover:
    r = build(EVENT, claims)
    return handover.handovers(r, r.events())[0]


def why(build: Callable[..., Any], *claims: dict[str, Any]) -> dict[str, str]:
    found = handover.reasons(build(EVENT, claims))
    return {k.removeprefix("bodies-2025-06-11."): str(r.why) for k, r in found.items()}


SILENT = claim("kyiv", "to_ukraine", None, absence="withheld", qualifier="")


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        ([claim("kyiv", "to_ukraine", 5)], "Kyiv alone"),
        ([claim("moscow", "to_ukraine", 5)], "Moscow alone"),
        ([claim("kyiv", "to_ukraine", 5), claim("moscow", "to_ukraine", 5)], "both sides"),
        (
            [claim("kyiv", "to_ukraine", 5), claim("moscow", "to_ukraine", 6)],
            "Kyiv, Moscow differs",
        ),
        ([claim("broker", "to_ukraine", 5)], "Broker alone"),
        ([claim("press", "to_ukraine", 5)], "press reports"),
        ([SILENT], "Kyiv alone, no number"),
        ([SILENT, SILENT | {"claimant_id": "moscow"}], "both sides, no number"),
        ([SILENT | {"claimant_id": "press"}], "press reports, no number"),
        ([SILENT | {"claimant_id": "unit"}], "press reports, no number"),
        ([SILENT, claim("moscow", "to_ukraine", 5)], "Moscow alone"),
        (
            [claim("kyiv", "to_ukraine", 5), claim("moscow", "to_russia", 5)],
            "to Ukraine: Kyiv alone; to Russia: Moscow alone",
        ),
    ],
)
def test_who_says_so(build: Callable[..., Any], claims: list[dict[str, Any]], who: str) -> None:
    assert told(build, *claims).who == who


def test_an_absence_is_words_and_a_range_stands_apart(build: Callable[..., Any]) -> None:
    row = told(build, claim("kyiv", "to_ukraine", 5), claim("moscow", "to_ukraine", 6))
    assert (row.to_ukraine, row.to_russia, row.differs) == ("5", "not reported", "5–6 to Ukraine")
    assert handover.first_words(row).endswith("5 to Ukraine, not reported to Russia")


def test_no_event_is_no_row(build: Callable[..., Any]) -> None:
    r = build([], [])
    assert handover.handovers(r, r.events()) == [] and handover.reasons(r) == {}


def test_why_claims_yield(build: Callable[..., Any]) -> None:
    found = why(
        build,
        claim("kyiv", "to_ukraine", 5),
        claim("moscow", "to_ukraine", 6),
        claim("broker", "to_ukraine", 5),
        claim("press", "to_ukraine", 7),
        claim("unit", "to_ukraine", 5, tier="aggregator"),
    )
    assert found["to_ukraine.kyiv.total"].startswith(
        "**Leads**: it is the receiving side's official count"
    )
    assert (
        found["to_ukraine.moscow.total"]
        == "Yields to the receiving side's official count; it widens the range."
    )
    assert found["to_ukraine.broker.total"] == "Agrees with the count that leads."
    assert found["to_ukraine.press.total"].startswith("Set aside: official counts are known")
    assert found["to_ukraine.unit.total"].startswith("Set aside: only pages that gather")


def test_where_the_receiver_is_silent_the_giver_leads(build: Callable[..., Any]) -> None:
    found = why(build, claim("moscow", "to_ukraine", 6), claim("press", "to_russia", 2))
    assert (
        "the giving side's official count, and nobody who is heard before"
        in found["to_ukraine.moscow.total"]
    )
    assert "no official count is known" in found["to_russia.press.total"]


def test_parts_and_claims_without_a_number_say_what_they_are(build: Callable[..., Any]) -> None:
    found = why(
        build,
        claim("kyiv", "to_ukraine", 5),
        claim("kyiv", "to_ukraine", 2, part="azov", role="subset"),
        claim("moscow", "to_ukraine", None, absence="withheld", qualifier=""),
    )
    assert (
        found["to_ukraine.kyiv.azov"]
        == "Tells how many of all were Azov; not a count of the whole."
    )
    assert (
        found["to_ukraine.moscow.total"] == "Gives no number, so the number comes from elsewhere."
    )


FACTS: dict[str, Any] = {
    "outcome": "widens",
    "role": "whole",
    "part": "total",
    "rank": 2,
    "vague": False,
    "publishers": 1,
    "value": 5,
}


@pytest.mark.parametrize("missing", ["own", "lead"])
def test_a_reason_without_one_of_its_facts_is_an_error(missing: str) -> None:
    whole = {"own": FACTS, "lead": FACTS | {"rank": 1}}
    with pytest.raises(UndefinedError):
        say("handover/reason", **{k: v for k, v in whole.items() if k != missing})


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"vague": True}, "that is exact"),
        ({"publishers": 0}, "that is carried by more publishers"),
        ({}, "that comes first by its id"),
    ],
)
def test_a_tie_says_what_broke_it(own: dict[str, Any], words: str) -> None:
    assert words in say("handover/reason", own=FACTS | own, lead=FACTS)


def test_only_one_of_two_figures_of_a_claimant_leads(build: Callable[..., Any]) -> None:
    claims = [claim("kyiv", "to_ukraine", 5), claim("kyiv", "to_ukraine", 6)]
    found = why(build, *claims)
    assert sum(w.startswith("**Leads**") for w in found.values()) == 1
    assert any("comes first by its id; it widens the range" in w for w in found.values())


def test_a_claim_that_its_claimant_took_back(record: Any) -> None:
    c = record.claims()
    taken = c.loc[(c["corrected_by"] != "").to_numpy(), "claim_id"].iloc[0]
    reason = handover.reasons(record)[taken]
    assert not reason.leads and reason.why.startswith("Taken back")


def test_kinds_are_counted_in_words() -> None:
    assert (
        handover.summed({"bodies": 1, "prisoners": 2})
        == "1 handover of bodies and 2 prisoner exchanges"
    )
    assert handover.summed({}) == "no handover"
