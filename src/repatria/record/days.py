"""Days as people write them, without pandas: "2025-06-12", "2025-06", "2025", a date."""

from __future__ import annotations

import calendar
import datetime as dt
import re

__all__ = ["a_type", "article", "written"]

_FORMS = "a day (YYYY-MM-DD), month (YYYY-MM) or year (YYYY)"
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")


def written(value: object) -> tuple[dt.date, dt.date]:
    """Return the first and the last day that a written day, month or year stands for.

    Raises ValueError, with what is wrong with it, for anything else.

    >>> written("2025-06")
    (datetime.date(2025, 6, 1), datetime.date(2025, 6, 30))
    """
    if isinstance(value, dt.date) and value == value:  # not a missing Timestamp
        day = dt.date(value.year, value.month, value.day)
        return day, day
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is {a_type(value)}, not {_FORMS} in text")
    if parts := _DAY.fullmatch(value.strip()):
        year, month, day_ = parts.groups()
        try:
            first = dt.date(int(year), int(month or 1), int(day_ or 1))
            if day_:
                return first, first
            last = int(month or 12)
            return first, dt.date(first.year, last, calendar.monthrange(first.year, last)[1])
        except ValueError:  # no such day
            pass
    raise ValueError(f"{value!r} is not {_FORMS}")


def a_type(value: object) -> str:
    """Return what a value is, for an error line.

    >>> a_type(5), a_type({})
    ('an int', 'a dict')
    """
    return article(type(value).__name__)


def article(name: str) -> str:
    """Return a name with its indefinite article.

    >>> article("Outlook"), article("text")
    ('an Outlook', 'a text')
    """
    return f"an {name}" if name[:1].lower() in "aeio" else f"a {name}"
