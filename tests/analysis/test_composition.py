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
