"""How a record and what it explains show themselves: short, and with what to ask next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from repatria.display import explain
from repatria.display.words import say, templates
from repatria.record.explain import Explanation, Sum
from repatria.record.schema import KINDS
from repatria.record.view import Record

__all__ = ["bundle", "summary"]


def bundle(thing: Record | Explanation | Sum) -> Mapping[str, str]:
    """Return a thing as text and as HTML, by MIME type.

    >>> sorted(bundle(record))
    ['text/html', 'text/plain']
    """
    if isinstance(thing, Record):
        told = summary(thing)
        page = templates().get_template("record.html.j2").render(told=told)
        lines = [*told["facts"], *(f"  {call}  # {what}" for call, what in told["next"])]
        return {"text/plain": "\n".join(lines), "text/html": page}
    return {"text/plain": explain.text(thing), "text/html": explain.html(thing)}


def summary(record: Record) -> dict[str, Any]:
    """Return what a record holds in a few lines (`facts`), and calls to go on with (`next`).

    >>> summary(record)["facts"][0].startswith("Record: ")
    True
    """
    events = record.tables["events"]
    kinds = {k: n for k in KINDS if (n := int((events["kind"] == k).sum()))}
    facts = say(
        "record/summary",
        kinds_=kinds,
        first=events["date"].min() if len(events) else None,
        last=events["date"].max() if len(events) else None,
        claims=len(record.tables["claims"]),
        claimants=record.tables["claims"]["claimant_id"].nunique(),
        pages=len(record.tables["sources"]),
        searched={k: record.searched_through(k) for k in kinds},
        known_by=record.known_by,
        last_day=record.last_day,
        digest=record.digest[:12],
    )
    newest = events.sort_values(["date", "event_id"])["event_id"].tail(1).tolist()
    calls = [
        ('record.events("bodies", since="2025")', "a row an event"),
        ('record.directions("bodies")', "long form: a row an event and direction"),
        *((f'record.explain("{e}")', "why a count is what it is") for e in newest),
        ('record.as_of("2025-06-30")', "what pages of a past day carry"),
        ('rp.charts.handovers.stems(record.events("bodies"))', "a first chart"),
    ]
    return {"facts": facts.split("\n\n"), "next": calls}
