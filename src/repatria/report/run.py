"""Reports: run the notebooks with papermill, make one self-contained page, publish it in one step.

A report is built in `reports/.work/`, moved whole to `reports/.builds/` and becomes visible when the link
`reports/<as_of>` is replaced, which the file system does in one step: a kill at any moment leaves either the
old report or the new one. A failure leaves the last good report as it was.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from repatria import __version__
from repatria.record import fingerprint, names
from repatria.record.rule import RULE, RULE_VERSION
from repatria.report.parameters import Parameters

TIMEOUT = 300  # seconds a cell may take before the run is called hung
Say = Callable[[str], None]


class ReportError(RuntimeError):
    """A report that could not be made; the message says which notebook and cell, and why."""


@dataclass(frozen=True)
class Outcome:
    """Where a report is, and whether it was made now or was still good."""

    folder: Path
    made: bool


def notebooks(folder: Path | None = None) -> list[Path]:
    """Return the report's notebooks in order: `NN_name.ipynb`, less those marked as not for reports."""
    found = sorted((folder or fingerprint.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return [p for p in found if json.loads(p.read_text("utf-8"))["metadata"].get("repatria", {}).get("report", True)]


def inputs(parameters: Parameters, data: Path, books: list[Path]) -> dict[str, Any]:
    """Return everything a report's bytes depend on, as digests and versions."""
    return {
        "parameters": parameters.as_dict(),
        "data": fingerprint.of_data(data),
        "code": fingerprint.of_code(),
        "notebooks": {p.name: fingerprint.of_notebook(p) for p in books},
        "lock": fingerprint.of_file(fingerprint.ROOT / "requirements.txt"),
        "rule": f"{RULE} v{RULE_VERSION}",
        "versions": fingerprint.versions(),
    }


def make(
    parameters: Parameters, out: Path, say: Say = print, force: bool = False, books: list[Path] | None = None
) -> Outcome:
    """Make the report for `parameters` under `out`, unless the one there has the same inputs.

    `books` are the notebooks, by default the project's own.
    Raises RecordError for a bad record and ReportError, naming notebook and cell, for a failing run; the
    failed notebook is kept in `out/failed/<as_of>/`.
    """
    books = notebooks() if books is None else books
    needs = inputs(parameters, fingerprint.data_folder(), books)
    key = fingerprint.run_key(needs)
    if not force and (found := _same(out, key)):
        say(f"nothing changed: {found}")
        _point(out, "latest", found.name)
        return Outcome(found, made=False)

    from repatria.record.view import load

    whole = load()
    record = whole.as_of(parameters.as_of)
    label = f"{record.last_day:%Y-%m-%d}"
    # The record as it stands and the past view of its last day (no undated pages) are two reports.
    past_twin = bool(parameters.as_of) and record.last_day == whole.last_day
    plain = parameters == Parameters(as_of=parameters.as_of) and not past_twin
    name = label if plain else f"{label}-{key[:8]}"
    with _workshop(out) as work:
        executed = _run_all(books, parameters, work, out / "failed" / name, say)
        page = work / "page"
        page.mkdir()
        say("page: writing")
        _write_page(page, executed, record, parameters, needs, key)
        with _only_one(out):
            build = out / ".builds" / f"{name}-{key[:12]}-{work.name}"
            build.parent.mkdir(exist_ok=True)
            page.rename(build)
            _point(out, name, f".builds/{build.name}")
            _point(out, "latest", name)
            _sweep(out, name, build)
    return Outcome(out / name, made=True)


def _same(out: Path, key: str) -> Path | None:
    """Return the published report with this key, if it is complete."""
    for manifest in sorted(out.glob("*/manifest.json")):
        if manifest.parent.name == "latest":
            continue
        with contextlib.suppress(OSError, ValueError, KeyError):
            m = json.loads(manifest.read_text("utf-8"))
            if m["run_key"] == key and all(
                fingerprint.of_file(manifest.parent / f) == d for f, d in m["files"].items()
            ):
                return manifest.parent
    return None


@contextlib.contextmanager
def _workshop(out: Path) -> Iterator[Path]:
    """Give a scratch folder beside the reports; clear those that a killed run left behind."""
    shelf = out / ".work"
    shelf.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        with _only_one(out):  # else a run could clear the folder that another has made, but not yet locked
            for old in shelf.iterdir():
                with contextlib.suppress(OSError), open(old / "lock", "a") as f:
                    fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held by a living run: raises, so it is left alone
                    shutil.rmtree(old, ignore_errors=True)
            work = Path(tempfile.mkdtemp(dir=shelf))
            fcntl.flock(held.enter_context(open(work / "lock", "w")), fcntl.LOCK_EX)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _only_one(out: Path) -> Iterator[None]:
    with open(out / ".publish.lock", "a") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _point(out: Path, name: str, target: str) -> None:
    """Make `out/name` a link to `target`, replacing what was there in one step."""
    link = out / name
    if link.is_symlink() and os.readlink(link) == target:
        return
    aside = out / f".{name}.{os.getpid()}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)


def _sweep(out: Path, name: str, keep: Path) -> None:
    """Remove builds of this report that nothing points to any more."""
    for old in (out / ".builds").glob(f"{name}-*"):
        if old != keep and re.fullmatch(rf"{re.escape(name)}-[0-9a-f]{{12}}-\w+", old.name):
            shutil.rmtree(old, ignore_errors=True)


def run_notebook(source: Path, target: Path, parameters: dict[str, str]) -> None:
    """Execute one notebook through papermill into `target`. Raises ReportError naming the cell and the cause."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # 2 s of grammar nobody needs here
    import papermill
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    # Sockets in a folder of our own instead of TCP ports: nothing to listen to, no races for ports.
    sockets = tempfile.TemporaryDirectory(prefix="rp-")
    kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{sockets.name}/k")
    try:
        papermill.execute_notebook(
            source,
            target,
            parameters=parameters,
            progress_bar=False,
            kernel_name="python3",
            execution_timeout=TIMEOUT,
            start_timeout=TIMEOUT,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            km=kernel,
        )
    except PapermillExecutionError as e:
        raise ReportError(f"{source.name}: cell {e.cell_index}: {e.ename}: {e.evalue}") from None
    except (DeadKernelError, TimeoutError, RuntimeError) as e:
        raise ReportError(f"{source.name}: {type(e).__name__}: {e}") from None
    finally:
        if kernel.has_kernel:  # a kernel handed in is ours to end
            asyncio.run(_end(kernel))
        sockets.cleanup()


async def _end(kernel: Any) -> None:
    await kernel.shutdown_kernel(now=True)


def _run_all(books: list[Path], parameters: Parameters, work: Path, failed: Path, say: Say) -> list[Path]:
    """Execute the notebooks side by side; on a failure keep the failed ones in `failed` and raise ReportError."""
    values = {k: v for k, v in parameters.as_dict().items() if v}
    errors: list[str] = []

    def one(book: Path) -> Path:
        target = work / book.name
        try:
            run_notebook(book, target, values)
            say(f"{book.stem}: done")
        except ReportError as e:
            errors.append(str(e))
            if target.exists():
                failed.mkdir(parents=True, exist_ok=True)
                shutil.copy(target, failed / book.name)
        return target

    with ThreadPoolExecutor(max_workers=min(len(books), os.cpu_count() or 1) or 1) as pool:
        # The later notebooks compute more: begun first, they do not end alone.
        targets = list(pool.map(one, books[::-1]))[::-1]
    if errors:
        kept = f"; the notebook is kept in {failed}" if failed.exists() else ""
        raise ReportError("; ".join(sorted(errors)) + kept)
    return targets


def clean(notebook: Any) -> Any:
    """Drop what differs from run to run (timings, papermill's notes, injected cells' ids) in place; return it."""
    notebook.metadata.pop("papermill", None)
    for i, cell in enumerate(notebook.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = f"injected-{i}"
    return notebook


def _merged(paths: list[Path]) -> tuple[Any, list[tuple[str, str]], dict[str, str]]:
    """Join executed notebooks into one: headings one level down, a section each. Also their names and CSV tables."""
    import nbformat

    page = nbformat.v4.new_notebook()
    sections, tables = [], {}
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
                if "text/csv" in output.get("data", {}):
                    name = output.metadata["text/csv"]["name"]
                    tables[f"{ident}-{name}"] = output.data["text/csv"]
        cells[0].metadata["rp_open"] = ident
        cells[-1].metadata["rp_close"] = True
        page.cells += cells
    return page, sections, tables


def render(notebook: Any, page: dict[str, Any]) -> str:
    """Turn a merged notebook into the report's HTML by the package's nbconvert template."""
    from nbconvert.exporters import HTMLExporter, TemplateExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    def inert_markdown(text: str) -> str:
        # Markup inside the text is shown, not obeyed: names and notes of the record may stand in prose.
        renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
        return str(MarkdownWithMath(renderer=renderer).render(text))

    templates = Path(__file__).parent / "templates"
    exporter = HTMLExporter(template_name="report", extra_template_basedirs=[str(templates)], exclude_input=True)
    exporter.register_filter("inert_markdown", inert_markdown)
    exporter.register_filter("b64", lambda text: base64.b64encode(text.encode()).decode())
    # Past HTMLExporter's own step, which parses the page again to put placeholders where alt text is missing:
    # here a missing alt text is a fault (see `faults`).
    html, _ = TemplateExporter.from_notebook_node(exporter, notebook, {"page": page})
    return "\n".join(line.rstrip() for line in html.splitlines() if line.strip()) + "\n"


class _Page(HTMLParser):
    """Finds what a report must not have: pictures without alt text, resources from outside, scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if tag == "img" and not (a.get("alt") or "").strip():
            self.faults.append("a picture without alt text")
        if tag in {"script", "iframe", "object", "embed", "form", "base"}:
            self.faults.append(f"a <{tag}> element")
        outside = [v for k, v in attrs if k in {"src", "srcset", "poster", "action", "background"} and v]
        if tag == "link":
            outside.append(a.get("href") or "")
        self.faults += [f"an outside address: {v[:60]}" for v in outside if not v.startswith("data:")]
        self.faults += [f"a handler {k}" for k, _ in attrs if k.startswith("on")]
        if (a.get("href") or "").lower().lstrip().startswith(("javascript:", "vbscript:")):
            self.faults.append("a script address")


def faults(html: str) -> list[str]:
    """Return what makes a page unfit for publishing; empty if nothing does."""
    page = _Page()
    page.feed(html)
    if re.search(r"url\(\s*['\"]?https?:", html):
        page.faults.append("an outside address in a style")
    return page.faults


def _write_page(
    page: Path, executed: list[Path], record: Any, parameters: Parameters, needs: dict[str, Any], key: str
) -> None:
    from repatria.display import ledger, words

    notebook, sections, tables = _merged(executed)
    events = record.events(lens=parameters.lens, since=parameters.since, cancelled=True, disputed=True)
    known = (
        f"as known on {names.day(record.last_day)}"
        if parameters.as_of
        else (f"as it stands, newest page or searched day {names.day(record.last_day)}")
    )
    made = [
        ("as_of", parameters.as_of or "the record as it stands"),
        ("since", parameters.since or "the first event"),
        ("lens", f"{parameters.lens}: {words.LENS_WORDS[parameters.lens]}"),
        ("rule", needs["rule"]),
        ("data", f"sha256 {needs['data']}"),
        ("code", f"repatria {__version__}, sha256 {needs['code']}"),
        ("lock file", f"sha256 {needs['lock']}"),
        *needs["versions"].items(),
    ]
    context = {
        "title": "Repatriations and prisoner exchanges between Russia and Ukraine",
        "record_line": f"the record {known}",
        "css": (Path(__file__).parent / "templates/report/page.css").read_text("utf-8"),
        "sections": sections,
        "ledger": ledger.ledger(record, events),
        "made": made,
        "guardrail": words.GUARDRAIL,
    }
    html = render(notebook, context)
    if wrong := faults(html):
        raise ReportError(f"the page is unfit: {'; '.join(sorted(set(wrong)))}")
    (page / "index.html").write_text(html, "utf-8")
    (page / "tables").mkdir()
    for name, text in tables.items():
        (page / "tables" / f"{name}.csv").write_text(text, "utf-8")
    files = {p.relative_to(page).as_posix(): fingerprint.of_file(p) for p in sorted(page.rglob("*")) if p.is_file()}
    manifest = {"run_key": key, "inputs": needs, "files": files}
    (page / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", "utf-8")


def refresh_notebooks(say: Say = print) -> None:
    """Execute every notebook with its default parameters and store it, for nbval and for readers."""
    import nbformat

    for book in sorted((fingerprint.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / book.name
            run_notebook(book, target, {})
            nb = clean(nbformat.read(target, as_version=4))
            nb.metadata = {k: nb.metadata[k] for k in ("kernelspec", "repatria") if k in nb.metadata}
            nbformat.write(nb, book)
        say(f"{book.stem}: stored")


def replace_block(text: str, name: str, block: str) -> str:
    """Return `text` with what stands between `<!-- name:begin -->` and `<!-- name:end -->` replaced.

    Raises ReportError if the markers are not there once each, in order.
    """
    pattern = re.compile(rf"(<!-- {name}:begin[^>]*-->\n).*?(<!-- {name}:end -->)", re.S)
    if len(pattern.findall(text)) != 1:
        raise ReportError(f"the markers {name}:begin and {name}:end are not there once each")
    return pattern.sub(lambda m: f"{m.group(1)}{block.rstrip()}\n{m.group(2)}", text)


def describe() -> None:
    """Write `data/datapackage.json` and the field tables of the codebook from the schema."""
    from repatria.record import schema

    folder = fingerprint.ROOT / "data"
    text = json.dumps(schema.descriptor(__version__), indent=2, ensure_ascii=False) + "\n"
    (folder / "datapackage.json").write_text(text, "utf-8")
    book = folder / "README.md"
    book.write_text(replace_block(book.read_text("utf-8"), "fields", schema.codebook()), "utf-8")


def refresh_readme() -> None:
    """Write the README's headline, as a range with its day, and its chart from the record."""
    from repatria import charts
    from repatria.display import brief
    from repatria.record.view import load

    record = load()
    readme = fingerprint.ROOT / "README.md"
    readme.write_text(replace_block(readme.read_text("utf-8"), "headline", brief.headline(record)), "utf-8")
    (fingerprint.ROOT / "docs" / "handovers.png").write_bytes(charts.handovers(record.events("bodies")).png())
