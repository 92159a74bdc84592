"""What was promised, what was delivered of it, and when: agreements against handovers.

Announced, agreed, delivered and identified are different quantities: statements stand side by side
as their claimants make them, and nothing here adds one claimant's figure to another's. Which
handover belongs to which agreement is itself a claim (`Record.links`); `READINGS` says how much of
it is taken. After the ledger of pledges of the Kiel Institute (Trebesch et al., 2023), which keeps
commitment and disbursement apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from repatria.analysis.plans import delivered, reasons, slips
from repatria.analysis.ties import READINGS, links
from repatria.record import frames
from repatria.record.rule import interval
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = [
    "AFTER_DELIVERY",
    "READINGS",
    "STATUSES",
    "afterwards",
    "course",
    "delivered",
    "deliveries",
    "fulfilment",
    "links",
    "promised",
    "reasons",
    "rival_totals",
    "running",
    "slips",
    "summary",
]

STATUSES = """
    met short within above open none_delivered nothing_promised not_compared
    """.split()
AFTER_DELIVERY = """
    bodies_returned_in_error bodies_sent_back identified_bodies identified_percent
    months_to_identify unidentified_bodies
    """.split()
_AFTER = pd.Timedelta(days=30)  # totals of a round are still published a month after its last day
_COUNTS = ["low", "best", "high"]


def promised(record: Record) -> pd.DataFrame:
    """Return what each claimant says was promised, newest agreement first.

    Columns: agreement_id, agreement (its name), agreed_on, kind, direction, claimant, qualifier
    (`all`: everyone of a category, `none`: nothing this way), quantity_low, quantity_high, scope
    ("" = all that is promised), side, until (the last day named, if any), known_on (day of the
    first page). One row per statement; the same one of a claimant on several pages is one row.

    >>> "istanbul-2025-06-02" in set(promised(record)["agreement_id"])
    True

    See also: `slips`, `rival_totals`.
    """
    agreements = record.agreements()[["agreement_id", "name", "agreed_on"]]
    p = record.pledges().rename(columns={"name": "claimant"})
    p = p.merge(agreements.rename(columns={"name": "agreement"}), on="agreement_id")
    order = ["agreed_on", "agreement_id", "kind", "direction", "claimant"]
    p = p.sort_values(order, ascending=[False, True, True, True, True])
    same = ["agreement_id", "agreement", "agreed_on", "kind", "direction", "claimant"]
    same += ["qualifier", "quantity_low", "quantity_high", "scope", "side"]
    rows = p.groupby(same, observed=True, sort=False, dropna=False)
    out = rows.agg(until=("until", "max"), known_on=("known_on", "min")).reset_index()
    out.attrs = frames.plain({"as_of": record.last_day})
    return out


# --- deliveries -----------------------------------------------------------------------------------


def deliveries(record: Record, lens: str = "best") -> pd.DataFrame:
    """Return what was handed over under each agreement: one row per agreement, event and direction.

    Columns: agreement_id, event_id, kind, date, direction, low, best, high (Int64, persons; missing
    is unknown, never zero), absence, claimant (whose count it is), reading (of `READINGS`),
    tied_by, denied_by, disputed. Only what took place.

    >>> d = deliveries(record)
    >>> june = d[(d["agreement_id"] == "istanbul-2025-06-02") & (d["kind"] == "bodies")]
    >>> leading = june[june["reading"] == "record"].groupby("direction", observed=True)["best"].sum()
    >>> leading.to_dict() == {"to_ukraine": 6057, "to_russia": 78}
    True

    See also: `fulfilment`, `running`.
    """
    return _deliveries(record, lens).copy()


@lru_cache(maxsize=32)
def _deliveries(record: Record, lens: str) -> pd.DataFrame:
    pairs = links(record)
    taken = ((pairs["reading"] != "") & (pairs["status"] == "took_place")).to_numpy(dtype=bool)
    columns = ["agreement_id", "event_id", "reading", "tied_by", "denied_by", "disputed"]
    pairs = pairs.loc[taken, columns]
    events = record.events(lens=lens)
    parts = []
    for d in DIRECTIONS:
        part = events[["event_id", "kind", "date"]].assign(direction=d, best=events[d])
        for column in ("low", "high", "absence", "claimant"):
            part[column] = events[f"{d}_{column}"]
        parts.append(part)
    out = pairs.merge(pd.concat(parts), on="event_id")
    out = out[(out["absence"] != "not_applicable").fillna(True).to_numpy(dtype=bool)]
    order = ["agreement_id", "kind", "date", "event_id", "direction"]
    out = out.sort_values(order, ascending=[True, True, True, True, False], ignore_index=True)
    out.attrs = {"as_of": events.attrs["as_of"], "lens": lens, "rule": events.attrs["rule"]}
    return out


class _Step(NamedTuple):
    """A handover and the sums up to it; None = no size known so far, or no upper end."""

    date: pd.Timestamp
    event_id: str
    reading: str
    low: int | None
    best: int | None
    high: int | None
    unsized: int


_STEP = {**dict.fromkeys([*_COUNTS, "unsized"], "Int64"), "date": "datetime64[s]"}
_Sums = dict[tuple[str, str, str, str], list[_Step]]


def _sums(d: pd.DataFrame) -> _Sums:
    """Return the running sums by agreement, kind, direction and reading.

    `both` adds the two directions of a handover, and has no size where one of them has none.
    """
    own = ["agreement_id", "kind", "direction", "date", "event_id", "reading", *_COUNTS]
    by: dict[tuple[str, str, str], dict[tuple[Any, str, str], Any]] = {}
    for a, kind, way, date, event, reading, *counts in d[own].itertuples(index=False, name=None):
        sizes = None if pd.isna(counts[1]) else [None if pd.isna(n) else int(n) for n in counts]
        by.setdefault((a, kind, way), {})[date, event, reading] = sizes
    for a, kind in {key[:2] for key in by}:
        one, other = (by.get((a, kind, way), {}) for way in DIRECTIONS)
        by[a, kind, "both"] = {e: _added(one.get(e), other.get(e)) for e in one | other}
    return {
        (*key, reading): _running(sizes, READINGS[: i + 1])
        for key, sizes in by.items()
        for i, reading in enumerate(READINGS)
    }


def _added(one: Any, other: Any) -> Any:
    """Return the two directions of a handover together, or None where one has no size."""
    if one is None or other is None:
        return None
    return [None if None in n else sum(n) for n in zip(one, other, strict=True)]


def _running(sizes: dict[tuple[Any, str, str], Any], taken: Sequence[str]) -> list[_Step]:
    out: list[_Step] = []
    low = best = 0
    high: int | None = 0
    unsized = 0
    for (date, event, reading), size in sorted(sizes.items()):
        if reading not in taken:
            continue
        if size is None:
            unsized, high = unsized + 1, None
        else:
            low, best = low + size[0], best + size[1]
            high = None if high is None or size[2] is None else high + size[2]
        known = unsized <= len(out)  # else no size so far: unknown, not zero
        sums = (low, best) if known else (None, None)
        out.append(_Step(date, event, reading, sums[0], sums[1], high, unsized))
    return out


def _first(run: list[_Step], column: str, least: int) -> pd.Timestamp | None:
    """Return the day on which a running sum reached a number."""
    for step in run:
        reached = getattr(step, column)
        if reached is not None and reached >= least:
            return step.date
    return None


def running(
    record: Record,
    agreement_id: str,
    kind: str,
    direction: str,
    lens: str = "best",
    reading: str = "record",
) -> pd.DataFrame:
    """Return the running sum of one agreement's deliveries: a row per handover, oldest first.

    Columns: date, event_id, reading, low, best, high (running sums; `high` is missing once a
    handover has no size), unsized (how many so far have none). `direction` is to_ukraine, to_russia
    or both. Raises ValueError for an unknown reading.

    >>> running(record, "istanbul-2025-05-16", "prisoners", "to_russia")["best"].tolist()
    [390, 697, 1000]
    """
    _known(reading)
    run = _sums(deliveries(record, lens)).get((agreement_id, kind, direction, reading), [])
    return pd.DataFrame(run, columns=list(_Step._fields)).astype(_STEP)


def course(record: Record, agreement_id: str, kind: str, lens: str = "best") -> pd.DataFrame:
    """Return the running sums of one agreement in both directions, for `rp.charts.pledges.delivery`.

    The columns of `running`, before them direction and taken: "record", the sums of the record's
    own reading, or "possible", those with all that is tied to it or may belong. `attrs` carries
    agreement_id, agreement, agreed_on, kind, as_of, lens and rule.

    >>> may = course(record, "istanbul-2025-05-16", "prisoners")
    >>> may.groupby("direction")["best"].max().to_dict()
    {'to_russia': 1000, 'to_ukraine': 1000}
    """
    d = deliveries(record, lens)
    sums = _sums(d)
    rows = [
        {"direction": way, "taken": taken, **step._asdict()}
        for way in DIRECTIONS
        for taken in ("record", "possible")
        for step in sums.get((agreement_id, kind, way, taken), [])
    ]
    out = pd.DataFrame(rows, columns=["direction", "taken", *_Step._fields]).astype(_STEP)
    a = record.agreements().set_index("agreement_id").reindex([agreement_id]).iloc[0]
    names = {"agreement_id": agreement_id, "agreement": a["name"], "agreed_on": a["agreed_on"]}
    out.attrs = frames.plain({**names, "kind": kind, **d.attrs})
    return out


def _known(reading: str) -> None:
    if reading not in READINGS:
        raise ValueError(f"reading: {reading!r} is none of {', '.join(READINGS)}")


# --- fulfilment -----------------------------------------------------------------------------------


def fulfilment(record: Record, lens: str = "best", reading: str = "record") -> pd.DataFrame:
    """Return each statement of what was promised beside what was delivered of it.

    The columns of `promised`, and:
    target_low, target_high  what the wording asks for: exact n to n, about n ± 10 %, at least n up,
                             more than n + 1 up, up to n none to n; missing = open
    events, unsized          handovers counted, and how many of them have no size
    low, best, high          delivered, as far as known; high is missing where one has no size
    share_low, share_high    delivered over the number as printed
    status                   of `STATUSES`: met, short, within or above (a ceiling), open (hangs on
                             sizes that are unknown or differ), none_delivered, nothing_promised,
                             not_compared (no number, or part of the agreement only)
    short_low, short_high, over_low, over_high   what is missing or too much, as a range
    met_on, met_first, met_last   day on which the sum reached target_low: by best, high, low counts
    days_late                met_on after `until`
    last                     day of the newest handover counted
    `attrs` carries as_of (the day the shortfall is of), lens, reading, rule.
    Raises ValueError for an unknown lens or reading.

    >>> f = fulfilment(record)
    >>> may = f[(f["agreement_id"] == "istanbul-2025-05-16") & (f["direction"] == "to_ukraine")]
    >>> set(may["status"]), set(may["met_on"].dt.strftime("%Y-%m-%d"))
    ({'met'}, {'2025-05-25'})

    See also: `summary`, `running`, `deliveries`.
    """
    _known(reading)
    return _fulfilment(record, lens, reading).copy()


@lru_cache(maxsize=8)
def _fulfilment(record: Record, lens: str, reading: str) -> pd.DataFrame:
    p, d = promised(record), _deliveries(record, lens)
    sums, rows = _sums(d), []
    for said in p.itertuples(index=False):
        run = sums.get((said.agreement_id, said.kind, said.direction, reading), [])
        rows.append(_compared(said, run))
    found = pd.DataFrame(rows, columns=list(_TYPES)).astype(_TYPES)
    out = pd.concat([p, found], axis=1)
    out.attrs = {**d.attrs, "reading": reading}
    return out


_TYPES: dict[str, str] = {
    **dict.fromkeys(["target_low", "target_high", "events", "unsized", *_COUNTS], "Int64"),
    **dict.fromkeys(["share_low", "share_high"], "Float64"),
    "status": "str",
    **dict.fromkeys(["short_low", "short_high", "over_low", "over_high"], "Int64"),
    **dict.fromkeys(["met_on", "met_first", "met_last"], "datetime64[s]"),
    "days_late": "Int64",
    "last": "datetime64[s]",
}


def _target(said: Any) -> tuple[int | None, int | None]:
    """Return what a wording asks for, as its lowest and highest number; None = open."""
    low, high, qualifier = (
        getattr(said, c) for c in ("quantity_low", "quantity_high", "qualifier")
    )
    if pd.isna(low):
        return None, None
    least, most = interval(np.array([low]), np.array([high]), np.array([qualifier]))
    open_ = qualifier in ("at_least", "more_than")
    return None if qualifier == "up_to" else int(least[0]), None if open_ else int(most[0])


def _compared(said: Any, run: list[_Step]) -> dict[str, Any]:
    """Return one statement's columns of `fulfilment`; what does not apply is left out."""
    least, most = _target(said)
    compared = said.scope == "" and said.qualifier not in ("all", "none")
    out: dict[str, Any] = {"target_low": least, "target_high": most, "events": len(run)}
    out["status"] = _status(said, run, compared, least, most)
    if not run:
        return out
    end = run[-1]
    low, high = end.low, end.high
    out |= {"unsized": end.unsized, "low": low, "best": end.best, "high": high, "last": end.date}
    if not compared or low is None:
        return out
    out["share_low"] = low / said.quantity_high
    out["share_high"] = None if high is None else high / said.quantity_low
    if least is not None:
        out["short_low"] = 0 if high is None else max(0, least - high)
        out["short_high"] = max(0, least - low)
        for column, by in (("met_on", "best"), ("met_first", "high"), ("met_last", "low")):
            out[column] = _first(run, by, least)
        if out["met_on"] is not None and pd.notna(said.until):
            out["days_late"] = (out["met_on"] - said.until).days
    if most is not None:
        out["over_low"] = max(0, low - most)
        out["over_high"] = None if high is None else max(0, high - most)
    return out


def _status(
    said: Any, run: list[_Step], compared: bool, least: int | None, most: int | None
) -> str:
    if said.qualifier == "none":
        return "nothing_promised"
    if not compared:
        return "not_compared"
    if not run:
        return "none_delivered"
    low, high = run[-1].low, run[-1].high
    if low is None:
        return "open"
    if least is None:  # a ceiling
        over = most is not None and low > most
        return "above" if over else "open" if high is None or high > (most or 0) else "within"
    if low >= least:
        return "met"
    return "open" if high is None or high >= least else "short"


def summary(record: Record, lens: str = "best") -> pd.DataFrame:
    """Return one row per agreement, kind and direction: the range promised and what came of it.

    Columns: agreement_id, agreement, agreed_on, kind, direction, promised_low, promised_high (the
    range over statements of the whole, ceilings and floors by their printed number; missing where
    nobody gives one), promised_by (how many claimants give one), without (how many say that nothing
    was promised), until (last day named), events, unsized, low, best, high, first, last and met_on
    (day on which best reached promised_high) by the record's own reading; ukraine_says and
    russia_says, the same by each side's claims alone (missing where it counts not every handover);
    tied_events, tied_best and possible_events, possible_best with what claimants tie to it, and
    what also fits.

    >>> s = summary(record).set_index(["agreement_id", "kind", "direction"])
    >>> row = s.loc[("ceasefire-2026-05", "prisoners", "to_ukraine")]
    >>> int(row["promised_high"]), int(row["best"])
    (1000, 205)

    See also: `fulfilment` for each statement.
    """
    return _summary(record, lens).copy()


@lru_cache(maxsize=8)
def _summary(record: Record, lens: str) -> pd.DataFrame:
    p, d = promised(record), _deliveries(record, lens)
    sums, names = _sums(d), record.agreements()[["agreement_id", "name", "agreed_on"]]
    agreements = {a: said for a, *said in names.itertuples(index=False, name=None)}
    sides = {side: _sums(_deliveries(record, side)) for side in ("ukraine", "russia")}
    said: dict[tuple[str, str, str], list[Any]] = {}
    for s in p[(p["scope"] == "").to_numpy()].itertuples(index=False):
        said.setdefault((s.agreement_id, str(s.kind), str(s.direction)), []).append(s)
    rows = []
    for k in dict.fromkeys([*sorted(said), *(k[:3] for k in sums if k[2] != "both")]):
        row: dict[str, Any] = dict(zip(("agreement_id", "kind", "direction"), k, strict=True))
        row["agreement"], row["agreed_on"] = agreements[k[0]]
        row |= _promised_in(said.get(k, []))
        for side, counted in sides.items():
            run = counted.get((*k, "record"), [])
            row[f"{side}_says"] = run[-1].best if run and not run[-1].unsized else None
        rows.append(row | _delivered_in(sums, k, row["promised_high"]))
    out = pd.DataFrame(rows, columns=list(_SUMMARY)).astype(_SUMMARY)
    way = pd.Categorical(out["direction"], [*DIRECTIONS, "both"])
    out = out.assign(_way=way).sort_values(
        ["agreed_on", "agreement_id", "kind", "_way"], ascending=[False, True, True, True]
    )
    out = out.drop(columns="_way").reset_index(drop=True)
    out.attrs = d.attrs
    return out


_SUMMARY: dict[str, str] = {
    **dict.fromkeys(["agreement_id", "agreement"], "str"),
    "agreed_on": "datetime64[s]",
    **dict.fromkeys(["kind", "direction"], "str"),
    **dict.fromkeys(["promised_low", "promised_high", "promised_by", "without"], "Int64"),
    "until": "datetime64[s]",
    **dict.fromkeys(["events", "unsized", *_COUNTS], "Int64"),
    **dict.fromkeys(["first", "last", "met_on"], "datetime64[s]"),
    **dict.fromkeys(["ukraine_says", "russia_says"], "Int64"),
    **dict.fromkeys(["tied_events", "tied_best", "possible_events", "possible_best"], "Int64"),
}


def _promised_in(said: list[Any]) -> dict[str, Any]:
    """Return the columns of `summary` on what was promised."""
    given = [s for s in said if pd.notna(s.quantity_low)]  # the schema: then `high` is too
    return {
        "promised_low": min((s.quantity_low for s in given), default=None),
        "promised_high": max((s.quantity_high for s in given), default=None),
        "promised_by": len({s.claimant for s in given}),
        "without": len({s.claimant for s in said if s.qualifier == "none"}),
        "until": max((s.until for s in said if pd.notna(s.until)), default=None),
    }


def _delivered_in(sums: _Sums, key: tuple[str, str, str], most: Any) -> dict[str, Any]:
    """Return the columns of `summary` on deliveries."""
    run = sums.get((*key, "record"), [])
    out: dict[str, Any] = {"events": len(run)}
    if run:
        end = run[-1]
        out |= {"unsized": end.unsized, "low": end.low, "best": end.best, "high": end.high}
        out |= {"first": run[0].date, "last": end.date}
        out["met_on"] = _first(run, "best", most) if pd.notna(most) else None
    for reading in READINGS[1:]:
        wider = sums.get((*key, reading), [])
        out[f"{reading}_events"] = len(wider)
        out[f"{reading}_best"] = wider[-1].best if wider else None
    return out


# --- after delivery -------------------------------------------------------------------------------


def afterwards(record: Record) -> pd.DataFrame:
    """Return what is known of bodies after they were handed over, each figure with its owner.

    Columns: series (of `AFTER_DELIVERY`), as_of, count_low, count_high, qualifier, claimant, side,
    note, known_on. Identified, misidentified and sent back are counted by different owners at
    different days: the rows are never added.

    >>> set(afterwards(record)["series"]) <= set(AFTER_DELIVERY)
    True
    """
    c = record.context().rename(columns={"name": "claimant"})
    c = c[c["series"].isin(AFTER_DELIVERY).to_numpy()]
    columns = ["series", "as_of", "count_low", "count_high", "qualifier", "claimant", "side"]
    return c[[*columns, "note", "known_on"]].reset_index(drop=True)


# --- one agreement --------------------------------------------------------------------------------


def rival_totals(record: Record, agreement_id: str, kind: str = "bodies") -> pd.DataFrame:
    """Return the totals published for the handovers under one agreement, as in `Record.totals`.

    A total belongs here if its window lies inside the agreement's days, or if it names that round
    and has no start of its own; its `as_of` may be up to 30 days after the last handover.

    >>> t = rival_totals(record, "istanbul-2025-06-02")
    >>> {6057, 6060} <= set(t["count"])
    True

    See also: `rp.analysis.reconcile.reconcile`, which compares totals with events.
    """
    days = delivered(record, agreement_id)
    t = record.totals()
    t = t[(t["kind"] == kind).to_numpy()]
    if days is None:
        return t.head(0)
    start, end = days
    named = t["since"].isna() & (t["scope"] == agreement_id.partition("-")[0])
    return t[t["as_of"].between(start, end + _AFTER) & (t["since"].ge(start) | named)]
