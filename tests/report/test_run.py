"""A report: the same bytes for the same inputs, nothing run twice, a failure named and harmless."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from report.conftest import DAY, book, complete

from repatria.report import ReportError, run
from repatria.report.parameters import Parameters


def test_a_failing_cell_is_named_kept_and_publishes_nothing(
    published: Path, tmp_path: Path, good: Path
) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    before = (out / "latest" / "index.html").read_bytes()
    bad = book(tmp_path, "01_bad.ipynb", "rp.display.brief.headline(record)", "1 / 0")
    cause = r"01_bad\.ipynb: cell \d+: ZeroDivisionError: division by zero"
    with pytest.raises(ReportError, match=cause):
        run.make(DAY, out, print, books=[good, bad])
    assert list(out.glob("failed/*/01_bad.ipynb"))
    assert (out / "latest" / "index.html").read_bytes() == before and complete(out / "latest")
    assert not list((out / ".work").iterdir())


def test_a_bad_record_publishes_nothing_and_says_where(folder: Path, tmp_path: Path) -> None:
    with open(folder / "claimants.csv", "a") as f:
        f.write("press,Press,Again,third,no\n")
    command = [sys.executable, "-m", "repatria", "report"]
    options = ["--data", folder, "--out", tmp_path / "reports"]
    result = subprocess.run([*command, *options], capture_output=True, text=True)
    assert result.returncode == 1
    assert re.match(r"claimants\.csv:\d+: claimant_id: 'press' is there twice\n$", result.stderr)
    assert not list(tmp_path.glob("reports/*"))


def test_nothing_is_run_when_nothing_changed(published: Path, good: Path) -> None:
    lines: list[str] = []
    again = run.make(DAY, published.parent, lines.append, books=[good])
    assert again == run.Outcome(published, made=False)
    assert lines[0].startswith("nothing changed")


def test_a_damaged_report_is_made_again(published: Path, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    page = out / published.name / "index.html"
    page.write_text("half", "utf-8")
    assert run.make(DAY, out, print, books=[good]).made
    assert complete(out / published.name)


def test_same_inputs_same_bytes(published: Path, good: Path, tmp_path: Path) -> None:
    other = run.make(DAY, tmp_path / "reports", print, books=[good]).folder
    for path in published.rglob("*"):
        if path.is_file():
            twin = other / path.relative_to(published)
            assert path.read_bytes() == twin.read_bytes(), path.name


def test_the_whole_record_and_the_past_view_of_its_last_day_are_two_reports(
    good: Path, tmp_path: Path, record: Any
) -> None:
    whole = run.make(Parameters(), tmp_path / "reports", print, books=[good]).folder
    day = f"{record.last_day:%Y-%m-%d}"
    past = Parameters(as_of=day)
    twin = run.make(past, tmp_path / "reports", print, books=[good]).folder
    assert whole.name == day and twin.name.startswith(f"{day}-")
    assert complete(whole) and complete(twin)
