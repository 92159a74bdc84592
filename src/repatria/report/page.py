"""One page: an executed notebook's cells as HTML, the frame around every page, and what makes one unfit."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2

from repatria.display.table import led
from repatria.display.words import templates, unlinked
from repatria.report.base import ReportError
from repatria.report.kernels import clean

__all__ = ["Document", "asset", "document", "environment", "faults", "framed", "outline", "policy"]

TEMPLATES = Path(__file__).parent / "templates"
# What no page has but by a picture, a script or a fault: most pages need no closer look.
SUSPECT = re.compile(
    r"<(script|iframe|object|embed|form|base)\b|\s(src|srcset|poster|action|background)\s*="
    r"|[\s\"'/]on[a-z]+\s*=|(java|vb)script:|url\(|<link[^>]*//",
    re.I,
)
OPTIONAL = (
    "body",
    "css",
    "heading",
    "image",
    "lead",
    "nav",
    "release",
    "script",
    "url",
    "wide",
)  # of a frame
PICTURE = re.compile(r'data:image/png;base64,([^"]+)')
FIGURE = re.compile(r'<figure class="rp-chart" id="chart-([a-z0-9-]+)">.*?</figure>', re.S)


@dataclass
class Document:
    """A notebook as a page: its words, its cells as HTML, and the files that go beside it, by path."""

    name: str
    title: str
    lead: str
    sections: list[tuple[str, str]]
    html: str
    files: dict[str, bytes] = field(default_factory=dict)


@cache
def environment() -> jinja2.Environment:
    """Return the environment of the site's templates, with the filters that sentences have."""
    env = templates().overlay(loader=jinja2.FileSystemLoader(TEMPLATES / "site"), autoescape=True)
    env.filters["markdown"] = inert_markdown
    env.filters["phrase"] = lambda text: (
        inert_markdown(text).removeprefix("<p>").removesuffix("</p>")
    )
    return env


def asset(name: str) -> str:
    """Return the text of a file of the site: its style, its script."""
    return (TEMPLATES / "site" / name).read_text("utf-8").strip()


@lru_cache(maxsize=4096)  # sentences of the rule stand on many pages
def inert_markdown(text: str) -> str:
    """Return Markdown as HTML; markup inside the text is shown, not obeyed: the record's text may be in it."""
    return str(_markdown().render(str(text))).strip()


@cache
def _markdown() -> Any:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    return MarkdownWithMath(renderer=IPythonRenderer(escape=True, exclude_anchor_links=True))


def linked(html: str, markdown: bool = False) -> str:
    """Lead the links of event ids to the events' own pages, and leave out what tables tell a notebook's user.

    >>> linked('<span class="rp-event" title="bodies-2025-06-11">11 June</span>')
    '<a href="events/bodies-2025-06-11.html">11 June</a>'
    """
    if markdown:
        return re.sub(r"\]\(#event-([\w-]+)\)", r"](events/\1.html)", html)
    return led(html, "events/{}.html")


def slim(svg: str) -> str:
    """Return a drawing with its coordinates to a hundredth of a point, and without the space between elements.

    >>> slim('<g>\\n  <path d="M 1.234567 2"/>\\n</g><text x="1">0.1234</text>')
    '<g><path d="M 1.23 2"/></g><text x="1">0.1234</text>'
    """

    def short(found: re.Match[str]) -> str:
        return re.sub(r"(\d\.\d\d)\d+", r"\1", found[0].replace(" \n", " "))

    return re.sub(r' (?:d|x|y|transform|points)="[^"]*"', short, re.sub(r">\s+<", "><", svg))


def document(path: Path, inline: bool = False) -> Document:
    """Return an executed notebook as a page; `inline` keeps pictures in it, for a page that travels by mail."""
    import nbformat

    nb = clean(nbformat.read(path, as_version=4))
    name = path.stem.partition("_")[2]
    cells = [c for c in nb.cells if c.cell_type == "markdown" or c.get("outputs")]
    heading, _, lead = (cells[0].source if cells else "").partition("\n")
    page = Document(name, heading.lstrip("# ").strip() or name, lead.strip(), [], "")
    taken: set[str] = set()
    for i, cell in enumerate(cells[1:], 1):
        if cell.cell_type == "markdown":
            _open(cell, cells[i - 1] if i > 1 else None, page, taken)
        for output in cell.get("outputs", []):
            _shown(output, page, taken, inline)
    if page.sections:
        cells[-1].metadata["rp_close"] = True
    nb.cells = cells[1:]
    page.html = _rendered(nb)
    return page


def outline(path: Path) -> Document:
    """Return of an executed notebook what other pages need: its name, and its first chart's picture as the one file."""
    name = path.stem.partition("_")[2]
    outputs = (
        o for c in json.loads(path.read_text("utf-8"))["cells"] for o in c.get("outputs", [])
    )
    shown = ("".join(o.get("data", {}).get("text/html", "")) for o in outputs)
    drawn = (
        f[1] for html in shown for f in FIGURE.finditer(html) if len(PICTURE.findall(f[0])) == 2
    )
    first = next(drawn, None)
    return Document(name, "", "", [], "", {_file(name, first, ".png"): b""} if first else {})


def _file(page: str, chart: str, ending: str) -> str:
    """Return the path of a chart's file in a release."""
    return f"charts/{page}-{chart}{ending}"


def _open(cell: Any, before: Any, page: Document, taken: set[str]) -> None:
    """Make a section of a question: its id is the cell's, so that a link to it stays good."""
    title, _, rest = cell.source.partition("\n")
    if not title.startswith("#"):
        return
    ident = _free(re.sub(r"^[aq]-|-question$", "", cell["id"]), taken)
    cell.metadata |= {"rp_open": ident, "rp_title": title.lstrip("# ").strip()}
    cell.source = rest.strip()
    page.sections.append((ident, cell.metadata["rp_title"]))
    if before is not None and len(page.sections) > 1:
        before.metadata["rp_close"] = True


def _free(name: str, taken: set[str]) -> str:
    """Return an id that no other element of the page has."""
    free, n = name, 1
    while free in taken:
        n += 1
        free = f"{name}-{n}"
    taken.add(free)
    return free


def _shown(output: Any, page: Document, taken: set[str], inline: bool) -> None:
    """Prepare an output for the page, and put its files aside: pictures and CSV."""
    if output.output_type == "execute_result":  # the template shows both kinds alike
        output.output_type = "display_data"
    data = output.get("data", {})
    if "text/markdown" in data:
        said = data.get("text/plain", "")  # where it is the same with its links
        same = unlinked(said) == data["text/markdown"]
        data["text/markdown"] = linked(said if same else data["text/markdown"], markdown=True)
    if "text/html" not in data:
        return
    svg = data.pop("image/svg+xml", None)

    def chart(found: re.Match[str]) -> str:
        name = found.group(1)
        file = _file(page.name, name, "")
        pictures = PICTURE.findall(found.group(0))
        phone, wide = (base64.b64decode(p) for p in pictures) if len(pictures) == 2 else (b"", b"")
        files = {
            f"{file}.png": wide,
            f"{file}-phone.png": phone,
            f"{file}.svg": slim(svg or "").encode(),
        }
        page.files |= {k: v for k, v in files.items() if v}
        html = found.group(0)
        if not inline and wide:
            for uri, ending in zip(pictures, ("-phone.png", ".png"), strict=True):
                html = html.replace(f"data:image/png;base64,{uri}", file + ending, 1)
        own = _free(f"chart-{name}", taken)
        html = html.replace(f'id="chart-{name}"', f'id="{own}"', 1)
        shown = environment().get_template("files.html.j2")
        links = shown.render(file=file, own=own, svg=bool(svg), png=bool(wide))
        return html.removesuffix("</figure>") + links + "</figure>"

    html = FIGURE.sub(chart, data["text/html"])
    html = re.sub(r'id="(table-[\w-]+)"', lambda m: f'id="{_free(m[1], taken)}"', html)
    data["text/html"] = linked(html)
    if "text/csv" in data:
        output.metadata["rp_csv"] = f"tables/{page.name}-{output.metadata['text/csv']['name']}.csv"
        page.files[output.metadata["rp_csv"]] = data["text/csv"].encode()


def _rendered(notebook: Any) -> str:
    """Return a notebook's cells as HTML, by the package's nbconvert template."""
    from nbconvert.exporters import HTMLExporter, TemplateExporter

    exporter = HTMLExporter(
        template_name="report", extra_template_basedirs=[str(TEMPLATES)], exclude_input=True
    )
    exporter.register_filter("inert_markdown", inert_markdown)
    # Past HTMLExporter's own step, which parses the page again to put placeholders where alt text is
    # missing: here a missing alt text is a fault (see `faults`).
    return str(TemplateExporter.from_notebook_node(exporter, notebook)[0])


def policy(script: str = "") -> str:
    """Return the content policy of a page: its own pictures and style, and one script by its hash if any."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    own = f"script-src 'sha256-{digest}'; " if script else ""
    # `file:` is for a release read from a disk, where some browsers match no 'self'.
    return f"default-src 'none'; {own}img-src 'self' file: data:; style-src 'self' file: 'unsafe-inline'"


def framed(template: str, **more: Any) -> str:
    """Return a whole page of a template of the site. Raises ReportError if it is unfit to publish."""
    more = {**dict.fromkeys(OPTIONAL, ""), **more}
    script = more["script"]
    html = environment().get_template(template).render(policy=policy(script), **more)
    html = "\n".join(line.rstrip() for line in html.splitlines() if line.strip()) + "\n"
    if SUSPECT.search(html) and (wrong := faults(html, script)):
        raise ReportError(f"{more['title']}: unfit: {'; '.join(sorted(set(wrong)))}")
    return html


class _Page(HTMLParser):
    """Finds what a page must not have: pictures without alt text, outside resources, strange scripts."""

    def __init__(self, script: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.script, self.inside = script, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a: Mapping[str, str | None] = dict(attrs)
        if tag == "img" and not (a.get("alt") or "").strip():
            self.faults.append("a picture without alt text")
        self.inside = tag == "script" and not attrs
        if tag in {"iframe", "object", "embed", "form", "base"} or (tag == "script" and attrs):
            self.faults.append(f"a <{tag}> element")
        places = {"src", "srcset", "poster", "action", "background"}
        loaded = [v for k, v in attrs if k in places and v]
        if tag == "link" and a.get("rel") not in ("canonical", "alternate"):
            loaded.append(a.get("href") or "")
        outside = [v for v in loaded if re.match(r"(?!data:)\s*([a-z][a-z0-9+.-]*:|//)", v, re.I)]
        self.faults += [f"an outside address: {v[:60]}" for v in outside]
        self.faults += [f"a handler {k}" for k, _ in attrs if k.startswith("on")]
        if (a.get("href") or "").lower().lstrip().startswith(("javascript:", "vbscript:")):
            self.faults.append("a script address")

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip() != self.script:
            self.faults.append("a <script> element")
        self.inside = False


def faults(html: str, script: str = "") -> list[str]:
    """Return what makes a page unfit for publishing; empty if nothing does. `script` is the one it may have.

    >>> faults('<p>fine</p>'), faults('<img src="data:image/png;base64,x">')
    ([], ['a picture without alt text'])
    """
    page = _Page(script)
    page.feed(html)
    if re.search(r"url\(\s*['\"]?https?:", html):
        page.faults.append("an outside address in a style")
    return page.faults
