"""The share at any day, from a smooth, overdispersed binomial model over time.

The unit is the deal, whose days were agreed together; years in which most handovers lack a figure
have bounds (`eras`) and no level. `asymmetry` is the public face of these functions;
docs/method-asymmetry.md has the formulae, the traps and the simulated coverage.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from repatria.analysis.chance import Change, bare, complete, overdispersion, placebo, step, units
from repatria.record import frames
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = [
    "LEAST_LEVEL",
    "Level",
    "Smooth",
    "change",
    "eras_known",
    "level",
    "level_now",
    "running_deal",
    "share_now",
]

LEAST_LEVEL = 8  # deals with a share below which no level is given
SEGMENTS = 12
PENALTIES = 10.0 ** np.arange(-2, 6)
PAUSE = 3  # days between two days of one deal, where no longer pause is on record
FAR = 12.0  # logit beyond which a share is nought or one


# --- which handovers enter ------------------------------------------------------------------------


def eras_known(events: pd.DataFrame) -> pd.Series:
    """Return, by year, whether most of its handovers have a figure in both directions.

    Handovers with a direction that is `not_applicable` have no share and do not count.
    """
    e = bare(events, ["date", *DIRECTIONS, *(f"{d}_absence" for d in DIRECTIONS)])
    two_way = np.ones(len(e), dtype=bool)
    for d in DIRECTIONS:
        two_way &= ~e[f"{d}_absence"].eq("not_applicable").to_numpy(bool, na_value=False)
    both = e["to_ukraine"].notna() & e["to_russia"].notna()
    return both[two_way].groupby(e["date"][two_way].dt.year).mean() > 0.5


def running_deal(events: pd.DataFrame) -> str | None:
    """Return the id of the newest deal if it may still be running on the as-of day, else None.

    It may if its last day lies no further back than the longest pause within any deal of these
    events (PAUSE days at least).

    >>> now = record.as_of("2025-06-14").events("bodies")
    >>> rp.analysis.asymmetry.running_deal(now)
    'deal-bodies-2025-06-11'
    """
    as_of = frames.as_of(events)
    if as_of is None and len(events):
        warnings.warn(
            "these events have lost their attrs and with them the day they are as of: whether a deal "
            "still runs cannot be told; take them from record.events(...)",
            stacklevel=3,
        )
    if events.empty or as_of is None or not bool(events["deal_id"].iloc[-1]):
        return None
    events = bare(events, ["deal_id", "date"])
    pauses = events.groupby("deal_id")["date"].diff().dt.days.max()
    pause = PAUSE if pd.isna(pauses) else max(PAUSE, int(pauses))
    last = events.iloc[-1]
    return str(last["deal_id"]) if (as_of - last["date"]).days <= pause else None


def _entering(events: pd.DataFrame) -> tuple[pd.DataFrame, pd.Index, str | None]:
    """Return the deals the model is fitted to: finished, with a share, of years that have one; these years,
    and the deal that may still be running.
    """
    known, running = eras_known(events), running_deal(events)
    years = known.index[known.to_numpy()]
    e = bare(events, ["deal_id", "date", *DIRECTIONS])
    e = e[e["date"].dt.year.isin(years) & (e["deal_id"] != running)]
    return units(e, "deal"), years, running


# --- the model ------------------------------------------------------------------------------------


def _basis(days: np.ndarray, first: float, last: float) -> np.ndarray:
    """Return cubic B-splines on equal segments over [first, last] (Eilers and Marx 1996)."""
    at = (np.clip(days, first, last) - first) / max(last - first, 1) * SEGMENTS
    off = np.abs(at[:, None] - np.arange(-1, SEGMENTS + 2))  # segments from each spline's middle
    return np.where(off < 1, 2 / 3 - off**2 + off**3 / 2, np.clip(2 - off, 0, None) ** 3 / 6)


@dataclass(frozen=True, eq=False)
class Smooth:
    """A fitted curve: coefficients and their covariance on the logit scale.

    `rows` maps a working response of each unit to the coefficients (for the effective number of
    units), `rho` is the correlation within units and `freedom` the units less what the curve takes.
    """

    first: float
    last: float
    coefficients: np.ndarray
    covariance: np.ndarray
    rows: np.ndarray
    rho: float
    freedom: float

    @classmethod
    def fit(cls, days: np.ndarray, x: np.ndarray, n: np.ndarray) -> Smooth:
        """Fit `x` of `n` persons to Russia on `days`, averaged over the penalties.

        Penalised quasi-likelihood with a second-difference penalty; each penalty weighs as its
        restricted likelihood (Wood 2011), so that the interval holds what is not known of the
        smoothness (Bayesian covariance: Wahba 1983, Nychka 1988).
        """
        first, last = float(days[0]), float(days[-1])
        basis = _basis(days, first, last)
        rough = np.diff(np.eye(basis.shape[1]), 2, axis=0)
        penalty = PENALTIES[:, None, None] * (rough.T @ rough)
        rho, m = 0.0, len(x)
        for _ in range(4):
            weight = 1 / (1 + (n - 1) * rho)
            b, mu, cov, used, score = _penalised(basis, x, n, weight, penalty, len(rough))
            trust = special.softmax(-score / 2)
            freedom = m - float(trust @ used)
            rho = overdispersion(x, n, special.expit(basis @ (trust @ b)), freedom)
        mean = trust @ b
        off = b - mean
        covariance = np.einsum("k,kij->ij", trust, cov + off[:, :, None] * off[:, None, :])
        working = weight * n * mu * (1 - mu)
        rows = np.einsum("k,kij,mj,km->im", trust, cov, basis, working)
        return cls(first, last, mean, covariance, rows, rho, freedom)

    def at(self, days: np.ndarray, confidence: float = 0.95) -> dict[str, np.ndarray]:
        """Return share, low, high and n_effective at the days; NaN outside first and last."""
        basis = _basis(days, self.first, self.last)
        logit = basis @ self.coefficients
        error = np.sqrt(np.einsum("di,ij,dj->d", basis, self.covariance, basis))
        reach = special.stdtrit(max(self.freedom, 1), (1 + confidence) / 2) * error
        pull = basis @ self.rows
        out = {
            "share": special.expit(logit),
            "low": special.expit(logit - reach),
            "high": special.expit(logit + reach),
            "n_effective": pull.sum(1) ** 2 / (pull**2).sum(1),
        }
        outside = (days < self.first) | (days > self.last)
        return {name: np.where(outside, np.nan, values) for name, values in out.items()}


def _penalised(
    basis: np.ndarray,
    x: np.ndarray,
    n: np.ndarray,
    weight: np.ndarray,
    penalty: np.ndarray,
    rank: int,
) -> tuple[np.ndarray, ...]:
    """Return, per penalty: coefficients, shares, covariance, effective parameters, -2 REML."""
    eta = np.tile(special.logit((x + 0.5) / (n + 1)), (len(penalty), 1))
    ridge = 1e-9 * np.eye(basis.shape[1])
    b = np.zeros((len(penalty), basis.shape[1]))
    for _ in range(60):
        mu = special.expit(eta)
        working = weight * n * mu * (1 - mu)
        response = eta + (x - n * mu) / (n * mu * (1 - mu))
        normal = (basis.T * working[:, None, :]) @ basis
        whole = normal + penalty + ridge
        previous, b = b, np.linalg.solve(whole, ((working * response) @ basis)[..., None])[..., 0]
        eta = np.clip(b @ basis.T, -FAR, FAR)
        if np.abs(b - previous).max() < 1e-7:
            break
    mu = special.expit(eta)
    covariance = np.linalg.inv(whole)
    used = np.einsum("kij,kji->k", covariance, normal)
    pearson = (weight * (x - n * mu) ** 2 / (n * mu * (1 - mu))).sum(1)
    free = len(x) - 2  # a straight line is not penalised
    misfit = np.maximum(pearson + np.einsum("ki,kij,kj->k", b, penalty, b), 1e-9)
    score = free * np.log(misfit / free) + np.linalg.slogdet(whole)[1]
    return b, mu, covariance, used, score - rank * np.log(PENALTIES)


# --- the level ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """The share on the `day` of the newest deal that enters, with its interval of chance.

    `ratio` persons went to Ukraine for each one to Russia, between `ratio_low` and `ratio_high`;
    `n_effective` equal deals would tell as much, `units` entered, `rho` is their overdispersion.
    """

    day: pd.Timestamp
    share: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    n_effective: float
    units: int
    rho: float


def level(
    events: pd.DataFrame,
    at: Sequence[Any] | pd.DatetimeIndex | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the level of the share at the days `at` (default: the days of the deals that enter).

    Columns: date, share, low, high (interval of chance at `confidence`), ratio, ratio_low, ratio_high
    (persons to Ukraine for each one to Russia), n_effective. All but the date are NaN before the
    first and after the last deal that enters, in years where most handovers lack a figure (they
    have bounds: `eras`), and everywhere with fewer than LEAST_LEVEL deals or none to one side.
    A deal that may be running does not enter; `attrs`: units, rho, running (its id or None)
    and newest (the last day of the newest deal that enters, or None).

    >>> events = record.events("bodies", until="2025-12-31")
    >>> table = rp.analysis.asymmetry.level(events, ["2023-07-01", "2025-03-01"])
    >>> table["share"].round(2).tolist()
    [nan, 0.05]

    See also: `level_now`; `change`, when it moved. Method: Eilers and Marx (1996), Williams (1982).
    """
    u, years, running = _entering(events)
    days = u["until"] if at is None else pd.Series(pd.to_datetime(list(at)))
    out = pd.DataFrame({"date": pd.DatetimeIndex(days).as_unit("s")})
    names = ["share", "low", "high", "n_effective"]
    x, n = (u[c].to_numpy(dtype="float64") for c in ("to_russia", "persons"))
    out[names], rho = np.nan, np.nan
    if len(u) >= LEAST_LEVEL and 0 < x.sum() < n.sum():
        start = u["until"].iloc[0]
        fit = Smooth.fit((u["until"] - start).dt.days.to_numpy(dtype="float64"), x, n)
        rho = fit.rho
        found = fit.at((out["date"] - start).dt.days.to_numpy(dtype="float64"), confidence)
        shown = out["date"].dt.year.isin(years)
        out[names] = pd.DataFrame(found, index=out.index)[names].where(shown)
    for name, of in (("ratio", "share"), ("ratio_low", "high"), ("ratio_high", "low")):
        out[name] = (1 - out[of]) / out[of]
    out = out[["date", *names[:3], "ratio", "ratio_low", "ratio_high", "n_effective"]]
    newest = f"{u['until'].iloc[-1]:%Y-%m-%d}" if len(u) else None
    own = {"units": len(u), "rho": rho, "running": running, "newest": newest}
    out.attrs = {**events.attrs, **own}
    return out


def level_now(
    events: pd.DataFrame, confidence: float = 0.95, table: pd.DataFrame | None = None
) -> Level | None:
    """Return the level on the day of the newest deal with a share, or None where there is none.

    `table` is what `level` gave of these events at days that hold the deals' last, if it is there.

    >>> now = rp.analysis.asymmetry.level_now(record.events("bodies", until="2025-12-31"))
    >>> now.day.year, now.ratio_low < now.ratio < now.ratio_high
    (2025, True)
    """
    table = level(events, confidence=confidence) if table is None else table
    here = table[table["date"].eq(table.attrs["newest"]).to_numpy()].rename(columns={"date": "day"})
    if here.empty or pd.isna(here["share"].iloc[-1]):
        return None
    numbers = here.iloc[-1].to_dict()
    return Level(**numbers, units=table.attrs["units"], rho=table.attrs["rho"])


def change(events: pd.DataFrame) -> Change | None:
    """Return the single step that fits the shares of the deals that enter best, or None.

    None where there are fewer than LEAST_LEVEL deals or none to one side. A step is a model, not a
    finding: compare its `rho` with the smooth curve's, and read `placebo_pass`.

    >>> found = rp.analysis.asymmetry.change(record.events("bodies", until="2025-12-31"))
    >>> found.low <= found.day <= found.high, found.after < found.before
    (True, True)

    See also: `level`, the smooth curve. Method: Hinkley (1970); Chung and Romano (2013).
    """
    u, *_ = _entering(events)
    x, n = (u[c].to_numpy(dtype="float64") for c in ("to_russia", "persons"))
    if len(u) < LEAST_LEVEL or not 0 < x.sum() < n.sum():
        return None
    at, first, last, mu, rho = step(x, n)
    return Change(
        day=u["date"].iloc[at],
        low=u["until"].iloc[first - 1],
        high=u["date"].iloc[last],
        before=float(mu[0]),
        after=float(mu[-1]),
        rho=rho,
        units=len(u),
        **dict(zip(("placebo_pass", "placebo_days"), placebo(u), strict=True)),
    )


# --- now, in numbers ------------------------------------------------------------------------------


def share_now(record: Record, kind: str = "bodies", lens: str = "best") -> dict[str, Any]:
    """Return what a brief needs of the share now, by name.

    ratio, low, high (persons to Ukraine for each one to Russia, on `day`; None where there is no
    level), share, share_low, share_high; handovers_in, handovers_out (of the year to the as-of day,
    with and without a figure in both directions), equal (how many of the former are as many each
    way) and by_design (three quarters are: parity is then agreed, no matter of chance);
    eras_without (years in which most handovers lack a figure); running (a deal may still run and is
    not in the level) and since (first day of that year). Raises ValueError for an unknown kind or
    lens.

    >>> now = rp.analysis.asymmetry.share_now(record.as_of("2025-12-31"))
    >>> now["eras_without"], now["by_design"], now["low"] < now["ratio"] < now["high"]
    ([2022, 2023], False, True)
    """
    events = record.events(kind, lens)
    found, as_of = level_now(events), record.last_day
    since = as_of - pd.DateOffset(years=1)
    year = events[events["date"] > since]
    both = complete(year)
    equal = int((both["to_ukraine"] == both["to_russia"]).sum())
    known = eras_known(events)
    numbers = dict.fromkeys(("ratio", "low", "high", "day", "share", "share_low", "share_high"))
    if found is not None:
        numbers |= {"ratio": found.ratio, "low": found.ratio_low, "high": found.ratio_high}
        numbers |= {"share": found.share, "share_low": found.low, "share_high": found.high}
        numbers["day"] = found.day
    return {
        "kind": kind,
        **numbers,
        "since": since,
        "handovers_in": len(both),
        "handovers_out": len(year) - len(both),
        "equal": equal,
        "by_design": bool(len(both)) and equal >= 0.75 * len(both),
        "eras_without": [int(y) for y in known.index[~known.to_numpy(dtype=bool)]],
        "running": running_deal(events) is not None,
    }
