"""Cadence: gaps and their censoring, rates, irregularity, regimes; against other routes and by simulation."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.rates import confint_poisson

from repatria.analysis import cadence, rates, rhythm, units
from repatria.record.fingerprint import ROOT

DENSE = [("2024-01-01", "2024-03-31", "dense")]


def covered(
    *spans: tuple[str, str, str], kinds: tuple[str, ...] = ("prisoners", "bodies")
) -> list[dict[str, str]]:
    return [
        {"kind": k, "side": side, "read_from": a, "read_through": b, "density": d}
        for k in kinds
        for side in ("ukraine", "russia")
        for a, b, d in spans
    ]


@pytest.fixture
def made(build: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that makes a record of prisoner exchanges on given days, read densely in early 2024."""

    def make(
        *days: str, spans: list[tuple[str, str, str]] = DENSE, on: dict[str, str] | None = None
    ) -> Any:
        events = [(f"prisoners-{d}", d) for d in days]
        claims = [
            {
                "event_id": e,
                "claimant_id": "kyiv",
                "direction": "to_ukraine",
                "n": 10,
                "on": (on or {}).get(d, d),
            }
            for e, d in events
        ]
        return build(events, claims, coverage=covered(*spans))

    return make


def test_wrong_words_are_refused(record: Any) -> None:
    with pytest.raises(ValueError, match="kind: 'tanks' is none of"):
        cadence.gaps(record, "tanks")
    with pytest.raises(ValueError, match="unit: 'week' is none of"):
        cadence.gaps(record, unit="week")
    with pytest.raises(ValueError, match="by: 'moon' is none of"):
        cadence.rates(record.as_of("2022-02-25"), by="moon")
    with pytest.raises(ValueError, match="by: 'moon' is none of weekday, month"):
        cadence.pattern(record, by="moon")
    with pytest.raises(ValueError, match="among deals, not days"):
        cadence.rates(record, unit="day", by="regime")
    with pytest.raises(ValueError, match="since: 'June' is not a day"):
        cadence.gaps(record, since="June")


def test_no_event_leaves_no_gap(made: Callable[..., Any]) -> None:
    record = made()
    g = cadence.gaps(record)
    assert g.empty and cadence.summary(g).closed == 0


def test_one_event_has_an_open_gap_and_nothing_to_compare(made: Callable[..., Any]) -> None:
    g = cadence.gaps(made("2024-03-01"))
    s = cadence.summary(g)
    assert (s.units, s.closed, s.open_days, s.median) == (1, 0, 30, None)


def test_two_events_give_one_completed_gap(made: Callable[..., Any]) -> None:
    g = cadence.gaps(made("2024-02-01", "2024-03-01"))
    assert g["days"].tolist() == [29, 30] and g["censored"].tolist() == [False, True]


def test_nothing_searched_leaves_no_gap(made: Callable[..., Any]) -> None:
    g = cadence.gaps(made("2024-02-01", spans=[]))
    assert g.empty and g.attrs["through"] is None


def test_the_open_gap_ends_at_coverage_and_later_events_are_only_listed(
    made: Callable[..., Any],
) -> None:
    spans = [*DENSE, ("2024-04-01", "2024-06-30", "thin")]
    record = made("2024-03-01", "2024-03-20", "2024-05-05", spans=spans)
    g = cadence.gaps(record)
    assert g["days"].tolist() == [19, 11]
    assert g.attrs["through"] == "2024-03-31" and g.attrs["listed"] == 1
    early = cadence.gaps(record.as_of("2024-03-25", coverage="today"))
    assert early["days"].tolist() == [19, 5], "in a past view the as-of day comes first"


def test_an_unread_hole_is_not_a_silence(made: Callable[..., Any]) -> None:
    spans = [("2023-01-01", "2023-06-30", "dense"), ("2024-01-01", "2024-03-31", "dense")]
    g = cadence.gaps(made("2023-06-01", "2024-02-01", spans=spans))
    assert g["days"].tolist() == [59] and g["censored"].tolist() == [True]


def test_thin_reading_is_marked_and_since_cuts(made: Callable[..., Any]) -> None:
    spans = [("2023-10-01", "2023-12-31", "thin"), *DENSE]
    record = made("2023-11-01", "2023-12-01", "2024-02-01", "2024-02-11", spans=spans)
    assert cadence.gaps(record)["reading"].tolist() == ["thin", "part", "dense", "dense"]
    assert cadence.gaps(record, since="2024-01-01")["days"].tolist() == [10, 49]
    assert not cadence.summary(cadence.gaps(record.as_of("2023-12-15", coverage="today"))).dense


def test_a_deal_is_one_unit_and_disputed_events_are_left_out(build: Callable[..., Any]) -> None:
    days = ["2024-02-01", "2024-02-02", "2024-02-10", "2024-02-20"]
    events = [(f"prisoners-{d}", d) for d in days]
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 5} for e, _ in events
    ]
    rows = build(events, claims, coverage=covered(*DENSE))
    tables = dict(rows.tables)
    e = tables["events"].copy()
    e.loc[:1, "deal_id"] = "deal-a"
    e.loc[3, "status"] = "disputed"
    tables["events"] = e
    record = type(rows)(tables, rows.digest)
    assert cadence.gaps(record, unit="day")["days"].tolist() == [1, 8, 50]
    deals = cadence.handovers(record, unit="deal")
    assert deals["events"].tolist() == [2, 1] and deals["to_ukraine"].tolist() == [10, 5]
    assert deals.attrs["disputed"] == 1
    assert cadence.gaps(record, unit="deal")["days"].tolist() == [8, 50]
    assert len(cadence.handovers(record, disputed=True)) == 4


def test_the_record_is_not_changed(record: Any) -> None:
    before = {name: t.copy() for name, t in record.tables.items()}
    g = cadence.gaps(record)
    held = g.copy()
    cadence.summary(g), cadence.survival(g), cadence.irregularity(g)
    pd.testing.assert_frame_equal(g, held)
    for name, t in before.items():
        pd.testing.assert_frame_equal(record.tables[name], t)


# Golden values of the real record.


def test_prisoner_deals_of_2025(record: Any) -> None:
    h = cadence.handovers(record, "prisoners", "deal", "2025-05-01").set_index("unit_id")
    may = h.loc["deal-prisoners-2025-05-23"]
    assert (may["start"], may["end"], may["events"]) == (
        pd.Timestamp("2025-05-23"),
        pd.Timestamp("2025-05-25"),
        3,
    )
    june = h.loc["deal-prisoners-2025-06-09"]
    days = [
        d
        for d in june["event_ids"].split(";")
        if "prisoners-2025-06-09" <= d <= "prisoners-2025-07-04"
    ]
    assert june["start"] == pd.Timestamp("2025-06-09") and len(days) == 8
    g = cadence.gaps(record, "prisoners", "deal", "2025-05-01")
    length = {
        (a.date().isoformat(), b.date().isoformat()): n
        for a, b, n in zip(g["start"], g["end"], g["days"], strict=True)
        if pd.notna(b)
    }
    assert length[("2025-05-06", "2025-05-23")] == 17
    assert length[("2025-05-25", "2025-06-09")] == 15
    assert length[("2025-08-24", "2025-10-02")] == 39


@pytest.mark.parametrize("unit", cadence.UNITS)
def test_the_silence_of_2023(record: Any, unit: str) -> None:
    g = cadence.gaps(record, "prisoners", unit)
    longest = g.loc[g["days"].idxmax()]
    assert (longest["start"], longest["end"], longest["days"]) == (
        pd.Timestamp("2023-08-07"),
        pd.Timestamp("2024-01-03"),
        149,
    )
    assert longest["reading"] == "part"


@pytest.mark.parametrize(
    ("kind", "last", "days"), [("bodies", "2026-02-26", 13), ("prisoners", "2026-03-06", 5)]
)
@pytest.mark.parametrize("unit", cadence.UNITS)
def test_the_open_gap_at_coverage(record: Any, kind: str, last: str, days: int, unit: str) -> None:
    still = cadence.gaps(record, kind, unit).iloc[-1]
    assert still["censored"] and still["start"] == pd.Timestamp(last) and still["days"] == days


# The same figures by another route.

BEGUN = pd.Timestamp("2024-01-01")
lengths = st.lists(st.integers(1, 60), min_size=2, max_size=30)


def as_gaps(closed: list[int], still: int = 10) -> pd.DataFrame:
    g = pd.DataFrame({"days": [*closed, still], "censored": [False] * len(closed) + [True]})
    g.attrs = {
        "kind": "prisoners",
        "unit": "day",
        "units": len(g),
        "first": BEGUN,
        "dense_from": BEGUN,
        "through": BEGUN + pd.Timedelta(days=sum(closed) + still),
    }
    ends = BEGUN + pd.to_timedelta(np.cumsum([0, *closed]), "D")
    return g.assign(start=ends, end=[*ends[1:], pd.NaT], reading="dense", dated=True)


@given(lengths, st.integers(1, 60))
def test_kaplan_meier_agrees_with_statsmodels(closed: list[int], still: int) -> None:
    g = as_gaps(closed, still)
    ours = cadence.survival(g).set_index("days")["survival"]
    other = SurvfuncRight(g["days"], (~g["censored"]).astype(int))
    np.testing.assert_allclose(
        ours.loc[other.surv_times.astype(float)], other.surv_prob, atol=1e-12
    )
    assert ours.is_monotonic_decreasing


@given(lengths, st.integers(1, 60))
def test_the_band_of_kaplan_meier_agrees_with_scipy(closed: list[int], still: int) -> None:
    ours = cadence.survival(as_gaps(closed, still)).iloc[1:]
    sf = stats.ecdf(stats.CensoredData(np.array(closed, float), right=[float(still)])).sf
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        band = sf.confidence_interval(method="log-log")
    assert ours["days"].tolist() == sf.quantiles.tolist()
    np.testing.assert_allclose(ours["low"], band.low.probabilities, atol=1e-12)
    np.testing.assert_allclose(ours["high"], band.high.probabilities, atol=1e-12)


@given(st.integers(0, 200), st.integers(10, 2000))
def test_poisson_interval_agrees_with_statsmodels(n: int, days: int) -> None:
    low, high = cadence.interval(n, days)
    other = confint_poisson(n, days / 30, method="exact-c")
    assert low == pytest.approx(np.nan_to_num(other[0]), abs=1e-9) and high == pytest.approx(
        other[1]
    )
    wide = cadence.interval(n, days, dispersion=2.0)
    assert wide[0] <= low and wide[1] >= high, "overdispersion only widens"


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), min_size=1, max_size=40))
def test_silences_and_units_cover_the_window(spans: list[tuple[int, int]]) -> None:
    start = np.array([a for a, _ in spans])
    end = start + np.array([d for _, d in spans])
    _, days = cadence.silences(start, end)
    busy = np.zeros(end.max() + 1, dtype=bool)
    for a, b in zip(start, end, strict=True):
        busy[a : b + 1] = True
    between = int((~busy[start.min() : end.max() + 1]).sum())
    assert (days > 0).all() and (days - 1).sum() == between, (
        "silent days are the days between units"
    )


def test_rates_sum_to_the_whole(record: Any) -> None:
    for by in ("year", "reading"):
        r, all_ = cadence.rates(record, by=by), cadence.rates(record, by="all").iloc[0]
        assert r["days"].sum() == all_["days"] and r["handovers"].sum() == all_["handovers"]
        assert r["to_ukraine_people"].sum() == all_["to_ukraine_people"]
        exact = (r["poisson_low"] <= r["per_30_days"]) & (r["per_30_days"] <= r["poisson_high"])
        assert exact.all() and (r["low"] <= r["poisson_low"] + 1e-9).all()
        assert (r["high"] >= r["poisson_high"] - 1e-9).all()


def test_regimes_fill_dense_reading_and_nothing_else(record: Any) -> None:
    for kind in ("prisoners", "bodies"):
        r = cadence.rates(record, kind, "deal", "regime")
        dense = cadence.rates(record, kind, "deal", "reading").iloc[-1]
        assert (r["first"].iloc[0], r["last"].iloc[-1]) == (dense["first"], dense["last"])
        assert r["days"].sum() == dense["days"] and set(r["reading"]) == {"dense"}


def test_people_without_a_figure_are_not_zero(build: Callable[..., Any]) -> None:
    record = build(
        [("prisoners-2024-02-01", "2024-02-01")],
        [
            {
                "event_id": "prisoners-2024-02-01",
                "claimant_id": "kyiv",
                "direction": "to_ukraine",
                "absence": "withheld",
            }
        ],
        coverage=covered(*DENSE),
    )
    r = cadence.rates(record, by="all").iloc[0]
    assert pd.isna(r["to_ukraine_people"]) and r["to_ukraine_unknown"] == 1
    assert str(cadence.rates(record, by="all")["to_ukraine_people"].dtype) == "Int64"


def test_a_month_dated_handover_has_no_day(build: Callable[..., Any]) -> None:
    days = {"prisoners-2024-01-10": "2024-01-10", "prisoners-2024-02": "2024-02-01"}
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 5} for e in days
    ]
    record = build(days.items(), claims, coverage=covered(*DENSE))
    g = cadence.gaps(record)
    assert g["dated"].tolist() == [False, False] and not cadence.summary(g).dated
    assert cadence.landmarks(record).empty, "no length is told that nobody published"
    d = cadence.dating(record).set_index("variant")
    assert d.index.tolist() == ["used", "monthly_left_out"]
    assert d.loc["monthly_left_out", "handovers"] == 1
    assert cadence.pattern(record)["deals"].sum() == 1


# Regimes: the partition against astropy, its false alarms by simulation.


def seeded_days(seed: int, n: int, length: int, factor: float) -> np.ndarray:
    """Return days of handovers whose rate changes by a factor half-way."""
    rng = np.random.default_rng(seed)
    late = rng.random(n) < factor / (1 + factor)
    return ((rng.random(n) + late) * length / 2).astype(int)


HEAP = np.r_[0:500:50, 500:530, 530:900:50]
GOLDEN = [  # what astropy 7 gave: bayesian_blocks, fitness="events", the ends as empty cells
    (np.arange(0, 300, 5), 500, 0.05, [0, 293]),
    (HEAP, 900, 0.05, [0, 501, 530]),
    (np.r_[HEAP, 505:515], 900, 0.05, [0, 501, 530]),  # ties
    (seeded_days(11, 30, 900, 1), 900, 0.05, [0]),
    (seeded_days(11, 30, 900, 1), 900, 0.5, [0, 154]),
    (seeded_days(12, 70, 1472, 3), 1472, 0.05, [0, 1247, 1248]),
    (seeded_days(12, 70, 1472, 3), 1472, 0.5, [0, 160, 507, 783, 800, 1247, 1248]),
    (seeded_days(14, 90, 1472, 6), 1472, 0.5, [0, 740]),
]


def test_the_prior_is_the_one_that_the_method_page_names() -> None:
    page = (ROOT / "docs" / "method-cadence.md").read_text("utf-8")
    assert f"(p0 = {rates.P0})" in page


@pytest.mark.parametrize(("days", "length", "p0", "first"), GOLDEN)
def test_blocks_are_those_of_astropy(
    days: np.ndarray, length: int, p0: float, first: list[int]
) -> None:
    found = cadence.blocks(days, length, p0)
    assert [a for a, _ in found] == first and found[-1][1] == length - 1


def deals(rng: np.random.Generator, gaps: np.ndarray, held: np.ndarray, length: int) -> np.ndarray:
    """Return the first days of deals: a gap, a deal of so many days, and so on through the window."""
    lasts = rng.choice(held, len(gaps))
    starts = np.cumsum(gaps) + np.r_[0, np.cumsum(lasts[:-1] - 1)]
    return np.floor(starts[starts < length]).astype(int)


@pytest.mark.parametrize("kind", ["prisoners", "bodies"])
@pytest.mark.parametrize("law", ["poisson", "renewal"])
def test_a_constant_rate_is_split_in_at_most_a_tenth_of_records(
    record: Any, kind: str, law: str
) -> None:
    g = cadence.gaps(record, kind, "deal")
    through, dense = (pd.Timestamp(g.attrs[day]) for day in ("through", "dense_from"))
    length = (through - dense).days + 1
    h = cadence.handovers(record, kind, "deal", dense)
    held = ((h["end"] - h["start"]).dt.days + 1)[h["counted"]].to_numpy()
    closed = g.loc[(g["reading"] == "dense") & ~g["censored"], "days"].to_numpy()
    rng, split, runs = np.random.default_rng(21), 0, 120
    for i in range(runs):
        if law == "poisson":
            gaps = rng.exponential((length - held.sum()) / len(held), 150) + 1
        else:
            gaps = rng.choice(closed, 150)  # more than the window holds
        split += cadence.constancy(deals(rng, gaps, held, length), length, runs=199, seed=i) <= 0.05
    assert split / runs <= 0.1


def test_a_change_of_rate_is_told_and_a_heap_of_days_in_one_deal_is_none(record: Any) -> None:
    w = cadence.window(record, "prisoners")
    h = cadence.handovers(record, "prisoners", "deal", w.dense_from)
    at = (h.loc[h["counted"], "start"] - w.dense_from).dt.days.to_numpy()
    length = (w.through - w.dense_from).days + 1
    d = cadence.detectability(at, length, (1, 5)).set_index("factor")
    assert d.loc[1, "detected"] <= 0.1 and d.loc[5, "detected"] > 0.8
    assert len(cadence.rates(record, "prisoners", "deal", "regime")) == 1
    halved = np.r_[0:400:40, 400:800:8]
    assert cadence.constancy(halved, 800) < 0.01 and len(cadence.blocks(halved, 800)) == 2


@pytest.mark.parametrize("days", [[2, 4, 6, 40, 90], [40, 43, 46, 49, 52]])
def test_the_p_of_constancy_agrees_with_scipy_over_every_order(days: list[int]) -> None:
    """Second route: every partition is tried, and scipy takes the spacings in all 720 orders."""

    @cache
    def gained(gaps: tuple[float, ...]) -> float:
        times = np.r_[0, np.cumsum(gaps)]
        cuts = [0, *((times[1:] + times[:-1]) / 2), 100]
        held = [0, 1, 1, 1, 1, 1, 0]
        prior = 4 - np.log(73.53 * 0.5 * 7**-0.478)

        def worth(a: int, b: int) -> float:
            n = sum(held[a:b])
            return (n * np.log(n / (cuts[b] - cuts[a])) if n else 0.0) - prior

        best = max(
            sum(worth(a, b) for a, b in pairwise([0, *inner, 7]))
            for k in range(7)
            for inner in combinations(range(1, 7), k)
        )
        return round(best - worth(0, 7), 9)

    def gain(gaps: np.ndarray) -> float:
        return gained(tuple(gaps))

    gaps = np.diff(np.r_[0, np.array(days) + 0.5, 100])
    exact = stats.permutation_test(
        (gaps,),
        gain,
        permutation_type="pairings",
        alternative="greater",
        n_resamples=np.inf,
        vectorized=False,
    )
    ours = cadence.constancy(np.array(days), 100, p0=0.5, runs=9999)
    assert gain(gaps) > 0 and 0 < exact.pvalue < 0.9
    assert ours == pytest.approx(exact.pvalue, abs=0.015)


# Simulations, seeded.


def test_time_at_risk_recovers_the_mean_that_closed_gaps_miss() -> None:
    rng = np.random.default_rng(2)
    days: list[int] = []
    censored: list[bool] = []
    for _ in range(
        500
    ):  # short windows of 60 days, each from one handover on and with its own open gap
        gaps = np.ceil(rng.lognormal(2.3, 0.9, 60)).astype(int)
        at = np.cumsum(gaps)
        inside = gaps[at <= 60]
        days += [*inside, 60 - int(inside.sum())]
        censored += [False] * len(inside) + [True]
    g = as_gaps([1] * (len(days) - 1)).assign(days=days, censored=censored)
    s = cadence.summary(g)
    draws = np.ceil(rng.lognormal(2.3, 0.9, 100_000))
    assert s.mean_closed < 0.85 * draws.mean(), "dropping the open gap is biased low"
    assert s.mean_at_risk == pytest.approx(draws.mean(), rel=0.08)
    assert s.median == pytest.approx(np.median(draws), abs=1)
    assert g.loc[~g["censored"], "days"].median() < np.median(draws)


def test_survival_recovers_the_truth_under_heavy_censoring() -> None:
    rng = np.random.default_rng(3)
    true = np.ceil(rng.exponential(20, 4000))
    cut = np.ceil(rng.exponential(25, 4000))
    g = pd.DataFrame({"days": np.minimum(true, cut).astype(int), "censored": cut < true})
    curve = cadence.survival(g).set_index("days")["survival"]
    closed = np.mean(true[cut >= true] > 20)
    assert curve.loc[20] == pytest.approx(np.exp(-1), abs=0.03) and closed < np.exp(-1) - 0.1


def test_a_halt_that_is_still_open_is_a_regime() -> None:
    busy = np.arange(0, 300, 5)
    assert len(cadence.blocks(busy, 300)) == 1
    assert len(cadence.blocks(busy, 500)) == 2, "silence to the end of the window counts"
    assert cadence.blocks(np.array([], dtype=int), 100) == [(0, 99)]


def test_blocks_partition_the_window() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        found = cadence.blocks(rng.integers(0, 400, 40) // rng.integers(1, 3), 400)
        assert found[0][0] == 0 and found[-1][1] == 399
        assert all(b + 1 == c for (_, b), (c, _) in pairwise(found))


def test_burstiness_is_unbiased_for_random_gaps_and_bounded() -> None:
    rng = np.random.default_rng(6)
    for n in (10, 30, 70):
        assert abs(cadence.burstiness(rng.exponential(size=(4000, n))).mean()) < 0.05
    assert cadence.burstiness(np.full(20, 7.0)) == pytest.approx(-1)
    bursty = np.r_[np.ones(99), 1e6]
    assert cadence.burstiness(bursty) == pytest.approx(1, abs=0.01)
    assert abs(cadence.memory(rng.exponential(size=(4000, 50))).mean()) < 0.05


def test_a_band_of_irregularity_holds_95_percent_of_random_records() -> None:
    rng, inside, low = np.random.default_rng(7), 0, 0
    for i in range(60):
        days = np.sort(rng.choice(900, 41, replace=False))
        r = cadence.irregularity(as_gaps(np.diff(days).tolist()), draws=200, seed=i)
        inside += int(((r["low"] <= r["value"]) & (r["value"] <= r["high"])).sum())
        low += int((r["p"] <= 0.05).sum())
    assert inside / 120 > 0.87 and low / 120 < 0.1


def test_thin_reading_is_in_no_measure_of_irregularity() -> None:
    g = as_gaps([*[90, 1] * 10, *[7] * 20])
    g.loc[:19, "reading"] = "thin"
    g.attrs["dense_from"] = g["start"][20]
    r = cadence.irregularity(g, draws=50).set_index("measure")
    assert r.loc["burstiness", "value"] == pytest.approx(-1) and r["gaps"].tolist() == [20, 20]
    assert r.loc["burstiness", "p"] == pytest.approx(2 / 51), "none of 50 draws is so even"
    assert len(cadence.rhythm(g, draws=50).days) == 20


def test_one_handover_in_each_week_is_what_every_draw_gives() -> None:
    found = cadence.rhythm(as_gaps([7] * 8), draws=20)
    assert (found.inside, found.expected, found.p) == (8, 8.0, 1.0) and found.whole_weeks == 8
    assert found.low <= 7 <= found.high == found.low + 14
    day = cadence.rhythm(as_gaps([7] * 8), width=1, draws=20)
    assert (day.low, day.high, day.inside, day.expected) == (7, 7, 8, 8.0)


def test_a_handover_every_day_is_measured_too(made: Callable[..., Any]) -> None:
    days = [f"{d:%Y-%m-%d}" for d in pd.date_range("2024-01-01", periods=8)]
    g = cadence.gaps(made(*days, spans=[(days[0], days[-1], "dense")]))
    r = cadence.irregularity(g, draws=10).set_index("measure")
    assert r.loc["burstiness", ["value", "high"]].tolist() == pytest.approx([-1, -1])
    assert pd.isna(r.loc["memory", "p"]) and pd.isna(r.loc["memory", "value"])
    assert cadence.rhythm(g, draws=10).inside == 7


def test_interval_coverage_with_overdispersion() -> None:
    rng = np.random.default_rng(8)
    n = rng.negative_binomial(10, 10 / (10 + 20), 2000)  # variance = 3 x mean
    exact = np.mean([low <= 20 / 10 <= high for low, high in (cadence.interval(k, 300) for k in n)])
    wide = np.mean(
        [low <= 20 / 10 <= high for low, high in (cadence.interval(k, 300, 3.0) for k in n)]
    )
    assert exact < 0.85 and 0.92 < wide < 0.99


def planted(
    build: Callable[..., Any], bodies: pd.DatetimeIndex, prisoners: pd.DatetimeIndex
) -> Any:
    events = [(f"bodies-{d:%Y-%m-%d}", f"{d:%Y-%m-%d}") for d in bodies]
    events += [(f"prisoners-{d:%Y-%m-%d}", f"{d:%Y-%m-%d}") for d in prisoners]
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 5} for e, _ in events
    ]
    return build(events, claims, coverage=covered(*DENSE))


def test_a_planted_weekday_is_found(build: Callable[..., Any]) -> None:
    fridays = pd.date_range("2024-01-05", "2024-03-29", freq="7D")
    p = cadence.pattern(planted(build, fridays, fridays[:0]), "bodies")
    assert p.attrs["p"] == 1e-4 and p["days"].sum() == 91
    assert p.set_index("slot")["deals"].to_dict()["Friday"] == 13 == p["dense"].sum()


def test_the_exact_test_of_weekdays_agrees_with_chi_square(record: Any) -> None:
    p = cadence.pattern(record, "prisoners")
    near = stats.chisquare(p["deals"], p["expected"]).pvalue
    assert p.attrs["p"] == pytest.approx(near, abs=0.01)


def test_weekdays_alone_make_no_rhythm_and_three_weeks_do() -> None:
    rng, told = np.random.default_rng(8), 0
    for i in range(80):
        fridays = np.sort(rng.choice(130, 30, replace=False)) * 7
        told += cadence.rhythm(as_gaps(np.diff(fridays).tolist()), draws=199, seed=i).p <= 0.05
    assert told / 80 <= 0.1, "Fridays in random weeks"
    found = cadence.rhythm(as_gaps((21 + rng.integers(-4, 5, 30)).tolist()))
    assert found.p == pytest.approx(1 / 2001), "not one of 2,000 draws holds as many"
    assert found.inside == 30 and found.low <= 17 and found.high >= 25


@given(st.lists(st.integers(1, 80), min_size=5, max_size=30), st.integers(3, 25))
def test_the_fullest_stretch_is_the_fullest(closed: list[int], width: int) -> None:
    found, days = cadence.rhythm(as_gaps(closed), width, draws=5), np.array(closed)
    most = max(((days >= a) & (days < a + width)).sum() for a in range(1, 81))
    assert found.inside == most == ((days >= found.low) & (days <= found.high)).sum()


def test_bodies_planted_after_prisoners_are_found(build: Callable[..., Any]) -> None:
    days = np.sort(np.random.default_rng(9).choice(np.arange(2, 88), 9, replace=False))
    bodies = pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D")
    record = planted(build, bodies, bodies - pd.Timedelta(days=1))
    f = cadence.following(record, "day", within=(0, 1))
    row = f.set_index("within").loc[1]
    assert row["followed"] == 9 and row["share"] > row["high"]
    assert f.attrs["p"] < 0.05


# One budget of errors.


@pytest.mark.parametrize("n", [0, 1, 7])
def test_holm_agrees_with_statsmodels(n: int) -> None:
    p = np.random.default_rng(n).random(n) ** 4
    ours = rhythm.holm(pd.Series([*p, None], dtype=float))
    np.testing.assert_allclose(ours[:-1], multipletests(p, method="holm")[1] if n else [])
    assert np.isnan(ours[-1])


def test_every_test_of_a_report_shares_one_budget(record: Any) -> None:
    tests = cadence.error_budget(record)
    np.testing.assert_allclose(tests["p_holm"], multipletests(tests["p"], method="holm")[1])
    held = tests.loc[tests["holds"], ["name", "kind"]].to_records(index=False).tolist()
    assert held == [("weekday", "bodies"), ("burstiness", "bodies"), ("rhythm", "bodies")]
    then = cadence.error_budget(record.as_of("2022-02-25"))
    assert then["p"].isna().all() and not then["holds"].any()


def test_the_regularities_of_the_record(record: Any) -> None:
    days = cadence.pattern(record, "bodies").set_index("slot")
    assert days.loc[["Friday", "Sunday"], "deals"].tolist() == [32, 0]
    assert days["deals"].sum() == 66 and days.loc["Friday", "dense"] == 23
    found = cadence.rhythm(cadence.gaps(record, "bodies", "deal"))
    assert (found.low, found.high, found.inside, len(found.days)) == (21, 35, 23, 31)


def test_landmarks_are_days_and_places_not_sentences(record: Any) -> None:
    marks = cadence.landmarks(record, "prisoners")
    silence, talks = marks[marks["days"].notna()], marks[marks["days"].isna()]
    assert silence["days"].tolist() == [149] and silence["day"].tolist() == [
        pd.Timestamp("2023-08-07")
    ]
    assert (silence["place"] == "").all() and (talks["place"] != "").all()
    assert marks["day"].is_monotonic_increasing
    assert cadence.landmarks(record.as_of("2022-02-25")).empty


def test_regimes_hold_what_they_are_seen_beside(record: Any) -> None:
    found = cadence.regimes(record, "bodies", "2025-01-01")
    pd.testing.assert_frame_equal(
        found.rates, cadence.rates(record, "bodies", "deal", "regime", "2025-01-01")
    )
    pd.testing.assert_series_equal(
        found.moving, cadence.moving_rate(record, "bodies", "deal", "2025-01-01")
    )
    assert found.rates["first"].iloc[0] == found.moving.index[0]
    assert found.rates.attrs["units"] == found.handovers["counted"].sum()


def test_every_result_carries_its_kind_and_unit(record: Any) -> None:
    g = cadence.gaps(record, "bodies", "deal", "2025-01-01")
    years = cadence.rates(record, "bodies", "deal", since="2025-01-01")
    found = [g, cadence.irregularity(g, draws=5), years]
    found += [cadence.pattern(record, "bodies"), cadence.dating(record, "bodies", "deal")]
    for f in found:
        assert (f.attrs["kind"], f.attrs["unit"]) == ("bodies", "deal")


def test_nothing_known_yet(record: Any) -> None:
    then = record.as_of("2022-02-25")
    for kind in cadence.KINDS:
        assert cadence.gaps(then, kind).empty
    assert cadence.rates(then).empty and cadence.following(then).empty
    assert cadence.pattern(then).empty and cadence.dating(then).empty
    assert cadence.regimes(then).rates.empty and cadence.regimes(then).detected is None


def test_months_are_dense_thin_or_unread(made: Callable[..., Any]) -> None:
    m = cadence.monthly(
        made("2024-02-05", spans=[("2024-01-01", "2024-02-10", "dense")]).as_of("2024-03-31")
    )
    reading = m.set_index("month")["reading"]
    assert reading.loc[[1, 2, 3, 4]].tolist() == ["dense", "thin", "unread", "after"]


# --- second routes --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["prisoners", "bodies"])
def test_dispersion_agrees_with_statsmodels_glm(record: Any, kind: str) -> None:
    """Pearson chi-square of a Poisson regression of 30-day counts on the period."""
    table = cadence.rates(record, kind, "day", "year")
    h = cadence.handovers(record, kind, "day")
    starts = h.loc[h["counted"], "start"]
    counts, period = [], []
    for i, row in enumerate(table.itertuples()):
        whole = row.days // 30
        at = (starts[(starts >= row.first) & (starts <= row.last)] - row.first).dt.days // 30
        counts += np.bincount(at[at < whole], minlength=whole).tolist()
        period += [i] * whole
    used = pd.Series(counts).groupby(period).transform(lambda c: len(c) > 1 and c.sum() > 0)
    y, x = np.array(counts)[used], pd.get_dummies(np.array(period)[used]).to_numpy(dtype=float)
    fit = sm.GLM(y, x, family=sm.families.Poisson()).fit()
    expected = max(1.0, fit.pearson_chi2 / fit.df_resid)
    assert table["dispersion"].tolist() == pytest.approx([expected] * len(table))


@given(st.lists(st.integers(1, 200), min_size=5, max_size=60))
def test_memory_and_burstiness_agree_with_scipy(days: list[int]) -> None:
    gaps = np.array(days, dtype=float)
    if gaps[:-1].std() and gaps[1:].std():
        assert rhythm.memory(gaps) == pytest.approx(stats.pearsonr(gaps[:-1], gaps[1:])[0])
    many = np.tile(gaps, 20_000 // len(gaps))  # so many that the finite-size formula has its limit
    r = stats.variation(many)
    assert rhythm.burstiness(many) == pytest.approx((r - 1) / (r + 1), abs=0.02)


def test_following_by_hand(record: Any) -> None:
    found = cadence.following(record)
    w = cadence.window(record, "either")
    days = {}
    for kind, unit in (("bodies", "deal"), ("prisoners", "day")):
        h = cadence.handovers(record, kind, unit, w.dense_from if kind == "bodies" else None)
        h = h[h["counted"] & (h["start"] <= w.through)]
        days[kind] = [(d - w.dense_from).days for d in h["start"]]
    length = (w.through - w.dense_from).days + 1
    for within, shares in zip(found["within"], [[] for _ in found.index], strict=True):
        for shift in range(length):
            moved = [(d + shift) % length for d in days["bodies"]]
            near = [any(0 <= d - p <= within for p in days["prisoners"]) for d in moved]
            shares.append(np.mean(near))
        row = found.set_index("within").loc[within]
        assert row["share"] == pytest.approx(shares[0])
        assert row["reference"] == pytest.approx(np.mean(shares))
        assert row["p"] == pytest.approx(np.mean(np.array(shares) >= shares[0] - 1e-12))


@pytest.mark.parametrize("kind", ["prisoners", "bodies"])
def test_units_agree_with_a_groupby(record: Any, kind: str) -> None:
    h = cadence.handovers(record, kind, "deal").set_index("unit_id")
    events = record.events(kind)
    by = events[events["date_precision"] == "day"].groupby("deal_id")
    same = by["date"].agg(["min", "max", "size"])
    same = same[same["max"] <= record.searched_through(kind)]
    assert h.loc[same.index, "start"].tolist() == same["min"].tolist()
    assert h.loc[same.index, "end"].tolist() == same["max"].tolist()
    assert h.loc[same.index, "events"].tolist() == same["size"].tolist()
    persons = by["to_ukraine"].sum(min_count=1).reindex(same.index)
    assert h.loc[same.index, "to_ukraine"].fillna(-1).tolist() == persons.fillna(-1).tolist()


def test_the_moving_rate_by_hand(record: Any) -> None:
    moving = cadence.regimes(record, "bodies").moving.dropna()
    h = cadence.handovers(record, "bodies", "deal", cadence.window(record, "bodies").dense_from)
    starts = h.loc[h["counted"], "start"]
    for day, rate in moving.iloc[:: len(moving) // 9].items():
        held = ((starts > day - pd.Timedelta(days=90)) & (starts <= day)).sum()
        assert rate == pytest.approx(held * 30 / 90)


# --- values somebody reads, computed by hand ----------------------------------------------------


def starts(*days: int) -> pd.Series:
    return pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(list(days), "D"))


def test_an_interval_by_the_table_of_poisson() -> None:
    # Ten at twice the spread are read as five: 1.62 to 11.67 in any table, over ten months.
    assert rates.interval(10, 300, 2.0) == pytest.approx((2 * 0.1623, 2 * 1.1668), abs=1e-3)
    assert rates.interval(0, 30) == pytest.approx((0, 3.689), abs=1e-3)
    assert rates.interval(5, 30, level=0.9) == pytest.approx((1.970, 10.513), abs=1e-3)


@pytest.mark.parametrize(
    ("days", "length", "dispersion"),
    [
        ((10, 40, 41, 42, 70, 71), 90, 1.0),  # 1, 3 and 2 a month: less than by chance
        ((30, 31, 32, 33, 34, 59), 90, 6.0),  # 0, 6 and 0: chi-square 12 on two
        ((0, 1, 2, 3, 4, 29), 90, 6.0),
        ((60, 61, 62, 63, 64, 89), 119, 6.0),  # what is left of a fourth month is not looked at
        ((0, 1, 2, 60, 61), 60, 3.0),  # 3 and 0
    ],
)
def test_the_spread_of_monthly_counts_by_hand(
    days: tuple[int, ...], length: int, dispersion: float
) -> None:
    first = pd.Timestamp("2024-01-01")
    period = ("all", first, first + pd.Timedelta(days=length - 1))
    assert rates._dispersion([starts(*days)], [period]) == pytest.approx(dispersion)


def test_spreads_of_periods_are_pooled_and_one_month_has_none() -> None:
    first = pd.Timestamp("2024-01-01")
    period = ("all", first, first + pd.Timedelta(days=59))
    two = [starts(0, 1, 2), starts(0, 1, 30, 31, 2, 3, 4, 5)]  # 3 and 0; 6 and 2
    assert rates._dispersion(two, [period] * 2) == pytest.approx((3 + 2) / 2)
    assert np.isnan(rates._dispersion([starts(3)], [("all", first, first + pd.Timedelta(days=58))]))
    assert np.isnan(rates._dispersion([starts()], [period]))


def test_periods_of_a_window_by_hand() -> None:
    first, split, last = map(pd.Timestamp, ("2022-11-05", "2023-09-01", "2024-02-03"))
    w = units.Window(first, split, last)

    def said(by: str, window: units.Window = w) -> list[str]:
        return [f"{n} {a:%y-%m-%d} {b:%y-%m-%d}" for n, a, b in rates._periods(by, window)]

    assert said("all") == ["all 22-11-05 24-02-03"]
    assert said("year") == [
        "2022 22-11-05 22-12-31",
        "2023 23-01-01 23-12-31",
        "2024 24-01-01 24-02-03",
    ]
    assert said("reading") == ["thin 22-11-05 23-08-31", "dense 23-09-01 24-02-03"]
    assert said("reading", units.Window(first, None, last)) == ["thin 22-11-05 24-02-03"]
    assert said("reading", units.Window(split, split, last)) == ["dense 23-09-01 24-02-03"]
    one_day = units.Window(first, last, last)
    assert said("reading", one_day)[1] == "dense 24-02-03 24-02-03" and w.days == 456
    assert units.Window(last, None, first).days == 0


def test_a_rate_and_its_people_by_hand() -> None:
    h = pd.DataFrame({"events": [1, 2, 1]})
    h["to_ukraine"] = pd.array([10, 20, None], dtype="Int64")
    h["to_ukraine_unknown"] = [0, 1, 1]
    h["to_russia"] = pd.array([None] * 3, dtype="Int64")
    h["to_russia_unknown"] = [1, 2, 1]
    row = rates._rate(h, 60, 2.0)
    assert (row["handovers"], row["per_30_days"], row["dispersion"]) == (3, 1.5, 2.0)
    assert (row["to_ukraine_people"], row["to_ukraine_per_30_days"]) == (30, 15)
    assert (row["to_ukraine_unknown"], row["to_russia_unknown"]) == (2, 4)
    assert np.isnan(row["to_russia_people"]) and np.isnan(row["to_russia_low"])
    # A handover brings 15 on average, 25 the variance: 25 / 15 + 2 * 15 a person.
    low, high = rates.interval(30, 60, 25 / 15 + 30)
    assert (row["to_ukraine_low"], row["to_ukraine_high"]) == (low, high)
    assert (row["low"], row["high"]) == rates.interval(3, 60, 2.0)
    assert (row["poisson_low"], row["poisson_high"]) == rates.interval(3, 60)
    none = rates._rate(h.iloc[:0], 60, np.nan)
    assert none["handovers"] == 0 == none["to_ukraine_people"] and np.isnan(none["low"])


def test_a_moving_rate_by_hand(made: Callable[..., Any]) -> None:
    rate = cadence.moving_rate(made("2024-02-01", "2024-02-10"), days=30)
    assert rate.index[0] == pd.Timestamp("2024-01-01") and rate.iloc[:29].isna().all()
    by_day = rate[["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-10", "2024-03-01"]]
    assert by_day.tolist() == [0, 0, 1, 2, 2]
    assert rate["2024-03-02"] == 1 and rate["2024-03-11"] == 0 == rate["2024-03-31"]
    assert cadence.moving_rate(made("2024-02-01"), days=60)["2024-03-01"] == 0.5


def test_burstiness_and_memory_by_hand() -> None:
    root = np.sqrt(3)
    expected = (root * 0.8 - 1) / ((root - 2) * 0.8 + 1)  # two gaps of 1 and 9: 4 / 5
    assert rhythm.burstiness(np.array([1.0, 9])) == pytest.approx(expected)
    assert rhythm.memory(np.array([1.0, 2, 4])) == pytest.approx(1)
    assert rhythm.memory(np.array([1.0, 2, 1, 3])) == pytest.approx(-np.sqrt(3) / 2)


def test_the_fullest_fortnight_of_silences_by_hand() -> None:
    days = [3, 20, 21, 22, 34, 35, 60]
    end = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(days), "D")
    begin = [pd.Timestamp("2024-01-01"), *end[:-1]]
    gaps = pd.DataFrame({"start": begin, "end": end, "days": days, "censored": False})
    gaps["reading"] = "dense"
    gaps.attrs = {"dense_from": pd.Timestamp("2024-01-01"), "through": pd.Timestamp("2024-12-31")}
    found = cadence.rhythm(gaps, draws=200)
    assert (found.low, found.high, found.inside) == (20, 34, 4), "35 is a day too long"
    assert found.whole_weeks == 2 and 0 < found.p <= 1 and 0 < found.expected < 4
    wide = cadence.rhythm(gaps, width=16, draws=200)
    assert (wide.low, wide.high, wide.inside) == (20, 35, 5)
    few = cadence.rhythm(gaps.iloc[:4], draws=10)
    assert (few.low, few.inside, few.p, few.days.tolist()) == (None, 0, None, [3, 20, 21, 22])
    assert cadence.rhythm(gaps.iloc[:5], draws=10).inside == 4


def test_bodies_after_prisoners_by_hand(build: Callable[..., Any]) -> None:
    told = ["prisoners-2024-01-10", "bodies-2024-01-10", "bodies-2024-01-13", "bodies-2024-01-18"]
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 5} for e in told
    ]
    events = [(e, e.partition("-")[2]) for e in told]
    record = build(events, claims, coverage=covered(*DENSE))
    found = cadence.following(record, within=(0, 3, 7, 8))
    assert found["handovers"].eq(3).all() and found["followed"].tolist() == [1, 2, 2, 3]
    assert found["share"].tolist() == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1])
    # Of 91 days 1, 4, 8 and 9 are so soon after the one exchange, wherever the bodies are moved.
    assert found["reference"].tolist() == pytest.approx([1 / 91, 4 / 91, 8 / 91, 9 / 91])
    # As many as three within eight days only where the first stands on the exchange's day.
    assert found["p"].iloc[3] == pytest.approx(1 / 91)


# --- the window, units and months by hand -------------------------------------------------------


def test_a_window_is_the_last_unbroken_stretch(made: Callable[..., Any]) -> None:
    spans = [
        ("2024-01-01", "2024-01-10", "dense"),
        ("2024-01-12", "2024-01-14", "thin"),
        ("2024-01-15", "2024-01-25", "dense"),
        ("2024-01-26", "2024-01-31", "thin"),
    ]
    record = made("2024-01-13", "2024-03-01", spans=spans)

    def told(**more: Any) -> list[Any]:
        w = units.window(record, **more)
        return [None if d is None else d.day for d in (w.first, w.dense_from, w.through)]

    assert told() == [12, 15, 25], "the eleventh was not read, the last thin days tell nothing"
    assert units.window(record).days == 14
    assert told(since="2024-01-14") == [14, 15, 25] and told(since="2024-01-20") == [20, 20, 25]
    assert told(until=pd.Timestamp("2024-01-10")) == [1, 1, 10]
    assert told(until=pd.Timestamp("2024-01-11")) == [1, 1, 10]
    assert told(until=pd.Timestamp("2024-01-14")) == [1, 1, 10], "thin reading ends no window"
    assert told(until=pd.Timestamp("2024-01-15")) == [12, 15, 15]
    assert units.window(record, since="2024-02-01").days == 0
    assert units.window(record, until=pd.Timestamp("2023-12-31")) is None
    thin = made("2024-01-13", spans=[("2024-01-05", "2024-01-08", "thin")])
    w = units.window(thin)
    assert w == units.Window(pd.Timestamp("2024-01-05"), None, pd.Timestamp("2024-01-08"))
    rows = covered(("2024-01-01", "2024-01-20", "dense"))
    rows[1] = rows[1] | {"read_from": "2024-01-04", "read_through": "2024-01-18"}
    rows[3] = rows[3] | {"density": "thin"}
    levels = {k: units._levels(type("R", (), levelled(rows))(), k)[1].tolist() for k in units.KINDS}
    assert levels["prisoners"] == [0] * 3 + [2] * 15 + [0] * 2, "of the side read least"
    assert levels["bodies"] == [1] * 20 and levels["either"] == [0] * 3 + [1] * 15 + [0] * 2


def levelled(rows: list[dict[str, str]]) -> dict[str, Any]:
    cover = pd.DataFrame(rows)
    days = {c: pd.to_datetime(cover[c]) for c in ("read_from", "read_through")}
    return {"coverage": lambda self: cover.assign(**days), "last_day": pd.Timestamp("2024-12-31")}


def test_units_by_hand() -> None:
    day = pd.Timestamp("2024-02-01")
    at = [0, 1, 8, 9, 20]
    e = pd.DataFrame({"event_id": [f"e{i}" for i in range(5)], "monthly": [False] * 4 + [True]})
    e["deal_id"] = ["a", "a", "b", "b", "c"]
    e["earliest"] = [day + pd.Timedelta(days=n) for n in at]
    e["latest"] = e["earliest"] + pd.to_timedelta([0, 0, 0, 0, 8], "D")
    e["to_ukraine"] = pd.array([5, None, None, None, 3], dtype="Int64")
    e["to_russia"] = pd.array([1, 2, 0, None, 4], dtype="Int64")
    w = units.Window(day, day, day + pd.Timedelta(days=8))
    deals = units.units(e, w, "deal")
    assert deals["unit_id"].tolist() == ["a", "b", "b", "c"], "b is split where the window ends"
    assert deals["counted"].tolist() == [True, True, False, False]
    assert deals["events"].tolist() == [2, 1, 1, 1]
    assert deals["event_ids"].tolist() == ["e0;e1", "e2", "e3", "e4"]
    assert [(a.day, b.day) for a, b in zip(deals["start"], deals["end"], strict=True)] == [
        (1, 2),
        (9, 9),
        (10, 10),
        (25, 25),  # the middle of 21 to 29 February
    ]
    assert deals["monthly"].tolist() == [False, False, False, True]
    assert (deals["earliest"].iloc[3].day, deals["latest"].iloc[3].day) == (21, 29)
    assert deals["to_ukraine"].fillna(-1).tolist() == [5, -1, -1, 3], "unknown is not zero"
    assert deals["to_ukraine_unknown"].tolist() == [1, 1, 1, 0]
    assert deals["to_russia"].fillna(-1).tolist() == [3, 0, -1, 4]
    later = units.units(e, w, "day", day + pd.Timedelta(days=8))
    assert later["unit_id"].tolist() == ["e2", "e3", "e4"]
    assert not units.units(e, None, "day")["counted"].any()


def test_a_handover_of_a_month_lies_between_its_first_day_and_the_page(
    build: Callable[..., Any],
) -> None:
    days = {"bodies-2024-01": "2024-01-01", "bodies-2024-02": "2024-02-01"}
    days["bodies-2024-03-05"] = "2024-03-05"
    claims = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 5, "on": on}
        for e, on in zip(days, ("2024-01-21", "2024-04-01", "2024-03-09"), strict=True)
    ]
    events, _ = units.prepared(build(days.items(), claims), "bodies", "best", False)
    latest = [f"{d:%m-%d}" for d in events["latest"]]
    assert latest == ["01-21", "02-29", "03-05"]
    assert events["monthly"].tolist() == [True, True, False]


def test_months_by_hand(made: Callable[..., Any]) -> None:
    spans = [("2023-11-01", "2023-12-31", "thin"), ("2024-01-01", "2024-02-10", "dense")]
    record = made("2023-12-05", "2024-02-05", "2024-02-06", "2024-03-01", spans=spans)
    m = cadence.monthly(record).set_index(["year", "month"])
    assert m.index.tolist() == [(y, n) for y in (2023, 2024) for n in range(1, 13)]
    held = m["days"][m["days"] > 0]
    assert held.to_dict() == {(2023, 12): 1, (2024, 2): 2, (2024, 3): 1}
    reading = m["reading"].tolist()
    assert reading[:10] == ["before"] * 10 and reading[10:12] == ["thin"] * 2
    assert reading[12:15] == ["dense", "thin", "unread"] and reading[15:] == ["after"] * 9


def test_the_range_of_what_is_detected_is_the_exact_binomial_one() -> None:
    at = np.sort(np.random.default_rng(1).choice(900, 40, replace=False))
    found = cadence.detectability(at, 900, factors=(1, 2, 9), runs=20).set_index("factor")
    told = (found["detected"] * 20).round().astype(int)
    assert 20 == told[9] > told[2] > told[1], "a small change is told less often"
    for factor, k in told.items():
        exact = stats.binomtest(int(k), 20).proportion_ci(0.95, "exact")
        assert found.loc[factor, ["low", "high"]].tolist() == pytest.approx([exact.low, exact.high])


def test_where_the_open_silence_stands_by_hand() -> None:
    found = cadence.summary(as_gaps([10, 20, 30], still=20))
    assert (found.open_days, found.shorter, found.equal, found.longer) == (20, 1, 1, 1)
    assert found.share_of_days == pytest.approx(10 / 60), "of all silent days, those past the 20th"
    assert (found.closed, found.longest, found.dense_closed) == (3, 30, 3)
    assert (found.mean_closed, found.mean_at_risk) == (20, pytest.approx(80 / 3))
    ended = cadence.summary(as_gaps([10, 20, 30]).iloc[:3])
    assert (ended.open_days, ended.open_since, ended.share_of_days) == (None, None, None)
    assert (ended.shorter, ended.equal, ended.longer) == (0, 0, 0)


@pytest.mark.parametrize(
    ("agreed", "deals", "told"),
    [("2024-01-01", 3, True), ("2023-12-31", 3, False), ("2024-01-01", 2, False)],
)
def test_talks_are_a_landmark_from_three_deals_and_from_the_first_day_read_on(
    made: Callable[..., Any], agreed: str, deals: int, told: bool
) -> None:
    r = made("2024-01-05", "2024-01-15", "2024-02-20")
    t = dict(r.tables)
    t["events"] = t["events"].assign(agreement_id=["talks"] * deals + [""] * (3 - deals))
    talks = {
        "agreement_id": "talks",
        "name": "Talks",
        "place": "Geneva",
        "mediators": "",
        "note": "",
    }
    first = pd.Timestamp(agreed)
    more = talks | {"agreement_id": "more", "agreed_on": first + pd.Timedelta(days=9)}
    t["agreements"] = pd.DataFrame([talks | {"agreed_on": first}, more])  # of which nothing came
    marks = cadence.landmarks(type(r)(type(r.tables)(t), r.digest))
    rows = [(f"{m.day:%Y-%m-%d}", m.place) for m in marks.itertuples()]
    assert rows == [*[(agreed, "Geneva")] * told, ("2024-01-15", "")]
    assert marks["days"].iloc[-1] == 36 and marks["days"].isna().sum() == told


def test_five_deals_are_tested_for_regimes_and_five_silences_for_their_lengths(
    made: Callable[..., Any],
) -> None:
    days = ["2024-01-05", "2024-01-15", "2024-02-01", "2024-02-20", "2024-02-26", "2024-03-05"]
    for n, tested in ((4, set()), (5, {"regimes"}), (6, {"regimes", "burstiness", "rhythm"})):
        told = cadence.error_budget(made(*days[:n]))
        told = told[told["kind"] == "prisoners"].set_index("name")
        assert told.loc["regimes", "n"] == n and told.loc["rhythm", "n"] == n - 1
        known = set(told.index[told["p"].notna()])
        assert known & {"regimes", "burstiness", "rhythm"} == tested
