"""Forecast fans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from repatria.analysis import forecast as forecasts
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.charts.units import UNIT_WORDS, nothing, shade, source, up
from repatria.display.forecast import published
from repatria.record import frames
from repatria.record.names import day
from repatria.record.view import Day

__all__ = ["fan"]

TARGET = "count90"  # what the fan shows at its end, and the second panel the past of
BOTH: dict[str, Any] = {
    "panels": ("fan", "past"),
    "aspect": {"page": 0.5, "phone": 1.35},
    "layout": {
        "page": {"mosaic": [["fan", "past"]], "width_ratios": [2.7, 1]},
        "phone": {"mosaic": [["fan"], ["past"]], "height_ratios": [1.8, 1]},
    },
}


def fan(outlook: forecasts.Outlook, shown: int = 365, on: Day | None = None) -> Chart:
    """Draw the last `shown` days as a running count and the forecast as a fan, with its
    reliability.

    `outlook` as `forecast.ahead` returns; the model is the one chosen for the number in 90 days.
    Where these are over on the day of publication (`on`, default: today), only the reliability.

    >>> scores = rp.analysis.forecast.backtest(record, "bodies", at=[pd.Timestamp("2025-06-01")])
    >>> outlook = rp.analysis.forecast.ahead(record.as_of("2025-06-30", coverage="today"), scores)
    >>> fan(outlook, on="2025-07-10").panels, fan(outlook, on="2026-01-01").panels
    (('fan', 'past'), ('past',))
    """
    h, scores, choice = outlook.handovers, outlook.scores, outlook.choices[TARGET]
    a = frames.dated(h.attrs)
    base.ground(h)
    name = f"fan-{a['kind']}-{a['unit']}"
    if not outlook.forecasts or outlook.known is None:
        return nothing("fan", name, a)
    ahead = forecasts.fan(outlook.forecasts[TARGET])
    origin, today = outlook.known.origin, published(on)
    until = origin + pd.Timedelta(days=forecasts.HORIZON)
    begin = max(origin - pd.Timedelta(days=shown), a["first"])
    past = h.loc[h["counted"] & (h["start"] > begin), "start"]
    late = h.loc[~h["counted"] & (h["start"] > origin) & (h["start"] <= until), "start"]
    tested = int(((scores["target"] == TARGET) & (scores["model"] == choice.model)).sum())
    shares = forecasts.reliability(scores, TARGET, choice.model)
    end, over = ahead.iloc[-1], until < today
    title, subtitle, alt = base.worded(
        "forecast/fan",
        kind=a["kind"],
        unit=a["unit"],
        horizon=forecasts.HORIZON,
        origin=origin,
        until=until,
        over=over,
        low=int(end[0.1]),
        middle=int(end[0.5]),
        high=int(end[0.9]),
        model=choice.model,
        skilled=choice.skilled,
        tested=tested,
        held=choice.held,
        late=len(late),
    )

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        if "fan" in axes:
            _fan(axes["fan"], a, ahead, (begin, origin), past, late, style)
        _past(axes["past"], shares, tested, style)

    drawn = source(a, int(h["counted"].sum()))
    chart = Chart(name, title, paint, subtitle, drawn, alt, panels=("past",))
    return chart if over else replace(chart, **BOTH)


def _fan(
    ax: Axes,
    attrs: Mapping[Any, Any],
    ahead: pd.DataFrame,
    window: tuple[pd.Timestamp, pd.Timestamp],
    past: pd.Series,
    late: pd.Series,
    style: Style,
) -> None:
    (begin, origin), n, colour = window, len(past), style.colours
    days = [origin + pd.Timedelta(days=int(d)) for d in ahead["days"]]
    until, end = days[-1], ahead.iloc[-1]
    base.time_axis(ax, begin, until)
    steps = [0, *range(1, n + 1), n]
    ax.step([begin, *past, origin], steps, where="post", color=colour["ink"], linewidth=1.8)
    how: dict[str, Any] = {"step": "post", "color": colour["accent"], "linewidth": 0}
    for low, high, alpha in ((0.1, 0.9, 0.22), (0.25, 0.75, 0.4)):
        ax.fill_between(days, n + ahead[low], n + ahead[high], alpha=alpha, **how)
    ax.step(days, n + ahead[0.5], where="post", color=colour["accent"], linewidth=1.8)
    size = style.sizes["text"]
    said = [
        f"in {end['days']:.0f} days: median {end[0.5]:.0f}",
        f"50%: {end[0.25]:.0f} to {end[0.75]:.0f}",
        f"80%: {end[0.1]:.0f} to {end[0.9]:.0f}",
    ]
    # The words stand over the line, in the corner that a running count leaves free.
    lines = next((k for k in (3, 1) if up(ax, k * 1.5 * size + 8) < 0.5), 0)
    share = up(ax, lines * 1.5 * size + 8) if lines else 0
    top = max((n + end[0.9]) * 1.08 + 0.5, n / (1 - share))
    bold: dict[str, Any] = {"weight": "bold", "linespacing": 1.35, "xycoords": "axes fraction"}
    base.beside(ax, style, "\n".join(said[:lines]), (0, 1), (4, -4), colour="accent", **bold)
    shade(ax, attrs, begin, until, style, name=False)
    if len(late):
        dashed = {"linelengths": top * 0.09, "linestyles": [(0, (2, 1.5))], "linewidths": 1.2}
        ax.eventplot([late], lineoffsets=top * 0.045, colors=colour["ink"], **dashed)
    _after(ax, (begin, origin, until), n / top, style)
    ax.set_ylim(0, top)
    base.count_axis(ax)
    units = UNIT_WORDS[attrs["unit"]][1]
    base.head(ax, style, f"{units} since {day(begin)}", units)


def _after(
    ax: Axes,
    days: tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp],
    below: float,
    style: Style,
) -> None:
    """Name the days after the last searched one, below the fan: flat if there is room, else
    upright.

    `below`: the share of the height that is free.
    """
    begin, origin, until = days
    wide, high = base.room(ax)
    size, text = style.sizes["small"], "after the last searched day"
    inches = wide * ((until - origin) / (until - begin))
    lines = "after the last\nsearched day"
    flat = inches > base.long("searched day", size) + 0.15 and high * (below - 0.12) > 0.35
    if not flat:
        lines = base.fits(high * (below - 0.12) - 0.1, size, text, "after the search", "")
    foot: dict[str, Any] = {"va": "bottom", "xycoords": ("data", "axes fraction")}
    foot["rotation"] = 0 if flat else 90
    base.beside(ax, style, lines, (origin, 0.12), (4, 0), "small", "text", **foot)


def _past(ax: Axes, shares: np.ndarray, tested: int, style: Style) -> None:
    """Draw where outcomes fell in past forecasts: level bars if they were right."""
    bins, colour = len(shares), style.colours
    edges = np.linspace(0, 1, bins + 1)[:-1]
    how: dict[str, Any] = {"width": 1 / bins, "align": "edge", "edgecolor": colour["paper"]}
    ax.bar(edges, np.nan_to_num(shares), color=colour["line"], **how)
    ax.axhline(1 / bins, color=colour["ink"], linewidth=1.2, linestyle="--", label="ideal")
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 1], ["low end", "high end"])
    low, high = ax.xaxis.get_majorticklabels()
    low.set_horizontalalignment("left")
    high.set_horizontalalignment("right")
    ax.yaxis.set_major_locator(mpl.ticker.MaxNLocator("auto", steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    heads = (f"{tested} past forecasts", f"{tested} forecasts") if tested else ("not scored yet",)
    base.head(ax, style, *heads)
