"""Full disks and folders that cannot be written: one line with the path and the cause, the last release whole."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from report.conftest import complete, listed

from repatria.report import publish, run

pytestmark = pytest.mark.faults


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def report(out: Path, book: Path, *options: object) -> subprocess.CompletedProcess[str]:
    """Run the command on one notebook."""
    code = (
        "import sys; from pathlib import Path; from repatria import cli; from repatria.report import provenance\n"
        f"provenance.notebooks = lambda: [Path({str(book)!r})]\n"
        "sys.argv = ['repatria', 'report', *sys.argv[1:]]; cli.main()"
    )
    env = os.environ | {"PYTHONPATH": str(Path(run.__file__).parents[2])}
    command = [sys.executable, "-c", code, "--out", out, *options]
    return subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True)


def one_line(done: subprocess.CompletedProcess[str], pattern: str) -> None:
    """Check that a run failed with one line besides its dated ones."""
    lines = [x for x in done.stderr.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", x)]
    assert done.returncode == 1 and len(lines) == 1, done.stderr
    assert re.search(pattern, lines[0]), lines[0]


@pytest.mark.parametrize("free", [50_000, 700_000, 2_000_000])
def test_a_full_disk_is_one_line_and_the_last_release_whole(
    disk: Path, good: Path, free: int
) -> None:
    assert report(disk / "reports", good, "--on", "2026-11-20").returncode == 0
    room = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"x" * max(0, room.f_bavail * room.f_frsize - free))
    done = report(disk / "reports", good, "--on", "2026-11-21")
    one_line(done, rf"^{disk}/reports\S*: No space left on device$")
    assert complete(disk / "reports" / "latest")
    assert [p.name for p in publish.releases(disk / "reports")] == ["2026-11-20"]
    assert listed(disk / "reports") == ["2026-11-20"]
    (disk / "ballast").unlink()
    assert report(disk / "reports", good, "--on", "2026-11-21").returncode == 0
    assert not list((disk / "reports" / ".work").iterdir())


def test_a_read_only_disk_is_one_line(disk: Path, good: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    one_line(report(disk / "reports", good), rf"^{disk}/reports: Read-only file system$")


@pytest.mark.parametrize("name", ["reports", "reports/latest", "reports/.work"])
def test_a_file_where_a_folder_or_link_belongs_is_one_line(
    tmp_path: Path, good: Path, name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x")
    one_line(report(tmp_path / "reports", good), rf"^{tmp_path / name}: ")


def test_a_log_that_cannot_be_opened_is_one_line(tmp_path: Path, good: Path) -> None:
    one_line(report(tmp_path / "r", good, "--log", tmp_path), rf"^{tmp_path}: Is a directory$")


# --- two writers -----------------------------------------------------------------------------------

WRITER = """
import json, sys
from pathlib import Path
from repatria.report import publish, run

out = Path(sys.argv[1])
for day in sys.argv[2:]:
    told = {"day": day, "published": day, "read_through": day, "news": "", "superseded": []}
    with publish.workshop(out) as work:
        folder = work / "page"
        folder.mkdir()
        (folder / "release.json").write_text(json.dumps(told))
        publish.seal(folder, {"on": day}, day)
        with publish.only_one(out):
            publish.put(folder, out, day)
    run._tidy(out, 0, "", str)
"""


def test_two_writers_leave_every_list_and_release_whole_at_every_moment(tmp_path: Path) -> None:
    def writer(*days: str) -> subprocess.Popen[bytes]:
        env = os.environ | {"PYTHONPATH": str(Path(run.__file__).parents[2])}
        return subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, *days], env=env)

    assert writer("2026-11-01").wait() == 0
    days = [[f"2026-{month}-{day}" for day in range(10, 25)] for month in (10, 12)]
    running = [writer(*d) for d in days]
    seen = []
    while any(p.poll() is None for p in running):
        assert complete(tmp_path / "latest") and listed(tmp_path)
        seen.append(publish.newest(tmp_path))
        time.sleep(0.01)
    assert [p.returncode for p in running] == [0, 0]
    every = sorted([*days[0], *days[1], "2026-11-01"], reverse=True)
    assert listed(tmp_path) == every and seen == sorted(seen), "latest moves forward"


# --- an empty environment --------------------------------------------------------------------------


def bare(book: Path, verb: str, *options: object) -> subprocess.CompletedProcess[str]:
    """Run a verb of the command from the root folder with nothing but a minimal PATH."""
    src = str(Path(run.__file__).parents[2])
    code = (
        f"import sys; sys.path.insert(0, {src!r}); from pathlib import Path; from repatria import cli\n"
        f"from repatria.report import provenance; provenance.notebooks = lambda: [Path({str(book)!r})]\n"
        "sys.argv = ['repatria', *sys.argv[1:]]; cli.main()"
    )
    command = ["env", "-i", "PATH=/usr/bin:/bin", sys.executable, "-c", code, verb, *options]
    return subprocess.run([str(c) for c in command], cwd="/", capture_output=True, text=True)


def test_an_empty_environment_twice_from_the_root(tmp_path: Path, good: Path) -> None:
    out = ("--out", tmp_path / "r")
    first, second = (bare(good, "report", *out) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "nothing changed" in second.stderr and first.stdout == second.stdout
    assert bare(good, "status", *out).returncode == 0
    assert bare(good, "status", *out, "--max-age", 1).returncode == 3, "read weeks ago"


def test_an_empty_environment_and_a_broken_record(tmp_path: Path, good: Path, folder: Path) -> None:
    out = ("--out", tmp_path / "r", "--data", folder)
    assert bare(good, "report", *out).returncode == 0
    with open(folder / "claimants.csv", "a") as f:
        f.write("press,Press,Again,third,no\n")
    done = bare(good, "report", *out)
    assert done.returncode == 1 and "claimants.csv" in done.stderr and not done.stdout
    state = bare(good, "status", *out)
    assert state.returncode == 1, "red, whatever the age"
    assert "claimants.csv" in state.stdout + state.stderr
    assert complete(tmp_path / "r" / "latest")
