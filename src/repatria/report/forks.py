"""The process that kernels are forked from, seen from whoever asks for them. Light: it is started before all else.

Kernels see none of the user's settings: HOME, temporary and working folder are private, the environment is a short
fixed list, modules come from the interpreter's own folders and this package.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from repatria.report.provenance import SETTINGS

__all__ = ["COMMAND", "Warm", "adopt", "bury", "environment", "forks", "tie"]

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

PACKAGE = Path(__file__).resolve().parents[1]
# -P, -s: neither the working folder's modules nor the user's own site-packages.
COMMAND = (sys.executable, "-P", "-s", "-m", "repatria.report.preload")
# What a kernel has of the caller's environment: how to find the interpreter's own libraries, no more.
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def forks() -> bool:
    """Return whether kernels can be forked here: on Linux; not on Windows, nor on macOS, where it is unsafe."""
    return sys.platform.startswith("linux") and hasattr(os, "pidfd_open")


def tie(parent: int) -> None:
    """Let this process be killed when the one that made it ends, however it ends (Linux; else nothing happens)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def adopt() -> None:
    """Let what this process's children start, and leave behind, become its own children (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def bury() -> None:
    """End all children of this process, and what they leave behind (Linux; after `adopt`)."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(OSError):  # none is left, or this system lists none
        while children := [int(pid) for pid in listed.read_text("ascii").split()]:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            for pid in children:
                os.waitpid(pid, 0)


def environment(home: Path, data: Path, release: bool = True) -> dict[str, str]:
    """Return all that a kernel's environment holds.

    `home` is a private folder, `data` the record it reads; for a `release`, charts are drawn as files too.
    """
    folders = ("HOME", "TMPDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR")
    found = {name: os.environ[name] for name in KEPT if name in os.environ}
    found |= SETTINGS | dict.fromkeys(folders, str(home)) | {"REPATRIA_DATA": str(data)}
    if release:
        found["REPATRIA_RELEASE"] = "1"
    if str(PACKAGE.parent) not in sysconfig.get_paths().values():  # run from a checkout
        found["PYTHONPATH"] = str(PACKAGE.parent)
    return found


class Warm:
    """A process that forks kernels; a context manager. It ends, and its kernels with it, when its maker does.

    It and its kernels hold the lock of `home`: as long as one of them lives, nobody sweeps the folder they write in.
    Raises OSError where it cannot be started.
    """

    def __init__(self, home: Path, data: Path) -> None:
        self.home, self.noise = home, home / "stderr"
        self._lock = threading.Lock()
        self._ours, theirs = socket.socketpair()
        with theirs, open(self.noise, "wb") as noise, open(home / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._process = subprocess.Popen(
                [*COMMAND, str(theirs.fileno()), str(os.getpid())],
                env=environment(home, data),
                cwd=home,
                pass_fds=[theirs.fileno(), lock.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=noise,
                start_new_session=True,  # Ctrl-C is for whoever made it, not for the kernels
            )

    def kernel(self, connection_file: str, folder: str, data: str) -> tuple[int, int]:
        """Fork a kernel; return its process id and a descriptor that becomes readable when it ends."""
        request = {"connection_file": connection_file, "folder": folder, "data": data}
        return self._asked(request)

    def call(self, function: Callable[..., Any], **given: Any) -> Any:
        """Call a function of this package in a forked process; return what it returns, raise what it raises."""
        name = f"{function.__module__}:{function.__name__}"
        _, answer = self._asked({"call": name, "given": pickle.dumps(given).hex()})
        with open(answer, "rb") as found:
            said = found.read()
        if not said:
            raise ChildProcessError(f"the process that ran {name} ended: {self._last_words()}")
        error, result = pickle.loads(said)
        if error is not None:
            raise error
        return result

    def need(self, *modules: str) -> None:
        """Let it import modules, once for all that is forked from then on."""
        with self._lock, contextlib.suppress(OSError):  # who asks next is told that it ended
            self._ours.sendall(json.dumps({"needs": modules}).encode() + b"\n")

    def _asked(self, request: dict[str, str]) -> tuple[int, int]:
        """Return the process that was forked for a request, and the descriptor that came with it."""
        with self._lock:
            try:
                self._ours.sendall(json.dumps(request).encode() + b"\n")
                text, handles, _, _ = socket.recv_fds(self._ours, 64, 1)
            except OSError:
                text, handles = b"", []
        if not handles:
            raise ChildProcessError(f"the process that forks kernels ended: {self._last_words()}")
        return int(text), handles[0]

    @property
    def alive(self) -> bool:
        """Whether it can still fork kernels."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.noise.read_text("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else "it was killed"
        return "it was killed"

    def close(self) -> None:
        """End it and every kernel forked from it, at once."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)  # also wakes a thread that waits for a kernel
        try:
            self._process.wait(1)  # so that what its kernels have used is accounted for
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._ours.close()
