"""The table of events, as readers see it."""

from __future__ import annotations

import pandas as pd

from repatria.display.table import Table
from repatria.display.words import GRADE_WORDS, apart, counted
from repatria.record.names import SIDES

__all__ = ["event_frame", "events"]


def event_frame(events: pd.DataFrame) -> pd.DataFrame:
    """Return events as readers see them: per direction the count or the words for its absence.

    Beside it stand its range where claims differ, its grade and its owner.

    >>> june = record.events("bodies", since="2025-06-13", until="2025-06-13")
    >>> event_frame(june)[["to Ukraine", "to Russia"]].values.tolist()
    [['1,200', 'none']]
    """
    out = pd.DataFrame(
        {
            "event": events["event_id"],
            "date": events["date"],
            "kind": events["kind"].astype("str"),
            "status": events["status"].astype("str").str.replace("_", " "),
        }
    )
    for direction, side in SIDES.items():
        parts = [direction, *(f"{direction}_{p}" for p in ("low", "high", "absence"))]
        rows = list(events[parts].itertuples(index=False, name=None))
        out[side] = [counted(best, absence) for best, _, _, absence in rows]
        out[f"{side}: range"] = [apart(low, high) for _, low, high, _ in rows]
        out[f"{side}: grade"] = [GRADE_WORDS.get(g, "") for g in events[f"{direction}_grade"]]
        out[f"{side}: count by"] = events[f"{direction}_claimant"].fillna("").to_numpy()
    return out.reset_index(drop=True)


def events(
    frame: pd.DataFrame, name: str = "events", title: str = "Handovers", newest: int | None = None
) -> Table:
    """Return the table of events, newest first; `newest` keeps that many rows and says so.

    Shown: event and, per direction, the count or its absence with range, grade and owner. The CSV
    has them apart.

    >>> june = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> events(june, newest=2).title
    'Handovers: the newest 2 of 5'
    """
    data = event_frame(frame.sort_values(["date", "event_id"], ascending=False))
    if newest is not None and len(data) > newest:
        title = f"{title}: the newest {newest} of {len(data)}"
        data = data.head(newest)
    shown = data[["event"]].copy()
    for side in SIDES.values():
        parts = data[[side, f"{side}: range", f"{side}: grade", f"{side}: count by"]]
        shown[side] = [_cell(*row) for row in parts.itertuples(index=False, name=None)]
    return Table(name, title, shown, links=["event"], data=data)


def _cell(figure: str, wide: str, grade: str, owner: str) -> str:
    """Return one cell of the table; what says the same twice is said once."""
    said = [figure, f"published claims {wide}" if wide else "", grade, owner]
    return "; ".join(dict.fromkeys(x for x in said if x))
