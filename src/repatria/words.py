"""Sentences with computed numbers: the only way a figure enters prose."""

from __future__ import annotations

import pandas as pd

from repatria.tables import number

GUARDRAIL = (
    "This measures handovers: who held the ground, what was identified and what was agreed. It does not measure losses."
)
SIDES = {"to_ukraine": "to Ukraine", "to_russia": "to Russia"}
LENS_WORDS = {
    "best": "receiver-first rule, all claims",
    "ukraine": "Ukrainian claims only",
    "russia": "Russian claims only",
    "receiver": "each side's claims on what it received",
}
KIND_WORDS = {
    "bodies": ("handover of bodies", "handovers of bodies"),
    "prisoners": ("prisoner exchange", "prisoner exchanges"),
    "civilians": ("civilian handover", "civilian handovers"),
}


def plural(n: int, one: str, many: str | None = None) -> str:
    """Return "1 event" or "3 events"."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


class Prose(str):
    """Markdown text that a notebook shows as such."""

    def _repr_markdown_(self) -> str:
        return str(self)


def day(value: pd.Timestamp) -> str:
    """Return a day as "11 June 2025"."""
    return f"{value.day} {value:%B %Y}"


def event_day(event: pd.Series) -> str:
    """Return an event's date as far as it is known: "11 June 2025" or "June 2026"."""
    return f"{event['date']:%B %Y}" if event["date_precision"] == "month" else day(event["date"])
