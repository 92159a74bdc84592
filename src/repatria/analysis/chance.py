"""Chance: how far the share could have come out otherwise, and whether it changed.

The unit is the exchange (or the whole deal), never the body: the bodies of one exchange were agreed
together. `asymmetry` is the public face of these functions; docs/method-asymmetry.md has formulae,
traps and the simulation behind the recommended interval.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests

from repatria.record.view import Record

__all__ = [
    "LEAST",
    "SEED",
    "UNITS",
    "Interval",
    "beta_binomial",
    "breaks",
    "changes",
    "clustered",
    "complete",
    "interval",
    "intervals",
    "jeffreys",
    "units",
]

UNITS = ("event", "deal")
RESAMPLES = 9999
SEED = 20220224
LEAST = 3  # units on a side below which a test of change has nothing to work with


def complete(events: pd.DataFrame) -> pd.DataFrame:
    """Return the events with a count in both directions: the complete cases."""
    return events[events["to_ukraine"].notna() & events["to_russia"].notna()]


def units(events: pd.DataFrame, unit: str = "event") -> pd.DataFrame:
    """Return one row per event or deal that has a share, oldest first.

    Columns: unit (its id), date and until (first and last day), to_ukraine, to_russia, events,
    persons. Only events with a count in both directions enter, and units that hold anybody. The
    deal is the stricter unit: what is handed over on which of its days is its inner matter, but one
    deal can then outweigh all others. Raises ValueError for an unknown unit.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> [len(rp.analysis.asymmetry.units(events, unit)) for unit in ("event", "deal")]
    [5, 1]
    """
    if unit not in UNITS:
        raise ValueError(f"unit: {unit!r} is none of {', '.join(UNITS)}")
    u = (
        complete(events)
        .groupby(f"{unit}_id", sort=True)
        .agg(
            date=("date", "min"),
            until=("date", "max"),
            to_ukraine=("to_ukraine", "sum"),
            to_russia=("to_russia", "sum"),
            events=("event_id", "size"),
        )
    )
    u["persons"] = u["to_ukraine"] + u["to_russia"]
    u = u[u["persons"] > 0].reset_index(names="unit")
    return u.sort_values(["date", "unit"], ignore_index=True)


def _counts(u: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the persons to Russia, and all persons, of each unit."""
    return u["to_russia"].to_numpy(dtype="float64"), u["persons"].to_numpy(dtype="float64")


# --- intervals ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """A share with its interval of chance, at `level`, over `units` (`effective_units` after Kish).

    `low` and `high` are missing (None) where no interval can be given: fewer than two units, or no
    variation between them.
    """

    share: float | None
    low: float | None
    high: float | None
    level: float
    units: int
    effective_units: float


def _spread(x: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return share, CR3 variance and Kish's effective units, each over the last axis."""
    total = n.sum(-1, keepdims=True)
    ratio = x.sum(-1, keepdims=True) / total
    variance = (((x - ratio * n) / (total - n)) ** 2).sum(-1)
    return ratio[..., 0], variance, total[..., 0] ** 2 / (n**2).sum(-1)


def clustered(x: np.ndarray, n: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return low and high of the ratio interval clustered by unit.

    `x` of `n` persons per unit stand on the last axis.

    Ratio estimator, leave-one-unit-out (CR3) variance (MacKinnon and White 1985), logit scale,
    Student's t with Kish's effective number of units less one as its degrees of freedom. These
    small-sample choices are ours: of 18 combinations (CR1/CR2/CR3 x linear, arcsine, logit x units
    - 1, effective units - 1) this one kept the simulated coverage closest to 0.95
    (docs/method-asymmetry.md). Where all or none went one way the logit is undefined: Clopper and
    Pearson's limit with effective units as the trials, the widest the correlation within exchanges
    allows. NaN where there are fewer than two units or no variation between them.

    >>> low, high = rp.analysis.asymmetry.clustered([27, 0, 51], [1239, 1200, 1299])
    >>> bool(0 < low < 78 / 3738 < high < 1)
    True
    """
    x, n = np.asarray(x, dtype="float64"), np.asarray(n, dtype="float64")
    with np.errstate(all="ignore"):
        ratio, variance, effective = _spread(x, n)
        t = stats.t.ppf((1 + level) / 2, np.maximum(effective - 1, 1))
        reach = t * np.sqrt(variance) / (ratio * (1 - ratio))
        centre = special.logit(ratio)
        low, high = special.expit(centre - reach), special.expit(centre + reach)
        limit = 1 - ((1 - level) / 2) ** (1 / effective)
        flat = (np.sqrt(variance) < 1e-9) | (n.shape[-1] < 2)
        low, high = np.where(flat, np.nan, low), np.where(flat, np.nan, high)
        low = np.where(ratio == 0, 0.0, np.where(ratio == 1, 1 - limit, low))
        high = np.where(ratio == 1, 1.0, np.where(ratio == 0, limit, high))
    nothing = np.isnan(ratio) | (n.shape[-1] < 2)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


def interval(events: pd.DataFrame, unit: str = "event", level: float = 0.95) -> Interval:
    """Return the share with the recommended interval (`clustered`) over events or deals.

    Raises ValueError for an unknown unit.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> i = rp.analysis.asymmetry.interval(events)
    >>> i.units, bool(i.low < i.share < i.high)
    (5, True)

    See also: `intervals`, the cross-checks beside it.
    """
    u = units(events, unit)
    if u.empty:
        return Interval(None, None, None, level, 0, 0.0)
    x, n = _counts(u)
    low, high = (None if np.isnan(end) else float(end) for end in clustered(x, n, level))
    effective = float(n.sum() ** 2 / (n**2).sum())
    return Interval(x.sum() / n.sum(), low, high, level, len(u), effective)


def _bca(x: np.ndarray, n: np.ndarray, level: float, seed: int) -> tuple[float, float]:
    """Return the BCa interval of a bootstrap that redraws whole units (scipy.stats.bootstrap)."""
    if len(x) < 3 or np.ptp(x / n) < 1e-12:
        return np.nan, np.nan
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        ends = stats.bootstrap(
            (x, n),
            lambda a, b, axis: a.sum(axis) / b.sum(axis),
            paired=True,
            vectorized=True,
            method="BCa",
            confidence_level=level,
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return float(ends.low), float(ends.high)


def beta_binomial(
    x: np.ndarray, n: np.ndarray, level: float = 0.95
) -> tuple[float, float, float, float]:
    """Return mean share, intra-unit correlation, low and high of a beta-binomial model.

    Fitted by maximum likelihood (scipy.stats.betabinom).
    The interval is the profile likelihood's. The mean is that of the units' shares: once they
    differ more than chance would, each unit weighs almost the same, however many persons it holds,
    unlike in the ratio. NaN for fewer than two units.
    """
    if len(x) < 2:
        return np.nan, np.nan, np.nan, np.nan

    def loss(logit_mean: float, logit_icc: float) -> float:
        mean, icc = special.expit(logit_mean), special.expit(logit_icc)
        size = (1 - icc) / icc
        return -float(stats.betabinom.logpmf(x, n, mean * size, (1 - mean) * size).sum())

    def profile(logit_mean: float) -> tuple[float, float]:
        best = optimize.minimize_scalar(
            lambda r: loss(logit_mean, r), bounds=(-12, 3), method="bounded"
        )
        return float(best.fun), float(best.x)

    edge = 9.0  # logit of a share of 0.0001 or 0.9999: further out the share is 0 or 1
    centre = special.logit((x.sum() + 0.5) / (n.sum() + 1))
    start = float(np.clip(centre, -edge + 1, edge - 1))
    near = max(-edge, start - 4), min(edge, start + 4)
    fit = optimize.minimize_scalar(lambda m: profile(m)[0], bounds=near, method="bounded")
    mode = float(fit.x)
    limit = float(fit.fun) + stats.chi2.ppf(level, 1) / 2

    def crossing(end: float) -> float:
        """Return where the profile crosses the limit on the way to `end`, or infinity."""
        if profile(end)[0] <= limit:
            return end * np.inf
        low, high = sorted((mode, end))
        return float(optimize.brentq(lambda m: profile(m)[0] - limit, low, high, xtol=1e-4))

    icc = profile(mode)[1]
    low, high = crossing(-edge), crossing(edge)
    mean, icc, low, high = (float(special.expit(v)) for v in (mode, icc, low, high))
    return mean, icc, low, high


def jeffreys(x: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Jeffreys' interval on the totals, which takes every body as a draw of its own.

    Brown, Cai and DasGupta (2001). A lower limit of the uncertainty only, never to be quoted alone.

    >>> [round(end, 4) for end in rp.analysis.asymmetry.jeffreys(78, 6135)]
    [0.0101, 0.0158]
    """
    if not n:
        return np.nan, np.nan
    tail = (1 - level) / 2
    low, high = stats.beta.ppf([tail, 1 - tail], x + 0.5, n - x + 0.5)
    return (0.0 if x == 0 else float(low)), (1.0 if x == n else float(high))


def intervals(
    events: pd.DataFrame, unit: str = "event", level: float = 0.95, seed: int = SEED
) -> pd.DataFrame:
    """Return the intervals side by side; columns: method, role, share, low, high, units, icc.

    Methods and roles: clustered_event, clustered_deal (recommended; stricter unit: the same over
    whole deals, where `unit` is the event), bootstrap (cross-check), beta_binomial (model) and
    jeffreys, which takes each body as a draw (lower limit). A missing low or high means that the
    method has no answer there. `icc` is the model's intra-unit correlation. Raises ValueError for
    an unknown unit.
    """
    u = units(events, unit)
    x, n = _counts(u)
    ratio = x.sum() / n.sum() if len(u) else np.nan
    mean, icc, model_low, model_high = beta_binomial(x, n, level)
    rows: list[tuple[object, ...]] = []
    for name in UNITS[UNITS.index(unit) :]:
        i = interval(events, name, level)
        role = "recommended" if name == unit else "stricter unit"
        rows.append((f"clustered_{name}", role, i.share, i.low, i.high, i.units, None))
    low, high = _bca(x, n, level, seed)
    rows.append(("bootstrap", "cross-check", ratio, low, high, len(u), None))
    rows.append(("beta_binomial", "model", mean, model_low, model_high, len(u), icc))
    low, high = jeffreys(x.sum(), n.sum(), level)
    rows.append(("jeffreys", "lower limit", ratio, low, high, len(u), None))
    columns = ["method", "role", "share", "low", "high", "units", "icc"]
    out = pd.DataFrame(rows, columns=columns)
    out = out.astype(dict.fromkeys(("share", "low", "high", "icc"), "float64"))
    out.attrs = {**events.attrs, "unit": unit, "level": level}
    return out


# --- change -------------------------------------------------------------------------------------


def breaks(record: Record, kind: str = "bodies") -> dict[str, pd.Timestamp]:
    """Return the days at which change is asked for, by name, oldest first.

    They are the days of agreements (by the agreement's name) that a handover of the kind is under,
    and the turns of the year (by the new year, "2024").

    >>> list(rp.analysis.asymmetry.breaks(record.as_of("2024-06-30")))
    ['2023', '2024']
    """
    e = record.events(kind)
    if e.empty:
        return {}
    first, last = e["date"].min(), e["date"].max()
    a = record.agreements()
    a = a[a["agreement_id"].isin(e["agreement_id"]) & a["agreed_on"].notna()]
    named = dict(zip(a["name"], a["agreed_on"], strict=True))
    named |= {str(y): pd.Timestamp(y, 1, 1) for y in range(first.year + 1, last.year + 1)}
    ordered = sorted(named.items(), key=lambda x: (x[1], x[0]))
    return {name: at for name, at in ordered if first < at <= last}


def _permuted(x: np.ndarray, n: np.ndarray, before: np.ndarray, seed: int) -> float:
    """Return the two-sided p-value of a studentised permutation test over units
    (scipy.stats.permutation_test).

    Studentised by the units' own spread, so that it still tests the share when sizes changed at the
    same time (Chung and Romano 2013). All partitions are tried where there are no more than
    RESAMPLES.
    """

    def statistic(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        a, b = np.moveaxis(a, axis, -1).astype(int), np.moveaxis(b, axis, -1).astype(int)
        (ratio_a, var_a, _), (ratio_b, var_b, _) = _spread(x[a], n[a]), _spread(x[b], n[b])
        # The constant keeps perfect parity finite.
        return (ratio_b - ratio_a) / np.sqrt(var_a + var_b + 1e-12)

    index = np.arange(len(x))
    result = stats.permutation_test(
        (index[before], index[~before]),
        statistic,
        permutation_type="independent",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def _look(u: pd.DataFrame, day: pd.Timestamp, seed: int) -> dict[str, object]:
    """Return one look at a day: units and shares before and after, their difference and its p."""
    x, n = _counts(u)
    is_before = (u["date"] < day).to_numpy()
    sides = {"before": is_before, "after": ~is_before}
    count = {side: int(m.sum()) for side, m in sides.items()}
    share = {side: x[m].sum() / n[m].sum() if m.any() else np.nan for side, m in sides.items()}
    enough = min(count.values()) >= LEAST
    return {
        **{f"units_{side}": units for side, units in count.items()},
        **share,
        "difference": share["after"] - share["before"],
        "p": _permuted(x, n, is_before, seed) if enough else np.nan,
    }


def changes(
    events: pd.DataFrame,
    at: Mapping[str, pd.Timestamp],
    unit: str = "event",
    nearest: int = 8,
    seed: int = SEED,
) -> pd.DataFrame:
    """Test whether the share before and after each named day differs, counting every look.

    Each day is looked at twice: over all units, and over the `nearest` on either side, which a slow
    trend through the years sways less. Columns: at_name, at, compared (all, nearest), units_before,
    units_after, before, after (shares), difference, p (permutation over units, Chung and Romano
    2013), p_holm (Holm 1979, over all looks of this call). p is missing with fewer than LEAST units
    on a side; such a row is no look. A small p says that the exchanges before and after differ, not
    that they changed on that day. `attrs["looks"]` holds the number of looks. Raises ValueError for
    an unknown unit.

    >>> events = record.events("bodies", since="2024-01-01", until="2025-12-31")
    >>> rp.analysis.asymmetry.changes(events, {"2025": pd.Timestamp("2025-01-01")}).attrs["looks"]
    2
    """
    u = units(events, unit)
    rows = []
    for name, day in at.items():
        is_before = (u["date"] < day).to_numpy()
        close = pd.concat([u[is_before].tail(nearest), u[~is_before].head(nearest)])
        looks = {"all": u} if len(close) == len(u) else {"all": u, "nearest": close}
        for compared, part in looks.items():
            rows.append(
                {"at_name": name, "at": day, "compared": compared, **_look(part, day, seed)}
            )
    columns = ["at_name", "at", "compared", "units_before", "units_after", "before", "after"]
    out = pd.DataFrame(rows, columns=[*columns, "difference", "p"])
    looked = out["p"].notna()
    out["p_holm"] = np.nan
    if looked.any():
        out.loc[looked, "p_holm"] = multipletests(out.loc[looked, "p"], method="holm")[1]
    out.attrs = {**events.attrs, "unit": unit, "looks": int(looked.sum()), "nearest": nearest}
    return out


def __dir__() -> list[str]:
    return __all__
