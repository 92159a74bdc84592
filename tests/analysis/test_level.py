"""The level of the share: failure cases, golden cases, other implementations, coverage.

Independent implementations:
1. the curve at one penalty and its covariance: score and information of statsmodels' binomial GLM
2. the curve at the stiffest penalty: statsmodels' binomial GLM of a straight line
3. overdispersion: a grid search by hand
4. the restricted likelihood that weighs the penalties: the marginal likelihood of the mixed model
   that a penalty is, by numpy
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from conftest import events_of
from repatria.analysis import asymmetry, chance
from repatria.analysis import level as module

count = st.integers(0, 400)
some = st.one_of(st.none(), count)


# --- failure cases --------------------------------------------------------------------------------


def test_no_level_where_there_is_nothing_to_learn_it_from():
    assert asymmetry.level_now(events_of([(10, 3)] * (asymmetry.LEAST_LEVEL - 1))) is None
    assert asymmetry.level_now(events_of([(10, 0)] * 12)) is None  # none to one side
    assert asymmetry.level_now(events_of([(10, None)] * 12)) is None
    assert asymmetry.level(events_of([(10, 3)] * 3), ["2024-01-02"])["share"].isna().all()
    empty = events_of([(1, 1)]).iloc[:0]
    assert asymmetry.level(empty).empty and asymmetry.level_now(empty) is None
    assert asymmetry.eras(empty).empty and asymmetry.running_deal(empty) is None


def test_no_level_outside_the_deals_or_in_years_without_figures(record):
    events = record.events("bodies", until="2025-12-31")
    days = ["2022-06-08", "2023-08-04", "2024-01-01", "2024-03-15", "2026-01-01"]
    table = asymmetry.level(events, days)
    assert table["share"].notna().tolist() == [False, False, False, True, False]
    assert table[["low", "high", "ratio", "n_effective"]].isna().all(axis=1).sum() == 4


def test_a_running_deal_is_named_and_enters_no_level(record):
    then = record.as_of("2025-06-14")
    events = then.events("bodies")
    assert asymmetry.running_deal(events) == "deal-bodies-2025-06-11"
    assert asymmetry.level_now(events).day == pd.Timestamp("2025-05-16")
    assert asymmetry.share_now(then)["running"]
    later = record.as_of("2025-07-10")
    assert asymmetry.running_deal(later.events("bodies")) is None
    assert not asymmetry.share_now(later)["running"]


# --- golden cases and properties ------------------------------------------------------------------


def test_the_level_now_of_the_record(record):
    now = asymmetry.level_now(record.events("bodies", until="2026-02-28"))
    assert now.day == pd.Timestamp("2026-02-26")
    assert now.ratio == pytest.approx(30.5, abs=0.5)
    assert (now.ratio_low, now.ratio_high) == pytest.approx((14.3, 64.8), rel=0.02)


def test_years_without_figures_have_bounds_and_no_share(record):
    table = asymmetry.eras(record.events("bodies", until="2025-12-31")).set_index("year")
    assert table["known"].tolist() == [False, False, True, True]
    assert table["share"].isna().tolist() == [True, True, False, False]
    assert table.loc[2025, "share"] == pytest.approx(0.0262, abs=1e-4)
    assert (table["low"] < table["high"]).all()


def test_prisoners_are_even_by_design(record):
    now = asymmetry.share_now(record.until("2026-03-31"), "prisoners")
    assert now["by_design"] and now["equal"] >= 0.75 * now["handovers_in"]
    assert not asymmetry.share_now(record)["by_design"]


def test_the_last_day_is_inside_however_it_is_rounded() -> None:
    for last in np.random.default_rng(1).uniform(1, 2000, 300):
        assert module._basis(np.array([0.1, last]), 0.1, last).sum(1) == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(some, some), min_size=1, max_size=30))
def test_every_level_lies_in_its_interval_and_never_raises(pairs):
    table = asymmetry.level(events_of(pairs)).dropna()
    assert ((table["low"] <= table["share"]) & (table["share"] <= table["high"])).all()
    assert table["low"].ge(0).all() and table["high"].le(1).all()
    assert table["n_effective"].between(0.99, len(pairs) + 0.01).all()


def test_swapping_the_sides_mirrors_the_level(record):
    events = record.events("bodies", since="2024-01-01", until="2025-12-31")
    swapped = events.rename(
        columns={c: c.replace("to_ukraine", "x").replace("to_russia", "to_ukraine") for c in events}
    ).rename(columns=lambda c: c.replace("x", "to_russia") if c.startswith("x") else c)
    a, b = asymmetry.level(events), asymmetry.level(swapped)
    np.testing.assert_allclose(a["share"], 1 - b["share"], atol=1e-6)
    np.testing.assert_allclose(a["low"], 1 - b["high"], atol=1e-6)


# --- independent implementations ------------------------------------------------------------------


@pytest.fixture(scope="module")
def draws(record) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    u = asymmetry.units(record.events("bodies", since="2024-01-01", until="2026-02-28"), "deal")
    days = (u["until"] - u["until"].iloc[0]).dt.days.to_numpy(dtype="float64")
    return days, *(u[c].to_numpy(dtype="float64") for c in ("to_russia", "persons"))


def test_the_curve_against_statsmodels_glm(draws):
    """The penalised score that statsmodels computes is nil at our estimate, its inverse information
    our covariance.
    """
    days, x, n = draws
    basis = module._basis(days, days[0], days[-1])
    rough = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    weight = 1 / (1 + (n - 1) * 0.01)
    penalty = module.PENALTIES[:, None, None] * (rough.T @ rough)
    b, _, covariance, _, _ = module._penalised(basis, x, n, weight, penalty, len(rough))
    k = 3
    plain = sm.GLM(x / n, basis, family=sm.families.Binomial(), var_weights=weight * n)
    assert np.abs(plain.score(b[k]) - penalty[k] @ b[k]).max() < 1e-4
    hessian = -plain.hessian(b[k], observed=False) + penalty[k]
    np.testing.assert_allclose(np.linalg.inv(hessian), covariance[k], rtol=1e-3, atol=1e-8)


def test_a_straight_line_against_statsmodels_glm(draws):
    """At the largest penalty the curve is a line: statsmodels' binomial GLM on day and constant."""
    days, x, n = draws
    x = np.round(n * special.expit(-1 - days / 400))
    basis = module._basis(days, days[0], days[-1])
    rough = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    stiff = np.full(len(module.PENALTIES), 1e9)[:, None, None] * (rough.T @ rough)
    _, mu, *_ = module._penalised(basis, x, n, np.ones(len(x)), stiff, len(rough))
    line = sm.add_constant(days)
    fit = sm.GLM(np.column_stack([x, n - x]), line, family=sm.families.Binomial()).fit()
    np.testing.assert_allclose(mu[0], fit.fittedvalues, rtol=1e-3)


def test_the_weights_of_the_penalties_against_a_mixed_model(draws):
    """A penalty is a normal prior on all but a straight line: REML of its working response, from
    the covariance of the data, differs from ours by a constant.
    """
    days, x, n = draws
    basis = module._basis(days, days[0], days[-1])
    rough = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    inside = module.PENALTIES[:, None, None] * (rough.T @ rough)
    weight = 1 / (1 + (n - 1) * 0.01)
    b, mu, _, _, score = module._penalised(basis, x, n, weight, inside, len(rough))
    wiggle = basis @ np.linalg.pinv(rough)
    line, apart = np.column_stack([np.ones(len(days)), days]), []
    for k, size in enumerate(module.PENALTIES):
        working = weight * n * mu[k] * (1 - mu[k])
        response = basis @ b[k] + (x - n * mu[k]) / (n * mu[k] * (1 - mu[k]))
        whole = np.diag(1 / working) + wiggle @ wiggle.T / size
        inverse = np.linalg.inv(whole)
        fixed = line.T @ inverse @ line
        off = response - line @ np.linalg.solve(fixed, line.T @ inverse @ response)
        free = len(x) - 2
        reml = free * np.log(off @ inverse @ off / free) + np.log(working).sum()
        reml += np.linalg.slogdet(whole)[1] + np.linalg.slogdet(fixed)[1]
        apart.append(score[k] - reml)
    assert np.ptp(apart) < 1e-3 * np.ptp(score)


def test_overdispersion_against_a_grid(draws):
    _, x, n = draws
    mu = np.full(len(x), x.sum() / n.sum())
    rho = chance.overdispersion(x, n, mu, len(x) - 1)
    grid = np.linspace(0, 1, 20001)[:, None]
    pearson = ((x - n * mu) ** 2 / (n * mu * (1 - mu) * (1 + (n - 1) * grid))).sum(1)
    assert rho == pytest.approx(grid[np.abs(pearson - len(x) + 1).argmin(), 0], abs=1e-4)
    assert chance.overdispersion(n * mu, n, mu, len(x) - 1) == 0


# --- simulated coverage ---------------------------------------------------------------------------

NODES = [0, 40, 150, 350, 500, 590, 800, 1000]
TRENDS = {
    "record": lambda t: np.interp(t, NODES, [-0.2, -0.3, -1.6, -2.5, -3.4, -3.7, -3.1, -2.4]),
    "decline": lambda t: -3.6 + 3.4 / (1 + np.exp((t - 120) / 70)),
    "constant": lambda t: np.full_like(t, -3.5),
}


def withheld(rng, z: np.ndarray, x: np.ndarray, how: str, rate: float) -> np.ndarray:
    """Return which deals have no figure: at `rate`, three times as often where the share lies low
    or high for its day, or where the count to Russia is small or large.
    """
    told = {"random": x < 0, "low": z < 0, "high": z > 0, "small": x < np.median(x)}
    odds = np.where(told.get(how, x > np.median(x)), 3.0, 1.0)
    return rng.random(len(x)) < np.minimum(rate * odds / odds.mean(), 0.95)


def coverage(
    record, trend: str, deals: int, rho: float, runs: int, how: str = "random", rate: float = 0.0
) -> float:
    """Return how often the interval of the level now holds it: heavy sizes that grow, beta shares."""
    u = asymmetry.units(record.events("bodies", since="2024-01-01", until="2026-09-30"), "deal")
    known = (u["until"] - u["until"].iloc[0]).dt.days.to_numpy(dtype="float64")
    rng, held = np.random.default_rng(20220224), []
    for _ in range(runs):
        days = np.sort(np.r_[0, rng.uniform(0, known[-1], deals - 2), known[-1]])
        size = np.interp(days, known, u["persons"]) * rng.lognormal(-0.5, 1, deals)
        n = np.maximum(5, size.round())
        p = special.expit(TRENDS[trend](days))
        x = rng.binomial(n.astype(int), rng.beta(p * (1 / rho - 1), (1 - p) * (1 / rho - 1)))
        seen = ~withheld(rng, x - n * p, x, how, rate) if rate else np.full(deals, True)
        if seen.sum() < asymmetry.LEAST_LEVEL or not x[seen].sum():
            continue
        days, x, n, p = days[seen], x[seen].astype("float64"), n[seen], p[seen]
        fit = module.Smooth.fit(days, x, n).at(days[-1:])
        held.append(fit["low"][0] <= p[-1] <= fit["high"][0])
    return float(np.mean(held))


def test_the_level_now_is_held_as_often_as_said(record):
    assert 0.92 <= coverage(record, "record", 31, 0.005, 150) <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize("trend", TRENDS)
@pytest.mark.parametrize("deals", [12, 31, 60])
@pytest.mark.parametrize("rho", [0.005, 0.03])
def test_the_level_now_is_held_whatever_the_trend(record, trend, deals, rho):
    assert 0.92 <= coverage(record, trend, deals, rho, 1000) <= 0.985


def test_figures_withheld_for_their_size_move_the_level_little(record):
    assert coverage(record, "record", 31, 0.005, 100, "high", 0.3) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("how", ["random", "low", "high", "small", "large"])
@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_the_level_now_is_held_whatever_is_withheld(record, how, rate):
    assert 0.9 <= coverage(record, "record", 31, 0.01, 600, how, rate) <= 0.985


def test_no_result_of_another_day_depends_on_attrs(record):
    events = record.events("bodies", until="2025-12-31")
    before = dict(events.attrs)
    table = asymmetry.level(events)
    assert events.attrs == before and table.attrs["units"] == len(table)
    pd.testing.assert_frame_equal(table, asymmetry.level(events))
