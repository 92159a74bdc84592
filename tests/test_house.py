"""The house: data flows one way, notebooks are thin, generated pages are current."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from repatria.record.fingerprint import ROOT

SRC = ROOT / "src" / "repatria"
# A module may import only from its left. `curate`, `export`, `changes` are side doors beside the report.
ORDER = [
    "schema",
    "fingerprint",
    "estimate",
    "checks",
    "record",
    "parameters",
    "tables",
    "words",
    "asymmetry",
    "asymmetry_tables",
    "cadence",
    "forecast",
    "cadence_tables",
    "reconcile",
    "holdings",
    "brief",
    "charts",
    "changes",
    "export",
    "curate",
    "report",
    "cli",
]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def imported(path: Path) -> set[str]:
    """Return the package's modules that a file imports when it is imported itself."""
    names: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("repatria"):
            rest = (node.module or "").partition(".")[2]
            names |= {rest.partition(".")[0]} if rest else {a.name for a in node.names}
    return names & set(ORDER)


def home(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


FILES = sorted(p for p in SRC.rglob("*.py") if home(p) not in {"__init__", "__main__"})


@pytest.mark.parametrize("path", FILES, ids=[p.relative_to(SRC).as_posix() for p in FILES])
def test_data_flows_one_way(path: Path) -> None:
    own = ORDER.index(home(path))
    assert {n for n in imported(path) if ORDER.index(n) > own} == set()


@pytest.mark.parametrize("path", FILES, ids=[p.relative_to(SRC).as_posix() for p in FILES])
def test_only_the_record_reads_and_only_the_report_writes(path: Path) -> None:
    if home(path) in {"record", "report", "fingerprint", "curate", "export", "changes"}:
        return
    text = path.read_text("utf-8")
    assert not re.search(r"\bopen\(|read_csv|read_text|read_bytes|write_text|write_bytes|to_csv\(['\"/]", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def test_notebooks_are_thin(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    lines = [x for c in code for x in "".join(c["source"]).splitlines() if x.strip()]
    assert len(lines) <= 60
    assert not any(re.search(r"\bdef |\blambda\b|open\(|\.csv|/", x) for x in lines)
    assert sum(bool(re.match(r"\s*(import|from) ", x)) for x in lines) == 1
    assert [c["metadata"].get("tags") for c in code[:1]] == [["parameters"]]
    assert "".join(code[0]["source"]) == 'as_of: str = ""\nsince: str = ""\nlens: str = "best"'
    for text, call in zip(cells[3::2], cells[4::2], strict=True):
        assert text["cell_type"] == "markdown" and "".join(text["source"]).startswith("## ")
        assert call["cell_type"] == "code"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def test_notebooks_are_stored_executed_with_alt_text(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    for cell in cells[4::2]:
        assert len(cell["outputs"]) == 1, "".join(cell["source"])
        output = cell["outputs"][0]
        assert set(output["data"]) & {"image/png", "text/html", "text/markdown"}, "".join(cell["source"])
        if "image/png" in output["data"]:
            assert len(output["metadata"]["image/png"]["alt"]) > 20


def test_no_statistics_in_charts() -> None:
    for path in (SRC / "charts").glob("*.py"):
        assert not re.search(
            r"scipy|statsmodels|astropy|(np)?\.(mean|median|std|var|percentile|quantile)\(", path.read_text("utf-8")
        )


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / f"{d}/README.md" for d in ("data", "seeds", "reports")),
    ]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
