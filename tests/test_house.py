"""The house: wings import only downwards, notebooks are thin, nothing is longer than it may be."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from repatria.record.fingerprint import ROOT
from repatria.report.parameters import CELL

SRC = ROOT / "src" / "repatria"
# A wing may import only from wings before it.
WINGS = ["record", "curate", "analysis", "display", "charts", "explore", "watch", "report", "cli"]
BESIDE = {"explore", "watch", "report"}  # none knows another of these
# Questions do not import each other; in every wing, modules that are no question are for all of it.
QUESTIONS = {"holdings", "reconcile", "asymmetry", "cadence", "forecast", "pledges"}
NEEDED: dict[tuple[str, str], str] = {  # (module, question it uses): the need
    ("analysis.asymmetry", "holdings"): "whose the counts are is the source line of every share",
    ("display.forecast", "cadence"): "one way to write a number with its range",
}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
BUDGET = {"record": 2000, "curate": 800, "analysis": 2300, "display": 1000, "charts": 1400}
BUDGET |= {"watch": 600, "explore": 300, "report": 1300, "cli": 200}
FILES = sorted(p for p in SRC.rglob("*.py") if p.parent != SRC or p.name == "cli.py")
TEXTS = [*FILES, *sorted((ROOT / "tests").rglob("*.py")), ROOT / "bench" / "bench.py"]


def names(paths: list[Path]) -> list[str]:
    return [p.relative_to(ROOT).as_posix() for p in paths]


def module(path: Path) -> str:
    """Return a file's dotted name inside the package: "charts.base"; a package's own is "charts"."""
    return ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")


def imported(source: str, inside: str, package: bool) -> Iterator[str]:
    """Yield the package's modules that a source imports, dotted, wherever the import stands.

    `inside` is the importing module; a name taken from a package counts as that package's module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "repatria":
                    yield alias.name.partition(".")[2] or "face"
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = inside.split(".")[: len(inside.split(".")) - node.level + package]
                base = ".".join(["repatria", *up, *base.split(".")]).rstrip(".")
            if base.partition(".")[0] != "repatria":
                continue
            rest = base.partition(".")[2]
            for alias in node.names:
                yield f"{rest}.{alias.name}".strip(".")


def wing(name: str) -> str:
    return name.partition(".")[0]


def faults(source: str, inside: str, package: bool = False) -> set[str]:
    """Return the imports of a module that run upwards, or sideways without need."""
    own = wing(inside)
    wrong = set()
    for target in imported(source, inside, package):
        there = wing(target)
        if there == "__version__":
            continue
        if (
            there not in WINGS
            or WINGS.index(there) > WINGS.index(own)
            or len({there, own} & BESIDE) == 2
        ):
            wrong.add(target)  # upwards, sideways, or through the package's face
        elif there == own and not package and "." in target:
            other, mine = target.split(".")[1], inside.split(".")[-1]
            if {other, mine} <= QUESTIONS and other != mine and (inside, other) not in NEEDED:
                wrong.add(target)
    return wrong


@pytest.mark.parametrize(
    ("source", "inside", "wrong"),
    [
        ("from repatria.charts import base", "analysis.cadence", "charts.base"),
        ("def f():\n    import repatria.display.words", "record.view", "display.words"),
        ("from ..report import run", "display.words", "report.run"),
        ("from .. import charts", "display.words", "charts"),
        ("from .cadence import gaps", "analysis.asymmetry", "analysis.cadence.gaps"),
        ("import repatria as rp", "charts.cadence", "face"),
        ("from repatria import load", "charts.cadence", "load"),
        ("if True:\n    from repatria import cli", "report.run", "cli"),
        ("from repatria.explore import panel", "report.run", "explore.panel"),
    ],
)
def test_a_wrong_import_is_found_wherever_it_stands(source: str, inside: str, wrong: str) -> None:
    assert faults(source, inside) == {wrong}


@pytest.mark.parametrize(
    ("source", "inside"),
    [
        ("from repatria import __version__", "record.export"),
        ("from repatria.record.schema import TABLES\nimport pandas", "curate.models"),
        ("from .words import say", "display.cadence"),
        ("from repatria.display.table import Table", "display.cadence"),
        ("from repatria.record import view", "record.export"),
    ],
)
def test_a_right_import_is_none(source: str, inside: str) -> None:
    assert faults(source, inside) == set()


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_imports_run_downwards(path: Path) -> None:
    package = path.name == "__init__.py"
    assert faults(path.read_text("utf-8"), module(path), package) == set()


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_only_the_record_reads_tables_and_only_its_wings_write(path: Path) -> None:
    text = path.read_text("utf-8")
    own = wing(module(path))
    if own != "record":
        assert not re.search(r"\bread_(csv|parquet|excel)\(|DictReader\(", text) or own == "curate"
    if own in {"analysis", "display"}:
        assert not re.search(r"\bopen\(|write_(text|bytes)\(|to_csv\(['\"/]", text)
    if own == "charts":  # a chart may be saved, in one place
        found = re.search(r"\bopen\(|write_(text|bytes)\(|savefig\(", text)
        assert not found or path.name == "base.py"


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_every_module_says_what_is_public(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    names = {n.id for node in tree.body for n in ast.walk(node) if isinstance(n, ast.Name)}
    declared = "__all__" in names
    assert declared and ast.get_docstring(tree)


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_functions_and_files_stay_short(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = len(text.splitlines())
    assert lines <= 500
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    # Counted from the first line inside: a signature of many options is a declaration too.
    long = {
        node.name: (node.end_lineno or 0) - node.body[0].lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, kinds)
    }
    assert {name: n for name, n in long.items() if n > 60} == {}


@pytest.mark.parametrize("path", TEXTS, ids=names(TEXTS))
def test_nothing_is_kept_from_the_formatter(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [i for i, line in enumerate(lines, 1) if re.search(r"# fmt: *(skip|off)", line)] == []


def test_lines_by_wing() -> None:
    """Not a limit but a look: `pytest -s -k lines_by_wing` prints what each wing has of its budget."""
    lines = Counter[str]()
    for path in FILES:
        lines[wing(module(path))] += len(path.read_text("utf-8").splitlines())
    print()
    for name, budget in BUDGET.items():
        over = "  over" if lines[name] > budget else ""
        print(f"{name:>9} {lines[name]:>6,} of {budget:>5,}{over}")
    print(f"{'together':>9} {lines.total():>6,} of {sum(BUDGET.values()):>5,}")
    assert set(lines) == set(BUDGET)


# --- notebooks --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def test_notebooks_are_thin(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    assert [c["metadata"].get("tags") for c in code[:1]] == [["parameters"]]
    assert "".join(code[0]["source"]) == CELL, "`repatria refresh notebooks` writes it"
    lines = [x for c in code for x in "".join(c["source"]).splitlines() if x.strip()]
    assert len(lines) <= 60
    assert not any(re.search(r"\bdef |\blambda\b|open\(|\.csv|/", x) for x in lines)
    assert sum(bool(re.match(r"\s*(import|from) ", x)) for x in lines) == 1
    for text, call in zip(cells[3::2], cells[4::2], strict=True):
        assert text["cell_type"] == "markdown" and "".join(text["source"]).startswith("## ")
        assert call["cell_type"] == "code"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def test_notebooks_use_every_parameter(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells[2:] if c["cell_type"] == "code")
    used = {n.id for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name)}
    assert used >= {"as_of", "since", "until", "lens"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def test_notebooks_are_stored_executed_with_alt_text(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    for cell in cells[4::2]:  # 05_explore is stored without its widgets, as a page would show it
        assert len(cell["outputs"]) == 1, "".join(cell["source"])
        output = cell["outputs"][0]
        assert set(output["data"]) & {"text/html", "text/markdown"}, "".join(cell["source"])
        html = "".join(output["data"].get("text/html", ""))
        for picture in re.findall(r"<img[^>]*>", html):
            assert len(re.search(r'alt="([^"]*)"', picture)[1]) > 20  # type: ignore[index]


def test_no_statistics_in_charts() -> None:
    for path in (SRC / "charts").glob("*.py"):
        found = r"scipy|statsmodels|astropy|(np)?\.(mean|median|std|var|percentile|quantile)\("
        assert not re.search(found, path.read_text("utf-8")), path.name


# --- the grid ---------------------------------------------------------------------------------


def test_wings_are_listed_in_their_order() -> None:
    folders = {p.name for p in SRC.iterdir() if (p / "__init__.py").exists()}
    assert folders == set(WINGS) - {"cli"}
    assert all(a in BUDGET and b in BUDGET for a, b in pairwise(WINGS))


def test_a_question_is_named_alike_in_every_wing() -> None:
    held = {w: {p.stem for p in (SRC / w).glob("*.py")} for w in ("analysis", "display", "charts")}
    for question in QUESTIONS:
        assert question in held["analysis"], question
        assert question in held["display"], question
    tests = {p.stem.removeprefix("test_") for p in (ROOT / "tests" / "analysis").glob("*.py")}
    assert tests >= held["analysis"] & QUESTIONS
