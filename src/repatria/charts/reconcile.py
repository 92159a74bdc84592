"""What remains between sums and totals."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke

from repatria.charts import base
from repatria.charts.base import COLOUR, Chart
from repatria.charts.holdings import _KINDS, GROUP, _key, _marks
from repatria.display import words
from repatria.display.words import number
from repatria.record import names


def residuals(reconciled: pd.DataFrame) -> Chart:
    """Draw what running totals leave over: total minus sum of events, by the day they speak for.

    `reconciled` as `reconcile.reconcile` gives it. Exact wording only; hollow where the total states no start.
    """
    rows = reconciled[reconciled["residual"].notna() & (reconciled["qualifier"] == "exact").to_numpy()]
    rows = rows[(rows["as_of_precision"] != "year").to_numpy() & rows["kind"].isin(["bodies", "prisoners"]).to_numpy()]
    rows = rows.drop_duplicates(["kind", "side", "direction", "as_of", "count", "residual"])
    if rows.empty:
        return base.empty("No exactly worded running total can be compared in this view.")
    until = max(rows["as_of"].max(), rows["as_of"].min() + pd.Timedelta(days=30))
    with mpl.rc_context(base.STYLE):
        fig = base.figure(6.4)
        axes = fig.subplots(2, 1, sharex=True)
        for ax, kind in zip(axes, ("bodies", "prisoners"), strict=True):
            here = rows[(rows["kind"] == kind).to_numpy()]
            ax.axhline(0, color=COLOUR["ink"], linewidth=1)
            for side, (colour, marker, _) in GROUP.items():
                mine = here[(here["side"] == side).to_numpy()]
                hollow = mine["fitted_since"].notna().to_numpy()
                high = (mine["count"] - mine["sum_high"]).astype("int64")
                ax.vlines(mine["as_of"], high, mine["residual"].astype("int64"), color=colour, linewidth=1, alpha=0.6)
                ax.scatter(mine["as_of"], mine["residual"].astype("int64"), s=34, marker=marker, edgecolor=colour,
                           facecolor=np.where(hollow, "white", colour), linewidth=1.1, alpha=0.85, zorder=3)  # fmt: skip
            ax.set_yscale("symlog", linthresh=10, linscale=0.5)
            edge = max(20.0, float(rows["residual"].abs().max()) * 2)
            ax.set_ylim(-edge, edge)
            ticks = [t for t in (10, 100, 1000, 10000) if t < edge]
            ax.set_yticks([-t for t in reversed(ticks)] + [0] + ticks)
            ax.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:,.0f}".replace("-", "\u2212")))
            ax.yaxis.set_minor_locator(mpl.ticker.NullLocator())
            for extreme in (here["residual"].max(), here["residual"].min()):
                for day in here.loc[(here["residual"] == extreme) & (extreme != 0), "as_of"].tail(1):
                    left = f"{extreme:+,}".replace("-", "\u2212")
                    ax.annotate(
                        left,
                        (day, extreme),
                        (-7, 0),
                        textcoords="offset points",
                        ha="right",
                        va="center",
                        fontsize=9,
                        zorder=6,
                        path_effects=[withStroke(linewidth=2.5, foreground="white")],
                    )
            fits = int(here["verdict"].str.startswith("exact").sum())
            ax.set_title(f"{_KINDS[kind]}: {fits} of {words.plural(len(here), 'total')} met exactly", fontweight="bold")
        base.time_axis(axes[1], rows["as_of"].min(), until)
        exact = int(rows["verdict"].str.startswith("exact").sum())
        title = f"{exact} of {words.plural(len(rows), 'running total')} equal the sum of their events, by {names.day(rows['as_of'].max())}"
        base.frame(fig, title, "Total minus events in its window, persons; above zero the events fall short. Events as the "
                   "claimant's side counts them. Even scale to ten, then powers of ten. Hollow: start not stated.",
                   base.source_line(f"{words.plural(len(rows), 'total')} in exact words, one mark where several say the same", reconciled.attrs),
                   f"Two panels of marks around a zero line. {title}. The largest residual is "
                   f"{number(rows['residual'].abs().max())}.")  # fmt: skip
        fig.subplots_adjust(hspace=0.24, left=0.105)
        sides = [s for s in GROUP if (rows["side"] == s).any()]
        _key(fig, _marks(sides), [GROUP[s][2] for s in sides])
    return fig
