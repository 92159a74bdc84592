"""What all charts share: the chart itself, its style, marks for absence and unread ground, source
lines.

A chart is words and a drawing. A question's file holds functions that take what the analysis
returned and give back a `Chart`; no statistics here and none there. docs/charts.md shows how to
write one.
"""

from __future__ import annotations

import base64
import gc
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import TightLayoutEngine
from matplotlib.transforms import Bbox

from repatria.analysis.holdings import owners
from repatria.charts import marks
from repatria.charts.marks import *  # noqa: F403  a question's file asks here for all of it
from repatria.charts.marks import room, wrapped
from repatria.charts.style import Style
from repatria.charts.writers import png, svg
from repatria.display.words import plural, say, templates
from repatria.record.coverage import stretches

__all__ = [
    "NO_EVENT",
    "Chart",
    "Style",
    "empty",
    "final",
    "footer",
    "source_line",
    "stretches",
    "worded",
]
__all__ += marks.__all__

NO_EVENT = "No handover of this kind is on record in this window."
WIDTHS = {"page": 7.0, "phone": 3.6}  # inches; a hundred CSS pixels each
MARGIN, GAP = 0.1, 0.12  # inches beside the words of a sheet, and between them
NARROW = 5.0  # inches: below it a figure is arranged as for a phone
DPI = 130
LEADING = 1.2  # of a line in the house's font, in its letters' height
PAD = 0.3  # round what stands beside the axes, in letters' heights


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart: words and a drawing.

    `name` is its id in files and anchors; `title` states the finding and its day; `paint(axes,
    style)` draws on axes by panel name. `aspect` is height over width, `layout` the keyword
    arguments of `Figure.subplot_mosaic`, each by "page" and "phone" (a layout that is not given
    stacks the panels over one shared x axis). A chart without panels has nothing to draw; its
    title says why.

    In a notebook it shows itself as an HTML figure: caption above, picture with alt text, source
    line below. The picture is a palette PNG at 1.3 times the CSS size, one for the page and one for a
    phone: half the bytes of SVG for charts of many marks, and alike where the font is missing
    (decision 005).

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> chart = rp.charts.handovers.stems(events)
    >>> chart.name, chart.panels
    ('stems-bodies', ('to_ukraine', 'to_russia'))
    >>> figure = chart.figure("phone")
    >>> own = chart.figure(4, 3, style=Style(colours={"to_ukraine": "black"}))
    """

    name: str
    title: str
    paint: Callable[[Mapping[str, Axes], Style], None]
    subtitle: str = ""
    source: str = ""
    alt: str = ""
    panels: tuple[str, ...] = ("main",)
    aspect: Mapping[str, float] = field(default_factory=lambda: {"page": 0.6, "phone": 0.9})
    layout: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    style: Style = field(default_factory=Style)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ValueError(f"name: {self.name!r} is not in kebab case, as in 'stems-bodies'")

    def __repr__(self) -> str:
        return f'Chart {self.name}: {self.title}\nNext: chart.save("chart.svg"), chart.draw(ax)'

    def draw(self, ax: Any = None, *, style: Style | None = None) -> Any:
        """Draw the content on given axes and return what was given; without axes, on a figure of
        its own.

        One panel takes one Axes; several take a mapping by panel name or a sequence in the order
        of `panels`. Titles and notes stay outside: `title`, `subtitle`, `source`. Raises TypeError
        for anything else, ValueError for axes that are too many or too few.

        >>> import matplotlib.pyplot as plt
        >>> fig, axes = plt.subplots(2, 2)
        >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
        >>> left = rp.charts.handovers.stems(events).draw(axes[:, 0])
        >>> rp.charts.handovers.cumulative(events).draw(axes[0, 1]) is axes[0, 1]
        True
        >>> plt.close(fig)
        """
        style = style or self.style
        if ax is None:
            axes = self._painted("page", None, style)
            return axes[self.panels[0]] if len(self.panels) == 1 else axes
        axes = self._named(ax)
        with mpl.rc_context(style.rc):
            for one in axes.values():
                style.dress(one)
            self.paint(axes, style)
        return ax

    def figure(
        self, width: str | float = "page", height: float | None = None, style: Style | None = None
    ) -> Figure:
        """Return a figure that holds the axes only, laid out by matplotlib's tight layout.

        `width` is "page" (7 in, 700 CSS pixels), "phone" (3.6 in) or inches; `height` is in
        inches, by default as the chart's aspect has it. Below 5 in it is arranged as for a phone.
        The figure is outside pyplot: nothing to close. Raises ValueError for another width.
        """
        axes = self._painted(width, height, style or self.style)
        return next(iter(axes.values())).get_figure(root=True)  # type: ignore[return-value]

    def save(
        self,
        path: str | Path,
        width: str | float = "page",
        words: bool = True,
        style: Style | None = None,
    ) -> Path:
        """Write an SVG (its text stays text), PNG or PDF, by the suffix; the same chart gives the
        same bytes.

        With `words` the file carries title, subtitle and source, wrapped to its width; without,
        the axes only. Raises ValueError for another suffix.
        """
        path = Path(path)
        writers: dict[str, Callable[..., bytes]] = {".svg": svg, ".png": png, ".pdf": _pdf}
        if path.suffix.lower() not in writers:
            raise ValueError(f"path: {path.name!r} does not end in .svg, .png or .pdf")
        style = style or self.style
        with mpl.rc_context(style.rc):
            figure = self._sheet(width, style) if words else self.figure(width, style=style)
            data = writers[path.suffix.lower()](figure)
        path.write_bytes(data)
        return path

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        pictures, drawn = {}, {}
        if self.panels:
            with mpl.rc_context(self.style.rc), _undisturbed():
                figures = {w: final(self.figure(w)) for w in WIDTHS}
                pictures = {w: _picture(figure) for w, figure in figures.items()}
                # A release offers each chart as a file too; a stored notebook would only grow.
                if os.environ.get("REPATRIA_RELEASE"):
                    drawn["image/svg+xml"] = svg(self._worded(figures["page"])).decode()
        said = self.alt if self.title in self.alt else f"{self.title}. {self.alt}"
        return drawn | {
            "text/html": templates()
            .get_template("chart.html.j2")
            .render(chart=self, pictures=pictures),
            "text/plain": said,
        }

    def _painted(self, width: str | float, height: float | None, style: Style) -> dict[str, Axes]:
        """Return the axes of a figure of the house's own, painted."""
        inches = _inches(width)
        if not (inches > 0 and (height is None or height > 0)):
            raise ValueError("width, height: inches must be above zero")
        arranged = "phone" if inches < NARROW else "page"
        layout = self.layout.get(arranged) or self.layout.get("page")
        panels = self.panels or ("main",)
        stacked = {"mosaic": [[name] for name in panels], "sharex": True}
        size = inches, height or inches * self.aspect[arranged]
        with mpl.rc_context(style.rc):
            figure = Figure(figsize=size, dpi=DPI, layout=_Layout(pad=PAD, h_pad=2 * PAD))
            axes = figure.subplot_mosaic(**(layout or stacked))
            self.paint(axes, style)
        # Ticks' labels reach over the lines of the axes: to measure those too is a tenth of the layout.
        for spine in (s for ax in figure.axes for s in ax.spines.values()):
            spine.set_in_layout(False)
        return axes

    def _named(self, ax: Any) -> dict[str, Axes]:
        """Return the caller's axes by panel name."""
        panels = self.panels or ("main",)
        named = ", ".join(map(repr, panels))
        several = f"a mapping with the Axes of {named}, or {len(panels)} Axes in that order"
        wanted = f"{self.name} draws on " + ("one Axes" if len(panels) == 1 else several)
        if isinstance(ax, Mapping):
            if not self.panels and ax:
                ax = {"main": next(iter(ax.values()))}
            if missing := [p for p in panels if p not in ax]:
                raise ValueError(f"{wanted}; {missing[0]!r} is not in the mapping")
            axes = [ax[p] for p in panels]
        elif isinstance(ax, np.ndarray | list | tuple):
            axes = list(np.ravel(np.asarray(ax, dtype=object)))[: None if self.panels else 1]
        else:
            axes = [ax]
            if isinstance(ax, Axes) and len(panels) > 1:
                raise TypeError(f"{wanted}, not on one Axes")
        if wrong := [a for a in axes if not isinstance(a, Axes)]:
            raise TypeError(f"{wanted}, not on {type(wrong[0]).__name__}")
        if len(axes) != len(panels):
            raise ValueError(f"{wanted}, not on {len(axes)}")
        return dict(zip(panels, axes, strict=True))

    def _sheet(self, width: str | float, style: Style) -> Figure:
        """Return a figure with its words."""
        figure = final(self.figure(width, style=style))
        figure.draw_without_rendering()  # the layout is made by drawing
        return self._worded(figure, style)

    def _worded(self, figure: Figure, style: Style | None = None) -> Figure:
        """Return a figure that was drawn with title and subtitle set above its axes, the source below.

        The axes keep their place and size, so that one drawing serves the page and the file; the
        sheet grows by the height of the words.
        """
        style = style or self.style
        figure.set_layout_engine("none")
        wide, high = figure.get_size_inches()
        placed = [(ax, ax.get_position(original=True)) for ax in figure.axes]
        colours, said, talls = style.colours, [], []
        words: tuple[tuple[str, str, dict[str, Any]], ...] = (
            (self.title, "title", {"weight": "bold"}),
            (self.subtitle, "text", {"color": colours["text"]}),
            (self.source, "small", {"color": colours["quiet"]}),
        )
        for text, size, look in words:
            points, weight = style.sizes[size], look.get("weight", "normal")
            lines = wrapped(text, wide - 2 * MARGIN, points, weight)
            said.append(figure.text(0, 0, lines, size=points, va="top", **look))
            talls.append(LEADING * points / 72 * (lines.count("\n") + 1) + GAP if lines else 0)
        sheet = sum(talls) + (high if self.panels else 0) + GAP
        figure.set_size_inches(wide, sheet)
        for ax, box in placed:
            low, up = ((y * high + talls[-1]) / sheet for y in (box.y0, box.y1))
            ax.set_position(Bbox([[box.x0, low], [box.x1, up]]))
        for one, top in zip(said, (sheet - GAP, sheet - GAP - talls[0], talls[-1]), strict=True):
            one.set_position((MARGIN / wide, top / sheet))
        return figure


def _inches(width: str | float) -> float:
    if not isinstance(width, str):
        return float(width)
    if width not in WIDTHS:
        raise ValueError(f"width: {width!r} is neither 'page' nor 'phone' nor a number of inches")
    return WIDTHS[width]


class _Layout(TightLayoutEngine):
    """Tight layout, made once more where the axes have other ticks after it."""

    def execute(self, fig: Any) -> None:
        before = _ticks(fig)
        super().execute(fig)
        if _ticks(fig) != before:
            super().execute(fig)


def _ticks(figure: Figure) -> list[list[float]]:
    return [list(a.get_majorticklocs()) for ax in figure.axes for a in (ax.xaxis, ax.yaxis)]


def final(figure: Figure) -> Figure:
    """Let the layout look for no place for axis labels that nobody gave: a tenth of its time."""
    for axis in (a for ax in figure.axes for a in (ax.xaxis, ax.yaxis)):
        if not axis.label.get_text():
            axis.set_label_coords(0, 0)
    return figure


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Draw without Python's collector, which would walk all that is loaded several times a chart."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _pdf(figure: Figure) -> bytes:
    out = io.BytesIO()
    plain = {"CreationDate": None, "Producer": None, "Creator": None}
    figure.savefig(out, format="pdf", metadata=plain)
    return out.getvalue()


def _picture(figure: Figure) -> dict[str, Any]:
    uri = "data:image/png;base64," + base64.b64encode(png(figure)).decode()
    wide, high = (round(100 * v) for v in figure.get_size_inches())
    return {"uri": uri, "width": wide, "height": high}


# --- words ----------------------------------------------------------------------------------------


def worded(template: str, **numbers: Any) -> tuple[str, str, str]:
    """Return title, subtitle and alt text, the three paragraphs of a template."""
    title, subtitle, alt = say(template, **numbers).split("\n\n")
    return title, subtitle, alt


def source_line(
    drawn: str,
    attrs: Mapping[Any, Any],
    claimants: Mapping[str, int] | None = None,
    note: str = "",
) -> str:
    """Return a source line: what was drawn, whose counts (the four most frequent by name), rule,
    lens, as-of day.

    `claimants` maps a name to how many of the counts are its own, most frequent first; rule, lens
    and day are given where `attrs` carries them.
    """
    known = {key: attrs.get(key) for key in ("rule", "lens", "as_of")}
    return say("charts/source", drawn=drawn, claimants=claimants or {}, note=note, **known)


def footer(events: pd.DataFrame, note: str = "") -> str:
    """Return the source line of the events drawn."""
    drawn = owners(events)
    handovers = plural(drawn["handovers"], "handover")
    return source_line(handovers, events.attrs, drawn["claimants"], note)


def empty(name: str, message: str) -> Chart:
    """Return a chart that says why there is nothing to draw: never an empty axis.

    Drawn on axes, it takes any number of them and writes the sentence into the first.
    """

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = next(iter(axes.values()))
        ax.set_axis_off()
        lines = wrapped(message, room(ax)[0], style.sizes["head"])
        ax.text(0, 0.5, lines, transform=ax.transAxes, va="center", size=style.sizes["head"])

    return Chart(name, message, paint, alt=message, panels=(), aspect={"page": 0.17, "phone": 0.33})
