"""A wrong object ends in one sentence, whichever public function it is given to."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import repatria as rp
from repatria.record import guard
from repatria.report import documents

WINGS = ("repatria.analysis", "repatria.display", "repatria.charts", "repatria.explore")


def functions(first: str) -> Iterator[Any]:
    for module in documents.modules():
        if module.__name__.startswith(WINGS):
            for name, thing in documents.public(module):
                own = inspect.isfunction(thing) and "." not in name
                if own and next(iter(inspect.signature(thing).parameters), "") == first:
                    yield pytest.param(thing, id=f"{module.__name__}.{name}")


@pytest.mark.parametrize("function", functions("record"))
@pytest.mark.parametrize("wrong", [pd.DataFrame({"date": []}), "data", None])
def test_where_a_record_is_wanted(function: Any, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"a Record is wanted, not a .*: pass what rp.load\(\)"):
        function(wrong)


@pytest.mark.parametrize("function", [*functions("events"), *functions("gaps")])
def test_where_a_table_is_wanted(function: Any, record: Any) -> None:
    with pytest.raises(TypeError, match=r"a table of .* is wanted, not a Record: pass r"):
        function(record)


def test_a_table_that_lacks_a_column_says_which(record: Any) -> None:
    events = record.events("bodies")
    with pytest.raises(ValueError, match="this table has no 'to_russia"):
        rp.analysis.asymmetry.share(events[["event_id", "date", "to_ukraine"]])
    with pytest.raises(ValueError, match=r"this table has no .*pass rp.analysis.cadence.gaps"):
        rp.charts.cadence.gap_stems(events)


def test_an_error_of_another_kind_passes_as_it_is(record: Any) -> None:
    with pytest.raises(ValueError, match="kind: 'body' is none of"):
        rp.analysis.cadence.gaps(record, "body")
    with pytest.raises(TypeError, match="required positional argument"):
        rp.analysis.asymmetry.share()  # type: ignore[call-arg]


def test_a_guarded_function_looks_like_itself() -> None:
    share = rp.analysis.asymmetry.share
    assert share.__module__ == "repatria.analysis.asymmetry" and "events" in str(
        inspect.signature(share)
    )
    assert inspect.getsource(share).startswith("def share(")
    assert share.__globals__ is vars(rp.analysis.asymmetry), "doctest takes it for the module's own"
    guard.guard(rp.analysis.asymmetry)
    assert rp.analysis.asymmetry.share is share, "guarded once"
