"""Verifying: a release holds, or it is said which numbers differ and why."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from report.conftest import ON, RELEASE, book

from repatria.report import ReportError, provenance, publish, run, verify


@pytest.fixture
def release(published: Path, tmp_path: Path) -> Path:
    """A copy of the small release, to break."""
    return Path(shutil.copytree(published, tmp_path / "reports" / ON))


def test_a_release_holds_on_its_own_data(
    waited: Path, good: Path, folder: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "claims.csv").write_text("the record of today is not read")
    monkeypatch.setenv("REPATRIA_DATA", str(folder))
    monkeypatch.setattr(run, "make", make)
    verdict = verify.release(waited, print, books=[good])
    assert verdict.holds and verdict.lines() == [f"holds: {verdict.files} files, the same bytes"]


@pytest.mark.slow
def test_interval_and_address_are_part_of_what_is_verified(good: Path, tmp_path: Path) -> None:
    made = run.make(
        RELEASE, tmp_path, print, books=[good], on=ON, interval=7, site_url="https://example.org/r"
    )
    assert publish.manifest(made.folder)["inputs"]["told"]["interval"] == 7
    assert verify.release(made.folder, print, books=[good]).holds


def test_other_code_is_told_with_the_numbers_it_moved(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    monkeypatch.setattr(run, "make", make)
    real = provenance.versions
    monkeypatch.setattr(provenance, "versions", lambda: real())
    cells = ("rp.display.brief.not_known(record, since, until, lens)", "bodies = bodies.tail(3)")
    other = book(tmp_path, "00_small.ipynb", *cells, 'rp.display.events.events(bodies, "bodies")')
    (release / "index.html").write_text("harmed")
    verdict = verify.release(release, print, books=[other])
    assert not verdict.holds and verdict.harmed == ("index.html",)
    assert [line.split(":")[0] for line in verdict.why] == ["notebooks 00_small.ipynb"]
    assert "tables/small-bodies.csv" in verdict.differs
    assert any(line.startswith("tables/small-bodies.csv: ") for line in verdict.numbers)
    assert any(line.startswith("made with other inputs: notebooks") for line in verdict.lines())


def test_cells_that_differ_are_named_by_row_and_column(tmp_path: Path) -> None:
    for name, text in (("then", "day,n\n1,2\n3,4\n"), ("now", "day,n\n1,2\n3,5\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text(text)
    (tmp_path / "now" / "b.csv").write_text("x\n")
    both = (tmp_path / "then", tmp_path / "now")
    assert list(verify._numbers(*both, "a.csv")) == ["a.csv:3: n: '4' then, '5' now"]
    assert list(verify._numbers(*both, "b.csv")) == ["b.csv: is new"]


KILLED = """
import os, sys
from pathlib import Path
from repatria.report import publish
with publish.scratch() as work:
    (work / "data").mkdir()
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_verification_left_is_cleared_by_the_next_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "repatria-scratch-mine" / "run-0"
    mine.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    env = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(run.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", KILLED], env=env)
    assert len(list(tmp_path.iterdir())) == 2, "it was killed in the middle"
    with publish.scratch() as work, publish.scratch() as other:
        assert work.is_dir() and other.is_dir(), "one that is alive keeps its own"
    assert list(tmp_path.iterdir()) == [mine.parent]


def _flag(packed: bytearray, at: int, value: int) -> None:
    """Set a byte of every entry of a zip file: before the entry, and in the list at its end."""
    for head, shift in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        place = packed.find(head)
        while place >= 0:
            packed[place + at + shift] = value
            place = packed.find(head, place + 1)


@pytest.mark.parametrize("how", ["cut off", "encrypted", "packed otherwise", *range(8)])
def test_a_damaged_zip_is_one_line_however_it_is_damaged(release: Path, how: str | int) -> None:
    place = release / "data.zip"
    packed = bytearray(place.read_bytes())
    if how == "cut off":
        del packed[len(packed) // 2 :]
    elif how == "encrypted":
        _flag(packed, 6, 1)
    elif how == "packed otherwise":
        _flag(packed, 8, 99)
    else:  # noise in the first bytes of a table that was packed
        start = packed.find(b"claims.csv") + 12
        packed[start : start + 40] = random.Random(how).randbytes(40)
    place.write_bytes(packed)
    with pytest.raises(ReportError, match=r"data\.zip: [^\n]+$"):
        verify.release(release, books=[])


@pytest.mark.parametrize(
    ("where", "value", "why"),
    [
        ("on", "../../../up", "manifest.json: Invalid isoformat string"),
        ("on", 3, "no manifest"),
        ("inputs", {"parameters": {}, "told": {"say": 1, "new": 2}}, "with say, new of a form"),
        ("inputs", {"parameters": {}, "told": {"interval": "7"}}, "with interval of a form"),
        ("inputs", {"parameters": {"lens": ["x"]}}, "lens: "),
        ("inputs", [], "no manifest"),
    ],
)
def test_a_manifest_of_another_form_is_one_line(
    release: Path, where: str, value: object, why: str
) -> None:
    held = json.loads((release / "manifest.json").read_text())
    (release / "manifest.json").write_text(json.dumps(held | {where: value}))
    with pytest.raises(ReportError, match=why):
        verify.release(release, books=[])


@pytest.mark.parametrize("what", ["manifest", "data.zip", "not a zip", "other data", "nothing"])
def test_what_cannot_be_verified_is_one_line(release: Path, what: str) -> None:
    if what == "manifest":
        (release / "manifest.json").write_text("{}")
    elif what == "data.zip":
        (release / "data.zip").unlink()
    elif what == "not a zip":
        (release / "data.zip").write_text("x")
    else:
        with zipfile.ZipFile(release / "data.zip", "w") as held:
            held.writestr("data/claims.csv" if what == "other data" else "../../x", "y")
    with pytest.raises(ReportError, match=r"^\S+: [\w ]+"):
        verify.release(release)
    assert not (release.parent.parent / "x").exists()
