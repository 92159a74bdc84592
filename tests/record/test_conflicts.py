"""Every known conflict is held as claims of named claimants and resolved, if at all, only by the rule."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

# name of the conflict: (event, direction, {claimant: figures it gives for the whole or as a component})
CONFLICTS: dict[str, tuple[str, str, dict[str, set[int]]]] = {
    "2022-06 second body swap: 50 or 58": (
        "bodies-2022-06-08",
        "to_ukraine",
        {"ministry-reintegration": {50}, "azov": {58}},
    ),
    "2022-06-29: 144 or 114": (
        "prisoners-2022-06-29",
        "to_ukraine",
        {"defence-intelligence-ukraine": {144}, "press": {114}},
    ),
    "2022-04-09: 26 or 31": (
        "prisoners-2022-04-09",
        "to_ukraine",
        {"iryna-vereshchuk": {26, 12, 14}, "ukrainian-media": {12, 19}},
    ),
    "2022-09-21: 215, 225 or 205": (
        "prisoners-2022-09-21",
        "to_ukraine",
        {"andriy-yermak": {215}, "press": {225}, "russian-media": {205}},
    ),
    "2022-09-21: 55 or 56": (
        "prisoners-2022-09-21",
        "to_russia",
        {"mod-russia": {55}, "andriy-yermak": {55, 1}, "press": {56}},
    ),
    "2022-10-17: 108 or 110": (
        "prisoners-2022-10-17",
        "to_ukraine",
        {"andriy-yermak": {108}, "denis-pushilin": {110}},
    ),
    "2022-10-29: 52 or 50": (
        "prisoners-2022-10-29",
        "to_ukraine",
        {"andriy-yermak": {52}, "denis-pushilin": {50}},
    ),
    "2022-11-23: 36 or 35": (
        "prisoners-2022-11-23",
        "to_ukraine",
        {"andriy-yermak": {36}, "denis-pushilin": {35}},
    ),
    "2022-11-25/26: 12 or 9 for 9": (
        "prisoners-2022-11-26",
        "to_ukraine",
        {"andriy-yermak": {12}, "press": {9}},
    ),
    "2022-12-14: 64 with or without one foreigner": (
        "prisoners-2022-12-14",
        "to_ukraine",
        {"andriy-yermak": {64, 1}, "press": {64}},
    ),
    "2023-03-07: 130 or 90": (
        "prisoners-2023-03-07",
        "to_ukraine",
        {"andriy-yermak": {130}, "tatyana-moskalkova": {90}},
    ),
    "2023-03-07: 90 to Russia": ("prisoners-2023-03-07", "to_russia", {"mod-russia": {90}}),
    "2023-04-10: 100 or 106": (
        "prisoners-2023-04-10",
        "to_ukraine",
        {"andriy-yermak": {100}, "mod-russia": {106}},
    ),
    "2023-04-26: 44, or 40 + 4": (
        "prisoners-2023-04-26",
        "to_ukraine",
        {"andriy-yermak": {44}, "tatyana-moskalkova": {40, 4}},
    ),
    "2023-07-06: 45 or 47": (
        "prisoners-2023-07-06",
        "to_ukraine",
        {"andriy-yermak": {45}, "press": {45, 2}},
    ),
    "2024-01-31: 207 or 195": (
        "prisoners-2024-01-31",
        "to_ukraine",
        {"volodymyr-zelensky": {207}, "mod-russia": {195}},
    ),
    "2024-11-29: to Russia 48 or 52": ("bodies-2024-11-29", "to_russia", {"press": {48, 52}}),
    "2024-12-30: 189 or 150": (
        "prisoners-2024-12-30",
        "to_ukraine",
        {"volodymyr-zelensky": {189}, "mod-russia": {150}, "mfa-uae": {150}},
    ),
    "2025-03-19: 175 + 22": (
        "prisoners-2025-03-19",
        "to_ukraine",
        {"volodymyr-zelensky": {175, 22}, "mod-russia": {175, 22}},
    ),
    "2025-04-19: 246 + 31": (
        "prisoners-2025-04-19",
        "to_ukraine",
        {"mod-russia": {246, 31}, "volodymyr-zelensky": {277}},
    ),
    "2025-04-19: 246 + 15 to Russia": (
        "prisoners-2025-04-19",
        "to_russia",
        {"mod-russia": {246, 15}},
    ),
    "2025-06-16: 1,245 or 1,248": (
        "bodies-2025-06-16",
        "to_ukraine",
        {"coordination-headquarters": {1245}, "mod-russia": {1248}},
    ),
    "2025-07-23: about 250 on one man's word": (
        "prisoners-2025-07-23",
        "to_ukraine",
        {"vladimir-medinsky": {250}},
    ),
    "2025-08-14: 33 + 51 civilians, or 84 prisoners of war": (
        "prisoners-2025-08-14",
        "to_ukraine",
        {"coordination-headquarters": {33, 51}, "mod-russia": {84}},
    ),
    "2025-10-02: 185 + 20 civilians, both ways": (
        "prisoners-2025-10-02",
        "to_russia",
        {"mod-russia": {185, 20}},
    ),
    "2025-12-19: 1,003 or 1,000": (
        "bodies-2025-12-19",
        "to_ukraine",
        {"coordination-headquarters": {1003}, "vladimir-medinsky": {1000}},
    ),
    "2025-12-19: to Russia 26, 25 or 29": (
        "bodies-2025-12-19",
        "to_russia",
        {"vladimir-medinsky": {26}, "press": {25, 29}},
    ),
    "2026-02-26: to Russia 35 or 38": (
        "bodies-2026-02-26",
        "to_russia",
        {"vladimir-medinsky": {35}, "press": {38}},
    ),
    "2026-02-05: 150 + 7, 157, or 152 + 5": (
        "prisoners-2026-02-05",
        "to_ukraine",
        {"coordination-headquarters": {150, 7}, "mod-russia": {157}, "vladimir-medinsky": {152, 5}},
    ),
    "2026-03-06: 300 + 2, 302, or 300": (
        "prisoners-2026-03-06",
        "to_ukraine",
        {"coordination-headquarters": {300, 2}, "press": {302}, "mod-russia": {300}},
    ),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_conflict_is_held(name: str, record: Any) -> None:
    event_id, direction, expected = CONFLICTS[name]
    claims = record.claims(event_id, direction=direction)
    claims = claims[claims["role"] != "subset"]
    for claimant, figures in expected.items():
        said = set(claims[claims["claimant_id"] == claimant]["count_low"].dropna())
        assert figures <= said, f"{claimant} says {said}"


# name of the conflict: (event, days claimants give besides the event's own)
DAYS = {
    "2022-03-16: 16, 17 or 21 March": ("prisoners-2022-03-16", {"2022-03-17", "2022-03-21"}),
    "2022-06: first body swap 2 or 4 June": ("bodies-2022-06-02", {"2022-06-04"}),
    "2022-06: second body swap 8 or 9 June": ("bodies-2022-06-08", {"2022-06-09"}),
    "2022-12-26/27: 42 bodies, two dates": ("bodies-2022-12-27", {"2022-12-26"}),
    "2022-11-25/26": ("prisoners-2022-11-26", {"2022-11-25"}),
    "2026-01-29/30": ("bodies-2026-01-29", {"2026-01-30"}),
}


@pytest.mark.parametrize("name", DAYS)
def test_conflict_of_days_is_held(name: str, record: Any) -> None:
    event_id, days = DAYS[name]
    assert {pd.Timestamp(d) for d in days} <= set(record.claims(event_id)["stated_date"].dropna())


def test_late_reposts_are_no_second_event(record: Any) -> None:
    ids = set(record.events("bodies", cancelled=True, disputed=True)["event_id"])
    assert {"bodies-2023-09-15", "bodies-2023-10-06"} <= ids
    assert not ids & {"bodies-2023-09-18", "bodies-2023-10-19"}


def test_24_january_2024_was_cancelled_and_carried_out_on_31_january(record: Any) -> None:
    e = record.events("prisoners", cancelled=True).set_index("event_id")
    assert e.loc["prisoners-2024-01-24", "status"] == "cancelled"
    assert e.loc[
        "prisoners-2024-01-31", ["to_ukraine", "to_ukraine_low", "to_russia"]
    ].tolist() == [207, 195, 195]


def test_25_and_28_june_2024_are_one_deal_on_two_days(record: Any) -> None:
    e = record.events("prisoners", since="2024-06-25", until="2024-06-28")
    assert len(e) == 2 and e["deal_id"].nunique() == 1


def test_13_september_2024_to_russia_is_withheld_by_kyiv(record: Any) -> None:
    claims = record.claims("prisoners-2024-09-13", direction="to_russia")
    assert "withheld" in set(claims[claims["side"] == "ukraine"]["absence"])
    assert not (claims["absence"] == "zero").any(), "no page says none"


def test_june_2025_zeroes_are_one_sides_word(record: Any) -> None:
    for day in ("13", "14", "15"):
        zeros = record.claims(f"bodies-2025-06-{day}", direction="to_russia")
        zeros = zeros[zeros["absence"] == "zero"]
        assert len(zeros) and set(zeros["side"]) <= {"russia", "third"}


def test_the_planned_start_of_6_and_7_june_2025_is_disputed(record: Any) -> None:
    s = record.schedules()
    s = s[s["planned_for"].between("2025-06-06", "2025-06-07") & (s["kind"] == "bodies")]
    assert {"kept", "not_kept", "postponed"} & set(s[s["side"] == "russia"]["statement"])
    assert "denied" in set(s[s["side"] == "ukraine"]["statement"])


def test_the_pledges_of_2_june_2025_stand_side_by_side(record: Any) -> None:
    p = record.pledges()
    p = p[(p["agreement_id"] == "istanbul-2025-06-02") & (p["kind"] == "bodies")]
    said = set(zip(p["direction"], p["quantity_low"], p["qualifier"], strict=True))
    assert {
        ("to_ukraine", 6000, "exact"),
        ("to_russia", 6000, "exact"),
        ("to_ukraine", 6000, "about"),
        ("to_ukraine", 6000, "more_than"),
        ("to_ukraine", 6000, "up_to"),
        ("both", 12000, "about"),
    } <= said
    assert p[p["note"].str.contains("unilateral")]["claimant_id"].tolist() != []


def test_17_july_2025_continuation_or_not(record: Any) -> None:
    s = record.schedules()
    s = s[s["event_id"] == "bodies-2025-07-17"].set_index("claimant_id")["statement"]
    assert s["vladimir-medinsky"] == "kept" and s["coordination-headquarters"] == "denied"


def test_one_wording_two_windows(record: Any) -> None:
    t = record.totals()
    t = t[(t["count"] == 201) & (t["kind"] == "bodies") & (t["direction"] == "to_russia")]
    assert set(t["since"]) == {pd.Timestamp("2022-02-24"), pd.Timestamp("2025-06-02")}
    fits = record.events("bodies", "russia", "2025-06-02", "2025-12-11")["to_russia"].sum()
    assert fits == 201, "only the window from June 2025 fits"


def test_the_december_2022_exchange_found_after_the_dossier(record: Any) -> None:
    e = record.events("prisoners").set_index("event_id").loc["prisoners-2022-12-06"]
    assert (e["to_ukraine"], e["to_russia"]) == (60, 60)
