"""Every event's claims and pages, as a reader can check them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from repatria.display import words
from repatria.display.holdings import QUALIFIER_WORDS
from repatria.display.words import ABSENCE_WORDS, GRADE_WORDS, date, number, span
from repatria.record import names
from repatria.record.names import KIND_WORDS
from repatria.record.view import Record


class Page(NamedTuple):
    """A page that carries a claim. `published_on` is an ISO day, or empty where the page is undated."""

    publisher: str
    url: str
    published_on: str
    tier: str


class Statement(NamedTuple):
    """One claim as readers see it; `said` is the whole sentence, `figure` the number or the words for its absence."""

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


class Entry(NamedTuple):
    """An event with its claims. `summary` is the day, the kind and the estimate in each direction, in words."""

    event_id: str
    summary: str
    claims: tuple[Statement, ...]


def ledger(record: Record, events: pd.DataFrame) -> list[Entry]:
    """Return the claims ledger: for each of `events`, in their order, its claims and the pages that carry them.

    Claims come by direction, whole before parts, then by side and claimant; pages by day, undated last. Text is as it
    stands in the record: whoever shows it must escape it.
    """
    claims = record.claims()
    claims = claims[claims["event_id"].isin(events["event_id"])]
    claims = claims.assign(order=(claims["role"] != "whole").astype("int64"))
    claims = claims.sort_values(["direction", "order", "side", "name", "part", "claim_id"])
    cited = record.citations()
    cited = cited[cited["claim_id"].isin(claims["claim_id"])]
    days = cited["published_on"].dt.strftime("%Y-%m-%d").astype("object").where(cited["published_on"].notna(), "")
    pages: dict[str, list[Page]] = {}
    for claim_id, *page in zip(
        cited["claim_id"], cited["publisher"], cited["url"], days, cited["tier"].astype("str"), strict=True
    ):
        pages.setdefault(claim_id, []).append(Page(*page))
    said: dict[str, list[Statement]] = {}
    for c in claims.itertuples(index=False):
        said.setdefault(c.event_id, []).append(_statement(c, tuple(pages.get(c.claim_id, ()))))
    return [Entry(e.event_id, _summary(e), tuple(said.get(e.event_id, ()))) for e in events.itertuples(index=False)]


def _statement(c: Any, pages: tuple[Page, ...]) -> Statement:
    qualifier = "" if pd.isna(c.qualifier) else str(c.qualifier)
    if pd.isna(c.count_low):
        figure = ABSENCE_WORDS[str(c.absence)]
    elif c.absence == "zero":
        figure = ABSENCE_WORDS["zero"]
    else:
        figure = QUALIFIER_WORDS.get(qualifier, "") + span(c.count_low, c.count_high)
    part = "" if c.part == "total" else f" ({'of them ' if c.role == 'subset' else ''}{words.part_words(str(c.part))})"
    direction = names.SIDES[str(c.direction)]
    known_on = date(c.known_on)
    when = f", known from {known_on}" if known_on else ", on undated pages only"
    other = f", for {date(c.stated_date)}" if pd.notna(c.stated_date) else ""
    said = f"{c.name}: {figure} {direction}{part}{other}{when}"
    return Statement(
        c.claim_id, c.name, c.office, str(c.side), str(c.direction), c.part, figure, qualifier, known_on, said, pages
    )


def _summary(e: Any) -> str:
    text = f"{names.event_day(e)}, {KIND_WORDS[str(e.kind)][0]}"
    if e.status == "cancelled":
        return f"{text}: cancelled"
    parts = []
    for direction, side in names.SIDES.items():
        count, absence = getattr(e, direction), getattr(e, f"{direction}_absence")
        if pd.isna(count) or absence == "zero":
            parts.append(f"{side} {ABSENCE_WORDS[str(absence)]}")
            continue
        low, high = getattr(e, f"{direction}_low"), getattr(e, f"{direction}_high")
        wide = f" (published claims {span(low, high)})" if pd.isna(high) or low != high else ""
        parts.append(f"{number(count)} {side}{wide}, {GRADE_WORDS[str(getattr(e, f'{direction}_grade'))]}")
    disputed = "; that it took place is disputed" if e.status == "disputed" else ""
    return f"{text}: {'; '.join(parts)}{disputed}"
