"""The rhythm of handovers: silences, days, months and rates. Unread months are hatched in every
chart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from repatria.analysis import cadence
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.charts.silences import gap_stems, rhythm, survival_curve
from repatria.charts.units import bare, nothing, shade, source, up
from repatria.record import frames
from repatria.record.names import KIND_WORDS, day

__all__ = [
    "calendar",
    "event_strip",
    "gap_stems",
    "regime_rates",
    "rhythm",
    "survival_curve",
    "weekdays",
]

HATCHES = {"unread": "////", "thin": "..."}

# Handovers in time.


def event_strip(*handovers: pd.DataFrame) -> Chart:
    """Draw every handover day as a tick and every deal of several days as a bar, a panel a kind.

    `handovers` as `cadence.handovers` returns, of each kind by day and, for the bars, by deal.
    Raises ValueError for a frame that has lost its coverage.

    >>> of = [rp.analysis.cadence.handovers(record, "bodies", unit) for unit in ("day", "deal")]
    >>> event_strip(*of).panels
    ('bodies',)

    See also: `calendar`, the same days counted by month.
    """
    for h in handovers:
        base.ground(h)
    found = {(h.attrs["kind"], h.attrs["unit"]): h for h in handovers}
    days = {kind: h for (kind, unit), h in found.items() if unit == "day"}
    deals = {kind: found.get((kind, "deal"), h.iloc[:0]) for kind, h in days.items()}
    kinds = tuple(days)
    if all(h.empty for h in days.values()):
        said = "No handover of prisoners or bodies is on record in this window."
        return base.empty("event-strip", said)
    seen = [h for h in days.values() if len(h)]
    a = frames.dated(seen[0].attrs)
    window = min(h["start"].min() for h in seen), max(a["as_of"], *(h["end"].max() for h in seen))
    counts = []
    for k in kinds:
        counted = days[k][days[k]["counted"]]
        row = {"kind": k, "handovers": int(counted["events"].sum()), "days": len(counted)}
        counts.append(row | {"deals": int(deals[k]["counted"].sum())})
    first = frames.dated(days[kinds[0]].attrs)
    monthly = sum(int(h["monthly"].sum()) for h in days.values())
    numbers = {"counts": counts, "through": first["through"], "monthly": monthly}
    title, subtitle, alt = base.worded("cadence/event_strip", **numbers)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        for kind, ax in axes.items():
            _ticks(ax, days[kind], deals[kind], window, style)

    return Chart(
        "event-strip",
        title,
        paint,
        subtitle,
        source(first, sum(len(h) for h in days.values())),
        alt,
        panels=kinds,
        aspect={"page": 0.17 * len(kinds) + 0.05, "phone": 0.36 * len(kinds) + 0.08},
    )


def _ticks(
    ax: Axes,
    days: pd.DataFrame,
    deals: pd.DataFrame,
    window: tuple[pd.Timestamp, pd.Timestamp],
    style: Style,
) -> None:
    colour = style.colours
    how: dict[str, Any] = {"lineoffsets": 0.55, "linelengths": 0.8, "linewidths": 1.1}
    dated, monthly = days[~days["monthly"]], days[days["monthly"]]
    ax.eventplot([dated.loc[dated["counted"], "start"]], colors=colour["ink"], **how)
    ax.hlines(np.full(len(monthly), 0.55), monthly["earliest"], monthly["latest"], colour["ink"])
    late = dated.loc[~dated["counted"], "start"]
    if len(late):
        label = f"{len(late)} after the searched day, not counted"
        dashed: dict[str, Any] = {
            "colors": colour["accent"],
            "linestyles": [(0, (2, 1.5))],
            "label": label,
        }
        ax.eventplot([late], **how, **dashed)
    long = deals[deals["end"] > deals["start"]]
    ax.hlines(np.full(len(long), 0.06), long["start"], long["end"], color=colour["quiet"], lw=5)
    base.time_axis(ax, *window)
    shade(ax, days.attrs, *window, style, key=True)
    bare(ax)
    base.head(ax, style, KIND_WORDS[days.attrs["kind"]][1].capitalize())


# Weekdays.


def weekdays(*patterns: pd.DataFrame, tests: pd.DataFrame) -> Chart:
    """Draw the first days of deals by weekday beside an even spread, a panel a kind.

    `patterns` as `cadence.pattern` by weekday returns; `tests` as `cadence.error_budget`.

    >>> of = [rp.analysis.cadence.pattern(record, kind) for kind in ("prisoners", "bodies")]
    >>> weekdays(*of, tests=rp.analysis.cadence.error_budget(record)).panels
    ('prisoners', 'bodies')

    See also: `rhythm`, the lengths of the silences between them.
    """
    found = {p.attrs["kind"]: p for p in patterns if len(p)}
    if not found:
        return nothing("weekdays", "weekdays", patterns[0].attrs)
    budget = tests[tests["name"] == "weekday"].set_index("kind")
    told = []
    for kind, p in found.items():
        top = p.loc[p["deals"].idxmax()]
        row = {"kind": kind, "deals": int(p["deals"].sum()), "most": int(top["deals"])}
        row |= {"top": top["slot"], "empty": p.loc[p["deals"] == 0, "slot"].tolist()}
        told.append(row | {"holds": budget["holds"][kind], "p": budget["p_holm"][kind]})
    told.sort(key=lambda k: not k["holds"])
    a = frames.dated(next(iter(found.values())).attrs)
    title, subtitle, alt = base.worded("cadence/weekdays", told=told, through=a["through"])

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        for kind, ax in axes.items():
            _slots(ax, found[kind], style)

    beside = {"mosaic": [list(found)], "sharey": True}
    return Chart(
        "weekdays",
        title,
        paint,
        subtitle,
        source({**a, "unit": "deal"}, sum(k["deals"] for k in told)),
        alt,
        panels=tuple(found),
        aspect={"page": 0.4, "phone": 0.55 * len(found) + 0.1},
        layout={"page": beside, "phone": {"mosaic": [[k] for k in found]}},
    )


def _slots(ax: Axes, pattern: pd.DataFrame, style: Style) -> None:
    colour, size = style.colours, style.sizes["text"]
    at, deals, dense = np.arange(len(pattern)), pattern["deals"], pattern["dense"]
    edge: dict[str, Any] = {"width": 0.72, "edgecolor": colour["ink"], "linewidth": 0.8}
    ax.bar(at, dense, color=colour["ink"], label="dense", **edge)
    if (deals > dense).any():
        ax.bar(at, deals - dense, bottom=dense, color=colour["thin"], label="before", **edge)
    level = pattern["expected"]
    ax.plot(at, level, color=colour["accent"], lw=1.4, ls="--", label="even spread", zorder=4)
    roomy = base.room(ax)[1] > 0.9
    for x, n in zip(at, deals, strict=True) if roomy else ():
        base.beside(ax, style, f"{n}", (x, n), (0, 3), zorder=5)
    ax.set_ylim(0, max(deals.max(), level.max()) / (1 - min(0.8, up(ax, 1.5 * size + 3))))
    wide = base.room(ax)[0] / len(pattern)
    names = [base.fits(wide - 0.05, size, day[:3], day[:1]) for day in pattern["slot"]]
    if len(set(map(len, names))) > 1:
        names = [day[:1] for day in names]
    ax.set_xticks(at, names)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="x", visible=False)
    base.count_axis(ax)
    kind = pattern.attrs["kind"]
    base.head(ax, style, f"Deals of {kind} by first day", f"Deals of {kind}", kind.capitalize())


# Handover days by month.


def calendar(*months: pd.DataFrame) -> Chart:
    """Draw handover days per calendar month as heat maps, a panel a kind; unread months are
    hatched.

    `months` as `cadence.monthly` returns, one a kind, for any number of years.

    >>> months = [rp.analysis.cadence.monthly(record, kind) for kind in ("prisoners", "bodies")]
    >>> calendar(*months).panels
    ('prisoners', 'bodies')

    See also: `event_strip`, the same days one by one.
    """
    found = {m.attrs["kind"]: m for m in months}
    busy = {kind: int(m["days"].max()) for kind, m in found.items() if len(m)}
    if not any(busy.values()):
        said = "No handover of prisoners or bodies is on record in this window."
        return base.empty("calendar", said)
    top = max(3, *busy.values())
    peaks = []
    for kind, most in busy.items():
        if most:
            tied = found[kind].loc[found[kind]["days"] == most, ["year", "month"]]
            firsts = pd.to_datetime(tied.assign(day=1)).tolist()
            peaks.append({"kind": kind, "days": most, "months": firsts})
    a = frames.dated(next(iter(found.values())).attrs)
    numbers = {"peaks": peaks, "panels": len(found), "as_of": a["as_of"]}
    title, subtitle, alt = base.worded("cadence/calendar", **numbers)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        for kind, ax in axes.items():
            _months(ax, found[kind], top, style)

    rows = sum(m["year"].nunique() for m in found.values())
    return Chart(
        "calendar",
        title,
        paint,
        subtitle,
        source(a, sum(int(m["days"].sum()) for m in found.values())),
        alt,
        panels=tuple(found),
        aspect={
            "page": 0.045 * rows + 0.08 * len(found) + 0.03,
            "phone": 0.075 * rows + 0.14 * len(found) + 0.05,
        },
    )


def _months(ax: Axes, months: pd.DataFrame, top: int, style: Style) -> None:
    years = months["year"].unique()
    first, last = int(years.min()), int(years.max())
    hidden = months["reading"].isin(["before", "after"])
    hidden |= (months["reading"] == "unread") & (months["days"] == 0)
    shown = months["days"].where(~hidden).to_numpy(float).reshape(-1, 12)
    ax.pcolormesh(
        np.arange(13) + 0.5,
        np.arange(first, last + 2) - 0.5,
        np.ma.masked_invalid(shown),
        cmap="Greys",
        vmin=0,
        vmax=top * 1.35,
        edgecolor=style.colours["paper"],
        linewidth=1.5,
    )
    high = base.room(ax)[1]
    row = high / len(years)  # inches
    size = min(style.sizes["text"], 72 * 0.75 * row)
    for m in months[~hidden].itertuples():
        dark = m.days > 0.55 * top
        colour = style.colours["paper" if dark else "ink"]
        how: dict[str, Any] = {"ha": "center", "va": "center", "size": size, "color": colour}
        ax.text(m.month, m.year, f"{m.days}", **how).set_in_layout(False)  # inside its cell
    # Cells of one hatch are one path: Agg draws the hatch anew for each.
    hatches, dark = months["reading"].map(HATCHES).astype("object"), months["days"] > 0.25 * top
    for (hatch, on_dark), alike in months.groupby([hatches, dark]):
        corners = base.corners(alike["year"], alike["month"] - 0.47, alike["month"] + 0.47, 0.9)
        cells = Path.make_compound_path_from_polys(corners)
        edge = style.colours["paper" if on_dark else "line"]
        look: dict[str, Any] = {"hatch": hatch, "edgecolor": edge, "linewidth": 0}
        ax.add_patch(PathPatch(cells, fill=False, in_layout=False, **look))
    ax.set_xlim(0.5, 12.5)
    ax.set_ylim(last + 0.5, first - 0.5)
    ax.set_xticks(range(1, 13), list("JFMAMJJASOND"))
    step = max(1, int(np.ceil(style.sizes["text"] * 1.15 / 72 / row)))
    ax.set_yticks(range(first, last + 1, step))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    base.head(ax, style, KIND_WORDS[months.attrs["kind"]][1].capitalize())


# The rate and its regimes.


def regime_rates(regimes: cadence.Regimes) -> Chart:
    """Draw the rate of each regime with its interval over the moving rate, with landmarks as
    labels.

    `regimes` as `cadence.regimes` returns: deals of dense reading.

    >>> found = rp.analysis.cadence.regimes(record, "bodies")
    >>> regime_rates(found).name
    'regime-rates-bodies'
    """
    rates, a = regimes.rates, regimes.rates.attrs
    base.ground(rates)
    name = f"regime-rates-{a['kind']}"
    if rates.empty or a["units"] < 5:
        return nothing("regime_rates", name, a)
    moving = regimes.moving
    peak = max(moving.max() if moving.notna().any() else 0, rates["per_30_days"].max())
    most = rates["poisson_high"].max()
    top = max(peak, min(most, peak * 1.25))
    title, subtitle, alt = base.worded(
        "cadence/regime_rates",
        kind=a["kind"],
        first=rates["first"].iloc[0],
        through=a["through"],
        rates=rates["per_30_days"].tolist(),
        cut=most if most > top * 1.38 else None,
    )

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        _rates(axes["main"], regimes, top, style)

    aspect = {"page": 0.52, "phone": 0.95}
    return Chart(name, title, paint, subtitle, source(a, a["units"]), alt, aspect=aspect)


def _rates(ax: Axes, regimes: cadence.Regimes, top: float, style: Style) -> None:
    rates, colour = regimes.rates, style.colours
    a, h = frames.dated(rates.attrs), regimes.handovers
    begin, until = rates["first"].iloc[0], max(a["as_of"], a["through"])
    base.time_axis(ax, begin, until)
    ax.plot(regimes.moving.index, regimes.moving, color=colour["line"], linewidth=1)
    wide = base.room(ax)[0]
    for r in rates.itertuples():
        end = r.last + pd.Timedelta(days=1)
        band: dict[str, Any] = {"color": colour["accent"], "alpha": 0.18, "linewidth": 0}
        ax.fill_between([r.first, end], r.poisson_low, r.poisson_high, **band)
        ax.hlines(r.per_30_days, r.first, end, color=colour["accent"], linewidth=2.4)
        inches = wide * ((end - r.first) / (until - begin)) - 0.1
        number = f"{r.per_30_days:.1f}"
        texts = f"{number} per 30 days", number
        text = base.fits(inches, style.sizes["head"], *texts, weight="bold")
        place, bold = (
            (r.first + (end - r.first) / 2, r.per_30_days),
            {"weight": "bold", "zorder": 6},
        )
        base.beside(ax, style, text, place, (0, 4), "head", "accent", **bold)
    rows = _landmarks(ax, regimes.landmarks, (begin, until), style)
    height = top * 1.15 / (1 - min(0.6, up(ax, 1.7 * style.sizes["small"] * (rows + 1) + 4)))
    ticks = h.loc[h["counted"], "start"]
    foot: dict[str, Any] = {"lineoffsets": height * 0.015, "linelengths": height * 0.03}
    ax.eventplot([ticks], colors=colour["ink"], linewidths=0.8, **foot)
    ax.set_ylim(0, height)
    ax.set_ylabel("per 30 days")
    shade(ax, a, begin, until, style, at=0.06)
    base.head(ax, style)


def _landmarks(
    ax: Axes,
    landmarks: pd.DataFrame,
    window: tuple[pd.Timestamp, pd.Timestamp],
    style: Style,
) -> int:
    """Name landmarks along the top, each in the first row where it meets none; return the rows."""
    begin, until = window
    wide, size = base.room(ax)[0], style.sizes["small"]
    rows: list[list[tuple[float, float]]] = []
    for mark in landmarks.itertuples():
        ax.axvline(mark.day, color=style.colours["ink"], linewidth=0.9, linestyle=":", zorder=1)
        at = wide * ((mark.day - begin) / (until - begin))
        texts = [f"{mark.place} {mark.day.year}"]
        if not mark.place:
            texts = [f"{mark.days} days without, from {day(mark.day)}", f"{mark.days} days without"]
        text = base.fits(max(at, wide - at) - 0.15, size, *texts)
        length = base.long(text, size) + 0.12
        right = at + length < wide
        span = (at, at + length) if right else (at - length, at)
        row = base.row_of(rows, span)
        away = 3 if right else -3, -2 - 1.7 * size * (row + 1)  # the first row names the ground
        across = "data", "axes fraction"
        base.beside(ax, style, text, (mark.day, 1), away, "small", xycoords=across)
    return len(rows)
