"""One handover as readers meet it: its day, both counts, and who says so in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from repatria.display.words import Prose, apart, counted, joined, part_words, plural, say
from repatria.record import names
from repatria.record.rule import judged
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = [
    "CAPITALS",
    "Handover",
    "Reason",
    "first_words",
    "handovers",
    "owner",
    "reasons",
    "summed",
    "weighed",
]

CAPITALS = {"ukraine": "Kyiv", "russia": "Moscow"}


class Handover(NamedTuple):
    """A handover in words; `iso` is its first possible day, `who` says whose the counts are."""

    event_id: str
    iso: str
    day: str
    kind: str
    to_ukraine: str
    to_russia: str
    who: str
    differs: str
    status: str


def handovers(record: Record, events: pd.DataFrame) -> list[Handover]:
    """Return handovers in words, in the order of `events` (as `Record.events` returns them).

    >>> june = record.events("bodies", since="2025-06-13", until="2025-06-13")
    >>> handovers(record, june)[0][2:6]
    ('13 June 2025', 'bodies', '1,200', 'none')
    """
    claims = record.tables["claims"]
    who = record.tables["claimants"].set_index("claimant_id").astype("str")
    sides = who["side"].where(who["official"] == "yes", "press")
    of_claim = claims.set_index("claim_id")["claimant_id"].map(sides)
    confirmed = _confirmed(claims, of_claim)
    out = []
    for row in events.to_dict("records"):
        event = pd.Series(row)
        figures = {d: counted(row[d], row[f"{d}_absence"]) for d in DIRECTIONS}
        out.append(
            Handover(
                str(row["event_id"]),
                f"{row['date']:%Y-%m-%d}",
                names.event_day(event),
                str(row["kind"]),
                figures["to_ukraine"],
                figures["to_russia"],
                _who(row, of_claim, confirmed),
                _differs(row),
                "" if row["status"] == "took_place" else str(row["status"]),
            )
        )
    return out


def _confirmed(claims: pd.DataFrame, sides: pd.Series) -> dict[tuple[str, str], set[str]]:
    """Return, by handover and direction, whose offices confirm it without its number, or that the press does."""
    silent = claims[(claims["absence"].astype("str") == "withheld").to_numpy(dtype=bool)]
    out: dict[tuple[str, str], set[str]] = {}
    for c in silent.itertuples(index=False):
        out.setdefault((c.event_id, str(c.direction)), set()).add(sides[c.claim_id])
    return out


def _owner(
    row: Mapping[Any, Any],
    direction: str,
    sides: pd.Series,
    confirmed: Mapping[tuple[str, str], set[str]],
) -> str:
    """Return in a few words whose a count is, or who confirms the handover without one."""
    if pd.isna(row[direction]):
        found = confirmed.get((row["event_id"], direction), set())
        if str(row[f"{direction}_absence"]) != "withheld" or not found:
            return ""
        return str(say("handover/confirmed", who=[c for s, c in CAPITALS.items() if s in found]))
    side = sides.get(row[f"{direction}_claim"], "")
    return owner(str(row[f"{direction}_grade"]), CAPITALS.get(side) or row[f"{direction}_claimant"])


def owner(grade: str, who: str = "one side") -> str:
    """Return in two or three words how a count stands: "both sides", "Moscow alone", "press reports".

    >>> owner("one_sided", "Moscow")
    'Moscow alone'
    """
    return str(say("handover/owner", grade=grade, who=who))


def _who(
    row: Mapping[Any, Any], sides: pd.Series, confirmed: Mapping[tuple[str, str], set[str]]
) -> str:
    owners = {d: _owner(row, d, sides, confirmed) for d in DIRECTIONS}
    told = {d: o for d, o in owners.items() if o}
    if len(set(told.values())) <= 1:
        return next(iter(told.values()), "")
    return "; ".join(f"{names.SIDES[d]}: {o}" for d, o in told.items())


def _differs(row: Mapping[Any, Any]) -> str:
    """Return the range of published claims where they differ."""
    ranges = {d: apart(row[f"{d}_low"], row[f"{d}_high"]) for d in DIRECTIONS}
    return "; ".join(f"{told} {names.SIDES[d]}" for d, told in ranges.items() if told)


def first_words(row: Handover) -> str:
    """Return a handover in one line, as titles and feeds need it.

    >>> june = record.events("bodies", since="2025-06-13", until="2025-06-13")
    >>> first_words(handovers(record, june)[0])
    'bodies handed over, 13 June 2025: 1,200 to Ukraine, none to Russia'
    """
    return str(say("handover/title", **row._asdict()))


class Reason(NamedTuple):
    """Why a claim leads or yields: the claim and the rule in words for it."""

    claim_id: str
    leads: bool
    why: Prose


def reasons(record: Record) -> dict[str, Reason]:
    """Return for every claim why it leads or yields, by claim id.

    >>> why = reasons(record.as_of("2025-06-12"))
    >>> sum(r.leads for claim, r in why.items() if claim.startswith("bodies-2025-06-11."))
    2
    """
    return weighed(judged(record.claims()))


def weighed(judged_: pd.DataFrame) -> dict[str, Reason]:
    """Return why each claim leads or yields, by claim id, from what `rule.judged` says of it.

    >>> told = weighed(record.explain("bodies-2025-06-16").claims)
    >>> [r.why for r in told.values() if r.leads][0].startswith("**Leads**")
    True
    """
    key = ["event_id", "direction"]
    leads = judged_[(judged_["outcome"] == "leads").to_numpy()].drop_duplicates(key)
    lead = {(r["event_id"], str(r["direction"])): r for r in leads.to_dict("records")}
    out = {}
    for c in judged_.to_dict("records"):
        first = lead.get((c["event_id"], str(c["direction"])))
        why = say("handover/reason", own=_facts(c), lead=first and _facts(first))
        out[c["claim_id"]] = Reason(c["claim_id"], c["outcome"] == "leads", why)
    return out


def _facts(c: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what the template asks of a claim."""
    return {
        "outcome": str(c["outcome"]),
        "role": str(c["role"]),
        "part": part_words(str(c["part"])),
        "value": c["value"],
        "rank": None if pd.isna(c["rank"]) else int(c["rank"]),
        "vague": pd.notna(c["qualifier"]) and str(c["qualifier"]) != "exact",
        "publishers": int(c["publishers"]),
    }


def summed(kinds: Mapping[str, int]) -> str:
    """Return how many handovers of each kind: "6 handovers of bodies and 1 prisoner exchange"."""
    told = [plural(n, *names.KIND_WORDS[kind]) for kind, n in kinds.items() if n]
    return joined(told) if told else "no handover"
