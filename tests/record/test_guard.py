"""A wrong object ends in one sentence, whichever public function it is given to, and whichever of its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import repatria as rp
from repatria.record import guard
from repatria.report import documents

WINGS = ("repatria.analysis", "repatria.display", "repatria.charts", "repatria.explore")
EVENTS = pd.DataFrame({"date": [], "event_id": []})
WRONG = {"a table": EVENTS, "a text": "data", "none": None, "a number": 7, "an object": object()}
NOT = re.compile(r"\w+: (an?|True) .*is wanted( as \w+)?, not (an? \w+|None): pass \w", re.S)


def functions() -> Iterator[tuple[str, Any]]:
    """Every public function of the wings that takes objects, with its name in full."""
    for module in documents.modules():
        if module.__name__.startswith(WINGS):
            for name, thing in documents.public(module):
                if inspect.isfunction(thing) and "." not in name and hasattr(thing, "__wrapped__"):
                    yield f"{module.__name__}.{name}", thing


FUNCTIONS = dict(functions())
METHODS = {
    f"Record.{name}": method
    for name, method in inspect.getmembers(rp.Record, inspect.isfunction)
    if not name.startswith("_")
}


def takes(given: Any, types: tuple[str, ...]) -> bool:
    return not types or any(guard._is(given, t) for t in types)


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS, "repatria.record.view.load"])
def test_every_parameter_refuses_what_it_does_not_take(name: str) -> None:
    function = ({"repatria.record.view.load": rp.load} | FUNCTIONS | METHODS)[name]
    refused = 0
    for parameter, types in guard._parameters(function):
        for wrong in WRONG.values():
            if takes(wrong, types):
                continue
            given = [wrong] if parameter.startswith("*") else []
            named = {} if given else {parameter: wrong}
            with pytest.raises(TypeError) as e:
                function(*given, **named)
            assert NOT.match(str(e.value)), str(e.value)
            refused += 1
    assert refused or len(inspect.signature(function).parameters) < 2


def test_no_public_function_that_takes_a_record_or_a_table_is_left_out() -> None:
    for module in documents.modules():
        if module.__name__.startswith(WINGS):
            for name, thing in documents.public(module):
                if inspect.isfunction(thing) and "." not in name:
                    taken = {t for _, types in guard._parameters(thing) for t in types}
                    wrapped = f"{module.__name__}.{name}" in FUNCTIONS
                    assert wrapped or not taken - guard.PLAIN, name


@pytest.mark.parametrize(
    "name", [n for n, f in FUNCTIONS.items() if "DataFrame" in guard._parameters(f)[0][1]]
)
def test_another_table_is_refused_by_what_it_lacks(name: str, record: Any) -> None:
    """Given a table of something else, with all the rest as it should be, it says so or passes."""
    function = FUNCTIONS[name]
    rest = {
        p.name: rp.charts.Style() if p.annotation == "Style" else p.default
        for p in list(inspect.signature(function).parameters.values())[1:]
        if p.kind is not p.VAR_KEYWORD
    }
    if any(v is inspect.Parameter.empty for v in rest.values()):
        pytest.skip("takes more than the table")
    other = pd.DataFrame({"x": [1]})
    other.attrs = record.events("bodies").attrs  # so that it is not refused for having none
    if name.endswith((".bare", ".running_deal")):
        pytest.skip("asks nothing of a table of one row")
    with pytest.raises(ValueError, match=r"this table has no '\w+': pass \w"):
        function(other)


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS])
def test_what_is_to_be_passed_is_not_what_was_called(name: str) -> None:
    """`gaps(events)` was told to pass `gaps(record, ...)`."""
    function = (FUNCTIONS | METHODS)[name]
    own = function.__name__
    for parameter, types in guard._parameters(function):
        if not types:
            continue
        told = guard._source(own, parameter.lstrip("*"), types[0])
        if types[0] == "Record":
            assert told == "what rp.load() returned"
        elif types[0] == "Day":
            assert "day" in guard._source(own, "day", "Day")
        else:
            assert f"{name.removeprefix('repatria.')}(" not in told, told


def test_what_is_to_be_passed_is_there() -> None:
    for wanted in guard.WANTED.values():
        for path in re.findall(r"\brp((?:\.\w+)+)", wanted):
            thing: Any = rp
            for name in path.strip(".").split("."):
                thing = getattr(thing, name)
        for name in re.findall(r"\brecord\.(\w+)", wanted):
            assert hasattr(rp.Record, name)


def test_what_is_given_after_several_is_no_one_of_them() -> None:
    def told(*tables: pd.DataFrame, title: str = "", width: int = 0) -> int:
        return len(tables)

    told.__annotations__ = {"tables": "pd.DataFrame", "title": "str", "width": "int"}
    checked = guard.checking(told)
    assert checked(EVENTS, EVENTS, title="two", width=1) == 2
    with pytest.raises(TypeError, match=r"^told: .* is wanted"):
        checked(EVENTS, "two")


def test_a_table_of_two_kinds_has_no_share(record: Any) -> None:
    mixed = pd.concat([record.events("bodies"), record.events("prisoners")])
    for function in ("share", "shares", "bounds", "eras", "units", "level", "change", "complete"):
        with pytest.raises(ValueError, match=r"of bodies and prisoners together; pass record\.ev"):
            getattr(rp.analysis.asymmetry, function)(mixed)


def test_an_event_that_stands_twice_in_a_table_is_not_counted_twice(record: Any) -> None:
    """Two lenses, or two views, put under one another."""
    twice = pd.concat([record.events("bodies", x) for x in ("ukraine", "russia")])
    twice.attrs = record.events("bodies").attrs
    for function in (rp.analysis.asymmetry.share, rp.charts.handovers.stems):
        with pytest.raises(
            ValueError, match=r"^\w+: bodies-[\d-]+ is in this table twice .*: pass"
        ):
            function(twice)


@pytest.mark.parametrize(("name", "way"), [("ax", ".draw"), ("figsize", ".figure"), ("title", "t")])
def test_what_charts_elsewhere_take_is_answered_by_where_it_is_said(
    record: Any, name: str, way: str
) -> None:
    with pytest.raises(TypeError, match=rf"^stems: takes no {name}; .*{re.escape(way)}"):
        rp.charts.handovers.stems(record.events("bodies"), **{name: None})


def test_a_selection_is_of_a_record() -> None:
    with pytest.raises(TypeError, match=r"Selection: a Record is wanted, not an int: pass what"):
        rp.explore.Selection(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Selection: a text is wanted as kind, not None: pass one"):
        rp.explore.Selection(rp.load(), None)  # type: ignore[arg-type]


def test_an_error_of_another_kind_passes_as_it_is(record: Any) -> None:
    with pytest.raises(ValueError, match="kind: 'body' is none of"):
        rp.analysis.cadence.gaps(record, "body")
    with pytest.raises(TypeError, match="required positional argument"):
        rp.analysis.asymmetry.share()  # type: ignore[call-arg]

    events = record.events("bodies")
    with pytest.raises(KeyError, match="date"):
        guard.checking(lambda events: {}[events.columns[1]])(events)


def test_a_guarded_function_looks_like_itself() -> None:
    share = rp.analysis.asymmetry.share
    assert share.__module__ == "repatria.analysis.asymmetry" and "events" in str(
        inspect.signature(share)
    )
    assert inspect.getsource(share).startswith("def share(")
    assert share.__globals__ is vars(rp.analysis.asymmetry), "doctest takes it for the module's own"
    guard.guard(rp.analysis.asymmetry)
    assert rp.analysis.asymmetry.share is share, "guarded once"
