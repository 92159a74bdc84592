"""What the charts of cadence and forecast share: words for units, source lines, shaded ground."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.display.words import plural, say
from repatria.record import frames

__all__ = ["UNIT_WORDS", "bare", "hollow", "nothing", "shade", "source", "up"]

UNIT_WORDS = {"day": ("handover day", "handover days"), "deal": ("deal", "deals")}


def source(attrs: Mapping[Any, Any], n: int) -> str:
    """Return the source line of `n` units drawn: no counts of people, so no claimants."""
    a = frames.dated(attrs)
    note = say("cadence/source_note", through=a["through"], dense=a["dense_from"] is not None)
    drawn = plural(n, *UNIT_WORDS[attrs["unit"]])
    return base.source_line(drawn, {"as_of": a["as_of"]}, note=note)


def nothing(chart: str, name: str, attrs: Mapping[Any, Any]) -> Chart:
    """Return the chart that says why there is too little to draw."""
    said = say(
        "cadence/nothing", chart=chart, kind=attrs["kind"], through=frames.dated(attrs)["through"]
    )
    return base.empty(name, said)


def shade(
    ax: Axes,
    attrs: Mapping[Any, Any],
    since: pd.Timestamp,
    until: pd.Timestamp,
    style: Style,
    *,
    key: bool = False,
    **how: Any,
) -> None:
    """Shade unread days for the kind of `attrs`; for "either", the least read of both.

    With `key` they are named in the key of `base.head` only: what is drawn fills the height.
    """
    kind = None if attrs["kind"] == "either" else attrs["kind"]
    before = len(ax.patches)
    if key:
        how = {"name": False}
    base.unread(ax, {**attrs, "kind": kind}, since, until, style, **how)
    named = {("unread" if p.get_hatch() else "thinly read"): p for p in ax.patches[before:]}
    for label, patch in named.items() if key else ():
        patch.set_label(label)


def hollow(style: Style) -> dict[str, Any]:
    """Return how the mark of what is still open is drawn."""
    accent, paper = style.colours["accent"], style.colours["paper"]
    return {"facecolors": paper, "edgecolors": accent, "linewidths": 2}


def up(ax: Axes, points: float) -> float:
    """Return what share of the height of axes so many points are."""
    return points / 72 / max(base.room(ax)[1], 0.1)


def bare(ax: Axes) -> None:
    """Give an axis of ticks no scale: their height means nothing."""
    ax.set_ylim(0, 1)
    ax.set_yticks([0.5], [" " * 8])  # keeps room for the half of a first date left of the axis
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)
