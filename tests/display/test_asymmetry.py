"""Asymmetry in words: each template in its smallest, a usual and a broken case; tables."""

from __future__ import annotations

import re
from typing import Any

import jinja2
import pandas as pd
import pytest

from conftest import events_of
from repatria.analysis import asymmetry
from repatria.display import asymmetry as display
from repatria.display import words
from repatria.display.words import FOLDER, GUARDRAIL, say

COUNTS = {"events_in": 5, "events_out": 2, "to_ukraine": 6057, "to_russia": 78}
HELD = {"handovers": 71, "top": 5, "top_share": 0.26, "persons": 23454, "unknown": 2}
LENS = {"lens": "best", "share": 0.0127, "events_in": 5, "events_out": 0}
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
    "level": 0.0858,
    "running": False,
    **COUNTS,
}
FOUND = {"day": pd.Timestamp("2024-06-14"), "low": pd.Timestamp("2024-04-26"), "rho": 0.04}
FOUND |= {"high": pd.Timestamp("2024-11-08"), "before": 0.298, "after": 0.057, "units": 31}
FOUND |= {"placebo_pass": 23, "placebo_days": 28}
NOW = {
    "kind": "bodies",
    "ratio": 34.26,
    "low": 9.52,
    "high": 61.3,
    "day": pd.Timestamp("2025-12-19"),
}
NOW |= {"share": 0.0284, "share_low": 0.0161, "share_high": 0.0951, "handovers_in": 16}
NOW |= {"handovers_out": 2, "equal": 0, "by_design": False, "eras_without": [2022, 2023]}
NOW |= {"since": pd.Timestamp("2024-12-31"), "running": True}
PEAK = {"ratio": 41.2, "date": pd.Timestamp("2025-09-18")}
LAST = {"ratio": 10.7, "ratio_low": 6.42, "ratio_high": 17.7, "day": pd.Timestamp("2026-09-17")}
SIDES = {"handovers": 5, "ukraine": 12, "ukraine_in": 4, "russia": 9, "russia_in": 3}
SIDES |= {"both_in": 2, "both_ukraine": 8, "both_russia": 9, "equal": 1}
NEVER = {"handovers": 5, "ukraine": 0, "ukraine_in": 0, "russia": 4, "russia_in": 2, "both_in": 0}
ALL = {**SIDES, "ukraine_in": 5, "both_ukraine": 9, "equal": 2}
LEVEL = {k: NOW[k] for k in ("ratio", "low", "high", "day")}
LENSES = {"what": "bodies", "levels": {"russia": LEVEL, "best": LEVEL}}
LENSES |= {"by": {"to_ukraine": SIDES, "to_russia": NEVER}}
SUMS = {"missing": {"to_ukraine": 0, "to_russia": 33}, "events_in": 38, "events_out": 33}
SUMS["largest"] = {"to_ukraine": None, "to_russia": 1224}
AGREED = {"direction": "to_ukraine", "counts": 71, "round": 8, "repeats": 0, "round_run": 8}
SIZES = {"what": "bodies", "through": "1 May 2026", "counts": 71, "step": 1000, "round_run": 8}
SIZES |= {"to_ukraine": UKRAINE, "to_russia": RUSSIA}

# Per template: the least and a usual set of numbers, each with what it says.
CASES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "no_event": [({}, "No handover of this kind is on record")],
    "reading": [
        ({**COUNTS, "events_in": 0}, "no handover with a figure in both directions"),
        ({**COUNTS, "to_russia": 0}, "6,057 to 0, to Ukraine over to Russia"),
        (COUNTS, "77.7 to 1, to Ukraine over to Russia"),
        ({**COUNTS, "to_ukraine": 39}, "1 to 2.0, to Ukraine over to Russia"),
    ],
    "share_now": [
        (
            {**NOW, "ratio": None, "handovers_in": 0, "handovers_out": 0},
            "There is no level to give",
        ),
        (
            {**NOW, "by_design": True, "kind": "prisoners", "equal": 15},
            "Prisoners are exchanged one for one by design: in 15 of the 16 exchanges with",
        ),
        (
            {**NOW, "eras_without": [], "running": False},
            "have figures both ways.\n\n*This measures",
        ),
        (
            NOW,
            "On 19 December 2025 the level was **about 34 bodies to Ukraine for each one to "
            "Russia** (95% interval 10 to 61): 2.8% to Russia (1.6 to 9.5%), from a smooth curve "
            "through the deals with figures both ways. Since 31 December 2024, 16 of 18 handovers "
            "have figures both ways. For 2022 and 2023 most handovers lack a figure: bounds, no "
            "level. The newest deal may still be running and is not in the level.",
        ),
    ],
    "in_short": [
        ({**IN_SHORT, "events_in": 0, "events_out": 0}, "No handover of this kind"),
        (
            {**IN_SHORT, "events_in": 0, "events_out": 0, "running": True},
            "is in no figure here. No other handover of this kind is in this window.",
        ),
        ({**IN_SHORT, "events_in": 0, "share": None}, "None of the 2 handovers of bodies in"),
        (
            {**IN_SHORT, "events_in": 0, "events_out": 1, "share": None},
            "The one handover of bodies in this window has no figure in both directions, so there",
        ),
        ({**IN_SHORT, "events_out": 1}, "*Absence:* 1 more lacks a figure in at least"),
        (
            {**IN_SHORT, "events_out": 9},
            "9 of the 14 handovers of bodies in this window lack a figure in at least one direction,"
            " so there is no share to give: were each missing count anything up to the largest ever"
            " published for its direction, 1.0 to 2.0% went to Russia.",
        ),
        ({**IN_SHORT, "level": None}, "to 16 June 2025. *Disagreement:*"),
        ({**IN_SHORT, "events_in": 1, "events_out": 0}, "in the 1 handover of bodies with a"),
        ({**IN_SHORT, "events_out": 0}, "*Absence:* no figure is missing."),
        (
            {**IN_SHORT, "running": True},
            "The newest deal may still be running: what it adds up to is not known yet, and it is "
            "in no figure here. All handovers",
        ),
        (
            IN_SHORT,
            "All handovers of this window together: 78 of 6,135 bodies in the 5 handovers of bodies "
            "with a figure in both directions went to Russia (1.3%; 77.7 to 1), 2 June 2025 to 16 "
            "June 2025. It weighs persons over a time in which the share moved and is no day's "
            "share (the level now is 8.6%). *Disagreement:* the published claims on these leave "
            "that figure as it is. *Absence:* 2 more lack a figure in at least one direction; were "
            "each missing count anything up to the largest ever published for its direction, the "
            "share of all would lie between 1.0 and 2.0%.\n\n*This measures",
        ),
    ],
    "era_table_title": [({"what": "bodies"}, "The share of bodies to Russia by year, and what")],
    "era_table_note": [
        ({"one_way": 0}, "not an interval of chance. This measures"),
        ({"one_way": 1}, "1 one-way handover not counted. This measures"),
    ],
    "shares_table_title": [({"what": "bodies", "by": "year"}, "Share of bodies that went")],
    "shares_table_note": [
        ({"groups": 0, "by": "year"}, "so there is no share to give. This measures"),
        ({"groups": 5, "by": "event"}, "none is a statement, not a gap. This measures"),
        ({"groups": 5, "by": "year"}, "No share where most lack one. This measures"),
    ],
    "lens_table_title": [({"what": "bodies"}, "The share of bodies to Russia, by whose claims")],
    "lens_table_note": [({}, "seen in that direction. This measures")],
    "lens_words": [
        ({"by": {"to_ukraine": {"handovers": 0}}}, "No handover of this kind is on record"),
        (
            LENSES,
            "- **By Moscow's counts alone:** 9 bodies to Ukraine in 3 of 5 handovers and 4 to Russia "
            "in 2; at the newest about 34 to Ukraine for each one to Russia on 19 December 2025 "
            "(95% interval 10 to 61).\n\n- **By Kyiv's counts alone:** 12 bodies to Ukraine in 4 "
            "of 5 handovers and no count to Russia; too few handovers with its count both ways for "
            "a ratio.\n\n- **Where both count the same handover:** to Ukraine 2 times, 1 of them "
            "with the same number (9 by Moscow's, 8 by Kyiv's); never to Russia.\n\n- **By all "
            "counts,** the receiving side's first, as the rest of this page has it: about 34",
        ),
        (
            {**LENSES, "levels": {}, "by": {"to_ukraine": ALL, "to_russia": SIDES}},
            "- **By Kyiv's counts alone:** 12 bodies to Ukraine in 5 handovers and 12 to Russia in "
            "4; too few handovers with its count both ways for a ratio.\n\n- **Where both count "
            "the same handover:** to Ukraine 2 times, 2 of them with the same number (9 by either); "
            "to Russia 2 times, 1 of them with the same number (9 by Moscow's, 8 by Kyiv's).\n\n"
            "Both sides' counts",
        ),
    ],
    "bounds_table_title": [({"what": "bodies"}, "could make of the share: bodies")],
    "bounds_table_note": [
        (SUMS, "33 to Russia; largest ever published: none known to Ukraine and")
    ],
    "change_words": [
        ({"found": None}, "Too few finished deals"),
        (
            {"found": {**FOUND, "placebo_days": 0}, "smooth": None, "named": []},
            "from 29.8% to 5.7%. No agreement on record lies in that interval.\n\n*This",
        ),
        (
            {"found": FOUND, "smooth": 0.0, "named": []},
            "the 31 deals scatter more around it than around the smooth curve. No agreement",
        ),
        (
            {"found": {**FOUND, "placebo_pass": 3}, "smooth": 0.01, "named": ["a"]},
            "3 would pass a test of change too (the 8 deals before against the 8 after, p below "
            "0.05): the test",
        ),
        (
            {"found": FOUND, "smooth": 0.01, "named": ["a", "b"]},
            "Had the share changed in a single step, it would have been on 14 June 2024, between "
            "26 April 2024 and 8 November 2024 (95% interval): from 29.8% to 5.7%. A step fits "
            "worse than a gradual change: the 31 deals scatter 2.0 times as far around it as "
            "around the smooth curve. In that interval lie: a; b. Of 28 first days of a month, 23 "
            "would pass a test of change too (the 8 deals before against the 8 after, p below "
            "0.05), as when a share moves gradually: the test does not date a change.",
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
            "The 5 largest of 71 handovers with a figure to Ukraine hold 26% of the 23,454 (2 more "
            "without a figure). Of the 71 counts to Ukraine, 8 hold a multiple of "
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
    "pairs_title": [
        (
            {"what": "bodies", "through": "1 May 2026", "together": False, "reading": "0 to 0"},
            "Bodies per handover through 1 May 2026: 0 to 0",
        ),
        (
            {"what": "bodies", "through": "1 May 2026", "together": True, **COUNTS}
            | {"reading": "9.0 to 1"},
            "Bodies per handover through 1 May 2026: together 9.0 to 1, in the 5 of 7 handovers with "
            "both figures",
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
    "level_over_time_empty": [({"least": 8}, "Fewer than 8 finished deals in this window")],
    "level_over_time_title": [
        ({"what": "bodies", "last": None, "peak": PEAK}, "level through September 2025 only"),
        (
            {"what": "prisoners", "last": LAST, "peak": {**PEAK, "ratio": 11}},
            "Prisoners to Ukraine for each one to Russia: about 11 on 17 September 2026 (95% "
            "interval 6.4 to 18)",
        ),
        ({"what": "bodies", "last": LAST, "peak": PEAK}, "18), down from 41 in September 2025"),
    ],
    "level_over_time_subtitle": [
        ({"zeros": 0, "without": []}, "Dots: deals."),
        (
            {"zeros": 1, "without": [2022, 2023]},
            "Dots: deals (1 deal without any to Russia not drawn). Hatched: 2022 and 2023, when",
        ),
    ],
    "level_over_time_alt": [
        ({"title": "T", "without": []}, "by date on a log axis. T."),
        ({"title": "T", "without": [2022]}, "T. No line in 2022: most handovers lack a figure."),
    ],
    "sizes_title": [
        (SIZES, "2026: a round 1,000 fits the published claims on each of the latest 8 handovers"),
        ({**SIZES, "round_run": 0, "counts": 5}, "2026: 23,454 to Ukraine and 23,454 to Ru"),
        ({**SIZES, "round_run": 0}, "the 5 largest handovers hold 26% of all to Ukraine"),
        (
            {**SIZES, "round_run": 0, "to_ukraine": {**UKRAINE, "unknown": 71}},
            "hold 26% of all to Ukraine in the 71 of 142 handovers with a figure",
        ),
    ],
    "sizes_subtitle": [({"what": "bodies"}, "Bodies to Ukraine per handover, known counts only.")],
    "sizes_alt": [({"title": "T"}, "Sizes by date. T.")],
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
        asked = asymmetry.lenses(record, kind, **days), asymmetry.by_side(record, kind, **days)
        assert "no share to give" in display.lens_words(*asked)
        for by in asymmetry.BY:
            assert "no share to give" in display.shares_table(events, by).notes[0]
        assert "no level to give" in display.share_now_words(
            asymmetry.share_now(record.as_of("2022-02-25"), kind)
        )
        assert display.era_table(asymmetry.eras(events)).frame.empty
    then = record.as_of("2022-02-25").events("bodies")
    assert "Too few" in display.change_words(asymmetry.change(then))


def test_a_running_deal_is_said_and_not_shown_as_a_share(record: Any) -> None:
    said = display.in_short(record.as_of("2025-06-14").events("bodies", since="2025-06-02"))
    assert "may still be running" in said and "0.7%" not in said and "133" not in said


def test_a_year_without_most_figures_has_no_share_in_any_table(record: Any) -> None:
    events = record.events("bodies", until="2025-12-31")
    html = display.era_table(asymmetry.eras(events))._repr_html_()
    row = display.shares_table(events, "year").frame.iloc[0]
    assert pd.isna(row["share to Russia"]) and row["reading"] == "most lack a figure"
    assert "31.1%" in html and "80.2%" in html
    assert "no share to give" in display.in_short(record.events("bodies", until="2022-12-31"))


def test_a_lens_without_most_figures_has_bounds_and_no_share(record: Any) -> None:
    table = asymmetry.lenses(record.until("2026-09-30"), "bodies")
    shown = display.lens_table(table).frame.set_index("lens")
    few = (table["events_in"] <= table["events_out"]).to_numpy()
    assert few.any() and shown["share to Russia"].isna().tolist() == few.tolist()
    assert shown[["bounds: lowest", "bounds: highest"]].notna().all(axis=None)
    sides = asymmetry.by_side(record.until("2026-09-30"), "bodies")
    said = display.lens_words(table, sides)
    pooled = [words.ratio(row.to_ukraine / row.to_russia) for row in table[few].itertuples()]
    told = [f"about {r} to Ukraine" for r in pooled]
    assert not any(t in said for t in told), "no pooled ratio of a minority of the handovers"
    for row in sides.itertuples():
        for n, k in ((row.russia, row.russia_in), (row.ukraine, row.ukraine_in)):
            assert re.search(rf"{n:,} (bodies )?to \w+ in {k}\b", said), (
                "each sum with its handovers"
            )


def test_nothing_handed_over_is_not_said_to_be_without_figures() -> None:
    none, unknown = (asymmetry.share(events_of([pair])) for pair in ((0, 0), (None, 0)))
    assert display.reading(none) == "0 to 0, to Ukraine over to Russia"
    assert display.reading(unknown) == "no handover with a figure in both directions"


def test_june_2025_in_words(record: Any) -> None:
    days = record, "bodies", "2025-06-01", "2025-06-30"
    said = display.lens_words(asymmetry.lenses(*days), asymmetry.by_side(*days))
    assert GUARDRAIL in said
    for sentence in (
        "**By Moscow's counts alone:** 6,060 bodies to Ukraine in 5 handovers and 78 to Russia in 5",
        "**By Kyiv's counts alone:** 6,057 bodies to Ukraine in 5 handovers and no count to Russia",
        "to Ukraine 5 times, 4 of them with the same number (6,060 by Moscow's, 6,057 by Kyiv's); "
        "never to Russia.",
    ):
        assert sentence in said
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


@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_tables_and_sentences_stand_beside_the_guardrail(record: Any, kind: str) -> None:
    events = record.events(kind)
    table = asymmetry.lenses(record, kind)
    rho, named = asymmetry.level(events).attrs["rho"], asymmetry.breaks(record, kind)
    for t in (
        display.shares_table(events, "event"),
        display.shares_table(events, "agreement"),
        display.lens_table(table),
        display.bounds_table(asymmetry.bounds(events)),
        display.era_table(asymmetry.eras(events)),
        display.front_table(asymmetry.fronts(record)),
    ):
        assert any(GUARDRAIL in n for n in t.notes), t.name
        assert "<table" in t._repr_html_() and "nan" not in t._repr_html_().lower(), t.name
    for prose in (
        display.in_short(events),
        display.lens_words(table, asymmetry.by_side(record, kind)),
        display.change_words(asymmetry.change(events), rho, named),
        display.share_now_words(asymmetry.share_now(record, kind)),
    ):
        assert GUARDRAIL in prose and "nan" not in prose.lower()
    assert "no agreement named" in set(display.shares_table(events, "agreement").frame["agreement"])
