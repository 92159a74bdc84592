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
from report.conftest import DAY, complete

from repatria.report import publish, run

MAKE = """
import sys
from pathlib import Path
from repatria.report import Parameters, make
parameters = Parameters(as_of="2025-06-12", since=sys.argv[3])
make(parameters, Path(sys.argv[1]), print, True, [Path(sys.argv[2])])
"""


def start(out: Path, book: Path, since: str) -> subprocess.Popen[bytes]:
    """Begin to make a report in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", MAKE, out, book, since],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_kill_at_ten_random_moments_leaves_the_last_report_complete(
    published: Path, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    pick = random.Random(20250612)
    killed = 0
    for _ in range(10):
        process = start(out, good, DAY.since)
        time.sleep(pick.uniform(0.1, 6.0))
        if process.poll() is None:
            killed += 1
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert complete(out / "latest") and complete(out / published.name)
    assert killed >= 3, "most runs were killed before they ended"
    run.make(DAY, out, print, force=True, books=[good])
    assert not list((out / ".work").iterdir()), "what killed runs left behind is swept"


def test_two_runs_at_once_do_not_hurt_each_other(
    published: Path, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "reports"
    runs = [start(out, good, since) for since in ("2025-05-16", "2025-06-01")]
    assert [r.wait() for r in runs] == [0, 0]
    assert complete(out / "latest") and len(list((out / ".builds").iterdir())) == 2


def test_what_is_not_a_whole_report_is_not_found(tmp_path: Path) -> None:
    assert publish.found(tmp_path / "nowhere", "k") is None
    folder = tmp_path / "2025-06-12"
    folder.mkdir()
    (folder / "index.html").write_text("page")
    for text in ("", "[]", "{", '{"run_key": "k"}'):
        (folder / "manifest.json").write_text(text)
        assert publish.found(tmp_path, "k") is None, text
    (folder / "manifest.json").unlink()
    publish.seal(folder, {"rule": "r"}, "k")
    assert publish.found(tmp_path, "k") == folder and publish.found(tmp_path, "other") is None
    (folder / "index.html").unlink()
    assert publish.found(tmp_path, "k") is None


@pytest.mark.parametrize("there", [True, False])
def test_a_published_folder_replaces_only_builds_of_its_own_name(
    tmp_path: Path, there: bool
) -> None:
    if there:
        with publish.workshop(tmp_path) as work:
            (work / "page").mkdir()
            publish.seal(work / "page", {}, "b" * 64)
            publish.put(work / "page", tmp_path, "2025-06-12-aaaa", "b" * 64)
    for key in ("c" * 64, "d" * 64):
        with publish.workshop(tmp_path) as work:
            (work / "page").mkdir()
            publish.seal(work / "page", {}, key)
            assert publish.put(work / "page", tmp_path, "2025-06-12", key).is_symlink()
    assert publish.found(tmp_path, "d" * 64) == tmp_path / "2025-06-12"
    assert publish.found(tmp_path, "c" * 64) is None
    assert (tmp_path / "latest").resolve() == (tmp_path / "2025-06-12").resolve()
    assert (publish.found(tmp_path, "b" * 64) is not None) is there
