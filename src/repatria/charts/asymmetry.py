"""Asymmetry: pairs per handover, the share over time, the lenses side by side, concentration and batch sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from repatria.analysis import asymmetry
from repatria.charts import base
from repatria.charts.base import COLOUR, MARKER, Chart
from repatria.display import words
from repatria.display.words import ABSENCE_WORDS, number, percent
from repatria.record import names

NO_EVENT = "No handover of this kind is on record in this window."
KEY = {"zero": "○", "withheld": "◇", "not_reported": "×", "not_applicable": "–"}
GUTTER = {"zero": "o", "withheld": "D", "not_reported": "x", "not_applicable": "_"}
RATIOS = (1, 10, 40)  # reference lines, persons to Ukraine for one to Russia


def _that(what: str) -> str:
    return "who" if what == "prisoners" else "that"


def _ended(events: pd.DataFrame) -> str:
    return names.event_day(events.iloc[-1])


def _root(ax: Axes, x: float | None, y: float | None) -> None:
    """Give axes a square-root scale from zero to the given ends, with round ticks."""
    ends = {"x": x, "y": y}
    for name, end in ends.items():
        if end is None:
            continue
        axis = getattr(ax, f"{name}axis")
        axis._set_axes_scale("function", functions=(lambda v: np.sqrt(np.clip(v, 0, None)), np.square))
        getattr(ax, f"set_{name}lim")(0, end)
        steps = [t for t in (1, 10, 50, 100, 200, 500, 1000, 2000, 5000) if t <= end]
        # Close to zero the root scale is crowded: keep ticks at least a tenth of the axis apart.
        kept: list[int] = []
        for t in reversed(steps):
            if not kept or np.sqrt(kept[-1]) - np.sqrt(t) > 0.09 * np.sqrt(end):
                kept.append(t)
        axis.set_major_locator(mpl.ticker.FixedLocator(sorted(kept)))
        axis.set_minor_locator(mpl.ticker.NullLocator())
        axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))


def _lanes(ax: Axes, names: list[str], along: Literal["x", "y"]) -> None:
    """Make axes a grey strip with one lane per absence."""
    across: Literal["x", "y"] = "y" if along == "x" else "x"
    ax.set_facecolor("#F4F4F4")
    ax.grid(visible=False)
    getattr(ax, f"set_{across}ticks")(range(len(names)), names, fontsize=8.5)
    ax.tick_params(axis=across, length=0)
    ends = (len(names) - 0.4, -0.6)
    getattr(ax, f"set_{across}lim")(*(ends if along == "x" else ends[::-1]))


def pairs(events: pd.DataFrame) -> Chart:
    """Draw each handover as a dot, persons to Ukraine against persons to Russia, on square-root axes.

    Reference lines at 1:1, 10:1 and 40:1; handovers with a zero, a size withheld or no report in a direction lie in
    gutters of their own beside the axes. `events` as `Record.events` returns it.
    """
    if events.empty:
        return base.empty(NO_EVENT)
    what = words.noun(events.attrs)
    s = asymmetry.share(events)
    counted = {d: (events[d].notna() & (events[d] != 0)).fillna(False).to_numpy(dtype=bool) for d in names.SIDES}
    other = {"to_ukraine": "to_russia", "to_russia": "to_ukraine"}
    absent = {d: events[f"{d}_absence"].astype("object").to_numpy() for d in names.SIDES}
    gutters = {
        d: {a: mask for a in ABSENCE_WORDS if (mask := (absent[d] == a) & counted[other[d]]).any()} for d in names.SIDES
    }
    drawn = sum(int(m.sum()) for lanes in gutters.values() for m in lanes.values()) + int(
        (counted["to_ukraine"] & counted["to_russia"]).sum())  # fmt: skip
    top = {d: 1.12 * max(1, int(events[d].max()) if events[d].notna().any() else 1) for d in names.SIDES}
    years = sorted(events["date"].dt.year.unique())
    shade = dict(zip(years, mpl.colormaps["viridis"](np.linspace(0.05, 0.92, len(years))), strict=True))
    shape = dict(zip(years, "os^DvPX*", strict=False))
    side, under = gutters["to_ukraine"], gutters["to_russia"]
    with mpl.rc_context(base.STYLE):
        fig = base.figure(6.0)
        grid = fig.subplots(2, 2, gridspec_kw={
            "width_ratios": [0.05 * len(side) + 0.001, 1], "height_ratios": [1, 0.085 * len(under) + 0.001],
            "wspace": 0.02, "hspace": 0.025,
        })  # fmt: skip
        (left, main), (corner, below) = grid
        corner.set_axis_off()
        _root(main, top["to_ukraine"], top["to_russia"])
        _root(below, top["to_ukraine"], None)
        _root(left, None, top["to_russia"])
        for r in RATIOS:
            end = min(top["to_ukraine"], r * top["to_russia"])
            main.plot([0, end], [0, end / r], color="#9A9A9A", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
            at = end * 0.62  # on a root axis a straight line through the origin stays straight
            main.annotate(f"{r}:1", (at, at / r), ha="center", va="center", fontsize=9, color="#555555", zorder=2,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
        for year in years:
            of = (events["date"].dt.year == year).to_numpy()
            rows = events[of & counted["to_ukraine"] & counted["to_russia"]]
            main.scatter(rows["to_ukraine"].astype("float64"), rows["to_russia"].astype("float64"), s=36, color=shade[year],
                         marker=shape[year], edgecolors=COLOUR["ink"], linewidths=0.4, zorder=4, label=str(year))  # fmt: skip
            for ax, lanes, along in ((below, under, "x"), (left, side, "y")):
                d = "to_ukraine" if along == "x" else "to_russia"
                for k, (a, mask) in enumerate(lanes.items()):
                    v = events.loc[mask & of, d].astype("float64")
                    lane = np.full(len(v), k)
                    style: dict[str, Any] = ({"marker": GUTTER[a], "color": shade[year], "linewidths": 1.3} if GUTTER[a] in ("x", "_") else
                                             {"marker": GUTTER[a], "facecolors": "white", "edgecolors": shade[year],
                                              "linewidths": 1.4})  # fmt: skip
                    ax.scatter(*((v, lane) if along == "x" else (lane, v)), s=32, clip_on=False, zorder=4, **style)
        _lanes(below, [f"{ABSENCE_WORDS[a]} ({int(m.sum())})" for a, m in under.items()], "x")
        _lanes(left, [""] * len(side), "y")
        left.annotate("   ".join(f"{KEY[a]} {ABSENCE_WORDS[a]} to Ukraine ({int(m.sum())})" for a, m in side.items()), (0, 1), (0, 5),
                      xycoords="axes fraction", textcoords="offset points", fontsize=8.5, color="#444444")  # fmt: skip
        left.set_visible(bool(side))
        below.set_visible(bool(under))
        main.tick_params(labelleft=not side, labelbottom=not under, left=not side, bottom=not under)
        (left if side else main).set_ylabel("persons to Russia")
        (below if under else main).set_xlabel("persons to Ukraine")
        main.legend(loc="lower right", bbox_to_anchor=(1.01, 0.995), ncols=len(years), fontsize=9, handletextpad=0.0,
                    columnspacing=0.8, borderaxespad=0)  # fmt: skip
        together = "" if s.share is None else "together "
        title = f"{what.capitalize()} per handover through {_ended(events)}: {together}{s.reading}"
        zeros = int(under["zero"].sum()) if "zero" in under else 0
        note = f"Handovers with a figure in both directions: {s.events_in} of {len(events)}"
        note += f", {zeros} of them a zero to Russia" if zeros else ""
        hidden = len(events) - drawn
        note += f"; {hidden} without a count above zero in either are not drawn." if hidden else "."
        base.frame(fig, title, f"One mark a handover, square-root axes. Grey strips: no count above zero in one direction. {note}",
                   base.footer(events, words.GUARDRAIL),
                   f"Dots of persons to Ukraine against persons to Russia with lines at 1 to 1, 10 to 1 and 40 to 1. "
                   f"{title}. {note}")  # fmt: skip
        box = fig.subplotpars
        fig.subplots_adjust(left=0.145 if side else 0.185, bottom=box.bottom + 0.035, top=box.top - 0.02)
    return fig


def share_over_time(rolling: pd.DataFrame, at: Mapping[str, pd.Timestamp] | None = None) -> Chart:
    """Draw the rolling share with its limits as a band and its interval of chance as whiskers.

    `rolling` as `asymmetry.rolling` returns it; `at` names days to mark. The solid band holds disagreement and absence,
    the whiskers chance: two different things, never one band.
    """
    width = rolling.attrs.get("width", 0)
    if rolling.empty:
        return base.empty(
            f"Fewer than {width} handovers in this window have a figure in both directions: no rolling share."
        )
    what = words.noun(rolling.attrs)
    since, until = rolling["until"].iloc[0], rolling["until"].iloc[-1]
    with mpl.rc_context(base.STYLE):
        fig = base.figure(4.6)
        ax = fig.subplots()
        ax.fill_between(rolling["until"], rolling["bound_low"], rolling["bound_high"], color=COLOUR["to_russia"],
                        alpha=0.22, linewidth=0, label="limits: range of published claims and missing figures")  # fmt: skip
        chance = rolling[rolling["interval_low"].notna()]
        ax.vlines(chance["until"], chance["interval_low"], chance["interval_high"], color=COLOUR["ink"], linewidth=0.9,
                  label="95% interval of chance, handovers as units")  # fmt: skip
        ax.plot(rolling["until"], rolling["share"], color=COLOUR["to_russia"], linewidth=1.4, marker=MARKER["to_russia"],
                markersize=4, label="share to Russia")  # fmt: skip
        top = float(np.nanmax([rolling["interval_high"].max(), rolling["bound_high"].max(), rolling["share"].max()]))
        ax.set_ylim(0, top * 1.45)  # room above for the key: it must hide no data
        if top > 0.5:
            ax.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
        if top > 0.5:
            ax.axhline(0.5, color="#9A9A9A", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
            if abs(rolling["share"].iloc[-1] - 0.5) > 0.06:
                ax.annotate("1:1", (1, 0.5), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                            va="center", fontsize=9, color="#555555", annotation_clip=False)  # fmt: skip
        ax.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        marked = [(name, when) for name, when in (at or {}).items() if since <= when <= until]
        for _, when in marked:
            ax.axvline(when, color=COLOUR["accent"], linewidth=1, linestyle=":", zorder=1)
        # A turn of the year is a tick of the axis already: its line needs no words.
        for k, (name, when) in enumerate(m for m in marked if (m[1].month, m[1].day) != (1, 1)):
            right = (when - since) < (until - since) * 0.5
            ax.annotate(name, (when, 0.70 - 0.08 * (k % 5)), (4 if right else -4, 0), xycoords=("data", "axes fraction"),
                        textcoords="offset points", ha="left" if right else "right", va="top", fontsize=9,
                        color=COLOUR["accent"], bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1})  # fmt: skip
        base.unread(ax, rolling.attrs, rolling.attrs.get("kind"), since, until, at=0.14)
        base.time_axis(ax, since, until)
        last, first = rolling.iloc[-1], rolling.iloc[0]
        ax.annotate(percent(last["share"]), (last["until"], last["share"]), (6, 4), textcoords="offset points",
                    fontweight="bold", color=COLOUR["to_russia"], annotation_clip=False)  # fmt: skip
        ax.legend(
            loc="upper right",
            fontsize=9,
            borderaxespad=0.2,
            frameon=True,
            facecolor="white",
            edgecolor="none",
            framealpha=0.9,
        )
        title = (f"Share of {what} {_that(what)} went to Russia: {percent(first['share'])} in the {width} handovers to "
                 f"{first['through']}, {percent(last['share'])} in the {width} to {last['through']}")  # fmt: skip
        low, high = last["interval_low"], last["interval_high"]
        alt = f"A line with a band and whiskers by date. {title}; " + (
            f"95% interval of the last {percent(low)} to {percent(high)}."
            if pd.notna(low)
            else "no interval for the last."
        )
        base.frame(fig, title, f"Share to Russia of all persons in the last {width} handovers with a figure in both directions, "
                   "at the day of the last. Band: disagreement, missing figures. Lines: chance.",
                   _source(rolling.attrs, words.GUARDRAIL), alt)  # fmt: skip
        fig.subplots_adjust(right=0.925)
    return fig


def _source(attrs: Mapping[Any, Any], note: str = "") -> str:
    """Return the source line for a chart of results, from what the rows they came from carried."""
    return base.source_line(words.plural(attrs["handovers"], "handover"), attrs, attrs["claimants"], note)


def lens_shares(table: pd.DataFrame) -> Chart:
    """Draw the share under each lens: dot, limits as a bar, interval of chance as a line. `table` from `asymmetry.lenses`."""
    shown = table[table["share"].notna()]
    if shown.empty:
        return base.empty("No lens has a handover with a figure in both directions in this window.")
    what = words.noun(table.attrs)
    with mpl.rc_context(base.STYLE):
        fig = base.figure(4.0)
        ax = fig.subplots()
        for i, row in enumerate(table.to_dict("records")):
            y = len(table) - 1 - i
            ax.text(0.0, y + 0.33, f"{words.LENS_WORDS[row['lens']]}: {words.plural(row['events_in'], 'handover')} in, {row['events_out']} out",
                    transform=ax.get_yaxis_transform(), fontsize=9.5, va="center", color=COLOUR["ink"])  # fmt: skip
            if pd.isna(row["share"]):
                ax.text(0.0, y - 0.02, "no handover with a figure in both directions", transform=ax.get_yaxis_transform(),
                        fontsize=9.5, va="center", color=COLOUR["quiet"], style="italic")  # fmt: skip
                continue
            ax.barh(y - 0.02, row["bound_high"] - row["bound_low"], left=row["bound_low"], height=0.24,
                    color=COLOUR["to_russia"], alpha=0.28)  # fmt: skip
            if pd.notna(row["interval_low"]):
                ax.plot([row["interval_low"], row["interval_high"]], [y - 0.02] * 2, color=COLOUR["ink"], linewidth=1.3)
            ax.plot(row["share"], y - 0.02, marker=MARKER["to_russia"], color=COLOUR["to_russia"], markersize=7,
                    markeredgecolor="white")  # fmt: skip
            ax.annotate(percent(row["share"], 2), (1, y - 0.02), (-2, 0), xycoords=("axes fraction", "data"),
                        textcoords="offset points", ha="right", va="center", fontsize=10.5, fontweight="bold",
                        color=COLOUR["to_russia"])  # fmt: skip
        ends = shown[["bound_high", "interval_high", "share"]].max().max()
        ax.set_xlim(0, min(1.0, ends) * 1.2)
        ax.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0 if ends > 0.06 else 1))
        ax.set_ylim(-0.35, len(table) - 0.45)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        digits = asymmetry.agreed_digit(list(shown["share"]), most=2)
        low, high = percent(shown["share"].min(), 2), percent(shown["share"].max(), 2)
        if len(shown) == 1:
            finding = f"{low}, under the only lens that has a share"
        elif digits is None:
            finding = f"{low} to {high}, depending on whose claims are counted"
        else:
            every = "whichever side's claims are counted" if len(shown) == len(table) else (
                f"under each of the {len(shown)} lenses that have a share")  # fmt: skip
            finding = f"{percent(shown['share'].iloc[0], digits)} {every}"
        title = f"Share of {what} {_that(what)} went to Russia through {table.attrs['through']}: {finding}"
        base.frame(fig, title, "Square: share. Bar: limits, each missing count from none to the largest that lens has seen. "
                   "Line: 95% interval of chance, handovers as units.", _source(table.attrs, words.GUARDRAIL),
                   f"Four rows of a dot with a bar and a line. {title}. "
                   + "; ".join(f"{words.LENS_WORDS[r['lens']]}: {percent(r['share'], 2)}" for r in table.to_dict("records"))
                   + ".")  # fmt: skip
    return fig


def sizes(events: pd.DataFrame, step: int = 1000) -> Chart:
    """Draw how concentrated the sums are (Lorenz curves) and the size of each handover to Ukraine, round sizes marked."""
    if events.empty:
        return base.empty(NO_EVENT)
    what = words.noun(events.attrs)
    curves = {d: asymmetry.concentration(events, d) for d in names.SIDES}
    b = asymmetry.batches(events, "to_ukraine", step)
    if b.empty:
        return base.empty("No handover in this window has a known count to Ukraine.")
    since, until = base.window(events)
    with mpl.rc_context(base.STYLE):
        fig = base.figure(7.2)
        top, bottom = fig.subplots(2, 1, height_ratios=(1, 1))
        top.plot([0, 1], [0, 1], color="#9A9A9A", linewidth=1, linestyle=(0, (4, 3)))
        top.annotate("all handovers of one size", (0.30, 0.30), (-4, 3), textcoords="offset points", fontsize=9,
                     color="#666666", ha="right")  # fmt: skip
        for d, c in curves.items():
            if c.gini is None:
                continue
            top.plot(c.curve["handovers"], c.curve["persons"], color=COLOUR[d], linewidth=1.9,
                     linestyle="-" if d == "to_ukraine" else (0, (6, 1.5)))  # fmt: skip
        text = [
            f"{names.SIDES[d]}: the {c.top} largest of {c.handovers} hold {percent(c.top_share, 0)}"
            if c.handovers > c.top
            else f"{names.SIDES[d]}: {words.plural(c.handovers, 'handover')} with a figure"
            for d, c in curves.items() if c.top_share is not None
        ]  # fmt: skip
        for k, (d, line) in enumerate(
            zip([d for d, c in curves.items() if c.top_share is not None], text, strict=True)
        ):
            top.text(0.02, 0.95 - 0.11 * k, ("—  " if d == "to_ukraine" else "- -  ") + line, transform=top.transAxes,
                     color=COLOUR[d], fontweight="bold", fontsize=9.5, va="top")  # fmt: skip
        for axis in (top.xaxis, top.yaxis):
            axis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        top.set_xlim(0, 1)
        top.set_ylim(0, 1)
        top.set_title("Share of persons held by the smallest handovers, running", fontweight="bold")
        top.set_xlabel("share of handovers, smallest first", fontsize=9.5)
        plain, rounds = b[~b["round"]], b[b["round"]]
        bottom.vlines(b["date"], 0, b["persons"], color=COLOUR["to_ukraine"], linewidth=0.9, alpha=0.6)
        bottom.scatter(plain["date"], plain["persons"], s=22, color=COLOUR["to_ukraine"], zorder=3)
        bottom.scatter(rounds["date"], rounds["persons"], s=46, marker="D", facecolors="white",
                       edgecolors=COLOUR["accent"], linewidths=1.6, zorder=4)  # fmt: skip
        peak = max(1, int(b["persons"].max()))
        for level in range(step, int(peak * 1.12) + 1, step):
            bottom.axhline(level, color="#9A9A9A", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        bottom.set_ylim(0, peak * 1.15)
        bottom.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
        base.unread(bottom, events, events.attrs.get("kind"), since, until, at=0.4)
        base.time_axis(bottom, since, until)
        key = f"; ◇ {number(step)} fits the claims ({len(rounds)} of {len(b)})" if len(rounds) else ""
        bottom.set_title(f"Persons per handover to Ukraine{key}", fontweight="bold")
        run = b.attrs["round_run"]
        title = f"{what.capitalize()} through {_ended(events)}: " + (
            f"a round {number(step)} fits the published claims on each of the latest {run} handovers to Ukraine" if run > 1
            else f"{number(curves['to_ukraine'].persons)} to Ukraine and {number(curves['to_russia'].persons)} to Russia in known "
            "counts" if len(b) <= curves["to_ukraine"].top
            else f"the {curves['to_ukraine'].top} largest handovers hold {percent(curves['to_ukraine'].top_share, 0)} of all to Ukraine"
        )  # fmt: skip
        base.frame(fig, title, "Persons, known counts only. Handovers without a figure are in neither panel.",
                   base.footer(events), f"Two panels: Lorenz curves and sizes by date. {title}. {'; '.join(text)}.")  # fmt: skip
        fig.subplots_adjust(hspace=0.45)
    return fig
