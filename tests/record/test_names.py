"""Days, months and stretches in words; cells that a spreadsheet cannot take for a formula."""

from __future__ import annotations

import pandas as pd
import pytest

from repatria.record import names


def test_a_date_is_told_as_far_as_it_is_known() -> None:
    e = pd.DataFrame({"date": pd.to_datetime(["2026-06-01", "2025-06-11"])})
    e["date_precision"] = ["month", "day"]
    assert [names.event_day(r) for r in e.itertuples()] == ["June 2026", "11 June 2025"]
    assert names.period(e) == "11 June 2025 to June 2026"
    assert names.period(e.iloc[1:]) == "11 June 2025"


@pytest.mark.parametrize("cell", ["=1+1", "+7", "-3", "@a", "\tx", "\rx"])
def test_a_formula_is_made_inert(cell: str) -> None:
    assert names.inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=1", "x", " =1", 5, -5, None])
def test_what_is_no_formula_stays(cell: object) -> None:
    assert names.inert(cell) == cell
