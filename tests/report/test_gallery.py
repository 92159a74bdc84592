"""The gallery: every chart is in it, its lines run, its titles are of today's record, its pictures are small."""

from __future__ import annotations

import re

import repatria as rp
from repatria.charts.base import Chart
from repatria.record.fingerprint import ROOT
from repatria.report.refresh import charts_of

PAGE = (ROOT / "docs" / "gallery.md").read_text("utf-8")
TITLES = re.findall(r"^!\[(.*)\]\(gallery/[\w-]+\.png\)$", PAGE, re.M)


def test_every_chart_that_is_public_is_in_the_gallery() -> None:
    questions = [q for q in dir(rp.charts) if q.islower()]
    every = {f"{q}.{name}" for q in questions for name in dir(getattr(rp.charts, q))}
    assert set(re.findall(r"^## (.+)$", PAGE, re.M)) == every


def test_its_lines_give_the_charts_whose_titles_it_shows() -> None:
    made = dict(charts_of(PAGE))
    assert all(isinstance(chart, Chart) and chart.panels for chart in made.values())
    assert [c.title for c in made.values()] == TITLES, "run `repatria refresh gallery`"


def test_the_pictures_are_there_and_small() -> None:
    named = set(re.findall(r"\]\(gallery/([\w-]+\.png)\)", PAGE))
    sizes = {p.name: p.stat().st_size for p in (ROOT / "docs" / "gallery").glob("*")}
    assert set(sizes) == named
    assert sum(sizes.values()) < 1_000_000 and max(sizes.values()) < 60_000
