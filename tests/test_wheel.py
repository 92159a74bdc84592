"""Without the checkout: the wheel alone, in an environment of its own, loads the record and reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from report.conftest import GOOD, book

from repatria.record.fingerprint import ROOT, of_data

REPORT = """
import sys
from pathlib import Path
from repatria.report import Parameters, make, provenance
assert len(provenance.notebooks()) >= 4 and len(provenance.inputs(Parameters(), Path(), [])["lock"]) == 64
parameters = Parameters(as_of="2025-06-12", since="2025-05-16")
print(make(parameters, Path("reports"), lambda line: None, books=[Path(sys.argv[1])]).folder)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the built wheel; the libraries are this environment's, the package is not."""
    folder = tmp_path_factory.mktemp("bare")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist"]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "env", symlinks=True)
    (packages,) = folder.glob("env/lib/python*/site-packages")
    # A path file inside a path file's folder is not read: the editable package stays out of sight.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    (folder / "env" / "share").mkdir()
    # nbconvert's templates are no Python files: where it is installed they lie here.
    (folder / "env" / "share" / "jupyter").symlink_to(Path(sys.prefix, "share", "jupyter"))
    pip = [sys.executable, "-m", "pip", "--python", folder / "env/bin/python", "install"]
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, wheel], check=True, capture_output=True)
    return folder / "env" / "bin"


def ran(cwd: Path, *command: object) -> str:
    """Return what a command prints, run elsewhere and without this environment's variables."""
    cwd.mkdir(exist_ok=True)
    bare = {"PATH": os.defpath, "HOME": str(cwd)}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=bare, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_checks_the_record_that_the_wheel_carries(
    installed: Path, tmp_path: Path
) -> None:
    where = ran(tmp_path, installed / "python", "-c", "import repatria; print(repatria.__file__)")
    assert Path(where).is_relative_to(installed.parent)
    told = ran(tmp_path, installed / "repatria", "check", "--no-warnings")
    assert told.startswith("0 errors") and of_data(ROOT / "data")[:12] in told
    assert "1,200" in ran(
        tmp_path,
        installed / "repatria",
        "events",
        "--kind=bodies",
        "--since=2025-06-13",
        "--until=2025-06-13",
    )


@pytest.mark.slow
def test_a_report_is_made_there(installed: Path, tmp_path: Path) -> None:
    small = book(tmp_path / "books", "00_small.ipynb", *GOOD)
    told = ran(tmp_path / "elsewhere", installed / "python", "-c", REPORT, small)
    page = tmp_path / "elsewhere" / told.strip() / "index.html"
    pages = "".join(p.read_text("utf-8") for p in page.parent.glob("*.html"))
    assert "Two panels of dots" in pages, "the chart, by its alt text"
    manifest = json.loads((page.parent / "manifest.json").read_text("utf-8"))
    assert manifest["inputs"]["data"] == of_data(ROOT / "data")
