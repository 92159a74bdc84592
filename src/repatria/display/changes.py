"""What changed between two states of the record, in words for readers and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from repatria.record.changes import MEASURES, Changes
from repatria.record.schema import TABLES

# pandas and the templates are loaded where they are used: the command line starts without them.
if TYPE_CHECKING:
    import pandas as pd

    from repatria.curate.propose import Draft, Reach

__all__ = ["as_json", "consequences", "markdown", "moved", "preview", "said", "searched"]


def _code(value: object) -> str:
    return "`" + str(value).replace("`", "'") + "`"


def said(row: Mapping[Any, Any], side: str) -> str:
    """Return one side of an estimate in words: "1,000 (one side only)"; `side` is old or new."""
    import pandas as pd

    from repatria.display.words import GRADE_WORDS, apart, counted

    best, low, high, grade, absence = (row[f"{m}_{side}"] for m in MEASURES)
    text = counted(best, absence or None)
    if pd.notna(best) and (wide := apart(low, high)):
        text += f" [{wide}]"
    graded = grade in GRADE_WORDS and grade != "undisclosed"
    return f"{text} ({GRADE_WORDS[grade]})" if graded else text


def moved(differing: pd.DataFrame) -> list[str]:
    """Return one line per changed estimate: "`event` to Ukraine: 1,000 (…) → 1,003 (…)"."""
    from repatria.record.names import SIDES

    lines = []
    for row in differing.to_dict("records"):
        before = "not there" if row["change"] == "new" else said(row, "old")
        after = "not there" if row["change"] == "gone" else said(row, "new")
        lines.append(f"{_code(row['event_id'])} {SIDES[row['direction']]}: {before} → {after}")
    return lines


def markdown(changes: Changes) -> str:
    """Return all changes as Markdown: a table of counts, the moved estimates, then row by row.

    >>> from repatria.record.changes import between
    >>> markdown(between(record, record)).split()[-2:]
    ['Nothing', 'changed.']
    """
    from repatria.display.words import templates

    page = templates().get_template("changes/changes.md.j2")
    return page.render(
        old=changes.old,
        new=changes.new,
        changed=bool(changes),
        counts=[c for c in changes.counts().itertuples() if any(c[1:])],
        moved=moved(changes.estimates),
        rows={name: rows for name in TABLES if (rows := list(_rows(changes, name)))},
    )


def _rows(changes: Changes, name: str) -> Iterator[str]:
    """Return one line per row of a table added or removed, and per cell revised."""
    key = list(TABLES[name].key)
    for sign, frame in (("+", changes.added[name]), ("\N{MINUS SIGN}", changes.removed[name])):
        for row in frame.to_dict("records"):
            cells = ", ".join(f"{c} {_code(v)}" for c, v in row.items() if v and c not in key)
            yield f"{sign} {_code(_key(row, key))}" + (f": {cells}" if cells else "")
    for row in changes.revised[name].to_dict("records"):
        was, now = (_code(row[s]) if row[s] else "empty" for s in ("old", "new"))
        yield f"± {_code(_key(row, key))}: {row['column']} {was} → {now}"


def _key(row: Mapping[Any, Any], key: list[str]) -> str:
    return " ".join(row[k] for k in key)


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


def searched(reach: Reach) -> str:
    """Return how far one side's statements are searched, before and after, and what nobody read."""
    from repatria.display.words import say

    return say("changes/searched", **vars(reach))


def preview(made: Draft) -> str:
    """Return what a draft adds, the estimates before and after, and its warnings, as lines."""
    from repatria.record.names import SIDES

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


def consequences(made: Draft) -> list[str]:
    """Return what official totals and pledges would become with a draft: those whose comparison moves, as lines."""
    from repatria.analysis import pledges, reconcile
    from repatria.display.words import say

    own = ["agreement_id", "kind", "direction", "claimant", "quantity_low", "quantity_high"]
    compared: dict[str, tuple[Any, list[str], list[str]]] = {
        "total": (reconcile.reconcile, ["total_id"], ["sum", "verdict", "off_low", "off_high"]),
        "pledge": (pledges.fulfilment, own, ["best", "high", "status"]),
    }
    kinds = {e.partition("-")[0] for e in made.addition.events}
    out = []
    for name, (compare, key, columns) in compared.items():
        old, new = (compare(r).to_dict("records") for r in (made.before, made.after))
        before = {tuple(_cell(r[k]) for k in key): r for r in old}
        for row in new:
            was = before.get(tuple(_cell(row[k]) for k in key))
            if row["kind"] not in kinds or (
                was and all(_cell(was[c]) == _cell(row[c]) for c in columns)
            ):
                continue
            ends = {
                w: r and {k: _cell(v) for k, v in r.items()}
                for w, r in (("was", was), ("now", row))
            }
            out.append(f"= {say(f'changes/{name}', **ends)}")
    return out or ["= no total and no pledge is compared otherwise"]


def _cell(value: Any) -> Any:
    import pandas as pd

    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value
