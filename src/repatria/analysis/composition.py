"""Sums, and what they are made of: front directions, concentration, sizes agreed beforehand.

`asymmetry` is the public face of these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from repatria.record.rule import ABSENCES
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = ["REGION_OF", "batches", "by_side", "concentration", "fronts", "running", "sums"]

REGION_OF = dict.fromkeys(("Avdiivka", "Bakhmut", "Marinka", "Vuhledar"), "Donetsk")  # its towns


# --- sums ----------------------------------------------------------------------------------------


def sums(events: pd.DataFrame) -> pd.DataFrame:
    """Return, per direction, the sum of known counts and what it leaves out.

    Columns: direction, persons, low, high (sums over the known), known (events in the sum) and
    unknown, of which zero, withheld, not_reported, not_applicable by absence (zero is known). An
    open upper end counts as the best figure in `high` and is counted in `open_ended`.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> rp.analysis.asymmetry.sums(events)[["direction", "persons", "known", "zero"]]
        direction  persons  known  zero
    0  to_ukraine     6057      5     0
    1   to_russia       78      5     3
    """
    rows = []
    for direction in DIRECTIONS:
        columns = [direction, f"{direction}_low", f"{direction}_high"]
        known = events.loc[events[direction].notna().to_numpy(), columns]
        absence = events[f"{direction}_absence"].astype("object").value_counts()
        high = known[f"{direction}_high"]
        rows.append(
            {
                "direction": direction,
                "persons": int(known[direction].sum()),
                "low": int(known[f"{direction}_low"].sum()),
                "high": int(high.fillna(known[direction]).sum()),
                "known": len(known),
                "unknown": len(events) - len(known),
                "open_ended": int(high.isna().sum()),
                **{a: int(absence.get(a, 0)) for a in ABSENCES},
            }
        )
    return pd.DataFrame(rows)


def by_side(record: Record, kind: str = "bodies", since: str = "", until: str = "") -> pd.DataFrame:
    """Return what each side's own counts add up to, and whether both agree where both count.

    One row a direction. Columns: direction, handovers, ukraine and russia (persons, by that side's
    counts alone), ukraine_in and russia_in (handovers it counts), both_in (handovers both count),
    both_ukraine and both_russia (persons in those, by either), equal (those with one number).
    Raises ValueError for an unknown kind or a day that is none.

    >>> sides = rp.analysis.asymmetry.by_side(record, "bodies", "2025-06-01", "2025-06-30")
    >>> sides.loc[0, ["ukraine", "russia", "both_in", "equal"]].tolist()
    [6057, 6060, 5, 4]

    See also: `rp.analysis.asymmetry.lenses`.
    """
    views = {s: record.events(kind, s, since, until) for s in ("ukraine", "russia")}
    rows = []
    for direction in DIRECTIONS:
        counts = pd.DataFrame({s: e.set_index("event_id")[direction] for s, e in views.items()})
        both = counts.dropna()
        rows.append(
            {
                "direction": direction,
                "handovers": len(counts),
                **counts.sum().astype("int64").to_dict(),
                **counts.notna().sum().add_suffix("_in").to_dict(),
                "both_in": len(both),
                **both.sum().astype("int64").add_prefix("both_").to_dict(),
                "equal": int((both["ukraine"] == both["russia"]).sum()),
            }
        )
    return pd.DataFrame(rows)


def running(events: pd.DataFrame, direction: str) -> pd.DataFrame:
    """Return the running sum of a direction's known counts by day: date, low, best, high (persons,
    Int64).

    No row where no count is known. An open upper end counts as the best figure in `high`.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> rp.analysis.asymmetry.running(events, "to_russia")["best"].tolist()
    [27, 27, 27, 27, 78]
    """
    known = events[events[direction].notna()].sort_values(["date", "event_id"])
    ends = {
        "low": known[f"{direction}_low"],
        "best": known[direction],
        "high": known[f"{direction}_high"].fillna(known[direction]),
    }
    sums = {end: counts.cumsum() for end, counts in ends.items()}
    return pd.DataFrame({"date": known["date"], **sums}).reset_index(drop=True)


# --- front directions ----------------------------------------------------------------------------


def _breakdowns(events: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """Return, per event, the claimant whose parts name a front and add up to its count."""
    keys = ["event_id", "order", "claimant_id"]
    per = claims.groupby(keys, observed=True).agg(
        persons=("count_low", "sum"), front=("front", "any")
    )
    per = per.reset_index()
    per["whole"] = events.set_index("event_id")["to_ukraine"].reindex(per["event_id"]).array
    adds_up = (per["persons"] == per["whole"]).fillna(False)
    return per[per["front"] & adds_up].sort_values(keys).drop_duplicates("event_id")


def fronts(record: Record, since: str = "", until: str = "") -> pd.DataFrame:
    """Return how the bodies to Ukraine divide over the front directions.

    An event enters if the parts one claimant gives, directions and others, add up to the count of
    the event; an official claimant goes before others. Towns are put under their region. Columns:
    region, named (as published), persons, handovers (that name it), share (of bodies with a
    direction), least and most (share in a single handover). `attrs`:
    breakdowns (events in), handovers (events of the window), persons (with a direction) and whole
    (all bodies of the events in). No breakdown by direction exists for bodies to Russia. Raises
    ValueError for a day that is none.

    >>> one = rp.analysis.asymmetry.fronts(record, "2024-04-12", "2024-04-12")
    >>> dict(zip(one["region"], one["persons"]))
    {'Donetsk': 77, 'Zaporizhzhia': 20, 'Kharkiv': 2}
    """
    events = record.events("bodies", since=since, until=until)
    c = record.claims(kind="bodies", direction="to_ukraine")
    in_parts = (c["role"] == "component") & c["count_low"].notna()
    c = c[c["event_id"].isin(events["event_id"]) & in_parts]
    c = c.assign(
        order=(c["official"] != "yes").astype("int64"),
        front=c["part"].str.startswith("direction_"),
    )
    per = _breakdowns(events, c)
    keys = ["event_id", "claimant_id"]
    named = c[c["front"]].merge(per[[*keys, "whole"]], on=keys)
    named["name"] = named["part"].str.removeprefix("direction_").str.capitalize()
    named["region"] = named["name"].replace(REGION_OF)
    wide = named.pivot_table(
        index="event_id", columns="region", values="count_low", aggfunc="sum"
    ).fillna(0)
    n = wide.sum(axis=1).to_numpy(dtype="float64")
    rows = []
    for region in wide.columns:
        x = wide[region].to_numpy(dtype="float64")
        part = named[named["region"] == region]
        names, handovers = ", ".join(sorted(part["name"].unique())), part["event_id"].nunique()
        least, most = (x / n).min(), (x / n).max()
        row = (int(x.sum()), handovers, x.sum() / n.sum(), least, most)
        rows.append((region, names, *row))
    shares = ["share", "least", "most"]
    out = pd.DataFrame(rows, columns=["region", "named", "persons", "handovers", *shares])
    out.attrs = {
        **events.attrs,
        "breakdowns": len(wide),
        "handovers": len(events),
        "persons": int(n.sum()),
        "whole": int(per["whole"].sum()),
    }
    return out.sort_values(["persons", "region"], ascending=[False, True], ignore_index=True)


# --- concentration and sizes ---------------------------------------------------------------------


def concentration(events: pd.DataFrame, direction: str, top: int = 5) -> dict[str, Any]:
    """Return how much of one direction's known sum the `top` largest handovers hold.

    direction, handovers (with a count), unknown (without), persons, top, top_persons and top_share
    (None where nobody was handed over). Raises ValueError for an unknown direction.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> c = rp.analysis.asymmetry.concentration(events, "to_russia", top=2)
    >>> c["top_persons"], c["persons"], c["top_share"]
    (78, 78, 1.0)
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction: {direction!r} is none of {', '.join(DIRECTIONS)}")
    sizes = events[direction].dropna().sort_values(ascending=False)
    persons, largest = int(sizes.sum()), int(sizes.head(top).sum())
    return {
        "direction": direction,
        "handovers": len(sizes),
        "unknown": len(events) - len(sizes),
        "persons": persons,
        "top": top,
        "top_persons": largest,
        "top_share": largest / persons if persons else None,
    }


def batches(events: pd.DataFrame, direction: str = "to_ukraine", step: int = 1000) -> pd.DataFrame:
    """Return the size of each handover with a count, and whether it looks agreed beforehand.

    Oldest first. Columns: event_id, date, persons, low, high, round (a positive multiple of `step`
    lies in the range of published claims), repeats (same count, above zero, as the handover before
    it). `attrs["round_run"]`: how many of the latest are all round.

    >>> events = record.events("bodies", since="2025-07-01", until="2025-12-31")
    >>> bool(rp.analysis.asymmetry.batches(events)["round"].all())
    True
    """
    e = events[events[direction].notna()].sort_values(["date", "event_id"])
    low = e[f"{direction}_low"].astype("int64").to_numpy()
    high = e[f"{direction}_high"].fillna(e[direction]).astype("int64").to_numpy()
    persons = e[direction].astype("int64").to_numpy()
    repeats = np.zeros(len(e), dtype=bool)
    repeats[1:] = (persons[1:] == persons[:-1]) & (persons[1:] > 0)
    out = pd.DataFrame(
        {
            "event_id": e["event_id"].to_numpy(),
            "date": e["date"].to_numpy(),
            "persons": persons,
            "low": low,
            "high": high,
            "round": (high // step > (low - 1) // step) & (high >= step),
            "repeats": repeats,
        }
    )
    uneven = np.flatnonzero(~out["round"].to_numpy())
    run = len(out) - 1 - int(uneven[-1]) if len(uneven) else len(out)
    out.attrs = {**events.attrs, "direction": direction, "step": step, "round_run": run}
    return out
