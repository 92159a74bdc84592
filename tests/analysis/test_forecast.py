"""Forecasts: coherent distributions, proper scores, honest skill, and nothing from the future."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scoringrules as sr
import statsmodels.api as sm
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

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
@given(ks=st.lists(histories, min_size=1, max_size=3))
def test_every_forecast_is_a_coherent_distribution(name: str, ks: list[Known]) -> None:
    f = MODELS[name](ks)
    assert f.next_day.shape == (len(ks), HORIZON + 1) and (f.next_day >= -1e-12).all()
    np.testing.assert_allclose(f.next_day.sum(axis=1), 1)
    for h in (1, *forecast.COUNTS):
        p = f.counts(h)
        assert p.shape == (len(ks), forecast.MOST) and (p >= 0).all()
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
        # none in h days = next one later than h
        np.testing.assert_allclose(p[:, 0], 1 - f.next_day[:, :h].sum(axis=1), atol=1e-6)
    fan = forecast.fan(f)
    assert fan.loc[0, [0.1, 0.5, 0.9]].eq(0).all()
    assert (fan.drop(columns="days").diff().dropna() >= 0).all().all()


@pytest.mark.parametrize("name", MODELS)
@given(ks=st.lists(histories, min_size=2, max_size=3))
def test_an_origin_is_forecast_alike_alone_and_among_others(name: str, ks: list[Known]) -> None:
    together, alone = MODELS[name](ks), MODELS[name](ks[:1])
    np.testing.assert_allclose(together.later[0], alone.later[0], atol=1e-12)
    np.testing.assert_allclose(together.counts(90)[0], alone.counts(90)[0], atol=1e-9)


@pytest.mark.parametrize("name", SIZE_MODELS)
@given(sizes=st.lists(st.integers(0, 25_000), min_size=8, max_size=60))
def test_every_size_forecast_is_a_distribution(name: str, sizes: list[int]) -> None:
    p = SIZE_MODELS[name](np.array(sizes))
    assert p.shape == forecast.EDGES.shape and (p >= 0).all() and p.sum() == pytest.approx(1)
    ends = [forecast.people(p, q) for q in (0.1, 0.5, 0.9)]
    assert ends == sorted(ends)


# Two routes: each estimator against a library or a sum by hand.


def test_a_memoryless_renewal_is_the_poisson_forecast() -> None:
    t = np.arange(40 + HORIZON + 2)
    daily = models._from_gaps(0.97 ** t[None], np.array([40]))
    k = np.arange(forecast.MOST)
    np.testing.assert_allclose(daily.counts(30)[0], stats.binom.pmf(k, 30, 0.03), atol=1e-9)
    poisson = models._from_rate(np.array([0.03]))
    np.testing.assert_allclose(poisson.counts(90)[0], stats.poisson.pmf(k, 2.7), atol=1e-9)


def test_the_renewal_count_agrees_with_simulation() -> None:
    rng = np.random.default_rng(7)
    pmf = np.r_[0, stats.nbinom.pmf(np.arange(60), 4, 0.2)]
    pmf /= pmf.sum()
    ours = models._from_gaps(1 - np.cumsum(np.r_[pmf, np.zeros(150)])[None], np.array([5]))
    gaps = rng.choice(len(pmf), size=(20_000, 60), p=pmf)
    first = rng.choice(np.arange(6, len(pmf)), size=20_000, p=pmf[6:] / pmf[6:].sum()) - 5
    at = np.column_stack([first, first[:, None] + gaps.cumsum(axis=1)])
    drawn = np.bincount((at <= 90).sum(axis=1), minlength=forecast.MOST) / 20_000
    np.testing.assert_allclose(ours.counts(90)[0], drawn[: forecast.MOST], atol=0.015)


@given(k=histories)
def test_the_discounted_rate_agrees_with_scipy(k: Known) -> None:
    weight = 0.5 ** (np.arange(k.length) / models.HALF_LIFE)
    at = np.bincount(k.length - 1 - k.starts, minlength=k.length)
    shape = float(at @ weight) + 2
    days = np.trapezoid(0.5 ** (np.linspace(0, k.length, 20_001) / models.HALF_LIFE)) * k.length
    days = days / 20_000 + 2 * k.length / len(k.starts)
    there = stats.nbinom(shape, days / (days + 90)).pmf(np.arange(20))
    np.testing.assert_allclose(MODELS["discounted rate"]([k]).counts(90)[0, :20], there, atol=1e-5)


@given(k=histories)
def test_past_gaps_agree_with_scipy(k: Known) -> None:
    gaps = k.gaps[-30:]
    sf = stats.ecdf(stats.CensoredData(gaps.astype(float), right=[float(k.silent)])).sf
    t = np.arange(k.silent + HORIZON + 1)
    steady = np.exp(-len(k.starts) / k.length * t)
    s = (len(gaps) * np.asarray(sf.evaluate(t)) + steady) / (len(gaps) + 1)
    np.testing.assert_allclose(
        MODELS["past gaps"]([k]).later[0], s[k.silent :] / s[k.silent], atol=1e-12
    )


@given(k=histories, last=st.sampled_from([12, 24]))
def test_log_normal_gaps_agree_with_scipy(k: Known, last: int) -> None:
    x = np.log(k.gaps[-last:] - 0.5)
    n, spread = len(x), max(x.std(ddof=1), 0.1)
    t = np.arange(k.silent + HORIZON + 1)
    with np.errstate(divide="ignore"):
        s = stats.t(n - 1, x.mean(), spread * np.sqrt(1 + 1 / n)).sf(np.log(t))
    ours = MODELS[f"log-normal of {last} gaps"]([k]).later[0]
    np.testing.assert_allclose(ours, s[k.silent :] / s[k.silent], atol=1e-9)


@given(k=histories)
def test_the_base_rate_agrees_with_scipy(k: Known) -> None:
    last = k.length - 1
    ended, open_ = [], []
    for day in range(max(0, last - models.YEAR), last):
        later = k.starts[k.starts > day]
        (ended if len(later) else open_).append(later[0] - day if len(later) else last - day)
    ours = MODELS["base rate"]([k]).later[0]
    steady = np.exp(-len(k.starts) / k.length * np.arange(HORIZON + 1))
    if not ended:
        np.testing.assert_allclose(ours, steady, atol=1e-12)
        return
    sf = stats.ecdf(stats.CensoredData(np.array(ended, float), right=np.array(open_, float))).sf
    n = int((k.starts > max(0, last - models.YEAR)).sum())
    there = (n * np.asarray(sf.evaluate(np.arange(HORIZON + 1))) + steady) / (n + 1)
    np.testing.assert_allclose(ours, there, atol=1e-9)


def test_sizes_agree_with_scipy() -> None:
    sizes = np.array([30, 50, 45, 80, 60, 100, 95, 120, 20])
    x, edge = np.log(sizes + 0.5), np.log(forecast.EDGES[1:])
    kernel = stats.gaussian_kde(x, 1.06 * x.std() * 9**-0.2 / x.std(ddof=1))
    there = np.diff([kernel.integrate_box_1d(-np.inf, e) for e in edge], prepend=0, append=1)
    np.testing.assert_allclose(SIZE_MODELS["all past sizes"](sizes), there, atol=1e-9)
    t = stats.t(8, x.mean(), x.std(ddof=1) * np.sqrt(1 + 1 / 9)).cdf(edge)
    plain = models._lognormal(np.inf)(sizes)
    np.testing.assert_allclose(plain, np.diff(t, prepend=0, append=1), atol=1e-9)
    w, n, mean, _ = models._weighted(x, 1.0)
    np.testing.assert_allclose(w[::-1][:3], [0.501, 0.2505, 0.1252], atol=1e-3)
    assert n == pytest.approx(3, abs=0.02) and mean == pytest.approx(np.average(x, weights=w))


@given(st.floats(0.2, 8), st.floats(0.5, 20), st.integers(0, 25))
def test_scores_agree_with_closed_forms(mean: float, size: float, y: int) -> None:
    k = np.arange(400)
    p = stats.poisson.pmf(k, mean)[None]
    ours = forecast.score(p, np.array([y]))
    assert ours["crps"][0] == pytest.approx(sr.crps_poisson(y, mean), abs=1e-6)
    assert ours["crps"][0] == pytest.approx(float(sr.rps_score(y + 1, p[0])), abs=1e-9)
    assert ours["log"][0] == pytest.approx(min(sr.logs_poisson(y, mean), -np.log(1e-12)), abs=1e-6)
    q = stats.nbinom.pmf(k, size, size / (size + mean))[None]
    closed = sr.crps_negbinom(y, size, size / (size + mean))
    assume(np.isfinite(closed))  # the library's own form overflows next to some whole sizes
    assert forecast.score(q, np.array([y]))["crps"][0] == pytest.approx(closed, abs=1e-4)


def test_steps_of_several_persons_score_like_single_ones() -> None:
    one = stats.nbinom.pmf(np.arange(20_001), 3, 0.004)
    steps = np.add.reduceat(one, forecast.EDGES)
    widths = np.diff(forecast.EDGES, append=20_001).astype(float)
    for y in (40, 700, 2400):
        place = np.searchsorted(forecast.EDGES, y, side="right") - 1
        wide = forecast.score(steps[None], np.array([place]), widths)
        fine = forecast.score(one[None], np.array([y]))
        assert wide["crps"][0] == pytest.approx(fine["crps"][0], rel=0.02, abs=2)
        assert wide["log"][0] == pytest.approx(fine["log"][0], abs=0.06)


def test_coverage_is_nominal_and_pit_uniform_when_the_model_is_true() -> None:
    rng = np.random.default_rng(1)
    mean = rng.uniform(0.5, 6, 1500)
    p = stats.poisson.pmf(np.arange(60), mean[:, None])
    s = pd.DataFrame(forecast.score(p, rng.poisson(mean))).assign(target="t", model="m")
    assert s["cover50"].mean() == pytest.approx(0.5, abs=0.03)
    assert s["cover80"].mean() == pytest.approx(0.8, abs=0.03)
    pit = forecast.reliability(s, "t", "m")
    assert pit.sum() == pytest.approx(1) and np.abs(pit - 0.1).max() < 0.025
    low = np.tile(stats.poisson.pmf(np.arange(60), 2.0), (300, 1))
    biased = pd.DataFrame(forecast.score(low, rng.poisson(4.0, 300)))
    found = forecast.reliability(biased.assign(target="t", model="m"), "t", "m")
    assert found[-1] > 0.2, "a biased model shows"


def simulated(gaps: np.ndarray, seed: int = 0) -> pd.DataFrame:
    """Return the skills of the chance and the number on an invented record of the record's size."""
    starts = np.cumsum(np.maximum(np.ceil(gaps), 1)).astype(int)
    days = np.arange(550, 1383, 7)
    first = pd.Timestamp("2022-03-01")
    past = [
        Known(first + pd.Timedelta(int(d), "D"), int(d) + 1, starts[starts <= d], {}, None, d - 549)
        for d in days
    ]
    ahead = starts - days[:, None]
    wait = np.where(ahead > 0, ahead, HORIZON + 1).min(axis=1).clip(max=HORIZON + 1)
    count = ((ahead > 0) & (ahead <= 90)).sum(axis=1)
    rows = []
    for name, model in MODELS.items():
        f, at = model(past), [k.origin for k in past]
        rows.append(pd.DataFrame(forecast._rows(at, "next", name, f.next_day, wait)))
        rows.append(pd.DataFrame(forecast._rows(at, "count90", name, f.counts(90), count)))
    return forecast.skill(pd.concat(rows), draws=200, seed=seed)


def test_two_regimes_are_followed_and_no_skill_is_invented_where_there_is_none() -> None:
    """The review's worlds in small: a constant rate, and one that falls from 10 to 33 days."""
    rng = np.random.default_rng(11)
    claimed, followed = 0, 0
    for i in range(6):
        steady = simulated(rng.exponential(20, 150), i)
        claimed += sum(forecast.chosen(steady, t).skilled for t in ("next", "count90"))
        two = simulated(np.r_[rng.exponential(10, 50), rng.exponential(33, 100)], i)
        followed += forecast.chosen(two, "count90").model != BASELINE
    assert claimed == 0 and followed >= 3


# The backtest on the real record.


@pytest.fixture(scope="module")
def scores(record: Any) -> pd.DataFrame:
    return forecast.backtest(record, "prisoners", "deal")


def same(a: Known, b: Known) -> None:
    assert (a.origin, a.length, a.dense) == (b.origin, b.length, b.dense)
    np.testing.assert_array_equal(a.starts, b.starts)
    for x, y in ((a.sizes, b.sizes), (a.running or {}, b.running or {})):
        for d, sizes in x.items():
            np.testing.assert_array_equal(sizes, y[d])


@pytest.mark.parametrize(
    ("kind", "unit", "lens"),
    [("prisoners", "deal", "best"), ("bodies", "day", "russia"), ("either", "deal", "receiver")],
)
def test_the_fast_view_is_the_true_view(record: Any, kind: str, unit: str, lens: str) -> None:
    days = [
        pd.Timestamp(d)
        for d in ("2023-02-01", "2023-09-01", "2024-03-01", "2025-06-12", "2026-01-01")
    ]
    read = record.events(until=record.searched_through("bodies"))
    days.append(read["known_on"].max())  # what is told on the last day is known on it
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
    moving = ["origin", "target", "model", "middle", "chance14"]
    pd.testing.assert_frame_equal(a[moving], b[moving])


def test_forecasts_do_not_see_coverage_to_come(record: Any) -> None:
    k = forecast.known_on(record, [pd.Timestamp("2024-06-01")])[pd.Timestamp("2024-06-01")]
    assert k.origin == pd.Timestamp("2024-06-01") and k.starts.max() < k.length


def test_the_backtest_runs_on_densely_read_windows(record: Any, scores: pd.DataFrame) -> None:
    origins = scores["origin"]
    assert origins.min() == pd.Timestamp("2023-09-01")
    assert origins.max() + pd.Timedelta(days=HORIZON) <= record.searched_through("prisoners")
    assert set(scores.loc[scores["target"] == "next", "model"]) == set(MODELS)
    same_for_all = scores.groupby(["target", "model"]).size().groupby("target").nunique() == 1
    assert same_for_all.all()
    assert scores["crps"].ge(0).all()
    shares = scores[["cover50", "cover80", "pit_low", "pit_high"]]
    assert shares.apply(lambda c: c.between(0, 1).all()).all()


def test_outcomes_are_those_of_the_record(record: Any, scores: pd.DataFrame) -> None:
    base = scores[scores["model"] == BASELINE].set_index(["origin", "target"])["outcome"]
    silent = pd.Timestamp("2023-09-08")
    assert base[silent, "count30"] == 0 and base[silent, "count90"] == 0, "the silence of 2023"
    assert base[silent, "next"] == HORIZON + 1, "later than the horizon"
    days = [pd.Timestamp("2025-05-01")]
    one = forecast.backtest(record, at=days).set_index("target")["outcome"]
    assert one["next"].iloc[0] == 5, "6 May 2025"


def test_a_running_deal_is_begun_but_no_size(record: Any) -> None:
    mid = forecast.known(record.as_of("2025-06-14", coverage="today"), "bodies")
    assert mid is not None and mid.running is not None and mid.silent == 3
    assert mid.running["to_ukraine"].tolist() == [3612]
    assert not (mid.sizes["to_ukraine"] >= 3612).any()
    done = forecast.known(record.as_of("2025-06-24", coverage="today"), "bodies")
    assert (
        done is not None
        and done.sizes["to_ukraine"][-1] == 6057
        and not len((done.running or {})["to_ukraine"])
    )
    for day, running in (("2025-06-22", [6057]), ("2025-06-23", [])):  # six days, seven days on
        k = forecast.known(record.as_of(day, coverage="today"), "bodies")
        assert k is not None and (k.running or {})["to_ukraine"].tolist() == running
    assert forecast.EDGES[-1] > 6057, "the largest deal is scored at its own size"


def test_chances_are_one_table_calibrated_and_honest(record: Any, scores: pd.DataFrame) -> None:
    for kind in ("prisoners", "bodies"):
        s = scores if kind == "prisoners" else forecast.backtest(record, kind)
        c = forecast.chances(record, s).set_index("within")
        assert tuple(c.index) == (7, 14, 30, 90) and c["chance"].is_monotonic_increasing
        assert c["model"].nunique() == 1
        # Calibrated on the real backtest: what was said came about as often, and bands held.
        assert (c["expected"] - c["came"]).abs().max() < 0.08
        assert 0.7 <= forecast.chosen(forecast.skill(s)).held <= 0.9
        # Skilled, and better than always saying a half; or the base rate, said to be no skill.
        if c["skilled"].all():
            assert c.loc[14, "brier"] < 0.25
        else:
            assert set(c["model"]) == {"base rate"}
            assert (c["chance"] - c["came"]).abs().max() < 0.05
    assert forecast.chances(record, scores).set_index("within").loc[14, "chance"] < 0.5


def test_skill_is_against_the_baseline_and_says_when_none_beats_it(scores: pd.DataFrame) -> None:
    s = forecast.skill(scores)
    base = s[s["model"].isin([BASELINE, forecast.BASELINE_PEOPLE])]
    assert (base["skill"].abs() < 1e-12).all() and not base["beats"].any()
    assert ((s["low"] <= s["skill"] + 1e-9) & (s["skill"] <= s["high"] + 1e-9)).all()
    assert s.groupby("target")["chosen"].sum().eq(1).all()
    pd.testing.assert_frame_equal(s, forecast.skill(scores))
    flat = scores.assign(crps=1.0, log=1.0, cover80=0.8)
    assert forecast.chosen(forecast.skill(flat))[:3] == (BASELINE, False, True)


def test_the_better_score_alone_does_not_choose(scores: pd.DataFrame) -> None:
    """A model must win in both scores and be calibrated; else a calibrated baseline answers."""
    t = scores[scores["target"] == "count90"].assign(crps=1.0, log=1.0, cover80=0.8)
    wins = t["model"] == "discounted rate"
    better = t.assign(crps=t["crps"].where(~wins, 0.5), log=t["log"].where(~wins, 0.5))
    better.loc[wins, "crps"] += np.linspace(0, 0.01, wins.sum())
    better.loc[wins, "log"] += np.linspace(0, 0.01, wins.sum())
    assert forecast.chosen(forecast.skill(better), "count90").model == "discounted rate"
    for spoilt in ({"log": t["log"]}, {"cover80": t["cover80"].where(~wins, 0.5)}):
        choice = forecast.chosen(forecast.skill(better.assign(**spoilt)), "count90")
        assert (choice.model, choice.skilled) == (BASELINE, False)
    rough = better.assign(cover80=t["cover80"].where(t["model"] == "base rate", 0.99))
    assert forecast.chosen(forecast.skill(rough), "count90")[:3] == ("base rate", False, True)


def test_skill_without_signal_is_seldom_claimed() -> None:
    rng, claimed = np.random.default_rng(4), 0
    days = pd.date_range("2023-09-01", periods=119, freq="7D")
    for i in range(60):
        frames = [
            pd.DataFrame({"origin": days, "target": "count90", "model": m, "cover50": 0.5}).assign(
                cover80=0.8, log=rng.gamma(2, 1, 119), crps=rng.gamma(2, 1, 119)
            )
            for m in MODELS
        ]
        claimed += forecast.chosen(forecast.skill(pd.concat(frames), 400, i), "count90").skilled
    assert claimed <= 3


def test_too_little_known_gives_no_forecast(record: Any) -> None:
    for then in ("2022-02-25", "2022-03-05", "2023-02-01"):
        view = record.as_of(then, coverage="today")
        empty = forecast.backtest(view)
        assert empty.empty and forecast.skill(empty).empty
    early = record.as_of("2022-03-05", coverage="today")
    nothing = forecast.ahead(early, forecast.backtest(early))
    assert not nothing.forecasts and nothing.choices["next"][:3] == (BASELINE, False, False)
    assert nothing.chances["chance"].isna().all() and len(nothing.chances) == 4


def test_the_forecast_starts_where_the_search_ends(record: Any, scores: pd.DataFrame) -> None:
    found = forecast.ahead(record, scores)
    k = found.known
    assert k is not None and set(found.forecasts) == {"next", "count30", "count90"}
    assert k.origin == record.searched_through("prisoners")
    last = cadence.handovers(record, "prisoners", "deal").query("counted")["start"].max()
    assert k.silent == (k.origin - last).days
    c = found.chances
    assert (c["origin"] == k.origin).all()
    assert ((c["until"] - c["origin"]).dt.days == c["within"]).all()


# Values somebody reads, computed by hand.


def test_scores_by_hand() -> None:
    p, y = np.array([[0.2, 0.3, 0.5]] * 4), np.array([0, 1, 2, 5])  # beyond the last place: in it
    s = forecast.score(p, y)
    np.testing.assert_allclose(s["log"], -np.log([0.2, 0.3, 0.5, 0.5]))
    np.testing.assert_allclose(s["crps"], [0.64 + 0.25, 0.04 + 0.25, 0.04 + 0.25, 0.29])
    # The central half reaches from 0.25 to 0.75, the central 80 % from 0.1 to 0.9.
    np.testing.assert_allclose(s["cover50"], [0, 0.25 / 0.3, 0.25 / 0.5, 0.5], atol=1e-12)
    np.testing.assert_allclose(s["cover80"], [0.1 / 0.2, 1, 0.4 / 0.5, 0.8])
    np.testing.assert_allclose(s["pit_low"], [0, 0.2, 0.5, 0.5], atol=1e-12)
    np.testing.assert_allclose(s["pit_high"], [0.2, 0.5, 1, 1])
    wide = forecast.score(p[:1], np.array([1]), np.array([1.0, 2, 4]))
    assert wide["log"][0] == pytest.approx(-np.log(0.15))
    assert wide["crps"][0] == pytest.approx(0.2**2 * 1 + 0.5**2 * 2)


def test_a_place_without_chance_is_scored_by_where_it_stands() -> None:
    s = forecast.score(np.array([[0.5, 0, 0.5], [0, 1, 0]]), np.array([1, 0]))
    assert s["cover50"].tolist() == [1, 0] == s["cover80"].tolist()
    np.testing.assert_allclose(s["log"], -np.log(1e-12))
    edge = forecast.score(np.array([[0.25, 0, 0.5, 0, 0.25]] * 2), np.array([1, 3]))
    assert edge["cover50"].tolist() == [1, 1], "both ends of the central half belong to it"


def test_rows_hold_medians_and_chances_by_hand() -> None:
    at = [pd.Timestamp("2024-01-01")]
    p = np.zeros((1, HORIZON + 1))
    p[0, [2, 6, 13, 29, 89]] = 0.1, 0.3, 0.2, 0.2, 0.2  # on day 3, 7, 14, 30 and 90
    row = pd.DataFrame(forecast._rows(at, "next", "m", p, np.array([7]))).iloc[0]
    assert row["middle"] == 14 and row["outcome"] == 7
    assert [row[f"chance{h}"] for h in forecast.WITHIN] == pytest.approx([0.4, 0.6, 0.8, 1])
    assert (row["pit_low"], row["pit_high"]) == pytest.approx((0.1, 0.4))
    count = np.array([[0.5, 0.3, 0.2]])
    row = pd.DataFrame(forecast._rows(at, "count30", "m", count, np.array([1]))).iloc[0]
    assert row["middle"] == 0 and row["pit_low"] == pytest.approx(0.5) and pd.isna(row["chance7"])
    sizes = np.zeros((1, len(forecast.EDGES)))
    sizes[0, [10, 20]] = 0.25, 0.75
    row = pd.DataFrame(forecast._rows(at, "people_to_russia", "m", sizes, np.array([20]))).iloc[0]
    assert row["middle"] == 20 and row["log"] == pytest.approx(-np.log(0.75))
    assert (row["pit_low"], row["pit_high"]) == pytest.approx((0.25, 1))


def test_the_reliability_of_two_forecasts_by_hand() -> None:
    two = pd.DataFrame({"pit_low": [0.0, 0.25], "pit_high": [0.5, 0.25]})
    two = pd.concat([two.assign(target="t", model="m"), two.assign(target="t", model="other")])
    two = pd.concat([two, two.assign(target="other", model="m", pit_low=0.9, pit_high=1.0)])
    found = forecast.reliability(two, "t", "m")
    np.testing.assert_allclose(found, [0.1, 0.1, 0.6, 0.1, 0.1, 0, 0, 0, 0, 0], atol=1e-9)
    assert np.isnan(forecast.reliability(two, "t", "nobody")).tolist() == [True] * 10
    assert len(forecast.reliability(two, "t", "m", bins=4)) == 4


def test_the_gain_of_one_rival_is_the_mean_with_a_normal_interval() -> None:
    rng = np.random.default_rng(5)
    better = rng.normal(0.3, 1, (400, 1))
    mean, low, high = forecast._gain(better, 1, 4000, rng)[:, 0]
    reach = 1.96 * better.std() / 20
    assert mean == pytest.approx(better.mean())
    assert high - mean == pytest.approx(mean - low) == pytest.approx(reach, rel=0.06)
    two = forecast._gain(np.column_stack([better, rng.normal(0, 1, 400)]), 1, 4000, rng)
    assert (two[2] - two[0])[0] == pytest.approx(reach * 2.236 / 1.96, rel=0.06), "for both at once"


def test_a_gain_is_redrawn_in_blocks_round_the_end_and_the_last_is_cut() -> None:
    better = np.random.default_rng(3).normal(size=(7, 2))
    start = np.random.default_rng(4).integers(0, 7, size=(60, 3))
    origins = [[(s + i) % 7 for s in row for i in range(3)][:7] for row in start]
    moved = np.array([better[o].mean(axis=0) for o in origins]) - better.mean(axis=0)
    spread = moved.std(axis=0)
    reach = np.quantile(np.abs(moved / spread).max(axis=1), 0.95) * spread
    found = forecast._gain(better, 3, 60, np.random.default_rng(4))
    np.testing.assert_allclose(found[2] - found[0], reach)
    np.testing.assert_allclose(found[0] - found[1], reach)


def test_too_few_blocks_or_no_spread_leave_a_gain_open() -> None:
    rng = np.random.default_rng(5)
    for better, block in ((rng.normal(size=(19, 1)), 10), (np.ones((40, 1)), 1)):
        mean, low, high = forecast._gain(better, block, 50, rng)[:, 0]
        assert (low, high) == (-np.inf, np.inf) and mean == pytest.approx(better.mean())
    assert np.isfinite(forecast._gain(rng.normal(size=(20, 1)), 10, 50, rng)).all()
    # Neighbours move together: redrawn in blocks, a trend leaves the mean less sure.
    trend = np.repeat(rng.normal(size=20), 20)[:, None]
    wide, narrow = (np.ptp(forecast._gain(trend, b, 2000, rng)[1:, 0]) for b in (20, 1))
    assert wide > 3 * narrow


def invented_scores(**better: float) -> pd.DataFrame:
    """Return scores of 60 weeks in which the named models beat a baseline of 2 by so much."""
    days = pd.date_range("2023-09-01", periods=60, freq="7D")
    noise = np.tile([-0.01, 0.01], 30)
    frames = []
    for model, gain in {BASELINE: 0.0, **better}.items():
        frame = {"origin": days, "target": "count30", "model": model, "cover50": 0.5}
        wobble = noise * (model != BASELINE)
        values = {"cover80": 0.8, "crps": 2 - gain + wobble, "log": 3 - gain + wobble}
        frames.append(pd.DataFrame(frame | values))
    return pd.concat(frames)


def test_skill_by_hand() -> None:
    s = forecast.skill(invented_scores(good=0.5, worse=-0.5), draws=200).set_index("model")
    assert s["skill"].tolist() == pytest.approx([0, 0.25, -0.25])
    assert s["gain"].tolist() == pytest.approx([0, 0.5, -0.5])
    assert s.loc["good", ["low", "high"]].tolist() == pytest.approx([0.25, 0.25], abs=0.01)
    assert s["origins"].eq(60).all() and s["crps"].tolist() == pytest.approx([2, 1.5, 2.5])
    assert s["beats"].tolist() == [False, True, False] == s["chosen"].tolist()
    assert s["calibrated"].all() and s["log"].tolist() == pytest.approx([3, 2.5, 3.5])


def test_a_plain_rate_claims_no_skill_however_well_it_did() -> None:
    plain = dict.fromkeys(forecast.BASELINES[1:], 0.5)
    s = forecast.skill(invented_scores(**plain), draws=50)
    assert len(plain) == 2 and not s["beats"].any()
    assert forecast.chosen(s, "count30")[:3] == (BASELINE, False, True)


def test_the_range_of_a_skill_agrees_with_statsmodels() -> None:
    """Second route: what is redrawn in blocks varies as Newey and West's mean (statsmodels), and two rivals are held at
    once by the square of the normal distribution (scipy)."""
    rng = np.random.default_rng(8)
    days = pd.date_range("2010-01-01", periods=600, freq="7D")
    drift = pd.DataFrame(rng.normal(size=(612, 2))).rolling(13).mean().dropna().to_numpy()
    both = {"a": 0.3 + drift[:, 0], "b": 0.1 + drift[:, 1]}
    rows = [
        pd.DataFrame({"origin": days, "target": "next", "model": m, "cover50": 0.5}).assign(
            cover80=0.8, crps=2 - gain, log=3 - gain
        )
        for m, gain in {BASELINE: np.zeros(600), **both}.items()
    ]
    s = forecast.skill(pd.concat(rows)).set_index("model")
    at = np.corrcoef(drift.T)[0, 1]
    normal = stats.multivariate_normal(cov=[[1, at], [at, 1]])
    square = lambda z: normal.cdf([z, z], lower_limit=[-z, -z])  # noqa: E731
    reach = optimize.brentq(lambda z: square(z) - 0.95, 1.5, 3)
    assert 1.96 < reach < 2.25
    for name, gain in both.items():
        # Blocks of 91 days are 13 origins: of Bartlett's weights 12 are not nought.
        fit = sm.OLS(gain, np.ones(600)).fit(cov_type="HAC", cov_kwds={"maxlags": 12})
        low, high = fit.params[0] + np.array([-1, 1]) * reach * fit.bse[0]
        found = s.loc[name, ["low", "high"]].astype(float) * 2  # of the baseline's CRPS of 2
        assert found.tolist() == pytest.approx([low, high], abs=0.07 * (high - low))
        assert s.loc[name, "gain_high"] == pytest.approx(high, abs=0.07 * (high - low))


@pytest.mark.parametrize(
    ("held", "calibrated"), [(0.69, False), (0.7, True), (0.9, True), (0.91, False)]
)
def test_a_model_is_calibrated_from_70_to_90_percent(held: float, calibrated: bool) -> None:
    s = forecast.skill(invented_scores(good=0.5).assign(cover80=held), draws=50)
    assert s["calibrated"].eq(calibrated).all()
    choice = forecast.chosen(s, "count30")
    assert (choice.model, choice.skilled) == (("good", True) if calibrated else (BASELINE, False))
    assert choice.calibrated == calibrated and choice.held == pytest.approx(held)


def test_of_several_winners_the_best_log_score_is_chosen() -> None:
    s = forecast.skill(invented_scores(a=0.5, b=0.6, c=0.4), draws=50).set_index("model")
    assert s["beats"].tolist() == [False, True, True, True]
    assert s["chosen"].tolist() == [False, False, True, False]
    assert forecast.chosen(s.reset_index(), "count30")[:3] == ("b", True, True)


def test_the_table_of_chances_by_hand() -> None:
    days = pd.date_range("2024-01-01", periods=4, freq="7D")
    mine = {"outcome": [5, 7, 20, 91], "chance7": [0.5, 0.5, 0.5, 0.1], "chance14": 0.6}
    mine |= {"chance30": 0.7, "chance90": 0.9}
    rows = [
        pd.DataFrame({"origin": days, "target": "next", "model": "m"} | mine),
        pd.DataFrame({"origin": days, "target": "next", "model": BASELINE} | mine | {"chance7": 0}),
        pd.DataFrame({"origin": days, "target": "count30", "model": "m", "outcome": 1}),
    ]
    scores = pd.concat(rows)
    scores.attrs = {"kind": "bodies", "unit": "deal", "dense_from": days[0]}
    said = models._from_rate(np.array([0.05]))
    known = Known(pd.Timestamp("2025-06-30"), 100, np.array([3]), {})
    choice = forecast.Choice("m", True, False, 0.6)
    outlook = forecast.Outlook(scores, scores, scores, {"next": choice}, known, {"next": said})
    c = outlook.chances.set_index("within")
    assert c["chance"].tolist() == pytest.approx([1 - np.exp(-0.05 * h) for h in (7, 14, 30, 90)])
    assert c["came"].tolist() == [0.5, 0.5, 0.75, 0.75] and c["origins"].eq(4).all()
    assert c["expected"].tolist() == pytest.approx([0.4, 0.6, 0.7, 0.9])
    assert c.loc[7, "brier"] == pytest.approx((0.25 + 0.25 + 0.25 + 0.01) / 4)
    assert c.loc[14, "brier"] == pytest.approx((2 * 0.16 + 2 * 0.36) / 4)
    assert c.loc[7, "brier_constant"] == 0.5 and c.loc[7, "brier_base"] == 0.25
    assert c.loc[90, "brier_base"] == pytest.approx(0.75 * 0.25)
    assert (c["model"].eq("m") & c["skilled"] & ~c["calibrated"].astype(bool)).all()
    assert (c["origin"] == known.origin).all() and c.loc[7, "until"] == pd.Timestamp("2025-07-07")


def test_the_fan_holds_the_quantiles_of_poisson() -> None:
    fan = forecast.fan(models._from_rate(np.array([0.1]))).set_index("days")
    assert len(fan) == HORIZON + 1
    for h in (1, 30, 90):
        for q in (0.1, 0.25, 0.5, 0.75, 0.9):
            assert fan.loc[h, q] == stats.poisson.ppf(q, 0.1 * h)


def test_outcomes_count_from_the_day_after_to_the_last_day_within(record: Any) -> None:
    starts = cadence.handovers(record, "prisoners", "deal").query("counted")["start"]
    late = starts[starts.between("2025-01-01", "2025-06-30")]
    at = sorted({late.iloc[2], late.iloc[4] - pd.Timedelta(days=30)})
    scores = forecast.backtest(record, at=at)
    one = scores[scores["model"] == BASELINE].set_index(["origin", "target"])["outcome"]
    for day in at:
        ahead = (starts - day).dt.days
        assert one[day, "count30"] == ahead.between(1, 30).sum()
        assert one[day, "count90"] == ahead.between(1, 90).sum()
        assert one[day, "next"] == ahead[ahead > 0].min()


# Models.


def test_last_years_rate_by_hand() -> None:
    k = Known(pd.Timestamp("2025-01-01"), 400, np.array([10, 34, 35, 100, 399]), {})
    short = Known(pd.Timestamp("2025-01-01"), 100, np.array([0, 50]), {})
    later = MODELS["last year's rate"]([k, short]).later
    # Of the days 35 to 399 and of the days 0 to 99.
    np.testing.assert_allclose(later[:, 30], np.exp([-30 * 3.5 / 365, -30 * 2.5 / 100]))
    later = MODELS[BASELINE]([k, short]).later
    np.testing.assert_allclose(later[:, 10], np.exp([-10 * 5 / 400, -10 * 2 / 100]))


def test_the_base_rate_looks_at_all_densely_read_days_where_they_are_more_than_a_year() -> None:
    k = history([10] * 30 + [20] * 30, silent=5)
    ours = {}
    for dense in (0, 500, 600):
        f = MODELS["base rate"]([replace(k, dense=dense)])
        days = np.arange(k.length - 1 - max(365, dense), k.length - 1)
        wait = np.array([(k.starts[k.starts > d] - d).min(initial=999) for d in days])
        closed = wait < 999
        right = (k.length - 1 - days[~closed]).astype(float)
        sf = stats.ecdf(stats.CensoredData(wait[closed].astype(float), right=right)).sf
        n = int((k.starts > days[0]).sum())
        t = np.arange(HORIZON + 1)
        there = (n * np.asarray(sf.evaluate(t)) + np.exp(-len(k.starts) / k.length * t)) / (n + 1)
        np.testing.assert_allclose(f.later[0], there, atol=1e-9)
        ours[dense] = f.later[0, 10]
    assert len(set(ours.values())) == 3


def test_equal_sizes_are_forecast_with_a_tenth_of_leeway() -> None:
    same = np.array([100] * 9)
    inside = (forecast.EDGES >= 91) & (forecast.EDGES < 111)
    assert SIZE_MODELS["all past sizes"](same)[inside].sum() == pytest.approx(0.68, abs=0.03)
    t = stats.t(8, np.log(100.5), 0.05 * np.sqrt(1 + 1 / 9))
    np.testing.assert_allclose(
        np.cumsum(models._lognormal(np.inf)(same))[:-1], t.cdf(np.log(forecast.EDGES[1:]))
    )


def test_people_by_hand() -> None:
    p = np.zeros(len(forecast.EDGES))
    p[[10, 20]] = 0.25, 0.75
    assert [forecast.people(p, q) for q in (0.1, 0.5, 0.9)] == [10, 20, 20]
    i = int(np.searchsorted(forecast.EDGES, 1000))
    step = forecast.EDGES[i : i + 2]
    assert forecast.people(np.eye(len(p))[i], 0.5) == int(step.mean()) and np.diff(step)[0] > 10
    assert forecast.people(np.eye(len(p))[-1], 0.5) == forecast.EDGES[-1] == 20_000
    assert forecast.EDGES[:52].tolist() == list(range(52))
    assert (np.diff(forecast.EDGES)[51:] / forecast.EDGES[51:-1]).max() < 0.04


def test_a_day_silent_is_a_day_without_a_start() -> None:
    k = Known(pd.Timestamp("2025-06-30"), 30, np.array([3, 3, 10]), {})
    assert k.gaps.tolist() == [1, 7] and k.silent == 19
