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
from matplotlib.ft2font import LoadFlags
from PIL import Image

__all__ = ["png", "svg"]

MOST = 1 << 14  # measures kept
_kept: dict[Any, tuple[Any, ...]] = {}  # what was measured and set, by dots an inch, fonts and text


def png(figure: Figure) -> bytes:
    """Return a palette PNG: charts have few colours, and a third of the bytes shows them as
    well.

    >>> png(Figure()).startswith(b"\\x89PNG")
    True
    """
    canvas, out = _Canvas(figure), io.BytesIO()
    canvas.draw()  # once; a savefig draws twice
    _reduced(np.asarray(canvas.buffer_rgba())).save(out, "PNG", compress_level=8)
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
    """A renderer that sets a text once in a process: its measures, and its letters as pixels."""

    pixels = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rc = mpl.rcParams
        fonts = tuple(str(rc[k]) for k in rc if k.startswith(("font.", "text.")))
        self._about: tuple[Any, ...] = getattr(self, "image_dpi", getattr(self, "dpi", 72)), fonts

    def _set(self, s: str, prop: FontProperties) -> tuple[Any, ...]:
        """Return the width, height and descent of a text, its letters and where they begin, in dots."""
        key = *self._about, s, hash(prop)
        if key not in _kept or (self.pixels and _kept[key][3] is None):
            if len(_kept) >= MOST:
                _kept.clear()
            font = get_font(findfont(prop))
            font.clear()
            font.set_size(prop.get_size_in_points(), self._about[0])
            font.set_text(s, 0, flags=LoadFlags.NO_HINTING)
            wide, high, down = *font.get_width_height(), font.get_descent()
            if self.pixels:
                font.draw_glyphs_to_bitmap()
            image = font.get_image() if self.pixels else None
            left, above = font.get_bitmap_offset()[0] / 64, (high - down) // 64 + 1
            _kept[key] = wide / 64, high / 64, down / 64, image, left, above
        return _kept[key]

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)  # type: ignore[misc]
        scale = self.points_to_pixels(72) / self._about[0]  # type: ignore[attr-defined]
        wide, high, down = self._set(s, prop)[:3]
        return wide * scale, high * scale, down * scale

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float | None, ...]:
        """Return ascent, descent and line gap; matplotlib asks for them where a renderer has them."""
        key = *self._about, hash(prop)
        if key not in _kept:
            font = get_font(findfont(prop))
            table: Any = font.get_sfnt_table("OS/2")
            units = font.get_sfnt_table("head")
            if table is None or units is None:
                return None, None, None  # then it measures letters
            scale = prop.get_size_in_points() / units["unitsPerEm"]
            up, down, gap = (table[f"sTypo{k}"] for k in ("Ascender", "Descender", "LineGap"))
            _kept[key] = up * scale, -down * scale, gap * scale
        return tuple(self.points_to_pixels(n) for n in _kept[key])  # type: ignore[attr-defined]


class _Raster(_Measuring, RendererAgg):
    """Agg with each text drawn as the one picture that was kept; letter by letter is much slower."""

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, *about: Any, **more: Any
    ) -> None:
        if angle not in (0, 90) or any(about) or more.get("ismath"):
            return super().draw_text(gc, x, y, s, prop, angle, *about, **more)
        image, left, above = self._set(s, prop)[3:]
        if angle:
            image, x, y = np.rot90(image), round(x) - above, round(y - left)
        else:
            x, y = round(x + left), round(y) - above + image.shape[0]
        return self._renderer.draw_text_image(image, x, y, 0, gc)


class _Vector(_Measuring, RendererSVG):
    """SVG: what it measures is what the picture of the same figure measured, in points."""

    pixels = False


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
    colours = np.array([c for _, c in sorted(found, reverse=True)], dtype=np.uint8)
    # Frequent first; and of the colours, not of the pixels: a few small marks weigh as much as a field, and the greys of text.
    rough = Image.fromarray(colours[None]).quantize(most, Image.Quantize.MAXCOVERAGE).getpalette()
    colours = colours.astype(float)
    centres = np.reshape(np.array(rough or [0, 0, 0], dtype=float), (-1, 3))
    near = ((centres**2).sum(1) - 2 * colours @ centres.T).argmin(1)  # less the colour's own square
    _, first, label = np.unique(near, return_index=True, return_inverse=True)
    index_of = np.zeros(1 << 24, dtype=np.uint8)  # by colour; only what is touched takes memory
    index_of[(colours @ [1, 1 << 8, 1 << 16]).astype(np.int64)] = label
    reduced = Image.fromarray(index_of[pixels.view("<u4")[..., 0] & 0xFFFFFF]).convert("P")
    reduced.putpalette(colours[first].astype(np.uint8).tobytes())
    return reduced
