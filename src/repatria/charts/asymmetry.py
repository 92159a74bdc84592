"""Asymmetry: pairs per handover, and the level of the share over time.

The sizes of handovers are in module `composition`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from repatria.analysis import asymmetry
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.charts.composition import sizes
from repatria.display import words
from repatria.display.asymmetry import reading
from repatria.display.words import ABSENCE_WORDS, say
from repatria.record import names

__all__ = ["level_over_time", "pairs", "sizes"]

RATIOS = (1, 10, 40)  # reference lines, persons to Ukraine for one to Russia
OTHER = {"to_ukraine": "to_russia", "to_russia": "to_ukraine"}
SHAPES = "os^DvPX*"  # of the years in turn; their shades tell further years apart
TICKS = (1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)
LANE = 0.2  # inches that a lane of handovers without a count takes
MANY = 12  # years; of so many only the first and last stand in the key, the shades run between
LOW = 2  # inches: axes lower than this keep no row for names


# --- pairs ---------------------------------------------------------------------------------------


def pairs(events: pd.DataFrame) -> Chart:
    """Draw each handover as a dot, to Ukraine against to Russia, on square-root axes of persons.

    Reference lines at 1:1, 10:1 and 40:1; handovers with a zero, a size withheld or no report in a
    direction lie in grey strips beside the axes, a lane for each. `events` as `Record.events`
    returns it. Raises ValueError for a frame that has lost its coverage.

    >>> chart = pairs(record.events("bodies", since="2025-06-01", until="2025-06-30"))
    >>> chart.title[:83]
    'Bodies per handover through 16 June 2025: together 77.7 to 1, to Ukraine over to Ru'

    See also `repatria.analysis.asymmetry.share`.
    """
    base.ground(events)
    what = words.noun(events.attrs)
    if events.empty:
        return base.empty(f"pairs-{what}", base.NO_EVENT)
    above = {d: events[d].fillna(0).gt(0).to_numpy(dtype=bool) for d in names.SIDES}
    lanes = {d: _lanes(events, d, above[OTHER[d]]) for d in names.SIDES}
    s = asymmetry.share(events)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        _root_axes(ax, events, lanes, style)
        _ratios(ax, events, style)
        _years(ax, events, above, lanes, style)
        base.head(ax, style)

    note = say(
        "asymmetry/pairs_note",
        events_in=s.events_in,
        events_out=s.events_out,
        zeros=int(lanes["to_russia"].get("zero", np.array(0)).sum()),
        hidden=int((~above["to_ukraine"] & ~above["to_russia"]).sum()),
    )
    through = names.event_day(events.iloc[-1])
    about = {
        "what": what,
        "through": through,
        "together": s.share is not None,
        "reading": reading(s),
        "events_in": s.events_in,
        "events_out": s.events_out,
    }
    title = say("asymmetry/pairs_title", **about)
    return Chart(
        f"pairs-{what}",
        title,
        paint,
        say("asymmetry/pairs_subtitle", note=note),
        base.footer(events, words.GUARDRAIL),
        say("asymmetry/pairs_alt", title=title, note=note),
        aspect={"page": 0.75, "phone": 1.25},
    )


def _lanes(events: pd.DataFrame, direction: str, other_above: np.ndarray) -> dict[str, np.ndarray]:
    """Return, by absence, which handovers lack a direction and have a count in the other."""
    absent = events[f"{direction}_absence"].astype("object").to_numpy()
    masks = {a: (absent == a) & other_above for a in ABSENCE_WORDS}
    return {a: mask for a, mask in masks.items() if mask.any()}


def _root(values: Any) -> Any:
    """Square root; below zero, where the lanes are, the scale is linear."""
    return np.where(values < 0, values, np.sqrt(np.clip(values, 0, None)))


def _square(values: Any) -> Any:
    return np.where(values < 0, values, np.square(values))


def _root_axes(
    ax: Axes, events: pd.DataFrame, lanes: Mapping[str, Mapping[str, Any]], style: Style
) -> None:
    """Give axes square-root scales from zero, with a lane below zero for each absence."""
    for along, direction, inches in zip("xy", names.SIDES, base.room(ax), strict=True):
        beside = lanes[direction]  # its absences lie below the zero of its own axis
        top = 1.12 * max(1, int(events[direction].fillna(0).max()))
        # Where there is little room, the key takes half of it.
        plain = max((inches if inches > LOW else inches / 2) - LANE * len(beside), 0.4)
        lane = LANE * np.sqrt(top) / plain
        getattr(ax, f"set_{along}scale")("function", functions=(_root, _square))
        getattr(ax, f"set_{along}lim")(-lane * len(beside), top)
        axis = getattr(ax, f"{along}axis")
        apart = (0.55 if along == "x" else 0.22) / plain * np.sqrt(top)
        axis.set_major_locator(mpl.ticker.FixedLocator(_ticks(top, apart)))
        axis.set_minor_locator(mpl.ticker.NullLocator())
        axis.set_major_formatter("{x:,.0f}")
        axis.set_label_text(f"{words.noun(events.attrs)} {names.SIDES[direction]}")
        span = ax.axvspan if along == "x" else ax.axhspan
        span(-lane * len(beside), 0, color=style.colours["thin"], linewidth=0, zorder=0.5)


def _ticks(top: float, apart: float) -> list[int]:
    """Return round ticks up to `top` whose roots lie at least so far apart."""
    kept: list[int] = []
    for tick in (t for t in reversed(TICKS) if t <= top):
        if np.sqrt(tick) > apart and (not kept or np.sqrt(kept[-1]) - np.sqrt(tick) > apart):
            kept.append(tick)
    return [0, *sorted(kept)]


def _ratios(ax: Axes, events: pd.DataFrame, style: Style) -> None:
    """Draw the lines of equal ratio, straight on root axes too, each named where it is free."""
    ends = [limits[1] for limits in (ax.get_xlim(), ax.get_ylim())]
    both = asymmetry.complete(events)[list(names.SIDES)].to_numpy(dtype="float64")
    taken = np.sqrt(both / ends)
    for ratio in RATIOS:
        end = np.array([1, 1 / ratio]) * min(ends[0], ratio * ends[1])
        dashed: Any = {"linewidth": 1, "linestyle": (0, (4, 3)), "zorder": 1}
        ax.plot(*np.outer([0, 1], end).T, color=style.colours["line"], **dashed)
        places = np.outer(np.linspace(0.2, 0.9, 15), end)
        away = np.hypot(*(np.sqrt(places / ends)[:, None] - taken[None]).transpose(2, 0, 1))
        place = places[away.min(axis=1, initial=9).argmax()]
        taken = np.vstack([taken, np.sqrt(place / ends)])
        base.beside(ax, style, f"{ratio}:1", tuple(place), (0, 0), "small", "text", zorder=2)


def _years(
    ax: Axes,
    events: pd.DataFrame,
    above: Mapping[str, np.ndarray],
    lanes: Mapping[str, Mapping[str, np.ndarray]],
    style: Style,
) -> None:
    """Draw the handovers, each year in its shade, those in lanes by their absence's mark."""
    year = events["date"].dt.year.to_numpy()
    first, last = int(year.min()), int(year.max())
    shades = mpl.colormaps[mpl.rcParams["image.cmap"]]
    colour = shades(0.05 + 0.87 * (year - first) / max(last - first, 1))
    at = {d: events[d].fillna(0).astype("float64").to_numpy() for d in names.SIDES}
    few = last - first < MANY and min(base.room(ax)) > 2
    both = above["to_ukraine"] & above["to_russia"]
    for shape, each in zip(cycle(SHAPES), np.unique(year)):
        rows = both & (year == each)
        ax.scatter(
            at["to_ukraine"][rows],
            at["to_russia"][rows],
            s=36,
            color=colour[year == each][0],
            marker=shape,
            edgecolors=style.colours["ink"],
            linewidths=0.4,
            zorder=4,
            clip_on=False,
            label=str(each) if few or each in (first, last) else None,
        )
    for direction, masks in lanes.items():
        depth = -(ax.get_xlim() if direction == "to_ukraine" else ax.get_ylim())[0]
        for lane, (absence, rows) in enumerate(masks.items()):
            beside = np.full(rows.sum(), -depth * (lane + 0.5) / len(masks))
            x, y = (
                (beside, at["to_russia"][rows])
                if direction == "to_ukraine"
                else (at["to_ukraine"][rows], beside)
            )
            marker = style.markers[absence]
            bare = marker in "x_"  # a mark without a face
            ax.scatter(
                x,
                y,
                s=32,
                marker=marker,
                facecolors=colour[rows] if bare else style.colours["paper"],
                edgecolors=None if bare else colour[rows],
                linewidths=1.4,
                zorder=4,
                clip_on=False,
                label=f"{ABSENCE_WORDS[absence]} {names.SIDES[direction]} ({rows.sum()})",
            )


# --- the level over time -------------------------------------------------------------------------


def level_over_time(events: pd.DataFrame, at: Mapping[str, pd.Timestamp] | None = None) -> Chart:
    """Draw persons to Ukraine for each one to Russia: the level over time with its band, and deals.

    Years in which most handovers lack a figure are hatched and have no line; `at` names days to
    mark, as `breaks` does. `events` as `Record.events` returns it. Raises ValueError for a frame
    that has lost its coverage.

    >>> chart = level_over_time(record.events("bodies", until="2025-12-31"))
    >>> chart.title[:47]
    'Bodies to Ukraine for each one to Russia: about'

    See also `repatria.analysis.asymmetry.level`.
    """
    base.ground(events)
    what = words.noun(events.attrs)
    name = f"level-over-time-{what}"
    deals = asymmetry.units(events, "deal")
    table = asymmetry.level(events, _weekly(deals))
    shown = table[table["ratio"].notna()]
    if shown.empty:
        return base.empty(name, say("asymmetry/level_over_time_empty", least=asymmetry.LEAST_LEVEL))
    known = asymmetry.eras_known(events)
    years = sorted(events["date"].dt.year.unique().tolist())
    without = [year for year in years if not known.get(year, False)]
    since, until = base.window(events)
    marked = {name: day for name, day in (at or {}).items() if since <= day <= until}

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        base.time_axis(ax, since, until)
        _level_axis(ax, deals, shown)
        _level_line(ax, table, deals, without, style)
        _without_figures(ax, events, without, style)
        _marked_days(ax, marked, style)
        base.unread(ax, events, since, until, style, at=None)
        base.head(ax, style)

    now = asymmetry.level_now(events, table=table)
    title = say(
        "asymmetry/level_over_time_title",
        what=what,
        last=now,
        peak=shown.loc[shown["ratio"].idxmax()].to_dict(),
    )
    zeros = int((deals["to_russia"] == 0).sum())
    return Chart(
        name,
        title,
        paint,
        say("asymmetry/level_over_time_subtitle", zeros=zeros, without=without),
        base.footer(events, words.GUARDRAIL),
        say("asymmetry/level_over_time_alt", title=title, without=without),
        aspect={"page": 0.5, "phone": 0.95},
    )


def _weekly(deals: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the days at which the curve is drawn: each week and each deal's last."""
    if deals.empty:
        return pd.DatetimeIndex([])
    weeks = pd.date_range(deals["until"].iloc[0], deals["until"].iloc[-1], freq="7D")
    return weeks.union(pd.DatetimeIndex(deals["until"]))


def _level_axis(ax: Axes, deals: pd.DataFrame, shown: pd.DataFrame) -> None:
    """Give a log axis of persons to Ukraine for one to Russia, with plain numbers for ticks."""
    dots = _ratios_of(deals)
    ends = [*dots, shown["ratio_low"].min(), shown["ratio_high"].max()]
    low, top = min(0.8, min(ends) / 1.2), max(1.25, max(ends) * 1.15)
    ax.set_yscale("log")
    ax.set_ylim(low / (top / low) ** 0.06, top)  # room at the foot for handovers without figures
    few = base.room(ax)[1] < 1
    steps = (10.0**k * m for k in range(-4, 6) for m in ((1,) if few else (1, 2, 5)))
    ax.yaxis.set_major_locator(mpl.ticker.FixedLocator([t for t in steps if low <= t <= top]))
    ax.yaxis.set_minor_locator(mpl.ticker.NullLocator())
    ax.yaxis.set_major_formatter("{x:g}")
    ax.axhline(1, color=mpl.rcParams["text.color"], linewidth=0.8, zorder=1)


def _ratios_of(deals: pd.DataFrame) -> pd.Series:
    both = deals[(deals["to_russia"] > 0) & (deals["to_ukraine"] > 0)]
    return (both["to_ukraine"] / both["to_russia"]).astype("float64")


def _level_line(
    ax: Axes, table: pd.DataFrame, deals: pd.DataFrame, without: list[int], style: Style
) -> None:
    colour = style.colours["accent"]
    ax.fill_between(
        table["date"],
        table["ratio_low"],
        table["ratio_high"],
        color=colour,
        alpha=0.22,
        linewidth=0,
    )
    ax.plot(table["date"], table["ratio"], color=colour, linewidth=1.9)
    dots = _ratios_of(deals)
    days = deals.loc[dots.index, "until"]
    outside = days.dt.year.isin(without).to_numpy()
    for mask, face in ((~outside, style.colours["ink"]), (outside, style.colours["paper"])):
        ax.scatter(
            days[mask],
            dots[mask],
            s=16,
            facecolors=face,
            edgecolors=style.colours["ink"],
            linewidths=0.8,
            zorder=4,
        )
    last = table[table["ratio"].notna()].iloc[-1]
    bold: Any = {"colour": "accent", "weight": "bold", "annotation_clip": False}
    place = last["date"], last["ratio"]
    base.beside(ax, style, words.ratio(last["ratio"]), place, (5, 0), **bold)


def _without_figures(ax: Axes, events: pd.DataFrame, without: list[int], style: Style) -> None:
    """Hatch the years without a level, named in them, and mark handovers without figures both ways.

    Neighbouring years are one stretch.
    """
    lacking = events[events["to_ukraine"].isna() | events["to_russia"].isna()]
    wide, high = base.room(ax)
    begin, end = ax.get_xlim()
    stretches = np.split(without, np.flatnonzero(np.diff(without) > 1) + 1) if without else []
    for years in stretches:
        days = pd.Timestamp(years[0], 1, 1), pd.Timestamp(years[-1] + 1, 1, 1)
        left, right = (np.clip(mpl.dates.date2num(d), begin, end) for d in days)
        grey: Any = {"facecolor": "none", "edgecolor": style.colours["line"], "linewidth": 0}
        ax.axvspan(left, right, hatch="\\\\\\", zorder=0.6, **grey)
        room = (right - left) / (end - begin) * wide - 0.15
        texts = "most handovers lack a figure", "few figures", ""
        text = base.fits(room, style.sizes["small"], *texts) if high > 1.2 else ""
        top: Any = {"xycoords": ax.get_xaxis_transform(), "va": "top", "zorder": 3}
        base.beside(ax, style, text, ((left + right) / 2, 0.84), (0, 0), "small", "text", **top)
    if len(lacking):
        ax.scatter(
            lacking["date"],
            np.full(len(lacking), 0.03),
            transform=ax.get_xaxis_transform(),
            s=20,
            marker=style.markers["not_reported"],
            color=style.colours["quiet"],
            linewidths=1.2,
            zorder=4,
            label=base.fits(
                wide - 0.4,
                style.sizes["small"],
                f"handovers without figures both ways ({len(lacking)})",
                f"without figures both ways ({len(lacking)})",
            ),
        )


def _marked_days(ax: Axes, days: Mapping[str, pd.Timestamp], style: Style) -> None:
    """Mark days by dotted lines named above the data, each name in a row where it meets no other.

    A name that finds no room in the upper third stands in the key with its day; on low axes such a
    day is left out.
    """
    wide, high = base.room(ax)
    wide *= 0.95  # ticks and the last figure will take the rest
    begin, end = ax.get_xlim()
    size, colour = style.sizes["small"], style.colours["accent"]
    row = size * 1.5 / 72
    rows: list[list[tuple[float, float]]] = []
    most = int(high / 3 / row) if high > LOW else 0
    dotted: Any = {"color": colour, "linewidth": 1, "linestyle": ":", "zorder": 1}
    for name, day in sorted(days.items(), key=lambda item: item[1]):
        at = (mpl.dates.date2num(day) - begin) / (end - begin) * wide
        long = base.long(name, size) + 0.1
        right = at + long <= wide
        span = (at, at + long) if right else (at - long, at)
        k = base.row_of(rows, span, most) if span[0] >= 0 else most
        if k == most:
            if high > LOW:
                texts = f"{name} ({words.date(day)})", name, words.date(day)
                ax.axvline(day, label=base.fits(wide - 0.4, size, *texts), **dotted)
            continue
        ax.axvline(day, **dotted)
        away = 4 if right else -4, -72 * row * (k + 1)
        across = "data", "axes fraction"
        base.beside(ax, style, name, (day, 1), away, "small", "accent", xycoords=across)
    if rows:
        low, top = ax.get_ylim()  # a log axis
        ax.set_ylim(low, low * (top / low) ** (1 / (1 - row * (len(rows) + 1) / (0.8 * high))))
