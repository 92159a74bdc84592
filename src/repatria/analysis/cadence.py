"""How often handovers come, how irregular they are and how long the present silence is.

Two units: the *day* (a day with at least one handover) and the *deal* (the days of one agreement). A gap is the
silence between two units: from the last day of what came before to the first day of the next. The open gap is
right-censored at the last day that was densely searched; later handovers are listed, never counted.
Method and reasons: docs/method-cadence.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from astropy.stats import bayesian_blocks
from scipy import stats
from statsmodels.stats.multitest import multipletests

from repatria.record import names
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Day, Record, day

KINDS = {"prisoners": ("prisoners",), "bodies": ("bodies",), "either": ("bodies", "prisoners")}
UNITS = ("day", "deal")
PERIODS = ("all", "reading", "year", "regime")
_NAMES = names.KIND_WORDS | {"either": ("handover of either kind", "handovers of either kind")}
ONE, MANY = ({kind: _NAMES[kind][i] for kind in KINDS} for i in (0, 1))
WITHIN = (7, 14, 30, 60)  # days ahead for which a chance is given
MONTH = 30  # days of exposure a rate is given for
SEED = 20220224
ONE_DAY = pd.Timedelta(days=1)


def _checked(kind: str, unit: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
    if unit not in UNITS:
        raise ValueError(f"unit: {unit!r} is none of {', '.join(UNITS)}")


@dataclass(frozen=True)
class Window:
    """The unbroken stretch of days in which handovers are counted.

    `first` to `through` was read without a hole; silence means something from `dense_from` on (None: nowhere yet).
    `through` is the last densely searched day, or the last thinly read one while there is no dense reading.
    """

    first: pd.Timestamp
    dense_from: pd.Timestamp | None
    through: pd.Timestamp

    @property
    def days(self) -> int:
        """How many days the window has, both ends included; 0 if it ends before it begins."""
        return max(0, (self.through - self.first).days + 1)


@lru_cache(maxsize=32)
def _levels(record: Record, kind: str) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Return how well each day was read, for the side and kind read least: 0 not, 1 thinly, 2 densely."""
    cover = record.coverage()
    cover = cover[cover["kind"].isin(KINDS[kind])]
    if cover.empty:
        return pd.DatetimeIndex([]), np.array([], dtype=int)
    days = pd.date_range(cover["read_from"].min(), min(cover["read_through"].max(), record.last_day))
    worst = np.full(len(days), 2)
    for k in KINDS[kind]:
        for side in ("ukraine", "russia"):
            level = np.zeros(len(days), dtype=int)
            for c in cover[(cover["kind"] == k) & (cover["side"] == side)].itertuples():
                inside = (days >= c.read_from) & (days <= c.read_through)
                level[inside] = np.maximum(level[inside], 2 if c.density == "dense" else 1)
            worst = np.minimum(worst, level)
    return days, worst


def window(
    record: Record, kind: str = "prisoners", since: Day | None = None, until: pd.Timestamp | None = None
) -> Window | None:
    """Return the counted window of a kind, or None if no day of it was read. For "either", both must be read.

    `until`: as if the record had been viewed on that day.
    """
    _checked(kind, "day")
    days, worst = _levels(record, kind)
    if until is not None:
        worst = worst[: days.searchsorted(until, side="right")]
    reached = np.flatnonzero(worst == 2 if (worst == 2).any() else worst == 1)
    if not reached.size:
        return None
    last = int(reached[-1])
    holes, thin = (np.flatnonzero(worst[: last + 1] < level) for level in (1, 2))
    first = int(holes[-1]) + 1 if holes.size else 0
    dense = (int(thin[-1]) + 1 if thin.size else 0) if worst[last] == 2 else None
    begin = days[first] if not since else max(days[first], day(since, "since"))
    return Window(begin, None if dense is None else max(days[dense], begin), days[last])


@lru_cache(maxsize=128)
def prepared(record: Record, kind: str, lens: str, disputed: bool) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return the events units are made of, with the earliest and latest day each can have had, and the coverage.

    Not to be changed. Without attrs: pandas copies those deeply at every step.
    """
    e = record.events(lens=lens, disputed=True)
    coverage = [c for c in e.attrs["coverage"] if c["kind"] in KINDS[kind]]
    e.attrs = {}
    e = e[e["kind"].isin(KINDS[kind]) & (e["status"].isin(["took_place", "disputed"] if disputed else ["took_place"]))]
    monthly = (e["date_precision"] == "month").to_numpy()
    month_end = e["date"] + pd.offsets.MonthEnd(0)
    latest = month_end.where(~(e["known_on"] < month_end), e["known_on"]).where(monthly, e["date"])
    return e.assign(earliest=e["date"], latest=latest.clip(lower=e["date"]), monthly=monthly), coverage


def units(e: pd.DataFrame, w: Window | None, unit: str, since: pd.Timestamp | None = None) -> pd.DataFrame:
    """Gather prepared events into units; columns as `handovers` returns them."""
    e = e.assign(date=e["earliest"] + (e["latest"] - e["earliest"]) // 2 // ONE_DAY * ONE_DAY)
    if since is not None:
        e = e[e["date"] >= since]
    counted = (e["date"] >= w.first) & (e["date"] <= w.through) if w else pd.Series(False, index=e.index)
    e = e.assign(counted=counted).sort_values(["date", "event_id"])
    # Runs of one deal (or day), split where the window ends; reduceat is ten times faster than agg here.
    group = e.groupby(["deal_id" if unit == "deal" else "date", "counted"], sort=False).ngroup().to_numpy()
    e = e.iloc[np.argsort(group, kind="stable")]
    at = np.flatnonzero(np.diff(np.sort(group), prepend=-1))
    first, last = e.iloc[at], e.iloc[np.append(at, len(e))[1:] - 1]
    ids = e["event_id"].tolist()
    columns: dict[str, Any] = {
        "unit_id": first["deal_id" if unit == "deal" else "event_id"].array,
        "start": first["date"].array,
        "end": last["date"].array,
        "events": np.diff(at, append=len(e)),
        "event_ids": pd.array([";".join(ids[a:b]) for a, b in pairwise([*at, len(e)])], dtype="str"),
        "counted": first["counted"].to_numpy(bool),
        "monthly": np.logical_or.reduceat(e["monthly"].to_numpy(bool), at) if len(e) else [],
        "earliest": first["earliest"].array,
        "latest": last["latest"].array,
    }
    for d in DIRECTIONS:
        unknown = e[d].isna().to_numpy()
        persons = e[d].fillna(0).to_numpy("int64")
        columns[f"{d}_unknown"] = np.add.reduceat(unknown.astype(int), at) if len(e) else []
        known = pd.array(np.add.reduceat(persons, at) if len(e) else [], dtype="Int64")
        known[columns[f"{d}_unknown"] == columns["events"]] = pd.NA
        columns[d] = known
    out = pd.DataFrame(columns).sort_values(["start", "unit_id"], ignore_index=True)
    return out.astype({"counted": "bool", "monthly": "bool", "events": "int64"}
                     | {f"{d}_unknown": "int64" for d in DIRECTIONS})  # fmt: skip


def handovers(
    record: Record,
    kind: str = "prisoners",
    unit: str = "day",
    since: Day | None = None,
    lens: str = "best",
    disputed: bool = False,
) -> pd.DataFrame:
    """Return one row per unit (day or deal), oldest first.

    Columns: unit_id (its first event or its deal), start and end (days), events (how many), event_ids (joined by
    `;`), counted (False: after the window, listed only), monthly (the day is not known: it stands in the middle of
    `earliest`..`latest`) and, per direction, the sum of known counts (Int64, missing if none is known) and
    `_unknown`, the events without one. Disputed events are left out unless asked for. `attrs`: kind, unit, lens,
    first, dense_from, through (days or None), as_of, coverage, disputed (how many were left out).
    Raises ValueError for an unknown kind, unit or lens.
    """
    _checked(kind, unit)
    w = window(record, kind, since)
    e, coverage = prepared(record, kind, lens, disputed=True)
    left_out = 0 if disputed else int((e["status"] == "disputed").sum())
    if left_out:
        e = e[e["status"] != "disputed"]
    out = units(e, w, unit, day(since, "since") if since else None)
    out.attrs = {
        "kind": kind,
        "unit": unit,
        "lens": lens,
        "first": w.first if w else None,
        "dense_from": w.dense_from if w else None,
        "through": w.through if w else None,
        "as_of": record.last_day,
        "coverage": coverage,
        "disputed": left_out,
    }
    return out


def silences(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (index of the unit that ends each silence, its length in days) for units given as whole days.

    A unit that begins before everything earlier has ended leaves no silence.
    """
    order = np.argsort(starts, kind="stable")
    until = np.maximum.accumulate(ends[order])
    days = starts[order][1:] - until[:-1]
    return order[1:][days > 0], days[days > 0]


def gaps(record: Record, kind: str = "prisoners", unit: str = "day", since: Day | None = None) -> pd.DataFrame:
    """Return the gaps between handovers, oldest first, the open one last.

    Columns: start (last day of what came before), end (first day of the next; NaT while open), days (int), censored
    (True for the open gap, which ends at min(last searched day, as-of day)), reading (dense, thin, or part: begins in
    thin reading), before and after (unit ids around it; "" while open). `since` takes handovers from a day on;
    default: the start of the record, whose early months were read thinly. `attrs` as in `handovers`, with units (how
    many are counted) and listed (how many lie past the searched day).
    Raises ValueError for an unknown kind or unit.
    """
    every = handovers(record, kind, unit, since)
    attrs, every.attrs = every.attrs, {}
    h = every[every["counted"]].reset_index(drop=True)
    start = h["start"].to_numpy("datetime64[D]").astype(int)
    end = h["end"].to_numpy("datetime64[D]").astype(int)
    closed_by, _ = silences(start, end)
    until = h["end"].cummax()
    rows = [(until[i - 1], h["start"][i], False, h["unit_id"][i - 1], h["unit_id"][i]) for i in closed_by]
    through = attrs["through"]
    if len(h):
        rows.append((until.iloc[-1], pd.NaT, True, h["unit_id"].iloc[-1], ""))
    out = pd.DataFrame(rows, columns=["start", "end", "censored", "before", "after"]).astype(
        {"start": "datetime64[s]", "end": "datetime64[s]", "censored": "bool", "before": "str", "after": "str"}
    )
    last = out["end"].fillna(through) if through is not None else out["end"]
    out.insert(2, "days", (last - out["start"]).dt.days.astype("int64"))
    dense = attrs["dense_from"]
    reading = np.where(out["start"] >= dense, "dense", np.where(last < dense, "thin", "part")) if dense else "thin"
    out.insert(4, "reading", pd.Series(reading, index=out.index, dtype="str"))
    out.attrs = {**attrs, "units": len(h), "listed": int((~every["counted"]).sum())}
    return out


def _censored(g: pd.DataFrame) -> stats.CensoredData:
    days = g["days"].to_numpy(dtype=float)
    return stats.CensoredData(days[~g["censored"]], right=days[g["censored"]])


def survival(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the Kaplan-Meier curve of gap lengths: the share of silences longer than so many days.

    Columns: days, survival, low, high (95 %, log-log; missing where undefined), at_risk (gaps that reached the day).
    Begins at day 0. `scipy.stats.ecdf` on right-censored data.
    """
    columns = ["days", "survival", "low", "high", "at_risk"]
    if gaps.empty:
        return pd.DataFrame(columns=columns, dtype=float)
    sf = stats.ecdf(_censored(gaps)).sf
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # undefined where the curve is 0 or 1: left missing
        band = sf.confidence_interval(method="log-log")
    at_risk = (gaps["days"].to_numpy()[:, None] >= sf.quantiles).sum(axis=0)
    steps = zip(sf.quantiles, sf.probabilities, band.low.probabilities, band.high.probabilities, at_risk, strict=True)
    return pd.DataFrame([(0.0, 1.0, 1.0, 1.0, len(gaps)), *steps], columns=columns)


@dataclass(frozen=True)
class Silence:
    """Completed gaps and the open one. Days; None where nothing can be said.

    mean_at_risk divides all days of silence, the open gap's too, by the completed gaps; mean_closed drops the open
    gap and is too short. share_of_days: on how much of the time between handovers the silence had already lasted as
    long as the open one. That is the fair comparison, because a silence one stands in tends to be a long one.
    """

    kind: str
    unit: str
    units: int
    closed: int
    median: float | None
    median_low: float | None
    median_high: float | None
    mean_closed: float | None
    mean_at_risk: float | None
    longest: int | None
    open_days: int | None
    open_since: pd.Timestamp | None
    through: pd.Timestamp | None
    dense: bool
    shorter: int
    equal: int
    longer: int
    share_of_days: float | None


def summary(gaps: pd.DataFrame) -> Silence:
    """Summarise what `gaps` returned: Kaplan-Meier median with its 95 % band, mean by time at risk, where the open
    gap stands among the completed ones."""
    a = gaps.attrs
    closed = gaps.loc[~gaps["censored"], "days"]
    is_open = gaps[gaps["censored"]]
    days = int(is_open["days"].iloc[0]) if len(is_open) else None
    curve = survival(gaps)
    half = [curve.loc[curve[c] <= 0.5, "days"] for c in ("survival", "low", "high")]
    median, low, high = (float(h.iloc[0]) if len(h) else None for h in half)
    n = len(closed)
    aged = float((closed - days).clip(lower=0).sum() / closed.sum()) if n and days is not None else None
    return Silence(
        a["kind"], a["unit"], a["units"], n, median, low, high,
        float(closed.mean()) if n else None, float(gaps["days"].sum() / n) if n else None,
        int(closed.max()) if n else None, days, is_open["start"].iloc[0] if len(is_open) else None, a["through"],
        a["dense_from"] is not None,
        *((int((closed < days).sum()), int((closed == days).sum()), int((closed > days).sum())) if days is not None
          else (0, 0, 0)),
        aged,
    )  # fmt: skip


def chance(gaps: pd.DataFrame, within: Sequence[int] = WITHIN, silent: int | None = None) -> pd.DataFrame:
    """Return the chance of a handover within h days, given g days of silence: 1 - S(g + h) / S(g).

    `silent` is g; default: the open gap. Columns: silent, within, chance, low, high (95 %, Kaplan-Meier on the gaps
    longer than g), at_risk (how many those are). Missing where no completed gap was longer, or where the longest
    was shorter than g + h and open.
    """
    if silent is None:
        still = gaps.loc[gaps["censored"], "days"]
        silent = int(still.iloc[0]) if len(still) else 0
    rest = gaps[gaps["days"] > silent]
    curve = survival(rest)
    rows = []
    for h in within:
        past = curve[curve["days"] <= silent + h]
        known = len(rest) > 0 and (silent + h <= rest["days"].max() or not rest["censored"].any())
        s = past.iloc[-1] if known else {"survival": np.nan, "low": np.nan, "high": np.nan}
        low, high = 1 - s["high"], 1 - s["low"]
        if s["survival"] == 0:  # every one came: the band is undefined there, the exact binomial bound is not
            low, high = 0.025 ** (1 / len(rest)), 1.0
        rows.append((silent, h, 1 - s["survival"], low, high, len(rest)))
    return pd.DataFrame(rows, columns=["silent", "within", "chance", "low", "high", "at_risk"])


def interval(count: float, days: float, dispersion: float = 1.0, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a rate per 30 days: exact Poisson (Garwood), or quasi-Poisson with a dispersion.

    With dispersion k the count is read as k times a Poisson count of count / k: it widens by about sqrt(k) and
    stays defined at zero.
    """
    tail, n = (1 - level) / 2, count / dispersion
    low = stats.chi2.ppf(tail, 2 * n) / 2 if n else 0.0
    high = stats.chi2.ppf(1 - tail, 2 * n + 2) / 2
    return float(low * dispersion * MONTH / days), float(high * dispersion * MONTH / days)


def _days(h: pd.DataFrame, w: Window) -> np.ndarray:
    """Return the first days of units as whole days from the window's first."""
    return (h["start"] - w.first).dt.days.to_numpy(dtype="int64")


def blocks(days: np.ndarray, length: int, p0: float = 0.05) -> list[tuple[int, int]]:
    """Split `length` days with handovers on whole days (from 0, ties allowed) into stretches of constant rate.

    Returns (first, last) days. Bayesian blocks (Scargle and others 2013, astropy), events fitness. The ends of the
    window enter as cells without an event, so that silence before the first and after the last handover counts.
    """
    if not len(days):
        return [(0, length - 1)]
    at, count = np.unique(days, return_counts=True)
    edges = bayesian_blocks(np.r_[0, at + 0.5, length], np.r_[0, count, 0], fitness="events", p0=p0)
    first = np.ceil(edges[:-1]).astype(int)
    return list(zip(first.tolist(), [*(first[1:] - 1).tolist(), length - 1], strict=True))


def detectability(
    handovers: int, days: int, factors: Sequence[float] = (1, 2, 3), p0: float = 0.05, runs: int = 100, seed: int = SEED
) -> pd.DataFrame:
    """Return how often `blocks` finds a change of rate, by seeded simulation of as many handovers in as many days.

    Factor 1 is a constant rate: its share is the false-alarm rate. Else the rate changes by the factor at mid-window
    (up or down is the same by symmetry), with half the runs. Columns: factor, detected, low, high (95 %, exact binomial over the runs).
    """
    rng = np.random.default_rng(seed)
    rows = []
    for factor in factors:
        found = 0
        tries = runs if factor == 1 else runs // 2
        for _ in range(tries):
            late = rng.random(handovers) < factor / (1 + factor)
            at = (rng.random(handovers) + late) * days / 2
            found += len(blocks(at.astype(int), days, p0)) > 1
        ci = stats.binomtest(found, tries).proportion_ci(method="exact")
        rows.append((factor, found / tries, ci.low, ci.high))
    return pd.DataFrame(rows, columns=["factor", "detected", "low", "high"])


def _periods(by: str, h: pd.DataFrame, w: Window, p0: float) -> list[tuple[str, pd.Timestamp, pd.Timestamp]]:
    if by == "all":
        return [("all", w.first, w.through)]
    if by == "year":
        return [
            (str(y), max(w.first, pd.Timestamp(y, 1, 1)), min(w.through, pd.Timestamp(y, 12, 31)))
            for y in range(w.first.year, w.through.year + 1)
        ]
    if by == "reading":
        split = w.dense_from if w.dense_from is not None else w.through + ONE_DAY
        both = [("thinly read", w.first, split - ONE_DAY), ("densely read", split, w.through)]
        return [(name, a, b) for name, a, b in both if a <= b]
    found = blocks(_days(h, w), w.days, p0)
    return [(f"{i}", w.first + a * ONE_DAY, w.first + b * ONE_DAY) for i, (a, b) in enumerate(found, start=1)]


def rates(
    record: Record, kind: str = "prisoners", unit: str = "day", by: str = "year", since: Day | None = None,
    lens: str = "best", p0: float = 0.05,
) -> pd.DataFrame:  # fmt: skip
    """Return handovers and people per 30 days of exposure, one row per period: all, reading, year or regime.

    Columns: period, first, last, days (exposure), reading, handovers, per_30_days, poisson_low, poisson_high (exact,
    95 %), low, high (95 %, quasi-Poisson with `dispersion`, pooled Pearson chi-square of 30-day counts around the
    periods' own rates, at least 1; missing where there are too few months) and per direction `_people` (known
    persons), `_per_30_days`, `_low`, `_high` (the unit is the handover, not the person: compound Poisson) and
    `_unknown` (events without a figure: the rate is of the known only). A deal counts in the period it begins in.
    Regimes are Bayesian blocks at `p0`. Raises ValueError for an unknown kind, unit or `by`.
    """
    if by not in PERIODS:
        raise ValueError(f"by: {by!r} is none of {', '.join(PERIODS)}")
    h = handovers(record, kind, unit, since, lens)
    attrs, h.attrs = h.attrs, {}
    h = h[h["counted"]].reset_index(drop=True)
    w = window(record, kind, since)
    periods = _periods(by, h, w, p0) if w and w.days else []
    inside = [((h["start"] >= a) & (h["start"] <= b)).to_numpy() for _, a, b in periods]

    chi2, bins = 0.0, 0
    for (_, a, b), mask in zip(periods, inside, strict=True):
        whole = ((b - a).days + 1) // MONTH
        month = (h["start"][mask] - a).dt.days // MONTH
        counts = np.bincount(month[month < whole], minlength=whole)
        if whole > 1 and counts.sum():
            chi2 += ((counts - counts.mean()) ** 2).sum() / counts.mean()
            bins += whole - 1
    dispersion = max(1.0, chi2 / bins) if bins else np.nan

    rows = []
    for (name, a, b), mask in zip(periods, inside, strict=True):
        days, n = (b - a).days + 1, int(mask.sum())
        dense = w.dense_from if w else None
        row: dict[str, Any] = {
            "period": name, "first": a, "last": b, "days": days,
            "reading": "thin" if dense is None or b < dense else "dense" if a >= dense else "part",
            "handovers": n, "per_30_days": n * MONTH / days,
        }  # fmt: skip
        row["poisson_low"], row["poisson_high"] = interval(n, days)
        row["low"], row["high"] = interval(n, days, dispersion) if bins else (np.nan, np.nan)
        row["dispersion"] = dispersion
        for d in DIRECTIONS:
            size = h.loc[mask & (h[f"{d}_unknown"] < h["events"]).to_numpy(), d].astype("float64")
            total = float(size.sum()) if len(size) or not n else np.nan  # handovers without any figure: not known
            row[f"{d}_people"], row[f"{d}_per_30_days"] = total, total * MONTH / days
            row[f"{d}_low"] = row[f"{d}_high"] = np.nan
            if bins and total > 0 and len(size) > 1:
                per_person = size.var(ddof=0) / size.mean() + dispersion * size.mean()
                row[f"{d}_low"], row[f"{d}_high"] = interval(total, days, per_person)
            row[f"{d}_unknown"] = int(h.loc[mask, f"{d}_unknown"].sum())
        rows.append(row)
    out = pd.DataFrame(rows)
    out = out.astype({f"{d}_people": "Int64" for d in DIRECTIONS} if rows else {})
    out.attrs = {**attrs, "by": by, "units": len(h)}
    return out


def logrank(gaps: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Compare gap lengths between neighbouring periods (rows of `rates`) by `scipy.stats.logrank`.

    A gap belongs to the period it begins in. Columns: earlier, later (periods), gaps_earlier, gaps_later, median_*
    (Kaplan-Meier), statistic, p, p_holm. Pairs with no completed gap on one side are left out. Regimes were found in
    the same data, so their p is too small: read it as a description.
    """
    parts = []
    for p in periods.itertuples():
        part = gaps[(gaps["start"] >= p.first) & (gaps["start"] <= p.last)]
        part.attrs = gaps.attrs
        if (~part["censored"]).any():
            parts.append((p.period, part))
    rows = []
    for (name, x), (other, y) in pairwise(parts):
        test = stats.logrank(_censored(x), _censored(y))
        rows.append((name, other, len(x), len(y), summary(x).median, summary(y).median, test.statistic, test.pvalue))
    out = pd.DataFrame(rows, columns=["earlier", "later", "gaps_earlier", "gaps_later", "median_earlier",
                                      "median_later", "statistic", "p"])  # fmt: skip
    return out.assign(p_holm=_holm(out["p"]))


def _holm(p: pd.Series) -> np.ndarray:
    return multipletests(p, method="holm")[1] if len(p) else np.array([], dtype=float)


def burstiness(days: np.ndarray) -> np.ndarray:
    """Return finite-size burstiness along the last axis: -1 regular, 0 Poisson, 1 bursty (Kim & Jo 2016, eq. 28)."""
    n, r = days.shape[-1], days.std(axis=-1) / days.mean(axis=-1)
    return (np.sqrt(n + 1) * r - np.sqrt(n - 1)) / ((np.sqrt(n + 1) - 2) * r + np.sqrt(n - 1))


def memory(days: np.ndarray) -> np.ndarray:
    """Return the memory coefficient along the last axis: correlation of a gap with the next (Goh & Barabasi 2008)."""
    x, y = days[..., :-1], days[..., 1:]
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (x * y).mean(axis=-1) / (x.std(axis=-1) * y.std(axis=-1))


def irregularity(gaps: pd.DataFrame, draws: int = 1000, seed: int = SEED) -> pd.DataFrame:
    """Return burstiness and memory of the completed gaps beside two references (95 % bands, seeded).

    Columns: measure, value, poisson_low, poisson_high (as many exponential gaps), shuffled_low, shuffled_high (as
    many handovers on random different days of the same window), gaps, outside (beyond both bands).
    Empty with fewer than 5 completed gaps.
    """
    closed = gaps.loc[~gaps["censored"], "days"].to_numpy(dtype=float)
    n, a = len(closed), gaps.attrs
    columns = ["measure", "value", "poisson_low", "poisson_high", "shuffled_low", "shuffled_high", "gaps", "outside"]
    if n < 5:
        return pd.DataFrame(columns=columns)
    rng = np.random.default_rng(seed)
    length = (a["through"] - a["first"]).days + 1
    poisson = rng.exponential(size=(draws, n))
    days = np.argpartition(rng.random((draws, length)), n, axis=1)[:, : n + 1]
    shuffled = np.diff(np.sort(days, axis=1)).astype(float)
    rows = []
    for name, measure in (("burstiness", burstiness), ("memory", memory)):
        value = float(measure(closed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # memory of gaps all alike: undefined, left missing
            bands = [np.nanquantile(measure(reference), [0.025, 0.975]) for reference in (poisson, shuffled)]
        outside = all(value < low or value > high for low, high in bands)  # a missing value is outside nothing
        rows.append((name, value, *bands[0], *bands[1], n, outside))
    return pd.DataFrame(rows, columns=columns)


def pattern(record: Record, kind: str = "prisoners", unit: str = "deal", by: str = "weekday",
            since: Day | None = None) -> pd.DataFrame:  # fmt: skip
    """Return handovers (first days) by weekday or month against an even spread over the days of the window.

    Columns: slot (Monday.. or January..), days, handovers, expected, p (exact binomial, two-sided), p_holm (over the
    slots). Month-dated handovers are left out. `attrs["p"]`: chi-square of all slots together.
    """
    if by not in ("weekday", "month"):
        raise ValueError(f"by: {by!r} is none of weekday, month")
    h = handovers(record, kind, unit, since)
    h = h[h["counted"] & ~h["monthly"]]
    w = window(record, kind, since)
    if w is None or h.empty or not w.days:
        return pd.DataFrame(columns=["slot", "days", "handovers", "expected", "p", "p_holm"])
    days = pd.date_range(w.first, w.through)
    size = 7 if by == "weekday" else 12
    slot, day_slot = (x.day_of_week if by == "weekday" else x.month - 1 for x in (pd.DatetimeIndex(h["start"]), days))
    count, exposure = np.bincount(slot, minlength=size), np.bincount(day_slot, minlength=size)
    names = [f"{d:%A}" for d in pd.date_range("2024-01-01", periods=7)] if by == "weekday" else [
        f"{d:%B}" for d in pd.date_range("2024-01-01", periods=12, freq="MS")]  # fmt: skip
    out = pd.DataFrame({"slot": names, "days": exposure, "handovers": count})
    out["expected"] = count.sum() * exposure / exposure.sum()
    share = exposure / exposure.sum()
    out["p"] = [stats.binomtest(int(k), int(count.sum()), s).pvalue for k, s in zip(count, share, strict=True)]
    out["p_holm"] = _holm(out["p"])
    read = exposure > 0
    out.attrs = {**h.attrs, "p": float(stats.chisquare(count[read], out["expected"][read]).pvalue)}
    return out


def following(
    record: Record, unit: str = "deal", since: Day | None = None, within: Sequence[int] = (0, 3, 7, 14)
) -> pd.DataFrame:
    """Return how often bodies come within so many days after (or on) a day with a prisoner exchange.

    Columns: within, handovers (of bodies), followed, share, reference, reference_low, reference_high (mean and 95 %
    over every circular shift of the body days in the densely read window, which keeps both rhythms), p (share of
    shifts with at least as many), p_holm. Empty without a densely read window or without either kind.
    """
    columns = ["within", "handovers", "followed", "share", "reference", "reference_low", "reference_high", "p"]
    w = window(record, "either", since)
    if w is None or w.dense_from is None:
        return pd.DataFrame(columns=[*columns, "p_holm"])
    w = Window(w.dense_from, w.dense_from, w.through)
    h = handovers(record, "bodies", unit, w.first)
    bodies = _days(h[h["counted"] & (h["start"] <= w.through)], w)
    h = handovers(record, "prisoners", "day")
    prisoners = _days(h[h["counted"]], w)
    if not bodies.size or not prisoners.size:
        return pd.DataFrame(columns=[*columns, "p_holm"])
    since_last = np.full(w.days, np.inf)
    for p in prisoners:
        since_last[max(p, 0) :] = np.arange(max(p, 0), w.days) - p
    shifted = since_last[(bodies + np.arange(w.days)[:, None]) % w.days]
    rows = []
    for days in within:
        share = (shifted <= days).mean(axis=1)
        low, high = np.quantile(share, [0.025, 0.975])
        at_least = float((share >= share[0] - 1e-12).mean())
        followed = round(share[0] * len(bodies))
        rows.append((days, len(bodies), followed, share[0], share.mean(), low, high, at_least))
    out = pd.DataFrame(rows, columns=columns)
    return out.assign(p_holm=_holm(out["p"]))


def dating(record: Record, kind: str = "prisoners", unit: str = "day", since: Day | None = None, draws: int = 200,
           seed: int = SEED) -> pd.DataFrame:  # fmt: skip
    """Return how far the numbers move with handovers dated by month only and with disputed ones.

    Rows: as used; month-dated left out; month-dated drawn (uniform over the days they can have had: median of
    seeded draws, 95 % range); disputed counted. Columns: variant, handovers, median, mean_at_risk and `_low`,
    `_high` (drawn only). Rows without such handovers are left out.
    """
    rows = []

    used = handovers(record, kind, unit, since)
    through = used.attrs["through"]

    def whole(column: pd.Series) -> np.ndarray:
        return (column - through).dt.days.to_numpy(dtype="int64")  # 0 is the last searched day

    def measured(start: np.ndarray, end: np.ndarray) -> tuple[float, float]:
        _, closed = silences(start, end)
        if not len(closed):
            return np.nan, np.nan
        sf = stats.ecdf(stats.CensoredData(closed.astype(float), right=[float(-end.max())])).sf
        half = sf.quantiles[sf.probabilities <= 0.5]
        return (float(half[0]) if len(half) else np.nan), float((closed.sum() - end.max()) / len(closed))

    h = used[used["counted"]]
    variants = {"as used": h}
    if h["monthly"].any():
        variants["month-dated left out"] = h[~h["monthly"]]
    if used.attrs["disputed"]:
        more = handovers(record, kind, unit, since, disputed=True)
        variants["disputed counted"] = more[more["counted"]]
    for name, v in variants.items():
        if len(v):
            median, mean = measured(whole(v["start"]), whole(v["end"]))
            rows.append({"variant": name, "handovers": len(v), "median": median, "mean_at_risk": mean})
    if h["monthly"].any():
        rng = np.random.default_rng(seed)
        monthly, drawn = h["monthly"].to_numpy(), []
        first, last = whole(h["earliest"]), np.minimum(whole(h["latest"]), 0)
        start, end = whole(h["start"]), whole(h["end"])
        for _ in range(draws):
            at = rng.integers(first, last + 1)
            drawn.append(measured(np.where(monthly, at, start), np.where(monthly, at, end)))
        q = np.quantile(np.array(drawn), [0.5, 0.025, 0.975], axis=0)
        rows.append({"variant": "month-dated drawn", "handovers": len(h), "median": q[0, 0], "mean_at_risk": q[0, 1],
                     "median_low": q[1, 0], "median_high": q[2, 0], "mean_at_risk_low": q[1, 1],
                     "mean_at_risk_high": q[2, 1]})  # fmt: skip
    return pd.DataFrame(rows, columns=["variant", "handovers", "median", "median_low", "median_high", "mean_at_risk",
                                       "mean_at_risk_low", "mean_at_risk_high"])  # fmt: skip


def landmarks(record: Record, kind: str = "prisoners", since: Day | None = None) -> pd.DataFrame:
    """Return what is known beside the rate, as labels and not as causes: day, label.

    The beginning of the longest completed silence between handover days, and the talks (by place and year) under
    which at least three deals of any kind are on record, at the day of the first.
    """
    g = gaps(record, kind, "day", since)
    rows = []
    closed = g[~g["censored"]]
    if len(closed):
        longest = closed.loc[closed["days"].idxmax()]
        rows.append((longest["start"], f"{longest['days']} days without, from {names.day(longest['start'])}"))
    talks = record.agreements()
    talks = talks[(talks["place"] != "") & talks["agreed_on"].notna()]
    talks = talks[talks["agreed_on"] >= g.attrs["first"]] if g.attrs["first"] is not None else talks.iloc[:0]
    held = record.events().groupby("agreement_id")["deal_id"].nunique()
    talks = talks.assign(deals=talks["agreement_id"].map(held).fillna(0))
    for (place, year), t in talks.groupby(["place", talks["agreed_on"].dt.year]):
        if t["deals"].sum() > 2:
            rows.append((t["agreed_on"].min(), f"{place} {year}"))
    return pd.DataFrame(rows, columns=["day", "label"]).sort_values("day", ignore_index=True)


def monthly(record: Record, kind: str = "prisoners", since: Day | None = None) -> pd.DataFrame:
    """Return handover days per calendar month of the years on record: year, month, days, reading.

    reading: dense (every day of the month), unread (none), thin (anything between), after (later than the as-of day)
    or before (earlier than the record or `since`). Handover days past the searched day are in `days`: the reading says
    how much they mean.
    """
    h = handovers(record, kind, "day", since)
    days, level = _levels(record, kind)
    read = pd.Series(level, index=days)
    first = h.attrs["first"] if h.attrs["first"] is not None else record.last_day
    rows = []
    for year in range(min(first, record.last_day).year, record.last_day.year + 1):
        for month in range(1, 13):
            start = pd.Timestamp(year, month, 1)
            span = pd.date_range(start, start + pd.offsets.MonthEnd(0))
            worst = read.reindex(span, fill_value=0)
            n = int(h["start"].between(span[0], span[-1]).sum())
            if span[0] > record.last_day:
                reading = "after"
            elif span[-1] < first:
                reading = "before"
            else:
                reading = "dense" if (worst == 2).all() else "unread" if (worst == 0).all() else "thin"
            rows.append((year, month, n, reading))
    out = pd.DataFrame(rows, columns=["year", "month", "days", "reading"])
    out.attrs = h.attrs
    return out


def moving_rate(record: Record, kind: str = "prisoners", unit: str = "day", since: Day | None = None,
                days: int = 90) -> pd.Series:  # fmt: skip
    """Return handovers per 30 days in the `days` up to each day of the window, indexed by day; the first are missing."""
    h = handovers(record, kind, unit, since)
    w = window(record, kind, since)
    if w is None or not w.days:
        return pd.Series(dtype=float)
    counts = h.loc[h["counted"], "start"].value_counts().reindex(pd.date_range(w.first, w.through), fill_value=0)
    return counts.rolling(days).sum() * MONTH / days
