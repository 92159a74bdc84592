"""What a curator gives: a handover, the pages read on it, what each one has claimants say.

Typed: what is not understood is refused with its place (`pages[0].claims[1].count: ...`), never guessed.
Fields not given are empty; JSON's null is "not given".
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ParamSpec, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StrictStr,
    ValidationError,
    model_validator,
)

from repatria.curate import CLAIM_FORM, READ_FORM, TOTAL_FORM, UNITS
from repatria.curate.fields import (
    DAY,
    NAME,
    Count,
    Day,
    Direction,
    Ends,
    Kind,
    Month,
    Name,
    Qualifier,
    Text,
    among,
    like,
    number,
    span,
)
from repatria.record.checks import shown
from repatria.record.schema import (
    ABSENCES,
    DATED_BY,
    DIRECTIONS,
    EXCLUSIONS,
    ID_PATTERN,
    KINDS,
    QUALIFIERS,
    SEEN,
    SIDES,
    STATUSES,
    TABLES,
    TIERS,
)

__all__ = [
    "DATE_BASES",
    "EARLIER",
    "Claimant",
    "CurateError",
    "Handover",
    "Page",
    "Read",
    "Refused",
    "Statement",
    "Total",
    "claimant",
    "from_json",
    "handover",
    "number",
    "read",
    "span",
    "statement",
    "total",
]

ROLES = ("whole", "component", "subset")
DATE_BASES = TABLES["citations"].fields[-1].enum
EARLIER = "earlier"  # corrects: the one earlier claim of this claimant on the same
P = ParamSpec("P")
T = TypeVar("T")


class CurateError(ValueError):
    """An addition that cannot be made, in one or more lines."""


class _Twice(list[str]):
    """The keys that a JSON object has more than once, in place of the object."""


class _Given(BaseModel):
    """What all that is given has in common: unknown and repeated keys are refused, null is not given."""

    model_config = ConfigDict(strict=True)

    @model_validator(mode="before")
    @classmethod
    def _keys(cls, values: object) -> object:
        if isinstance(values, _Twice):
            raise ValueError(f"{', '.join(map(shown, values))} is given twice")
        if not isinstance(values, dict):
            return values
        if unknown := [shown(k) for k in values if k not in cls.model_fields]:
            known = ", ".join(sorted(cls.model_fields))
            raise ValueError(f"{', '.join(unknown)} is unknown; there are {known}")
        return {k: v for k, v in values.items() if v is not None}


def _line(parse: Callable[[str], Any]) -> BeforeValidator:
    """Let a line stand for an object."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


# --- what is given ----------------------------------------------------------------------------


class Claimant(_Given):
    """A new claimant, as its row."""

    claimant_id: Annotated[StrictStr, like(ID_PATTERN, "lower-case words joined by hyphens")]
    name: Text
    office: Text
    side: Annotated[StrictStr, among(SIDES, empty=False)]
    official: Annotated[StrictStr, among(("yes", "no"), empty=False)]


class Statement(_Given):
    """What a page has a claimant say on one direction (and part) of the handover.

    Role, wording and the count of zero follow from the rest if not given. `corrects` is the id of the claim
    that this claimant takes back with it, or `earlier`: its only one so far.

    >>> s = Statement(claimant="press", direction="to_russia", part="women", count="12-14")
    >>> s.count, s.role, s.qualifier
    ((12, 14), 'subset', 'exact')
    """

    claimant: Text
    direction: Direction
    part: Name = "total"
    role: Annotated[StrictStr, among(ROLES)] = ""
    count: Ends | None = None
    qualifier: Qualifier = ""
    absence: Annotated[StrictStr, among(ABSENCES)] = ""
    stated_date: Day = ""
    corrects: Text = ""
    note: Text = ""

    @model_validator(mode="after")
    def _follows(self) -> Statement:
        self.role = self.role or ("whole" if self.part == "total" else "subset")
        if self.count == (0, 0):
            self.absence = self.absence or "zero"
        elif self.count and self.absence:
            raise ValueError(f"a count goes without {self.absence}")
        elif not self.count and not self.absence:
            raise ValueError(f"a count or one of {', '.join(ABSENCES)} is missing")
        elif self.absence == "zero":
            self.count = (0, 0)
        self.qualifier = self.qualifier or ("exact" if self.count else "")
        return self


class Total(_Given):
    """A running total on a page."""

    claimant: Text
    as_of: Day
    kind: Annotated[StrictStr, among(KINDS, empty=False)]
    unit: Annotated[StrictStr, among(UNITS, empty=False)]
    direction: Annotated[StrictStr, among((*DIRECTIONS, "both"), empty=False)]
    count: Count
    qualifier: Qualifier = "exact"
    as_of_precision: Annotated[StrictStr, among(("day", "month", "year"), empty=False)] = "day"
    since: Day = ""
    since_basis: Annotated[StrictStr, among(("printed", "arithmetic"))] = ""
    scope: Name = ""
    note: Text = ""


class Page(_Given):
    """A page and what it carries. What is empty is filled in from the record, or derived."""

    url: Text
    publisher: Text = ""
    published_on: Day = ""
    language: Text = ""
    tier: Annotated[StrictStr, among(TIERS)] = ""
    dated_by: Annotated[StrictStr, among(DATED_BY)] = ""
    seen: Annotated[StrictStr, among(SEEN)] = ""
    date_basis: Annotated[StrictStr, among(DATE_BASES)] = ""
    claims: list[Annotated[Statement, _line(lambda text: statement(text))]] = []
    totals: list[Total] = []


class Refused(_Given):
    """A page that was read and left out, with the reason; it is filed in `excluded`."""

    url: Text
    publisher: Annotated[StrictStr, like(r".+", "text")]
    published_on: Day = ""
    reason: Annotated[StrictStr, among(tuple(EXCLUSIONS), empty=False)]
    note: Text = ""


class Read(_Given):
    """How far statements on the handover's kind have been searched. No side: both."""

    through: Day
    side: Annotated[StrictStr, among(("ukraine", "russia"))] = ""
    density: Annotated[StrictStr, among(("dense", "thin"), empty=False)] = "thin"
    read_from: Day = ""
    note: Text = ""


class Handover(_Given):
    """A handover and pages on it. `event_id` names one on record; `second` makes another that day.

    `new_parts` confirms parts (and scopes of totals) that no claim on record has yet. Without a page it may say only
    how far a kind was searched, or which pages are left out.
    """

    kind: Kind = ""
    date: Month = ""
    date_precision: Annotated[StrictStr, among(("day", "month"))] = ""
    event_id: Text = ""
    second: StrictBool = False
    status: Annotated[StrictStr, among(STATUSES, empty=False)] = "took_place"
    deal_id: Text = ""
    agreement_id: Text = ""
    mediators: Text = ""
    place: Text = ""
    category: Text = ""
    note: Text = ""
    pages: list[Page] = []
    claimants: list[Annotated[Claimant, _line(lambda text: claimant(text))]] = []
    new_parts: list[Name] = []
    searched: list[Annotated[Read, _line(lambda text: read(text))]] = []
    refused: list[Refused] = []


# --- one-line forms ---------------------------------------------------------------------------


def _form(what: str, form: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Say whatever fails in reading a line with the line and its form."""

    def wrap(parse: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(parse)
        def parsed(*given: P.args, **more: P.kwargs) -> T:
            try:
                return parse(*given, **more)
            except ValueError as e:
                reason = "; ".join(_reasons(e)) if isinstance(e, ValidationError) else str(e)
            raise CurateError(f"{what} {shown(given[0])}: {reason}; write {form}")

        return parsed

    return wrap


def _words(text: str, directions: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Part a line in claimant, direction and further words. Plain spaces part words: others group digits."""
    who, colon, rest = text.rpartition(":")
    words = re.split(r"[ \t\r\n]+", rest.strip(" \t\r\n"))
    if not colon or not who.strip() or words[0] not in directions:
        raise ValueError("claimant or direction is missing")
    return {"claimant": who.strip(), "direction": words[0]}, words[1:]


def _put(got: dict[str, Any], key: str, value: object) -> None:
    if key in got:
        raise ValueError(f"{key} is given twice")
    got[key] = value


@_form("claim", CLAIM_FORM)
def statement(text: str) -> Statement:
    """Return a claim written in one line, form `CLAIM_FORM`. Raises CurateError, saying what is not understood.

    >>> statement("mod-russia: to_ukraine military 185 component").part
    'military'
    >>> statement("coordination-headquarters: to_ukraine 1,003 corrects").corrects
    'earlier'
    """
    kinds = {"absence": ABSENCES, "qualifier": QUALIFIERS, "role": ROLES}
    got, words = _words(text, DIRECTIONS)
    for word in words:
        key, equals, value = word.partition("=")
        if DAY.fullmatch(word):
            _put(got, "stated_date", word)
        elif key == "corrects":
            _put(got, key, value if equals else EARLIER)
        elif NAME.fullmatch(word):
            _put(got, next((k for k, known in kinds.items() if word in known), "part"), word)
        else:
            _put(got, "count", span(word))
    return Statement(**got)


@_form("total", TOTAL_FORM)
def total(text: str, kind: str, day: str) -> Total:
    """Return a running total written in one line, form `TOTAL_FORM`. Raises CurateError.

    Kind, unit and the day it speaks for default to the handover's.

    >>> total("coordination-headquarters: to_ukraine 16,000 more_than", "bodies", "2025-10-23").count
    16000
    """
    got, words = _words(text, (*DIRECTIONS, "both"))
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in ("as_of", "as_of_precision", "since", "scope", "kind"):
            _put(got, key, value)
        elif word in UNITS or word in QUALIFIERS:
            _put(got, "unit" if word in UNITS else "qualifier", word)
        elif NAME.fullmatch(word):
            raise ValueError(f"{shown(word)} is no unit and no wording")
        else:
            _put(got, "count", number(word))
    got = {"kind": kind, "as_of": day, **got}
    return Total(**{"unit": "bodies" if got["kind"] == "bodies" else "people", **got})


@_form("searched through", READ_FORM)
def read(text: str) -> Read:
    """Return how far was searched, written in one line, form `READ_FORM`. Raises CurateError.

    >>> read("2026-07-15 russia").density
    'thin'
    """
    got: dict[str, Any] = {}
    for word in text.split():
        if DAY.fullmatch(word):
            _put(got, "through", word)
        elif word.startswith("from="):
            _put(got, "read_from", word.removeprefix("from="))
        elif word in ("dense", "thin"):
            _put(got, "density", word)
        elif word in ("ukraine", "russia", "both"):
            _put(got, "side", word.replace("both", ""))
        else:
            raise ValueError(f"{shown(word)} is not understood")
    return Read(**got)


@_form("claimant", "; ".join(Claimant.model_fields))
def claimant(text: str) -> Claimant:
    """Return a new claimant from "claimant_id; name; office; side; yes|no". Raises CurateError.

    >>> claimant("rada; Rada; parliament; ukraine; yes").side
    'ukraine'
    """
    parts = [p.strip() for p in text.split(";")]
    if len(parts) != len(Claimant.model_fields):
        raise ValueError(f"{len(parts)} parts, not {len(Claimant.model_fields)}")
    return Claimant(**dict(zip(Claimant.model_fields, parts, strict=True)))


# --- reading and refusing ---------------------------------------------------------------------


def _reasons(error: ValidationError, at: Sequence[str | int] = ()) -> list[str]:
    """Return a validation error as our lines: `place: reason`."""
    kinds = {"string": "text", "bool": "true or false", "list": "a list", "model": "an object"}
    lines = []
    for e in error.errors():
        place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in (*at, *e["loc"]))
        form = e["type"].partition("_")[0]
        if form in kinds:
            reason = f"{shown(e['input'])} is not {kinds[form]}"
        else:
            reason = (
                "is missing" if form == "missing" else str(e.get("ctx", {}).get("error", e["msg"]))
            )
        lines.append(f"{place}: {reason}".lstrip(".:").lstrip())
    return lines


def handover(values: object, at: Sequence[str | int] = ()) -> Handover:
    """Return a handover from what was given. Raises CurateError with one line per thing not understood.

    >>> handover({"kind": "bodies", "pages": [{"url": 5}]})
    Traceback (most recent call last):
    repatria.curate.models.CurateError: pages[0].url: '5' is not text
    """
    try:
        return Handover.model_validate(values)
    except ValidationError as e:
        raise CurateError("\n".join(_reasons(e, at))) from None


def _object(pairs: list[tuple[str, Any]]) -> object:
    counts = Counter(k for k, _ in pairs)
    return _Twice(k for k, n in counts.items() if n > 1) or dict(pairs)


def from_json(text: str) -> list[Handover]:
    """Return the handovers in a JSON text: one object or a list; form: docs/curating.md. Raises CurateError.

    >>> from_json('{"kind": "bodies", "date": "2026-07-15", "place": null}')[0].kind
    'bodies'
    """
    try:
        given = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as e:
        raise CurateError(f"not JSON: {e}") from None
    if type(given) is list:
        return [handover(h, [i]) for i, h in enumerate(given)]
    return [handover(given)]
