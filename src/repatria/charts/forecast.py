"""Forecast fans."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd

from repatria.analysis import cadence
from repatria.analysis import forecast as forecasts
from repatria.analysis.cadence import MANY
from repatria.charts import base
from repatria.charts.base import COLOUR, Chart
from repatria.charts.cadence import _OPEN, _UNITS, _footer, _kind, _nothing
from repatria.record import names
from repatria.record.view import Record


def forecast_fan(record: Record, scores: pd.DataFrame, shown: int = 365) -> Chart:
    """Draw the last `shown` days as a running count and the forecast of the next 90 as a fan, with its reliability.

    `scores` as `forecast.backtest` returns; the model is the one that earned it there, else the baseline.
    """
    s = scores.attrs
    h = cadence.handovers(record, s["kind"], s["unit"])
    a = h.attrs
    found = forecasts.ahead(record, scores)
    if found is None:
        return _nothing(a, "No forecast")
    forecast, known, model, beats = found
    fan = forecasts.fan(forecast)
    origin = known.origin
    begin = max(origin - pd.Timedelta(days=shown), a["first"])
    past = h[h["counted"] & (h["start"] > begin)]
    n = len(past)
    days = [origin + pd.Timedelta(days=int(d)) for d in fan["days"]]
    with mpl.rc_context(base.STYLE):
        fig = base.figure(5.2)
        ax, pit = fig.subplots(1, 2, width_ratios=[2.7, 1])
        ax.step(
            [begin, *past["start"], origin], [0, *range(1, n + 1), n], where="post", color=COLOUR["ink"], linewidth=1.8
        )
        for low, high, alpha in ((0.1, 0.9, 0.22), (0.25, 0.75, 0.4)):
            ax.fill_between(days, n + fan[low], n + fan[high], step="post", color=_OPEN, alpha=alpha, linewidth=0)
        ax.step(days, n + fan[0.5], where="post", color=_OPEN, linewidth=1.8)
        end = fan.iloc[-1]
        bands = [
            f"{level}%: {end[low]:.0f} to {end[high]:.0f}" for level, low, high in ((50, 0.25, 0.75), (80, 0.1, 0.9))
        ]
        ax.annotate("\n".join([f"in {end['days']:.0f} days: median {end[0.5]:.0f}", *bands]), (origin, n + end[0.9]), (-6, 0),
                    textcoords="offset points", ha="right", va="top", fontsize=10, color=_OPEN, fontweight="bold",
                    linespacing=1.35)  # fmt: skip
        until = days[-1]
        base.unread(ax, {"coverage": a["coverage"]}, _kind(a), begin, until, label=False)
        ax.annotate("after the last\nsearched day", (origin, (n + end[0.9]) * 0.07), (3, 3), textcoords="offset points", fontsize=8.5,
                    color="#555555", va="bottom")  # fmt: skip
        late = h[~h["counted"] & (h["start"] > origin) & (h["start"] <= until)]
        if len(late):
            ax.eventplot([late["start"]], lineoffsets=0.0, linelengths=(n + end[0.9]) * 0.1, colors=COLOUR["ink"],
                         linewidths=1.2, linestyles=[(0, (2, 1.5))])  # fmt: skip
        ax.set_ylim(0, (n + end[0.9]) * 1.14 + 0.5)
        base.time_axis(ax, begin, until)
        ax.yaxis.set_major_locator(mpl.ticker.MaxNLocator(6, integer=True))
        ax.set_title(f"{_UNITS[s['unit']]} since {names.day(begin)}", fontsize=10)
        shares = forecasts.reliability(scores, "count90", model)
        edges = np.linspace(0, 1, len(shares) + 1)
        pit.bar(
            edges[:-1], np.nan_to_num(shares), width=1 / len(shares), align="edge", color="#B8B8B8", edgecolor="white"
        )
        pit.axhline(1 / len(shares), color=COLOUR["ink"], linewidth=1.2, linestyle="--")
        pit.annotate("ideal", (1, 1 / len(shares)), (0, 3), textcoords="offset points", ha="right", fontsize=9)
        pit.set_xlim(0, 1)
        pit.set_xticks([0, 1], ["low end", "high end"])
        for text, side in zip(pit.xaxis.get_majorticklabels(), ("left", "right"), strict=True):
            text.set_horizontalalignment(side)
        pit.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        tested = scores[(scores["target"] == "count90") & (scores["model"] == model)]
        pit.set_title(f"{len(tested)} past forecasts" if len(tested) else "not scored yet", fontsize=10)
        verdict = f"Model: {model}, which beat the constant rate" if beats else "Model: constant rate; no other beat it"
        held = f"; its past 80% bands held {forecasts.held(scores, 'count90', model):.0%}" if len(tested) else ""
        title = f"{MANY[s['kind']][:1].upper()}{MANY[s['kind']][1:]} in the 90 days after {names.day(origin)}: " \
                f"{end[0.1]:.0f} to {end[0.9]:.0f} {_UNITS[s['unit']]} forecast, median {end[0.5]:.0f}"  # fmt: skip
        sub = f"{verdict}{held}. Right: where the outcome fell in past forecasts made on what was known that day." + (
            " Dashed ticks: found in thin reading since, not used." if len(late) else "")  # fmt: skip
        base.frame(fig, title, sub, _footer(a, int(h["counted"].sum())), f"A rising step line that opens into a fan, and a "
                   f"histogram. {title}.")  # fmt: skip
        fig.subplots_adjust(wspace=0.22)
    return fig
