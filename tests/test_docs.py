"""The documents: nothing public is on no page, what is generated is current, links lead somewhere."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import repatria as rp
from repatria.cli import app
from repatria.record.fingerprint import ROOT
from repatria.record.schema import TABLES
from repatria.report import documents, refresh

GROUP = typer.main.get_command(app)
VERBS = {name: c for name, c in GROUP.commands.items() if not c.hidden}  # type: ignore[attr-defined]
FOLDERS = ("", "data", "docs", "seeds", "reports")
PAGES = [p for f in FOLDERS for p in sorted((ROOT / f).glob("*.md"))]
PAGES += sorted((ROOT / "docs" / "decisions").glob("*.md"))
# Those of seeds/ are articles as they were found: what they link to is not ours.
OURS = [p for p in PAGES if p.parent.name != "seeds" or p.name == "README.md"]


@cache
def words() -> set[str]:
    """Return every name, option and path in the documents for readers."""
    text = "\n".join(p.read_text("utf-8") for p in OURS)
    return set(re.findall(r"--[a-z][a-z-]+|\w+(?:\.\w+)*", text))


def test_every_verb_and_option_is_on_a_page() -> None:
    options = {o for c in VERBS.values() for p in c.params for o in (*p.opts, *p.secondary_opts)}
    long = {o for o in options if o.startswith("--")}
    assert {*VERBS, *long} - words() == set()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_in_the_codebook(name: str) -> None:
    _, _, text = (ROOT / "data" / "README.md").read_text("utf-8").partition(f"### `{name}`")
    section = text.partition("###")[0]
    assert [c for c in TABLES[name].columns if f"`{c}`" not in section] == []


def test_every_public_function_is_on_a_page() -> None:
    names = {name for module in documents.modules() for name, _ in documents.public(module)}
    assert names - words() == set()


def test_every_public_function_says_what_it_gives() -> None:
    missing = [
        f"{module.__name__}.{name}"
        for module in documents.modules()
        for name, thing in documents.public(module)
        if not thing.__doc__
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("page", "name", "made"),
    [
        ("commands.md", "commands", lambda: documents.commands(GROUP)),
        ("api.md", "api", documents.api),
    ],
)
def test_generated_pages_are_current(page: str, name: str, made: Any) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert text == refresh.replace_block(text, name, made()), "run `repatria refresh docs`"


@pytest.mark.parametrize("page", OURS, ids=[p.relative_to(ROOT).as_posix() for p in OURS])
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)\s:]+)\)", text)
    assert [t for t in targets if not _there(page, t)] == []


def _there(page: Path, target: str) -> bool:
    """Return whether a relative link leads to a file, and its fragment to a heading in it."""
    path, _, fragment = target.partition("#")
    file = page.parent / path if path else page
    if not file.exists():
        return False
    if not fragment or file.suffix != ".md":
        return True
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.M)
    return fragment in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_files_named_in_the_documents_are_there() -> None:
    gone = {
        f"{page.name}: {path}"
        for page in OURS
        for path in re.findall(
            r"`((?:src|tests|docs|data|notebooks|bench)/[\w/.-]+\.\w+)`", page.read_text()
        )
        if "CHANGELOG" not in page.name and not (ROOT / path).exists()
    }
    assert gone == set()


@pytest.mark.parametrize("page", OURS, ids=[p.relative_to(ROOT).as_posix() for p in OURS])
def test_examples_in_the_documents_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.name in ("cookbook.md", "gallery.md"):
        pytest.skip("run by test_cookbook.py and test_gallery.py")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S):
        exec(compile(block, page.name, "exec"), names)


def test_one_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"]
    assert cited == rp.__version__
    assert f" {rp.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_commits_are_checked_by_the_tools_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0][
        "hooks"
    ]
    check = (ROOT / "Makefile").read_text("utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    tools = [
        line.split("/", 1)[1].split(" src")[0] for line in check.splitlines() if "$(BIN)" in line
    ]
    assert [h["entry"].removeprefix(".venv/bin/") for h in hooks] == tools


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_links_of_stored_notebooks_lead_somewhere(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    data = [o["data"] for c in cells for o in c.get("outputs", ())]
    for shown in ("".join(d.get("text/html", "")) for d in data):
        for link in re.findall(r'<a href="([^"]*)"', shown):
            here = link.startswith("#") and f'id="{link[1:]}"' in shown
            assert here or link.startswith("http"), link
    for said in ("".join(d.get("text/markdown", "")) for d in data):
        assert all(a.startswith("http") for a in re.findall(r"\]\(([^)]*)\)", said))
