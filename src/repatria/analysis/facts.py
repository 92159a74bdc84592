"""What a brief needs first: how many, beside the official total; how often; what was promised; how far read.

How lopsided it is now says `asymmetry.share_now`, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from repatria.record.schema import RECEIVER, WAR_START
from repatria.record.view import Day, Record

__all__ = [
    "KINDS",
    "Official",
    "Rhythm",
    "official",
    "official_names",
    "promise",
    "read_through",
    "rhythm",
    "totals_not_met",
    "year",
]

KINDS = ("bodies", "prisoners")
YEAR = pd.Timedelta(days=365)
EARLY = pd.Timedelta(days=30)  # so long a promise of which nothing has come is no finding


@dataclass(frozen=True)
class Official:
    """The newest total of the receiving side, beside the sum of the events to its day.

    off_low, off_high: by how many the events fall short of it (negative: over); `numbered` is how many
    handovers the same claimant counts, `lacking` how many of these are not on record (a range), each
    missing where it does not say, `number_scope` what that number leaves out. A total older than a year is none.
    """

    total_id: str
    count: int
    as_of: pd.Timestamp
    precision: str
    side: str
    off_low: int
    off_high: int
    numbered: int | None
    lacking: tuple[int, int] | None
    number_scope: str = ""


@dataclass(frozen=True)
class Rhythm:
    """The deals of a year: how many, the median of days between them, their most frequent weekday.

    `silence` is the number of days from the newest to the last day read; missing where none is marked as read.
    """

    deals: int
    median: float
    weekday: str
    on_weekday: int
    newest: Any
    silence: int | None


def read_through(record: Record, kinds: Sequence[str] = KINDS) -> pd.Timestamp | None:
    """Return the last day of which all of these kinds were read at all, thinly or densely, of both sides.

    By default bodies and prisoners: what a page means by how far the record is read.

    >>> read_through(record) >= record.searched_through("bodies")
    True
    """
    c = record.coverage()
    ends = c[c["kind"].isin(kinds)].groupby(["kind", "side"], observed=True)["read_through"].max()
    return ends.min() if len(ends) == len(kinds) * len(RECEIVER) else None


def year(record: Record, kind: str, lens: str = "best", since: Day = "") -> pd.DataFrame:
    """Return the events of one kind in the 365 days to the last day read (or the record's last day)."""
    last = read_through(record) or record.last_day
    events = record.events(kind, lens, since)
    return events[(events["date"] > last - YEAR).to_numpy()].reset_index(drop=True)


def rhythm(record: Record, kind: str, lens: str = "best", since: Day = "") -> Rhythm | None:
    """Return the rhythm of the past year's deals; None for fewer than four of them.

    >>> rhythm(record, "bodies").median > 0
    True
    """
    events = year(record, kind, lens, since)
    starts = events.groupby("deal_id")["date"].min().sort_values()
    if len(starts) < 4:
        return None
    days = starts.dt.day_name().value_counts()
    newest = events.loc[events["date"].idxmax()]
    through = read_through(record)
    return Rhythm(
        len(starts),
        float(starts.diff().dt.days.median()),
        str(days.index[0]),
        int(days.iloc[0]),
        newest,
        (through - newest["date"]).days if through is not None else None,
    )


def official(record: Record, kind: str, direction: str = "to_ukraine") -> Official | None:
    """Return the newest official total of the receiving side since the war's first day; None without one.

    >>> official(record, "bodies").side
    'ukraine'

    See also: `repatria.analysis.reconcile.reconcile`, every total.
    """
    t = record.totals()
    side = RECEIVER[direction]
    base = (t["kind"] == kind) & (t["side"].astype("str") == side) & (t["official"] == "yes")
    base &= (t["qualifier"] == "exact") & t["since"].notna() & (t["as_of_precision"] != "year")
    base &= t["since"] <= pd.Timestamp(WAR_START) + pd.Timedelta(days=31)
    t = t[base.to_numpy(dtype=bool)]
    persons = t[
        ((t["direction"] == direction) & (t["unit"] != "exchanges") & (t["scope"] == "")).to_numpy()
    ]
    if persons.empty or persons["as_of"].iloc[-1] <= record.last_day - YEAR:
        return None
    total = persons.iloc[-1]
    same = (t["as_of"] == total["as_of"]) & (t["claimant_id"] == total["claimant_id"])
    numbers = t[(same & (t["unit"] == "exchanges")).to_numpy()]
    ids = [str(total["total_id"]), *numbers["total_id"].iloc[-1:]]
    compared = _compared(record, ids)
    if ids[0] not in compared.index:
        return None
    row = compared.loc[ids[0]]
    number = compared.loc[ids[-1]] if ids[-1] in compared.index and len(ids) > 1 else None
    return Official(
        str(total["total_id"]),
        int(total["count"]),
        total["as_of"],
        str(total["as_of_precision"]),
        side,
        *_short(row),
        None if number is None else int(number["count"]),
        None if number is None else _short(number),
        "" if number is None else str(number["scope"]),
    )


def promise(summary: pd.DataFrame, last_day: pd.Timestamp) -> tuple[str, str] | None:
    """Return agreement and kind of the newest promise to tell: one with a number, and a handover or a month's time.

    `summary` as `pledges.summary` returns it. Bodies and prisoners only; None without one.

    >>> promise(rp.analysis.pledges.summary(record), record.last_day)
    ('ceasefire-2026-05', 'prisoners')
    """
    s = summary[summary["kind"].isin(KINDS) & (summary["promised_high"].fillna(0) > 0)]
    told = (s["events"] > 0) | (s["agreed_on"] <= last_day - EARLY)
    s = s[told.to_numpy(dtype=bool)]
    return None if s.empty else (str(s["agreement_id"].iloc[0]), str(s["kind"].iloc[0]))


def totals_not_met(record: Record, ids: Sequence[str]) -> pd.DataFrame:
    """Return those of the named official totals that the events do not meet under `best`, newest first; columns as of `reconcile`.

    >>> totals_not_met(record, []).empty
    True
    """
    from repatria.analysis import reconcile

    r = reconcile.reconcile(record, only=ids)
    official = r["claimant"].isin(official_names(record))
    r = r[(official & r["best_verdict"].isin(["short", "over", "between"])).to_numpy(dtype=bool)]
    return r.sort_values(["as_of", "total_id"], ascending=False, ignore_index=True)


def official_names(record: Record) -> set[str]:
    """Return the names of the claimants that speak for an office.

    >>> "Vladimir Medinsky" in official_names(record)
    True
    """
    c = record.tables["claimants"]
    return set(c.loc[(c["official"].astype("str") == "yes").to_numpy(), "name"])


def _compared(record: Record, ids: Sequence[str]) -> pd.DataFrame:
    """Return the rows of `reconcile` of totals, by id, without those that cannot be compared."""
    from repatria.analysis import reconcile

    found = reconcile.reconcile(record, only=ids).set_index("total_id")
    return found[found["best_sum"].notna()]


def _short(row: pd.Series) -> tuple[int, int]:
    """Return by how many the events under `best` fall short of a total, at least and at most."""
    low, high = row["best_off_low"], row["best_off_high"]
    if pd.isna(low) or pd.isna(high):
        return 0, 0
    low, high = int(low), int(high)
    return (-high, -low) if row["best_verdict"] == "over" else (low, high)
