"""Names that the record and all that read it share: days, kinds, directions in words; hosts of
pages.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

__all__ = [
    "HOST",
    "KIND_WORDS",
    "SIDES",
    "bare_host",
    "day",
    "event_day",
    "inert",
    "month",
    "period",
]

SIDES = {"to_ukraine": "to Ukraine", "to_russia": "to Russia"}
KIND_WORDS = {
    "bodies": ("handover of bodies", "handovers of bodies"),
    "prisoners": ("prisoner exchange", "prisoner exchanges"),
    "civilians": ("civilian handover", "civilian handovers"),
    "either": ("handover of either kind", "handovers of either kind"),  # of bodies or prisoners
}
HOST = r"(?i)^https?://(?P<host>[^/?#]+)"


def day(value: pd.Timestamp | str) -> str:
    """Return a day (or its ISO text) in words.

    >>> day(pd.Timestamp("2025-06-11"))
    '11 June 2025'
    """
    value = pd.Timestamp(value)
    return f"{value.day} {value:%B %Y}"


def month(value: pd.Timestamp) -> str:
    """Return a month in words.

    >>> month(pd.Timestamp("2025-06-11"))
    'June 2025'
    """
    return f"{value:%B %Y}"


def event_day(event: Any) -> str:
    """Return an event's date as far as it is known: "11 June 2025" or "June 2026".

    `event` has `date` and `date_precision`, as a row of `Record.events` has.

    >>> event_day(record.events("bodies", since="2025-06-11", until="2025-06-11").iloc[0])
    '11 June 2025'
    """
    return month(event.date) if event.date_precision == "month" else day(event.date)


def period(events: pd.DataFrame) -> str:
    """Return the days from the first to the last of these events, or the only one.

    >>> period(record.events("bodies", since="2025-06-01", until="2025-06-30"))
    '11 June 2025 to 16 June 2025'
    """
    first, last = (
        event_day(events.loc[i]) for i in (events["date"].idxmin(), events["date"].idxmax())
    )
    return first if first == last else f"{first} to {last}"


def inert(value: object) -> object:
    """Return a cell that a spreadsheet reads as text: a formula character gets an apostrophe.

    >>> inert("=1+1"), inert(5)
    ("'=1+1", 5)
    """
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def bare_host(host: str) -> str:
    """Return a host without what one house has many of: www., m., amp., mobile., a port.

    >>> bare_host("m.tass.com"), bare_host("www.trtworld.com:443")
    ('tass.com', 'trtworld.com')
    """
    prefix = r"^(?:(?:www|m|amp|mobile)\d?\.)+(?=[^.]+\.)"
    return re.sub(rf"{prefix}|:\d+$", "", host.lower()).rstrip(".")
