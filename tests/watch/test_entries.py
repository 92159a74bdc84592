"""What stands in a feed: hostile ones first, then each form."""

from __future__ import annotations

import contextlib
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watch.webs import rss

from repatria.watch.entries import Entry, entries
from repatria.watch.fetch import FeedError

TODAY = dt.date(2026, 11, 26)
BOMB = '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def read(body: str | bytes, sitemap: bool = False, most: int = 100) -> list[Entry]:
    return entries(body.encode() if isinstance(body, str) else body, sitemap, TODAY, most)


@pytest.mark.parametrize("bad", ["\u2028", "\u2029", "\x85", "\u202e", "\u2066", "\x9b"])
def test_an_address_that_would_break_a_line_or_turn_it_round_is_none(bad: str) -> None:
    feed = {"url": f"https://a.example/{bad}1", "title": "A"}, {"url": "https://a.example/2"}
    told = {"version": "https://jsonfeed.org/version/1", "items": feed}
    assert [e.url for e in read(json.dumps(told))] == ["https://a.example/2"]


@pytest.mark.parametrize("sitemap", [False, True])
@pytest.mark.parametrize("declared", [BOMB, FILE, BOMB.lower().replace("doctype", "DOCTYPE")])
@pytest.mark.parametrize("coded", ["utf-8", "utf-16"])
def test_entities_are_not_expanded(declared: str, coded: str, sitemap: bool) -> None:
    with pytest.raises(FeedError, match="entities"):
        read(rss(("https://a.example/1", "&b;"), more=declared).encode(coded), sitemap)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not a feed"),
        ("<html><body>moved</body></html>", "not a feed"),
        (b"\x00\xff\xfe\x80" * 100, "not a feed"),
        ("{", "not a feed"),
        ("[" * 100_000, "not a feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": 5}', "not a feed"),
        ('{"a":' * 100_000, "not a feed"),
        ("<item/>" * 1_000_000, "tags"),
        ("<rss><channel>" + "<a>" * 30_000, "tags left open"),
        ("<rss><x " + " ".join(f'a{i}="1"' for i in range(9_000)) + "/></rss>", "a tag of more"),
        (rss(*[(f"https://a.example/{i}", "x") for i in range(101)]), "more than 100 entries"),
    ],
)
def test_what_is_no_feed_is_said_in_a_line(body: str | bytes, reason: str) -> None:
    with pytest.raises(FeedError, match=reason):
        read(body)


@pytest.mark.parametrize("body", ["<a", "<urlset><url>", "<!DOCTYPE a><urlset/>", "\x00"])
def test_what_is_no_sitemap(body: str) -> None:
    with pytest.raises(FeedError, match="sitemap"):
        read(body, sitemap=True)


def test_titles_come_out_as_text() -> None:
    title = "<![CDATA[<b>Swap</b><script>alert(1)</script>\u202e]]>"
    assert read(rss(("https://a.example/1", title)))[0].title == "Swap"


def test_addresses_once_and_only_those_that_are_some() -> None:
    items = [("https://a.example/1?utm_source=rss", "A"), ("https://a.example/1", "B")]
    items += [("javascript:alert(1)", "C"), ("", "D"), ("https://a.example/ 2", "E")]
    assert [(e.url, e.title) for e in read(rss(*items))] == [("https://a.example/1", "A")]


def test_what_changes_with_each_run_does_not_tell_pages_apart() -> None:
    def pages(address: str, session: str) -> list[str]:
        items = [(address.format(i, session), "A") for i in range(3)]
        return [e.page or e.url for e in read(rss(*items))]

    for address in ("https://a.example/{}?sid={}", "https://a.example/{}?a=1&amp;sid={}"):
        assert pages(address, "one") == pages(address, "two")
    # One path for all: what differs tells them apart, what is the same in all does not.
    found = pages("https://a.example/show?id={}&amp;sid={}", "one")
    assert found == [f"https://a.example/show?id={i}" for i in range(3)]
    assert found == pages("https://a.example/show?id={}&amp;sid={}", "two")
    assert len(set(pages("https://a.example/{}?lang={}", "uk"))) == 3
    assert pages("https://a.example/{}?lang={}", "uk") != pages(
        "https://a.example/{}?lang={}", "en"
    )


def test_two_addresses_are_too_few_to_tell_and_known_names_need_none() -> None:
    items = [(f"https://a.example/{i}?sid=x", "A") for i in range(2)]
    assert [e.page for e in read(rss(*items))] == ["", ""]
    known = ["1;jsessionid=0AB?id=7", "1?PHPSESSID=0ab&amp;id=7", "1?id=7&amp;traffic_source=rss"]
    assert [e.url for e in read(rss(*[(f"https://a.example/{k}", "A") for k in known]))] == [
        "https://a.example/1?id=7"
    ]


def test_a_day_to_come_is_none() -> None:
    assert read(rss(("https://a.example/1", "A"), day="Fri, 18 Nov 2039 09:00:00 GMT"))[0].day == ""
    assert read(rss(("https://a.example/1", "A")))[0].moment == "2026-11-18T09:00"


def test_a_wrong_encoding_is_read_as_far_as_it_goes() -> None:
    body = rss(("https://a.example/1", "Обмін")).replace("?>", ' encoding="utf-8"?>', 1)
    assert read(body.encode("cp1251"))[0].url == "https://a.example/1"


def test_atom_and_json_and_sitemaps() -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title><link href="https://a.example/1"/>'
        "<summary>S</summary><updated>2026-11-18T10:00:00Z</updated></entry></feed>"
    )
    wanted = [Entry("https://a.example/1", "A", "S", "2026-11-18T10:00")]
    assert read(atom) == wanted
    item = {
        "url": "https://a.example/1",
        "title": "A",
        "summary": "S",
        "date_published": "2026-11-18T12:00:00+02:00",
    }
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [item, {"url": 5}, 7]}
    assert read(json.dumps(feed)) == wanted
    sitemap = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://a.example/obmin-polonenymy</loc>'
        "<lastmod>2026-11-18</lastmod></url></urlset>"
    )
    assert read(sitemap, sitemap=True) == [
        Entry("https://a.example/obmin-polonenymy", "obmin polonenymy", "", "2026-11-18")
    ]


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode), st.booleans())
def test_any_bytes_are_entries_or_one_line(body: bytes, sitemap: bool) -> None:
    with contextlib.suppress(FeedError):
        found = read(b"<rss><channel>" + body if body[:1] == b"x" else body, sitemap)
        assert all(e.url.startswith("http") for e in found)
