"""What is new since an earlier record, for readers: handovers, revised figures with their reasons, totals."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pandas as pd

from repatria.analysis.facts import official_names, totals_not_met
from repatria.display.handover import Handover, first_words, handovers, owner, summed
from repatria.display.ledger import Page, Statement, ledger
from repatria.display.words import Prose, apart, counted, say
from repatria.record import names
from repatria.record.changes import Changes, between
from repatria.record.rule import judged
from repatria.record.schema import WAR_START
from repatria.record.view import Record

__all__ = ["Because", "News", "Revised", "Total", "news"]

# What the rule does with claims that move no figure (`rule.judged`); silent ones do where there is no count.
ASIDE = {"subset", "covered", "poor", "unofficial", "unseen", "corrected", "silent"}


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
    """What a release says against the one before; `first` where there is none.

    `late`: what is new by undated pages alone, which a release before that was a past view left out.
    """

    first: bool = False
    before: str = ""
    unreadable: str = ""
    events: list[Handover] = field(default_factory=list)
    revised: list[Revised] = field(default_factory=list)
    graded: list[Revised] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    totals_new: int = 0
    late: News | None = None

    @property
    def parts(self) -> list[News]:
        """What is new, then what is so by undated pages alone."""
        return [self, self.late] if self.late else [self]

    @property
    def whole(self) -> Prose:
        """How many of each, and how many by undated pages alone."""
        return say("news/late", words=self.words, late=self.late.words if self.late else "")

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
    told = _Told(old, new, changes)
    if old.known_by is None or new.known_by is not None:
        return told.news(_found(changes), before)
    every, dated = _found(changes), _found(between(old, new.as_of(new.last_day)))
    late = told.news({k: v - dated[k] for k, v in every.items()})
    main = told.news({k: v & dated[k] for k, v in every.items()}, before)
    return replace(main, late=late if late.words != News().words else None)


def _found(changes: Changes) -> dict[str, set[Any]]:
    """Return the ids of what is new: handovers, those gone, totals, and figures (event and direction)."""
    moved = changes.estimates[(changes.estimates["change"] == "revised").to_numpy()]
    return {
        "events": set(changes.added["events"]["event_id"]),
        "gone": set(changes.removed["events"]["event_id"]),
        "totals": set(changes.added["totals"]["total_id"]),
        "moved": set(zip(moved["event_id"], moved["direction"], strict=True)),
    }


def _differ(row: dict[Any, Any], measure: str) -> bool:
    was, now = row[f"{measure}_old"], row[f"{measure}_new"]
    return not (pd.isna(was) and pd.isna(now)) and (
        pd.isna(was) != pd.isna(now) or bool(was != now)
    )


def _figure(row: dict[Any, Any], side: str) -> str:
    """Return a count or the words for its absence, with the range of claims where they differ."""
    best, low, high = (row[f"{m}_{side}"] for m in ("best", "low", "high"))
    text = counted(best, row[f"absence_{side}"] or None)
    if pd.notna(best) and (wide := apart(low, high)):
        text += f" (published {wide})"
    return text


def _grade(row: dict[Any, Any], side: str) -> str:
    return f"{_figure(row, side)}, {owner(str(row[f'grade_{side}'])) or 'no count'}"


class _Told:
    """What differs between two records, in words; figures with the claims that came, went or changed."""

    def __init__(self, old: Record, new: Record, changes: Changes) -> None:
        self.records = (old, new)
        self.events = [r.events(cancelled=True, disputed=True) for r in self.records]
        e = changes.estimates
        self.moved = e[(e["change"] == "revised").to_numpy()].to_dict("records")
        ids = set(e["event_id"])
        self.claims, self.outcomes = [], []
        for record, events in zip(self.records, self.events, strict=True):
            entries = ledger(record, events[events["event_id"].isin(ids)])
            self.claims.append({c.claim_id: (x.event_id, c) for x in entries for c in x.claims})
            claims = record.claims()
            heard = judged(claims[claims["event_id"].isin(ids)])
            self.outcomes.append(dict(zip(heard["claim_id"], heard["outcome"], strict=True)))

    def news(self, found: dict[str, set[Any]], before: str = "") -> News:
        """Return what was found, each kind in the order readers meet it."""
        (old, was), (new, now) = zip(self.records, self.events, strict=True)
        fresh = now[now["event_id"].isin(found["events"])]
        gone = was[was["event_id"].isin(found["gone"])]
        revised, graded = [], []
        for row in self.moved[::-1]:
            if _of(row) not in found["moved"]:
                continue
            if any(_differ(row, m) for m in ("best", "low", "high", "absence")):
                revised.append(self._revision(row, _figure))
            elif _differ(row, "grade"):
                graded.append(self._revision(row, _grade))
        of = new.totals()
        official = of["total_id"].isin(found["totals"]) & of["name"].isin(official_names(new))
        added = of.loc[official.to_numpy(dtype=bool), "total_id"]
        return News(
            before=before,
            events=handovers(new, fresh.sort_values(["date", "event_id"], ascending=False)),
            revised=revised,
            graded=graded,
            gone=[first_words(h) for h in handovers(old, gone)],
            totals=_totals(new, list(added)),
            totals_new=len(added),
        )

    def _revision(self, row: dict[Any, Any], words: Any) -> Revised:
        event = self.events[1].set_index("event_id", drop=False).loc[row["event_id"]]
        return Revised(
            f"events/{row['event_id']}.html",
            names.event_day(event),
            str(row["kind"]),
            names.SIDES[row["direction"]],
            words(row, "old"),
            words(row, "new"),
            tuple(self._because(row)),
        )

    def _because(self, row: dict[Any, Any]) -> list[Because]:
        """Return the claims behind a revision: those the rule hears, or did, that came, went or changed.

        Without one: those that more pages carry (which may put another of a side first).
        """
        was, now = (
            {k: c for k, (e, c) in claims.items() if (e, c.direction) == _of(row)}
            for claims in self.claims
        )
        heard = [
            {k for k, o in self.outcomes[i].items() if o not in ASIDE or (o == "silent" and none)}
            for i, none in enumerate(pd.isna(row[f"best_{side}"]) for side in ("old", "new"))
        ]
        came = [k for k in now if k in heard[1] and k not in was]
        went = [k for k in was if k in heard[0] and k not in now]
        both = [k for k in now if k in heard[1] and k in was]
        changed = [k for k in both if _says(was[k]) != _says(now[k]) or k not in heard[0]]
        if not (came or went or changed):
            changed = [k for k in both if set(now[k].pages) - set(was[k].pages)]
        if not changed and not (came or went):
            came = [k for k in now if k not in was]
        more = {k: tuple(p for p in now[k].pages if p not in was[k].pages) for k in changed}
        return [
            *(Because("+", now[k].said, now[k].pages[:3]) for k in came),
            *(Because("−", was[k].said, was[k].pages[:3]) for k in went),
            *(Because("±", now[k].said, (more[k] or now[k].pages)[:3]) for k in changed),
        ]


def _of(row: dict[Any, Any]) -> tuple[Any, Any]:
    return row["event_id"], row["direction"]


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
        told = {str(k): v for k, v in row.items()} | {"war_start": pd.Timestamp(WAR_START)}
        told["since"] = None if pd.isna(row["since"]) else row["since"]
        out.append(Total(say("news/total", **told), shown))
    return out
