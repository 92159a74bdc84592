"""The inbox: damaged files first, then numbers, groups, what takes a page off, and offers to a curator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from repatria.curate.book import Book
from repatria.curate.models import CurateError
from repatria.watch import inbox
from repatria.watch.inbox import InboxError, Lead
from repatria.watch.patterns import Suggestion


@pytest.fixture
def book(folder: Path) -> Book:
    return Book(folder)


def lead(url: str, day: str = "2026-11-18", kind: str = "prisoners", **more: Any) -> Lead:
    about: dict[str, Any] = {"publisher": "Paper", "language": "en", "tier": "press", "feed": "a"}
    about |= {"n": 0, "filed": "2026-11-20", "words": "POW swap", "suggested": ()}
    return Lead(url=url, published_on=day, kind=kind, **about | more)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "inbox.jsonl:1: is no JSON object"),
        ("[]", "inbox.jsonl:1: is no JSON object"),
        ("{}", "inbox.jsonl:1: is no lead"),
        ("\xff", "inbox.jsonl:1: is not UTF-8"),
        ("{}\n{}\n\xd0", "inbox.jsonl:3: is not UTF-8"),
        ("[" * 100_000, "inbox.jsonl:1: is no JSON object"),
        ("\0" * 9, "inbox.jsonl:1: is no JSON object"),
        ("{}\n\n", "inbox.jsonl:2: is no JSON object"),
    ],
)
def test_a_damaged_inbox_is_said_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / inbox.FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(InboxError, match=reason):
        inbox.read(tmp_path)


def test_a_line_ends_at_a_line_feed_and_nowhere_else(tmp_path: Path, book: Book) -> None:
    inbox.file(tmp_path, [lead("https://a.example/1", words="a\u2028b\x85c")], book)
    assert [x.words for x in inbox.read(tmp_path)] == ["a\u2028b\x85c"]
    (tmp_path / inbox.FILE).write_text("", "utf-8")
    assert inbox.read(tmp_path) == []


def test_a_lead_with_a_day_that_is_none(tmp_path: Path, book: Book) -> None:
    inbox.file(tmp_path, [lead("https://a.example/1")], book)
    path = tmp_path / inbox.FILE
    path.write_text(path.read_text("utf-8").replace("2026-11-18", "2026-11-31"), "utf-8")
    with pytest.raises(InboxError, match=":1: is no lead"):
        inbox.read(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"n": "1"},
        {"n": True},
        {"n": -1},
        {"url": 5},
        {"url": "javascript:x()"},
        {"publisher": None},
        {"published_on": 20261118},
        {"kind": "tanks"},
        {"page": 7},
        {"suggested": "95"},
        {"suggested": [{"kind": "prisoners"}]},
        {"suggested": [["prisoners", "each", 95, "exact", ""]]},
        {"suggested": [{"kind": "a", "direction": "up", "count": 1, "qualifier": "", "words": ""}]},
        {
            "suggested": [
                {"kind": "a", "direction": "each", "count": "1", "qualifier": "", "words": ""}
            ]
        },
    ],
)
def test_a_line_of_wrong_types_is_said(tmp_path: Path, book: Book, change: dict[str, Any]) -> None:
    inbox.file(tmp_path, [lead("https://a.example/1"), lead("https://a.example/2")], book)
    first, second = inbox.rows(tmp_path / inbox.FILE)
    (tmp_path / inbox.FILE).write_text(
        json.dumps(first) + "\n" + json.dumps({**second, **change}) + "\n", "utf-8"
    )
    with pytest.raises(InboxError, match=r"inbox\.jsonl:2: is no lead"):
        inbox.read(tmp_path)


def test_half_a_line_and_a_number_twice_are_said_and_nothing_is_lost(
    tmp_path: Path, book: Book
) -> None:
    inbox.file(tmp_path, [lead("https://a.example/1")], book)
    path = tmp_path / inbox.FILE
    whole = path.read_bytes()
    for damaged, reason in (
        (whole + whole[:40], "no JSON object"),
        (whole * 2, "1 is there twice"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(InboxError, match=rf"inbox\.jsonl:2: .*{reason}"):
            inbox.file(tmp_path, [lead("https://a.example/2")], book)
        assert path.read_bytes() == damaged


def test_a_number_is_never_given_again(tmp_path: Path, book: Book) -> None:
    inbox.file(tmp_path, [lead(f"https://a.example/{i}") for i in range(3)], book)
    path = tmp_path / inbox.FILE
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[2:]), "utf-8")
    assert [x.n for x in inbox.file(tmp_path, [lead("https://a.example/9")], book)] == [4]


def test_a_page_whose_address_changes_each_run_is_filed_once(tmp_path: Path, book: Book) -> None:
    for session in ("one", "two"):
        url = f"https://a.example/1?sid={session}"
        inbox.file(tmp_path, [lead(url, page="https://a.example/1")], book)
    assert [x.url for x in inbox.read(tmp_path)] == ["https://a.example/1?sid=one"]
    (waits,) = inbox.waiting(inbox.read(tmp_path), book)
    _, (offer,) = inbox.offered(tmp_path, book, 1)
    assert waits.address == offer.page.url == "https://a.example/1"
    (row,) = inbox.rows(tmp_path / inbox.FILE)
    del row["page"]  # as filed before there was one
    (tmp_path / inbox.FILE).write_text(json.dumps(row) + "\n")
    assert inbox.read(tmp_path)[0].page == ""


def test_what_was_not_written_whole_was_not_written(
    tmp_path: Path, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.file(tmp_path, [lead("https://a.example/1")], book)
    before = (tmp_path / inbox.FILE).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        inbox.file(tmp_path, [lead("https://a.example/2")], book)
    assert (tmp_path / inbox.FILE).read_bytes() == before


def test_a_page_is_filed_once_whatever_led_to_it(tmp_path: Path, book: Book) -> None:
    first = [lead("https://a.example/1"), lead("http://www.a.example/1/?utm_source=x")]
    assert [x.n for x in inbox.file(tmp_path, first, book)] == [1]
    again = [lead("https://a.example/1#top"), lead("https://a.example/2")]
    assert [x.n for x in inbox.file(tmp_path, again, book)] == [2]
    assert [x.url for x in inbox.read(tmp_path)] == ["https://a.example/1", "https://a.example/2"]


@pytest.mark.parametrize("table", ["sources", "excluded"])
def test_what_was_read_is_not_filed_and_what_is_read_waits_no_more(
    tmp_path: Path, folder: Path, book: Book, table: str
) -> None:
    url = next(r["url"] for r in book.tables[table] if r["url"])
    assert inbox.file(tmp_path, [lead(url)], book) == []
    inbox.append(tmp_path / inbox.FILE, [vars(lead(url, n=1))])
    assert inbox.waiting(inbox.read(tmp_path), book) == []
    assert inbox.facts(tmp_path, folder) == {}


def test_pages_near_a_handover_on_record_are_its_and_others_form_new_ones(book: Book) -> None:
    pages = [
        lead("https://a.example/1", "2025-08-15"),  # the day after one
        lead("https://a.example/2", "2026-11-18"),
        lead("https://a.example/3", "2026-11-19"),
        lead("https://a.example/4", "2026-11-19", "bodies"),
        lead("https://a.example/5", "2026-11-21"),
        lead("https://a.example/6", ""),  # undated: by the day of its filing
    ]
    found = [(g.event, [x.url[-1] for x in g.leads]) for g in inbox.groups(pages, book)]
    wanted = [("prisoners-2025-08-14", ["1"]), ("new", ["2", "3", "6", "5"]), ("new", ["4"])]
    assert found == wanted


def test_a_file_holds_what_the_issue_asks(tmp_path: Path, book: Book) -> None:
    said = (Suggestion("prisoners", "each", 84, "exact", "84 POWs each"),)
    inbox.file(tmp_path, [lead("https://a.example/1", "2025-08-14", suggested=said)], book)
    (row,) = map(json.loads, (tmp_path / inbox.FILE).read_text("utf-8").splitlines())
    assert row["event"] == "prisoners-2025-08-14"
    assert row["suggested"][0]["words"] == "84 POWs each"
    assert "title" not in row


def test_offers_begin_with_the_page_asked_for(tmp_path: Path, book: Book) -> None:
    said = (
        Suggestion("prisoners", "each", 84, "exact", "84 each"),
        Suggestion("prisoners", "together", 168, "exact", "168\x1b[31m"),
    )
    inbox.file(
        tmp_path, [lead("https://a.example/1"), lead("https://a.example/2", suggested=said)], book
    )
    group, offers = inbox.offered(tmp_path, book, 2)
    assert (group.event, group.kind) == ("new", "prisoners")
    assert [o.page.url[-1] for o in offers] == ["2", "1"]
    assert offers[0].figures == (("each", 84, "exact", "84 each"), ("", 168, "exact", "168[31m"))
    assert offers[0].page.dated_by == "feed"
    with pytest.raises(CurateError, match="no page 3 waits"):
        inbox.offered(tmp_path, book, 3)


def test_facts_for_the_brief(tmp_path: Path, folder: Path, book: Book) -> None:
    assert inbox.facts(tmp_path, folder) == {}
    inbox.file(
        tmp_path,
        [lead("https://a.example/1"), lead("https://a.example/2", "2026-11-12")],
        book,
    )
    assert inbox.facts(tmp_path, folder) == {"pages": 2, "oldest": "2026-11-12"}
