"""The `repatria` command: its verbs and their options. Each verb loads only what it needs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import typer

from repatria.curate.propose import CLAIM_FORM, DATE_BASES, TOTAL_FORM
from repatria.record.schema import TIERS
from repatria.report.parameters import Parameters

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _parameter(name: str) -> Any:
    """Return the option of a parameter, described where the parameter is declared."""
    words = Parameters.model_fields[name].description or ""
    return typer.Option(f"--{name.replace('_', '-')}", help=f"{words[:1].upper()}{words[1:]}.")


AsOf = Annotated[str, _parameter("as_of")]
Since = Annotated[str, _parameter("since")]
Until = Annotated[str, _parameter("until")]
Lens = Annotated[str, _parameter("lens")]
DATA = "Folder of another record (default: this project's data/)."
Data = Annotated[Path | None, typer.Option(help=DATA)]


def _fail(message: object) -> typer.Exit:
    """Print a message on standard error and return the exit to raise."""
    typer.echo(str(message), err=True)
    return typer.Exit(1)


def _parameters(**values: object) -> Parameters:
    from repatria.report import parameters

    try:
        return parameters.check(values)
    except ValueError as e:
        raise _fail(e) from None


@app.command()
def check(
    data: Annotated[Path | None, typer.Argument(help=DATA)] = None,
    warnings: Annotated[bool, typer.Option(help="Print warnings, not only their number.")] = True,
) -> None:
    """Check the record: every problem as file:line: column: reason. Exit 1 if there is an error."""
    from collections import Counter

    from repatria.display import reconcile
    from repatria.record import view

    tables, digest, problems = view.inspect(data)
    errors = [p for p in problems if p.level == "error"]
    notes = [p for p in problems if p.level != "error"]
    if not errors:
        notes += reconcile.unresolved(view.Record(tables, digest))
    for p in errors + (notes if warnings else []):
        typer.echo(str(p))
    kinds = Counter(p.file for p in notes)
    told = f" ({', '.join(f'{n} on {file}' for file, n in kinds.items())})" if notes else ""
    typer.echo(f"{len(errors)} errors, {len(notes)} warnings{told}, digest {digest[:12]}")
    if errors:
        raise typer.Exit(1)


@app.command()
def events(
    kind: Annotated[str | None, typer.Option(help="bodies, prisoners or civilians.")] = None,
    as_of: AsOf = "",
    since: Since = "",
    until: Until = "",
    lens: Lens = "best",
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV with every column.")] = False,
    data: Data = None,
) -> None:
    """Print the events with their estimates in both directions."""
    p = _parameters(as_of=as_of, since=since, until=until, lens=lens)
    from repatria.display import events as display
    from repatria.record.view import load

    try:
        record = load(data).as_of(p.as_of)
        rows = record.events(kind, p.lens, p.since, p.until, cancelled=True, disputed=True)
    except ValueError as e:
        raise _fail(e) from None
    title = f"{len(rows)} events, lens {p.lens}"
    table = display.Table("events", title, rows if csv else display.event_frame(rows))
    typer.echo(table.csv() if csv else repr(table), nl=not csv)


@app.command()
def report(
    as_of: AsOf = "",
    since: Since = "",
    until: Until = "",
    lens: Lens = "best",
    out: Annotated[Path, typer.Option(help="Folder of the reports.")] = Path("reports"),
    data: Data = None,
    force: Annotated[bool, typer.Option(help="Run even if nothing changed.")] = False,
) -> None:
    """Run the notebooks and publish reports/<as_of>/index.html."""
    from repatria.record.checks import RecordError
    from repatria.report import base, run

    p = _parameters(as_of=as_of, since=since, until=until, lens=lens)
    if data is not None:
        os.environ["REPATRIA_DATA"] = str(data.resolve())
    try:
        if sys.stderr.isatty():
            from rich.console import Console

            with Console(stderr=True).status("making the report") as status:
                outcome = run.make(p, out, status.update, force)
        else:
            outcome = run.make(p, out, lambda line: typer.echo(line, err=True), force)
    except (RecordError, base.ReportError) as e:
        raise _fail(e) from None
    typer.echo(outcome.folder / "index.html")


@app.command()
def changes(
    old: Annotated[
        str, typer.Argument(help="Folder of a record, or a git revision of this project's data/.")
    ],
    new: Annotated[
        str, typer.Argument(help="The same, later (default: the record as it stands).")
    ] = "",
    lens: Lens = "best",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List rows added, removed and revised between two versions of the record, and the estimates
    that moved."""
    from repatria.display import changes as display
    from repatria.record.changes import between, read
    from repatria.record.fingerprint import data_folder

    try:
        found = between(read(old), read(new or str(data_folder())), lens)
    except ValueError as e:
        raise _fail(e) from None
    typer.echo(display.as_json(found) if json else display.markdown(found), nl=json)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="Folder of the release; made if it is not there.")],
    data: Data = None,
    force: Annotated[bool, typer.Option(help="Replace an earlier export.")] = False,
) -> None:
    """Write a release: CSV, Parquet, SQLite, XLSX, the events under the rule, a descriptor and a
    manifest."""
    import json

    from repatria.record import export as exporting
    from repatria.record.fingerprint import data_folder
    from repatria.record.view import load

    folder = data or data_folder()
    try:
        made = exporting.write(load(folder), out, exporting.version(folder), force)
    except (ValueError, OSError) as e:
        raise _fail(e) from None
    m = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    digest, files = m["digest"][:12], len(m["files"])
    typer.echo(f"{made}: version {m['version']}, digest {digest}, {files} files")


@app.command()
def add(
    from_: Annotated[
        str, typer.Option("--from", help="JSON: one handover or a list (- = standard input).")
    ] = "",
    kind: Annotated[str, typer.Option(help="bodies, prisoners or civilians.")] = "",
    date: Annotated[str, typer.Option(help="Its day (YYYY-MM-DD) or month (YYYY-MM).")] = "",
    event: Annotated[str, typer.Option(help="Id of an event on record, not kind and date.")] = "",
    second: Annotated[bool, typer.Option(help="Another one on a day that has one.")] = False,
    status: Annotated[str, typer.Option(help="took_place, cancelled, disputed.")] = "took_place",
    deal: Annotated[str, typer.Option(help="Shared by the days of one deal.")] = "",
    agreement: Annotated[str, typer.Option(help="Agreement the handover belongs to.")] = "",
    mediators: Annotated[str, typer.Option(help="Joined by semicolons.")] = "",
    place: Annotated[str, typer.Option(help="As pages state it.")] = "",
    category: Annotated[str, typer.Option(help="Who, where that defines the event.")] = "",
    note: Annotated[str, typer.Option(help="What is special, in your own words.")] = "",
    url: Annotated[str, typer.Option(help="The page.")] = "",
    publisher: Annotated[str, typer.Option(help="Default: that of the host's pages.")] = "",
    published: Annotated[str, typer.Option(help="Day of publication; empty = undated.")] = "",
    language: Annotated[str, typer.Option(help="ISO 639 code. Default: as the host's.")] = "",
    tier: Annotated[str, typer.Option(help=f"{', '.join(TIERS)}. Default: as the host's.")] = "",
    date_basis: Annotated[str, typer.Option(help=f"Why this day: {', '.join(DATE_BASES)}.")] = "",
    claim: Annotated[list[str] | None, typer.Option(help=CLAIM_FORM)] = None,
    total: Annotated[list[str] | None, typer.Option(help=TOTAL_FORM)] = None,
    claimant: Annotated[
        list[str] | None,
        typer.Option(help="A new claimant: id; name; office; side; yes|no (official)."),
    ] = None,
    data: Data = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, write nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="No new warnings.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Only end an addition cut off.")] = False,
) -> None:
    """Add a handover, or a page on one: from pages to rows, checked as a whole, written all or
    nothing.

    Without a page or claims it asks on a terminal. See docs/curating.md.
    """
    given = SimpleNamespace(**locals())
    from repatria.curate import propose as curate
    from repatria.record.fingerprint import data_folder

    folder = data or data_folder()
    answers: list[Any] = []  # kept if anything goes wrong: nobody types them twice
    try:
        with curate.locked(folder):
            if curate.recover(folder):
                typer.echo("an interrupted addition was finished", err=True)
            if not finish:
                _add(folder, given, answers)
    except (ValueError, OSError) as e:
        typer.echo(str(e), err=True)
        for answered in answers:
            typer.echo(
                f"your answers are in {curate.keep(answered)}: correct them and run "
                "`repatria add --from` it",
                err=True,
            )
        raise typer.Exit(1) from None


def _add(folder: Path, given: SimpleNamespace, answers: list[Any]) -> None:
    """Draft what is given, show it, and write it unless it is only to be shown."""
    from repatria.curate import propose as curate
    from repatria.display.changes import preview

    asking = not given.from_ and not (given.url and (given.claim or given.total)) and _terminal()
    if asking:
        handovers = [curate.interview(folder, curate.handover(given))]
        answers += handovers
    else:
        handovers = curate.from_options(given)
    try:
        made, addition = curate.draft(folder, handovers)
        if made is None:
            remarks = [f"· {r}" for r in addition.remarks]
            typer.echo("\n".join([*remarks, "nothing to add: it is all on record"]))
            return
        typer.echo(preview(made))
        if given.strict and made.warnings:
            raise ValueError(f"{len(made.warnings)} new warnings; nothing was written")
        ask = asking and not given.yes
        if given.dry_run or (ask and not typer.confirm("Write these rows?")):
            typer.echo("nothing was written")
            return
        curate.write(folder, made)
    finally:
        shutil.rmtree(folder / f"{curate.PENDING}.new", ignore_errors=True)
    typer.echo(f"written: {sum(map(len, addition.rows.values()))} rows")


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


@app.command(hidden=True)
def refresh(
    what: Annotated[
        list[str] | None, typer.Argument(help="codebook, docs, readme, notebooks (default: all).")
    ] = None,
) -> None:
    """For maintainers: rewrite what is generated and kept in git."""
    from repatria.report import refresh as generated

    steps = {
        "codebook": generated.codebook,
        "docs": lambda: generated.docs(typer.main.get_command(app)),
        "readme": generated.readme,
        "notebooks": lambda: generated.notebooks(lambda line: typer.echo(line, err=True)),
    }
    for name in what or steps:
        if name not in steps:
            raise _fail(f"what: {name!r} is none of {', '.join(steps)}")
        steps[name]()


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
