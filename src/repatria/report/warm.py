"""Warm kernels: forked from one process that has the imports done, in an environment of their own.

A fork server (multiprocessing's) imports what the notebooks need once; each kernel is forked from it, so that a
report pays for its imports once and every notebook still has a process of its own. Kernels see none of the user's
settings: HOME, IPython's and matplotlib's folders are private and empty, the working folder too, the environment is
a short fixed list, modules come from the interpreter's own folders and this package only.

Where forking is not to be had, kernels are started one by one with the same environment (`forks` says which).
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning import KernelProvisionerBase

__all__ = ["Specs", "WarmProvisioner", "environment", "forks", "start"]

PACKAGE = Path(__file__).resolve().parents[1]
PRELOAD = ("repatria.report.preload",)
NAME = "repatria-warm"  # as registered under jupyter_client.kernel_provisioners
KEPT = ("PATH", "SYSTEMROOT", "VIRTUAL_ENV", "LD_LIBRARY_PATH")  # of the caller's environment


def forks() -> bool:
    """Return whether kernels can be forked here: not on Windows, nor where fork is unsafe (macOS)."""
    return sys.platform.startswith("linux")


def environment(home: Path, data: Path) -> dict[str, str]:
    """Return all that a kernel's environment holds; `home` is a private folder, `data` the record it reads."""
    fixed = {
        "HOME": home,
        "TMPDIR": home,
        "IPYTHONDIR": home,
        "JUPYTER_CONFIG_DIR": home,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "MPLCONFIGDIR": home,
        "MPL_IGNORE_SYSTEM_FONTS": "1",
        "MPLBACKEND": "agg",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": PACKAGE.parent,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "REPATRIA_DATA": data,
    }
    kept = {k: os.environ[k] for k in KEPT if k in os.environ}
    return kept | {k: str(v) for k, v in fixed.items()}


@contextlib.contextmanager
def _as_environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def start(values: Mapping[str, str]) -> None:
    """Start the fork server with this environment; it imports while the caller goes on. Without forks: nothing."""
    if forks():
        forkserver.set_forkserver_preload(list(PRELOAD))
        with _as_environment(values):
            forkserver.ensure_running()


class Specs(KernelSpecManager):
    """The one kernel there is: this interpreter with this package, whatever kernels the user has installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the kernel's specification, by any name."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        way = {"kernel_provisioner": {"provisioner_name": NAME}} if forks() else {}
        return KernelSpec(argv=argv, display_name=kernel_name, language="python", metadata=way)


class WarmProvisioner(KernelProvisionerBase):
    """Gives jupyter_client a kernel forked from the fork server. It dies with whoever asked for it."""

    process: Any = None
    alive: Any = None

    @property
    def has_process(self) -> bool:
        return self.process is not None

    async def poll(self) -> int | None:
        return 0 if self.process is None else self.process.exitcode

    async def wait(self) -> int | None:
        while self.process is not None and self.process.exitcode is None:
            await asyncio.sleep(0.02)
        code, self.process = await self.poll(), None
        return code

    async def send_signal(self, signum: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signum)

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGTERM)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        self.parent.write_connection_file()
        self.connection_info = self.parent.get_connection_info()
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        context = multiprocessing.get_context("forkserver")
        ended, self.alive = context.Pipe(duplex=False)
        self.process = context.Process(
            target=serve, args=(self.parent.connection_file, kwargs.get("cwd"), ended), daemon=True
        )
        self.process.start()
        ended.close()
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        if self.alive is not None:
            self.alive.close()


def serve(connection_file: str, folder: str | None, ended: Connection) -> None:
    """Be a kernel, in the forked process, until told to stop or until whoever asked for it is gone."""
    os.setsid()
    if folder:
        os.chdir(folder)
    threading.Thread(target=_die_with, args=(ended,), daemon=True).start()
    own = (sys.prefix, sys.base_prefix, str(PACKAGE.parent))
    sys.path[:] = [p for p in sys.path if p.startswith(own)]
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance(
        connection_file=connection_file, exec_PYTHONSTARTUP=False, parent_handle=0
    )
    app.initialize(["--HistoryManager.enabled=False", "--no-secure"] if False else [])
    app.start()


def _die_with(ended: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        ended.recv()
    os.killpg(0, signal.SIGKILL)
