"""What is on record, as a curator looks it up: pages by address, houses by host, claimants by name."""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from repatria.curate.models import CurateError
from repatria.record.checks import shown
from repatria.record.names import bare_host
from repatria.record.schema import (
    ABSENCES,
    CLICK_IDS,
    MANY_PUBLISH,
    QUALIFIERS,
    TABLES,
    URL_PATTERN,
)

__all__ = [
    "WRITTEN",
    "Addition",
    "Book",
    "Row",
    "about",
    "day_in",
    "house_of",
    "is_address",
    "key",
    "same_page",
    "source_id",
    "without_clicks",
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
    "excluded",
    "coverage",
)
_DAY_IN_ADDRESS = re.compile(
    r"(?<![0-9])(20[0-9]{2})([-/_.]?)(0[1-9]|1[0-2])\2([0-2][0-9]|3[01])(?![0-9])"
)


@dataclass
class Addition:
    """New rows per table, the events they touch, and what was found already there or filled in."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in WRITTEN})
    events: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(self.rows.values())


class Book:
    """The tables' text as it is on disk, indexed for look-ups; grows with the rows proposed."""

    def __init__(self, folder: Path):
        self.tables: dict[str, list[Row]] = {}
        for name in WRITTEN:
            with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                self.tables[name] = list(csv.DictReader(file))
        self.pages = {same_page(s["url"]): s for s in self.tables["sources"] if s["url"]}
        self.left_out = {same_page(r["url"]) for r in self.tables["excluded"]}
        self.ids = {name: {key(name, r): r for r in self.tables[name]} for name in WRITTEN}
        self.about: dict[tuple[str, ...], list[Row]] = {}
        for claim in self.tables["claims"]:
            self.about.setdefault(about(claim), []).append(claim)
        self.names = {c["part"] for c in self.tables["claims"]}
        self.names |= {t["scope"] for t in self.tables["totals"]} | {"total"}

    def add(self, addition: Addition, name: str, row: Row) -> None:
        addition.rows[name].append(row)
        self.tables[name].append(row)
        self.ids[name][key(name, row)] = row
        if name == "sources":
            self.pages[same_page(row["url"])] = row
        if name == "excluded":
            self.left_out.add(same_page(row["url"]))
        if name == "claims":
            self.about.setdefault(about(row), []).append(row)

    def has_read(self, url: str) -> bool:
        """Return whether the page with this address is a source, or was read and left out."""
        return same_page(url) in self.pages or same_page(url) in self.left_out

    def page(self, url: str) -> Row | None:
        """Return the row of the page with this address, whatever led to it."""
        return self.pages.get(same_page(url))

    def house(self, url: str) -> Row:
        """Return what all pages of this address's host have in common: publisher, language, tier."""
        host = bare_host(_host(url))
        if host in MANY_PUBLISH:
            return {}
        sources = self.tables["sources"]
        pages = [s for s in sources if s["url"] and bare_host(_host(s["url"])) == host]
        common = {}
        for column in ("publisher", "language", "tier"):
            values = {
                house_of(s["publisher"]) if column == "publisher" else s[column] for s in pages
            }
            if len(values) == 1:
                common[column] = values.pop()
        return common

    def confirm(self, name: str, new: Sequence[str]) -> None:
        """Raise CurateError for a part or scope that no row has yet and nobody confirmed as new."""
        if name and name not in self.names and name not in new:
            near = difflib.get_close_matches(name, [*self.names, *QUALIFIERS, *ABSENCES], 3)
            hint = f"near: {', '.join(near)}; " if near else ""
            what = f"part {shown(name)} is not on record"
            raise CurateError(f"{what}; {hint}confirm a new one by --new-part {name}")
        self.names.add(name)

    def find_claimant(self, given: str) -> str:
        """Return the id of a claimant given by id or by name. Raises CurateError with the nearest ones."""
        if given in self.ids["claimants"]:
            return given
        names = {i: c["name"] for i, c in self.ids["claimants"].items()}
        named = [i for i, name in names.items() if name.casefold() == given.casefold()]
        if len(named) == 1:
            return named[0]
        near = ", ".join(f"{i} ({names[i]})" for i in named or self.near_claimants(given))
        hint = f"; near: {near}" if near else ""
        raise CurateError(f"claimant {shown(given)} is not on record{hint}")

    def near_claimants(self, given: str) -> list[str]:
        """Return up to five claimant ids whose id, name or a word of it is near a text, nearest first."""
        text = given.casefold()

        def likeness(c: Row) -> float:
            name = c["name"].casefold()
            spellings = [c["claimant_id"], c["claimant_id"].replace("-", " "), name, *name.split()]
            inside = 0.9 if len(text) > 2 and text in name else 0.0
            return max(inside, *(difflib.SequenceMatcher(None, text, s).ratio() for s in spellings))

        scored = sorted(((likeness(c), i) for i, c in self.ids["claimants"].items()), reverse=True)
        return [i for score, i in scored[:5] if score >= 0.6]


def key(name: str, row: Row) -> str:
    """Return a row's primary key, joined by spaces."""
    return " ".join(row[k] for k in TABLES[name].key)


def about(claim: Row) -> tuple[str, ...]:
    """Return what two figures of one claimant share if they speak of the same."""
    return tuple(claim[c] for c in ("event_id", "claimant_id", "direction", "part"))


def house_of(publisher: str) -> str:
    """Return a publisher without the agency in brackets whose text it carries."""
    return re.sub(r" \([^()]*\)$", "", publisher)


# --- addresses --------------------------------------------------------------------------------


def _host(url: str) -> str:
    return re.sub(r"^www\.", "", urlsplit(url).netloc.lower()).rstrip(".")


def is_address(url: str) -> bool:
    """Return whether a text is the address of a page.

    >>> is_address("https://a.example/1"), is_address("http://[")
    (True, False)
    """
    try:
        return bool(re.fullmatch(URL_PATTERN, url) and urlsplit(url).netloc)
    except ValueError:
        return False


def without_clicks(url: str) -> str:
    """Return an address without what says who sent the reader; nothing else of it is touched.

    >>> without_clicks("https://a.example/1?fbclid=AbC&id=7#top")
    'https://a.example/1?id=7#top'
    """
    url = re.sub(r"(?i);jsessionid=[^/?#]*", "", url)  # in the path, before the question
    short = re.sub(rf"(?i)(?<=[?&;#]){CLICK_IDS}=[^&;#]*[&;]?", "", url)
    return url if short == url else re.sub(r"[?&;]+(?=#|$)|#$", "", short)


def same_page(url: str) -> tuple[str, str, str]:
    """Return an address without what does not tell pages apart: scheme, www., last slash, fragment, clicks.

    >>> same_page("http://www.a.example/1/?utm_source=x#top") == same_page("https://a.example/1")
    True
    """
    parts = urlsplit(without_clicks(url))
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
    'a-example-7fec85'
    """
    host = re.sub(r"[^a-z0-9]+", "-", _host(url)).strip("-") or "page"
    digest = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    return next(i for n in range(6, 41) if (i := f"{host}-{digest[:n]}") not in taken)
