"""Reports: published in one step or not at all, the same bytes for the same inputs, nothing from outside."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from repatria.record import fingerprint
from repatria.record.fingerprint import ROOT
from repatria.report import run as report
from repatria.report.parameters import Parameters

DAY = Parameters(as_of="2025-06-12", since="2025-05-16")


def book(folder: Path, name: str, *calls: str) -> Path:
    """Write a small notebook in the house's form with one cell per call."""
    nb = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    )
    cell = nbformat.v4.new_code_cell('as_of: str = ""\nsince: str = ""\nlens: str = "best"', id="parameters")
    cell.metadata["tags"] = ["parameters"]
    load = 'import repatria as rp\n\nrecord = rp.load().as_of(as_of)\nbodies = record.events("bodies", lens, since)'
    nb.cells = [nbformat.v4.new_markdown_cell("# Small", id="title"), cell, nbformat.v4.new_code_cell(load, id="load")]
    for i, call in enumerate(calls):
        nb.cells += [nbformat.v4.new_markdown_cell("## What?", id=f"q{i}"), nbformat.v4.new_code_cell(call, id=f"a{i}")]
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, folder / name)
    return folder / name


GOOD = ("rp.brief.headline(record, since, lens)", "rp.charts.handovers(bodies)", 'rp.tables.events(bodies, "bodies")')


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return book(tmp_path_factory.mktemp("books"), "00_small.ipynb", *GOOD)


@pytest.fixture(scope="module")
def published(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small report of 12 June 2025."""
    out = tmp_path_factory.mktemp("reports")
    return report.make(DAY, out, print, books=[good]).folder


def complete(folder: Path) -> bool:
    """Return whether a published report holds every file its manifest lists, unharmed."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return all(fingerprint.of_file(folder / f) == d for f, d in manifest["files"].items()) and bool(manifest["files"])


def test_a_failing_cell_is_named_kept_and_publishes_nothing(published: Path, tmp_path: Path, good: Path) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    before = (out / "latest" / "index.html").read_bytes()
    bad = book(tmp_path, "01_bad.ipynb", "rp.brief.headline(record)", "1 / 0")
    with pytest.raises(report.ReportError, match=r"01_bad\.ipynb: cell \d+: ZeroDivisionError: division by zero"):
        report.make(DAY, out, print, books=[good, bad])
    assert list(out.glob("failed/*/01_bad.ipynb"))
    assert (out / "latest" / "index.html").read_bytes() == before and complete(out / "latest")
    assert not list((out / ".work").iterdir())


def test_a_bad_record_publishes_nothing_and_says_where(folder: Path, tmp_path: Path) -> None:
    with open(folder / "claimants.csv", "a") as f:
        f.write("press,Press,Again,third,no\n")
    result = subprocess.run(
        [sys.executable, "-m", "repatria", "report", "--data", folder, "--out", tmp_path / "reports"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 1
    assert re.match(r"claimants\.csv:\d+: claimant_id: 'press' is there twice\n$", result.stderr)
    assert not list(tmp_path.glob("reports/*"))


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<img src="data:image/png;base64,x">', "a picture without alt text"),
        ('<img alt="a" src="https://example.org/x.png">', "an outside address"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "an outside address"),
        ("<script>1</script>", "a <script> element"),
        ('<p onclick="x()">', "a handler onclick"),
        ('<a href=" JavaScript:alert(1)">x</a>', "a script address"),
        ("<style>body{background:url(https://example.org/x)}</style>", "an outside address in a style"),
    ],
)
def test_an_unfit_page_is_refused(html: str, fault: str) -> None:
    assert any(fault in f for f in report.faults(html))


def test_the_page_is_self_contained_with_alt_text(published: Path) -> None:
    html = (published / "index.html").read_text("utf-8")
    assert report.faults(html) == []
    assert html.count("<img") == 1 and "Two panels of dots" in html
    assert "In [" not in html and "rp.load" not in html, "code is hidden"
    assert '<html lang="en">' in html and "How this was made" in html
    assert "@media print" in html


def test_the_page_of_12_june_knows_only_what_was_known(published: Path) -> None:
    html = (published / "index.html").read_text("utf-8")
    assert 'id="event-bodies-2025-06-11"' in html
    assert "bodies-2025-06-13" not in html
    assert not re.search(r">\s*undated", html)


def test_figures_in_tables_lead_to_claims_and_pages(published: Path) -> None:
    html = (published / "index.html").read_text("utf-8")
    targets = set(re.findall(r'href="#([^"]+)"', html))
    assert targets <= set(re.findall(r'id="([^"]+)"', html)), "no link leads nowhere"
    entry = html.partition('id="event-bodies-2025-06-11"')[2].partition("</details>")[0]
    assert "Medinsky: 27 to Russia" in entry and "https://" in entry


def test_alt_text_survives_for_svg_too() -> None:
    output = nbformat.v4.new_output(
        "display_data", {"image/svg+xml": "<svg></svg>"}, metadata={"image/svg+xml": {"alt": "A finding"}}
    )
    cell = nbformat.v4.new_code_cell("", outputs=[output])
    page = {"title": "t", "record_line": "", "css": "", "sections": [], "ledger": [], "made": [], "guardrail": ""}
    html = report.render(nbformat.v4.new_notebook(cells=[cell]), page)
    assert '<figure role="img" aria-label="A finding">' in html


def test_nothing_is_run_when_nothing_changed(published: Path, good: Path) -> None:
    lines: list[str] = []
    again = report.make(DAY, published.parent, lines.append, books=[good])
    assert again == report.Outcome(published, made=False)
    assert lines[0].startswith("nothing changed")


def test_a_damaged_report_is_made_again(published: Path, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    page = out / published.name / "index.html"
    page.write_text("half", "utf-8")
    assert report.make(DAY, out, print, books=[good]).made
    assert complete(out / published.name)


def test_same_inputs_same_bytes(published: Path, good: Path, tmp_path: Path) -> None:
    other = report.make(DAY, tmp_path / "reports", print, books=[good]).folder
    for path in published.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (other / path.relative_to(published)).read_bytes(), path.name


def test_hostile_but_valid_text_is_inert_in_the_page(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    text = (folder / "schedules.csv").read_text("utf-8")
    old = "Says Kyiv did not confirm the handover and put it off"
    assert old in text
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} =1+1 [a](javascript:alert(3))"
    (folder / "schedules.csv").write_text(text.replace(old, hostile), "utf-8")
    monkeypatch.setenv("REPATRIA_DATA", str(folder))
    small = book(tmp_path, "00_small.ipynb", 'rp.brief.disputed_schedule(record, "istanbul-2025-06-02")')
    page = report.make(DAY, tmp_path / "reports", print, books=[small]).folder / "index.html"
    html = page.read_text("utf-8")
    assert report.faults(html) == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html and "{{7*7}}" in html


KILLED = """
import sys
from pathlib import Path
from repatria.report import run as report
from repatria.report.parameters import Parameters
report.make(Parameters(as_of="2025-06-12", since=sys.argv[3]), Path(sys.argv[1]), print, True, [Path(sys.argv[2])])
"""


def test_kill_at_ten_random_moments_leaves_the_last_report_complete(
    published: Path, good: Path, tmp_path: Path
) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    pick = random.Random(20250612)
    killed = 0
    for _ in range(10):
        run = subprocess.Popen([sys.executable, "-c", KILLED, out, good, DAY.since], start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        time.sleep(pick.uniform(0.1, 6.0))
        killed += run.poll() is None
        os.killpg(run.pid, signal.SIGKILL) if run.poll() is None else None
        run.wait()
        assert complete(out / "latest") and complete(out / published.name)
    assert killed >= 3, "most runs were killed before they ended"
    report.make(DAY, out, print, force=True, books=[good])
    assert not list((out / ".work").iterdir()), "what killed runs left behind is swept"


def test_two_runs_at_once_do_not_hurt_each_other(published: Path, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    runs = [
        subprocess.Popen([sys.executable, "-c", KILLED, out, good, since]) for since in ("2025-05-16", "2025-06-01")
    ]
    assert [r.wait() for r in runs] == [0, 0]
    assert complete(out / "latest") and len(list((out / ".builds").iterdir())) == 2


def test_stored_notebooks_have_no_timings() -> None:
    for path in report.notebooks():
        nb = json.loads((ROOT / "notebooks" / path.name).read_text("utf-8"))
        assert "papermill" not in nb["metadata"]
        assert not any({"execution", "papermill"} & set(c["metadata"]) for c in nb["cells"])


def test_the_whole_record_and_the_past_view_of_its_last_day_are_two_reports(
    good: Path, tmp_path: Path, record: Any
) -> None:
    whole = report.make(Parameters(), tmp_path / "reports", print, books=[good]).folder
    day = f"{record.last_day:%Y-%m-%d}"
    twin = report.make(Parameters(as_of=day), tmp_path / "reports", print, books=[good]).folder
    assert whole.name == day and twin.name.startswith(f"{day}-") and complete(whole) and complete(twin)
