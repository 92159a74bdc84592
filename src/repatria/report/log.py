"""What a run says while it goes on: dated lines for a scheduler, a status line for a terminal, messages to hooks."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from repatria.report.base import Say

__all__ = ["hook", "interruptible", "opened"]

HOOK_TIMEOUT = 120  # seconds a hook may take


@contextlib.contextmanager
def opened(file: Path | None, doing: str) -> Iterator[Say]:
    """Give what takes a run's lines: a status on a terminal, else dated lines on standard error.

    With `file`, dated lines are added to it as well. Raises OSError if it cannot be opened; a log that fills the disk
    later does not fail the run.
    """
    with contextlib.ExitStack() as held:
        log = file.open("a", encoding="utf-8", buffering=1) if file else None
        if log:
            held.callback(_close, log)
        show: Say = _dated(sys.stderr)
        if sys.stderr.isatty():
            from rich.console import Console

            show = held.enter_context(Console(stderr=True).status(doing)).update
        keep = _dated(log) if log else None

        def say(line: str) -> None:
            show(line)
            if keep:
                keep(line)

        yield say


def _close(log: TextIO) -> None:
    with contextlib.suppress(OSError):
        log.close()


def _dated(stream: TextIO) -> Say:
    def say(line: str) -> None:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        with contextlib.suppress(OSError, ValueError):
            stream.write(f"{now} {line}\n")
            stream.flush()

    return say


def hook(command: str, message: str, about: Mapping[str, str], say: Say) -> None:
    """Run an operator's command with a message on its standard input and in `$REPATRIA_MESSAGE`.

    `about` is given to it as further variables. What goes wrong in it is said, and changes nothing else.
    """
    if not command:
        return
    try:
        running = subprocess.Popen(
            command,
            shell=True,
            env={**os.environ, "REPATRIA_MESSAGE": message, **about},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that what it started can be ended with it
        )
    except (OSError, ValueError) as e:
        say(f"hook: {e}")
        return
    try:
        # Bytes: what another program says on its standard error need not be text.
        _, said = running.communicate(f"{message}\n".encode(errors="replace"), HOOK_TIMEOUT)
    except subprocess.TimeoutExpired:
        say(f"hook: ended after {HOOK_TIMEOUT} seconds: {command}")
        return
    finally:
        if running.returncode is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    if running.returncode:
        last = (said.decode(errors="replace").strip().splitlines() or ["without a word"])[-1]
        say(f"hook: exit {running.returncode}: {last}")


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a scheduler's request to end (SIGTERM) be what Ctrl-C is."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
