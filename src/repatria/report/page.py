"""The page: executed notebooks become one self-contained HTML file and its CSV tables."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from repatria import __version__
from repatria.record import names
from repatria.report.base import ReportError
from repatria.report.kernels import clean
from repatria.report.parameters import Parameters

__all__ = ["faults", "merged", "render", "write"]

TEMPLATES = Path(__file__).parent / "templates"


def write(
    folder: Path,
    executed: Sequence[Path],
    record: Any,
    parameters: Parameters,
    inputs: Mapping[str, Any],
) -> None:
    """Write `index.html` and `tables/*.csv` from executed notebooks into `folder`.

    `record` is the record as the notebooks saw it; `inputs` (see `provenance.inputs`) are printed at the
    end of the page. Raises ReportError if the page is unfit to publish (see `faults`).
    """
    notebook, sections, tables = merged(executed)
    html = render(notebook, _context(sections, record, parameters, inputs))
    if wrong := faults(html):
        raise ReportError(f"the page is unfit: {'; '.join(sorted(set(wrong)))}")
    (folder / "index.html").write_text(html, "utf-8")
    (folder / "tables").mkdir()
    for name, text in tables.items():
        (folder / "tables" / f"{name}.csv").write_text(text, "utf-8")


def _context(
    sections: list[tuple[str, str]],
    record: Any,
    parameters: Parameters,
    inputs: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the template needs besides the notebooks' cells."""
    from repatria.display import ledger, words

    p = parameters
    window = (p.since, p.until)
    events = record.events(None, p.lens, *window, cancelled=True, disputed=True)
    day = names.day(record.last_day)
    known = f"as known on {day}" if p.as_of else f"as it stands, newest page or searched day {day}"
    made = [
        ("as_of", p.as_of or "the record as it stands"),
        ("since", p.since or "the first event"),
        ("until", p.until or "the newest event"),
        ("lens", f"{p.lens}: {words.LENS_WORDS[p.lens]}"),
        ("rule", inputs["rule"]),
        ("data", f"sha256 {inputs['data']}"),
        ("code", f"repatria {__version__}, sha256 {inputs['code']}"),
        ("lock file", f"sha256 {inputs['lock']}"),
        *inputs["versions"].items(),
    ]
    return {
        "title": "Repatriations and prisoner exchanges between Russia and Ukraine",
        "record_line": f"the record {known}",
        "css": (TEMPLATES / "report" / "page.css").read_text("utf-8"),
        "sections": sections,
        "ledger": ledger.ledger(record, events),
        "made": made,
        "guardrail": words.GUARDRAIL,
    }


def merged(paths: Sequence[Path]) -> tuple[Any, list[tuple[str, str]], dict[str, str]]:
    """Join executed notebooks into one: headings one level down, a section each.

    Returns the notebook, its sections as (id, title), and the CSV tables in it by name.
    """
    import nbformat

    page = nbformat.v4.new_notebook()
    sections: list[tuple[str, str]] = []
    tables: dict[str, str] = {}
    for path in paths:
        nb = clean(nbformat.read(path, as_version=4))
        ident = path.stem.partition("_")[2]
        cells = [c for c in nb.cells if c.cell_type == "markdown" or c.get("outputs")]
        title = re.search(r"^# (.+)$", cells[0].source, re.M)
        sections.append((ident, title.group(1) if title else ident))
        for cell in cells:
            cell["id"] = f"{ident}-{cell['id']}"[:64]
            if cell.cell_type == "markdown":
                cell.source = re.sub(r"^(#+ )", r"#\1", cell.source, flags=re.M)
            for output in cell.get("outputs", []):
                if output.output_type == "execute_result":  # the template shows both kinds alike
                    output.output_type = "display_data"
                data = output.get("data", {})
                if (
                    "text/html" in data
                ):  # one chart may stand in two notebooks, and here on one page
                    named = rf' id="{ident}-\1-'
                    data["text/html"] = re.sub(' id="(chart|table)-', named, data["text/html"])
                if "text/csv" in data:
                    name = output.metadata["text/csv"]["name"]
                    tables[f"{ident}-{name}"] = data["text/csv"]
        cells[0].metadata["rp_open"] = ident
        cells[-1].metadata["rp_close"] = True
        page.cells += cells
    return page, sections, tables


def render(notebook: Any, page: Mapping[str, Any]) -> str:
    """Return a merged notebook as HTML, by the package's nbconvert template."""
    from nbconvert.exporters import HTMLExporter, TemplateExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    def inert_markdown(text: str) -> str:
        # Markup inside the text is shown, not obeyed: names and notes of the record may stand in prose.
        renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
        return str(MarkdownWithMath(renderer=renderer).render(text))

    exporter = HTMLExporter(
        template_name="report", extra_template_basedirs=[str(TEMPLATES)], exclude_input=True
    )
    exporter.register_filter("inert_markdown", inert_markdown)
    exporter.register_filter("b64", lambda text: base64.b64encode(text.encode()).decode())
    # Past HTMLExporter's own step, which parses the page again to put placeholders where alt text is
    # missing: here a missing alt text is a fault (see `faults`).
    html, _ = TemplateExporter.from_notebook_node(exporter, notebook, {"page": page})
    return "\n".join(line.rstrip() for line in html.splitlines() if line.strip()) + "\n"


class _Page(HTMLParser):
    """Finds what a page must not have: pictures without alt text, outside resources, scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if tag == "img" and not (a.get("alt") or "").strip():
            self.faults.append("a picture without alt text")
        if tag in {"script", "iframe", "object", "embed", "form", "base"}:
            self.faults.append(f"a <{tag}> element")
        places = {"src", "srcset", "poster", "action", "background"}
        outside = [v for k, v in attrs if k in places and v]
        if tag == "link":
            outside.append(a.get("href") or "")
        self.faults += [
            f"an outside address: {v[:60]}" for v in outside if not v.startswith("data:")
        ]
        self.faults += [f"a handler {k}" for k, _ in attrs if k.startswith("on")]
        if (a.get("href") or "").lower().lstrip().startswith(("javascript:", "vbscript:")):
            self.faults.append("a script address")


def faults(html: str) -> list[str]:
    """Return what makes a page unfit for publishing; empty if nothing does.

    >>> faults('<p>fine</p>'), faults('<img src="data:image/png;base64,x">')
    ([], ['a picture without alt text'])
    """
    page = _Page()
    page.feed(html)
    if re.search(r"url\(\s*['\"]?https?:", html):
        page.faults.append("an outside address in a style")
    return page.faults
