"""Official running totals against the sum of the events in their window.

A running total ("more than 14,000 since January", "the 73rd repatriation") is an aggregate report:
it is compared with the events it covers, never added to them (Iraq Body Count's overlap rule). The
residual, total minus sum, is a product: it shows missing events and different bases. Nothing here
moves an event, a count or a window to make a total fit; a window that only arithmetic suggests is
labelled so. Reasons: docs/method-reconcile.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from itertools import groupby, pairwise, product
from operator import itemgetter
from typing import Any, NamedTuple

import pandas as pd

from repatria.analysis.windows import (
    FITS,
    MEASURES,
    VERDICTS,
    Addends,
    Sums,
    Verdict,
    add_up,
    days_of,
    in_scope,
    scoped,
    sums,
    verdict,
)
from repatria.record import frames
from repatria.record.schema import KINDS, SIDES, WAR_START
from repatria.record.view import Day, Record, day

__all__ = [
    "FITS",
    "MEASURES",
    "VERDICTS",
    "Sums",
    "Tried",
    "Verdict",
    "lens_of",
    "missing",
    "reconcile",
    "scoped",
    "steps",
    "sums",
    "verdict",
    "within",
]

ISTANBUL = pd.Timestamp("2025-06-02")  # the round that totals "since Istanbul" start from
UAE = pd.Timestamp("2024-01-01")  # the Emirates number their mediations from January 2024
# Bases that the record can tell apart; totals on any other are not compared.
_SCOPES = ("", "uae_mediated", "istanbul", "without_june_2025")
_STARTS = {"uae_mediated": UAE, "istanbul": ISTANBUL}
_CHAINED = {"": "", "without_june_2025": "", "uae_mediated": "uae_mediated"}  # bases of one series
_FLOORS = ("at_least", "more_than")
_Total = Mapping[Any, Any]  # a row of `Record.totals`, with its measure
_FIRST = pd.Timestamp(WAR_START)
_WAR_CHAIN = pd.Timestamp("2022-05-31")  # counted from any day of the war's first months: one chain


class Tried(NamedTuple):
    """A standard start tried for a total that states none, and how the total then compares."""

    since: pd.Timestamp
    verdict: Verdict


def lens_of(side: str, measure: str = "persons") -> str:
    """Return the lens for a total: a side's own statements for its own, `best` for anybody else's.

    A handover took place or not, whoever speaks of it: their number is always counted under `best`.
    """
    return side if side in ("ukraine", "russia") and measure == "persons" else "best"


def _measure(unit: pd.Series) -> pd.Series:
    """Return what totals count: handovers, or persons (living or dead)."""
    return unit.astype("str").eq("exchanges").map({True: "handovers", False: "persons"})


def _candidates(total: _Total) -> list[pd.Timestamp]:
    """Return the starts to try for a total that does not state one, oldest first."""
    starts = {_FIRST, pd.Timestamp(total["as_of"].year, 1, 1)}
    starts |= {_STARTS[total["scope"]]} if total["scope"] in _STARTS else set()
    return sorted(s for s in starts if _FIRST <= s <= total["as_of"])


class _Tables:
    """Event tables by kind and lens, and their arrays by what is summed, made once each."""

    def __init__(self, record: Record) -> None:
        self.events = cache(lambda kind, lens: record.events(kind, lens, disputed=True))
        self.deals = cache(lambda *of: self.events(*of).set_index("event_id")["deal_id"].to_dict())
        self.dense_from = cache(lambda kind, side: _dense_from(record.coverage(kind), side))
        self._arrays = cache(self._made)

    def get(self, total: _Total, lens: str, scope: str | None = None, out: bool = False) -> Addends:
        """Return the events of a total's base; with `out` those that the base leaves out."""
        scope = total["scope"] if scope is None else scope
        return self._arrays(total["kind"], lens, scope, total["direction"], total["measure"], out)

    def _made(
        self, kind: str, lens: str, scope: str, direction: str, measure: str, out: bool
    ) -> Addends:
        events = self.events(kind, lens)
        return Addends.of(events[in_scope(events, scope) ^ out], direction, measure)


_tables = lru_cache(maxsize=8)(_Tables)


class _Compared(NamedTuple):
    """One total under one lens: the sums, the verdict, how the window was found, what was tried."""

    found: Sums | None
    verdict: Verdict
    window: str
    fitted: pd.Timestamp = pd.NaT
    tried: tuple[Tried, ...] = ()


def _compare(total: _Total, tables: _Tables, lens: str) -> _Compared:
    """Compare one total under one lens.

    Where the window is not stated, the standard ones are tried. A floor ("more than n") fits any
    long window, so it stays untested.
    """
    if total["scope"] not in _SCOPES:
        return _Compared(None, Verdict("not_compared"), "narrower_base")
    e = tables.get(total, lens)
    last = days_of(total["as_of"], total["as_of_precision"])
    count, qualifier = total["count"], total["qualifier"]
    if pd.notna(total["since"]):
        found = add_up(e, (total["since"],) * 2, last)
        return _Compared(found, verdict(count, qualifier, found), "stated")
    if qualifier in _FLOORS:
        return _Compared(None, Verdict("not_stated"), "floor")
    sums_from = {s: add_up(e, (s, s), last) for s in _candidates(total)}
    tried = tuple(Tried(s, verdict(count, qualifier, f)) for s, f in sums_from.items())
    fits = [t for t in tried if t.verdict.said in FITS]
    if fits:
        start, said = fits[0]
        return _Compared(sums_from[start], said, "fitted", start, tried)
    return _Compared(None, Verdict("not_stated"), "none_fits", pd.NaT, tried)


def _totals(record: Record, since: Day) -> pd.DataFrame:
    totals = record.totals()
    totals = totals.assign(measure=_measure(totals["unit"]))
    return totals[totals["as_of"] >= day(since, "since")] if since else totals


def _dense_from(cover: pd.DataFrame, side: str) -> pd.Timestamp | None:
    """Return the day from which a kind is densely read for the side it is summed over, or None."""
    if lens_of(side) == side:
        cover = cover[cover["side"] == side]
    dense = cover.loc[cover["density"] == "dense", "read_from"]
    return None if dense.empty else dense.max()


def _counted(found: Sums | None, stated: int) -> dict[str, int]:
    """Return the columns that describe a sum, empty where nothing was summed."""
    if found is None:
        return {}
    return {
        "sum": found.low,
        "sum_high": found.high,
        "residual": stated - found.low,
        "events_in": len(found.inside),
        "events_maybe": len(found.maybe),
        "events_unknown": len(found.unknown),
        "events_disputed": len(found.disputed),
    }


def _said(own: Verdict, best: Verdict) -> dict[str, str | int | None]:
    names = ("verdict", "off_low", "off_high")
    return dict(zip(names, own, strict=True)) | {
        f"best_{n}": v for n, v in zip(names, best, strict=True)
    }


_SUMMED = """
    sum sum_high events_in events_maybe events_unknown events_disputed residual verdict
    off_low off_high best_sum best_residual best_verdict best_off_low best_off_high
""".split()
_RECONCILED = f"""
    total_id kind unit measure scope claimant side official as_of as_of_precision known_on
    since since_basis fitted_since direction count qualifier lens
    {" ".join(_SUMMED)}
    deals_in window tried rivals dense_from thin
""".split()
_DAYS = ("as_of", "known_on", "since", "fitted_since", "dense_from", "from_day", "to_day")
_TEXT = ("verdict", "best_verdict")
_COUNTS = {*_SUMMED, "count", "deals_in", "from_count", "to_count", "step"} - {*_TEXT}


def reconcile(record: Record, since: Day = "", only: Collection[str] | None = None) -> pd.DataFrame:
    """Compare every published running total with the sum of the events in its window.

    `since` keeps the totals that speak for that day or a later one, `only` those with these ids. Returns one row per total, by
    as_of. What was compared: `measure` (persons, or handovers: each event, one kind on one day, is
    one), `window` (stated; fitted: the first standard start that fits, as `fitted_since`;
    none_fits; floor; narrower_base), `tried` (a mapping for each standard start: since, said, off_low, off_high) and
    `lens` (the claimant's own side's; best for mediators, third parties and handovers).
    The sum: `sum` (events surely in the window, both ends included), `sum_high` (with those that
    may be), `events_in`, `events_maybe`, `events_unknown` (no size in that direction),
    `events_disputed` (left out), `residual` (count - sum; above zero: the events are short of the
    total), `deals_in` (handovers only: the deals whose days the events are).
    The result: `verdict` with `off_low` and `off_high` (see `Verdict`) and the same under `best`.
    What may lie behind it: `rivals` (other exact totals of the same side, base and day),
    `dense_from` (the reading is dense from that day on) and `thin` (not from the window's start).
    Sums are missing, never zero, where nothing was compared.

    >>> totals = reconcile(record, since="2025-06-16")
    >>> june = totals[(totals["count"] == 6057).to_numpy()].iloc[0]
    >>> june["verdict"], june["sum"]
    ('exact', np.int64(6057))

    See also: `steps`, `within`. Method: Iraq Body Count, overlap of aggregate reports (2003).
    """
    totals = _totals(record, since)
    tables = _tables(record)
    names = ["side", "kind", "unit", "direction", "scope", "as_of"]
    base, published = itemgetter(*names), defaultdict(set)
    exact = (totals["qualifier"] == "exact") & (totals["as_of_precision"] == "day")
    for *of, count in zip(
        *(totals.loc[exact.to_numpy(), c] for c in (*names, "count")), strict=True
    ):
        published[tuple(of)].add(count)
    if only is not None:
        totals = totals[totals["total_id"].isin(list(only))]
    rows = [
        _reconciled(total, tables)
        | {"rivals": tuple(sorted(published[base(total)] - {total["count"]}))}
        for total in totals.to_dict("records")
    ]
    return _typed(rows, _RECONCILED, record).astype({"thin": "bool"})


def _reconciled(total: _Total, tables: _Tables) -> dict[str, object]:
    lens = lens_of(total["side"], total["measure"])
    own = _compare(total, tables, lens)
    best = own if lens == "best" else _compare(total, tables, "best")
    start = next((d for d in (total["since"], own.fitted) if pd.notna(d)), _FIRST)
    dense = tables.dense_from(total["kind"], total["side"])
    row = {c: total[c] for c in _RECONCILED if c in total}
    row |= {"claimant": total["name"], "lens": lens, "window": own.window}
    row["tried"] = [{"since": t.since, **t.verdict._asdict()} for t in own.tried]
    row |= {"fitted_since": own.fitted, "dense_from": dense, "thin": dense is None or start < dense}
    row |= _counted(own.found, total["count"]) | _said(own.verdict, best.verdict)
    if best.found is not None:
        row |= {"best_sum": best.found.low, "best_residual": total["count"] - best.found.low}
    if own.found is not None and total["measure"] == "handovers":
        deals = tables.deals(total["kind"], lens)
        row["deals_in"] = len({deals[i] for i in own.found.inside})
    return row


def _typed(rows: list[dict[str, object]], columns: list[str], record: Record) -> pd.DataFrame:
    out = pd.DataFrame(rows, columns=columns)
    counts = [c for c in columns if c in _COUNTS]
    days = [c for c in columns if c in _DAYS]
    out = out.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(days, "datetime64[s]"))
    out.attrs = frames.plain({"as_of": record.last_day})
    return out


def within(record: Record, total_id: str) -> pd.DataFrame:
    """Return the events behind one row of `reconcile`, under the same lens.

    Columns: event_id, date, size (what it adds: persons, or 1 where handovers are counted; missing
    if unknown) and standing (inside, maybe, unknown, disputed). Raises KeyError for a total that is
    not in the record, ValueError for one that is not compared.

    >>> within(record, "total-0275")["standing"].unique().tolist()
    ['inside']
    """
    total = _totals(record, "").set_index("total_id", drop=False).loc[total_id].to_dict()
    lens = lens_of(total["side"], total["measure"])
    tables = _tables(record)
    compared = _compare(total, tables, lens)
    if compared.found is None:
        raise ValueError(f"{total_id}: not compared: {compared.window} {total['scope']}".rstrip())
    names = ("inside", "maybe", "unknown", "disputed")
    standing = {i: name for name in names for i in getattr(compared.found, name)}
    e = tables.get(total, lens)
    sizes = pd.Series(e.size, index=e.ids, dtype="Int64").where(e.known)
    events = tables.events(total["kind"], lens)
    events = events[events["event_id"].isin(standing)]
    ids = events["event_id"]
    columns = {"event_id": ids, "date": events["date"], "size": ids.map(sizes).astype("Int64")}
    return pd.DataFrame(columns | {"standing": ids.map(standing)}).reset_index(drop=True)


_PAIRED = ["kind", "claimant", "side", "as_of", "as_of_precision", "start"]


def missing(record: Record, since: Day = "") -> pd.DataFrame:
    """Set each total of handovers beside the total of persons by the same claimant for that day.

    Exactly worded totals, under `best`, that fit or that the events fall short of. `start` is the
    window's first day; a total that states none is taken if the events fall short even from the
    war's first day, since any shorter window lacks more. Returns a row a pair, oldest first: kind,
    claimant, side, as_of, as_of_precision, start, direction (of the persons) and, each for
    `persons_` and `handovers_`: count, low and high (how many are missing, at least and at most;
    zero where the total is met).

    >>> missing(record, since="2024-12-31").columns[-3:].tolist()
    ['handovers_count', 'handovers_low', 'handovers_high']

    See also: `reconcile`, `steps`.
    """
    t = _totals(record, since)
    usable = (t["qualifier"] == "exact") & (t["as_of_precision"] != "year")
    t = t[(usable & t["scope"].isin(_SCOPES)).to_numpy()]
    tables = _tables(record)
    lacking = [_lacking(total, tables) for total in t.to_dict("records")]
    t = t.assign(
        claimant=t["name"],
        start=t["since"].fillna(_FIRST),
        low=pd.array([low for low, _ in lacking], dtype="Int64"),
        high=pd.array([high for _, high in lacking], dtype="Int64"),
    )
    t = t.loc[t["low"].notna(), [*_PAIRED, "measure", "direction", "count", "low", "high"]]
    persons, handovers = (t[(t["measure"] == m).to_numpy()] for m in MEASURES)
    both = persons.merge(handovers, on=_PAIRED, suffixes=("_persons", "_handovers"))
    ways = both["direction_handovers"].astype("str")
    same = (ways == both["direction_persons"].astype("str")) | (ways == "both")
    both = both[same.to_numpy(dtype=bool)].rename(columns={"direction_persons": "direction"})
    columns = [f"{m}_{c}" for m in MEASURES for c in ("count", "low", "high")]
    swapped = {f"{c}_{m}": f"{m}_{c}" for m in MEASURES for c in ("count", "low", "high")}
    out = both.rename(columns=swapped)[[*_PAIRED, "direction", *columns]].drop_duplicates()
    out = out.sort_values(["as_of", "kind", "claimant", "start"], ignore_index=True)
    out.attrs = frames.plain({"as_of": record.last_day})
    return out


def _lacking(total: _Total, tables: _Tables) -> tuple[int | None, int | None]:
    """Return how many persons or handovers a total is short of, or (None, None) if unclear."""
    start = total["since"] if pd.notna(total["since"]) else _FIRST
    last = days_of(total["as_of"], total["as_of_precision"])
    found = add_up(tables.get(total, "best"), (start, start), last)
    said = verdict(total["count"], total["qualifier"], found)
    if said.said == "short":
        return said.off_low, said.off_high
    return (0, 0) if said.said in FITS else (None, None)


_FAMILY = ["kind", "measure", "direction", "base", "side", "chain"]
_ENDS = {
    "total": "total_id",
    "claimant": "name",
    "day": "as_of",
    "precision": "as_of_precision",
    "scope": "scope",
    "count": "count",
}
_STEPPED = [
    *_FAMILY,
    *(f"{end}_{name}" for name in _ENDS for end in ("from", "to")),
    "step",
    *_SUMMED,
    "alternative",
]


def steps(
    record: Record, kind: str | None = None, side: str | None = None, since: Day = ""
) -> pd.DataFrame:
    """Compare the difference between consecutive totals of one family with the events between them.

    A family is the exact totals of one side's officials for a kind, measure, direction and `base`;
    `chain` is the start they share ("war": counted from the war's first months, or no start
    stated). A step shows where an event is missing even if the totals' own start cannot be matched.
    Each total is compared with the one before it, and with the last one dated to the day if the one
    before is dated to a month. Where a side published two figures for one day every pair is a row
    and `alternative` is true. A series may change what it holds (`from_scope`, `to_scope`): what
    only the later total holds of the days before the earlier one is then added to the sum, what
    only the earlier one holds is taken away.
    Returns one row per step: `step` (difference of the totals), and sums and verdicts as in
    `reconcile` (`falls`: the later total is lower). Raises ValueError for an unknown kind or side.

    >>> found = steps(record, kind="bodies", side="ukraine")
    >>> june = found[((found["from_count"] == 5503) & (found["to_count"] == 7017)).to_numpy()]
    >>> june["step"].tolist(), june["verdict"].tolist()
    ([1514], ['exact_on_one_reading'])

    See also: `reconcile`.
    """
    for name, value, known in (("kind", kind, KINDS), ("side", side, SIDES)):
        if value is not None and value not in known:
            raise ValueError(f"{name}: {value!r} is none of {', '.join(known)}")
    t = _chained(_totals(record, since))
    t = t[t["kind"].isin(KINDS if kind is None else [kind]).to_numpy()]
    t = t[t["side"].isin(SIDES if side is None else [side]).to_numpy()]
    tables = _tables(record)
    rows = []
    for _, chain in t.groupby(_FAMILY, observed=True, sort=True):
        by_day = groupby(chain.to_dict("records"), itemgetter("as_of"))
        days = [(day, list(totals)) for day, totals in by_day]
        to_the_day = [d for d in days if any(total["as_of_precision"] == "day" for total in d[1])]
        pairs = {(a[0], b[0]): (a[1], b[1]) for p in (days, to_the_day) for a, b in pairwise(p)}
        for before, after in (pairs[k] for k in sorted(pairs)):
            twice = len(before) > 1 or len(after) > 1
            for a, b in product(before, after):
                rows.append(_step(a, b, tables) | {"alternative": twice})
    return _typed(rows, _STEPPED, record).astype({"alternative": "bool"})


def _chained(totals: pd.DataFrame) -> pd.DataFrame:
    """Return the totals that can be steps of a series, with `base` and `chain`, oldest first."""
    t = totals[
        (
            (totals["qualifier"] == "exact")
            & (totals["official"] == "yes")
            & (totals["as_of_precision"] != "year")
            & totals["scope"].isin(list(_CHAINED))
        ).to_numpy()
    ]
    t = t.assign(base=t["scope"].map(_CHAINED))
    later = (t["since"] > _WAR_CHAIN) & (t["base"] == "")
    t["chain"] = t["since"].dt.strftime("%Y-%m-%d").astype("object").where(later, "war")
    t = t.sort_values(["as_of", "as_of_precision", "citations"], ascending=[True, True, False])
    return t.drop_duplicates([*_FAMILY, "as_of", "scope", "count"])


def _step(a: _Total, b: _Total, tables: _Tables) -> dict[str, object]:
    lens = lens_of(a["side"], a["measure"])
    own, best = (_between(a, b, tables, n) for n in (lens, "best"))
    step = int(b["count"]) - int(a["count"])
    if step < 0 and a["scope"] == b["scope"]:
        said = _said(*(Verdict("falls", -step, -step),) * 2)
    else:
        said = _said(*(verdict(step, "exact", s) for s in (own, best)))
    ends = {f"{end}_{n}": row[c] for end, row in (("from", a), ("to", b)) for n, c in _ENDS.items()}
    family = {c: a[c] for c in _FAMILY}
    best_sum = {"best_sum": best.low, "best_residual": step - best.low}
    return {**family, **ends, "step": step, **_counted(own, step), **said, **best_sum}


def _between(a: _Total, b: _Total, tables: _Tables, lens: str) -> Sums:
    """Add up what the later of two totals should hold beyond the earlier one."""
    early, late = days_of(a["as_of"], a["as_of_precision"])
    next_day = pd.Timedelta(days=1)
    last = days_of(b["as_of"], b["as_of_precision"])
    found = add_up(tables.get(b, lens), (early + next_day, late + next_day), last)
    if a["scope"] == b["scope"]:
        return found
    before = ((_FIRST, _FIRST), (early, late))
    gained = add_up(tables.get(a, lens, a["scope"], out=True), *before)
    lost = add_up(tables.get(a, lens, b["scope"], out=True), *before)
    return replace(
        found,
        low=found.low + gained.low - lost.high,
        high=found.high + gained.high - lost.low,
        reachable=frozenset(
            s + g - x for s in found.reachable for g in gained.reachable for x in lost.reachable
        ),
        inside=found.inside + gained.inside,
        maybe=found.maybe + gained.maybe + lost.maybe,
        unknown=found.unknown + gained.unknown + lost.unknown,
        disputed=found.disputed + gained.disputed + lost.disputed,
    )
