"""The record in memory: read, checked, immutable in use, and as it would have read on a past day.

This is the only module that reads the data files.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from repatria.record import checks, fingerprint
from repatria.record import rule as estimate
from repatria.record.checks import Findings, Problem, RecordError
from repatria.record.schema import KINDS, MENTIONED, RECEIVER, SIDES, TABLES, WAR_START

MAX_BYTES = 1 << 30  # a table larger than 1 GiB is a mistake, not a record

Day = str | dt.date  # a Timestamp is a date


def day(value: Day, name: str = "day") -> pd.Timestamp:
    """Return an ISO day as a Timestamp. Raises ValueError, naming the parameter, for anything else."""
    if isinstance(value, str):
        try:
            found = dt.date.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or found.isoformat() != value:  # "20250601" and "2025-W23-7" are ISO days, but not ours
            raise ValueError(f"{name}: {value!r} is not a day (YYYY-MM-DD)")
        value = found
    stamp = pd.Timestamp(value).normalize().as_unit("s")
    if stamp < pd.Timestamp(WAR_START):
        raise ValueError(f"{name}: {stamp:%Y-%m-%d} is before the war ({WAR_START})")
    return stamp


def _ragged(name: str, text: str, found: Findings) -> None:
    """Name every row whose number of fields differs from the header's. The slow path: only after a failure."""
    columns = TABLES[name].columns
    start = len(found.problems)
    try:
        for row in (reader := csv.reader(io.StringIO(text, newline=""), strict=True)):
            if len(row) != len(columns):
                reason = "is an empty line" if not row else f"{len(row)} fields, the header has {len(columns)}"
                found.problems.append(Problem(f"{name}.csv", reader.line_num, "", reason))
    except csv.Error as e:
        found.problems.append(Problem(f"{name}.csv", reader.line_num, "", f"is not CSV: {e}"))
    if len(found.problems) == start:
        found.file(name, "a field holds a line break, or quotes are not closed")


def _read(folder: Path, name: str, found: Findings) -> tuple[pd.DataFrame, str]:
    """Read one table as text. Returns the frame (empty if it could not be read) and the file's SHA-256."""
    empty = pd.DataFrame({c: pd.Series(dtype="str") for c in TABLES[name].columns})
    path = folder / f"{name}.csv"
    try:
        if path.stat().st_size > MAX_BYTES:
            found.file(name, f"is larger than {MAX_BYTES >> 20} MiB")
            return empty, ""
        raw = path.read_bytes()
    except OSError as e:
        found.file(name, f"cannot be read: {e.strerror}")
        return empty, ""
    digest = hashlib.sha256(raw).hexdigest()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as e:
        line = raw[: e.start].count(b"\n") + 1
        found.problems.append(Problem(f"{name}.csv", line, "", f"is not UTF-8 (byte 0x{raw[e.start]:02x})"))
        return empty, digest
    header = next(csv.reader(io.StringIO(text.partition("\n")[0])), [])
    if header != TABLES[name].columns:
        missing = [c for c in TABLES[name].columns if c not in header]
        extra = [checks.shown(c) for c in header if c not in TABLES[name].columns]
        reason = "; ".join(
            [f"column {c} is missing" for c in missing] + [f"column {c} is unknown" for c in extra]
            or ["columns are not in the order of the codebook"]
        )
        found.problems.append(Problem(f"{name}.csv", 1, "", reason))
        return empty, digest
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        found.problems.append(Problem(f"{name}.csv", line, "", "holds a null character"))
        return empty, digest
    if "\n\n" in text or "\n\r\n" in text:
        _ragged(name, text, found)
        return empty, digest
    try:
        table = pacsv.read_csv(
            pa.py_buffer(raw),
            parse_options=pacsv.ParseOptions(newlines_in_values=False, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types={c: pa.large_string() for c in header},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        _ragged(name, text, found)
        return empty, digest
    frame = table.to_pandas()
    rows = text.count("\n") + (not text.endswith("\n")) - 1
    if rows != len(frame):
        _ragged(name, text, found)
        return empty, digest
    return frame.astype("str"), digest


def inspect(
    path: str | os.PathLike[str] | None = None, warnings: bool = True
) -> tuple[dict[str, pd.DataFrame], str, list[Problem]]:
    """Read and check a record folder.

    Returns its typed tables, its digest (SHA-256 over the tables' names and hashes) and all problems, errors
    and warnings. Cross-row checks run only when every cell is sound, so that one slip gives one line.
    """
    folder = Path(path) if path is not None else fingerprint.data_folder()
    found = Findings()
    if not folder.is_dir():
        return {}, "", [Problem(str(folder), 0, "", "is not a folder")]
    if (folder / ".pending").is_dir():
        return {}, "", [Problem(str(folder), 0, "", "an addition was interrupted: run `repatria add --finish`")]
    tables, digests = {}, []
    for name in TABLES:
        tables[name], digest = _read(folder, name, found)
        digests.append((name, digest))
    tables = {name: checks.typed(found, name, text) for name, text in tables.items()}
    if not found.errors:
        checks.relations(found, tables)
    if warnings and not found.errors:
        checks.warnings(found, tables)
    return tables, fingerprint.combine(digests), sorted(found.problems)


def load(path: str | os.PathLike[str] | None = None) -> Record:
    """Return the validated record in `path` (default: the project's own `data/`).

    Raises RecordError, listing every problem as `file:line: column: reason`, if anything is wrong.
    """
    tables, digest, problems = inspect(path, warnings=False)
    errors = [p for p in problems if p.level == "error"]
    if errors:
        raise RecordError(errors)
    return Record(MappingProxyType(tables), digest)


@dataclass(frozen=True, eq=False)
class Record:
    """A validated record, or its state on a past day. Every accessor returns a new DataFrame. Can be pickled."""

    tables: Mapping[str, pd.DataFrame]
    digest: str
    known_by: pd.Timestamp | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickled, (dict(self.tables), self.digest, self.known_by)  # what is cached is made again

    @cached_property
    def warnings(self) -> tuple[Problem, ...]:
        """What a curator should look at: allowed, but odd."""
        found = Findings()
        checks.warnings(found, dict(self.tables))
        return tuple(sorted(found.problems))

    @cached_property
    def last_day(self) -> pd.Timestamp:
        """The day the record speaks for: `known_by` in a past view, else its newest page or searched day."""
        if self.known_by is not None:
            return self.known_by
        days = [
            self.tables["sources"]["published_on"].max(),
            self.tables["coverage"]["read_through"].max(),
        ]
        return max((d for d in days if pd.notna(d)), default=pd.Timestamp(WAR_START))

    def as_of(self, known_by: Day) -> Record:
        """Return the record as it would have read on a day: only what pages dated by then carry.

        An empty day returns the record as it stands. Undated pages never enter. A claim is known from its earliest
        dated page, an event from its first claim (a cancelled one, which has none, from its first schedule); events
        dated later are not yet there. What curators wrote (status, deal, note) is today's.
        Raises ValueError for a day before the war.
        """
        if known_by == "":
            return self
        until = day(known_by, "as_of")
        if self.known_by is not None:
            until = min(until, self.known_by)
        t = dict(self.tables)
        t["sources"] = t["sources"][t["sources"]["published_on"] <= until]
        pages = t["sources"]["source_id"]
        t["citations"] = t["citations"][t["citations"]["source_id"].isin(pages)]
        t["events"] = t["events"][t["events"]["date"] <= until]
        claims = t["claims"]
        t["claims"] = claims[
            claims["claim_id"].isin(t["citations"]["claim_id"]) & claims["event_id"].isin(t["events"]["event_id"])
        ]
        t["citations"] = t["citations"][t["citations"]["claim_id"].isin(t["claims"]["claim_id"])]
        t["mentions"] = t["mentions"][t["mentions"]["source_id"].isin(pages)]
        for name, column in MENTIONED.items():
            t[name] = t[name][t[name][column].isin(t["mentions"]["row_id"])]
        spoken = t["events"]["event_id"].isin(t["claims"]["event_id"])
        # A plan alone does not make a handover that took place: nobody had said so yet.
        planned = (t["events"]["status"] == "cancelled") & t["events"]["event_id"].isin(t["schedules"]["event_id"])
        t["events"] = t["events"][spoken | planned]
        t["agreements"] = t["agreements"][
            t["agreements"]["agreement_id"].isin(t["pledges"]["agreement_id"])
            | t["agreements"]["agreement_id"].isin(t["events"]["agreement_id"])
        ]
        cover = t["coverage"][t["coverage"]["read_from"] <= until]
        t["coverage"] = cover.assign(read_through=cover["read_through"].clip(upper=until))
        return Record(MappingProxyType(t), self.digest, until)

    @cached_property
    def _claims(self) -> pd.DataFrame:
        t = self.tables
        pages = t["citations"].merge(
            t["sources"][["source_id", "publisher", "published_on", "tier"]], on="source_id", how="left"
        )
        pages["poor"] = (pages["tier"] == "aggregator").to_numpy()
        per = pages.groupby("claim_id").agg(
            known_on=("published_on", "min"),
            poor=("poor", "min"),
            citations=("source_id", "size"),
            publishers=("publisher", "nunique"),
        )
        claims = t["claims"].merge(t["claimants"], on="claimant_id", how="left").join(per, on="claim_id")
        events = t["events"][["event_id", "kind", "date"]]
        claims = claims.merge(events, on="event_id", how="left")
        return claims.astype({"citations": "Int64", "publishers": "Int64", "poor": "bool"})

    @cached_property
    def _estimates(self) -> dict[str, pd.DataFrame]:
        return {}

    def estimates(self, lens: str = "best") -> pd.DataFrame:
        """Return the rule's result per event and direction, long form; columns: see `estimate.estimate`."""
        if lens not in self._estimates:
            self._estimates[lens] = estimate.estimate(self._claims, lens)
        return self._estimates[lens].copy()

    @cached_property
    def _every_event(self) -> dict[str, pd.DataFrame]:
        return {}

    def _under(self, lens: str) -> pd.DataFrame:
        """Return every event with its estimates under a lens, by date; made once. Not to be changed."""
        if lens not in self._every_event:
            e = self.tables["events"].sort_values(["date", "event_id"], ignore_index=True)
            e["deal_id"] = e["deal_id"].where(e["deal_id"] != "", e["event_id"])
            known = self._claims.groupby("event_id")["known_on"].min()
            e["known_on"] = known.reindex(e["event_id"]).astype("datetime64[s]").array
            self._every_event[lens] = estimate.by_event(e, self.estimates(lens))
        return self._every_event[lens]

    @cached_property
    def _searched(self) -> dict[str, pd.Timestamp | None]:
        return {k: self.searched_through(k) for k in KINDS}

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

        Columns: event_id, kind, date, date_precision, status, deal_id (its own id where it is a deal of its
        own), agreement_id, mediators, place, category, note, known_on (day of its first dated page), and per
        direction `to_ukraine`, `to_russia`: the count (Int64, persons), `_low`, `_high`, `_grade`,
        `_absence` (zero, withheld, not_reported, not_applicable), `_claim`, `_claimant` (the claim the count
        is from and who made it), `_claims` (how many were admissible). `attrs` carries as_of, lens, kind and
        coverage for the charts.
        A missing count is unknown, never zero. Cancelled events come only with `cancelled=True`, disputed ones (it is
        not settled that there was such a handover, so no sum may hold it) only with `disputed=True`.
        Raises ValueError for an unknown kind or lens or a day that is none.
        """
        if kind is not None and kind not in KINDS:
            raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
        e = self._under(lens)
        wanted = e["status"].isin(["took_place"] + ["cancelled"] * cancelled + ["disputed"] * disputed)
        if kind is not None:
            wanted &= e["kind"] == kind
        if since:
            wanted &= e["date"] >= day(since, "since")
        if until:
            wanted &= e["date"] <= day(until, "until")
        out = e[wanted].reset_index(drop=True)
        cover = self.coverage(kind)
        out.attrs = {
            "as_of": self.last_day,
            "lens": lens,
            "kind": kind,
            "until": day(until, "until") if until else None,
            "rule": f"{estimate.RULE} v{estimate.RULE_VERSION}",
            "searched": dict(self._searched),
            "coverage": cover[["kind", "side", "read_from", "read_through", "density"]].to_dict("records"),
        }
        return out

    def claims(
        self,
        event_id: str | None = None,
        kind: str | None = None,
        side: str | None = None,
        direction: str | None = None,
    ) -> pd.DataFrame:
        """Return claims with their claimant (name, office, side, official), the event's kind and date, known_on,
        citations and publishers (how many pages and publishers carry it) and poor (aggregators only)."""
        c = self._claims
        if side is not None and side not in SIDES:
            raise ValueError(f"side: {side!r} is none of {', '.join(SIDES)}")
        for column, value in (("event_id", event_id), ("kind", kind), ("side", side), ("direction", direction)):
            if value is not None:
                c = c[c[column] == value]
        return c.sort_values(["date", "claim_id"], ignore_index=True)

    def citations(self, claim_id: str | None = None, event_id: str | None = None) -> pd.DataFrame:
        """Return claim_id, event_id, source_id, date_basis, url, publisher, published_on, language, tier, seed."""
        c = self.tables["citations"].merge(self.tables["claims"][["claim_id", "event_id"]], on="claim_id", how="left")
        if claim_id is not None:
            c = c[c["claim_id"] == claim_id]
        if event_id is not None:
            c = c[c["event_id"] == event_id]
        c = c.merge(self.tables["sources"], on="source_id", how="left")
        return c.sort_values(["claim_id", "published_on", "source_id"], ignore_index=True)

    def _stated(self, name: str) -> pd.DataFrame:
        t = self.tables
        column = MENTIONED[name]
        pages = t["mentions"].merge(t["sources"][["source_id", "published_on", "publisher"]], on="source_id")
        per = pages.groupby("row_id").agg(
            known_on=("published_on", "min"), citations=("source_id", "size"), publishers=("publisher", "nunique")
        )
        out = t[name].merge(t["claimants"], on="claimant_id", how="left").join(per, on=column)
        return out.reset_index(drop=True)

    def totals(self) -> pd.DataFrame:
        """Return running totals with claimant, known_on and number of pages, oldest first."""
        return self._stated("totals").sort_values(["as_of", "total_id"], ignore_index=True)

    def pledges(self) -> pd.DataFrame:
        """Return pledges with claimant, known_on and number of pages."""
        return self._stated("pledges").sort_values(["agreement_id", "pledge_id"], ignore_index=True)

    def schedules(self) -> pd.DataFrame:
        """Return statements about timing with claimant, known_on and number of pages."""
        return self._stated("schedules").sort_values(["planned_for", "known_on", "schedule_id"], ignore_index=True)

    def context(self, series: str | None = None) -> pd.DataFrame:
        """Return context figures with claimant, known_on and number of pages, oldest first."""
        c = self._stated("context")
        if series is not None:
            c = c[c["series"] == series]
        return c.sort_values(["series", "as_of", "context_id"], ignore_index=True)

    def pages(self, row_id: str) -> pd.DataFrame:
        """Return the pages carrying a row of totals, pledges, schedules or context."""
        m = self.tables["mentions"]
        return m[m["row_id"] == row_id].merge(self.tables["sources"], on="source_id").reset_index(drop=True)

    def agreements(self) -> pd.DataFrame:
        """Return agreements, oldest first."""
        return self.tables["agreements"].sort_values(["agreed_on", "agreement_id"], ignore_index=True)

    def coverage(self, kind: str | None = None) -> pd.DataFrame:
        """Return what was searched: kind, side, read_from, read_through, density, note."""
        c = self.tables["coverage"]
        if kind is not None:
            c = c[c["kind"] == kind]
        return c.sort_values(["kind", "side", "read_from"], ignore_index=True)

    def searched_through(self, kind: str) -> pd.Timestamp | None:
        """Return the last day through which silence about a kind can be read, or None if there is none.

        It is the end of the newest dense stretch, for the side read least far: an open gap is censored here. A side
        with no dense stretch leaves none for the kind, as in `cadence.window`.
        """
        c = self.tables["coverage"]
        dense = c[(c["kind"] == kind) & (c["density"] == "dense")]
        ends = dense.groupby("side", observed=True)["read_through"].max()
        return ends.min() if len(ends) == len(RECEIVER) else None


def _unpickled(tables: dict[str, pd.DataFrame], digest: str, known_by: pd.Timestamp | None) -> Record:
    return Record(MappingProxyType(tables), digest, known_by)
