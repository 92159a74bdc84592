"""Handovers over time: two panels, the shared scale, the running sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.lines import Line2D

from repatria.analysis import asymmetry
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.display import words
from repatria.display.asymmetry import reading
from repatria.display.words import number, plural, say, span
from repatria.record import names

__all__ = ["cumulative", "shared_scale", "stems"]


Span = tuple[float, float]


def _found(events: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return what the templates tell of each direction: side, persons, known, unknown."""
    rows = asymmetry.sums(events).to_dict("records")
    return {str(r["direction"]): {**r, "side": names.SIDES[r["direction"]]} for r in rows}


def _told(sums: Mapping[str, Any]) -> str:
    figure = number(sums["persons"]) if sums["known"] else "no known figure"
    return f"{figure} {sums['side']}"


def _last(events: pd.DataFrame) -> str:
    """Return the day of the last handover drawn: what a sum can speak for, whatever the as-of
    day.
    """
    return names.event_day(events.loc[events["date"].idxmax()])


def stems(events: pd.DataFrame) -> Chart:
    """Draw counts per handover as dots on stems, a panel a direction, each on its own scale from
    zero.

    `events` as `Record.events` returns it. A zero, a size withheld and no report have three marks
    on the base line; a black bar spans the published claims; thinly read and unread days are
    shaded. Raises ValueError for a frame that has lost its coverage.

    >>> chart = stems(record.events("bodies", since="2025-06-01", until="2025-06-30"))
    >>> chart.title.startswith("Bodies handed over: 6,057 to Ukraine")
    True
    >>> figure = chart.figure("phone")

    See also `shared_scale`, which shows the two directions at one scale.
    """
    base.ground(events)
    name = f"stems-{words.noun(events.attrs)}"
    if events.empty:
        return base.empty(name, base.NO_EVENT)
    found = _found(events)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        for direction, ax in axes.items():
            _stems(ax, events, direction, found[direction], style)

    noun, period = words.noun(events.attrs), names.period(events)
    title = say("handovers/stems_title", noun=noun, period=period, **found)
    return Chart(
        name,
        title,
        paint,
        say("handovers/stems_subtitle", noun=noun),
        base.footer(events),
        say("handovers/stems_alt", title=title, **found),
        panels=tuple(names.SIDES),
        aspect={"page": 0.62, "phone": 1.1},
    )


def _stems(
    ax: Axes, events: pd.DataFrame, direction: str, sums: Mapping[str, Any], style: Style
) -> None:
    since, until = base.window(events)
    colour = style.colours[direction]
    known = events[
        events[direction].notna() & (events[f"{direction}_absence"] != "zero").to_numpy()
    ]
    y = known[direction].astype("int64")
    ax.vlines(known["date"], 0, y, color=colour, linewidth=1.3, alpha=0.75)
    ax.scatter(
        known["date"],
        y,
        s=26,
        marker=style.markers[direction],
        color=colour,
        zorder=3,
        clip_on=False,
    )
    ends = [known[f"{direction}_{end}"] for end in ("low", "high")]
    ranged = (ends[1] > ends[0]).fillna(False)
    low, high = (end[ranged].astype("int64") for end in ends)
    ax.vlines(
        known.loc[ranged, "date"], low, high, color=style.colours["ink"], linewidth=3.2, zorder=4
    )
    base.absent_marks(ax, events, direction, style)
    base.unread(ax, events, since, until, style, name=direction == "to_ukraine")
    base.time_axis(ax, since, until)
    base.count_axis(ax)
    ax.set_ylim(0, max(1, y.max() if len(y) else 1) * 1.12)
    side = sums["side"]
    persons = number(sums["persons"]) if sums["known"] else "no figure"
    base.head(
        ax,
        style,
        f"{side}, own scale: {persons} in {sums['known']} of {plural(len(events), 'handover')}",
        f"{side}, own scale: {persons} ({sums['known']} of {len(events)})",
        f"{side}, own scale: {persons}",
        f"{side}: {persons}",
        colour=direction,
    )


def shared_scale(events: pd.DataFrame) -> Chart:
    """Draw the two sums as bars on one scale, so that the size of the gap is seen once.

    `events` as `Record.events` returns it. Raises ValueError for a frame that has lost its
    coverage.

    >>> chart = shared_scale(record.events("bodies", since="2025-06-01", until="2025-06-30"))
    >>> chart.panels
    ('main',)

    See also `stems`.
    """
    base.ground(events)
    name = f"shared-scale-{words.noun(events.attrs)}"
    if events.empty:
        return base.empty(name, base.NO_EVENT)
    found = _found(events)
    share = asymmetry.share(events)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        top = max(1, *(row["persons"] for row in found.values()))
        ax.set_xlim(0, top * 1.02)
        ax.set_ylim(1.5, -0.5)
        for i, (direction, row) in enumerate(found.items()):
            ax.barh(i, row["persons"], color=style.colours[direction], height=0.6)
            of = f"{row['known']} of {plural(len(events), 'handover')}"
            texts = (
                f"{_told(row)} ({of})",
                f"{_told(row)} ({row['known']} of {len(events)})",
                _told(row),
            )
            _sum(ax, row["persons"] / (top * 1.02), i, texts, style)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.grid(axis="y", visible=False)
        base.count_axis(ax, "x")

    title = say(
        "handovers/shared_scale_title",
        through=_last(events),
        together=share.share is not None,
        reading=reading(share),
        events_in=share.events_in,
        events_out=share.events_out,
    )
    return Chart(
        name,
        title,
        paint,
        say("handovers/shared_scale_subtitle", noun=words.noun(events.attrs)),
        base.footer(events, words.GUARDRAIL),
        say("handovers/shared_scale_alt", title=title, **found),
        aspect={"page": 0.22, "phone": 0.4},
    )


def _sum(ax: Axes, part: float, y: float, texts: tuple[str, ...], style: Style) -> None:
    """Write a bar's text into it where it is longer than the rest of the axis, else behind it."""
    wide = base.room(ax)[0]
    inside = part > 0.5
    text = base.fits(wide * max(part, 1 - part) - 0.15, style.sizes["text"], *texts)
    how: dict[str, Any] = {"colour": "paper", "bbox": None} if inside else {}
    across = ax.get_yaxis_transform()
    base.beside(ax, style, text, (part, y), (-5 if inside else 5, 0), xycoords=across, **how)


def cumulative(events: pd.DataFrame) -> Chart:
    """Draw the running sum to each side as steps, with the range of published claims as a band.

    `events` as `Record.events` returns it. A direction of which no figure is known has no line: it
    would say zero. Past the last day read there is no line either. Raises ValueError for a frame
    that has lost its coverage.

    >>> chart = cumulative(record.events("bodies", since="2025-06-01", until="2025-06-30"))
    >>> chart.alt.startswith("Rising step lines.")
    True

    See also `repatria.analysis.asymmetry.running`.
    """
    base.ground(events)
    name = f"cumulative-{words.noun(events.attrs)}"
    if events.empty:
        return base.empty(name, base.NO_EVENT)
    found = _found(events)
    runs = {d: run for d in names.SIDES if len(run := asymmetry.running(events, d))}

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        since, until = base.window(events)
        ends = {d: int(run["best"].iloc[-1]) for d, run in runs.items()}
        peak = max(1, *ends.values()) if ends else 1
        ax.set_ylim(0, peak * 1.35)
        base.time_axis(ax, since, until)
        base.count_axis(ax)
        # An upright name of unread days stands where no line ends: half-way between the two, or in the key.
        half = sum(ends.values()) / (2 * 1.35 * peak)
        apart = len(ends) == 2 and max(ends.values()) > 5 * min(ends.values())
        base.unread(ax, events, since, until, style, at=half if apart else None)
        lines = {d: _steps(ax, events, run, d, style) for d, run in runs.items()}
        taken: list[Span] = []
        for direction in lines:
            _name(ax, direction, lines, found[direction], taken, style)
        base.head(ax, style)

    first = names.event_day(events.loc[events["date"].idxmin()])
    noun = words.noun(events.attrs)
    through = _last(events)
    title = say("handovers/cumulative_title", noun=noun, since=first, through=through, **found)
    lacking = asymmetry.share(events).events_out
    return Chart(
        name,
        title,
        paint,
        say("handovers/cumulative_subtitle", noun=noun, lacking=lacking),
        base.footer(events, words.GUARDRAIL),
        say("handovers/cumulative_alt", title=title),
        aspect={"page": 0.42, "phone": 0.8},
    )


def _read(events: pd.DataFrame) -> pd.Timestamp:
    """Return the last day read at all: past it a line would draw unread days as silence."""
    since, until = base.window(events)
    spans = base.stretches(base.ground(events), events.attrs.get("kind"), since, until)
    return max((end for _, end, density in spans if density != "unread"), default=until)


def _steps(
    ax: Axes, events: pd.DataFrame, run: pd.DataFrame, direction: str, style: Style
) -> Line2D:
    dates = [base.window(events)[0], *run["date"], max(_read(events), run["date"].max())]
    low, best, high = (
        [0, *run[c].astype("int64"), int(run[c].iloc[-1])] for c in ("low", "best", "high")
    )
    colour = style.colours[direction]
    ax.fill_between(dates, low, high, step="post", color=colour, alpha=0.25, linewidth=0)
    return ax.step(dates, best, where="post", color=colour, linewidth=1.8)[0]


def _name(
    ax: Axes,
    direction: str,
    lines: Mapping[str, Line2D],
    sums: Mapping[str, Any],
    taken: list[Span],
    style: Style,
) -> None:
    """Name a line at its end: above it, or below, where the text crosses no line and no text; else
    in the key.

    `taken` holds the heights that names stand on already; this one is added.
    """
    told = _told(sums)
    if sums["low"] != sums["high"]:
        told = f"{told}\n({span(sums['low'], sums['high'])})"
    days, values = map(np.asarray, lines[direction].get_data())
    end, last = days[-1], float(values[-1])
    for text in dict.fromkeys([told, told.split("\n")[0]]):
        since, tall = _extent(ax, text, end, style)
        if since < ax.get_xlim()[0]:
            continue
        over = {d: _levels(line, since) for d, line in lines.items()}
        under = over[direction][0]
        barred = [*(levels for d, levels in over.items() if d != direction), *taken]
        for away, low, high in ((5, last, last + tall), (-5, under - tall, under)):
            if low < 0 or high > ax.get_ylim()[1] or any(low < b and high > a for a, b in barred):
                continue
            taken.append((low, high))
            how: dict[str, Any] = {"colour": direction, "weight": "bold", "zorder": 5}
            base.beside(ax, style, text, (end, low if away > 0 else high), (-4, away), **how)
            return
    lines[direction].set_label(told.replace("\n", " "))


def _extent(ax: Axes, text: str, end: Any, style: Style) -> tuple[float, float]:
    """Return from which day on and how high a text reaches that ends at a day, in data units."""
    wide, high = base.room(ax)
    begin, until = ax.get_xlim()
    lines, size = text.split("\n"), style.sizes["text"]
    part = (max(base.long(line, size, "bold") for line in lines) + 0.15) / wide
    tall = (len(lines) * size * 1.25 + 9) / 72 / high
    return date2num(end) - part * (until - begin), tall * ax.get_ylim()[1]


def _levels(line: Line2D, since: float) -> Span:
    """Return the lowest and highest of a line of steps from a day on."""
    days, values = date2num(line.get_xdata()), np.asarray(line.get_ydata())
    return values[max(int(np.searchsorted(days, since, side="right")) - 1, 0)], values[-1]
