"""Change: failure cases, golden cases, other implementations, simulations.

Independent implementations:
1. profile of the step: statsmodels GLM, binomial, with a dummy for each day
2. leave-one-out variance: statsmodels WLS, refitted without each exchange
3. permutation p: every partition by itertools
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special

from conftest import events_of
from repatria.analysis import asymmetry, chance

# --- failure cases --------------------------------------------------------------------------------


def test_no_step_where_there_is_nothing_to_find_it_in():
    assert asymmetry.change(events_of([(10, 3)] * 5)) is None
    assert asymmetry.change(events_of([(10, 0)] * 20)) is None
    with pytest.raises(ValueError, match="units: 5 are fewer than 6"):
        chance.step(np.ones(5), np.full(5, 9.0))
    assert asymmetry.placebo(asymmetry.units(events_of([(10, 3)] * 5).iloc[:0])) == (0, 0)


# --- golden cases ---------------------------------------------------------------------------------


def test_bodies_changed_in_2024_and_most_other_days_would_pass(record):
    found = asymmetry.change(record.events("bodies", until="2026-02-28"))
    assert pd.Timestamp("2024-03-01") < found.low <= found.day <= found.high
    assert found.high < pd.Timestamp("2025-06-01") and found.after < found.before
    assert found.placebo_pass > found.placebo_days / 2


def test_a_clear_step_is_found_on_its_day():
    rng = np.random.default_rng(3)
    n = np.full(40, 500)
    x = rng.binomial(n, np.repeat([0.2, 0.05], 20))
    events = events_of([(b - a, a) for a, b in zip(x, n, strict=True)])
    found = asymmetry.change(events)
    assert found.day == events["date"].iloc[20] and found.high == events["date"].iloc[20]
    assert found.low == events["date"].iloc[19] and found.placebo_days == 8
    assert found == asymmetry.change(events)


# --- independent implementations ------------------------------------------------------------------


@pytest.fixture(scope="module")
def draws(record) -> tuple[np.ndarray, np.ndarray]:
    u = asymmetry.units(record.events("bodies", since="2023-09-01", until="2026-02-28"))
    return u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")


def test_the_profile_against_statsmodels_glm(draws):
    """statsmodels GLM with a dummy after each day: the same differences in log-likelihood."""
    x, n = draws
    own = chance._profile(x, n, np.ones(len(x)))
    glm = []
    for at in range(chance.LEAST, len(x) - chance.LEAST + 1):
        after = sm.add_constant((np.arange(len(x)) >= at).astype(float))
        model = sm.GLM(np.column_stack([x, n - x]), after, family=sm.families.Binomial())
        glm.append(model.fit().llf)
    np.testing.assert_allclose(own - own.max(), np.array(glm) - max(glm), atol=1e-6)


def test_jackknife_variance_against_refits_by_statsmodels(draws):
    x, n = draws
    ratio, variance = chance._ratio(x, n)
    refits = []
    for i in range(len(x)):
        keep = np.arange(len(x)) != i
        wls = sm.WLS(x[keep] / n[keep], np.ones(keep.sum()), weights=n[keep])
        refits.append(wls.fit().params[0])
    assert variance == pytest.approx(((np.array(refits) - ratio) ** 2).sum())


def test_permutation_p_against_every_partition():
    x = np.array([3.0, 5, 9, 1, 20, 26, 22, 30])
    n = np.array([90.0, 100, 150, 60, 100, 110, 120, 130])

    def t(before):
        after = [i for i in range(8) if i not in before]
        (a, va), (b, vb) = (chance._ratio(x[list(s)], n[list(s)]) for s in (before, after))
        return (b - a) / np.sqrt(va + vb + 1e-12)

    for k in (3, 4):
        null = np.array([t(c) for c in combinations(range(8), k)])
        seen = t(tuple(range(k)))
        expected = min(1, 2 * min((null >= seen - 1e-9).mean(), (null <= seen + 1e-9).mean()))
        assert chance.permutation_p(x, n, k) == pytest.approx(expected)


# --- simulations ----------------------------------------------------------------------------------


def drawn(share, rho: float, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = rng.integers(100, 1200, len(share))
    x = rng.binomial(n, rng.beta(share * (1 / rho - 1), (1 - share) * (1 / rho - 1)))
    dates = pd.date_range("2024-01-05", periods=len(share), freq="24D")
    pairs = [(b - a, a) for a, b in zip(x, n, strict=True)]
    return asymmetry.units(events_of(pairs, dates=dates), "deal"), x


def test_on_a_smooth_decline_most_placebo_days_pass():
    """The review's placebo: no break anywhere, and yet the test passes on most days."""
    decline = special.expit(-3.6 + 3.4 / (1 + np.exp((np.arange(32) - 14) / 4)))
    passed, days = np.sum([asymmetry.placebo(drawn(decline, 0.003, s)[0]) for s in range(5)], 0)
    assert passed > 0.5 * days


def test_on_a_constant_share_few_placebo_days_pass():
    runs = [asymmetry.placebo(drawn(np.full(32, 0.05), 0.01, s)[0]) for s in range(12)]
    passed, days = np.sum(runs, axis=0)
    assert passed <= 0.12 * days


def test_the_interval_of_a_step_holds_it():
    share, held = np.repeat([0.15, 0.04], 16), []
    for seed in range(40):
        u, _ = drawn(share, 0.01, seed)
        _, first, last, *_ = chance.step(*chance._counts(u))
        held.append(first <= 16 <= last)
    assert np.mean(held) >= 0.88
