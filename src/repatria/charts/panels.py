"""What the charts of the record share: groups of claimants, panels by year, grids of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from repatria.charts import base
from repatria.charts.base import Style
from repatria.record.frames import as_of
from repatria.record.schema import KINDS

__all__ = [
    "GROUPS",
    "KIND_NAMES",
    "grid",
    "heading",
    "marker",
    "name_rows",
    "name_sides",
    "unkeyed",
    "year_axis",
    "year_ground",
]

KIND_NAMES = {kind: kind.capitalize() for kind in KINDS}
# A claimant's group has the colour and the mark of what its side receives.
GROUPS = {
    "ukraine": ("to_ukraine", "Ukrainian side"),
    "russia": ("to_russia", "Russian side"),
    "mediator": ("accent", "mediators"),
    "third": ("quiet", "press, third parties"),
}
_MARKS = {"mediator": "^", "third": "D"}


def marker(side: str, style: Style) -> str:
    """Return the mark of a claimant's group."""
    return _MARKS.get(side) or style.markers[GROUPS[side][0]]


def unkeyed(ax: Axes) -> None:
    """Leave these axes out of the key: another panel has it, or they are too low for one."""
    artists: list[Any] = [*ax.patches, *ax.collections, *ax.containers]
    for artist in artists:
        artist.set_label("")


def heading(ax: Axes, style: Style, *texts: str, colour: str = "ink", less: float = 0.0) -> None:
    """Set the panel's title and key as `base.head` does, unless the panel is too low for them.

    Below 0.9 in there is no key, below 0.4 in the title is written into the panel. `less` are the
    inches that the names of rows take from it.
    """
    wide, high = base.room(ax)
    if high < 0.9:
        unkeyed(ax)
    if high >= 0.4 or not texts:
        base.head(ax, style, *texts, colour=colour, inches=wide - less)
        return
    text = base.fits(wide, style.sizes["small"], *texts)
    how: dict[str, Any] = {"ha": "left", "xycoords": "axes fraction"}
    base.beside(ax, style, text, (0.01, 0.5), (0, 0), "small", colour, **how)


def year_axis(ax: Axes, years: Sequence[int], style: Style) -> None:
    """Give an axis a place a year and as many names as have room; year i is centred on i + 0.5."""
    ax.set_xlim(0, len(years))
    needed = base.long("2026", style.sizes["text"]) + 0.12
    every = max(1, int(np.ceil(needed * len(years) / base.room(ax)[0])))
    named = range(len(years) - 1, -1, -every)
    ax.set_xticks([i + 0.5 for i in named], [str(years[i]) for i in named])
    ax.grid(axis="x", visible=False)


def year_ground(
    ax: Axes, frame: pd.DataFrame, kind: str, years: Sequence[int], style: Style, **part: float
) -> None:
    """Shade the days that were thinly read and hatch those nobody read, on an axis of years.

    `part` are ymin and ymax, in parts of the height. Labelled for the key.
    """
    first, last = pd.Timestamp(years[0], 1, 1), pd.Timestamp(years[-1], 12, 31)
    until = min(last, as_of(frame) or last)
    labels = dict(base.GROUND_WORDS)
    for start, end, density in base.stretches(base.ground(frame), kind, first, until):
        if density != "dense":
            ends = [d.year - years[0] + (d.day_of_year - 1) / 365.25 for d in (start, end)]
            base.shaded(ax, ends, density, style, label=labels.pop(density, None), **part)


def grid(ax: Axes, cells: pd.DataFrame, of: Any, style: Style, size: float) -> None:
    """Write numbers into a grid, each cell as dark as its part of `of`; zero is a dot.

    A number that is wider than its cell is left out.
    """
    values = cells.to_numpy(dtype=float)
    shade = values / np.asarray(of, dtype=float)
    ax.pcolormesh(shade, cmap="Greys", vmin=0, vmax=1.25, edgecolors=style.colours["paper"])
    ax.set_xlim(0, values.shape[1])
    ax.set_ylim(values.shape[0], 0)
    wide, high = base.room(ax)
    wide, high = wide / values.shape[1], high / values.shape[0]
    for (y, x), value in np.ndenumerate(values):
        text = "" if np.isnan(value) else f"{value:.0f}" if value else "·"
        if text and base.long(text, size) < wide and 1.5 * size / 72 < high:
            colour = style.colours["paper" if shade[y, x] > 0.6 else "ink"]
            how: dict[str, Any] = {"ha": "center", "va": "center", "size": size, "color": colour}
            ax.text(x + 0.5, y + 0.5, text, **how).set_in_layout(False)  # inside its cell
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def name_rows(ax: Axes, labels: Sequence[str], style: Style) -> None:
    """Name the rows of a grid, smaller where it is low; where even that has no room, every nth."""
    lines = 1 + max(label.count("\n") for label in labels)
    points = 72 * base.room(ax)[1] / len(labels) / lines / 1.4
    size = min(style.sizes["text"], max(points, 5))
    every = max(1, int(np.ceil(size / points)))
    at = range(0, len(labels), every)
    ax.set_yticks([i + 0.5 for i in at], [labels[i] for i in at], size=size)


def name_sides(ax: Axes, of: Sequence[tuple[str, str]], style: Style) -> None:
    """Name the rows of kinds and sides, in two lines where the axes are narrow but high enough."""
    wide, high = base.room(ax)
    two = wide < 4 and high / len(of) > 0.2
    labels = [f"{KIND_NAMES[k]}:{chr(10) if two else ' '}{GROUPS[s][1]}" for k, s in of]
    name_rows(ax, labels, style)
