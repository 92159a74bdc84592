"""Selections for one agreement: what is not there gives nothing, and nothing of another round comes in."""

from __future__ import annotations

from typing import Any

import pandas as pd

from repatria.analysis import pledges

JUNE = "istanbul-2025-06-02"


def test_an_agreement_without_handovers_has_no_days_and_no_rivals(record: Any) -> None:
    then = record.as_of("2025-06-05")  # agreed, nothing delivered yet
    assert pledges.delivered(then, JUNE) is None
    assert pledges.rival_totals(then, JUNE).empty
    assert pledges.planned(then, JUNE).empty
    assert pledges.delivered(record, "nowhere") is None


def test_a_view_that_knows_nothing_has_no_pledge(record: Any) -> None:
    assert pledges.promised(record.as_of("2022-02-25")).empty


def test_rivals_lie_inside_the_days_of_the_agreement(record: Any) -> None:
    start, end = pledges.delivered(record, JUNE) or (pd.NaT, pd.NaT)
    rivals = pledges.rival_totals(record, JUNE)
    assert {6057, 6060} <= set(rivals["count"])
    assert rivals["as_of"].between(start, end + pd.Timedelta(days=30)).all()
    assert (rivals["since"].isna() | rivals["since"].ge(start)).all()
    assert set(rivals.loc[rivals["since"].isna(), "scope"]) <= {"istanbul"}
    assert 15801 not in set(rivals["count"]), "counted from the war's first day"


def test_planned_days_are_those_on_which_both_sides_spoke(record: Any) -> None:
    planned = pledges.planned(record, JUNE)
    claimants = record.schedules().set_index("name")["side"].to_dict()
    sides = planned.assign(side=planned["claimant"].map(claimants))
    spoke = sides.groupby(["planned_for", "kind"])["side"].agg(set)
    assert all({"ukraine", "russia"} <= s for s in spoke)


def test_each_statement_of_a_claimant_is_one_row(record: Any) -> None:
    promised = pledges.promised(record)
    same = ["agreement_id", "kind", "direction", "claimant", "qualifier", "quantity_low"]
    assert not promised.duplicated([*same, "quantity_high"]).any()
    assert promised["agreed_on"].dropna().is_monotonic_decreasing
