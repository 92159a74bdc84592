"""The process that kernels come from: it imports what notebooks need, once, and forks a kernel for each request;
a process for the pages too.

    python -m repatria.report.preload 5 1234       forks kernels for process 1234, the other end of socket 5
    python -m repatria.report.preload kernel.json  is one kernel itself, where forking is not to be had

A kernel reads nothing of the user's: no start-up files, no configuration, no working folder.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pickle
import socket
import sys
from typing import Any

from repatria.report import forks

__all__ = ["main", "serve"]

MODULES = (
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.font_manager",
)


def _load() -> None:
    """Import what every notebook uses, and load the record. The code's digest is taken before, so that an edit in between is seen."""
    from repatria.report import kernels, provenance

    provenance.begin()
    sys.modules.setdefault(kernels.NO_GRAMMAR, None)  # type: ignore[arg-type]  # pages read notebooks
    child, packed = _reading()
    for name in MODULES:
        importlib.import_module(name)
    import repatria.analysis
    import repatria.charts
    import repatria.display

    for wing in (repatria.analysis, repatria.charts, repatria.display):
        for name in dir(wing):  # loads it: public names are lazy
            getattr(wing, name)
    from repatria.record.kept import keep

    with open(packed, "rb") as found:
        record = found.read()
    os.waitpid(child, 0)
    if record:
        keep(record)


def _reading() -> tuple[int, int]:
    """Let a process of its own read the record while this one imports; return its id and where the record will come from.

    At work, Arrow starts threads, and what forks may have none. A record that cannot be loaded is left to the
    kernels: they say why.
    """
    from repatria.record.kept import pack
    from repatria.record.view import load

    ours, theirs = os.pipe()
    own = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.close(ours)  # a pipe whose only reader is its writer is waited at for ever
            forks.tie(own)
            with open(theirs, "wb") as out:
                out.write(pack(load()))
        finally:
            os._exit(0)
    os.close(theirs)
    return child, ours


def serve(connection_file: str, folder: str, data: str, parent: int = 0) -> None:
    """Be a kernel until told to stop. `folder` is its own, `data` what it reads, `parent` whom it dies with."""
    os.environ["REPATRIA_DATA"] = data
    os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR"), folder))
    os.chdir(folder)
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    class Kernel(IPKernelApp):
        """A kernel without the start-up files and settings of user and machine."""

        def load_config_file(self, *args: Any, **kwargs: Any) -> None:
            """Read no configuration."""

        def _run_startup_files(self) -> None:
            """Run no start-up files."""

    settings = Config()
    settings.HistoryManager.enabled = False
    app = Kernel.instance(
        connection_file=connection_file,
        parent_handle=parent,
        exec_PYTHONSTARTUP=False,
        ignore_cwd=True,
        config=settings,
    )
    app.initialize([])
    app.start()


def main(argument: str, maker: str = "") -> None:
    """Fork kernels on request, or be one; see the module's head."""
    if not argument.isdigit():
        _load()
        parent = int(os.environ.pop("JPY_PARENT_PID", 0))
        serve(argument, os.getcwd(), os.environ["REPATRIA_DATA"], parent)
        return
    forks.tie(int(maker))
    forks.adopt()
    ours = socket.socket(fileno=int(argument))
    os.set_inheritable(ours.fileno(), False)
    _load()
    gc.collect()
    gc.freeze()  # forked kernels share these pages instead of copying them
    gc.set_threshold(50_000)  # what a notebook makes is few cycles: to look for them took 6 % of it
    own = os.getpid()
    with ours, ours.makefile("rb") as requests, contextlib.ExitStack() as ending:
        ending.callback(forks.bury)  # kernels that did not end, and what a notebook started
        for line in requests:  # ends when whoever asks is gone
            _reap()
            request = json.loads(line)
            if "needs" in request:
                for name in request["needs"]:
                    importlib.import_module(name)
                continue
            pipe = os.pipe() if "call" in request else ()
            child = os.fork()
            if child == 0:
                _become(own, ours, request, pipe)  # does not return
            if pipe:
                os.close(pipe[1])
            handle = pipe[0] if pipe else os.pidfd_open(child)  # type: ignore[attr-defined]  # Linux
            socket.send_fds(ours, [b"%d\n" % child], [handle])
            os.close(handle)


def _become(
    parent: int, theirs: socket.socket, request: dict[str, Any], pipe: tuple[int, ...]
) -> None:
    """Be a kernel, or call one function, in the forked process, which ends with the one it was forked from."""
    forks.tie(parent)
    os.close(theirs.detach())
    os.setsid()
    try:
        if pipe:
            os.close(pipe[0])
            _answer(pipe[1], **request)
        else:
            serve(**request)
    finally:
        os._exit(0)


def _answer(pipe: int, call: str, given: str) -> None:
    """Call a function and write to `pipe` what it raised and what it returned."""
    module, _, name = call.partition(":")
    error, result = None, None
    try:
        result = getattr(importlib.import_module(module), name)(
            **pickle.loads(bytes.fromhex(given))
        )
    except BaseException as e:
        error = e
    with open(pipe, "wb") as out:
        out.write(pickle.dumps((error, result)))


def _reap() -> None:
    """Let go of kernels that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
