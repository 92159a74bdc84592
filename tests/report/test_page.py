"""The page: nothing from outside, alt text everywhere, every figure led back to its pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from report.conftest import DAY, book

from repatria.report import page, run


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<img src="data:image/png;base64,x">', "a picture without alt text"),
        ('<img alt="a" src="https://example.org/x.png">', "an outside address"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "an outside address"),
        ("<script>1</script>", "a <script> element"),
        ('<p onclick="x()">', "a handler onclick"),
        ('<a href=" JavaScript:alert(1)">x</a>', "a script address"),
        (
            "<style>body{background:url(https://example.org/x)}</style>",
            "an outside address in a style",
        ),
    ],
)
def test_an_unfit_page_is_refused(html: str, fault: str) -> None:
    assert any(fault in f for f in page.faults(html))


def test_the_page_is_self_contained_with_alt_text(published: Path) -> None:
    html = (published / "index.html").read_text("utf-8")
    assert page.faults(html) == []
    assert html.count("<img") == 1 and "Two panels of dots" in html
    assert "In [" not in html and "rp.load" not in html, "code is hidden"
    assert '<html lang="en">' in html and "How this was made" in html
    assert "@media print" in html


def test_the_page_of_12_june_knows_only_what_was_known(published: Path) -> None:
    html = (published / "index.html").read_text("utf-8")
    assert 'id="event-bodies-2025-06-11"' in html
    assert "bodies-2025-06-13" not in html
    assert not re.search(r">\s*undated", html)


def test_figures_in_tables_lead_to_claims_and_pages(published: Path) -> None:
    html = (published / "index.html").read_text("utf-8")
    targets = set(re.findall(r'href="#([^"]+)"', html))
    assert targets <= set(re.findall(r'id="([^"]+)"', html)), "no link leads nowhere"
    entry = html.partition('id="event-bodies-2025-06-11"')[2].partition("</details>")[0]
    assert "Medinsky: 27 to Russia" in entry and "https://" in entry


def test_one_chart_in_two_notebooks_has_two_ids(tmp_path: Path) -> None:
    executed = []
    for name in ("00_brief", "01_record"):
        shown = '<figure id="chart-stems"></figure><div id="table-days"></div>'
        cell = nbformat.v4.new_code_cell(
            "", outputs=[nbformat.v4.new_output("display_data", {"text/html": shown})]
        )
        title = nbformat.v4.new_markdown_cell(f"# {name}")
        nbformat.write(nbformat.v4.new_notebook(cells=[title, cell]), tmp_path / f"{name}.ipynb")
        executed.append(tmp_path / f"{name}.ipynb")
    notebook, sections, _ = page.merged(executed)
    html = "".join(o.data["text/html"] for c in notebook.cells for o in c.get("outputs", []))
    ids = ["brief-chart-stems", "brief-table-days", "record-chart-stems", "record-table-days"]
    assert re.findall('id="([^"]+)"', html) == ids
    assert sections == [("brief", "00_brief"), ("record", "01_record")]


def test_alt_text_survives_for_svg_too() -> None:
    output = nbformat.v4.new_output(
        "display_data",
        {"image/svg+xml": "<svg></svg>"},
        metadata={"image/svg+xml": {"alt": "A finding"}},
    )
    cell = nbformat.v4.new_code_cell("", outputs=[output])
    texts = dict.fromkeys(("title", "record_line", "css", "guardrail"), "")
    lists: dict[str, list[Any]] = {"sections": [], "ledger": [], "made": []}
    html = page.render(nbformat.v4.new_notebook(cells=[cell]), {**texts, **lists})
    assert '<figure role="img" aria-label="A finding">' in html


def test_hostile_but_valid_text_is_inert_in_the_page(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (folder / "schedules.csv").read_text("utf-8")
    old = "Says Kyiv did not confirm the handover and put it off"
    assert old in text
    hostile = (
        "<script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} =1+1 "
        "[a](javascript:alert(3))"
    )
    (folder / "schedules.csv").write_text(text.replace(old, hostile), "utf-8")
    monkeypatch.setenv("REPATRIA_DATA", str(folder))
    call = 'rp.display.pledges.disputed_schedule(record, "istanbul-2025-06-02")'
    small = book(tmp_path, "00_small.ipynb", call)
    folder = run.make(DAY, tmp_path / "reports", print, books=[small]).folder
    html = (folder / "index.html").read_text("utf-8")
    assert page.faults(html) == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html and "{{7*7}}" in html
