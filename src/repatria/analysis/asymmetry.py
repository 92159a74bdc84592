"""How lopsided: the share of all handed over that went to Russia, with what is and is not in it.

The measure is `share = to_russia / (to_russia + to_ukraine)`, in [0, 1] and defined at zero; "n to
1" is a reading of it. Nothing is filled: an event enters a share only if both directions have a
count. Over years in which the share moved, a pooled share is the share of no day: `level` gives
that of a day, `eras` what a year without figures leaves open.

Three uncertainties stay apart: disagreement (`lenses`, the range of published claims), absence
(`bounds`, `eras`) and chance (module `level`, whose unit is the deal, never the body). Module
`chance` asks when it changed, module `composition` what the sums are made of.
docs/method-asymmetry.md has formulae and traps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from repatria.analysis.chance import (
    LEAST,
    SEED,
    UNITS,
    Change,
    bare,
    breaks,
    complete,
    placebo,
    units,
)
from repatria.analysis.composition import (
    REGION_OF,
    batches,
    by_side,
    concentration,
    fronts,
    running,
    sums,
)
from repatria.analysis.holdings import owners
from repatria.analysis.level import (
    LEAST_LEVEL,
    Level,
    change,
    eras_known,
    level,
    level_now,
    running_deal,
    share_now,
)
from repatria.record import frames
from repatria.record.rule import ABSENCES, LENSES
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = [
    "BY",
    "LEAST",
    "LEAST_LEVEL",
    "REGION_OF",
    "SEED",
    "UNITS",
    "Change",
    "Level",
    "Share",
    "batches",
    "bounds",
    "breaks",
    "by_side",
    "change",
    "complete",
    "concentration",
    "eras",
    "fronts",
    "lenses",
    "level",
    "level_now",
    "placebo",
    "pledged",
    "running",
    "running_deal",
    "share",
    "share_now",
    "shares",
    "sums",
    "units",
]

BY = ("event", "deal", "agreement", "month", "quarter", "year", "total")


# --- the share ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """A share over events, in [0, 1].

    `share` is missing where no event has a count in both directions, or all counts are zero;
    to_ukraine, to_russia (persons) are of the `events_in`, and say nothing where there is none.
    """

    share: float | None
    to_ukraine: int
    to_russia: int
    events_in: int
    events_out: int


def share(events: pd.DataFrame) -> Share:
    """Return the share over the events that have a count in both directions, and how many do not.

    >>> rp.analysis.asymmetry.share(record.events("bodies", since="2025-06-13", until="2025-06-13"))
    Share(share=0.0, to_ukraine=1200, to_russia=0, events_in=1, events_out=0)

    See also: `shares`, by group; `level`, the share of a day; `bounds`, how sure.
    """
    both = complete(bare(events, DIRECTIONS))
    to_ukraine, to_russia = int(both["to_ukraine"].sum()), int(both["to_russia"].sum())
    persons = to_ukraine + to_russia
    fraction = to_russia / persons if persons else None
    return Share(fraction, to_ukraine, to_russia, len(both), len(events) - len(both))


def _period(events: pd.DataFrame, by: str) -> pd.Series:
    if by in ("month", "quarter", "year"):
        return events["date"].dt.to_period(by[0].upper()).astype("str")
    if by == "total":
        return pd.Series("total", index=events.index, dtype="str")
    return events[f"{by}_id"]


def shares(events: pd.DataFrame, by: str = "total") -> pd.DataFrame:
    """Return the share by group (`by` is one of BY), oldest group first.

    Columns: the group (named `by`; an empty agreement is none named), since, until, share,
    to_ukraine, to_russia (persons in the events that have a count in both directions; missing where
    there is none), events_in, events_out, and per direction how many of the group's events are
    zero, withheld, not_reported, not_applicable (`to_russia_withheld` …). A zero is a count and
    enters. Raises ValueError for an unknown `by`.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> rp.analysis.asymmetry.shares(events, "month")[["month", "to_ukraine", "to_russia"]]
         month  to_ukraine  to_russia
    0  2025-06        6057         78
    """
    if by not in BY:
        raise ValueError(f"by: {by!r} is none of {', '.join(BY)}")
    e, group = bare(events), _period(events, by).rename(by)
    known = (e["to_ukraine"].notna() & e["to_russia"].notna()).to_numpy(dtype=bool)
    dates = e["date"].groupby(group)
    columns: dict[str, pd.Series] = {"since": dates.min(), "until": dates.max()}
    size, held = dates.size(), pd.Series(known, e.index).groupby(group).sum()
    persons = {d: e[d].where(known).fillna(0).groupby(group).sum() for d in DIRECTIONS}
    both = sum(persons.values()).astype("float64")
    columns["share"] = persons["to_russia"].astype("float64") / both.where(both > 0)
    columns |= {d: p.where(held > 0) for d, p in persons.items()}
    columns |= {"events_in": held, "events_out": size - held}
    for d, a in product(DIRECTIONS, ABSENCES):
        columns[f"{d}_{a}"] = (e[f"{d}_absence"] == a).groupby(group).sum()
    out = pd.DataFrame(columns).reset_index().astype({by: "str", "share": "float64"})
    out = out.astype(dict.fromkeys(out.columns[4:], "Int64"))
    out = out.sort_values(["since", by], ignore_index=True)
    out.attrs = dict(events.attrs)
    return out


# --- absence: what the missing directions could make of the share -------------------------------

_OTHER = {"to_ukraine": "to_russia", "to_russia": "to_ukraine"}


def pledged(record: Record, kind: str) -> dict[tuple[str, str], int]:
    """Return the largest number anybody says was promised, for `bounds`.

    A mapping of (agreement_id, direction) to persons.
    """
    p = record.pledges()
    wanted = (p["kind"] == kind) & p["quantity_high"].notna() & p["direction"].isin(DIRECTIONS)
    largest = p[wanted].groupby(["agreement_id", "direction"], observed=True)["quantity_high"].max()
    return {(str(a), str(d)): int(n) for (a, d), n in largest.items()}


@dataclass(frozen=True)
class _Counts:
    """One direction's counts as arrays over events, and the `largest` ever published (inf: none).

    `high` is NaN where the range has no upper end; `low`, `best` are 0 and `high` NaN where nothing
    is known.
    """

    known: np.ndarray
    low: np.ndarray
    best: np.ndarray
    high: np.ndarray
    largest: float

    @classmethod
    def of(cls, events: pd.DataFrame, seen: pd.DataFrame, direction: str) -> _Counts:
        best, high = events[direction], events[f"{direction}_high"].astype("Float64")
        published = seen[f"{direction}_high"].fillna(seen[direction])
        return cls(
            known=best.notna().to_numpy(),
            low=events[f"{direction}_low"].fillna(0).to_numpy(dtype="float64"),
            best=best.fillna(0).to_numpy(dtype="float64"),
            high=high.to_numpy(dtype="float64", na_value=np.nan),
            largest=float(published.max()) if seen[direction].notna().any() else np.inf,
        )

    def top(self, cap: float | np.ndarray) -> np.ndarray:
        """Return each event's upper end: as published, or the cap where there is none."""
        closed = self.known & ~np.isnan(self.high)
        return np.where(closed, self.high, np.maximum(self.best, cap))


def _fraction(to_russia: float, to_ukraine: float) -> float:
    """Return to_russia / (to_russia + to_ukraine), also where one of the two has no upper limit."""
    if np.isinf(to_russia) or np.isinf(to_ukraine):
        return 0.5 if np.isinf(to_russia) and np.isinf(to_ukraine) else float(np.isinf(to_russia))
    return to_russia / (to_russia + to_ukraine) if to_russia + to_ukraine else np.nan


def _ends(low: Mapping[str, float], high: Mapping[str, float]) -> tuple[float, float]:
    """Return the lowest and highest share of sums between `low` and `high`, by direction."""
    return (
        _fraction(low["to_russia"], high["to_ukraine"]),
        _fraction(high["to_russia"], low["to_ukraine"]),
    )


def _published(counts: Mapping[str, _Counts]) -> tuple[float, float]:
    """Return the limits that the range of published claims sets over the complete cases."""
    both = counts["to_ukraine"].known & counts["to_russia"].known
    return _ends(
        {d: c.low[both].sum() for d, c in counts.items()},
        {d: c.top(c.best)[both].sum() for d, c in counts.items()},
    )


def _within_pledge(
    c: _Counts,
    agreements: pd.Series,
    promised: Mapping[str, int],
    seen: pd.DataFrame,
    direction: str,
) -> float:
    """Return a direction's highest sum if missing counts fill only what a pledge leaves."""
    ceiling = c.top(c.largest)
    total = ceiling.sum()
    for agreement in agreements.unique():
        if agreement in promised:
            gap = (agreements == agreement).to_numpy() & ~c.known
            known = seen.loc[seen["agreement_id"] == agreement, f"{direction}_low"].sum()
            left = max(float(promised[agreement] - known), 0.0)
            total += min(left, ceiling[gap].sum()) - ceiling[gap].sum()
    return total


def _parity(counts: Mapping[str, _Counts]) -> tuple[float, float]:
    """Return the limits where a missing count is at most the other direction's.

    Where neither is known the two are equal, from nought up to the smaller of the largest ever
    published.
    """
    peak = {d: c.top(c.largest) for d, c in counts.items()}
    neither = ~counts["to_ukraine"].known & ~counts["to_russia"].known
    low, high = {}, {}
    for d, c in counts.items():
        mirrored = np.where(neither, 0.0, peak[_OTHER[d]])
        low[d], high[d] = c.low.sum(), np.where(c.known, peak[d], mirrored).sum()
    equal = neither.sum() * min(c.largest for c in counts.values()) if neither.any() else 0.0
    corners = [
        _ends({d: v + more for d, v in low.items()}, {d: v + more for d, v in high.items()})
        for more in (0.0, equal)
    ]
    # Two nothings have no share, two equal counts above nought have one.
    low_share, high_share = np.array(corners).T
    return float(np.fmin.reduce(low_share)), float(np.fmax.reduce(high_share))


def bounds(
    events: pd.DataFrame,
    seen: pd.DataFrame | None = None,
    pledges: Mapping[tuple[str, str], int] | None = None,
) -> pd.DataFrame:
    """Return the lowest and highest share that published claims and caps on missing counts allow.

    One row per `cap`, each unknown count lying anywhere in [0, cap]:
    published  no missing direction is entered: only the range of published claims moves the
    complete-case share
    largest    the largest count ever published for that direction in `seen` (default: `events`)
    pledge     an agreement's missing counts add up to no more than pledged less what is known; else
    `largest`.
               Only if `pledges`, {(agreement_id, direction): persons}, is given
    parity     the count of the other direction; where neither is known, two equal counts up to
    `largest`
    none       no cap
    Columns: cap, low, high, complete_case, holds_complete_case (False: the cap rules out that the
    missing handovers were like the known ones), events_in, events_out, one_way, and per direction
    missing (unknown counts) and cap_<direction> (persons, missing where there is none). Handovers
    with a direction that is `not_applicable` have no share: they are in no row and counted in
    `one_way`. Closed form: the share rises in each count to Russia and falls in each to Ukraine, so
    its extremes are at the corners (worst-case bounds, Manski 1990). These are limits, not an
    interval of chance.

    >>> events = record.events("bodies", since="2025-06-13", until="2025-06-13")
    >>> rp.analysis.asymmetry.bounds(events)[["cap", "low", "high"]].head(2)
             cap  low  high
    0  published  0.0   0.0
    1    largest  0.0   0.0
    """
    read = [f"{d}{of}" for d in DIRECTIONS for of in ("", "_low", "_high", "_absence")]
    attrs, events = events.attrs, bare(events, ["agreement_id", *read])
    seen = events if seen is None else bare(seen)
    is_one_way = [(events[f"{d}_absence"] == "not_applicable").to_numpy() for d in DIRECTIONS]
    one_way = np.logical_or(*is_one_way)
    e = events[~one_way].reset_index(drop=True)
    counts = {d: _Counts.of(e, seen, d) for d in DIRECTIONS}
    floor = {d: c.low.sum() for d, c in counts.items()}
    rows = {
        "published": _published(counts),
        "largest": _ends(floor, {d: c.top(c.largest).sum() for d, c in counts.items()}),
    }
    if pledges is not None:
        ceiling = {}
        for d, c in counts.items():
            promised = {a: n for (a, direction), n in pledges.items() if direction == d}
            ceiling[d] = _within_pledge(c, e["agreement_id"], promised, seen, d)
        rows["pledge"] = _ends(floor, ceiling)
    rows["parity"] = _parity(counts)
    rows["none"] = _ends(floor, {d: c.top(np.inf).sum() for d, c in counts.items()})
    out = _bounds_frame(rows, share(e), counts, int(one_way.sum()))
    out.attrs = dict(attrs)
    return out


def _bounds_frame(
    rows: Mapping[str, tuple[float, float]],
    complete_case: Share,
    counts: Mapping[str, _Counts],
    one_way: int,
) -> pd.DataFrame:
    """Return `bounds` as a frame."""
    low, high = np.array(list(rows.values()), dtype="float64").T
    share, slack = np.nan if complete_case.share is None else complete_case.share, 1e-12
    columns: dict[str, Any] = {"cap": list(rows), "low": low, "high": high, "complete_case": share}
    columns["holds_complete_case"] = (low - slack <= share) & (share <= high + slack)
    columns |= {"events_in": complete_case.events_in, "events_out": complete_case.events_out}
    columns["one_way"] = one_way
    for d, c in counts.items():
        columns[f"missing_{d}"] = int((~c.known).sum())
        cap = None if np.isinf(c.largest) else int(c.largest)
        caps = [cap if name == "largest" else None for name in rows]
        columns[f"cap_{d}"] = pd.array(caps, dtype="Int64")
    return pd.DataFrame(columns)


def eras(events: pd.DataFrame, seen: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return, by year, the share where most handovers have a figure, and bounds in every year.

    Columns: year, since, until (first and last handover), handovers, events_in (with a figure in
    both directions), known (most have one), share (NaN unless known), low, high (`bounds` under the
    cap `largest`, of all handovers of the year but one-way ones), to_ukraine, to_russia (persons in
    the events in), one_way. `seen` as in `bounds`.

    >>> table = rp.analysis.asymmetry.eras(record.events("bodies", until="2024-12-31"))
    >>> table[["year", "known"]].to_numpy().tolist()
    [[2022, False], [2023, False], [2024, True]]
    """
    e, known, rows = bare(events), eras_known(events), []
    seen = e if seen is None else bare(seen)
    for year, part in e.groupby(e["date"].dt.year):
        s, b = share(part), bounds(part, seen).set_index("cap").loc["largest"]
        is_known = bool(known.get(year, False))
        rows.append(
            {
                "year": int(year),
                "since": part["date"].min(),
                "until": part["date"].max(),
                "handovers": len(part),
                "events_in": s.events_in,
                "known": is_known,
                "share": s.share if is_known else None,
                "low": b["low"],
                "high": b["high"],
                **{d: getattr(s, d) for d in DIRECTIONS},
                "one_way": b["one_way"],
            }
        )
    columns = ["year", "since", "until", "handovers", "events_in", "known", "share", "low", "high"]
    out = pd.DataFrame(rows, columns=[*columns, *DIRECTIONS, "one_way"])
    out = out.astype({"known": "bool", **dict.fromkeys(("share", "low", "high"), "float64")})
    out.attrs = {**events.attrs, **owners(events)}
    return out


# --- disagreement: the four lenses --------------------------------------------------------------


def _last_day(events: pd.DataFrame) -> dict[str, Any]:
    """Return the day of the last of these events and how far it is known, or None."""
    if events.empty:
        return {"through": None, "through_precision": None}
    last = events.iloc[-1]
    return {"through": last["date"], "through_precision": last["date_precision"]}


def _under_lens(lens: str, events: pd.DataFrame, seen: pd.DataFrame) -> dict[str, Any]:
    """Return the row of one lens."""
    now, events = level_now(events), bare(events)
    s, b = share(events), bounds(events, seen).set_index("cap")
    return {
        "lens": lens,
        "share": s.share,
        **{d: getattr(s, d) if s.events_in else None for d in DIRECTIONS},
        "events_in": s.events_in,
        "events_out": s.events_out,
        "published_low": b.loc["published", "low"],
        "published_high": b.loc["published", "high"],
        "bound_low": b.loc["largest", "low"],
        "bound_high": b.loc["largest", "high"],
        "level": None if now is None else now.share,
        "level_day": None if now is None else now.day,
        "level_low": None if now is None else now.low,
        "level_high": None if now is None else now.high,
    }


def lenses(record: Record, kind: str = "bodies", since: str = "", until: str = "") -> pd.DataFrame:
    """Return the share under each lens, one row a lens.

    Columns: lens, share, to_ukraine, to_russia, events_in, events_out, published_low,
    published_high (range of published claims), bound_low, bound_high (missing counts up to the
    largest that lens has ever seen in that direction), level, level_day, level_low, level_high (`level_now`:
    of its newest deal with a share). `attrs`:
    through, through_precision (day of the last handover and how far it is known), handovers,
    claimants. Raises ValueError for an unknown kind or a day that is none.

    >>> table = rp.analysis.asymmetry.lenses(record, "bodies", "2025-06-01", "2025-06-30")
    >>> table[["lens", "to_ukraine", "events_in"]]
           lens  to_ukraine  events_in
    0      best        6057          5
    1   ukraine        <NA>          0
    2    russia        6060          5
    3  receiver        6057          5
    """
    views = {lens: record.events(kind, lens, since, until) for lens in LENSES}
    rows = [_under_lens(lens, e, record.events(kind, lens)) for lens, e in views.items()]
    out = pd.DataFrame(rows)
    out = out.astype(
        {"lens": "str", "level_day": "datetime64[s]", **dict.fromkeys(DIRECTIONS, "Int64")}
    )
    numbers = [c for c in out.columns if "share" in c or c.endswith(("level", "_low", "_high"))]
    out = out.astype(dict.fromkeys(numbers, "float64"))
    whole = views["best"]
    told = {**whole.attrs, "lens": "all four", **owners(whole), **_last_day(whole)}
    out.attrs = frames.plain(told)
    return out
