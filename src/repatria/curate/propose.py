"""From pages to rows: what a handover and its pages add to the record. Rows are added, never changed.

Uses pages, claimants and claims that are on record; refuses what contradicts them. `draft` lays the record out as
it would be and checks it whole; `write` (its own module) puts it in place.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import hashlib
import io
import re
import shutil
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from repatria.curate.models import (
    EARLIER,
    CurateError,
    Handover,
    Page,
    Read,
    Statement,
    Total,
)
from repatria.record.schema import (
    CLICK_IDS,
    KINDS,
    MANY_PUBLISH,
    QUALIFIERS,
    SIDES,
    TABLES,
    URL_PATTERN,
)

if TYPE_CHECKING:
    import pandas as pd

    from repatria.record.view import Record

__all__ = [
    "PENDING",
    "WRITTEN",
    "Addition",
    "Book",
    "Draft",
    "Reach",
    "day_in",
    "draft",
    "propose",
    "source_id",
    "stem",
]

Row = dict[str, str]
# In the order of writing: rows before the pages they need, so that a reader in between sees the old record (a
# claimant more, at most), one that the check refuses, or the new one; what was searched for comes last.
WRITTEN = (
    "claimants",
    "sources",
    "totals",
    "events",
    "claims",
    "citations",
    "mentions",
    "coverage",
)
PENDING = ".pending"
_DAY_IN_ADDRESS = re.compile(
    r"(?<![0-9])(20[0-9]{2})([-/_.]?)(0[1-9]|1[0-2])\2([0-2][0-9]|3[01])(?![0-9])"
)


def __dir__() -> list[str]:
    return __all__


def _shown(value: object) -> str:
    from repatria.record.checks import shown

    return shown(value)


@dataclass
class Addition:
    """New rows per table, the events they touch, and what was found already there or filled in."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in WRITTEN})
    events: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(self.rows.values())


# --- what is on record ------------------------------------------------------------------------


class Book:
    """The tables' text as it is on disk, indexed for look-ups; grows with the rows proposed."""

    def __init__(self, folder: Path):
        self.tables: dict[str, list[Row]] = {}
        for name in WRITTEN:
            with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                self.tables[name] = list(csv.DictReader(file))
        self.pages = {_same_page(s["url"]): s for s in self.tables["sources"] if s["url"]}
        self.ids = {name: {_key(name, r): r for r in self.tables[name]} for name in WRITTEN}
        self.about: dict[tuple[str, ...], list[Row]] = {}
        for claim in self.tables["claims"]:
            self.about.setdefault(_about(claim), []).append(claim)
        self.names = {c["part"] for c in self.tables["claims"]}
        self.names |= {t["scope"] for t in self.tables["totals"]} | {"total"}

    def add(self, addition: Addition, name: str, row: Row) -> None:
        addition.rows[name].append(row)
        self.tables[name].append(row)
        self.ids[name][_key(name, row)] = row
        if name == "sources":
            self.pages[_same_page(row["url"])] = row
        if name == "claims":
            self.about.setdefault(_about(row), []).append(row)

    def page(self, url: str) -> Row | None:
        """Return the row of the page with this address, whatever led to it."""
        return self.pages.get(_same_page(url))

    def house(self, url: str) -> Row:
        """Return what all pages of this address's host have in common: publisher, language, tier."""
        from repatria.record.names import bare_host

        host = bare_host(_host(url))
        if host in MANY_PUBLISH:
            return {}
        pages = [
            s for s in self.tables["sources"] if s["url"] and bare_host(_host(s["url"])) == host
        ]
        common = {}
        for column in ("publisher", "language", "tier"):
            values = {_house(s["publisher"]) if column == "publisher" else s[column] for s in pages}
            if len(values) == 1:
                common[column] = values.pop()
        return common

    def confirm(self, name: str, new: Sequence[str]) -> None:
        """Raise CurateError for a part or scope that no row has yet and nobody confirmed as new."""
        if name and name not in self.names and name not in new:
            known = [*self.names, *QUALIFIERS, "component", "withheld", "not_applicable"]
            near = difflib.get_close_matches(name, known, 3)
            hint = f"near: {', '.join(near)}; " if near else ""
            raise CurateError(
                f"part {_shown(name)} is not on record; {hint}confirm a new one by --new-part {name}"
            )

    def find_claimant(self, given: str) -> str:
        """Return the id of a claimant given by id or by name. Raises CurateError with the nearest ones."""
        if given in self.ids["claimants"]:
            return given
        named = [
            c["claimant_id"]
            for c in self.tables["claimants"]
            if c["name"].casefold() == given.casefold()
        ]
        if len(named) == 1:
            return named[0]
        near = ", ".join(
            f"{i} ({self.ids['claimants'][i]['name']})" for i in named or self.near_claimants(given)
        )
        raise CurateError(
            f"claimant {_shown(given)} is not on record" + (f"; near: {near}" if near else "")
        )

    def near_claimants(self, given: str) -> list[str]:
        """Return up to five claimant ids whose id, name or a word of it is near a text, nearest first."""
        text = given.casefold()

        def likeness(c: Row) -> float:
            name = c["name"].casefold()
            spellings = [c["claimant_id"], c["claimant_id"].replace("-", " "), name, *name.split()]
            inside = 0.9 if len(text) > 2 and text in name else 0.0
            return max(inside, *(difflib.SequenceMatcher(None, text, s).ratio() for s in spellings))

        scored = sorted(
            ((likeness(c), c["claimant_id"]) for c in self.tables["claimants"]), reverse=True
        )
        return [i for score, i in scored[:5] if score >= 0.6]


def _key(name: str, row: Row) -> str:
    return " ".join(row[k] for k in TABLES[name].key)


def _about(claim: Row) -> tuple[str, ...]:
    return tuple(claim[c] for c in ("event_id", "claimant_id", "direction", "part"))


def _house(publisher: str) -> str:
    """Return a publisher without the agency in brackets whose text it carries."""
    return re.sub(r" \([^()]*\)$", "", publisher)


# --- addresses --------------------------------------------------------------------------------


def _host(url: str) -> str:
    return re.sub(r"^www\.", "", urlsplit(url).netloc.lower()).rstrip(".")


def _without_clicks(url: str) -> str:
    """Return an address without what says who sent the reader; nothing else of it is touched."""
    clicked = rf"(?i){CLICK_IDS}(=[^&;#]*)?"
    for mark in "#?":
        front, found, rest = url.partition(mark)
        query, hash_, fragment = (rest, "", "") if mark == "#" else rest.partition("#")
        kept = [
            p for p in re.split("(?<=[&;])", query) if not re.fullmatch(clicked, p.rstrip("&;"))
        ]
        if found and (short := "".join(kept)) != query:
            url = front + (short.rstrip("&;") and mark + short.rstrip("&;")) + hash_ + fragment
    return url


def _same_page(url: str) -> tuple[str, str, str]:
    """Return an address without what does not tell pages apart: scheme, www., last slash, fragment, clicks."""
    parts = urlsplit(_without_clicks(url))
    return _host(url), parts.path.rstrip("/"), parts.query


def day_in(url: str) -> str:
    """Return the day that stands in an address, or an empty text if there is none, or more than one.

    >>> day_in("https://a.example/news/2026/07/15/return"), day_in("https://a.example/20261")
    ('2026-07-15', '')
    """
    days = {f"{y}-{m}-{d}" for y, _, m, d in _DAY_IN_ADDRESS.findall(urlsplit(url).path)}
    return days.pop() if len(days) == 1 else ""


def source_id(url: str, taken: Mapping[str, object]) -> str:
    """Return a page's id: its host and as many digits (6 or more) of its address's SHA-1 as it takes.

    >>> source_id("https://www.a.example/1", {})
    'a-example-0fb187'
    """
    host = re.sub(r"[^a-z0-9]+", "-", _host(url)).strip("-") or "page"
    digest = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    return next(i for n in range(6, 41) if (i := f"{host}-{digest[:n]}") not in taken)


# --- proposing rows ---------------------------------------------------------------------------


@dataclass
class _Proposal:
    """The rows proposed so far, for one day's work on one record."""

    book: Book
    today: dt.date
    addition: Addition = field(default_factory=Addition)

    def remark(self, text: str) -> None:
        self.addition.remarks.append(text)

    def handover(self, h: Handover) -> None:
        if not any(p.claims or p.totals for p in h.pages):
            raise CurateError("a handover needs a page with a claim or a total")
        for c in h.claimants:
            if c.claimant_id in self.book.ids["claimants"]:
                raise CurateError(f"claimant {_shown(c.claimant_id)} is on record already")
            self.book.add(self.addition, "claimants", c.model_dump())
        event = self.event(h)
        if event not in self.addition.events:
            self.addition.events.append(event)
        for page in h.pages:
            source = self.source(page)
            for s in page.claims:
                self.book.confirm(s.part, h.new_parts)
                pair = {"claim_id": self.claim(event, s), "source_id": source}
                self.cite("citations", pair | {"date_basis": page.date_basis})
            for t in page.totals:
                self.book.confirm(t.scope, h.new_parts)
                self.cite("mentions", {"row_id": self.total(t), "source_id": source})
        for r in h.searched:
            for side in [r.side] if r.side else ["ukraine", "russia"]:
                self.coverage(event.partition("-")[0], side, r)

    def cite(self, name: str, row: Row) -> None:
        if _key(name, row) not in self.book.ids[name]:
            self.book.add(self.addition, name, row)

    def not_otherwise(self, what: str, there: Row, given: Row, table: str) -> None:
        """Refuse what is given otherwise than it is on record."""
        for column, value in given.items():
            if value and value != there[column]:
                raise CurateError(
                    f"{what}: {column} is {_shown(there[column])} on record, not {_shown(value)}; "
                    f"correct data/{table}.csv or leave it out"
                )

    def event(self, h: Handover) -> str:
        events = self.book.ids["events"]
        if not h.event_id:
            event_id, day, precision = stem(h)
        elif h.kind or h.date or h.second:
            raise CurateError("event_id goes without kind, date and second")
        elif h.event_id not in events:
            raise CurateError(f"event {_shown(h.event_id)} is not on record")
        else:
            event_id, day, precision = h.event_id, "", ""
        if event_id in events and h.second:
            free = (f"{event_id}-{s}" for s in "bcdefghijklmnopqrstuvwxyz")
            event_id = next((i for i in free if i not in events), event_id)
        own = ("status", "deal_id", "agreement_id", "mediators", "place", "category", "note")
        given = {c: getattr(h, c) for c in own}
        if there := events.get(event_id):
            if h.status == "took_place":
                del given["status"]  # the default says nothing
            self.not_otherwise(f"event {event_id}", there, given, "events")
            if event_id not in self.addition.events:
                self.remark(f"event {event_id} is on record: the pages are added to it")
            return event_id
        if dt.date.fromisoformat(day) > self.today and h.status != "cancelled":
            raise CurateError(f"date: {day} is after today ({self.today})")
        row = {"event_id": event_id, "kind": h.kind, "date": day, "date_precision": precision}
        self.book.add(self.addition, "events", row | given)
        return event_id

    def source(self, page: Page) -> str:
        try:
            url = _without_clicks(page.url)
            fits = re.fullmatch(URL_PATTERN, url) and _host(url)
        except ValueError:  # urlsplit
            fits = False
        if not fits:
            raise CurateError(f"page: {_shown(page.url)} is not an address")
        columns = ("publisher", "published_on", "language", "tier", "dated_by", "seen")
        given = {c: getattr(page, c) for c in columns}
        if known := self.book.page(url):
            self.not_otherwise(f"page {known['source_id']}", known, given, "sources")
            self.remark(f"page {known['source_id']} is on record")
            return known["source_id"]
        if url != page.url:
            self.remark("the address is taken without its click ids")
        self.from_house(url, given)
        self.dated(url, given)
        given["seen"] = given["seen"] or "part"
        row = {"source_id": source_id(url, self.book.ids["sources"]), "url": url, "seed": ""}
        self.book.add(self.addition, "sources", row | given)
        return row["source_id"]

    def from_house(self, url: str, given: Row) -> None:
        """Fill in what all pages of the host have; refuse its publisher by another name."""
        house = self.book.house(url)
        for column, value in house.items():
            if not given[column]:
                given[column] = value
                self.remark(f"{column} {value}: as all pages of {_host(url)}")
        usual, said = house.get("publisher", ""), _house(given["publisher"])
        if usual and said != usual:
            raise CurateError(
                f"publisher: all pages of {_host(url)} are by {_shown(usual)}, not {_shown(said)}; leave it out"
            )

    def dated(self, url: str, given: Row) -> None:
        """Say how the day of publication is known, and refuse one that is still to come."""
        day, stands = given["published_on"], day_in(url)
        # A page of tomorrow is possible where the day begins earlier; a later one is a slip.
        if day and dt.date.fromisoformat(day) > self.today + dt.timedelta(days=1):
            raise CurateError(f"published_on: {day} is after today ({self.today})")
        if given["dated_by"] and (given["dated_by"] == "none") == bool(day):
            raise CurateError("dated_by: none goes with an undated page, and only with one")
        if not day:
            self.remark("the page is undated: it will be in no past view of the record")
        if stands and stands != day:
            self.remark(f"the address says {stands}, not {day or 'undated'}")
        usual = "address" if day == stands else "printed"
        given["dated_by"] = given["dated_by"] or (usual if day else "none")

    def claim(self, event: str, s: Statement) -> str:
        low, high = map(str, s.count or ("", ""))
        own = ("direction", "part", "role", "qualifier", "absence", "stated_date", "note")
        row = {"event_id": event, "claimant_id": self.book.find_claimant(s.claimant)}
        row |= {"count_low": low, "count_high": high} | {c: getattr(s, c) for c in own}
        same = ("role", "count_low", "count_high", "qualifier", "absence", "stated_date")
        earlier = self.book.about.get(_about(row), [])
        for there in earlier:
            if all(there[c] == row[c] for c in same):
                known = there["claim_id"]
                if s.corrects and s.corrects != (there["corrects"] and EARLIER):
                    self.not_otherwise(f"claim {known}", there, {"corrects": s.corrects}, "claims")
                self.remark(f"claim {known} is on record: the page is a further citation")
                return known
        claim_id = base = f"{event}.{s.direction}.{row['claimant_id']}.{s.part}"
        row["corrects"] = _corrected(base, earlier, s.corrects)
        if row["corrects"]:
            self.remark(f"claim {row['corrects']} is corrected: it stays, struck through")
        elif earlier:
            self.remark(
                f"claim {base}: another figure of this claimant is on record; both are kept "
                "(`corrects` says that it takes the earlier one back)"
            )
        n = 1
        while claim_id in self.book.ids["claims"]:
            n += 1
            claim_id = f"{base}~{n}"
        self.book.add(self.addition, "claims", {"claim_id": claim_id, **row})
        return claim_id

    def total(self, t: Total) -> str:
        row = {c: str(v) for c, v in t.model_dump(exclude={"claimant"}).items()}
        row["claimant_id"] = self.book.find_claimant(t.claimant)
        row["since_basis"] = t.since_basis or ("printed" if t.since else "")
        for there in self.book.tables["totals"]:
            if all(there[c] == v for c, v in row.items() if c != "note"):
                self.remark(
                    f"total {there['total_id']} is on record: the page is a further citation"
                )
                return there["total_id"]
        last = max((int(i.rpartition("-")[2]) for i in self.book.ids["totals"]), default=0)
        row["total_id"] = f"total-{last + 1:04d}"
        self.book.add(self.addition, "totals", row)
        return row["total_id"]

    def coverage(self, kind: str, side: str, r: Read) -> None:
        """Add the stretch from where reading ended; one entered today just goes on. Nothing is read twice."""
        what = f"searched through {r.through}: {kind}, {side}"
        if dt.date.fromisoformat(r.through) > self.today:
            raise CurateError(f"{what}: that is after today ({self.today})")
        rows = [c for c in self.book.tables["coverage"] if (c["kind"], c["side"]) == (kind, side)]
        last = max(rows, key=lambda c: c["read_through"], default=None)
        if last and last["read_through"] >= r.through and not r.read_from:
            self.remark(f"{what}: is read through {last['read_through']} already")
            return
        start = r.read_from or (_next(last["read_through"]) if last else "")
        if not start:
            raise CurateError(f"{what}: nothing was read before; say where it begins, from=DAY")
        if start > r.through:
            raise CurateError(f"{what}: begins after it ends, on {start}")
        if any(c["read_from"] <= r.through and start <= c["read_through"] for c in rows):
            raise CurateError(f"{what}: overlaps what is read; correct data/coverage.csv")
        row = {"kind": kind, "side": side, "read_from": start, "read_through": r.through}
        row |= {"density": r.density, "entered_on": self.today.isoformat(), "note": r.note}
        alike = ("density", "entered_on", "note")
        if last and start == _next(last["read_through"]) and all(last[c] == row[c] for c in alike):
            last["read_through"] = r.through  # an older stretch would leave the past views it is in
            if last not in self.addition.rows["coverage"]:
                self.addition.rows["coverage"].append(last)
            return
        self.book.add(self.addition, "coverage", row)


def _next(day: str) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()


def _corrected(base: str, earlier: Sequence[Row], corrects: str) -> str:
    """Return the id of the claim that is taken back: the one named, or the only one there is."""
    taken = {c["corrects"] for c in earlier}
    left = [c["claim_id"] for c in earlier if c["claim_id"] not in taken]
    if not corrects or corrects in left:
        return corrects
    if corrects != EARLIER or len(left) != 1:
        there = ", ".join(left) or "none"
        raise CurateError(
            f"claim {base}: corrects={corrects}: name the earlier claim; there is {there}"
        )
    return left[0]


def stem(h: Handover) -> tuple[str, str, str]:
    """Return the event id that kind and date make, with date and precision as the record has them.

    >>> from repatria.curate import Handover
    >>> stem(Handover(kind="bodies", date="2026-07"))
    ('bodies-2026-07', '2026-07-01', 'month')
    """
    if not h.kind or not h.date:
        raise CurateError(f"{'date' if h.kind else 'kind'}: is missing")
    if len(h.date) == 7 or h.date_precision == "month":
        return f"{h.kind}-{h.date[:7]}", f"{h.date[:7]}-01", "month"
    return f"{h.kind}-{h.date}", h.date, "day"


def propose(folder: Path, handovers: Sequence[Handover], today: dt.date | None = None) -> Addition:
    """Return the rows that the handovers add to the record in `folder`. Writes nothing.

    Only what an id is made of is checked here; the rows themselves are judged by the check of the whole record.
    Raises CurateError for an unknown claimant, event or part, a contradiction to a row on record, a day to come.
    """
    proposal = _Proposal(Book(folder), today or dt.date.today())
    for h in handovers:
        proposal.handover(h)
    return proposal.addition


# --- laying out and checking ------------------------------------------------------------------


def _order(name: str, dates: Mapping[str, str]) -> Callable[[Row], tuple[object, ...]]:
    """Return the sort key of a file: events and claims by day, claimants by side, all else by their key."""
    about = ("event_id", "direction", "claimant_id", "part", "claim_id")
    keys: dict[str, Callable[[Row], tuple[object, ...]]] = {
        "events": lambda r: (r["date"], r["event_id"]),
        "claims": lambda r: (dates.get(r["event_id"], ""), *(r[c] for c in about)),
        "claimants": lambda r: (SIDES.index(r["side"]), r["claimant_id"]),
        "coverage": lambda r: (KINDS.index(r["kind"]), r["read_from"], SIDES.index(r["side"])),
    }
    return keys.get(name, lambda r: tuple(r[k] for k in TABLES[name].key))


def _placed(name: str, raw: bytes, rows: Sequence[Row], dates: Mapping[str, str]) -> bytes:
    """Return a file with rows added where its order has them; every other line stays as it is.

    A row with the key of one on record (only of `coverage`) takes its place.
    """
    lines = raw.decode("utf-8").splitlines(keepends=True)
    lines[-1] = lines[-1].rstrip("\n") + "\n"
    order = _order(name, dates)
    keys = [order(r) for r in csv.DictReader(io.StringIO("".join(lines), newline=""))]
    for row in sorted(rows, key=order):
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerow([row[c] for c in TABLES[name].columns])
        at = bisect(keys, order(row))
        if name == "coverage" and at and keys[at - 1] == order(row):
            lines[at] = out.getvalue()
            continue
        keys.insert(at, order(row))
        lines.insert(at + 1, out.getvalue())
    return "".join(lines).encode("utf-8")


@dataclass(frozen=True)
class Reach:
    """How far one side's statements on a kind are read: through which day before and after (None: nothing),
    how densely at the end, which days from the first one read to today nobody read, and the newest handover."""

    kind: str
    side: str
    before: pd.Timestamp | None
    after: pd.Timestamp | None
    density: str
    unread: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    newest: pd.Timestamp


@dataclass(frozen=True)
class Draft:
    """An addition laid out and checked, not yet in place.

    `estimates` are those that differ (see `changes`), `warnings` those that the record did not have before,
    `reach` is the coverage of the kinds touched.
    """

    addition: Addition
    before: Record
    after: Record
    estimates: pd.DataFrame
    warnings: tuple[str, ...]
    reach: tuple[Reach, ...]


def _reach(before: Record, after: Record, kind: str, side: str, today: dt.date) -> Reach:
    import pandas as pd

    def stretches(record: Record) -> pd.DataFrame:
        c = record.tables["coverage"]
        return c[(c["kind"] == kind) & (c["side"] == side)].sort_values("read_through")

    old, new = stretches(before), stretches(after)
    one = pd.Timedelta(days=1)
    ends = [*new["read_from"], pd.Timestamp(today) + one]
    gaps = [
        (end + one, start - one) for end, start in zip(new["read_through"], ends[1:], strict=True)
    ]
    events = after.tables["events"]
    return Reach(
        kind,
        side,
        old["read_through"].iloc[-1] if len(old) else None,
        new["read_through"].iloc[-1] if len(new) else None,
        str(new["density"].iloc[-1]) if len(new) else "",
        tuple((start, end) for start, end in gaps if start <= end),
        events.loc[events["kind"] == kind, "date"].max(),
    )


def draft(
    folder: Path, handovers: Sequence[Handover], today: dt.date | None = None
) -> tuple[Draft | None, Addition]:
    """Lay out the record with the handovers added in a temporary folder beside the tables and check it whole.

    Returns no draft if there is nothing to add. The layout stays in `folder/.pending.new` for `write`. `today` is
    the day on which what was searched is entered, and after which nothing can have happened (default: the clock's).
    Raises CurateError (what is given), RecordError (the record before, or with the rows).
    """
    from repatria.record import changes
    from repatria.record import view as record

    today = today or dt.date.today()
    before = record.load(folder)
    addition = propose(folder, handovers, today)
    if not addition:
        return None, addition
    new = folder / f"{PENDING}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    dates = before.tables["events"].set_index("event_id")["date"].dt.strftime("%Y-%m-%d").to_dict()
    dates |= {r["event_id"]: r["date"] for r in addition.rows["events"]}
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
    kinds = dict.fromkeys(e.partition("-")[0] for e in addition.events)
    reach = tuple(_reach(before, after, k, s, today) for k in kinds for s in ("ukraine", "russia"))
    return Draft(addition, before, after, changes.estimates(before, after), fresh, reach), addition
