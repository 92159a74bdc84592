"""Asymmetry: pairs per handover, the share over time, the lenses side by side.

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
from repatria.charts.composition import NO_EVENT, percent_axis, sizes
from repatria.display import words
from repatria.display.asymmetry import last_day, reading
from repatria.display.words import ABSENCE_WORDS, LENS_WORDS, percent, plural, say
from repatria.record import names

__all__ = ["lens_shares", "pairs", "share_over_time", "sizes"]

RATIOS = (1, 10, 40)  # reference lines, persons to Ukraine for one to Russia
OTHER = {"to_ukraine": "to_russia", "to_russia": "to_ukraine"}
SHAPES = "os^DvPX*"  # of the years in turn; their shades tell further years apart
TICKS = (1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)
LANE = 0.2  # inches that a lane of handovers without a count takes
MANY = 12  # years; of so many only the first and last stand in the key, the shades run between
LOW = 2  # inches: axes lower than this keep no row for names


def _result_source(table: pd.DataFrame) -> str:
    """Return the source line of results, from what the rows they came from carried."""
    a = table.attrs
    return base.source_line(plural(a["handovers"], "handover"), a, a["claimants"], words.GUARDRAIL)


# --- pairs ---------------------------------------------------------------------------------------


def pairs(events: pd.DataFrame) -> Chart:
    """Draw each handover as a dot, to Ukraine against to Russia, on square-root axes of persons.

    Reference lines at 1:1, 10:1 and 40:1; handovers with a zero, a size withheld or no report in a
    direction lie in grey strips beside the axes, a lane for each. `events` as `Record.events`
    returns it. Raises ValueError for a frame that has lost its coverage.

    >>> chart = pairs(record.events("bodies", since="2025-06-01", until="2025-06-30"))
    >>> chart.title
    'Bodies per handover through 16 June 2025: together 77.7 to 1, to Ukraine over to Russia'

    See also `repatria.analysis.asymmetry.share`.
    """
    base.ground(events)
    what = words.noun(events.attrs)
    if events.empty:
        return base.empty(f"pairs-{what}", NO_EVENT)
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
        axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
        axis.set_label_text(f"persons {names.SIDES[direction]}")
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
        ax.text(
            place[0],
            place[1],
            f"{ratio}:1",
            ha="center",
            va="center",
            size=style.sizes["small"],
            color=style.colours["text"],
            bbox=style.plate,
            zorder=2,
        )


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


# --- the share over time -------------------------------------------------------------------------


def share_over_time(rolling: pd.DataFrame, at: Mapping[str, pd.Timestamp] | None = None) -> Chart:
    """Draw the rolling share with its limits as a band and its interval of chance as whiskers.

    `rolling` as `repatria.analysis.asymmetry.rolling` returns it; `at` names days to mark, as
    `breaks` does. The band holds disagreement and absence, the whiskers chance: two different
    things, never one band. Raises ValueError for a frame that has lost its coverage.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> share_over_time(rp.analysis.asymmetry.rolling(events, 4)).panels
    ('main',)

    See also `lens_shares`.
    """
    base.ground(rolling)
    what, width = words.noun(rolling.attrs), rolling.attrs.get("width", 0)
    name = f"share-over-time-{what}"
    if rolling.empty:
        return base.empty(name, say("asymmetry/share_over_time_empty", width=width))
    since, until = rolling["until"].iloc[0], rolling["until"].iloc[-1]
    marked = {name: day for name, day in (at or {}).items() if since <= day <= until}

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        base.time_axis(ax, since, until)
        _share_line(ax, rolling, style)
        _marked_days(ax, marked, style)
        base.unread(ax, rolling, since, until, style, at=None)
        base.head(ax, style)

    first, last = rolling.iloc[0], rolling.iloc[-1]
    ends = {
        "first": {
            "share": first["share"],
            "day": last_day(first["until"], first["until_precision"]),
        },
        "last": {"share": last["share"], "day": last_day(last["until"], last["until_precision"])},
    }
    title = say("asymmetry/share_over_time_title", what=what, width=width, **ends)
    chance = last[["interval_low", "interval_high"]].tolist()
    interval = chance if pd.notna(chance[0]) else None
    return Chart(
        name,
        title,
        paint,
        say("asymmetry/share_over_time_subtitle", width=width),
        _result_source(rolling),
        say("asymmetry/share_over_time_alt", title=title, interval=interval),
        aspect={"page": 0.5, "phone": 0.95},
    )


def _share_line(ax: Axes, rolling: pd.DataFrame, style: Style) -> None:
    days, colour = rolling["until"], style.colours["to_russia"]
    size, half = style.sizes["small"], base.room(ax)[0] / 2 - 0.4
    limits = "limits: range of published claims and missing figures"
    interval = "95% interval of chance, handovers as units"
    ax.plot(
        days,
        rolling["share"],
        color=colour,
        linewidth=1.4,
        marker=style.markers["to_russia"],
        markersize=4,
        label="share to Russia",
    )
    ax.fill_between(
        days,
        rolling["bound_low"],
        rolling["bound_high"],
        color=colour,
        alpha=0.22,
        linewidth=0,
        label=base.fits(half, size, limits, "limits: claims and missing figures"),
    )
    chance = rolling[rolling["interval_low"].notna()]
    ax.vlines(
        chance["until"],
        chance["interval_low"],
        chance["interval_high"],
        color=style.colours["ink"],
        linewidth=0.9,
        label=base.fits(half, size, interval, "95% interval of chance"),
    )
    top = float(np.nanmax(rolling[["interval_high", "bound_high", "share"]].to_numpy("float64")))
    ax.set_ylim(0, top * 1.08)
    steps = mpl.ticker.MaxNLocator(max(2, min(5, int(base.room(ax)[1] / 0.35))))
    ax.set_yticks([t for t in steps.tick_values(0, top) if t <= top * 1.08])
    if top > 0.5:
        dashed: Any = {"linewidth": 1, "linestyle": (0, (4, 3)), "zorder": 1}
        ax.axhline(0.5, color=style.colours["line"], label="1:1", **dashed)
    percent_axis(ax.yaxis)
    last = rolling.iloc[-1]
    ax.annotate(
        percent(last["share"]),
        (last["until"], last["share"]),
        (6, 4),
        textcoords="offset points",
        size=style.sizes["text"],
        weight="bold",
        color=colour,
        annotation_clip=False,
    )


def _marked_days(ax: Axes, days: Mapping[str, pd.Timestamp], style: Style) -> None:
    """Mark days by dotted lines named above the data, each name in a row where it meets no other.

    A turn of the year is a tick of the axis already: its line needs no words. A name that finds no
    room in the upper third stands in the key with its day; on low axes such a day is left out.
    """
    wide, high = base.room(ax)
    wide *= 0.95  # ticks and the last figure will take the rest
    begin, end = ax.get_xlim()
    size, colour = style.sizes["small"], style.colours["accent"]
    row = size * 1.5 / 72
    rows: list[list[tuple[float, float]]] = [
        [] for _ in range(int(high / 3 / row) if high > LOW else 0)
    ]
    used = 0
    dotted: Any = {"color": colour, "linewidth": 1, "linestyle": ":", "zorder": 1}
    for name, day in sorted(days.items(), key=lambda item: item[1]):
        if (day.month, day.day) == (1, 1):
            ax.axvline(day, **dotted)
            continue
        at = (mpl.dates.date2num(day) - begin) / (end - begin) * wide
        long = base.long(name, size) + 0.1
        right = at + long <= wide
        span = (at, at + long) if right else (at - long, at)
        free = (k for k, r in enumerate(rows) if all(span[1] < a or span[0] > b for a, b in r))
        k = next(free, None) if span[0] >= 0 else None
        if k is None:
            if high > LOW:
                texts = f"{name} ({words.date(day)})", name, words.date(day)
                ax.axvline(day, label=base.fits(wide - 0.4, size, *texts), **dotted)
            continue
        ax.axvline(day, **dotted)
        rows[k].append(span)
        used = max(used, k + 1)
        ax.annotate(
            name,
            (day, 1),
            (4 if right else -4, -72 * row * (k + 1)),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="left" if right else "right",
            va="top",
            size=size,
            color=colour,
            bbox=style.plate,
        )
    if used:
        ax.set_ylim(0, ax.get_ylim()[1] / (1 - row * (used + 1) / (0.8 * high)))


# --- the lenses ----------------------------------------------------------------------------------


def lens_shares(table: pd.DataFrame) -> Chart:
    """Draw the share under each lens: a square, with limits as a bar and chance as a line.

    `table` as `repatria.analysis.asymmetry.lenses` returns it. Raises ValueError for a frame that
    has lost its coverage.

    >>> table = rp.analysis.asymmetry.lenses(record, "bodies", "2025-06-01", "2025-06-30")
    >>> lens_shares(table).title[-50:]
    '1.27% under each of the 3 lenses that have a share'

    See also `share_over_time`.
    """
    base.ground(table)
    what = words.noun(table.attrs)
    shown = table[table["share"].notna()]
    if shown.empty:
        message = "No lens has a handover with a figure in both directions in this window."
        return base.empty(f"lens-shares-{what}", message)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        ends = max(shown[["bound_high", "interval_high", "share"]].max().max(), 0.01)
        figures = base.long("00.00%", style.sizes["text"], "bold") / base.room(ax)[0]
        ax.set_xlim(0, min(1.0, ends) / max(1 - figures - 0.06, 0.3))
        ax.set_ylim(len(table) - 0.55, -0.65)
        for y, row in enumerate(table.to_dict("records")):
            _lens_row(ax, y, row, style)
        percent_axis(ax.xaxis, 0 if ends > 0.06 else 1)
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(max(2, int(base.room(ax)[0] / 0.8))))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)

    title = say(
        "asymmetry/lens_shares_title",
        what=what,
        through=last_day(table.attrs["through"], table.attrs["through_precision"]),
        with_share=len(shown),
        of=len(table),
        digits=asymmetry.agreed_digit(list(shown["share"]), most=2),
        share=shown["share"].iloc[0],
        lowest=shown["share"].min(),
        highest=shown["share"].max(),
    )
    return Chart(
        f"lens-shares-{what}",
        title,
        paint,
        say("asymmetry/lens_shares_subtitle"),
        _result_source(table),
        say("asymmetry/lens_shares_alt", title=title, rows=table.to_dict("records")),
        aspect={"page": 0.38, "phone": 0.8},
    )


def _lens_row(ax: Axes, y: int, row: Mapping[str, Any], style: Style) -> None:
    lens, wide = LENS_WORDS[row["lens"]], base.room(ax)[0]
    size = style.sizes["text" if wide > 4 else "small"]
    counts = f"{row['events_in']} in, {row['events_out']} out"
    handovers = f"{plural(row['events_in'], 'handover')} in, {row['events_out']} out"
    texts = f"{lens}: {handovers}", f"{lens}: {counts}", lens
    ends = ax.get_yaxis_transform()
    ax.text(
        0, y - 0.36, base.fits(wide * 1.15, size, *texts), transform=ends, size=size, va="center"
    )
    if pd.isna(row["share"]):
        text = base.fits(wide, size, "no handover with a figure in both directions", "no share")
        quiet: Any = {"color": style.colours["quiet"], "style": "italic"}
        ax.text(0, y, text, transform=ends, size=size, va="center", **quiet)
        return
    colour = style.colours["to_russia"]
    limits = row["bound_high"] - row["bound_low"]
    ax.barh(y, limits, left=row["bound_low"], height=0.26, color=colour, alpha=0.28)
    if pd.notna(row["interval_low"]):
        chance = [row["interval_low"], row["interval_high"]]
        ax.plot(chance, [y, y], color=style.colours["ink"], linewidth=1.3)
    ax.plot(
        row["share"],
        y,
        marker=style.markers["to_russia"],
        color=colour,
        markersize=7,
        markeredgecolor=style.colours["paper"],
    )
    bold: Any = {"ha": "right", "va": "center", "weight": "bold", "color": colour}
    ax.text(1, y, percent(row["share"], 2), transform=ends, size=size, **bold)


def __dir__() -> list[str]:
    return __all__
