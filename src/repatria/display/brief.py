"""The brief: what an editor needs first, in sentences with computed numbers and small tables."""

from __future__ import annotations

import pandas as pd

from repatria.analysis import asymmetry
from repatria.display import words
from repatria.display.words import GRADE_WORDS, Prose, counted, number, span
from repatria.record import names
from repatria.record.names import KIND_WORDS, SIDES
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record


def _sum(events: pd.DataFrame, direction: str) -> str:
    """Return one direction's sum in words: the number, its range, and how many handovers have none."""
    s = asymmetry.sums(events).set_index("direction").loc[direction]
    if not s["known"]:
        return f"no known figure {SIDES[direction]} in {words.plural(len(events), 'handover')}"
    text = f"{number(s['persons'])} {SIDES[direction]}"
    if s["low"] != s["high"]:
        text += f" (range of published claims {span(s['low'], s['high'])})"
    text += f" in {words.plural(int(s['known']), 'handover')}"
    withheld = int((events[f"{direction}_absence"] == "withheld").sum())
    why = f" (size withheld in {number(withheld)})" if withheld else ""
    return text + (f", with {s['unknown']} more without a figure{why}" if s["unknown"] else "")


def _when(events: pd.DataFrame) -> str:
    """Return the days of these events in a sentence: "from June 2022 to 11 June 2025", or "on 11 June 2025"."""
    period = names.period(events)
    return f"from {period}" if " to " in period else f"{'on' if period[0].isdigit() else 'in'} {period}"


def _last(events: pd.DataFrame, mediators: set[str]) -> str:
    """Return the newest event in words, each direction with its count or absence and its grade."""
    e = events.iloc[-1]
    parts = []
    for d in DIRECTIONS:
        grade, absence = e[f"{d}_grade"], e[f"{d}_absence"]
        figure = counted(e[d], absence)
        # an absence in words already says "size withheld"
        how = GRADE_WORDS[grade] if pd.notna(grade) and pd.notna(e[d]) else ""
        if grade == "one_sided" and e[f"{d}_claimant"] in mediators:
            how = "a mediator only"
        if pd.isna(e[d]):
            parts.append(f"{SIDES[d]} {figure}")
            continue
        parts.append(f"{figure} {SIDES[d]}" + (f" ({how})" if how else ""))
    return f"The latest: {names.event_day(e)}, {', '.join(parts)}."


def headline(record: Record, since: str = "", lens: str = "best") -> Prose:
    """Return the state of the record in a few sentences: sums as ranges with their day, and the guardrail."""
    out = []
    claims = record.claims()
    mediators = set(claims.loc[(claims["side"] == "mediator").to_numpy(), "name"])
    for kind in ("bodies", "prisoners"):
        e = record.events(kind, lens, since)
        one, many = KIND_WORDS[kind]
        if e.empty:
            out.append(
                f"**{many.capitalize()}:** none is known in this window. That is what the pages read by "
                f"{names.day(record.last_day)} say, not a finding that there was none."
            )
            continue
        out.append(
            f"**{words.plural(len(e), one, many).capitalize()}** {_when(e)}: "
            f"{_sum(e, 'to_ukraine')}; {_sum(e, 'to_russia')}. {_last(e, mediators)}"
        )
    view = f"As known on {names.day(record.last_day)}" if record.known_by is not None else "The record as it stands"
    ends = {k: record.searched_through(k) for k in ("bodies", "prisoners")}
    read = "; ".join(f"{k} through {names.day(d)}" if d is not None else f"{k} not yet" for k, d in ends.items())
    after = " Nothing published after that day is in this view." if record.known_by is not None else ""
    out.append(
        f"{view}; densely searched: {read}. Later silence is unread, not empty.{after} Lens: {words.LENS_WORDS[lens]}."
    )
    out.append(f"*{words.GUARDRAIL}*")
    return Prose("\n\n".join(out))










