"""Asymmetry as the reader sees it: sentences and tables with computed numbers.

Sentences stand in `en/asymmetry/<function>….md.j2`.
"""

from __future__ import annotations

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from repatria.analysis.asymmetry import (
    LEAST,
    agreed_digit,
    batches,
    bounds,
    concentration,
    interval,
    share,
    shares,
)
from repatria.display import words
from repatria.display.table import Table
from repatria.display.words import LENS_WORDS, Prose, counted, say
from repatria.record import names
from repatria.record.names import KIND_WORDS, SIDES
from repatria.record.schema import DIRECTIONS

__all__ = [
    "bounds_table",
    "change_table",
    "change_words",
    "front_table",
    "in_short",
    "interval_table",
    "last_day",
    "lens_table",
    "lens_words",
    "reading",
    "shares_table",
    "size_words",
]

CAP_WORDS = {
    "published": "none missing: only handovers in",
    "largest": "the largest ever published for that direction",
    "pledge": "what was promised under the agreement, less what is known; else the largest",
    "parity": "as many as in the other direction",
    "none": "no cap",
}
METHOD_WORDS = {
    "clustered_event": "event-clustered ratio, t",
    "clustered_deal": "deal-clustered ratio, t",
    "bootstrap": "cluster bootstrap, BCa",
    "beta_binomial": "beta-binomial, profile likelihood",
    "jeffreys": "Jeffreys on the totals",
}
COUNT_WORDS = {
    "zero": "counts of zero",
    "withheld": "size withheld",
    "not_reported": "not reported",
}
NO_AGREEMENT = "no agreement named"


def reading(counts: Any) -> Prose:
    """Return a share as "n to 1", to Ukraine over to Russia.

    `counts` has events_in, to_ukraine and to_russia: a `Share`, or a row of `shares` or `lenses`.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> reading(rp.analysis.asymmetry.share(events))
    '77.7 to 1, to Ukraine over to Russia'
    """
    fields = ("events_in", "to_ukraine", "to_russia")
    return say("asymmetry/reading", **{name: getattr(counts, name) for name in fields})


def _readings(table: pd.DataFrame) -> pd.Series:
    return pd.Series([reading(row) for row in table.itertuples()], table.index, dtype="str")


def last_day(date: pd.Timestamp, precision: str) -> str:
    """Return the last day of a row of `rolling`, or of `lenses`, as far as it is known.

    >>> last_day(pd.Timestamp("2025-06-16"), "day"), last_day(pd.Timestamp("2025-06-16"), "month")
    ('16 June 2025', 'June 2025')
    """
    return names.event_day(SimpleNamespace(date=date, date_precision=precision))


def break_name(name: str) -> str:
    """Return a break of `breaks` as readers see it: the new year "2024" is the end of 2023."""
    return say("asymmetry/turn_of_year", year=int(name)) if name.isdigit() else name


def in_short(events: pd.DataFrame, seen: pd.DataFrame | None = None) -> Prose:
    """Return the share, its reading and its three uncertainties in sentences, with the guardrail.

    `seen` holds the events whose largest count caps what is missing; see `bounds`.

    >>> events = record.events("bodies", since="2025-06-13", until="2025-06-13")
    >>> in_short(events)[:62]
    '**0.0% went to Russia**: 0 of 1,200 bodies in the 1 handover o'
    """
    s, i, caps = share(events), interval(events), bounds(events, seen).set_index("cap")
    what = words.noun(events.attrs)
    one, many = KIND_WORDS.get(what, ("handover", "handovers"))
    days = [names.event_day(events.iloc[at]) for at in (0, -1)] if len(events) else ["", ""]
    return say(
        "asymmetry/in_short",
        **asdict(s),
        reading=reading(s),
        what=what,
        one=one,
        many=many,
        first=days[0],
        last=days[1],
        published=caps.loc["published", ["low", "high"]].tolist(),
        bounds=caps.loc["largest", ["low", "high"]].tolist(),
        interval=(i.low, i.high),
        level=i.level,
    )


def shares_table(events: pd.DataFrame, by: str = "year") -> Table:
    """Return `shares` as readers see it; per event by year, with a link to its claims.

    Raises ValueError for an unknown `by`.

    >>> events = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> print(shares_table(events, "year").csv())
    year,share to Russia,to Ukraine,to Russia,handovers in,handovers out,reading,counts of zero,...
    2025,0.0127139,6057,78,5,0,"77.7 to 1, to Ukraine over to Russia",3,0,0
    <BLANKLINE>
    """
    g = shares(events, by)
    frame = g[[by, "share", *DIRECTIONS]].copy()
    if by == "event":
        frame["reading"] = _readings(g)
        e = events.set_index("event_id").loc[g["event"]]
        for d in DIRECTIONS:
            cells = zip(e[d], e[f"{d}_absence"], strict=True)
            frame[d] = [counted(n, absence) for n, absence in cells]
        frame = frame.iloc[::-1].reset_index(drop=True)
    else:
        frame["handovers in"], frame["handovers out"] = g["events_in"], g["events_out"]
        frame["reading"] = _readings(g)
        for absence, head in COUNT_WORDS.items():
            frame[head] = g[[f"{d}_{absence}" for d in DIRECTIONS]].sum(axis=1)
    if by == "agreement":
        frame[by] = frame[by].mask(frame[by] == "", NO_AGREEMENT)
    frame = frame.rename(columns={"share": "share to Russia", **SIDES})
    what = words.noun(events.attrs)
    years = pd.DatetimeIndex(g["since"]).year.astype("str")[::-1]
    return Table(
        f"share-{what}-{by}",
        say("asymmetry/shares_table_title", what=what, by=by),
        frame.assign(year=years) if by == "event" else frame,
        links=["event"] if by == "event" else [],
        show={"share to Russia": "{:.1%}"},
        notes=[say("asymmetry/shares_table_note", groups=len(g), by=by)],
        groups="year" if by == "event" else "",
        data=frame,
    )


def lens_table(table: pd.DataFrame) -> Table:
    """Return `lenses` as readers see it."""
    frame = pd.DataFrame(
        {
            "lens": table["lens"].map(LENS_WORDS),
            "share to Russia": table["share"],
            **{side: table[d] for d, side in SIDES.items()},
            "handovers in": table["events_in"],
            "handovers out": table["events_out"],
            "bounds: lowest": table["bound_low"],
            "bounds: highest": table["bound_high"],
            "95% interval: low": table["interval_low"],
            "95% interval: high": table["interval_high"],
            "reading": _readings(table),
        }
    )
    spanners = {s: [c for c in frame if c.startswith(s)] for s in ("bounds", "95% interval")}
    shares_shown = ["share to Russia", *spanners["bounds"], *spanners["95% interval"]]
    what = words.noun(table.attrs)
    return Table(
        f"lenses-{what}",
        say("asymmetry/lens_table_title", what=what),
        frame,
        show=dict.fromkeys(shares_shown, "{:.2%}"),
        notes=[say("asymmetry/lens_table_note")],
        spanners=spanners,
    )


def lens_words(table: pd.DataFrame) -> Prose:
    """Return whether the lenses agree, to which digit, and over how many handovers, as a sentence.

    >>> table = rp.analysis.asymmetry.lenses(record, "bodies", "2025-06-01", "2025-06-30")
    >>> lens_words(table)[:74]
    'Three of the four lenses agree to the second decimal of a percent: 1.27% w'
    """
    with_share = table[table["share"].notna()]
    if with_share.empty:
        return say("asymmetry/lens_words", with_share=0)
    values, same = with_share["share"], with_share["common_share"]
    events = with_share["common_events"].iloc[0]
    return say(
        "asymmetry/lens_words",
        with_share=len(with_share),
        of=len(table),
        digits=agreed_digit(list(values)),
        share=values.iloc[0],
        lowest=with_share.loc[values.idxmin()].to_dict(),
        highest=with_share.loc[values.idxmax()].to_dict(),
        common={
            "events": events,
            "digits": agreed_digit(list(same)) if events else None,
            "share": same.iloc[0],
            "low": same.min(),
            "high": same.max(),
        },
        silent=table[table["share"].isna()].to_dict("records"),
    )


def bounds_table(table: pd.DataFrame) -> Table:
    """Return `bounds` as readers see it."""
    holds = np.where(table["holds_complete_case"], "yes", "no")
    frame = pd.DataFrame(
        {
            "each missing count is at most": table["cap"].map(CAP_WORDS),
            "lowest share to Russia": table["low"],
            "highest share to Russia": table["high"],
            "complete-case share": table["complete_case"],
            "holds the complete-case share": np.where(
                table["complete_case"].isna(), "no share", holds
            ),
        }
    )
    caps, what = table.set_index("cap").loc["largest"], words.noun(table.attrs)
    note = say(
        "asymmetry/bounds_table_note",
        events_in=caps["events_in"],
        events_out=caps["events_out"],
        missing={d: caps[f"missing_{d}"] for d in DIRECTIONS},
        largest={d: caps[f"cap_{d}"] for d in DIRECTIONS},
    )
    return Table(
        f"bounds-{what}",
        say("asymmetry/bounds_table_title", what=what),
        frame,
        show=dict.fromkeys(frame.columns[1:4], "{:.1%}"),
        notes=[note],
    )


def interval_table(table: pd.DataFrame) -> Table:
    """Return `intervals` as readers see it."""
    frame = table.rename(columns={"share": "share to Russia", "icc": "correlation within units"})
    frame["method"] = frame["method"].map(METHOD_WORDS)
    what = words.noun(table.attrs)
    return Table(
        f"intervals-{what}",
        say("asymmetry/interval_table_title", level=table.attrs["level"], what=what),
        frame,
        show={
            **dict.fromkeys(("share to Russia", "low", "high"), "{:.2%}"),
            "correlation within units": "{:.3f}",
        },
        notes=[say("asymmetry/interval_table_note")],
    )


def change_table(table: pd.DataFrame) -> Table:
    """Return `changes` as readers see it."""
    compared = {"all": "all", "nearest": f"nearest {table.attrs['nearest']} on each side"}
    frame = pd.DataFrame(
        {
            "break": table["at_name"].map(break_name),
            "first day after": table["at"],
            "compared": table["compared"].map(compared),
            "exchanges before": table["units_before"],
            "exchanges after": table["units_after"],
            "share before": table["before"],
            "share after": table["after"],
            "difference": table["difference"],
            "p": table["p"],
            "p, all looks counted": table["p_holm"],
        }
    )
    what = words.noun(table.attrs)
    return Table(
        f"changes-{what}",
        say("asymmetry/change_table_title", what=what),
        frame,
        show={
            **dict.fromkeys(("share before", "share after"), "{:.1%}"),
            "difference": "{:+.1%}",
            **dict.fromkeys(("p", "p, all looks counted"), "{:.4f}"),
        },
        notes=[say("asymmetry/change_table_note", looks=table.attrs["looks"], least=LEAST)],
    )


def change_words(table: pd.DataFrame, level: float = 0.05) -> Prose:
    """Return, as a sentence, at which named breaks the share differs once all looks are counted.

    A break counts as different where p, all looks counted, is below `level` among the exchanges
    nearest to it.
    """
    differ, alike = [], []
    for name, rows in table[table["p"].notna()].groupby("at_name", sort=False):
        row = rows.iloc[-1]  # the nearest, where they are not all
        if row["p_holm"] < level:
            differ.append({"name": break_name(name), **row})
        else:
            alike.append(break_name(name))
    looks = table.attrs["looks"]
    return say("asymmetry/change_words", differ=differ, alike=alike, looks=looks, least=LEAST)


def front_table(table: pd.DataFrame) -> Table:
    """Return `fronts` as readers see it."""
    heads = {
        "named": "named by the claimant as",
        "handovers": "handovers naming it",
        "share": "share of those with a direction",
        "interval_low": "95% interval: low",
        "interval_high": "95% interval: high",
        "least": "least in one handover",
        "most": "most in one handover",
    }
    shown = [head for column, head in heads.items() if column not in ("named", "handovers")]
    numbers = {n: table.attrs[n] for n in ("breakdowns", "handovers", "persons", "whole")}
    return Table(
        "fronts",
        "Bodies to Ukraine by front direction, where the parts add up",
        table.rename(columns=heads),
        show=dict.fromkeys(shown, "{:.1%}"),
        notes=[say("asymmetry/front_table_note", **numbers)],
        spanners={"95% interval": ["95% interval: low", "95% interval: high"]},
    )


def size_words(events: pd.DataFrame, step: int = 1000) -> Prose:
    """Return how concentrated the sums are, and how many handovers have a round or repeated size.

    >>> events = record.events("bodies", since="2025-07-01", until="2025-12-31")
    >>> "A round or repeated size points to a number agreed beforehand." in size_words(events)
    True
    """
    agreed = []
    for d in DIRECTIONS:
        b = batches(events, d, step)
        found = {"round": int(b["round"].sum()), "repeats": int(b["repeats"].sum())}
        if any(found.values()):
            run = b.attrs["round_run"]
            agreed.append({"direction": d, "counts": len(b), "round_run": run, **found})
    return say(
        "asymmetry/size_words",
        handovers=len(events),
        sums=[concentration(events, d) for d in DIRECTIONS],
        agreed=agreed,
        step=step,
    )


def __dir__() -> list[str]:
    return __all__
