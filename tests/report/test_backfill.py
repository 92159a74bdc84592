"""Backfill: each view once, whoever makes it; a worker that dies loses nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from report.conftest import book, complete

from repatria.report import ReportError, backfill
from repatria.report.parameters import Parameters

DAYS = [Parameters(as_of=d) for d in ("2025-05-31", "2025-06-30")]
ON = "2026-11-25"
pytestmark = pytest.mark.usefixtures("of_ten")


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (("2025-06-01", "2025-05-01", "1"), "to: 2025-05-01 is before 2025-06-01"),
        (("2025-06-01", "2025-06-02", "0"), "neither a number of days nor month"),
        (("2025-06-01", "2025-06-02", "²"), "neither a number of days nor month"),
        (("2025-06-01", "2025-06-02", "-7"), "neither a number of days nor month"),
        (("2025-13-01", "2025-06-02", "7"), "is not a day"),
    ],
)
def test_days_that_are_none_are_refused(given: tuple[str, str, str], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        backfill.days(*given)


def test_days_hold_both_ends() -> None:
    assert backfill.days("2025-06-01", "2025-06-03", "1") == [
        "2025-06-01",
        "2025-06-02",
        "2025-06-03",
    ]
    assert backfill.days("2025-06-01", "2025-06-01", "month") == []


@pytest.mark.parametrize("at_once", [1, pytest.param(2, marks=pytest.mark.faults)])
def test_a_view_that_fails_is_named_and_the_others_are_made_and_kept(
    tmp_path: Path, at_once: int
) -> None:
    """And a second run makes only what is not there; a worker that dies once costs nothing."""
    out, once = tmp_path / "reports", tmp_path / "once"
    dies = (
        f"import os, signal\nif not os.path.exists('{once}'):\n"
        f"    open('{once}', 'w').close(); os.kill({{worker}}, signal.SIGKILL)"
    )
    find = "worker = int(open(f'/proc/{os.getppid()}/stat').read().split()[3])"
    cell = f"import os\n{find}\n{dies.replace('{worker}', 'worker')}"
    fails = "assert as_of != '2025-06-30' or os.path.exists('" + str(tmp_path / "mended") + "')"
    books = [book(tmp_path / "books", "00_x.ipynb", cell, fails, "as_of")]
    lines: list[str] = []
    with pytest.raises(ReportError, match=r"1 of 2 views failed: as-of-2025-06-30: 00_x"):
        backfill.make(DAYS, out, lines.append, books=books, on=ON, at_once=at_once)
    assert any("a worker died" in line for line in lines)
    assert complete(out / "views" / "as-of-2025-05-31")
    assert not (out / "views" / "as-of-2025-06-30").exists()
    lines.clear()
    assert backfill.make(DAYS[:1], out, lines.append, books=books, on=ON) == [
        out / "views" / "as-of-2025-05-31"
    ]
    assert lines == ["1 views, 1 there already"]
    if at_once == 1:
        return  # the others end what was begun
    (tmp_path / "mended").touch()
    lines.clear()
    made = backfill.make(DAYS, out, lines.append, books=books, on=ON, at_once=at_once)
    assert lines[0] == "2 views, 1 there already" and len(lines) == 2
    assert all(complete(p) for p in made) and "2025-06-30" in (made[1] / "index.html").read_text()
    assert not list((out / ".work").iterdir()) and not (out / "latest").exists()


def test_no_cluster_is_one_line(
    tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "ANSWER", 0.2)
    with pytest.raises(ReportError, match=r"needs Dask|tcp://127\.0\.0\.1:1"):
        backfill.make(DAYS, tmp_path, print, "tcp://127.0.0.1:1", [good], ON)


@pytest.mark.faults
def test_on_a_cluster_of_two_workers_one_of_which_is_killed(tmp_path: Path, good: Path) -> None:
    distributed = pytest.importorskip("distributed")
    wanted = [Parameters(as_of=f"2025-0{m}-28") for m in range(2, 8)]
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, nanny=True
    ) as cluster:
        killed: list[int] = []

        def say(line: str) -> None:
            if line.startswith("1 of 6"):
                worker = next(iter(cluster.workers.values()))
                killed.append(worker.process.process.pid)
                os.kill(killed[0], 9)
            print(line)

        made = backfill.make(wanted, tmp_path, say, cluster.scheduler_address, [good], ON)
    assert killed and len(made) == 6 and all(complete(p) for p in made)


@pytest.mark.faults
def test_a_cluster_without_workers_is_waited_for_and_said_to_be(tmp_path: Path, good: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=0, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        lines: list[str] = []

        def say(line: str) -> None:
            lines.append(line)
            if "no worker yet" in line:
                cluster.scale(1)

        made = backfill.make(DAYS[:1], tmp_path, say, cluster.scheduler_address, [good], ON)
    assert "no worker yet" in lines[1] and complete(made[0])
