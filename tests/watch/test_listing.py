"""The verbs as an operator and a curator run them: one line for what is wrong, lists that are inert."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from watch.webs import LIMITS, Web, answer, rss

from repatria import cli
from repatria.cli import app
from repatria.curate.book import Book
from repatria.watch import inbox, listing, run
from repatria.watch.inbox import Lead
from repatria.watch.patterns import Suggestion

TODAY = dt.date(2026, 11, 26)
Called = Callable[..., Any]


@pytest.fixture
def call(folder: Path, tmp_path: Path) -> Called:
    """Return a function that runs a verb on a copy of the record and an inbox of its own."""

    def called(*arguments: str) -> Any:
        places = ["--data", str(folder), "--inbox", str(tmp_path / "watch")]
        return CliRunner().invoke(app, [*arguments, *places])

    return called


@pytest.fixture
def filed(folder: Path, tmp_path: Path) -> Path:
    """An inbox of two pages on one new handover, and one on a handover of record."""
    (tmp_path / "watch").mkdir()
    about: dict[str, Any] = {"n": 0, "publisher": "Paper", "language": "en", "tier": "press"}
    about |= {"feed": "a", "filed": "2026-11-19", "kind": "prisoners", "words": "Exchange POWs"}
    said = (Suggestion("prisoners", "each", 95, "more_than", "95 POWs Each\x1b[31m"),)
    pages = [("1", "2026-11-18", said), ("2", "", ()), ("3", "2025-08-15", ())]
    leads = [
        Lead(url=f"https://paper.example/{i}", published_on=day, suggested=s, **about)
        for i, day, s in pages
    ]
    inbox.file(tmp_path / "watch", leads, Book(folder))
    return tmp_path / "watch"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["watch", "--feeds", "/nowhere.toml"], "no list of feeds"),
        (["add", "--from-inbox", "9"], "no page 9 waits"),
        (["add", "--from-inbox", "9", "--leave", "garbled"], "no page 9 waits"),
    ],
)
def test_what_is_wrong_is_one_line(call: Called, arguments: list[str], message: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr and len(result.stderr.splitlines()) <= 2


def test_a_damaged_inbox_is_one_line_with_its_place(call: Called, filed: Path) -> None:
    with (filed / inbox.FILE).open("a") as file:
        file.write("{}\n")
    for verb in ("watch --list", "add --from-inbox 1 --leave garbled", "report --on 2025-06-12"):
        result = call(*verb.split())
        assert result.exit_code == 1 and "inbox.jsonl:4: is no lead" in result.stderr, verb


@pytest.mark.parametrize("error", [(28, "No space left on device"), (30, "Read-only file system")])
def test_a_full_disk_and_a_folder_that_cannot_be_written_are_one_line(
    web: Web,
    call: Called,
    filed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: tuple[int, str],
) -> None:
    today = dt.datetime.now(dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    web.pages["/f"] = answer(
        rss(("https://p.example/1", "Russia, Ukraine swap 31 POWs"), day=today)
    )
    (tmp_path / "feeds.toml").write_text(
        f'[[feed]]\nid="a"\nurl="{web.root}/f"\npublisher="P"\nlanguage="en"\nside="both"\ntier="press"\n'
    )
    before = (filed / inbox.FILE).read_bytes()

    def refused(*_: object) -> None:
        raise OSError(*error)

    monkeypatch.setattr(run, "Limits", lambda: LIMITS)
    with monkeypatch.context() as patch:
        patch.setattr(inbox.os, "fsync", refused)
        result = call("watch", "--feeds", str(tmp_path / "feeds.toml"))
    assert result.exit_code == 1
    assert error[1] in result.stderr.splitlines()[-1] and "Traceback" not in result.stderr
    assert (filed / inbox.FILE).read_bytes() == before
    assert not (filed / run.MARKS).exists()  # so that the feed is read again
    result = call("watch", "--feeds", str(tmp_path / "feeds.toml"))
    assert result.exit_code == 0 and len(inbox.read(filed)) == 4


def test_no_feed_read_is_a_failure_with_its_hook(call: Called, tmp_path: Path, nobody: str) -> None:
    (tmp_path / "feeds.toml").write_text(
        f'[[feed]]\nid="a"\nurl="{nobody}"\npublisher="P"\nlanguage="en"\nside="both"\ntier="press"\n'
    )
    hook = f"cat > {tmp_path / 'said'}"
    result = call("watch", "--feeds", str(tmp_path / "feeds.toml"), "--on-failure", hook)
    assert result.exit_code == 1
    assert (tmp_path / "said").read_text() == "failed: no feed was read\n"


def test_the_documented_commit_takes_the_record_and_nothing_else(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "watching.md"
    (line,) = re.findall(r"^git commit .*$", page.read_text("utf-8"), re.M)
    (tmp_path / "data").mkdir()

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        done = subprocess.run(
            ["git", *who, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout

    git("init", "-q")
    for text in ("old", "new"):
        for name in ("data/events.csv", "notes.txt"):
            (tmp_path / name).write_text(text)
        if text == "old":
            git("add", ".")
            git("commit", "-qm", "first")
    git(*shlex.split(line)[1:])
    assert git("status", "--short").split() == ["M", "notes.txt"]


def test_an_empty_inbox_says_so_and_what_the_totals_lack(folder: Path, tmp_path: Path) -> None:
    lines = listing.listing(tmp_path, folder, run.feeds(), TODAY).splitlines()
    assert lines[0] == "no page waits"
    assert lines[1:] and all(
        re.match(r"something is missing between 20\d\d-\d\d-\d\d and 20", line)
        for line in lines[1:]
    )


def test_the_list_is_by_handover_and_inert(filed: Path, folder: Path) -> None:
    text = listing.listing(filed, folder, run.feeds(), TODAY)
    assert text.startswith("prisoners-2025-08-14 (1 page)\n")
    assert "new: prisoners, 2026-11-18 (2 pages)" in text
    assert "95 each, more than: 95 POWs Each[31m" in text
    assert "2026-11-19? Paper" in text  # the day of its filing
    assert all(c.isprintable() or c == "\n" for c in text)


def test_what_was_read_and_what_was_not_is_said(filed: Path, folder: Path) -> None:
    feeds = [{"id": "a", "side": "both"}, {"id": "b", "side": "both"}]
    row = {"run": "2026-11-26T05:07:00+00:00", "from": "2026-10-01", "through": "2026-11-26T05:07"}
    log = [{**row, "feed": "a", "state": "read", "reason": ""}]
    log += [{**row, "feed": "b", "state": "failed", "reason": "status 503"}]
    inbox.append(filed / run.LOG, log)
    text = listing.listing(filed, folder, feeds, TODAY)
    assert "not read in the last run: b: status 503" in text
    ends = {
        m[1]: m[2] for m in re.finditer(r"thinly: (\w+), ukraine, \S+ to (\S+); not read: b", text)
    }
    assert ends == {"bodies": "2026-11-25"}  # of prisoners an older page waits
    assert '--searched-through "2026-11-25 ukraine thin from=' in text


def test_a_page_is_left_out_by_its_number(call: Called, filed: Path, folder: Path) -> None:
    result = call("add", "--from-inbox", "2", "--leave", "out_of_scope", "--note", "elsewhere")
    assert result.exit_code == 0, result.output
    assert Book(folder).tables["excluded"][-1]["url"] == "https://paper.example/2"
    assert [x.n for x in inbox.waiting(inbox.read(filed), Book(folder))] == [1, 3]


def test_a_page_is_taken_by_its_number_with_what_is_known_of_it(
    call: Called, filed: Path, folder: Path
) -> None:
    given = ["--date", "2026-11-18", "--date-basis", "published", "--kind", "prisoners"]
    claims = ["--claim", "press: to_ukraine 95", "--claim", "press: to_russia 95"]
    result = call("add", "--from-inbox", "1", *given, *claims)
    assert result.exit_code == 0, result.output
    row = Book(folder).page("https://paper.example/1")
    assert row is not None
    assert (row["publisher"], row["published_on"], row["dated_by"]) == (
        "Paper",
        "2026-11-18",
        "feed",
    )
    assert "no total and no pledge is compared otherwise" in result.output
    waiting = inbox.waiting(inbox.read(filed), Book(folder))
    assert [g.event for g in inbox.groups(waiting, Book(folder))] == [
        "prisoners-2025-08-14",
        "prisoners-2026-11-18",
    ]


def test_totals_that_move_are_said_before_anything_is_written(
    call: Called, filed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [
        "--date",
        "2026-05-20",
        "--kind",
        "prisoners",
        "--date-basis",
        "published",
        "--dry-run",
    ]
    result = call("add", "--from-inbox", "1", *given, "--claim", "mod-russia: to_ukraine 205")
    assert result.exit_code == 0, result.output
    assert re.search(r"^= total `total-\d+`, .* → ", result.output, re.M)
    assert "nothing was written" in result.output


def test_a_replay_says_what_it_would_have_missed(call: Called, tmp_path: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    told = [
        {"title": t, "link": f"https://a.example/{d}", "date_published": d}
        for d, t in (("2025-08-14", "Kyiv and Moscow swap 12 POWs"), ("2025-08-19", "Rain"))
    ]
    (days / "a.json").write_text(json.dumps(told))
    result = call("watch", "--replay", str(days))
    assert result.exit_code == 0
    assert "2 days, 2 entries: 1 page flagged, 1 of 2 handovers on record" in result.stdout
    assert result.stdout.splitlines()[-1] == "not flagged: bodies-2025-08-19"


def test_news_are_told_to_the_hook(
    web: Web, call: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = dt.datetime.now(dt.UTC)
    told = rss(
        ("https://paper.example/1", "Russia and Ukraine exchange 31 POWs"),
        day=today.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    )
    web.pages["/f"] = answer(told)
    (tmp_path / "feeds.toml").write_text(
        f'[[feed]]\nid="a"\nurl="{web.root}/f"\npublisher="P"\nlanguage="en"\nside="both"\ntier="press"\n'
    )
    monkeypatch.setattr(run, "Limits", lambda: LIMITS)
    monkeypatch.setattr(cli, "_terminal", lambda: False)
    hook = f"cat > {tmp_path / 'said'}"
    for filed in (True, False):  # the second run finds nothing new and says nothing
        result = call("watch", "--feeds", str(tmp_path / "feeds.toml"), "--on-news", hook)
        assert result.exit_code == 0, result.output
        assert "31 together" in result.stdout
        assert (tmp_path / "said").exists() == filed
        (tmp_path / "said").unlink(missing_ok=True)
