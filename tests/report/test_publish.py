"""Publishing: in one step or not at all, whoever is killed and however many run at once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from report.conftest import ON, RELEASE, complete

from repatria.report import ReportError, publish, run

MAKE = """
import sys
from pathlib import Path
from repatria.report import Parameters, make
parameters = Parameters(as_of="2025-06-12", since=sys.argv[3])
make(parameters, Path(sys.argv[1]), print, True, [Path(sys.argv[2])], on="2025-06-12")
"""


def start(out: Path, book: Path, since: str = "") -> subprocess.Popen[bytes]:
    """Begin to make a report in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", MAKE, out, book, since],
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
    run.make(RELEASE, out, print, force=True, books=[good], on=ON)
    assert not list((out / ".work").iterdir()), "what killed runs left behind is swept"
    return killed


@pytest.mark.faults  # a killed run may outlive its parent by a moment on a loaded machine
def test_kill_at_five_random_moments_leaves_every_release_complete(
    published: Path, good: Path, tmp_path: Path
) -> None:
    assert kills(published, good, tmp_path / "reports", 5) >= 2, (
        "most were killed before they ended"
    )


@pytest.mark.faults
def test_kill_at_fifty_random_moments(
    published: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    killed = kills(published, good, tmp_path / "reports", 50)
    time.sleep(2)
    mine = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    left = [line for line in mine.splitlines() if str(tmp_path) in line]
    print(
        f"{killed} of 50 killed, {len(left)} processes and {len(list(temporary.iterdir()))} files left"
    )
    assert not left and not list(temporary.iterdir())


@pytest.mark.faults
def test_four_runs_at_once_do_not_hurt_each_other(
    published: Path, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "reports"
    windows = ("", "", "2025-05-16", "2025-06-01")
    assert [r.wait() for r in [start(out, good, since) for since in windows]] == [0] * 4
    assert [p.name for p in publish.releases(out)] == [ON], "the same bytes are published once"
    assert complete(out / "latest") and len(list((out / "views").iterdir())) == 2


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
    gone = publish.thin(tmp_path, 2)
    assert sorted(p.name for p in gone) == ["2026-03-01", "2026-03-02"]
    assert [p.name for p in publish.releases(tmp_path)] == ["2026-03-03-b", "2026-03-03"]
    assert (tmp_path / "2020-notes").exists() and not list((tmp_path / ".work").iterdir())
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to("2026-03-03")
    assert publish.thin(tmp_path, 1) == []
