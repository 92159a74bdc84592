"""Why a count is what it is, and what is in a sum, in words: as text for a terminal, as HTML for a notebook."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd

from repatria.display.handover import weighed
from repatria.display.ledger import statement
from repatria.display.table import Table
from repatria.display.words import ABSENCE_WORDS, counted, part_words, say, templates
from repatria.record.explain import Explanation, Sum
from repatria.record.names import SIDES
from repatria.record.rule import RULE, RULE_VERSION

__all__ = ["claims", "html", "rows", "steps", "text"]

WIDE = 96  # columns of a terminal
_OUT = {**ABSENCE_WORDS, "cancelled": "cancelled", "disputed": "disputed"}


def heading(why: Explanation) -> str:
    """Return what is explained: the event, its lens, its day."""
    lens = why.lens if why.lens != "best" else None
    return say("explain/heading", event=_Row(why.event), lens=lens, known_by=why.known_by)


class _Row:
    """A row with its columns as attributes, as the filters of the templates want it."""

    def __init__(self, row: Any) -> None:
        self.__dict__.update(row)


def steps(why: Explanation) -> dict[str, str]:
    """Return for each direction how its count, range and grade come about, in a paragraph.

    >>> steps(record.explain("bodies-2025-06-16"))["to_russia"].startswith("**51 to Russia**")
    True
    """
    who = dict(zip(why.claims["claim_id"], why.claims["name"], strict=True))
    found = {str(r["direction"]): r for r in why.directions.to_dict("records")}
    out: dict[str, str] = {}
    for direction in SIDES:
        row = found.get(direction)
        if row is not None:
            row |= {end: who.get(row[end], "") for end in ("low_by", "high_by")}
        absence = why.event[f"{direction}_absence"]
        out[direction] = say(
            "explain/direction",
            direction=direction,
            row=row,
            status=str(why.event["status"]),
            absence=None if pd.isna(absence) else str(absence),
        )
    return out


def claims(why: Explanation) -> Table:
    """Return the table of an event's claims, in the order in which the rule hears them.

    >>> claims(record.explain("bodies-2025-06-16")).frame.columns.tolist()
    ['direction', 'claimant', 'says', 'what the rule does with it', 'sentence', 'pages', 'known from']
    """
    reasons = weighed(why.claims)
    shown = []
    for c in why.claims.itertuples(index=False):
        told = statement(c)
        says = told.figure if c.part == "total" else f"{told.figure} ({part_words(c.part)})"
        number = "" if pd.isna(c.sentence) else str(c.sentence)
        does = str(reasons[c.claim_id].why).replace("**", "")
        line = SIDES[str(c.direction)], c.name, says, does, number, c.citations, c.known_on
        shown.append(line)
    columns = "direction claimant says does sentence pages known".split()
    frame = pd.DataFrame(shown, columns=columns)
    frame = frame.rename(columns={"does": "what the rule does with it", "known": "known from"})
    title = "Claims, in the order in which the rule hears them"
    notes = [f"Sentence {n}: {s}" for n, s in why.sentences.items()]
    return Table(
        f"explained-{why.event['event_id']}", title, frame, notes=notes, groups="direction"
    )


def rows(total: Sum) -> Table:
    """Return the table of what is in a sum and what is not: a row an event, newest first.

    >>> rows(record.explain_sum("bodies", since="2025-06-11", until="2025-06-13")).frame.shape
    (2, 4)
    """
    r = total.rows
    cells = [
        counted(c, a if a == "zero" else None) if held else f"not in it: {_OUT[a]}"
        for c, a, held in zip(r["count"], r["reason"].astype(str), r["counted"], strict=True)
    ]
    told = r[["event_id", "date"]].rename(columns={"event_id": "event"}).assign(cell=cells)
    own = {side: told[(r["direction"] == d).to_numpy()][::-1] for d, side in SIDES.items()}
    frame = own[SIDES["to_ukraine"]][["event", "date"]].reset_index(drop=True)
    for side, part in own.items():
        frame[side] = part["cell"].to_numpy()
    return Table("summed", "In the sum and not in it", frame, data=r)


def summed(total: Sum) -> str:
    """Return in sentences how large a sum is, how many events are in it, and why the others are not."""
    r = total.rows
    part = r.loc[(r["in_window"] == "part").to_numpy() & r["counted"].to_numpy(), "event_id"]
    sums = {str(row["direction"]): row for row in total.sums.to_dict("records")}
    for direction, row in sums.items():
        own = r[(r["direction"] == direction).to_numpy()]
        row["held"], row["all"] = int(own["counted"].sum()), len(own)
    return say("explain/sum", sums=sums, about=total.about, part=part.nunique())


def text(thing: Explanation | Sum) -> str:
    """Return an explanation as lines for a terminal.

    >>> text(record.explain("bodies-2025-06-16")).splitlines()[0]
    'bodies-2025-06-16: handover of bodies on 16 June 2025'
    """
    if isinstance(thing, Sum):
        return "\n\n".join([_wrapped(summed(thing)), repr(rows(thing))])
    out = [_wrapped(heading(thing))]
    table = claims(thing).frame
    for direction, told in steps(thing).items():
        out += ["", _wrapped(told.replace("**", ""))]
        for row in table[table["direction"] == SIDES[direction]].itertuples(index=False):
            rule = f" [{row[4]}]" if row[4] else ""
            out.append(_wrapped(f"{row[2]}, {row[1]}: {row[3]}{rule}", "  - ", "    "))
    out += ["", f"Rule {RULE} v{RULE_VERSION}, the sentences that decided:"]
    out += [_wrapped(f"[{n}] {s}", "  ", "      ") for n, s in thing.sentences.items()]
    return "\n".join(out)


def _wrapped(said: str, first: str = "", then: str = "") -> str:
    lines = [
        textwrap.fill(x, WIDE, initial_indent=first, subsequent_indent=then)
        for x in said.split("\n\n")
    ]
    return "\n\n".join(lines)


def html(thing: Explanation | Sum, headed: bool = True) -> str:
    """Return an explanation as HTML: how each count comes about, and every claim in a table.

    Without its heading where that stands above it already.

    >>> "In the order" in html(record.explain("bodies-2025-06-16")).replace("in the", "In the")
    True
    """
    template = templates().get_template("explain.html.j2")
    if isinstance(thing, Sum):
        return template.render(
            id="", heading=summed(thing), steps=[], table=rows(thing)._repr_html_()
        )
    return template.render(
        id=thing.event["event_id"],
        heading=heading(thing) if headed else "",
        steps=list(steps(thing).values()),
        table=claims(thing)._repr_html_(),
    )
