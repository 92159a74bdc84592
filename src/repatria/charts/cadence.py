"""Silences, the rhythm of handovers and forecasts of them. Unread months are hatched in every chart."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from repatria.analysis import cadence
from repatria.analysis.cadence import MANY, ONE
from repatria.charts import base
from repatria.charts.base import COLOUR, Chart
from repatria.display import words
from repatria.record import names
from repatria.record.view import Day, Record

_UNIT = {"day": ("handover day", "handover days"), "deal": ("deal", "deals")}
_UNITS = {unit: many for unit, (_, many) in _UNIT.items()}
_OPEN = COLOUR["accent"]


def _kind(attrs: dict[str, Any]) -> str | None:
    return None if attrs["kind"] == "either" else attrs["kind"]


def _footer(attrs: dict[str, Any], n: int, note: str = "") -> str:
    """Return the source line of what is drawn; no counts of people are, so it names no claimant."""
    through = attrs["through"]
    how = "Densely searched" if attrs["dense_from"] is not None else "Thinly read"
    read = f"{how} through {through:%Y-%m-%d}." if through is not None else ""
    known = {"as_of": attrs["as_of"]}
    return base.source_line(words.plural(n, *_UNIT[attrs["unit"]]), known, note=" ".join(x for x in (read, note) if x))


def _nothing(attrs: dict[str, Any], what: str) -> Chart:
    through = attrs["through"]
    read = f"by {names.day(through)}" if through is not None else "and no day has been searched"
    return base.empty(f"{what}: {MANY[attrs['kind']]} counted in this window {read} are too few to draw it.")


def _unit_words(unit: str) -> str:
    return "Gap: from the last day of one deal to the first of the next." if unit == "deal" else \
        "Gap: from one handover day to the next."  # fmt: skip


def gap_stems(gaps: pd.DataFrame) -> Chart:
    """Draw every gap as a stem at the day it ended, the open one hollow and arrowed. `gaps` as `cadence.gaps` returns."""
    a = gaps.attrs
    if gaps.empty:
        return _nothing(a, "No gap")
    s = cadence.summary(gaps)
    done, still = gaps[~gaps["censored"]], gaps[gaps["censored"]].iloc[0]
    since, until = gaps["start"].min(), max(a["as_of"], a["through"])
    with mpl.rc_context(base.STYLE):
        fig = base.figure(4.6)
        ax = fig.subplots()
        for dense, colour in ((True, COLOUR["ink"]), (False, "#8C8C8C")):
            part = done[(done["reading"] == "dense") == dense]
            ax.vlines(part["end"], 0, part["days"], color=colour, linewidth=1.2, alpha=0.8)
            ax.scatter(part["end"], part["days"], s=20, color=colour, zorder=3)
        top = max(int(gaps["days"].max()), 7)
        ax.vlines(a["through"], 0, still["days"], color=_OPEN, linewidth=1.6, linestyle=(0, (3, 2)), zorder=4)
        ax.scatter([a["through"]], [still["days"]], s=52, facecolors="white", edgecolors=_OPEN, linewidths=2, zorder=6,
                   clip_on=False)  # fmt: skip
        head = still["days"] + top * 0.19
        ax.annotate("", (a["through"], head), (a["through"], still["days"] + top * 0.025),
                    arrowprops={"arrowstyle": "->", "color": _OPEN, "linewidth": 1.8}, zorder=7)  # fmt: skip
        beside: dict[str, Any] = {
            "textcoords": "offset points",
            "xycoords": "data",
            "annotation_clip": False,
            "ha": "left",
        }
        ax.annotate(f"{words.plural(int(still['days']), 'day')}\n{'by then' if a['as_of'] > a['through'] else 'so far'}", (until, head), (9, -3), va="bottom", color=_OPEN,
                    fontweight="bold", fontsize=10.5, linespacing=1.1, **beside)  # fmt: skip
        if s.median is not None and s.closed > 1:
            ax.axhline(s.median, color=COLOUR["quiet"], linewidth=1.2, linestyle="--", zorder=2)
            low = min(s.median, head - top * 0.04)
            ax.annotate(
                f"median {s.median:g}", (until, low), (9, 0), va="center", fontsize=9.5, color="#444444", **beside
            )
        for g in done.nlargest(2, "days").itertuples():
            if g.days > 2 * (s.median or g.days):
                late = (g.end - since) > 0.6 * (until - since)
                ax.annotate(f"{g.days} days, to {names.day(g.end)}", (g.end, g.days), (-6 if late else 6, 0),
                            textcoords="offset points", fontsize=9.5, va="center", color=COLOUR["ink"],
                            ha="right" if late else "left",
                            path_effects=[withStroke(linewidth=3, foreground="white")], zorder=5)  # fmt: skip
        ax.set_ylim(0, top * 1.16)
        ax.set_ylabel("days of silence")
        base.unread(ax, a, _kind(a), since, until, at=0.68)
        base.time_axis(ax, since, until)
        one = ONE[s.kind]
        half = (
            f"; half of {s.closed} past silences ended within {words.plural(int(s.median), 'day') if s.median == int(s.median) else f'{s.median:g} days'}"
            if s.median and s.closed > 1
            else ""
        )
        title = f"No {one} for {words.plural(int(still['days']), 'day')} by {names.day(a['through'])}{half}"
        if not still["days"]:
            title = f"A {one} on the last searched day, {names.day(a['through'])}{half}"
        past = "; later days, thinly read or unread, do not count" if a["as_of"] > a["through"] else ""
        grey = " Grey: begun in thin reading." if (done["reading"] != "dense").any() else ""
        sub = f"Days of silence before each {one}, at the day it ended. {_unit_words(s.unit)}{grey} Hollow: still open on that day{past}."
        longest = f" The longest lasted {s.longest} days." if s.longest else ""
        base.frame(fig, title, sub, _footer(a, s.units), f"Stems by date, one a gap, the open one hollow. {title}."
                   + longest)  # fmt: skip
        fig.subplots_adjust(right=0.875)
    return fig


def event_strip(record: Record, since: Day | None = None) -> Chart:
    """Draw every handover day as a tick and every deal of several days as a bar, prisoners above bodies."""
    kinds = ("prisoners", "bodies")
    day = {k: cadence.handovers(record, k, "day", since) for k in kinds}
    deal = {k: cadence.handovers(record, k, "deal", since) for k in kinds}
    if all(h.empty for h in day.values()):
        return base.empty("No handover of prisoners or bodies is on record in this window.")
    firsts = [h["start"].min() for h in day.values() if len(h)]
    begin, until = min(firsts), max(record.last_day, max(h["end"].max() for h in day.values() if len(h)))
    with mpl.rc_context(base.STYLE):
        fig = base.figure(3.7)
        axes = fig.subplots(2, 1, sharex=True)
        parts = []
        for ax, k in zip(axes, kinds, strict=True):
            h, d = day[k], deal[k]
            counted = h[h["counted"]]
            ax.eventplot([counted["start"]], lineoffsets=0.5, linelengths=0.7, colors=COLOUR["ink"], linewidths=1.1)
            late = h[~h["counted"]]
            if len(late):
                ax.eventplot([late["start"]], lineoffsets=0.5, linelengths=0.7, colors=_OPEN, linewidths=1.1,
                             linestyles=[(0, (2, 1.5))])  # fmt: skip
            long = d[d["end"] > d["start"]]
            ax.hlines(np.full(len(long), 0.04), long["start"], long["end"], color="#6E6E6E", linewidth=5)
            base.unread(ax, h.attrs, k, begin, until, at=None)
            n = int(d["counted"].sum())
            parts.append(f"{words.plural(len(counted), 'day')} with {MANY[k]} ({words.plural(n, 'deal')})")
            extra = f"; dashed: {len(late)} after the searched day, not counted" if len(late) else ""
            ax.set_title(f"{MANY[k][:1].upper()}{MANY[k][1:]}{extra}", fontweight="bold", fontsize=10)
            ax.set_ylim(0, 1.12)
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
        base.time_axis(axes[1], begin, until)
        through = day["prisoners"].attrs["through"]
        title = " and ".join(parts) + (f", through {names.day(through)}" if through is not None else "")
        title = title[:1].upper() + title[1:]
        base.frame(fig, title, "A tick is a day with a handover; a thick bar below joins the days of one deal. Shaded: thinly read; "
                   "hatched: unread.",
                   _footer(day["prisoners"].attrs, sum(len(h) for h in day.values())),
                   f"Two rows of ticks by date. {title}.")  # fmt: skip
        fig.subplots_adjust(hspace=0.55, left=0.03)
    return fig


def calendar(record: Record, since: Day | None = None) -> Chart:
    """Draw handover days per calendar month as heat maps, prisoners above bodies; unread months hatched."""
    kinds = ("prisoners", "bodies")
    found = {k: cadence.monthly(record, k, since) for k in kinds}
    if not any(m["days"].sum() for m in found.values()):
        return base.empty("No handover of prisoners or bodies is on record in this window.")
    top = max(3, max(int(m["days"].max()) for m in found.values()))
    years = found["prisoners"]["year"].nunique()
    with mpl.rc_context({**base.STYLE, "axes.grid": False}):
        fig = base.figure(2.75 + 0.5 * years)
        axes = fig.subplots(2, 1, sharex=True)
        parts = []
        for ax, k in zip(axes, kinds, strict=True):
            m = found[k]
            grid = m.pivot_table(index="year", columns="month", values="days", sort=True)
            outside = m.pivot_table(index="year", columns="month", values="reading", aggfunc="first")
            hide = outside.isin(["after", "before"]) | (outside.eq("unread") & grid.eq(0))
            sns.heatmap(grid, mask=hide, ax=ax, cmap="Greys", vmin=0, vmax=top * 1.35, annot=True, fmt=".0f", cbar=False,
                        linewidths=1.5, linecolor="white", annot_kws={"fontsize": 9})  # fmt: skip
            for r in m.itertuples():
                x, y = r.month - 1, r.year - m["year"].min()
                if r.reading in ("unread", "thin"):
                    hatch = "////" if r.reading == "unread" else "..."
                    ax.add_patch(Rectangle((x + 0.03, y + 0.05), 0.94, 0.9, fill=False, hatch=hatch, linewidth=0,
                                           edgecolor="white" if r.days > 0.25 * top else "#8C8C8C"))  # fmt: skip
            ax.set_title(f"{MANY[k][:1].upper()}{MANY[k][1:]}", fontweight="bold", fontsize=10)
            ax.set_xlabel("")
            ax.set_ylabel("")
            ax.tick_params(length=0)
            ax.set_yticklabels(ax.get_yticklabels(), rotation=0)
            ax.set_xticklabels(["J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D"])
            if most := int(m["days"].max()):
                tied = [f"{pd.Timestamp(r.year, r.month, 1):%B %Y}" for r in m[m["days"] == most].itertuples()]
                named = " and ".join(tied) if len(tied) < 3 else f"each of {len(tied)} months"
                parts.append(f"{most} for {k} ({named})")
        title = f"Handover days a month peak at {' and '.join(parts)}, as of {names.day(record.last_day)}"
        base.frame(fig, title, "Days with a handover per month. Dotted: thinly or partly read, a lower bound. Hatched: unread.",
                   _footer(found["prisoners"].attrs, sum(int(m["days"].sum()) for m in found.values())),
                   f"Two calendars, years by months, darker for more handover days. {title}.")  # fmt: skip
        fig.subplots_adjust(hspace=0.16 + 0.6 / years)
    return fig


def _strip(ax: Axes, gaps: pd.DataFrame) -> None:
    """Draw when the gaps happened and how well that time was read, under a chart without a date axis."""
    a = gaps.attrs
    since, until = gaps["start"].min(), max(a["as_of"], a["through"])
    ax.eventplot([gaps["start"]], lineoffsets=0.35, linelengths=0.5, colors=COLOUR["ink"], linewidths=0.8)
    base.unread(ax, a, _kind(a), since, until, at=None)
    base.time_axis(ax, since, until)
    ax.set_ylim(0, 1.3)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_title(
        "where these gaps begin, and how well that time was read (shaded: thinly; hatched: unread)",
        fontsize=9,
        color="#555555",
        pad=3,
    )


def survival_curve(gaps: pd.DataFrame) -> Chart:
    """Draw the share of gaps longer than so many days (Kaplan-Meier) with the present one marked."""
    a = gaps.attrs
    s = cadence.summary(gaps) if len(gaps) else None
    if s is None or s.closed < 2 or s.open_days is None:
        return _nothing(a, "No survival curve")
    curve = cadence.survival(gaps)
    with mpl.rc_context(base.STYLE):
        fig = base.figure(4.9)
        ax, strip = fig.subplots(2, 1, height_ratios=[6, 1])
        ax.fill_between(curve["days"], curve["low"], curve["high"], step="post", color=COLOUR["quiet"], alpha=0.25,
                        linewidth=0)  # fmt: skip
        ax.step(curve["days"], curve["survival"], where="post", color=COLOUR["ink"], linewidth=1.8)
        at = float(curve.loc[curve["days"] <= s.open_days, "survival"].iloc[-1])
        ax.plot([s.open_days, s.open_days], [0, at], color=_OPEN, linewidth=1.6, linestyle=(0, (3, 2)))
        ax.scatter([s.open_days], [at], s=56, facecolors="white", edgecolors=_OPEN, linewidths=2, zorder=5)
        longest = max(s.longest or 0, s.open_days)
        ax.annotate(f"the gap open on {names.day(a['through'])}: {words.plural(s.open_days, 'day')};\n{at:.0%} of gaps lasted longer",
                    (s.open_days, at), (10, 4), textcoords="offset points", color=_OPEN, fontweight="bold", fontsize=10,
                    va="bottom")  # fmt: skip
        if s.median is not None:
            ax.plot([0, s.median, s.median], [0.5, 0.5, 0], color=COLOUR["quiet"], linewidth=1, linestyle="--")
            ax.annotate(f"median {s.median:g} days", (s.median, 0.5), (7, 2), textcoords="offset points", fontsize=9.5,
                        color="#444444", va="bottom")  # fmt: skip
        ax.set_xlim(0, longest * 1.04)
        ax.set_ylim(0, 1.08)
        ax.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        ax.set_xlabel("days of silence")
        _strip(strip, gaps)
        half = f"Half of the silences between {MANY[s.kind]} ended within {s.median:g} days" if s.median else \
            f"More than half of the silences between {MANY[s.kind]} have not ended"  # fmt: skip
        title = f"{half}; the one open on {names.day(a['through'])} stood at {s.open_days}"
        sub = f"Share of gaps longer than so many days, Kaplan-Meier with 95% band, open gap censored. {_unit_words(s.unit)}"
        base.frame(fig, title, sub, _footer(a, s.units), f"A falling step curve with a band. {title}. {at:.0%} of gaps "
                   "lasted longer than the open one by then.")  # fmt: skip
        fig.subplots_adjust(hspace=0.62)
    return fig


def regime_rates(record: Record, kind: str = "prisoners", unit: str = "deal", since: Day | None = None) -> Chart:
    """Draw the rate of each regime with its interval over the moving rate, with landmarks as labels."""
    regimes = cadence.rates(record, kind, unit, "regime", since)
    a = regimes.attrs
    if regimes.empty or a["units"] < 5:
        return _nothing(a, "No regime")
    begin, until = regimes["first"].iloc[0], max(a["as_of"], a["through"])
    moving = cadence.moving_rate(record, kind, unit, since)
    h = cadence.handovers(record, kind, unit, since)
    with mpl.rc_context(base.STYLE):
        fig = base.figure(4.8)
        ax = fig.subplots()
        ax.plot(moving.index, moving, color="#8C8C8C", linewidth=1)
        peak = max(moving.max() if moving.notna().any() else 0, regimes["per_30_days"].max())
        for r in regimes.itertuples():
            end = r.last + cadence.ONE_DAY
            ax.fill_between([r.first, end], r.poisson_low, r.poisson_high, color=_OPEN, alpha=0.18,
                            linewidth=0)  # fmt: skip
            ax.hlines(r.per_30_days, r.first, end, color=_OPEN, linewidth=2.4)
            wide = r.days > 0.12 * (until - begin).days
            ax.annotate(f"{r.per_30_days:.1f}" + (" per 30 days" if wide else ""),
                        (r.first + (end - r.first) / 2, r.per_30_days), (0, 4),
                        textcoords="offset points", ha="center", va="bottom", fontsize=10, fontweight="bold",
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
                        color=_OPEN, zorder=6)  # fmt: skip
        top = max(peak, min(regimes["poisson_high"].max(), peak * 1.25)) * 1.38
        ax.eventplot([h.loc[h["counted"], "start"]], lineoffsets=top * 0.015, linelengths=top * 0.03,
                     colors=COLOUR["ink"], linewidths=0.8)  # fmt: skip
        for i, mark in enumerate(cadence.landmarks(record, kind, since).itertuples()):
            ax.axvline(mark.day, color=COLOUR["ink"], linewidth=0.9, linestyle=":", zorder=1)
            right = (mark.day - begin) < 0.62 * (until - begin)
            ax.annotate(mark.label, (mark.day, top * (0.93 - 0.07 * (i % 3))), (3 if right else -3, 0),
                        textcoords="offset points", ha="left" if right else "right", va="top", fontsize=9,
                        color=COLOUR["ink"], bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8,
                                                   "alpha": 0.8})  # fmt: skip
        ax.set_ylim(0, top)
        ax.set_ylabel("per 30 days")
        base.unread(ax, a, _kind(a), begin, until, at=0.5)
        base.time_axis(ax, begin, until)
        what = f"{MANY[kind]} by {unit}"
        if len(regimes) == 1:
            title = f"No change of rate is detectable in {what}: {regimes['per_30_days'].iloc[0]:.1f} per 30 days " \
                    f"through {names.day(a['through'])}"  # fmt: skip
        else:
            path = ", then ".join(f"{v:.1f}" for v in regimes["per_30_days"])
            title = f"{len(regimes)} regimes of {what}: {path} per 30 days, through {names.day(a['through'])}"
        sub = ("Bold: rate by regime (Bayesian blocks, p0 = 0.05) with exact Poisson 95% interval. Grey: last "
               "90 days. Ticks: handovers. Dotted: known context, not a cause.")  # fmt: skip
        if (most := regimes["poisson_high"].max()) > top:
            sub += f" An interval cut off at the top reaches {most:.1f}."
        base.frame(fig, title, sub, _footer(a, a["units"]), f"Steps of the rate over time. {title}.")
    return fig


