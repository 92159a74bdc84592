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


# --- values somebody reads, computed by hand ------------------------------------------------------


def test_units_by_hand():
    events = events_of(
        [(10, 2), (20, 3), (0, 0), (None, 9), (7, 1)],
        deals=["b", "b", "c", "a", "a"],
        dates=["2024-01-01", "2024-01-03", "2024-01-02", "2024-01-04", "2024-01-05"],
    )
    columns = ["unit", "to_ukraine", "to_russia", "persons", "events"]
    deals = asymmetry.units(events, "deal")
    assert deals[columns].to_numpy().tolist() == [["b", 30, 5, 35, 2], ["a", 7, 1, 8, 1]]
    assert [f"{d:%m-%d}" for d in (*deals["date"], *deals["until"])] == [
        *("01-01", "01-05"),
        *("01-03", "01-05"),
    ]
    assert asymmetry.units(events)["persons"].tolist() == [12, 23, 8]


@pytest.mark.parametrize(("freedom", "rho"), [(1, 1), (2, 1), (3, 0.5), (4, 0.25), (6, 0), (7, 0)])
def test_overdispersion_by_hand(freedom, rho):
    """Two units of three, all or none: chi-square 6 / (1 + 2 rho) is set equal to the freedom."""
    x, n = np.array([3.0, 0]), np.array([3.0, 3])
    assert chance.overdispersion(x, n, np.full(2, 0.5), freedom) == pytest.approx(rho)


def test_two_of_twenty_partitions_are_as_far_apart():
    n = np.full(6, 100.0)
    for x in ([1.0, 2, 3, 51, 52, 53], [51.0, 52, 53, 1, 2, 3]):
        assert chance.permutation_p(np.array(x), n, 3) == pytest.approx(2 / 20)
    assert chance.permutation_p(np.full(6, 5.0), n, 3) == 1


def monthly(counts):
    """Return units of 100 persons on the 15th of each month of 2024, and on."""
    dates = pd.date_range("2024-01-01", periods=len(counts), freq="MS") + pd.Timedelta(days=14)
    return asymmetry.units(events_of([(100 - c, c) for c in counts], dates=dates))


def test_placebo_days_have_three_units_on_either_side():
    """Of eight months the firsts of April, May and June; p is 2/70 where the halves differ."""
    assert asymmetry.placebo(monthly([1, 2, 3, 4, 51, 52, 53, 54]), level=0.03) == (1, 3)
    assert asymmetry.placebo(monthly([1, 2, 3, 4, 51, 52, 53, 54]), level=2 / 70) == (0, 3)
    assert asymmetry.placebo(monthly([5] * 8)) == (0, 3)
    assert asymmetry.placebo(monthly([5] * 6)) == (0, 1) and asymmetry.placebo(
        monthly([5] * 5)
    ) == (0, 0)


def test_a_unit_on_the_first_of_a_month_comes_after_it():
    dates = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-06-01", "2024-06-02", "2024-06-03"]
    u = asymmetry.units(events_of([(9, 1)] * 6, dates=dates))
    # Three lie before the firsts of February to June, none before that of January.
    assert asymmetry.placebo(u) == (0, 5)


def test_only_the_eight_nearest_on_either_side_are_looked_at(monkeypatch):
    asked = []
    monkeypatch.setattr(chance, "permutation_p", lambda x, n, k: asked.append((len(x), k)) or 1)
    asymmetry.placebo(monthly([5] * 20))
    assert sorted(asked)[0] == (11, 3) and set(asked) >= {(16, 8), (12, 4), (11, 8)}
    assert max(size for size, _ in asked) == 16


def test_the_profile_and_the_shares_of_a_step_by_hand():
    x, n = np.array([1.0, 1, 1, 3, 3, 3]), np.full(6, 4.0)
    profile = chance._profile(x, n, np.ones(6))
    # Only between the third and the fourth: a quarter of 12, then three quarters of 12.
    assert profile == pytest.approx([2 * (3 * np.log(0.25) + 9 * np.log(0.75))])
    weight = np.array([1.0, 1, 2, 1, 1, 1])
    mu = chance._two_shares(np.array([1.0, 2, 3, 0, 1, 2]), n, weight, 3)
    assert mu.tolist() == pytest.approx([9 / 16] * 3 + [3 / 12] * 3)


def test_a_step_is_redrawn_with_the_correlation_that_was_found(monkeypatch):
    rng, sizes = np.random.default_rng(8), []
    n = np.full(30, 300.0)
    share = rng.beta(*(np.repeat(s, 15) for s in ((4, 1), (2, 3))))
    x = rng.binomial(n.astype(int), share).astype("float64")

    class Drawn:
        def beta(self, a, b, size):
            sizes.append(a + b)
            return rng.beta(a, b, size)

        binomial = rng.binomial

    monkeypatch.setattr(chance.np.random, "default_rng", lambda seed: Drawn())
    *_, rho = chance.step(x, n)
    # A beta distribution of parameters a and b correlates persons by 1 / (a + b + 1).
    assert rho > 0.1 and 1 / (sizes[0] + 1) == pytest.approx(np.full(30, rho))


def test_the_set_of_steps_widens_with_confidence_and_scatter():
    rng = np.random.default_rng(8)
    n = np.full(30, 300.0)
    share = rng.beta(*(np.repeat(s, 15) for s in ((8, 2), (60, 40))))
    x = rng.binomial(n.astype(int), share).astype("float64")
    at, first, last, mu, rho = chance.step(x, n)
    sure = chance.step(x, n, confidence=0.5)
    assert first <= sure[1] <= at == sure[0] <= sure[2] <= last
    assert last - first > sure[2] - sure[1]
    assert 0 < rho < 0.1 and mu[0] == pytest.approx(mu[at - 1]) and mu[at] != mu[at - 1]
    assert chance.step(x, n)[:3] == (at, first, last)


def test_agreements_are_labels_from_the_first_handover_to_the_last(record):
    found = asymmetry.breaks(record.as_of("2025-12-31"))
    assert list(found.values()) == sorted(found.values())
    e, a = record.as_of("2025-12-31").events("bodies"), record.agreements()
    under = a[a["agreement_id"].isin(e["agreement_id"])].set_index("name")["agreed_on"]
    assert found["Istanbul talks of 2 June 2025"] == pd.Timestamp("2025-06-02")
    assert found == under[(under > e["date"].min()) & (under <= e["date"].max())].to_dict()


@pytest.mark.parametrize(
    ("agreed", "named"),
    [("2025-01-09", 0), ("2025-01-10", 0), ("2025-01-11", 1), ("2025-02-10", 1)],
)
def test_an_agreement_is_a_label_after_the_first_handover_to_the_day_of_the_last(
    build, agreed, named
):
    days = ("2025-01-10", "2025-02-10")
    rows = [
        {"event_id": f"bodies-{d}", "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7}
        for d in days
    ]
    r = build([(f"bodies-{d}", d) for d in days], rows)
    r.tables["events"]["agreement_id"] = "talks"
    a = pd.DataFrame({"agreement_id": ["talks"], "name": ["Talks"]})
    a["agreed_on"] = pd.Timestamp(agreed)
    r = r.__class__(type(r.tables)(dict(r.tables) | {"agreements": a}), r.digest)
    assert asymmetry.breaks(r) == ({"Talks": pd.Timestamp(agreed)} if named else {})


def test_bodies_and_prisoners_have_no_share_together(record):
    with pytest.raises(ValueError, match="events: of bodies and prisoners together"):
        asymmetry.share(record.events().query("kind != 'civilians'"))
