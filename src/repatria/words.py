"""Sentences with computed numbers: the only way a figure enters prose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def period(events: pd.DataFrame) -> str:
    """Return the days from the first to the last of these events: "11 June 2025", or "June 2022 to 11 June 2025"."""
    first, last = (event_day(events.loc[i]) for i in (events["date"].idxmin(), events["date"].idxmax()))
    return first if first == last else f"{first} to {last}"


_PROPER = {
    **{n: n.capitalize() for n in (
        "avdiivka", "azov", "azovstal", "bakhmut", "belarus", "chernobyl", "donetsk", "kharkiv", "kherson", "kursk",
        "luhansk", "mariupol", "marinka", "qatar", "rosatom", "russia", "sumy", "ukrainians", "vuhledar", "wagner",
        "zaporizhzhia",
    )},
    "dnr": "DNR", "lnr": "LNR", "npp": "NPP", "il76": "Il-76",
}  # fmt: skip


def noun(attrs: Mapping[Any, Any]) -> str:
    """Return what a table of one kind counts: "bodies", "prisoners", or "persons" where kinds are mixed."""
    return str(attrs.get("kind") or "persons")


def part_words(part: str) -> str:
    """Return a part's code as readers see it: "rosatom_employees" as "Rosatom employees"."""
    names = [_PROPER.get(w, w) for w in part.split("_")]
    return f"{' '.join(names[1:])} direction" if names[0] == "direction" and len(names) > 1 else " ".join(names)


def event_day(event: Any) -> str:
    """Return an event's date as far as it is known: "11 June 2025" or "June 2026"."""
    return f"{event.date:%B %Y}" if event.date_precision == "month" else day(event.date)
