"""Asymmetry: failure cases, golden cases, properties; bounds against every fill."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conftest import events_of
from repatria.analysis import asymmetry

LENSES = ("best", "ukraine", "russia", "receiver")
count = st.integers(0, 400)
some = st.one_of(st.none(), count)
known_events = st.lists(st.tuples(count, count), min_size=1, max_size=9)
gappy_events = st.lists(st.tuples(some, some), min_size=1, max_size=7)
quick = settings(max_examples=15, deadline=None)


# --- failure cases --------------------------------------------------------------------------------


def test_wrong_arguments_are_named():
    events = events_of([(1, 1)])
    with pytest.raises(ValueError, match="by: 'week' is none of"):
        asymmetry.shares(events, "week")
    with pytest.raises(ValueError, match="unit: 'body' is none of"):
        asymmetry.units(events, "body")
    with pytest.raises(ValueError, match="direction: 'north'"):
        asymmetry.concentration(events, "north")


def test_wrong_lens_arguments_are_named(record):
    with pytest.raises(ValueError, match="kind"):
        asymmetry.lenses(record, "ships")
    with pytest.raises(ValueError, match="since"):
        asymmetry.lenses(record, "bodies", "yesterday")


@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_a_window_without_events_gives_statements_not_numbers(record, kind):
    events = record.events(kind, since="2022-02-24", until="2022-02-25")
    assert events.empty
    assert asymmetry.share(events).share is None
    for by in asymmetry.BY:
        assert asymmetry.shares(events, by).empty
    assert asymmetry.bounds(events)[["low", "high"]].isna().all(axis=None)
    assert asymmetry.level(events).empty and asymmetry.change(events) is None
    assert asymmetry.concentration(events, "to_russia")["top_share"] is None
    assert asymmetry.batches(events).empty
    table = asymmetry.lenses(record, kind, "2022-02-24", "2022-02-25")
    assert table["share"].isna().all()
    assert table.attrs["through"] is None and table.attrs["through_precision"] is None


def test_nothing_known_yet(record):
    then = record.as_of("2022-02-25")
    assert (
        asymmetry.fronts(then).empty
        and asymmetry.breaks(then) == {}
        and asymmetry.pledged(then, "bodies") == {}
    )
    assert asymmetry.share_now(then)["ratio"] is None


def test_nothing_handed_over_is_a_count_and_no_count_is_none():
    s = asymmetry.share(events_of([(0, 0)]))
    assert s.share is None and s.events_in == 1
    assert asymmetry.share(events_of([(None, 0)])).events_in == 0


# --- golden cases ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lens", "to_ukraine", "to_russia"),
    [("best", 6057, 78), ("russia", 6060, 78), ("receiver", 6057, 78), ("ukraine", None, None)],
)
def test_june_2025_under_all_lenses(record, lens, to_ukraine, to_russia):
    events = record.events("bodies", lens, "2025-06-01", "2025-06-30")
    row = asymmetry.shares(events, "month").iloc[0]
    assert len(events) == 5 and row["month"] == "2025-06"
    if to_russia is None:
        assert row["events_in"] == 0 and pd.isna(row["share"]) and pd.isna(row["to_russia"])
        assert asymmetry.sums(events).set_index("direction").loc["to_ukraine", "persons"] == 6057
        assert row["to_russia_not_reported"] == 5
    else:
        assert (row["to_ukraine"], row["to_russia"], row["events_in"]) == (to_ukraine, to_russia, 5)
        assert row["share"] == pytest.approx(to_russia / (to_russia + to_ukraine))


def test_june_2025_by_each_sides_counts(record):
    sides = asymmetry.by_side(record, "bodies", "2025-06-01", "2025-06-30").set_index("direction")
    assert sides.loc["to_ukraine"].tolist() == [5, 6057, 6060, 5, 5, 5, 6057, 6060, 4]
    assert sides.loc["to_russia"].tolist() == [5, 0, 78, 0, 5, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="none of bodies"):
        asymmetry.by_side(record, "body")
    assert asymmetry.by_side(record, "bodies", until="2022-03-01")["handovers"].tolist() == [0, 0]


def test_the_whole_of_2025_under_all_lenses(record):
    table = asymmetry.lenses(record, "bodies", "2025-01-01", "2025-12-31").set_index("lens")
    assert list(table.index) == list(LENSES)
    assert (table["events_in"] + table["events_out"]).eq(16).all()
    # Two counts to Ukraine of early 2025 are no Russian official's.
    assert table.loc["russia", "events_in"] == 14
    full = table.loc[["best", "receiver"]]
    assert full["events_in"].eq(16).all() and full["to_russia"].eq(439).all()
    assert table.loc["best", "to_ukraine"] == 16301 and table.loc["russia", "to_russia"] == 347
    assert full["share"].map(lambda s: f"{s:.3f}").eq("0.026").all()
    assert table.loc["ukraine", "events_out"] > 0
    by_year = asymmetry.shares(
        record.events("bodies", since="2025-01-01", until="2025-12-31"), "year"
    ).iloc[0]
    assert by_year["share"] == table.loc["best", "share"] and by_year["to_russia_zero"] == 3


def test_an_event_with_a_zero_has_a_share(record):
    events = record.events("bodies", since="2025-06-13", until="2025-06-13")
    row = asymmetry.shares(events, "event").iloc[0]
    assert row["event"] == "bodies-2025-06-13"
    assert (row["share"], row["to_russia"], row["to_russia_zero"], row["events_in"]) == (
        0.0,
        0,
        1,
        1,
    )
    assert (row["to_ukraine"], row["to_russia"]) == (1200, 0)


def test_an_event_withheld_has_no_share_and_keeps_its_absence(record):
    events = record.events("prisoners", since="2025-06-10", until="2025-06-10")
    row = asymmetry.shares(events, "event").iloc[0]
    assert pd.isna(row["share"]) and pd.isna(row["to_ukraine"]) and pd.isna(row["to_russia"])
    assert row["to_ukraine_withheld"] == row["to_russia_withheld"] == 1


def test_prisoners_are_the_contrast(record):
    bodies, prisoners = (
        asymmetry.share(record.events(k, since="2025-01-01")).share for k in ("bodies", "prisoners")
    )
    assert bodies < 0.04 and 0.48 < prisoners < 0.51


def test_a_one_way_handover_has_no_share_and_is_counted_apart():
    events = events_of([(5, 5), (None, 40)], absent=[(None, None), ("not_applicable", None)])
    b = asymmetry.bounds(events)
    assert (
        b["one_way"].eq(1).all() and (b["low"] == b["high"]).all() and b["events_out"].eq(0).all()
    )


def test_an_open_upper_end_counts_as_unknown_above_its_figure():
    events = events_of([(100, 10), (50, 5)], high=[(None, 10), (50, 5)])
    b = asymmetry.bounds(events).set_index("cap")
    assert b.loc["none", "low"] == 0 and b.loc["published", "low"] == pytest.approx(15 / 165)


def test_the_pledge_caps_what_is_missing_under_its_agreement():
    events = events_of([(100, 10), (None, 5), (None, 7)], agreements=["talks", "talks", ""])
    b = asymmetry.bounds(events, pledges={("talks", "to_ukraine"): 130}).set_index("cap")
    assert b.loc["pledge", "low"] == pytest.approx(22 / (22 + 100 + 30 + 100))
    assert b.loc["largest", "low"] == pytest.approx(22 / (22 + 100 + 100 + 100))
    spent = asymmetry.bounds(events, pledges={("talks", "to_ukraine"): 60}).set_index("cap")
    assert spent.loc["pledge", "low"] == pytest.approx(22 / (22 + 100 + 100))


def test_bounds_against_every_fill():
    pairs = [(6, 2), (None, 3), (4, None), (None, None)]
    low = [(5, 2), (None, 3), (4, None), (None, None)]
    high = [(6, 3), (None, 3), (4, None), (None, None)]
    b = asymmetry.bounds(events_of(pairs, low, high)).set_index("cap")
    cap_u, cap_r = 6, 3
    fills = [
        (r1 + 3 + r3 + r4) / (u1 + u2 + 4 + u4 + r1 + 3 + r3 + r4)
        for u1, r1, u2, r3, u4, r4 in product(
            (5, 6), (2, 3), range(cap_u + 1), range(cap_r + 1), range(cap_u + 1), range(cap_r + 1)
        )
    ]
    assert tuple(b.loc["largest", ["low", "high"]]) == pytest.approx((min(fills), max(fills)))
    parity = [
        (r1 + 3 + r3 + t) / (u1 + u2 + 4 + t + r1 + 3 + r3 + t)
        for u1, r1, u2, r3, t in product(
            (5, 6), (2, 3), range(4), range(5), range(min(cap_u, cap_r) + 1)
        )
    ]
    assert tuple(b.loc["parity", ["low", "high"]]) == pytest.approx((min(parity), max(parity)))


# --- properties -----------------------------------------------------------------------------------


@quick
@given(known_events, st.integers(2, 9))
def test_scaling_all_counts_changes_no_share(pairs, k):
    a, b = events_of(pairs), events_of([(u * k, r * k) for u, r in pairs])
    assert asymmetry.share(a).share == asymmetry.share(b).share or asymmetry.share(
        b
    ).share == pytest.approx(asymmetry.share(a).share)
    tops = [asymmetry.concentration(e, "to_ukraine")["top_share"] for e in (a, b)]
    assert tops[0] == pytest.approx(tops[1])


@quick
@given(gappy_events, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(pairs, random):
    events = events_of(pairs)
    order = list(range(len(events)))
    random.shuffle(order)
    mixed = events.iloc[order].reset_index(drop=True)
    for by in ("event", "total"):
        pd.testing.assert_frame_equal(asymmetry.shares(events, by), asymmetry.shares(mixed, by))
    pd.testing.assert_frame_equal(asymmetry.bounds(events), asymmetry.bounds(mixed))
    pd.testing.assert_frame_equal(asymmetry.level(events), asymmetry.level(mixed))
    pd.testing.assert_frame_equal(asymmetry.batches(events), asymmetry.batches(mixed))


@quick
@given(gappy_events)
def test_groups_add_up_to_the_total_and_nothing_is_lost(pairs):
    events = events_of(pairs)
    before = events.copy(deep=True)
    total = asymmetry.shares(events, "total").iloc[0]
    for by in asymmetry.BY:
        g = asymmetry.shares(events, by)
        assert (g["events_in"] + g["events_out"]).sum() == len(events)
        assert g["to_russia"].sum() == (0 if pd.isna(total["to_russia"]) else total["to_russia"])
        assert g["share"].dropna().between(0, 1).all()
        assert g.filter(like="not_reported").sum().sum() == sum(v is None for p in pairs for v in p)
    pd.testing.assert_frame_equal(events, before)


def test_shares_agree_with_the_share_of_each_group(record):
    for kind, by in product(("bodies", "prisoners"), asymmetry.BY):
        events = record.events(kind)
        table = asymmetry.shares(events, by).set_index(by)
        for group, part in events.groupby(asymmetry._period(events, by)):
            one, row = asymmetry.share(part), table.loc[group]
            assert (row["events_in"], row["events_out"]) == (one.events_in, one.events_out)
            assert row["share"] == pytest.approx(one.share) if one.share else not row["share"] > 0
            if one.events_in:
                assert (row["to_ukraine"], row["to_russia"]) == (one.to_ukraine, one.to_russia)
            else:
                assert pd.isna(row["to_ukraine"]) and pd.isna(row["share"])
            withheld = (part["to_russia_absence"] == "withheld").sum()
            assert row["to_russia_withheld"] == withheld


@quick
@given(known_events)
def test_swapping_the_sides_mirrors_the_share(pairs):
    a, b = events_of(pairs), events_of([(r, u) for u, r in pairs])
    assume(asymmetry.share(a).share is not None)
    assert asymmetry.share(a).share == pytest.approx(1 - asymmetry.share(b).share)


@quick
@given(gappy_events)
def test_bounds_are_nested_and_hold_the_complete_case_unless_the_cap_rules_it_out(pairs):
    events = events_of(pairs)
    assume(asymmetry.share(events).share is not None)
    b = asymmetry.bounds(events).set_index("cap")
    s = asymmetry.share(events)
    slack = 1e-9
    assert bool(b.loc["none", "holds_complete_case"]) and bool(
        b.loc["published", "holds_complete_case"]
    )
    assert (
        b.loc["none", "low"] <= b.loc["largest", "low"] + slack
        and b.loc["largest", "high"] <= b.loc["none", "high"] + slack
    )
    # A cap that lets every missing handover be like the known ones cannot exclude their share.
    cap = {d: b.loc["largest", f"cap_{d}"] for d in ("to_ukraine", "to_russia")}
    fits = all(
        (
            u is not None
            or r is None
            or (s.share > 0 and r * (1 - s.share) / s.share <= cap["to_ukraine"])
        )
        and (
            r is not None
            or u is None
            or (s.share < 1 and u * s.share / (1 - s.share) <= cap["to_russia"])
        )
        for u, r in pairs
    )
    if fits:
        assert bool(b.loc["largest", "holds_complete_case"])
    if not any(v is None for p in pairs for v in p):
        assert (b["low"] == b["high"]).all() and b["low"].iloc[0] == pytest.approx(s.share)


@quick
@given(gappy_events, st.data())
def test_a_missing_count_that_becomes_known_within_its_cap_narrows_inside_the_old_bounds(
    pairs, data
):
    gaps = [(i, k) for i, p in enumerate(pairs) for k in (0, 1) if p[k] is None]
    assume(gaps)
    seen = events_of([*pairs, (400, 400)])
    old = asymmetry.bounds(events_of(pairs), seen).set_index("cap").loc["largest"]
    i, k = data.draw(st.sampled_from(gaps))
    filled = [list(p) for p in pairs]
    filled[i][k] = data.draw(count)
    new = asymmetry.bounds(events_of(filled), seen).set_index("cap").loc["largest"]
    assume(not np.isnan([old["low"], old["high"], new["low"], new["high"]]).any())
    assert old["low"] - 1e-9 <= new["low"] and new["high"] <= old["high"] + 1e-9


@quick
@given(known_events, st.lists(st.integers(0, 50), min_size=18, max_size=18))
def test_a_claim_that_widens_a_range_never_narrows_the_bounds(pairs, more):
    wide_low = [(max(0, u - more[i]), max(0, r - more[-i - 1])) for i, (u, r) in enumerate(pairs)]
    wide_high = [(u + more[i], r + more[-i - 1]) for i, (u, r) in enumerate(pairs)]
    a, b = (
        asymmetry.bounds(events_of(pairs)),
        asymmetry.bounds(events_of(pairs, wide_low, wide_high)),
    )
    assume(
        not a[["low", "high"]].isna().any(axis=None)
        and not b[["low", "high"]].isna().any(axis=None)
    )
    assert (b["low"] <= a["low"] + 1e-9).all() and (a["high"] <= b["high"] + 1e-9).all()


def test_the_real_record_is_consistent_under_every_lens(record):
    for kind, lens in product(("bodies", "prisoners"), LENSES):
        events = record.events(kind, lens)
        b = asymmetry.bounds(events, pledges=asymmetry.pledged(record, kind))
        # Parity may rule it out: one side's claims can lack the larger direction.
        assert b.set_index("cap").drop("parity")["holds_complete_case"].all(), (kind, lens)
        table = asymmetry.eras(events)
        assert table["share"].isna().eq(~table["known"]).all()


def test_no_result_holds_a_readers_words(record):
    events = record.events("bodies", until="2025-12-31")
    assert "" in set(asymmetry.shares(events, "agreement")["agreement"])
    for table in (asymmetry.lenses(record), asymmetry.eras(events), asymmetry.shares(events)):
        assert not {"reading", "through"} & {*table.columns}
    assert set(dir(asymmetry)) == set(asymmetry.__all__) <= set(vars(asymmetry))


# --- values somebody reads, computed by hand ------------------------------------------------------


def test_a_share_counts_only_complete_cases_by_hand():
    events = events_of([(90, 10), (None, 5), (7, None), (0, 0)])
    assert asymmetry.share(events) == asymmetry.Share(0.1, 90, 10, 2, 2)


def test_shares_by_period_by_hand():
    events = events_of(
        [(None, 5), (90, 10), (60, 40)],
        absent=[("withheld", None), (None, None), (None, None)],
        dates=["2024-02-01", "2024-01-31", "2023-12-01"],
    )
    columns = ["month", "share", "to_ukraine", "to_russia", "events_in", "events_out"]
    months = asymmetry.shares(events, "month")
    assert months[columns].astype("object").fillna("none").to_numpy().tolist() == [
        ["2023-12", 0.4, 60, 40, 1, 0],
        ["2024-01", 0.1, 90, 10, 1, 0],
        ["2024-02", "none", "none", "none", 0, 1],
    ]
    assert months["to_ukraine_withheld"].tolist() == [0, 0, 1]
    assert months.filter(like="to_russia_").sum().sum() == 0
    quarters = asymmetry.shares(events, "quarter")
    assert quarters["quarter"].tolist() == ["2023Q4", "2024Q1"]
    assert [f"{d:%m-%d}" for d in (*quarters["since"], *quarters["until"])] == [
        *("12-01", "01-31"),
        *("12-01", "02-01"),
    ]
    assert asymmetry.shares(events, "year")["year"].tolist() == ["2023", "2024"]
    assert asymmetry.shares(events)["share"].tolist() == [pytest.approx(0.25)]


def test_every_bound_by_hand():
    events = events_of(
        [(100, 10), (None, 5)], low=[(90, 8), (None, 5)], high=[(110, 12), (None, 5)]
    )
    b = asymmetry.bounds(events)
    assert b["cap"].tolist() == ["published", "largest", "parity", "none"]
    # To Ukraine: 90 to 110, and up to the cap more; to Russia 13 to 17.
    assert b["low"].tolist() == pytest.approx([8 / 118, 13 / 233, 13 / 128, 0])
    assert b["high"].tolist() == pytest.approx([12 / 102, 17 / 107, 17 / 107, 17 / 107])
    assert b["complete_case"].unique().tolist() == pytest.approx([10 / 110])
    assert b["holds_complete_case"].tolist() == [True, True, False, True]
    assert b[["events_in", "events_out", "one_way"]].to_numpy().tolist() == [[1, 1, 0]] * 4
    assert b[["missing_to_ukraine", "missing_to_russia"]].to_numpy().tolist() == [[1, 0]] * 4
    caps = b[["cap_to_ukraine", "cap_to_russia"]].astype("object").fillna("none")
    assert caps.to_numpy().tolist() == [["none"] * 2, [110, 12], ["none"] * 2, ["none"] * 2]


@pytest.mark.parametrize(
    ("pairs", "low", "high"),
    [
        ([(10, 10), (None, 100)], 110 / 130, 110 / 120),
        ([(10, 10), (100, None)], 10 / 120, 20 / 130),
    ],
)
def test_a_cap_can_rule_out_the_complete_case(pairs, low, high):
    b = asymmetry.bounds(events_of(pairs), events_of([(10, 10)])).set_index("cap")
    assert tuple(b.loc["largest", ["low", "high"]]) == pytest.approx((low, high))
    assert not b.loc["largest", "holds_complete_case"] and b.loc["none", "holds_complete_case"]


def test_what_nobody_ever_counted_has_no_cap():
    b = asymmetry.bounds(events_of([(None, 5), (None, 7)])).set_index("cap")
    assert tuple(b.loc["largest", ["low", "high"]]) == (0, 1), "to Ukraine from none to any number"
    assert b["cap_to_ukraine"].isna().all() and b.loc["largest", "cap_to_russia"] == 7
    both = asymmetry.bounds(events_of([(None, None), (None, None)])).set_index("cap")
    assert tuple(both.loc["none", ["low", "high"]]) == (0, 1)


@pytest.mark.parametrize(
    ("pairs", "low", "high"),
    [
        ([(None, None)], 0.5, 0.5),  # two equal counts, whatever they are
        ([(None, None), (0, 0), (8, None)], 0, 0.5),  # nobody counted any to Russia: at most 8
        ([(None, None), (30, 10)], 1 / 4, 1 / 3),  # at most 10 more each way: 20 of 60
    ],
)
def test_as_many_as_in_the_other_direction_by_hand(pairs, low, high):
    b = asymmetry.bounds(events_of(pairs)).set_index("cap")
    assert tuple(b.loc["parity", ["low", "high"]]) == pytest.approx((low, high))
    zeros = asymmetry.bounds(events_of([(0, 0)])).set_index("cap")
    assert zeros.loc["parity", ["low", "high"]].isna().all(), "two nothings have no share"


def test_a_one_way_handover_is_one_whichever_way_it_went():
    events = events_of(
        [(5, 5), (None, 40), (30, None)],
        absent=[(None, None), ("not_applicable", None), (None, "not_applicable")],
    )
    b = asymmetry.bounds(events)
    assert b["one_way"].eq(2).all() and b["low"].eq(0.5).all() and b["high"].eq(0.5).all()


def test_years_by_hand():
    events = events_of(
        [(10, 10), (None, 5), (90, 10), (80, 20), (None, 3)],
        dates=["2023-01-05", "2023-02-05", "2024-01-05", "2024-02-05", "2024-03-05"],
    )
    found = asymmetry.eras(events).set_index("year")
    # Half of 2023 has a figure, which is not most.
    assert found["known"].tolist() == [False, True] and pd.isna(found.loc[2023, "share"])
    assert found.loc[2024, "share"] == pytest.approx(30 / 200)
    assert found["handovers"].tolist() == [2, 3] and found["events_in"].tolist() == [1, 2]
    assert found["low"].tolist() == pytest.approx([15 / 115, 33 / 293])
    assert found["high"].tolist() == pytest.approx([15 / 25, 33 / 203])
    assert found[["to_ukraine", "to_russia", "one_way"]].to_numpy().tolist() == [
        [10, 10, 0],
        [170, 30, 0],
    ]
    assert [f"{d:%m-%d}" for d in (*found["since"], *found["until"])] == [
        *("01-05", "01-05"),
        *("02-05", "03-05"),
    ]
    assert found.attrs["handovers"] == 5 and found.attrs["claimants"] == {"X": 8}


def test_four_lenses_by_hand(build):
    first, second = "bodies-2024-01-05", "bodies-2024-02-05"
    told = [
        *[(first, "kyiv", d, n) for d, n in (("to_ukraine", 10), ("to_russia", 2))],
        *[(first, "moscow", d, n) for d, n in (("to_ukraine", 12), ("to_russia", 3))],
        *[(second, "kyiv", d, n) for d, n in (("to_ukraine", 20), ("to_russia", 5))],
    ]
    claims = [{"event_id": e, "claimant_id": who, "direction": d, "n": n} for e, who, d, n in told]
    record = build([(first, "2024-01-05"), (second, "2024-02-05")], claims)
    table = asymmetry.lenses(record)
    counts = ["lens", "to_ukraine", "to_russia", "events_in", "events_out"]
    assert table[counts].to_numpy().tolist() == [
        ["best", 30, 8, 2, 0],
        ["ukraine", 30, 7, 2, 0],
        ["russia", 12, 3, 1, 1],
        ["receiver", 10, 3, 1, 1],
    ]
    assert asymmetry.by_side(record).set_index("direction").to_numpy().tolist() == [
        [2, 30, 12, 2, 1, 1, 10, 12, 0],
        [2, 7, 3, 2, 1, 1, 2, 3, 0],
    ]
    assert table["share"].tolist() == pytest.approx([8 / 38, 7 / 37, 3 / 15, 3 / 13])
    # Best: to Ukraine 30 to 32, to Russia 7 to 8; a lens that lacks the second is capped by its own.
    assert table["published_low"].tolist() == pytest.approx([7 / 39, 7 / 37, 3 / 15, 3 / 13])
    assert table["published_high"].tolist() == pytest.approx([8 / 38, 7 / 37, 3 / 15, 3 / 13])
    assert table["bound_low"].tolist() == pytest.approx([7 / 39, 7 / 37, 3 / 27, 3 / 33])
    assert table["bound_high"].tolist() == pytest.approx([8 / 38, 7 / 37, 6 / 18, 6 / 36])
    assert table[["level", "level_day", "level_low", "level_high"]].isna().all(axis=None)
    a = table.attrs
    assert (a["handovers"], a["through"], a["through_precision"]) == (
        *(2, "2024-02-05"),
        "day",
    )
    assert a["claimants"] == {"Kyiv office": 3, "Moscow office": 1}


def test_the_largest_promise_of_an_agreement(record):
    june = {k: n for k, n in asymmetry.pledged(record, "bodies").items() if "2025-06-02" in k[0]}
    p = record.pledges().query("agreement_id == 'istanbul-2025-06-02' and kind == 'bodies'")
    for (_, direction), n in june.items():
        assert n == max(p.loc[p["direction"] == direction, "quantity_high"].dropna())
    assert june[("istanbul-2025-06-02", "to_ukraine")] >= 6000
    assert "ankara-2023-01" in {a for a, _ in asymmetry.pledged(record, "prisoners")}
    assert "ankara-2023-01" not in {a for a, _ in asymmetry.pledged(record, "bodies")}
