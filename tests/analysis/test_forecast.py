"""Forecasts: coherent distributions, proper scores, honest skill, and nothing from the future."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scoringrules as sr
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from repatria.analysis import cadence, forecast, models
from repatria.analysis.forecast import BASELINE, HORIZON, MODELS, SIZE_MODELS, Known
from repatria.record.schema import DIRECTIONS


def history(gaps: list[int] | np.ndarray, silent: int, sizes: list[int] | None = None) -> Known:
    starts = np.cumsum(np.r_[3, gaps]).astype(int)
    s = np.array(sizes or [100, 50, 200, 120, 90, 60, 75, 110])
    return Known(
        pd.Timestamp("2025-01-01"),
        int(starts[-1]) + 1 + silent,
        starts,
        dict.fromkeys(DIRECTIONS, s),
    )


histories = st.builds(
    history, st.lists(st.integers(1, 90), min_size=8, max_size=40), st.integers(0, 200)
)


@pytest.mark.parametrize("name", MODELS)
@given(k=histories)
def test_every_forecast_is_a_coherent_distribution(name: str, k: Known) -> None:
    f = MODELS[name](k)
    assert f.next_day.shape == (HORIZON + 1,) and (f.next_day >= 0).all()
    assert f.next_day.sum() == pytest.approx(1)
    for h in (1, *forecast.COUNTS):
        p = f.counts(h)
        assert p.sum() == pytest.approx(1, abs=1e-6) and (p >= 0).all()
        assert p[0] == pytest.approx(1 - f.next_day[:h].sum(), abs=1e-6), (
            "none in h days = next one later than h"
        )
    fan = forecast.fan(f)
    assert fan.loc[0, [0.1, 0.5, 0.9]].eq(0).all()
    assert (fan.drop(columns="days").diff().dropna() >= 0).all().all()


@pytest.mark.parametrize("name", SIZE_MODELS)
@given(sizes=st.lists(st.integers(0, 2500), min_size=8, max_size=60))
def test_every_size_forecast_is_a_distribution(name: str, sizes: list[int]) -> None:
    p = SIZE_MODELS[name](np.array(sizes))
    assert p.shape == (forecast.PEOPLE + 1,) and (p >= 0).all() and p.sum() == pytest.approx(1)


def test_a_memoryless_renewal_is_the_poisson_forecast() -> None:
    t = np.arange(40 + HORIZON + 2)
    daily = models._from_gaps(0.97**t, 40)
    k = np.arange(forecast.MOST)
    np.testing.assert_allclose(daily.counts(30), stats.binom.pmf(k, 30, 0.03), atol=1e-9)
    poisson = models._from_rate(0.03, None)
    np.testing.assert_allclose(poisson.counts(90)[:20], stats.poisson.pmf(k[:20], 2.7), atol=1e-9)


@given(st.floats(0.2, 8), st.floats(0.5, 20), st.integers(0, 25))
def test_scores_agree_with_closed_forms(mean: float, size: float, y: int) -> None:
    k = np.arange(400)
    p = stats.poisson.pmf(k, mean)
    ours = forecast.score(p, y)
    assert ours["crps"] == pytest.approx(sr.crps_poisson(y, mean), abs=1e-6)
    assert ours["log"] == pytest.approx(min(sr.logs_poisson(y, mean), -np.log(1e-12)), abs=1e-6)
    q = stats.nbinom.pmf(k, size, size / (size + mean))
    closed = sr.crps_negbinom(y, size, size / (size + mean))
    assume(np.isfinite(closed))  # the library's own form overflows next to some whole sizes
    assert forecast.score(q, y)["crps"] == pytest.approx(closed, abs=1e-4)


def test_coverage_is_nominal_and_pit_uniform_when_the_model_is_true() -> None:
    rng = np.random.default_rng(1)
    scores = []
    for mean in rng.uniform(0.5, 6, 1500):
        p = stats.poisson.pmf(np.arange(60), mean)
        scores.append(forecast.score(p, rng.poisson(mean)))
    s = pd.DataFrame(scores).assign(target="t", model="m")
    assert s["cover50"].mean() == pytest.approx(0.5, abs=0.03) and s[
        "cover80"
    ].mean() == pytest.approx(0.8, abs=0.03)
    pit = forecast.reliability(s, "t", "m")
    assert pit.sum() == pytest.approx(1) and np.abs(pit - 0.1).max() < 0.025
    biased = pd.DataFrame(
        [
            forecast.score(stats.poisson.pmf(np.arange(60), 2.0), rng.poisson(4.0))
            for _ in range(300)
        ]
    )
    assert forecast.reliability(biased.assign(target="t", model="m"), "t", "m")[-1] > 0.2, (
        "a biased model shows"
    )


@pytest.mark.parametrize("name", ["Weibull gaps", "log-normal gaps"])
def test_censored_fits_recover_the_truth_where_dropping_the_open_gap_does_not(name: str) -> None:
    rng = np.random.default_rng(2)
    true = (
        stats.weibull_min(0.8, scale=20) if name == "Weibull gaps" else stats.lognorm(1.0, scale=12)
    )
    kept, dropped = [], []
    for _ in range(60):
        gaps = np.ceil(true.rvs(12, random_state=rng)).astype(int)
        gaps[-1] = 1  # the draw ends in a long silence: the last gap is still open
        silent = int(np.ceil(true.isf(0.1)))
        kept.append(MODELS[name](history(gaps[:-1], silent)).next_day[:30].sum())
        dropped.append(MODELS[name](history(gaps[:-1], 0)).next_day[:30].sum())
    conditional = 1 - true.sf(silent + 30) / true.sf(silent)
    assert abs(np.mean(kept) - conditional) < abs(np.mean(dropped) - conditional)


def test_coverage_of_the_renewal_model_on_its_own_data() -> None:
    rng, scores = np.random.default_rng(3), []
    for _ in range(150):
        gaps = np.ceil(rng.lognormal(2.5, 0.7, 60)).astype(int)
        at = np.cumsum(gaps)
        origin = int(at[39]) + int(rng.integers(0, gaps[40]))
        f = MODELS["log-normal gaps"](history(gaps[:39], origin - int(at[39])))
        later = at[40:] - origin
        scores.append(forecast.score(f.counts(90), int((later <= 90).sum())))
    s = pd.DataFrame(scores)
    assert s["cover80"].mean() == pytest.approx(0.8, abs=0.08) and s[
        "cover50"
    ].mean() == pytest.approx(0.5, abs=0.09)


# The backtest on the real record.


@pytest.fixture(scope="module")
def scores(record: Any) -> pd.DataFrame:
    return forecast.backtest(record, "prisoners", "deal")


def same(a: Known, b: Known) -> None:
    assert (a.origin, a.length) == (b.origin, b.length)
    np.testing.assert_array_equal(a.starts, b.starts)
    for d, sizes in a.sizes.items():
        np.testing.assert_array_equal(sizes, b.sizes[d])


@pytest.mark.parametrize(
    ("kind", "unit", "lens"),
    [("prisoners", "deal", "best"), ("bodies", "day", "russia"), ("either", "deal", "receiver")],
)
def test_the_fast_view_is_the_true_view(record: Any, kind: str, unit: str, lens: str) -> None:
    days = [
        pd.Timestamp(d)
        for d in ("2023-02-01", "2023-09-01", "2024-03-01", "2025-06-12", "2026-01-01")
    ]
    fast = forecast.known_on(record, days, kind, unit, lens)
    for d in days:
        true = forecast.known(record.as_of(d, coverage="today"), kind, unit, lens)
        assert true is not None
        same(fast[d], true)


def planted(record: Any, known_on: str, date: str) -> Any:
    """Add a handover of `date` that one page of `known_on` tells of."""
    t = dict(record.tables)

    def add(name: str, **values: Any) -> None:
        row = t[name].iloc[[0]].copy()
        for column in row.columns:
            if column in values:
                row[column] = pd.Series([values[column]], index=row.index).astype(row[column].dtype)
        t[name] = pd.concat([t[name], row], ignore_index=True)

    event = f"prisoners-{date}"
    add("sources", source_id="planted", published_on=pd.Timestamp(known_on), tier="official")
    add(
        "events",
        event_id=event,
        kind="prisoners",
        date=pd.Timestamp(date),
        date_precision="day",
        status="took_place",
        deal_id="",
        agreement_id="",
    )
    add(
        "claims",
        claim_id="planted",
        event_id=event,
        direction="to_ukraine",
        part="total",
        role="whole",
        count_low=999,
        count_high=999,
        qualifier="exact",
        absence=pd.NA,
    )
    add("citations", claim_id="planted", source_id="planted")
    return replace(record, tables=MappingProxyType(t))


def test_a_future_claim_moves_no_past_forecast(record: Any) -> None:
    days = [pd.Timestamp(d) for d in ("2024-01-01", "2024-06-01", "2024-12-01")]
    told = planted(record, known_on="2024-09-15", date="2023-11-15")
    before, after = (forecast.known_on(r, days) for r in (record, told))
    for d in days[:2]:
        same(before[d], after[d])
    assert len(after[days[2]].starts) == len(before[days[2]].starts) + 1, "known from its page on"
    assert (
        999 in after[days[2]].sizes["to_ukraine"] and 999 not in after[days[1]].sizes["to_ukraine"]
    )
    a, b = (forecast.backtest(r, at=days[:2]) for r in (record, told))
    moving = ["origin", "target", "model", "middle", "any"]
    pd.testing.assert_frame_equal(a[moving], b[moving])


def test_forecasts_do_not_see_coverage_to_come(record: Any) -> None:
    k = forecast.known_on(record, [pd.Timestamp("2024-06-01")])[pd.Timestamp("2024-06-01")]
    assert k.origin == pd.Timestamp("2024-06-01") and k.starts.max() < k.length


def test_the_backtest_runs_from_2023_on_fully_searched_windows(
    record: Any, scores: pd.DataFrame
) -> None:
    origins = scores["origin"]
    assert origins.min() == pd.Timestamp("2023-01-01")
    assert origins.max() + pd.Timedelta(days=HORIZON) <= record.searched_through("prisoners")
    assert set(scores.loc[scores["target"] == "next", "model"]) == set(MODELS)
    assert (scores.groupby(["target", "model"]).size().groupby("target").nunique() == 1).all(), (
        "same origins for all"
    )
    assert scores["crps"].ge(0).all() and scores["brier"].dropna().between(0, 1).all()
    assert (
        scores[["cover50", "cover80", "pit_low", "pit_high"]]
        .apply(lambda c: c.between(0, 1).all())
        .all()
    )


def test_outcomes_are_those_of_the_record(record: Any, scores: pd.DataFrame) -> None:
    one = scores[
        (scores["origin"] == pd.Timestamp("2023-09-01")) & (scores["model"] == BASELINE)
    ].set_index("target")
    assert one.loc["count30", "outcome"] == 0 and one.loc["count90", "outcome"] == 0, (
        "inside the silence of 2023"
    )
    assert one.loc["next", "outcome"] == HORIZON + 1, "124 days: later than the horizon"
    one = scores[
        (scores["origin"] == pd.Timestamp("2025-05-01")) & (scores["model"] == BASELINE)
    ].set_index("target")
    assert one.loc["next", "outcome"] == 5, "6 May 2025"


def test_skill_is_against_the_baseline_and_says_when_none_beats_it(scores: pd.DataFrame) -> None:
    s = forecast.skill(scores)
    base = s[s["model"].isin([BASELINE, forecast.BASELINE_PEOPLE])]
    assert (base["skill"].abs() < 1e-12).all() and not base["beats"].any()
    assert ((s["low"] <= s["skill"] + 1e-9) & (s["skill"] <= s["high"] + 1e-9)).all()
    pd.testing.assert_frame_equal(s, forecast.skill(scores))
    flat = scores.copy()
    flat["crps"] = 1.0
    assert forecast.earned(forecast.skill(flat)) == (BASELINE, False)


def test_skill_without_signal_is_seldom_claimed() -> None:
    rng, claimed = np.random.default_rng(4), 0
    for i in range(60):
        frames = [
            pd.DataFrame(
                {
                    "origin": pd.date_range("2023-01-01", periods=36, freq="MS"),
                    "target": "count90",
                    "model": m,
                    "crps": rng.gamma(2, 1, 36),
                    "log": 1.0,
                    "brier": 0.1,
                    "cover50": 0.5,
                    "cover80": 0.8,
                }
            )
            for m in MODELS
        ]
        claimed += forecast.earned(forecast.skill(pd.concat(frames), draws=400, seed=i))[1]
    assert claimed <= 6


def test_too_little_known_gives_no_forecast(record: Any) -> None:
    for then in (
        record.as_of("2022-02-25"),
        record.as_of("2022-03-05"),
        record.as_of("2023-02-01"),
    ):
        empty = forecast.backtest(then)
        assert empty.empty and forecast.skill(empty).empty
    early = record.as_of("2022-03-05")
    nothing = forecast.ahead(early, forecast.backtest(early))
    assert nothing.forecast is None and (nothing.model, nothing.beats) == (BASELINE, False)


def test_the_forecast_starts_where_the_search_ends(record: Any, scores: pd.DataFrame) -> None:
    found = forecast.ahead(record, scores)
    k, name = found.known, found.model
    assert k is not None and found.forecast is not None
    assert k.origin == record.searched_through("prisoners") and name in MODELS
    last = cadence.handovers(record, "prisoners", "deal").query("counted")["start"].max()
    assert k.silent == (k.origin - last).days
