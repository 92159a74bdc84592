"""What the sums are made of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import events_of
from repatria.analysis import asymmetry


def test_fronts_add_up_and_towns_lie_in_their_region(record):
    table = asymmetry.fronts(record, until="2025-03-01")
    assert table["share"].sum() == pytest.approx(1) and table["region"].iloc[0] == "Donetsk"
    assert table["persons"].sum() == table.attrs["persons"] <= table.attrs["whole"]
    one = asymmetry.fronts(record, "2024-04-12", "2024-04-12").set_index("region")["persons"]
    assert one.to_dict() == {"Donetsk": 77, "Zaporizhzhia": 20, "Kharkiv": 2}


def test_round_thousands_since_july_2025(record):
    b = asymmetry.batches(record.events("bodies", since="2025-07-01", until="2026-02-28"))
    assert b["round"].all() and len(b) == 8 == b.attrs["round_run"]
    assert asymmetry.batches(events_of([(1245, 1), (2000, 1), (2000, 1), (0, 1), (0, 1)]))[
        ["round", "repeats"]
    ].to_numpy().tolist() == [
        [False, False],
        [True, False],
        [True, True],
        [False, False],
        [False, False],
    ]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=9))
def test_the_largest_hold_what_they_hold(sizes):
    c = asymmetry.concentration(events_of([(s, 1) for s in sizes]), "to_ukraine", top=3)
    assert c["top_persons"] == sum(sorted(sizes)[-3:]) and c["persons"] == sum(sizes)
    assert (c["top_share"] is None) == (sum(sizes) == 0)


# --- values somebody reads, computed by hand ------------------------------------------------------


def test_sums_and_running_sums_by_hand():
    events = events_of(
        [(10, 0), (None, 5), (30, None)],
        low=[(8, 0), (None, 5), (30, None)],
        high=[(12, 0), (None, None), (30, None)],
        absent=[(None, None), ("withheld", None), (None, "not_reported")],
    )
    columns = ["persons", "low", "high", "known", "unknown", "open_ended", "zero", "withheld"]
    found = asymmetry.sums(events).set_index("direction")
    assert found[[*columns, "not_reported"]].to_numpy().tolist() == [
        [40, 38, 42, 2, 1, 0, 0, 1, 0],
        [5, 5, 5, 2, 1, 1, 1, 0, 1],
    ]
    back = events.iloc[::-1]
    there = asymmetry.running(back, "to_ukraine")
    assert there[["low", "best", "high"]].to_numpy().tolist() == [[8, 10, 12], [38, 40, 42]]
    assert there.columns.tolist() == ["date", "low", "best", "high"]
    assert there["date"].tolist() == events["date"].iloc[[0, 2]].tolist()
    here = asymmetry.running(events, "to_russia")
    assert here[["low", "best", "high"]].to_numpy().tolist() == [[0, 0, 0], [5, 5, 5]]


def test_the_five_largest_by_hand():
    found = asymmetry.concentration(
        events_of([(n, None) for n in (1, 2, 3, 4, 5, 5)]), "to_ukraine"
    )
    assert found == {
        "direction": "to_ukraine",
        "handovers": 6,
        "unknown": 0,
        "persons": 20,
        "top": 5,
        "top_persons": 19,
        "top_share": 0.95,
    }
    assert asymmetry.concentration(events_of([(1, None), (2, 3)]), "to_russia")["unknown"] == 1


def test_a_round_number_lies_in_the_range_of_claims():
    low, high = (995, 1000, 1001, 0, 1, 2000), (1000, 1500, 1999, 0, 999, 2000)
    best = (999, 1200, 1500, 0, 500, 2000)
    b = asymmetry.batches(
        events_of(*([(n, None) for n in numbers] for numbers in (best, low, high)))
    )
    assert b["round"].tolist() == [True, True, False, False, False, True]
    assert b.attrs["round_run"] == 1 and b.attrs["step"] == 1000
    fours = asymmetry.batches(events_of([(n, None) for n in (1, 4, 4, 8)]), step=4)
    assert fours["round"].tolist() == [False, True, True, True] and fours.attrs["round_run"] == 3
    assert fours["repeats"].tolist() == [False, False, True, False]
    assert asymmetry.batches(events_of([(4, None)] * 2), step=4).attrs["round_run"] == 2
    other = asymmetry.batches(events_of([(1, 7), (2, None)]), "to_russia")
    assert other[["persons", "low", "high"]].to_numpy().tolist() == [[7, 7, 7]]
    ones = asymmetry.batches(events_of([(1, None)] * 2))
    assert ones["repeats"].tolist() == [False, True]


def test_front_directions_by_hand(build):
    a, b, c, d = (f"bodies-2024-0{month}-05" for month in (1, 2, 3, 4))

    def told(event, who, n, part=""):
        row = {"event_id": event, "claimant_id": who, "direction": "to_ukraine", "n": n}
        return row | ({"part": part, "role": "component"} if part else {})

    claims = [
        told(a, "kyiv", 100),
        told(a, "kyiv", 50, "direction_donetsk"),
        told(a, "kyiv", 20, "direction_bakhmut"),
        told(a, "kyiv", 20, "direction_kharkiv"),
        told(a, "kyiv", 10, "morgues"),
        told(a, "press", 100, "direction_sumy"),  # an official's parts go before
        told(b, "kyiv", 30),
        told(b, "press", 30, "direction_kharkiv"),
        told(c, "kyiv", 30),
        told(c, "kyiv", 20, "direction_sumy"),  # does not add up
        told(d, "kyiv", 60),
        told(d, "kyiv", 20, "direction_kharkiv"),
        told(d, "kyiv", 20, "direction_luhansk"),
        told(d, "kyiv", 20, "direction_sumy"),
    ]
    record = build([(e, e.removeprefix("bodies-")) for e in (a, b, c, d)], claims)
    table = asymmetry.fronts(record)
    assert table[["region", "named", "persons", "handovers"]].to_numpy().tolist() == [
        ["Donetsk", "Bakhmut, Donetsk", 70, 1],
        ["Kharkiv", "Kharkiv", 70, 3],  # of equal ones by name
        ["Luhansk", "Luhansk", 20, 1],
        ["Sumy", "Sumy", 20, 1],
    ]
    numbers = table[["share", "least", "most"]].to_numpy().ravel().tolist()
    assert numbers == pytest.approx([7 / 18, 0, 7 / 9, 7 / 18, 2 / 9, 1, *[1 / 9, 0, 1 / 3] * 2])
    attrs = [table.attrs[k] for k in ("breakdowns", "handovers", "persons", "whole")]
    assert attrs == [3, 4, 180, 190]
