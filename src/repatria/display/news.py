"""What is new since an earlier record, for readers: handovers, revised figures with their reasons, totals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from repatria.analysis.facts import official_names, totals_not_met
from repatria.display.handover import Handover, handovers, owner, summed
from repatria.display.ledger import Page, Statement, ledger
from repatria.display.words import Prose, counted, say, span
from repatria.record import names
from repatria.record.changes import Changes, between
from repatria.record.view import Record

__all__ = ["Because", "News", "Revised", "Total", "news"]


class Because(NamedTuple):
    """A claim behind a revision: "+" came, "−" went; what it says, and its pages."""

    sign: str
    said: str
    pages: tuple[Page, ...]


class Revised(NamedTuple):
    """A figure that moved: of which event and direction, from what, to what, because of which claims."""

    href: str
    day: str
    kind: str
    side: str
    was: str
    now: str
    because: tuple[Because, ...]


class Total(NamedTuple):
    """A new official total that the events do not add up to."""

    said: Prose
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class News:
    """What a release says against the one before; `first` where there is none."""

    first: bool = False
    before: str = ""
    unreadable: str = ""
    events: list[Handover] = field(default_factory=list)
    revised: list[Revised] = field(default_factory=list)
    graded: list[Revised] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    totals_new: int = 0

    @property
    def words(self) -> Prose:
        """How many of each, in one sentence."""
        kinds = pd.Series([e.kind for e in self.events], dtype="str").value_counts()
        figures = {(r.href, r.side) for r in self.revised}
        return say(
            "news/words",
            first=self.first,
            unreadable=bool(self.unreadable),
            events=[summed({k: n}) for k, n in kinds.items()],
            revised=len(figures),
            graded=len(self.graded),
            gone=len(self.gone),
            totals=self.totals_new,
            unmet=len(self.totals),
        )


def news(old: Record | None, new: Record, before: str = "") -> News:
    """Return what is new in a record against an earlier one; `before` names the earlier release.

    >>> june = news(record.as_of("2025-06-12"), record.as_of("2025-06-13"), "12 June 2025")
    >>> [e.event_id for e in june.events]
    ['bodies-2025-06-13']
    """
    if old is None:
        return News(first=True)
    changes = between(old, new)
    events = new.events(cancelled=True, disputed=True)
    fresh = events[events["event_id"].isin(changes.added["events"]["event_id"])]
    fresh = fresh.sort_values(["date", "event_id"], ascending=False)
    old_events = old.events(cancelled=True, disputed=True)
    gone = old_events[old_events["event_id"].isin(changes.removed["events"]["event_id"])]
    moved = changes.estimates[(changes.estimates["change"] == "revised").to_numpy()]
    told = _Told(old, new, changes)
    revised, graded = [], []
    for row in moved.to_dict("records"):
        if row["event_id"] in set(fresh["event_id"]) | set(gone["event_id"]):
            continue
        if any(_differ(row, m) for m in ("best", "low", "high", "absence")):
            revised.append(told.revision(row, _figure))
        elif _differ(row, "grade"):
            graded.append(told.revision(row, _grade))
    of = new.totals()
    official = of["total_id"].isin(changes.added["totals"]["total_id"]) & of["name"].isin(
        official_names(new)
    )
    added = of.loc[official.to_numpy(dtype=bool), "total_id"]
    return News(
        before=before,
        events=handovers(new, fresh),
        revised=revised[::-1],
        graded=graded[::-1],
        gone=[str(say("handover/title", **h._asdict())) for h in handovers(old, gone)],
        totals=_totals(new, list(added)),
        totals_new=len(added),
    )


def _differ(row: dict[Any, Any], measure: str) -> bool:
    was, now = row[f"{measure}_old"], row[f"{measure}_new"]
    return not (pd.isna(was) and pd.isna(now)) and (
        pd.isna(was) != pd.isna(now) or bool(was != now)
    )


def _figure(row: dict[Any, Any], side: str) -> str:
    """Return a count or the words for its absence, with the range of claims where they differ."""
    best, low, high = (row[f"{m}_{side}"] for m in ("best", "low", "high"))
    text = counted(best, row[f"absence_{side}"] or None)
    if pd.notna(best) and (pd.isna(high) or (low, high) != (best, best)):
        text += f" (published {span(low, high)})"
    return text


def _grade(row: dict[Any, Any], side: str) -> str:
    return f"{_figure(row, side)}, {owner(str(row[f'grade_{side}'])) or 'no count'}"


class _Told:
    """The claims behind revisions: those that came and went, with their pages, in words."""

    def __init__(self, old: Record, new: Record, changes: Changes) -> None:
        self.events = new.events(cancelled=True, disputed=True).set_index("event_id", drop=False)
        ids = set(changes.estimates["event_id"])
        self.claims = []
        for record in (old, new):
            e = record.events(cancelled=True, disputed=True)
            entries = ledger(record, e[e["event_id"].isin(ids)])
            self.claims.append({c.claim_id: (x.event_id, c) for x in entries for c in x.claims})

    def revision(self, row: dict[Any, Any], words: Any) -> Revised:
        event = self.events.loc[row["event_id"]]
        return Revised(
            f"events/{row['event_id']}.html",
            names.event_day(event),
            str(row["kind"]),
            names.SIDES[row["direction"]],
            words(row, "old"),
            words(row, "new"),
            tuple(self._because(row["event_id"], row["direction"])),
        )

    def _because(self, event_id: str, direction: str) -> list[Because]:
        def of(claims: dict[str, tuple[str, Statement]]) -> dict[str, Statement]:
            return {
                k: c for k, (e, c) in claims.items() if e == event_id and c.direction == direction
            }

        was, now = (of(c) for c in self.claims)
        out = [Because("+", c.said, c.pages[:3]) for k, c in now.items() if k not in was]
        out += [Because("−", c.said, c.pages[:3]) for k, c in was.items() if k not in now]
        for changed in (True, False):  # what a claim says, else only the pages that carry it
            for k, c in now.items():
                more = tuple(p for p in c.pages if k in was and p not in was[k].pages)
                if k in was and (_says(was[k]) != _says(c) if changed else more and not out):
                    out.append(Because("±", c.said, (more or c.pages)[:3]))
        return out


def _says(c: Statement) -> tuple[object, ...]:
    return c.figure, c.qualifier, c.role, c.corrected


def _totals(record: Record, ids: list[str]) -> list[Total]:
    """Return those of the named totals that the events do not meet, newest first."""
    out = []
    for row in totals_not_met(record, ids).to_dict("records"):
        pages = record.pages(row["total_id"])
        shown = tuple(
            Page(p.publisher, p.url, "", str(p.tier), str(p.dated_by), str(p.seen))
            for p in pages.head(3).itertuples(index=False)
        )
        out.append(Total(say("news/total", **{str(k): v for k, v in row.items()}), shown))
    return out


def __dir__() -> list[str]:
    return __all__
