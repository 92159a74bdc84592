"""Every event's claims and pages, as a reader can check them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from repatria.display.words import ABSENCE_WORDS, WORDS, apart, date, say, span
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = ["Entry", "Page", "Statement", "ledger", "statement"]

_WORDING = WORDS["wording"]


class Page(NamedTuple):
    """A page that carries a claim; `published_on` is an ISO day, empty where it is undated."""

    publisher: str
    url: str
    published_on: str
    tier: str
    dated_by: str
    seen: str


class Statement(NamedTuple):
    """One claim as readers see it.

    `said` is the whole sentence, `figure` the number or the words for its absence.
    """

    claim_id: str
    claimant: str
    office: str
    side: str
    direction: str
    part: str
    figure: str
    qualifier: str
    known_on: str
    said: str
    pages: tuple[Page, ...]
    role: str
    corrected: bool


class Entry(NamedTuple):
    """An event with its claims; `summary` is its day, kind and estimates, in words."""

    event_id: str
    summary: str
    claims: tuple[Statement, ...]


def ledger(record: Record, events: pd.DataFrame) -> list[Entry]:
    """Return the claims ledger: for each of `events`, in order, its claims and their pages.

    Claims come by direction, whole before parts, then by side and claimant; pages by day, undated
    last. Text is as it stands in the record: whoever shows it must escape it.

    >>> june = record.events("bodies", since="2025-06-11", until="2025-06-11")
    >>> ledger(record, june)[0].event_id
    'bodies-2025-06-11'
    """
    claims = record.claims()
    claims = claims[claims["event_id"].isin(events["event_id"])]
    claims = claims.assign(order=(claims["role"] != "whole").astype("int64"))
    claims = claims.sort_values(["direction", "order", "side", "name", "part", "claim_id"])
    cited = record.citations()
    cited = cited[cited["claim_id"].isin(claims["claim_id"])]
    days = (
        cited["published_on"]
        .dt.strftime("%Y-%m-%d")
        .astype("object")
        .where(cited["published_on"].notna(), "")
    )
    pages: dict[str, list[Page]] = {}
    for claim_id, *page in zip(
        cited["claim_id"],
        cited["publisher"],
        cited["url"],
        days,
        cited["tier"].astype("str"),
        cited["dated_by"].astype("str"),
        cited["seen"].astype("str"),
        strict=True,
    ):
        pages.setdefault(claim_id, []).append(Page(*page))
    said: dict[str, list[Statement]] = {}
    for c in claims.itertuples(index=False):
        said.setdefault(c.event_id, []).append(statement(c, tuple(pages.get(c.claim_id, ()))))
    return [
        Entry(e.event_id, _summary(e), tuple(said.get(e.event_id, ())))
        for e in events.itertuples(index=False)
    ]


def statement(c: Any, pages: tuple[Page, ...] = ()) -> Statement:
    """Return a claim, as a row of `Record.claims` has it, as readers see it.

    >>> told = record.claims("bodies-2025-06-16", direction="to_russia")
    >>> statement(next(told.itertuples(index=False))).figure
    '51'
    """
    qualifier = "" if pd.isna(c.qualifier) else str(c.qualifier)
    if pd.isna(c.count_low):
        figure = ABSENCE_WORDS[str(c.absence)]
    elif c.absence == "zero":
        figure = ABSENCE_WORDS["zero"]
    else:
        figure = _WORDING.get(qualifier, "") + span(c.count_low, c.count_high)
    known_on = date(c.known_on)
    said = say(
        "ledger/statement",
        claimant=c.name,
        figure=figure,
        direction=str(c.direction),
        part="" if c.part == "total" else str(c.part),
        subset=c.role == "subset",
        stated_date=c.stated_date if pd.notna(c.stated_date) else None,
        known_on=known_on,
    )
    return Statement(
        claim_id=c.claim_id,
        claimant=c.name,
        office=c.office,
        side=str(c.side),
        direction=str(c.direction),
        part=c.part,
        figure=figure,
        qualifier=qualifier,
        known_on=known_on,
        said=str(said),
        pages=pages,
        role=str(c.role),
        corrected=bool(c.corrected_by),
    )


def _summary(event: Any) -> str:
    estimates = {}
    for d in DIRECTIONS:
        absence = getattr(event, f"{d}_absence")
        estimates[d] = {
            "count": getattr(event, d),
            "apart": apart(getattr(event, f"{d}_low"), getattr(event, f"{d}_high")),
            "absence": absence if pd.notna(absence) else None,
            "grade": getattr(event, f"{d}_grade"),
        }
    return str(say("ledger/summary", event=event, estimates=estimates))
