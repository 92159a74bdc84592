"""Totals, pledges, plans, context and their pages: which, whose, and in what order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

EVENT = "bodies-2025-01-10"


def figure(n: int, series: str, day: str, count: int) -> dict[str, Any]:
    return {
        "context_id": f"context-000{n}",
        "series": series,
        "as_of": day,
        "as_of_precision": "day",
        "claimant_id": "kyiv",
        "count_low": count,
        "count_high": count,
        "qualifier": "exact",
    }


def page(n: int, day: str) -> dict[str, str]:
    about = {"publisher": f"Paper {n}", "language": "en", "tier": "press"}
    return {"source_id": f"p{n}", "url": f"https://p{n}.example/a", "published_on": day} | about


@pytest.fixture
def made(build: Callable[..., Any]) -> Any:
    """One handover, three figures of context, two plans, two agreements and a pledge for each."""
    plans = [
        {"schedule_id": "schedule-0001", "planned_for": "2025-01-12", "statement": "postponed"},
        {"schedule_id": "schedule-0002", "planned_for": "2025-01-10", "statement": "planned"},
    ]
    told = {"kind": "bodies", "event_id": EVENT, "claimant_id": "kyiv"}
    said = {"context-0001": (0, 1), "context-0002": (1,), "context-0003": (0,)}
    said |= {"schedule-0001": (0,), "schedule-0002": (0,)}
    return build(
        [(EVENT, "2025-01-10")],
        [{"event_id": EVENT, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7}],
        context=[
            figure(1, "ransom", "2025-01-05", 8),
            figure(2, "missing_ukraine", "2025-02-05", 30),
            figure(3, "missing_ukraine", "2025-01-05", 20),
        ],
        schedules=[told | p for p in plans],
        sources=[page(0, "2025-01-20"), page(1, "2025-01-18")],
        mentions=[{"row_id": r, "source_id": f"p{n}"} for r, ns in said.items() for n in ns],
    )


def test_a_series_is_told_alone_and_oldest_first(made: Any) -> None:
    assert made.context()["count_low"].tolist() == [20, 30, 8]
    one = made.context("missing_ukraine")
    assert one["count_low"].to_dict() == {0: 20, 1: 30}
    assert one.columns.tolist() == made.context().columns.tolist()
    assert made.context("ransom")["count_low"].to_dict() == {0: 8}
    assert made.context("nothing").empty


def test_a_figure_is_known_from_its_first_page_and_told_with_its_claimant(made: Any) -> None:
    row = made.context("ransom").iloc[0]
    assert (row["known_on"], row["citations"], row["publishers"], row["name"]) == (
        pd.Timestamp("2025-01-18"),
        2,
        2,
        "Kyiv office",
    )


def test_plans_stand_in_the_order_of_their_days(made: Any) -> None:
    plans = made.schedules()
    assert plans["statement"].to_dict() == {0: "planned", 1: "postponed"}


def test_a_row_has_its_own_pages(made: Any) -> None:
    assert made.pages("context-0001")["publisher"].to_dict() == {0: "Paper 0", 1: "Paper 1"}
    assert made.pages("context-0002")["publisher"].to_dict() == {0: "Paper 1"}
    assert made.pages("context-0009").empty
    assert made.pages("context-0001").columns[:2].tolist() == ["row_id", "source_id"]


def test_agreements_and_totals_of_the_record_are_oldest_first(record: Any) -> None:
    for frame, column in ((record.agreements(), "agreed_on"), (record.totals(), "as_of")):
        days = frame[column].dropna()
        assert days.is_monotonic_increasing and frame.index.tolist() == list(range(len(frame)))


def test_what_is_handed_out_is_a_copy(made: Any) -> None:
    given = made.context()
    given["count_low"] = 0
    assert made.context()["count_low"].tolist() == [20, 30, 8]
