"""The notebooks' parameters: declared once, typed, and checked before a kernel starts.

Fields of `Parameters` are all there is: the command line takes its options and their help from it, and
every notebook holds `CELL`, which is made of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from repatria.record.days import a_type, written
from repatria.record.schema import WAR_START

__all__ = ["CELL", "Parameters", "check"]


class Parameters(BaseModel):
    """What every report notebook takes. Days are ISO text, as papermill needs; "" is no limit.

    A day may be given as people write it: "2025-06-12", a date, or a month or a year, "2025-06", "2025".
    These stand for their first day in `since` and for their last in the others.

    >>> Parameters(since="2025-06", until=dt.date(2025, 6, 12)).given()
    {'since': '2025-06-01', 'until': '2025-06-12', 'lens': 'best'}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: str = Field(
        default="", description="only what pages dated by this day carry (YYYY-MM-DD)"
    )
    since: str = Field(default="", description="first day of the window (YYYY-MM-DD)")
    until: str = Field(default="", description="last day of the window (YYYY-MM-DD)")
    lens: str = Field(
        default="best", description="whose claims count: best, ukraine, russia, receiver"
    )

    @field_validator("as_of", "since", "until", mode="before")
    @classmethod
    def _is_a_day(cls, value: object, info: ValidationInfo) -> str:
        if isinstance(value, str) and not value.strip():
            return ""
        first, last = written(value)
        today = (info.context or {}).get("today") or dt.date.today()
        if last < WAR_START or first > today:
            raise ValueError(f"{value} is out of range ({WAR_START} to {today})")
        # A month or a year counts as far as it lies between the war's first day and today.
        day = max(first, WAR_START) if info.field_name == "since" else min(last, today)
        return day.isoformat()

    @field_validator("lens", mode="before")
    @classmethod
    def _is_a_lens(cls, value: object) -> str:
        from repatria.record.rule import LENSES  # not above: it loads pandas

        if not isinstance(value, str):
            raise ValueError(f"{value!r} is {a_type(value)}, not text")
        if value not in LENSES:
            raise ValueError(f"{value!r} is none of {', '.join(LENSES)}")
        return value

    def as_dict(self) -> dict[str, str]:
        """Return every parameter by name."""
        return self.model_dump()

    def given(self) -> dict[str, str]:
        """Return the parameters that say something: what a notebook has to be told."""
        return {name: value for name, value in self.as_dict().items() if value}


def check(values: Mapping[str, object], today: dt.date | None = None) -> Parameters:
    """Return validated parameters. Raises ValueError with one line for the first thing that is wrong:
    an unknown name, a wrong type, no day, a day before the war or after today, an unknown lens, a
    window that ends before it begins.

    >>> check({"since": "2025-13"})
    Traceback (most recent call last):
    ValueError: since: '2025-13' is not a day (YYYY-MM-DD), month (YYYY-MM) or year (YYYY)
    """
    known = Parameters.model_fields
    for name in values:
        if name not in known:
            raise ValueError(f"{name}: unknown parameter; there are {', '.join(known)}")
    try:
        p = Parameters.model_validate(dict(values), context={"today": today})
    except ValidationError as e:
        first = e.errors()[0]
        reason = first.get("ctx", {}).get("error", first["msg"])
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {reason}") from None
    for end in ("as_of", "until"):
        day = getattr(p, end)
        if day and p.since > day:
            raise ValueError(f"since: {p.since} is after {end} {day}")
    return p


def _cell() -> str:
    """Return the notebooks' parameters cell: a line a parameter, its legal values as a comment."""
    return "\n".join(
        f'{name}: str = "{field.default}"  # {field.description}'
        + ("" if field.default else ', "": no limit')
        for name, field in Parameters.model_fields.items()
    )


CELL = _cell()
