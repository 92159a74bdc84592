"""From what `repatria add` was given to rows: JSON, options, answers on a terminal, or a page of the inbox."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from repatria.curate import CurateError, interview, models, propose
from repatria.curate import write as writing
from repatria.curate.book import Book
from repatria.display.changes import consequences, preview
from repatria.watch import inbox

__all__ = ["handovers", "write"]


def handovers(folder: Path, given: dict[str, Any], asking: bool) -> list[Any]:
    """Return what `add` was given: JSON, answers on the terminal, or options, named as in the models."""
    if source := given["from_"]:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        return models.from_json(text)
    handover = {k: given[k] for k in models.Handover.model_fields if k in given}
    offers: list[Any] = []
    if given["from_inbox"]:
        handover, offers = _offered(folder, given, handover)
    if asking:
        return [interview.run(folder, models.handover(handover), offers)]
    if given["leave"] and offers:
        about = {c: getattr(offers[0].page, c) for c in ("url", "publisher", "published_on")}
        refused = about | {"reason": given["leave"], "note": given["note"]}
        return [models.handover({"refused": [refused]})]
    if given["kind"] and given["searched"] and not (given["url"] or given["date"]):
        return [models.handover(handover)]
    if not given["url"]:
        raise models.CurateError("give --url and --claim, or --from, or run it on a terminal")
    kind, day = given["kind"] or given["event_id"].partition("-")[0], given["published_on"]
    page = {k: given[k] for k in models.Page.model_fields if k in given}
    page["totals"] = [models.total(t, kind, day or given["date"]) for t in given["totals"]]
    return [models.handover(handover | {"pages": [page]})]


def _offered(
    folder: Path, given: dict[str, Any], handover: dict[str, Any]
) -> tuple[dict[str, Any], list[Any]]:
    """Return the handover that a page of the inbox may be on, and that page with the others of its group.

    What the inbox knows of the page becomes what was given of it, where nothing else was.
    """
    group, offers = inbox.offered(given["inbox"], Book(folder), given["from_inbox"])
    if not (given["event_id"] or given["kind"]):
        known = group.event != "new" and not given["date"]
        handover |= {"event_id": group.event} if known else {"kind": group.kind}
    first = offers[0].page
    given |= {k: v for k, v in first.model_dump().items() if k in given and not given[k]}
    return handover, offers


def write(
    folder: Path, given: list[Any], sure: bool, dry_run: bool, strict: bool, whole: bool
) -> None:
    """Draft the rows, show them, and write them unless they are only to be shown.

    `whole`: show what totals and pledges would become, too.
    """
    made, addition = propose.draft(folder, given)
    if made is None:
        remarks = [f"· {r}" for r in addition.remarks]
        typer.echo("\n".join([*remarks, "nothing to add: it is all on record"]))
        return
    typer.echo(preview(made))
    if whole:
        typer.echo("\n".join(consequences(made)))
    if strict and made.warnings:
        raise CurateError(f"{len(made.warnings)} new warnings; nothing was written")
    if dry_run or not (sure or typer.confirm("Write these rows?")):
        typer.echo("nothing was written")
        return
    writing.write(folder, made)
    typer.echo(f"written: {sum(map(len, addition.rows.values()))} rows")
