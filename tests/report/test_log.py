"""The log, the hooks, and the end of a run that is interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from report.conftest import book

from repatria.report import log, publish, run


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
    assert lines == ["hook: exit 7: boo"]


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
