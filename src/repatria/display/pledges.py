"""What was promised, planned and delivered, in tables for readers."""

from __future__ import annotations

import pandas as pd

from repatria.display.table import Table
from repatria.display.words import ABSENCE_WORDS, number, span
from repatria.record.names import KIND_WORDS, SIDES
from repatria.record.view import Record


def both_sides(record: Record, kind: str, since: str = "") -> Table:
    """Return, per event of a kind, what each side's officials and others say in each direction, side by side."""
    events = record.events(kind, since=since)
    frame = pd.DataFrame({"event": events["event_id"]})
    for direction, side in SIDES.items():
        for lens, who in (("ukraine", "Ukraine says"), ("russia", "Russia says")):
            e = record.events(kind, lens, since)
            absent = e[f"{direction}_absence"].astype("object").replace({"not_reported": "silent"})
            frame[f"{side}: {who}"] = [
                ABSENCE_WORDS.get(a, a)
                if pd.notna(a)
                else span(low, high)
                if pd.isna(high) or low != high
                else number(best)
                for best, low, high, a in zip(
                    e[direction], e[f"{direction}_low"], e[f"{direction}_high"], absent, strict=True
                )
            ]
    shown = frame.iloc[::-1].reset_index(drop=True)
    return Table(
        f"both-sides-{kind}",
        f"{KIND_WORDS[kind][1].capitalize()}: both sides' statements, newest first",
        shown,
        links=["event"],
        notes=["silent: no statement of that side on this direction was read; not a zero."],
    )


def pledges(record: Record) -> Table:
    """Return what each claimant says was promised, per agreement, kind and direction."""
    p = record.pledges().merge(
        record.agreements()[["agreement_id", "name", "agreed_on"]], on="agreement_id", suffixes=("", "_agreement")
    )
    p = p.sort_values(
        ["agreed_on", "agreement_id", "kind", "direction", "name"], ascending=[False, True, True, True, True]
    )
    p = p.assign(
        promised=[
            "everyone of a category"
            if q == "all"
            else f"{str(q).replace('_', ' ')} {span(low, high)}".removeprefix("exact ")
            for q, low, high in zip(p["qualifier"], p["quantity_low"], p["quantity_high"], strict=True)
        ],
        side=p["direction"].astype("str").map({**SIDES, "both": "both together"}),
    )
    group = ["name_agreement", "kind", "side", "promised", "name"]
    rows = p.groupby(group, observed=True, sort=False).agg(known_on=("known_on", "min")).reset_index()
    rows = rows.rename(
        columns={"name_agreement": "agreement", "side": "direction", "name": "claimant", "known_on": "first page"}
    )
    rows["kind"] = rows["kind"].astype("str")
    return Table(
        "pledges",
        "What was promised, as each claimant states it",
        rows,
        notes=["Announced, agreed, delivered and identified are different quantities."],
    )


def _window(record: Record, agreement_id: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the days from an agreement to the last handover under it, or None if the record knows neither yet."""
    agreement = record.agreements().set_index("agreement_id")
    events = record.events()
    under = events[events["agreement_id"] == agreement_id]
    if agreement_id not in agreement.index or under.empty:
        return None
    return agreement.loc[agreement_id, "agreed_on"], under["date"].max()


def rival_totals(record: Record, agreement_id: str, kind: str = "bodies") -> Table:
    """Return the totals published for the handovers under one agreement, a row a claimant's figure.

    A total belongs here if its window lies inside the agreement's days, or if it names that round and has no
    start of its own; `as of` may be up to 30 days after the last handover.
    """
    title = f"Totals published for the handovers under {agreement_id}: {kind}"
    window = _window(record, agreement_id)
    t = record.totals()
    t = t[t["kind"] == kind]
    if window is None:
        t = t.head(0)
    else:
        start, end = window
        within = t["as_of"].between(start, end + pd.Timedelta(days=30))
        t = t[within & (t["since"].ge(start) | (t["since"].isna() & (t["scope"] == agreement_id.partition("-")[0])))]
    rows = pd.DataFrame(
        {
            "direction": t["direction"].astype("str").map({**SIDES, "both": "both together"}),
            "total": t["count"],
            "wording": t["qualifier"].astype("str").str.replace("_", " "),
            "claimant": t["name"],
            "since": t["since"],
            "as of": t["as_of"],
            "first page": t["known_on"],
            "pages": t["citations"].astype("Int64"),
        }
    ).sort_values(["direction", "total", "claimant"], ascending=[False, True, True], ignore_index=True)
    return Table(f"rival-totals-{kind}", title, rows)


def disputed_schedule(record: Record, agreement_id: str) -> Table:
    """Return the planned days under an agreement on which both sides spoke: who says planned, kept, postponed, denied.

    One row per day, kind, claimant and statement; several notes of one claimant are joined.
    """
    window = _window(record, agreement_id)
    s = record.schedules()
    s = s[s["planned_for"].between(*window)] if window is not None else s.head(0)
    sides = s[s["side"].isin(["ukraine", "russia"])].groupby(["planned_for", "kind"], observed=True)["side"].nunique()
    both = pd.MultiIndex.from_frame(s[["planned_for", "kind"]]).isin(sides.index[sides == 2])
    s = s[both].astype({"kind": "str", "statement": "str"})
    rows = (
        s.groupby(["planned_for", "kind", "name", "statement"], sort=True)
        .agg(note=("note", lambda n: "; ".join(x for x in dict.fromkeys(n) if x)), first=("known_on", "min"))
        .reset_index()
    )
    rows["statement"] = rows["statement"].str.replace("_", " ")
    rows = rows.rename(columns={"planned_for": "planned for", "name": "claimant", "first": "first page"})
    return Table(
        "schedule",
        f"Days planned under {agreement_id} on which both sides spoke",
        rows,
        notes=["Rows stand side by side; the record does not rule between them."],
    )
