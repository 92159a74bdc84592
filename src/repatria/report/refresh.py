"""Refreshing what is generated and kept in git: descriptor, codebook, README, stored notebooks."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repatria import __version__
from repatria.record import names
from repatria.record.fingerprint import ROOT, data_folder
from repatria.report import documents, kernels, provenance
from repatria.report.base import ReportError, Say, pack
from repatria.report.parameters import CELL, Parameters

__all__ = [
    "charts_of",
    "codebook",
    "docs",
    "gallery",
    "notebooks",
    "readme",
    "replace_block",
    "sample",
]


def notebooks(say: Say = print) -> None:
    """Give every notebook the parameters cell, execute it with its defaults and store it."""
    import nbformat

    for book in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        with tempfile.TemporaryDirectory() as scratch:
            source, target = Path(scratch) / book.name, Path(scratch) / "executed.ipynb"
            nb = nbformat.read(book, as_version=4)
            for cell in nb.cells:
                if "parameters" in cell.metadata.get("tags", []):
                    cell.source = CELL
            nbformat.write(nb, source)
            if provenance.for_reports(book):
                run = kernels.Run(Path(scratch) / "kernel", data_folder(), release=False)
                kernels.execute(source, target, {}, run)
                nb = kernels.clean(nbformat.read(target, as_version=4))
            else:
                nb = kernels.clean(_live(nbformat.read(source, as_version=4)))
            kept = ("kernelspec", "repatria")
            nb.metadata = {k: nb.metadata[k] for k in kept if k in nb.metadata}
            nbformat.write(nb, book)
        say(f"{book.stem}: stored")


def _live(notebook: Any) -> Any:
    """Execute a notebook that is no report; keep of its outputs what a page can show, no widgets."""
    from nbclient import NotebookClient

    NotebookClient(notebook, timeout=kernels.TIMEOUT).execute()
    for output in (o for cell in notebook.cells for o in cell.get("outputs", ())):
        if "data" in output:
            output["data"] = {k: v for k, v in output["data"].items() if k in kernels.SHOWN}
    return notebook


def codebook() -> None:
    """Write `data/datapackage.json` and the field tables of the codebook from the schema."""
    from repatria.record import schema

    folder = ROOT / "data"
    text = json.dumps(schema.descriptor(__version__), indent=2, ensure_ascii=False) + "\n"
    (folder / "datapackage.json").write_text(text, "utf-8")
    _rewrite(folder / "README.md", "fields", schema.codebook())


def docs(commands: Any) -> None:
    """Write the pages on the commands (a click group) and on the public functions."""
    folder = ROOT / "docs"
    _rewrite(folder / "commands.md", "commands", documents.commands(commands))
    _rewrite(folder / "api.md", "api", documents.api())


def readme() -> None:
    """Write the README's findings, in the brief's words, and run its first chart."""
    from repatria.display import brief
    from repatria.display.words import GUARDRAIL
    from repatria.record.view import load

    found = re.sub(r" \[[^]]*›\]\([^)]*\)", "", brief.in_short(load()))
    found = re.sub(r"\]\(#event-([\w-]+)\)", r"](events/\1.html)", found)
    found = found.replace("](events/", "](docs/sample/events/")
    _rewrite(ROOT / "README.md", "headline", f"{found}\n\n*{GUARDRAIL}*")
    code = re.search(r"## Your first own chart.*?```python\n(.*?)```", _read("README.md"), re.S)
    if code is None:
        raise ReportError("README.md: the first chart is not there")
    with contextlib.chdir(ROOT / "docs"):
        exec(compile(code[1], "README.md", "exec"), {})


def sample(say: Say = print) -> None:
    """Write `docs/sample`, the brief of the record as it stands with the pages it leads to, and its picture.

    Made of the stored notebook: refresh that first.
    """
    from repatria.record.view import load
    from repatria.report import pdf, site

    record, data = load(), data_folder()
    since = f"{record.last_day.year - 1}-12-31"
    with tempfile.TemporaryDirectory() as scratch:
        before, folder = Path(scratch) / "before", Path(scratch) / "sample"
        before.mkdir()
        folder.mkdir()
        pack(data.glob("*.csv"), before / "data.zip")
        told = {"day": names.day(record.as_of(since).last_day), "as_of": since}
        (before / "release.json").write_text(json.dumps(told))
        facts = {"name": "sample", "published": record.last_day.date(), "previous": before}
        book = ROOT / "notebooks" / "00_brief.ipynb"
        site.build(folder, [book], record, Parameters(), facts)
        (ROOT / "docs" / "brief.png").write_bytes(pdf.picture(folder))
        kept = _excerpt(folder, ROOT / "docs" / "sample")
    say(f"sample: {kept} files")


def _excerpt(folder: Path, target: Path) -> int:
    """Keep of a release its brief and the pages that one leads to; a link to any other becomes plain text."""
    brief = (folder / "index.html").read_text("utf-8")
    led = {a.partition("#")[0] for a in re.findall(r'href="([^":]*)"', brief)}
    held = {p for p in led if p.endswith((".html", ".pdf"))} | {"index.html", "style.css"}
    held = {p for p in held if (folder / p).is_file()}
    shutil.rmtree(target, ignore_errors=True)
    for name in sorted(held):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".html"):
            html = _unlinked((folder / name).read_text("utf-8"), Path(name).parent, held)
            place.write_text(html, "utf-8")
        else:
            shutil.copyfile(folder / name, place)
    return len(held)


def _unlinked(html: str, here: Path, held: set[str]) -> str:
    """Return a page without the links and heads that lead to pages that are not held."""

    def kept(found: re.Match[str]) -> str:
        file = found[1].partition("#")[0]
        there = os.path.normpath(here / file) if file else ""
        outside = re.match(r"[a-z]+:", found[1])
        return found[0] if not file or outside or there in held else found[2]

    html = re.sub(r'<link rel="alternate"[^>]*>', "", html)
    return re.sub(r'<a href="([^"]*)"[^>]*>(.*?)</a>', kept, html, flags=re.S)


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def gallery(say: Say = print) -> None:
    """Run the lines of the gallery, chart by chart, and write each picture and, as its alt text, its title."""
    page = ROOT / "docs" / "gallery.md"
    text = page.read_text("utf-8")
    for name, chart in charts_of(text):
        picture = Path("gallery") / f"{re.sub('[._]', '-', name)}.png"
        (page.parent / picture).parent.mkdir(exist_ok=True)
        chart.save(page.parent / picture, width="phone", words=False)
        there = rf"^!\[.*\](?=\({re.escape(picture.as_posix())}\)$)"
        shown = f"![{chart.title}]".replace("\\", r"\\")
        text = re.sub(there, shown, text, flags=re.M)
        say(f"{name}: {(page.parent / picture).stat().st_size:,} bytes")
    page.write_text(text, "utf-8")


def charts_of(page: str) -> Iterator[tuple[str, Any]]:
    """Yield a gallery's charts by the heading they stand under: what the last line of its code gives."""
    names: dict[str, Any] = {}
    for heading, code in re.findall(
        r"(?:^## ([^\n]+)\n\n|^)```python\n(.*?)^```", page, re.S | re.M
    ):
        *lines, last = ast.parse(code).body
        exec(compile(ast.Module(lines, []), "gallery.md", "exec"), names)
        if isinstance(last, ast.Expr) and heading:
            yield heading, eval(compile(ast.Expression(last.value), "gallery.md", "eval"), names)
        else:
            exec(compile(ast.Module([last], []), "gallery.md", "exec"), names)


def _rewrite(page: Path, name: str, block: str) -> None:
    page.write_text(replace_block(page.read_text("utf-8"), name, block), "utf-8")


def replace_block(text: str, name: str, block: str) -> str:
    """Return `text` with what stands between `<!-- name:begin -->` and `<!-- name:end -->` replaced.

    Raises ReportError if the markers are not there once each, in order.
    """
    pattern = re.compile(rf"(<!-- {name}:begin[^>]*-->\n).*?(<!-- {name}:end -->)", re.S)
    if len(pattern.findall(text)) != 1:
        raise ReportError(f"the markers {name}:begin and {name}:end are not there once each")
    return pattern.sub(lambda m: f"{m.group(1)}{block.rstrip()}\n{m.group(2)}", text)
