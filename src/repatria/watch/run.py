"""A run of watch: every feed once, at the same time, within a time limit; what speaks of a handover is filed."""

from __future__ import annotations

import datetime as dt
import json
import os
import queue
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.robotparser import RobotFileParser

import httpx

from repatria.curate.book import Book
from repatria.curate.write import locked
from repatria.watch import fetch, inbox
from repatria.watch.entries import Entry, entries
from repatria.watch.fetch import FeedError, Limits
from repatria.watch.inbox import Lead
from repatria.watch.patterns import judge, plain

__all__ = ["LOG", "Outcome", "Replayed", "feeds", "read_log", "replay", "watch"]

LOG = "log.jsonl"
MARKS = "marks.json"  # what each feed is to be asked with: ETag, Last-Modified
OLD = 45  # days: older entries of a feed are not news
_Read = tuple[dict[str, Any], list[Lead], Mapping[str, str]]
_LOGGED = ("run", "feed", "state", "from", "through", "reason")
_KEYS = {"id", "url", "publisher", "language", "side", "tier"}


@dataclass(frozen=True)
class Outcome:
    """What a run did: the leads filed, and a line of the log for each feed."""

    new: list[Lead]
    log: list[dict[str, Any]]

    @property
    def failed(self) -> int:
        """How many feeds were not read."""
        return sum(row["state"] == "failed" for row in self.log)


def feeds(path: Path | None = None) -> list[dict[str, str]]:
    """Return the feeds of a list, by default the project's. Raises InboxError for one that is incomplete.

    >>> feeds()[0]["id"]
    'moscow-times'
    """
    place: Any = path or resources.files("repatria.watch").joinpath("feeds.toml")
    try:
        found = tomllib.loads(place.read_text("utf-8"))["feed"]
        whole = (f.keys() >= _KEYS and all(map(str.isprintable, f.values())) for f in found)
        sound = all(whole) and len({f["id"] for f in found}) == len(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise inbox.InboxError(f"{place}: no list of feeds: {e}") from None
    if not sound:
        needed = ", ".join(sorted(_KEYS))
        raise inbox.InboxError(f"{place}: a feed needs {needed}, and an id of its own")
    return found


def _lead(feed: dict[str, str], entry: Entry, today: dt.date) -> Lead | None:
    """Return the lead that an entry makes, if it speaks of a handover."""
    slug = feed.get("format") == "sitemap" and entry.title.isascii()
    language = "slug" if slug else feed["language"]
    found = judge(entry.title, entry.summary, language, own=feed["side"] != "both")
    if not found or (entry.day and entry.day < (today - dt.timedelta(OLD)).isoformat()):
        return None
    told = tuple(s for f in found for s in f.suggestions)
    about = {k: feed[k] for k in ("publisher", "language", "tier")} | {"feed": feed["id"]}
    words = " · ".join(f.words for f in found)
    about |= {"published_on": entry.day, "filed": today.isoformat(), "kind": found[0].kind}
    return Lead(n=0, url=entry.url, page=entry.page, words=words, suggested=told, **about)


def _one(
    feed: dict[str, str],
    asking: httpx.Client,
    limits: Limits,
    marks: Mapping[str, str],
    robots: dict[str, RobotFileParser],
    now: dt.datetime,
) -> _Read:
    """Read one feed; return its line of the log, the leads, and what to ask with next time."""
    today, moment = now.date(), now.isoformat()[:16]
    ends = time.monotonic() + 2 * limits.feed  # once to get it, once to judge it
    row: dict[str, Any] = {"feed": feed["id"], "state": "read", "from": "", "entries": 0, "kept": 0}
    row |= {"through": moment, "reason": ""}
    try:
        got = fetch.get(asking, feed["url"], limits, marks, robots)
        if got.body is None:
            return row | {"state": "unchanged"}, [], marks
        found = entries(got.body, feed.get("format") == "sitemap", today, limits.entries)
    except FeedError as e:
        return row | {"state": "failed", "reason": plain(str(e))}, [], marks
    # Whatever a stranger's bytes set off is that feed's failure, not the run's.
    except Exception as e:
        why = f"{type(e).__name__}: {plain(str(e))[:80]}"
        return row | {"state": "failed", "reason": why}, [], marks
    leads: list[Lead] = []
    for entry in found:  # texts made to keep a pattern busy are their feed's failure
        if time.monotonic() > ends:
            return row | {"state": "failed", "reason": "took too long to judge"}, [], marks
        if lead := _lead(feed, entry, today):
            leads.append(lead)
    moments = sorted(e.moment for e in found if e.moment)
    undated = sum(not e.day for e in found)
    row |= {
        "from": moments[0] if moments else moment,
        "entries": len(found),
        "kept": len(leads),
    }
    row |= {"reason": f"{undated} without a day, or of a day to come"} if undated else {}
    return row, leads, got.marks


def _marks(path: Path, say: Callable[[str], None]) -> dict[str, dict[str, str]]:
    """Return what each feed is to be asked with. A damaged file is said and put by: each feed is then asked anew."""
    try:
        there = inbox.rows(path)
    except inbox.InboxError as e:
        say(f"{e}; every feed is asked anew")
        return {}
    held = there[0] if there else {}
    texts = {i: m for i, m in held.items() if isinstance(m, dict)}
    return {i: m for i, m in texts.items() if all(isinstance(v, str) for v in m.values())}


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the log's lines, one for each feed and run. Raises InboxError for a line that is none."""
    found = inbox.rows(folder / LOG)
    for number, row in enumerate(found, 1):
        if not all(isinstance(row.get(c), str) for c in _LOGGED):
            raise inbox.InboxError(f"{folder / LOG}:{number}: is no line of a run")
    return found


def _read(
    listed: Sequence[dict[str, str]],
    limits: Limits,
    marks: Mapping[str, Mapping[str, str]],
    now: dt.datetime,
) -> Iterator[_Read]:
    """Yield each feed's result as it comes; what has not come when the time is over has failed.

    The threads are not waited for: one that hangs in a name server ends with the process.
    """
    todo: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
    done: queue.SimpleQueue[_Read] = queue.SimpleQueue()
    robots: dict[str, RobotFileParser] = {}
    asking = fetch.client(limits)

    def work() -> None:
        while True:
            try:
                feed = todo.get_nowait()
            except queue.Empty:
                return
            done.put(_one(feed, asking, limits, marks.get(feed["id"], {}), robots, now))

    for feed in listed:
        todo.put(feed)
    ends, left = time.monotonic() + limits.run, {f["id"]: f for f in listed}
    for _ in range(min(limits.at_once, len(listed))):
        threading.Thread(target=work, daemon=True).start()
    while left and (rest := ends - time.monotonic()) > 0:
        try:
            found = done.get(timeout=rest)
        except queue.Empty:
            break
        del left[found[0]["feed"]]
        yield found
    for i in left:
        row = {"feed": i, "state": "failed", "from": "", "entries": 0, "kept": 0}
        row |= {"through": now.isoformat()[:16], "reason": "the run's time was over"}
        yield row, [], marks.get(i, {})


def watch(
    folder: Path,
    data: Path,
    listed: Sequence[dict[str, str]],
    say: Callable[[str], None] = print,
    now: dt.datetime | None = None,
    limits: Limits | None = None,
) -> Outcome:
    """Read all feeds once, file new leads in `folder`, and log what was read.

    Pages that are sources of the record in `data`, or left out of it, are not filed. Raises InboxError for a damaged
    inbox, CurateError if another run is under way, OSError.
    """
    now = now or dt.datetime.now(dt.UTC)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        marks = _marks(folder / MARKS, say)
        log, found, new_marks = [], [], {}
        for row, leads, new_marks[row["feed"]] in _read(listed, limits or Limits(), marks, now):
            why = f": {row['reason']}" if row["reason"] else ""
            say(f"{row['feed']}: {row['state']}, {row['entries']} entries, {row['kept']} kept{why}")
            log.append({"run": now.isoformat(timespec="seconds"), **row})
            found += leads
        new = inbox.file(folder, sorted(found, key=lambda x: (x.day, x.feed, x.url)), Book(data))
        inbox.append(folder / LOG, log)
        other = folder / f"{MARKS}.new"
        other.write_text(json.dumps(marks | {i: dict(m) for i, m in new_marks.items()}), "utf-8")
        os.replace(other, folder / MARKS)  # last: a run cut off before is read again
    return Outcome(new, log)


@dataclass(frozen=True)
class Replayed:
    """What a folder of day files would have flagged: days and entries read, and the leads by handover."""

    days: list[str]
    entries: int
    found: list[inbox.Group]


def replay(folder: Path, data: Path) -> Replayed:
    """Judge copies of a feed: a folder of JSON files, each a list of entries with title, description, link and
    date_published (or, before it, the first day in the file's path). Files nothing. Raises InboxError.
    """
    about = dict.fromkeys(("id", "publisher"), "replay")
    about |= {"language": "", "side": "both", "tier": "press"}
    days, seen, n = set(), set(), 0
    leads: list[Lead] = []
    for path in sorted(folder.rglob("*.json")):
        try:
            held = json.loads(path.read_text("utf-8"))
            told = [
                (str(e["link"]), plain(e["title"]), plain(e.get("description") or "")) for e in held
            ]
            moments = [str(e.get("date_published") or path.stem)[:10] for e in held]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
            raise inbox.InboxError(f"{path}: is no list of entries: {type(e).__name__}") from None
        for (url, title, summary), day in zip(told, moments, strict=True):
            n += (url, title) not in seen
            seen.add((url, title))
            days.add(day)
            lead = _lead(about, Entry(url, title, summary, day), dt.date.fromisoformat(day))
            if lead and all(lead.url != x.url for x in leads):
                leads.append(Lead(**{**vars(lead), "n": len(leads) + 1}))
    return Replayed(sorted(days), n, inbox.groups(leads, Book(data)))
