"""Official running totals against the sum of the events in their window.

A running total ("more than 14,000 since January") is an aggregate report: it is compared with the events it covers,
never added to them (Iraq Body Count's overlap rule). The residual, total minus sum, is a product: it shows missing
events and different bases. Nothing here moves an event, a count or a window to make a total fit; a window that only
arithmetic suggests is labelled so. Reasons: docs/method-reconcile.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd

from repatria.display.words import number, plural, span  # noqa
from repatria.record.rule import interval
from repatria.record.schema import DIRECTIONS, KINDS, SIDES, WAR_START
from repatria.record.view import Day, Record, day

ISTANBUL = pd.Timestamp("2025-06-02")  # the round that totals "since Istanbul" start from
UAE = pd.Timestamp("2024-01-01")  # the Emirates number their mediations from January 2024
# Narrower bases that the record can tell apart: by mediator, or by window alone. All other scopes are not compared.
_SCOPES = ("", "uae_mediated", "istanbul")
_BOTH_WAYS = {"both": DIRECTIONS, **{d: (d,) for d in DIRECTIONS}}
_FLOORS = ("at_least", "more_than")
_WAR_CHAIN = pd.Timestamp("2022-05-31")  # totals counted from any day of the war's first months are one chain
UNSTATED, UNCOMPARED = "window not stated", "not compared"
FITS = ("exact", "consistent")


@dataclass(frozen=True)
class Sums:
    """What the events of a window add up to.

    `low` counts the events surely inside, `high` also those that may be (an event or a total dated to the month only);
    `reachable` holds every sum that some reading of the dates gives. `inside` and `maybe` are ids of events with a
    size, `unknown` of those without one, `disputed` of those left out because it is disputed that they took place.
    """

    low: int
    high: int
    reachable: frozenset[int]
    inside: tuple[str, ...]
    maybe: tuple[str, ...]
    unknown: tuple[str, ...]
    disputed: tuple[str, ...]


@dataclass(frozen=True)
class _Events:
    """The columns of an event table that a sum needs, as arrays: hundreds of windows are summed over one table."""

    ids: np.ndarray
    first: np.ndarray
    last: np.ndarray
    size: np.ndarray
    known: np.ndarray
    settled: np.ndarray

    @classmethod
    def of(cls, events: pd.DataFrame, direction: str) -> _Events:
        events = events.sort_values(["date", "event_id"])
        month = (events["date_precision"] == "month").to_numpy()
        last = events["date"].mask(month, events["date"] + pd.offsets.MonthEnd(1))
        size = sum((events[d] for d in _BOTH_WAYS[direction]), start=pd.Series(0, events.index, dtype="Int64"))
        return cls(
            events["event_id"].to_numpy(dtype=object), events["date"].to_numpy(), last.to_numpy(),
            size.fillna(0).to_numpy(dtype="int64"), size.notna().to_numpy(),
            (events["status"] == "took_place").to_numpy(),
        )  # fmt: skip


def days_of(as_of: pd.Timestamp, precision: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last day that a total's `as_of` may mean: a day, or any day of its month or year."""
    if precision == "day":
        return as_of, as_of
    return as_of.to_period({"month": "M", "year": "Y"}[precision]).start_time.as_unit(as_of.unit), as_of


def sums(events: pd.DataFrame, direction: str, first: pd.Timestamp, last: pd.Timestamp, precision: str = "day") -> Sums:
    """Add up the events from `first` to `last`, both included. `events` as `Record.events` returns it.

    `direction` is to_ukraine, to_russia or both (an event counts only if both directions are known). With `precision`
    month or year any day of that month or year may be the last. Raises KeyError for an unknown direction.
    """
    return _sums(_Events.of(events, direction), (first, first), days_of(last, precision))


def _sums(e: _Events, first: tuple[pd.Timestamp, pd.Timestamp], last: tuple[pd.Timestamp, pd.Timestamp]) -> Sums:
    """Add up a window whose first and last day are each known to lie between two days."""
    (from_early, from_late), (to_early, to_late) = ([d.to_datetime64() for d in ends] for ends in (first, last))
    touches = (e.last >= from_early) & (e.first <= to_late)
    certain = touches & (e.first >= from_late) & (e.last <= to_early)
    inside, maybe = (touches & e.settled & e.known & m for m in (certain, ~certain))
    low = int(e.size[inside].sum())
    # Events on known days leave at the start, or join at the end, in their order; one known to the month may be in or
    # out on its own.
    floats = maybe & (e.first != e.last)
    leaving = maybe & ~floats & (e.first < from_late)
    joining = maybe & ~floats & ~leaving
    reachable = {low + a + b for a in _running(e, leaving, back=True) for b in _running(e, joining)}
    for extra in e.size[floats]:
        reachable |= {s + int(extra) for s in reachable}
    return Sums(
        low, low + int(e.size[maybe].sum()), frozenset(reachable),
        *(tuple(e.ids[m]) for m in (inside, maybe, touches & e.settled & ~e.known, touches & ~e.settled)),
    )  # fmt: skip


def _running(e: _Events, chosen: np.ndarray, back: bool = False) -> Iterable[int]:
    """Return 0 and the running sums by day, from the first day on, or back from the last."""
    days, of_day = np.unique(e.first[chosen], return_inverse=True)
    by_day = np.bincount(of_day, weights=e.size[chosen], minlength=len(days)).astype("int64")
    return [0, *(int(s) for s in (by_day[::-1] if back else by_day).cumsum())]


def verdict(count: int, qualifier: str, found: Sums) -> str:
    """Say how a total compares with a sum: exact, consistent (vague wording), short by n or over by n.

    Short: the events add up to less than the total. The wording's interval is `estimate.interval`. Where dates leave
    a range of sums, "exact on one reading of the dates" means that a possible sum equals the total.
    """
    lo, hi = (int(v[0]) for v in interval(*(np.array([count]),) * 2, np.array([qualifier])))
    fits = [s for s in found.reachable if lo <= s <= hi]
    if fits:
        if qualifier != "exact":
            return "consistent"
        return "exact" if found.low == found.high else "exact on one reading of the dates"
    if found.high < lo:
        return f"short by {span(lo - found.high, lo - found.low)}"
    if found.low > hi:
        return f"over by {span(found.low - hi, found.high - hi)}"
    return "between possible sums"


def _scoped(events: pd.DataFrame, scope: str) -> pd.DataFrame:
    if scope == "uae_mediated":
        return events[events["mediators"].str.contains("UAE", na=False)]
    return events


def lens_of(side: str) -> str:
    """Return the lens for a claimant's side: its own statements on each event, or `best` for anybody else's totals."""
    return side if side in ("ukraine", "russia") else "best"


def _candidates(total: pd.Series) -> list[pd.Timestamp]:
    """Return the starts to try for a total that does not state one, oldest first."""
    extra = {"uae_mediated": UAE, "istanbul": ISTANBUL}.get(total["scope"])
    starts = {pd.Timestamp(WAR_START), pd.Timestamp(total["as_of"].year, 1, 1)} | ({extra} if extra else set())
    return sorted(s for s in starts if pd.Timestamp(WAR_START) <= s <= total["as_of"])


class _Tables:
    """Event tables by kind and lens, and their arrays by scope and direction, made once each."""

    def __init__(self, record: Record) -> None:
        self.events = cache(lambda kind, lens: record.events(kind, lens, disputed=True))
        self.get = cache(
            lambda kind, lens, scope, direction: _Events.of(_scoped(self.events(kind, lens), scope), direction)
        )
        self.dense_from = cache(lambda kind, side: _dense_from(record.coverage(kind), side))


def _why_not(total: pd.Series) -> str:
    if total["unit"] == "exchanges":
        return "counts exchanges, not people"
    if total["scope"] not in _SCOPES:
        return f"narrower base ({total['scope'].replace('_', ' ')})"
    return ""


def _compare(total: pd.Series, tables: _Tables, lens: str) -> tuple[Sums | None, str, pd.Timestamp, str]:
    """Compare one total under one lens. Returns the sums, the verdict, a start that only arithmetic gives, and why.

    Where the window is not stated, the standard ones are tried. A floor ("more than n") fits any long window, so it
    stays untested.
    """
    e = tables.get(total["kind"], lens, total["scope"], total["direction"])
    last = days_of(total["as_of"], total["as_of_precision"])
    if pd.notna(total["since"]):
        found = _sums(e, (total["since"],) * 2, last)
        return found, verdict(total["count"], total["qualifier"], found), pd.NaT, ""
    if total["qualifier"] in _FLOORS:
        return None, UNSTATED, pd.NaT, "window not stated, and a floor fits any long one"
    tried = {s: _sums(e, (s, s), last) for s in _candidates(total)}
    said = {s: verdict(total["count"], total["qualifier"], f) for s, f in tried.items()}
    fits = [s for s, v in said.items() if v.startswith(FITS)]
    if fits:
        days = " and ".join(f"{s:%Y-%m-%d}" for s in fits)
        return tried[fits[0]], said[fits[0]], fits[0], f"window not stated; fits from {days}, by arithmetic only"
    why = "; ".join(f"from {s:%Y-%m-%d} {v}" for s, v in said.items())
    return None, UNSTATED, pd.NaT, f"window not stated, and no standard one fits: {why}"


def _spoken_since(record: Record, since: Day) -> pd.DataFrame:
    totals = record.totals()
    return totals[totals["as_of"] >= day(since, "since")] if since else totals


def _dense_from(cover: pd.DataFrame, side: str) -> pd.Timestamp | None:
    """Return the day from which a kind is densely read for the side it is summed over, or None."""
    if lens_of(side) == side:
        cover = cover[cover["side"] == side]
    dense = cover.loc[cover["density"] == "dense", "read_from"]
    return None if dense.empty else dense.max()


def _reason(
    found: Sums | None, said: str, why: str, rivals: list[int], since: pd.Timestamp, dense: pd.Timestamp | None
) -> str:
    notes = [why]
    if not said.startswith(FITS):
        if found is not None:
            notes += [f"{plural(len(found.unknown), 'event')} without a size"] if found.unknown else []
            notes += [f"{plural(len(found.disputed), 'disputed event')} left out"] if found.disputed else []
            notes += [f"{plural(len(found.maybe), 'event')} on uncertain days"] if found.maybe else []
        notes += [f"the same side also says {' and '.join(number(r) for r in rivals)} for that day"] if rivals else []
        if dense is None or since < dense:
            notes.append("thinly read" + (f" before {dense:%Y-%m-%d}" if dense is not None else ""))
    return "; ".join(n for n in notes if n)


def _counted(found: Sums | None, stated: int) -> dict[str, int]:
    """Return the columns that describe a sum, empty where nothing was summed."""
    if found is None:
        return {}
    return {
        "sum": found.low, "sum_high": found.high, "residual": stated - found.low, "events_in": len(found.inside),
        "events_maybe": len(found.maybe), "events_unknown": len(found.unknown),
        "events_disputed": len(found.disputed),
    }  # fmt: skip


_RECONCILED = [
    "total_id", "kind", "unit", "scope", "claimant", "side", "official", "as_of", "as_of_precision", "known_on", "since",
    "since_basis", "fitted_since", "direction", "count", "qualifier", "lens", "sum", "sum_high", "events_in",
    "events_maybe", "events_unknown", "events_disputed", "residual", "verdict", "best_sum", "best_residual",
    "best_verdict", "reason",
]  # fmt: skip


def reconcile(record: Record, since: Day = "") -> pd.DataFrame:
    """Compare every published running total with the sum of the events in its window, both ends included.

    `since` keeps the totals that speak for that day or a later one. Returns one row per total, by as_of, with `sum` (events surely in the window that took place; persons), `sum_high`
    (with those that may be), `events_in`, `events_maybe`, `events_unknown` (no size in that direction),
    `events_disputed` (left out), `residual` (count - sum; above zero: the events are short of the total) and `verdict`
    under the claimant's own side's lens (`lens`; best for mediators and third parties), and sum, residual and verdict
    under `best`. `fitted_since` is a start no page prints: the first standard one that fits (2022-02-24, 1 January of
    the year, 2024-01-01 for the Emirates, 2025-06-02 for Istanbul). Totals on a base that the record cannot sum have
    the verdict `not compared`; `reason` says why, and what may lie behind a residual. Sums are missing, never zero,
    where nothing was compared.
    """
    totals = _spoken_since(record, since)
    tables = _Tables(record)
    exact = totals[((totals["qualifier"] == "exact") & (totals["as_of_precision"] == "day")).to_numpy()]
    base = ["side", "kind", "unit", "direction", "scope", "as_of"]
    published = exact.groupby(base, observed=True)["count"].unique().to_dict()
    rows = []
    for _, total in totals.iterrows():
        lens = lens_of(total["side"])
        row = {c: total[c] for c in _RECONCILED if c in total.index} | {"claimant": total["name"], "lens": lens}
        if why := _why_not(total):
            rows.append(row | {"verdict": UNCOMPARED, "best_verdict": UNCOMPARED, "reason": why})
            continue
        found, said, fitted, why = _compare(total, tables, lens)
        best, best_said, *_ = (found, said) if lens == "best" else _compare(total, tables, "best")
        rivals = published.get(tuple(total[c] for c in base), [])
        start = next((d for d in (total["since"], fitted) if pd.notna(d)), pd.Timestamp(WAR_START))
        others = sorted(int(c) for c in rivals if c != total["count"])
        reason = _reason(found, said, why, others, start, tables.dense_from(total["kind"], total["side"]))
        row |= _counted(found, total["count"])
        row |= {"fitted_since": fitted, "verdict": said, "reason": reason, "best_verdict": best_said}
        if best is not None:
            row |= {"best_sum": best.low, "best_residual": total["count"] - best.low}
        rows.append(row)
    return _typed(rows, _RECONCILED, record)


def _typed(rows: list[dict[str, object]], columns: list[str], record: Record) -> pd.DataFrame:
    out = pd.DataFrame(rows, columns=columns)
    counts = [c for c in columns if c in _COUNTS]
    days = [c for c in columns if c in ("as_of", "known_on", "since", "fitted_since", "from_day", "to_day")]
    out = out.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(days, "datetime64[s]"))
    out.attrs = {"as_of": record.last_day}
    return out


def within(record: Record, total_id: str) -> pd.DataFrame:
    """Return the events behind one row of `reconcile`: event_id, date, size (persons, missing if unknown) and
    standing (inside, maybe, unknown, disputed), under the claimant's own side's lens.

    Raises KeyError for a total that is not in the record, ValueError for one that is not compared.
    """
    totals = record.totals().set_index("total_id", drop=False)
    total = totals.loc[total_id]
    if why := _why_not(total):
        raise ValueError(f"{total_id}: not compared: {why}")
    lens = lens_of(total["side"])
    found, _, _, why = _compare(total, _Tables(record), lens)
    if found is None:
        raise ValueError(f"{total_id}: not compared: {why}")
    standing = {i: name for name in ("inside", "maybe", "unknown", "disputed") for i in getattr(found, name)}
    events = record.events(total["kind"], lens, disputed=True)
    events = events[events["event_id"].isin(standing)]
    size = sum((events[d] for d in _BOTH_WAYS[total["direction"]]), start=pd.Series(0, events.index, dtype="Int64"))
    return pd.DataFrame(
        {"event_id": events["event_id"], "date": events["date"], "size": size,
         "standing": events["event_id"].map(standing)}
    ).reset_index(drop=True)  # fmt: skip


_STEPPED = [
    "kind", "direction", "scope", "side", "chain", "from_total", "to_total", "from_claimant", "to_claimant", "from_day",
    "to_day", "from_precision", "to_precision", "from_count", "to_count", "step", "sum", "sum_high", "events_in",
    "events_maybe", "events_unknown", "events_disputed", "residual", "verdict", "best_sum", "best_residual",
    "best_verdict", "alternative",
]  # fmt: skip
_COUNTS = {
    "count", "sum", "sum_high", "residual", "events_in", "events_maybe", "events_unknown", "events_disputed",
    "best_sum", "best_residual", "from_count", "to_count", "step",
}  # fmt: skip


def steps(record: Record, kind: str | None = None, side: str | None = None, since: Day = "") -> pd.DataFrame:
    """Compare the difference between consecutive totals of one family with the events between them.

    A family is the exact totals of one side's officials for a kind, direction and base; `chain` is the start they
    share ("war": counted from the war's first months, or no start stated). A step shows where an event is missing even
    if the totals' own start cannot be matched. Each total is compared with the one before it, and with the last one
    dated to the day if the one before is dated to a month. Where a side published two figures for one day every pair
    is a row and `alternative` is true.
    Returns one row per step: `step` (difference of the totals), `sum`, `sum_high` and events as in `reconcile`,
    `residual` (step - sum) and `verdict` under the side's own lens (best for mediators), and the same under `best`.
    Raises ValueError for an unknown kind or side.
    """
    totals = _spoken_since(record, since)
    for name, value, known in (("kind", kind, KINDS), ("side", side, SIDES)):
        if value is not None and value not in known:
            raise ValueError(f"{name}: {value!r} is none of {', '.join(known)}")
    t = totals[
        (
            (totals["qualifier"] == "exact")
            & (totals["unit"] != "exchanges")
            & (totals["official"] == "yes")
            & (totals["as_of_precision"] != "year")
            & totals["scope"].isin(["", "uae_mediated"])
            & (totals["kind"].isin(KINDS) if kind is None else totals["kind"] == kind)
            & (totals["side"].isin(SIDES) if side is None else totals["side"] == side)
        ).to_numpy()
    ]
    later = (t["since"] > _WAR_CHAIN) & (t["scope"] == "")
    t = t.assign(chain=t["since"].dt.strftime("%Y-%m-%d").astype("object").where(later, "war"))
    family = ["kind", "direction", "scope", "side", "chain"]
    t = t.sort_values(["as_of", "as_of_precision", "citations"], ascending=[True, True, False])
    t = t.drop_duplicates([*family, "as_of", "count"])
    tables = _Tables(record)
    rows = []
    for _, chain in t.groupby(family, observed=True, sort=True):
        days = [g for _, g in chain.groupby("as_of", sort=True)]
        to_the_day = [d for d in days if (d["as_of_precision"] == "day").any()]
        pairs = {(a["as_of"].iloc[0], b["as_of"].iloc[0]): (a, b) for p in (days, to_the_day) for a, b in pairwise(p)}
        for before, after in (pairs[k] for k in sorted(pairs)):
            twice = len(before) > 1 or len(after) > 1
            for _, a in before.iterrows():
                rows += [_step(a, b, tables) | {"alternative": twice} for _, b in after.iterrows()]
    return _typed(rows, _STEPPED, record).astype({"alternative": "bool"})


def _step(a: pd.Series, b: pd.Series, tables: _Tables) -> dict[str, object]:
    early, late = days_of(a["as_of"], a["as_of_precision"])
    first = (early + pd.Timedelta(days=1), late + pd.Timedelta(days=1))
    own, best = (
        _sums(tables.get(a["kind"], lens, a["scope"], a["direction"]), first, days_of(b["as_of"], b["as_of_precision"]))
        for lens in (lens_of(a["side"]), "best")
    )
    step = int(b["count"]) - int(a["count"])
    said = [f"falls by {number(-step)}" if step < 0 else verdict(step, "exact", s) for s in (own, best)]
    return {
        **{c: a[c] for c in ("kind", "direction", "scope", "side", "chain")},
        **{f"{end}_{name}": row[c] for end, row in (("from", a), ("to", b)) for name, c in _ENDS.items()},
        "step": step, **_counted(own, step), "verdict": said[0], "best_sum": best.low,
        "best_residual": step - best.low, "best_verdict": said[1],
    }  # fmt: skip


_ENDS = {"total": "total_id", "claimant": "name", "day": "as_of", "precision": "as_of_precision", "count": "count"}












