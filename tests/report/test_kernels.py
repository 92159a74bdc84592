"""Kernels: what goes wrong in them has a name and a cell, nothing of the user's is in them, none outlives its run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
import timeit
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import pytest
from report.conftest import GOOD, book

from repatria.record.checks import RecordError
from repatria.record.fingerprint import data_folder, of_data
from repatria.report import ReportError, forks, kernels, provenance, run
from repatria.report.base import told
from repatria.report.parameters import Parameters
from repatria.report.warm import Client

pytestmark = pytest.mark.usefixtures("of_ten")
FORKS = pytest.mark.skipif(not forks.forks(), reason="no forking here")


def ran(folder: Path, source: forks.Warm | None, *calls: str) -> tuple[kernels.Run, Any]:
    """Run a notebook of these cells; return its run and the executed notebook."""
    run = kernels.Run(folder / "kernel", data_folder(), source)
    target = folder / "out.ipynb"
    kernels.execute(book(folder, "00_x.ipynb", *calls), target, {}, run)
    return run, nbformat.read(target, as_version=4)


def said(notebook: Any) -> str:
    """Return what the last cell printed."""
    return str(notebook.cells[-1].outputs[0].text).strip()


@pytest.mark.parametrize(
    ("cell", "cause"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("exit()", "it ended its kernel"),
        ("import os; os.kill(os.getpid(), 9)", "its kernel died"),
        ("import os; os._exit(0)", "its kernel died"),
    ],
)
def test_what_ends_a_notebook_early_is_named_with_its_cell_and_kept(
    tmp_path: Path, source: forks.Warm | None, cell: str, cause: str
) -> None:
    with pytest.raises(ReportError, match=rf"^00_x\.ipynb: cell 6: {cause}"):
        ran(tmp_path, source, "print('before')", cell, "print('after')")
    kept = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert any("before" in o.get("text", "") for c in kept.cells for o in c.get("outputs", []))


class Mute(Client):
    """A client whose kernel says what it is told to say, then nothing."""

    def __init__(self, alive: bool, answers: int, *said: str) -> None:
        super().__init__()
        self.answers, self.said = answers, list(said)
        self.alive, self.asked = alive, 0

    shell_channel = iopub_channel = property(lambda self: self)  # type: ignore[assignment]

    def kernel_info(self, *_: Any) -> str:
        self.asked += 1
        return f"request {self.asked}"

    def _handle_kernel_info_reply(self, reply: Any) -> None:
        assert reply == {}

    async def is_alive(self) -> bool:
        return self.alive

    async def get_msg(self, timeout: float) -> dict[str, Any]:
        if timeout == 1:  # of the shell
            if self.asked > self.answers:
                raise Empty
            return {}
        if not self.said or not self.said[0]:
            del self.said[:1]
            raise Empty
        about, _, state = self.said.pop(0).partition(": ")
        return {"parent_header": {"msg_id": about}, "content": {"execution_state": state}}


def test_a_kernel_is_ready_when_it_has_answered_and_rests() -> None:
    for client, why in (
        (Mute(False, 0), "died before"),
        (Mute(True, 0), "didn't respond in 0.2"),
        (Mute(False, 1, "request 1: busy", "request 0: idle"), "died before"),
    ):
        with pytest.raises(RuntimeError, match=why):
            asyncio.run(client.wait_for_ready(0.2))
    ready = Mute(True, 9, "request 1: busy", "request 1: idle", "request 1: more")
    asyncio.run(ready.wait_for_ready(9))
    assert (ready.asked, ready.said) == (1, ["request 1: more"])
    late = Mute(True, 9, "", "request 2: idle")  # it listened too late for the first one
    asyncio.run(late.wait_for_ready(9))
    assert late.asked == 2


def test_output_without_end_is_stopped(
    tmp_path: Path, source: forks.Warm | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "LIMIT", 1_000_000)
    with pytest.raises(ReportError, match="cell 4: more than 1 MB of output"):
        ran(tmp_path, source, "while True: print('x' * 10_000)")
    assert (tmp_path / "out.ipynb").stat().st_size < 3_000_000


@pytest.mark.parametrize("kind", ["text/latex", "image/jpeg", "application/javascript"])
def test_an_output_that_a_page_cannot_show_is_refused_by_name(
    tmp_path: Path, source: forks.Warm | None, kind: str
) -> None:
    show = f"from IPython.display import display; display({{'{kind}': 'x', 'text/plain': 'x'}}, raw=True)"
    run = kernels.Run(tmp_path / "k", data_folder(), source)
    small = book(tmp_path / "books", "00_x.ipynb", show)
    with pytest.raises(ReportError, match=f"cell 4: an output of type {kind}"):
        kernels.execute_all([small], {}, tmp_path, tmp_path / "failed", print, {small.name: run})


def test_what_libraries_write_to_standard_error_is_logged_and_not_published(
    tmp_path: Path, source: forks.Warm | None
) -> None:
    run = kernels.Run(tmp_path / "k", data_folder(), source)
    small = book(tmp_path / "books", "00_x.ipynb", "import os; os.write(2, b'/home/me: boo\\n'); 1")
    lines: list[str] = []
    [done] = kernels.execute_all(
        [small], {}, tmp_path, tmp_path / "failed", lines.append, {small.name: run}
    )
    assert lines == ["00_x: cell 4: /home/me: boo", "00_x: done"]
    assert "boo" not in [o.get("text") for o in nbformat.read(done, as_version=4).cells[-1].outputs]


def test_a_kernel_says_what_it_used(tmp_path: Path, source: forks.Warm | None) -> None:
    run, _ = ran(tmp_path, source, *GOOD)
    inputs = provenance.inputs(Parameters(), data_folder(), [])
    assert run.testimony["data"] == [of_data(data_folder())]
    assert provenance.contradictions(run.testimony, inputs) == []


@pytest.mark.parametrize(
    ("name", "used", "told"),
    [
        ("data", ["0" * 64], "data: the manifest says .*, the kernel read 000000000000"),
        ("code", "changed while it ran", "code: .* the kernel used changed while it ran"),
        ("lock", "1" * 64, "lock: .* the kernel used 111111111111"),
        ("versions", {}, "versions: "),
        ("settings", {}, "settings: "),
        ("interpreter", "/bin/other", "interpreter: /bin/other is not "),
        ("foreign", ["scipy"], "scipy: a module from outside the interpreter"),
    ],
)
def test_each_thing_that_is_not_as_the_manifest_says_is_told(
    name: str, used: object, told: str
) -> None:
    inputs = provenance.inputs(Parameters(), data_folder(), [])
    same = {k: inputs[k] for k in ("code", "lock", "versions", "settings")}
    said = {**same, "data": [], "interpreter": sys.executable, "foreign": []}
    assert provenance.contradictions(said, inputs) == []
    [line] = provenance.contradictions({**said, name: used}, inputs)
    assert re.match(told, line)


HOSTILE = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from repatria.record.fingerprint import data_folder
from repatria.report import kernels
here = Path(sys.argv[1])
with kernels.warmed(here / "home", data_folder(), print) as source:
    for name, origin in {"warm": source, "cold": None}.items():
        run = kernels.Run(here / name, data_folder(), origin)
        kernels.execute(here / "books" / "00_x.ipynb", here / f"{name}.ipynb", {}, run)
        assert run.testimony["foreign"] == [], run.testimony
"""
LOOK = """
import os, sys, scipy, numpy
print(sorted(k for k in os.environ if "SECRET" in k), scipy.__version__ == "shadow", hasattr(numpy, "patched"),
      "started" in globals(), os.path.expanduser("~").startswith("/proc"), os.getcwd() in sys.path)
""".strip()


def test_nothing_of_the_users_reaches_a_kernel(tmp_path: Path) -> None:
    home, cwd = tmp_path / "user", tmp_path / "cwd"
    start = home / ".ipython" / "profile_default" / "startup"
    start.mkdir(parents=True)
    (start / "00.py").write_text("started = 1\nimport numpy; numpy.patched = 1\n")
    (home / ".ipython" / "profile_default" / "ipython_kernel_config.py").write_text("1 / 0\n")
    cwd.mkdir()
    (cwd / "scipy.py").write_text("__version__ = 'shadow'\n")
    (cwd / "matplotlibrc").write_text("nonsense\n")
    book(tmp_path / "books", "00_x.ipynb", *GOOD, LOOK)
    long = tmp_path / ("x" * 120)  # no socket's path can stand in it
    long.mkdir()
    env = os.environ | {
        "HOME": str(home),
        "SECRET_TOKEN": "s",
        "TMPDIR": str(long),
        "MATPLOTLIBRC": str(cwd / "matplotlibrc"),
        "PYTHONSTARTUP": str(start / "00.py"),
        "JUPYTER_RUNTIME_DIR": "/proc/nope",
    }
    src = str(Path(kernels.__file__).parents[2])
    command = [sys.executable, "-c", HOSTILE, tmp_path, src]
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("warm", "cold"):
        executed = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
        assert said(executed) == "[] False False False False False"
    assert not list(long.iterdir()), "nothing is left in TMPDIR"


@FORKS
def test_the_process_that_forks_has_one_thread_and_its_end_is_a_named_error(tmp_path: Path) -> None:
    with kernels.warmed(tmp_path / "home", data_folder(), print) as source:
        assert source is not None
        source.need(*run.SITE)
        loaded = f"import sys; assert {run.SITE[0]!r} in sys.modules"
        source.call(timeit.timeit, stmt="", setup=loaded, number=1)
        ran(tmp_path / "a", source, "1")
        tasks = list(Path(f"/proc/{source.pid}/task").iterdir())
        assert len(tasks) == 1, "a fork copies one thread: locks of others would stay shut"
        source.need("no_such_module")
        with pytest.raises(ReportError, match=r"the process that forks kernels ended: .*'no_such_"):
            ran(tmp_path / "b", source, "1")
        source.close()
        source.need("json")
        with pytest.raises(ReportError, match="the process that forks kernels ended"):
            ran(tmp_path / "c", source, "1")


@FORKS
def test_what_a_called_function_returns_or_raises_comes_back(
    source: forks.Warm, folder: Path
) -> None:
    assert source.call(os.getpid) not in (os.getpid(), source.pid)
    with pytest.raises(FileNotFoundError) as found:
        source.call(os.listdir, path="/nowhere")
    assert told(found.value) == "/nowhere: No such file or directory"
    (folder / "claims.csv").unlink()
    with pytest.raises(RecordError) as wrong:
        source.call(run.about, data=folder, parameters=Parameters())
    assert [p.file for p in wrong.value.problems] == ["claims.csv"]
    with pytest.raises(ChildProcessError, match=r"the process that ran posix:_exit ended"):
        source.call(os._exit, status=3)
    assert source.call(os.getppid) == source.pid, "and the next one is answered"


STARTED = """
import os, subprocess
options = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
started = [subprocess.Popen(["sleep", "600"], start_new_session=s, **options).pid for s in (0, 1)]
open(PIDS, "w").write(" ".join(map(str, started)))
"""


@FORKS
@pytest.mark.parametrize("end", ["", "os._exit(1)"])
def test_what_a_notebook_started_ends_with_the_run(tmp_path: Path, end: str) -> None:
    pids = tmp_path / "pids"
    cell = STARTED.replace("PIDS", repr(str(pids))) + end
    with (
        contextlib.suppress(ReportError),
        kernels.warmed(tmp_path / "home", data_folder(), print) as source,
    ):
        ran(tmp_path / "a", source, cell)
    left = [pid for pid in pids.read_text().split() if Path(f"/proc/{pid}").exists()]
    for pid in left:
        os.kill(int(pid), 9)
    assert not left and len(pids.read_text().split()) == 2


@FORKS
def test_kernels_die_with_whoever_asked_for_them(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    write = f"import os, time; open('{pids}', 'w').write(f'{{os.getpid()}} {{os.getppid()}}'); time.sleep(600)"
    book(tmp_path / "books", "00_x.ipynb", write)
    src = str(Path(kernels.__file__).parents[2])
    asking = subprocess.Popen(
        [sys.executable, "-c", HOSTILE, tmp_path, src], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not (pids.exists() and pids.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    asking.kill()
    asking.wait()
    for pid in pids.read_text().split():
        while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid):
            assert time.monotonic() < deadline + 10, "it lives on"
            time.sleep(0.05)


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except OSError:
        return "Z"
