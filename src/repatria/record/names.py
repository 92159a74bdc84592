"""Names that the record and all that read it share: days, kinds and directions in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["KIND_WORDS", "SIDES", "day", "event_day", "inert", "month", "period"]

SIDES = {"to_ukraine": "to Ukraine", "to_russia": "to Russia"}
KIND_WORDS = {
    "bodies": ("handover of bodies", "handovers of bodies"),
    "prisoners": ("prisoner exchange", "prisoner exchanges"),
    "civilians": ("civilian handover", "civilian handovers"),
    "either": ("handover of either kind", "handovers of either kind"),  # of bodies or prisoners
}


def day(value: pd.Timestamp) -> str:
    """Return a day in words.

    >>> day(pd.Timestamp("2025-06-11"))
    '11 June 2025'
    """
    return f"{value.day} {value:%B %Y}"


def month(value: pd.Timestamp) -> str:
    """Return a month in words: "June 2025"."""
    return f"{value:%B %Y}"


def event_day(event: Any) -> str:
    """Return an event's date as far as it is known: "11 June 2025" or "June 2026".

    `event` has `date` and `date_precision`, as a row of `Record.events` has.
    """
    return month(event.date) if event.date_precision == "month" else day(event.date)


def period(events: pd.DataFrame) -> str:
    """Return the days from the first to the last of these events: "11 June 2025", or "June 2022 to 11 June 2025"."""
    first, last = (
        event_day(events.loc[i]) for i in (events["date"].idxmin(), events["date"].idxmax())
    )
    return first if first == last else f"{first} to {last}"


def inert(value: object) -> object:
    """Return a cell that a spreadsheet reads as text: a leading formula character gets an apostrophe."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
