"""The inbox and a replay as lines for a terminal, or for an issue."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from repatria.curate.book import Book
from repatria.display.words import templates
from repatria.record.view import load
from repatria.watch import gaps, inbox
from repatria.watch.patterns import plain
from repatria.watch.run import Replayed, read_log

__all__ = ["listing", "replayed"]


def _rendered(name: str, **told: Any) -> str:
    text = templates().get_template(f"watch/{name}.md.j2").render(told)
    return "\n".join(
        line[: len(line) - len(line.lstrip())] + plain(line) for line in text.splitlines()
    )


def listing(folder: Path, data: Path, feeds: list[dict[str, str]], today: dt.date) -> str:
    """Return what waits, by handover; where official totals say that something is missing; what could be declared
    read; and which feeds the last run did not read. Raises InboxError, RecordError.
    """
    book, log = Book(data), read_log(folder)
    waiting = inbox.waiting(inbox.read(folder), book)
    last = log[-1]["run"] if log else ""
    return _rendered(
        "list",
        groups=inbox.groups(waiting, book),
        missing=gaps.missing(load(data), today),
        thin=gaps.thin(feeds, log, book.tables["coverage"], waiting, today),
        unread=[r for r in log if r["run"] == last and r["state"] == "failed"],
    )


def replayed(found: Replayed, data: Path) -> str:
    """Return a replay's flags by handover, and which handovers on record in its days none of them is near."""
    days = set(found.days)
    events = [
        e["event_id"]
        for e in Book(data).tables["events"]
        if e["date"] in days and e["date_precision"] == "day"
    ]
    met = [e for e in events if any(g.event == e for g in found.found)]
    flags = sum(len(g.leads) for g in found.found)
    about = {"days": found.days, "entries": found.entries, "flags": flags}
    return _rendered("replay", groups=found.found, events=events, met=met, **about)
