"""What the record holds: handovers by year, absences, delays, claims that differ, reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from repatria.analysis import holdings as held
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.charts.panels import (
    GROUPS,
    KIND_NAMES,
    grid,
    heading,
    marker,
    name_rows,
    name_sides,
    unkeyed,
    year_axis,
    year_ground,
)
from repatria.display.holdings import DELAY_WORDS
from repatria.display.words import ABSENCE_WORDS, number, plural
from repatria.record import names
from repatria.record.schema import KINDS, SIDES

__all__ = ["absences", "claim_differences", "coverage", "events_by_year", "speaking"]

_NOTHING = "No handover is on record in this window."


def _years(frame: pd.DataFrame) -> list[int]:
    return list(range(int(frame["year"].min()), int(frame["year"].max()) + 1))


def _kinds(frame: pd.DataFrame) -> list[str]:
    return [k for k in KINDS if (frame["kind"] == k).any()]


# --- by year --------------------------------------------------------------------------------------

_SIZES = {
    "both": ("size known both ways", "#3B3B3B", ""),
    "one": ("one way only", "#A9A9A9", ""),
    "none": ("no size", "white", "////"),
}


def events_by_year(years: pd.DataFrame) -> Chart:
    """Draw handovers by kind and year, split by how many directions have a size.

    `years` as `holdings.years` gives it. Days of thin or no reading are shaded behind the columns.
    Raises ValueError for a frame that has lost its coverage.

    >>> chart = events_by_year(rp.analysis.holdings.years(record.events("bodies")))
    >>> chart.panels
    ('bodies',)

    See also: `absences`.
    """
    base.ground(years)
    if years.empty:
        return base.empty("events-by-year", _NOTHING)
    kinds, known = _kinds(years), _years(years)
    totals = years.groupby("kind")["events"].sum().to_dict()

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        # Room above the highest column for its number.
        line = style.sizes["text"] * 1.7 / 72
        lowest = min(base.room(ax)[1] for ax in axes.values())
        top = int(years["events"].max()) / max(0.5, 1 - line / lowest)
        for kind, ax in axes.items():
            rows = years[years["kind"] == kind].set_index("year").reindex(known)
            _columns(ax, rows, style)
            ax.set_ylim(0, top)
            year_axis(ax, known, style)
            base.count_axis(ax)
            year_ground(ax, years, kind, known, style)
            if kind != kinds[0]:
                unkeyed(ax)
            heading(ax, style, f"{KIND_NAMES[kind]}: {number(totals[kind])}")

    events = int(years["events"].sum())
    title, subtitle, alt = base.worded(
        "holdings/years",
        events=events,
        since=known[0],
        until=known[-1],
        both=int(years["both"].sum()),
        disputed=int(years["disputed"].sum()),
        totals={k: totals[k] for k in kinds},
    )
    return Chart(
        "events-by-year",
        title,
        paint,
        subtitle,
        base.source_line(plural(events, "handover"), years.attrs),
        alt,
        panels=tuple(kinds),
        aspect={"page": 0.1 + 0.2 * len(kinds), "phone": 0.2 + 0.38 * len(kinds)},
    )


def _columns(ax: Axes, rows: pd.DataFrame, style: Style) -> None:
    """Draw stacked columns with their sum above them, where a column is wide enough for it."""
    bottom = np.zeros(len(rows))
    places = np.arange(len(rows)) + 0.5
    for column, (label, colour, hatch) in _SIZES.items():
        height = rows[column].fillna(0).to_numpy(dtype=float)
        ax.bar(
            places,
            height,
            bottom=bottom,
            width=0.72,
            color=colour,
            hatch=hatch,
            edgecolor="#3B3B3B",
            linewidth=0.6,
            label=label,
        )
        bottom += height
    size = style.sizes["text"]
    wide = base.room(ax)[0] / len(rows)
    for place, height in zip(places, bottom, strict=True):
        if height and base.long(number(height), size) < wide:
            base.beside(ax, style, number(height), (place, height), (0, 2))


# --- grids of numbers -----------------------------------------------------------------------------


def absences(unknown: pd.DataFrame) -> Chart:
    """Draw the typed absence matrix by kind, direction and year; below each, how it was read.

    `unknown` as `holdings.unknown` gives it. Raises ValueError for a frame that has lost its
    coverage.

    >>> chart = absences(rp.analysis.holdings.unknown(record.events("bodies")))
    >>> chart.panels
    ('bodies_to_ukraine', 'bodies_to_russia')

    See also: `events_by_year`.
    """
    base.ground(unknown)
    if unknown.empty:
        return base.empty("absences", _NOTHING)
    kinds, years = _kinds(unknown), _years(unknown)
    how = {"count": "a size", **ABSENCE_WORDS}
    sums = unknown.groupby(["kind", "direction"])[["events", *how]].sum()
    sums["missing"] = sums["withheld"] + sums["not_reported"]
    panels = {f"{k}_{d}": (k, d) for k in kinds for d in names.SIDES}
    by = unknown.set_index(["kind", "direction", "year"])[list(how)]
    counts = {name: by.loc[of].reindex(years).T for name, of in panels.items()}

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        smaller = replace(style, sizes={**style.sizes, "head": style.sizes["text"]})
        for name, (kind, direction) in panels.items():
            ax = axes[name]
            grid(ax, counts[name], counts[name].sum(), style, style.sizes["text"])
            part = 0.55 / (len(how) + 0.55)  # a strip under the grid
            ax.set_ylim(len(how) + 0.55, 0)
            year_axis(ax, years, style)
            year_ground(ax, unknown, kind, years, style, ymin=0, ymax=part * 0.8)
            if name != next(iter(panels)):
                unkeyed(ax)
            name_rows(ax, list(how.values()), style)
            _outer(ax)
            lost = sums.loc[(kind, direction)]
            text = f"{KIND_NAMES[kind]} {names.SIDES[direction]}"
            of = f"{text}: {int(lost['missing'])} of {int(lost['events'])}"
            heading(ax, smaller, of, colour=direction)

    missing = sums["missing"].groupby("direction").sum().astype(int).to_dict()
    events = int(sums["events"].sum() // 2)
    title, subtitle, alt = base.worded("holdings/absences", events=events, missing=missing)
    pairs = [[f"{k}_{d}" for d in names.SIDES] for k in kinds]
    return Chart(
        "absences",
        title,
        paint,
        subtitle,
        base.source_line(plural(events, "handover"), unknown.attrs),
        alt,
        panels=tuple(panels),
        aspect={"page": 0.06 + 0.24 * len(kinds), "phone": 0.08 + 0.9 * len(kinds)},
        layout={
            "page": {"mosaic": pairs, "sharex": True, "sharey": True},
            "phone": {"mosaic": [[name] for name in panels], "sharex": True},
        },
    )


def _outer(ax: Axes) -> None:
    """Leave the rows' names to the first of several panels side by side."""
    place = ax.get_subplotspec()
    if place is not None and not place.is_first_col():
        ax.tick_params(labelleft=False)


def speaking(soon: pd.DataFrame) -> Chart:
    """Draw how soon each side speaks of a handover. `soon` as `holdings.speaking` gives it.

    >>> speaking(rp.analysis.holdings.speaking(record)).panels
    ('main',)

    See also: `rp.analysis.holdings.delays`.
    """
    if soon.empty:
        return base.empty("speaking", "No handover dated to the day is on record in this window.")
    classes = list(held.DELAYS)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        size = style.sizes["text"]
        grid(ax, soon[classes], soon[["events"]], style, size)
        ax.axvline(len(classes) - 2, color=style.colours["ink"], linewidth=1.2)
        name_sides(ax, list(zip(soon["kind"], soon["side"], strict=True)), style)
        for label in ax.get_yticklabels():
            side = "russia" if "Russian" in label.get_text() else "ukraine"
            label.set_color(style.colours[GROUPS[side][0]])
        ax.xaxis.tick_top()
        wide = (base.room(ax)[0] - 0.25) / len(classes)
        told = [base.wrapped(DELAY_WORDS[c], wide, size) for c in classes]
        upright = any(base.long(w, size) > wide for t in told for w in t.split())
        ax.set_xticks(
            [i + 0.5 for i in range(len(classes))],
            [DELAY_WORDS[c] for c in classes] if upright else told,
            rotation=90 if upright else 0,
        )
        ax.tick_params(length=0)

    told = soon.groupby("side")[["events", "same_day", "none_read"]].sum().to_dict("index")
    title, subtitle, alt = base.worded("holdings/speaking", **told)
    return Chart(
        "speaking",
        title,
        paint,
        subtitle,
        base.source_line("all dated pages read", soon.attrs),
        alt,
        aspect={"page": 0.1 + 0.05 * len(soon), "phone": 0.35 + 0.13 * len(soon)},
    )


# --- claims that differ ---------------------------------------------------------------------------


def claim_differences(differing: pd.DataFrame, newest: int = 30) -> Chart:
    """Draw published counts as differences from the reference, a row a handover and direction.

    `differing` as `holdings.differences` gives it; the `newest` rows are drawn, as far as the axes'
    height has room, and the title counts them all. Claims that agree with the reference are one
    ring at zero, their number is written beside.

    >>> claim_differences(rp.analysis.holdings.differences(record), newest=5).name
    'claim-differences'

    See also: `rp.display.holdings.differences_table`.
    """
    if differing.empty:
        message = "No two published counts of one handover differ in this window."
        return base.empty("claim-differences", message)
    key = ["date", "event_id", "direction"]
    keys = differing[key].drop_duplicates().sort_values(key)
    total = len(keys)
    keys = keys.iloc[::-1].head(newest)
    of = dict(iter(differing.groupby(["event_id", "direction"], observed=True)))
    cases = [_case(of[k.event_id, k.direction]) for k in keys.itertuples()]
    limit = float(differing["difference"].abs().max()) * 1.08

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        _differences(axes["main"], cases, limit, style)

    apart = differing[~differing["reached"]]
    largest = apart.loc[apart["difference"].abs().idxmax()]
    title, subtitle, alt = base.worded(
        "holdings/differences",
        cases=total,
        drawn=len(keys),
        widest=abs(int(largest["difference"])),
        day=largest["date"],
    )
    return Chart(
        "claim-differences",
        title,
        paint,
        subtitle,
        base.source_line(f"{len(differing)} claims", differing.attrs),
        alt,
        aspect={"page": 0.08 + 0.042 * len(keys), "phone": 0.2 + 0.125 * len(keys)},
    )


def _case(claims: pd.DataFrame) -> tuple[tuple[str, ...], str, str, list[Any]]:
    """Return a case's names, its figures, its direction, and the claims apart from the reference."""
    first = claims.iloc[0]
    apart = list(claims[~claims["reached"].to_numpy(dtype=bool)].itertuples())
    return _handover(first), _figures(claims), first["direction"], apart


def _differences(ax: Axes, cases: Sequence[Any], limit: float, style: Style) -> None:
    wide, high = base.room(ax)
    size = style.sizes["small"]
    above = wide < 4.4  # no room beside the marks: each row's words stand over them
    room = int((high - 0.25) / (size / 72 * (2.4 if above else 1.3)))
    cut = [f"the newest {room} of {len(cases)}"] if 0 < room < len(cases) else []
    cases = cases[: max(1, room)]
    seen = _draw_cases(ax, [apart for *_, apart in cases], 0.24 if above else 0.34, style)
    _label_cases(ax, cases, above, style)
    ax.set_ylim(len(cases) - 0.4, -0.8 if above else -1.5)
    ax.set_xlim(-limit, limit)
    ax.axvline(0, color=style.colours["frame"], linewidth=0.8, zorder=0)
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(max(2, int(wide / 1.1)), integer=True))
    ax.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: _signed(v)))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    for side in (s for s in SIDES if s in seen):
        colour, label = style.colours[GROUPS[side][0]], GROUPS[side][1]
        ax.scatter([], [], s=40, marker=marker(side, style), color=colour, label=label)
    names_take = 0 if above else max(base.long(called[0], size) for called, *_ in cases)
    heading(ax, style, *cut, less=names_take / 2)  # the other half has the axes' first margin


def _signed(value: float) -> str:
    return f"{value:+,.0f}".replace("-", "\N{MINUS SIGN}") if value else "0"


def _figures(claims: pd.DataFrame) -> str:
    """Return the figures of one case: the reference, how many say it, and the others."""
    reached = claims["reached"].to_numpy(dtype=bool)
    others = ", ".join(number(v) for v in sorted(set(claims.loc[~reached, "value"])))
    return f"{number(claims['reference'].iloc[0])} ({reached.sum()}) | {others}"


def _draw_cases(ax: Axes, cases: Sequence[list[Any]], spread: float, style: Style) -> set[str]:
    """Draw handovers and directions, each at its y: range, ring, claims apart. Returns their sides.

    Marks that look alike are one artist: hundreds of their own would take longer than the rest.
    """
    ends, sides = [], set()
    marks: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for y, apart in enumerate(cases):
        # Groups that say the same stand one over the other, so that no mark hides another.
        at: dict[int, dict[tuple[str, str], Any]] = {}
        for claim in apart:
            at.setdefault(claim.difference, {}).setdefault((claim.side, claim.qualifier), claim)
        ends.append((y, min(0, *at), max(0, *at)))
        sides |= {side for same in at.values() for side, _ in same}
        for x, same in at.items():
            for i, claim in enumerate(same.values()):
                place = x, y + (i - (len(same) - 1) / 2) * spread
                marks.setdefault(_claim(claim, style), []).append(place)
    ys, low, high = zip(*ends, strict=True)
    ax.hlines(ys, low, high, color="#C4C4C4", linewidth=5, zorder=1)
    ink = style.colours["ink"]
    ax.scatter([0] * len(ys), ys, 74, facecolor="none", edgecolor=ink, linewidth=1.3, zorder=6)
    for (shape, face, edge), places in marks.items():
        at_x, at_y = zip(*places, strict=True)
        edges: dict[str, Any] = {"marker": shape, "edgecolor": edge, "linewidth": 1.3}
        ax.scatter(at_x, at_y, 40, face, zorder=5, **edges)
    return sides


def _claim(claim: Any, style: Style) -> tuple[str, str, str]:
    """Return a claim's mark, face and edge: triangles for open wording, hollow for about."""
    colour = style.colours[GROUPS[claim.side][0]]
    open_ = {"at_least": ">", "more_than": ">", "up_to": "<"}
    face = style.colours["paper"] if claim.qualifier == "about" else colour
    return open_.get(claim.qualifier) or marker(claim.side, style), face, colour


def _handover(claim: pd.Series) -> tuple[str, ...]:
    """Return names of a handover and direction, the longest first."""
    date, way = claim["date"], names.SIDES[claim["direction"]]
    short, what = f"{date:%d %b %y}", f"{claim['kind']} {way}"
    return f"{names.day(date)}, {what}", f"{short}, {what}", f"{short}, {way}", way


def _label_cases(ax: Axes, cases: Sequence[Any], above: bool, style: Style) -> None:
    """Write each row's handover and figures: at its ends, or over its marks where room is short."""
    size = style.sizes["small"]
    beside = ax.get_yaxis_transform()
    if above:
        ax.set_yticks([])
        wide = base.room(ax)[0] * 1.15  # without names beside them the layout widens the axes
        for y, (called, figures, direction, _) in enumerate(cases):
            event = base.fits(wide - base.long(figures, size) - 0.1, size, *called[1:])
            colour = style.colours[direction]
            line: dict[str, Any] = dict(transform=beside, va="bottom", size=size)
            ax.text(0, y - 0.36, event, color=colour, bbox=style.plate, **line)
            ax.text(1, y - 0.36, figures, ha="right", bbox=style.plate, **line)
        return
    ax.set_yticks(range(len(cases)), [called[0] for called, *_ in cases], size=size)
    for label, (_, _, direction, _) in zip(ax.get_yticklabels(), cases, strict=True):
        label.set_color(style.colours[direction])
    ax.text(1.015, -1, "reference (n) | others", transform=beside, va="center", size=size)
    for y, (_, figures, *_) in enumerate(cases):
        ax.text(1.015, y, figures, transform=beside, va="center", size=size)


# --- reading --------------------------------------------------------------------------------------


def coverage(stretches: pd.DataFrame, until: pd.Timestamp) -> Chart:
    """Draw how far each kind and side was read: dense, thin or unread.

    `stretches` as `Record.coverage` gives it, `until` the last day to show.

    >>> coverage(record.coverage(), record.last_day).title.startswith("Densely read for")
    True
    """
    if stretches.empty:
        return base.empty("coverage", "Nothing is marked as read in this view.")
    of = set(zip(stretches["kind"].astype("str"), stretches["side"].astype("str"), strict=True))
    rows = [(k, s) for k in KINDS for s in ("ukraine", "russia") if (k, s) in of]
    since = stretches["read_from"].min()
    until = max(until, stretches["read_through"].max())

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        for y, (kind, side) in enumerate(rows):
            mine = (stretches["kind"] == kind) & (stretches["side"] == side)
            _read(ax, y, stretches[mine.to_numpy()], (since, until), style)
        name_sides(ax, rows, style)
        ax.set_ylim(len(rows), 0)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", visible=False)
        base.time_axis(ax, since, until)
        heading(ax, style, less=0.7)

    dense = stretches[(stretches["density"] == "dense").to_numpy()]
    ends = dense.groupby(["kind", "side"], observed=True)["read_through"].max()
    title, subtitle, alt = base.worded(
        "holdings/coverage",
        kinds_read=[k for k in KINDS if (dense["kind"] == k).any()],
        through=ends.min() if len(ends) else None,
        until=until,
    )
    return Chart(
        "coverage",
        title,
        paint,
        subtitle,
        base.source_line("coverage", {"as_of": until}),
        alt,
        aspect={"page": 0.1 + 0.05 * len(rows), "phone": 0.25 + 0.13 * len(rows)},
    )


_READ = {
    "dense": ("densely read", "#5A5A5A", ""),
    "thin": ("thinly read", "#CFCFCF", ""),
    "unread": ("unread", "white", "////"),
}


def _read(
    ax: Axes, y: int, stretches: pd.DataFrame, days: tuple[pd.Timestamp, pd.Timestamp], style: Style
) -> None:
    """Draw one row: the whole window as unread, and over it what was read."""
    parts = [("unread", days[0], days[1] - days[0])]
    for row in stretches.itertuples():
        length = row.read_through - row.read_from + pd.Timedelta(days=1)
        parts.append((str(row.density), row.read_from, length))
    known = set(ax.get_legend_handles_labels()[1])
    for density, start, length in parts:
        label, colour, hatch = _READ[density]
        ax.barh(
            y + 0.5,
            length,
            left=start,
            height=0.62,
            color=colour,
            hatch=hatch,
            edgecolor=style.colours["hatch"] if hatch else style.colours["paper"],
            linewidth=0 if hatch else 0.6,
            label="" if label in known else label,
        )
        known.add(label)
