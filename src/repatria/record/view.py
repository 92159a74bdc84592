"""The record in memory: checked, immutable in use, and as pages dated by a past day carry it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import pandas as pd

from repatria.record import explain as explaining
from repatria.record import fingerprint, frames, kept, oddities, past, window
from repatria.record import rule as estimate
from repatria.record.checks import Findings, Problem, RecordError
from repatria.record.coverage import Ground
from repatria.record.files import inspect
from repatria.record.guard import checked, checking
from repatria.record.schema import KINDS, SIDES, WAR_START
from repatria.record.showing import Shown
from repatria.record.stated import Statements
from repatria.record.window import Day, day

__all__ = ["Day", "Record", "RecordError", "day", "inspect", "load"]

COVERAGE = ("then", "today")


@checking
def load(path: str | os.PathLike[str] | None = None, today: Day | None = None) -> Record:
    """Return the validated record in `path` (default: the project's own).

    `today` is the last day that can have happened (default: the clock's). The same files give
    again on the same day the record that is there.
    Raises RecordError, listing every problem as `file:line: column: reason`, if anything is wrong.

    >>> len(rp.load().events("bodies", since="2025-06-01", until="2025-06-30"))
    5

    See also: `inspect`, which returns problems instead, warnings with them.
    """
    if today is None and (there := kept.found(path)) is not None:
        return there
    tables, digest, problems = inspect(path, warnings=False, today=today)
    errors = [p for p in problems if p.level == "error"]
    if errors:
        raise RecordError(errors)
    fingerprint.read.append(digest)  # what a kernel testifies to
    record = Record(tables, digest)
    return kept.remember(record) if today is None else record


@checked
@dataclass(frozen=True, eq=False, repr=False)
class Record(Statements, Shown):
    """A validated record, or what pages dated by a past day carry of it; accessors return copies.

    tables       table name -> typed DataFrame, as the CSV has it; not to be changed
    digest       SHA-256 over the files it was read from
    known_by     the day of a past view, else None
    coverage_of  what was searched by a past view's word: "then" (declared by its day) or "today"
    aside        counted claims that stand only on undated pages, and so in no past view
    ends         the last day of the events it holds, if it was cut by `until`

    Can be pickled: what was computed is made again.
    """

    tables: Mapping[str, pd.DataFrame]
    digest: str
    known_by: pd.Timestamp | None = None
    coverage_of: str = "today"
    aside: pd.DataFrame | None = None
    ends: pd.Timestamp | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(self.tables))

    def __reduce__(self) -> tuple[object, ...]:
        more = self.known_by, self.coverage_of, self.aside, self.ends
        return Record, (dict(self.tables), self.digest, *more)

    @cached_property
    def warnings(self) -> tuple[Problem, ...]:
        """What a curator should look at: allowed, but odd."""
        found = Findings()
        oddities.look(found, dict(self.tables), window.today())
        return tuple(sorted(found.problems))

    @cached_property
    def last_day(self) -> pd.Timestamp:
        """The day the record speaks for: `known_by` in a past view, else its newest page or
        searched day.

        A page dated after today (the check warns of it) does not count.
        """
        if self.ends is not None:
            return self.ends if self.known_by is None else min(self.ends, self.known_by)
        if self.known_by is not None:
            return self.known_by
        published = self.tables["sources"]["published_on"]
        read = self.tables["coverage"]["read_through"].max()
        days = [published[published <= window.today()].max(), read]
        return max((d for d in days if pd.notna(d)), default=pd.Timestamp(WAR_START))

    def as_of(self, known_by: Day | None, coverage: str = "then") -> Record:
        """Return what pages dated by a day carry. No day returns the record as it stands.

        Undated pages never enter, so this is less than a reader of that day could have known:
        `left_out` says by how much. A claim is known from its earliest dated page, and a corrected
        one leads until its correction is; an event is known from its first claim (a cancelled one,
        which has none, from its first schedule). What curators wrote (status, deal, note) is
        today's. What was searched is `coverage="then"`: the stretches declared read by that day
        (often none: then no silence can be read in the view); "today": today's stretches up to that
        day, as a backtest needs. A month or a year is its last day.
        Raises ValueError for a day before the war or to come, what is no day, and an unknown
        `coverage`.

        >>> then = record.as_of("2025-06-12")
        >>> then.events("bodies", since="2025-06-01")["event_id"].tolist()
        ['bodies-2025-06-11']
        >>> record.as_of("2025-06-12", coverage="today").searched_through("bodies")
        Timestamp('2025-06-12 00:00:00')
        """
        if coverage not in COVERAGE:
            raise ValueError(f"coverage: {coverage!r} is none of {', '.join(COVERAGE)}")
        if known_by is None or (isinstance(known_by, str) and known_by == ""):
            return self
        until = window.passed(known_by, "as_of", self._newest, last=True)
        if self.known_by is not None:
            until = min(until, self.known_by)
        t = past.known_by(dict(self.tables), until)
        of = "then" if "then" in (coverage, self.coverage_of) else "today"
        cover = t["coverage"][t["coverage"]["read_from"] <= until]
        if of == "then":
            cover = cover[cover["entered_on"] <= until]
        t["coverage"] = cover.assign(read_through=cover["read_through"].clip(upper=until))
        return Record(t, self.digest, until, of, self._aside, self.ends)

    def until(self, last: Day | None) -> Record:
        """Return what the record holds on days up to `last`. No day returns it as it stands.

        Unlike `as_of`, pages of any day count: it ends the window of every function at once, events,
        totals, plans and what was searched. Raises ValueError for a day before the war, to come, or none.

        >>> record.until("2025-06-12").events("bodies", since="2025-06-01")["event_id"].tolist()
        ['bodies-2025-06-11']

        See also: `as_of`, and the windows of `events` and `claims`.
        """
        if last is None or (isinstance(last, str) and last == ""):
            return self
        end = window.passed(last, "until", self._newest, last=True)
        if self.ends is not None:
            end = min(end, self.ends)
        t = past.through(dict(self.tables), end)
        aside = self._aside[self._aside["event_id"].isin(t["events"]["event_id"])]
        return Record(t, self.digest, self.known_by, self.coverage_of, aside, end)

    @cached_property
    def _aside(self) -> pd.DataFrame:
        """Counted claims without a dated page: claim_id, event_id, kind, direction, date; of the
        whole record.
        """
        if self.aside is not None:
            return self.aside
        c = self._claims
        here = c["known_on"].isna() & c["count_low"].notna()
        return c.loc[here, ["claim_id", "event_id", "kind", "direction", "date"]].reset_index(
            drop=True
        )

    def left_out(self) -> pd.DataFrame:
        """Return what no past view of this day holds because only undated pages carry it.

        One row per kind and direction: `claims`, counted claims known today, on events dated by the
        view's day (or the record's last), that stand only on undated pages; `events`, how many
        events they speak of; `without`, how many of these have no count at all in this direction in
        the view. Counts are of claims and events.

        >>> record.as_of("2025-06-30").left_out().columns.tolist()
        ['kind', 'direction', 'claims', 'events', 'without']
        """
        c = self._claims
        told = c[c["count_low"].notna() & c["known_on"].notna()]
        return frames.left_out(self._aside[self._aside["date"] <= self.last_day], told)

    @cached_property
    def _claims(self) -> pd.DataFrame:
        return frames.claims(self.tables)

    @cached_property
    def _estimates(self) -> dict[str, pd.DataFrame]:
        return {}

    def estimates(self, lens: str = "best") -> pd.DataFrame:
        """Return the rule's result per event and direction, long form; columns: see
        `rule.estimate`.

        >>> record.estimates().columns.tolist()[:5]
        ['event_id', 'direction', 'best', 'low', 'high']
        """
        if lens not in self._estimates:
            self._estimates[lens] = estimate.estimate(self._claims, lens)
        return self._estimates[lens].copy()

    @cached_property
    def _every_event(self) -> dict[str, pd.DataFrame]:
        return {}

    def _under(self, lens: str) -> pd.DataFrame:
        """Return every event with its estimates under a lens, by date; made once. Not to be
        changed.
        """
        if lens not in self._every_event:
            e = self.tables["events"].sort_values(["date", "event_id"], ignore_index=True)
            e["deal_id"] = e["deal_id"].where(e["deal_id"] != "", e["event_id"])
            known = self._claims.groupby("event_id")["known_on"].min()
            e["known_on"] = known.reindex(e["event_id"]).astype("datetime64[s]").array
            spread = estimate.by_event(e, self.estimates(lens))
            self._every_event[lens] = frames.arranged(spread)
        return self._every_event[lens]

    def events(
        self,
        kind: str | None = None,
        lens: str = "best",
        since: Day | None = None,
        until: Day | None = None,
        cancelled: bool = False,
        disputed: bool = False,
    ) -> pd.DataFrame:
        """Return one row per event, sorted by date, with its estimate in each direction.

        Columns: event_id, date (the first of the month where only that is known), `to_ukraine` and
        `to_russia` (the counts; Int64, persons), kind, date_precision, status, deal_id (its own id
        where it is a deal of its own), agreement_id, mediators, place, category, note, known_on
        (day of its first dated page), and per direction `_low`, `_high`, `_grade`, `_absence`
        (zero, withheld, not_reported, not_applicable), `_claim`, `_claimant` (the claim the count
        is from and who made it), `_claims` (how many were admissible); last `in_window`: whole, or
        part where the window cuts the month that is all that is known. `attrs` (see `frames.about`)
        carries what charts need to tell silence from unread days. A missing count is unknown, never
        zero. A window takes days, months and years ("2025-06", "2025"). Cancelled events come only
        with `cancelled=True`, disputed ones (it is not settled that there was such a handover, so
        no sum may hold it) only with `disputed=True`. Raises ValueError for an unknown kind or
        lens, a day that is none or to come, and a window that ends before it begins.

        >>> june = record.events("bodies", since="2025-06-11", until="2025-06-13")
        >>> june[["event_id", "to_ukraine", "to_russia"]].values.tolist()
        [['bodies-2025-06-11', 1212, 27], ['bodies-2025-06-13', 1200, 0]]

        See also: `directions`, its long form; `explain`, why a count is what it is; `claims`.
        """
        if kind is not None and kind not in KINDS:
            raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
        since, until = self._window(since, until)
        key = kind, lens, cancelled, disputed
        if key not in self._made:
            e = self._under(lens)
            kept = ["took_place"] + ["cancelled"] * cancelled + ["disputed"] * disputed
            wanted = e["status"].isin(kept) & ((e["kind"] == kind) | (kind is None))
            self._made[key] = e[wanted].reset_index(drop=True)
        out = self._made[key].copy()
        out["in_window"] = window.inside(out, since, until)
        out = out.dropna(subset="in_window", ignore_index=True)
        out.attrs = frames.about(self, out, kind, lens, until)
        return out

    def _window(
        self, since: Day | None, until: Day | None
    ) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
        """Return a window's ends as days that can have been."""
        return (
            window.passed(since, "since", self._newest) if since else None,
            window.passed(until, "until", self._newest, last=True) if until else None,
        )

    @cached_property
    def _newest(self) -> pd.Timestamp:
        """The last day that a question can be about: today's, or a later one that the record holds."""
        dates = self.tables["events"]["date"]
        return max(self.last_day, dates.max()) if len(dates) else self.last_day

    def directions(
        self,
        kind: str | None = None,
        lens: str = "best",
        since: Day | None = None,
        until: Day | None = None,
        cancelled: bool = False,
        disputed: bool = False,
    ) -> pd.DataFrame:
        """Return `events` in long form, for x, y and hue: a row an event and direction, to Ukraine first.

        Columns: event_id, date, direction, count, low, high, grade, absence, claim_id, claimant,
        claims, then the event's kind, date_precision, status, deal_id, agreement_id, known_on,
        in_window; their meaning, `attrs` and errors are those of `events`.

        >>> record.directions("bodies", since="2025-06-13", until="2025-06-13")["count"].tolist()
        [1200, 0]
        """
        return frames.directions(self.events(kind, lens, since, until, cancelled, disputed))

    def explain(self, event_id: str, lens: str = "best") -> explaining.Explanation:
        """Return why an event's counts are what they are: every claim, and what the rule does with it.

        Raises ValueError for an event that is not on record, naming the nearest, and an unknown
        lens.

        >>> record.explain("bodies-2025-06-16").claims["outcome"].iloc[0]
        'leads'

        See also: `explain_sum`, for what is in a sum; `repatria explain` on a terminal.
        """
        return explaining.event(self, event_id, lens)

    def explain_sum(
        self,
        kind: str | None = None,
        lens: str = "best",
        since: Day | None = None,
        until: Day | None = None,
    ) -> explaining.Sum:
        """Return which events are in a sum, which are not, and why; arguments and errors as `events`.

        >>> record.explain_sum("bodies", since="2025-06-11", until="2025-06-13").sums["persons"].tolist()
        [2412, 27]
        """
        return explaining.total(self, kind, lens, since, until)

    def claims(
        self,
        event_id: str | None = None,
        kind: str | None = None,
        side: str | None = None,
        direction: str | None = None,
        since: Day | None = None,
        until: Day | None = None,
    ) -> pd.DataFrame:
        """Return claims with their claimant (name, office, side, official), the event's kind, date
        and precision.

        Further columns: known_on (day of the first dated page), citations and publishers (how many
        pages and publishers carry it), poor (aggregators only) and corrected_by (the claim with
        which the claimant took this one back, as far as this view knows; "" = it stands). A window
        takes the claims of the events that lie in it whole or in part. Raises ValueError for an
        unknown side or a day that is none.

        >>> told = record.claims("bodies-2025-06-16", direction="to_russia")
        >>> told["count_low"].dropna().unique().tolist()
        [51]

        See also: `citations` for the pages.
        """
        c = self._claims
        if side is not None and side not in SIDES:
            raise ValueError(f"side: {side!r} is none of {', '.join(SIDES)}")
        for column, value in (
            ("event_id", event_id),
            ("kind", kind),
            ("side", side),
            ("direction", direction),
        ):
            if value is not None:
                c = c[c[column] == value]
        if since or until:
            c = c[window.inside(c, *self._window(since, until)).notna()]
        return c.sort_values(["date", "claim_id"], ignore_index=True)

    def citations(self, claim_id: str | None = None, event_id: str | None = None) -> pd.DataFrame:
        """Return the pages of claims: claim_id, event_id, source_id, date_basis and the columns of
        sources.

        >>> record.citations(event_id="bodies-2025-06-16")["url"].str.startswith("http").all()
        np.True_
        """
        c = self.tables["citations"].merge(
            self.tables["claims"][["claim_id", "event_id"]], on="claim_id", how="left"
        )
        if claim_id is not None:
            c = c[c["claim_id"] == claim_id]
        if event_id is not None:
            c = c[c["event_id"] == event_id]
        c = c.merge(self.tables["sources"], on="source_id", how="left")
        return c.sort_values(["claim_id", "published_on", "source_id"], ignore_index=True)

    def coverage(self, kind: str | None = None) -> pd.DataFrame:
        """Return what was searched: kind, side, read_from, read_through, density, entered_on, note.

        >>> record.coverage("bodies")["density"].unique().tolist()
        ['thin', 'dense']
        """
        c = self.tables["coverage"]
        if kind is not None:
            c = c[c["kind"] == kind]
        return c.sort_values(["kind", "side", "read_from"], ignore_index=True)

    def searched_through(self, kind: str) -> pd.Timestamp | None:
        """Return the last day through which silence about a kind can be read, or None if there is
        none.

        It is the end of the newest dense stretch, for the side read least far: an open gap is
        censored here. A side with no dense stretch leaves none for the kind, as in
        `cadence.window`.

        >>> record.as_of("2024-06-30", coverage="today").searched_through("bodies")
        Timestamp('2024-06-30 00:00:00')
        """
        return self._read[0].get(kind)

    @cached_property
    def _read(self) -> tuple[dict[str, pd.Timestamp], dict[str | None, Ground]]:
        return frames.searched(self)
