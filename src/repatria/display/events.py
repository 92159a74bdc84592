"""The table of events, as readers see it."""

from __future__ import annotations

import pandas as pd

from repatria.display.table import Table
from repatria.display.words import GRADE_WORDS, counted, span


def event_frame(events: pd.DataFrame) -> pd.DataFrame:
    """Return events as readers see them: counts or the words for their absence, range, grade and owner per direction."""
    out = pd.DataFrame({"event": events["event_id"], "date": events["date"], "kind": events["kind"].astype("str")})
    out["status"] = events["status"].astype("str").str.replace("_", " ")
    for direction, side in (("to_ukraine", "to Ukraine"), ("to_russia", "to Russia")):
        columns = [direction, f"{direction}_low", f"{direction}_high", f"{direction}_absence", f"{direction}_grade"]
        rows = list(events[columns].itertuples(index=False))
        out[side] = [counted(r[0], r[3]) for r in rows]
        out[f"{side}: range"] = ["" if pd.notna(r[2]) and r[1] == r[2] else span(r[1], r[2]) for r in rows]
        out[f"{side}: grade"] = [GRADE_WORDS.get(r[4], "") for r in rows]
        out[f"{side}: count by"] = events[f"{direction}_claimant"].fillna("").to_numpy()
    return out.reset_index(drop=True)


def events(frame: pd.DataFrame, name: str = "events", title: str = "Handovers", newest: int | None = None) -> Table:
    """Return the table of events, newest first; `newest` keeps that many rows and says so.

    Shown: event and, per direction, the count or its absence with range, grade and owner. The CSV has them apart.
    """
    data = event_frame(frame.sort_values(["date", "event_id"], ascending=False))
    if newest is not None and len(data) > newest:
        title = f"{title}: the newest {newest} of {len(data)}"
        data = data.head(newest)
    shown = data[["event"]].copy()
    for side in ("to Ukraine", "to Russia"):
        parts = data[[side, f"{side}: range", f"{side}: grade", f"{side}: count by"]].itertuples(index=False)
        shown[side] = [
            "; ".join(dict.fromkeys(x for x in (figure, wide and f"published claims {wide}", grade, owner) if x))
            for figure, wide, grade, owner in parts
        ]
    return Table(name, title, shown, links=["event"], data=data)
