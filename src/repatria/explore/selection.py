"""A selection of the record and what is shown of it, without widgets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from repatria.analysis import cadence, units
from repatria.charts import asymmetry, handovers
from repatria.charts import cadence as silences
from repatria.charts.base import Chart
from repatria.display import explain
from repatria.display.events import events as events_table
from repatria.display.table import Table
from repatria.display.words import say
from repatria.record.guard import checked, fields
from repatria.record.view import Day, Record

__all__ = ["VIEWS", "Selection"]


@checked
@dataclass(frozen=True, eq=False)
class Selection:
    """What was picked: a kind, a window and a lens, as pages dated by a day carry it ("" = all pages).

    Raises ValueError, where it is first asked, for what `Record.events` refuses; TypeError, at once,
    for an object of another kind.

    >>> chosen = Selection(record, "bodies", since="2025-06", until="2025-06")
    >>> len(chosen.events), chosen.chart("stems").name
    (5, 'stems-bodies')
    """

    record: Record
    kind: str = "bodies"
    lens: str = "best"
    since: Day | None = ""
    until: Day | None = ""
    as_of: Day | None = ""

    def __post_init__(self) -> None:
        fields(self)
        for end in ("since", "until", "as_of"):  # as they are typed and as files are named
            object.__setattr__(self, end, _text(getattr(self, end)))

    @cached_property
    def view(self) -> Record:
        """The record as the day's pages carry it; what was searched is today's word, as in the notebooks."""
        return self.record.as_of(self.as_of, coverage="today")

    @cached_property
    def events(self) -> pd.DataFrame:
        """The events that took place, as `Record.events` returns them."""
        return self.view.events(self.kind, self.lens, self.since, self.until)

    @cached_property
    def everything(self) -> pd.DataFrame:
        """The same with cancelled and disputed ones, which are in no sum."""
        window = self.since, self.until
        return self.view.events(self.kind, self.lens, *window, cancelled=True, disputed=True)

    def left_out(self) -> str:
        """Return in sentences what the sums hold and what is not in them, and why."""
        total = self.view.explain_sum(self.kind, self.lens, self.since, self.until)
        return explain.summed(total)

    def chart(self, name: str) -> Chart:
        """Return one of `VIEWS`: stems, share or silences. Raises ValueError for another name or kind."""
        if name not in VIEWS:
            raise ValueError(f"name: {name!r} is none of {', '.join(VIEWS)}")
        return VIEWS[name](self)

    def table(self) -> Table:
        """Return the events as readers see them, newest first."""
        return events_table(self.everything)

    def save(self, path: str | Path) -> Path:
        """Write the events as .csv or .parquet and return where. Raises ValueError for another suffix.

        Text that a spreadsheet would take for a formula is made inert in CSV.
        """
        path = Path(path)
        if path.suffix not in (".csv", ".parquet"):
            raise ValueError(f"path: {path.name!r} does not end in .csv or .parquet")
        if path.suffix == ".csv":
            path.write_text(Table("events", "Events", self.everything).csv(), "utf-8")
        else:
            self.everything.to_parquet(path)
        return path

    @property
    def name(self) -> str:
        """A file's name for it, without suffix."""
        ends = [f"{self.since}" and f"from-{self.since}", f"{self.until}" and f"to-{self.until}"]
        day = [f"as-of-{self.as_of}"] if self.as_of else []
        return "-".join(filter(None, [self.kind, self.lens, *ends, *day]))


def _text(day: Day | None) -> Day:
    """Return a day as it would be typed; what is none stays, to be refused where it is asked."""
    if isinstance(day, dt.date) and day == day:
        return f"{day:%Y-%m-%d}"
    return day.strip() if isinstance(day, str) else day or ""


def _silences(chosen: Selection) -> Chart:
    if chosen.kind not in units.KINDS:
        raise ValueError(say("explain/no_silences"))
    view = chosen.view.until(chosen.until)
    return silences.gap_stems(cadence.gaps(view, chosen.kind, "deal", chosen.since))


VIEWS: dict[str, Callable[[Selection], Chart]] = {
    "stems": lambda chosen: handovers.stems(chosen.events),
    "share": lambda chosen: asymmetry.level_over_time(chosen.events),
    "silences": _silences,
}
