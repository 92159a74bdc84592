"""What the sums are made of: the size of each handover.

`asymmetry` is the public face of these charts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from repatria.analysis import asymmetry
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.display import words
from repatria.display.words import number, say
from repatria.record import names

__all__ = ["sizes"]

RULES = 20  # more reference lines than these are no help


def sizes(events: pd.DataFrame, step: int = 1000) -> Chart:
    """Draw the size of each handover to Ukraine.

    `events` as `Record.events` returns it; a size whose published range holds a multiple of `step`
    is marked as round. Raises ValueError for a frame that has lost its coverage.

    >>> chart = sizes(record.events("bodies", since="2025-07-01", until="2025-12-31"))
    >>> chart.panels
    ('main',)

    See also `repatria.analysis.asymmetry.batches`.
    """
    base.ground(events)
    what = words.noun(events.attrs)
    name = f"sizes-{what}"
    b = asymmetry.batches(events, "to_ukraine", step)
    if b.empty:
        none = "No handover in this window has a known count to Ukraine."
        return base.empty(name, base.NO_EVENT if events.empty else none)
    held = {d: asymmetry.concentration(events, d) for d in names.SIDES}

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        _sizes(axes["main"], events, b, style)

    title = say(
        "asymmetry/sizes_title",
        what=what,
        through=names.event_day(events.iloc[-1]),
        counts=len(b),
        step=step,
        round_run=b.attrs["round_run"],
        **held,
    )
    return Chart(
        name,
        title,
        paint,
        say("asymmetry/sizes_subtitle", what=what),
        base.footer(events),
        say("asymmetry/sizes_alt", title=title),
        aspect={"page": 0.5, "phone": 0.95},
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
            marker="^",  # a diamond is a size withheld
            facecolors=style.colours["paper"],
            edgecolors=style.colours["ink"],
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
    base.head(ax, style)
