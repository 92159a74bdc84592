"""The log, the hooks, and the end of a run that is interrupted."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from report.conftest import book
from typer.testing import CliRunner

from repatria.cli import app
from repatria.report import forks, log, provenance, publish, run


def test_lines_are_dated_and_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "log"
    for word in ("one", "two"):
        with log.opened(file, "doing") as say:
            say(word)
    assert re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 (one|two)\n){2}", file.read_text())
    assert capsys.readouterr().err == file.read_text()


def test_a_log_on_a_full_device_does_not_fail_the_run() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with log.opened(Path("/dev/full"), "doing") as say:
        say("one")


def test_a_hook_gets_the_message_and_its_failure_is_said_not_raised(tmp_path: Path) -> None:
    lines: list[str] = []
    command = f'cat > {tmp_path}/in; echo "$REPATRIA_MESSAGE $REPATRIA_PUBLISHED" > {tmp_path}/env'
    log.hook(command, "published: x; rm -rf", {"REPATRIA_PUBLISHED": "x"}, lines.append)
    assert (tmp_path / "in").read_text() == "published: x; rm -rf\n" and not lines
    assert (tmp_path / "env").read_text() == "published: x; rm -rf x\n"
    log.hook("echo boo >&2; exit 7", "m", {}, lines.append)
    log.hook("", "m", {}, lines.append)
    log.hook("printf '\\377 boo\\n' >&2; exit 7", "no text \udcff", {}, lines.append)
    log.hook("x\0", "m", {}, lines.append)
    assert lines == ["hook: exit 7: boo", "hook: exit 7: \ufffd boo", "hook: embedded null byte"]


@pytest.mark.skipif(not forks.forks(), reason="no pidfd here")
def test_a_hook_that_takes_too_long_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "HOOK_TIMEOUT", 2)
    lines: list[str] = []
    command = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    log.hook(command, "m", {}, lines.append)
    assert lines == [f"hook: ended after 2 seconds: {command}"]
    with contextlib.suppress(ProcessLookupError):  # it has ended
        ended = os.pidfd_open(int((tmp_path / "pid").read_text()))
        assert select.select([ended], [], [], 60)[0], "it lives on"


@pytest.mark.parametrize("wrong", ["log", "record", "no notebook", "a code that fails"])
def test_whatever_fails_is_told_to_the_hook(
    tmp_path: Path, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_file = tmp_path / ("none/log" if wrong == "log" else "log")
    given = ["report", "--out", str(tmp_path / "r"), "--log", str(log_file)]
    given += ["--on-failure", f"cat > {tmp_path}/told"]
    if wrong == "record":
        (tmp_path / "data").mkdir()
        monkeypatch.setenv("REPATRIA_DATA", str(tmp_path / "data"))
    elif wrong == "no notebook":
        (tmp_path / "05_cut_off.ipynb").write_text('{"cells": [')
        books = provenance.notebooks
        monkeypatch.setattr(provenance, "notebooks", lambda: books(tmp_path))
    elif wrong == "a code that fails":
        monkeypatch.setattr(run, "make", lambda *_, **__: {}["key"])
    got = CliRunner().invoke(app, given)
    assert got.exit_code == 1
    why = {
        "log": f"{log_file}: No such file or directory",
        "record": "agreements.csv: ",
        "no notebook": f"{tmp_path}/05_cut_off.ipynb: not a notebook (nbformat 4): JSONDecodeError",
        "a code that fails": "KeyError('key')",
    }[wrong]
    assert (tmp_path / "told").read_text().startswith(f"failed: {why}")
    if wrong != "log":
        assert f"failed: {why}" in log_file.read_text()


EARLY = """
import os, sys, time
from repatria import cli
signum = int(sys.argv.pop())
cli._parameters = lambda **_: (os.kill(os.getpid(), signum), time.sleep(60))
cli.main()
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_interrupted_before_it_has_begun_says_so(signum: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EARLY, "report", str(int(signum))],
        env=os.environ | {"PYTHONPATH": str(Path(run.__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


@pytest.mark.parametrize("stream", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_stream_that_is_closed_is_none_of_the_files_that_are_opened(
    tmp_path: Path, stream: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m repatria watch --list {stream}"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(run.__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "1>&-" in stream or done.stdout


def test_what_the_operating_system_refuses_is_one_line_of_any_verb(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "repatria", "check", "--no-warnings"],
            env=os.environ | {"PYTHONPATH": str(Path(run.__file__).parents[2])},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (1, "No space left on device\n")


@pytest.mark.parametrize(
    "signum", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.faults)]
)
def test_an_interrupted_run_ends_within_three_seconds_with_one_line(
    tmp_path: Path, signum: signal.Signals
) -> None:
    out, begun = tmp_path / "reports", tmp_path / "begun"
    cell = f"import time; open('{begun}', 'w').close(); time.sleep(300)"
    long = book(tmp_path / "books", "00_long.ipynb", cell)
    code = (
        "import sys; from pathlib import Path; from repatria import cli; from repatria.report import provenance\n"
        f"provenance.notebooks = lambda: [Path({str(long)!r})]\n"
        f"sys.argv = ['repatria', 'report', '--out', {str(out)!r}]; cli.main()"
    )
    env = os.environ | {"PYTHONPATH": str(Path(run.__file__).parents[2])}
    making = subprocess.Popen(
        [sys.executable, "-c", code], env=env, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not begun.exists():
        assert time.monotonic() < deadline and making.poll() is None
        time.sleep(0.05)
    sent = time.monotonic()
    making.send_signal(signum)
    _, err = making.communicate(timeout=60)
    assert time.monotonic() - sent < 3
    assert making.returncode == 130
    [line] = [x for x in err.splitlines() if not re.match(r"\d{4}-", x)]
    assert line == "interrupted: what was published before stays as it was"
    assert not list((out / ".work").iterdir()) and not publish.releases(out)
    assert not (out / "failed").exists(), "a notebook that was interrupted did not fail"
