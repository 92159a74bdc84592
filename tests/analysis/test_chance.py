"""Chance: failure cases, golden cases, properties, other implementations, coverage.

Independent implementations:
1. share and its sandwich error: statsmodels GLM, binomial, cluster-robust
2. leave-one-out variance: statsmodels WLS, refitted without each exchange
3. recommended interval: the formula by hand, exchange by exchange
4. totals-only interval: statsmodels proportion_confint(method="jeffreys")
5. beta-binomial mean and correlation: gamma functions and BFGS
6. permutation p: every partition by itertools
7. Holm's p: step-down by hand
8. bootstrap: plain percentile resampling
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats
from statsmodels.stats.proportion import proportion_confint

from conftest import events_of
from repatria.analysis import asymmetry, chance

count = st.integers(0, 400)
quick = settings(max_examples=15, deadline=None)

# --- failure cases --------------------------------------------------------------------------------


def test_no_interval_where_there_is_nothing_to_learn_it_from():
    assert asymmetry.interval(events_of([(10, 3)])).low is None  # one exchange
    assert (
        asymmetry.interval(events_of([(10, 10), (30, 30), (7, 7)])).low is None
    )  # no variation: parity by design
    assert asymmetry.interval(events_of([(None, 3), (4, None)])).share is None
    assert asymmetry.interval(events_of([(0, 0), (0, 0)])).share is None


def test_all_zero_has_an_upper_limit_and_never_a_point():
    i = asymmetry.interval(events_of([(1000, 0)] * 5))
    assert i.share == i.low == 0
    assert i.high == pytest.approx(stats.beta.ppf(0.975, 1, 5))  # Clopper-Pearson, five draws
    mirrored = asymmetry.interval(events_of([(0, 1000)] * 5))
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - i.high, 1.0))


# --- golden cases and properties ------------------------------------------------------------------


def test_bodies_changed_at_istanbul_and_at_the_end_of_2023_in_either_unit(record):
    events = record.events("bodies")
    for unit in asymmetry.UNITS:
        table = asymmetry.changes(events, asymmetry.breaks(record, "bodies"), unit).set_index(
            ["at_name", "compared"]
        )
        for name, day in (("Istanbul talks of 2 June 2025", "2025-06-02"), ("2024", "2024-01-01")):
            row = table.loc[(name, "nearest")]
            assert row["at"] == pd.Timestamp(day) and row["p_holm"] < 0.05 and row["difference"] < 0
    assert table.attrs["looks"] == table["p"].notna().sum()


@quick
@given(st.lists(st.tuples(count, count), min_size=2, max_size=9))
def test_every_interval_contains_its_share(pairs):
    table = asymmetry.intervals(events_of(pairs))
    shown = table[table["low"].notna()]
    slack = (
        1e-3 if (shown["role"] == "model").any() else 0
    )  # the model's ends are found to a tolerance
    assert (shown["low"] <= shown["share"] + slack).all() and (
        shown["share"] <= shown["high"] + slack
    ).all()
    assert shown["low"].ge(0).all() and shown["high"].le(1).all()


def test_results_are_the_same_twice(record):
    events, at = record.events("bodies"), asymmetry.breaks(record)
    pd.testing.assert_frame_equal(asymmetry.intervals(events), asymmetry.intervals(events))
    pd.testing.assert_frame_equal(asymmetry.changes(events, at), asymmetry.changes(events, at))


# --- independent implementations ------------------------------------------------------------------


@pytest.fixture(scope="module")
def draws(record) -> tuple[np.ndarray, np.ndarray]:
    u = asymmetry.units(record.events("bodies", since="2023-09-01", until="2026-02-28"))
    return u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")


def test_share_and_cluster_error_against_statsmodels_binomial_glm(draws):
    """statsmodels GLM, exchanges as clusters: the same share, and the error by hand."""
    x, n = draws
    fit = sm.GLM(
        np.column_stack([x, n - x]), np.ones((len(x), 1)), family=sm.families.Binomial()
    ).fit(cov_type="cluster", cov_kwds={"groups": np.arange(len(x)), "use_correction": False})
    ratio, _, _ = chance._spread(x, n)
    assert special.expit(fit.params[0]) == pytest.approx(ratio)
    cr0 = np.sqrt(((x - ratio * n) ** 2).sum()) / n.sum() / (ratio * (1 - ratio))
    assert fit.bse[0] == pytest.approx(cr0, rel=1e-6)


def test_jackknife_variance_against_refits_by_statsmodels(draws):
    """CR3: statsmodels WLS with each exchange left out in turn, centred on the full share."""
    x, n = draws
    ratio, variance, _ = chance._spread(x, n)
    refits = []
    for i in range(len(x)):
        keep = np.arange(len(x)) != i
        refits.append(
            sm.WLS(x[keep] / n[keep], np.ones(keep.sum()), weights=n[keep]).fit().params[0]
        )
    assert variance == pytest.approx(((np.array(refits) - ratio) ** 2).sum())


def test_recommended_interval_by_hand(draws):
    x, n = draws
    low, high = asymmetry.clustered(x, n)
    share = x.sum() / n.sum()
    se = np.sqrt(sum(((a - share * b) / (n.sum() - b)) ** 2 for a, b in zip(x, n, strict=True)))
    reach = stats.t(n.sum() ** 2 / (n**2).sum() - 1).ppf(0.975) * se / (share * (1 - share))
    centre = np.log(share / (1 - share))
    assert (low, high) == pytest.approx(
        tuple(1 / (1 + np.exp(-(centre + s * reach))) for s in (-1, 1))
    )


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
    assert mean == pytest.approx(a / (a + b), rel=1e-3) and icc == pytest.approx(
        1 / (a + b + 1), rel=5e-3
    )
    assert low < mean < high


def test_permutation_p_against_every_partition():
    x = np.array([3.0, 5, 9, 1, 20, 26, 22, 30])
    n = np.array([90.0, 100, 150, 60, 100, 110, 120, 130])

    def t(before):
        after = [i for i in range(8) if i not in before]
        (a, va, _), (b, vb, _) = (chance._spread(x[list(s)], n[list(s)]) for s in (before, after))
        return (b - a) / np.sqrt(va + vb + 1e-12)

    null = np.array([t(c) for c in combinations(range(8), 4)])
    seen = t((0, 1, 2, 3))
    expected = min(1, 2 * min((null >= seen - 1e-9).mean(), (null <= seen + 1e-9).mean()))
    events = events_of([(b - a, a) for a, b in zip(x.astype(int), n.astype(int), strict=True)])
    table = asymmetry.changes(events, {"half": events["date"].iloc[4]})
    assert table["p"].iloc[0] == pytest.approx(expected)
    assert table["difference"].iloc[0] == pytest.approx(
        x[4:].sum() / n[4:].sum() - x[:4].sum() / n[:4].sum()
    )


def test_looks_are_counted_as_holm_does(record):
    table = asymmetry.changes(record.events("bodies"), asymmetry.breaks(record, "bodies"))
    p = np.sort(table["p"].dropna())
    by_hand = np.minimum(1, np.maximum.accumulate(p * (len(p) - np.arange(len(p)))))
    np.testing.assert_allclose(np.sort(table["p_holm"].dropna()), by_hand)
    assert len(p) == table.attrs["looks"]


def test_bootstrap_against_plain_resampling(record):
    """BCa stays close to a plain percentile bootstrap where the data are well behaved."""
    events = record.events("bodies", since="2024-01-01", until="2025-05-31")
    u = asymmetry.units(events)
    x, n = u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")
    index = np.random.default_rng(1).integers(0, len(x), (9999, len(x)))
    plain = np.quantile(x[index].sum(1) / n[index].sum(1), [0.025, 0.975])
    row = asymmetry.intervals(events).set_index("role").loc["cross-check"]
    assert (row["low"], row["high"]) == pytest.approx(tuple(plain), rel=0.12)


# --- simulated coverage ---------------------------------------------------------------------------

TRUE = 0.03
ICC = (0.0, 0.005, 0.01, 0.02, 0.05)
EXCHANGES = (12, 20, 38, 60)


@pytest.fixture(scope="module")
def coverage(record) -> pd.DataFrame:
    """Coverage of 95% intervals over 2,500 records each: the record's sizes, beta shares."""
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
            rows.append(
                (
                    unit,
                    m,
                    icc,
                    ((low <= TRUE) & (high >= TRUE)).mean(),
                    ((naive[0] <= TRUE) & (naive[1] >= TRUE)).mean(),
                )
            )
    return pd.DataFrame(rows, columns=["unit", "exchanges", "icc", "recommended", "naive"])


def test_the_recommended_interval_covers_what_it_says(coverage):
    events, deals = (coverage[coverage["unit"] == u] for u in asymmetry.UNITS)
    assert events["recommended"].between(0.92, 0.97).all(), events.to_string()
    assert deals["recommended"].ge(0.92).all(), (
        deals.to_string()
    )  # one deal dwarfs the rest: may err on the wide side


def test_the_naive_interval_does_not(coverage):
    assert coverage.loc[coverage["icc"] == 0, "naive"].between(0.93, 0.97).all()
    assert (coverage.loc[coverage["icc"] >= 0.005, "naive"] < 0.7).all()
    assert (coverage.loc[coverage["icc"] == 0.05, "naive"] < 0.35).all()


def test_the_change_test_keeps_its_level_when_sizes_change_too():
    """No change in share, sizes five times larger after: p < 0.05 in about one of twenty."""
    rng, hits, icc = np.random.default_rng(7), 0, 0.02
    for _ in range(300):
        n = np.concatenate([rng.integers(50, 250, 12), rng.integers(250, 1250, 12)]).astype(
            "float64"
        )
        x = rng.binomial(
            n.astype(int), rng.beta(0.1 * (1 / icc - 1), 0.9 * (1 / icc - 1), 24)
        ).astype("float64")
        before = np.arange(24) < 12
        index = rng.permuted(np.tile(np.arange(24), (400, 1)), axis=1)
        order = np.vstack([np.arange(24), index])
        (a, va, _), (b, vb, _) = (
            chance._spread(x[s], n[s]) for s in (order[:, before], order[:, ~before])
        )
        t = np.abs((b - a) / np.sqrt(va + vb + 1e-12))
        hits += (t >= t[0]).mean() < 0.05
    assert 0.02 <= hits / 300 <= 0.085
