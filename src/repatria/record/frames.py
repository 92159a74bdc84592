"""The frames that a record hands out: how claims are joined, what an events frame says of itself, its long form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.extensions import take

from repatria.record import rule
from repatria.record.checks import at
from repatria.record.coverage import Ground
from repatria.record.schema import DIRECTIONS, KINDS, RECEIVER
from repatria.record.window import Day, day

if TYPE_CHECKING:
    from repatria.record.view import Record

__all__ = [
    "FIRST",
    "about",
    "arranged",
    "as_of",
    "claims",
    "dated",
    "directions",
    "left_out",
    "mentions",
    "plain",
    "searched",
]

FIRST = ["event_id", "date", *DIRECTIONS, "kind"]
_SAID = {  # what the pages of a row say together
    "known_on": ("published_on", "min"),
    "citations": ("source_id", "size"),
    "publishers": ("publisher", "nunique"),
}
_PARTS = {
    "": "count",
    **{f"_{p}": p for p in ("low", "high", "grade", "absence")},
    "_claim": "claim_id",
    "_claimant": "claimant",
    "_claims": "claims",
}
_OWN = ["kind", "date_precision", "status", "deal_id", "agreement_id", "known_on", "in_window"]


def claims(t: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return claims with their claimant, their event's kind and date, and what their pages say together.

    >>> claims(record.tables)["claim_id"].is_unique
    True
    """
    pages = _beside(
        t["citations"], t["sources"], "source_id", ["publisher", "published_on", "tier"]
    )
    pages["poor"] = (pages["tier"] == "aggregator").to_numpy()
    by = pages.groupby(at(pages["claim_id"], t["claims"]["claim_id"]))
    per = by.agg(**_SAID, poor=("poor", "min"))[["known_on", "poor", "citations", "publishers"]]
    who = [c for c in t["claimants"] if c != "claimant_id"]
    out = _beside(t["claims"].reset_index(drop=True), t["claimants"], "claimant_id", who).join(per)
    out = _beside(out, t["events"], "event_id", ["kind", "date", "date_precision"])
    corrections = (
        out.loc[out["corrects"] != ""].drop_duplicates("corrects").set_index("corrects")["claim_id"]
    )
    out["corrected_by"] = out["claim_id"].map(corrections).astype("str").fillna("")
    return out.astype({"citations": "Int64", "publishers": "Int64", "poor": "bool"})


def mentions(t: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what the pages of each row of totals, pledges, links, schedules and context say together.

    >>> mentions(record.tables).columns.tolist()
    ['known_on', 'citations', 'publishers']
    """
    pages = _beside(t["mentions"], t["sources"], "source_id", ["published_on", "publisher"])
    return pages.groupby("row_id").agg(**_SAID)


def _beside(rows: pd.DataFrame, table: pd.DataFrame, key: str, columns: list[str]) -> pd.DataFrame:
    """Return rows with these columns of the row of `table` that their key names: a merge that looks up each id once."""
    place = at(rows[key], table[key])
    return rows.assign(**{c: take(table[c].array, place, allow_fill=True) for c in columns})


def arranged(events: pd.DataFrame) -> pd.DataFrame:
    """Return a table of events that begins with what it is about: event, date, both counts, kind.

    >>> arranged(record.events("bodies")).columns[:4].tolist()
    ['event_id', 'date', 'to_ukraine', 'to_russia']
    """
    return events[[*FIRST, *(c for c in events.columns if c not in FIRST)]]


def about(
    record: Record, events: pd.DataFrame, kind: str | None, lens: str, until: Day | None
) -> dict[str, Any]:
    """Return what a table of events says of itself (`attrs`), in JSON's own types: days are ISO text.

    So it survives Parquet, pickle and copies; `as_of` and `repatria.charts` read it. Keys: as_of, lens,
    kind, until, rule, unsure (how many events are in part in the window), coverage (stretches) and
    coverage_of.

    >>> about(record, record.events(), "bodies", "best", None)["unsure"]
    0
    """
    return {
        "as_of": _iso(record.last_day),
        "lens": lens,
        "kind": kind,
        "until": _iso(day(until, "until", last=True)) if until else None,
        "rule": f"{rule.RULE} v{rule.RULE_VERSION}",
        "unsure": int((events["in_window"] == "part").sum()),
        "coverage": record._read[1][kind],
        "coverage_of": record.coverage_of,
    }


def _iso(value: pd.Timestamp | None) -> str | None:
    return None if value is None or pd.isna(value) else f"{value:%Y-%m-%d}"


def searched(record: Record) -> tuple[dict[str, pd.Timestamp], dict[str | None, Ground]]:
    """Return the last day read by kind, of kinds of which both sides have a dense stretch, and the stretches of each
    kind and (None) of all: what every frame of a record says, made once.

    >>> last, grounds = searched(record)
    >>> sorted(last), len(grounds["bodies"]) < len(grounds[None])
    (['bodies', 'prisoners'], True)
    """
    c = record.coverage()
    rows = [
        {
            "kind": str(row.kind),
            "side": str(row.side),
            "read_from": _iso(row.read_from),
            "read_through": _iso(row.read_through),
            "density": str(row.density),
        }
        for row in c.itertuples()
    ]
    last: dict[str, pd.Timestamp] = {}
    grounds: dict[str | None, Ground] = {None: Ground(rows)}
    for kind in KINDS:
        dense = c[(c["kind"] == kind) & (c["density"] == "dense")]
        ends = dense.groupby("side", observed=True)["read_through"].max()
        if len(ends) == len(RECEIVER):
            last[kind] = ends.min()
        grounds[kind] = Ground(row for row in rows if row["kind"] == kind)
    return last, grounds


DAYS = ("as_of", "until", "first", "dense_from", "through", "agreed_on")


def plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table says of itself with its days as ISO text, so that `to_parquet` can write it.

    >>> plain({"as_of": pd.Timestamp("2025-06-12"), "first": None, "units": 3})
    {'as_of': '2025-06-12', 'first': None, 'units': 3}
    """
    days = {k: v for k, v in told.items() if k in DAYS and not isinstance(v, str)}
    return {**told, **{k: _iso(v) for k, v in days.items()}}


def dated(attrs: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the `attrs` of a table with its days as such again: the reverse of `plain`.

    >>> dated({"through": "2025-06-12", "first": None})
    {'through': Timestamp('2025-06-12 00:00:00'), 'first': None}
    """
    days = {k: v for k, v in attrs.items() if k in DAYS and v is not None}
    return {**attrs, **{k: pd.Timestamp(v).as_unit("s") for k, v in days.items()}}


def as_of(frame: pd.DataFrame, name: str = "as_of") -> pd.Timestamp | None:
    """Return the day a table speaks for, or None where it does not say; `name` for another day of it.

    >>> as_of(record.as_of("2025-06-12").events())
    Timestamp('2025-06-12 00:00:00')
    """
    return dated(frame.attrs).get(name)


def directions(events: pd.DataFrame) -> pd.DataFrame:
    """Return events in long form: a row an event and direction. Columns: see `Record.directions`.

    >>> june = record.events("bodies", since="2025-06-11", until="2025-06-11")
    >>> directions(june)[["direction", "count"]].values.tolist()
    [['to_ukraine', 1212], ['to_russia', 27]]
    """
    parts = []
    for place, side in enumerate(DIRECTIONS):
        named = {f"{side}{suffix}": name for suffix, name in _PARTS.items()}
        part = events[["event_id", "date", *named, *_OWN]].rename(columns=named)
        part.insert(2, "direction", pd.Categorical([side] * len(part), categories=DIRECTIONS))
        part.index = pd.MultiIndex.from_arrays([range(len(part)), [place] * len(part)])
        parts.append(part)
    out = pd.concat(parts).sort_index().reset_index(drop=True)
    out.attrs = dict(events.attrs)
    return out


def left_out(aside: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Return claims that only undated pages carry, counted; see `Record.left_out`.

    `aside` are these claims, `told` the counted ones that a dated page carries.

    >>> record.left_out()["claims"].sum() > 0
    np.True_
    """
    pairs = pd.MultiIndex.from_frame(told[["event_id", "direction"]].astype("str"))
    silent = ~pd.MultiIndex.from_frame(aside[["event_id", "direction"]].astype("str")).isin(pairs)
    rows = []
    for kind in KINDS:
        for direction in DIRECTIONS:
            here = (aside["kind"] == kind).to_numpy() & (aside["direction"] == direction).to_numpy()
            ids = aside["event_id"]
            found = int(here.sum()), ids[here].nunique(), ids[here & silent].nunique()
            rows.append((kind, direction, *found))
    frame = pd.DataFrame(rows, columns=["kind", "direction", "claims", "events", "without"])
    for column, names in (("kind", KINDS), ("direction", DIRECTIONS)):
        frame[column] = pd.Categorical(frame[column], categories=names)
    return frame
