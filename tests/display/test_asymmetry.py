"""Asymmetry in words: each template in its smallest, a usual and a broken case; tables."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest

from conftest import events_of
from repatria.analysis import asymmetry
from repatria.display import asymmetry as display
from repatria.display.words import FOLDER, GUARDRAIL, say

COUNTS = {"events_in": 5, "events_out": 2, "to_ukraine": 6057, "to_russia": 78}
HELD = {"handovers": 71, "top": 5, "top_share": 0.26, "persons": 23454, "gini": 0.61, "unknown": 2}
LENS = {"lens": "best", "share": 0.0127, "events_in": 5, "events_out": 0}
ENDS = {
    "first": {"share": 0.5, "day": "26 January 2024"},
    "last": {"share": 0.0274, "day": "26 February 2026"},
}
UKRAINE, RUSSIA = ({**HELD, "direction": d} for d in ("to_ukraine", "to_russia"))
IN_SHORT = {
    "share": 0.0127,
    "reading": "77.7 to 1",
    "what": "bodies",
    "one": "handover of bodies",
    "many": "handovers of bodies",
    "first": "2 June 2025",
    "last": "16 June 2025",
    "published": [0.0127, 0.0127],
    "bounds": [0.01, 0.02],
    "interval": [0.001, 0.09],
    "level": 0.95,
    **COUNTS,
}
BREAK = {"before": 0.05, "after": 0.02, "units_before": 8, "units_after": 8, "p_holm": 0.00014}
BREAK["name"] = "end of 2023"
COMMON = {"events": 3, "digits": 1, "share": 0.026, "low": 0.0259, "high": 0.0261}
LENSES = {"with_share": 2, "of": 4, "digits": None, "share": 0.01, "common": COMMON}
LENSES |= {"lowest": LENS, "highest": {**LENS, "lens": "russia", "share": 0.05}, "silent": [LENS]}
SUMS = {"missing": {"to_ukraine": 0, "to_russia": 33}, "events_in": 38, "events_out": 33}
SUMS["largest"] = {"to_ukraine": None, "to_russia": 1224}
AGREED = {"direction": "to_ukraine", "counts": 71, "round": 8, "repeats": 0, "round_run": 8}
SIZES = {"what": "bodies", "through": "1 May 2026", "counts": 71, "step": 1000, "round_run": 8}
SIZES |= {"to_ukraine": UKRAINE, "to_russia": RUSSIA}
SHARES = {"what": "prisoners", "through": "1 May 2026", "with_share": 4, "of": 4, "digits": None}
SHARES |= {"share": 0.4793, "lowest": 0.4677, "highest": 0.4951}

# Per template: the least and a usual set of numbers, each with what it says.
CASES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "no_event": [({}, "No handover of this kind is on record")],
    "reading": [
        ({**COUNTS, "events_in": 0}, "no handover with a figure in both directions"),
        ({**COUNTS, "to_russia": 0}, "6,057 to 0, to Ukraine over to Russia"),
        (COUNTS, "77.7 to 1, to Ukraine over to Russia"),
        ({**COUNTS, "to_ukraine": 39}, "1 to 2.0, to Ukraine over to Russia"),
    ],
    "turn_of_year": [({"year": 2024}, "end of 2023")],
    "in_short": [
        ({**IN_SHORT, "events_in": 0, "events_out": 0}, "No handover of this kind"),
        ({**IN_SHORT, "events_in": 0, "share": None}, "None of the 2 handovers of bodies in"),
        ({**IN_SHORT, "interval": [None, None]}, "too few exchanges, or no variation"),
        ({**IN_SHORT, "events_in": 1}, "bodies in the 1 handover of bodies with a figure"),
        ({**IN_SHORT, "events_out": 0}, "*Absence:* no figure is missing."),
        (
            IN_SHORT,
            "**1.3% went to Russia**: 78 of 6,135 bodies in the 5 handovers of bodies with a "
            "figure in both directions (77.7 to 1), 2 June 2025 to 16 June 2025. *Disagreement:* "
            "the published claims on these leave that figure as it is. *Absence:* 2 more lack a "
            "figure in at least one direction; were each missing count anything up to the largest "
            "ever published for its direction, the share of all would lie between 1.0 and 2.0%. "
            "*Chance:* with the exchange as the unit, the 95% interval is 0.1 to 9.0%.\n\n*This "
            "measures",
        ),
    ],
    "shares_table_title": [({"what": "bodies", "by": "year"}, "Share of bodies that went")],
    "shares_table_note": [
        ({"groups": 0, "by": "year"}, "so there is no share to give. This measures"),
        ({"groups": 5, "by": "event"}, "none is a statement, not a gap. This measures"),
        ({"groups": 5, "by": "year"}, "in both directions. This measures"),
    ],
    "lens_table_title": [({"what": "bodies"}, "The share of bodies to Russia, by whose claims")],
    "lens_table_note": [({}, "chance only. This measures")],
    "lens_words": [
        ({"with_share": 0}, "No lens has a handover with a figure in both directions"),
        ({**LENSES, "with_share": 1}, "Only one lens has a share, 1.27%, so there is nothing"),
        (
            {**LENSES, "with_share": 4, "digits": 2, "silent": []},
            "All four lenses agree to the second",
        ),
        (
            {**LENSES, "with_share": 3, "digits": 0},
            "Three of the four lenses agree to the whole percent",
        ),
        (
            LENSES,
            "The two lenses with a share do not agree to a whole percent: from 1.3% "
            "(receiver-first rule, all claims, 5 handovers) to 5.0% (Russian claims only, 5). "
            "They do not hold the same handovers: over the 3 handovers that each of them holds, "
            "the share is 2.6%, alike to the first decimal of a percent. Receiver-first rule, all "
            "claims: no share, 0 handovers without a figure in both directions.\n\n*This",
        ),
        ({**LENSES, "common": {**COMMON, "digits": None}}, "the share is 2.6 to 2.6%."),
        ({**LENSES, "common": {"events": 0}}, "what differs is which handovers they hold."),
    ],
    "bounds_table_title": [({"what": "bodies"}, "could make of the share: bodies")],
    "bounds_table_note": [
        (SUMS, "33 to Russia; largest ever published: none known to Ukraine and")
    ],
    "interval_table_title": [({"level": 0.95, "what": "bodies"}, "Chance: 95% intervals for")],
    "interval_table_note": [({}, "never quote it alone. The model's share")],
    "change_table_title": [({"what": "bodies"}, "Did the share of bodies to Russia change?")],
    "change_table_note": [
        ({"looks": 1, "least": 3}, "1 look, Holm's correction. Empty p: fewer than 3")
    ],
    "change_words": [
        ({"differ": [], "alike": [], "looks": 0, "least": 3}, "so nothing is tested."),
        (
            {"differ": [], "alike": ["a"], "looks": 2, "least": 3},
            "2 looks counted: no break shows a",
        ),
        (
            {"differ": [BREAK, BREAK], "alike": ["a", "b"], "looks": 9, "least": 3},
            "the share to Russia differs at end of 2023: 5.0% before and 2.0% after (8 and 8 "
            "exchanges, p = 0.00014); end of 2023: 5.0% before and 2.0% after (8 and 8 exchanges, "
            "p = 0.00014). No difference is shown at a; b. A difference is not dated",
        ),
    ],
    "front_table_note": [
        (
            {"breakdowns": 9, "handovers": 71, "persons": 800, "whole": 1000},
            "9 of 71 handovers have parts that add up: 800 of their 1,000 bodies have a direction",
        )
    ],
    "size_words": [
        ({"handovers": 0, "sums": [], "agreed": [], "step": 1000}, "No handover of this kind"),
        (
            {
                "handovers": 9,
                "sums": [{**UKRAINE, "top_share": None}, {**RUSSIA, "handovers": 4}],
                "agreed": [],
                "step": 1000,
            },
            "No handover in this window has a known count above zero to Ukraine. 4 handovers with "
            "a figure to Russia: too few to speak of the largest.",
        ),
        (
            {"handovers": 73, "sums": [UKRAINE], "agreed": [AGREED], "step": 1000},
            "The 5 largest of 71 handovers with a figure to Ukraine hold 26% of the 23,454 (Gini "
            "0.61; 2 more have no figure). Of the 71 counts to Ukraine, 8 hold a multiple of "
            "1,000 in the published range; the latest 8 are all round. A round or repeated size",
        ),
        (
            {"handovers": 73, "sums": [], "agreed": [{**AGREED, "repeats": 3}], "step": 1000},
            "in the published range and 3 equal the count before; the latest 8",
        ),
        (
            {
                "handovers": 73,
                "sums": [],
                "agreed": [{**AGREED, "round": 0, "repeats": 3, "round_run": 0}],
                "step": 1000,
            },
            "Of the 71 counts to Ukraine, 3 equal the count before. A round",
        ),
    ],
    "held": [
        (UKRAINE, "to Ukraine: the 5 largest of 71 hold 26%"),
        ({**RUSSIA, "handovers": 1}, "to Russia: 1 handover with a figure"),
    ],
    "pairs_title": [
        (
            {"what": "bodies", "through": "1 May 2026", "together": False, "reading": "0 to 0"},
            "Bodies per handover through 1 May 2026: 0 to 0",
        ),
        (
            {"what": "bodies", "through": "1 May 2026", "together": True, "reading": "9.0 to 1"},
            "Bodies per handover through 1 May 2026: together 9.0 to 1",
        ),
    ],
    "pairs_note": [
        ({**COUNTS, "zeros": 0, "hidden": 0}, "in both directions: 5 of 7."),
        (
            {**COUNTS, "zeros": 3, "hidden": 1},
            "5 of 7, 3 of them a zero to Russia; 1 without a count above zero in either are not "
            "drawn.",
        ),
    ],
    "pairs_subtitle": [({"note": "The note."}, "in one direction. The note.")],
    "pairs_alt": [({"title": "The title", "note": "The note."}, "40 to 1. The title. The note.")],
    "share_over_time_empty": [({"width": 8}, "Fewer than 8 handovers in this window")],
    "share_over_time_title": [
        (
            {"what": "bodies", "width": 8, **ENDS},
            "Share of bodies that went to Russia: 50.0% in the 8 handovers to 26 January 2024, "
            "2.7% in the 8 to 26",
        ),
        ({"what": "prisoners", "width": 8, **ENDS}, "prisoners who went"),
    ],
    "share_over_time_subtitle": [({"width": 8}, "in the last 8 handovers with")],
    "share_over_time_alt": [
        ({"title": "T", "interval": None}, "T; no interval for the last."),
        ({"title": "T", "interval": [0.1, 0.2]}, "T; 95% interval of the last 10.0% to 20.0%."),
    ],
    "lens_shares_title": [
        ({**SHARES, "with_share": 1}, "2026: 46.77%, under the only lens that has a share"),
        (
            SHARES,
            "Share of prisoners who went to Russia through 1 May 2026: 46.77% to 49.51%, depending",
        ),
        ({**SHARES, "digits": 0}, "48% whichever side's claims are counted"),
        ({**SHARES, "digits": 1, "with_share": 3}, "47.9% under each of the 3 lenses that have"),
    ],
    "lens_shares_subtitle": [({}, "the largest that lens has seen. Line: 95% interval")],
    "lens_shares_alt": [
        (
            {"title": "T", "rows": [LENS, {**LENS, "lens": "russia", "share": None}]},
            "T. receiver-first rule, all claims: 1.27%; Russian claims only: no figure.",
        )
    ],
    "sizes_title": [
        (SIZES, "2026: a round 1,000 fits the published claims on each of the latest 8 handovers"),
        ({**SIZES, "round_run": 0, "counts": 5}, "23,454 to Ukraine and 23,454 to Russia in known"),
        ({**SIZES, "round_run": 0}, "the 5 largest handovers hold 26% of all to Ukraine"),
    ],
    "sizes_subtitle": [({}, "known counts only.")],
    "sizes_alt": [({"title": "T", "held": ["a", "b"]}, "by date. T. a; b.")],
}
SAID = [(name, numbers, said) for name, cases in CASES.items() for numbers, said in cases]


def test_no_template_is_untested() -> None:
    found = {p.name.removesuffix(".md.j2") for p in (FOLDER / "asymmetry").glob("*.md.j2")}
    assert found == set(CASES)


@pytest.mark.parametrize("name", [name for name, cases in CASES.items() if cases[-1][0]])
def test_a_missing_number_is_an_error(name: str) -> None:
    missed = []
    for left_out in {n for numbers, _ in CASES[name] for n in numbers}:
        for numbers, _ in CASES[name]:
            try:
                say(f"asymmetry/{name}", **{n: v for n, v in numbers.items() if n != left_out})
            except jinja2.UndefinedError:
                break
        else:
            missed.append(left_out)
    # What a template was given and reads in none of its cases is no number of it.
    text = (FOLDER / f"asymmetry/{name}.md.j2").read_text("utf-8")
    assert [n for n in missed if n in text] == []


@pytest.mark.parametrize(("name", "numbers", "said"), SAID)
def test_each_sentence(name: str, numbers: dict[str, Any], said: str) -> None:
    text = say(f"asymmetry/{name}", **numbers)
    assert said in text
    assert "  " not in text and " ." not in text and " ;" not in text and "None" not in text[5:]


def test_an_empty_window_is_a_sentence(record: Any) -> None:
    for kind in ("bodies", "prisoners"):
        days = {"since": "2022-02-24", "until": "2022-02-25"}
        events = record.events(kind, **days)
        assert "no share to give" in display.in_short(events)
        assert "no share to give" in display.size_words(events)
        assert "no share to give" in display.lens_words(asymmetry.lenses(record, kind, **days))
        for by in asymmetry.BY:
            assert "no share to give" in display.shares_table(events, by).notes[0]
    then = record.as_of("2022-02-25").events("bodies")
    assert "nothing is tested" in display.change_words(asymmetry.changes(then, {}))


def test_nothing_handed_over_is_not_said_to_be_without_figures() -> None:
    none, unknown = (asymmetry.share(events_of([pair])) for pair in ((0, 0), (None, 0)))
    assert display.reading(none) == "0 to 0, to Ukraine over to Russia"
    assert display.reading(unknown) == "no handover with a figure in both directions"


def test_june_2025_in_words(record: Any) -> None:
    table = asymmetry.lenses(record, "bodies", "2025-06-01", "2025-06-30")
    said = display.lens_words(table)
    agree = (
        "Three of the four lenses agree to the second decimal of a percent: 1.27% went to Russia"
    )
    assert agree in said and GUARDRAIL in said
    assert "Ukrainian claims only: no share, 5 handovers" in said
    june = record.events("bodies", since="2025-06-01", until="2025-06-30")
    row = display.shares_table(june, "month").frame.iloc[0]
    assert row["reading"].startswith("77.7 to 1")


def test_a_zero_is_read_and_a_size_withheld_is_shown_as_such(record: Any) -> None:
    zero = record.events("bodies", since="2025-06-13", until="2025-06-13")
    table = display.shares_table(zero, "event")
    assert table.frame["reading"].tolist() == ["1,200 to 0, to Ukraine over to Russia"]
    assert table.frame["to Russia"].tolist() == ["none"]
    withheld = record.events("prisoners", since="2025-06-10", until="2025-06-10")
    assert display.shares_table(withheld, "event").frame["to Russia"].tolist() == ["size withheld"]


def test_each_handover_stands_under_its_year_and_its_csv_has_no_year(record: Any) -> None:
    table = display.shares_table(record.events("bodies"), "event")
    assert (table.frame["event"].str.split("-").str[1] == table.frame["year"]).all()
    assert table.frame["year"].is_monotonic_decreasing
    assert table.csv().splitlines()[0] == "event,share to Russia,to Ukraine,to Russia,reading"


def test_a_turn_of_the_year_is_named_by_the_year_that_ends() -> None:
    assert display.break_name("2024") == "end of 2023"
    assert display.break_name("Istanbul talks of 2 June 2025") == "Istanbul talks of 2 June 2025"


@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_tables_and_sentences_stand_beside_the_guardrail(record: Any, kind: str) -> None:
    events = record.events(kind)
    table = asymmetry.lenses(record, kind)
    changes = asymmetry.changes(events, asymmetry.breaks(record, kind))
    for t in (
        display.shares_table(events, "event"),
        display.shares_table(events, "agreement"),
        display.lens_table(table),
        display.bounds_table(asymmetry.bounds(events)),
        display.interval_table(asymmetry.intervals(events)),
        display.change_table(changes),
        display.front_table(asymmetry.fronts(record)),
    ):
        assert any(GUARDRAIL in n for n in t.notes), t.name
        assert "<table" in t._repr_html_() and "nan" not in t._repr_html_().lower(), t.name
    for prose in (
        display.in_short(events),
        display.lens_words(table),
        display.change_words(changes),
    ):
        assert GUARDRAIL in prose and "nan" not in prose.lower()
    assert "no agreement named" in set(display.shares_table(events, "agreement").frame["agreement"])
