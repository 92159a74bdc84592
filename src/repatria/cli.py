"""The `repatria` command. Each verb loads only what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from repatria.curate import CLAIM_FORM, READ_FORM, TOTAL_FORM
from repatria.display import changes
from repatria.record import export, fingerprint

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("changes")(changes.command)
app.command("export")(export.command)

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


@app.command(hidden=True)
def refresh() -> None:
    """For maintainers: rewrite what is generated (descriptor, codebook, README headline, stored notebooks)."""
    from repatria.report import run as reports

    reports.describe()
    reports.refresh_readme()
    reports.refresh_notebooks(lambda line: typer.echo(line, err=True))


def _handovers(folder: Path, from_: str, given: dict[str, Any], asking: bool) -> list[Any]:
    """Return what `add` was given: JSON, flags, or answers on the terminal."""
    from repatria.curate import interview, models

    if from_:
        text = sys.stdin.read() if from_ == "-" else Path(from_).read_text(encoding="utf-8")
        return models.from_json(text)
    if asking:
        return [interview.run(folder, models.handover(given | {"pages": []}))]
    if not given["pages"]:
        raise models.CurateError("give --url and --claim, or --from, or run it on a terminal")
    page = given["pages"][0]
    kind, day = given["kind"] or given["event_id"].partition("-")[0], page["published_on"]
    totals = [models.total(t, kind, day or given["date"]) for t in page["totals"]]
    return [models.handover(given | {"pages": [page | {"totals": totals}]})]


def _add(folder: Path, handovers: list[Any], sure: bool, dry_run: bool, strict: bool) -> None:
    from repatria.curate import CurateError, propose
    from repatria.curate import write as writing
    from repatria.display import changes as words

    made, addition = propose.draft(folder, handovers)
    if made is None:
        remarks = [f"· {r}" for r in addition.remarks]
        typer.echo("\n".join([*remarks, "nothing to add: it is all on record"]))
        return
    typer.echo(words.preview(made))
    if strict and made.warnings:
        raise CurateError(f"{len(made.warnings)} new warnings; nothing was written")
    if dry_run or not (sure or typer.confirm("Write these rows?")):
        typer.echo("nothing was written")
        return
    writing.write(folder, made)
    typer.echo(f"written: {sum(map(len, addition.rows.values()))} rows")


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


@app.command()
def add(
    from_: Annotated[
        str, typer.Option("--from", help="JSON file: one handover or a list (- = standard input).")
    ] = "",
    kind: Annotated[str, typer.Option(help="bodies, prisoners or civilians.")] = "",
    date: Annotated[str, typer.Option(help="Day (YYYY-MM-DD), or month (YYYY-MM).")] = "",
    event: Annotated[str, typer.Option(help="An event on record, instead of kind and date.")] = "",
    second: Annotated[
        bool, typer.Option(help="Another of the kind on a day that has one.")
    ] = False,
    status: Annotated[str, typer.Option(help="took_place, cancelled or disputed.")] = "took_place",
    deal: Annotated[str, typer.Option(help="Shared by the days of one deal.")] = "",
    agreement: Annotated[str, typer.Option(help="Agreement the handover belongs to.")] = "",
    mediators: Annotated[str, typer.Option(help="Joined by semicolons.")] = "",
    place: Annotated[str, typer.Option(help="As pages state it.")] = "",
    category: Annotated[str, typer.Option(help="Who, where that defines the event.")] = "",
    note: Annotated[str, typer.Option(help="What is special, in your own words.")] = "",
    url: Annotated[str, typer.Option(help="The page.")] = "",
    publisher: Annotated[str, typer.Option(help="Default: that of the host's other pages.")] = "",
    published: Annotated[str, typer.Option(help="Day of publication; empty = undated.")] = "",
    dated_by: Annotated[
        str, typer.Option(help="printed, address or feed. Default: address if it stands there.")
    ] = "",
    seen: Annotated[str, typer.Option(help="whole, part (default) or headline.")] = "",
    language: Annotated[str, typer.Option(help="ISO 639. Default: as the host's.")] = "",
    tier: Annotated[
        str, typer.Option(help="official, agency, press, aggregator, dataset. Default: the host's.")
    ] = "",
    date_basis: Annotated[
        str,
        typer.Option(
            help="How the page fixes the day: stated, published, weekday+published, url, inferred."
        ),
    ] = "",
    claim: Annotated[list[str] | None, typer.Option(help=CLAIM_FORM)] = None,
    total: Annotated[list[str] | None, typer.Option(help=TOTAL_FORM)] = None,
    claimant: Annotated[
        list[str] | None, typer.Option(help="A new one: id; name; office; side; yes|no (official).")
    ] = None,
    new_part: Annotated[
        list[str] | None,
        typer.Option(help="Confirm a part (or a total's scope) not yet on record."),
    ] = None,
    searched_through: Annotated[list[str] | None, typer.Option(help=READ_FORM)] = None,
    data: Data = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, write nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse on a new warning.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Only finish an addition that was interrupted.")
    ] = False,
) -> None:
    """Add a handover, or a page on one: from pages to rows, checked as a whole, written all or nothing.

    Without a page or claims it asks on a terminal. See docs/curating.md.
    """
    from repatria.curate import interview
    from repatria.curate import write as writing

    folder = data or fingerprint.data_folder()
    given: dict[str, Any] = dict(
        kind=kind,
        date=date,
        event_id=event,
        second=second,
        status=status,
        deal_id=deal,
        agreement_id=agreement,
        mediators=mediators,
        place=place,
        category=category,
        note=note,
        claimants=claimant or [],
        new_parts=new_part or [],
        searched=searched_through or [],
    )
    page = dict(
        url=url,
        publisher=publisher,
        published_on=published,
        dated_by=dated_by,
        seen=seen,
        language=language,
        tier=tier,
        date_basis=date_basis,
        claims=claim or [],
        totals=total or [],
    )
    asking = not from_ and not (url and (claim or total)) and _terminal()
    handovers: list[Any] = []
    try:
        with writing.opened(folder) as finished:
            if finished:
                typer.echo("an interrupted addition was finished", err=True)
            if not finish:
                handovers = _handovers(
                    folder, from_, given | {"pages": [page] if url else []}, asking
                )
                _add(folder, handovers, yes or not asking, dry_run, strict)
    except (ValueError, OSError) as e:
        typer.echo(str(e), err=True)
        if asking and handovers:
            kept = interview.keep(handovers[0])
            typer.echo(
                f"your answers are in {kept}: correct them and run `repatria add --from` it",
                err=True,
            )
        raise typer.Exit(1) from None


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
