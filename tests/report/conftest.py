"""What the tests of reports share: small notebooks, and a small report of 12 June 2025."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest

from conftest import small, write
from repatria.record.fingerprint import of_file
from repatria.report import forks, kernels, parameters, run
from repatria.report.parameters import Parameters

ON = "2025-06-12"
DAY = Parameters(as_of=ON, since="2025-05-16")  # a view
RELEASE = Parameters(as_of=ON)  # of its own day
LOAD = """
import repatria as rp

record = rp.load().as_of(as_of)
bodies = record.events("bodies", lens, since, until)
""".strip()
GOOD = (
    "rp.display.brief.not_known(record, since, until, lens)",
    "rp.charts.handovers.stems(bodies)",
    'rp.display.events.events(bodies, "bodies")',
)


def book(folder: Path, name: str, *calls: str) -> Path:
    """Write a small notebook in the house's form with one cell per call."""
    kernel = {"name": "python3", "display_name": "P", "language": "python"}
    nb = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    cell = nbformat.v4.new_code_cell(parameters.CELL, id="parameters")
    cell.metadata["tags"] = ["parameters"]
    nb.cells = [
        nbformat.v4.new_markdown_cell("# Small", id="title"),
        cell,
        nbformat.v4.new_code_cell(LOAD, id="load"),
    ]
    for i, call in enumerate(calls):
        nb.cells += [
            nbformat.v4.new_markdown_cell("## What?", id=f"q{i}"),
            nbformat.v4.new_code_cell(call, id=f"a{i}"),
        ]
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, folder / name)
    return folder / name


def complete(folder: Path) -> bool:
    """Return whether a published report holds every file its manifest lists, unharmed."""
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    return bool(files) and all(of_file(folder / f) == digest for f, digest in files.items())


def listed(out: Path) -> list[str]:
    """Return the releases that the list of reports, its feed and its page tell of, all of them whole."""
    page = (out / "index.html").read_text("utf-8")
    assert page.startswith("<!") and page.endswith("</html>\n")
    feed = ElementTree.parse(out / "feed.xml").getroot()
    links = feed.findall(".//{*}entry/{*}link")
    held = json.loads((out / "releases.json").read_text("utf-8"))["releases"]
    names = [r["name"] for r in held]
    told = set(names) | {(x.get("href") or "").split("/")[-2] for x in links}
    assert all(complete(out / name) for name in told), f"what is told of is there: {told}"
    return names


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that runs."""
    return book(tmp_path_factory.mktemp("books"), "00_small.ipynb", *GOOD)


@pytest.fixture(scope="session")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an invented record of ten handovers: a run of it takes half as long as of the project's own."""
    days = [f"2025-0{month}-{day}" for month in range(1, 6) for day in (14, 28)]
    claims = [
        {"event_id": f"bodies-{day}", "claimant_id": "moscow", "direction": direction, "n": n + i}
        for i, day in enumerate(days)
        for direction, n in (("to_russia", 40), ("to_ukraine", 900))
    ]
    read = [("2025-01-01", "2025-06-08", "dense"), ("2025-06-09", ON, "thin")]
    searched = [
        {"kind": kind, "side": side, "read_from": first, "read_through": last, "density": density}
        | {"entered_on": ON}
        for kind in ("bodies", "prisoners")
        for side in ("ukraine", "russia")
        for first, last, density in read
    ]
    rows = small([(f"bodies-{day}", day) for day in days], claims, coverage=searched)
    return write(tmp_path_factory.mktemp("ten") / "data", rows)


@pytest.fixture
def of_ten(ten: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the record of ten be the project's."""
    monkeypatch.setenv("REPATRIA_DATA", str(ten))


@pytest.fixture(scope="session")
def source(ten: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[forks.Warm | None]:
    """What kernels are forked from, once for all tests of a worker."""
    home = tmp_path_factory.mktemp("warm") / "home"
    with kernels.warmed(home, ten, print) as found:
        yield found


@pytest.fixture(scope="session")
def make(source: forks.Warm | None) -> Callable[..., run.Outcome]:
    """`run.make` without a process of its own to fork from: that takes longer than all else."""
    return partial(run.make, source=source)


WAITING = {"pages": 3, "oldest": "2025-06-02"}


@pytest.fixture(scope="session")
def published(good: Path, ten: Path, make: Callable[..., Any], once: Callable[..., Path]) -> Path:
    """A small release of 12 June 2025."""

    def fill(place: Path) -> None:
        make(RELEASE, place, print, books=[good], on=ON, data=ten)

    return once("published", fill) / ON


@pytest.fixture(scope="session")
def waited(good: Path, ten: Path, make: Callable[..., Any], once: Callable[..., Path]) -> Path:
    """The same, made while pages waited to be read."""

    def fill(place: Path) -> None:
        make(RELEASE, place, print, books=[good], on=ON, data=ten, waiting=WAITING)

    return once("waited", fill) / ON
