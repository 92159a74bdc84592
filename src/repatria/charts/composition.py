"""What the sums are made of: how few handovers hold how much, and the size of each.

`asymmetry` is the public face of these charts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes

from repatria.analysis import asymmetry
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.display import words
from repatria.display.words import number, say
from repatria.record import names

__all__ = ["NO_EVENT", "percent_axis", "sizes"]

NO_EVENT = "No handover of this kind is on record in this window."
RULES = 20  # more reference lines than these are no help


def percent_axis(axis: Any, decimals: int = 0) -> None:
    """Write an axis of shares in percent."""
    axis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=decimals))


def sizes(events: pd.DataFrame, step: int = 1000) -> Chart:
    """Draw how concentrated the sums are (Lorenz curves) and the size of each handover to Ukraine.

    `events` as `Record.events` returns it; a size whose published range holds a multiple of `step`
    is marked as round. Raises ValueError for a frame that has lost its coverage.

    >>> chart = sizes(record.events("bodies", since="2025-07-01", until="2025-12-31"))
    >>> chart.panels
    ('concentration', 'sizes')

    See also `repatria.analysis.asymmetry.concentration` and `batches`.
    """
    base.ground(events)
    what = words.noun(events.attrs)
    name = f"sizes-{what}"
    b = asymmetry.batches(events, "to_ukraine", step)
    if b.empty:
        none = "No handover in this window has a known count to Ukraine."
        return base.empty(name, NO_EVENT if events.empty else none)
    curves = {d: asymmetry.concentration(events, d) for d in names.SIDES}
    told = {d: c for d, c in curves.items() if c.top_share is not None}
    held = {d: say("asymmetry/held", **vars(c)) for d, c in told.items()}

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        _lorenz(axes["concentration"], {d: c.curve for d, c in told.items()}, held, style)
        _sizes(axes["sizes"], events, b, style)

    title = say(
        "asymmetry/sizes_title",
        what=what,
        through=names.event_day(events.iloc[-1]),
        counts=len(b),
        step=step,
        round_run=b.attrs["round_run"],
        **curves,
    )
    return Chart(
        name,
        title,
        paint,
        say("asymmetry/sizes_subtitle"),
        base.footer(events),
        say("asymmetry/sizes_alt", title=title, held=list(held.values())),
        panels=("concentration", "sizes"),
        aspect={"page": 0.95, "phone": 1.7},
        layout={"page": {"mosaic": [["concentration"], ["sizes"]]}},
    )


def _lorenz(
    ax: Axes, curves: Mapping[str, pd.DataFrame], held: Mapping[str, str], style: Style
) -> None:
    dashed: Any = {"linewidth": 1, "linestyle": (0, (4, 3))}
    ax.plot([0, 1], [0, 1], color=style.colours["line"], **dashed)
    size = style.sizes["small"]
    wide, high = base.room(ax)
    roomy = high > 0.8
    if roomy:
        ax.annotate(
            base.fits(0.6 * wide - 0.1, size, "all handovers of one size", "all of one size"),
            (0.62, 0.62),
            (-6, 3),
            textcoords="offset points",
            size=size,
            color=style.colours["text"],
            ha="right",
        )
        ax.set_xlabel("share of handovers, smallest first")
    lines: dict[str, Any] = {"to_ukraine": "-", "to_russia": (0, (6, 1.5))}
    for d, curve in curves.items():
        ax.plot(
            curve["handovers"],
            curve["persons"],
            color=style.colours[d],
            linewidth=1.9,
            linestyle=lines[d],
            label=held[d] if roomy else names.SIDES[d],
        )
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    for axis in (ax.xaxis, ax.yaxis):
        percent_axis(axis)
    base.head(
        ax,
        style,
        "Share of persons held by the smallest handovers, running",
        "Share of persons, running",
    )


def _sizes(ax: Axes, events: pd.DataFrame, b: pd.DataFrame, style: Style) -> None:
    since, until = base.window(events)
    step, colour = b.attrs["step"], style.colours["to_ukraine"]
    b = b[b["persons"] > 0]
    plain, rounds = b[~b["round"]], b[b["round"]]
    ax.vlines(b["date"], 0, b["persons"], color=colour, linewidth=0.9, alpha=0.6)
    ax.scatter(plain["date"], plain["persons"], s=22, color=colour, zorder=3)
    if len(rounds):
        ax.scatter(
            rounds["date"],
            rounds["persons"],
            s=46,
            marker="D",
            facecolors=style.colours["paper"],
            edgecolors=style.colours["accent"],
            linewidths=1.6,
            zorder=4,
            label=f"{number(step)} fits the claims ({len(rounds)} of {len(b)})",
        )
    peak = max(1, int(b["persons"].max()) if len(b) else 1)
    levels = range(step, int(peak * 1.12) + 1, step)
    for level in levels if len(levels) <= RULES else []:
        dashed: Any = {"linewidth": 1, "linestyle": (0, (4, 3)), "zorder": 1}
        ax.axhline(level, color=style.colours["line"], **dashed)
    ax.set_ylim(0, peak * 1.15)
    base.absent_marks(ax, events, "to_ukraine", style)
    base.unread(ax, events, since, until, style, at=None)
    base.time_axis(ax, since, until)
    base.count_axis(ax)
    base.head(ax, style, "Persons per handover to Ukraine", "Persons to Ukraine")


def __dir__() -> list[str]:
    return __all__
