"""Asking on a terminal: the handover, then page by page what each one claims, then how far was searched."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import ValidationError

from repatria.curate import CLAIM_FORM, READ_FORM
from repatria.curate.book import Addition, Book, day_in, is_address, source_id, without_clicks
from repatria.curate.models import (
    DATE_BASES,
    Claimant,
    CurateError,
    Handover,
    Page,
    Refused,
    Statement,
    Total,
    read,
    statement,
    total,
)
from repatria.curate.propose import stem
from repatria.record.checks import shown
from repatria.record.schema import (
    DATED_BY,
    DIRECTIONS,
    EXCLUSIONS,
    ID_PATTERN,
    KINDS,
    SEEN,
    SIDES,
    TABLES,
    TIERS,
)

__all__ = ["Offer", "keep", "run"]


@dataclass(frozen=True)
class Offer:
    """A page to be asked about: what is known of it, and figures suggested, each with the words it stands on.

    A figure is (direction or empty, count, wording, words); without a direction it is asked for.
    """

    page: Page
    figures: tuple[tuple[str, int, str, str], ...] = ()


def run(folder: Path, start: Handover, offers: Sequence[Offer] = ()) -> Handover:
    """Ask on the terminal for what `start` leaves open, first about the pages offered. Writes nothing.

    An answer that is not understood is asked for again. Raises CurateError for an event that is not on record.
    """
    return _Interview(Book(folder), start.model_copy(deep=True)).handover(offers)


def keep(answers: Handover) -> Path:
    """Write answers that could not be used to a file that `--from` takes, and return it."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="repatria-", suffix=".json", delete=False
    ) as file:
        file.write(answers.model_dump_json(exclude_defaults=True, indent=1))
    return Path(file.name)


def _ask(text: str, default: str = "", allowed: Sequence[str] = (), pattern: str = "") -> str:
    """Ask until the answer is allowed; an empty answer is the default."""
    question = text + (f" ({', '.join(allowed)})" if allowed else "")
    while True:
        given = str(typer.prompt(question, default=default, show_default=bool(default))).strip()
        if allowed and given not in allowed:
            typer.echo(f"  {shown(given)} is not one of them")
        elif pattern and not re.fullmatch(pattern, given):
            typer.echo(f"  {shown(given)} has not that form")
        else:
            return given


def _lines(question: str, take: Callable[[str], None]) -> None:
    """Take line after line until an empty one; what is refused is said and asked for again."""
    while line := _ask(question):
        try:
            take(line)
        except CurateError as e:
            typer.echo(f"  {e}")


def _said(s: Statement) -> str:
    """Return a statement as the line that makes it."""
    count = s.absence or "-".join(dict.fromkeys(map(str, s.count or ())))
    part, worded = s.part.replace("total", ""), s.qualifier.replace("exact", "")
    role = s.role if s.role == "component" else ""
    words = [s.direction, part, count, worded, role, s.stated_date]
    return f"{s.claimant}: " + " ".join(w for w in words if w)


class _Interview:
    """One handover's answers so far (`h`), and what was heard that a further page can carry."""

    def __init__(self, book: Book, h: Handover):
        self.book, self.h = book, h
        self.heard: list[Statement] = []
        self.usual = ""  # the day proposed for a new handover

    def handover(self, offers: Sequence[Offer] = ()) -> Handover:
        taken = [o for o in offers if self.wanted(o)]
        if offers and not taken:
            return self.h
        self.usual = min((o.page.published_on for o in taken if o.page.published_on), default="")
        event = self.h.event_id or self.event()
        if not self.h.second:
            self.heard = [
                _on_record(c) for c in self.book.tables["claims"] if c["event_id"] == event
            ]
        kind = event.partition("-")[0]
        for offer in taken:
            self.h.pages.append(self.page(offer.page.url, kind, offer))
        while url := _ask("page (empty = done)"):
            if is_address(url):
                self.h.pages.append(self.page(without_clicks(url), kind))
            else:
                typer.echo(f"  {shown(url)} is not an address")
        if self.h.pages:
            self.searched(kind)
        return self.h

    def wanted(self, offer: Offer) -> bool:
        """Ask whether an offered page is taken; one that is left out is filed with the reason."""
        page = offer.page
        typer.echo(f"{page.url}\n  {page.publisher}, {page.published_on or 'undated'}")
        for _, count, worded, words in offer.figures:
            typer.echo(f"  {count} {worded}: {words}")
        said = _ask(
            "  read it, then: take, leave out, or later", "take", ("take", "leave", "later")
        )
        if said == "leave":
            reason = _ask("  why", allowed=tuple(EXCLUSIONS))
            about = {c: getattr(page, c) for c in ("url", "publisher", "published_on")}
            note = _ask("  note, in your own words")
            self.h.refused.append(Refused(**about, reason=reason, note=note))
        return said == "take"

    def event(self) -> str:
        h = self.h
        h.kind = h.kind or _ask("kind", "bodies", KINDS)
        while not h.date:
            given = _ask("date (YYYY-MM-DD, or YYYY-MM)", self.usual)
            try:
                h.date = Handover(date=given).date
            except ValidationError:
                typer.echo(f"  {shown(given)} has not that form")
        event_id, day, _ = stem(h)
        for row in self.book.tables["events"]:
            apart = dt.date.fromisoformat(row["date"]) - dt.date.fromisoformat(day)
            if row["kind"] == h.kind and abs(apart.days) <= 7:
                typer.echo(
                    f"  on record: {row['event_id']} {row['category']} {row['deal_id']}".rstrip()
                )
        there = event_id in self.book.ids["events"]
        if there and not h.second:
            h.second = typer.confirm(f"{event_id} is on record. Another handover that day?")
        if not there or h.second:
            h.deal_id = h.deal_id or _ask("deal, if it has several days")
            h.agreement_id = h.agreement_id or _ask("agreement, if pages tie it to one")
            h.mediators = h.mediators or _ask("mediators, joined by ;")
            h.place = h.place or _ask("place")
            h.category = h.category or _ask("who, where that defines it")
        return event_id

    def page(self, url: str, kind: str, offer: Offer | None = None) -> Page:
        given = {"url": url}
        known = self.book.page(url)
        if known:
            dated = known["published_on"] or "undated"
            typer.echo(f"  on record: {known['source_id']}, {known['publisher']}, {dated}")
        else:
            given |= self.new_page(url, offer.page if offer else None)
        given["date_basis"] = _ask("  day of the handover is", "stated", DATE_BASES)
        page = Page(**given)  # type: ignore[arg-type]
        for figure in offer.figures if offer else ():
            self.figure(page, *figure)
        typer.echo(f"  {CLAIM_FORM}")
        for i, s in enumerate(self.heard, 1):
            typer.echo(f"  {i} = {_said(s)}")
        _lines("  claim, or the number of one above (empty = done)", lambda t: self.claim(page, t))
        day = page.published_on or self.h.date
        _lines(
            "  running total on the page (empty = none)",
            lambda t: self.total(page, total(t, kind, day)),
        )
        if not known:
            row = dict.fromkeys(TABLES["sources"].columns, "") | given
            row["source_id"] = source_id(url, self.book.ids["sources"])
            self.book.add(Addition(), "sources", row)
        return page

    def figure(self, page: Page, direction: str, count: int, worded: str, words: str) -> None:
        """Have a suggested figure confirmed: which way, and who says it; without an answer it is no claim."""
        typer.echo(f"  {count} {worded}: {words}")
        ways = (*DIRECTIONS, "each", "no")
        way = _ask(
            "  which way (each = as many to each side, no = no claim)", direction or "no", ways
        )
        who = _ask("  who says it (claimant; empty = no claim)") if way != "no" else ""
        for d in DIRECTIONS if way == "each" else [way]:
            if who:
                self.claim(page, f"{who}: {d} {count} {worded}")

    def new_page(self, url: str, offered: Page | None = None) -> dict[str, str]:
        house = self.book.house(url)
        if offered:
            columns = ("publisher", "published_on", "language", "tier", "dated_by")
            about = {c: house.get(c) or getattr(offered, c) for c in columns}
            typer.echo("  " + ", ".join(f"{c} {v}" for c, v in about.items() if v))
            if typer.confirm("  is that so?", default=True):
                return about | {"seen": _ask("  read of it", "part", SEEN)}
        given = {"publisher": _ask("  publisher", house.get("publisher", ""), pattern=r".+")}
        question = "  published (YYYY-MM-DD, empty or - = undated)"
        form = r"([0-9]{4}-[0-9]{2}-[0-9]{2}|-)?"
        day = given["published_on"] = _ask(question, day_in(url), pattern=form).strip("-")
        if day:
            usual = "address" if day == day_in(url) else "printed"
            given["dated_by"] = _ask("  that day is known by", usual, DATED_BY[:-1])
        given["language"] = _ask("  language", house.get("language", "uk"), pattern=r"[a-z]{2,3}")
        given["tier"] = _ask("  tier", house.get("tier", "press"), TIERS)
        return given | {"seen": _ask("  read of it", "part", SEEN)}

    def claim(self, page: Page, line: str) -> None:
        if re.fullmatch(r"[1-9][0-9]{0,2}", line) and int(line) <= len(self.heard):
            page.claims.append(self.heard[int(line) - 1])
            return
        s = statement(line)
        self.confirmed(s.part)
        s.claimant = self.claimant(s.claimant)
        page.claims.append(s)
        if s not in self.heard:
            self.heard.append(s)

    def total(self, page: Page, t: Total) -> None:
        self.confirmed(t.scope)
        t.claimant = self.claimant(t.claimant)
        page.totals.append(t)

    def confirmed(self, name: str) -> None:
        """Have a part or scope that the record does not know confirmed. Raises CurateError if it is not."""
        try:
            self.book.confirm(name, self.h.new_parts)
        except CurateError as e:
            typer.echo(f"  {e}")
            if not typer.confirm(f"  is {name} a new part?"):
                raise CurateError("not taken") from None
            self.h.new_parts.append(name)

    def claimant(self, given: str) -> str:
        """Return a claimant's id, asking which one is meant, or for a new one."""
        while True:
            try:
                return self.book.find_claimant(given)
            except CurateError as e:
                typer.echo(f"  {e}")
            near = self.book.near_claimants(given)
            given = _ask("  claimant id or name, or `new`", near[0] if near else "new")
            if given == "new":
                new = Claimant(
                    claimant_id=_ask("  id", pattern=ID_PATTERN),
                    name=_ask("  name", pattern=r".+"),
                    office=_ask("  office", pattern=r".+"),
                    side=_ask("  side", allowed=SIDES),
                    official=_ask("  speaks for a state or a mediator", "yes", ("yes", "no")),
                )
                self.h.claimants.append(new)
                self.book.add(Addition(), "claimants", new.model_dump())
                return new.claimant_id

    def searched(self, kind: str) -> None:
        rows = [c for c in self.book.tables["coverage"] if c["kind"] == kind]
        for side in ("ukraine", "russia"):
            end = max((c["read_through"] for c in rows if c["side"] == side), default="nothing")
            typer.echo(f"  {kind}, statements of {side}: searched through {end}")
        typer.echo(f"  {READ_FORM}: thin if not said")
        _lines("searched through (empty = no further)", lambda t: self.h.searched.append(read(t)))


def _on_record(claim: dict[str, str]) -> Statement:
    columns = ("direction", "part", "role", "qualifier", "absence", "stated_date")
    ends = (claim["count_low"], claim["count_high"])
    given = {c: claim[c] for c in columns} | {"claimant": claim["claimant_id"]}
    return Statement(**given, count=ends if ends[0] else None)  # type: ignore[arg-type]
