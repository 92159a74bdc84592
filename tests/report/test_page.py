"""A page: nothing from outside, one script by its hash, ids that stay, and every event led to its page."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import nbformat
import pytest
from jinja2 import UndefinedError
from report.shelf import executed

from repatria.display.words import Prose
from repatria.report import ReportError, page

CHART = (
    '<figure class="rp-chart" id="chart-stems"><figcaption>One</figcaption><picture>'
    '<source media="(max-width: 30rem)" srcset="data:image/png;base64,cGhvbmU=" width="1" height="1">'
    '<img src="data:image/png;base64,d2lkZQ==" alt="Dots" width="1" height="1"></picture></figure>'
)
ROW = (
    '<div id="table-days"><span class="rp-event" title="bodies-2025-06-11">11 June</span></div>'
    '\n<p class="rp-note rp-way">In a notebook.</p>\n'
)


def output(html: str, **more: str) -> nbformat.NotebookNode:
    metadata = {"text/csv": {"name": "days"}} if "csv" in more else {}
    data = {"text/html": html} | ({"text/csv": more["csv"]} if "csv" in more else {})
    data |= {"image/svg+xml": more["svg"]} if "svg" in more else {}
    return nbformat.v4.new_output("execute_result", data, metadata=metadata)


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<img src="data:image/png;base64,x">', "a picture without alt text"),
        ('<img alt="a" src="https://example.org/x.png">', "an outside address"),
        ('<img alt="a" src="//example.org/x.png">', "an outside address"),
        ('<source srcset="HTTP://example.org/x.png">', "an outside address"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "an outside address"),
        ("<script>1</script>", "a <script> element"),
        ('<script src="x.js"></script>', "a <script> element"),
        ("<base href='x'>", "a <base> element"),
        ('<p onclick="x()">', "a handler onclick"),
        ("<p\nONCLICK=x()>", "a handler onclick"),
        ('<a href=" JavaScript:alert(1)">x</a>', "a script address"),
        (
            "<style>p{background:url(https://example.org/x)}</style>",
            "an outside address in a style",
        ),
    ],
)
def test_an_unfit_page_is_refused(html: str, fault: str) -> None:
    assert any(fault in f for f in page.faults(html))
    assert page.SUSPECT.search(html), "a fault is looked for"
    with pytest.raises(ReportError, match="unfit"):
        page.framed(
            "frame.html.j2", title="T", description="", guardrail="", up="", root="", body=html
        )


def test_only_the_given_script_may_run() -> None:
    assert page.faults("<script>1</script>", script="1") == []
    assert page.faults("<script>1</script><script>2</script>", script="1") == ["a <script> element"]
    digest = base64.b64encode(hashlib.sha256(b"1").digest()).decode()
    assert f"script-src 'sha256-{digest}';" in page.policy("1")
    assert "script" not in page.policy()


def test_the_script_of_the_site_stands_in_its_page_as_it_is_hashed() -> None:
    script = page.asset("filter.js")
    assert script == "\n".join(line.rstrip() for line in script.splitlines() if line.strip())
    assert "http" not in script and "innerHTML" not in script and "eval" not in script


def test_a_page_without_one_of_its_words_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        page.framed("frame.html.j2", title="T", description="", up="", root="")


def test_a_notebook_becomes_sections_with_ids_that_stay(tmp_path: Path) -> None:
    path = executed(tmp_path / "01_record.ipynb", "# The record\n\nWhat.", one=Prose("Yes."))
    found = page.document(path)
    assert (found.name, found.title, found.lead) == ("record", "The record", "What.")
    assert found.sections == [("one", "What of one?")]
    assert '<section id="one">' in found.html and "</section>" in found.html
    assert "f()" not in found.html, "code is hidden"


def test_an_empty_notebook_is_a_page_without_sections(tmp_path: Path) -> None:
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "01_record.ipynb")
    found = page.document(tmp_path / "01_record.ipynb")
    assert (found.title, found.sections, found.files) == ("record", [], {})


def test_pictures_and_tables_stand_beside_the_page(tmp_path: Path) -> None:
    things = {"a": output(CHART, svg="<svg/>"), "b": output(ROW, csv="day\n1\n")}
    found = page.document(executed(tmp_path / "01_record.ipynb", "# R", **things))
    assert found.files == {
        "charts/record-stems.png": b"wide",
        "charts/record-stems-phone.png": b"phone",
        "charts/record-stems.svg": b"<svg/>",
        "tables/record-days.csv": b"day\n1\n",
    }
    assert 'srcset="charts/record-stems-phone.png"' in found.html and "data:image" not in found.html
    assert 'src="charts/record-stems.png"' in found.html and "charts/record-stems.svg" in found.html
    assert 'href="events/bodies-2025-06-11.html"' in found.html
    inline = page.document(tmp_path / "01_record.ipynb", inline=True)
    assert inline.html.count("data:image/png") == 2 and inline.files == found.files


def test_an_id_is_given_once(tmp_path: Path) -> None:
    things = {"a": output(CHART), "b": output(CHART), "c": output(ROW), "d": output(ROW)}
    html = page.document(executed(tmp_path / "01_record.ipynb", "# R", **things)).html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert {"chart-stems", "chart-stems-2", "table-days", "table-days-2"} <= set(ids)


def test_hostile_text_is_inert(tmp_path: Path) -> None:
    hostile = (
        "<script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} [a](javascript:alert(3)) "
        "[b](#event-x%22onclick=)"
    )
    path = executed(tmp_path / "01_record.ipynb", f"# {hostile}\n\n{hostile}", a=Prose(hostile))
    found = page.document(path)
    assert page.faults(found.html) == []
    assert "&lt;script&gt;" in found.html and "{{7*7}}" in found.html
    html = page.framed(
        "frame.html.j2",
        title=found.title,
        lead=found.lead,
        description=hostile,
        guardrail="",
        up="",
        root="",
    )
    assert page.faults(html) == []
