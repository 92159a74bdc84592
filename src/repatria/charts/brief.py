"""The brief's charts: those of the questions, in a layman's words and with a short source line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from repatria.analysis import cadence
from repatria.charts import asymmetry, base, handovers, silences
from repatria.charts.base import Chart
from repatria.display.words import say

__all__ = ["bodies", "lopsided", "silence"]


def _plain(chart: Chart, name: str, events: pd.DataFrame, **numbers: Any) -> Chart:
    """Return a chart with the brief's words; one that has nothing to draw keeps its own."""
    if not chart.panels:
        return chart
    numbers |= {"title": chart.title, "as_of": events.attrs["as_of"], "handovers": len(events)}
    title, subtitle, source = (
        say(f"brief/{name}_{w}", **numbers) for w in ("title", "note", "source")
    )
    return replace(chart, title=title, subtitle=subtitle, source=source)


def bodies(events: pd.DataFrame) -> Chart:
    """Draw bodies per handover, a panel a direction; `events` as `Record.events` returns it.

    >>> bodies(record.events("bodies", since="2025-06-01", until="2025-06-30")).panels
    ('to_ukraine', 'to_russia')

    See also: `repatria.charts.handovers.stems`.
    """
    return _plain(handovers.stems(events), "bodies", events)


def lopsided(events: pd.DataFrame) -> Chart:
    """Draw bodies to Ukraine for each one to Russia over time; `events` as `Record.events` returns it.

    >>> lopsided(record.events("bodies")).panels
    ('main',)

    See also: `repatria.charts.asymmetry.level_over_time`.
    """
    return _plain(asymmetry.level_over_time(events), "lopsided", events)


def silence(gaps: pd.DataFrame) -> Chart:
    """Draw the silences between handovers of bodies; `gaps` as `cadence.gaps` returns.

    >>> silence(rp.analysis.cadence.gaps(record, "bodies", "deal")).panels
    ('main',)

    See also: `repatria.charts.silences.gap_stems`.
    """
    base.ground(gaps)
    chart = silences.gap_stems(gaps)
    if gaps.empty:
        return chart
    s = cadence.summary(gaps)
    numbers = {"median": s.median, "closed": s.closed, "through": gaps.attrs["through"]}
    return _plain(chart, "silence", gaps, **numbers)


def __dir__() -> list[str]:
    return __all__
