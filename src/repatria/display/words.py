"""Sentences with computed numbers: the only way a figure enters prose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

GUARDRAIL = (
    "This measures handovers: who held the ground, what was identified and what was agreed. It does not measure losses."
)
LENS_WORDS = {
    "best": "receiver-first rule, all claims",
    "ukraine": "Ukrainian claims only",
    "russia": "Russian claims only",
    "receiver": "each side's claims on what it received",
}


def plural(n: int, one: str, many: str | None = None) -> str:
    """Return "1 event" or "3 events"."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


class Prose(str):
    """Markdown text that a notebook shows as such."""

    def _repr_markdown_(self) -> str:
        return str(self)






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


ABSENCE_WORDS = {
    "zero": "none",
    "withheld": "size withheld",
    "not_reported": "not reported",
    "not_applicable": "not applicable",
}


GRADE_WORDS = {
    "agreed": "both sides agree",
    "contested": "sides differ",
    "one_sided": "one side only",
    "reported": "no official",
    "undisclosed": "size withheld",
}


def number(value: object) -> str:
    """Return a whole number with thousands separators, or an empty text for a missing one."""
    return "" if pd.isna(value) else f"{int(value):,}"  # type: ignore[call-overload]


def date(value: object) -> str:
    """Return an ISO day, or an empty text."""
    return "" if pd.isna(value) else f"{value:%Y-%m-%d}"


def span(low: object, high: object) -> str:
    """Return a range of counts as text: one number if both ends are equal, "n or more" if the end is open."""
    if pd.isna(low):
        return ""
    if pd.isna(high):
        return f"{number(low)} or more"
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def counted(value: object, absence: object) -> str:
    """Return a count, or the words for its absence: a missing number is never shown as zero or blank."""
    if pd.notna(absence):
        return ABSENCE_WORDS[str(absence)]
    return number(value)




def anchor(event_id: str) -> str:
    """Return the page anchor of an event's claims."""
    return f"event-{event_id}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share as text, or "no figure"; a share that would print as 0 or 100 but is not keeps its digits."""
    if value is None or pd.isna(value):
        return "no figure"
    while digits < 4 and 0 < value < 1 and round(100 * value, digits) in (0, 100):
        digits += 1
    return f"{100 * value:.{digits}f}%"


def agreed_digit(values: Sequence[float], most: int = 3) -> int | None:
    """Return to how many decimals of a percent (at most `most`) shares agree, or None if not even to one percent.

    They agree to a digit if they print alike and lie within half a unit of it, so that 2.6% and 3.2% do not pass as
    "both 3%".
    """
    spread = 100 * (max(values) - min(values))
    for digits in range(most, -1, -1):
        if spread <= 0.5 / 10**digits and len({f"{100 * s:.{digits}f}" for s in values}) == 1:
            return digits
    return None
