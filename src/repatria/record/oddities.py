"""What a record may hold but a curator should look at: warnings, never errors.

Every check takes sound tables. A finding names the row to look at, and the other one where there
are two.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from repatria.record.checks import Findings, shown
from repatria.record.rule import interval
from repatria.record.schema import DIRECTIONS, KINDS, RECEIVER

__all__ = ["look"]

# A second page on one handover tends to be days late and to round; further off is another handover.
NEAR_DAYS = 4
NEAR_COUNT = 0.05
# Before so many days with a count there is no largest worth comparing with.
ENOUGH_DAYS = 5
JUMP = 3
# Of a longer series only the first rows that do not fit are told: it is a curator who reads them.
SERIES = 1_000

# A host's part, or a host, of previews, tests and copies by which a page is served; and a page's data.
WORKING = (
    r"(?:^|[.-])(?:preview|staging|stage|devb?|test|prod|production|cms)[.-]"
    r"|(?:^|\.)(?:amplifyapp|appspot|arcpublishing|cloudfront|kxcdn)\.(?:com|net)$|^[\d.]+(?::\d+)?$"
)
WORKING_PATH = r"^/preview/|/wp-json/|[?&]rest_route=|\.json$"

_KEY = ["event_id", "claimant_id", "direction"]


def look(found: Findings, t: dict[str, pd.DataFrame], today: pd.Timestamp) -> None:
    """Add what is allowed but wants a look.

    Pages dated after today; addresses that are a newsroom's working copy or its data, not the page
    readers open; events resting on one publisher; components that do not add up; two
    events that look like one (days and counts near, or the same counts in one deal); a count more
    than three times any before it; a running total that does not fit its series; kinds and sides
    whose reading nobody declared; an event under an agreement to which no link ties it.
    """
    found = Findings("warning", found.problems)
    for name in ("sources", "excluded"):
        late = t[name]["published_on"] > today
        found.add(name, "published_on", late, f"is after today ({today:%Y-%m-%d})")
    _addresses(found, t["sources"])
    _publishers(found, t)
    events, claims = t["events"], t["claims"]
    current = claims[
        ~claims["claim_id"].isin(claims["corrects"])
    ]  # what was taken back is odd on purpose
    counted = current[current["count_low"].notna()]
    parts = counted[counted["role"] == "component"]
    sums = parts.groupby(_KEY, observed=True)[["count_low", "count_high"]].sum().reset_index()
    _components(found, claims, counted, sums)
    counts = pd.concat([counted[counted["role"] == "whole"], sums])
    _twins(found, events, counts)
    _repeats(found, events, counts)
    _jumps(found, events, current)
    _falls(found, t["totals"])
    _unread(found, events, t["coverage"])
    _untied(found, events, t["links"])


def _addresses(found: Findings, sources: pd.DataFrame) -> None:
    parts = sources["url"].astype("str").str.extract(r"^https?://([^/]*)(.*)$")
    host, path = parts[0].fillna(""), parts[1].fillna("")
    work = host.str.contains(WORKING) | path.str.contains(WORKING_PATH)
    found.add("sources", "url", work, "{} is no address for readers", sources["url"])


def _publishers(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    pages = t["citations"].merge(t["claims"][["claim_id", "event_id"]], on="claim_id")
    pages = pages.merge(t["sources"][["source_id", "publisher"]], on="source_id")
    publishers = pages.groupby("event_id")["publisher"].nunique()
    ids = t["events"]["event_id"]
    single = ids.map(publishers).fillna(0) < 2
    found.add("events", "event_id", single, "{} rests on one publisher", ids)


def _components(
    found: Findings, claims: pd.DataFrame, counted: pd.DataFrame, sums: pd.DataFrame
) -> None:
    parts = counted[counted["role"] == "component"]
    several = parts.groupby([*_KEY, "part"], observed=True)["count_low"].nunique()
    if (several > 1).any():
        clash = parts[
            pd.MultiIndex.from_frame(parts[[*_KEY, "part"]]).isin(several.index[several > 1])
        ]
        reason = "{} is a component with two figures of one claimant"
        found.add("claims", "part", claims.index.isin(clash.index), reason, claims["claim_id"])
    whole = (
        counted[counted["role"] == "whole"]
        .reset_index()
        .merge(sums, on=_KEY, suffixes=("", "_parts"))
    )
    whole["differs"] = whole["count_low_parts"] != whole["count_low"]
    never = whole.groupby(_KEY, observed=True)["differs"].transform("all")
    bad = claims.index.isin(whole.loc[never.astype(bool), "index"])
    reason = "{} differs from the sum of the claimant's components"
    found.add("claims", "count_low", bad, reason, claims["claim_id"])


def _spans(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the range of counts: columns event_id, direction, low, high."""
    by = counts.groupby(["event_id", "direction"], observed=True)
    return by.agg(low=("count_low", "min"), high=("count_high", "max")).reset_index()


def _twins(found: Findings, events: pd.DataFrame, counts: pd.DataFrame) -> None:
    """Warn of two events of a kind that may be one: days and a count near, not one deal, neither
    disputed.
    """
    e = events[events["status"] == "took_place"]
    e = e.assign(
        end=e["date"].where(e["date_precision"] != "month", e["date"] + pd.offsets.MonthEnd(0)),
        deal_id=e["deal_id"].where(e["deal_id"] != "", e["event_id"]),
        line=e.index + 2,
    )
    e = e.merge(_spans(counts), on="event_id").sort_values(
        ["kind", "direction", "date", "event_id"]
    )
    name, deal, line = (e[c].to_numpy(dtype=object) for c in ("event_id", "deal_id", "line"))
    group = e["kind"].cat.codes.to_numpy() * len(DIRECTIONS) + e["direction"].cat.codes.to_numpy()
    day, end = (e[c].to_numpy("datetime64[D]") for c in ("date", "end"))
    low, high = (e[c].to_numpy("int64") for c in ("low", "high"))
    slack = np.maximum(1, high * NEAR_COUNT)
    twins: dict[str, tuple[str, int]] = {}  # the nearest one is enough
    for step in range(
        1, 7
    ):  # neighbours in time: nobody held more handovers of a kind in so few days
        one, two = slice(None, -step), slice(step, None)
        near = (
            (group[one] == group[two])
            & (day[two] - end[one] <= np.timedelta64(NEAR_DAYS, "D"))
            & (deal[one] != deal[two])
            & (low[one] - slack[one] <= high[two])
            & (low[two] - slack[two] <= high[one])
        )
        for i in np.flatnonzero(near):
            twins.setdefault(name[i + step], (name[i], line[i + step]))
    for second, (first, at) in twins.items():
        why = "days and counts are near, and they share no deal"
        reason = f"{shown(second)} may be {shown(first)} again: {why}"
        found.line("events", at, reason, "event_id")


def _repeats(found: Findings, events: pd.DataFrame, counts: pd.DataFrame) -> None:
    """Warn of a day of a deal that repeats all the counts of an earlier one."""
    e = events[(events["status"] == "took_place") & (events["deal_id"] != "")]
    spans = _spans(counts[counts["event_id"].isin(e["event_id"])])
    spans["told"] = (
        spans["direction"].astype("str")
        + spans["low"].astype("str")
        + "-"
        + spans["high"].astype("str")
    )
    told = spans.sort_values("direction").groupby("event_id")["told"].agg(" ".join)
    e = (
        e.assign(told=e["event_id"].map(told))
        .dropna(subset="told")
        .sort_values(["date", "event_id"])
    )
    first = e.groupby(["kind", "deal_id", "told"], observed=True)["event_id"].transform("first")
    for i in e.index[(first != e["event_id"]).to_numpy(dtype=bool)]:
        again = shown(e.loc[i, "event_id"])
        reason = f"{again} repeats the counts of {shown(first[i])}, of the same deal"
        found.line("events", i + 2, reason, "event_id")


def _jumps(found: Findings, events: pd.DataFrame, claims: pd.DataFrame) -> None:
    """Warn of a count out of all proportion: more than `JUMP` times any earlier one of its kind and
    direction.
    """
    c = (
        claims[["event_id", "claim_id", "direction", "count_high"]]
        .assign(line=claims.index + 2)
        .dropna()
    )
    c = c.merge(
        events.loc[events["status"] != "cancelled", ["event_id", "kind", "date"]], on="event_id"
    )
    group = ["kind", "direction"]
    days = (
        c.groupby([*group, "date"], observed=True)["count_high"]
        .max()
        .reset_index()
        .sort_values([*group, "date"])
    )
    by = days.groupby(group, observed=True)
    days["largest"] = (
        by["count_high"].cummax().groupby([days[g] for g in group], observed=True).shift()
    )
    days = days[by.cumcount() >= ENOUGH_DAYS]
    c = c.merge(days.drop(columns="count_high"), on=[*group, "date"])
    for row in c[c["count_high"] > JUMP * c["largest"]].itertuples():
        told = f"{shown(row.claim_id)}: {row.count_high}"
        reason = f"{told} is more than {JUMP} times any before it ({row.largest})"
        found.line("claims", row.line, reason, "count_high")


def _falls(found: Findings, totals: pd.DataFrame) -> None:
    """Warn of the totals without which a claimant's series (kind, unit, direction, scope, start)
    would never fall.
    """
    words = totals["qualifier"].astype("object").to_numpy()
    count = totals["count"].to_numpy("int64")
    low, high = interval(count, count, words)
    t = totals.assign(low=low, high=high)
    # "press" is many voices, not one.
    t = t[t["claimant_id"] != "press"].sort_values(["as_of", "low"])
    keys = [t[k] for k in ("claimant_id", "kind", "unit", "direction", "scope", "since")]
    running = t["low"].groupby(keys, observed=True, dropna=False).cummax()
    falls = (running > t["high"]).groupby(keys, observed=True, dropna=False).transform("any")
    for _, series in t[falls.to_numpy(dtype=bool)].groupby(
        [k[falls] for k in keys], observed=True, dropna=False
    ):
        for odd, other, many in _misfits(series["low"].to_numpy(), series["high"].to_numpy()):
            a, b = series.iloc[odd], series.iloc[other]
            one = f"{shown(a.total_id)}: {a['count']}"
            two = f"{shown(b.total_id)} ({b['count']}, {b.as_of:%Y-%m-%d})"
            if odd > other:
                reason = f"{one} is below {two}, said before by {a.claimant_id}"
            else:
                reason = f"{one}, said before {two} by {a.claimant_id}, is above it"
            reason += f" and {many - 1} more" if many > 1 else ""
            found.line("totals", series.index[odd] + 2, reason, "count")


def _misfits(low: np.ndarray, high: np.ndarray) -> list[tuple[int, int, int]]:
    """Return the rows to take out until no total falls: (row, the nearest it contradicts, how many
    it contradicts).

    The row that contradicts most goes first; of two that contradict only each other, the later one.
    """
    n = min(len(low), SERIES)
    against = np.triu(low[:n, None] > high[None, :n], 1)
    against |= against.T
    out = []
    while (many := against.sum(axis=1)).any():
        odd = int(n - 1 - np.argmax(many[::-1]))
        others = np.flatnonzero(against[odd])
        nearest = others[np.argmin(np.abs(others - odd))]
        out.append((odd, int(nearest), int(many[odd])))
        against[odd, :] = against[:, odd] = False
    return out


def _unread(found: Findings, events: pd.DataFrame, cover: pd.DataFrame) -> None:
    """Warn where nobody declared what was read: a side without a stretch, days between two, events
    after the last.
    """
    for kind in KINDS:
        days = events.loc[(events["kind"] == kind) & (events["status"] != "cancelled"), "date"]
        if days.empty:
            continue
        for side in RECEIVER.values():
            c = cover[(cover["kind"] == kind) & (cover["side"] == side)].sort_values("read_from")
            what = f"{kind}, {side}: "
            if c.empty:
                reason = what + "there are events, but nobody declared what was read"
                found.line("coverage", 0, reason)
                continue
            gap = c["read_from"] > c["read_through"].shift() + pd.Timedelta(days=1)
            for i in c.index[gap.to_numpy(dtype=bool)]:
                reason = what + "days before it are declared by no stretch"
                found.line("coverage", i + 2, reason, "read_from")
            if days.max() > c["read_through"].max():
                reason = (
                    f"{what}there is an event on {days.max():%Y-%m-%d}, after the last day read"
                )
                found.line("coverage", c.index[-1] + 2, reason, "read_through")


def _untied(found: Findings, events: pd.DataFrame, links: pd.DataFrame) -> None:
    """The record's own reading rests on somebody's: a page's, or its curators' by name."""
    said = links.loc[(links["stance"] == "belongs").to_numpy(), ["event_id", "agreement_id"]]
    pairs = pd.MultiIndex.from_frame(events[["event_id", "agreement_id"]].astype("str"))
    tied = pairs.isin(pd.MultiIndex.from_frame(said.astype("str")))
    loose = (events["agreement_id"] != "").to_numpy() & ~tied
    reason = "{} is tied to it by no row of links.csv"
    found.add("events", "agreement_id", loose, reason, events["event_id"])
