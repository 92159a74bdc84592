"""How lopsided: the share of all handed over that went to Russia, with what is and is not in it.

The measure is `share = to_russia / (to_russia + to_ukraine)`, in [0, 1] and defined at zero; "n to 1" is a
reading of it. Nothing is filled: an event enters a share only if both directions have a count.

Three uncertainties stay apart: disagreement (`lenses`, the range of published claims), absence (`bounds`) and
chance (`interval`, whose unit is the exchange, never the body). docs/method-asymmetry.md has formulae and traps.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests

from repatria.analysis.holdings import owners
from repatria.record import names
from repatria.record.rule import ABSENCES, LENSES
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

BY = ("event", "deal", "agreement", "month", "quarter", "year", "total")
UNITS = ("event", "deal")
RESAMPLES = 9999
SEED = 20220224
LEAST = 3  # units on a side below which a test of change has nothing to work with
REGION_OF = dict.fromkeys(("Avdiivka", "Bakhmut", "Marinka", "Vuhledar"), "Donetsk")  # towns of that region


@dataclass(frozen=True)
class Share:
    """A share over events. `share` is missing where no event has a count in both directions, or all counts are zero;
    to_ukraine, to_russia (persons) are of the `events_in`, and say nothing where there is none."""

    share: float | None
    to_ukraine: int
    to_russia: int
    events_in: int
    events_out: int

    @property
    def reading(self) -> str:
        """The share as "n to 1, to Ukraine over to Russia"."""
        if not self.events_in:
            return "no handover with a figure in both directions"
        if self.to_russia == 0 or self.to_ukraine == 0:
            return f"{self.to_ukraine:,} to {self.to_russia:,}, to Ukraine over to Russia"
        ratio = self.to_ukraine / self.to_russia
        text = f"{ratio:,.1f} to 1" if ratio >= 1 else f"1 to {1 / ratio:,.1f}"
        return f"{text}, to Ukraine over to Russia"


def sums(events: pd.DataFrame) -> pd.DataFrame:
    """Return, per direction, the sum of known counts and what it leaves out.

    Columns: direction, persons, low, high (sums over the known), known (events in the sum) and unknown,
    of which zero, withheld, not_reported, not_applicable by absence (zero is known). An open upper end
    counts as the best figure in `high` and is counted in `open_ended`.
    """
    rows = []
    for direction in DIRECTIONS:
        known = events[events[direction].notna()]
        absence = events[f"{direction}_absence"].astype("object").value_counts()
        high = known[f"{direction}_high"]
        rows.append(
            {
                "direction": direction,
                "persons": int(known[direction].sum()),
                "low": int(known[f"{direction}_low"].sum()),
                "high": int(high.fillna(known[direction]).sum()),
                "known": len(known),
                "unknown": len(events) - len(known),
                "open_ended": int(high.isna().sum()),
                **{a: int(absence.get(a, 0)) for a in ABSENCES},
            }
        )
    return pd.DataFrame(rows)


def running(events: pd.DataFrame, direction: str) -> pd.DataFrame:
    """Return the running sum of a direction's known counts by day: date, low, best, high (persons, Int64).

    No row where no count is known. An open upper end counts as the best figure in `high`.
    """
    known = events[events[direction].notna()].sort_values(["date", "event_id"])
    high = known[f"{direction}_high"].fillna(known[direction])
    ends = {"low": known[f"{direction}_low"].cumsum(), "best": known[direction].cumsum(), "high": high.cumsum()}
    return pd.DataFrame({"date": known["date"], **ends}).reset_index(drop=True)


def share(events: pd.DataFrame) -> Share:
    """Return the share over the events that have a count in both directions, and how many do not."""
    both = _both(events)
    to_ukraine, to_russia = int(both["to_ukraine"].sum()), int(both["to_russia"].sum())
    persons = to_ukraine + to_russia
    return Share(
        to_russia / persons if persons else None, to_ukraine, to_russia, len(both), len(events) - len(both)
    )  # fmt: skip


def _both(events: pd.DataFrame) -> pd.DataFrame:
    return events[events["to_ukraine"].notna() & events["to_russia"].notna()]


def _period(events: pd.DataFrame, by: str) -> pd.Series:
    if by in ("month", "quarter", "year"):
        return events["date"].dt.to_period(by[0].upper()).astype("str")
    if by == "total":
        return pd.Series("total", index=events.index, dtype="str")
    return events[f"{by}_id"].mask(events[f"{by}_id"] == "", "no agreement named")


def shares(events: pd.DataFrame, by: str = "total") -> pd.DataFrame:
    """Return the share per event, deal, agreement, month, quarter, year or in total, oldest group first.

    Columns: the group (named `by`), since, until, share, to_ukraine, to_russia (persons in the events that have a
    count in both directions; missing where there is none), events_in, events_out, reading, and per direction how
    many of the group's events are zero, withheld, not_reported, not_applicable (`to_russia_withheld` …).
    A zero is a count and enters. Raises ValueError for an unknown `by`.
    """
    if by not in BY:
        raise ValueError(f"by: {by!r} is none of {', '.join(BY)}")
    rows = []
    for group, part in events.groupby(_period(events, by), sort=False):
        s = share(part)
        row = {by: group, "since": part["date"].min(), "until": part["date"].max(), "share": s.share}
        row |= {d: getattr(s, d) if s.events_in else None for d in DIRECTIONS}
        row |= {"events_in": s.events_in, "events_out": s.events_out, "reading": s.reading}
        for d in DIRECTIONS:
            row |= {f"{d}_{a}": int((part[f"{d}_absence"] == a).sum()) for a in ABSENCES}
        rows.append(row)
    counts = [f"{d}_{a}" for d in DIRECTIONS for a in ABSENCES]
    out = pd.DataFrame(rows, columns=[by, "since", "until", "share", *DIRECTIONS, "events_in", "events_out", "reading",
                                      *counts])  # fmt: skip
    whole = dict.fromkeys((*DIRECTIONS, "events_in", "events_out", *counts), "Int64")
    out = out.astype({by: "str", "share": "float64", "reading": "str", **whole})
    out = out.sort_values(["since", by], ignore_index=True)
    out.attrs = dict(events.attrs)
    return out


# --- absence: what the missing directions could make of the share -----------------------------------------------


def pledged(record: Record, kind: str) -> dict[tuple[str, str], int]:
    """Return the largest number any claimant says was promised, by (agreement_id, direction), for `bounds`."""
    p = record.pledges()
    p = p[(p["kind"] == kind) & p["quantity_high"].notna() & p["direction"].isin(DIRECTIONS)]
    largest = p.groupby(["agreement_id", "direction"], observed=True)["quantity_high"].max()
    return {(str(a), str(d)): int(n) for (a, d), n in largest.items()}


def _fraction(to_russia: float, to_ukraine: float) -> float:
    """Return to_russia / (to_russia + to_ukraine), also where one of the two has no upper limit."""
    if np.isinf(to_russia) or np.isinf(to_ukraine):
        return 0.5 if np.isinf(to_russia) and np.isinf(to_ukraine) else float(np.isinf(to_russia))
    return to_russia / (to_russia + to_ukraine) if to_russia + to_ukraine else np.nan


def bounds(
    events: pd.DataFrame, seen: pd.DataFrame | None = None, pledges: Mapping[tuple[str, str], int] | None = None
) -> pd.DataFrame:
    """Return the lowest and highest share that the published claims and stated caps on missing counts allow.

    One row per `cap`, each unknown count lying anywhere in [0, cap]:
    published  no missing direction is entered: only the range of published claims moves the complete-case share
    largest    the largest count ever published for that direction in `seen` (default: `events`)
    pledge     an agreement's missing counts add up to no more than pledged less what is known; else `largest`.
               Only if `pledges`, {(agreement_id, direction): persons}, is given
    parity     the count of the other direction; where neither is known, two equal counts up to `largest`
    none       no cap
    Columns: cap, low, high, complete_case, holds_complete_case (False: the cap rules out that the missing
    handovers were like the known ones), events_in, events_out, one_way, and per direction missing (unknown
    counts) and cap_<direction> (persons, missing where there is none). Handovers with a direction that is
    `not_applicable` have no share: they are in no row and counted in `one_way`.
    Closed form: the share rises in each count to Russia and falls in each to Ukraine, so its extremes are at
    the corners (Manski's worst case). These are limits, not an interval of chance.
    """
    seen = events if seen is None else seen
    one_way = np.zeros(len(events), dtype=bool)
    for d in DIRECTIONS:
        one_way |= (events[f"{d}_absence"] == "not_applicable").to_numpy()
    e = events[~one_way].reset_index(drop=True)
    complete = share(e)
    largest = {d: float(seen[f"{d}_high"].fillna(seen[d]).max()) if seen[d].notna().any() else np.inf
               for d in DIRECTIONS}  # fmt: skip
    known = {d: e[d].notna().to_numpy() for d in DIRECTIONS}
    low = {d: e[f"{d}_low"].fillna(0).to_numpy(dtype="float64") for d in DIRECTIONS}
    best = {d: e[d].fillna(0).to_numpy(dtype="float64") for d in DIRECTIONS}
    high = {d: e[f"{d}_high"].astype("Float64").to_numpy(dtype="float64", na_value=np.nan) for d in DIRECTIONS}
    is_open = {d: known[d] & np.isnan(high[d]) for d in DIRECTIONS}
    in_both = known["to_ukraine"] & known["to_russia"]

    def top(d: str, cap: float | np.ndarray) -> np.ndarray:
        """Return each event's upper end: published, or the cap where it is missing or has no upper end."""
        return np.where(known[d] & ~is_open[d], high[d], np.maximum(best[d], cap))

    def ends(hi: dict[str, float], lo: dict[str, float]) -> tuple[float, float]:
        return _fraction(lo["to_russia"], hi["to_ukraine"]), _fraction(hi["to_russia"], lo["to_ukraine"])

    floor = {d: low[d].sum() for d in DIRECTIONS}
    rows: dict[str, tuple[float, float]] = {}
    rows["published"] = ends({d: top(d, best[d])[in_both].sum() for d in DIRECTIONS},
                             {d: low[d][in_both].sum() for d in DIRECTIONS})  # fmt: skip
    rows["largest"] = ends({d: top(d, largest[d]).sum() for d in DIRECTIONS}, floor)
    if pledges is not None:
        total = {}
        for d in DIRECTIONS:
            ceiling = top(d, largest[d])
            total[d] = ceiling.sum()
            for agreement in e["agreement_id"].unique():
                if (agreement, d) in pledges:
                    gap = (e["agreement_id"] == agreement).to_numpy() & ~known[d]
                    left = pledges[agreement, d] - seen.loc[seen["agreement_id"] == agreement, f"{d}_low"].sum()
                    total[d] += min(max(float(left), 0.0), ceiling[gap].sum()) - ceiling[gap].sum()
        rows["pledge"] = ends(total, floor)
    other = {"to_ukraine": "to_russia", "to_russia": "to_ukraine"}
    neither = ~known["to_ukraine"] & ~known["to_russia"]
    peak = {d: top(d, largest[d]) for d in DIRECTIONS}
    matched = {d: np.where(known[d], peak[d], np.where(neither, 0.0, peak[other[d]])).sum() for d in DIRECTIONS}
    twins = neither.sum() * min(largest.values()) if neither.any() else 0.0
    corners = [
        ends({d: matched[d] + t for d in DIRECTIONS}, {d: floor[d] + t for d in DIRECTIONS}) for t in {0.0, twins}
    ]
    rows["parity"] = min(c[0] for c in corners), max(c[1] for c in corners)
    rows["none"] = ends({d: top(d, np.inf).sum() for d in DIRECTIONS}, floor)
    out = pd.DataFrame(
        [{"cap": cap, "low": lo, "high": hi, "complete_case": complete.share} for cap, (lo, hi) in rows.items()]
    ).astype({"low": "float64", "high": "float64", "complete_case": "float64"})
    slack = 1e-12
    out["holds_complete_case"] = (out["low"] - slack <= out["complete_case"]) & (
        out["complete_case"] <= out["high"] + slack
    )
    out["events_in"], out["events_out"], out["one_way"] = complete.events_in, complete.events_out, int(one_way.sum())
    for d in DIRECTIONS:
        out[f"missing_{d}"] = int((~known[d]).sum())
        out[f"cap_{d}"] = [None if cap != "largest" or np.isinf(largest[d]) else int(largest[d]) for cap in out["cap"]]
        out[f"cap_{d}"] = out[f"cap_{d}"].astype("Int64")
    out.attrs = dict(events.attrs)
    return out


# --- chance: intervals whose unit is the exchange, never the body -----------------------------------------------


@dataclass(frozen=True)
class Interval:
    """A share with its interval of chance. `low` and `high` are missing (None) where no interval can be given:
    fewer than two units, or no variation between them."""

    share: float | None
    low: float | None
    high: float | None
    level: float
    units: int
    effective_units: float


def units(events: pd.DataFrame, unit: str = "event") -> pd.DataFrame:
    """Return one row per event or deal with its date (the first), to_ukraine, to_russia and persons, by date.

    Only events with a count in both directions enter. The deal is the stricter unit: what is handed over on which
    of its days is its inner matter, but one deal can then outweigh all others. Raises ValueError for an unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(f"unit: {unit!r} is none of {', '.join(UNITS)}")
    both = _both(events)
    u = both.groupby(f"{unit}_id", sort=True).agg(
        date=("date", "min"), until=("date", "max"), to_ukraine=("to_ukraine", "sum"), to_russia=("to_russia", "sum"),
        events=("event_id", "size"),
    )  # fmt: skip
    u["persons"] = u["to_ukraine"] + u["to_russia"]
    u = u[u["persons"] > 0].reset_index(names="unit")
    return u.sort_values(["date", "unit"], ignore_index=True)


def _spread(x: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return share, leave-one-unit-out (CR3) variance and Kish's effective number of units, over the last axis."""
    total = n.sum(-1, keepdims=True)
    ratio = x.sum(-1, keepdims=True) / total
    variance = (((x - ratio * n) / (total - n)) ** 2).sum(-1)
    return ratio[..., 0], variance, total[..., 0] ** 2 / (n**2).sum(-1)


def clustered(x: np.ndarray, n: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return low and high of the event-clustered ratio interval; `x` of `n` persons per unit on the last axis.

    Ratio estimator, leave-one-unit-out (CR3) variance, logit scale, Student's t with Kish's effective number of
    units less one as its degrees of freedom. These small-sample choices are ours: of 18 combinations
    (CR1/CR2/CR3 × linear, arcsine, logit × units - 1, effective units - 1) this one kept the simulated coverage
    closest to 0.95 (docs/method-asymmetry.md). Where all or none went one way the logit is undefined: Clopper and
    Pearson's limit with effective units as the trials, the widest the correlation within exchanges allows.
    NaN where there are fewer than two units or no variation between them.
    """
    x, n = np.asarray(x, dtype="float64"), np.asarray(n, dtype="float64")
    with np.errstate(all="ignore"):
        ratio, variance, effective = _spread(x, n)
        t = stats.t.ppf((1 + level) / 2, np.maximum(effective - 1, 1))
        reach = t * np.sqrt(variance) / (ratio * (1 - ratio))
        low, high = special.expit(special.logit(ratio) - reach), special.expit(special.logit(ratio) + reach)
        limit = 1 - ((1 - level) / 2) ** (1 / effective)
        flat = (np.sqrt(variance) < 1e-9) | (n.shape[-1] < 2)
        low = np.where(ratio == 0, 0.0, np.where(ratio == 1, 1 - limit, np.where(flat, np.nan, low)))
        high = np.where(ratio == 1, 1.0, np.where(ratio == 0, limit, np.where(flat, np.nan, high)))
    nothing = np.isnan(ratio) | (n.shape[-1] < 2)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


def _missing(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def interval(events: pd.DataFrame, unit: str = "event", level: float = 0.95) -> Interval:
    """Return the share with the recommended interval (`clustered`) over deals or events."""
    u = units(events, unit)
    if u.empty:
        return Interval(None, None, None, level, 0, 0.0)
    x, n = u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")
    low, high = clustered(x, n, level)
    return Interval(x.sum() / n.sum(), _missing(float(low)), _missing(float(high)), level, len(u),
                    float(n.sum() ** 2 / (n**2).sum()))  # fmt: skip


def _bca(x: np.ndarray, n: np.ndarray, level: float, seed: int) -> tuple[float, float]:
    """Return the BCa interval of a bootstrap that redraws whole units (scipy.stats.bootstrap)."""
    if len(x) < 3 or np.ptp(x / n) < 1e-12:
        return np.nan, np.nan
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            (x, n), lambda a, b, axis: a.sum(axis) / b.sum(axis), paired=True, vectorized=True, method="BCa",
            confidence_level=level, n_resamples=RESAMPLES, rng=np.random.default_rng(seed),
        )  # fmt: skip
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def beta_binomial(x: np.ndarray, n: np.ndarray, level: float = 0.95) -> tuple[float, float, float, float]:
    """Return mean share, intra-unit correlation, low and high of a beta-binomial fitted by maximum likelihood.

    The interval is the profile likelihood's. The mean is that of the units' shares: once they differ more than
    chance would, each unit weighs almost the same, however many persons it holds, unlike in the ratio.
    NaN for fewer than two units.
    """
    if len(x) < 2:
        return np.nan, np.nan, np.nan, np.nan

    def loss(logit_mean: float, logit_icc: float) -> float:
        mean, icc = special.expit(logit_mean), special.expit(logit_icc)
        size = (1 - icc) / icc
        return -float(stats.betabinom.logpmf(x, n, mean * size, (1 - mean) * size).sum())

    def profile(logit_mean: float) -> tuple[float, float]:
        best = optimize.minimize_scalar(lambda r: loss(logit_mean, r), bounds=(-12, 3), method="bounded")
        return float(best.fun), float(best.x)

    edge = 9.0  # logit of a share of 0.0001 or 0.9999: further out the share is 0 or 1
    start = float(np.clip(special.logit((x.sum() + 0.5) / (n.sum() + 1)), -edge + 1, edge - 1))
    fit = optimize.minimize_scalar(lambda m: profile(m)[0], bounds=(max(-edge, start - 4), min(edge, start + 4)),
                                   method="bounded")  # fmt: skip
    mode, least = float(fit.x), float(fit.fun)
    limit = least + stats.chi2.ppf(level, 1) / 2
    ends = []
    for end in (-edge, edge):
        over = profile(end)[0] - limit
        ends.append(optimize.brentq(lambda m: profile(m)[0] - limit, *sorted((mode, end)), xtol=1e-4)
                    if over > 0 else end * np.inf)  # fmt: skip
    return (float(special.expit(mode)), float(special.expit(profile(mode)[1])),
            float(special.expit(ends[0])), float(special.expit(ends[1])))  # fmt: skip


def jeffreys(x: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Jeffreys' interval on the totals: every body its own draw. A lower limit of the uncertainty only."""
    if not n:
        return np.nan, np.nan
    tail = (1 - level) / 2
    low, high = stats.beta.ppf([tail, 1 - tail], x + 0.5, n - x + 0.5)
    return (0.0 if x == 0 else float(low)), (1.0 if x == n else float(high))


def intervals(events: pd.DataFrame, unit: str = "event", level: float = 0.95, seed: int = SEED) -> pd.DataFrame:
    """Return the intervals side by side; columns: method, role, share, low, high, units, icc.

    Roles: recommended; stricter unit (the same over whole deals, where `unit` is the event); cross-check; model; and,
    for the one that takes each body as a draw, lower limit. A missing low or high means that the method has no answer
    there. `icc` is the model's intra-unit correlation.
    """
    u = units(events, unit)
    x, n = u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")
    ratio = x.sum() / n.sum() if len(u) else np.nan
    mean, icc, model_low, model_high = beta_binomial(x, n, level)
    rows: list[tuple[object, ...]] = []
    for name in UNITS[UNITS.index(unit) :]:
        i = interval(events, name, level)
        rows.append((f"{name}-clustered ratio, t", "recommended" if name == unit else "stricter unit", i.share, i.low,
                     i.high, i.units, None))  # fmt: skip
    rows += [
        ("cluster bootstrap, BCa", "cross-check", ratio, *_bca(x, n, level, seed), len(u), None),
        ("beta-binomial, profile likelihood", "model", mean, model_low, model_high, len(u), icc),
        ("Jeffreys on the totals", "lower limit", ratio, *jeffreys(x.sum(), n.sum(), level), len(u), None),
    ]
    out = pd.DataFrame(rows, columns=["method", "role", "share", "low", "high", "units", "icc"])
    out = out.astype(dict.fromkeys(("share", "low", "high", "icc"), "float64"))
    out.attrs = {**events.attrs, "unit": unit, "level": level}
    return out


# --- disagreement: the four lenses ------------------------------------------------------------------------------


def lenses(record: Record, kind: str = "bodies", since: str = "", until: str = "") -> pd.DataFrame:
    """Return the share under each lens, one row a lens.

    Columns: lens, share, to_ukraine, to_russia, events_in, events_out, published_low, published_high (range of
    published claims), bound_low, bound_high (missing counts up to the largest that lens has ever seen in that
    direction), interval_low, interval_high, reading, common_share and common_events (over the handovers
    for which every lens that has a share has one). Raises ValueError for an unknown kind or a day that is none.
    """
    views = {lens: record.events(kind, lens, since, until) for lens in LENSES}
    inside = {lens: set(_both(e)["event_id"]) for lens, e in views.items()}
    speaking = [ids for ids in inside.values() if ids]
    common = set.intersection(*speaking) if speaking else set()
    rows = []
    for lens, e in views.items():
        s, i = share(e), interval(e)
        b = bounds(e, seen=record.events(kind, lens)).set_index("cap")
        rows.append(
            {
                "lens": lens, "share": s.share, **{d: getattr(s, d) if s.events_in else None for d in DIRECTIONS},
                "events_in": s.events_in, "events_out": s.events_out,
                "published_low": b.loc["published", "low"], "published_high": b.loc["published", "high"],
                "bound_low": b.loc["largest", "low"], "bound_high": b.loc["largest", "high"],
                "interval_low": i.low, "interval_high": i.high, "reading": s.reading,
                "common_share": share(e[e["event_id"].isin(common)]).share if s.events_in else None,
                "common_events": len(common),
            }
        )  # fmt: skip
    out = pd.DataFrame(rows).astype({**dict.fromkeys(DIRECTIONS, "Int64"), "reading": "str", "lens": "str"})
    numbers = [c for c in out.columns if "share" in c or c.endswith(("_low", "_high"))]
    out = out.astype(dict.fromkeys(numbers, "float64"))
    whole = views["best"]
    out.attrs = {**whole.attrs, "lens": "all four", **owners(whole),
                 "through": names.event_day(whole.iloc[-1]) if len(whole) else None}  # fmt: skip
    return out






# --- change -----------------------------------------------------------------------------------------------------


def breaks(record: Record, kind: str = "bodies") -> dict[str, pd.Timestamp]:
    """Return the named days at which change is asked for: agreements that a handover of the kind is under, and turns of the year."""
    e = record.events(kind)
    if e.empty:
        return {}
    first, last = e["date"].min(), e["date"].max()
    a = record.agreements()
    a = a[a["agreement_id"].isin(e["agreement_id"]) & a["agreed_on"].notna()]
    named = dict(zip(a["name"], a["agreed_on"], strict=True))
    named |= {f"end of {y - 1}": pd.Timestamp(y, 1, 1) for y in range(first.year + 1, last.year + 1)}
    return {name: at for name, at in sorted(named.items(), key=lambda x: (x[1], x[0])) if first < at <= last}


def _permuted(x: np.ndarray, n: np.ndarray, before: np.ndarray, seed: int) -> float:
    """Return the two-sided p-value of a studentised permutation test over units (scipy.stats.permutation_test).

    Studentised by the units' own spread, so that it still tests the share when sizes changed at the same time
    (Chung and Romano 2013). All partitions are tried where there are no more than RESAMPLES.
    """

    def statistic(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        a, b = np.moveaxis(a, axis, -1).astype(int), np.moveaxis(b, axis, -1).astype(int)
        (ratio_a, var_a, _), (ratio_b, var_b, _) = _spread(x[a], n[a]), _spread(x[b], n[b])
        return (ratio_b - ratio_a) / np.sqrt(var_a + var_b + 1e-12)  # the constant keeps perfect parity finite

    index = np.arange(len(x))
    result = stats.permutation_test(
        (index[before], index[~before]), statistic, permutation_type="independent", vectorized=True,
        n_resamples=RESAMPLES, rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(result.pvalue)


def changes(
    events: pd.DataFrame,
    at: Mapping[str, pd.Timestamp],
    unit: str = "event",
    nearest: int = 8,
    seed: int = SEED,
) -> pd.DataFrame:
    """Test whether the share before and after each named day differs, counting every look.

    Each day is looked at twice: over all units, and over the `nearest` on either side, which a slow trend
    through the years sways less. Columns: at_name, at, compared (all, nearest), units_before, units_after, before,
    after (shares), difference, p (permutation over units), p_holm (Holm over all looks of this call). p is missing
    with fewer than LEAST units on a side; such a row is no look. A small p says that the exchanges before and after
    differ, not that they changed on that day. `attrs["looks"]` holds the number of looks.
    """
    u = units(events, unit)
    rows = []
    for name, day in at.items():
        is_before = (u["date"] < day).to_numpy()
        ends = {"all": u, "nearest": pd.concat([u[is_before].tail(nearest), u[~is_before].head(nearest)])}
        for compared, part in ends.items():
            if compared == "nearest" and len(part) == len(u):
                continue
            x, n = part["to_russia"].to_numpy(dtype="float64"), part["persons"].to_numpy(dtype="float64")
            before = (part["date"] < day).to_numpy()
            sides = [x[m].sum() / n[m].sum() if m.any() else np.nan for m in (before, ~before)]
            enough = min(before.sum(), (~before).sum()) >= LEAST
            rows.append((name, day, compared, int(before.sum()), int((~before).sum()), *sides, sides[1] - sides[0],
                         _permuted(x, n, before, seed) if enough else np.nan))  # fmt: skip
    out = pd.DataFrame(rows, columns=["at_name", "at", "compared", "units_before", "units_after", "before", "after",
                                      "difference", "p"])  # fmt: skip
    looked = out["p"].notna()
    out["p_holm"] = np.nan
    if looked.any():
        out.loc[looked, "p_holm"] = multipletests(out.loc[looked, "p"], method="holm")[1]
    out.attrs = {**events.attrs, "unit": unit, "looks": int(looked.sum()), "nearest": nearest}
    return out


def rolling(
    events: pd.DataFrame, width: int = 8, unit: str = "event", seen: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the share over each run of `width` consecutive units that have one, oldest first.

    Columns: since, until (first and last day of the run), through (the last day in words, as far as it is known), share, interval_low, interval_high (`clustered`),
    published_low, published_high (range of published claims), bound_low, bound_high (missing counts of all events
    in those days up to the largest in `seen`, default `events`), events_in, events_out. Neighbouring rows share
    most of their units: the curve is a reading aid, not a test. Raises ValueError for a width below two.
    """
    if width < 2:
        raise ValueError(f"width: {width} is below two")
    u = units(events, unit)
    seen = events if seen is None else seen
    rows = []
    for end in range(width, len(u) + 1):
        run = u.iloc[end - width : end]
        since, until = run["date"].min(), run["until"].max()
        part = events[events["date"].between(since, until)]
        low, high = clustered(run["to_russia"].to_numpy(), run["persons"].to_numpy())
        b = bounds(part, seen).set_index("cap")
        rows.append((since, until, names.event_day(part.iloc[-1]), run["to_russia"].sum() / run["persons"].sum(), float(low), float(high),
                     *b.loc["published", ["low", "high"]], *b.loc["largest", ["low", "high"]],
                     b.loc["largest", "events_in"], b.loc["largest", "events_out"]))  # fmt: skip
    out = pd.DataFrame(rows, columns=["since", "until", "through", "share", "interval_low", "interval_high", "published_low",
                                      "published_high", "bound_low", "bound_high", "events_in", "events_out"])  # fmt: skip
    out.attrs = {**events.attrs, "width": width, "unit": unit, **owners(_both(events))}
    return out


# --- what is inside: front directions, concentration, batch sizes -----------------------------------------------


def fronts(record: Record, since: str = "", until: str = "") -> pd.DataFrame:
    """Return how the bodies to Ukraine divide over the front directions, where a claimant's parts add up.

    An event enters if the parts one claimant gives, directions and others, add up to the count of the event; an
    official claimant goes before others. Towns are put under their region. Columns: region, named (as published),
    persons, handovers (that name it), share (of bodies with a direction), interval_low, interval_high, least and
    most (share in a single handover). `attrs`: breakdowns (events in), handovers (events of the window), persons
    (with a direction) and whole (all bodies of the events in). No breakdown by direction exists for bodies to Russia.
    """
    events = record.events("bodies", since=since, until=until)
    c = record.claims(kind="bodies", direction="to_ukraine")
    c = c[c["event_id"].isin(events["event_id"]) & (c["role"] == "component") & c["count_low"].notna()]
    c = c.assign(order=(c["official"] != "yes").astype("int64"), front=c["part"].str.startswith("direction_"))
    per = c.groupby(["event_id", "order", "claimant_id"], observed=True).agg(
        persons=("count_low", "sum"), front=("front", "any")).reset_index()  # fmt: skip
    per["whole"] = events.set_index("event_id")["to_ukraine"].reindex(per["event_id"]).array
    per = per[per["front"] & (per["persons"] == per["whole"]).fillna(False)].sort_values(
        ["event_id", "order", "claimant_id"]
    )
    per = per.drop_duplicates("event_id")
    named = c[c["front"]].merge(per[["event_id", "claimant_id", "whole"]], on=["event_id", "claimant_id"])
    named["name"] = named["part"].str.removeprefix("direction_").str.capitalize()
    named["region"] = named["name"].replace(REGION_OF)
    wide = named.pivot_table(index="event_id", columns="region", values="count_low", aggfunc="sum").fillna(0)
    n = wide.sum(axis=1).to_numpy(dtype="float64")
    rows = []
    for region in wide.columns:
        x = wide[region].to_numpy(dtype="float64")
        low, high = clustered(x, n)
        part = named[named["region"] == region]
        rows.append((region, ", ".join(sorted(part["name"].unique())), int(x.sum()), part["event_id"].nunique(),
                     x.sum() / n.sum(), float(low), float(high), (x / n).min(), (x / n).max()))  # fmt: skip
    out = pd.DataFrame(rows, columns=["region", "named", "persons", "handovers", "share", "interval_low",
                                      "interval_high", "least", "most"])  # fmt: skip
    out.attrs = {**events.attrs, "breakdowns": len(wide), "handovers": len(events), "persons": int(n.sum()),
                 "whole": int(per["whole"].sum())}  # fmt: skip
    return out.sort_values(["persons", "region"], ascending=[False, True], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Concentration:
    """How unevenly a sum is spread over handovers. `curve` has handovers and persons as running shares from the
    smallest handover up (Lorenz), starting at (0, 0); `gini` is twice the area between it and the diagonal."""

    direction: str
    handovers: int
    unknown: int
    persons: int
    top: int
    top_persons: int
    top_share: float | None
    gini: float | None
    curve: pd.DataFrame


def concentration(events: pd.DataFrame, direction: str, top: int = 5) -> Concentration:
    """Return how much of one direction's known sum the `top` largest handovers hold. Raises ValueError for an unknown direction."""
    if direction not in DIRECTIONS:
        raise ValueError(f"direction: {direction!r} is none of {', '.join(DIRECTIONS)}")
    sizes = np.sort(events[direction].dropna().to_numpy(dtype="int64"))
    persons, largest = int(sizes.sum()), int(sizes[-top:].sum()) if top else 0
    running = np.concatenate([[0.0], sizes.cumsum() / persons]) if persons else np.zeros(len(sizes) + 1)
    curve = pd.DataFrame({"handovers": np.linspace(0, 1, len(sizes) + 1) if len(sizes) else [0.0], "persons": running})
    gini = 1 - 2 * float(np.trapezoid(curve["persons"], curve["handovers"])) if persons else None
    return Concentration(direction, len(sizes), len(events) - len(sizes), persons, top, largest,
                         largest / persons if persons else None, gini, curve)  # fmt: skip


def batches(events: pd.DataFrame, direction: str = "to_ukraine", step: int = 1000) -> pd.DataFrame:
    """Return the size of each handover with a count, by date, and whether it looks agreed beforehand.

    Columns: event_id, date, persons, low, high, round (a positive multiple of `step` lies in the range of published
    claims), repeats (same count, above zero, as the handover before it). `attrs["round_run"]`: how many of the latest are
    all round.
    """
    e = events[events[direction].notna()].sort_values(["date", "event_id"])
    low = e[f"{direction}_low"].astype("int64").to_numpy()
    high = e[f"{direction}_high"].fillna(e[direction]).astype("int64").to_numpy()
    persons = e[direction].astype("int64").to_numpy()
    out = pd.DataFrame(
        {
            "event_id": e["event_id"].to_numpy(), "date": e["date"].to_numpy(), "persons": persons, "low": low,
            "high": high, "round": (high // step > (low - 1) // step) & (high >= step),
            "repeats": np.concatenate([[False], (persons[1:] == persons[:-1]) & (persons[1:] > 0)]) if len(e) else np.array([], dtype=bool),
        }
    )  # fmt: skip
    uneven = np.flatnonzero(~out["round"].to_numpy())
    run = len(out) - 1 - int(uneven[-1]) if len(uneven) else len(out)
    out.attrs = {**events.attrs, "direction": direction, "step": step, "round_run": run}
    return out
