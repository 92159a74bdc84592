"""Words for readers: how numbers, days and absences are written, and sentences rendered from templates.

Sentences of more than one clause are Jinja templates in `en/<question>/<name>.md.j2`; Python hands them numbers by
name and never glues prose. A number that is missing is an error, not a hole. Another language is another folder.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from repatria.record import names

__all__ = [
    "ABSENCE_WORDS",
    "GRADE_WORDS",
    "GUARDRAIL",
    "HEADS",
    "LENS_WORDS",
    "SCOPE_WORDS",
    "WORDS",
    "Prose",
    "anchor",
    "apart",
    "counted",
    "date",
    "joined",
    "noun",
    "number",
    "part_words",
    "percent",
    "plural",
    "ratio",
    "say",
    "span",
    "unlinked",
]

LANGUAGE = "en"
FOLDER = Path(__file__).parent / LANGUAGE
# Words for the record's codes, by what they are codes of.
WORDS: dict[str, Any] = tomllib.loads((FOLDER / "words.toml").read_text("utf-8"))

LENS_WORDS = WORDS["lens"]
ABSENCE_WORDS = WORDS["absence"]
GRADE_WORDS = WORDS["grade"]
SCOPE_WORDS = WORDS["scope"]
HEADS = WORDS["heads"]
_PROPER = {name.lower().replace("-", ""): name for name in WORDS["proper"]["names"]}


class Prose(str):
    """Markdown text that a notebook shows as such, without links to pages that only a release has.

    The notebook's `text/plain` has them too: a release is made of that.
    """

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/markdown": unlinked(self), "text/plain": str(self)}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Stand for itself: IPython's printer of texts, which outdoes the bundle, would quote it."""
        printer.text(str(self))


def unlinked(text: str) -> str:
    """Return Markdown without links inside the site: their words stay, those that only point on go.

    >>> unlinked("[27](events/index.html) on [a page](https://a.org). [All ›](events/index.html)")
    '27 on [a page](https://a.org).'
    """
    inside = r"\]\((?!https?:)[^)]*\)"
    return re.sub(rf"\[([^]]*){inside}", r"\1", re.sub(rf" \[[^]]*›{inside}", "", text))


def number(value: object) -> str:
    """Return a whole number with thousands separators, or an empty text for a missing one.

    >>> number(6057), number(None)
    ('6,057', '')
    """
    return "" if pd.isna(value) else f"{int(value):,}"  # type: ignore[call-overload]


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share as text, or "no figure"; one that would print as 0 or 100 but is not keeps its digits.

    >>> percent(0.0764), percent(0.99996), percent(None)
    ('7.6%', '99.996%', 'no figure')
    """
    if value is None or pd.isna(value):
        return "no figure"
    while digits < 4 and 0 < value < 1 and round(100 * value, digits) in (0, 100):
        digits += 1
    return f"{100 * value:.{digits}f}%"


def ratio(value: float | None) -> str:
    """Return how many for each one, to two figures, or "no figure".

    >>> ratio(34.26), ratio(1.04), ratio(None)
    ('34', '1.0', 'no figure')
    """
    if value is None or pd.isna(value):
        return "no figure"
    return f"{value:,.0f}" if value >= 9.5 else f"{value:.1f}"


def date(value: object) -> str:
    """Return an ISO day, or an empty text for a missing one."""
    return "" if pd.isna(value) else f"{pd.Timestamp(value):%Y-%m-%d}"  # type: ignore[arg-type]


def span(low: object, high: object) -> str:
    """Return a range of counts: one number if both ends are equal, "n or more" if the end is open.

    >>> span(195, 207), span(1000, 1000), span(1200, None), span(None, None)
    ('195–207', '1,000', '1,200 or more', '')
    """
    if pd.isna(low):
        return ""
    if pd.isna(high):
        return f"{number(low)} or more"
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def apart(low: object, high: object) -> str:
    """Return the range of published counts where they differ, else an empty text.

    >>> apart(195, 207), apart(1200, None), apart(1000, 1000)
    ('195–207', '1,200 or more', '')
    """
    return "" if pd.notna(low) and pd.notna(high) and low == high else span(low, high)


def counted(value: object, absence: object) -> str:
    """Return a count, or the words for its absence: a missing number is never shown as zero or blank.

    >>> counted(27, None), counted(0, "zero"), counted(None, "withheld")
    ('27', 'none', 'size withheld')
    """
    return ABSENCE_WORDS[str(absence)] if pd.notna(absence) else number(value)


def plural(n: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: "1 event", "3 events".

    >>> plural(1, "handover"), plural(1200, "body", "bodies")
    ('1 handover', '1,200 bodies')
    """
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def joined(items: Sequence[str], last: str = "and") -> str:
    """Return a list as in a sentence: "a", "a and b", "a, b and c"."""
    items = list(items)
    return f" {last} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def noun(attrs: Mapping[Any, Any]) -> str:
    """Return what a table of one kind counts: "bodies", "prisoners", or "persons" for mixed kinds."""
    return str(attrs.get("kind") or "persons")


def part_words(part: str) -> str:
    """Return a part's code as readers see it.

    >>> part_words("rosatom_employees"), part_words("direction_kursk")
    ('Rosatom employees', 'Kursk direction')
    """
    words = [_PROPER.get(w, w) for w in part.split("_")]
    named = words[0] == "direction" and len(words) > 1
    return f"{' '.join(words[1:])} direction" if named else " ".join(words)


def anchor(event_id: str) -> str:
    """Return the page anchor of an event's claims."""
    return f"event-{event_id}"


@cache
def templates() -> jinja2.Environment:
    """Return the environment of this language's templates: strict, and with the filters an editor may use."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,  # to fold constants takes half the time of compiling, and saves none here
    )
    env.filters |= {
        "number": number,
        "percent": percent,
        "ratio": ratio,
        "plural": plural,
        "span": lambda ends: span(*ends),
        "counted": counted,
        "day": names.day,
        "month": names.month,
        "event_day": names.event_day,
        "iso": date,
        "and": joined,
        "or": lambda items: joined(items, "or"),
        "part": part_words,
        "anchor": anchor,
    }
    env.globals |= {
        "sides": names.SIDES,
        "kinds": names.KIND_WORDS,
        "lenses": LENS_WORDS,
        "grades": GRADE_WORDS,
        "absences": ABSENCE_WORDS,
        "scopes": SCOPE_WORDS,
    }
    return env


def say(template: str, **numbers: Any) -> Prose:
    """Return the sentences of `en/<template>.md.j2`, filled with named numbers.

    Line breaks inside a paragraph are for whoever edits the template: they become spaces, and an empty line
    parts paragraphs. Raises jinja2.UndefinedError for a number that the template wants and nobody gave, and
    jinja2.TemplateNotFound for a template that is not there.

    >>> say("guardrail").startswith("This measures handovers")
    True
    """
    text = templates().get_template(f"{template}.md.j2").render(numbers)
    paragraphs = (" ".join(p.split()) for p in text.split("\n\n"))
    return Prose("\n\n".join(p for p in paragraphs if p))


GUARDRAIL = say("guardrail")  # what the record measures, and what it does not
