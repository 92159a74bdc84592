"""What changed between two states of the record, in words for readers and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from repatria.record import fingerprint
from repatria.record.changes import MEASURES, Changes, between, read
from repatria.record.names import SIDES
from repatria.record.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from repatria.curate.propose import Draft, Reach


def _code(value: object) -> str:
    return "`" + str(value).replace("`", "'") + "`"


def said(row: Mapping[Any, Any], side: str) -> str:
    """Return one side of an estimate in words: "1,000 (one side only)"; `side` is old or new."""
    import pandas as pd

    from repatria.display.words import GRADE_WORDS, counted, span

    best, low, high, grade, absence = (row[f"{m}_{side}"] for m in MEASURES)
    text = counted(best, absence or None)
    if pd.notna(best) and (low, high) != (best, best):
        text += f" [{span(low, high)}]"
    return (
        f"{text} ({GRADE_WORDS[grade]})"
        if grade in GRADE_WORDS and grade != "undisclosed"
        else text
    )


def moved(differing: pd.DataFrame) -> list[str]:
    """Return one line per changed estimate: "`event` to Ukraine: 1,000 (one side only) → 1,003 (…)"."""
    lines = []
    for row in differing.to_dict("records"):
        before = "not there" if row["change"] == "new" else said(row, "old")
        after = "not there" if row["change"] == "gone" else said(row, "new")
        lines.append(f"{_code(row['event_id'])} {SIDES[row['direction']]}: {before} → {after}")
    return lines


def markdown(changes: Changes) -> str:
    """Return all changes as Markdown: a table of counts, the moved estimates, then row by row."""
    out = ["# Changes", "", f"From {changes.old} to {changes.new}.", ""]
    if not changes:
        return "\n".join([*out, "Nothing changed.", ""])
    out += ["| table | added | removed | revised |", "|---|---:|---:|---:|"]
    out += [
        f"| {t} | {a} | {r} | {v} |" for t, a, r, v in changes.counts().itertuples() if a or r or v
    ]
    out += ["", f"## Estimates: {len(changes.estimates)} changed", ""]
    out += [f"- {line}" for line in moved(changes.estimates)]
    for name, table in TABLES.items():
        key = list(table.key)
        parts = []
        for sign, rows in (("+", changes.added[name]), ("−", changes.removed[name])):
            for row in rows.to_dict("records"):
                cells = ", ".join(f"{c} {_code(v)}" for c, v in row.items() if v and c not in key)
                parts.append(
                    f"- {sign} {_code(' '.join(row[k] for k in key))}"
                    + (f": {cells}" if cells else "")
                )
        for row in changes.revised[name].to_dict("records"):
            was, now = (_code(row[s]) if row[s] else "empty" for s in ("old", "new"))
            parts.append(
                f"- ± {_code(' '.join(row[k] for k in key))}: {row['column']} {was} → {now}"
            )
        if parts:
            out += ["", f"## {name}", "", *parts]
    return "\n".join([*out, ""])


def as_json(changes: Changes) -> str:
    """Return all changes as JSON; empty cells are null."""

    def rows(frame: pd.DataFrame) -> list[dict[str, object]]:
        return [
            {k: v if v != "" else None for k, v in row.items()} for row in frame.to_dict("records")
        ]

    tables = {}
    for name, table in TABLES.items():
        revised = [
            {"key": {k: row[k] for k in table.key}, **{k: row[k] for k in ("column", "old", "new")}}
            for row in rows(changes.revised[name])
        ]
        tables[name] = {
            "added": rows(changes.added[name]),
            "removed": rows(changes.removed[name]),
            "revised": revised,
        }
    moves = json.loads(
        changes.estimates.to_json(orient="records", date_format="iso", date_unit="s")
    )
    for row in moves:
        row["date"] = row["date"][:10]
    moves = [{k: v if v != "" else None for k, v in row.items()} for row in moves]
    whole = {"old": changes.old, "new": changes.new, "tables": tables, "estimates": moves}
    return json.dumps(whole, ensure_ascii=False, indent=1)


def command(
    old: Annotated[
        str, typer.Argument(help="Folder of a record, or a git revision of this project's data/.")
    ],
    new: Annotated[
        str, typer.Argument(help="The same, later (default: the record as it stands).")
    ] = "",
    lens: Annotated[
        str, typer.Option(help="Whose claims count: best, ukraine, russia, receiver.")
    ] = "best",
    as_json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List rows added, removed and revised between two versions of the record, and the estimates that moved."""
    try:
        changes = between(read(old), read(new or str(fingerprint.data_folder())), lens)
    except ValueError as e:
        typer.echo(str(e), err=True)
        raise typer.Exit(1) from None
    typer.echo(as_json(changes) if as_json_ else markdown(changes), nl=as_json_)


def searched(reach: Reach) -> str:
    """Return how far one side's statements are searched, before and after, and what nobody read."""
    from repatria.display.words import say

    return (
        say("changes/searched", **vars(reach))
        .replace(" ;", ";")
        .replace(" .", ".")
        .replace(" ,", ",")
    )


def preview(made: Draft) -> str:
    """Return what a draft adds, the estimates and what was searched before and after, its warnings, as lines."""
    out = []
    for name, rows in made.addition.rows.items():
        out += [f"+ {name}: {' '.join(row[k] for k in TABLES[name].key)}" for row in rows]
    out += [f"· {remark}" for remark in made.addition.remarks]
    out += [f"= {line}" for line in moved(made.estimates)]
    moves = set(zip(made.estimates["event_id"], made.estimates["direction"], strict=True))
    events = made.after.events(cancelled=True, disputed=True)
    for row in events[events["event_id"].isin(made.addition.events)].to_dict("records"):
        for d, words in SIDES.items():
            if (row["event_id"], d) not in moves:
                state = {f"{m}_new": row[d if m == "best" else f"{d}_{m}"] for m in MEASURES}
                out.append(f"= `{row['event_id']}` {words}: {said(state, 'new')}, unchanged")
    out += [f"= {searched(r)}" for r in made.reach if r.before != r.after or not r.reached]
    out += [f"! {w}" for w in made.warnings]
    return "\n".join(out)
