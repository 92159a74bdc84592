"""What of the tables is left when they are cut: by the day pages are dated, or by the day of the events."""

from __future__ import annotations

import pandas as pd

from repatria.record import window
from repatria.record.schema import MENTIONED

__all__ = ["known_by", "through"]


def known_by(t: dict[str, pd.DataFrame], until: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return the tables as pages dated by a day carry them; coverage is left as it is."""

    def keep(name: str, column: str, known: pd.Series) -> None:
        t[name] = t[name][t[name][column].isin(known)]

    t["sources"] = t["sources"][t["sources"]["published_on"] <= until]
    pages = t["sources"]["source_id"]
    keep("citations", "source_id", pages)
    t["events"] = t["events"][t["events"]["date"] <= until]
    keep("claims", "claim_id", t["citations"]["claim_id"])
    keep("claims", "event_id", t["events"]["event_id"])
    keep("citations", "claim_id", t["claims"]["claim_id"])
    keep("mentions", "source_id", pages)
    for name, column in MENTIONED.items():
        keep(name, column, t["mentions"]["row_id"])
    e = t["events"]
    spoken = e["event_id"].isin(t["claims"]["event_id"])
    # A plan alone does not make a handover that took place: nobody had said so yet.
    planned = (e["status"] == "cancelled") & e["event_id"].isin(t["schedules"]["event_id"])
    t["events"] = e[spoken | planned]
    keep("links", "event_id", t["events"]["event_id"])
    keep(
        "agreements",
        "agreement_id",
        pd.concat([t[n]["agreement_id"] for n in ("pledges", "links", "events")]),
    )
    return t


def through(t: dict[str, pd.DataFrame], last: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return the tables without what is about later days; an event known to the month stays if it may be earlier."""
    e = t["events"]
    t["events"] = e[window.inside(e, None, last).notna()]
    for name in ("claims", "links"):
        t[name] = t[name][t[name]["event_id"].isin(t["events"]["event_id"])]
    t["citations"] = t["citations"][t["citations"]["claim_id"].isin(t["claims"]["claim_id"])]
    for name, column in (("totals", "as_of"), ("schedules", "planned_for"), ("context", "as_of")):
        t[name] = t[name][~(t[name][column] > last)]
    cover = t["coverage"][t["coverage"]["read_from"] <= last]
    t["coverage"] = cover.assign(read_through=cover["read_through"].clip(upper=last))
    return t
