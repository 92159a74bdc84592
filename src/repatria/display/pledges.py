"""What was promised, planned and delivered, in tables for readers."""

from __future__ import annotations

import pandas as pd

from repatria.analysis import pledges as analysis
from repatria.display.table import Table
from repatria.display.words import ABSENCE_WORDS, number, span
from repatria.record.names import KIND_WORDS, SIDES
from repatria.record.view import Record

__all__ = ["both_sides", "disputed_schedule", "pledges", "rival_totals"]

_WAYS = {**SIDES, "both": "both together"}


def both_sides(record: Record, kind: str, since: str = "") -> Table:
    """Return, per event of a kind, what each side says in each direction, side by side.

    >>> both_sides(record, "bodies", "2025-06-01").name
    'both-sides-bodies'
    """
    events = record.events(kind, since=since)
    frame = pd.DataFrame({"event": events["event_id"]})
    for direction, side in SIDES.items():
        for lens, who in (("ukraine", "Ukraine says"), ("russia", "Russia says")):
            e = record.events(kind, lens, since)
            columns = [direction, f"{direction}_low", f"{direction}_high", f"{direction}_absence"]
            cells = e[columns].astype("object").itertuples(index=False, name=None)
            frame[f"{side}: {who}"] = [_statement(*cell) for cell in cells]
    return Table(
        f"both-sides-{kind}",
        f"{KIND_WORDS[kind][1].capitalize()}: both sides' statements, newest first",
        frame.iloc[::-1].reset_index(drop=True),
        links=["event"],
        notes=["silent: no statement of that side on this direction was read; not a zero."],
        spanners={s: [f"{s}: Ukraine says", f"{s}: Russia says"] for s in SIDES.values()},
    )


def _statement(best: object, low: object, high: object, absence: object) -> str:
    """Return what a side says: its figure or range, its absence in words, or that it is silent."""
    if pd.notna(absence):
        return "silent" if absence == "not_reported" else ABSENCE_WORDS[str(absence)]
    return span(low, high) if pd.isna(high) or low != high else number(best)


def pledges(record: Record) -> Table:
    """Return what each claimant says was promised, per agreement, kind and direction."""
    p = analysis.promised(record)
    quantities = zip(p["qualifier"], p["quantity_low"], p["quantity_high"], strict=True)
    shown = pd.DataFrame(
        {
            "agreement": p["agreement"],
            "kind": p["kind"].astype("str"),
            "direction": p["direction"].astype("str").map(_WAYS),
            "promised": [_promise(str(q), low, high) for q, low, high in quantities],
            "claimant": p["claimant"],
            "first page": p["known_on"],
        }
    )
    said = ["agreement", "kind", "direction", "promised", "claimant"]
    rows = shown.groupby(said, sort=False).agg("min").reset_index()
    return Table(
        "pledges",
        "What was promised, as each claimant states it",
        rows,
        notes=["Announced, agreed, delivered and identified are different quantities."],
    )


def _promise(qualifier: str, low: object, high: object) -> str:
    if qualifier == "all":
        return "everyone of a category"
    return f"{qualifier.replace('_', ' ')} {span(low, high)}".removeprefix("exact ")


def rival_totals(record: Record, agreement_id: str, kind: str = "bodies") -> Table:
    """Return the totals published for the handovers under one agreement."""
    t = analysis.rival_totals(record, agreement_id, kind)
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
        f"Totals published for the handovers under {agreement_id}: {kind}",
        rows.sort_values(
            ["direction", "total", "claimant"], ascending=[False, True, True], ignore_index=True
        ),
    )


def disputed_schedule(record: Record, agreement_id: str) -> Table:
    """Return the planned days under an agreement on which both sides spoke, and who says what.

    One row per day, kind, claimant and statement; several notes of one claimant are joined.
    """
    s = analysis.planned(record, agreement_id)
    rows = pd.DataFrame(
        {
            "planned for": s["planned_for"],
            "kind": s["kind"],
            "claimant": s["claimant"],
            "statement": s["statement"].str.replace("_", " "),
            "note": s["notes"].str.join("; "),
            "first page": s["known_on"],
        }
    )
    return Table(
        "schedule",
        f"Days planned under {agreement_id} on which both sides spoke",
        rows,
        notes=["Rows stand side by side; the record does not rule between them."],
    )


def __dir__() -> list[str]:
    return __all__
