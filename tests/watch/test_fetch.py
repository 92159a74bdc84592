"""Getting a feed: private addresses, redirects, bounds and robots first, then the usual case."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from watch.webs import LIMITS, Web, answer

from repatria.watch import fetch
from repatria.watch.fetch import FeedError, Limits


def get(url: str, limits: Limits = LIMITS, marks: dict[str, str] | None = None) -> fetch.Got:
    return fetch.get(fetch.client(limits), url, limits, marks or {}, {})


@pytest.mark.parametrize(
    "address",
    """127.0.0.1 10.1.2.3 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 ::1 fe80::1 fd00::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1::""".split(),
)
def test_private_addresses_are_none_of_ours(address: str) -> None:
    assert not fetch._public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_ones_are(address: str) -> None:
    assert fetch._public(address)


def test_a_name_that_leads_to_a_private_address_is_refused(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages["/feed"] = answer("secret")
    port = int(web.root.rpartition(":")[2])
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(FeedError, match="private address"):
        get(f"http://paper.example:{port}/feed")
    assert web.asked == []


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", (a, 80)) for a in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(FeedError, match="private address"):
        get("http://paper.example/feed")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://localhost:1/", "private address"),
        ("http://[::1]/", "private address"),
        ("http://2130706433/", "private address"),  # 127.0.0.1 as one number
        ("file:///etc/passwd", "neither http nor https"),
        ("gopher://a.example/", "neither http nor https"),
        ("http://", "."),
        ("/feed", "redirects"),  # to itself
    ],
)
def test_redirects_lead_nowhere_private_and_end(web: Web, location: str, reason: str) -> None:
    web.pages["/feed"] = answer("", 302, Location=location)
    with pytest.raises(FeedError, match=reason) as e:
        get(f"{web.root}/feed")
    assert "\n" not in str(e.value)
    assert len(web.asked) <= 2 + 2 * LIMITS.hops


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"<item/>" * 1000)


def _dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(400):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)
    handler.server.dripped = True  # type: ignore[attr-defined]


@pytest.mark.parametrize(("page", "reason"), [(_endless, "longer"), (_dripping, "too long")])
def test_a_body_without_end_is_left(web: Web, page: Any, reason: str) -> None:
    web.pages["/feed"] = page
    with pytest.raises(FeedError, match=reason):
        get(f"{web.root}/feed", replace(LIMITS, size=100_000, feed=0.3))
    assert not hasattr(web.server, "dripped"), "nobody waited for its end"


def test_what_is_packed_counts_unpacked(web: Web) -> None:
    import gzip

    packed = gzip.compress(b"0" * 20_000_000)
    web.pages["/feed"] = answer(packed, Content_Encoding="gzip")
    with pytest.raises(FeedError, match="longer"):
        get(f"{web.root}/feed", replace(LIMITS, size=1_000_000))


@pytest.mark.parametrize(
    ("robots", "reason"),
    [
        (answer("User-agent: *\nDisallow: /feed"), "forbids"),
        (answer("User-agent: repatria-watch\nDisallow: /"), "forbids"),
        (answer("", 503), "forbids"),
    ],
)
def test_robots_are_respected(web: Web, robots: Any, reason: str) -> None:
    web.pages |= {"/robots.txt": robots, "/feed": answer("feed")}
    with pytest.raises(FeedError, match=reason):
        get(f"{web.root}/feed")
    assert web.paths() == ["/robots.txt"]


def test_nobody_there(nobody: str) -> None:
    with pytest.raises(FeedError):
        get(nobody)


def test_a_feed_is_asked_once_and_conditionally(web: Web) -> None:
    web.pages["/robots.txt"] = answer("User-agent: other\nDisallow: /")
    web.pages["/feed"] = answer("body", ETag='"1"', Last_Modified="Wed, 18 Nov 2026 09:00:00 GMT")
    got = get(f"{web.root}/feed")
    assert got.body == b"body"
    assert got.marks == {
        "If-None-Match": '"1"',
        "If-Modified-Since": "Wed, 18 Nov 2026 09:00:00 GMT",
    }
    web.pages["/feed"] = answer("", 304)
    assert get(f"{web.root}/feed", marks=dict(got.marks)).body is None
    asked = [headers for path, headers in web.asked if path == "/feed"]
    assert len(asked) == 2
    assert asked[1]["If-None-Match"] == '"1"' and asked[1]["User-Agent"] == fetch.AGENT
    assert asked[1]["Host"] == web.root.removeprefix("http://")
