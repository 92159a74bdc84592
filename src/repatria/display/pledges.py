"""What was promised, planned and delivered, in tables for readers."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pandas as pd

from repatria.analysis import pledges as analysis
from repatria.display.table import Table
from repatria.display.words import WORDS, Prose, joined, number, part_words, percent, say, span
from repatria.record import frames
from repatria.record.names import SIDES
from repatria.record.view import Record

__all__ = [
    "STATUS_WORDS",
    "afterwards",
    "finding",
    "findings",
    "fulfilment",
    "links",
    "overview",
    "reasons",
    "rival_totals",
    "slips",
]

STATUS_WORDS = WORDS["fulfilment"]
OUTCOME_WORDS = WORDS["outcome"]
SERIES_WORDS = WORDS["series"]
_WAYS = {**SIDES, "both": "both together"}


def _promise(qualifier: str, low: object, high: object) -> str:
    if qualifier in ("all", "none"):
        return {"all": "everyone of a category", "none": "nothing this way"}[qualifier]
    return f"{qualifier.replace('_', ' ')} {span(low, high)}".removeprefix("exact ")


def rival_totals(record: Record, agreement_id: str, kind: str = "bodies") -> Table:
    """Return the totals published for the handovers under one agreement.

    >>> "6057" in rival_totals(record, "istanbul-2025-06-02").csv()
    True
    """
    t = analysis.rival_totals(record, agreement_id, kind)
    names = record.agreements().set_index("agreement_id")["name"]
    rows = pd.DataFrame(
        {
            "direction": t["direction"].astype("str").map(_WAYS),
            "total": t["count"],
            "wording": t["qualifier"].astype("str").str.replace("_", " "),
            "claimant": t["name"],
            "since": t["since"],
            "as of": t["as_of"],
            "first page": t["known_on"],
            "pages": t["citations"].astype("Int64"),
        }
    )
    return Table(
        f"rival-totals-{kind}",
        f"Totals published for {kind}: {names.get(agreement_id, agreement_id)}",
        rows.sort_values(
            ["direction", "total", "claimant"], ascending=[False, True, True], ignore_index=True
        ),
    )


# --- what came of it ------------------------------------------------------------------------------


def finding(
    record: Record,
    agreement_id: str,
    kind: str = "",
    lens: str = "best",
    summary: pd.DataFrame | None = None,
) -> Prose:
    """Return one sentence on what was promised under an agreement and what came of it.

    All kinds unless one is given. Empty for an agreement that is not there, or under which no
    number is promised. `summary` is that of the analysis, where it is there already.

    >>> finding(record, "istanbul-2025-05-16")
    'Of the 1,000 for 1,000 prisoners agreed in May 2025, 1,000 each were exchanged in three days.'

    See also: `findings`, `fulfilment`.
    """
    known = analysis.summary(record, lens) if summary is None else summary
    rows = _by_agreement(known)
    asked = [k for k in rows if k[0] == agreement_id and kind in ("", k[1])]
    return _finding(record, {k[1]: rows[k] for k in asked}, agreement_id)


def findings(record: Record, lens: str = "best", since: str = "", most: int | None = None) -> Prose:
    """Return a line for each agreement and kind with a promised number, newest first; at `most` so
    many.

    `since` leaves out those agreed before that day; one without a day is as old as the last day
    named in it, and stands last.
    """
    s = analysis.summary(record, lens)
    if since:
        told = s["agreed_on"].fillna(s["until"])
        s = s[~(told < pd.Timestamp(since)).to_numpy()]
    rows = _by_agreement(s)
    said = (_finding(record, {kind: rows[of, kind]}, of) for of, kind in rows)
    return Prose("\n".join(f"- {text}" for text in islice((t for t in said if t), most)))


_Ways = dict[str, dict[str, Any]]  # the rows of `analysis.pledges.summary` by direction


def _by_agreement(s: pd.DataFrame) -> dict[tuple[str, str], _Ways]:
    out: dict[tuple[str, str], _Ways] = {}
    for row in map(_plain, s.to_dict("records")):
        out.setdefault((row["agreement_id"], row["kind"]), {})[row["direction"]] = row
    return out


def _finding(record: Record, by_kind: dict[str, _Ways], agreement_id: str) -> Prose:
    kinds: list[dict[str, Any]] = []
    for kind, ways in by_kind.items():
        if all(way["promised_high"] is None for way in ways.values()):
            continue
        totals: list[dict[str, Any]] = []
        if any(way["unsized"] for way in ways.values()):
            totals = _newest(analysis.rival_totals(record, agreement_id, kind))
        kinds.append({"kind": kind, "ways": ways, "totals": totals})
    if not kinds:
        return Prose()
    one = next(way for ways in by_kind.values() for way in ways.values())
    return say("pledges/finding", name=one["agreement"], agreed_on=one["agreed_on"], kinds=kinds)


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row of `analysis.pledges.summary` with None for what is missing."""
    out = {str(k): None if pd.isna(v) else v for k, v in row.items()}
    one = out["first"] is not None and (out["last"] - out["first"]).days + 1 == out["events"]
    return out | {"days": out["events"] if one else None}


def _newest(totals: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the newest sum that an official of each side published for Ukraine, one a side."""
    t = totals[
        (totals["official"] == "yes").to_numpy() & (totals["unit"] != "exchanges").to_numpy()
    ]
    t = t[(t["direction"] == "to_ukraine").to_numpy()].sort_values("as_of")
    out = []
    for _, rows in t.groupby("side", observed=True):
        last = rows.iloc[-1]
        words = _promise(str(last["qualifier"]), last["count"], last["count"])
        out.append({"words": words, "by": last["name"], "as_of": last["as_of"]})
    return out


def overview(record: Record, lens: str = "best") -> Table:
    """Return each agreement by kind and direction: the range promised and what was delivered of it.

    >>> overview(record).frame.columns.tolist()[:4]
    ['agreement', 'kind', 'direction', 'promised']
    """
    s = analysis.summary(record, lens)
    rows = pd.DataFrame(
        {
            "agreement": s["agreement"],
            "kind": s["kind"],
            "direction": s["direction"].map(_WAYS),
            "promised": _spans(s, "promised_low", "promised_high", "no number"),
            "delivered": _delivered(s),
            "handovers": s["events"],
            "of these without a size": s["unsized"],
            "met on": s["met_on"],
            "with what others tie to it": s["tied_best"].where(s["tied_events"] > s["events"]),
            "with what may belong": s["possible_best"].where(
                s["possible_events"] > s["tied_events"]
            ),
        }
    )
    return Table(
        "pledges-overview",
        "Promised and delivered, by agreement",
        rows,
        notes=[say("pledges/overview_note", as_of=frames.dated(s.attrs)["as_of"])],
        groups="agreement",
    )


def _spans(s: pd.DataFrame, low: str, high: str, none: str) -> list[str]:
    return [span(a, b) or none for a, b in zip(s[low], s[high], strict=True)]


def _delivered(s: pd.DataFrame) -> list[str]:
    """Return what was delivered: a range, "at least n" where sizes are missing, or words."""
    out = []
    for events, low, high in zip(s["events"], s["low"], s["high"], strict=True):
        known = f"at least {number(low)}" if pd.isna(high) else span(low, high)
        out.append("none tied to it" if not events else "no size" if pd.isna(low) else known)
    return out


def fulfilment(
    record: Record, agreement_id: str, lens: str = "best", reading: str = "record"
) -> Table:
    """Return every statement of what was promised under an agreement beside what was delivered.

    >>> fulfilment(record, "geneva-2026-02").frame["delivered"].unique().tolist()
    ['500–502', '500']
    """
    f = analysis.fulfilment(record, lens, reading)
    f = f[(f["agreement_id"] == agreement_id).to_numpy()]
    quantities = zip(f["qualifier"], f["quantity_low"], f["quantity_high"], f["scope"], strict=True)
    order = f["direction"].map({"to_ukraine": 0, "to_russia": 1, "both": 2}).astype("int64")
    rows = pd.DataFrame(
        {
            "kind": f["kind"].astype("str"),
            "direction": f["direction"].astype("str").map(_WAYS),
            "promised": [
                _promise(str(q), low, high) + (f" ({part_words(part)})" if part else "")
                for q, low, high, part in quantities
            ],
            "claimant": f["claimant"],
            "delivered": _delivered(f),
            "of the number": [
                "" if pd.isna(a) else f"{percent(a)} or more" if pd.isna(b) else _shares(a, b)
                for a, b in zip(f["share_low"], f["share_high"], strict=True)
            ],
            "outcome": f["status"].map(STATUS_WORDS),
            "met on": f["met_on"],
            "missing": _spans(f, "short_low", "short_high", ""),
            "beyond": _spans(f, "over_low", "over_high", ""),
        }
    )
    rows = rows.assign(_by=order).sort_values(["kind", "_by", "claimant", "promised"])
    names = record.agreements().set_index("agreement_id")["name"]
    return Table(
        f"fulfilment-{agreement_id}",
        f"Promised and delivered: {names.get(agreement_id, agreement_id)}",
        rows.drop(columns="_by").replace({"missing": {"0": ""}, "beyond": {"0": ""}}),
        notes=[say("pledges/fulfilment_note", as_of=frames.dated(f.attrs)["as_of"])],
    )


def _shares(low: float, high: float) -> str:
    return percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"


def links(record: Record, disputed: bool = True) -> Table:
    """Return who ties which handover to which agreement; by default only where that is disputed."""
    rows = analysis.links(record)
    if disputed:
        rows = rows[rows["disputed"].to_numpy(dtype=bool)].sort_values(["date", "agreement_id"])
    names = record.agreements().set_index("agreement_id")["name"]
    words = {"record": "yes", "possible": "open: fits, no page says so"}
    frame = pd.DataFrame(
        {
            "event": rows["event_id"],
            "agreement": rows["agreement_id"].map(names),
            "counted as its delivery": rows["reading"].map(words).fillna("no"),
            "tied to it by": rows["tied_by"].map(joined),
            "denied by": rows["denied_by"].map(joined),
            "in other words": rows["notes"].map("; ".join),
        }
    )
    return Table(
        "links",
        "Handovers whose agreement is disputed" if disputed else "Handovers and their agreements",
        frame.reset_index(drop=True),
        links=["event"],
        notes=[say("pledges/links_note")],
    )


def slips(record: Record) -> Table:
    """Return planned days beside the day on which the handover came, newest first."""
    s = analysis.slips(record).iloc[::-1].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "planned for": s["planned_for"],
            "kind": s["kind"],
            "first page": s["announced_on"],
            "outcome": s["outcome"].map(OUTCOME_WORDS),
            "came on": s["came_on"],
            "days later": s["slip"],
            "event": s["event_id"],
            "planned or confirmed by": s["planned_by"].map(joined),
            "denied or disputed by": s["disputed_by"].map(joined),
        }
    )
    return Table("slips", "Planned days, and the day it came", frame, links=["event"])


def reasons(record: Record) -> Table:
    """Return what each side says of handovers put off, halted, called off or denied, newest first."""
    r = analysis.reasons(record)
    side = {"ukraine": "Ukraine", "russia": "Russia", "mediator": "mediators", "third": "others"}
    frame = pd.DataFrame(
        {
            "first page": r["known_on"],
            "kind": r["kind"].astype("str"),
            "planned for": r["planned_for"],
            "side": r["side"].astype("str").map(side),
            "claimant": r["claimant"],
            "statement": r["statement"].astype("str").str.replace("_", " "),
            "in other words": r["note"],
        }
    )
    return Table("reasons", "Put off, halted, called off or denied: who says why", frame)


def afterwards(record: Record) -> Table:
    """Return figures on bodies after their handover, each with its owner."""
    a = analysis.afterwards(record)
    counts = zip(a["qualifier"].astype("str"), a["count_low"], a["count_high"], strict=True)
    frame = pd.DataFrame(
        {
            "what": a["series"].map(SERIES_WORDS),
            "figure": [_promise(q, low, high) for q, low, high in counts],
            "as of": a["as_of"],
            "claimant": a["claimant"],
            "in other words": a["note"],
            "first page": a["known_on"],
        }
    )
    return Table(
        "afterwards",
        "After the handover: identified, misidentified, sent back",
        frame,
        notes=[say("pledges/afterwards_note")],
    )
