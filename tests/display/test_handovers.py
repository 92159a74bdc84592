"""Sentences of the charts of handovers: smallest, usual and broken cases of each template."""

from __future__ import annotations

from typing import Any

import jinja2
import pandas as pd
import pytest

from repatria.display.words import say

UA = {"side": "to Ukraine", "persons": 6057, "known": 5, "unknown": 0}
RU = {"side": "to Russia", "persons": 78, "known": 4, "unknown": 1}
FEW = {**RU, "known": 2, "unknown": 2}  # no majority bears it out
NONE = {"side": "to Russia", "persons": 0, "known": 0, "unknown": 1}
PERIOD = "2 June 2025 to 16 June 2025"

CASES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "handovers/stems_title": [
        (
            {"noun": "bodies", "period": "June 2025", "to_ukraine": UA, "to_russia": NONE},
            "Bodies handed over: 6,057 to Ukraine and no known figure to Russia, June 2025",
        ),
        (
            {"noun": "prisoners", "period": PERIOD, "to_ukraine": UA, "to_russia": RU},
            f"Prisoners handed over: 6,057 to Ukraine and 78 to Russia, {PERIOD}",
        ),
        (
            {"noun": "bodies", "period": PERIOD, "to_ukraine": UA, "to_russia": FEW},
            "Bodies handed over: 6,057 to Ukraine and 78 to Russia in the 2 of 4 handovers with a "
            f"figure, {PERIOD}",
        ),
    ],
    "handovers/stems_alt": [
        (
            {"title": "A title", "to_ukraine": UA, "to_russia": NONE},
            "Two panels of dots on stems by date. A title. Sums hold known counts only: "
            "to Ukraine 5 with a figure and 0 without; to Russia 0 with a figure and 1 without.",
        ),
    ],
    "handovers/shared_scale_title": [
        (
            {"through": "June 2025", "together": False, "reading": "2 to 1"},
            "On one scale, through June 2025: 2 to 1",
        ),
        (
            {"through": "June 2025", "together": True, "reading": "2 to 1"}
            | {"events_in": 3, "events_out": 4},
            "On one scale, through June 2025: 2 to 1, in the 3 of 7 handovers with both figures",
        ),
    ],
    "handovers/shared_scale_subtitle": [
        (
            {"noun": "bodies"},
            "Sum of known counts of bodies. Handovers without a figure are in neither bar.",
        ),
    ],
    "handovers/shared_scale_alt": [
        (
            {"title": "T", "to_ukraine": UA, "to_russia": NONE},
            "Two bars on one scale. T. 6,057 to Ukraine; no known figure to Russia.",
        ),
    ],
    "handovers/cumulative_title": [
        (
            {
                "noun": "bodies",
                "since": "May 2025",
                "through": "2 June 2025",
                "to_ukraine": UA,
                "to_russia": RU,
            },
            "Bodies since May 2025: 6,057 to Ukraine, 78 to Russia by 2 June 2025",
        ),
    ],
    "handovers/cumulative_subtitle": [
        (
            {"noun": "bodies", "lacking": 0},
            "Running sum of known counts of bodies. Band: range of published claims.",
        ),
        (
            {"noun": "bodies", "lacking": 2},
            "Running sum of known counts of bodies. Band: range of published claims. "
            "2 handovers without a figure in a direction: nothing added there.",
        ),
    ],
    "handovers/cumulative_alt": [({"title": "T"}, "Rising step lines. T.")],
    "charts/source": [
        (
            {
                "drawn": "1 total",
                "claimants": {},
                "rule": None,
                "lens": None,
                "as_of": None,
                "note": "",
            },
            "Source: Repatria record, 1 total.",
        ),
        (
            {
                "drawn": "3 handovers",
                "claimants": {"A": 2, "B": 1},
                "rule": "r v1",
                "lens": "best",
                "as_of": pd.Timestamp("2025-06-30"),
                "note": "A note.",
            },
            "Source: Repatria record, 3 handovers. Counts by A (2); B (1). Rule r v1, lens best. "
            "As of 2025-06-30. A note.",
        ),
    ],
}


@pytest.mark.parametrize("template", CASES)
def test_a_missing_number_is_an_error(template: str) -> None:
    for given, _ in CASES[template]:
        for name in given:
            if template == "charts/source" and name == "lens" and not given["rule"]:
                continue  # a lens is told with its rule
            with pytest.raises(jinja2.UndefinedError):
                say(template, **{k: v for k, v in given.items() if k != name})


@pytest.mark.parametrize("template", CASES)
def test_sentences_smallest_and_usual(template: str) -> None:
    for given, said in CASES[template]:
        assert say(template, **given) == said


def test_the_guardrail_stands_in_the_subtitle_of_stems() -> None:
    said = say("handovers/stems_subtitle", noun="prisoners")
    assert said.startswith("Prisoners per handover.")
    assert said.endswith("It does not measure losses.")
