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
    for (event, direction), r in before.iterrows():
        if r["grade"] == "reported":
            continue  # there an official claim replaces the press: another figure, not an agreeing one
        added = {
            "event": event,
            "to": direction,
            "who": who,
            "n": int(r["best"]),
            "q": "exact",
            "id": "z",
        }
        after = (
            estimate.estimate(table([*items, added]))
            .set_index(["event_id", "direction"])
            .loc[(event, direction)]
        )
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


def test_the_method_tells_the_rule_as_the_rule_does() -> None:
    text = (ROOT / "docs" / "method.md").read_text("utf-8")
    steps = re.findall(r"^(\d)\. \*\*", text.partition("## Windows")[0], re.M)
    assert steps == [str(n) for n in range(len(estimate.SENTENCES))]
