"""Getting one feed from the web: politely, within limits, and never from a private address.

A request goes only to an address that was resolved and judged here, so that a name cannot be answered once for the
judgement and otherwise for the connection; each hop of a redirect is judged anew. Proxies of the environment are not used: behind
one, nobody here would see which address is asked.
"""

from __future__ import annotations

import ipaddress
import socket
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpx

from repatria import __version__

__all__ = ["AGENT", "FeedError", "Got", "Limits", "client", "get"]

AGENT = f"repatria-watch/{__version__}"


class FeedError(Exception):
    """A feed that was not read, with the reason, in one line."""


@dataclass(frozen=True)
class Limits:
    """How long and how much: seconds for one wait, for one feed, for the run; bytes, redirects, entries of one feed.

    `private` names hosts that may be asked though their address is private: for tests only.
    """

    wait: float = 10
    feed: float = 40
    run: float = 180
    size: int = 8_000_000
    hops: int = 4
    entries: int = 5_000
    at_once: int = 6
    private: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Got:
    """An answer: its bytes (None: unchanged since last time), and what to ask with next time."""

    body: bytes | None
    marks: Mapping[str, str]


def _public(address: str) -> bool:
    """Return whether an address is one of the public internet, also where it wraps an older one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped:
            return _public(str(wrapped))
    return ip.is_global and not ip.is_multicast


class _Guarded(httpx.HTTPTransport):
    """Connects only to public addresses, and to the very one that was judged."""

    def __init__(self, private: frozenset[str]):
        super().__init__(trust_env=False)
        self.private = private

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host, port = request.url.host, request.url.port or 0
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as e:
            raise httpx.ConnectError(f"{host}: {getattr(e, 'strerror', None) or e}") from None
        addresses = [str(f[4][0]) for f in found]
        if host not in self.private and not all(map(_public, addresses)):
            raise FeedError(f"{host}: a private address")
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=addresses[0])  # the Host header is set already
        return super().handle_request(request)


def client(limits: Limits) -> httpx.Client:
    """Return the client that all requests of one run go through."""
    headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip"}
    guarded = _Guarded(limits.private)
    return httpx.Client(transport=guarded, timeout=limits.wait, headers=headers, trust_env=False)


def _answer(
    asking: httpx.Client, url: str, ends: float, size: int, marks: Mapping[str, str]
) -> tuple[httpx.Response, bytes]:
    """Ask once; return the answer and its bytes. Raises FeedError for one that is too long or takes too long."""
    with asking.stream("GET", url, headers=dict(marks)) as answer:
        packed = answer.headers.get("content-encoding", "identity")
        if packed not in ("identity", "gzip"):
            raise FeedError("an encoding that was not asked for")
        body = bytearray()
        unpack = zlib.decompressobj(31)  # by hand: a few bytes may hold more than the memory does
        for chunk in answer.iter_raw() if answer.status_code == 200 else ():  # as it comes
            body += unpack.decompress(chunk, size + 1) if packed == "gzip" else chunk
            if len(body) > size:
                raise FeedError(f"longer than {size:,} bytes")
            if time.monotonic() > ends:
                raise FeedError("took too long")
    return answer, bytes(body)


def _allowed(
    asking: httpx.Client, url: str, ends: float, known: dict[str, RobotFileParser]
) -> bool:
    """Return whether a site's robots.txt lets us ask; one that cannot be had at all forbids (RFC 9309)."""
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc}"
    if root not in known:
        rules = RobotFileParser()
        answer, body = _answer(asking, f"{root}/robots.txt", ends, 500_000, {})
        # None, or moved away: nothing is forbidden. A site in trouble: everything is.
        lost = "User-agent: *\nDisallow: /" if answer.status_code >= 500 else ""
        text = body.decode("utf-8", "replace") if answer.status_code == 200 else lost
        rules.parse(text.splitlines())
        known[root] = rules
    return known[root].can_fetch(AGENT, url)


def get(
    asking: httpx.Client,
    url: str,
    limits: Limits,
    marks: Mapping[str, str],
    robots: dict[str, RobotFileParser],
) -> Got:
    """Get one feed. `marks` are those of the last time (If-None-Match, If-Modified-Since), `robots` the run's.

    Raises FeedError in one line for whatever goes wrong.
    """
    ends = time.monotonic() + limits.feed
    try:
        for _ in range(limits.hops + 1):
            if urlsplit(url).scheme not in ("http", "https"):
                raise FeedError("an address that is neither http nor https")
            if not _allowed(asking, url, ends, robots):
                raise FeedError("robots.txt forbids it")
            answer, body = _answer(asking, url, ends, limits.size, marks)
            if answer.status_code == 304:
                return Got(None, marks)
            if not answer.is_redirect:
                break
            url = urljoin(url, answer.headers.get("location", ""))
        else:
            raise FeedError(f"more than {limits.hops} redirects")
        if answer.status_code != 200:
            raise FeedError(f"status {answer.status_code}")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, zlib.error, ValueError) as e:
        reason = " ".join(str(e).split())[:120] or type(e).__name__
        raise FeedError(
            "no answer in time" if isinstance(e, httpx.TimeoutException) else reason
        ) from None
    names = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
    new = {ours: v for ours, theirs in names.items() if (v := answer.headers.get(theirs))}
    return Got(body, new)
