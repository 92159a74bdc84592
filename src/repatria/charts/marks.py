"""What stands on the axes of every chart: ticks, heads with their key, absences, unread ground."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator

from repatria.charts.style import Style
from repatria.display import words
from repatria.record.coverage import stretches
from repatria.record.frames import as_of

__all__ = [
    "GROUND_WORDS",
    "absent_marks",
    "bars",
    "beside",
    "corners",
    "count_axis",
    "fits",
    "ground",
    "head",
    "long",
    "room",
    "row_of",
    "shaded",
    "time_axis",
    "unread",
    "window",
    "wrapped",
]

PIXELS = 0.97  # a picture's letters stand on whole pixels: a little wider than they are long
GROUND_WORDS = {"thin": "thinly read", "unread": "unread"}


# --- room -----------------------------------------------------------------------------------------


def room(ax: Axes) -> tuple[float, float]:
    """Return the width and height of axes in inches, as far as they are known before the layout is
    made.
    """
    figure: Any = ax.get_figure(root=True)
    box = ax.get_window_extent()
    return box.width / figure.dpi, box.height / figure.dpi


def long(text: str, size: float, weight: str = "normal") -> float:
    """Return how long a line of text is in the house's font, in inches.

    >>> long("to Ukraine", 9.5) < long("to Ukraine", 9.5, "bold") < 1
    True
    """
    return _long(text, weight) * size


@cache
def _long(text: str, weight: str) -> float:
    font = FontProperties(family="DejaVu Sans", size=1, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def wrapped(text: str, inches: float, size: float, weight: str = "normal") -> str:
    """Break a text at spaces into lines no longer than so many inches; a longer word has its own.

    >>> wrapped("handovers of bodies to Ukraine", 1.5, 9.5)
    'handovers of bodies\\nto Ukraine'
    """
    lines: list[str] = []
    inches *= PIXELS
    left, space = 0.0, long("x x", size, weight) - long("xx", size, weight)
    for word in text.split():
        wide = long(word, size, weight)
        if lines and wide + space <= left:
            lines[-1] += f" {word}"
            left -= wide + space
        else:
            lines.append(word)
            left = inches - wide
    return "\n".join(lines)


def fits(inches: float, size: float, *texts: str, weight: str = "normal") -> str:
    """Return the first of the texts, longest first, that is no longer than so many inches; else
    the last.

    >>> fits(1.0, 9.5, "handovers of bodies to Ukraine", "to Ukraine")
    'to Ukraine'
    """
    return next((t for t in texts if long(t, size, weight) <= PIXELS * inches), texts[-1])


# --- axes -----------------------------------------------------------------------------------------


class _Days(AutoDateLocator):
    """Date ticks as many as the axis has room for, also after the figure was resized."""

    _found: tuple[Any, Any] = None, ()  # what they were found for, and they

    def __call__(self) -> Any:
        """Return the ticks; a drawing asks for the same ones again and again."""
        axis: Any = self.axis
        asked = *axis.get_view_interval(), axis.get_tick_space()
        if asked != self._found[0]:
            self._found = asked, super().__call__()
        return self._found[1]

    def get_locator(self, dmin: Any, dmax: Any) -> Any:
        most = int(np.clip(self.axis.get_tick_space() * 0.75, 3, 7)) if self.axis else 7
        self.minticks = (most - 1) // 2  # the most for which every span has an interval
        self.maxticks = dict.fromkeys(self.maxticks, most)
        return super().get_locator(dmin, dmax)


def time_axis(ax: Axes, since: pd.Timestamp, until: pd.Timestamp) -> None:
    """Give an axis of days from `since` to `until`, with few, short date labels."""
    pad = max((until - since) * 0.015, pd.Timedelta(days=2))
    ax.set_xlim(since - pad, until + pad)
    locator = _Days()
    ax.xaxis.set_major_locator(locator)
    # A month says its year and a day its month: no first tick that leaves the reader to guess.
    ax.xaxis.set_major_formatter(
        ConciseDateFormatter(
            locator,
            formats=["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%S.%f"],
            zero_formats=["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
            show_offset=False,
        )
    )
    ax.grid(axis="x", visible=False)


class _Counts(MaxNLocator):
    """Whole numbers, as many ticks as the axis has room for, also after the figure was resized."""

    def __call__(self) -> Any:
        axis: Any = self.axis
        space = axis.get_tick_space()
        self.set_params(nbins=int(np.clip(space * (0.5 if axis.axis_name == "x" else 0.8), 1, 5)))
        low, high = sorted(axis.get_view_interval())
        ticks = super().__call__()
        seen = ticks[(ticks >= low) & (ticks <= high)]
        # Where two labels have no room, the upper one tells the scale: the other end is zero.
        return seen[-1:] if space < 1 else seen[[0, -1]] if space < 2 and len(seen) > 2 else seen


def count_axis(ax: Axes, along: str = "y") -> None:
    """Give an axis of whole numbers with thousands separators, as many ticks as have room."""
    axis = ax.yaxis if along == "y" else ax.xaxis
    axis.set_major_locator(_Counts(integer=True, steps=[1, 2, 5, 10]))
    axis.set_major_formatter("{x:,.0f}")


def head(
    ax: Axes, style: Style, *texts: str, colour: str = "ink", inches: float | None = None
) -> None:
    """Set the panel's title, the first of the texts that fits its width, and under it a key of all
    labelled artists.

    `inches` is the width to use where long names of rows leave less than `room` says.
    Call it last: the key is made of the labels the artists carry (`label="none (3)"`), and its
    lines lift the title.
    """
    wide = room(ax)[0] if inches is None else inches
    size, small = style.sizes["head"], style.sizes["small"]
    handles, labels = ax.get_legend_handles_labels()
    rows = 0
    if handles:
        columns = _columns([long(t, small) for t in labels], wide)
        rows = -(-len(handles) // columns)
        ax.legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=columns,
            fontsize=small,
            labelcolor=style.colours["text"],
            borderaxespad=0.1,
            borderpad=0.1,
            handlelength=1,
            handletextpad=0.4,
            columnspacing=1.2,
            labelspacing=0.2,
        )
    if texts:
        text = fits(wide, size, *texts, weight="bold")
        ax.set_title(
            wrapped(text, wide, size, "bold"),
            loc="left",
            pad=5 + rows * small * 1.25,
            size=size,
            weight="bold",
            color=style.colours[colour],
        )


def beside(
    ax: Axes,
    style: Style,
    text: str,
    place: tuple[Any, Any],
    away: tuple[float, float],
    size: str = "text",
    colour: str = "ink",
    **look: Any,
) -> None:
    """Write a text on a light plate beside a place, so many points `away` to the right and up.

    It leans away from the place: begins to the right of it, ends to the left, is centred where a
    distance is zero. `look` as `Axes.annotate` takes it.
    """
    right, up = map(int, np.sign(away))
    how: dict[str, Any] = {"ha": ("center", "left", "right")[right], "bbox": style.plate}
    how |= {"va": ("center", "bottom", "top")[up], "color": style.colours[colour]}
    how |= {"size": style.sizes[size], "textcoords": "offset points"}
    ax.annotate(text, place, away, **how | look)


def row_of(rows: list[list[tuple[float, float]]], span: tuple[float, float], most: int = 99) -> int:
    """Return the first row of texts in which a span meets none, and put it there; `most` for none.

    >>> rows = [[(0, 1)]]
    >>> row_of(rows, (0.5, 2)), row_of(rows, (1.5, 2)), row_of(rows, (0.5, 2), most=2)
    (1, 0, 2)
    """
    free = (i for i, row in enumerate(rows) if all(span[1] < a or span[0] > b for a, b in row))
    at = next(free, len(rows))
    if at < most:
        if at == len(rows):
            rows.append([])
        rows[at].append(span)
    return at


def _columns(lengths: Sequence[float], inches: float) -> int:
    """Return in how many columns texts of these lengths stand in so many inches beside their
    marks.
    """
    for columns in range(len(lengths), 1, -1):
        # A legend splits its entries as evenly as they go, the longer columns first.
        widest = [max(part) for part in np.array_split(lengths, columns)]
        if sum(widest) + 0.32 * len(widest) <= inches:
            return columns
    return 1


def bars(ax: Axes, at: Any, low: Any, high: Any, thick: float, **look: Any) -> None:
    """Draw level bars from `low` to `high` at the heights `at`, all of them one artist.

    Rectangles of their own take many times as long. `look` as `PolyCollection` takes it.
    """
    ax.add_collection(PolyCollection(list(corners(at, low, high, thick)), **look))


def corners(at: Any, low: Any, high: Any, thick: float) -> np.ndarray:
    """Return the corners of level bars, an array of bars × 4 × (x, y).

    >>> corners([1], 0, 5, 1).tolist()
    [[[0.0, 0.5], [5.0, 0.5], [5.0, 1.5], [0.0, 1.5]]]
    """
    at, low, high = np.broadcast_arrays(np.asarray(at, float), low, high)
    down, up = at - thick / 2, at + thick / 2
    return np.array([(low, down), (high, down), (high, up), (low, up)]).transpose(2, 0, 1)


# --- absence --------------------------------------------------------------------------------------


def ground(frame_or_attrs: Any) -> list[dict[str, Any]]:
    """Return the coverage that a frame carries. Raises ValueError where it was lost on the way.

    Without it nobody can tell silence from days that nobody read.
    """
    attrs = getattr(frame_or_attrs, "attrs", frame_or_attrs)
    if "coverage" not in attrs:
        raise ValueError(
            "this frame has lost its coverage, so unread days would be drawn as silence: take it "
            "from record.events(...), or give back what it lost: frame.attrs = events.attrs, of the "
            "events it was made from"
        )
    return list(attrs["coverage"])


def window(events: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last day a chart of these events shows: first event to the as-of day, or
    to the day the events were asked for: later ones are left out, not silent.

    The as-of day may lie past the last searched day: the rest is hatched as unread by `unread`.
    """
    first, last = events["date"].min(), events["date"].max()
    ends = [as_of(events, name) for name in ("as_of", "until")]
    until = min((day for day in ends if day is not None), default=last)
    return (first, max(until, last)) if len(events) else (until, until)


def shaded(ax: Axes, ends: Sequence[Any], density: str, style: Style, **more: Any) -> Rectangle:
    """Shade a stretch that was thinly read, or hatch one that nobody searched, and return it."""
    more |= {"facecolor": style.colours[density], "edgecolor": style.colours["hatch"]}
    hatch = "" if density == "thin" else "///"
    return ax.axvspan(*ends, hatch=hatch, linewidth=0, zorder=0, **more)


def unread(
    ax: Axes,
    events_or_attrs: Any,
    since: pd.Timestamp,
    until: pd.Timestamp,
    style: Style,
    *,
    name: bool = True,
    at: float | None = 0.985,
) -> None:
    """Shade the days that were thinly read and hatch those nobody searched: no unread month looks
    silent.

    A wide stretch is named along its top, a narrow one upright, its middle (top above 0.9, foot
    below 0.1) `at` that part of the height (None: not upright). What is named nowhere gets a label, so that `head` has it in the key; with `name`
    False it gets neither (a neighbouring panel names it).
    """
    attrs = getattr(events_or_attrs, "attrs", events_or_attrs)
    wide, high = room(ax)
    unnamed: dict[str, Any] = {}
    named = set()
    for start, end, density in stretches(ground(attrs), attrs.get("kind"), since, until):
        if density == "dense":
            continue
        patch = shaded(ax, (start, end), density, style)
        text = GROUND_WORDS[density]
        needed = long(text, style.sizes["small"]) + 0.08
        inches = wide * ((end - start) / (until - since) if until > since else 1.0)
        flat = inches > needed
        if name and (flat or (at is not None and inches > 0.2 and high > 1.5 * needed)):
            place = start + (end - start) / 2, 0.985 if flat or at is None else at
            va = "top" if flat or (at or 0) > 0.9 else "bottom" if (at or 0) < 0.1 else "center"
            look: dict[str, Any] = {"va": va, "rotation": 0 if flat else 90, "zorder": 1}
            look["xycoords"] = "data", "axes fraction"
            beside(ax, style, text, place, (0, 0), "small", "text", **look)
            named.add(density)
        else:
            unnamed[density] = patch
    for density, patch in unnamed.items():
        if name and density not in named:
            patch.set_label(GROUND_WORDS[density])


def absent_marks(ax: Axes, events: pd.DataFrame, direction: str, style: Style) -> dict[str, int]:
    """Draw what has no count at the base line: zero a hollow dot, withheld a hollow diamond, not
    reported a grey ×.

    Each kind is labelled for the key of `head`. Returns how many of each were drawn, by absence.
    """
    colours = {"zero": direction, "withheld": "accent", "not_reported": "quiet"}
    drawn = {}
    for order, absence in enumerate(("not_reported", "withheld", "zero")):
        rows = events[(events[f"{direction}_absence"] == absence).to_numpy()]
        if rows.empty:
            continue
        colour = style.colours[colours[absence]]
        filled = absence == "not_reported"  # a cross has no face
        ax.scatter(
            rows["date"],
            np.zeros(len(rows)),
            s=40 if absence == "zero" else 30,
            marker=style.markers[absence],
            facecolors=colour if filled else style.colours["paper"],
            edgecolors=None if filled else colour,
            linewidths=1.4,
            clip_on=False,
            zorder=4 + order / 10,  # the few lie over the many
            label=f"{words.ABSENCE_WORDS[absence]} ({len(rows)})",
        )
        drawn[absence] = len(rows)
    return drawn
