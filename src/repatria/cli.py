"""The `repatria` command. Each verb loads only what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from repatria.curate import propose as curate

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("add")(curate.command)

Data = Annotated[
    Path | None, typer.Option(help="Folder of another record (default: this project's data/).")
]
AsOf = Annotated[
    str, typer.Option("--as-of", help="Only what pages dated by this day carry (YYYY-MM-DD).")
]
Since = Annotated[str, typer.Option(help="First day of the window (YYYY-MM-DD).")]
Until = Annotated[str, typer.Option(help="Last day of the window (YYYY-MM-DD).")]
Lens = Annotated[str, typer.Option(help="Whose claims count: best, ukraine, russia, receiver.")]


def fail(message: object) -> typer.Exit:
    """Print a message on standard error and return the exit to raise."""
    typer.echo(str(message), err=True)
    return typer.Exit(1)


def _parameters(**values: object) -> Any:
    from repatria.report import parameters

    try:
        return parameters.check(values)
    except ValueError as e:
        raise fail(e) from None


def _record(data: Path | None) -> Any:
    from repatria.record import view as record

    try:
        return record.load(data)
    except record.RecordError as e:
        raise fail(e) from None


@app.command()
def check(
    data: Annotated[
        Path | None, typer.Argument(help="Folder of the record (default: this project's data/).")
    ] = None,
    warnings: Annotated[bool, typer.Option(help="Print warnings, not only their number.")] = True,
) -> None:
    """Check the record: every problem as file:line: column: reason. Exit 1 if there is an error."""
    from collections import Counter

    from repatria.display import reconcile
    from repatria.record import view as record

    tables, digest, problems = record.inspect(data)
    errors = [p for p in problems if p.level == "error"]
    notes = [p for p in problems if p.level != "error"]
    if not errors:
        notes += reconcile.unresolved(record.Record(tables, digest))
    for p in errors + (notes if warnings else []):
        typer.echo(str(p))
    kinds = Counter(p.file for p in notes)
    told = " (" + ", ".join(f"{n} on {file}" for file, n in kinds.items()) + ")" if notes else ""
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
    from repatria.display import events as tables

    p = _parameters(as_of=as_of, since=since, lens=lens)
    try:
        rows = (
            _record(data)
            .as_of(p.as_of)
            .events(kind, p.lens, p.since, until, cancelled=True, disputed=True)
        )
    except ValueError as e:
        raise fail(e) from None
    table = tables.Table(
        "events", f"{len(rows)} events, lens {p.lens}", rows if csv else tables.event_frame(rows)
    )
    typer.echo(table.csv() if csv else repr(table), nl=not csv)


@app.command()
def report(
    as_of: AsOf = "",
    since: Since = "",
    lens: Lens = "best",
    out: Annotated[Path, typer.Option(help="Folder of the reports.")] = Path("reports"),
    data: Data = None,
    force: Annotated[bool, typer.Option(help="Run even if nothing changed.")] = False,
) -> None:
    """Run the notebooks and publish reports/<as_of>/index.html."""
    from repatria.record.checks import RecordError
    from repatria.report import run as reports

    p = _parameters(as_of=as_of, since=since, lens=lens)
    if data is not None:
        os.environ["REPATRIA_DATA"] = str(data.resolve())
    try:
        if sys.stderr.isatty():
            from rich.console import Console

            with Console(stderr=True).status("making the report") as status:
                outcome = reports.make(p, out, lambda line: status.update(line), force)
        else:
            outcome = reports.make(p, out, lambda line: typer.echo(line, err=True), force)
    except (RecordError, reports.ReportError) as e:
        raise fail(e) from None
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
    """List rows added, removed and revised between two versions of the record, and estimates moved."""
    from repatria.display import changes as words
    from repatria.record import changes as record
    from repatria.record import fingerprint

    try:
        found = record.between(
            record.read(old), record.read(new or str(fingerprint.data_folder())), lens
        )
    except ValueError as e:
        raise fail(e) from None
    typer.echo(words.as_json(found) if json else words.markdown(found), nl=json)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="Folder of the release; made if it is not there.")],
    data: Data = None,
    force: Annotated[bool, typer.Option(help="Replace an earlier export.")] = False,
) -> None:
    """Write a release: CSV, Parquet, SQLite, XLSX, events under the rule, descriptor, manifest."""
    from repatria.record import export as release
    from repatria.record import fingerprint

    folder = data or fingerprint.data_folder()
    try:
        made = release.write(_record(folder), out, release.version(folder), force)
    except (ValueError, OSError) as e:
        raise fail(e) from None
    manifest = release.manifest(made)
    digest, files = manifest["digest"][:12], len(manifest["files"])
    typer.echo(f"{made}: version {manifest['version']}, digest {digest}, {files} files")


@app.command(hidden=True)
def refresh() -> None:
    """For maintainers: rewrite what is generated (descriptor, codebook, README headline, stored notebooks)."""
    from repatria.report import run as reports

    reports.describe()
    reports.refresh_readme()
    reports.refresh_notebooks(lambda line: typer.echo(line, err=True))


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
