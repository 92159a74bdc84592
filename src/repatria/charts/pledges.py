"""Promised and delivered: bullet bars, running sums against a promise, planned days against actual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.display.words import number, plural, span
from repatria.record import frames
from repatria.record.names import SIDES, day
from repatria.record.schema import DIRECTIONS

__all__ = ["bullet", "delivery", "slips"]

_WAYS = {**SIDES, "both": "both ways"}
_LINE = 0.15  # inches that a line of a list needs at least


# --- bullet bars ----------------------------------------------------------------------------------


def bullet(summary: pd.DataFrame, fulfilment: pd.DataFrame) -> Chart:
    """Draw a bullet bar an agreement and direction: delivered against what is said to be promised.

    `summary` and `fulfilment` as `pledges.summary` and `pledges.fulfilment` give them. A bar is the
    share of the highest number promised; ticks are the claimants' numbers. Agreements of which
    nothing is tied to a handover are left out, and counted in the subtitle.

    >>> p = rp.analysis.pledges
    >>> bullet(p.summary(record), p.fulfilment(record)).name
    'bullet'

    See also: `delivery`, `rp.display.pledges.overview`.
    """
    s = summary[(summary["promised_high"].fillna(0) > 0).to_numpy(dtype=bool)]
    rows = s[(s["possible_events"] > 0).to_numpy(dtype=bool)]
    single = rows[(rows["direction"] != "both").to_numpy()]
    split = pd.MultiIndex.from_frame(single[["agreement_id", "kind"]])
    told = pd.MultiIndex.from_frame(rows[["agreement_id", "kind"]]).isin(split)
    rows = rows[(rows["direction"] != "both").to_numpy() | ~told]
    if rows.empty:
        said = "No handover in this view is tied to an agreement with a promised number."
        return base.empty("bullet", said)
    lines = _lines(rows, fulfilment)

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        _bars(axes["main"], lines, style)

    met = int(rows["met_on"].notna().sum())
    silent = s["agreement_id"].nunique() - rows["agreement_id"].nunique()
    numbers = {
        "met": met,
        "bars": len(rows),
        "silent": silent,
        "as_of": frames.dated(summary.attrs)["as_of"],
    }
    title, subtitle, alt = base.worded("pledges/bullet", **numbers)
    drawn = plural(rows["agreement_id"].nunique(), "agreement")
    # A phone's picture breaks long names; the axes' room is reckoned before the layout widens them.
    narrow = [base.wrapped(t, 2.7, Style().sizes["small"], "bold") for t, row in lines if not row]
    broken = sum(name.count("\n") for name in narrow)
    return Chart(
        "bullet",
        title,
        paint,
        subtitle,
        base.source_line(drawn, summary.attrs),
        f"{title}. {alt}",
        aspect={
            "page": (0.2 * len(lines) + 0.7) / 7.0,
            "phone": (0.2 * (len(lines) + broken) + 0.7) / 3.6,
        },
    )


def _bars(ax: Axes, lines: list[tuple[str, Any]], style: Style) -> None:
    """Draw as many lines of the list as have room, newest first; the head says how many."""
    size = style.sizes["small"]
    across, high = base.room(ax)
    texts = [t if row else base.wrapped(t, across - 0.05, size, "bold") for t, row in lines]
    ends = list(accumulate(1 + t.count("\n") for t in texts))
    room = max(3, int((high - 0.5) / _LINE))
    some = sum(end <= room for end in ends)
    if lines[some - 1][1] is None:  # the name of an agreement whose bars have no room
        some -= 1
    left = 0.12 + max(base.long(t, size) for t, row in lines if row)
    right = 0.1 + max(base.long(_result(row), size) for _, row in lines)
    wide = across - left
    if wide - right < 0.6:  # too narrow for numbers beside the bars
        right = 0
    top = max(_share(r, "possible_best", "high") for _, r in lines if r)
    ax.set_xlim(0, top * wide / (wide - right))
    ax.set_ylim(ends[some - 1] + 0.1, -0.1)
    bars = []
    for text, end, (_, row) in zip(texts[:some], ends, lines, strict=False):
        y = end - (1 + text.count("\n")) / 2
        if row is None:
            _name(ax, y, text, left, style)
            continue
        bars.append((y, row, text))
        if right:
            ax.text(top * 1.01, y, " " + _result(row), va="center_baseline", size=size)
    _draw_bars(ax, [(y, row) for y, row, _ in bars], style)
    _list_axis(ax, [(y, text) for y, _, text in bars], style)
    ax.set_xticks([0, 50, 100])
    ax.xaxis.set_major_formatter("{x:.0f}%")
    more = f", newest {some} of {len(lines)} lines" if some < len(lines) else ""
    heads = ("Delivered, as a share of the promise", "Share delivered")
    base.head(ax, style, *(h + more for h in heads), inches=wide)


def _lines(rows: pd.DataFrame, fulfilment: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return the lines of the list: the name of an agreement, then its bars with the numbers that
    claimants say were promised, each once.
    """
    key = ["agreement_id", "kind", "direction"]
    whole = fulfilment[(fulfilment["scope"] == "").to_numpy()]
    numbers: dict[tuple[str, ...], set[int]] = {}
    for *of, low, high in whole[[*key, "quantity_low", "quantity_high"]].itertuples(index=False):
        numbers.setdefault(tuple(of), set()).update(n for n in (low, high) if pd.notna(n))
    out: list[tuple[str, Any]] = []
    for name, group in rows.groupby("agreement", sort=False):
        out.append((str(name), None))
        for r in group.to_dict("records"):
            r["promised"] = sorted(numbers.get(tuple(r[k] for k in key), ()))
            out.append((f"{r['kind']} {_WAYS[r['direction']]}", r))
    return out


def _share(row: Any, *columns: str) -> float:
    """Return the largest of some sums as per cent of the highest number promised, at least 100."""
    sums = [row[c] for c in columns if pd.notna(row[c])]
    return max(100.0, *(100 * n / row["promised_high"] for n in [0, *sums]))


def _result(row: Any) -> str:
    """Return a bar's numbers: "6,057–6,060 of 6,000"."""
    if row is None:
        return ""
    known = f"{number(row['low'])} or more" if row["unsized"] else span(row["low"], row["high"])
    promised = span(row["promised_low"], row["promised_high"])
    return f"{known if row['events'] and pd.notna(row['low']) else 'none'} of {promised}"


def _name(ax: Axes, y: float, text: str, left: float, style: Style) -> None:
    how: dict[str, Any] = {"ha": "left", "weight": "bold", "annotation_clip": False, "zorder": 3}
    how["bbox"] = {"facecolor": style.colours["paper"], "edgecolor": "none", "pad": 0.5}
    base.beside(ax, style, text, (0, y), (-72 * left + 4, 0), "small", **how)


def _draw_bars(ax: Axes, bars: list[tuple[float, Any]], style: Style) -> None:
    """Draw all bars, their like as one artist."""
    colours, y = style.colours, np.array([at for at, _ in bars])
    rows = pd.DataFrame([row for _, row in bars])
    way = rows["direction"].where(rows["direction"].isin(DIRECTIONS), "quiet")
    colour = way.map(dict(colours)).to_numpy("object")
    wanted = rows[["best", "low", "high", "possible_best"]].astype("Float64")
    shares = 100 * wanted.div(rows["promised_high"], axis=0).to_numpy("float64", na_value=np.nan)
    best, low, high, further = shares.T
    known, unsized = ~np.isnan(best), rows["unsized"].to_numpy(dtype=bool)
    base.bars(ax, y, 0, 100, 0.74, facecolors=colours["grid"], zorder=1)
    base.bars(ax, y[known], 0, best[known], 0.4, facecolors=colour[known], zorder=2)
    more = ~np.isnan(further) & (rows["possible_events"] > rows["events"]).to_numpy(dtype=bool)
    dotted: dict[str, Any] = {"facecolors": "none", "linestyles": ":", "linewidths": 1.3}
    ends = np.nan_to_num(best[more]), further[more]
    base.bars(ax, y[more], *ends, 0.4, edgecolors=colour[more], **dotted)
    apart = known & ~unsized & (high > low)
    accent: dict[str, Any] = {"color": colours["accent"], "linewidth": 3, "zorder": 4}
    ax.hlines(y[apart], low[apart], high[apart], capstyle="projecting", **accent)
    open_ = known & unsized
    ax.scatter(best[open_], y[open_], s=36, c=list(colour[open_]), marker=">", zorder=3)
    ticks = [(at, 100 * n / row["promised_high"]) for at, row in bars for n in row["promised"]]
    at, share = np.transpose(ticks)
    ax.vlines(share, at - 0.42, at + 0.42, color=colours["ink"], linewidth=1.8, zorder=5)


def _list_axis(ax: Axes, named: Sequence[tuple[float, str]], style: Style) -> None:
    """Name the lines, and take away what a list does not need."""
    ax.set_yticks([y for y, _ in named], [text for _, text in named], size=style.sizes["small"])
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)


# --- delivery against a promise -------------------------------------------------------------------


def delivery(course: pd.DataFrame, fulfilment: pd.DataFrame) -> Chart:
    """Draw the running sum under one agreement against what is said to be promised, by direction.

    `course` as `pledges.course` gives it for an agreement and kind, `fulfilment` as
    `pledges.fulfilment`. Both panels have one scale.

    >>> p = rp.analysis.pledges
    >>> june = p.course(record, "istanbul-2025-06-02", "bodies")
    >>> delivery(june, p.fulfilment(record)).name
    'delivery-istanbul-2025-06-02-bodies'

    See also: `bullet`.
    """
    about = frames.dated(course.attrs)
    name = f"delivery-{about['agreement_id']}-{about['kind']}"
    said = _said(fulfilment, about)
    if course.empty or said.empty:
        return base.empty(
            name, "No handover in this view is tied to a promised number of this kind."
        )
    until = said["until"].max()
    since = pd.Series([course["date"].min(), about["agreed_on"]]).min()
    last = pd.Series([course["date"].max(), until]).max()
    last = max(last + 0.04 * (last - since), since + pd.Timedelta(days=7))
    ways = [_way(course, said, d) for d in DIRECTIONS]
    numbers = said.loc[(said["direction"] != "both").to_numpy(), "quantity_high"]
    top = 1.12 * float(max(1, *numbers, *course["best"].dropna()))

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        for way in ways:
            ax = axes[way["direction"]]
            if pd.notna(until):
                ax.axvline(until, color=style.colours["accent"], linewidth=1.2)
            base.time_axis(ax, since, last)
            base.count_axis(ax)
            ax.set_ylim(0, top)
            _way_panel(ax, course, said, way, (since, last), style)

    title, subtitle, alt = base.worded(
        "pledges/delivery",
        name=about["agreement"],
        kind=about["kind"],
        ways=ways,
        further=bool((course["reading"] != "record").any()),
        unsized=bool((course["unsized"] > 0).any()),
        until=until if pd.notna(until) else None,
        as_of=about["as_of"],
    )
    drawn = plural(course["event_id"].nunique(), "handover")
    return Chart(
        name,
        title,
        paint,
        subtitle,
        base.source_line(drawn, about),
        alt,
        panels=tuple(DIRECTIONS),
        aspect={"page": 0.7, "phone": 1.2},
    )


def _said(fulfilment: pd.DataFrame, about: Mapping[Any, Any]) -> pd.DataFrame:
    """Return the statements with a number for all of an agreement and kind."""
    mine = fulfilment["quantity_low"].notna() & (fulfilment["scope"] == "")
    for column in ("agreement_id", "kind"):
        mine &= fulfilment[column] == about[column]
    return fulfilment[mine.to_numpy(dtype=bool)]


def _way_panel(
    ax: Axes,
    course: pd.DataFrame,
    said: pd.DataFrame,
    way: dict[str, Any],
    window: tuple[pd.Timestamp, pd.Timestamp],
    style: Style,
) -> None:
    """Draw one direction: its steps, its promises, its head."""
    direction, (since, last) = way["direction"], window
    _steps(ax, course[(course["direction"] == direction).to_numpy()], direction, last, style)
    here = said[(said["direction"] == direction).to_numpy()]
    _promises(ax, here, (course["date"].min() - since) / (last - since), style)
    kind = course.attrs["kind"].capitalize()
    long = f"{kind} {way['side']}: {way['size']} of {way['promised']}"
    base.head(ax, style, long, f"{way['side']}: {way['size']}", way["side"], colour=direction)


def _way(course: pd.DataFrame, said: pd.DataFrame, direction: str) -> dict[str, Any]:
    """Return what the words say of one direction."""
    taken = (course["direction"] == direction).to_numpy() & (course["taken"] == "record").to_numpy()
    run = course[taken]
    numbers = said.loc[(said["direction"] == direction).to_numpy()]
    promised = span(numbers["quantity_low"].min(), numbers["quantity_high"].max())
    size, sized = "none", 0
    if len(run):
        end = run.iloc[-1]
        size = span(end["low"], end["high"]) or "sizes unknown"
        sized = len(run) - int(end["unsized"])
    return {
        "direction": direction,
        "side": SIDES[direction],
        "events": len(run),
        "sized": sized,
        "size": size,
        "promised": promised or "no number",
    }


def _steps(
    ax: Axes, course: pd.DataFrame, direction: str, last: pd.Timestamp, style: Style
) -> None:
    colour = style.colours[direction]
    for taken, line, width in (("possible", ":", 1.6), ("record", "-", 2.2)):
        run = course[(course["taken"] == taken).to_numpy()]
        if run.empty or (taken == "possible" and (run["reading"] == "record").all()):
            continue
        days = [run["date"].iloc[0], *run["date"], last]
        low, best, high = (
            [0.0, *run[c].astype("Float64").fillna(0).astype("float64")]
            for c in ("low", "best", "high")
        )
        ax.step(
            days, [*best, best[-1]], where="post", color=colour, linestyle=line, linewidth=width
        )
        if taken == "record" and run["high"].notna().all():
            ends = [*low, low[-1]], [*high, high[-1]]
            ax.fill_between(days, *ends, step="post", color=colour, alpha=0.3, linewidth=0)
        if taken == "record":
            added = run["unsized"].astype("int64").diff().fillna(run["unsized"].iloc[0]) > 0
            none = run[added.to_numpy(dtype=bool)]
            sized = run[~added.to_numpy(dtype=bool)]
            ax.scatter(
                sized["date"],
                sized["best"].astype("int64"),
                s=22,
                color=colour,
                zorder=4,
                marker=style.markers[direction],
            )
            if len(none):
                ax.scatter(
                    none["date"],
                    [0] * len(none),
                    s=34,
                    marker=style.markers["withheld"],
                    facecolors=style.colours["paper"],
                    edgecolors=style.colours["accent"],
                    linewidths=1.4,
                    clip_on=False,
                    zorder=5,
                    label=f"no size ({len(none)})",
                )


def _promises(ax: Axes, said: pd.DataFrame, first: float, style: Style) -> None:
    """Draw a dashed line for each number promised, named under it where the sum is not.

    `first` is where in the width the first handover stands.
    """
    by = said.groupby("quantity_high")["claimant"].nunique()
    size = style.sizes["small"]
    wide, high = base.room(ax)
    named: list[float] = []
    for n, claimants in by.sort_index(ascending=False).items():
        ax.axhline(n, color=style.colours["ink"], linewidth=1.1, linestyle="--", zorder=1)
        text = f"{number(n)} by {plural(int(claimants), 'claimant')}"
        apart = all((other - n) / ax.get_ylim()[1] * high > 0.18 for other in named)
        if high > 0.7 and base.long(text, size) < 0.6 * wide and apart:
            named.append(float(n))
            x, ha = (0.01, "left") if first > 0.5 else (0.99, "right")
            how: dict[str, Any] = {"xycoords": ax.get_yaxis_transform(), "bbox": None, "zorder": 2}
            base.beside(ax, style, text, (x, n), (0, -2), "small", "text", ha=ha, **how)


# --- planned days against actual ------------------------------------------------------------------


def slips(planned: pd.DataFrame) -> Chart:
    """Draw the days from each planned day to the day on which the handover came, newest first.

    `planned` as `pledges.slips` gives it. What did not come has a mark of its own.

    >>> slips(rp.analysis.pledges.slips(record)).name
    'slips'

    See also: `rp.display.pledges.slips`.
    """
    rows = planned.iloc[::-1].reset_index(drop=True)
    if rows.empty:
        return base.empty("slips", "No planned day is on record in this view.")
    longest = int(rows["slip"].fillna(0).max())

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        shown = rows.head(max(3, int((base.room(ax)[1] - 0.5) / _LINE)))
        texts = [f"{day(r.planned_for)}, {r.kind}" for r in shown.itertuples()]
        size = style.sizes["small"]
        if max(base.long(t, size) for t in texts) > base.room(ax)[0] / 2:
            texts = [f"{r.planned_for:%d %b %y}, {r.kind}" for r in shown.itertuples()]
        left = 0.12 + max(base.long(t, size) for t in texts)
        wide = base.room(ax)[0] - left
        ax.set_xlim(min(-0.3, rows["slip"].fillna(0).min()), longest + 0.5)
        ax.set_ylim(len(shown) - 0.4, -0.6)
        _slips(ax, shown, style)
        _list_axis(ax, list(enumerate(texts)), style)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=max(2, int(wide / 0.45))))
        some = f", newest {len(shown)} of {len(rows)}" if len(shown) < len(rows) else ""
        heads = ("Days from the day planned to the day it came", "Days late")
        base.head(ax, style, *(h + some for h in heads), inches=wide)

    title, subtitle, alt = base.worded(
        "pledges/slips",
        late=int((rows["slip"].fillna(0) > 0).sum()),
        absent=int(((rows["outcome"] != "came") & ~rows["made_up"]).sum()),
        days=len(rows) - int(rows["made_up"].sum()),
        longest=longest,
        as_of=frames.dated(planned.attrs)["as_of"],
    )
    tall = 0.2 * len(rows) + 0.8
    return Chart(
        "slips",
        title,
        paint,
        subtitle,
        base.source_line(plural(len(rows), "plan"), planned.attrs),
        f"{title}. {alt}",
        aspect={"page": tall / 7.0, "phone": tall / 3.6},
    )


def _slips(ax: Axes, rows: pd.DataFrame, style: Style) -> None:
    """Draw planned days; marks that are alike are one artist, with one label for the key."""
    ink, paper, accent = (style.colours[c] for c in ("ink", "paper", "accent"))
    marks = {
        "came": ("o", "", ""),
        "disputed": ("o", paper, "disputed"),
        "cancelled": ("X", ink, "called off"),
        "no_event": (style.markers["withheld"], paper, "no handover on record"),
    }
    at = rows["slip"].fillna(0).to_numpy("int64")
    came = (rows["outcome"] == "came").to_numpy()
    disputed = came & rows["disputed_by"].map(bool).to_numpy()
    said = np.where(disputed, "disputed", rows["outcome"].astype("object"))
    y = np.arange(len(rows))
    for kind in dict.fromkeys(said):
        mark, face, label = marks[kind]
        for colour in (accent, ink):
            mine = (said == kind) & ((at != 0) == (colour == accent))
            if not mine.any():
                continue
            edge = colour if kind in ("came", "disputed") else ink
            ax.hlines(y[mine], 0, at[mine], color=colour, linewidth=1.8, zorder=2)
            how: dict[str, Any] = {"linewidths": 1.5, "clip_on": False, "zorder": 3}
            how |= {"facecolors": face or colour, "edgecolors": edge, "marker": mark}
            ax.scatter(at[mine], y[mine], s=42, label=label, **how)
            label = ""
