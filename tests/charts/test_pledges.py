"""Pledges drawn: nothing to draw is said, every promise has its tick, no text leaves or covers another."""

from __future__ import annotations

from typing import Any

import looks
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.analysis import pledges as analysis
from repatria.charts import Chart, pledges
from repatria.display.words import say

JUNE = "istanbul-2025-06-02"
DAY = pd.Timestamp("2025-06-20")


@pytest.fixture(scope="module")
def said(record: Any) -> pd.DataFrame:
    return analysis.fulfilment(record)


@pytest.fixture(scope="module")
def charts(record: Any, said: pd.DataFrame) -> dict[str, Chart]:
    def course(agreement: str, kind: str) -> Chart:
        return pledges.delivery(analysis.course(record, agreement, kind), said)

    return {
        "bullet": pledges.bullet(analysis.summary(record), said),
        "slips": pledges.slips(analysis.slips(record)),
        "bodies": course(JUNE, "bodies"),
        "prisoners": course(JUNE, "prisoners"),
        "ceasefire": course("ceasefire-2026-05", "prisoners"),
        "may": course("istanbul-2025-05-16", "prisoners"),
    }


NAMES = ["bullet", "slips", "bodies", "prisoners", "ceasefire", "may"]


def test_nothing_to_draw_is_said_in_words(record: Any) -> None:
    then = record.as_of("2022-02-25")
    f = analysis.fulfilment(then)
    for chart in (
        pledges.bullet(analysis.summary(then), f),
        pledges.slips(analysis.slips(then)),
        pledges.delivery(analysis.course(then, JUNE, "bodies"), f),
    ):
        assert not chart.panels and chart.alt


@pytest.mark.parametrize(
    ("template", "numbers"),
    [
        ("bullet", {"met": 0, "bars": 1, "silent": 0, "as_of": DAY}),
        ("slips", {"late": 0, "absent": 1, "days": 1, "longest": 0, "as_of": DAY}),
        (
            "delivery",
            {
                "name": "Talks",
                "kind": "bodies",
                "ways": [],
                "further": False,
                "unsized": False,
                "until": None,
                "as_of": DAY,
            },
        ),
    ],
)
def test_words_are_three_and_want_their_numbers(template: str, numbers: dict[str, Any]) -> None:
    assert len(say(f"pledges/{template}", **numbers).split("\n\n")) == 3
    for name in numbers:
        with pytest.raises(UndefinedError):
            say(f"pledges/{template}", **{k: v for k, v in numbers.items() if k != name})


@pytest.mark.parametrize("as_of", ["2024-06-30", "2025-06-12", "2025-08-01"])
def test_any_past_day_draws(record: Any, as_of: str) -> None:
    then = record.as_of(as_of)
    f = analysis.fulfilment(then)
    for chart in (
        pledges.bullet(analysis.summary(then), f),
        pledges.slips(analysis.slips(then)),
        pledges.delivery(analysis.course(then, JUNE, "bodies"), f),
    ):
        assert chart.figure("phone") and chart.alt


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", looks.SIZES, ids=str)
def test_texts_stay_apart_and_inside(charts: dict[str, Chart], name: str, size: Any) -> None:
    assert looks.faults(charts[name].figure(*size)) == []


def test_it_draws_on_anybodys_axes(charts: dict[str, Chart]) -> None:
    figure, axes = plt.subplots(1, 4)
    assert charts["bullet"].draw(axes[0]) is axes[0] and charts["slips"].draw(axes[1]) is axes[1]
    assert len(charts["bodies"].draw(axes[2:])) == 2
    plt.close(figure)


def test_titles_state_the_finding_and_its_day(charts: dict[str, Chart]) -> None:
    assert "6,057–6,060 of 6,000 to Ukraine, 78 of 6,000 to Russia" in charts["bodies"].title
    assert "1,000 of 1,000 to Ukraine" in charts["may"].title
    assert all(
        "by " in c.title and c.source.startswith("Source: Repatria record") for c in charts.values()
    )


def test_a_sum_of_a_minority_of_sizes_says_so() -> None:
    way = {"side": "to Ukraine", "events": 5, "sized": 2, "size": "78", "promised": "1,200"}
    other = {"side": "to Russia", "events": 1, "sized": 0, "size": "sizes unknown"} | {
        "promised": "1,200"
    }
    numbers = {"name": "Talks", "kind": "prisoners", "ways": [way, other], "as_of": DAY}
    plain = {"further": False, "unsized": True, "until": None}
    title, _, alt = say("pledges/delivery", **numbers, **plain).split("\n\n")
    rests = "78 of 1,200 to Ukraine in the 2 of 5 handovers with a figure"
    assert rests in title and rests in alt and "sizes unknown of 1,200 to Russia by" in title


def test_what_may_belong_is_drawn_apart(charts: dict[str, Chart]) -> None:
    first = charts["ceasefire"].figure().axes[0]
    tops = {
        line.get_linestyle(): max(line.get_ydata())
        for line in first.lines
        if len(line.get_ydata()) > 2
    }
    assert tops == {"-": 205, ":": 653}


def test_sizes_withheld_have_a_mark_and_no_height(charts: dict[str, Chart]) -> None:
    legend = charts["prisoners"].figure().axes[0].get_legend()
    assert [t.get_text() for t in legend.get_texts()] == ["no size (8)"]
