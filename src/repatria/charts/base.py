"""What all charts share: figures that carry alt text, the house style, marks for absence, source footers.

No statistics here: a chart draws what an analysis function returned.
"""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from repatria.analysis import asymmetry
from repatria.display import words

# Okabe-Ito hues far apart in lightness, so that grey prints keep the difference; neither is a flag colour.
COLOUR = {"to_ukraine": "#009E73", "to_russia": "#7B3294", "accent": "#B04A00", "ink": "#222222", "quiet": "#767676"}
MARKER = {"to_ukraine": "o", "to_russia": "s"}
DPI = 150
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": "#222222",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "repatria",
    "svg.fonttype": "none",
}


class Chart(Figure):
    """A figure that shows itself as a PNG with its alt text, the same bytes every time.

    It stays outside pyplot, so a notebook shows it once and nothing has to be closed.
    """

    alt: str = ""

    def png(self) -> bytes:
        """Return the figure as PNG bytes without date or software metadata."""
        buffer = io.BytesIO()
        with mpl.rc_context(STYLE):
            FigureCanvasAgg(self).print_png(buffer, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, object]]]:
        width, height = (round(v * DPI) for v in self.get_size_inches())
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt, "width": width // 2, "height": height // 2}}


def wrap(text: str, width: float) -> list[str]:
    """Break a text into lines of `width` characters at spaces only."""
    return textwrap.wrap(text, int(width), break_on_hyphens=False, break_long_words=False)


def figure(height: float, width: float = 7.0) -> Chart:
    """Return an empty figure of the house width, in inches."""
    fig = Chart(figsize=(width, height), dpi=DPI)
    fig.set_facecolor("white")
    return fig


def frame(fig: Figure, title: str, subtitle: str, footer: str, alt: str, above: float = 0.0) -> None:
    """Set title (the finding), subtitle (measure, unit, coverage), source footer and alt text, with room for each.

    `above` is further room, in inches, between the subtitle and the first panel.
    """
    height = fig.get_size_inches()[1]
    width = fig.get_size_inches()[0]
    head = wrap(title, width * 9.2)
    sub = wrap(subtitle, width * 12.6)
    foot = wrap(footer, width * 15)
    y = 1 - 0.10 / height
    fig.text(
        0.015,
        y,
        "\n".join(head),
        va="top",
        ha="left",
        fontsize=12.5,
        fontweight="bold",
        color=COLOUR["ink"],
        linespacing=1.25,
    )
    y -= (0.235 * len(head) + 0.06) / height
    fig.text(0.015, y, "\n".join(sub), va="top", ha="left", fontsize=10, color="#444444", linespacing=1.3)
    y -= (0.20 * len(sub) + 0.30 + above) / height
    fig.text(
        0.015,
        0.06 / height,
        "\n".join(foot),
        va="bottom",
        ha="left",
        fontsize=8.5,
        color=COLOUR["quiet"],
        linespacing=1.3,
    )
    bottom = (0.165 * len(foot) + 0.46) / height
    fig.subplots_adjust(left=0.095, right=0.965, top=y, bottom=bottom)
    if isinstance(fig, Chart):
        fig.alt = alt


def source_line(
    drawn: str, attrs: Mapping[Any, Any], claimants: Mapping[str, int] | None = None, note: str = ""
) -> str:
    """Return a source line: what was drawn, whose counts (the four most frequent by name), rule, lens, as-of day.

    `claimants` maps a name to how many of the counts are its own, most frequent first; rule, lens and day are
    given where `attrs` carries them.
    """
    parts = [f"Source: Repatria record, {drawn}"]
    if claimants:
        others = f"; {words.plural(len(claimants) - 4, 'other claimant')}" if len(claimants) > 4 else ""
        parts.append("Counts by " + "; ".join(f"{n} ({c})" for n, c in list(claimants.items())[:4]) + others)
    if "rule" in attrs:
        parts.append(f"Rule {attrs['rule']}" + (f", lens {attrs['lens']}" if "lens" in attrs else ""))
    if "as_of" in attrs:
        parts.append(f"As of {attrs['as_of']:%Y-%m-%d}")
    return ". ".join(parts) + "." + (f" {note}" if note else "")


def footer(events: pd.DataFrame, note: str = "") -> str:
    """Return the source line of the events drawn."""
    drawn = asymmetry.owners(events)
    return source_line(words.plural(drawn["handovers"], "handover"), events.attrs, drawn["claimants"], note)


def time_axis(ax: Axes, since: pd.Timestamp, until: pd.Timestamp) -> None:
    """Give an axis of days from `since` to `until`, with few, short date labels."""
    pad = max((until - since) * 0.015, pd.Timedelta(days=2))
    ax.set_xlim(since - pad, until + pad)
    locator = AutoDateLocator(minticks=3, maxticks=7)
    ax.xaxis.set_major_locator(locator)
    # A month says its year and a day its month: no first tick that leaves the reader to guess.
    ax.xaxis.set_major_formatter(
        ConciseDateFormatter(
            locator,
            formats=["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%S.%f"],
            zero_formats=["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
            show_offset=False,
        )
    )
    ax.grid(axis="x", visible=False)


def unread(
    ax: Axes,
    events_or_attrs: Any,
    kind: str | None,
    since: pd.Timestamp,
    until: pd.Timestamp,
    label: bool = True,
    at: float | None = 0.985,
) -> None:
    """Hatch the days that were not searched, or only thinly, so that no unread month looks silent.

    A wide stretch is named along its top; a narrow one upright, its middle or top `at` that part of the axis (None: no name).
    """
    attrs = getattr(events_or_attrs, "attrs", events_or_attrs)
    spans = stretches(attrs.get("coverage", []), kind, since, until)
    for start, end, density in spans:
        if density == "dense":
            continue
        ax.axvspan(
            start,
            end,
            facecolor="#F1F1F1" if density == "thin" else "#E4E4E4",
            edgecolor="#BDBDBD",
            hatch="" if density == "thin" else "///",
            linewidth=0,
            zorder=0,
        )
        part = (end - start) / (until - since) if until > since else 1.0
        wide = part > 0.13
        if label and (wide or (at is not None and part > 0.03)):
            ax.text(
                start + (end - start) / 2,
                0.985 if wide or at is None else at,
                "thinly read" if density == "thin" else "unread",
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="top" if wide or (at or 0) > 0.9 else "center",
                rotation=0 if wide else 90,
                fontsize=8.5 if wide else 8,
                color="#555555",
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )


def stretches(
    coverage: Iterable[dict[str, Any]], kind: str | None, since: pd.Timestamp, until: pd.Timestamp
) -> list[tuple[pd.Timestamp, pd.Timestamp, str]]:
    """Split [since, until] by how well it was searched: dense, thin or unread, for the side read least.

    `coverage` holds dictionaries with kind, side, read_from, read_through, density. Returns consecutive
    (start, end, density) triples.
    """
    days = pd.date_range(since.normalize(), until.normalize(), freq="D")
    if days.empty:
        return []
    level = {"unread": 0, "thin": 1, "dense": 2}
    rows = [c for c in coverage if kind is None or c["kind"] == kind]
    worst = np.full(len(days), 2)
    for k in sorted({c["kind"] for c in rows if kind is not None or c["kind"] != "civilians"}) or [""]:
        for side in ("ukraine", "russia"):
            best = np.zeros(len(days), dtype=int)
            for c in rows:
                if c["kind"] == k and c["side"] == side:
                    inside = (days >= c["read_from"]) & (days <= c["read_through"])
                    best = np.where(inside, np.maximum(best, level[str(c["density"])]), best)
            worst = np.minimum(worst, best)
    names = {v: k for k, v in level.items()}
    edges = np.flatnonzero(np.diff(worst)) + 1
    out = []
    for block in np.split(np.arange(len(days)), edges):
        end = days[block[-1]] + pd.Timedelta(days=1)
        out.append((days[block[0]], min(end, days[-1]), names[int(worst[block[0]])]))
    return out


def absent_marks(ax: Axes, events: pd.DataFrame, direction: str, y: float = 0.0) -> dict[str, int]:
    """Draw what has no count at the base line: zero a hollow dot, withheld a hollow diamond, not reported a grey ×.

    Returns how many of each were drawn, by absence.
    """
    marks: dict[str, dict[str, Any]] = {
        "zero": dict(marker="o", s=42, facecolors="white", edgecolors=COLOUR[direction], linewidths=1.6),
        "withheld": dict(marker="D", s=30, facecolors="white", edgecolors=COLOUR["accent"], linewidths=1.3),
        "not_reported": dict(marker="x", s=30, c=COLOUR["quiet"], linewidths=1.4),
    }
    drawn = {}
    for absence, style in marks.items():
        rows = events[(events[f"{direction}_absence"] == absence).to_numpy()]
        if len(rows):
            # The few lie over the many: no report under a withheld size, a withheld size under a zero.
            over = {"not_reported": 4.0, "withheld": 4.1, "zero": 4.2}[absence]
            ax.scatter(rows["date"], np.full(len(rows), y), clip_on=False, zorder=over, **style)
            drawn[absence] = len(rows)
    return drawn


ABSENCE_MARKS = {"zero": "○ none", "withheld": "◇ size withheld", "not_reported": "× not reported"}


def mark_key(ax: Axes, drawn: dict[str, int]) -> None:
    """Write the key to the absence marks in use between the panel's title and its frame."""
    text = "   ".join(f"{ABSENCE_MARKS[a]} ({n})" for a, n in drawn.items())
    ax.set_title(ax.get_title(loc="left"), loc="left", pad=19 if drawn else 6)
    ax.annotate(
        text,
        (0, 1),
        (0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=9,
        ha="left",
        va="bottom",
        color="#444444",
    )


def window(events: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last day a chart of these events shows: first event to the as-of day.

    The as-of day may lie past the last searched day: the rest is hatched as unread by `unread`.
    """
    until = events.attrs.get("as_of", events["date"].max())
    since = events["date"].min() if len(events) else until
    return since, max(until, events["date"].max()) if len(events) else until


def empty(message: str) -> Chart:
    """Return a small figure that says there is nothing to draw: never an empty axis."""
    fig = figure(1.2)
    fig.text(0.015, 0.55, "\n".join(wrap(message, 78)), va="center", fontsize=11, color=COLOUR["ink"])
    fig.alt = message
    return fig
