"""What remains between sums and totals."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.charts.panels import GROUPS, KIND_NAMES, heading, marker
from repatria.display.words import plural
from repatria.record.schema import SIDES

__all__ = ["residuals"]


def residuals(reconciled: pd.DataFrame) -> Chart:
    """Draw what running totals of persons leave over: total minus sum of events, by their day.

    `reconciled` as `reconcile.reconcile` gives it. Exact wording only; hollow where the total
    states no start.

    >>> residuals(rp.analysis.reconcile.reconcile(record, since="2025-01-01")).panels
    ('bodies', 'prisoners')

    See also: `rp.display.reconcile.table`.
    """
    r = reconciled
    drawn = r["residual"].notna() & (r["measure"] == "persons") & (r["qualifier"] == "exact")
    drawn &= (r["as_of_precision"] != "year") & r["kind"].isin(["bodies", "prisoners"])
    rows = r[drawn.to_numpy(dtype=bool)]
    rows = rows.drop_duplicates(["kind", "side", "direction", "as_of", "count", "residual"])
    if rows.empty:
        message = "No exactly worded running total can be compared in this view."
        return base.empty("residuals", message)
    largest = int(rows["residual"].abs().max())

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        until = max(rows["as_of"].max(), rows["as_of"].min() + pd.Timedelta(days=30))
        for kind, ax in axes.items():
            here = rows[(rows["kind"] == kind).to_numpy()]
            _marks(ax, here, style)
            if ax is next(iter(axes.values())):
                _key(ax, rows, style)
            base.time_axis(ax, rows["as_of"].min(), until)
            _residual_axis(ax, max(20.0, largest * 4.0))
            if base.room(ax)[1] > 0.9:
                _extremes(ax, here, style)
            met = int(here["verdict"].str.startswith("exact").sum())
            name, of = KIND_NAMES[kind], plural(len(here), "total")
            heading(
                ax, style, f"{name}: {met} of {of} met exactly", f"{name}: {met} of {of} met", name
            )

    title, subtitle, alt = base.worded(
        "reconcile/residuals",
        met=int(rows["verdict"].str.startswith("exact").sum()),
        totals=len(rows),
        last=rows["as_of"].max(),
        largest=largest,
    )
    source = f"{plural(len(rows), 'total')} in exact words, one mark where several say the same"
    return Chart(
        "residuals",
        title,
        paint,
        subtitle,
        base.source_line(source, reconciled.attrs),
        alt,
        panels=("bodies", "prisoners"),
        aspect={"page": 0.75, "phone": 1.5},
    )


def _marks(ax: Axes, rows: pd.DataFrame, style: Style) -> None:
    """Draw each total by the side that published it, with a line to what uncertain days leave."""
    ax.axhline(0, color=style.colours["ink"], linewidth=1)
    for side in SIDES:
        mine = rows[(rows["side"] == side).to_numpy()]
        if mine.empty:
            continue
        colour = style.colours[GROUPS[side][0]]
        left = mine["residual"].astype("int64")
        high = (mine["count"] - mine["sum_high"]).astype("int64")
        ax.vlines(mine["as_of"], high, left, color=colour, linewidth=1, alpha=0.6)
        hollow = mine["fitted_since"].notna().to_numpy()
        ax.scatter(
            mine["as_of"],
            left,
            s=34,
            marker=marker(side, style),
            edgecolor=colour,
            facecolor=np.where(hollow, style.colours["paper"], colour),
            linewidth=1.1,
            alpha=0.85,
            zorder=3,
        )


def _key(ax: Axes, rows: pd.DataFrame, style: Style) -> None:
    """Label one filled mark for each side in any panel, whatever its first total is."""
    for side in (s for s in SIDES if (rows["side"] == s).any()):
        colour, label = GROUPS[side]
        ax.scatter(
            [], [], s=34, marker=marker(side, style), color=style.colours[colour], label=label
        )


def _residual_axis(ax: Axes, edge: float) -> None:
    """Give an axis that is even to ten, then goes by powers of ten; ticks as there is room."""
    ax.set_yscale("symlog", linthresh=10, linscale=0.5)
    ax.set_ylim(-edge, edge)
    powers = [p for p in (10, 100, 1000, 10000, 100000) if p < edge]
    while len(powers) > 1 and base.room(ax)[1] / (2 * len(powers) + 1) < 0.17:
        powers = powers[1::2] or powers[-1:]
    ax.set_yticks([*(-p for p in reversed(powers)), 0, *powers])
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_minor_locator(mpl.ticker.NullLocator())


def _extremes(ax: Axes, rows: pd.DataFrame, style: Style) -> None:
    """Write the highest residual over its newest mark and the lowest under it."""
    begin, end = ax.get_xlim()
    for extreme in {rows["residual"].max(), rows["residual"].min()} - {0, pd.NA}:
        day = rows.loc[(rows["residual"] == extreme).to_numpy(), "as_of"].iloc[-1]
        place = (mpl.dates.date2num(day) - begin) / (end - begin)
        text = f"{extreme:+,}".replace("-", "\N{MINUS SIGN}")
        ha = "left" if place < 0.15 else "right" if place > 0.85 else "center"
        away = 0, 5 if extreme > 0 else -5
        base.beside(ax, style, text, (day, extreme), away, "small", ha=ha, zorder=2.5)
