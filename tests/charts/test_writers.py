"""Files of charts: what is measured once is what matplotlib measures, and flat colours stay."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from PIL import Image

from repatria.charts import writers

TEXTS = ["lp", "1,000", "handovers of bodies to Ukraine", "Україна", " ", "$x^2$"]


def drawn() -> Figure:
    """Return a figure with what charts have: heads, ticks, a key, a text over marks."""
    figure = Figure(figsize=(4, 3), dpi=140, layout="constrained")
    one, two = figure.subplots(2, 1, sharex=True)
    one.plot([1, 2, 3], [1000, 3000, 2000], "o", color="#009E73", label="seen (3)")
    one.set_title("A panel", loc="left", weight="bold")
    one.legend()
    two.bar([1, 2, 3], [3, 1, 2], color="#7B3294", hatch="///")
    two.text(2, 1, "unread\ndays", rotation=90, size=8.5)
    return figure


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("size", "weight"), [(8.5, "normal"), (12.5, "bold")])
def test_measures_are_those_of_matplotlib(text: str, size: float, weight: str) -> None:
    prop = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    file = io.StringIO()
    pairs = [
        (writers._Raster(100, 100, 140), RendererAgg(100, 100, 140)),
        (writers._Raster(100, 100, 72), RendererAgg(100, 100, 72)),
        (writers._Vector(72, 72, file, image_dpi=140), RendererSVG(72, 72, file)),
    ]
    with mpl.rc_context({"text.hinting": "none"}):
        for ours, theirs in pairs:
            wanted = theirs.get_text_width_height_descent(text, prop, False)
            # To the sixty-fourth of a dot, in which fonts measure.
            wanted = pytest.approx(wanted, abs=0 if "Agg" in repr(theirs) else 0.1, rel=0)
            for _ in range(2):  # set, then remembered
                assert ours.get_text_width_height_descent(text, prop, False) == wanted


def test_another_font_is_measured_anew() -> None:
    wide = []
    for family in ("DejaVu Sans", "DejaVu Sans Mono"):
        with mpl.rc_context({"font.sans-serif": [family]}):
            raster = writers._Raster(100, 100, 140)
            prop = FontProperties(family="sans-serif", size=9.5)
            wide.append(raster.get_text_width_height_descent("illi", prop, False)[0])
    assert wide[0] < wide[1]


def test_texts_kept_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "_kept", {})
    monkeypatch.setattr(writers, "MOST", 3)
    raster, prop = writers._Raster(100, 100, 140), FontProperties(size=9)
    for text in "abcdefgh":
        raster.get_text_width_height_descent(text, prop, False)
        assert len(writers._kept) <= 3


def test_a_picture_is_what_matplotlib_draws() -> None:
    with mpl.rc_context({"text.hinting": "none"}):
        canvas = FigureCanvasAgg(drawn())
        canvas.draw()
    wanted = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    ours = Image.open(io.BytesIO(writers.png(drawn()))).convert("RGB")
    assert ours.size == wanted.size
    for colour in ((255, 255, 255), (0, 158, 115), (123, 50, 148)):
        flat, found = ((np.asarray(i) == colour).all(-1) for i in (wanted, ours))
        assert flat.sum() > 100 and (flat & found).sum() > 0.99 * flat.sum()
    # Texts stand on whole pixels: half of one beside the place; all moved by one would be 4.4.
    coarse = [np.asarray(i.reduce(4)).astype(int) for i in (wanted, ours)]
    assert np.abs(coarse[0] - coarse[1]).mean() < 1.2


def test_an_svg_is_what_matplotlib_writes() -> None:
    rc = {"svg.hashsalt": "repatria", "svg.fonttype": "none"}
    fonts = {"font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"]}
    with mpl.rc_context(rc):
        ours = writers.svg(drawn())
        out = io.BytesIO()
        with mpl.rc_context(fonts):
            plain = {"Date": None, "Creator": None}
            FigureCanvasSVG(drawn()).print_svg(out, metadata=plain)
    named = r"\b[phm][0-9a-f]{10}\b"  # after what it holds, to the last digit
    both = [re.sub(named, "", data.decode()) for data in (ours, out.getvalue())]
    number = r"-?\d+(?:\.\d+)?"
    shapes, numbers = zip(
        *((re.sub(number, "0", t), [*map(float, re.findall(number, t))]) for t in both), strict=True
    )
    assert shapes[0] == shapes[1]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.3)


def test_few_colours_stay_to_the_bit_and_many_become_few() -> None:
    few = np.full((20, 30, 4), 255, dtype=np.uint8)
    few[:5, :7, :3], few[9:, 9:, :3] = (1, 2, 3), (200, 100, 50)
    assert (np.asarray(writers._reduced(few).convert("RGB")) == few[..., :3]).all()
    many = np.random.default_rng(1).integers(0, 256, (40, 40, 4), dtype=np.uint8)
    many[..., 3] = 255
    assert len(writers._reduced(many).getcolors()) <= 64
