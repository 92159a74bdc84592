"""The `repatria` command: its verbs and their options. Each verb loads only what it needs."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from repatria.curate import CLAIM_FORM, READ_FORM, TOTAL_FORM
from repatria.record.schema import DATED_BY, SEEN, TABLES, TIERS, URL_PATTERN
from repatria.report.parameters import Parameters

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _parameter(name: str) -> Any:
    """Return the option of a parameter, described where the parameter is declared."""
    words = Parameters.model_fields[name].description or ""
    return Option(f"--{name.replace('_', '-')}", help=f"{words[:1].upper()}{words[1:]}.")


AsOf = Annotated[str, _parameter("as_of")]
Since = Annotated[str, _parameter("since")]
Until = Annotated[str, _parameter("until")]
Lens = Annotated[str, _parameter("lens")]
DATE_BASES = TABLES["citations"].fields[-1].enum
CLAIMANT_FORM = "A new one: id; name; office; side; yes|no (official)."
NEW_PART = "Confirm a part (or a total's scope) not yet on record."
DATA = "Folder of another record (default: this project's data/)."
Data = Annotated[Path | None, Option(help=DATA)]
Out = Annotated[Path, Option(help="Folder of the reports.")]
Inbox = Annotated[Path, Option("--inbox", help="Folder of the inbox.")]
LogFile = Annotated[Path | None, Option(help="File that dated lines are added to.")]


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
    data: Annotated[Path | None, Argument(help=DATA)] = None,
    warnings: Annotated[bool, Option(help="Print warnings, not only their number.")] = True,
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
    kind: Annotated[str | None, Option(help="bodies, prisoners or civilians.")] = None,
    as_of: AsOf = "",
    since: Since = "",
    until: Until = "",
    lens: Lens = "best",
    csv: Annotated[bool, Option("--csv", help="Print CSV with every column.")] = False,
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
def explain(
    event_id: Annotated[str, Argument(help="An event; without one, the sum of a kind.")] = "",
    kind: Annotated[str | None, Option(help="bodies, prisoners or civilians.")] = None,
    as_of: AsOf = "",
    since: Since = "",
    until: Until = "",
    lens: Lens = "best",
    data: Data = None,
) -> None:
    """Say why an event's counts are what they are, claim by claim; or what is in a sum, and what not."""
    p = _parameters(as_of=as_of, since=since, until=until, lens=lens)
    from repatria.record.view import load

    try:
        record = load(data).as_of(p.as_of)
        if event_id:
            typer.echo(record.explain(event_id, p.lens))
        else:
            typer.echo(record.explain_sum(kind, p.lens, p.since, p.until))
    except ValueError as e:
        raise _fail(e) from None


@app.command()
def report(
    as_of: AsOf = "",
    since: Since = "",
    until: Until = "",
    lens: Lens = "best",
    on: Annotated[str, Option(help="Day of publication (default: today).")] = "",
    out: Out = Path("reports"),
    data: Data = None,
    inbox: Inbox = Path("watch"),
    force: Annotated[bool, Option(help="Run even if nothing changed.")] = False,
    keep: Annotated[int, Option(min=0, help="Releases to keep (0: all).")] = 0,
    site_url: Annotated[str, Option(help="Address of the reports, for mail and feed.")] = "",
    interval: Annotated[int, Option(min=0, help="Days to the next release, told in it.")] = 0,
    correct: Annotated[str, Option(help="Address where corrections are received.")] = "",
    log: LogFile = None,
    on_news: Annotated[str, Option(help="Command to run after a new report; see schedule.")] = "",
    on_failure: Annotated[str, Option(help="Command to run after a failure.")] = "",
) -> None:
    """Run the notebooks and publish a release, reports/<day>/, or a view of other parameters."""
    from repatria.report import run
    from repatria.report.log import hook

    p = _parameters(as_of=as_of, since=since, until=until, lens=lens)
    day = _parameters(until=on).until if on else ""  # checked as any other day
    if site_url and not re.match(URL_PATTERN, site_url):
        raise _fail(f"site_url: {site_url!r} is no address (https://…)")
    _from(data)
    with _running(log, "making the report", on_failure) as say:
        told: dict[str, Any] = {"site_url": site_url, "interval": interval, "correct": correct}
        told["waiting"] = _waiting(inbox, data)
        outcome = run.make(p, out, say, force, on=day, keep=keep, **told)
        if outcome.made:
            hook(
                on_news,
                f"published: {outcome.folder}",
                {"REPATRIA_PUBLISHED": str(outcome.folder)},
                say,
            )
    typer.echo(outcome.folder / "index.html")


def _waiting(inbox: Path, data: Path | None) -> dict[str, Any]:
    """Return what a release tells of the inbox; nothing is loaded where there is none."""
    if not inbox.is_dir():
        return {}
    from repatria.record.fingerprint import data_folder
    from repatria.watch.inbox import facts

    return facts(inbox, data or data_folder())


@contextlib.contextmanager
def _running(log: Path | None, doing: str, on_failure: str = "") -> Iterator[Any]:
    """Give what takes a run's lines; end with one line and the exit code whatever goes wrong."""
    from repatria.report import base
    from repatria.report.log import hook, opened

    try:
        with contextlib.ExitStack() as held:
            say: base.Say = str  # nobody hears it before there is a log
            try:
                say = held.enter_context(opened(log, doing))
                yield say
            except Exception as e:  # of any kind: whoever is to be told does not look at a screen
                why = base.told(e) if isinstance(e, _told()) else repr(e)
                say(f"failed: {why}") if log else None
                hook(on_failure, f"failed: {why}", {}, say)
                raise
            except KeyboardInterrupt:
                say("interrupted") if log else None
                raise
    except Exception as e:
        if not isinstance(e, _told()):
            raise
        raise _fail(base.told(e)) from None
    except KeyboardInterrupt:
        typer.echo("interrupted: what was published before stays as it was", err=True)
        sys.stderr.flush()
        os._exit(base.INTERRUPTED)  # threads of libraries are not waited for


def _told() -> tuple[type[Exception], ...]:
    """Return the errors that are told in one line: loaded when there is one, for pandas comes with them."""
    from repatria.curate import CurateError
    from repatria.record.checks import RecordError
    from repatria.report.base import ReportError

    return RecordError, CurateError, ReportError, OSError


def _from(data: Path | None) -> None:
    if data is not None:
        os.environ["REPATRIA_DATA"] = str(data.resolve())


@app.command()
def backfill(
    from_: Annotated[str, Option("--from", help="First day (YYYY-MM-DD).")],
    to: Annotated[str, Option("--to", help="Last day (YYYY-MM-DD).")],
    every: Annotated[str, Option(help="Days between two views, or month.")] = "month",
    lens: Lens = "best",
    on: Annotated[str, Option(help="Day of publication (default: today).")] = "",
    out: Out = Path("reports"),
    data: Data = None,
    cluster: Annotated[str, Option(help="Address of a Dask scheduler, tcp://host:port.")] = "",
    log: LogFile = None,
) -> None:
    """Make past views of many days, on all cores; those that are there already are kept."""
    from repatria.report import backfill as many

    day = _parameters(until=on).until if on else ""
    try:
        wanted = [_parameters(as_of=d, lens=lens) for d in many.days(from_, to, every)]
    except ValueError as e:
        raise _fail(e) from None
    _from(data)
    with _running(log, "making views") as say:
        many.make(wanted, out, say, cluster, on=day)
    typer.echo(out / "views")


@app.command()
def watch(
    list_: Annotated[bool, Option("--list", help="Only show what waits.")] = False,
    replay: Annotated[Path | None, Option(help="Judge a folder of day files instead.")] = None,
    feeds: Annotated[Path | None, Option(help="Another list of feeds (TOML).")] = None,
    inbox: Inbox = Path("watch"),
    data: Data = None,
    log: LogFile = None,
    on_news: Annotated[str, Option(help="Command to run when pages were filed.")] = "",
    on_failure: Annotated[str, Option(help="Command to run when no feed was read.")] = "",
) -> None:
    """Read the feeds once, file pages that speak of a handover; see docs/watching.md."""
    import datetime as dt

    from repatria.record.fingerprint import data_folder
    from repatria.report.base import ReportError
    from repatria.report.log import hook
    from repatria.watch import listing, run

    folder, today = data or data_folder(), dt.datetime.now(dt.UTC).date()
    with _running(log, "reading feeds", on_failure) as say:
        if replay:
            typer.echo(listing.replayed(run.replay(replay, folder), folder))
            return
        listed = run.feeds(feeds)
        if not list_:
            done = run.watch(inbox, folder, listed, say)
            if done.failed == len(listed):
                raise ReportError("no feed was read")
            say(f"{len(done.new)} pages filed, {done.failed} of {len(listed)} feeds not read")
        told = listing.listing(inbox, folder, listed, today)
        if not list_ and done.new:
            hook(on_news, f"{len(done.new)} pages filed\n{told}", {}, say)
    typer.echo(told)


@app.command()
def verify(
    release: Annotated[Path, Argument(help="Folder of a release, reports/<day>.")],
    log: LogFile = None,
) -> None:
    """Make a release once more from its own data; say what holds, what differs and why. Exit 1 if it differs."""
    from repatria.report import verify as verifying

    with _running(log, "verifying") as say:
        verdict = verifying.release(release, say)
    typer.echo("\n".join(verdict.lines()))
    if not verdict.holds:
        raise typer.Exit(1)


@app.command()
def status(
    max_age: Annotated[int, Option(min=0, help="Days that may be unread (0: any).")] = 0,
    out: Out = Path("reports"),
    data: Data = None,
) -> None:
    """Say which release is the newest and through which day the record is read. Exit 3 if that is too old."""
    from repatria.record.fingerprint import data_folder
    from repatria.report import base, run
    from repatria.report import status as state

    try:
        found = state.of(out, data or data_folder(), run.today())
    except base.ReportError as e:
        raise _fail(e) from None
    typer.echo("\n".join(found.lines()))
    if found.harmed or found.broken:
        raise typer.Exit(base.FAILED)
    if max_age and found.unread > max_age:
        raise typer.Exit(base.STALE)


@app.command()
def changes(
    old: Annotated[
        str, Argument(help="Folder of a record, or a git revision of this project's data/.")
    ],
    new: Annotated[str, Argument(help="The same, later (default: the record as it stands).")] = "",
    lens: Lens = "best",
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
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
    out: Annotated[Path, Argument(help="Folder of the release; made if it is not there.")],
    data: Data = None,
    force: Annotated[bool, Option(help="Replace an earlier export.")] = False,
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
    from_: Annotated[str, Option("--from", help="JSON: a handover or a list (- = stdin).")] = "",
    from_inbox: Annotated[int, Option(min=0, help="A page of the inbox, by number.")] = 0,
    leave: Annotated[str, Option(help="Leave that page out; the reason.")] = "",
    inbox: Inbox = Path("watch"),
    kind: Annotated[str, Option(help="bodies, prisoners or civilians.")] = "",
    date: Annotated[str, Option(help="Its day (YYYY-MM-DD), or month (YYYY-MM).")] = "",
    event_id: Annotated[str, Option("--event", help="One on record, not kind and date.")] = "",
    second: Annotated[bool, Option(help="Another of the kind on a day that has one.")] = False,
    status: Annotated[str, Option(help="took_place, cancelled or disputed.")] = "took_place",
    deal_id: Annotated[str, Option("--deal", help="Shared by the days of one deal.")] = "",
    agreement_id: Annotated[str, Option("--agreement", help="The one it belongs to.")] = "",
    mediators: Annotated[str, Option(help="Joined by semicolons.")] = "",
    place: Annotated[str, Option(help="As pages state it.")] = "",
    category: Annotated[str, Option(help="Who, where that defines the event.")] = "",
    note: Annotated[str, Option(help="What is special, in your own words.")] = "",
    url: Annotated[str, Option(help="The page.")] = "",
    publisher: Annotated[str, Option(help="Default: that of the host's other pages.")] = "",
    published_on: Annotated[str, Option("--published", help="Its day; empty = undated.")] = "",
    dated_by: Annotated[str, Option(help=f"{', '.join(DATED_BY)}. Default: its address.")] = "",
    seen: Annotated[str, Option(help=f"{', '.join(SEEN)}. Default: part.")] = "",
    language: Annotated[str, Option(help="ISO 639. Default: as the host's.")] = "",
    tier: Annotated[str, Option(help=f"{', '.join(TIERS)}. Default: the host's.")] = "",
    date_basis: Annotated[str, Option(help=f"Why this day: {', '.join(DATE_BASES)}.")] = "",
    claims: Annotated[list[str] | None, Option("--claim", help=CLAIM_FORM)] = None,
    totals: Annotated[list[str] | None, Option("--total", help=TOTAL_FORM)] = None,
    claimants: Annotated[list[str] | None, Option("--claimant", help=CLAIMANT_FORM)] = None,
    new_parts: Annotated[list[str] | None, Option("--new-part", help=NEW_PART)] = None,
    searched: Annotated[list[str] | None, Option("--searched-through", help=READ_FORM)] = None,
    data: Data = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Show it, write nothing.")] = False,
    strict: Annotated[bool, Option("--strict", help="Refuse on a new warning.")] = False,
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask before writing.")] = False,
    finish: Annotated[bool, Option("--finish", help="Only end an addition cut off.")] = False,
) -> None:
    """Add a handover, or a page on one: from pages to rows, checked as a whole, written all or
    nothing.

    Without a page or claims it asks on a terminal. See docs/curating.md.
    """
    given = {name: [] if value is None else value for name, value in locals().items()}
    from repatria.curate import interview, write
    from repatria.record.fingerprint import data_folder
    from repatria.watch import adding

    given_all = leave or claims or totals or (searched and not url and not date)
    asking = not from_ and not given_all and _terminal()
    handovers: list[Any] = []
    try:
        with write.opened(folder := data or data_folder()) as finished:
            if finished:
                typer.echo("an interrupted addition was finished", err=True)
            if not finish:
                handovers = adding.handovers(folder, given, asking)
                whole = bool(from_inbox)
                adding.write(folder, handovers, yes or not asking, dry_run, strict, whole)
    except (ValueError, OSError) as e:
        typer.echo(str(e), err=True)
        if asking and handovers:
            kept = f"your answers are in {interview.keep(handovers[0])}"
            typer.echo(f"{kept}: correct them and run `repatria add --from` it", err=True)
        raise typer.Exit(1) from None


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


@app.command(hidden=True)
def refresh(
    what: Annotated[
        list[str] | None,
        Argument(help="codebook, docs, gallery, notebooks, sample, readme (default: all)."),
    ] = None,
) -> None:
    """For maintainers: rewrite what is generated and kept in git."""
    from repatria.report import refresh as generated

    steps = {
        "codebook": generated.codebook,
        "docs": lambda: generated.docs(typer.main.get_command(app)),
        "gallery": lambda: generated.gallery(lambda line: typer.echo(line, err=True)),
        "notebooks": lambda: generated.notebooks(lambda line: typer.echo(line, err=True)),
        "sample": lambda: generated.sample(lambda line: typer.echo(line, err=True)),
        "readme": generated.readme,
    }
    for name in what or steps:
        if name not in steps:
            raise _fail(f"what: {name!r} is none of {', '.join(steps)}")
        steps[name]()


def main() -> None:
    """Run the command line: a request to end, and what the operating system refuses, is one line."""
    from repatria.report import base
    from repatria.report.log import interruptible

    for stream in range(3):  # one that the caller has closed would be the next file that is opened
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115  # as long as we live
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    try:
        with interruptible():
            app()
    except SystemExit as e:
        if e.code == base.INTERRUPTED:  # before a run had begun: else it has said so itself
            typer.echo("interrupted", err=True)
        raise
    except OSError as e:
        typer.echo(base.told(e), err=True)
        # What could not be printed would be tried again at the end, and give the exit code of that.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(base.FAILED)


if __name__ == "__main__":
    main()
