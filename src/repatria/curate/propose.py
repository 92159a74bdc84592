"""From pages to rows: what a handover and its pages add to the record. Rows are added, never changed.

Uses pages, claimants and claims that are on record; refuses what contradicts them. `draft` lays the record out as
it would be and checks it whole; `write` (its own module) puts it in place.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from repatria.curate.book import (
    Addition,
    Book,
    Row,
    about,
    day_in,
    house_of,
    is_address,
    key,
    source_id,
    without_clicks,
)
from repatria.curate.models import (
    EARLIER,
    CurateError,
    Handover,
    Page,
    Read,
    Refused,
    Statement,
    Total,
)
from repatria.record import changes
from repatria.record import view as record
from repatria.record.checks import shown
from repatria.record.schema import KINDS, SIDES, TABLES
from repatria.record.view import Record

__all__ = ["PENDING", "Draft", "Reach", "draft", "propose", "stem"]

PENDING = ".pending"


@dataclass
class _Proposal:
    """The rows proposed so far, for one day's work on one record."""

    book: Book
    today: dt.date
    addition: Addition = field(default_factory=Addition)

    def remark(self, text: str) -> None:
        self.addition.remarks.append(text)

    def handover(self, h: Handover) -> None:
        for r in h.refused:
            self.refuse(r)
        if not any(p.claims or p.totals for p in h.pages):
            if h.pages or h.date or h.event_id or not (h.refused or (h.kind and h.searched)):
                raise CurateError("a handover needs a page with a claim or a total")
            self.searched(h, h.kind)
            return
        for c in h.claimants:
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
        self.searched(h, event.partition("-")[0])

    def searched(self, h: Handover, kind: str) -> None:
        for r in h.searched:
            for side in [r.side] if r.side else ["ukraine", "russia"]:
                self.coverage(kind, side, r)

    def refuse(self, r: Refused) -> None:
        url = without_clicks(r.url)
        if not is_address(url):
            raise CurateError(f"page: {shown(r.url)} is not an address")
        if self.book.has_read(url):
            self.remark(f"page {url} is on record: it is not left out")
            return
        last = max((int(i.rpartition("-")[2]) for i in self.book.ids["excluded"]), default=0)
        row = r.model_dump() | {"excluded_id": f"excluded-{last + 1:04}", "url": url}
        self.book.add(self.addition, "excluded", row)

    def cite(self, name: str, row: Row) -> None:
        if key(name, row) not in self.book.ids[name]:
            self.book.add(self.addition, name, row)

    def not_otherwise(self, what: str, there: Row, given: Row, table: str) -> None:
        """Refuse what is given otherwise than it is on record."""
        for column, value in given.items():
            if value and value != there[column]:
                raise CurateError(
                    f"{what}: {column} is {shown(there[column])} on record, not {shown(value)}; "
                    f"correct data/{table}.csv or leave it out"
                )

    def event(self, h: Handover) -> str:
        events = self.book.ids["events"]
        if not h.event_id:
            event_id, day, precision = stem(h)
        elif h.kind or h.date or h.second:
            raise CurateError("event_id goes without kind, date and second")
        elif h.event_id not in events:
            raise CurateError(f"event {shown(h.event_id)} is not on record")
        else:
            event_id, day, precision = h.event_id, "", ""
        if event_id in events and h.second:
            free = (f"{event_id}-{s}" for s in "bcdefghijklmnopqrstuvwxyz")
            event_id = next((i for i in free if i not in events), "")
            if not event_id:
                raise CurateError(
                    f"event {h.kind} {h.date}: no letter is left for another that day"
                )
        own = ("status", "deal_id", "agreement_id", "mediators", "place", "category", "note")
        given = {c: getattr(h, c) for c in own}
        if there := events.get(event_id):
            if h.status == "took_place":
                del given["status"]  # the default says nothing
            self.not_otherwise(f"event {event_id}", there, given, "events")
            if event_id not in self.addition.events:
                self.remark(f"event {event_id} is on record: the pages are added to it")
            return event_id
        row = {"event_id": event_id, "kind": h.kind, "date": day, "date_precision": precision}
        self.book.add(self.addition, "events", row | given)
        return event_id

    def source(self, page: Page) -> str:
        url = without_clicks(page.url)
        if not is_address(url):
            raise CurateError(f"page: {shown(page.url)} is not an address")
        columns = ("publisher", "published_on", "language", "tier", "dated_by", "seen")
        given = {c: getattr(page, c) for c in columns}
        if known := self.book.page(url):
            self.not_otherwise(f"page {known['source_id']}", known, given, "sources")
            self.remark(f"page {known['source_id']} is on record")
            return known["source_id"]
        if url != page.url:
            self.remark(f"the address is taken without its click ids: {url}")
        host, house = urlsplit(url).netloc, self.book.house(url)
        for column, value in house.items():
            if not given[column]:
                given[column] = value
                self.remark(f"{column} {value}: as all pages of {host}")
        said = house_of(given["publisher"])
        if (usual := house.get("publisher", said)) != said:
            raise CurateError(f"publisher: {host} is {shown(usual)} on record, not {shown(said)}")
        day, stands = given["published_on"], day_in(url)
        if not day:
            self.remark("the page is undated: it will be in no past view of the record")
        if stands and stands != day:
            self.remark(f"the address says {stands}" + (f", not {day}" if day else ""))
        derived = "none" if not day else "address" if day == stands else "printed"
        given["dated_by"] = given["dated_by"] or derived
        given["seen"] = given["seen"] or "part"
        row = {"source_id": source_id(url, self.book.ids["sources"]), "url": url, "seed": ""}
        self.book.add(self.addition, "sources", row | given)
        return row["source_id"]

    def claim(self, event: str, s: Statement) -> str:
        low, high = map(str, s.count or ("", ""))
        own = ("direction", "part", "role", "qualifier", "absence", "stated_date", "note")
        row = {"event_id": event, "claimant_id": self.book.find_claimant(s.claimant)}
        row |= {"count_low": low, "count_high": high} | {c: getattr(s, c) for c in own}
        same = ("role", "count_low", "count_high", "qualifier", "absence", "stated_date")
        earlier = self.book.about.get(about(row), [])
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
        """Add the stretch from where reading ended; one entered today just goes on."""
        rows = [c for c in self.book.tables["coverage"] if (c["kind"], c["side"]) == (kind, side)]
        last = max(rows, key=lambda c: c["read_through"], default=None)
        end = last["read_through"] if last else ""
        if end >= r.through and not r.read_from:
            self.remark(f"coverage: {kind}, {side}: is read through {end} already")
            return
        start = r.read_from or (_next(end) if end else "")
        if not start:
            raise CurateError(f"{kind}, {side}: nothing was read yet; say from=DAY")
        row = {"kind": kind, "side": side, "read_from": start, "read_through": r.through}
        row |= {"density": r.density, "entered_on": self.today.isoformat(), "note": r.note}
        # An older stretch, lengthened, would leave the past views it is in.
        alike = ("density", "entered_on", "note")
        if last and start == _next(end) and all(last[c] == row[c] for c in alike):
            row["read_from"] = last["read_from"]
            self.book.tables["coverage"].remove(last)
            if last in self.addition.rows["coverage"]:
                self.addition.rows["coverage"].remove(last)
        self.book.add(self.addition, "coverage", row)


def _next(day: str) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()


def _corrected(base: str, earlier: Sequence[Row], corrects: str) -> str:
    """Return the id of the claim that is taken back: the one named, or the only one there is."""
    if corrects != EARLIER:
        return corrects
    taken = {c["corrects"] for c in earlier}
    left = [c["claim_id"] for c in earlier if c["claim_id"] not in taken]
    if len(left) != 1:
        there = ", ".join(left) or "none"
        raise CurateError(f"claim {base}: say which claim it corrects; there is {there}")
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

    @property
    def reached(self) -> bool:
        """Whether the newest handover lies in what was searched."""
        return self.after is not None and self.newest <= self.after


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
    kinds |= dict.fromkeys(row["kind"] for row in addition.rows["coverage"])
    reach = tuple(_reach(before, after, k, s, today) for k in kinds for s in ("ukraine", "russia"))
    return Draft(addition, before, after, changes.estimates(before, after), fresh, reach), addition
