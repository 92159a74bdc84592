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
from scipy.interpolate import BSpline

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


def test_the_basis_is_that_of_scipy():
    days = np.r_[3.0, np.random.default_rng(5).uniform(3, 117.3, 40), 117.3]
    step = 114.3 / module.SEGMENTS
    knots = 3 + step * np.arange(-3, module.SEGMENTS + 4)
    inside = np.clip(days, knots[3], knots[-4])
    whole = BSpline.design_matrix(inside, knots, 3).toarray()
    np.testing.assert_allclose(module._basis(days, 3, 117.3), whole, atol=1e-9)


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


# --- values somebody reads, computed by hand ------------------------------------------------------


def dated(days, as_of, deals=None):
    """Return handovers of 10 and 3 on these days of 2024, as known on a day."""
    dates = [f"2024-{d}" for d in days]
    events = events_of([(10, 3)] * len(days), dates=dates, deals=deals)
    events.attrs = {"as_of": pd.Timestamp(f"2024-{as_of}")}
    return events


@pytest.mark.parametrize(
    ("days", "deals", "last"),
    [
        (["01-01", "02-01"], ["a", "b"], "02-04"),  # no pause on record: three days
        (["01-01", "01-02", "02-01"], ["a", "a", "b"], "02-04"),
        (["01-01", "01-06", "02-01"], ["a", "a", "b"], "02-06"),  # a pause of five
    ],
)
def test_a_deal_may_run_as_long_as_the_longest_pause(days, deals, last):
    events = dated(days, last, deals)
    assert asymmetry.running_deal(events) == "b"
    events.attrs["as_of"] += pd.Timedelta(days=1)
    assert asymmetry.running_deal(events) is None
    events.attrs = {}
    assert asymmetry.running_deal(events) is None
    assert asymmetry.running_deal(dated(days, last, [*deals[:-1], ""])) is None


def test_eight_deals_have_a_level_and_a_running_ninth_is_not_in_it():
    days = [f"{m:02}-01" for m in range(1, 10)]
    now = asymmetry.level_now(dated(days, "09-04"))
    assert (now.units, now.day) == (8, pd.Timestamp("2024-08-01"))
    assert now.share == pytest.approx(3 / 13) and now.ratio == pytest.approx(10 / 3)
    assert now.ratio_low == pytest.approx((1 - now.high) / now.high)
    assert now.ratio_high == pytest.approx((1 - now.low) / now.low)
    assert asymmetry.level_now(dated(days, "09-05")).units == 9
    assert asymmetry.level_now(dated(days[:8], "08-04")) is None
    assert asymmetry.change(dated(days[:8], "08-04")) is None
    assert asymmetry.change(dated(days[:8], "12-31")).units == 8


def test_a_year_is_known_if_most_of_its_two_way_handovers_are():
    dates = [f"{y}-0{m}-01" for y in (2022, 2023, 2024) for m in (1, 2, 3)]
    dates += ["2025-01-01", "2025-02-01"]
    pairs = [(1, 1), (1, None), (2, None), (1, 1), (1, None), (None, 3), (1, 1), (1, 1), (None, 3)]
    pairs += [(1, 1), (None, 3)]
    absent = [(None, None)] * 11
    absent[5], absent[2] = ("not_applicable", None), (None, "not_applicable")
    absent[10] = absent[5]
    known = module.eras_known(events_of(pairs, dates=dates, absent=absent))
    assert known.to_dict() == {2022: False, 2023: False, 2024: True, 2025: True}


def test_equal_handovers_are_by_design_from_three_quarters_on(build):
    days = [f"2024-0{m}-01" for m in range(1, 6)]
    events = [(f"prisoners-{d}", d) for d in days]

    def now(equal, as_of="2024-12-31"):
        claims = [
            {"event_id": e, "claimant_id": who, "direction": d, "n": n}
            for i, (e, _) in enumerate(events[:4])
            for who, d, n in (
                ("kyiv", "to_ukraine", 5),
                ("moscow", "to_russia", 5 if i < equal else 6),
            )
        ]
        claims.append({"event_id": events[4][0], "claimant_id": "kyiv", "direction": "to_ukraine"})
        claims[-1] |= {"absence": "withheld"}
        return asymmetry.share_now(build(events, claims).as_of(as_of), "prisoners")

    three = now(3)
    assert (three["handovers_in"], three["handovers_out"], three["equal"]) == (4, 1, 3)
    assert three["by_design"] and three["eras_without"] == [] and not three["running"]
    assert three["since"] == pd.Timestamp("2023-12-31") and three["ratio"] is None


def test_the_year_before_today_starts_the_day_after(build):
    event = "prisoners-2024-01-01"
    told = [("to_ukraine", "kyiv", 5), ("to_russia", "moscow", 6)]
    claims = [{"event_id": event, "claimant_id": w, "direction": d, "n": n} for d, w, n in told]
    record = build([(event, "2024-01-01")], claims)
    for as_of, inside in (("2024-12-31", 1), ("2025-01-01", 0)):
        now = asymmetry.share_now(record.as_of(as_of), "prisoners")
        assert (now["handovers_in"], now["equal"], now["by_design"]) == (inside, 0, False)


def test_a_straight_line_is_followed_exactly_with_the_interval_of_statsmodels(monkeypatch):
    """On the logit scale no penalty touches a line: share, interval and weights are a plain GLM's."""
    monkeypatch.setattr(module, "PENALTIES", np.array([1e7]))
    days = np.array([0.0, 30, 50, 90, 100, 160, 200, 210, 260, 300])
    n = np.array([50.0, 400, 100, 300, 200, 500, 150, 600, 100, 300])
    x = n * special.expit(-1 - days / 150)
    fit = module.Smooth.fit(days, x, n)
    assert fit.rho == 0 and fit.freedom == pytest.approx(8, abs=0.01)
    at = np.array([-1.0, 0, 75, 300, 301])
    found = fit.at(at)
    assert np.isnan(found["share"]).tolist() == [True, False, False, False, True]
    inner = at[1:4]
    np.testing.assert_allclose(found["share"][1:4], special.expit(-1 - inner / 150), rtol=1e-4)
    design = sm.add_constant(days)
    glm = sm.GLM(x / n, design, family=sm.families.Binomial(), var_weights=n).fit(scale=1.0)
    cov, new = glm.cov_params(), sm.add_constant(inner)
    error = np.sqrt(np.einsum("di,ij,dj->d", new, cov, new))
    for confidence, t in ((0.95, 2.306), (0.5, 0.7064)):  # Student's t of 8 in any table
        held = fit.at(at, confidence)
        wide = special.logit(held["share"]) - special.logit(held["low"])
        np.testing.assert_allclose(wide[1:4], t * error, rtol=2e-3)
        wide = special.logit(held["high"]) - special.logit(held["share"])
        np.testing.assert_allclose(wide[1:4], t * error, rtol=2e-3)
    mu = special.expit(-1 - days / 150)
    pull = new @ cov @ (design * (n * mu * (1 - mu))[:, None]).T
    expected = pull.sum(1) ** 2 / (pull**2).sum(1)
    np.testing.assert_allclose(found["n_effective"][1:4], expected, rtol=2e-3)


def test_the_smoothness_follows_what_the_deals_show():
    days, n = np.arange(0.0, 600, 15), np.full(40, 4000.0)
    line, wave = -2 - days / 400, -2 + np.sin(days / 60)
    plain, bent = (
        module.Smooth.fit(days, np.round(n * special.expit(eta)), n) for eta in (line, wave)
    )
    np.testing.assert_allclose(bent.at(days)["share"], special.expit(wave), rtol=0.05)
    assert plain.freedom > 36 and bent.freedom < 34, "a line takes two parameters, a wave many"
    assert 3 < plain.at(days[-1:])["n_effective"][0] < 20


@pytest.mark.parametrize("k", [2, 4, 6])
def test_the_weight_of_a_penalty_is_its_restricted_likelihood(draws, k):
    """Independent: the working response as a mixed model, a line fixed and the bends random."""
    days, x, n = draws
    basis = module._basis(days, days[0], days[-1])
    rough = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    penalty = module.PENALTIES[:, None, None] * (rough.T @ rough)
    weight = 1 / (1 + (n - 1) * 0.01)
    b, mu, _, used, score = module._penalised(basis, x, n, weight, penalty, len(rough))
    working = n * mu[k] * (1 - mu[k])
    w, z = weight * working, basis @ b[k] + (x - n * mu[k]) / working
    values, vectors = np.linalg.eigh(rough.T @ rough)
    line, bends = basis @ vectors[:, :2], basis @ vectors[:, 2:]
    spread = 1 / (module.PENALTIES[k] * values[2:])
    inverse = np.linalg.inv(np.diag(1 / w) + (bends * spread) @ bends.T)
    fixed = line.T @ inverse @ line
    rest = inverse - inverse @ line @ np.linalg.solve(fixed, line.T @ inverse)
    free = len(x) - 2
    there = free * np.log(z @ rest @ z / free) - np.linalg.slogdet(inverse)[1]
    there += np.linalg.slogdet(fixed)[1] + np.log(w).sum() + np.log(values[2:]).sum()
    assert score[k] == pytest.approx(there, abs=0.01)
    # What the curve takes of the units: the trace of the map from responses to fitted values.
    fitted = np.eye(len(x)) - np.diag(1 / w) @ rest
    assert used[k] == pytest.approx(np.trace(fitted), abs=0.01)
