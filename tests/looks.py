"""What a reader would see of a figure: texts that lie over each other or leave it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

SIZES: list[tuple[Any, float | None]] = [("page", None), ("phone", None), (3, 2), (12, 3)]


def _ticks(ax: Axes) -> list[Text]:
    out = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if low <= tick.get_loc() <= high:
                out += [t for t in (tick.label1, tick.label2) if t.get_visible()]
    return out


def texts(figure: Figure) -> list[Text]:
    """Return the texts of a drawn figure that are seen."""
    found = list(figure.findobj(lambda a: isinstance(a, Text) and a in a.figure.texts))
    for ax in figure.axes:
        legend = ax.get_legend()
        titles = [ax.title, *(getattr(ax, f"_{side}_title") for side in ("left", "right"))]
        labels = [] if not ax.axison else [ax.xaxis.label, ax.yaxis.label, *_ticks(ax)]
        found += [*ax.texts, *titles, *labels, *(legend.get_texts() if legend else [])]
    return [t for t in found if t.get_visible() and t.get_text().strip()]


def faults(figure: Figure, margin: float = 1.0) -> list[str]:
    """Return what is wrong with the texts of a figure: pairs that overlap, and those that leave it
    (pixels).
    """
    figure.draw_without_rendering()
    box = figure.bbox
    boxes = [(t.get_text(), Text.get_window_extent(t)) for t in texts(figure)]
    out = [
        f"{text!r} leaves the figure"
        for text, b in boxes
        if b.x0 < -margin or b.y0 < -margin or b.x1 > box.x1 + margin or b.y1 > box.y1 + margin
    ]
    for (one, a), (other, b) in combinations(boxes, 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if wide > margin and high > margin:
            out.append(f"{one!r} lies over {other!r}")
    return out
