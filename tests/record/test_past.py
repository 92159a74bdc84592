"""What is left of the tables when they are cut: a day belongs to what it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from repatria.record import past

EVENT, PLAN = "bodies-2025-01-10", "bodies-2025-02-10"
SERIES = "acknowledged_dead_ukraine"
DAYS = ("2025-01-09", "2025-01-10", "2025-01-11")


@pytest.fixture
def made(build: Callable[..., Any]) -> Any:
    """A handover told on its day, a plan that was cancelled, a total, a figure and read stretches."""
    claims = [{"event_id": EVENT, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7}]
    told = {"claimant_id": "kyiv", "count_low": 9, "count_high": 9, "qualifier": "exact"}
    of_day = {"as_of": "2025-01-10", "as_of_precision": "day"}
    stretch = {"kind": "bodies", "side": "ukraine", "density": "dense"}
    page = {"source_id": "p", "url": "https://p.example/1", "publisher": "P", "language": "en"}
    made = build(
        [(EVENT, "2025-01-10"), (PLAN, "2025-02-10")],
        [*claims, {"event_id": PLAN, "claimant_id": "moscow", "direction": "to_russia", "n": 1}],
        context=[{"context_id": "context-0001", "series": SERIES} | told | of_day],
        schedules=[
            {
                "schedule_id": "schedule-0001",
                "kind": "bodies",
                "planned_for": "2025-01-10",
                "event_id": EVENT,
                "claimant_id": "kyiv",
                "statement": "planned",
            }
        ],
        coverage=[
            stretch | {"read_from": "2025-01-01", "read_through": "2025-01-09"},
            stretch | {"read_from": "2025-01-10", "read_through": "2025-01-31"},
        ],
        sources=[page | {"published_on": "2025-01-08", "tier": "press"}],
        mentions=[
            {"row_id": "schedule-0001", "source_id": "p"},
            {"row_id": "context-0001", "source_id": "p"},
        ],
    )
    assert len(made.events()) == 2
    return made


@pytest.mark.parametrize(("day", "held"), zip(DAYS, (0, 1, 1), strict=True))
def test_what_is_about_the_last_day_stays(made: Any, day: str, held: int) -> None:
    cut = made.until(day)
    assert len(cut.events()) == len(cut.claims()) == len(cut.citations()) == held
    assert len(cut.context()) == len(cut.schedules()) == held
    assert len(cut.coverage()) == 1 + held
    assert cut.coverage()["read_through"].max() == pd.Timestamp(day)


@pytest.mark.parametrize(("day", "held"), zip(DAYS, (0, 1, 1), strict=True))
def test_what_is_published_on_the_day_is_known(made: Any, day: str, held: int) -> None:
    then = made.as_of(day)
    assert len(then.events()) == len(then.claims()) == held
    assert len(then.citations()) == held and len(then.schedules()) == 1


@pytest.mark.parametrize(
    ("status", "planned", "known"),
    [
        ("cancelled", True, True),
        ("cancelled", False, False),
        ("took_place", True, False),
        ("disputed", True, False),
    ],
)
def test_before_anybody_claims_it_only_a_cancelled_plan_is_an_event(
    made: Any, status: str, planned: bool, known: bool
) -> None:
    t = dict(made.tables)
    e, pages = t["events"], t["sources"]
    t["events"] = e.assign(status=pd.Categorical([status] * len(e), e["status"].cat.categories))
    late = pages["source_id"] != t["mentions"]["source_id"].iloc[0]
    days = pages["published_on"].mask(late, pd.Timestamp("2025-03-01"))
    t["sources"] = pages.assign(published_on=days)
    if not planned:
        t["schedules"] = t["schedules"].iloc[:0]
    left = past.known_by(t, pd.Timestamp("2025-01-31"))
    assert left["events"]["event_id"].tolist() == ([EVENT] if known else [])
    assert left["claims"].empty and left["citations"].empty
