"""A chart's figure as the bytes of a file: palette PNG or SVG whose text stays text.

Half of what matplotlib spends on a small chart goes into measuring the same few texts again, at every layout and by
every renderer. The renderers here keep what they measured for the process.
"""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from PIL import Image

__all__ = ["png", "svg"]

MOST = 1 << 14  # measures kept
_measured: dict[Any, tuple[float, float, float]] = {}  # by renderer, fonts and text


def __dir__() -> list[str]:
    return __all__


def png(figure: Figure) -> bytes:
    """Return a palette PNG: charts have few colours, and a third of the bytes shows them as
    well.

    >>> png(Figure()).startswith(b"\\x89PNG")
    True
    """
    canvas, out = _Canvas(figure), io.BytesIO()
    canvas.draw()  # once; a savefig draws twice
    _reduced(np.asarray(canvas.buffer_rgba())).save(out, "PNG", optimize=True)
    return out.getvalue()


def svg(figure: Figure) -> bytes:
    """Return an SVG without the day it was made; it is drawn at 72 dots an inch, so draw it last.

    >>> b"<svg" in svg(Figure())
    True
    """
    out = io.StringIO()
    FigureCanvasSVG(figure)  # a layout that is still to be made measures as the file does
    # Verdana is as wide as DejaVu Sans: a file keeps its layout where that is missing.
    with mpl.rc_context({"font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"]}):
        dpi, figure.dpi = figure.dpi, 72
        wide, high = figure.get_size_inches() * 72
        plain = {"Date": None, "Creator": None}
        renderer = _Vector(wide, high, out, image_dpi=dpi, metadata=plain)
        figure.draw(renderer)
        renderer.finalize()
    return out.getvalue().encode()


class _Measuring:
    """A renderer that measures a text once in a process; what it measures is what matplotlib would."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rc = mpl.rcParams
        fonts = tuple(str(rc[k]) for k in rc if k.startswith(("font.", "text.")))
        self._about = type(self), getattr(self, "dpi", 72), fonts

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        key = *self._about, s, hash(prop), ismath
        if key not in _measured:
            if len(_measured) >= MOST:
                _measured.clear()
            measure = super().get_text_width_height_descent  # type: ignore[misc]
            _measured[key] = measure(s, prop, ismath)
        return _measured[key]

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float | None, ...]:
        """Return ascent, descent and line gap; matplotlib asks for them where a renderer has them."""
        key = *self._about, hash(prop)
        if key not in _measured:
            font = get_font(findfont(prop))
            table = font.get_sfnt_table("OS/2")
            if table is None:
                return None, None, None  # then it measures letters
            units: Any = font.get_sfnt_table("head")
            # In matplotlib's order, for its last digit.
            scale = 1 / units["unitsPerEm"] * prop.get_size_in_points() * self._about[1] / 72
            up, down = table["sTypoAscender"], table["sTypoDescender"]
            _measured[key] = up * scale, -down * scale, table["sTypoLineGap"] * scale
        return _measured[key]


class _Raster(_Measuring, RendererAgg):
    """Agg, measuring once."""


class _Vector(_Measuring, RendererSVG):
    """SVG, measuring once."""


class _Canvas(FigureCanvasAgg):
    """Agg's canvas with the renderer that measures once."""

    def get_renderer(self) -> RendererAgg:
        size = *self.get_width_height(physical=True), self.figure.dpi
        if self._lastKey != size:
            self.renderer, self._lastKey = _Raster(*size), size
        return self.renderer


def _reduced(pixels: Any, most: int = 64) -> Image.Image:
    """Return pixels (RGBA, none transparent) in a palette of so many of their own colours: what is flat keeps its
    colour to the bit.
    """
    image = Image.fromarray(pixels).convert("RGB")
    found = image.getcolors(image.width * image.height) or []
    colours = np.array([c for _, c in sorted(found, reverse=True)], dtype=float)  # frequent first
    few = image.resize((image.width // 2, image.height // 2), Image.Resampling.NEAREST)
    # Coverage keeps the colour of a few small marks, which a median cut gives to the greys of text.
    rough = few.quantize(most, Image.Quantize.MAXCOVERAGE).getpalette() or [0, 0, 0]
    centres = np.reshape(np.array(rough, dtype=float), (-1, 3))
    near = ((centres**2).sum(1) - 2 * colours @ centres.T).argmin(1)  # less the colour's own square
    _, first, label = np.unique(near, return_index=True, return_inverse=True)
    index_of = np.zeros(1 << 24, dtype=np.uint8)  # by colour; only what is touched takes memory
    index_of[(colours @ [1, 1 << 8, 1 << 16]).astype(np.int64)] = label
    reduced = Image.fromarray(index_of[pixels.view("<u4")[..., 0] & 0xFFFFFF]).convert("P")
    reduced.putpalette(colours[first].astype(np.uint8).tobytes())
    return reduced
