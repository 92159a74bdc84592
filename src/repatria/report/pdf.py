"""The brief as a tagged PDF: its HTML read as blocks, set by Typst (decision 012)."""

from __future__ import annotations

import html as entities
import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from repatria.report.base import ReportError
from repatria.report.page import TEMPLATES

__all__ = ["blocks", "picture", "plain", "write"]

SKIPPED = ("nav", "script", "style", "title", "button", "head")
LEFT_OUT = ("skip", "files", "self", "toc", "rp-source")  # classes that are for a screen
BLOCKS = {
    "h1": "h1",
    "h2": "h2",
    "p": "p",
    "li": "li",
    "dt": "dt",
    "dd": "dd",
    "figcaption": "caption",
}
VOID = {"img", "source", "br", "meta", "link", "input"}


def plain(html: str) -> str:
    """Return the text of a piece of HTML, without its last link.

    >>> plain("<b>Bodies:</b> 5 <a href='x'>Why ›</a>")
    'Bodies: 5'
    """
    text = entities.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<a [^>]*>[^<]*›</a>", "", html)))
    return " ".join(text.split())


class _Blocks(HTMLParser):
    """Reads a page as headings, paragraphs, list items, pictures and tables, each of runs of text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] | None = None
        self.href, self.strong, self.skipped, self.number = "", 0, 0, 0
        self.table: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {k: v or "" for k, v in attrs}
        away = tag in SKIPPED or bool(set(a.get("class", "").split()) & set(LEFT_OUT))
        if self.skipped or away:
            self.skipped += tag not in VOID
            return
        if tag == "ol":
            self.number = 1
        elif tag == "ul":
            self.number = 0
        elif tag == "table":
            self.table = {"kind": "table", "caption": [], "head": [], "rows": []}
            self.found.append(self.table)
        elif tag == "tr" and self.table is not None:
            self.table["rows"].append([])
        elif tag in ("th", "td", "caption") and self.table is not None:
            self.runs = []
        elif tag == "figure":
            self.found.append({"kind": "figure", "name": a.get("id", "").removeprefix("chart-")})
        elif tag == "img" and self.found[-1]["kind"] == "caption":
            self.found.append({"kind": "image", "alt": a.get("alt", "")})
        elif tag in BLOCKS and self.table is None and not (tag == "p" and self.inside("li")):
            self.runs = []
            self.found.append({"kind": BLOCKS[tag], "runs": self.runs, "class": a.get("class", "")})
            if tag == "li" and self.number:
                self.found[-1]["number"] = self.number
                self.number += 1
        if tag == "br":
            self.handle_data(" ")
        self.href = a.get("href", self.href) if tag == "a" else self.href
        self.strong += tag in ("b", "strong")

    def inside(self, kind: str) -> bool:
        """Return whether the block that is open is of this kind."""
        return self.runs is not None and bool(self.found) and self.found[-1]["kind"] == kind

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            self.skipped -= 1
            return
        if tag == "a":
            self.href = ""
        self.strong -= tag in ("b", "strong")
        if tag == "table":
            self.table = None
        elif self.table is not None and self.runs is not None and tag in ("th", "td", "caption"):
            if tag == "caption":
                self.table["caption"] = self.runs
            else:
                self.table["rows"][-1].append(self.runs)
            self.runs = None
        elif tag in BLOCKS and self.table is None and not (tag == "p" and self.inside("li")):
            self.runs = None

    def handle_data(self, data: str) -> None:
        text = re.sub(r"\s+", " ", data)
        if self.skipped or self.runs is None or not text:
            return
        if not self.runs or self.runs[-1]["text"].endswith(" "):
            text = text.lstrip()
        if text:
            run = {"text": text, "href": self.href, "strong": self.strong > 0}
            self.runs.append(run)


def blocks(html: str) -> list[dict[str, Any]]:
    """Return a page as blocks: headings, paragraphs, items, figures and tables, in reading order.

    >>> blocks("<h2>Now</h2><p>A <b>b</b></p>")[1]["runs"][1]["text"]
    'b'
    """
    reader = _Blocks()
    reader.feed(html)
    out: list[dict[str, Any]] = []
    for block in reader.found:
        if block["kind"] in ("caption", "image") and out and out[-1]["kind"] == "figure":
            out[-1][block["kind"]] = block.get("runs") or block.get("alt")
        elif block["kind"] == "dd" and out and out[-1]["kind"] == "dt":
            out[-1]["kind"] = "p"
            head = [{**r, "strong": True} for r in out[-1]["runs"]]
            out[-1]["runs"] = [*head, {"text": ": ", "href": "", "strong": False}, *block["runs"]]
        elif block["kind"] == "table" or block.get("runs") or block["kind"] == "figure":
            out.append(block)
    return out


def _above(block: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return block["kind"] == "h2" and after["kind"] == "figure"


def write(folder: Path) -> None:
    """Write `brief.pdf` of a release's brief: PDF/UA-1, with alternative texts and embedded fonts.

    Raises ReportError, with the reason, if it cannot be set.
    """
    (folder / "brief.pdf").write_bytes(_set(folder, pdf_standards=["ua-1"]))


def picture(folder: Path, ppi: int = 90) -> bytes:
    """Return the first page of a release's brief as a PNG, `ppi` pixels an inch, without a browser."""
    pages = _set(folder, format="png", ppi=ppi)
    return pages[0] if isinstance(pages, list) else pages


def _set(folder: Path, **how: Any) -> Any:
    import matplotlib
    import typst

    html = (folder / "index.html").read_text("utf-8")
    read = blocks(html)
    for block in read:
        if block["kind"] == "figure":
            path = f"charts/brief-{block['name']}.png"
            block["picture"] = path if (folder / path).is_file() else ""
    # Charts stand together, under their own titles.
    read = [
        b for b, after in zip(read, [*read[1:], {"kind": ""}], strict=True) if not _above(b, after)
    ]
    title = next((b["runs"][0]["text"] for b in read if b["kind"] == "h1"), "Repatria")
    described = re.search(r'<meta name="description" content="([^"]*)"', html)
    data = {
        "title": title,
        "description": entities.unescape(described[1] if described else ""),
        "blocks": read,
    }
    try:
        return typst.compile(  # type: ignore[misc]  # its stub takes no bytes
            (TEMPLATES / "site" / "brief.typ").read_bytes(),
            root=str(folder),
            font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data)},
            **how,
        )
    except Exception as e:  # the binding has one error for whatever Typst says
        raise ReportError(f"brief.pdf: {e}") from None
