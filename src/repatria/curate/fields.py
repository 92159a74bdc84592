"""The types of single fields: what a count, a day, a name may be. What is not wholly one is refused."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StrictStr

from repatria.record.checks import shown
from repatria.record.schema import DIRECTIONS, KINDS, QUALIFIERS

__all__ = [
    "DAY",
    "NAME",
    "Count",
    "Day",
    "Direction",
    "Ends",
    "Kind",
    "Month",
    "Name",
    "Qualifier",
    "Text",
    "among",
    "like",
    "number",
    "span",
]

NAME = re.compile(r"[a-z][a-z0-9_]*")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# One separator throughout, and only before exactly three digits. A dot is refused: it parts fractions too.
_NUMBER = re.compile(
    r"0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:(?P<by>[, \u00a0\u2009\u202f])[0-9]{3})(?:(?P=by)[0-9]{3})*"
)


def number(text: str) -> int:
    """Return a whole number as pages print it. Raises ValueError for anything that is not wholly one.

    >>> number("1003"), number("1,003"), number("8 255")
    (1003, 1003, 8255)
    >>> number("1,5")
    Traceback (most recent call last):
    ValueError: '1,5' is not a whole number: digits, with a comma or space only before each three
    """
    if not _NUMBER.fullmatch(text):
        reason = "is not a whole number: digits, with a comma or space only before each three"
        raise ValueError(f"{shown(text)} {reason}")
    return int(re.sub(r"[^0-9]", "", text))


def span(text: str) -> tuple[int, int]:
    """Return both ends of a number or of a printed range. Raises ValueError.

    >>> span("150-157"), span("1,000")
    ((150, 157), (1000, 1000))
    """
    low, dash, high = text.replace("\u2013", "-").partition("-")
    if not low or (dash and not high):
        raise ValueError(f"{shown(text)} is neither a whole number nor LOW-HIGH")
    ends = number(low), number(high if dash else low)
    if ends[0] > ends[1]:
        raise ValueError(f"{shown(text)} ends before it begins")
    return ends


# --- the types of single fields ---------------------------------------------------------------


def among(known: Sequence[str], empty: bool = True) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known and (value or not empty):
            raise ValueError(f"{shown(value)} is none of {', '.join(known)}")
        return value

    return AfterValidator(check)


def _day(value: str, words: str = "a day (YYYY-MM-DD)") -> str:
    month = "month" in words and re.fullmatch(r"[0-9]{4}-[0-9]{2}", value)
    with contextlib.suppress(ValueError):
        if not value or DAY.fullmatch(day := f"{value}-01" if month else value):
            return value and dt.date.fromisoformat(day).isoformat()[: len(value)]
    raise ValueError(f"{shown(value)} is not {words}")


def _text(value: str) -> str:
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError(f"{shown(value)} holds half a character")
    return value


def _count(value: object) -> int:
    if isinstance(value, str):
        return number(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{shown(value)} is not a whole number of 0 or more")
    return value


def _ends(value: object) -> tuple[int, int]:
    """Return both ends of a count given as a number, as text, or as a pair."""
    if isinstance(value, str):
        return span(value)
    if isinstance(value, tuple):
        return _count(value[0]), _count(value[1])
    return _count(value), _count(value)


def like(pattern: str, words: str, empty: bool = False) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value) and (value or not empty):
            raise ValueError(f"{shown(value)} is not {words}")
        return value

    return AfterValidator(check)


Text = Annotated[StrictStr, AfterValidator(_text)]
Day = Annotated[StrictStr, AfterValidator(_day)]
Month = Annotated[
    StrictStr, AfterValidator(lambda v: _day(v, "a day (YYYY-MM-DD) or a month (YYYY-MM)"))
]
Name = Annotated[StrictStr, like(NAME.pattern, "lower-case letters, digits and _", empty=True)]
Kind = Annotated[StrictStr, among(KINDS)]
Direction = Annotated[StrictStr, among(DIRECTIONS, empty=False)]
Qualifier = Annotated[StrictStr, among(QUALIFIERS)]
Count = Annotated[int, BeforeValidator(_count)]
Ends = Annotated[
    tuple[int, int],
    BeforeValidator(_ends),
    PlainSerializer(lambda ends: "-".join(map(str, dict.fromkeys(ends)))),
]
