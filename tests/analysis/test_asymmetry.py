"""Asymmetry: failure cases, golden cases, properties, agreement with independent implementations, simulated coverage.

Independent implementations, a figure each:
1. share and its sandwich error: statsmodels GLM, binomial, cluster-robust
2. leave-one-out variance: statsmodels WLS, refitted without each exchange
3. recommended interval: the formula by hand, exchange by exchange
4. totals-only interval: statsmodels proportion_confint(method="jeffreys")
5. beta-binomial mean and correlation: gamma functions and BFGS
6. permutation p: every partition by itertools
7. Holm's p: step-down by hand
8. Gini: mean absolute difference
9. bounds: every fill by brute force
10. bootstrap: plain percentile resampling
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats
from statsmodels.stats.proportion import proportion_confint

import repatria as rp
from repatria.analysis import asymmetry
from repatria.display import asymmetry as asymmetry_tables

LENSES = ("best", "ukraine", "russia", "receiver")


@pytest.fixture(scope="module")
def record() -> rp.Record:
    return rp.load()


def make(pairs, low=None, high=None, absent=None, dates=None, deals=None, agreements=None) -> pd.DataFrame:
    """Return events as `Record.events` does, from (to_ukraine, to_russia) pairs; None is a missing count."""
    n = len(pairs)
    out = pd.DataFrame({"event_id": [f"bodies-{i:03d}" for i in range(n)]})
    out["date"] = pd.to_datetime(dates) if dates is not None else pd.date_range("2024-01-01", periods=n, freq="7D")
    out["date_precision"], out["status"] = "day", "took_place"
    out["deal_id"] = deals if deals is not None else out["event_id"]
    out["agreement_id"] = agreements if agreements is not None else ""
    for k, d in enumerate(("to_ukraine", "to_russia")):
        counts = pd.array([p[k] for p in pairs], dtype="Int64")
        out[d] = counts
        out[f"{d}_low"] = counts if low is None else pd.array([p[k] for p in low], dtype="Int64")
        out[f"{d}_high"] = counts if high is None else pd.array([p[k] for p in high], dtype="Int64")
        gaps = ["not_reported"] * n if absent is None else [a[k] for a in absent]
        out[f"{d}_absence"] = [
            g if p[k] is None else ("zero" if p[k] == 0 else None) for g, p in zip(gaps, pairs, strict=True)
        ]
        out[f"{d}_claimant"] = pd.array([None if p[k] is None else "X" for p in pairs], dtype="str")
    return out


count = st.integers(0, 400)
some = st.one_of(st.none(), count)
known_events = st.lists(st.tuples(count, count), min_size=1, max_size=9)
gappy_events = st.lists(st.tuples(some, some), min_size=1, max_size=7)
quick = settings(max_examples=15, deadline=None)


# --- failure cases ------------------------------------------------------------------------------------------------


def test_wrong_arguments_are_named():
    events = make([(1, 1)])
    with pytest.raises(ValueError, match="by: 'week' is none of"):
        asymmetry.shares(events, "week")
    with pytest.raises(ValueError, match="unit: 'body' is none of"):
        asymmetry.units(events, "body")
    with pytest.raises(ValueError, match="direction: 'north'"):
        asymmetry.concentration(events, "north")
    with pytest.raises(ValueError, match="width: 1 is below two"):
        asymmetry.rolling(events, 1)


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
    assert asymmetry.intervals(events)[["low", "high"]].isna().all(axis=None)
    assert asymmetry.rolling(events).empty
    assert asymmetry.changes(events, asymmetry.breaks(record, kind))["p"].isna().all()
    assert asymmetry.concentration(events, "to_russia").top_share is None
    assert asymmetry.batches(events).empty
    assert "no share to give" in asymmetry_tables.in_short(events)
    assert "no share to give" in asymmetry_tables.size_words(events)
    table = asymmetry.lenses(record, kind, "2022-02-24", "2022-02-25")
    assert table["share"].isna().all() and "no share to give" in asymmetry_tables.lens_words(table)


def test_nothing_known_yet(record):
    then = record.as_of("2022-02-25")
    assert asymmetry.fronts(then).empty and asymmetry.breaks(then) == {} and asymmetry.pledged(then, "bodies") == {}
    assert "nothing is tested" in asymmetry_tables.change_words(asymmetry.changes(then.events("bodies"), {}))


def test_no_interval_where_there_is_nothing_to_learn_it_from():
    assert asymmetry.interval(make([(10, 3)])).low is None  # one exchange
    assert asymmetry.interval(make([(10, 10), (30, 30), (7, 7)])).low is None  # no variation: parity by design
    assert asymmetry.interval(make([(None, 3), (4, None)])).share is None
    assert asymmetry.interval(make([(0, 0), (0, 0)])).share is None


def test_nothing_handed_over_is_not_said_to_be_without_figures():
    s = asymmetry.share(make([(0, 0)]))
    assert s.share is None and s.events_in == 1 and s.reading == "0 to 0, to Ukraine over to Russia"
    assert asymmetry.share(make([(None, 0)])).reading == "no handover with a figure in both directions"


def test_all_zero_has_an_upper_limit_and_never_a_point():
    i = asymmetry.interval(make([(1000, 0)] * 5))
    assert i.share == i.low == 0
    assert i.high == pytest.approx(stats.beta.ppf(0.975, 1, 5))  # Clopper-Pearson, five draws
    mirrored = asymmetry.interval(make([(0, 1000)] * 5))
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - i.high, 1.0))


# --- golden cases -------------------------------------------------------------------------------------------------


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
        assert row["reading"].startswith("77.7 to 1")


def test_june_2025_lenses_agree_to_the_second_decimal(record):
    table = asymmetry.lenses(record, "bodies", "2025-06-01", "2025-06-30")
    assert asymmetry.agreed_digit(list(table["share"].dropna())) == 2
    said = asymmetry_tables.lens_words(table)
    assert "Three of the four lenses agree to the second decimal of a percent: 1.27% went to Russia" in said
    assert "Ukrainian claims only: no share, 5 handovers" in said
    assert rp.words.GUARDRAIL in said


def test_the_whole_of_2025_under_all_lenses(record):
    table = asymmetry.lenses(record, "bodies", "2025-01-01", "2025-12-31").set_index("lens")
    assert list(table.index) == list(LENSES)
    assert (table["events_in"] + table["events_out"]).eq(16).all()
    full = table.loc[["best", "russia", "receiver"]]
    assert full["events_in"].eq(16).all() and full["to_russia"].eq(439).all()
    assert table.loc["best", "to_ukraine"] == 16301
    assert full["share"].map(lambda s: f"{s:.3f}").eq("0.026").all()
    assert table.loc["ukraine", "events_out"] > 0
    by_year = asymmetry.shares(record.events("bodies", since="2025-01-01", until="2025-12-31"), "year").iloc[0]
    assert by_year["share"] == table.loc["best", "share"] and by_year["to_russia_zero"] == 3


def test_an_event_with_a_zero_has_a_share(record):
    events = record.events("bodies", since="2025-06-13", until="2025-06-13")
    row = asymmetry.shares(events, "event").iloc[0]
    assert row["event"] == "bodies-2025-06-13"
    assert (row["share"], row["to_russia"], row["to_russia_zero"], row["events_in"]) == (0.0, 0, 1, 1)
    assert row["reading"] == "1,200 to 0, to Ukraine over to Russia"


def test_an_event_withheld_has_no_share_and_keeps_its_absence(record):
    events = record.events("prisoners", since="2025-06-10", until="2025-06-10")
    row = asymmetry.shares(events, "event").iloc[0]
    assert pd.isna(row["share"]) and pd.isna(row["to_ukraine"]) and pd.isna(row["to_russia"])
    assert row["to_ukraine_withheld"] == row["to_russia_withheld"] == 1
    assert asymmetry_tables.shares_table(events, "event").frame["to Russia"].tolist() == ["size withheld"]


def test_prisoners_are_the_contrast(record):
    bodies, prisoners = (asymmetry.share(record.events(k, since="2025-01-01")).share for k in ("bodies", "prisoners"))
    assert bodies < 0.04 and 0.48 < prisoners < 0.51


def test_bodies_changed_at_istanbul_and_at_the_end_of_2023_in_either_unit(record):
    events = record.events("bodies")
    for unit in asymmetry.UNITS:
        table = asymmetry.changes(events, asymmetry.breaks(record, "bodies"), unit).set_index(["at_name", "compared"])
        for name, day in (("Istanbul talks of 2 June 2025", "2025-06-02"), ("end of 2023", "2024-01-01")):
            row = table.loc[(name, "nearest")]
            assert row["at"] == pd.Timestamp(day) and row["p_holm"] < 0.05 and row["difference"] < 0
    assert table.attrs["looks"] == table["p"].notna().sum()


def test_fronts_add_up_and_towns_lie_in_their_region(record):
    table = asymmetry.fronts(record, until="2025-03-01")
    assert table["share"].sum() == pytest.approx(1) and table["region"].iloc[0] == "Donetsk"
    assert table["persons"].sum() == table.attrs["persons"] <= table.attrs["whole"]
    one = asymmetry.fronts(record, "2024-04-12", "2024-04-12").set_index("region")["persons"]
    assert one.to_dict() == {"Donetsk": 77, "Zaporizhzhia": 20, "Kharkiv": 2}


def test_round_thousands_since_july_2025(record):
    b = asymmetry.batches(record.events("bodies", since="2025-07-01", until="2026-02-28"))
    assert b["round"].all() and len(b) == 8 == b.attrs["round_run"]
    assert asymmetry.batches(make([(1245, 1), (2000, 1), (2000, 1), (0, 1), (0, 1)]))[["round", "repeats"]].to_numpy().tolist() == [
        [False, False], [True, False], [True, True], [False, False], [False, False]]  # fmt: skip


# --- properties ---------------------------------------------------------------------------------------------------


@quick
@given(known_events, st.integers(2, 9))
def test_scaling_all_counts_changes_no_share_and_no_clustered_interval(pairs, k):
    a, b = make(pairs), make([(u * k, r * k) for u, r in pairs])
    assert asymmetry.share(a).share == asymmetry.share(b).share or asymmetry.share(b).share == pytest.approx(
        asymmetry.share(a).share
    )
    i, j = asymmetry.interval(a), asymmetry.interval(b)
    assert (i.low is None) == (j.low is None)
    if i.low is not None:
        assert (i.low, i.high) == pytest.approx((j.low, j.high))
    assert asymmetry.concentration(a, "to_ukraine").top_share == pytest.approx(
        asymmetry.concentration(b, "to_ukraine").top_share)  # fmt: skip


@quick
@given(gappy_events, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(pairs, random):
    events = make(pairs)
    order = list(range(len(events)))
    random.shuffle(order)
    mixed = events.iloc[order].reset_index(drop=True)
    for by in ("event", "total"):
        pd.testing.assert_frame_equal(asymmetry.shares(events, by), asymmetry.shares(mixed, by))
    pd.testing.assert_frame_equal(asymmetry.bounds(events), asymmetry.bounds(mixed))
    i, j = asymmetry.interval(events), asymmetry.interval(mixed)
    assert (i.low is None) == (j.low is None) and (i.low is None or (i.low, i.high) == pytest.approx((j.low, j.high)))
    pd.testing.assert_frame_equal(asymmetry.batches(events), asymmetry.batches(mixed))


@quick
@given(gappy_events)
def test_groups_add_up_to_the_total_and_nothing_is_lost(pairs):
    events = make(pairs)
    before = events.copy(deep=True)
    total = asymmetry.shares(events, "total").iloc[0]
    for by in asymmetry.BY:
        g = asymmetry.shares(events, by)
        assert (g["events_in"] + g["events_out"]).sum() == len(events)
        assert g["to_russia"].sum() == (0 if pd.isna(total["to_russia"]) else total["to_russia"])
        assert g["share"].dropna().between(0, 1).all()
        assert g.filter(like="not_reported").sum().sum() == sum(v is None for p in pairs for v in p)
    pd.testing.assert_frame_equal(events, before)


@quick
@given(st.lists(st.tuples(count, count), min_size=2, max_size=9))
def test_every_interval_contains_its_share(pairs):
    table = asymmetry.intervals(make(pairs))
    shown = table[table["low"].notna()]
    slack = 1e-3 if (shown["role"] == "model").any() else 0  # the model's ends are found to a tolerance
    assert (shown["low"] <= shown["share"] + slack).all() and (shown["share"] <= shown["high"] + slack).all()
    assert shown["low"].ge(0).all() and shown["high"].le(1).all()


@quick
@given(known_events)
def test_swapping_the_sides_mirrors_share_interval_and_bounds(pairs):
    a, b = make(pairs), make([(r, u) for u, r in pairs])
    assume(asymmetry.share(a).share is not None)
    assert asymmetry.share(a).share == pytest.approx(1 - asymmetry.share(b).share)
    i, j = asymmetry.interval(a), asymmetry.interval(b)
    if i.low is not None:
        assert (i.low, i.high) == pytest.approx((1 - j.high, 1 - j.low))


@quick
@given(gappy_events)
def test_bounds_are_nested_and_hold_the_complete_case_unless_the_cap_rules_it_out(pairs):
    events = make(pairs)
    assume(asymmetry.share(events).share is not None)
    b = asymmetry.bounds(events).set_index("cap")
    s = asymmetry.share(events)
    slack = 1e-9
    assert bool(b.loc["none", "holds_complete_case"]) and bool(b.loc["published", "holds_complete_case"])
    assert (
        b.loc["none", "low"] <= b.loc["largest", "low"] + slack
        and b.loc["largest", "high"] <= b.loc["none", "high"] + slack
    )
    # A cap that lets every missing handover be like the known ones cannot exclude their share.
    cap = {d: b.loc["largest", f"cap_{d}"] for d in ("to_ukraine", "to_russia")}
    fits = all(
        (u is not None or r is None or (s.share > 0 and r * (1 - s.share) / s.share <= cap["to_ukraine"]))
        and (r is not None or u is None or (s.share < 1 and u * s.share / (1 - s.share) <= cap["to_russia"]))
        for u, r in pairs
    )
    if fits:
        assert bool(b.loc["largest", "holds_complete_case"])
    if not any(v is None for p in pairs for v in p):
        assert (b["low"] == b["high"]).all() and b["low"].iloc[0] == pytest.approx(s.share)


@quick
@given(gappy_events, st.data())
def test_a_missing_count_that_becomes_known_within_its_cap_narrows_inside_the_old_bounds(pairs, data):
    gaps = [(i, k) for i, p in enumerate(pairs) for k in (0, 1) if p[k] is None]
    assume(gaps)
    seen = make([*pairs, (400, 400)])
    old = asymmetry.bounds(make(pairs), seen).set_index("cap").loc["largest"]
    i, k = data.draw(st.sampled_from(gaps))
    filled = [list(p) for p in pairs]
    filled[i][k] = data.draw(count)
    new = asymmetry.bounds(make(filled), seen).set_index("cap").loc["largest"]
    assume(not np.isnan([old["low"], old["high"], new["low"], new["high"]]).any())
    assert old["low"] - 1e-9 <= new["low"] and new["high"] <= old["high"] + 1e-9


@quick
@given(known_events, st.lists(st.integers(0, 50), min_size=18, max_size=18))
def test_a_claim_that_widens_a_range_never_narrows_the_bounds(pairs, more):
    wide_low = [(max(0, u - more[i]), max(0, r - more[-i - 1])) for i, (u, r) in enumerate(pairs)]
    wide_high = [(u + more[i], r + more[-i - 1]) for i, (u, r) in enumerate(pairs)]
    a, b = asymmetry.bounds(make(pairs)), asymmetry.bounds(make(pairs, wide_low, wide_high))
    assume(not a[["low", "high"]].isna().any(axis=None) and not b[["low", "high"]].isna().any(axis=None))
    assert (b["low"] <= a["low"] + 1e-9).all() and (a["high"] <= b["high"] + 1e-9).all()


def test_a_one_way_handover_has_no_share_and_is_counted_apart():
    events = make([(5, 5), (None, 40)], absent=[(None, None), ("not_applicable", None)])
    b = asymmetry.bounds(events)
    assert b["one_way"].eq(1).all() and (b["low"] == b["high"]).all() and b["events_out"].eq(0).all()


def test_an_open_upper_end_counts_as_unknown_above_its_figure():
    events = make([(100, 10), (50, 5)], high=[(None, 10), (50, 5)])
    b = asymmetry.bounds(events).set_index("cap")
    assert b.loc["none", "low"] == 0 and b.loc["published", "low"] == pytest.approx(15 / 165)


def test_the_pledge_caps_what_is_missing_under_its_agreement():
    events = make([(100, 10), (None, 5), (None, 7)], agreements=["talks", "talks", ""])
    b = asymmetry.bounds(events, pledges={("talks", "to_ukraine"): 130}).set_index("cap")
    assert b.loc["pledge", "low"] == pytest.approx(22 / (22 + 100 + 30 + 100))
    assert b.loc["largest", "low"] == pytest.approx(22 / (22 + 100 + 100 + 100))
    spent = asymmetry.bounds(events, pledges={("talks", "to_ukraine"): 60}).set_index("cap")
    assert spent.loc["pledge", "low"] == pytest.approx(22 / (22 + 100 + 100))


@quick
@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_an_agreed_digit_prints_alike(values):
    digit = asymmetry.agreed_digit(values)
    if digit is not None:
        assert len({f"{100 * v:.{digit}f}" for v in values}) == 1
        assert 100 * (max(values) - min(values)) <= 0.5 / 10**digit
    assert asymmetry.agreed_digit([0.026, 0.032]) is None


@quick
@given(st.lists(count, min_size=1, max_size=9))
def test_concentration_runs_from_nought_to_one_below_the_diagonal(sizes):
    assume(sum(sizes))
    c = asymmetry.concentration(make([(s, 1) for s in sizes]), "to_ukraine", top=3)
    assert c.curve["persons"].iloc[0] == 0 and c.curve["persons"].iloc[-1] == pytest.approx(1)
    assert (c.curve["persons"] <= c.curve["handovers"] + 1e-9).all() and c.gini >= -1e-9
    assert c.top_persons == sum(sorted(sizes)[-3:])


def test_the_real_record_is_consistent_under_every_lens(record):
    for kind, lens in product(("bodies", "prisoners"), LENSES):
        events = record.events(kind, lens)
        b = asymmetry.bounds(events, pledges=asymmetry.pledged(record, kind))
        # Parity may rule it out: under one side's claims the missing direction can be the larger one.
        assert b.set_index("cap").drop("parity")["holds_complete_case"].all(), (kind, lens)
        i = asymmetry.interval(events)
        assert i.low < i.share < i.high
        if lens != "best":
            continue
        r = asymmetry.rolling(events, 6)
        assert ((r["published_low"] <= r["share"] + 1e-9) & (r["share"] <= r["published_high"] + 1e-9)).all()


def test_results_are_the_same_twice(record):
    events, at = record.events("bodies"), asymmetry.breaks(record)
    pd.testing.assert_frame_equal(asymmetry.intervals(events), asymmetry.intervals(events))
    pd.testing.assert_frame_equal(asymmetry.changes(events, at), asymmetry.changes(events, at))


# --- independent implementations ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def draws(record) -> tuple[np.ndarray, np.ndarray]:
    u = asymmetry.units(record.events("bodies", since="2023-09-01", until="2026-02-28"))
    return u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")


def test_share_and_cluster_error_against_statsmodels_binomial_glm(draws):
    """statsmodels GLM, intercept only, exchanges as clusters: the same share; its sandwich error is our CR1 on the logit."""
    x, n = draws
    fit = sm.GLM(np.column_stack([x, n - x]), np.ones((len(x), 1)), family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": np.arange(len(x)), "use_correction": False})  # fmt: skip
    ratio, _, _ = asymmetry._spread(x, n)
    assert special.expit(fit.params[0]) == pytest.approx(ratio)
    cr0 = np.sqrt(((x - ratio * n) ** 2).sum()) / n.sum() / (ratio * (1 - ratio))
    assert fit.bse[0] == pytest.approx(cr0, rel=1e-6)


def test_jackknife_variance_against_refits_by_statsmodels(draws):
    """CR3: the share refitted by statsmodels WLS with each exchange left out in turn, centred on the full share."""
    x, n = draws
    ratio, variance, _ = asymmetry._spread(x, n)
    refits = []
    for i in range(len(x)):
        keep = np.arange(len(x)) != i
        refits.append(sm.WLS(x[keep] / n[keep], np.ones(keep.sum()), weights=n[keep]).fit().params[0])
    assert variance == pytest.approx(((np.array(refits) - ratio) ** 2).sum())


def test_recommended_interval_by_hand(draws):
    x, n = draws
    low, high = asymmetry.clustered(x, n)
    share = x.sum() / n.sum()
    se = np.sqrt(sum(((a - share * b) / (n.sum() - b)) ** 2 for a, b in zip(x, n, strict=True)))
    reach = stats.t(n.sum() ** 2 / (n**2).sum() - 1).ppf(0.975) * se / (share * (1 - share))
    centre = np.log(share / (1 - share))
    assert (low, high) == pytest.approx(tuple(1 / (1 + np.exp(-(centre + s * reach))) for s in (-1, 1)))


def test_jeffreys_against_statsmodels(draws):
    x, n = draws
    assert asymmetry.jeffreys(x.sum(), n.sum()) == pytest.approx(
        proportion_confint(x.sum(), n.sum(), method="jeffreys")
    )


def test_beta_binomial_against_another_optimiser_and_gamma_functions(draws):
    x, n = draws

    def loss(theta):
        a, b = np.exp(theta)
        return -(special.betaln(x + a, n - x + b) - special.betaln(a, b)).sum()

    a, b = np.exp(optimize.minimize(loss, [0.0, 2.0], method="BFGS").x)
    mean, icc, low, high = asymmetry.beta_binomial(x, n)
    assert mean == pytest.approx(a / (a + b), rel=1e-3) and icc == pytest.approx(1 / (a + b + 1), rel=5e-3)
    assert low < mean < high


def test_permutation_p_against_every_partition():
    x = np.array([3.0, 5, 9, 1, 20, 26, 22, 30])
    n = np.array([90.0, 100, 150, 60, 100, 110, 120, 130])

    def t(before):
        after = [i for i in range(8) if i not in before]
        (a, va, _), (b, vb, _) = (asymmetry._spread(x[list(s)], n[list(s)]) for s in (before, after))
        return (b - a) / np.sqrt(va + vb + 1e-12)

    null = np.array([t(c) for c in combinations(range(8), 4)])
    seen = t((0, 1, 2, 3))
    expected = min(1, 2 * min((null >= seen - 1e-9).mean(), (null <= seen + 1e-9).mean()))
    events = make([(b - a, a) for a, b in zip(x.astype(int), n.astype(int), strict=True)])
    table = asymmetry.changes(events, {"half": events["date"].iloc[4]})
    assert table["p"].iloc[0] == pytest.approx(expected)
    assert table["difference"].iloc[0] == pytest.approx(x[4:].sum() / n[4:].sum() - x[:4].sum() / n[:4].sum())


def test_looks_are_counted_as_holm_does(record):
    table = asymmetry.changes(record.events("bodies"), asymmetry.breaks(record, "bodies"))
    p = np.sort(table["p"].dropna())
    by_hand = np.minimum(1, np.maximum.accumulate(p * (len(p) - np.arange(len(p)))))
    np.testing.assert_allclose(np.sort(table["p_holm"].dropna()), by_hand)
    assert len(p) == table.attrs["looks"]


def test_gini_against_the_mean_absolute_difference(record):
    events = record.events("bodies")
    sizes = events["to_ukraine"].dropna().to_numpy(dtype="float64")
    by_hand = np.abs(sizes[:, None] - sizes).mean() / (2 * sizes.mean())
    assert asymmetry.concentration(events, "to_ukraine").gini == pytest.approx(by_hand)


def test_bounds_against_every_fill():
    pairs = [(6, 2), (None, 3), (4, None), (None, None)]
    low = [(5, 2), (None, 3), (4, None), (None, None)]
    high = [(6, 3), (None, 3), (4, None), (None, None)]
    b = asymmetry.bounds(make(pairs, low, high)).set_index("cap")
    cap_u, cap_r = 6, 3
    fills = [
        (r1 + 3 + r3 + r4) / (u1 + u2 + 4 + u4 + r1 + 3 + r3 + r4)
        for u1, r1, u2, r3, u4, r4 in product((5, 6), (2, 3), range(cap_u + 1), range(cap_r + 1), range(cap_u + 1),
                                              range(cap_r + 1))
    ]  # fmt: skip
    assert tuple(b.loc["largest", ["low", "high"]]) == pytest.approx((min(fills), max(fills)))
    parity = [
        (r1 + 3 + r3 + t) / (u1 + u2 + 4 + t + r1 + 3 + r3 + t)
        for u1, r1, u2, r3, t in product((5, 6), (2, 3), range(4), range(5), range(min(cap_u, cap_r) + 1))
    ]
    assert tuple(b.loc["parity", ["low", "high"]]) == pytest.approx((min(parity), max(parity)))


def test_bootstrap_against_plain_resampling(record):
    """BCa stays close to a plain percentile bootstrap written out by hand where the data are well behaved."""
    events = record.events("bodies", since="2024-01-01", until="2025-05-31")
    u = asymmetry.units(events)
    x, n = u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")
    index = np.random.default_rng(1).integers(0, len(x), (9999, len(x)))
    plain = np.quantile(x[index].sum(1) / n[index].sum(1), [0.025, 0.975])
    row = asymmetry.intervals(events).set_index("role").loc["cross-check"]
    assert (row["low"], row["high"]) == pytest.approx(tuple(plain), rel=0.12)


# --- simulated coverage -------------------------------------------------------------------------------------------

TRUE = 0.03
ICC = (0.0, 0.005, 0.01, 0.02, 0.05)
EXCHANGES = (12, 20, 38, 60)


@pytest.fixture(scope="module")
def coverage(record) -> pd.DataFrame:
    """Coverage of 95% intervals over 2,500 records each: sizes drawn from the record's, event shares from a beta law."""
    rng = np.random.default_rng(20220224)
    e = record.events("bodies", until="2026-02-28")
    rows = []
    for unit in asymmetry.UNITS:
        sizes = asymmetry.units(e, unit)["persons"].to_numpy(dtype="int64")
        for m, icc in product(EXCHANGES, ICC):
            n = rng.choice(sizes, (2500, m))
            q = (
                np.full(n.shape, TRUE)
                if icc == 0
                else rng.beta(TRUE * (1 / icc - 1), (1 - TRUE) * (1 / icc - 1), n.shape)
            )
            x = rng.binomial(n, q)
            low, high = asymmetry.clustered(x, n)
            naive = stats.beta.ppf([[0.025], [0.975]], x.sum(1) + 0.5, (n - x).sum(1) + 0.5)
            rows.append((unit, m, icc, ((low <= TRUE) & (high >= TRUE)).mean(),
                         ((naive[0] <= TRUE) & (naive[1] >= TRUE)).mean()))  # fmt: skip
    return pd.DataFrame(rows, columns=["unit", "exchanges", "icc", "recommended", "naive"])


def test_the_recommended_interval_covers_what_it_says(coverage):
    events, deals = (coverage[coverage["unit"] == u] for u in asymmetry.UNITS)
    assert events["recommended"].between(0.92, 0.97).all(), events.to_string()
    assert deals["recommended"].ge(0.92).all(), deals.to_string()  # one deal dwarfs the rest: may err on the wide side


def test_the_naive_interval_does_not(coverage):
    assert coverage.loc[coverage["icc"] == 0, "naive"].between(0.93, 0.97).all()
    assert (coverage.loc[coverage["icc"] >= 0.005, "naive"] < 0.7).all()
    assert (coverage.loc[coverage["icc"] == 0.05, "naive"] < 0.35).all()


def test_the_change_test_keeps_its_level_when_sizes_change_too():
    """No change in share, sizes five times larger after the break: p < 0.05 in about one record of twenty."""
    rng, hits, icc = np.random.default_rng(7), 0, 0.02
    for _ in range(300):
        n = np.concatenate([rng.integers(50, 250, 12), rng.integers(250, 1250, 12)]).astype("float64")
        x = rng.binomial(n.astype(int), rng.beta(0.1 * (1 / icc - 1), 0.9 * (1 / icc - 1), 24)).astype("float64")
        before = np.arange(24) < 12
        index = rng.permuted(np.tile(np.arange(24), (400, 1)), axis=1)
        order = np.vstack([np.arange(24), index])
        (a, va, _), (b, vb, _) = (asymmetry._spread(x[s], n[s]) for s in (order[:, before], order[:, ~before]))
        t = np.abs((b - a) / np.sqrt(va + vb + 1e-12))
        hits += (t >= t[0]).mean() < 0.05
    assert 0.02 <= hits / 300 <= 0.085
