"""Silences as stems in time and as a curve of their lengths. Part of the question `cadence`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes

from repatria.analysis import cadence
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.charts.units import bare, nothing, shade, short, source, up, worded
from repatria.display.words import plural
from repatria.record.names import day

__all__ = ["gap_stems", "survival_curve"]

DASHES = (0, (3, 2))


def __dir__() -> list[str]:
    return __all__


# Gaps as stems.


def gap_stems(gaps: pd.DataFrame) -> Chart:
    """Draw every gap as a stem at the day it ended, the open one hollow and arrowed.

    `gaps` as `cadence.gaps` returns. Raises ValueError for a frame that has lost its coverage.

    >>> chart = gap_stems(rp.analysis.cadence.gaps(record, "bodies", "deal"))
    >>> chart.name, chart.panels
    ('gap-stems-bodies-deal', ('main',))

    See also: `survival_curve`, the same gaps by their length.
    """
    base.ground(gaps)
    a = gaps.attrs
    name = f"gap-stems-{a['kind']}-{a['unit']}"
    if gaps.empty:
        return nothing("gap_stems", name, a)
    s = cadence.summary(gaps)
    thin = bool((gaps.loc[~gaps["censored"], "reading"] != "dense").any())
    numbers = vars(s) | {"as_of": a["as_of"], "thin": thin, "median": short(s.median)}
    title, subtitle, alt = worded("cadence/gap_stems", **numbers)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        _stems(axes["main"], gaps, s, style)

    aspect = {"page": 0.5, "phone": 0.85}
    return Chart(name, title, paint, subtitle, source(a, s.units), alt, aspect=aspect)


def _stems(ax: Axes, gaps: pd.DataFrame, s: cadence.Silence, style: Style) -> None:
    a, colour = gaps.attrs, style.colours
    done, still = gaps[~gaps["censored"]], gaps[gaps["censored"]].iloc[0]
    since, until = gaps["start"].min(), max(a["as_of"], a["through"])
    for dense, ink in ((True, colour["ink"]), (False, colour["line"])):
        part = done[(done["reading"] == "dense") == dense]
        ax.vlines(part["end"], 0, part["days"], color=ink, linewidth=1.2, alpha=0.8)
        ax.scatter(part["end"], part["days"], s=18, color=ink, zorder=3)
    if s.median is not None and s.closed > 1:
        label = f"median {s.median:g} days"
        ax.axhline(s.median, color=colour["quiet"], lw=1.2, ls="--", zorder=2, label=label)
    base.time_axis(ax, since, until)
    shade(ax, a, since, until, style, at=0.68)
    _longest(ax, done, s, (since, until), style)
    _open(ax, gaps, int(still["days"]), style)
    ax.set_ylabel("days of silence")
    base.count_axis(ax)
    base.head(ax, style)


def _open(ax: Axes, gaps: pd.DataFrame, days: int, style: Style) -> None:
    """Draw the open gap, its label above whatever stands beside it, and make the axis high enough."""
    a, accent = gaps.attrs, style.colours["accent"]
    at, size = a["through"], style.sizes["head"]
    ax.vlines(at, 0, days, color=accent, linewidth=1.6, linestyle=DASHES, zorder=4)
    hollow: dict[str, Any] = {"facecolors": style.colours["paper"], "edgecolors": accent, "linewidths": 2}
    ax.scatter([at], [days], s=52, zorder=6, clip_on=False, **hollow)
    text = f"{plural(days, 'day')}\n{'by then' if a['as_of'] > at else 'so far'}"
    width = base.long("by then", size, "bold") + 0.15
    left = at - pd.Timedelta(days=ax.viewLim.width * width / max(base.room(ax)[0], 0.1))
    beside = gaps.loc[~gaps["censored"] & (gaps["end"] >= left), "days"].max()
    top = max(int(gaps["days"].max()), 7)
    head = days + top * 0.19
    foot = max(head, 0 if pd.isna(beside) else beside + top * 0.05)
    ax.annotate(
        "",
        (at, head),
        (at, days + top * 0.025),
        arrowprops={"arrowstyle": "->", "color": accent, "linewidth": 1.8},
        zorder=7,
    )
    ax.annotate(
        text,
        (at, foot),
        (-3, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=accent,
        weight="bold",
        size=size,
        linespacing=1.1,
        bbox=style.plate,
        zorder=7,
    )
    ax.set_ylim(0, max(top * 1.16, foot / (1 - min(0.6, up(ax, 2.6 * size)))))


def _longest(
    ax: Axes,
    done: pd.DataFrame,
    s: cadence.Silence,
    window: tuple[pd.Timestamp, pd.Timestamp],
    style: Style,
) -> None:
    """Name the two longest gaps where they stand out, on the side where there is room."""
    since, until = window
    wide, size = base.room(ax)[0], style.sizes["small"]
    placed: list[int] = []
    for g in done.nlargest(2, "days").itertuples():
        stands_out = g.days > 2 * (s.median or g.days)
        if not stands_out or any(abs(g.days - p) < 0.09 * g.days for p in placed):
            continue
        placed.append(g.days)
        past = (g.end - since) / (until - since)
        texts = f"{g.days} days, to {day(g.end)}", f"{g.days} days"
        text = base.fits(wide * max(past, 1 - past) - 0.2, size, *texts)
        left = past > 0.6
        ax.annotate(
            text,
            (g.end, g.days),
            (-6 if left else 6, 0),
            textcoords="offset points",
            size=size,
            va="center",
            ha="right" if left else "left",
            color=style.colours["ink"],
            bbox=style.plate,
            zorder=5,
        )


# Gaps by their length.


def survival_curve(gaps: pd.DataFrame) -> Chart:
    """Draw the share of gaps longer than so many days (Kaplan-Meier) with the present one marked.

    `gaps` as `cadence.gaps` returns. Raises ValueError for a frame that has lost its coverage.

    >>> survival_curve(rp.analysis.cadence.gaps(record, "bodies", "deal")).panels
    ('curve', 'when')

    See also: `gap_stems`, the same gaps in time.
    """
    base.ground(gaps)
    a = gaps.attrs
    name = f"survival-curve-{a['kind']}-{a['unit']}"
    s = cadence.summary(gaps)
    if s.closed < 2 or s.open_days is None:
        return nothing("survival_curve", name, a)
    curve = cadence.survival(gaps)
    longer = float(curve.loc[curve["days"] <= s.open_days, "survival"].iloc[-1])
    numbers = vars(s) | {"median": short(s.median), "longer": longer}
    title, subtitle, alt = worded("cadence/survival_curve", **numbers)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        _curve(axes["curve"], curve, s, longer, style)
        _when(axes["when"], gaps, style)

    return Chart(
        name,
        title,
        paint,
        subtitle,
        source(a, s.units),
        alt,
        panels=("curve", "when"),
        aspect={"page": 0.6, "phone": 1.05},
        layout={"page": {"mosaic": [["curve"], ["when"]], "height_ratios": [6, 1]}},
    )


def _curve(ax: Axes, curve: pd.DataFrame, s: cadence.Silence, longer: float, style: Style) -> None:
    colour, size = style.colours, style.sizes["head"]
    days, still = curve["days"], s.open_days or 0
    low, high = curve["low"], curve["high"]
    ax.fill_between(days, low, high, step="post", color=colour["quiet"], alpha=0.25, linewidth=0)
    ax.step(days, curve["survival"], where="post", color=colour["ink"], linewidth=1.8)
    ax.plot([still, still], [0, longer], color=colour["accent"], linewidth=1.6, linestyle=DASHES)
    hollow: dict[str, Any] = {"facecolors": colour["paper"], "edgecolors": colour["accent"], "linewidths": 2}
    ax.scatter([still], [longer], s=56, zorder=5, **hollow)
    end = max(s.longest or 0, still) * 1.04
    right = still < 0.5 * end
    inches = base.room(ax)[0] * max(1 - still / end, still / end) - 0.3
    said = f"the gap open on {day(s.through)}: {plural(still, 'day')}; {longer:.0%} of gaps lasted longer"
    ax.annotate(
        base.wrapped(said, min(inches, 3.2), size, "bold"),
        (still, longer),
        (10, 4) if right else (-10, -4),
        textcoords="offset points",
        color=colour["accent"],
        weight="bold",
        size=size,
        ha="left" if right else "right",
        va="bottom" if right else "top",
        bbox=style.plate,
        zorder=6,
    )
    if s.median is not None:
        x, y = [0, s.median, s.median], [0.5, 0.5, 0]
        label = f"median {s.median:g} days"
        ax.plot(x, y, color=colour["quiet"], linewidth=1.2, linestyle="--", label=label)
    ax.set_xlim(0, end)
    ax.set_ylim(0, 1.08)
    ax.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    ax.set_xlabel("days of silence")
    base.head(ax, style)


def _when(ax: Axes, gaps: pd.DataFrame, style: Style) -> None:
    """Draw when the gaps happened and how well that time was read: the curve has no dates."""
    a = gaps.attrs
    since, until = gaps["start"].min(), max(a["as_of"], a["through"])
    ink = style.colours["ink"]
    ax.eventplot([gaps["start"]], lineoffsets=0.5, linelengths=0.7, colors=ink, linewidths=0.8)
    base.time_axis(ax, since, until)
    shade(ax, a, since, until, style, at=None)
    bare(ax)
    begin = "where these gaps begin"
    base.head(ax, style, f"{begin}, and how well that time was read", begin)
