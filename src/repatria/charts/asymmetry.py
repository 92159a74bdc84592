"""Asymmetry: pairs per handover, the share over time, the lenses side by side, concentration and batch sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from repatria import asymmetry, words
from repatria.asymmetry import percent
from repatria.charts import base
from repatria.charts.base import COLOUR, MARKER, Chart
from repatria.tables import number

NO_EVENT = "No handover of this kind is on record in this window."
ABSENT = {"zero": "none", "withheld": "size withheld", "not_reported": "not reported", "not_applicable": "not applicable"}
RATIOS = (1, 10, 40)  # reference lines, persons to Ukraine for one to Russia


def _what(attrs: Mapping[Any, Any]) -> str:
    return str(attrs.get("kind") or "persons")


def _ended(events: pd.DataFrame) -> str:
    return words.event_day(events.iloc[-1])


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


def pairs(events: pd.DataFrame) -> Chart:
    """Draw each handover as a dot, persons to Ukraine against persons to Russia, on square-root axes.

    Reference lines at 1:1, 10:1 and 40:1; handovers with a zero, a size withheld or no report in a direction lie in
    gutters of their own beside the axes. `events` as `Record.events` returns it.
    """
    if events.empty:
        return base.empty(NO_EVENT)
    what = _what(events.attrs)
    s = asymmetry.share(events)
    counted = {d: (events[d].notna() & (events[d] != 0)).fillna(False).to_numpy(dtype=bool) for d in words.SIDES}
    absent = {d: events[f"{d}_absence"].astype("object").to_numpy() for d in words.SIDES}
    lanes = {d: [a for a in ABSENT if (absent[d] == a).any()] for d in words.SIDES}
    top = {d: 1.12 * max(1, int(events[d].max()) if events[d].notna().any() else 1) for d in words.SIDES}
    with mpl.rc_context(base.STYLE):
        fig = base.figure(5.9)
        widths, heights = [0.05 * len(lanes["to_ukraine"]) + 0.001, 1], [1, 0.085 * len(lanes["to_russia"]) + 0.001]
        grid = fig.subplots(2, 2, gridspec_kw={"width_ratios": widths, "height_ratios": heights, "wspace": 0.02,
                                               "hspace": 0.02})  # fmt: skip
        (left, main), (corner, below) = grid
        corner.set_axis_off()
        _root(main, top["to_ukraine"], top["to_russia"])
        _root(below, top["to_ukraine"], None)
        _root(left, None, top["to_russia"])
        for r in RATIOS:
            end = min(top["to_ukraine"], r * top["to_russia"])
            main.plot([0, end], [0, end / r], color="#9A9A9A", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
            steep = end < top["to_ukraine"] * 0.999
            main.annotate(f"{r}:1", (end, end / r), (-3 if steep else 3, -2 if steep else 0),
                          textcoords="offset points", fontsize=9, color="#666666", annotation_clip=False,
                          ha="right" if steep else "left", va="top" if steep else "center")  # fmt: skip
        inside = events[counted["to_ukraine"] & counted["to_russia"]]
        years = sorted(events["date"].dt.year.unique())
        shade = dict(zip(years, mpl.colormaps["cividis"](np.linspace(0.0, 0.88, len(years))), strict=True))

        def dots(ax: Axes, x: Any, y: Any, rows: pd.DataFrame, **style: Any) -> None:
            ax.scatter(x, y, c=[shade[v] for v in rows["date"].dt.year], zorder=4, clip_on=False, **style)

        plain = {"s": 34, "edgecolors": "white", "linewidths": 0.6}
        dots(main, inside["to_ukraine"], inside["to_russia"], inside, **plain)
        for k, a in enumerate(lanes["to_russia"]):
            rows = events[(absent["to_russia"] == a) & counted["to_ukraine"]]
            dots(below, rows["to_ukraine"], np.full(len(rows), k), rows, marker="|", s=70, linewidths=1.6)
        for k, a in enumerate(lanes["to_ukraine"]):
            rows = events[(absent["to_ukraine"] == a) & counted["to_russia"]]
            dots(left, np.full(len(rows), k), rows["to_russia"], rows, marker="_", s=70, linewidths=1.6)
        below.set_ylim(len(lanes["to_russia"]) - 0.5, -0.5)
        below.set_yticks(range(len(lanes["to_russia"])), [])
        for k, a in enumerate(lanes["to_russia"]):
            n = int(((absent["to_russia"] == a) & counted["to_ukraine"]).sum())
            below.annotate(f"{ABSENT[a]} ({n})", (1, k), (-3, 0), xycoords=("axes fraction", "data"),
                           textcoords="offset points", ha="right", va="center", fontsize=8.5, color="#444444",
                           bbox={"facecolor": "#F4F4F4", "edgecolor": "none", "pad": 1}, zorder=5)  # fmt: skip
        below.set_facecolor("#F4F4F4")
        below.grid(visible=False)
        left.set_facecolor("#F4F4F4")
        left.grid(visible=False)
        left.set_xlim(-0.5, max(len(lanes["to_ukraine"]), 1) - 0.5)
        left.set_xticks([])
        for k, a in enumerate(lanes["to_ukraine"]):
            n = int(((absent["to_ukraine"] == a) & counted["to_russia"]).sum())
            left.annotate(f"{ABSENT[a]} ({n})", (k, 0.98), xycoords=("data", "axes fraction"), rotation=90, ha="center",
                          va="top", fontsize=8.5, color="#444444",
                          bbox={"facecolor": "#F4F4F4", "edgecolor": "none", "pad": 1}, zorder=5)  # fmt: skip
        left.set_visible(bool(lanes["to_ukraine"]))
        below.set_visible(bool(lanes["to_russia"]))
        if lanes["to_ukraine"]:
            main.tick_params(labelleft=False)
            left.set_ylabel("persons to Russia")
        else:
            main.set_ylabel("persons to Russia")
        if lanes["to_russia"]:
            main.tick_params(labelbottom=False)
            below.set_xlabel("persons to Ukraine")
        else:
            main.set_xlabel("persons to Ukraine")
        handles = [mpl.lines.Line2D([], [], marker="o", linestyle="", color=shade[y], label=str(y)) for y in years]
        main.legend(handles=handles, loc="upper left" if what != "prisoners" else "lower right", ncols=1, fontsize=9,
                    handletextpad=0.1, borderaxespad=0.3, labelspacing=0.3)  # fmt: skip
        blind = int((~(events["to_ukraine"].notna() | events["to_russia"].notna())).sum())
        title = f"{what.capitalize()} per handover through {_ended(events)}: together {s.reading}"
        zeros = int(((events["to_russia"] == 0) | (events["to_ukraine"] == 0)).fillna(False).sum())
        note = (f"{words.plural(s.events_in, 'handover')} with a figure in both directions, {zeros} of them with a zero; "
                f"{s.events_out} without" + (f", {blind} of them in neither direction and not drawn." if blind else "."))  # fmt: skip
        base.frame(fig, title, f"One dot a handover, square-root axes, coloured by year. Grey strips: no count in one "
                   f"direction. {note}", base.footer(events, words.GUARDRAIL),
                   f"Dots of persons to Ukraine against persons to Russia with lines at 1 to 1, 10 to 1 and 40 to 1. "
                   f"{title}. {note}")  # fmt: skip
    return fig


def share_over_time(rolling: pd.DataFrame, at: Mapping[str, pd.Timestamp] | None = None) -> Chart:
    """Draw the rolling share with its limits as a band and its interval of chance as whiskers.

    `rolling` as `asymmetry.rolling` returns it; `at` names days to mark. The solid band holds disagreement and absence,
    the whiskers chance: two different things, never one band.
    """
    width = rolling.attrs.get("width", 0)
    if rolling.empty:
        return base.empty(f"Fewer than {width} handovers in this window have a figure in both directions: no rolling share.")
    what = _what(rolling.attrs)
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
        ax.set_ylim(0, min(1.0, top * 1.08))
        if top > 0.5:
            ax.axhline(0.5, color="#9A9A9A", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
            ax.annotate("1:1", (1, 0.5), (3, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                        va="center", fontsize=9, color="#666666", annotation_clip=False)  # fmt: skip
        ax.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        for name, when in (at or {}).items():
            if since <= when <= until:
                ax.axvline(when, color=COLOUR["accent"], linewidth=1, linestyle=":", zorder=1)
                right = (when - since) < (until - since) * 0.5
                ax.annotate(name, (when, 0.80), (4 if right else -4, 0), xycoords=("data", "axes fraction"),
                            textcoords="offset points", ha="left" if right else "right", va="top", fontsize=9,
                            color=COLOUR["accent"])  # fmt: skip
        base.unread(ax, rolling.attrs, rolling.attrs.get("kind"), since, until, label=False)
        base.time_axis(ax, since, until)
        last, first = rolling.iloc[-1], rolling.iloc[0]
        ax.annotate(percent(last["share"]), (last["until"], last["share"]), (6, 4), textcoords="offset points",
                    fontweight="bold", color=COLOUR["to_russia"], annotation_clip=False)  # fmt: skip
        ax.legend(loc="upper right", fontsize=9, borderaxespad=0.2)
        title = (f"Share of {what} that went to Russia: {percent(first['share'])} in the {width} handovers to "
                 f"{words.day(first['until'])}, {percent(last['share'])} in the {width} to {words.day(last['until'])}")  # fmt: skip
        base.frame(fig, title, f"Persons to Russia of all in the last {width} handovers with a figure in both directions, "
                   "at the day of the last. Band: limits from disagreement and missing figures. Lines: chance.",
                   _source(rolling.attrs, words.GUARDRAIL), f"A line with a band and whiskers by date. {title}.")  # fmt: skip
    return fig


def _source(attrs: Mapping[Any, Any], note: str = "") -> str:
    """Return the source line for a chart of results, from what the rows they came from carried."""
    parts = ["Source: Repatria record"]
    if "handovers" in attrs:
        parts[0] += f", {words.plural(attrs['handovers'], 'handover')}"
    if "rule" in attrs:
        parts.append(f"Rule {attrs['rule']}, lens {attrs['lens']}")
    if "as_of" in attrs:
        parts.append(f"As of {attrs['as_of']:%Y-%m-%d}")
    return ". ".join(parts) + ". " + note


def lenses(table: pd.DataFrame) -> Chart:
    """Draw the share under each lens: dot, limits as a bar, interval of chance as a line. `table` from `asymmetry.lenses`."""
    shown = table[table["share"].notna()]
    if shown.empty:
        return base.empty("No lens has a handover with a figure in both directions in this window.")
    what = _what(table.attrs)
    with mpl.rc_context(base.STYLE):
        fig = base.figure(4.0)
        ax = fig.subplots()
        for i, row in enumerate(table.to_dict("records")):
            y = len(table) - 1 - i
            ax.text(0.0, y + 0.33, f"{words.LENS_WORDS[row['lens']]}: {row['events_in']} handovers in, {row['events_out']} out",
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
        ax.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=None))
        ax.set_ylim(-0.35, len(table) - 0.45)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        digits = asymmetry.agreed_digit(list(shown["share"]), most=2)
        low, high = percent(shown["share"].min(), 2), percent(shown["share"].max(), 2)
        through = words.day(table.attrs["last"])
        finding = (f"{percent(shown['share'].iloc[0], digits)} whichever side's claims are counted" if digits is not None and
                   len(shown) > 1 else low if low == high else f"{low} to {high}, depending on whose claims are counted")  # fmt: skip
        title = f"Share of {what} that went to Russia through {through}: {finding}"
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
    what = _what(events.attrs)
    curves = {d: asymmetry.concentration(events, d) for d in words.SIDES}
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
            f"{words.SIDES[d]}: the {c.top} largest of {c.handovers} hold {percent(c.top_share, 0)}"
            for d, c in curves.items() if c.top_share is not None
        ]  # fmt: skip
        for k, (d, line) in enumerate(zip([d for d, c in curves.items() if c.top_share is not None], text, strict=True)):
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
        base.unread(bottom, events, events.attrs.get("kind"), since, until, label=False)
        base.time_axis(bottom, since, until)
        bottom.set_title(f"Size of each handover to Ukraine; ◇ {number(step)} or a multiple in the published range "
                         f"({len(rounds)} of {len(b)})", fontweight="bold")  # fmt: skip
        latest = b["round"].to_numpy()[::-1]
        run = len(latest) if latest.all() else int(np.argmin(latest))
        title = f"{what.capitalize()} through {_ended(events)}: " + (
            f"the latest {run} handovers to Ukraine were all of {number(step)}" if run > 1 and rounds["persons"].max() < 1.5 * step
            else f"the latest {run} handovers to Ukraine were all round thousands" if run > 1
            else f"the {curves['to_ukraine'].top} largest handovers hold {percent(curves['to_ukraine'].top_share, 0)} of all to Ukraine"
        )  # fmt: skip
        base.frame(fig, title, "Persons, known counts only. Handovers without a figure are in neither panel.",
                   base.footer(events), f"Two panels: Lorenz curves and sizes by date. {title}. {'; '.join(text)}.")  # fmt: skip
        fig.subplots_adjust(hspace=0.45)
    return fig
