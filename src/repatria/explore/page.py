"""A table of events whose links lead to what is behind each of them, in the same notebook."""

from __future__ import annotations

import pandas as pd

from repatria.display import explain
from repatria.display.events import events as table
from repatria.display.table import led
from repatria.display.words import anchor, templates
from repatria.record.view import Record

__all__ = ["Page", "linked"]


class Page:
    """A piece of a notebook, as HTML."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def linked(record: Record, events: pd.DataFrame) -> Page:
    """Return the table of events, newest first, and under it every event's claims and why they lead or yield.

    The table's links lead to them. `events` as `Record.events` returns them, of the same view and
    under any lens. Works in JupyterLab and in a stored notebook: no script is needed.

    >>> june = record.events("bodies", since="2025-06", until="2025-06")
    >>> 'id="event-bodies-2025-06-11"' in linked(record, june).html
    True
    """
    shown = table(events, title="Handovers, each a link to its claims")
    lens = str(events.attrs.get("lens", "best"))
    why = [record.explain(e, lens) for e in shown.frame["event"]]
    template = templates().get_template("linked.html.j2")
    parts = [(explain.heading(w), explain.html(w, headed=False)) for w in why]
    html = led(shown._repr_html_(), "#" + anchor("{}"))
    return Page(template.render(table=html, parts=parts), repr(shown))
