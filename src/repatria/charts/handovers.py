"""Handovers over time: two panels, the shared scale, the running sum."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
from matplotlib.patheffects import withStroke

from repatria.analysis import asymmetry
from repatria.charts import base
from repatria.charts.base import COLOUR, MARKER, Chart
from repatria.display import words
from repatria.display.words import number, span
from repatria.record import names


def _name(events: pd.DataFrame) -> str:
    return {"bodies": "Bodies", "prisoners": "Prisoners"}.get(events.attrs.get("kind") or "", "Persons")


def _sum(sums: pd.DataFrame, direction: str) -> str:
    """Return one direction's sum in words; a sum of no known figure is no zero."""
    row, side = sums.loc[direction], names.SIDES[direction]
    return f"{number(row['persons'])} {side}" if row["known"] else f"no known figure {side}"


def _from(events: pd.DataFrame) -> str:
    """Return the day of the first handover drawn, as far as it is known."""
    return names.event_day(events.loc[events["date"].idxmin()])


def _through(events: pd.DataFrame) -> str:
    """Return the day of the last handover drawn: what a sum can speak for, whatever the as-of day."""
    return names.event_day(events.loc[events["date"].idxmax()])


def handovers(events: pd.DataFrame) -> Chart:
    """Draw counts per handover in two panels, each on its own scale. `events` as `Record.events` returns it."""
    if events.empty:
        return base.empty("No handover of this kind is on record in this window.")
    since, until = base.window(events)
    known_sums = asymmetry.sums(events).set_index("direction")
    with mpl.rc_context(base.STYLE):
        fig = base.figure(6.2)
        axes = fig.subplots(2, 1, sharex=True)
        finding = []
        keyed = False
        for ax, (direction, side) in zip(axes, names.SIDES.items(), strict=True):
            known = events[events[direction].notna() & (events[f"{direction}_absence"] != "zero").to_numpy()]
            y = known[direction].astype("int64")
            ax.vlines(known["date"], 0, y, color=COLOUR[direction], linewidth=1.3, alpha=0.75)
            ax.scatter(known["date"], y, s=26, marker=MARKER[direction], color=COLOUR[direction], zorder=3)
            ranged = known[(known[f"{direction}_high"] > known[f"{direction}_low"]).fillna(False)]
            ax.vlines(
                ranged["date"],
                ranged[f"{direction}_low"].astype("int64"),
                ranged[f"{direction}_high"].astype("int64"),
                color=COLOUR["ink"],
                linewidth=3.2,
                zorder=4,
            )
            drawn = base.absent_marks(ax, events, direction)
            keyed = keyed or (bool(drawn) and direction == "to_ukraine")
            sums = known_sums.loc[direction]
            finding.append(_sum(known_sums, direction))
            ax.set_title(
                f"{side}, own scale: {number(sums['persons']) if sums['known'] else 'no figure'} in {sums['known']} of "
                f"{words.plural(len(events), 'handover')}",
                color=COLOUR[direction],
                fontweight="bold",
            )
            base.mark_key(ax, drawn)
            ax.set_ylim(0, max(1, (y.max() if len(y) else 1)) * 1.12)
            ax.yaxis.set_major_locator(mpl.ticker.MaxNLocator(4, integer=True))
            ax.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
            base.unread(ax, events, events.attrs.get("kind"), since, until, label=direction == "to_ukraine")
        base.time_axis(axes[1], since, until)
        title = f"{_name(events)} handed over: {' and '.join(finding)}, {names.period(events)}"
        alt = (
            f"Two panels of dots on stems by date. {title}. Sums hold known counts only: "
            + "; ".join(
                f"{side} {known_sums.loc[d, 'known']} with a figure and {known_sums.loc[d, 'unknown']} without"
                for d, side in names.SIDES.items()
            )
            + "."
        )
        base.frame(
            fig,
            title,
            "Persons per handover. Black bar: range of published claims. " + words.GUARDRAIL,
            base.footer(events),
            alt,
            above=0.2 if keyed else 0.0,
        )
        fig.subplots_adjust(hspace=0.32)
    return fig


def shared_scale(events: pd.DataFrame) -> Chart:
    """Draw the two sums as bars on one scale, so that the size of the gap is seen once."""
    if events.empty:
        return base.empty("No handover of this kind is on record in this window.")
    sums = asymmetry.sums(events).set_index("direction")
    share = asymmetry.share(events)
    with mpl.rc_context(base.STYLE):
        fig = base.figure(3.3)
        ax = fig.subplots()
        top = max(1, int(sums["persons"].max()))
        for i, direction in enumerate(names.SIDES):
            row = sums.loc[direction]
            ax.barh(i, row["persons"], color=COLOUR[direction], height=0.55)
            inside = row["persons"] > top * 0.55
            ax.text(
                row["persons"] + top * (-0.01 if inside else 0.01),
                i,
                f"{_sum(sums, direction)} ({row['known']} of {words.plural(len(events), 'handover')})",
                va="center",
                ha="right" if inside else "left",
                color="white" if inside else COLOUR["ink"],
                fontsize=10,
                bbox=None if inside else {"facecolor": "white", "edgecolor": "none", "pad": 1},
            )
        ax.set_ylim(1.6, -0.6)
        ax.set_yticks([])
        ax.set_xlim(0, top * 1.02)
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5, integer=True))
        ax.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
        ax.spines["left"].set_visible(False)
        title = f"On one scale, through {_through(events)}: {share.reading}"
        note = (
            f"The ratio in the title is over the {words.plural(share.events_in, 'handover')} with a figure in both directions."
            if share.share is not None
            else ""
        )
        base.frame(
            fig,
            title,
            "Sum of known counts, persons. Handovers without a figure are in neither bar. " + note,
            base.footer(events, words.GUARDRAIL),
            f"Two bars on one scale. {title}. " + "; ".join(_sum(sums, d) for d in names.SIDES) + ".",
        )
    return fig


def cumulative(events: pd.DataFrame) -> Chart:
    """Draw the running sum to each side as steps, with the range of published claims as a band.

    A direction of which no figure is known has no line: it would say zero.
    """
    if events.empty:
        return base.empty("No handover of this kind is on record in this window.")
    since, until = base.window(events)
    sums = asymmetry.sums(events).set_index("direction")
    runs = {d: run for d in names.SIDES if len(run := asymmetry.running(events, d))}
    with mpl.rc_context(base.STYLE):
        fig = base.figure(4.3)
        ax = fig.subplots()
        peak = max([1, *(int(run["best"].iloc[-1]) for run in runs.values())])
        # Past the last day read at all there is no line: it would draw unread days as silence.
        ends = [end for _, end, density in base.stretches(
            events.attrs.get("coverage", []), events.attrs.get("kind"), since, until) if density != "unread"]  # fmt: skip
        read = max(ends, default=until)
        for direction, run in runs.items():
            dates = [since, *run["date"], max(read, run["date"].max())]
            low, best, high = ([0, *run[c].astype("int64"), int(run[c].iloc[-1])] for c in ("low", "best", "high"))
            ax.fill_between(dates, low, high, step="post", color=COLOUR[direction], alpha=0.25, linewidth=0)
            ax.step(dates, best, where="post", color=COLOUR[direction], linewidth=1.8)
            others = [int(other["best"].iloc[-1]) for d, other in runs.items() if d != direction]
            under = any(0 <= other - best[-1] < peak * 0.09 for other in others) and direction == "to_russia"
            wide = "" if low[-1] == high[-1] else f"\n({span(low[-1], high[-1])})"
            ax.annotate(
                f"{_sum(sums, direction)}{wide}",
                (dates[-1], best[-1]),
                (-4, -6 if under else 5),
                textcoords="offset points",
                ha="right",
                va="top" if under else "bottom",
                color=COLOUR[direction],
                fontweight="bold",
                fontsize=10,
                path_effects=[withStroke(linewidth=3, foreground="white")],
            )
        ax.set_ylim(0, peak * 1.26)
        ax.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
        base.unread(ax, events, events.attrs.get("kind"), since, until, at=0.5)
        base.time_axis(ax, since, until)
        lacking = len(events) - asymmetry.share(events).events_in
        found = ", ".join(_sum(sums, d) for d in names.SIDES)
        title = f"{_name(events)} since {_from(events)}: {found} by {_through(events)}"
        base.frame(
            fig,
            title,
            "Running sum of known counts, persons. Band: range of published claims. "
            + (
                f"{words.plural(lacking, 'handover')} without a figure in a direction: nothing added there."
                if lacking
                else ""
            ),
            base.footer(events, words.GUARDRAIL),
            f"Rising step lines. {title}.",
        )
    return fig
