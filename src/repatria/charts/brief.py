"""The brief's charts: those of the questions, in a layman's words and with a short source line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from repatria.analysis import cadence
from repatria.charts import asymmetry, base, handovers, pledges, silences
from repatria.charts.base import Chart
from repatria.display.words import say
from repatria.record import frames

__all__ = ["bodies", "lopsided", "promised", "silence"]

TITLED = ("promised", "silence")  # the others' own titles say it in a layman's words


def _plain(chart: Chart, name: str, rows: pd.DataFrame, **numbers: Any) -> Chart:
    """Return a chart with the brief's words; one that has nothing to draw keeps its own."""
    if not chart.panels:
        return chart
    numbers |= {"title": chart.title, "as_of": frames.dated(rows.attrs)["as_of"]}
    return replace(
        chart,
        title=say(f"brief/{name}_title", **numbers) if name in TITLED else chart.title,
        subtitle=say(f"brief/{name}_note", **numbers),
        source=say("brief/source", **numbers),
    )


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
    through = frames.dated(gaps.attrs)["through"]
    numbers = {"median": s.median, "closed": s.closed, "through": through}
    numbers["first"] = gaps["start"].iloc[0]
    return _plain(chart, "silence", gaps, **numbers)


def promised(summary: pd.DataFrame, fulfilment: pd.DataFrame, newest: int = 4) -> Chart:
    """Draw what was promised and what was delivered of it, of the newest agreements a handover is tied to.

    `summary` and `fulfilment` as `pledges.summary` and `pledges.fulfilment` return them.

    >>> p = rp.analysis.pledges
    >>> promised(p.summary(record), p.fulfilment(record)).panels
    ('main',)

    See also: `repatria.charts.pledges.bullet`, all agreements.
    """
    s = summary[summary["kind"].isin(["bodies", "prisoners"]).to_numpy()]
    drawn = (s["promised_high"].fillna(0) > 0) & (s["possible_events"] > 0)
    every = s.loc[drawn.to_numpy(dtype=bool), "agreement_id"].drop_duplicates()
    shown = every.head(newest)
    s = s[s["agreement_id"].isin(shown).to_numpy()]
    chart = pledges.bullet(s, fulfilment)
    chart = _plain(chart, "promised", s, agreements=len(shown), of=len(every))
    # Its head takes two lines on a phone: room for them.
    return replace(chart, aspect={k: 1.2 * v for k, v in chart.aspect.items()})
