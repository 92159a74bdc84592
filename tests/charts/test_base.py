"""What all charts share: refusals, drawing on anybody's axes, pictures, words around them."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from looks import SIZES, faults
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from PIL import Image

import repatria as rp
from repatria.charts import base
from repatria.charts.base import Chart, Style
from repatria.record.fingerprint import ROOT

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a & b < c",
    "{{ 7 * 7 }}",
    "$x^2$",
]


def dots(axes: Mapping[str, Axes], style: Style) -> None:
    for ax in axes.values():
        ax.plot([1, 2, 3], [1, 3, 2], "o", color=style.colours["to_ukraine"], label="seen (3)")
        base.head(ax, style, "A panel with a rather long name of its own", "A panel")


def sample(**more: Any) -> Chart:
    said = {
        "title": "A finding, 1 June 2025",
        "subtitle": "A subtitle.",
        "source": "Source: a record.",
        "alt": "Three dots. A finding.",
    }
    return Chart("sample", paint=dots, **(said | more))


@pytest.fixture
def pair() -> Chart:
    return sample(panels=("one", "two"))


@pytest.fixture
def axes() -> Any:
    figure, axes = plt.subplots(2, 2)
    yield axes
    plt.close(figure)


# --- refusals -------------------------------------------------------------------------------------


def test_ground_that_was_lost_is_refused_with_a_way_back(record: Any) -> None:
    lost = pd.concat([record.events("bodies"), record.events("prisoners")])
    lost.attrs = {}
    with pytest.raises(ValueError, match=r"lost its coverage.*record\.events"):
        base.ground(lost)
    ax = sample().draw()
    with pytest.raises(ValueError, match="lost its coverage"):
        base.unread(ax, {}, pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01"), Style())
    events = record.events("bodies")
    merged = events.merge(events[["event_id"]], on="event_id")
    merged.attrs = events.attrs  # as the sentence says
    assert base.ground(merged)
    merged.to_parquet(io.BytesIO())


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ("ax", TypeError, "two.*not on str"),
        (3, TypeError, "not on int"),
        (plt.figure, TypeError, "not on function"),
        ([1, 2], TypeError, "not on int"),
        ([], ValueError, "2 Axes in that order, not on 0"),
        ({"one": None}, ValueError, "'two' is not in the mapping"),
    ],
)
def test_what_is_no_axes_is_refused_in_one_sentence(
    pair: Chart, given: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as told:
        pair.draw(given)
    assert "\n" not in str(told.value)


def test_axes_that_are_too_few_or_too_many_are_refused(pair: Chart, axes: Any) -> None:
    with pytest.raises(
        TypeError, match=r"a mapping with the Axes of 'one', 'two'.*not on one Axes"
    ):
        pair.draw(axes[0, 0])
    with pytest.raises(ValueError, match="not on 4"):
        pair.draw(axes)
    with pytest.raises(ValueError, match="one Axes, not on 2"):
        sample().draw(axes[0])
    with pytest.raises(TypeError, match="not on Figure"):
        sample().draw(axes[0, 0].figure)
    assert not any(ax.lines for ax in axes.flat), "nothing was drawn before the refusal"


def test_roles_names_widths_and_suffixes_that_are_not_there_are_refused(tmp_path: Path) -> None:
    for wrong in (
        {"colours": {"ukraine": "red"}},
        {"markers": {"dot": "o"}},
        {"sizes": {"big": 9}},
    ):
        with pytest.raises(ValueError, match="is none of"):
            Style(**wrong)  # type: ignore[arg-type]
    for name in ("", "Two Words", "a--b", '"><b', "a/b"):
        with pytest.raises(ValueError, match="kebab"):
            dataclasses.replace(sample(), name=name)
    for width, height in (("wide", None), (0, None), (-1, 2), (3, 0.0), (float("nan"), None)):
        with pytest.raises(ValueError, match="width"):
            sample().figure(width, height)
    for name in ("a.jpg", "a", "a.svgz"):
        with pytest.raises(ValueError, match=r"\.svg, \.png or \.pdf"):
            sample().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


# --- words around the picture ---------------------------------------------------------------------


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_in_html_and_in_svg(text: str, tmp_path: Path) -> None:
    chart = sample(title=text, subtitle=text, source=text, alt=text)
    page = _Page(chart._repr_mimebundle_()["text/html"])
    assert {t for t, _ in page.tags} == {
        "figure",
        "figcaption",
        "strong",
        "br",
        "picture",
        "source",
        "img",
        "p",
    }
    assert page.text.count(text) == 3 and dict(page.tags)["img"]["alt"] == text
    svg = chart.save(tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<script" not in svg and "onerror=alert(1)>" not in svg.replace("&gt;", "")


def test_caption_stands_above_the_source_below_and_the_picture_has_alt_text() -> None:
    bundle = sample()._repr_mimebundle_()
    page = _Page(bundle["text/html"])
    assert [t for t, _ in page.tags] == [
        "figure",
        "figcaption",
        "strong",
        "br",
        "picture",
        "source",
        "img",
        "p",
    ]
    found = dict(page.tags)
    assert found["figure"] == {"class": "rp-chart", "id": "chart-sample"}
    assert found["img"]["alt"] == "Three dots. A finding." and found["img"]["width"] == "700"
    assert found["source"]["width"] == "360", "a phone gets a picture of its own"
    assert bundle["text/plain"] == "A finding, 1 June 2025. Three dots. A finding."


def test_a_chart_with_nothing_to_draw_is_a_sentence_everywhere(axes: Any, tmp_path: Path) -> None:
    chart = base.empty("none", "No handover is on record in this window.")
    page = _Page(chart._repr_mimebundle_()["text/html"])
    assert "img" not in dict(page.tags) and "No handover" in page.text
    chart.draw(axes[:, 0])
    chart.draw({"whatever": axes[0, 1]})
    assert not axes[0, 0].axison and not axes[0, 1].axison
    for width, height in SIZES:
        figure = chart.figure(width, height)
        assert faults(figure) == []
    for suffix in ("svg", "png", "pdf"):
        assert chart.save(tmp_path / f"a.{suffix}").stat().st_size > 500


# --- drawing --------------------------------------------------------------------------------------


def test_draw_returns_what_it_was_given_and_leaves_other_axes_alone(pair: Chart, axes: Any) -> None:
    before = dict(mpl.rcParams)
    left = axes[:, 0]
    assert pair.draw(left) is left
    named = {"two": axes[0, 1], "one": axes[1, 1]}
    assert pair.draw(named) is named
    plt.figure()  # whatever is current in pyplot
    own = sample().draw()
    assert isinstance(own, Axes) and own.lines and own.figure is not plt.gcf()
    plt.close()
    assert dict(mpl.rcParams) == before
    other = plt.subplots()[1]
    sample().draw(axes[0, 0])
    assert not other.lines and other.spines["top"].get_visible()
    plt.close(other.figure)


def test_a_chart_leaves_pyplot_no_figure_to_close() -> None:
    before = plt.get_fignums()
    sample().figure()
    sample()._repr_mimebundle_()
    assert plt.get_fignums() == before


def test_style_is_seen_in_the_artists_also_on_foreign_axes(axes: Any) -> None:
    own = Style(colours={"to_ukraine": "#112233"}, sizes={"head": 14}, rc={"lines.markersize": 11})
    ax = sample().draw(axes[0, 0], style=own)
    (line,) = ax.lines
    assert to_rgba(line.get_color()) == to_rgba("#112233") and line.get_markersize() == 11
    assert ax._left_title.get_fontsize() == 14
    kept = dataclasses.replace(sample(), style=own).figure().axes[0].lines[0]
    assert to_rgba(kept.get_color()) == to_rgba("#112233")
    assert Style().colours["to_ukraine"] != "#112233"


def test_each_width_can_be_arranged_anew() -> None:
    side = {"page": {"mosaic": [["one", "two"]]}, "phone": {"mosaic": [["one"], ["two"]]}}
    chart = sample(panels=("one", "two"), layout=side)
    for width, beside in (("page", True), ("phone", False), (3, False)):
        figure = chart.figure(width)
        figure.draw_without_rendering()
        one, two = (ax.get_position() for ax in figure.axes)
        assert (one.x1 < two.x0) == beside


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_texts_keep_apart_at_any_size(pair: Chart, width: Any, height: float | None) -> None:
    assert faults(pair.figure(width, height)) == []


@pytest.mark.parametrize("width", ["page", "phone"])
def test_the_words_of_a_file_keep_apart_and_inside(width: str) -> None:
    long = "A finding of many words, " * 9
    chart = sample(title=long, subtitle=long * 2, source=long * 2, panels=("one", "two"))
    sheet = chart._sheet(width, Style())
    assert faults(sheet) == []
    assert sheet.get_figwidth() == pytest.approx(base.WIDTHS[width])


def test_the_eye_of_these_tests_sees_texts_over_each_other_and_outside() -> None:
    figure = sample().figure()
    figure.axes[0].text(2, 2, "one")
    figure.axes[0].text(2, 2, "two")
    figure.axes[0].text(30, 2, "out")
    assert [f.split("'")[1] for f in faults(figure)] == ["out", "one"]


# --- files ----------------------------------------------------------------------------------------


def test_the_axes_of_a_file_are_as_large_as_on_the_page() -> None:
    chart = sample(panels=("one", "two"))
    page, sheet = chart.figure("page"), chart._sheet("page", Style())
    page.draw_without_rendering()
    for one, other in zip(page.axes, sheet.axes, strict=True):
        sizes = [ax.get_window_extent() for ax in (one, other)]
        assert sizes[0].width == pytest.approx(sizes[1].width, abs=0.5)
        assert sizes[0].height == pytest.approx(sizes[1].height, abs=0.5)


def test_a_label_given_later_finds_its_place() -> None:
    figure = sample().figure()
    figure.axes[0].set_xlabel("days")
    assert faults(figure) == []


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
@pytest.mark.parametrize("words", [True, False])
def test_the_same_chart_gives_the_same_bytes(suffix: str, words: bool, tmp_path: Path) -> None:
    one, two = (sample().save(tmp_path / f"{n}.{suffix}", words=words) for n in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_an_svg_holds_text_as_text_and_no_date(tmp_path: Path) -> None:
    worded = sample().save(tmp_path / "a.svg").read_text(encoding="utf-8")
    bare = sample().save(tmp_path / "b.svg", words=False).read_text(encoding="utf-8")
    for svg in (worded, bare):
        assert ">A panel with a rather long name of its own</text>" in svg
        assert "<dc:date>" not in svg and "DejaVuSans-" not in svg, (
            "no date, no glyph drawn as a path"
        )
    for said in ("A finding, 1 June 2025", "A subtitle.", "Source: a record."):
        assert said in worded and said not in bare


def test_a_png_has_a_palette_a_third_more_than_its_size_and_keeps_rare_colours(
    tmp_path: Path,
) -> None:
    image = Image.open(sample().save(tmp_path / "a.png", words=False))
    assert image.mode == "P" and image.width == 910
    wanted = tuple(round(255 * v) for v in to_rgba(Style().colours["to_ukraine"])[:3])
    colours = image.convert("RGB").getcolors(1 << 16)
    assert min(sum(abs(a - b) for a, b in zip(wanted, c, strict=True)) for _, c in colours) < 12


# --- axes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2022-02-24", "2062-12-31"),
        ("2022-02-24", "2026-06-30"),
        ("2025-06-01", "2025-06-30"),
        ("2025-06-11", "2025-06-11"),
        ("2024-12-31", "2025-01-01"),
        ("2025-01-01", "2025-09-01"),
        ("2025-01-01", "2025-03-02"),
        ("2025-01-01", "2026-12-20"),
    ],
)
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_any_number_of_years_has_few_dates_that_keep_apart(
    since: str, until: str, width: Any, height: float | None
) -> None:
    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        base.time_axis(axes["main"], pd.Timestamp(since), pd.Timestamp(until))

    figure = Chart("time", "t", paint).figure(width, height)
    assert faults(figure) == []
    (ax,) = figure.axes
    shown = [t for t in ax.get_xticklabels() if t.get_text()]
    assert 1 <= len(shown) <= 14


def test_ticks_follow_when_a_figure_is_resized() -> None:
    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        base.time_axis(axes["main"], pd.Timestamp("2022-02-24"), pd.Timestamp("2026-06-30"))

    figure = Chart("time", "t", paint).figure("page")
    for size in ((3, 2), (12, 3)):
        figure.set_size_inches(*size)
        assert faults(figure) == []


def test_ground_without_room_for_its_name_is_in_the_key() -> None:
    since, until = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-12-31")
    read = [
        {
            "kind": "bodies",
            "side": s,
            "read_from": since,
            "read_through": pd.Timestamp("2025-12-20"),
            "density": "dense",
        }
        for s in ("ukraine", "russia")
    ]

    def paint(axes: Mapping[str, Axes], style: Style) -> None:
        ax = axes["main"]
        base.unread(ax, {"kind": "bodies", "coverage": read}, since, until, style)
        base.time_axis(ax, since, until)
        base.head(ax, style, "Panel")

    (ax,) = Chart("ground", "t", paint).figure("phone").axes
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["unread"]
    assert [p.get_hatch() for p in ax.patches] == ["///"]


def test_a_text_is_the_longest_that_fits() -> None:
    assert base.fits(9, 9.5, "long words", "short") == "long words"
    assert base.fits(0.5, 9.5, "long words", "short") == "short"
    assert base.fits(0.1, 9.5, "long words", "short") == "short", "the last one stays"
    lines = base.wrapped("a few words that are broken at spaces", 0.9, 9.5).split("\n")
    assert len(lines) > 1 and all(base.long(t, 9.5) < 1.1 for t in lines)


def test_the_face_of_charts_is_what_is_public() -> None:
    assert {
        "Chart",
        "Style",
        "brief",
        "handovers",
        "holdings",
        "reconcile",
        "asymmetry",
        "cadence",
        "forecast",
        "pledges",
    } == set(dir(rp.charts))
    assert "base" not in dir(rp.charts) and dir(base) == sorted(base.__all__, key=str)


def test_source_lines_name_four_claimants_and_count_the_rest() -> None:
    many = {f"Office {n}": n for n in range(9, 0, -1)}
    attrs = {"rule": "r v1", "lens": "best", "as_of": pd.Timestamp("2025-06-30")}
    assert base.source_line("9 handovers", attrs, many, "A note.") == (
        "Source: Repatria record, 9 handovers. Counts by Office 9 (9); Office 8 (8); "
        "Office 7 (7); Office 6 (6); 5 other claimants. Rule r v1, lens best. As of 2025-06-30. A note."
    )
    five = dict(list(many.items())[:5])
    assert "; 1 other claimant." in base.source_line("x", {}, five)
    assert base.source_line("1 total", {}) == "Source: Repatria record, 1 total."
    assert re.search(r"Rule r v1\.", base.source_line("x", {"rule": "r v1"}))


def test_the_examples_of_the_page_on_charts_run(tmp_path: Path, monkeypatch: Any) -> None:
    page = (ROOT / "docs" / "charts.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, found)
    plt.close("all")
    assert {p.name for p in tmp_path.iterdir()} == {"stems.svg", "bare.png", "grid.svg", "mine.svg"}
    assert "What came home in 2025</text>" in (tmp_path / "mine.svg").read_text(encoding="utf-8")
    assert faults(found["figure"]) == []
