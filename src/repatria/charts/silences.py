"""Silences as stems in time and as a curve of their lengths. Part of the question `cadence`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num

from repatria.analysis import cadence
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.charts.units import bare, hollow, nothing, shade, source, up
from repatria.display.words import plural
from repatria.record import frames
from repatria.record.names import day

__all__ = ["gap_stems", "rhythm", "survival_curve"]

DASHES = (0, (3, 2))
Box = tuple[float, float, float, float]  # left, right, bottom, top; inches


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
    a = frames.dated(gaps.attrs)
    name = f"gap-stems-{a['kind']}-{a['unit']}"
    if gaps.empty:
        return nothing("gap_stems", name, a)
    s = cadence.summary(gaps)
    thin = bool((gaps.loc[~gaps["censored"], "reading"] != "dense").any())
    title, subtitle, alt = base.worded("cadence/gap_stems", **vars(s), as_of=a["as_of"], thin=thin)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        _stems(axes["main"], gaps, s, style)

    aspect = {"page": 0.5, "phone": 0.85}
    return Chart(name, title, paint, subtitle, source(a, s.units), alt, aspect=aspect)


def _stems(ax: Axes, gaps: pd.DataFrame, s: cadence.Silence, style: Style) -> None:
    a, colour = frames.dated(gaps.attrs), style.colours
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
    taken = _open(ax, gaps, int(still["days"]), style)
    _longest(ax, done, s.median, taken, style)
    ax.set_ylabel("days of silence")
    base.count_axis(ax)
    base.head(ax, style)


def _place(ax: Axes, when: Any, days: Any) -> tuple[Any, Any]:
    """Return where days and lengths stand, in inches from the lower left corner."""
    wide, high = base.room(ax)
    x = (date2num(when) - ax.viewLim.x0) / ax.viewLim.width * wide
    return x, days / ax.get_ylim()[1] * high


def _open(ax: Axes, gaps: pd.DataFrame, days: int, style: Style) -> Box:
    """Draw the open gap with its label above what stands beside it; return the label's box.

    The axis is made high enough for it.
    """
    a, accent = frames.dated(gaps.attrs), style.colours["accent"]
    at, size = a["through"], style.sizes["head"]
    ax.vlines(at, 0, days, color=accent, linewidth=1.6, linestyle=DASHES, zorder=4)
    ax.scatter([at], [days], s=52, zorder=6, clip_on=False, **hollow(style))
    about = "" if gaps["dated"].iloc[-1] else "about "
    text = f"{about}{plural(days, 'day')}\n{'by then' if a['as_of'] > at else 'so far'}"
    width = max(base.long(line, size, "bold") for line in text.split("\n")) + 0.12
    x, _ = _place(ax, at, 0)
    left, right = (x - width, x) if x > width else (x, x + width)
    ends, _ = _place(ax, gaps["end"], 0)
    beside = gaps.loc[(ends > left) & (ends <= right + 0.1), "days"].max()
    top = max(int(gaps["days"].max()), 7)
    head = days + top * 0.19
    foot = max(head, 0 if pd.isna(beside) else beside + top * 0.05)
    ax.set_ylim(0, max(top * 1.16, foot / (1 - min(0.6, up(ax, 2.6 * size)))))
    arrow = {"arrowstyle": "->", "color": accent, "linewidth": 1.8}
    ax.annotate("", (at, head), (at, days + top * 0.025), arrowprops=arrow, zorder=7)
    away, bold = (-3 if right == x else 3, 2), {"weight": "bold", "linespacing": 1.1, "zorder": 7}
    base.beside(ax, style, text, (at, foot), away, "head", "accent", **bold)
    bottom = _place(ax, at, foot)[1]
    return left, right, bottom, bottom + 2.6 * size / 72


def _longest(ax: Axes, done: pd.DataFrame, median: float | None, taken: Box, style: Style) -> None:
    """Name the two longest gaps that stand out, where a label meets no other and no longer stem."""
    size = style.sizes["small"]
    line = 1.5 * size / 72
    boxes = [taken]
    ends, tops = _place(ax, done["end"], done["days"].to_numpy())
    for i in np.argsort(-tops, kind="stable")[:2]:
        days, end = int(done["days"].iloc[i]), done["end"].iloc[i]
        if days <= 2 * (median or days):
            continue
        said = [f"{days} days, to {day(end)}", f"{days} days"]
        if not done["dated"].iloc[i]:
            said = [f"about {days} days"]
        for text, side in product(said, (1, -1)):
            near, far = ends[i] + side * 0.08, ends[i] + side * (0.12 + base.long(text, size))
            box = min(near, far), max(near, far), tops[i] - line / 2, tops[i] + line / 2
            crossed = (ends > box[0]) & (ends < box[1]) & (tops > box[2])
            inside = box[0] > 0 and box[1] < base.room(ax)[0]
            if inside and not crossed.any() and not any(_meet(box, b) for b in boxes):
                boxes.append(box)
                base.beside(ax, style, text, (end, days), (6 * side, 0), "small", zorder=5)
                break


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


# Gaps by their length.


def rhythm(*rhythms: cadence.Rhythm, tests: pd.DataFrame) -> Chart:
    """Draw every completed silence of dense reading at its length, a panel a kind.

    `rhythms` as `cadence.rhythm` returns; `tests` as `cadence.error_budget`.

    >>> c = rp.analysis.cadence
    >>> of = [c.rhythm(c.gaps(record, kind, "deal")) for kind in ("prisoners", "bodies")]
    >>> rhythm(*of, tests=c.error_budget(record)).panels
    ('prisoners', 'bodies')

    See also: `gap_stems`, the same silences in time.
    """
    found = {str(r.attrs["kind"]): r for r in rhythms if r.low is not None}
    if not found:
        return nothing("rhythm", "rhythm", rhythms[0].attrs)
    budget = tests[tests["name"] == "rhythm"].set_index("kind")
    told = []
    for kind, r in found.items():
        row = {"kind": kind, "closed": len(r.days), "holds": budget["holds"][kind]}
        row |= {"p": budget["p_holm"][kind], "expected": r.expected}
        told.append(row | {"low": r.low, "high": r.high, "inside": r.inside})
    told.sort(key=lambda k: not k["holds"])
    one = next(iter(found.values()))
    a = frames.dated(one.attrs)
    numbers = {"told": told, "first": a["dense_from"], "through": a["through"]}
    numbers["width"] = (one.high or 0) - (one.low or 0) + 1
    title, subtitle, alt = base.worded("cadence/rhythm", **numbers)
    last = max(int(r.days.max()) for r in found.values())

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        for kind, ax in axes.items():
            _lengths(ax, found[kind], kind, last, style)

    return Chart(
        "rhythm",
        title,
        paint,
        subtitle,
        source(a, sum(len(r.days) + 1 for r in found.values())),
        alt,
        panels=tuple(found),
        aspect={"page": 0.2 * len(found) + 0.04, "phone": 0.36 * len(found) + 0.06},
    )


def _lengths(ax: Axes, r: cadence.Rhythm, kind: str, last: int, style: Style) -> None:
    colour = style.colours
    days, counts = np.unique(r.days, return_counts=True)
    low, end = (r.low or 0) - 0.5, (r.high or 0) + 0.5
    label = f"{r.inside} of {len(r.days)} last {r.low} to {r.high} days; by chance {r.expected:.0f}"
    ax.axvspan(low, end, color=colour["accent"], alpha=0.16, linewidth=0, zorder=0, label=label)
    ax.bar(days, counts, width=0.9, color=colour["ink"], linewidth=0, zorder=3)
    ax.set_xlim(0, last + 3)
    ax.set_ylim(0, max(int(counts.max()), 3) * 1.08)
    step = next((7 * n for n in (1, 2, 4, 8) if base.room(ax)[0] * 7 * n / last > 0.34), 112)
    ax.set_xticks(np.arange(0, last + 3, step))
    ax.grid(axis="x", visible=True)
    base.count_axis(ax)
    ax.set_xlabel("days of silence, a line every " + (f"{step // 7} weeks" if step > 7 else "week"))
    ax.label_outer()
    said = f"Silences between deals of {kind}"
    base.head(ax, style, said, f"Between deals of {kind}", kind.capitalize())


def survival_curve(gaps: pd.DataFrame) -> Chart:
    """Draw the share of gaps longer than so many days (Kaplan-Meier) with the present one marked.

    `gaps` as `cadence.gaps` returns. Raises ValueError for a frame that has lost its coverage.

    >>> survival_curve(rp.analysis.cadence.gaps(record, "bodies", "deal")).panels
    ('curve', 'when')

    See also: `gap_stems`, the same gaps in time.
    """
    base.ground(gaps)
    a = frames.dated(gaps.attrs)
    name = f"survival-curve-{a['kind']}-{a['unit']}"
    s = cadence.summary(gaps)
    if s.closed < 2 or s.open_days is None:
        return nothing("survival_curve", name, a)
    curve = cadence.survival(gaps)
    longer = float(curve.loc[curve["days"] <= s.open_days, "survival"].iloc[-1])
    title, subtitle, alt = base.worded("cadence/survival_curve", **vars(s) | {"longer": longer})

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
    colour = style.colours
    days, still = curve["days"], s.open_days or 0
    low, high = curve["low"], curve["high"]
    ax.fill_between(days, low, high, step="post", color=colour["quiet"], alpha=0.25, linewidth=0)
    ax.step(days, curve["survival"], where="post", color=colour["ink"], linewidth=1.8)
    ax.plot([still, still], [0, longer], color=colour["accent"], linewidth=1.6, linestyle=DASHES)
    ax.scatter([still], [longer], s=56, zorder=5, **hollow(style))
    end = max(s.longest or 0, still) * 1.04
    ax.set_xlim(0, end)
    ax.set_ylim(0, 1.08)
    _standing(ax, curve, s, longer, style)
    if s.median is not None:
        x, y = [0, s.median, s.median], [0.5, 0.5, 0]
        label = f"median {s.median:g} days"
        ax.plot(x, y, color=colour["quiet"], linewidth=1.2, linestyle="--", label=label)
    ax.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    ax.set_xlabel("days of silence")
    base.head(ax, style)


def _standing(
    ax: Axes, curve: pd.DataFrame, s: cadence.Silence, longer: float, style: Style
) -> None:
    """Say where the open gap stands, in the corner that the falling curve leaves free."""
    size = style.sizes["head"]
    wide, high = base.room(ax)
    still = plural(s.open_days or 0, "day")
    said = [
        [f"the gap open on {day(s.through)}: {still};", f"{longer:.0%} of gaps lasted longer"],
        [f"open on {day(s.through)}:", f"{still}; {longer:.0%} lasted longer"],
        [f"open: {still};", f"{longer:.0%} lasted longer"],
    ]
    lines = next(
        (x for x in said if max(base.long(t, size, "bold") for t in x) < 0.7 * wide), said[-1]
    )
    # In the upper corner unless the curve is in the way there, and not in the lower one.
    share = max(base.long(t, size, "bold") for t in lines) / wide
    tall = (2.6 * size + 8) / 72 / high * 1.08
    x = curve["days"] / ax.get_xlim()[1]
    beside = curve.loc[x <= 1 - share, ["survival", "high"]].iloc[-1].max()
    below = curve.loc[x <= share, "survival"].iloc[-1]
    upper = beside < 1.08 - tall or below < tall
    place, away = ((1, 1), (-2, -4)) if upper else ((0, 0), (4, 4))
    bold: dict[str, Any] = {"weight": "bold", "zorder": 6, "xycoords": "axes fraction"}
    base.beside(ax, style, "\n".join(lines), place, away, "head", "accent", **bold)


def _when(ax: Axes, gaps: pd.DataFrame, style: Style) -> None:
    """Draw when the gaps happened and how well that time was read: the curve has no dates."""
    a = frames.dated(gaps.attrs)
    since, until = gaps["start"].min(), max(a["as_of"], a["through"])
    ink = style.colours["ink"]
    ax.eventplot([gaps["start"]], lineoffsets=0.5, linelengths=0.7, colors=ink, linewidths=0.8)
    base.time_axis(ax, since, until)
    shade(ax, a, since, until, style, key=True)
    bare(ax)
    begin = "where these gaps begin"
    base.head(ax, style, f"{begin}, and how well that time was read", begin)
