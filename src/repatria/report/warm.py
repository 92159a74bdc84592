"""Warm kernels: jupyter_client is given kernels forked from one process that has the imports done.

A report pays for its imports once, and every notebook still has a process of its own (see `forks`). Sockets are
abstract ones (Linux): they have no file, so no path can be too long and no death can leave one behind. Where forking
is not to be had, kernels are started one by one, in the same environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerBase

from repatria.report.forks import COMMAND, Warm, forks

__all__ = ["Client", "Manager", "Specs", "WarmProvisioner"]

NAME = "repatria-warm"  # as registered under jupyter_client.kernel_provisioners


class Specs(KernelSpecManager):
    """The one kernel there is: this interpreter with this package, whatever kernels the user has installed."""

    warm = False

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the kernel's specification, by any name."""
        way = {"kernel_provisioner": {"provisioner_name": NAME}} if self.warm else {}
        argv = [*COMMAND, "{connection_file}"]
        return KernelSpec(argv=argv, display_name=kernel_name, language="python", metadata=way)


class Manager(AsyncKernelManager):
    """Manages one kernel: forked from `source`, or started alone where there is none."""

    source: Warm | None = None

    @classmethod
    def of(cls, folder: Path, source: Warm | None) -> Manager:
        """Return a manager for a kernel that works in `folder`, where its connection file is kept too."""
        specs = Specs()
        specs.warm = source is not None
        way = {"transport": "ipc", "ip": f"@rp-{secrets.token_hex(16)}"} if forks() else {}
        file = str(folder / "kernel.json")
        way |= {"client_class": f"{__name__}.Client"}
        found = cls(kernel_name="python3", kernel_spec_manager=specs, connection_file=file, **way)
        found.source = source
        return found


class Client(AsyncKernelClient):
    """Takes a kernel for ready when it has answered and said that it is idle.

    Its parent listens a fifth of a second longer, lest another message comes: here the last one is known.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel is ready. Raises RuntimeError if it ends before, or takes longer than `timeout` seconds."""
        end = time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < end:
            asked = self.kernel_info()
            with contextlib.suppress(Empty):
                self._handle_kernel_info_reply(await self.shell_channel.get_msg(timeout=1))
                while not _idle(await self.iopub_channel.get_msg(timeout=0.2), asked):
                    pass
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")


def _idle(message: Mapping[str, Any], asked: str) -> bool:
    """Return whether a message is the last one about a request."""
    return (
        message["parent_header"].get("msg_id") == asked
        and message["content"].get("execution_state") == "idle"
    )


class WarmProvisioner(KernelProvisionerBase):
    """Gives jupyter_client a kernel forked from its manager's `source`."""

    parent: Any  # the manager
    process: int | None = None
    handle: int | None = None

    @property
    def has_process(self) -> bool:
        """Return whether there is a kernel that has not been let go of."""
        return self.process is not None

    async def poll(self) -> int | None:
        """Return None while the kernel lives."""
        if self.handle is None:
            return 0
        ended, _, _ = select.select([self.handle], [], [], 0)
        return 0 if ended else None

    async def wait(self) -> int | None:
        """Wait until the kernel has ended."""
        await self._ended()
        self.process = None
        return 0

    async def _ended(self) -> None:
        while await self.poll() is None:
            await asyncio.sleep(0.005)

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and what it started."""
        if self.process is not None and self.handle is not None and await self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signum)  # type: ignore[attr-defined]
                os.killpg(self.process, signum)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel at once. Whoever asks looks a tenth of a second later whether it lives: it does not."""
        await self.send_signal(signal.SIGKILL)
        await self._ended()

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        await self.send_signal(signal.SIGTERM)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Write the connection file that the kernel reads."""
        self.parent.write_connection_file()
        self.connection_info = self.parent.get_connection_info()
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel."""
        env: Mapping[str, str] = kwargs["env"]
        self.process, self.handle = self.parent.source.kernel(
            self.parent.connection_file, str(kwargs["cwd"]), env["REPATRIA_DATA"]
        )
        return dict(self.connection_info)

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of the kernel."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None
