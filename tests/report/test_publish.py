"""Publishing: in one step or not at all, whoever is killed and however many run at once."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from report.conftest import ON, RELEASE, complete, listed

from repatria.report import ReportError, publish, run

COMMAND = """
import sys
from pathlib import Path
from repatria import cli
from repatria.report import provenance
book = Path(sys.argv.pop(1))
provenance.notebooks = lambda: [book]
cli.main()
"""


def start(out: Path, book: Path, since: str = "") -> subprocess.Popen[bytes]:
    """Begin the real command on one notebook, in a process group of its own."""
    options = ["--force", "--as-of", ON, "--on", ON, "--since", since, "--out", out]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, book, "report", *options],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def finished(work: Path, text: str = "page") -> Path:
    """Make a sealed folder in a workshop."""
    folder = work / "page"
    folder.mkdir()
    (folder / "index.html").write_text(text)
    publish.seal(folder, {"on": ON}, text * 64)
    return folder


def put(out: Path, day: str, text: str = "page") -> Path:
    """Publish an invented release."""
    with publish.workshop(out) as work:
        name = publish.free(out, day)
        return publish.put(finished(work, text), out, name)


def kills(published: Path, good: Path, out: Path, times: int) -> int:
    """Kill so many runs at random moments; each leaves every release whole. Return how many were killed."""
    shutil.copytree(published.parent, out, symlinks=True)
    pick = random.Random(20250612)
    killed = 0
    for _ in range(times):
        process = start(out, good)
        time.sleep(pick.uniform(0.1, 6.0))
        if process.poll() is None:
            killed += 1
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert complete(out / "latest") and all(complete(p) for p in publish.releases(out))
        assert listed(out)
    run.make(RELEASE, out, print, force=True, books=[good], on=ON)
    assert not list((out / ".work").iterdir()), "what killed runs left behind is swept"
    assert listed(out) == [p.name for p in publish.releases(out)]
    return killed


@pytest.mark.faults
def test_kill_at_fifty_random_moments(
    published: Path,
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    killed = kills(published, good, tmp_path / "reports", 50)
    time.sleep(2)
    mine = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    left = [line for line in mine.splitlines() if str(tmp_path) in line]
    files = len(list(temporary.iterdir()))
    with capsys.disabled():
        print(f"\n{killed} of 50 killed, {len(left)} processes and {files} files left")
    assert killed > 25 and not left and not files


@pytest.mark.faults
def test_four_runs_at_once_do_not_hurt_each_other(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    windows = ("", "", "2025-05-16", "2025-06-01")
    assert [r.wait() for r in [start(out, good, since) for since in windows]] == [0] * 4
    assert [p.name for p in publish.releases(out)] == [ON], "the same bytes are published once"
    assert complete(out / "latest") and len(list((out / "views").iterdir())) == 2


AT_EACH = """
import sys
from pathlib import Path
from report.test_publish import at_each_step
at_each_step(Path(sys.argv[1]), sys.argv[2])
"""
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink"}
SAYS = {"day": "12 June 2025", "published": ON, "read_through": ON, "news": "", "superseded": []}


@pytest.mark.parametrize("what", ["a kill", "a full disk"])
def test_whatever_step_of_publishing_is_the_last_every_release_and_list_is_whole(
    tmp_path: Path, what: str
) -> None:
    """Not at random moments but at each change of the file system, one after the other."""
    paths = [str(Path(__file__).parents[1]), str(Path(run.__file__).parents[2])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", AT_EACH, tmp_path, what]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15, "steps"


def at_each_step(place: Path, what: str) -> None:
    """Publish a second release, the first one no longer kept, and end it at its first, second … step."""
    _small(place / "0", ON)
    for step in range(1, 1000):
        out = place / str(step)
        shutil.copytree(place / "0", out, symlinks=True)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(OSError):
                _small(out, "2025-06-13", partial(_end_at, step, what))
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert publish.newest(out) in publish.releases(out)
        assert all(complete(p) for p in publish.releases(out)) and listed(out)
        _small(out, "2025-06-13")
        names = [p.name for p in publish.releases(out)]
        assert listed(out) == names == ["2025-06-13"], f"step {step}: {names}"
        kept = {".publish.lock", ".work", "2025-06-13", "feed.xml", "index.html", "releases.json"}
        left = {p.name for p in out.iterdir()} - kept
        assert left == {"latest"} and not list((out / ".work").iterdir()), f"step {step}: {left}"
        if status == 0:
            print(step)
            return
    raise AssertionError("it does not end")


def _small(out: Path, day: str, begin: Callable[[], None] = lambda: None) -> None:
    """Publish a release of two files, the only one that stays; `begin` is called before."""
    with publish.workshop(out) as work:
        folder = work / "page"
        folder.mkdir()
        (folder / "index.html").write_text(day)
        (folder / "release.json").write_text(json.dumps(SAYS))
        publish.seal(folder, {"on": day}, "k")
        begin()
        with publish.only_one(out):
            publish.put(folder, out, day)
    run._tidy(out, 1, "", str)


def _end_at(step: int, what: str) -> None:
    """Let this process end, or its disk be full, at so many changes from now."""
    left = step

    def hook(event: str, given: tuple[object, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(given[2], int) and given[2] & 3
        if writes or event in CHANGES:
            left -= 1
            if left == 0 and what == "a kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if left <= 0 and what == "a full disk" and event not in ("os.remove", "os.rmdir"):
                raise OSError(errno.ENOSPC, "No space left on device", str(given[0]))

    sys.addaudithook(hook)


def test_a_release_never_changes_and_a_second_of_the_day_has_a_letter(tmp_path: Path) -> None:
    made = [put(tmp_path, "2026-11-25", text).name for text in ("a", "b", "c")]
    assert made == ["2026-11-25", "2026-11-25-b", "2026-11-25-c"]
    assert (tmp_path / "2026-11-25" / "index.html").read_text() == "a"
    assert os.readlink(tmp_path / "latest") == "2026-11-25-c"
    assert put(tmp_path, "2026-11-25", "c").name == "2026-11-25-c", "not published twice"
    (tmp_path / "2026-11-25-c" / "index.html").write_text("harmed")
    assert put(tmp_path, "2026-11-25", "c").name == "2026-11-25-d"


def test_names_of_a_day_go_on_after_z_in_order() -> None:
    names = [n for n, _ in zip(publish._names("2026-11-25"), range(60), strict=False)]
    assert names == sorted(names, key=publish.order) and len(set(names)) == 60
    assert all(publish.RELEASE.fullmatch(n) for n in names)


def test_latest_moves_forward_only(tmp_path: Path) -> None:
    for day in ("2026-03-01", "2025-06-12", "2026-02-28"):
        put(tmp_path, day)
        assert os.readlink(tmp_path / "latest") == "2026-03-01"
    assert publish.releases(tmp_path)[0].name == "2026-03-01"


def test_a_view_replaces_only_its_own_builds_and_never_latest(tmp_path: Path) -> None:
    for label, text in (("lens-russia", "a"), ("lens-russia_x", "b"), ("lens-russia", "c")):
        with publish.workshop(tmp_path) as work:
            made = publish.put_view(finished(work, text), tmp_path, label, "a" * 64)
            assert made.is_symlink() and (made / "index.html").read_text() == text
    assert (tmp_path / "views" / "lens-russia_x" / "index.html").read_text() == "b"
    assert len(list((tmp_path / ".builds").iterdir())) == 2
    assert not (tmp_path / "latest").exists()


def test_what_is_not_a_whole_report_is_not_found(tmp_path: Path) -> None:
    assert not publish.found(None, "k") and not publish.found(tmp_path / "nowhere", "k")
    folder = tmp_path / "2025-06-12"
    folder.mkdir()
    (folder / "index.html").write_text("page")
    broken = ("", "[]", "{", '{"run_key": "k"}', '{"run_key": "k", "files": []}', "\xff")
    for text in broken:
        (folder / "manifest.json").write_text(text, "latin-1")
        assert not publish.found(folder, "k"), text
        assert not publish.whole(folder)
    (folder / "manifest.json").unlink()
    publish.seal(folder, {"rule": "r"}, "k")
    assert publish.found(folder, "k") and not publish.found(folder, "other")
    (folder / "index.html").unlink()
    assert not publish.found(folder, "k") and publish.harmed(folder) == ["index.html"]


@pytest.mark.parametrize("name", ["latest", ".work", "views", "failed", ".builds"])
@pytest.mark.parametrize("what", ["a file", "a link", "a folder"])
def test_what_stands_where_something_else_belongs_is_named_before_anything_runs(
    tmp_path: Path, name: str, what: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("p")
    out = tmp_path / "reports"
    out.mkdir()
    if what == "a file":
        (out / name).write_text("x")
    elif what == "a link":
        (out / name).symlink_to(elsewhere)
    else:
        (out / name).mkdir()
    fine = what == ("a link" if name == "latest" else "a folder")
    if fine:
        publish.check(out)
    else:
        with pytest.raises(ReportError, match=rf"^{out / name}: not a \w+; move it away$"):
            publish.check(out)
    assert (elsewhere / "precious").exists()


def test_only_what_a_run_made_is_swept_from_the_workshops(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "precious").write_text("p")
    shelf = tmp_path / "reports" / ".work"
    (shelf / "run-dead").mkdir(parents=True)
    (shelf / "mine").mkdir()
    (shelf / "run-link").symlink_to(tmp_path / "target")
    with publish.workshop(tmp_path / "reports") as alive, publish.workshop(tmp_path / "reports"):
        assert alive.is_dir(), "a run that is alive keeps its own"
    assert sorted(p.name for p in shelf.iterdir()) == ["mine", "run-link"]
    assert [p.name for p in (tmp_path / "target").iterdir()] == ["precious"]


def test_thinning_keeps_the_newest_and_what_latest_points_to(tmp_path: Path) -> None:
    for day in ("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-03"):
        put(tmp_path, day, day + str(len(list(tmp_path.iterdir()))))
    (tmp_path / "2020-notes").mkdir()
    gone = publish.beyond(tmp_path, 2)
    assert sorted(p.name for p in gone) == ["2026-03-01", "2026-03-02"]
    for folder in gone:
        publish.remove(tmp_path, folder)
    assert [p.name for p in publish.releases(tmp_path)] == ["2026-03-03-b", "2026-03-03"]
    assert (tmp_path / "2020-notes").exists() and not list((tmp_path / ".work").iterdir())
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to("2026-03-03")
    assert publish.beyond(tmp_path, 1) == publish.beyond(tmp_path, 0) == []
