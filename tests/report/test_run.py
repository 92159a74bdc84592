"""A report: the same bytes for the same inputs, nothing run twice, a failure named and harmless."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report.conftest import DAY, ON, RELEASE, WAITING, book, complete

from repatria.record.fingerprint import data_folder, of_data
from repatria.report import ReportError, provenance, publish, run, status
from repatria.report.parameters import Parameters

Make = Callable[..., run.Outcome]
pytestmark = pytest.mark.usefixtures("of_ten")


def test_a_failing_cell_is_named_kept_and_publishes_nothing(
    published: Path, tmp_path: Path, good: Path, make: Make
) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    before = (out / "latest" / "index.html").read_bytes()
    bad = book(tmp_path, "01_bad.ipynb", "rp.display.brief.how_to_read(record)", "1 / 0")
    cause = r"01_bad\.ipynb: cell \d+: ZeroDivisionError: division by zero"
    with pytest.raises(ReportError, match=cause):
        make(RELEASE, out, print, books=[good, bad], on=ON)
    assert list(out.glob("failed/release/01_bad.ipynb"))
    assert (out / "latest" / "index.html").read_bytes() == before and complete(out / "latest")
    assert not list((out / ".work").iterdir())


def test_a_bad_record_publishes_nothing_and_says_where(folder: Path, tmp_path: Path) -> None:
    with open(folder / "claimants.csv", "a") as f:
        f.write("press,Press,Again,third,no\n")
    log, said = tmp_path / "log", tmp_path / "said"
    command = [sys.executable, "-m", "repatria", "report"]
    options = ["--data", folder, "--out", tmp_path / "reports"]
    options += ["--log", log, "--on-failure", f"cat > {said}"]
    result = subprocess.run([*command, *options], capture_output=True, text=True)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert re.match(r"claimants\.csv:\d+: claimant_id: 'press' is there twice$", last)
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:+]+ failed: claimants\.csv:", log.read_text())
    assert said.read_text().startswith("failed: claimants.csv:")
    assert not publish.releases(tmp_path / "reports")


def test_nothing_is_run_when_nothing_changed(published: Path, good: Path) -> None:
    lines: list[str] = []
    again = run.make(RELEASE, published.parent, lines.append, books=[good], on=ON)
    assert again == run.Outcome(published, made=False)
    assert lines[0].startswith("nothing changed")


def test_what_waits_to_be_read_is_an_input_and_told(
    published: Path, waited: Path, good: Path
) -> None:
    assert "to be read, the oldest" not in (published / "index.html").read_text("utf-8")
    words = " ".join((waited / "index.html").read_text("utf-8").split())
    assert "3 pages wait to be read, the oldest of 2 June 2025" in words
    assert publish.manifest(waited)["inputs"]["told"]["waiting"] == WAITING
    given = {"books": [good], "on": ON, "waiting": dict(WAITING)}
    assert not run.make(RELEASE, waited.parent, print, **given).made
    assert publish.manifest(published)["run_key"] != publish.manifest(waited)["run_key"]


def test_another_day_alone_is_no_reason_to_run_unless_it_is_asked_for(
    good: Path, tmp_path: Path, make: Make
) -> None:
    out = tmp_path / "reports"
    first = make(Parameters(), out, print, books=[good], on="2026-11-20")
    assert make(Parameters(), out, print, books=[good]) == run.Outcome(first.folder, False)
    later = make(Parameters(), out, print, books=[good], on="2026-11-21")
    assert later.made and later.folder.name == "2026-11-21"


def test_a_release_of_a_day_to_come_is_named_before_anything_runs(
    published: Path, good: Path, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    monkeypatch.setattr(run, "today", lambda: "2025-06-11")
    with pytest.raises(ReportError, match=rf"^{published}: of a day after today, 2025-06-11"):
        make(Parameters(), published.parent, print, books=[good])


def test_a_release_of_changed_data_follows_one_of_other_data_and_tells_what_is_new(
    published: Path, good: Path, ten: Path, tmp_path: Path, make: Make
) -> None:
    out, data = tmp_path / "reports", tmp_path / "data"
    shutil.copytree(published.parent, out, symlinks=True)
    shutil.copytree(ten, data)
    claims = (data / "claims.csv").read_text("utf-8")
    (data / "claims.csv").write_text(claims.replace(",909,909,", ",1009,1009,"), "utf-8")
    made = make(RELEASE, out, print, books=[good], on=ON, data=data)
    assert os.readlink(out / "latest") == f"{ON}-b" and complete(made.folder)
    told = json.loads((made.folder / "release.json").read_text("utf-8"))
    assert told["superseded"] == ["28 May 2025, bodies, to Ukraine: 909 → 1,009"]
    assert publish.manifest(made.folder)["inputs"]["data"] == of_data(data) != of_data(ten)


@pytest.mark.slow
def test_data_that_went_back_is_published_again(
    good: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    """A release with the same key further back is not the newest: `latest` would show other data."""
    monkeypatch.setenv("REPATRIA_DATA", str(folder))
    out, table = tmp_path / "reports", folder / "claimants.csv"
    before = table.read_text("utf-8")
    make(Parameters(), out, print, books=[good], on="2026-11-20")
    table.write_text(before + "new,New,office,third,no\n", "utf-8")
    make(Parameters(), out, print, books=[good], on="2026-11-21")
    table.write_text(before, "utf-8")
    made = make(Parameters(), out, print, books=[good], on="2026-11-22")
    assert made.made and os.readlink(out / "latest") == "2026-11-22"


@pytest.mark.parametrize("name", ["index.html", "manifest.json"])
def test_a_damaged_release_stays_and_is_made_again_beside_it(
    published: Path, good: Path, tmp_path: Path, name: str, make: Make
) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    (out / ON / name).write_text("half", "utf-8")
    (out / "failed" / "release").mkdir(parents=True)
    made = make(RELEASE, out, print, books=[good], on=ON)
    assert made.folder.name == f"{ON}-b" and complete(out / "latest")
    assert (out / ON / name).read_text("utf-8") == "half"
    assert not (out / "failed").exists(), "a success clears what an earlier failure left"


def test_other_parameters_are_a_view_and_never_latest(
    published: Path, good: Path, tmp_path: Path, make: Make
) -> None:
    out = tmp_path / "reports"
    shutil.copytree(published.parent, out, symlinks=True)
    made = make(DAY, out, print, books=[good], on=ON, waiting=WAITING).folder
    assert made == out / "views" / "as-of-2025-06-12_since-2025-05-16" and complete(made)
    assert os.readlink(out / "latest") == ON
    told = publish.manifest(made)["inputs"].get("told", {})
    assert "waiting" not in told, "only a release tells of the inbox"
    assert not run.make(DAY, out, print, books=[good], on=ON).made


MAKE = """
import os, sys
os.umask(int(sys.argv[4], 8))
from pathlib import Path
from repatria.report import Parameters, make
make(Parameters(as_of="2025-06-12"), Path(sys.argv[1]), print, books=[Path(sys.argv[2])], on=sys.argv[3])
"""


def test_same_inputs_same_bytes_from_any_environment(
    published: Path, good: Path, tmp_path: Path
) -> None:
    """Another HOME, folder, umask, locale, time zone, hash seed, and start-up files; of the clock only its day could
    show, and that is given."""
    home = tmp_path / "user"
    start = home / ".ipython" / "profile_default" / "startup"
    start.mkdir(parents=True)
    (start / "00.py").write_text("import pandas; pandas.Series.sum = lambda self, **_: 666\n")
    (tmp_path / "matplotlibrc").write_text("font.size: 30\n")
    env = {
        "PATH": os.defpath,
        "HOME": str(home),
        "LANG": "tr_TR.ISO-8859-9",
        "LC_ALL": "C",
        "TZ": "Pacific/Kiritimati",
        "PYTHONHASHSEED": "77",
        "MPLBACKEND": "svg",
        "SOURCE_DATE_EPOCH": "1",
        "PYTHONPATH": str(Path(run.__file__).parents[2]),
        "REPATRIA_DATA": str(data_folder()),
    }
    command = [sys.executable, "-c", MAKE, tmp_path / "reports", good, ON, "077"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    other = tmp_path / "reports" / ON
    names = {p.relative_to(f) for f in (published, other) for p in f.rglob("*") if p.is_file()}
    assert len(names) >= 4
    for name in names:
        assert (published / name).read_bytes() == (other / name).read_bytes(), name


def test_data_edited_while_it_runs_does_not_reach_the_release(
    good: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    monkeypatch.setenv("REPATRIA_DATA", str(folder))
    digest = of_data(folder)
    table = folder / "claims.csv"
    late = book(tmp_path, "00_late.ipynb", f"open('{table}', 'a').write('x')", "rp.load().digest")
    made = make(Parameters(), tmp_path / "reports", print, books=[late], on="2026-11-25")
    held = publish.manifest(made.folder)
    assert held["inputs"]["data"] == digest != of_data(folder)
    assert digest in (made.folder / "release.json").read_text("utf-8")


def test_a_kernel_that_read_other_data_publishes_nothing(
    folder: Path, tmp_path: Path, make: Make
) -> None:
    with open(folder / "claimants.csv", "a") as f:
        f.write("new,New,office,third,no\n")
    other = book(tmp_path, "00_other.ipynb", f"len(rp.load('{folder}').tables)")
    with pytest.raises(ReportError, match=r"00_other\.ipynb: not what the manifest says: data: "):
        make(RELEASE, tmp_path / "reports", print, books=[other], on=ON)
    assert not publish.releases(tmp_path / "reports")


def test_code_edited_while_it_runs_publishes_nothing(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    real = provenance.inputs
    monkeypatch.setattr(provenance, "inputs", lambda *a: real(*a) | {"code": "0" * 64})
    with pytest.raises(ReportError, match="code: the manifest says 000000000000, the kernel used"):
        make(RELEASE, tmp_path / "reports", print, books=[good], on=ON)


def test_a_notebook_edited_while_it_runs_is_the_one_of_the_start(
    tmp_path: Path, make: Make
) -> None:
    path = tmp_path / "00_self.ipynb"
    edit = f"p = '{path}'; t = open(p).read(); open(p, 'w').write(t.replace('Small', 'Large'))"
    made = make(RELEASE, tmp_path / "r", print, books=[book(tmp_path, path.name, edit)], on=ON)
    held = publish.manifest(made.folder)["inputs"]["notebooks"][path.name]
    assert held != provenance.of_notebook(path)
    assert "Large" not in (made.folder / "index.html").read_text("utf-8")


def test_what_is_no_plain_file_is_named_and_waited_for_by_nobody(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: Path
) -> None:
    from repatria import RecordError

    monkeypatch.setenv("REPATRIA_DATA", str(folder))
    (folder / "claims.csv").unlink()
    os.mkfifo(folder / "claims.csv")
    with pytest.raises(RecordError, match=r"claims\.csv: is a pipe, not a plain file"):
        run.make(Parameters(), tmp_path / "reports", print, books=[good])


def test_the_manifest_says_what_a_release_is(published: Path) -> None:
    held = json.loads((published / "manifest.json").read_text("utf-8"))
    assert held["on"] == ON and held["last_day"] == ON
    assert held["read_through"] == {"bodies": ON, "prisoners": ON}, "thin reading is reading"
    page = json.loads((published / "release.json").read_text("utf-8"))
    assert status.of(published.parent, data_folder(), ON).read_through == page["read_through"] == ON
    assert set(held["inputs"]) >= {
        "parameters",
        "data",
        "code",
        "notebooks",
        "lock",
        "versions",
        "settings",
    }
    assert "/" not in json.dumps(held["inputs"]), "no path of this machine"


def test_a_label_names_every_parameter_that_is_not_its_default(record: Any) -> None:
    assert run.label(Parameters(), ON) == run.label(RELEASE, ON) == ""
    assert run.label(RELEASE, "2026-11-25") == "as-of-2025-06-12"
    assert (
        run.label(Parameters(lens="russia", until="2025-06-01"), ON)
        == "until-2025-06-01_lens-russia"
    )
