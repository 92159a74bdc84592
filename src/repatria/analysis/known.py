"""What a forecaster knew on a day: handovers and sizes as the pages of that day carry them.

Part of the question `forecast`, which shows all that is public here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from repatria.analysis.models import Known
from repatria.analysis.units import Window, handovers, prepared, window
from repatria.record import rule as estimate
from repatria.record.schema import DIRECTIONS
from repatria.record.view import Record

__all__ = ["STAGE", "known", "known_on"]

STAGE = 7  # days from its last handover until which a deal may go on; docs/method-forecast.md


def _known(
    w: Window | None, start: np.ndarray, end: np.ndarray, sizes: dict[str, np.ndarray], unit: str
) -> Known | None:
    """Return what handovers (days, oldest first; a size that is not known is NaN) tell."""
    if w is None or not len(start):
        return None
    last = np.datetime64(w.through) - np.timedelta64(STAGE, "D")
    open_ = (end > last) & (unit == "deal")
    known = {d: np.isfinite(s) for d, s in sizes.items()}
    return Known(
        w.through,
        w.days,
        np.sort((start - np.datetime64(w.first)) // np.timedelta64(1, "D")).astype("int64"),
        {d: s[known[d] & ~open_].astype("int64") for d, s in sizes.items()},
        {d: s[known[d] & open_].astype("int64") for d, s in sizes.items()},
        0 if w.dense_from is None else (w.through - w.dense_from).days + 1,
    )


def known(
    record: Record, kind: str = "prisoners", unit: str = "deal", lens: str = "best"
) -> Known | None:
    """Return what a (past view of a) record tells a forecaster.

    A deal that may go on (its last handover less than STAGE days ago) has begun but has no size yet.
    None if no day was read or nothing came. Raises ValueError for an unknown kind, unit or lens.

    >>> june = known(record.as_of("2025-06-14", coverage="today"), "bodies")
    >>> june.running["to_ukraine"].tolist(), int(june.sizes["to_ukraine"].max()) < 3612
    ([3612], True)
    """
    h = handovers(record, kind, unit, lens=lens)
    h = h[h["counted"]]
    sizes = {
        d: h[d].astype("float64").where(h[f"{d}_unknown"] == 0).to_numpy("float64")
        for d in DIRECTIONS
    }
    start, end = (h[c].to_numpy("datetime64[s]") for c in ("start", "end"))
    return _known(window(record, kind), start, end, sizes, unit)


@lru_cache(maxsize=2)
def _estimates(
    record: Record, lens: str, days: tuple[pd.Timestamp, ...]
) -> tuple[pd.Index, np.ndarray]:
    """Return events and the best count of each [event, day, direction] from pages dated by then.

    One call of the rule for all `days`, which are in order: an event is estimated again on those
    days only by which new pages speak of it. NaN: no count.
    """
    pages = record.citations()
    pages = pages[pages["published_on"] <= days[-1]]
    at = np.searchsorted(pd.DatetimeIndex(days), pages["published_on"].to_numpy())
    pages = pages[["event_id", "claim_id", "publisher", "tier"]].assign(since=at)
    pages = pages[pages["event_id"].notna()]
    states = pages[["event_id", "since"]].drop_duplicates().rename(columns={"since": "at"})
    pages = states.merge(pages, on="event_id").query("since <= at")
    pages = pages.assign(poor=pages["tier"] == "aggregator")
    per = pages.groupby(["at", "claim_id"]).agg(
        poor=("poor", "min"), publishers=("publisher", "nunique")
    )
    claims = record.claims().drop(columns=["poor", "publishers"])
    claims = claims.merge(per.reset_index(), on="claim_id")
    claims["event_id"] = claims["at"].astype("str").str.cat(claims["event_id"], sep="|")
    best = estimate.estimate(claims.astype({"poor": "bool", "publishers": "Int64"}), lens)
    key = best["event_id"].str.split("|", n=1, expand=True)
    found, row = np.unique(key[1].to_numpy(dtype=object), return_inverse=True)
    out = np.full((len(found), len(days), len(DIRECTIONS)), np.nan)
    way = pd.Index(DIRECTIONS).get_indexer(best["direction"])
    # An event's later estimate holds until the next: written over, oldest first.
    counts = best["best"].astype("float64").to_numpy("float64", na_value=np.nan)
    since = key[0].astype(int).to_numpy()
    for i in np.argsort(since, kind="stable"):
        out[row[i], since[i] :, way[i]] = counts[i]
    return pd.Index(found), out


def known_on(
    record: Record,
    days: Sequence[pd.Timestamp],
    kind: str = "prisoners",
    unit: str = "deal",
    lens: str = "best",
) -> dict[pd.Timestamp, Known]:
    """Return `known` of the past view of every day on which that says anything, much faster.

    An event is in a past view from the first dated page of its first claim on; its estimate is made
    from the claims and pages dated by then. That this equals the view itself is tested.

    >>> day = pd.Timestamp("2025-06-30")
    >>> one, other = known_on(record, [day])[day], known(record.as_of(day, coverage="today"))
    >>> bool((one.starts == other.starts).all())
    True
    """
    days = tuple(sorted(days))
    e, _ = prepared(record, kind, lens, disputed=False)
    if not days or e.empty:
        return {}
    middle = e["earliest"] + (e["latest"] - e["earliest"]) // 2 // pd.Timedelta(
        "1D"
    ) * pd.Timedelta("1D")
    group = pd.factorize(e["deal_id"] if unit == "deal" else middle)[0]
    order = np.lexsort((e["event_id"].to_numpy(dtype=object), middle.to_numpy(), group))
    group, date = group[order], middle.to_numpy("datetime64[s]")[order]
    first, seen = (e[c].to_numpy("datetime64[s]")[order] for c in ("date", "known_on"))
    ids, best = _estimates(record, lens, days)
    row = ids.get_indexer(e["event_id"].to_numpy(dtype=object)[order])
    found = {}
    for i, d in enumerate(days):
        w = window(record, kind, until=d)
        if w is None:
            continue
        now, (begin, end) = np.datetime64(d), (np.datetime64(x) for x in (w.first, w.through))
        at = np.flatnonzero((first <= now) & (seen <= now) & (date >= begin) & (date <= end))
        if not at.size:
            continue
        new = np.flatnonzero(np.diff(group[at], prepend=-1))
        start, last = date[at][new], date[at][np.append(new, at.size)[1:] - 1]
        counts = np.where((row[at] >= 0)[:, None], best[row[at], i], np.nan)
        sizes = np.add.reduceat(counts, new)
        by = np.argsort(start, kind="stable")
        k = _known(w, start[by], last[by], dict(zip(DIRECTIONS, sizes[by].T, strict=True)), unit)
        if k is not None:
            found[d] = k
    return found
