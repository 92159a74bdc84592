"""What the record holds: events, who says what, how soon, where they differ, what is unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from repatria.record import frames
from repatria.record import rule as estimate
from repatria.record.rule import GRADES
from repatria.record.schema import DIRECTIONS, KINDS, RECEIVER, SIDES, TIERS
from repatria.record.view import Day, Record

__all__ = [
    "DELAYS",
    "both_sides",
    "claimants",
    "delays",
    "differences",
    "grades",
    "single_source",
    "speaking",
    "unknown",
    "years",
]

# How long after a handover a side speaks of it: days to its first dated page.
DELAYS = ("same_day", "next_day", "week", "month", "later", "undated", "none_read")


def _claims(record: Record, since: Day = "") -> pd.DataFrame:
    """Return the claims on the events of a window, as `Record.events` draws it."""
    claims = record.claims()
    if not since:
        return claims
    events = record.events(since=since, cancelled=True, disputed=True)
    return claims[claims["event_id"].isin(events["event_id"])]


def owners(events: pd.DataFrame) -> dict[str, Any]:
    """Return who counted: `handovers`, and in `claimants` how many counts are whose, most first.

    >>> owners(record.events("bodies", since="2025-06-01", until="2025-06-30"))["handovers"]
    5
    """
    counted = [events.loc[events[d].notna(), f"{d}_claimant"] for d in DIRECTIONS]
    names = pd.concat(counted).value_counts()
    ranked = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    return {"handovers": len(events), "claimants": dict(ranked)}


def years(events: pd.DataFrame) -> pd.DataFrame:
    """Return events by kind and year, split by how many directions have a size.

    Columns: kind, year, events, both (a size in each direction), one, none, disputed.

    `events` as `Record.events` returns it. A handover that is disputed is counted in `events` too.

    >>> june = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> years(june)[["year", "events", "both"]].to_dict("records")
    [{'year': 2025, 'events': 5, 'both': 5}]

    See also: `unknown`, `grades`.
    """
    known = events[list(DIRECTIONS)].notna().sum(axis=1)
    rows = events.assign(
        year=events["date"].dt.year,
        both=known == 2,
        one=known == 1,
        none=known == 0,
        disputed=(events["status"] == "disputed").to_numpy(),
    )
    out = rows.groupby(["kind", "year"], observed=True).agg(
        events=("event_id", "size"), **{c: (c, "sum") for c in ("both", "one", "none", "disputed")}
    )
    out = out.reset_index().astype({"kind": "str"})
    out.attrs = dict(events.attrs)
    return out


def unknown(events: pd.DataFrame) -> pd.DataFrame:
    """Return the typed absence matrix: events with a count and without, by kind, direction, year.

    Columns: kind, direction, year, events, count (a size above zero), zero (somebody says
    none), withheld, not_reported, not_applicable. Each event is in exactly one of the last
    five.

    >>> june = record.events("bodies", since="2025-06-01", until="2025-06-30")
    >>> unknown(june).set_index("direction").loc["to_russia", ["count", "zero"]].tolist()
    [2, 3]

    See also: `years`, `grades`.
    """
    parts = []
    for direction in DIRECTIONS:
        absence = (
            events[f"{direction}_absence"].astype("object").where(lambda a: a.notna(), "count")
        )
        frame = pd.DataFrame(
            {"kind": events["kind"].astype("str"), "year": events["date"].dt.year, "how": absence}
        )
        parts.append(_matrix(frame, direction, ["count", *estimate.ABSENCES]))
    return _stacked(parts, events)


def _matrix(frame: pd.DataFrame, direction: str, columns: list[str]) -> pd.DataFrame:
    """Count rows by kind and year, with a column for each value of `how` and their sum."""
    table = pd.crosstab([frame["kind"], frame["year"]], frame["how"]).reindex(
        columns=columns, fill_value=0
    )
    table.columns.name = None
    return table.assign(direction=direction, events=table.sum(axis=1)).reset_index()


def _stacked(parts: list[pd.DataFrame], events: pd.DataFrame) -> pd.DataFrame:
    out = pd.concat(parts).sort_values(["kind", "direction", "year"], ignore_index=True)
    out = out[
        [
            "kind",
            "direction",
            "year",
            "events",
            *out.columns.difference(["kind", "direction", "year", "events"], sort=False),
        ]
    ]
    out.attrs = dict(events.attrs)
    return out


def claimants(record: Record, since: Day = "") -> pd.DataFrame:
    """Return who says what: one row per claimant, by side and number of claims.

    Columns: side, claimant, office, official, claims, events (handovers spoken of), counted
    (claims with a number), withheld (confirmed without a size), pages (citations), own and
    other (claims on what its own side received, and on what the other received; missing for
    mediators and third parties).

    >>> int(claimants(record)["claims"].sum()) == len(record.claims())
    True

    See also: `both_sides`.
    """
    c = _claims(record, since)
    received = c["direction"].astype("str").map(RECEIVER)
    side = c["side"].astype("str")
    c = c.assign(
        counted=c["count_low"].notna(),
        withheld=(c["absence"] == "withheld").to_numpy(),
        own=(received == side).astype("Int64"),
        other=(received != side).astype("Int64"),
    )
    out = c.groupby(["side", "claimant_id", "name", "office", "official"], observed=True).agg(
        claims=("claim_id", "size"),
        events=("event_id", "nunique"),
        counted=("counted", "sum"),
        withheld=("withheld", "sum"),
        pages=("citations", "sum"),
        own=("own", "sum"),
        other=("other", "sum"),
    )
    out = out.reset_index().rename(columns={"name": "claimant"})
    out.loc[~out["side"].isin(["ukraine", "russia"]), ["own", "other"]] = pd.NA
    out["side"] = pd.Categorical(out["side"], categories=SIDES)
    out = out.sort_values(
        ["side", "claims", "claimant"], ascending=[True, False, True], ignore_index=True
    )
    return out.drop(columns="claimant_id")


def grades(events: pd.DataFrame) -> pd.DataFrame:
    """Return how well each count is supported: events of each grade, by kind, direction, year.

    Columns: kind, direction, year, events, agreed, contested, one_sided, reported (see the
    rule), uncounted (no size).

    >>> june = record.events("bodies", since="2025-06-11", until="2025-06-11")
    >>> grades(june).set_index("direction")["agreed"].to_dict()
    {'to_russia': 0, 'to_ukraine': 1}

    See also: `unknown`.
    """
    parts = []
    for direction in DIRECTIONS:
        grade = (
            events[f"{direction}_grade"]
            .astype("object")
            .where(events[direction].notna(), "uncounted")
        )
        frame = pd.DataFrame(
            {"kind": events["kind"].astype("str"), "year": events["date"].dt.year, "how": grade}
        )
        parts.append(_matrix(frame, direction, [*GRADES[:4], "uncounted"]))
    return _stacked(parts, events)


def both_sides(record: Record, since: Day = "") -> pd.DataFrame:
    """Return by kind and year of how many handovers the officials of both sides speak.

    A statement without a count counts too. Columns: kind, year, events, both, ukraine_only, russia_only, neither, single_source.

    >>> b = both_sides(record)
    >>> cells = b[["both", "ukraine_only", "russia_only", "neither"]]
    >>> bool((cells.sum(axis=1) == b["events"]).all())
    True

    See also: `single_source`.
    """
    events = record.events(since=since, disputed=True)
    c = record.claims()
    spoken = {
        s: set(c.loc[((c["side"] == s) & (c["official"] == "yes")).to_numpy(), "event_id"])
        for s in ("ukraine", "russia")
    }
    u, r = (events["event_id"].isin(spoken[s]).to_numpy() for s in ("ukraine", "russia"))
    alone = events["event_id"].isin(single_source(record, since)["event_id"]).to_numpy()
    rows = events.assign(
        year=events["date"].dt.year,
        both=u & r,
        ukraine_only=u & ~r,
        russia_only=r & ~u,
        neither=~u & ~r,
        single_source=alone,
    )
    columns = ("both", "ukraine_only", "russia_only", "neither", "single_source")
    out = rows.groupby(["kind", "year"], observed=True).agg(
        events=("event_id", "size"), **{k: (k, "sum") for k in columns}
    )
    return out.reset_index().astype({"kind": "str"})


def delays(record: Record, since: Day = "") -> pd.DataFrame:
    """Return how long until each side speaks of each event that is dated to the day.

    One row per event and side with a claim on it.

    Columns: event_id, kind, date, side (ukraine, russia, mediator, third), days (whole days from
    the handover to the side's first dated page; missing where all its pages are undated). It is the
    delay of what was read: a page found months later says more about the reading than about the
    side. Cancelled handovers and months are left out.

    >>> set(delays(record)["side"]) <= {"ukraine", "russia", "mediator", "third"}
    True

    See also: `speaking`.
    """
    c = _claims(record, since)
    events = record.events(disputed=True)
    events = events[(events["date_precision"] == "day").to_numpy()]
    c = c[c["event_id"].isin(events["event_id"])]
    out = (
        c.groupby(["event_id", "kind", "date", "side"], observed=True)["known_on"]
        .min()
        .reset_index()
    )
    out["days"] = (out["known_on"] - out["date"]).dt.days.astype("Int64")
    out["kind"], out["side"] = out["kind"].astype("str"), out["side"].astype("str")
    return out.drop(columns="known_on").sort_values(["date", "event_id", "side"], ignore_index=True)


def speaking(record: Record, since: Day = "") -> pd.DataFrame:
    """Return how soon each side speaks: handovers by kind, side and delay class, from `delays`.

    Columns: kind, side (ukraine, russia), events, and the classes of `DELAYS`: days from the
    handover to the side's first dated page (`week`: 2 to 7, `month`: 8 to 30), `undated` (all its
    pages are), `none_read` (no statement was read).

    >>> soon = speaking(record)
    >>> bool((soon[list(DELAYS)].sum(axis=1) == soon["events"]).all())
    True

    See also: `delays`.
    """
    events = record.events(since=since, disputed=True)
    events = events[(events["date_precision"] == "day").to_numpy()]
    d = delays(record, since)
    sides = ("ukraine", "russia")
    every = (
        events[["event_id", "kind"]]
        .merge(pd.DataFrame({"side": sides}), how="cross")
        .astype({"kind": "str"})
    )
    every = every.merge(
        d[["event_id", "side", "days"]].assign(spoke=True), on=["event_id", "side"], how="left"
    )
    days = every["days"].astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    how = np.select(
        [
            every["spoke"].isna().to_numpy(),
            np.isnan(days),
            days <= 0,
            days == 1,
            days <= 7,
            days <= 30,
        ],
        ["none_read", "undated", *DELAYS[:4]],
        DELAYS[4],
    )
    out = pd.crosstab([every["kind"], every["side"]], how).reindex(
        columns=list(DELAYS), fill_value=0
    )
    out.columns.name = None
    out.insert(0, "events", out.sum(axis=1))
    order = pd.MultiIndex.from_product([KINDS, sides], names=["kind", "side"])
    out = out.reindex(order[order.isin(out.index)]).reset_index()
    out.attrs = frames.plain({"as_of": record.last_day, "undated": int((how == "undated").sum())})
    return out


_DIFFERENCES = """
    event_id kind date direction claimant side official value low high qualifier reference
    reference_claimant difference reached
""".split()


def differences(record: Record, kind: str | None = None, since: Day = "") -> pd.DataFrame:
    """Return every claimant's figure against the reference, where any two differ.

    The reference is the claim that the receiver-first rule takes as best. Columns: event_id,
    kind, date, direction, claimant, side, official, value (persons; the claimant's whole, or
    the sum of its parts), low, high (its wording's interval; high missing if open), qualifier,
    reference, reference_claimant, difference (value - reference), reached (its interval holds
    the reference: it agrees). One row per claimant; a claimant with two figures has them as its
    range. Raises ValueError for an unknown kind.

    >>> d = differences(record, "bodies")
    >>> d.loc[(d["event_id"] == "bodies-2025-06-16").to_numpy(), "value"].unique().tolist()
    [1248, 1245]

    See also: `rp.analysis.reconcile.reconcile`, which compares totals.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
    c = _claims(record, since)
    c = c if kind is None else c[(c["kind"] == kind).to_numpy()]
    if c["count_low"].isna().all():
        return pd.DataFrame(columns=_DIFFERENCES).astype(
            {"reached": "bool", "date": "datetime64[s]"}
        )
    # The rule, run on one claimant at a time: the event's id carries the claimant through one call.
    own = estimate.estimate(c.assign(event_id=c["event_id"] + "|" + c["claimant_id"]))
    own = own[own["best"].notna()].copy()
    own["event_id"] = own["event_id"].str.rsplit("|", n=1).str[0].astype("str")
    about = c.drop_duplicates("claim_id").set_index("claim_id")[["qualifier", "side", "official"]]
    own = own.join(about, on="claim_id")
    best = record.estimates()[["event_id", "direction", "best", "claimant"]]
    best = best.rename(columns={"best": "reference", "claimant": "reference_claimant"})
    out = own.merge(best, on=["event_id", "direction"])
    out = out.merge(c[["event_id", "kind", "date"]].drop_duplicates(), on="event_id")
    out["difference"] = out["best"] - out["reference"]
    high = out["high"].fillna(estimate.OPEN)
    out["reached"] = ((out["low"] <= out["reference"]) & (out["reference"] <= high)).astype("bool")
    contested = out.groupby(["event_id", "direction"])["reached"].transform("min")
    out = out[~contested.to_numpy(dtype=bool)].rename(columns={"best": "value"})
    out["kind"], out["side"] = out["kind"].astype("str"), out["side"].astype("str")
    out = out[_DIFFERENCES].sort_values(
        ["date", "event_id", "direction", "side", "claimant"], ignore_index=True
    )
    out.attrs = frames.plain(
        {"as_of": record.last_day, "rule": f"{estimate.RULE} v{estimate.RULE_VERSION}"}
    )
    return out


def single_source(record: Record, since: Day = "") -> pd.DataFrame:
    """Return the handovers that rest on one publisher.

    Columns: event_id, kind, date, date_precision, publisher, tier (the best of its pages), pages,
    claimants. Cancelled handovers are left out: they rest on schedules.

    >>> set(single_source(record)["event_id"]) <= set(record.events(disputed=True)["event_id"])
    True

    See also: `both_sides`.
    """
    events = record.events(since=since, disputed=True)
    pages = record.citations()
    pages = pages[pages["event_id"].isin(events["event_id"])]
    alone = pages.groupby("event_id")["publisher"].nunique().eq(1)
    pages = pages[pages["event_id"].map(alone).to_numpy(dtype=bool)]
    pages = pages.assign(tier=pages["tier"].cat.set_categories(TIERS, ordered=True))
    per = pages.groupby("event_id").agg(
        publisher=("publisher", "first"), tier=("tier", "min"), pages=("source_id", "nunique")
    )
    claims = record.claims()[["event_id", "name"]].drop_duplicates().sort_values("name")
    claims = claims[claims["event_id"].isin(per.index)]
    names = claims.groupby("event_id")["name"].agg("; ".join)
    out = events[["event_id", "kind", "date", "date_precision"]].join(
        per, on="event_id", how="inner"
    )
    return out.assign(
        claimants=out["event_id"].map(names), kind=out["kind"].astype("str")
    ).reset_index(drop=True)
