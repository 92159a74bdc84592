"""Wrong objects end in one sentence that says what to pass: for every public function of a wing, in one place.

A wing's face makes itself `Guarded`. Whenever one of its modules has been imported, those of its public
functions that take an object of ours, a table, an array or axes are set to check what they are given, by their
annotations. `checking` does the same for one function, `checked` for the methods of a class.
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import re
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from repatria.record.days import a_type, article
from repatria.record.schema import DIRECTIONS, KINDS, SIDES

__all__ = ["WANTED", "Guarded", "checked", "checking", "fields", "guard"]

# What to pass, by function and parameter, by type or by parameter; the first that is there.
WANTED = {
    "events": "record.events(kind), whole",
    "gaps": 'rp.analysis.cadence.gaps(record, "bodies", "deal"), whole',
    "agreement_id": "an id, as in record.agreements()",
    "backtests": "rp.analysis.forecast.backtest(record, kind)",
    "bounds_table table": "rp.analysis.asymmetry.bounds(events)",
    "course": "rp.analysis.pledges.course(record, agreement_id, kind)",
    "day": 'a day, a month or a year, as "2025-06-11", "2025-06" or "2025"',
    "differing": "rp.analysis.holdings.differences(record)",
    "direction": f"one of {', '.join(DIRECTIONS)}",
    "e": "record.events(kind), whole",
    "era_table table": "rp.analysis.asymmetry.eras(events)",
    "event_id": 'an id, as in record.events()["event_id"]',
    "found": "rp.analysis.cadence.dating(record, kind, unit)",
    "frame": "record.events(kind), whole",
    "front_table table": "rp.analysis.asymmetry.fronts(record)",
    "explain_sum kind": "kind, lens, since and until, as to record.events(): it sums the record, no table",
    "fulfilment": "rp.analysis.pledges.fulfilment(record)",
    "handovers": "rp.analysis.cadence.handovers(record, kind, unit)",
    "kind": f"one of {', '.join(KINDS)}",
    "lens": "one of best, ukraine, russia, receiver",
    "lens_table table": "rp.analysis.asymmetry.lenses(record, kind)",
    "lens_words table": "rp.analysis.asymmetry.lenses(record, kind)",
    "measured": "a list of rp.analysis.cadence.irregularity(gaps)",
    "months": "rp.analysis.cadence.monthly(record, kind)",
    "outlook": "rp.analysis.forecast.ahead(record, scores)",
    "patterns": 'rp.analysis.cadence.pattern(record, kind, "weekday")',
    "planned": "rp.analysis.pledges.slips(record)",
    "rates": "rp.analysis.cadence.rates(record, kind, unit, by)",
    "reconciled": "rp.analysis.reconcile.reconcile(record)",
    "scores": "rp.analysis.forecast.backtest(record, kind)",
    "sides": "rp.analysis.asymmetry.by_side(record, kind)",
    "seen": "record.events(kind), whole",
    "side": f"one of {', '.join(SIDES)}",
    "skills": "rp.analysis.forecast.skill(scores)",
    "soon": "rp.analysis.holdings.speaking(record)",
    "stepped": "rp.analysis.reconcile.steps(record)",
    "stretches": "record.coverage()",
    "summary": "rp.analysis.pledges.summary(record)",
    "tests": "rp.analysis.cadence.error_budget(record)",
    "unit": "one of day, deal",
    "unknown": "rp.analysis.holdings.unknown(events)",
    "years": "rp.analysis.holdings.years(events)",
    "Axes": "one that plt.subplots() gave",
    "Change": "rp.analysis.asymmetry.change(events)",
    "Explanation": "record.explain(event_id)",
    "Figure": "chart.figure()",
    "Record": "what rp.load() returned",
    "Outlook": "rp.analysis.forecast.ahead(record, scores)",
    "Regimes": "rp.analysis.cadence.regimes(record, kind)",
    "Rhythm": "rp.analysis.cadence.rhythm(gaps)",
    "Style": "rp.charts.Style()",
    "Sum": "record.explain_sum(kind)",
}
MEANT = {  # what other libraries' charts take, and where it is said here
    "ax": "a chart draws on yours by .draw(ax)",
    "figsize": "a chart has its size by .figure(width, height), in inches",
    "palette": "a chart has its colours by .draw(style=rp.charts.Style(colours={...}))",
    "title": "axes have theirs by .draw(ax) and ax.set_title(...)",
}
CALLED = {  # parameter or type: its name in a sentence
    "day": "a day",
    "events": "a table of events",
    "gaps": "a table of silences",
    "DataFrame": "a table",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "ndarray": "an array",
    "Sequence": "a list",
    "Mapping": "a dict",
}
DAYS = ("since", "until", "as_of", "known_by", "last", "today", "on")
PLAIN = {"str", "int", "float", "bool", "None", "object", "Any", "Day"}
F = TypeVar("F", bound=Callable[..., Any])


class Guarded(ModuleType):
    """A package whose modules' public functions check what they are given, and whose modules show no other names."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}":
            guard(value)
            value.__dir__ = lambda: value.__all__  # type: ignore[method-assign]


def guard(module: ModuleType) -> None:
    """Let the public functions of a module refuse a wrong object.

    They raise TypeError for an object of another kind, ValueError for a table that lacks what they need.

    >>> rp.analysis.asymmetry.share(record)
    Traceback (most recent call last):
    TypeError: share: a table of events is wanted, not a Record: pass record.events(kind), whole
    """
    for name in getattr(module, "__all__", ()):
        function = vars(module).get(name)
        if not inspect.isfunction(function) or function.__module__ != module.__name__:
            continue
        taken = {t for _, types in _parameters(function) for t in types}
        if taken - PLAIN and not hasattr(function, "__wrapped__"):
            setattr(module, name, checking(function))


def checked(cls: type) -> type:
    """Let the public methods of a class refuse a wrong object, as `guard` does; a decorator.

    >>> record.explain_sum(record.events("bodies"))
    Traceback (most recent call last):
    TypeError: explain_sum: a text is wanted as kind, not a DataFrame: pass kind, lens, ...
    """
    for name, method in vars(cls).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(cls, name, checking(method))
    return cls


def fields(thing: Any) -> None:
    """Raise TypeError for a dataclass whose fields hold objects of another kind than it declares.

    >>> rp.explore.Selection(3)
    Traceback (most recent call last):
    TypeError: Selection: a Record is wanted, not an int: pass what rp.load() returned
    """
    for name, types in _parameters(type(thing)):
        _check(type(thing).__name__, name, types, getattr(thing, name))


def checking(function: F) -> F:
    """Return the function as one that refuses wrong objects in a sentence.

    >>> checking(lambda record: 1).__wrapped__(None)
    1
    """
    parameters = _parameters(function)
    star = next((n for n, p in enumerate(parameters) if p[0].startswith("*")), len(parameters))
    placed, several, kinds = parameters[:star], parameters[star : star + 1], dict(parameters)
    check, explained, meant, own_name = _check, _explained, MEANT, function.__name__

    def checked(*args: Any, **kwargs: Any) -> Any:
        for (name, types), given in zip(placed, args, strict=False):
            check(own_name, name, types, given)
        for name, types in several:
            for given in args[star:]:
                check(own_name, name, types, given)
        for name, given in kwargs.items():
            if name in meant and name not in kinds:
                raise TypeError(f"{own_name}: takes no {name}; {meant[name]}")
            check(own_name, name, kinds.get(name, ()), given)
        try:
            return function(*args, **kwargs)
        except (KeyError, AttributeError) as e:
            explained(e, own_name, parameters, args, kwargs)
            raise

    # With the module's own globals, or doctest would take it for a function of this module.
    own = FunctionType(checked.__code__, function.__globals__, closure=checked.__closure__)  # type: ignore[attr-defined]
    return functools.wraps(function)(own)  # type: ignore[return-value]


def _parameters(function: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Return the parameters with the names of the types they take; none where they take anything."""
    out = []
    for p in inspect.signature(function).parameters.values():
        told = p.annotation if isinstance(p.annotation, str) else ""
        told = re.sub(r"\[.*\]", "", told)  # what a list holds is not looked at
        types = tuple(t.strip().rpartition(".")[2] for t in told.split("|") if t.strip())
        if p.name in DAYS and "str" in types:
            types = ("Day", "None")
        star = "*" if p.kind is p.VAR_POSITIONAL else ""
        out.append((star + p.name, () if {"Any", "object"} & set(types) else types))
    return out


def _is(given: Any, name: str) -> bool:
    """Return whether an object is of the type of that name, as it is meant in our annotations."""
    named = {c.__name__ for c in type(given).__mro__}
    many = hasattr(given, "__len__") and not named & {"str", "DataFrame", "Record"}
    match name:
        case "None":
            return given is None
        case "bool":
            return bool(named & {"bool", "bool_"})
        case "int":
            return isinstance(given, Integral)
        case "float":
            return isinstance(given, Real)
        case "Day":
            # Of a number it is said in `window` why it is none.
            return isinstance(given, str | dt.date | Real) or "datetime64" in named
        case "PathLike":
            return hasattr(given, "__fspath__")
        case "Callable":
            return callable(given)
        case "Mapping":
            return many and hasattr(given, "keys")
        case "ndarray" | "Sequence" | "Collection" | "Iterable" | "DatetimeIndex":
            return many and not isinstance(given, Mapping)
    return name in named


def _check(function: str, name: str, types: tuple[str, ...], given: Any) -> None:
    if not types or type(given).__name__ in types or any(_is(given, t) for t in types):
        if name == "events":
            _once(function, given)
        return
    name = name.lstrip("*")
    asked = "day" if "Day" in types else name
    called = CALLED.get(asked) or CALLED.get(types[0]) or article(types[0])
    place = "" if types[0] not in PLAIN else f" as {name}"
    kind = "None" if given is None else a_type(given)
    wanted = _source(function, asked, types[0])
    raise TypeError(f"{function}: {called} is wanted{place}, not {kind}: pass {wanted}")


def _once(function: str, events: Any) -> None:
    """Raise ValueError for a table that holds an event twice, as `pd.concat` of two views makes it."""
    if {"event_id", "to_ukraine"} <= set(getattr(events, "columns", ())):
        ids = events["event_id"]
        if not ids.is_unique:
            twice = ids[ids.duplicated()].iloc[0]
            raise ValueError(
                f"{function}: {twice} is in this table twice and would count twice: "
                f"pass {_source(function, 'events', '')}"
            )


def _source(function: str, name: str, kind: str) -> str:
    found = (WANTED.get(k) for k in (f"{function} {name}", kind, name))
    return next(filter(None, found), f"what help({function}) says")


def _explained(
    error: KeyError | AttributeError,
    function: str,
    parameters: list[tuple[str, tuple[str, ...]]],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> None:
    """Raise a sentence where a table that was given lacks what the function asked it for."""
    if isinstance(error, AttributeError):
        told, missing = str(error.name), [str(error.name)]
    else:
        told = str(error.args[0]) if error.args else ""
        missing = (
            re.findall(r"'([^']+)'", told) if "not in index" in told or "are in" in told else [told]
        )
    named = [*zip((n for n, _ in parameters), args, strict=False), *kwargs.items()]
    types = dict(parameters)
    for name, given in named:
        if "DataFrame" not in types.get(name, ()) or not hasattr(given, "columns"):
            continue
        lost = [m for m in missing if m not in given.columns]
        if lost:
            said = f"{function}: this table has no {lost[0]!r}: pass {_source(function, name, '')}"
            raise ValueError(said) from None
