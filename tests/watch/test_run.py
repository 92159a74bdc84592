"""A run: one slow, one down, one hostile feed among twenty harm nobody; nothing is filed twice; a replay."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from watch.webs import LIMITS, Web, answer, rss

from repatria.curate.models import CurateError
from repatria.curate.write import locked
from repatria.watch import inbox, run

NOW = dt.datetime(2026, 11, 19, 5, 17, tzinfo=dt.UTC)
BOMB = '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def feed(i: str, url: str, **more: str) -> dict[str, str]:
    about = {"publisher": "Paper", "language": "en", "side": "both", "tier": "press"}
    return {"id": i, "url": url, **about, **more}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "feed = 5",
        '[[feed]]\nid = "a"',
        '[[feed]]\nid = "a\\u001b"\nurl="u"\npublisher="p"\nlanguage="en"\nside="both"\ntier="press"',
        '[[feed]]\nid="a"\nurl="u"\npublisher="p"\nlanguage="en"\nside="both"\ntier="press"\n' * 2,
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "feeds.toml").write_text(text, "utf-8")
    with pytest.raises(inbox.InboxError, match=r"feeds\.toml"):
        run.feeds(tmp_path / "feeds.toml")


def test_the_projects_own_list() -> None:
    listed = run.feeds()
    assert {f["language"] for f in listed} == {"uk", "ru", "en", "de", "pl", "fr"}
    assert {f["side"] for f in listed} == {"ukraine", "russia", "both"}
    assert all(f["url"].startswith("https://") for f in listed)


def _slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(30)


def test_twenty_feeds_one_slow_one_down_one_hostile(
    web: Web, nobody: str, folder: Path, tmp_path: Path
) -> None:
    for i in range(17):
        told = rss((f"https://paper{i}.example/1", f"Russia and Ukraine exchange {i + 10} POWs"))
        web.pages[f"/{i}"] = answer(told, ETag=f'"{i}"')
    web.pages["/slow"] = _slow
    web.pages["/hostile"] = answer(rss(("https://a.example/1", "&b;"), more=BOMB))
    listed = [feed(f"f{i}", f"{web.root}/{i}") for i in range(17)]
    listed[3:3] = [
        feed("slow", f"{web.root}/slow"),
        feed("down", nobody),
        feed("hostile", f"{web.root}/hostile"),
    ]
    lines: list[str] = []
    start = time.monotonic()
    done = run.watch(tmp_path / "watch", folder, listed, lines.append, NOW, LIMITS)
    assert time.monotonic() - start < LIMITS.run + 1
    assert len(lines) == 20 and not any("\n" in line for line in lines)
    states = {r["feed"]: r["state"] for r in done.log}
    assert {i for i, s in states.items() if s == "failed"} == {"slow", "down", "hostile"}
    assert done.failed == 3
    assert len(done.new) == 17
    assert [x.n for x in inbox.read(tmp_path / "watch")] == list(range(1, 18))
    # The second run asks with what the first was told, and files nothing twice.
    for i in range(16):
        web.pages[f"/{i}"] = answer("", 304)
    again = run.watch(tmp_path / "watch", folder, listed[6:], lines.append, NOW, LIMITS)
    assert again.new == [] and again.failed == 0
    assert [r["state"] for r in again.log].count("unchanged") == 13
    assert len(inbox.rows(tmp_path / "watch" / run.LOG)) == 34


def test_the_run_ends_when_its_time_is_over(web: Web, folder: Path, tmp_path: Path) -> None:
    web.pages["/robots.txt"] = _slow
    listed = [feed(f"f{i}", f"{web.root}/{i}") for i in range(9)]
    limits = replace(LIMITS, wait=20, feed=20, run=0.5)
    start = time.monotonic()
    done = run.watch(tmp_path / "watch", folder, listed, lambda _: None, NOW, limits)
    assert time.monotonic() - start < 5
    assert {r["reason"] for r in done.log} == {"the run's time was over"}


def test_hostile_text_comes_out_inert_and_nothing_of_it_is_kept(
    web: Web, folder: Path, tmp_path: Path
) -> None:
    title = "<![CDATA[\x1b Russia returns <script>x()</script> 77 bodies\u202e to Ukraine]]>"
    items = [("https://paper.example/1", title.replace("\x1b", "&#x9b;"))] * 3
    items += [("javascript:x()", "Russia returns 9 bodies to Ukraine")]
    web.pages["/f"] = answer(rss(*items, day="Wed, 18 Nov 2037 09:00:00 GMT"))
    done = run.watch(tmp_path / "w", folder, [feed("f", f"{web.root}/f")], print, NOW, LIMITS)
    (lead,) = done.new
    assert (lead.url, lead.published_on, lead.day) == ("https://paper.example/1", "", "2026-11-19")
    assert [(s.direction, s.count) for s in lead.suggested] == [("to_ukraine", 77)]
    assert done.log[0]["reason"] == "1 without a day, or of a day to come"
    text = (tmp_path / "w" / inbox.FILE).read_text("utf-8")
    assert "script" not in text and "\\u202e" not in text and "x()" not in text


def test_old_entries_are_not_news(web: Web, folder: Path, tmp_path: Path) -> None:
    told = rss(("https://paper.example/1", "Russia and Ukraine exchange 31 POWs"))
    web.pages["/f"] = answer(told.replace("Nov 2026", "Nov 2025"))
    done = run.watch(tmp_path / "w", folder, [feed("f", f"{web.root}/f")], print, NOW, LIMITS)
    assert done.new == [] and done.log[0]["entries"] == 1


def test_a_sitemap_is_judged_by_its_addresses(web: Web, folder: Path, tmp_path: Path) -> None:
    page = "https://office.example/vidbuvsia-obmin-polonenymy"
    web.pages["/s"] = answer(
        f"<urlset><url><loc>{page}</loc><lastmod>2026-11-18</lastmod></url></urlset>"
    )
    listed = [feed("s", f"{web.root}/s", format="sitemap", language="uk", side="ukraine")]
    (lead,) = run.watch(tmp_path / "w", folder, listed, print, NOW, LIMITS).new
    assert (lead.url, lead.kind, lead.language) == (page, "prisoners", "uk")


def test_two_runs_at_once(folder: Path, tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(CurateError, match="under way"):
        run.watch(tmp_path, folder, [], print, NOW, LIMITS)


_KILLED = """
import os, signal, sys
from pathlib import Path
from repatria.watch import inbox
def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)
where = sys.argv[2]
setattr(os, where, killed)
inbox.append(Path(sys.argv[1]), [{"n": 2}] * 5000)
"""


@pytest.mark.faults
@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_run_killed_while_it_writes_leaves_the_inbox_as_it_was(
    tmp_path: Path, folder: Path, where: str
) -> None:
    path = tmp_path / inbox.FILE
    inbox.append(path, [{"n": 1}])
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", _KILLED, str(path), where], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    with locked(tmp_path):  # nobody holds it any more
        inbox.append(path, [{"n": 2}])  # and what was left behind is in nobody's way
    assert [row["n"] for row in inbox.rows(path)] == [1, 2]


@pytest.mark.parametrize("text", ["{", "[]", '{"f": 5}', '{"f": {"If-None-Match": 5}}', "\0"])
def test_damaged_marks_are_said_and_the_feed_is_asked_anew(
    web: Web, folder: Path, tmp_path: Path, text: str
) -> None:
    web.pages["/f"] = answer(rss(("https://paper.example/1", "Russia and Ukraine swap 31 POWs")))
    (tmp_path / run.MARKS).write_text(text)
    lines: list[str] = []
    done = run.watch(tmp_path, folder, [feed("f", f"{web.root}/f")], lines.append, NOW, LIMITS)
    assert len(done.new) == 1 and len(lines) <= 2
    assert inbox.rows(tmp_path / run.MARKS) == [{"f": {}}]


@pytest.mark.parametrize("text", ["{}", '{"run": 5}', "{", '{"run": "a", "feed": "b"}'])
def test_a_damaged_log_is_said_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / run.LOG).write_text(text + "\n")
    with pytest.raises(inbox.InboxError, match=r"log\.jsonl:1: is no"):
        run.read_log(tmp_path)


def test_a_feed_of_new_addresses_each_run_is_filed_once(
    web: Web, folder: Path, tmp_path: Path
) -> None:
    listed = [feed("f", f"{web.root}/f")]
    for session in ("one", "two"):
        items = [
            (f"https://paper.example/{i}?sid={session}", f"Russia and Ukraine exchange {i} POWs")
            for i in (31, 32, 33)
        ]
        web.pages["/f"] = answer(rss(*items))
        run.watch(tmp_path / "w", folder, listed, lambda _: None, NOW, LIMITS)
    assert len(inbox.read(tmp_path / "w")) == 3


def test_texts_that_take_too_long_are_their_feeds_failure(
    web: Web, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [
        (f"https://paper.example/{i}", "Russia and Ukraine exchange 31 POWs") for i in range(9)
    ]
    web.pages["/f"] = answer(rss(*items))
    clock = itertools.count(0, 1)
    monkeypatch.setattr(run.time, "monotonic", lambda: next(clock))
    limits = replace(LIMITS, feed=3, run=10**6)
    done = run.watch(tmp_path / "w", folder, [feed("f", f"{web.root}/f")], print, NOW, limits)
    assert done.new == [] and done.log[0]["reason"] == "took too long to judge"


@pytest.mark.parametrize("text", ["{", "5", '[{"title": "a"}]', "[5]"])
def test_a_replay_of_what_is_no_day(tmp_path: Path, folder: Path, text: str) -> None:
    (tmp_path / "2026-11-18.json").write_text(text, "utf-8")
    with pytest.raises(inbox.InboxError, match=r"2026-11-18\.json"):
        run.replay(tmp_path, folder)


def test_a_replay_flags_on_the_day_and_by_handover(tmp_path: Path, folder: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    for day, title in (("2025-08-14", "Kyiv and Moscow swap 12 POWs"), ("2025-08-20", "Rain")):
        told = [{"title": title, "link": f"https://a.example/{day}", "date_published": f"{day}T1"}]
        (days / f"{day}.json").write_text(json.dumps(told), "utf-8")
    found = run.replay(days, folder)
    assert (found.days, found.entries) == (["2025-08-14", "2025-08-20"], 2)
    assert [(g.event, g.leads[0].day) for g in found.found] == [
        ("prisoners-2025-08-14", "2025-08-14")
    ]
