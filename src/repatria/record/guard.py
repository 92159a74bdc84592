"""Wrong objects end in one sentence that says what to pass: for every public function of a wing, in one place.

A wing's face makes itself `Guarded`. Whenever one of its modules has been imported, those of its public
functions whose first parameter is a record, its events or its silences are set to check it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["WANTED", "Guarded", "guard"]

WANTED = {  # first parameter: what is wanted, what to pass
    "record": ("a Record", "what rp.load() returned"),
    "events": ("a table of events", "record.events(kind), whole"),
    "gaps": ("a table of silences", 'rp.analysis.cadence.gaps(record, "bodies", "deal"), whole'),
}


def __dir__() -> list[str]:
    return __all__


class Guarded(ModuleType):
    """A package whose modules' public functions check what they are given."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}":
            guard(value)


def guard(module: ModuleType) -> None:
    """Let the public functions of a module refuse a wrong first argument.

    They raise TypeError for an object of another kind, ValueError for a table that lacks what they need.

    >>> rp.analysis.asymmetry.share(record)
    Traceback (most recent call last):
    TypeError: share: a table of events is wanted, not a Record: pass record.events(kind), whole
    """
    for name in getattr(module, "__all__", ()):
        function = vars(module).get(name)
        if inspect.isfunction(function) and function.__module__ == module.__name__:
            first = next(iter(inspect.signature(function).parameters), "")
            if first in WANTED and not hasattr(function, "__wrapped__"):
                setattr(module, name, _checking(function, first))


def _checking(function: Callable[..., Any], first: str) -> Callable[..., Any]:
    check, explained = _check, _explained

    def checked(*args: Any, **kwargs: Any) -> Any:
        given = args[0] if args else kwargs.get(first)
        if args or first in kwargs:
            check(function.__name__, first, given)
        try:
            return function(*args, **kwargs)
        except KeyError as e:
            explained(e, function.__name__, first, given)
            raise

    # With the module's own globals, or doctest would take it for a function of this module.
    own = FunctionType(checked.__code__, function.__globals__, closure=checked.__closure__)  # type: ignore[attr-defined]
    return functools.wraps(function)(own)


def _check(name: str, first: str, given: Any) -> None:
    right = hasattr(given, "tables") if first == "record" else hasattr(given, "columns")
    if not right:
        wanted, source = WANTED[first]
        kind = type(given).__name__
        raise TypeError(f"{name}: {wanted} is wanted, not a {kind}: pass {source}")


def _explained(error: KeyError, name: str, first: str, given: Any) -> None:
    """Raise a sentence where the table that was given lacks what the function asked it for."""
    missing = error.args[0] if error.args else None
    if first == "record" or not isinstance(missing, str):
        return
    if missing not in given.columns and missing not in given.attrs:
        said = f"{name}: this table has no {missing!r}: pass {WANTED[first][1]}"
        raise ValueError(said) from None
