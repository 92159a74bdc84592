"""The record under widgets: pick kind, window, lens and day; see charts, sums, events and their claims change."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, wraps
from threading import RLock
from typing import Any, TypeVar

import ipywidgets as w
from matplotlib.backends.backend_agg import FigureCanvasAgg

from repatria.charts.base import Chart, final
from repatria.display import explain
from repatria.display.events import event_frame
from repatria.display.words import LENS_WORDS, say, templates
from repatria.explore.selection import VIEWS, Selection
from repatria.record.rule import LENSES
from repatria.record.schema import KINDS
from repatria.record.view import Day, Record

__all__ = ["Panel", "panel"]

F = TypeVar("F", bound=Callable[..., Any])
SHOWS = {"stems": "Counts", "share": "Share", "silences": "Silences", "table": "Table"}


def _alone(method: F) -> F:
    """Let one change after another be answered: JupyterLab sends each control's in a thread of its own."""

    @wraps(method)
    def alone(self: Panel, *args: Any) -> Any:
        with self._lock:
            return method(self, *args)

    return alone  # type: ignore[return-value]


def panel(
    record: Record,
    kind: str = "bodies",
    lens: str = "best",
    since: Day | None = "",
    until: Day | None = "",
    as_of: Day | None = "",
) -> Panel:
    """Return the panel: controls, a chart or a table of the selection, its events and their claims.

    Every control works by keyboard. Where no widgets run, as in a stored notebook, it shows the
    selection it began with. A selection that cannot be is answered by one sentence, and what was
    shown stays. Needs ipywidgets (`pip install repatria[lab]`).

    >>> p = panel(record, since="2025-06", until="2025-06")
    >>> p.kind.value = "prisoners"
    >>> p.events.options[0][1]
    'prisoners-2025-06-26'
    """
    return Panel(Selection(record, kind, lens, since, until, as_of))


class Panel:
    """What `panel` shows: `chosen` is the selection, the controls are its attributes."""

    def __init__(self, chosen: Selection) -> None:
        chosen.events  # noqa: B018 what cannot be is refused in a sentence, before a widget does
        self.chosen, self._lock = chosen, RLock()
        # A past view costs most: the last few days asked for are kept.
        self._views = lru_cache(maxsize=8)(lambda day: chosen.record.as_of(day, coverage="today"))
        self.kind = w.ToggleButtons(options=KINDS, value=chosen.kind, description="Kind")
        lenses = [(LENS_WORDS[name], name) for name in LENSES]
        # No list: JupyterLab takes its arrow keys.
        self.lens = w.ToggleButtons(options=lenses, value=chosen.lens, description="Lens")
        self.lens.style.button_width = "auto"
        days = {"since": "From", "until": "To", "as_of": "Pages by"}
        for name, label in days.items():
            setattr(self, name, _day(label, getattr(chosen, name)))
        self.show = w.ToggleButtons(options=[(t, n) for n, t in SHOWS.items()], description="Show")
        self.said = w.HTML()
        self.picture = w.HTML()
        self.events = w.Select(description="Event", rows=10, layout=w.Layout(width="auto"))
        # The way by keyboard: what is typed into keeps its keys.
        hint = "id of an event"
        self.find = w.Combobox(description="Find", placeholder=hint, continuous_update=False)
        self.why = w.HTML()
        self.saves = {
            name: w.Button(description=f"Save as {name}", icon="download")
            for name in ("CSV", "Parquet", "SVG")
        }
        self.saved = w.HTML()
        controls = [self.kind, self.lens, self.since, self.until, self.as_of]  # type: ignore[attr-defined]
        for control in controls:
            control.observe(self._pick, "value")
        self.show.observe(self._draw, "value")
        self.events.observe(self._explain, "value")
        self.find.observe(self._find, "value")
        for name, button in self.saves.items():
            button.on_click(lambda _, name=name: self._save(name))
        window = w.HBox(controls[2:], layout=w.Layout(flex_flow="row wrap"))
        saving = w.HBox([*self.saves.values(), self.saved], layout=w.Layout(flex_flow="row wrap"))
        top = [self.kind, self.lens, window, self.said, self.show, self.picture]
        self.box = w.VBox([*top, saving, self.find, self.events, self.why])
        self._update()

    @_alone
    def _pick(self, change: Any) -> None:
        """Take what the controls say; a selection that cannot be leaves what is shown as it is."""
        names = ("kind", "lens", "since", "until", "as_of")
        given = {name: str(getattr(self, name).value).strip() for name in names}
        wanted = Selection(self.chosen.record, **given)
        try:
            vars(wanted)["view"] = self._views(given["as_of"])
            wanted.events  # noqa: B018
        except ValueError as e:
            said = f'<p role="alert"><strong>{html.escape(str(e))}</strong></p>'
            self.said.value = said + self._told  # of what is still shown
            return
        self.chosen = wanted
        self._update()

    def _update(self) -> None:
        told = self.chosen.left_out().split("\n\n")
        lines = "".join(f"<p>{html.escape(t)}</p>" for t in told)
        self.said.value = self._told = f'<div role="status">{lines}</div>'
        self.saved.value = ""
        self._draw()
        rows = event_frame(self.chosen.everything)[::-1].to_dict("records")
        before, ids = self.events.value, [r["event"] for r in rows]
        self.events.unobserve(self._explain, "value")  # setting the list picks twice
        self.events.options = [(_line(r), r["event"]) for r in rows]
        self.events.value = before if before in ids else None
        self.events.observe(self._explain, "value")
        self.find.value, self.find.options = "", tuple(ids)
        self._explain()

    @_alone
    def _draw(self, change: Any = None) -> None:
        try:
            if self.show.value == "table":
                shown = replace(self.chosen.table(), links=())  # the list below picks
                self.picture.value = _scrolling(shown._repr_html_())
            else:
                self.picture.value = _picture(self.chosen.chart(self.show.value))
        except ValueError as e:
            self.picture.value = f'<p role="alert">{html.escape(str(e))}</p>'

    @_alone
    def _find(self, change: Any) -> None:
        asked = self.find.value.strip()
        if asked in self.find.options:
            self.events.value = asked
        elif asked:
            self.events.value = None
            said = html.escape(str(say("explain/none", event=asked)))
            self.why.value = f'<p role="alert">{said}</p>'

    @_alone
    def _explain(self, change: Any = None) -> None:
        chosen = self.events.value
        if chosen:
            self.why.value = explain.html(self.chosen.view.explain(chosen, self.chosen.lens))
        else:  # explaining one that nobody asked for would be a third of a redraw
            self.why.value = f"<p>{say('explain/unpicked')}</p>" if self.events.options else ""

    @_alone
    def _save(self, name: str) -> None:
        """Save the selection, or its chart, beside the notebook, and say where."""
        try:
            if name != "SVG":
                path = self.chosen.save(f"{self.chosen.name}.{name.lower()}")
            else:
                chart = self.show.value if self.show.value in VIEWS else "stems"
                path = self.chosen.chart(chart).save(f"{self.chosen.name}-{chart}.svg")
            self.saved.value = (
                f'<p role="status">Saved: {html.escape(str(path.resolve().name))}</p>'
            )
        except (OSError, ValueError) as e:
            self.saved.value = f'<p role="alert">{html.escape(str(e))}</p>'

    def __repr__(self) -> str:
        return self.chosen.left_out()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        drawn = self.chosen.chart("stems")._repr_mimebundle_()["text/html"]
        plain = f"{self.said.value}{drawn}"  # for where no widgets run
        widget = self.box._repr_mimebundle_() or {}
        data = widget[0] if isinstance(widget, tuple) else widget
        return {**data, "text/html": plain, "text/plain": repr(self)}


def _day(label: str, value: str) -> w.Text:
    hint = "2025, 2025-06, 2025-06-11"
    return w.Text(value=value, description=label, placeholder=hint, continuous_update=False)


def _line(row: dict[str, Any]) -> str:
    """Return an event as one line of the list."""
    status = "" if row["status"] == "took place" else f" ({row['status']})"
    return f"{row['event']}{status}: {row['to Ukraine']} to Ukraine, {row['to Russia']} to Russia"


def _scrolling(table: str) -> str:
    ids = "<style>.rp-ids th[scope=row] { white-space: nowrap; }</style>"  # not broken at a hyphen
    look = 'class="rp-ids" style="max-height: 28em; overflow: auto" tabindex="0"'
    return f"{ids}<div {look}>{table}</div>"


def _picture(chart: Chart) -> str:
    """Return a chart with its words as HTML; the picture as quickly as it can be had."""
    pictures = {}
    if chart.panels:
        figure = final(chart.figure("page"))
        raw = io.BytesIO()
        FigureCanvasAgg(figure).print_png(raw, pil_kwargs={"compress_level": 1})
        wide, high = (round(100 * v) for v in figure.get_size_inches())
        uri = "data:image/png;base64," + base64.b64encode(raw.getvalue()).decode()
        pictures = {"page": {"uri": uri, "width": wide, "height": high}}
    return templates().get_template("chart.html.j2").render(chart=chart, pictures=pictures)
