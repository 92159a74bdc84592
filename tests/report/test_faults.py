"""Full disks and folders that cannot be written: one line with the path and the cause, the last release whole."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report.conftest import complete

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


# --- every step of publishing ----------------------------------------------------------------------

STEPS = """
import errno, json, os, signal, sys
from pathlib import Path
from repatria.report import publish, run

out, day, fault, at = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
told = {"name": day, "day": day, "published": day, "news": "Nothing is new.", "read_through": day}
seen = 0

def step(event, args):  # what changes the folder of the reports, but for the workshops
    global seen
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    takes = event in ("os.remove", "os.rmdir") and fault != "full"  # needs no room
    if writes or takes or event in ("os.rename", "os.symlink", "os.mkdir"):
        places = [str(a) for a in args[:2] if isinstance(a, (str, Path))]
        if any(p.startswith(f"{out}/") and f"{out}/.work" not in p for p in places):
            seen += 1
            if seen == at and fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if seen == at and fault == "full":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), places[0])

with publish.workshop(out) as work:
    folder = work / "page"
    folder.mkdir()
    (folder / "index.html").write_text(day)
    (folder / "release.json").write_text(json.dumps(told | {"superseded": []}))
    name = publish.reserve(out, day, work)
    publish.seal(folder, {"on": day}, day)
    import repatria.report.site  # loaded before it counts
    sys.addaudithook(step)
    with publish.only_one(out):
        publish.put(folder, out, name)
run._tidy(out, int(sys.argv[5]), "", print)
print(seen)
"""


def steps(out: Path, day: str, fault: str = "", at: int = 0, keep: int = 0) -> Any:
    """Begin to publish an invented release, with a fault at the so-manieth change of the folder."""
    src = str(Path(run.__file__).parents[2])
    command = [sys.executable, "-c", STEPS, out, day, fault, at, keep]
    return subprocess.Popen(
        [str(c) for c in command],
        env=os.environ | {"PYTHONPATH": src},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wholes(out: Path) -> dict[str, bool]:
    """Return of each thing that readers meet in the folder of the reports whether it is whole."""
    index = (out / "index.html").read_text("utf-8")
    feed = ElementTree.fromstring((out / "feed.xml").read_text("utf-8"))
    told = json.loads((out / "releases.json").read_text("utf-8"))["releases"]
    return {
        "index.html": index.startswith("<!DOCTYPE html>") and index.strip().endswith("</html>"),
        "feed.xml": feed.tag.endswith("feed") and len(feed) > 6,
        "releases.json": bool(told) and all({"name", "published", "news"} <= set(r) for r in told),
        "latest": complete(out / "latest"),
        **{p.name: complete(p) for p in publish.releases(out)},
    }


def told(out: Path) -> list[set[str]]:
    """Return the releases that there are, and those that each file names."""
    index, feed, listed = (
        (out / name).read_text("utf-8") for name in ("index.html", "feed.xml", "releases.json")
    )
    return [
        {p.name for p in publish.releases(out)},
        set(re.findall(r'id="r-([^"]+)"', index)),
        set(re.findall(r'href="([^"/]+)/index.html"', feed)),
        {r["name"] for r in json.loads(listed)["releases"]},
    ]


@pytest.mark.parametrize("fault", ["kill", "full"])
def test_a_fault_at_any_step_of_publishing_leaves_each_file_whole_and_the_next_run_mends(
    tmp_path: Path, fault: str
) -> None:
    out = tmp_path / "reports"
    out.mkdir()
    for day in ("2026-11-20", "2026-11-21"):
        assert steps(out, day).wait() == 0
    every = steps(out, "2026-11-22", fault, keep=2)
    count = int(every.communicate()[0].splitlines()[-1])
    assert count >= 6, "release, latest, one that goes, and the three files beside"
    for at in range(1, count + 1):
        day = f"2026-12-{at:02d}"
        done = steps(out, day, fault, at, keep=2)
        said = done.communicate()[1]
        assert done.returncode, f"step {at}"
        assert all(wholes(out).values()), (at, wholes(out), said)
        assert steps(out, day, keep=2).wait() == 0
        assert all(wholes(out).values()) and len({frozenset(t) for t in told(out)}) == 1
        assert os.readlink(out / "latest") == publish.releases(out)[0].name, f"step {at}"
        assert publish.releases(out)[0].name.startswith(day)
        assert not list((out / ".work").iterdir())


def test_two_writers_leave_each_file_whole_at_every_moment(tmp_path: Path) -> None:
    out = tmp_path / "reports"
    out.mkdir()
    assert steps(out, "2026-11-01").wait() == 0
    looks = 0
    for pair in range(4):
        running = [steps(out, f"2026-11-{n:02d}") for n in (10 + pair, 20 + pair)]
        while any(p.poll() is None for p in running):
            assert all(wholes(out).values())
            looks += 1
        assert [p.returncode for p in running] == [0, 0]
    assert looks > 8 and len(told(out)[0]) == 9
    assert len({frozenset(t) for t in told(out)}) == 1


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
