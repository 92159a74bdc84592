"""Changes in words: nothing changed, the usual ways an estimate moves, and a number that is missing."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from jinja2 import UndefinedError

from repatria.display import changes
from repatria.display.words import templates
from repatria.record.changes import MEASURES, between

PAGE: dict[str, Any] = {
    "old": "a",
    "new": "b",
    "changed": True,
    "counts": [("claims", 1, 0, 2)],
    "moved": ["`e` to Ukraine: 1 → 2"],
    "rows": {"claims": ["+ `c`"]},
}


@pytest.mark.parametrize("missing", PAGE)
def test_a_page_without_one_of_its_parts_is_an_error(missing: str) -> None:
    page = templates().get_template("changes/changes.md.j2")
    lacking = {k: v for k, v in PAGE.items() if k != missing}
    with pytest.raises(UndefinedError):
        page.render(lacking)


def test_the_page_is_markdown_with_a_line_a_row() -> None:
    text = templates().get_template("changes/changes.md.j2").render(PAGE)
    assert "| claims | 1 | 0 | 2 |\n\n## Estimates: 1 changed\n\n- `e` to Ukraine" in text
    assert text.endswith("## claims\n\n- + `c`\n")


def test_nothing_changed_is_said(record: Any) -> None:
    assert changes.markdown(between(record, record)).endswith("\n\nNothing changed.\n")


def estimate(**now: Any) -> dict[str, Any]:
    """Return one side of an estimate, as the analysis of changes has it."""
    usual = {"best": 10, "low": 10, "high": 10, "grade": "agreed", "absence": ""}
    return {f"{m}_new": (usual | now)[m] for m in MEASURES}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({}, "10 (both sides agree)"),
        ({"low": 9, "high": 12, "grade": "contested"}, "10 [9–12] (sides differ)"),
        ({"high": pd.NA}, "10 [10 or more] (both sides agree)"),
        ({"best": 0, "low": 0, "high": 0, "absence": "zero"}, "none (both sides agree)"),
        (
            {"best": pd.NA, "low": pd.NA, "high": pd.NA, "grade": "undisclosed"}
            | {"absence": "withheld"},
            "size withheld",
        ),
    ],
)
def test_one_side_of_an_estimate_in_words(now: dict[str, Any], words: str) -> None:
    assert changes.said(estimate(**now), "new") == words


def test_an_estimate_that_came_or_went_was_not_there() -> None:
    both = estimate() | {k.replace("_new", "_old"): v for k, v in estimate().items()}
    event = {"event_id": "e`1", "direction": "to_russia"} | both
    lines = changes.moved(pd.DataFrame([event | {"change": "new"}, event | {"change": "gone"}]))
    assert lines == [
        "`e'1` to Russia: not there → 10 (both sides agree)",
        "`e'1` to Russia: 10 (both sides agree) → not there",
    ]


def test_json_has_null_for_what_is_empty(record: Any) -> None:
    found = between(record.as_of("2025-06-12"), record.as_of("2025-06-15"))
    whole = json.loads(changes.as_json(found))
    assert {"old", "new", "tables", "estimates"} == set(whole)
    assert all(v != "" for row in whole["estimates"] for v in row.values())
    assert len(whole["estimates"]) == len(found.estimates)
