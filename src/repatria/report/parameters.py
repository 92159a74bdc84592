"""The notebooks' parameters: declared once, typed, and checked before a kernel starts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from repatria.record.rule import LENSES
from repatria.record.schema import WAR_START

__all__ = ["CELL", "Parameters", "check"]

CELL = 'as_of: str = ""\nsince: str = ""\nlens: str = "best"'  # of every notebook


@dataclass(frozen=True)
class Parameters:
    """What every report notebook takes; an empty day means "no limit" (days are ISO text, as papermill needs).

    as_of  only what pages dated by this day carry; "" = the record as it stands, undated pages included
    since  first day of the window
    lens   whose claims count: best, ukraine, russia, receiver
    """

    as_of: str = ""
    since: str = ""
    lens: str = "best"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def given(self) -> dict[str, str]:
        """Return the parameters that limit something: what a notebook has to be told."""
        return {name: value for name, value in self.as_dict().items() if value}


def check(values: Mapping[str, object], today: dt.date | None = None) -> Parameters:
    """Return validated parameters. Raises ValueError with one line for the first thing that is wrong:
    an unknown name, a wrong type, a day out of range (before the war, after today), an unknown lens."""
    today = today or dt.date.today()
    known = {f.name for f in fields(Parameters)}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{name}: unknown parameter; there are {', '.join(sorted(known))}")
        if not isinstance(value, str):
            raise ValueError(f"{name}: {value!r} is a {type(value).__name__}, not text")
    p = Parameters(**dict(values))  # type: ignore[arg-type]
    for name in ("as_of", "since"):
        value = getattr(p, name)
        if not value:
            continue
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            day = None
        if day is None or day.isoformat() != value:
            raise ValueError(f"{name}: {value!r} is not a day (YYYY-MM-DD)")
        if not WAR_START <= day <= today:
            raise ValueError(f"{name}: {value} is out of range ({WAR_START} to {today})")
    if p.as_of and p.since and p.since > p.as_of:
        raise ValueError(f"since: {p.since} is after as_of {p.as_of}")
    if p.lens not in LENSES:
        raise ValueError(f"lens: {p.lens!r} is none of {', '.join(LENSES)}")
    return p
