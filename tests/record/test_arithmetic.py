"""The Coordination Headquarters' reports against the record: what its own arithmetic must give.

A case is skipped while its row is not in the record.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from repatria.analysis import reconcile as rc

LACKING = (
    350  # bodies of before September 2023 that no handover on record explains; see docs/gaps.md
)
UNNUMBERED = 20  # handovers of bodies of before 2024 that are missing with them
# No page read prints its size; the reports before and after leave this many bodies for it.
NO_SIZE = ("bodies-2026-04-09", 1001)
WITHOUT = "without_june_2025"  # the reports of 2025 count the 6,057 of June apart

BODIES = [
    ("2024-12-31", 5503, ""),
    ("2025-02-18", 7017, ""),
    ("2025-09-30", 12744, WITHOUT),
    ("2025-11-30", 14744, WITHOUT),
    ("2026-04-30", 24805, ""),
    ("2026-08-31", 26617, ""),
]
REPATRIATIONS = [
    ("2024-12-31", 73),
    ("2025-02-18", 75),
    ("2025-09-30", 81),
    ("2025-11-30", 83),
    ("2026-04-30", 87),
    ("2026-08-31", 91),
]
EXCHANGES = [
    ("2025-09-30", 68),
    ("2025-11-30", 70),
    ("2026-02-28", 71),
    ("2026-04-30", 73),
    ("2026-08-31", 77),
]


@pytest.fixture(scope="module")
def compared(record: Any) -> pd.DataFrame:
    return rc.reconcile(record)


def row(compared: pd.DataFrame, kind: str, measure: str, as_of: str, count: int) -> pd.Series:
    """Return the Headquarters' total, or skip: it may not be entered yet."""
    found = compared[
        (
            (compared["kind"] == kind)
            & (compared["measure"] == measure)
            & (compared["as_of"] == pd.Timestamp(as_of))
            & (compared["count"] == count)
            & compared["claimant"].str.startswith("Coordination Headquarters")
            & (compared["side"] == "ukraine")
        ).to_numpy()
    ]
    if found.empty:
        pytest.skip(f"the report of {as_of} is not in the record yet")
    return found.iloc[0]


def total(record: Any, as_of: str, scope: str, measure: str = "persons") -> rc.Sums:
    """Return what the handovers of bodies to Ukraine add up to by a day, on one base."""
    events = rc.scoped(record.events("bodies"), scope)
    days = pd.Timestamp("2022-02-24"), pd.Timestamp(as_of)
    return rc.sums(events, "to_ukraine", *days, measure=measure)


def test_a_total_of_2025_on_the_other_base_would_not_come_out(record: Any) -> None:
    assert total(record, "2025-09-30", "").low - total(record, "2025-09-30", WITHOUT).low == 6057
    numbered = (total(record, "2025-09-30", s, "handovers").low for s in ("", WITHOUT))
    assert next(numbered) - next(numbered) == 5


@pytest.mark.parametrize(("as_of", "count", "scope"), BODIES)
def test_bodies_lack_the_same_350_in_every_report(
    record: Any, compared: pd.DataFrame, as_of: str, count: int, scope: str
) -> None:
    report = row(compared, "bodies", "persons", as_of, count)
    assert report["scope"] == scope, "the report's own base"
    found = total(record, as_of, scope)
    assert found.unknown == (NO_SIZE[:1] if as_of > "2026-04-09" else ())
    assert count - found.low == LACKING + (NO_SIZE[1] if found.unknown else 0)


@pytest.mark.parametrize(("as_of", "count"), REPATRIATIONS)
def test_repatriations_lack_the_same_20_in_every_report(
    record: Any, compared: pd.DataFrame, as_of: str, count: int
) -> None:
    row(compared, "bodies", "handovers", as_of, count)
    scope = WITHOUT if as_of > "2025-06" else ""  # the batches of June 2025 have no number
    missing = count - total(record, as_of, scope, "handovers").low
    if missing != UNNUMBERED and record.searched_through("bodies") < pd.Timestamp(as_of):
        pytest.skip("the record is not read that far")
    assert missing == UNNUMBERED


def test_four_handovers_with_1812_bodies_between_april_and_august_2026(record: Any) -> None:
    days = pd.Timestamp("2026-05-01"), pd.Timestamp("2026-08-31")
    events = record.events("bodies")
    found = rc.sums(events, "to_ukraine", *days)
    if not events["date"].ge("2026-08-01").any():
        pytest.skip("the handovers of summer 2026 are not in the record yet")
    assert (len(found.inside), found.low, found.unknown) == (4, 1812, ())


@pytest.mark.parametrize(("as_of", "count"), EXCHANGES)
def test_exchanges_are_exceeded_by_the_days_of_their_deals(
    compared: pd.DataFrame, as_of: str, count: int
) -> None:
    report = row(compared, "prisoners", "handovers", as_of, count)
    if report["window"] == "none_fits":
        pytest.skip("the report's start is not in the record")
    # A deal of several days is one number to the Headquarters, several events here.
    assert report["verdict"] == "over" and report["deals_in"] - count <= 5


@pytest.mark.parametrize(
    ("before", "after"), [(BODIES[1], BODIES[2]), (BODIES[2], BODIES[3]), (BODIES[3], BODIES[4])]
)
def test_steps_between_the_reports_cross_the_change_of_base(
    record: Any, before: tuple[str, int, str], after: tuple[str, int, str]
) -> None:
    steps = rc.steps(record, kind="bodies", side="ukraine")
    steps = steps[(steps["measure"] == "persons").to_numpy()]
    same = (steps["from_count"] == before[1]) & (steps["to_count"] == after[1])
    same &= (steps["from_scope"] == before[2]) & (steps["to_scope"] == after[2])
    if not same.any():
        pytest.skip("the two reports are not in the record yet")
    step = steps[same.to_numpy()].iloc[0]
    if step["events_unknown"]:
        assert (step["events_unknown"], step["residual"]) == (1, NO_SIZE[1])
    else:
        assert step["verdict"] in rc.FITS
