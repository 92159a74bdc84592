"""The inbox: pages that seem to speak of a handover and wait for a curator. Leads, not facts.

It lives beside the reports, not in the record and not in git: `watch/inbox.jsonl`, a line a page. No headline is kept,
since headlines may name those who were handed over; the words a lead stands on are patterns' words and numbers.
A page waits as long as it is neither a source nor left out: reading it takes it off, nothing else does.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import StrictInt, TypeAdapter

from repatria.curate.book import Book, is_address, same_page
from repatria.curate.interview import Offer
from repatria.curate.models import CurateError, Page
from repatria.record.schema import KINDS
from repatria.watch.patterns import DIRECTIONS, Suggestion, plain

__all__ = [
    "FILE",
    "Group",
    "InboxError",
    "Lead",
    "append",
    "file",
    "groups",
    "read",
    "rows",
    "waiting",
]

FILE = "inbox.jsonl"
_SURE = ("to_ukraine", "to_russia", "each")  # directions that a curator need only confirm
NEAR = 2  # days from a handover to a page on it


class InboxError(CurateError):
    """An inbox that cannot be read, as `file:line: reason`."""


@dataclass(frozen=True)
class Lead:
    """A page in the inbox: its number (for ever), address, what is known of it, and why it was kept.

    `page` is its address without what the feed says anew in each run (a session), empty if that is all of it.
    """

    n: StrictInt
    url: str
    publisher: str
    published_on: str
    language: str
    tier: str
    feed: str
    filed: str
    kind: str
    words: str
    suggested: tuple[Suggestion, ...]
    page: str = ""

    @property
    def address(self) -> str:
        """The address to open and to cite: without a session, where the feed puts one in."""
        return self.page or self.url

    @property
    def same(self) -> tuple[str, str, str]:
        """What tells its page from others, whatever led to it."""
        return same_page(self.address)

    @property
    def day(self) -> str:
        """The day of its publication, else that of its filing."""
        return self.published_on or self.filed


@dataclass(frozen=True)
class Group:
    """Pages that seem to be on one handover: the event on record that it may be, or `new`."""

    kind: str
    event: str
    leads: tuple[Lead, ...]


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines; none if it is not there. Raises InboxError."""
    out = []
    try:
        raw = path.read_bytes()
        lines = raw.decode("utf-8").removesuffix("\n").split("\n")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as e:
        at = raw.count(b"\n", 0, e.start) + 1
        raise InboxError(f"{path}:{at}: is not UTF-8") from None
    except OSError as e:
        raise InboxError(f"{path}: {e.strerror}") from None
    for number, line in enumerate(lines if lines != [""] else [], 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise InboxError(f"{path}:{number}: is no JSON object")
        out.append(row)
    return out


def append(path: Path, new: Iterable[Mapping[str, Any]]) -> None:
    """Add objects to a file of JSON lines, all or none: whoever reads it sees it before, or after."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in new)
    if not text:
        return
    before = path.read_bytes() if path.exists() else b""
    if before and not before.endswith(b"\n"):
        before += b"\n"
    other = path.with_suffix(".new")
    with other.open("wb") as file:
        file.write(before + text.encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(other, path)


def read(folder: Path) -> list[Lead]:
    """Return all leads ever filed in a folder, in their order. Raises InboxError for a line that is none."""
    out: dict[int, Lead] = {}
    for number, row in enumerate(rows(folder / FILE), 1):
        try:
            lead = _lead(row)
        except ValueError:
            raise InboxError(f"{folder / FILE}:{number}: is no lead") from None
        if lead.n in out:
            raise InboxError(f"{folder / FILE}:{number}: page {lead.n} is there twice")
        out[lead.n] = lead
    return list(out.values())


def _lead(row: Mapping[str, Any]) -> Lead:
    """Return the lead that a line holds. Raises ValueError if it holds none."""
    lead = TypeAdapter(Lead).validate_python(row)
    sound = lead.n >= 0 and lead.kind in KINDS and is_address(lead.url)
    if not sound or any(s.count < 0 or s.direction not in DIRECTIONS for s in lead.suggested):
        raise ValueError
    dt.date.fromisoformat(lead.day)
    return lead


def waiting(leads: Sequence[Lead], book: Book) -> list[Lead]:
    """Return the leads whose pages nobody has read: neither among the sources nor left out."""
    return [lead for lead in leads if not _read_already(lead, book)]


def _read_already(lead: Lead, book: Book) -> bool:
    return any(map(book.has_read, {lead.url, lead.address}))


def _near(kind: str, day: str, book: Book) -> str:
    """Return the event on record that a page of this day may be on: the nearest, from the eve on; else empty."""
    published = dt.date.fromisoformat(day)
    found = []
    for event in book.tables["events"]:
        if event["kind"] == kind and event["date_precision"] == "day":
            apart = (published - dt.date.fromisoformat(event["date"])).days
            if -1 <= apart <= NEAR:
                found.append((abs(apart), apart < 0, event["event_id"]))
    return min(found)[2] if found else ""


def groups(leads: Iterable[Lead], book: Book) -> list[Group]:
    """Return leads by handover, oldest first: those near one on record, else of one kind within a day of each other."""
    held: dict[tuple[str, str], list[Lead]] = {}
    newest: dict[str, tuple[dt.date, tuple[str, str]]] = {}
    for lead in sorted(leads, key=lambda x: (x.day, x.n)):
        key = (lead.kind, _near(lead.kind, lead.day, book))
        if not key[1]:
            day = dt.date.fromisoformat(lead.day)
            last = newest.get(lead.kind)
            key = last[1] if last and (day - last[0]).days <= 1 else (lead.kind, lead.day)
            newest[lead.kind] = day, key
        held.setdefault(key, []).append(lead)
    events = book.ids["events"]
    return [Group(k, e if e in events else "new", tuple(found)) for (k, e), found in held.items()]


def file(folder: Path, new: Iterable[Lead], book: Book) -> list[Lead]:
    """Add leads that are neither in the inbox nor read, each page once; return them with their numbers."""
    there = read(folder)
    known = {lead.same for lead in there}
    last = max((lead.n for lead in there), default=0)
    out: list[Lead] = []
    for lead in new:
        if lead.same not in known and not _read_already(lead, book):
            known.add(lead.same)
            out.append(replace(lead, n=last + len(out) + 1))
    events = {lead.n: g.event for g in groups(out, book) for lead in g.leads}
    append(folder / FILE, ({**asdict(lead), "event": events[lead.n]} for lead in out))
    return out


def offered(folder: Path, book: Book, number: int) -> tuple[Group, list[Offer]]:
    """Return the group of a waiting page and its pages as offers to a curator, that page first.

    Raises CurateError for a number that the inbox does not have, or whose page was read.
    """
    waits = waiting(read(folder), book)
    group = next((g for g in groups(waits, book) if any(x.n == number for x in g.leads)), None)
    if group is None:
        raise CurateError(f"{folder / FILE}: no page {number} waits; `repatria watch --list`")
    offers = []
    for x in sorted(group.leads, key=lambda lead: lead.n != number):
        dated = "feed" if x.published_on else ""
        about = {c: getattr(x, c) for c in ("publisher", "published_on", "language", "tier")}
        figures = tuple(
            (s.direction if s.direction in _SURE else "", s.count, s.qualifier, plain(s.words))
            for s in x.suggested
            if s.kind == group.kind
        )
        offers.append(Offer(Page(url=x.address, **about, dated_by=dated), figures))
    return group, offers


def facts(folder: Path, data: Path) -> dict[str, Any]:
    """Return how many pages wait and the day of the oldest, as a release tells it; empty if none does."""
    leads = waiting(read(folder), Book(data)) if (folder / FILE).is_file() else []
    return {"pages": len(leads), "oldest": min(x.day for x in leads)} if leads else {}
