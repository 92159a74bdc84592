"""The record's files: descriptor, codebook, the dossier's account, the seeds, and what must never be in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import frictionless
import pytest

from repatria import __version__
from repatria.curate import book
from repatria.record import schema
from repatria.record.fingerprint import ROOT
from repatria.report import refresh

DATA = ROOT / "data"
PREVIEWS = {
    "rfe.pangea-cms.com": "radiosvoboda.org"
}  # the dossier has a preview, the record its page
DOSSIERS = {"claims": 2654, "handovers_2026": 54}  # lines of each


def dossier(name: str) -> Path:
    return ROOT.parent / "shared" / "research" / f"{name}.jsonl"


def test_the_descriptor_is_the_schemas() -> None:
    assert json.loads((DATA / "datapackage.json").read_text("utf-8")) == json.loads(
        json.dumps(schema.descriptor(__version__))
    )


def test_the_codebook_is_the_schemas() -> None:
    text = (DATA / "README.md").read_text("utf-8")
    assert refresh.replace_block(text, "fields", schema.codebook()) == text


def test_frictionless_finds_nothing() -> None:
    result = frictionless.Package(str(DATA / "datapackage.json")).validate()
    assert result.valid, result.flatten(["fieldName", "rowNumber", "type", "note"])[:10]


@pytest.mark.parametrize("name", DOSSIERS)
def test_every_line_of_a_dossier_ended_somewhere(record: Any, name: str) -> None:
    d = record.tables["dossier"]
    lines = set(d.loc[d["file"] == name, "line"])
    assert lines == set(range(1, DOSSIERS[name] + 1)), sorted(
        set(range(1, DOSSIERS[name] + 1)) - lines
    )
    if dossier(name).exists():
        assert len(dossier(name).read_text("utf-8").splitlines()) == DOSSIERS[name]


@pytest.mark.skipif(
    not dossier("claims").exists(), reason="the dossier is not beside this checkout"
)
def test_every_lines_page_carries_the_rows_it_ended_in(record: Any) -> None:
    """Of the first dossier, whose lines give the page itself; the second's may give a copy of it."""
    lines = dossier("claims").read_text("utf-8").splitlines()
    ids = record.tables["sources"].set_index("source_id")["url"]
    pages: dict[str, set[tuple[str, str, str]]] = {}
    for table, column in (("citations", "claim_id"), ("mentions", "row_id")):
        t = record.tables[table]
        for row, source in zip(t[column], t["source_id"].map(ids), strict=True):
            pages.setdefault(row, set()).add(page(source))
    for row, url in record.tables["excluded"][["excluded_id", "url"]].itertuples(index=False):
        pages.setdefault(row, set()).add(page(url))
    urls = [page(json.loads(line)["url"].strip()) for line in lines]
    d = record.tables["dossier"].query("file == 'claims'")
    # The record's address may be the line's without its query (from=, traffic_source=, comments).
    lost = [
        (n, r)
        for n, r in zip(d["line"], d["row_id"], strict=True)
        if not {urls[n - 1], (*urls[n - 1][:2], "")} & pages.get(r, set())
    ]
    assert lost == []


def page(url: str) -> tuple[str, str, str]:
    """Return an address without what does not tell pages apart: clicks, www., last slash, /amp, .json,
    the preview of a newsroom's own system.
    """
    parts = urlsplit(book.without_clicks(url))
    path = parts.path.rstrip("/").removesuffix("/amp").removesuffix(".json")
    host = PREVIEWS.get(parts.netloc, parts.netloc.removeprefix("www."))
    return host, path.removeprefix("/preview/uk-UA"), parts.query


def test_the_five_founding_articles_are_sources(record: Any) -> None:
    seeds = record.tables["sources"].query("seed != ''")
    cards = sorted(p.stem for p in (ROOT / "seeds").glob("[0-9]*.md"))
    assert sorted(seeds["seed"]) == cards and len(cards) == 5
    cited = set(record.tables["citations"]["source_id"])
    assert set(seeds["source_id"]) <= cited
    for stem in cards:
        text = (ROOT / "seeds" / f"{stem}.md").read_text("utf-8")
        assert re.search(r"`[0-9a-f]{64}`", text) and "Leaves open" in text


SEEDS = ROOT.parent / "shared" / "seeds"


@pytest.mark.skipif(not SEEDS.exists(), reason="the articles are not beside this checkout")
def test_no_sentence_of_an_article_is_in_the_project() -> None:
    def grams(text: str, n: int = 12) -> set[tuple[str, ...]]:
        w = re.findall(r"\w+", text.lower())
        return {tuple(w[i : i + n]) for i in range(len(w) - n + 1)}

    articles = set().union(*(grams(p.read_text("utf-8", "replace")) for p in SEEDS.glob("*.txt")))
    ours = [
        p
        for f in ("seeds", "docs", "data", "notebooks", "src")
        for p in (ROOT / f).rglob("*")
        if p.is_file()
    ]
    for path in [*ours, ROOT / "README.md"]:
        addresses = path.name in {
            "sources.csv",
            "excluded.csv",
        }  # an address may spell out a headline
        if path.suffix in {".md", ".py", ".csv", ".ipynb", ".j2"} and not addresses:
            assert not grams(path.read_text("utf-8")) & articles, path


def test_context_of_the_articles_is_there(record: Any) -> None:
    c = record.context()
    said = set(zip(c["series"], c["count_low"], strict=True))
    assert ("acknowledged_dead_ukraine", 46000) in said
    assert ("named_dead_russia", 111000) in said
    assert ("repatriations_so_far", 70) in said


def test_coverage_is_stated_per_kind_and_side(record: Any) -> None:
    c = record.coverage()
    assert Counter(zip(c["kind"], c["side"], strict=True)).keys() >= {
        (k, s) for k in ("bodies", "prisoners") for s in ("ukraine", "russia")
    }


def test_undated_pages_have_no_day(record: Any) -> None:
    s = record.tables["sources"]
    assert s["published_on"].isna().sum() > 100


def test_no_machine_path_or_host_in_the_tracked_tree() -> None:
    wrong = re.compile(r"/work/|/root/|/home/\w+/|pypi\.org|/opt/pypi")
    skip = {
        ".venv",
        ".git",
        ".hypothesis",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        "__pycache__",
    }
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if not path.is_file() or skip & set(parts) or parts[0] == "reports":
            continue
        if path.suffix in {
            ".md",
            ".py",
            ".ipynb",
            ".toml",
            ".txt",
            ".j2",
            ".json",
        } and path != Path(__file__):
            assert not wrong.search(path.read_text("utf-8")), path
