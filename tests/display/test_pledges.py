"""What was promised and planned, and who says so: silence is visible, nothing known is an empty table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.analysis import pledges as analysis
from repatria.display import pledges
from repatria.display.words import say

JUNE = "istanbul-2025-06-02"


def test_a_view_that_knows_nothing_has_empty_tables(record: Any) -> None:
    then = record.as_of("2022-02-25")
    assert pledges.rival_totals(then, JUNE).frame.empty
    assert "no row is known" in pledges.rival_totals(then, JUNE)._repr_html_()


def test_an_agreement_that_is_not_there_has_no_rivals(record: Any) -> None:
    assert pledges.rival_totals(record, "nowhere-2025-01-01").frame.empty


def test_rivals_of_june_2025(record: Any) -> None:
    rivals = pledges.rival_totals(record, JUNE).frame
    assert {6057, 6060, 78} <= set(rivals["total"])


# --- what came of it ------------------------------------------------------------------------------

DAY = pd.Timestamp("2025-05-23")
WAY: dict[str, Any] = {
    "promised_low": 1000,
    "promised_high": 1000,
    "without": 0,
    "events": 1,
    "unsized": 0,
    "low": 7,
    "high": 7,
    "first": DAY,
    "last": DAY,
    "days": 1,
    "ukraine_says": 7,
    "russia_says": 7,
    "tied_events": 1,
    "tied_best": 7,
    "possible_events": 1,
    "possible_best": 7,
}
NONE = {
    "events": 0,
    "low": None,
    "high": None,
    "first": None,
    "last": None,
    "tied_events": 0,
    "possible_events": 0,
}


def sentence(**ways: dict[str, Any]) -> str:
    kinds = [{"kind": "prisoners", "ways": ways, "totals": []}]
    return str(say("pledges/finding", name="Talks", agreed_on=DAY, kinds=kinds))


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        (
            {"to_ukraine": WAY | NONE},
            "Talks (May 2025): of 1,000 prisoners named for Ukraine, none is known to have come under it.",
        ),
        (
            {"to_ukraine": WAY, "to_russia": WAY},
            "Of the 1,000 for 1,000 prisoners agreed in May 2025, 7 each were exchanged on 23 May 2025.",
        ),
        (
            {"to_ukraine": WAY | NONE, "to_russia": WAY | NONE},
            "Talks: 1,000 for 1,000 prisoners named, no handover counted under it.",
        ),
        (
            {"both": WAY},
            "Of the 1,000 prisoners agreed in May 2025, both ways together, 7 were exchanged on 23 May 2025.",
        ),
        (
            {
                "to_ukraine": WAY
                | {
                    "low": 5,
                    "high": None,
                    "unsized": 2,
                    "events": 3,
                    "ukraine_says": None,
                    "tied_events": 3,
                    "possible_events": 3,
                }
            },
            "Talks (May 2025): of 1,000 prisoners named for Ukraine, at least 5 were exchanged in one days",
        ),
    ],
)
def test_a_finding_smallest_to_usual(ways: dict[str, Any], expected: str) -> None:
    if "in one days" in expected:  # three handovers, not three days running
        ways = {k: v | {"days": None} for k, v in ways.items()}
        expected = expected.replace(
            "in one days",
            "in three handovers from 23 May 2025 to 23 May 2025; two of the three have no published size.",
        )
    assert sentence(**ways) == expected


@pytest.mark.parametrize("number", ["promised_high", "events", "low", "unsized", "possible_events"])
def test_a_finding_wants_its_numbers(number: str) -> None:
    broken = {k: v for k, v in WAY.items() if k != number}
    with pytest.raises(UndefinedError):
        sentence(to_ukraine=broken, to_russia=broken)


def test_findings_of_the_record(record: Any) -> None:
    assert pledges.finding(record, "istanbul-2025-05-16") == (
        "Of the 1,000 for 1,000 prisoners agreed in May 2025, 1,000 each were exchanged in three days."
    )
    june = pledges.finding(record, JUNE, "bodies")
    assert (
        "6,057 by Ukraine's counts and 6,060 by Russia's" in june and "78 were handed over" in june
    )
    assert "two claimants say that nothing was promised this way" in june
    may = pledges.finding(record, "ceasefire-2026-05")
    assert "205 each" in may and "653 each" in may and "no page read says so" in may
    assert pledges.finding(record, "nowhere") == pledges.finding(record, "azovstal-2022-09") == ""
    assert pledges.findings(record.as_of("2022-02-25")) == ""
    lines = pledges.findings(record, since="2026-01-01").splitlines()
    assert 3 <= len(lines) < len(pledges.findings(record).splitlines())


def test_every_statement_has_its_owner_and_outcome(record: Any) -> None:
    f = pledges.fulfilment(record, JUNE).frame
    assert f["claimant"].ne("").all() and f["outcome"].notna().all()
    bodies = f[(f["kind"] == "bodies") & (f["direction"] == "to Ukraine")]
    assert set(bodies["delivered"]) == {"6,057–6,060"} and "57–60" in set(bodies["beyond"])
    assert set(pledges.STATUS_WORDS) == set(analysis.STATUSES)
    assert set(pledges.SERIES_WORDS) == set(analysis.AFTER_DELIVERY)


def test_tables_of_a_view_that_knows_nothing_are_empty(record: Any) -> None:
    then = record.as_of("2022-02-25")
    tables = [
        f(then)
        for f in (
            pledges.overview,
            pledges.links,
            pledges.slips,
            pledges.reasons,
            pledges.afterwards,
        )
    ]
    for table in [*tables, pledges.fulfilment(then, JUNE)]:
        assert table.frame.empty and "no row is known" in table._repr_html_() and table.csv()


def test_disputed_links_show_both_sides(record: Any) -> None:
    frame = pledges.links(record).frame.set_index(["event", "agreement"])
    row = frame.loc[("bodies-2025-07-17", "Istanbul agreements of 2025, round not named")]
    assert (
        "Vladimir Medinsky" in row["tied to it by"]
        and "Coordination Headquarters" in row["denied by"]
    )
    assert len(pledges.links(record, disputed=False).frame) > len(frame)
