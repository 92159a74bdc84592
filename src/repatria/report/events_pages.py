"""A page for each event: what each side said, which claim leads and why, its neighbours and its history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from repatria.report import page

__all__ = ["history", "record_of", "write"]

DATED = {"printed": "", "address": " (by its address)", "feed": " (by a feed)", "none": ""}
SEEN = {"part": "", "headline": "; only the headline was read", "whole": "; read whole"}
RECALLED = 12  # earlier releases that a page of an event tells of
PARTIES = (("ukraine", "Kyiv says"), ("russia", "Moscow says"))


def write(release: Any, fresh: set[str]) -> Sequence[Any]:
    """Write `events/index.html` and a page an event; return the events in words, newest first."""
    from repatria.display import handover
    from repatria.display.ledger import ledger
    from repatria.record.rule import RULE, RULE_VERSION

    record = release.record
    events = record.events(cancelled=True, disputed=True)
    rows = {h.event_id: h for h in handover.handovers(record, events)}
    newest = sorted(rows.values(), key=lambda h: (h.iso, h.event_id), reverse=True)
    entries = {e.event_id: e for e in ledger(record, events)}
    why, said = handover.reasons(record), history(release.facts.get("earlier", ()))
    _index(release, newest, entries, why, fresh)
    beside = _neighbours(newest)
    for event in events.itertuples(index=False):
        row, claims = rows[event.event_id], entries[event.event_id].claims
        title = f"{row.kind.capitalize()} handed over, {row.day}"
        summary = handover.first_words(row)
        release.put(
            f"events/{row.event_id}.html",
            "event.html.j2",
            title,
            summary,
            row=row._asdict(),
            about=_about(event),
            sides_said={d: _parties(claims, d) for d in ("to_ukraine", "to_russia")},
            why=why,
            dated=DATED,
            seen=SEEN,
            neighbours=beside[row.event_id],
            history=said.get(row.event_id, []),
            rule=f"{RULE} v{RULE_VERSION}",
        )
    return newest


def _about(event: Any) -> list[tuple[str, str]]:
    """Return what the record notes of an event beside its counts."""
    of = {"Where": event.place, "Who": event.category, "Go-between": event.mediators}
    return [(k, str(v)) for k, v in [*of.items(), ("Note", event.note)] if v]


def _parties(claims: Sequence[Any], direction: str) -> dict[str, list[Any]]:
    """Return the claims of one direction by who speaks, both belligerents always, others if any."""
    here = [c for c in claims if c.direction == direction]
    if not here:
        return {}
    out = {words: [c for c in here if c.side == side] for side, words in PARTIES}
    if others := [c for c in here if c.side not in dict(PARTIES)]:
        out["Others say"] = others
    return out


def _neighbours(newest: Sequence[Any]) -> dict[str, list[tuple[str, Any]]]:
    """Return for each event the one before and after it, of its kind."""
    out: dict[str, list[tuple[str, Any]]] = {}
    for kind, of in groupby(
        sorted(newest, key=lambda h: (h.kind, h.iso, h.event_id)), lambda h: h.kind
    ):
        row = list(of)
        for i, h in enumerate(row):
            before = row[i - 1] if i else None
            after = row[i + 1] if i + 1 < len(row) else None
            out[h.event_id] = [
                (f"{kind.capitalize()} before", before),
                (f"{kind.capitalize()} after", after),
            ]
    return out


def _index(
    release: Any,
    newest: Sequence[Any],
    entries: dict[str, Any],
    why: dict[str, Any],
    fresh: set[str],
) -> None:
    """Write the table of events, each with a page that its leading counts are from."""
    pages = {}
    for event_id, e in entries.items():
        first = [p for c in e.claims if why[c.claim_id].leads for p in c.pages if p.url][:40]
        by_publisher = {p.publisher: p for p in first[::-1]}
        pages[event_id] = list(by_publisher.values())[::-1][:2]
        if not pages[event_id]:
            pages[event_id] = [p for c in e.claims for p in c.pages if p.url][:1]
    kinds = {k: sum(h.kind == k for h in newest) for k in dict.fromkeys(h.kind for h in newest)}
    release.put(
        "events/index.html",
        "events.html.j2",
        "Every handover on record",
        f"{len(newest)} handovers of bodies, prisoners and civilians, newest first, with who says so.",
        rows=newest,
        kinds=kinds,
        years=sorted({h.iso[:4] for h in newest}, reverse=True),
        pages=pages,
        new=fresh,
        script=page.asset("filter.js"),
    )


@lru_cache(maxsize=16)
def record_of(release: Path) -> Any:
    """Return the record of a published release, under its own past view.

    Raises ValueError, with the reason, where it is not there or not of this version's form.
    """
    from repatria.record import fingerprint
    from repatria.record.changes import read

    own = len(fingerprint.read)
    record = read(str(release / "data.zip"))
    del fingerprint.read[own:]  # told of beside this release's data: no page is made from it
    said = json.loads((release / "release.json").read_text("utf-8"))
    return record.as_of(said.get("as_of", ""))


def history(earlier: Sequence[Path]) -> dict[str, list[tuple[str, str]]]:
    """Return what earlier releases said of each event: (release's day, words), only where they changed."""
    from repatria.display import handover

    out: dict[str, list[tuple[str, str]]] = {}
    for folder in earlier[-RECALLED:]:
        try:
            day = json.loads((Path(folder) / "release.json").read_text("utf-8"))["day"]
            record = record_of(Path(folder))
        except (ValueError, OSError, KeyError):
            continue  # of an older form: it says nothing that could be set beside this one
        for h in handover.handovers(record, record.events(cancelled=True, disputed=True)):
            said = f"{h.to_ukraine} to Ukraine, {h.to_russia} to Russia" + (
                f" ({h.who})" if h.who else ""
            )
            told = out.setdefault(h.event_id, [])
            if not told or told[-1][1] != said:
                told.append((day, said))
    return out
