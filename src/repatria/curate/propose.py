"""From pages to rows: add a handover, or a page on one, to the record. Rows are added, never changed.

What a curator has read comes in as `Handover`s (flags, prompts or JSON). `propose` turns them into new rows,
reusing pages, claimants and claims that are there. The full check runs on the tables as they would be.
`write` then replaces the changed files, all or none (see there).
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import typer

from repatria.record import fingerprint
from repatria.record.schema import (
    ABSENCES,
    DIRECTIONS,
    ID_PATTERN,
    KINDS,
    QUALIFIERS,
    SIDES,
    TABLES,
    TIERS,
    URL_PATTERN,
)

if TYPE_CHECKING:
    import pandas as pd

    from repatria.record.view import Record

Row = dict[str, str]
ROLES = ("whole", "component", "subset")
UNITS = ("people", "bodies", "exchanges")
DATE_BASES = TABLES["citations"].fields[-1].enum
# In the order of writing: rows before the pages they need, so that a reader in between sees the old record (a
# claimant more, at most) or one that the check refuses, and the new one only when the last file is in place.
WRITTEN = ("claimants", "sources", "totals", "events", "claims", "citations", "mentions")
PENDING = ".pending"
CLAIM_FORM = (
    "CLAIMANT: to_ukraine|to_russia [PART] COUNT|LOW-HIGH|withheld|zero|not_applicable "
    f"[{'|'.join(QUALIFIERS)}] [component] [day stated]"
)
TOTAL_FORM = (
    f"CLAIMANT: to_ukraine|to_russia|both COUNT [{'|'.join(UNITS)}] [{'|'.join(QUALIFIERS)}] "
    "[as_of=DAY] [since=DAY] [scope=NAME] [kind=KIND]"
)


class CurateError(ValueError):
    """An addition that cannot be made, in one or more lines."""


@dataclass(frozen=True)
class Statement:
    """What a page has a claimant say on one direction (and part) of the handover."""

    claimant: str
    direction: str
    part: str = "total"
    role: str = ""
    count_low: str = ""
    count_high: str = ""
    qualifier: str = ""
    absence: str = ""
    stated_date: str = ""
    note: str = ""


@dataclass(frozen=True)
class Total:
    """A running total on a page."""

    claimant: str
    as_of: str
    kind: str
    unit: str
    direction: str
    count: str
    qualifier: str = "exact"
    as_of_precision: str = "day"
    since: str = ""
    since_basis: str = ""
    scope: str = ""
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A page and what it carries. Empty fields of a page that is on record, or of its publisher, are filled in."""

    url: str
    publisher: str = ""
    published_on: str = ""
    language: str = ""
    tier: str = ""
    date_basis: str = ""
    claims: tuple[Statement, ...] = ()
    totals: tuple[Total, ...] = ()


@dataclass(frozen=True)
class Handover:
    """A handover and pages on it. `event_id` names one on record; `second` makes another of the kind that day."""

    kind: str = ""
    date: str = ""
    date_precision: str = ""
    event_id: str = ""
    second: bool = False
    status: str = "took_place"
    deal_id: str = ""
    agreement_id: str = ""
    mediators: str = ""
    place: str = ""
    category: str = ""
    note: str = ""
    pages: tuple[Page, ...] = ()
    claimants: tuple[Row, ...] = ()


@dataclass
class Addition:
    """New rows per table, the events they touch, and what was found already there or filled in."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in WRITTEN})
    events: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(self.rows.values())


# --- reading what a curator gives --------------------------------------------------------------------------


def _shown(value: object) -> str:
    from repatria.record.checks import shown

    return shown(value)


def _count(text: str) -> tuple[str, str] | None:
    """Return both ends of "1000", "1,000" or "150-157", or None."""
    digits = text.replace(",", "")
    if found := re.fullmatch(r"(\d+)(?:[-\u2013](\d+))?", digits):
        return found[1], found[2] or found[1]
    return None


def statement(text: str) -> Statement:
    """Return a claim written in one line: "coordination-headquarters: to_ukraine 1000", "press: to_russia women 12 at_least",
    "mod-russia: to_ukraine military 185 component", "vladimir-medinsky: to_russia withheld".

    Raises CurateError, saying what is missing.
    """
    claimant, colon, rest = text.rpartition(":")
    words = rest.split()
    if not colon or not claimant.strip() or not words or words[0] not in DIRECTIONS:
        raise CurateError(f"claim {_shown(text)}: write {CLAIM_FORM}")
    got: Row = {"claimant": claimant.strip(), "direction": words[0]}
    for word in words[1:]:
        number = _count(word)
        if number:
            key, value = "count_low", number[0]
        elif re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
            key, value = "stated_date", word
        else:
            value = word
            kinds = {"absence": ABSENCES, "qualifier": QUALIFIERS, "role": ROLES}
            key = next((k for k, known in kinds.items() if word in known), "part")
        if key in got:
            raise CurateError(f"claim {_shown(text)}: {key} is given twice; write {CLAIM_FORM}")
        got[key] = value
        if number:
            got["count_high"] = number[1]
    return _whole(Statement(**got), text)


def _whole(s: Statement, text: object) -> Statement:
    """Fill in what follows from the rest of a statement: role, qualifier, the count of zero."""
    given = {f.name: getattr(s, f.name) for f in fields(s)}
    given["role"] = s.role or ("whole" if s.part == "total" else "subset")
    if s.absence == "zero":
        given |= {"count_low": "0", "count_high": "0"}
    elif s.count_low == "0" == s.count_high:
        given["absence"] = "zero"
    if not given["count_low"] and not s.absence:
        raise CurateError(f"claim {_shown(text)}: a count or one of {', '.join(ABSENCES)} is missing")
    given["qualifier"] = s.qualifier or ("exact" if given["count_low"] else "")
    return Statement(**given)


def total(text: str, kind: str, day: str) -> Total:
    """Return a running total written in one line: "coordination-headquarters: to_ukraine 16000 more_than
    since=2022-02-24". Kind, unit and the day it speaks for default to the handover's. Raises CurateError.
    """
    who, colon, rest = text.rpartition(":")
    words = rest.split()
    if not colon or not who.strip() or len(words) < 2 or words[0] not in (*DIRECTIONS, "both"):
        raise CurateError(f"total {_shown(text)}: write {TOTAL_FORM}")
    got: Row = {"claimant": who.strip(), "direction": words[0]}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if number := _count(word):
            key, value = "count", number[0]
        elif not equals:
            key, value = ("unit" if word in UNITS else "qualifier"), word
        elif key not in ("as_of", "as_of_precision", "since", "scope", "kind"):
            raise CurateError(f"total {_shown(text)}: write {TOTAL_FORM}")
        got[key] = value
    got = {"kind": kind, "unit": "bodies" if kind == "bodies" else "people", "as_of": day, **got}
    if "count" not in got:
        raise CurateError(f"total {_shown(text)}: write {TOTAL_FORM}")
    return Total(**got)


def _fill(kind: type, values: object, what: str, nested: Sequence[str] = ()) -> dict[str, Any]:
    """Return keyword arguments for a dataclass from a JSON object, all as text. Raises CurateError."""
    if not isinstance(values, dict):
        raise CurateError(f"{what}: {_shown(values)} is not an object")
    known = {f.name for f in fields(kind)}
    out: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise CurateError(f"{what}: {_shown(key)} is unknown; there are {', '.join(sorted(known))}")
        if key in nested or (isinstance(value, bool) and key == "second"):
            out[key] = value
        elif value is None:
            continue
        elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            out[key] = str(value)
        else:
            raise CurateError(f"{what}: {key}: {_shown(value)} is neither text nor a whole number")
    return out


def _list(values: object, what: str) -> list[Any]:
    if not isinstance(values, list):
        raise CurateError(f"{what}: {_shown(values)} is not a list")
    return values


def _make(kind: type, values: dict[str, Any], what: str) -> Any:
    try:
        return kind(**values)
    except TypeError as e:
        missing = re.findall(r"'(\w+)'", str(e))
        raise CurateError(f"{what}: {', '.join(missing)} missing") from None


def from_json(text: str) -> list[Handover]:
    """Return the handovers in a JSON text: one object or a list; form: docs/curating.md. Raises CurateError."""
    try:
        given = json.loads(text)
    except ValueError as e:
        raise CurateError(f"not JSON: {e}") from None
    handovers = []
    for h in given if isinstance(given, list) else [given]:
        top = _fill(Handover, h, "handover", ("pages", "claimants"))
        pages = []
        for p in _list(top.get("pages", []), "pages"):
            page = _fill(Page, p, "page", ("claims", "totals"))
            claims = []
            for c in _list(page.get("claims", []), "claims"):
                if isinstance(c, str):
                    claims.append(statement(c))
                    continue
                if isinstance(c, dict) and "count" in c:
                    low, high = _count(str(c["count"])) or (str(c["count"]),) * 2
                    c = {k: v for k, v in c.items() if k != "count"} | {"count_low": low, "count_high": high}
                claims.append(_whole(_make(Statement, _fill(Statement, c, "claim"), "claim"), c))
            totals = [_make(Total, _fill(Total, t, "total"), "total") for t in _list(page.get("totals", []), "totals")]
            pages.append(_make(Page, page | {"claims": tuple(claims), "totals": tuple(totals)}, "page"))
        people = tuple(claimant(c) for c in _list(top.get("claimants", []), "claimants"))
        handovers.append(Handover(**top | {"pages": tuple(pages), "claimants": people}))
    return handovers


def claimant(given: object) -> Row:
    """Return a new claimant's row from an object or "claimant_id; name; office; side; yes|no". Raises CurateError."""
    columns = TABLES["claimants"].columns
    if isinstance(given, str):
        parts = [p.strip() for p in given.split(";")]
        if len(parts) != len(columns):
            raise CurateError(f"claimant {_shown(given)}: write {'; '.join(columns)}")
        given = dict(zip(columns, parts, strict=True))
    if not isinstance(given, dict) or set(given) != set(columns) or not all(isinstance(v, str) for v in given.values()):
        raise CurateError(f"claimant: {_shown(given)} does not have {', '.join(columns)}")
    return {c: given[c] for c in columns}


# --- proposing rows -----------------------------------------------------------------------------------------


class Book:
    """The tables' text as it is on disk, indexed for look-ups; grows with the rows proposed."""

    def __init__(self, folder: Path):
        self.tables: dict[str, list[Row]] = {}
        for name in WRITTEN:
            with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                self.tables[name] = list(csv.DictReader(file))
        self.sources = {_same_page(s["url"]): s for s in self.tables["sources"] if s["url"]}
        self.ids = {name: {r[TABLES[name].key[0]]: r for r in self.tables[name]} for name in WRITTEN}
        self.about: dict[tuple[str, ...], list[Row]] = {}
        for claim in self.tables["claims"]:
            self.about.setdefault(_about(claim), []).append(claim)
        self.pairs = {name: {tuple(r[k] for k in TABLES[name].key) for r in self.tables[name]}
                      for name in ("citations", "mentions")}  # fmt: skip

    def add(self, addition: Addition, name: str, row: Row) -> None:
        addition.rows[name].append(row)
        self.tables[name].append(row)
        if name in self.pairs:
            self.pairs[name].add(tuple(row[k] for k in TABLES[name].key))
        else:
            self.ids[name][row[TABLES[name].key[0]]] = row
        if name == "sources":
            self.sources[_same_page(row["url"])] = row
        if name == "claims":
            self.about.setdefault(_about(row), []).append(row)

    def house(self, url: str) -> Row:
        """Return what all pages of this address's host have in common: publisher, language, tier."""
        host = _host(url)
        pages = [s for s in self.tables["sources"] if s["url"] and _host(s["url"]) == host]
        common = {}
        for column in ("publisher", "language", "tier"):
            values = {s[column] for s in pages}
            if len(values) == 1:
                common[column] = values.pop()
        return common

    def find_claimant(self, given: str) -> str:
        """Return the id of a claimant given by id or by name. Raises CurateError with the nearest ones."""
        if given in self.ids["claimants"]:
            return given
        named = [c["claimant_id"] for c in self.tables["claimants"] if c["name"].casefold() == given.casefold()]
        if len(named) == 1:
            return named[0]
        near = ", ".join(f"{i} ({self.ids['claimants'][i]['name']})" for i in named or self.near_claimants(given))
        raise CurateError(f"claimant {_shown(given)} is not on record" + (f"; near: {near}" if near else ""))

    def near_claimants(self, given: str) -> list[str]:
        """Return up to five claimant ids whose id, name or a word of it is near a text, nearest first."""
        text = given.casefold()

        def likeness(c: Row) -> float:
            name = c["name"].casefold()
            spellings = [c["claimant_id"], c["claimant_id"].replace("-", " "), name, *name.split()]
            inside = 0.9 if len(text) > 2 and text in name else 0.0
            return max(inside, *(difflib.SequenceMatcher(None, text, s).ratio() for s in spellings))

        scored = sorted(((likeness(c), c["claimant_id"]) for c in self.tables["claimants"]), reverse=True)
        return [i for score, i in scored[:5] if score >= 0.6]


def _about(claim: Row) -> tuple[str, ...]:
    return tuple(claim[c] for c in ("event_id", "claimant_id", "direction", "part"))


def _host(url: str) -> str:
    return re.sub(r"^www\.", "", urlsplit(url).netloc.lower()).rstrip(".")


def _same_page(url: str) -> tuple[str, str, str]:
    """Return an address without what does not tell pages apart: scheme, www., last slash, fragment, utm_…"""
    parts = urlsplit(url)
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not k.startswith("utm_")])
    return _host(url), parts.path.rstrip("/"), query


def source_id(url: str, taken: Mapping[str, object]) -> str:
    """Return a page's id: its host and as many of the first digits (6 or more) of its address's SHA-1 as it takes."""
    host = re.sub(r"[^a-z0-9]+", "-", _host(url)).strip("-") or "page"
    digest = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    return next(i for n in range(6, 41) if (i := f"{host}-{digest[:n]}") not in taken)


def _source(book: Book, addition: Addition, page: Page) -> str:
    if not re.fullmatch(URL_PATTERN, page.url) or not _host(page.url):
        raise CurateError(f"page: {_shown(page.url)} is not an address")
    known = book.sources.get(_same_page(page.url))
    given = {c: getattr(page, c) for c in ("publisher", "published_on", "language", "tier")}
    if known:
        for column, value in given.items():
            if value and value != known[column]:
                raise CurateError(f"page {known['source_id']}: {column} is {_shown(known[column])} on record, not "
                                  f"{_shown(value)}; correct data/sources.csv or leave it out")  # fmt: skip
        addition.remarks.append(f"page {known['source_id']} is on record")
        return known["source_id"]
    house = book.house(page.url)
    for column, value in house.items():
        if not given[column]:
            given[column] = value
            addition.remarks.append(f"{column} {value}: as all pages of {_host(page.url)}")
    if not given["published_on"]:
        addition.remarks.append("the page is undated: it will be in no past view of the record")
    dated_by = "printed" if given["published_on"] else "none"
    row = {"source_id": source_id(page.url, book.ids["sources"]), "url": page.url, **given, "seed": ""}
    row |= {"dated_by": dated_by, "seen": "part"}
    book.add(addition, "sources", row)
    return row["source_id"]


def _stem(h: Handover) -> tuple[str, str, str]:
    """Return the event id that kind and date make, with date and precision as the record has them."""
    if h.kind not in KINDS:
        raise CurateError(f"kind: {_shown(h.kind)} is none of {', '.join(KINDS)}")
    month = bool(re.fullmatch(r"\d{4}-\d{2}", h.date)) or h.date_precision == "month"
    try:
        day = dt.date.fromisoformat(h.date[:7] + "-01" if month else h.date)
    except ValueError:
        raise CurateError(f"date: {_shown(h.date)} is not a day (YYYY-MM-DD) or a month (YYYY-MM)") from None
    if month:
        return f"{h.kind}-{day:%Y-%m}", day.isoformat(), "month"
    return f"{h.kind}-{day}", day.isoformat(), h.date_precision or "day"


def _event(book: Book, addition: Addition, h: Handover) -> str:
    events = book.ids["events"]
    if h.event_id:
        if h.kind or h.date or h.second:
            raise CurateError("event_id goes without kind, date and second")
        if h.event_id not in events:
            raise CurateError(f"event {_shown(h.event_id)} is not on record")
        event_id, day, precision = h.event_id, "", ""
    else:
        event_id, day, precision = _stem(h)
    if event_id in events and h.second:
        event_id = next(i for s in "bcdefghijklmnopqrstuvwxyz" if (i := f"{event_id}-{s}") not in events)
    own = ("status", "deal_id", "agreement_id", "mediators", "place", "category", "note")
    given = {c: getattr(h, c) for c in own}
    if there := events.get(event_id):
        for column, value in given.items():
            if value not in ("", there[column]) and (column, value) != ("status", "took_place"):
                raise CurateError(f"event {event_id}: {column} is {_shown(there[column])} on record, not "
                                  f"{_shown(value)}; correct data/events.csv or leave it out")  # fmt: skip
        if event_id not in addition.events:
            addition.remarks.append(f"event {event_id} is on record: the pages are added to it")
        return event_id
    row = {"event_id": event_id, "kind": h.kind, "date": day, "date_precision": precision, **given}
    book.add(addition, "events", row)
    return event_id


def _claim(book: Book, addition: Addition, event: str, s: Statement) -> str:
    row = {
        "event_id": event,
        "claimant_id": book.find_claimant(s.claimant),
        **{c: getattr(s, c) for c in TABLES["claims"].columns if c not in ("claim_id", "event_id", "claimant_id")},
    }
    if s.direction not in DIRECTIONS:
        raise CurateError(f"direction: {_shown(s.direction)} is none of {', '.join(DIRECTIONS)}")
    for there in book.about.get(_about(row), ()):
        if all(there[c] == row[c] for c in ("role", "count_low", "count_high", "qualifier", "absence", "stated_date")):
            known = there["claim_id"]
            addition.remarks.append(f"claim {known} is on record: the page is a further citation")
            return known
    claim_id = base = f"{event}.{s.direction}.{row['claimant_id']}.{s.part}"
    if _about(row) in book.about:
        addition.remarks.append(f"claim {base}: another figure of this claimant is on record; both are kept")
    n = 1
    while claim_id in book.ids["claims"]:
        n += 1
        claim_id = f"{base}~{n}"
    book.add(addition, "claims", {"claim_id": claim_id, **row})
    return claim_id


def _total(book: Book, addition: Addition, t: Total) -> str:
    row = {f.name: getattr(t, f.name) for f in fields(t) if f.name != "claimant"}
    row["claimant_id"] = book.find_claimant(t.claimant)
    if t.since and not t.since_basis:
        row["since_basis"] = "printed"
    for there in book.tables["totals"]:
        if all(there[c] == v for c, v in row.items() if c != "note"):
            addition.remarks.append(f"total {there['total_id']} is on record: the page is a further citation")
            return there["total_id"]
    last = max((int(i.rpartition("-")[2]) for i in book.ids["totals"]), default=0)
    row["total_id"] = f"total-{last + 1:04d}"
    book.add(addition, "totals", {c: row[c] for c in TABLES["totals"].columns})
    return row["total_id"]


def propose(folder: Path, handovers: Sequence[Handover]) -> Addition:
    """Return the rows that the handovers add to the record in `folder`. Writes nothing.

    Only what an id is made of is checked here; the rows themselves are judged by the check of the whole record.
    Raises CurateError for an unknown claimant or event, or a contradiction to a row on record.
    """
    book, addition = Book(folder), Addition()
    for h in handovers:
        for row in h.claimants:
            if row["claimant_id"] in book.ids["claimants"]:
                raise CurateError(f"claimant {_shown(row['claimant_id'])} is on record already")
            if not re.fullmatch(ID_PATTERN, row["claimant_id"]):
                raise CurateError(f"claimant {_shown(row['claimant_id'])}: an id is lower-case words joined by hyphens")
            book.add(addition, "claimants", row)
        if not h.pages or not any(p.claims or p.totals for p in h.pages):
            raise CurateError("a handover needs a page with a claim or a total")
        event = _event(book, addition, h)
        if event not in addition.events:
            addition.events.append(event)
        for page in h.pages:
            source = _source(book, addition, page)
            for s in page.claims:
                pair = (_claim(book, addition, event, s), source)
                if pair not in book.pairs["citations"]:
                    row = dict(zip(("claim_id", "source_id", "date_basis"), (*pair, page.date_basis), strict=True))
                    book.add(addition, "citations", row)
            for t in page.totals:
                mention = (_total(book, addition, t), source)
                if mention not in book.pairs["mentions"]:
                    book.add(addition, "mentions", dict(zip(("row_id", "source_id"), mention, strict=True)))
    return addition


# --- placing, checking and writing --------------------------------------------------------------------------


def _order(name: str, dates: Mapping[str, str]) -> Callable[[Row], tuple[object, ...]]:
    """Return the sort key of a file: events and claims by day, claimants by side, all else by their key."""
    if name == "events":
        return lambda r: (r["date"], r["event_id"])
    if name == "claims":
        return lambda r: (dates.get(r["event_id"], ""), *(r[c] for c in
                          ("event_id", "direction", "claimant_id", "part", "claim_id")))  # fmt: skip
    if name == "claimants":
        return lambda r: (SIDES.index(r["side"]) if r["side"] in SIDES else len(SIDES), r["claimant_id"])
    return lambda r: tuple(r[k] for k in TABLES[name].key)


def _placed(name: str, raw: bytes, rows: Sequence[Row], dates: Mapping[str, str]) -> bytes:
    """Return a file with rows added where its order has them; every line that was there stays as it is."""
    lines = raw.decode("utf-8").splitlines(keepends=True)
    lines[-1] = lines[-1].rstrip("\n") + "\n"
    order = _order(name, dates)
    keys = [order(r) for r in csv.DictReader(io.StringIO("".join(lines), newline=""))]
    for row in sorted(rows, key=order):
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerow([row[c] for c in TABLES[name].columns])
        at = bisect(keys, order(row))
        keys.insert(at, order(row))
        lines.insert(at + 1, out.getvalue())
    return "".join(lines).encode("utf-8")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a record's folder for writing. Raises CurateError if somebody else does."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CurateError(f"{folder}: another addition is under way") from None
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Draft:
    """An addition laid out and checked, not yet in place. `estimates` are those that differ (see `changes`), `warnings` those
    that the record did not have before."""

    addition: Addition
    before: Record
    after: Record
    estimates: pd.DataFrame
    warnings: tuple[str, ...]


def draft(folder: Path, handovers: Sequence[Handover]) -> tuple[Draft | None, Addition]:
    """Lay out the record with the handovers added in a temporary folder beside the tables and check it whole.

    Returns no draft if there is nothing to add. The layout stays in `folder/.pending.new` for `write`.
    Raises CurateError (what is given), RecordError (the record before, or with the rows).
    """
    from repatria.record import changes
    from repatria.record import view as record

    before = record.load(folder)
    addition = propose(folder, handovers)
    if not addition:
        return None, addition
    new = folder / f"{PENDING}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    dates = {r["event_id"]: r["date"] for r in Book(folder).tables["events"] + addition.rows["events"]}
    for name in TABLES:
        raw = (folder / f"{name}.csv").read_bytes()
        if rows := addition.rows.get(name):
            raw = _placed(name, raw, rows, dates)
        (new / f"{name}.csv").write_bytes(raw)
    try:
        after = record.load(new)
    except record.RecordError:
        shutil.rmtree(new)
        raise
    old = Counter((p.file, p.column, p.reason) for p in before.warnings)
    fresh = tuple(str(p) for p in after.warnings if not old[p.file, p.column, p.reason])
    return Draft(addition, before, after, changes.estimates(before, after), fresh), addition


def _replace(source: Path, target: Path) -> None:
    os.replace(source, target)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(folder: Path, made: Draft) -> None:
    """Put a draft in place, all or nothing, also if the process is killed at any point.

    The changed files and a journal are made complete in `.pending.new`; its renaming to `.pending` is the point of
    no return. Then each file is replaced, in the order of `WRITTEN`, and `.pending` removed. Killed before the
    renaming: nothing happened. Killed after it: loading says so, and the next `add` finishes (`recover`).
    """
    new = folder / f"{PENDING}.new"
    names = [n for n in WRITTEN if made.addition.rows[n]]
    if fingerprint.of_data(folder) != made.before.digest or fingerprint.of_data(new) != made.after.digest:
        raise CurateError(f"{folder}: the record changed meanwhile; nothing was written, run again")
    journal = {n: [fingerprint.of_file(d / f"{n}.csv") for d in (folder, new)] for n in names}
    for name in TABLES:
        if name not in names:
            (new / f"{name}.csv").unlink()
    (new / "journal.json").write_text(json.dumps(journal), encoding="utf-8")
    for path in (*new.iterdir(), new):
        _sync(path)
    _replace(new, folder / PENDING)
    _sync(folder)
    recover(folder)


def recover(folder: Path) -> bool:
    """Finish an addition that was interrupted after its point of no return. Returns whether there was one.

    Raises CurateError, changing nothing, if a file is neither as it was nor as it was to be.
    """
    pending = folder / PENDING
    shutil.rmtree(folder / f"{PENDING}.new", ignore_errors=True)
    if not pending.is_dir():
        return False
    giveup = f"; compare it with {pending}, then remove that folder"
    if (pending / "journal.json").exists():
        journal: dict[str, list[str]] = json.loads((pending / "journal.json").read_text(encoding="utf-8"))
        left = [n for n in journal if fingerprint.of_file(folder / f"{n}.csv") != journal[n][1]]
        for name in left:
            if fingerprint.of_file(folder / f"{name}.csv") != journal[name][0]:
                raise CurateError(f"{folder / name}.csv was changed after an interrupted addition{giveup}")
            if fingerprint.of_file(pending / f"{name}.csv") != journal[name][1]:
                raise CurateError(f"{pending / name}.csv is damaged{giveup}")
        for name in left:
            _replace(pending / f"{name}.csv", folder / f"{name}.csv")
        _sync(folder)
        # The journal goes last but one: without it the rest is only to be removed.
        (pending / "journal.json").unlink()
    shutil.rmtree(pending)
    return True


# --- showing ------------------------------------------------------------------------------------------------




# --- asking -------------------------------------------------------------------------------------------------


def _ask(text: str, default: str = "", allowed: Sequence[str] = (), pattern: str = "") -> str:
    """Ask on the terminal until the answer is allowed; an empty answer is the default."""
    while True:
        answer = str(
            typer.prompt(
                text + (f" ({', '.join(allowed)})" if allowed else ""), default=default, show_default=bool(default)
            )
        ).strip()
        if (not allowed or answer in allowed) and (not pattern or re.fullmatch(pattern, answer)):
            return answer
        typer.echo(f"  {_shown(answer)} is not one of them" if allowed else f"  {_shown(answer)} has not that form")


def _ask_claimant(book: Book, given: str, new: list[Row]) -> str:
    """Return a claimant's id, asking which one is meant, or for a new one."""
    while True:
        try:
            return book.find_claimant(given)
        except CurateError as e:
            typer.echo(f"  {e}")
        near = book.near_claimants(given)
        given = _ask("  claimant id or name, or `new`", near[0] if near else "new")
        if given == "new":
            row = {
                "claimant_id": _ask("  id", pattern=ID_PATTERN),
                "name": _ask("  name", pattern=r".+"),
                "office": _ask("  office", pattern=r".+"),
                "side": _ask("  side", allowed=SIDES),
                "official": _ask("  speaks for a state or a mediator", "yes", ("yes", "no")),
            }
            new.append(row)
            book.add(Addition(), "claimants", row)
            return row["claimant_id"]


def _line(s: Statement) -> str:
    count = s.absence or (s.count_low if s.count_low == s.count_high else f"{s.count_low}-{s.count_high}")
    words = [s.direction, "" if s.part == "total" else s.part, count, "" if s.qualifier == "exact" else s.qualifier]
    return f"{s.claimant}: " + " ".join(w for w in [*words, s.role if s.role == "component" else ""] if w)


def interview(folder: Path, start: Handover) -> Handover:
    """Ask on the terminal for what `start` leaves open: the handover, then page by page what each one claims."""
    book = Book(folder)
    answers: dict[str, Any] = {f.name: getattr(start, f.name) for f in fields(start)}
    if not start.event_id:
        answers["kind"] = start.kind or _ask("kind", "bodies", KINDS)
        answers["date"] = start.date or _ask("date (YYYY-MM-DD, or YYYY-MM)", pattern=r"\d{4}-\d{2}(-\d{2})?")
        event_id, day, _ = _stem(Handover(**answers))
        for row in book.tables["events"]:
            apart = abs((dt.date.fromisoformat(row["date"]) - dt.date.fromisoformat(day)).days)
            if row["kind"] == answers["kind"] and apart <= 7:
                typer.echo(f"  on record: {row['event_id']} {row['category']} {row['deal_id']}".rstrip())
        if event_id in book.ids["events"]:
            answers["second"] = start.second or typer.confirm(f"{event_id} is on record. Another handover that day?")
        if event_id not in book.ids["events"] or answers["second"]:
            for name, text in (
                ("deal_id", "deal, if it has several days"), ("agreement_id", "agreement, if pages tie it to one"),
                ("mediators", "mediators, joined by ;"), ("place", "place"), ("category", "who, where that defines it"),
            ):  # fmt: skip
                answers[name] = answers[name] or _ask(text)
    else:
        event_id = start.event_id
    heard: list[Statement] = []
    if not answers["second"]:
        heard = [
            Statement(c["claimant_id"], **{f.name: c[f.name] for f in fields(Statement) if f.name != "claimant"})
            for c in book.tables["claims"]
            if c["event_id"] == event_id
        ]
    new, pages = list(start.claimants), []
    while url := _ask("page (empty = done)"):
        known = book.sources.get(_same_page(url))
        house = book.house(url)
        page: dict[str, Any] = {"url": url}
        if known:
            typer.echo(f"  on record: {known['source_id']}, {known['publisher']}, {known['published_on'] or 'undated'}")
        else:
            page["publisher"] = _ask("  publisher", house.get("publisher", ""), pattern=r".+")
            page["published_on"] = _ask("  published (YYYY-MM-DD, empty = undated)", pattern=r"(\d{4}-\d{2}-\d{2})?")
            page["language"] = _ask("  language", house.get("language", "uk"), pattern=r"[a-z]{2,3}")
            page["tier"] = _ask("  tier", house.get("tier", "press"), TIERS)
        page["date_basis"] = _ask("  day of the handover is", "stated", DATE_BASES)
        claims, totals = [], []
        typer.echo(f"  {CLAIM_FORM}")
        for i, s in enumerate(heard, 1):
            typer.echo(f"  {i} = {_line(s)}")
        while line := _ask("  claim, or the number of one above (empty = done)"):
            try:
                s = heard[int(line) - 1] if line.isdecimal() and 0 < int(line) <= len(heard) else statement(line)
                s = replace(s, claimant=_ask_claimant(book, s.claimant, new))
            except CurateError as e:
                typer.echo(f"  {e}")
                continue
            claims.append(s)
            if s not in heard:
                heard.append(s)
        while line := _ask("  running total on the page (empty = none)"):
            try:
                t = total(line, event_id.partition("-")[0], page.get("published_on") or answers["date"])
                totals.append(replace(t, claimant=_ask_claimant(book, t.claimant, new)))
            except CurateError as e:
                typer.echo(f"  {e}")
        pages.append(Page(**page, claims=tuple(claims), totals=tuple(totals)))
        if not known:
            row = dict.fromkeys(TABLES["sources"].columns, "") | {k: page[k] for k in page if k != "date_basis"}
            book.add(Addition(), "sources", row | {"source_id": source_id(url, book.ids["sources"])})
    return Handover(**answers | {"pages": tuple(pages), "claimants": tuple(new)})


# --- the command --------------------------------------------------------------------------------------------


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def command(
    from_: Annotated[
        str, typer.Option("--from", help="JSON file with one handover or a list (- = standard input).")
    ] = "",
    kind: Annotated[str, typer.Option(help="bodies, prisoners or civilians.")] = "",
    date: Annotated[str, typer.Option(help="Day of the handover (YYYY-MM-DD), or its month (YYYY-MM).")] = "",
    event: Annotated[str, typer.Option(help="Id of an event on record, instead of kind and date.")] = "",
    second: Annotated[bool, typer.Option(help="Another handover of the kind on a day that has one.")] = False,
    status: Annotated[str, typer.Option(help="took_place, cancelled or disputed.")] = "took_place",
    deal: Annotated[str, typer.Option(help="Shared by the days of one deal.")] = "",
    agreement: Annotated[str, typer.Option(help="Agreement the handover belongs to.")] = "",
    mediators: Annotated[str, typer.Option(help="Joined by semicolons.")] = "",
    place: Annotated[str, typer.Option(help="As pages state it.")] = "",
    category: Annotated[str, typer.Option(help="Who was handed over, where that defines the event.")] = "",
    note: Annotated[str, typer.Option(help="What is special, in your own words.")] = "",
    url: Annotated[str, typer.Option(help="The page.")] = "",
    publisher: Annotated[str, typer.Option(help="Default: that of the host's other pages.")] = "",
    published: Annotated[str, typer.Option(help="Day of publication; empty = undated.")] = "",
    language: Annotated[str, typer.Option(help="ISO 639 code. Default: as the host's other pages.")] = "",
    tier: Annotated[
        str, typer.Option(help="official, agency, press, aggregator, dataset. Default: as the host's.")
    ] = "",
    date_basis: Annotated[str, typer.Option(help=f"How the page fixes the day: {', '.join(DATE_BASES)}.")] = "",
    claim: Annotated[list[str] | None, typer.Option(help=CLAIM_FORM)] = None,
    total_: Annotated[list[str] | None, typer.Option("--total", help=TOTAL_FORM)] = None,
    claimant_: Annotated[
        list[str] | None, typer.Option("--claimant", help="A new claimant: id; name; office; side; yes|no (official).")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of another record (default: this project's data/).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be added, write nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing if there is a new warning.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Only finish an addition that was interrupted.")] = False,
) -> None:
    """Add a handover, or a page on one: from pages to rows, checked as a whole, written all or nothing.

    Without a page or claims it asks on a terminal. See docs/curating.md.
    """
    folder = data or fingerprint.data_folder()
    answered: Handover | None = None
    try:
        with locked(folder):
            if recover(folder):
                typer.echo("an interrupted addition was finished", err=True)
            if finish:
                return
            asking = not from_ and not (url and (claim or total_)) and _terminal()
            if from_:
                text = sys.stdin.read() if from_ == "-" else Path(from_).read_text(encoding="utf-8")
                handovers = from_json(text)
            else:
                given = Handover(
                    kind, date, event_id=event, second=second, status=status, deal_id=deal, agreement_id=agreement,
                    mediators=mediators, place=place, category=category, note=note,
                    claimants=tuple(claimant(c) for c in claimant_ or []),
                )  # fmt: skip
                if asking:
                    answered = interview(folder, given)
                    handovers = [answered]
                elif not url:
                    raise CurateError("give --url and --claim, or --from, or run it on a terminal")
                else:
                    speaks_of = kind or event.partition("-")[0]
                    page = Page(
                        url, publisher, published, language, tier, date_basis,
                        tuple(statement(c) for c in claim or []),
                        tuple(total(t, speaks_of, published or date) for t in total_ or []),
                    )  # fmt: skip
                    handovers = [replace(given, pages=(page,))]
            try:
                made, addition = draft(folder, handovers)
                if made is None:
                    typer.echo(
                        "\n".join([*(f"· {r}" for r in addition.remarks), "nothing to add: it is all on record"])
                    )
                    return
                from repatria.display.changes import preview

                typer.echo(preview(made))
                if strict and made.warnings:
                    raise CurateError(f"{len(made.warnings)} new warnings; nothing was written")
                if dry_run or (asking and not yes and not typer.confirm("Write these rows?")):
                    typer.echo("nothing was written")
                    return
                write(folder, made)
            finally:
                shutil.rmtree(folder / f"{PENDING}.new", ignore_errors=True)
            typer.echo(f"written: {sum(map(len, addition.rows.values()))} rows")
    except (ValueError, OSError) as e:
        typer.echo(str(e), err=True)
        if answered:
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", prefix="repatria-", suffix=".json", delete=False
            ) as file:
                json.dump(asdict(answered), file, ensure_ascii=False, indent=1)
            typer.echo(f"your answers are in {file.name}: correct them and run `repatria add --from` it", err=True)
        raise typer.Exit(1) from None
