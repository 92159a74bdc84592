"""The rule: failure cases, properties that hold for any record, and the golden events."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repatria.record import rule as estimate
from repatria.record.fingerprint import ROOT
from repatria.record.schema import QUALIFIERS

WHO = {
    "kyiv": ("ukraine", "yes"),
    "kyiv2": ("ukraine", "yes"),
    "moscow": ("russia", "yes"),
    "moscow2": ("russia", "yes"),
    "broker": ("mediator", "yes"),
    "press": ("third", "no"),
    "unit": ("ukraine", "no"),
}


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return claims as the rule takes them, from what differs from an exact whole count `n`."""
    out = []
    for i, r in enumerate(rows):
        n = r.get("n")
        side, official = WHO[r["who"]]
        out.append(
            {
                "event_id": r.get("event", "e"),
                "direction": r.get("to", "to_ukraine"),
                "claimant_id": r["who"],
                "claim_id": r.get("id", f"c{i:03}"),
                "side": side,
                "official": official,
                "name": r["who"],
                "part": r.get("part", "total"),
                "role": r.get("role", "whole"),
                "count_low": r.get("low", n),
                "count_high": r.get("high", n),
                "qualifier": r.get("q", "exact" if n is not None else None),
                "absence": r.get("absence", "zero" if n == 0 else None),
                "poor": r.get("poor", False),
                "publishers": r.get("publishers", 1),
            }
        )
    columns = [
        "event_id",
        "direction",
        "claimant_id",
        "claim_id",
        "side",
        "official",
        "name",
        "part",
        "role",
        "count_low",
        "count_high",
        "qualifier",
        "absence",
        "poor",
        "publishers",
    ]
    return pd.DataFrame(out, columns=columns).astype(
        {"count_low": "Int64", "count_high": "Int64", "poor": "bool"}
    )


def one(rows: list[dict[str, Any]], lens: str = "best") -> Any:
    result = estimate.estimate(table(rows), lens)
    assert len(result) == 1
    return result.iloc[0]


def test_an_unknown_lens_is_refused() -> None:
    with pytest.raises(ValueError, match="lens: 'kyiv' is none of"):
        estimate.estimate(table([]), "kyiv")


def test_no_claims_give_no_rows() -> None:
    assert estimate.estimate(table([])).empty


@pytest.mark.parametrize("lens", ["ukraine", "russia"])
def test_removing_a_side_never_invents_its_number(lens: str) -> None:
    other = {"ukraine": "moscow", "russia": "kyiv"}[lens]
    assert estimate.estimate(table([{"who": other, "n": 5}]), lens).empty


def test_silence_is_not_a_row_and_withheld_is_not_a_number() -> None:
    r = one([{"who": "kyiv", "absence": "withheld"}])
    assert r["grade"] == "undisclosed" and r["absence"] == "withheld"
    assert pd.isna(r["best"]) and pd.isna(r["low"]) and pd.isna(r["high"])


def test_zero_is_a_number_and_says_so() -> None:
    r = one([{"who": "moscow", "n": 0, "to": "to_russia"}])
    assert r["best"] == 0 and r["absence"] == "zero" and r["grade"] == "one_sided"


@pytest.mark.parametrize(
    ("rows", "best", "low", "high", "grade"),
    [
        ([{"who": "kyiv", "n": 207}, {"who": "moscow", "n": 195}], 207, 195, 207, "contested"),
        ([{"who": "kyiv", "n": 100}, {"who": "moscow", "n": 100}], 100, 100, 100, "agreed"),
        ([{"who": "moscow", "n": 90}], 90, 90, 90, "one_sided"),
        ([{"who": "broker", "n": 150}, {"who": "press", "n": 160}], 150, 150, 150, "one_sided"),
        ([{"who": "press", "n": 160}, {"who": "unit", "n": 150}], 160, 150, 160, "reported"),
        (
            [{"who": "kyiv", "n": 1200, "q": "more_than"}, {"who": "moscow", "n": 1212}],
            1212,
            1212,
            1212,
            "agreed",
        ),
        (
            [{"who": "kyiv", "n": 1300, "q": "more_than"}, {"who": "moscow", "n": 1212}],
            1301,
            1212,
            None,
            "contested",
        ),
        ([{"who": "moscow", "n": 250, "q": "about"}], 250, 225, 275, "one_sided"),
        ([{"who": "moscow", "n": 35, "q": "at_least"}], 35, 35, None, "one_sided"),
        ([{"who": "kyiv", "n": 9, "poor": True}, {"who": "moscow", "n": 7}], 7, 7, 7, "one_sided"),
        ([{"who": "kyiv", "n": 9, "poor": True}], 9, 9, 9, "one_sided"),
    ],
)
def test_the_rule_by_example(
    rows: list[dict[str, Any]], best: int, low: int, high: int | None, grade: str
) -> None:
    r = one(rows)
    assert (r["best"], r["low"], r["grade"]) == (best, low, grade)
    assert pd.isna(r["high"]) if high is None else r["high"] == high


def test_components_stand_in_for_a_whole_that_is_not_printed() -> None:
    parts = [
        {"who": "kyiv", "n": 33, "part": "military", "role": "component"},
        {"who": "kyiv", "n": 51, "part": "civilians", "role": "component"},
    ]
    r = one([*parts, {"who": "moscow", "n": 84}])
    assert (r["best"], r["grade"]) == (84, "agreed")
    assert one([*parts, {"who": "kyiv", "n": 90}])["best"] == 90, (
        "a printed whole goes before the sum"
    )


def test_subsets_never_count() -> None:
    assert estimate.estimate(
        table([{"who": "kyiv", "n": 5, "part": "women", "role": "subset"}])
    ).empty


def test_receiver_lens_takes_each_side_on_what_it_received() -> None:
    rows = [
        {"who": "kyiv", "n": 5, "to": "to_russia"},
        {"who": "moscow", "n": 6, "to": "to_russia"},
        {"who": "kyiv", "n": 7},
        {"who": "moscow", "n": 8},
    ]
    r = estimate.estimate(table(rows), "receiver").set_index("direction")["best"]
    assert r.to_dict() == {"to_russia": 6, "to_ukraine": 7}


@pytest.mark.parametrize(
    ("qualifier", "expected"),
    [
        ("exact", (20, 20)),
        ("at_least", (20, estimate.OPEN)),
        ("more_than", (21, estimate.OPEN)),
        ("up_to", (1, 20)),
        ("about", (18, 22)),
    ],
)
def test_the_qualifier_table(qualifier: str, expected: tuple[int, int]) -> None:
    lo, hi = estimate.interval(np.array([20]), np.array([20]), np.array([qualifier]))
    assert (lo[0], hi[0]) == expected


row = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["e1", "e2"]),
        "to": st.sampled_from(["to_ukraine", "to_russia"]),
        "who": st.sampled_from(sorted(WHO)),
        "n": st.integers(1, 400),
        "q": st.sampled_from(QUALIFIERS),
        "poor": st.booleans(),
        "publishers": st.integers(1, 5),
    }
)
rows = st.lists(row, min_size=1, max_size=8)


@given(rows, st.randoms(use_true_random=False), st.sampled_from(estimate.LENSES))
def test_the_order_of_claims_does_not_matter(
    items: list[dict[str, Any]], random: Any, lens: str
) -> None:
    claims = table(items)
    order = list(range(len(claims)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(
        estimate.estimate(claims, lens), estimate.estimate(claims.iloc[order], lens)
    )


@given(rows)
def test_low_best_high_are_in_order_and_unknown_is_never_zero(items: list[dict[str, Any]]) -> None:
    hidden = [{"who": "kyiv", "absence": "withheld", "event": "e3", "id": "hidden"}]
    r = estimate.estimate(table([{**x, "id": f"c{i}"} for i, x in enumerate(items)] + hidden))
    known = r[r["best"].notna()]
    assert (known["low"] <= known["best"]).all()
    assert (known["best"] <= known["high"]).fillna(True).all()
    assert (known["best"] > 0).all(), "no claim says zero, so no estimate does"
    assert r.set_index("event_id").loc["e3", "best"] is pd.NA
    assert str(r["best"].dtype) == "Int64"


@given(rows, st.sampled_from(["kyiv2", "moscow2"]))
def test_an_agreeing_official_claim_never_widens_the_range(
    items: list[dict[str, Any]], who: str
) -> None:
    items = [{**x, "id": f"c{i}", "poor": False} for i, x in enumerate(items)]
    before = estimate.estimate(table(items)).set_index(["event_id", "direction"])
    # Where only the press speaks an official claim replaces it: another figure, not an agreeing one.
    before = before[before["grade"] != "reported"]
    added = [
        {"event": e, "to": to, "who": who, "n": int(n), "q": "exact", "id": f"z{i}"}
        for i, ((e, to), n) in enumerate(before["best"].items())
    ]
    there = estimate.estimate(table([*items, *added])).set_index(["event_id", "direction"])
    for at, r in before.iterrows():
        after = there.loc[at]
        if after["best"] != r["best"]:
            continue  # the receiver's exact word may now lead; then it is not an agreeing repetition
        assert after["low"] >= r["low"]
        assert pd.isna(r["high"]) or after["high"] <= r["high"]


@given(rows, st.sampled_from(["ukraine", "russia"]))
def test_a_lens_is_the_rule_on_that_sides_claims_only(
    items: list[dict[str, Any]], side: str
) -> None:
    claims = table(items)
    alone = estimate.estimate(claims[claims["side"] == side])
    pd.testing.assert_frame_equal(estimate.estimate(claims, side), alone)


@given(rows)
def test_the_rule_does_not_change_its_input(items: list[dict[str, Any]]) -> None:
    claims = table(items)
    copy = claims.copy(deep=True)
    estimate.estimate(claims)
    pd.testing.assert_frame_equal(claims, copy)


# --- judged: the same rule, claim by claim --------------------------------------------------------


def verdicts(items: list[dict[str, Any]], lens: str = "best") -> dict[str, str]:
    told = estimate.judged(table(items), lens)
    return dict(zip(told["claim_id"], told["outcome"], strict=True))


def agrees_with_the_estimate(claims: pd.DataFrame, lens: str) -> None:
    """Assert that what `judged` says of the claims makes exactly what `estimate` gives."""
    told, found = estimate.judged(claims, lens), estimate.estimate(claims, lens)
    assert sorted(told["claim_id"]) == sorted(claims["claim_id"])
    heard = told[told["low"].notna()].assign(direction=lambda t: t["direction"].astype("str"))
    key = ["event_id", "direction"]
    counted = found[found["best"].notna()].set_index(key)
    assert set(map(tuple, heard[key].to_numpy())) == set(counted.index)
    for at, own in heard.groupby(key, observed=True):
        row = counted.loc[at]
        leads = own[own["outcome"] == "leads"]
        assert row["claim_id"] in set(leads["claim_id"]) and set(leads["value"]) == {row["best"]}
        assert own["low"].min() == row["low"]
        open_end = own["high"].isna().any()
        assert pd.isna(row["high"]) if open_end else own["high"].max() == row["high"]
        widens = own[own["outcome"] == "widens"]
        narrow = own[own["outcome"] != "widens"]
        assert (narrow["low"] == leads["low"].iloc[0]).all()
        assert not (
            (widens["lo"] <= row["best"]) & (row["best"] <= widens["hi"].fillna(2**40))
        ).any()
        official = {str(s) for s, r in zip(own["side"], own["rank"], strict=True) if r <= 2}
        if row["grade"] in ("agreed", "contested"):
            assert official == {"ukraine", "russia"}
        elif row["grade"] == "reported":
            assert (own["rank"] == 4).all()


@given(rows, st.sampled_from(estimate.LENSES))
def test_what_is_said_of_each_claim_makes_the_estimate(
    items: list[dict[str, Any]], lens: str
) -> None:
    agrees_with_the_estimate(table(items), lens)


@pytest.mark.parametrize("lens", estimate.LENSES)
def test_what_is_said_of_each_claim_of_the_record_makes_its_estimates(
    record: Any, lens: str
) -> None:
    agrees_with_the_estimate(record.claims(), lens)


def test_no_claim_no_verdict() -> None:
    assert estimate.judged(table([])).empty


def test_a_vague_leader_yields_and_is_told_so() -> None:
    vague = {"who": "kyiv", "n": 100, "q": "more_than"}
    told = verdicts([vague, {"who": "moscow", "n": 120}])
    assert told == {"c000": "refined", "c001": "leads"}


def test_every_outcome_points_to_the_sentence_that_says_so(record: Any) -> None:
    told = estimate.judged(record.claims(), "ukraine")
    said = told.groupby("outcome")["sentence"].unique()
    assert {o: [*s] for o, s in said.items() if o != "unseen"} == {
        "corrected": [0],
        "silent": [5],
        "subset": [1],
        "covered": [1],
        "poor": [2],
        "unofficial": [4],
        "leads": [3],
        "agrees": [4],
        "widens": [4],
    }
    assert told.loc[told["outcome"] == "unseen", "sentence"].isna().all(), "a lens is no sentence"


def test_parts_of_a_sum_are_judged_as_the_sum() -> None:
    parts = [
        {"who": "kyiv", "n": n, "part": p, "role": "component"} for n, p in ((5, "a"), (6, "b"))
    ]
    told = estimate.judged(table([*parts, {"who": "moscow", "n": 12}]))
    assert told["outcome"].tolist() == ["leads", "leads", "widens"]
    assert told["value"].tolist() == [11, 11, 12]


def test_two_figures_of_one_claimant_are_judged_apart() -> None:
    told = estimate.judged(table([{"who": "kyiv", "n": 7}, {"who": "kyiv", "n": 9}]))
    assert told["claim_id"].to_dict() == {0: "c000", 1: "c001"}, "numbered as the rule hears them"
    assert told["outcome"].tolist() == ["leads", "widens"] and told["value"].tolist() == [7, 9]
    turned = estimate.judged(table([{"who": "press", "n": 9}, {"who": "kyiv", "n": 7}]))
    assert turned["claim_id"].to_dict() == {0: "c001", 1: "c000"}
    assert turned["outcome"].tolist() == ["leads", "unofficial"]


def test_the_method_tells_the_rule_as_the_rule_does() -> None:
    text = (ROOT / "docs" / "method.md").read_text("utf-8")
    steps = re.findall(r"^(\d)\. \*\*", text.partition("## Windows")[0], re.M)
    assert steps == [str(n) for n in range(len(estimate.SENTENCES))]


# --- values somebody reads, worked out by hand --------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "qualifier", "expected"),
    [
        (95, 105, "about", (85, 116)),  # 85.5 and 115.5, rounded outwards
        (10, 10, "about", (9, 11)),
        (15, 15, "about", (13, 17)),
        (0, 0, "up_to", (0, 0)),
        (100, 120, "exact", (100, 120)),
        (100, 120, "at_least", (100, estimate.OPEN)),
    ],
)
def test_wording_as_an_interval_by_hand(
    low: int, high: int, qualifier: str, expected: tuple[int, int]
) -> None:
    lo, hi = estimate.interval(np.array([low]), np.array([high]), np.array([qualifier]))
    assert (lo[0], hi[0]) == expected


@pytest.mark.parametrize(
    ("rows", "best", "low", "high", "claims"),
    [
        # The middle of a printed range, within the range.
        ([{"who": "kyiv", "low": 100, "high": 105, "q": "exact"}], 102, 100, 105, 1),
        # Officials only are admissible where there is one; else all are.
        (
            [{"who": "kyiv", "n": 9}, {"who": "moscow", "n": 7}, {"who": "press", "n": 1}],
            9,
            7,
            9,
            2,
        ),
        ([{"who": "press", "n": 9}, {"who": "unit", "n": 7}], 9, 7, 9, 2),
        # Ties: exact wording, then more publishers, then the claim's id.
        ([{"who": "kyiv", "n": 100, "q": "about"}, {"who": "kyiv2", "n": 95}], 95, 95, 95, 2),
        ([{"who": "kyiv", "n": 9}, {"who": "kyiv2", "n": 8, "publishers": 2}], 8, 8, 9, 2),
        ([{"who": "kyiv", "n": 9, "id": "b"}, {"who": "kyiv2", "n": 8, "id": "a"}], 8, 8, 9, 2),
        # The giver before a mediator, a mediator before anybody.
        ([{"who": "broker", "n": 7}, {"who": "moscow", "n": 5}], 5, 5, 7, 2),
        ([{"who": "unit", "n": 8}, {"who": "broker", "n": 7}], 7, 7, 7, 1),
        # A vague leader yields to an exact figure at either end of its interval, not beyond.
        ([{"who": "kyiv", "n": 250, "q": "about"}, {"who": "moscow", "n": 225}], 225, 225, 225, 2),
        ([{"who": "kyiv", "n": 250, "q": "about"}, {"who": "moscow", "n": 275}], 275, 275, 275, 2),
        ([{"who": "kyiv", "n": 250, "q": "about"}, {"who": "moscow", "n": 224}], 250, 224, 275, 2),
        ([{"who": "kyiv", "n": 250, "q": "about"}, {"who": "moscow", "n": 300}], 250, 225, 300, 2),
        # An open claim that does not reach the best figure adds its low end, not "no upper end".
        (
            [{"who": "kyiv", "n": 100}, {"who": "moscow", "n": 100, "q": "more_than"}],
            *(100, 100),
            101,
            2,
        ),
        ([{"who": "kyiv", "n": 100}, {"who": "moscow", "n": 100, "q": "up_to"}], 100, 100, 100, 2),
    ],
)
def test_figures_by_hand(
    rows: list[dict[str, Any]], best: int, low: int, high: int, claims: int
) -> None:
    r = one(rows)
    assert (r["best"], r["low"], r["high"], r["claims"]) == (best, low, high, claims)
    leader = next(x for x in rows if r["claim_id"] in (x.get("id"), f"c{rows.index(x):03}"))
    assert r["claimant"] == leader["who"]


def test_the_receiver_leads_in_each_direction() -> None:
    both = [{"who": "kyiv", "n": 5}, {"who": "moscow", "n": 6}]
    assert one(both)["best"] == 5 and one([x | {"to": "to_russia"} for x in both])["best"] == 6


@pytest.mark.parametrize(
    ("kyiv", "moscow", "grade"),
    [
        ({"n": 100, "q": "at_least"}, {"n": 100}, "agreed"),
        ({"n": 100, "q": "at_least"}, {"n": 99}, "contested"),
        ({"n": 100}, {"n": 100, "q": "up_to"}, "agreed"),
        ({"n": 101}, {"n": 100, "q": "up_to"}, "contested"),
        ({"n": 100, "q": "up_to"}, {"n": 100}, "agreed"),
        ({"n": 100}, {"n": 99, "q": "more_than"}, "agreed"),
        ({"n": 100}, {"n": 100, "q": "more_than"}, "contested"),
    ],
)
def test_sides_agree_where_their_intervals_meet(
    kyiv: dict[str, Any], moscow: dict[str, Any], grade: str
) -> None:
    assert one([{"who": "kyiv"} | kyiv, {"who": "moscow"} | moscow])["grade"] == grade
    with_press = [{"who": "kyiv"} | kyiv, {"who": "press"} | moscow]
    assert one(with_press)["grade"] == "one_sided"


def test_what_its_claimant_took_back_is_passed_over() -> None:
    claims = table([{"who": "kyiv", "n": 10}, {"who": "kyiv", "n": 12}, {"who": "moscow", "n": 12}])
    before = estimate.estimate(claims.assign(corrects="")).iloc[0]
    assert (before["best"], before["low"], before["high"], before["claims"]) == (10, 10, 12, 3)
    after = estimate.estimate(claims.assign(corrects=["", "c000", ""])).iloc[0]
    assert (after["best"], after["low"], after["high"], after["claims"]) == (12, 12, 12, 2)
    told = estimate.judged(claims.assign(corrects=["", "c000", ""]))
    assert told["outcome"].tolist().count("corrected") == 1
    assert told.loc[told["outcome"] != "corrected", "value"].tolist() == [12, 12]


def test_sums_of_components_by_hand() -> None:
    def part(name: str, n: int, **more: Any) -> dict[str, Any]:
        return {"who": "kyiv", "n": n, "part": name, "role": "component"} | more

    # Two figures for one component: the first leads, both ends are kept.
    r = one([part("military", 33), part("military", 35), part("civilians", 51)])
    assert (r["best"], r["low"], r["high"], r["claims"]) == (84, 84, 86, 1)
    more = [part("military", 33), part("military", 35, publishers=2), part("civilians", 51)]
    assert one(more)["best"] == 86
    # A sum is as vague, as poor and as little carried as the weakest of its parts.
    vague = [part("military", 33, q="at_least"), part("civilians", 5, q="at_least")]
    r = one(vague)
    assert (r["best"], r["low"]) == (38, 38) and pd.isna(r["high"])
    assert one([*vague, {"who": "moscow", "n": 40}])["best"] == 40
    poor = [part("military", 33, poor=True), part("civilians", 5)]
    assert one([*poor, {"who": "moscow", "n": 40}])["best"] == 40
    rival = {"who": "kyiv2", "n": 40, "publishers": 2}
    assert one([part("military", 33, publishers=3), part("civilians", 5), rival])["best"] == 40
    # Another claimant's whole does not stand for this one's.
    assert one([part("military", 33), {"who": "moscow", "n": 40}])["best"] == 33
    # A subset is in no sum.
    assert one([part("military", 33), part("women", 5, role="subset")])["best"] == 33


def test_withheld_goes_before_not_applicable_and_a_count_before_both() -> None:
    silent = [
        {"who": "kyiv", "absence": "not_applicable"},
        {"who": "moscow", "absence": "withheld"},
    ]
    r = one(silent)
    assert (r["absence"], r["grade"], r["claimant"]) == ("withheld", "undisclosed", "moscow")
    r = one(silent[:1])
    assert r["absence"] == "not_applicable" and pd.isna(r["grade"]) and r["claimant"] == "kyiv"
    r = one([*silent, {"who": "press", "n": 3}])
    assert r["best"] == 3 and pd.isna(r["absence"])


def test_what_the_rule_hears_by_hand() -> None:
    rows = [
        {"who": "press", "n": 207},
        {"who": "broker", "n": 200, "q": "at_least"},
        {"who": "moscow", "n": 195},
        {"who": "kyiv", "n": 207},
        {"who": "unit", "n": 9, "poor": True},
    ]
    columns = ["claimant_id", "value", "rank", "outcome"]
    assert estimate.judged(table(rows))[columns].to_numpy().tolist() == [
        ["kyiv", 207, 1, "leads"],
        ["moscow", 195, 2, "widens"],
        ["broker", 200, 3, "agrees"],
        ["press", 207, 4, "unofficial"],
        ["unit", 9, 4, "poor"],
    ]


def test_estimates_beside_their_events_by_hand() -> None:
    rows = [
        {"who": "kyiv", "n": 5, "event": "a"},
        {"who": "moscow", "n": 0, "event": "a", "to": "to_russia"},
        {"who": "kyiv", "n": 7, "event": "b"},
        {"who": "kyiv", "absence": "withheld", "event": "c"},
    ]
    status = {"c": "took_place", "b": "cancelled", "a": "took_place", "d": "disputed"}
    events = pd.DataFrame({"event_id": list(status), "status": list(status.values())})
    out = estimate.by_event(events, estimate.estimate(table(rows)))
    assert out["event_id"].tolist() == ["c", "b", "a", "d"]
    assert out["to_ukraine"].fillna(-1).tolist() == [-1, -1, 5, -1]
    assert out["to_ukraine_low"].fillna(-1).tolist() == [-1, -1, 5, -1]
    assert out["to_ukraine_absence"].astype("object").fillna("").tolist() == [
        *("withheld", "not_applicable"),
        *("", "not_reported"),
    ]
    assert out["to_russia_absence"].astype("object").fillna("").tolist() == [
        *("not_reported", "not_applicable"),
        *("zero", "not_reported"),
    ]
    assert out["to_ukraine_claims"].tolist() == [0, 1, 1, 0]
    assert out["to_ukraine_grade"].astype("object").fillna("").tolist() == [
        *("undisclosed", ""),
        *("one_sided", ""),
    ]
    assert out["to_russia"].fillna(-1).tolist() == [-1, -1, 0, -1]
