"""How charts look: colours, markers and sizes by role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes

__all__ = ["Style"]

# Okabe-Ito hues far apart in lightness, so that grey prints keep the difference; no flag's colours.
COLOURS = {
    "to_ukraine": "#009E73",
    "to_russia": "#7B3294",
    "accent": "#B04A00",
    "ink": "#222222",
    "text": "#444444",
    "quiet": "#767676",
    "line": "#9A9A9A",
    "frame": "#999999",
    "grid": "#E6E6E6",
    "paper": "#FFFFFF",
    "thin": "#F1F1F1",
    "unread": "#E4E4E4",
    "hatch": "#BDBDBD",
}
MARKERS = {
    "to_ukraine": "o",
    "to_russia": "s",
    "zero": "o",
    "withheld": "D",
    "not_reported": "x",
    "not_applicable": "_",
}
SIZES = {"title": 12.5, "head": 10.5, "text": 9.5, "small": 8.5}


def _over(what: str, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(given) - set(defaults)):
        raise ValueError(f"{what}: {unknown[0]!r} is none of {', '.join(defaults)}")
    return {**defaults, **given}


@dataclass(frozen=True, eq=False)
class Style:
    """How charts look: colours and markers by role, font sizes in points, and further rcParams.

    What is given replaces the house's choice for that role; the rest stays. Raises ValueError for
    a role that is not there, so that a misspelt one does not pass in silence.

    >>> Style(colours={"to_ukraine": "black"}).colours["to_ukraine"]
    'black'
    >>> Style(colours={"ukraine": "black"})
    Traceback (most recent call last):
    ...
    ValueError: colours: 'ukraine' is none of to_ukraine, to_russia, accent, ink, ...
    """

    colours: Mapping[str, str] = field(default_factory=dict)
    markers: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)
    rc: Any = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, defaults in (("colours", COLOURS), ("markers", MARKERS), ("sizes", SIZES)):
            object.__setattr__(self, name, _over(name, defaults, getattr(self, name)))
        colours = self.colours
        house = {
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],
            "font.size": self.sizes["text"],
            "text.parse_math": False,  # a dollar in a name is a dollar
            "text.hinting": "none",  # a text is as long in a picture as in an SVG
            "text.color": colours["ink"],
            "axes.labelcolor": colours["ink"],
            "axes.labelsize": self.sizes["text"],
            "axes.unicode_minus": True,
            "axes.titley": 1.0,  # heads stand on their panels: the layout need not look for them
            "legend.frameon": False,
            "hatch.linewidth": 0.6,
            "hatch.color": colours["hatch"],
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": colours["frame"],
            "axes.facecolor": colours["paper"],
            "axes.axisbelow": True,
            "axes.grid": True,
            "grid.color": colours["grid"],
            "figure.facecolor": colours["paper"],
            "svg.hashsalt": "repatria",
            "svg.fonttype": "none",
            "pdf.fonttype": 42,
        }
        for tick in ("xtick", "ytick"):
            house |= {f"{tick}.color": colours["text"], f"{tick}.labelsize": self.sizes["text"]}
        object.__setattr__(self, "rc", {**house, **self.rc})

    @property
    def plate(self) -> dict[str, Any]:
        """Return the `bbox` of a text that lies over marks: a light plate, since a halo would end
        text in SVG.
        """
        return {"facecolor": self.colours["paper"], "alpha": 0.8, "edgecolor": "none", "pad": 1}

    def dress(self, ax: Axes) -> None:
        """Give somebody's axes the spines, grid and ticks that `rc` gives the house's own."""
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(self.colours["frame"])
        ax.set_facecolor(self.colours["paper"])
        ax.set_axisbelow(True)
        ax.grid(visible=True, color=self.colours["grid"], linewidth=0.8)
        ax.tick_params(
            color=self.colours["text"],
            labelcolor=self.colours["text"],
            labelsize=self.sizes["text"],
        )
