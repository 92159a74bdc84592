"""The brief: what an editor needs first, in sentences with computed numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from repatria.analysis import asymmetry
from repatria.display.words import GUARDRAIL, Prose, say
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = ["headline"]


def _state(events: pd.DataFrame, mediators: set[str]) -> dict[str, Any]:
    """Return what the headline says of one kind: its sums, and its newest event."""
    if events.empty:
        return {"handovers": 0}
    sums = asymmetry.sums(events).set_index("direction").to_dict("index")
    last = events.iloc[-1]
    latest = {}
    for d in DIRECTIONS:
        absence, grade = last[f"{d}_absence"], last[f"{d}_grade"]
        latest[d] = {
            "count": last[d],
            "absence": absence,
            "missing": pd.isna(last[d]),
            "grade": grade,
            "mediator_only": grade == "one_sided" and last[f"{d}_claimant"] in mediators,
        }
    first = events.loc[events["date"].idxmin()]
    return {"handovers": len(events), "first": first, "last": last, "sums": sums, "latest": latest}


def headline(record: Record, since: str = "", lens: str = "best") -> Prose:
    """Return the state of the record: sums as ranges with their day, and the guardrail.

    >>> "It does not measure losses" in headline(record, "2025-06-01")
    True
    """
    claims = record.claims()
    mediators = set(claims.loc[(claims["side"] == "mediator").to_numpy(), "name"])
    kinds = ("bodies", "prisoners")
    out = record.left_out()
    undated = out[out["kind"].isin(kinds)].groupby("direction", observed=True)["claims"].sum()
    return say(
        "brief/headline",
        undated=undated.to_dict(),
        todays=record.coverage_of == "today",
        known={k: _state(record.events(k, lens, since), mediators) for k in kinds},
        last_day=record.last_day,
        past=record.known_by is not None,
        searched={k: record.searched_through(k) for k in kinds},
        lens=lens,
        guardrail=GUARDRAIL,
    )


def __dir__() -> list[str]:
    return __all__
