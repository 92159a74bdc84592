"""Why an estimate is what it is: the rule, applied to one event, with every step kept; and what is in a sum.

Nothing is decided here: the claims are judged by `rule.judged`, the numbers are those of `rule.estimate`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from repatria.record import rule
from repatria.record.schema import DIRECTIONS
from repatria.record.showing import Shown

if TYPE_CHECKING:
    from repatria.record.view import Record
    from repatria.record.window import Day

__all__ = ["REASONS", "Explanation", "Sum", "event", "total"]

# Why a count is in a sum or not; the first that holds.
REASONS = ("cancelled", "disputed", "withheld", "not_reported", "not_applicable", "zero", "counted")
_OFFICIAL = {"official_ukraine": "ukraine", "official_russia": "russia"}


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Shown):
    """Why an event's counts are what they are, under a lens, in a view of the record.

    event       the event's row, as `Record.events` has it
    claims      every claim on it, by direction and in the order in which the rule hears them; columns
                as in `Record.claims`, then those of `rule.judged`
    directions  a row a direction: best, low, high (Int64, persons), grade, absence, claim_id, claimant and
                claims as in `rule.estimate`; low_by, high_by (the claim that sets each end, "" where
                the leading figure does), official_ukraine, official_russia (whether officials of
                that side give an admissible count)
    sentences   the rule's sentences, by number, that decided something here
    pages       the pages of its claims, as `Record.citations` has them
    """

    event: Mapping[str, Any]
    claims: pd.DataFrame
    directions: pd.DataFrame
    sentences: Mapping[int, str]
    pages: pd.DataFrame
    lens: str
    known_by: pd.Timestamp | None


@dataclass(frozen=True, eq=False, repr=False)
class Sum(Shown):
    """What is in a sum of events and what is not, and why.

    rows  a row an event and direction, by date: event_id, date, direction, count, low, high (Int64,
          persons), grade, claimant, counted (whether it is in the sum), reason (of `REASONS`),
          in_window (part: only the month is known and the window cuts it)
    sums  a row a direction: persons, low, high (Int64, missing where no row has a count; an open end counts
          as the figure), and how many rows of each reason
    """

    rows: pd.DataFrame
    sums: pd.DataFrame
    about: Mapping[str, Any]


def event(record: Record, event_id: str, lens: str = "best") -> Explanation:
    """Return why an event's counts are what they are; see `Record.explain`."""
    event_id = event_id.strip()  # as it comes from a table
    e = record.events(lens=lens, cancelled=True, disputed=True)
    here = e[e["event_id"] == event_id]
    if here.empty:
        asked = event_id if len(event_id) <= 60 else f"{event_id[:60]}…"
        near = difflib.get_close_matches(asked.lower(), e["event_id"].tolist(), 3, 0.6)
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise ValueError(f"event_id: {asked!r} is no event of this view{hint}")
    judged = rule.judged(record.claims(event_id), lens)
    found = record.estimates(lens)
    found = found[found["event_id"] == event_id].drop(columns="event_id")
    found = found.set_index("direction").reindex(
        [d for d in DIRECTIONS if d in set(found["direction"])]
    )
    found = found.rename_axis("direction").reset_index()
    steps = [_steps(row, judged) for row in found.to_dict("records")]
    used = sorted(set(judged["sentence"].dropna()) | ({5} if len(found) else set()))
    return Explanation(
        here.iloc[0].to_dict(),
        judged,
        pd.DataFrame(steps, columns=[*found.columns, "low_by", "high_by", *_OFFICIAL]),
        {int(n): rule.SENTENCES[n] for n in used},
        record.citations(event_id=event_id),
        lens,
        record.known_by,
    )


def _steps(row: dict[Any, Any], judged: pd.DataFrame) -> dict[str, Any]:
    """Return a direction's estimate with the claims that set the ends of its range."""
    own = judged[(judged["direction"] == row["direction"]).to_numpy()]
    heard = own[own["low"].notna().to_numpy()]
    wide = heard[(heard["outcome"] == "widens").to_numpy()]
    ends = {}
    for end in ("low", "high"):
        sets = wide[(wide[end] == row[end]).fillna(False).to_numpy()]
        leads = heard[(heard["outcome"] == "leads").to_numpy()]
        own_end = leads[end].iloc[0] if len(leads) else pd.NA
        same = (pd.isna(own_end) and pd.isna(row[end])) or bool(
            own_end is not pd.NA and own_end == row[end]
        )
        ends[f"{end}_by"] = "" if same or sets.empty else str(sets["claim_id"].iloc[0])
    sides = heard.loc[(heard["rank"] <= 2).to_numpy(), "side"].astype("str")
    return row | ends | {name: bool((sides == side).any()) for name, side in _OFFICIAL.items()}


def total(
    record: Record,
    kind: str | None = None,
    lens: str = "best",
    since: Day | None = None,
    until: Day | None = None,
) -> Sum:
    """Return which events are in a sum, which are not, and why; see `Record.explain_sum`."""
    d = record.directions(kind, lens, since, until, cancelled=True, disputed=True)
    reason = d["absence"].astype("object").where(d["absence"].notna(), "counted")
    took_place = (d["status"] == "took_place").to_numpy()
    reason = reason.where(took_place, d["status"].astype("object"))
    counted = took_place & d["count"].notna().to_numpy()
    columns = ["event_id", "date", "date_precision", "direction", "count", "low", "high", "grade"]
    rows = d[[*columns, "claimant"]].assign(
        counted=counted, reason=pd.Categorical(reason, categories=REASONS), in_window=d["in_window"]
    )
    sums = []
    for direction in DIRECTIONS:
        own = rows[(rows["direction"] == direction).to_numpy()]
        held = own[own["counted"].to_numpy()]
        ends = held.assign(high=held["high"].fillna(held["count"]))
        persons, low, high = (ends[c].sum(min_count=1) for c in ("count", "low", "high"))
        counts = own["reason"].value_counts().reindex(list(REASONS)).fillna(0).astype(int).to_dict()
        sums.append(
            {"direction": direction, "persons": persons, "low": low, "high": high, **counts}
        )
    about = dict(d.attrs) | {"since": since and f"{record._window(since, None)[0]:%Y-%m-%d}"}
    told = pd.DataFrame(sums).astype(dict.fromkeys(("persons", "low", "high"), "Int64"))
    return Sum(rows, told, about)
