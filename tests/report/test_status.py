"""Status: a stale record turns red; what cannot be read is said to be so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from repatria.cli import app
from repatria.record.fingerprint import data_folder, of_data
from repatria.report import ReportError, publish, status


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A release of 25 November 2026 of the project's record, read through 9 October."""
    with publish.workshop(tmp_path) as work:
        folder = work / "page"
        folder.mkdir()
        (folder / "index.html").write_text("page")
        facts = {
            "on": "2026-11-25",
            "read_through": {"bodies": "2026-10-09", "prisoners": "2026-10-20"},
            "inputs": {"data": of_data(data_folder())},
        }
        publish.seal(folder, facts, "k")
        publish.put(folder, tmp_path, publish.free(tmp_path, "2026-11-25"))
    return tmp_path


def test_the_kind_read_least_far_counts(out: Path) -> None:
    found = status.of(out, data_folder(), "2026-11-25")
    assert (found.read_through, found.unread) == ("2026-10-09", 47)
    assert not found.harmed and not found.outdated
    assert len(found.lines()) == 2


def test_a_record_that_changed_since_and_a_harmed_file_are_said(out: Path, folder: Path) -> None:
    with open(folder / "claimants.csv", "a") as f:
        f.write("new,New,office,third,no\n")
    (out / "latest" / "index.html").write_text("harmed")
    found = status.of(out, folder, "2026-11-25")
    assert not found.broken and "the record has changed since" in "".join(found.lines())
    assert found.outdated and found.harmed == ("index.html",)
    assert "not as published: index.html" in found.lines()


def test_a_release_of_a_day_to_come_is_an_error(out: Path) -> None:
    with pytest.raises(ReportError, match=r"2026-11-25: of a day after today, 2026-11-24"):
        status.of(out, data_folder(), "2026-11-24")


def test_a_record_that_broke_since_is_red(out: Path, folder: Path) -> None:
    (folder / "claims.csv").write_text("x\n")
    got = CliRunner().invoke(app, ["status", "--out", str(out), "--data", str(folder)])
    assert got.exit_code == 1 and "the record has errors: claims.csv:1: " in got.stdout


@pytest.mark.parametrize("manifest", ["", "{}", '{"files": {}, "on": 3}', '{"files": {"a": "b"}}'])
def test_no_release_and_a_damaged_one_are_errors_of_one_line(out: Path, manifest: str) -> None:
    with pytest.raises(ReportError, match="no release"):
        status.of(out / "nowhere", data_folder(), "2026-11-25")
    (out / "latest" / "manifest.json").write_text(manifest)
    with pytest.raises(ReportError, match=r"manifest\.json: damaged"):
        status.of(out, data_folder(), "2026-11-25")


@pytest.mark.parametrize(("max_age", "code"), [("0", 0), ("99999", 0), ("1", 3)])
def test_exit_codes(out: Path, max_age: str, code: int) -> None:
    # Read so long ago that it is stale whatever the clock says.
    place = out / "latest" / "manifest.json"
    held = json.loads(place.read_text())
    held["read_through"] = {"bodies": "2023-10-09"}
    place.write_text(json.dumps(held))
    got = CliRunner().invoke(app, ["status", "--out", str(out), "--max-age", max_age])
    assert got.exit_code == code and "read through: 2023-10-09" in got.stdout
    (out / "latest" / "index.html").unlink()
    assert CliRunner().invoke(app, ["status", "--out", str(out)]).exit_code == 1
    assert CliRunner().invoke(app, ["status", "--out", str(out / "no")]).exit_code == 1
    assert CliRunner().invoke(app, ["status", "--max-age", "x"]).exit_code == 2
