"""What stands in a feed: RSS and Atom (feedparser), JSON Feed, sitemaps. Nothing in it is executed or expanded."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit, urlunsplit

from repatria.curate.book import is_address, without_clicks
from repatria.watch.fetch import FeedError
from repatria.watch.patterns import plain

__all__ = ["Entry", "entries"]


MOST_TAGS = 400_000  # a parser takes its time for each, whatever it is
MOST_OPEN = 20_000  # of them never closed: it looks through all open ones each time
LONGEST_TAG = 50_000  # bytes
FEW = 3  # addresses from which on it is seen what tells none of them apart


@dataclass(frozen=True)
class Entry:
    """One page of a feed, in plain text. `moment` is that of its publication, a day or YYYY-MM-DDTHH:MM in UTC, empty
    if none is given; `page` is its address without what tells no two pages of the feed apart, empty if that is all of it.
    """

    url: str
    title: str
    summary: str
    moment: str
    page: str = ""

    @property
    def day(self) -> str:
        """The day of its publication, YYYY-MM-DD, or empty."""
        return self.moment[:10]


def entries(body: bytes, sitemap: bool, today: dt.date, most: int) -> list[Entry]:
    """Return the entries of a feed, each address once; one without an address or in the future has no day.

    `most` entries are taken, of a sitemap ten times as many. Raises FeedError for what is no feed, declares entities, or holds more than that.

    >>> feed = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"url": "https://a.example/1", "title": "A"}]}'
    >>> entries(feed, False, dt.date(2026, 11, 26), 10)
    [Entry(url='https://a.example/1', title='A', summary='', moment='', page='')]
    """
    head = body.replace(b"\0", b"")  # sixteen-bit text, too
    if b"<!ENTITY" in head.upper():
        raise FeedError("declares entities: not read")
    if body.count(b"<") > MOST_TAGS:
        raise FeedError(f"more than {MOST_TAGS:,} tags")
    if len(re.findall(rb"<[A-Za-z]", head)) - head.count(b"</") - head.count(b"/>") > MOST_OPEN:
        raise FeedError(f"more than {MOST_OPEN:,} tags left open")
    if re.search(rb"<[A-Za-z][^<>]{%d}" % LONGEST_TAG, head):
        raise FeedError(f"a tag of more than {LONGEST_TAG:,} bytes")
    most *= 10 if sitemap else 1
    if len(re.findall(rb"<(?:\w+:)?(?:item|entry|url)[\s>/]", head)) > most:
        raise FeedError(f"more than {most:,} entries")
    if sitemap:
        found = _sitemap(body)
    elif body.lstrip()[:1] == b"{":
        found = _json(body)
    else:
        found = _xml(body)
    out: dict[str, Entry] = {}
    for url, title, summary, moment in found:
        url = without_clicks(url.strip()) if is_address(url.strip()) else ""
        if url and len(url) <= 2000 and url.isprintable() and url not in out:
            known = moment if moment[:10] <= (today + dt.timedelta(days=1)).isoformat() else ""
            out[url] = Entry(url, plain(title), plain(summary), known)
    idle = _idle(out)
    pages = {url: _without(url, idle) for url in out} if idle else {}
    told = [
        replace(e, page=pages[e.url] if pages.get(e.url, e.url) != e.url else "")
        for e in out.values()
    ]
    return told[:most]


def _idle(urls: Iterable[str]) -> frozenset[str]:
    """Return the names in the questions of a feed's addresses that tell no two of its pages apart.

    A name is idle if three addresses carry it, and either their paths all differ or it says the same in all: a session, a sender. A language
    never is. What differs in each address and stands beside what tells them apart cannot be known from one reading.
    """
    held: dict[str, list[tuple[str, str]]] = {}
    for url in urls:
        parts = urlsplit(url)
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            held.setdefault(name, []).append((parts.netloc + parts.path, value))
    return frozenset(
        name
        for name, seen in held.items()
        if len(seen) >= FEW
        and name.lower() not in ("lang", "language", "hl", "locale")
        and (len({p for p, _ in seen}) == len(seen) or len({v for _, v in seen}) == 1)
    )


def _without(url: str, names: frozenset[str]) -> str:
    parts = urlsplit(url)
    kept = [p for p in parts.query.split("&") if unquote_plus(p.partition("=")[0]) not in names]
    return urlunsplit(parts._replace(query="&".join(kept)))


def _moment(text: object) -> str:
    """Return a moment in ISO form to the minute, in UTC; the day of one that says only that; else nothing."""
    try:
        moment = dt.datetime.fromisoformat(str(text or ""))
        if len(str(text)) <= 10:
            return moment.date().isoformat()
        return (
            moment.astimezone(dt.UTC).isoformat()[:16] if moment.tzinfo else moment.isoformat()[:16]
        )
    except (ValueError, OverflowError):
        return ""


def _xml(body: bytes) -> Iterator[tuple[str, str, str, str]]:
    import feedparser

    try:
        feed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as e:  # a parser of a stranger's text: whatever it stumbles over is the feed's
        raise FeedError(f"not to be read: {type(e).__name__}") from None
    if not feed.entries and not feed.get("version"):
        raise FeedError("not a feed")
    for entry in feed.entries:
        moment = entry.get("published_parsed") or entry.get("updated_parsed")
        day = _moment("{:04}-{:02}-{:02}T{:02}:{:02}".format(*moment)) if moment else ""
        url, title, summary = (str(entry.get(k, "")) for k in ("link", "title", "summary"))
        yield url, title, summary, day


def _json(body: bytes) -> Iterator[tuple[str, str, str, str]]:
    try:
        feed: Any = json.loads(body)
        items = feed["items"] if "jsonfeed.org" in str(feed["version"]) else None
    except (ValueError, RecursionError, KeyError, TypeError):
        items = None
    if not isinstance(items, list):
        raise FeedError("not a feed")
    for item in items:
        if isinstance(item, dict):
            text = item.get("summary") or item.get("content_text") or item.get("content_html")
            words = (item.get("url"), item.get("title"), text)
            url, title, summary = (w if isinstance(w, str) else "" for w in words)
            yield url, title, summary, _moment(item.get("date_published"))


def _sitemap(body: bytes) -> Iterator[tuple[str, str, str, str]]:
    """Yield the addresses of a sitemap; its titles, where it has none, are the last parts of the addresses."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError) as e:
        raise FeedError(f"not a sitemap: {type(e).__name__}") from None
    for page in root.iter():
        if page.tag.rpartition("}")[2] != "url":
            continue
        held = {part.tag.rpartition("}")[2]: (part.text or "").strip() for part in page.iter()}
        url, day = held.get("loc", ""), _moment(held.get("publication_date") or held.get("lastmod"))
        try:
            last = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
        except ValueError:
            continue
        yield url, held.get("title") or re.sub(r"[-_.]+", " ", last), "", day
