"""What the record holds: events by year, absences, delays, differing claims, residuals of totals, coverage."""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from repatria.analysis import holdings as held
from repatria.charts import base
from repatria.charts.base import COLOUR, Chart
from repatria.display import words
from repatria.display.words import number
from repatria.record import names
from repatria.record.schema import KINDS

# A claimant's group has the colour and the mark of what its side receives.
GROUP = {
    "ukraine": (COLOUR["to_ukraine"], "o", "Ukrainian side"),
    "russia": (COLOUR["to_russia"], "s", "Russian side"),
    "mediator": (COLOUR["accent"], "^", "mediators"),
    "third": (COLOUR["quiet"], "D", "press, third parties"),
}
_SIZES = {"both": ("size known both ways", "#3B3B3B", ""), "one": ("one way only", "#A9A9A9", ""),
          "none": ("no size", "white", "////")}  # fmt: skip
_KINDS = {"bodies": "Bodies", "prisoners": "Prisoners", "civilians": "Civilians"}


def _key(fig: Chart, handles: list[Any], labels: list[str], titled: bool = True) -> None:
    """Set a one-line key between the subtitle and the panels. Call it last: it lowers the top of panels with titles."""
    height = fig.get_size_inches()[1]
    top = fig.subplotpars.top
    fig.subplots_adjust(top=top - (0.24 if titled else 0.02) / height)
    fig.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.012, top + 0.24 / height),
        ncols=len(labels),
        fontsize=9.5,
        handletextpad=0.4,
        columnspacing=1.4,
        borderpad=0,
        borderaxespad=0,
    )


def _marks(sides: list[str]) -> list[Line2D]:
    return [Line2D([], [], linestyle="", marker=GROUP[s][1], color=GROUP[s][0], markersize=6.5) for s in sides]


def events_by_year(years: pd.DataFrame) -> Chart:
    """Draw handovers by kind and year, split by how many directions have a size. `years` as `holdings.years` gives it."""
    if years.empty:
        return base.empty("No handover is on record in this window.")
    kinds = [k for k in KINDS if (years["kind"] == k).any()]
    all_years = range(int(years["year"].min()), int(years["year"].max()) + 1)
    top = int(years["events"].max())
    total = years.groupby("kind")["events"].sum()
    with mpl.rc_context(base.STYLE):
        fig = base.figure(3.7)
        axes = np.atleast_1d(fig.subplots(1, len(kinds), sharey=True))
        for ax, kind in zip(axes, kinds, strict=True):
            rows = years[years["kind"] == kind].set_index("year").reindex(all_years)
            bottom = np.zeros(len(rows))
            for column, (_, colour, hatch) in _SIZES.items():
                height = rows[column].fillna(0).to_numpy(dtype=float)
                ax.bar(list(all_years), height, bottom=bottom, color=colour, hatch=hatch, edgecolor="#3B3B3B",
                       linewidth=0.6, width=0.72)  # fmt: skip
                bottom += height
            for year, height in zip(all_years, bottom, strict=True):
                if height:
                    ax.text(year, height + top * 0.015, number(height), ha="center", va="bottom", fontsize=9.5)
            ax.set_title(f"{_KINDS[kind]}: {number(total[kind])}", fontweight="bold")
            ax.set_ylim(0, top * 1.12)
            ax.set_xticks(list(all_years), [f"{y}" for y in all_years])
            ax.yaxis.set_major_locator(mpl.ticker.MaxNLocator(4, integer=True))
            ax.grid(axis="x", visible=False)
        known = int(years["both"].sum())
        events = int(years["events"].sum())
        when = f"{all_years[0]}" if len(all_years) == 1 else f"{all_years[0]} to {all_years[-1]}"
        title = f"{words.plural(events, 'handover')} on record, {when}; {known} with a size both ways"
        alt = (
            f"Stacked columns by year. {title}. "
            + "; ".join(f"{_KINDS[k].lower()} {number(total[k])}" for k in kinds)
            + "."
        )
        disputed = int(years["disputed"].sum())
        counted = f" Disputed handovers ({disputed}) are counted here." if disputed else ""
        base.frame(fig, title, "Handovers a year, by what is known of their size. A year that was read thinly or in part "
                   f"may have fewer on record than there were.{counted}", base.source_line(words.plural(events, "handover"), years.attrs), alt)  # fmt: skip
        fig.subplots_adjust(wspace=0.08)
        handles = [
            mpl.patches.Patch(facecolor=c, hatch=h, edgecolor="#3B3B3B", linewidth=0.6) for _, c, h in _SIZES.values()
        ]
        _key(fig, handles, [n for n, _, _ in _SIZES.values()])
    return fig


_HOW = {"count": "a size", "zero": "none", "withheld": "size withheld", "not_reported": "not reported",
        "not_applicable": "not applicable"}  # fmt: skip


def absences(unknown: pd.DataFrame) -> Chart:
    """Draw the typed absence matrix by kind, direction and year. `unknown` as `holdings.unknown` gives it."""
    if unknown.empty:
        return base.empty("No handover is on record in this window.")
    kinds = [k for k in KINDS if (unknown["kind"] == k).any()]
    years = list(range(int(unknown["year"].min()), int(unknown["year"].max()) + 1))
    sums = unknown.groupby(["kind", "direction"])[["events", *_HOW]].sum()
    sums["missing"] = sums["withheld"] + sums["not_reported"]
    with mpl.rc_context({**base.STYLE, "axes.grid": False}):
        fig = base.figure(1.75 + 1.55 * len(kinds))
        axes = fig.subplots(len(kinds), 2, sharex=True, sharey=True, squeeze=False)
        for row, kind in zip(axes, kinds, strict=True):
            for ax, (direction, side) in zip(row, names.SIDES.items(), strict=True):
                cells = unknown[(unknown["kind"] == kind) & (unknown["direction"] == direction)].set_index("year")
                cells = cells.reindex(years)[list(_HOW)].T
                share = cells / cells.sum()
                text = cells.map(lambda v: "" if pd.isna(v) else "·" if v == 0 else f"{v:.0f}").to_numpy()
                sns.heatmap(share, ax=ax, annot=text, fmt="", cmap="Greys", vmin=0, vmax=1.25, cbar=False,
                            linewidths=1.5, linecolor="white", annot_kws={"fontsize": 9.5})  # fmt: skip
                lost = sums.loc[(kind, direction)]
                ax.set_title(
                    f"{_KINDS[kind]} {side}: {int(lost['missing'])} of {int(lost['events'])} without",
                    color=COLOUR[direction],
                    fontweight="bold",
                    fontsize=8.7,
                )
                ax.set_yticklabels(list(_HOW.values()), rotation=0)
                ax.set_xticklabels([str(y) for y in years], rotation=0)
                ax.tick_params(length=0)
                ax.set(xlabel="", ylabel="")
        missing = sums["missing"].groupby("direction").sum()
        events = int(sums["events"].sum() // 2)
        title = (f"Of {words.plural(events, 'handover')}, {int(missing['to_ukraine'])} are without a size to Ukraine "
                 f"and {int(missing['to_russia'])} without one to Russia")  # fmt: skip
        base.frame(fig, title, "Handovers a year, by what the record has for each direction; grey: share of the year. A size "
                   "that is missing is unknown, not zero: none means that somebody says none.",
                   base.source_line(words.plural(events, "handover"), unknown.attrs),
                   f"Grids of numbers, kind and direction by year. {title}.")  # fmt: skip
        fig.subplots_adjust(left=0.155, wspace=0.06, hspace=0.36)
    return fig


def speaking(soon: pd.DataFrame) -> Chart:
    """Draw how soon each side speaks of a handover. `soon` as `holdings.speaking` gives it."""
    if soon.empty:
        return base.empty("No handover dated to the day is on record in this window.")
    classes = list(held.DELAYS)
    with mpl.rc_context({**base.STYLE, "axes.grid": False}):
        fig = base.figure(1.95 + 0.42 * len(soon))
        ax = fig.subplots()
        cells = soon[classes]
        text = cells.map(lambda v: "·" if v == 0 else f"{v}").to_numpy()
        sns.heatmap(cells.div(soon["events"], axis=0), ax=ax, annot=text, fmt="", cmap="Greys", vmin=0, vmax=1.2,
                    cbar=False, linewidths=1.5, linecolor="white", annot_kws={"fontsize": 10.5})  # fmt: skip
        ax.axvline(len(classes) - 2, color=COLOUR["ink"], linewidth=1.2)
        who = [f"{_KINDS[k]}: {GROUP[s][2]}" for k, s in zip(soon["kind"], soon["side"], strict=True)]
        ax.set_yticklabels(who, rotation=0)
        for label, side in zip(ax.get_yticklabels(), soon["side"], strict=True):
            label.set_color(GROUP[side][0])
        ax.xaxis.tick_top()
        ax.set_xticklabels([textwrap.fill(c, 9) for c in classes], rotation=0)
        ax.tick_params(length=0)
        ax.set(xlabel="", ylabel="")
        told = soon.groupby("side")[["events", "same day", "no statement"]].sum()
        parts = [f"the {GROUP[s][2]} on {told.loc[s, 'same day']}" for s in ("ukraine", "russia")]
        total = words.plural(int(told["events"].max()), "handover")
        title = f"Pages of the same day carry a statement by {' and by '.join(parts)} of {total}"
        base.frame(fig, title, "Handovers dated to the day, by days until the side's first dated page read. A late page may be late "
                   "reading; undated pages cannot be placed; no statement: none was read.",
                   base.source_line("all dated pages read", soon.attrs),
                   f"Grid of numbers, side by delay. {title}. No statement was read of the Russian side for "
                   f"{words.plural(int(told.loc['russia', 'no statement']), 'handover')}, of the Ukrainian side for "
                   f"{told.loc['ukraine', 'no statement']}.")  # fmt: skip
        fig.subplots_adjust(left=0.26, top=fig.subplotpars.top - 0.18 / fig.get_size_inches()[1])
    return fig


def claim_differences(differing: pd.DataFrame, newest: int = 30) -> Chart:
    """Draw published counts as differences from the reference claim, one row per handover and direction.

    `differing` as `holdings.differences` gives it; the `newest` rows are drawn, and the title counts them all.
    Claims that agree with the reference are one ring at zero, their number is written beside.
    """
    if differing.empty:
        return base.empty("No two published counts of one handover differ in this window.")
    keys = differing[["date", "event_id", "direction"]].drop_duplicates().sort_values(["date", "event_id", "direction"])
    total = len(keys)
    keys = keys.iloc[::-1].head(newest).reset_index(drop=True)
    with mpl.rc_context(base.STYLE):
        fig = base.figure(1.75 + 0.285 * len(keys))
        ax = fig.subplots()
        beside = ax.get_yaxis_transform()
        seen: set[str] = set()
        limit = float(differing["difference"].abs().max()) * 1.08
        for y, key in keys.iterrows():
            rows = differing[(differing["event_id"] == key["event_id"]) & (differing["direction"] == key["direction"])]
            apart, agreeing = rows[~rows["reached"]], rows[rows["reached"]]
            low, high = (int(v) for v in apart["difference"].agg(["min", "max"]))
            ax.hlines(y, min(0, low), max(0, high), color="#C4C4C4", linewidth=5, zorder=1)
            ax.scatter(0, y, s=74, facecolor="none", edgecolor=COLOUR["ink"], linewidth=1.3, zorder=6)
            # Groups that say the same are drawn side by side in height, so that no mark hides another.
            for _, same in apart.drop_duplicates(["side", "difference", "qualifier"]).groupby("difference"):
                for i, (_, claim) in enumerate(same.iterrows()):
                    _claim(ax, claim, y + (i - (len(same) - 1) / 2) * 0.34)
                    seen.add(claim["side"])
            listed = ", ".join(number(v) for v in sorted(set(apart["value"])))
            told = f"{number(rows['reference'].iloc[0])} ({len(agreeing)}) | {listed}"
            ax.text(1.015, y, told, transform=beside, va="center", fontsize=9)
        ax.text(1.015, -1.0, "reference (n) | others", transform=beside, va="center", fontsize=8.5, color="#444444")
        names = [f"{k['event_id']} {names.SIDES[k['direction']]}" for _, k in keys.iterrows()]
        ax.set_yticks(range(len(keys)), names, fontsize=9)
        for label, direction in zip(ax.get_yticklabels(), keys["direction"], strict=True):
            label.set_color(COLOUR[direction])
        ax.set_ylim(len(keys) - 0.4, -1.5)
        ax.set_xlim(-limit, limit)
        ax.axvline(0, color="#999999", linewidth=0.8, zorder=0)
        ax.xaxis.set_major_formatter(
            mpl.ticker.FuncFormatter(lambda v, _: f"{v:+,.0f}".replace("-", "\u2212") if v else "0")
        )
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        apart = differing[~differing["reached"]]
        largest = apart.loc[apart["difference"].abs().idxmax()]
        shown = "" if total == len(keys) else f" (the newest {len(keys)} drawn)"
        title = (f"Published counts differ in {words.plural(total, 'case')}{shown}; the widest gap is "
                 f"{words.plural(abs(int(largest['difference'])), 'person')}, on {names.day(largest['date'])}")  # fmt: skip
        base.frame(fig, title, "Case: one handover, one direction. Persons above or below the reference claim. Grey bar: "
                   "range of published claims. Ring: the reference and n claims that agree with it.", base.source_line(f"{len(differing)} claims", differing.attrs),
                   f"Dot plot, one row a handover and direction. {title}.")  # fmt: skip
        fig.subplots_adjust(left=0.318, right=0.79)
        sides = [s for s in GROUP if s in seen]
        _key(fig, _marks(sides), [GROUP[s][2] for s in sides], titled=False)
    return fig


def _claim(ax: Axes, claim: pd.Series, y: float) -> None:
    """Draw one claim: the group's colour and mark; right and left triangles for open wording, hollow for about."""
    colour, marker, _ = GROUP[claim["side"]]
    marker = {"at_least": ">", "more_than": ">", "up_to": "<"}.get(claim["qualifier"], marker)
    face = "white" if claim["qualifier"] == "about" else colour
    ax.scatter(claim["difference"], y, s=40, marker=marker, facecolor=face, edgecolor=colour, linewidth=1.3, zorder=5)




def coverage(stretches: pd.DataFrame, until: pd.Timestamp) -> Chart:
    """Draw how far each kind and side was read: dense, thin or unread. `stretches` as `Record.coverage` gives it."""
    if stretches.empty:
        return base.empty("Nothing is marked as read in this view.")
    rows = [
        (k, s)
        for k in KINDS
        for s in ("ukraine", "russia")
        if ((stretches["kind"] == k) & (stretches["side"] == s)).any()
    ]
    since = stretches["read_from"].min()
    until = max(until, stretches["read_through"].max())
    look = {"dense": ("#5A5A5A", ""), "thin": ("#CFCFCF", ""), "unread": ("white", "////")}
    with mpl.rc_context(base.STYLE):
        fig = base.figure(1.75 + 0.36 * len(rows))
        ax = fig.subplots()
        for y, (kind, side) in enumerate(rows):
            colour, hatch = look["unread"]
            ax.barh(
                y, until - since, left=since, height=0.62, color=colour, hatch=hatch, edgecolor="#BDBDBD", linewidth=0
            )
            for _, stretch in stretches[(stretches["kind"] == kind) & (stretches["side"] == side)].iterrows():
                days = stretch["read_through"] - stretch["read_from"] + pd.Timedelta(days=1)
                colour, hatch = look[str(stretch["density"])]
                ax.barh(y, days, left=stretch["read_from"], height=0.62, color=colour, edgecolor="white", linewidth=0.6)
        ax.set_yticks(range(len(rows)), [f"{_KINDS[k]}: {GROUP[s][2]}" for k, s in rows])
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", visible=False)
        base.time_axis(ax, since, until)
        dense = stretches[(stretches["density"] == "dense").to_numpy()]
        ends = dense.groupby(["kind", "side"], observed=True)["read_through"].max()
        if dense.empty:
            title = f"Nothing has been densely read yet, by {names.day(until)}"
        else:
            kinds = " and ".join(k for k in KINDS if (dense["kind"] == k).any())
            rest = f"; later days to {names.day(until)} are not" if until > ends.min() else ""
            title = f"Densely read for {kinds} through {names.day(ends.min())}{rest}"
        base.frame(fig, title, "Days through which each side's statements were searched. Silence counts only where the reading "
                   "is dense.", f"Source: Repatria record, coverage. As of {until:%Y-%m-%d}.",
                   f"Bars over time by kind and side. {title}.")  # fmt: skip
        fig.subplots_adjust(left=0.25)
        handles = [
            mpl.patches.Patch(facecolor=c, hatch=h, edgecolor="#BDBDBD", linewidth=0.5) for c, h in look.values()
        ]
        _key(fig, handles, ["densely read", "thinly read", "unread"], titled=False)
    return fig
