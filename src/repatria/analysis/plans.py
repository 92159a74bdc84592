"""What was planned against what came: days kept, missed and put off, and who says why.

The part of `pledges` that reads schedules; `pledges` shows all that is public here.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import pandas as pd

from repatria.record import frames
from repatria.record.view import Record

__all__ = ["delivered", "reasons", "slips"]

_DISPUTING = ["not_kept", "postponed", "suspended", "cancelled", "denied"]


def slips(record: Record) -> pd.DataFrame:
    """Return planned days against the day on which the handover came.

    One row per kind, planned day and handover: kind, planned_for, event_id ("" = none is on
    record), came_on, slip (days; missing where nothing came), outcome (came, cancelled, no_event),
    announced_on (day of the first page), planned_by (names), disputed_by (names that deny it, or
    say that it was put off, broken or called off), sides (of all who speak of it), made_up (it did
    not come, and a later handover is named for it, which has a row of its own).

    >>> s = slips(record)
    >>> june = s[s["event_id"] == "bodies-2025-06-11"]
    >>> june[["slip"]].assign(day=june["planned_for"].dt.day).values.tolist()
    [[5, 6], [4, 7]]

    See also: `reasons`.
    """
    s = record.schedules().astype({"kind": "str", "statement": "str", "event_id": "str"})
    s = s[s["planned_for"].notna().to_numpy()]
    events = record.events(cancelled=True, disputed=True)[["event_id", "status", "date"]]
    held = {event: of for event, *of in events.itertuples(index=False, name=None)}
    of = itemgetter("kind", "planned_for", "event_id")
    rows = []
    for (kind, day, event), told in groupby(sorted(s.to_dict("records"), key=of), of):
        said, (status, date) = list(told), held.get(event, ("", pd.NaT))
        came = status == "took_place"
        cancelled = event in held or any(row["statement"] == "cancelled" for row in said)
        against = [row["name"] for row in said if row["statement"] in _DISPUTING]
        planned = [row["name"] for row in said if row["statement"] not in _DISPUTING]
        known = [row["known_on"] for row in said if pd.notna(row["known_on"])]
        rows.append(
            {
                "kind": kind,
                "planned_for": day,
                "event_id": event,
                "came_on": date if came else pd.NaT,
                "outcome": "came" if came else "cancelled" if cancelled else "no_event",
                "announced_on": min(known, default=pd.NaT),
                "planned_by": tuple(dict.fromkeys(planned)),
                "disputed_by": tuple(dict.fromkeys(against)),
                "sides": tuple(sorted({row["side"] for row in said})),
            }
        )
    columns = ["kind", "planned_for", "event_id", "came_on", "slip", "outcome", "announced_on"]
    out = pd.DataFrame(rows, columns=[*columns, "planned_by", "disputed_by", "sides"])
    dates = dict.fromkeys(["planned_for", "came_on", "announced_on"], "datetime64[s]")
    out = out.astype(dates)
    out["slip"] = (out["came_on"] - out["planned_for"]).dt.days.astype("Int64")
    came = out.loc[(out["outcome"] == "came").to_numpy(), ["kind", "planned_for"]]
    again = pd.MultiIndex.from_frame(out[["kind", "planned_for"]]).isin(
        pd.MultiIndex.from_frame(came)
    )
    out["made_up"] = again & (out["outcome"] != "came").to_numpy()
    out.attrs = frames.plain({"as_of": record.last_day})
    return out.sort_values(["planned_for", "kind", "event_id"], ignore_index=True)


def reasons(record: Record) -> pd.DataFrame:
    """Return what is said of handovers broken, put off, halted, called off or denied, newest first.

    Columns: kind, planned_for (missing where no day is named), event_id, side, claimant, statement,
    note (the reason in the record's words), known_on. Both sides' rows stand side by side.

    >>> {"ukraine", "russia"} <= set(reasons(record)["side"])
    True
    """
    s = record.schedules().rename(columns={"name": "claimant"})
    s = s[s["statement"].isin(_DISPUTING).to_numpy()]
    columns = ["kind", "planned_for", "event_id", "side", "claimant", "statement", "note"]
    order = s["known_on"].fillna(s["planned_for"])
    s = s.assign(_on=order).sort_values(["_on", "schedule_id"], ascending=[False, True])
    return s[[*columns, "known_on"]].reset_index(drop=True)


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
