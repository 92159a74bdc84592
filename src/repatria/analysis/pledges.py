"""What was promised, what was planned, and which totals were published for one agreement.

Announced, agreed, delivered and identified are different quantities: the rows stand side by side as
their claimants state them, and nothing here adds one to another.
"""

from __future__ import annotations

import pandas as pd

from repatria.record.view import Record

__all__ = ["delivered", "planned", "promised", "rival_totals"]

_AFTER = pd.Timedelta(days=30)  # totals of a round are still published a month after its last day


def promised(record: Record) -> pd.DataFrame:
    """Return what each claimant says was promised, newest agreement first.

    Columns: agreement_id, agreement (its name), agreed_on, kind, direction, claimant, qualifier
    (`all`: everyone of a category), quantity_low, quantity_high, known_on (day of the first page).
    One row per statement; the same statement of one claimant on several pages is one row.

    >>> "istanbul-2025-06-02" in set(promised(record)["agreement_id"])
    True

    See also: `planned`, `rival_totals`.
    """
    agreements = record.agreements()[["agreement_id", "name", "agreed_on"]]
    p = record.pledges().rename(columns={"name": "claimant"})
    p = p.merge(agreements.rename(columns={"name": "agreement"}), on="agreement_id")
    order = ["agreed_on", "agreement_id", "kind", "direction", "claimant"]
    p = p.sort_values(order, ascending=[False, True, True, True, True])
    same = ["agreement_id", "agreement", "agreed_on", "kind", "direction", "claimant"]
    same += ["qualifier", "quantity_low", "quantity_high"]
    rows = p.groupby(same, observed=True, sort=False, dropna=False)
    out = rows.agg(known_on=("known_on", "min")).reset_index()
    out.attrs = {"as_of": record.last_day}
    return out


def delivered(record: Record, agreement_id: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the days from an agreement to the last handover under it, or None if neither is known.

    >>> first, last = delivered(record, "istanbul-2025-05-16")
    >>> f"{first:%Y-%m-%d} {last:%Y-%m-%d}"
    '2025-05-16 2025-05-25'
    """
    agreed = record.agreements().set_index("agreement_id")["agreed_on"]
    events = record.events()
    under = events.loc[(events["agreement_id"] == agreement_id).to_numpy(dtype=bool), "date"]
    if agreement_id not in agreed.index or under.empty:
        return None
    return agreed[agreement_id], under.max()


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


def planned(record: Record, agreement_id: str) -> pd.DataFrame:
    """Return the planned days under an agreement on which both sides spoke, by day and claimant.

    Columns: planned_for, kind, claimant, statement (planned, kept, postponed, denied …), notes (a
    tuple), known_on (day of the first page). One row per day, kind, claimant and statement.

    >>> planned(record, "istanbul-2025-06-02")["planned_for"].min() >= pd.Timestamp("2025-06-02")
    True

    See also: `promised`.
    """
    days = delivered(record, agreement_id)
    s = record.schedules()
    s = s[s["planned_for"].between(*days)] if days is not None else s.head(0)
    spoke = s[s["side"].isin(["ukraine", "russia"])]
    sides = spoke.groupby(["planned_for", "kind"], observed=True)["side"].nunique()
    both = pd.MultiIndex.from_frame(s[["planned_for", "kind"]]).isin(sides.index[sides == 2])
    s = s[both].astype({"kind": "str", "statement": "str"}).rename(columns={"name": "claimant"})
    rows = s.groupby(["planned_for", "kind", "claimant", "statement"], sort=True).agg(
        notes=("note", lambda n: tuple(x for x in dict.fromkeys(n) if x)),
        known_on=("known_on", "min"),
    )
    return rows.reset_index()


def __dir__() -> list[str]:
    return __all__
