"""Which handover belongs to which agreement: who says so, who denies it.

The part of `pledges` that reads links; `pledges` shows all that is public here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from repatria.record.view import Record

__all__ = ["READINGS", "links"]

# Which handovers count as deliveries, each reading with all of the one before: those under the
# agreement by the record's own reading, those that any claimant ties to it, those that fit it.
READINGS = ("record", "tied", "possible")


def links(record: Record) -> pd.DataFrame:
    """Return every handover that anybody ties to an agreement, or whose tie somebody denies.

    One row per agreement and event: agreement_id, event_id, kind, date, status, tied_by and
    denied_by (tuples of names), leading (the record's own reading), reading (of `READINGS`, the
    first that takes it; "" where it is only denied), disputed (of this event a tie is denied, or it
    is tied to two agreements), notes.

    >>> then = links(record).set_index(["agreement_id", "event_id"])
    >>> bool(then.loc[("istanbul-2025", "bodies-2025-07-17"), "disputed"])
    True

    See also: `deliveries`.
    """
    return _links(record).copy()


@lru_cache(maxsize=8)
def _links(record: Record) -> pd.DataFrame:
    rows = record.links().astype({"stance": "str"})
    events = record.events(cancelled=True, disputed=True)
    known = events[["event_id", "kind", "date", "status", "agreement_id"]]
    leads = known[(known["agreement_id"] != "").to_numpy()]
    pairs = pd.concat([rows, leads])[["agreement_id", "event_id"]].drop_duplicates()
    out = pairs.merge(known.rename(columns={"agreement_id": "_own"}), on="event_id")
    key = ["agreement_id", "event_id"]
    for column, stance in (("tied_by", "belongs"), ("denied_by", "denies")):
        said = rows[(rows["stance"] == stance).to_numpy()].groupby(key)["name"].agg(tuple)
        out = out.merge(said.rename(column), on=key, how="left")
        out[column] = [v if isinstance(v, tuple) else () for v in out[column]]
    notes = rows[(rows["note"] != "").to_numpy()].groupby(key)["note"]
    out = out.merge(
        notes.agg(lambda n: tuple(dict.fromkeys(n))).rename("notes"), on=key, how="left"
    )
    out["notes"] = [v if isinstance(v, tuple) else () for v in out["notes"]]
    open_ = rows[(rows["stance"] == "possible").to_numpy()].set_index(key).index
    out["leading"] = (out["agreement_id"] == out["_own"]).to_numpy()
    fits = pd.MultiIndex.from_frame(out[key]).isin(open_)
    tied = out["tied_by"].map(len).to_numpy() > 0
    out["reading"] = np.select([out["leading"], tied, fits], READINGS, "")
    out["disputed"] = out["event_id"].isin(_disputed(record, out)).to_numpy()
    return out.drop(columns="_own").sort_values([*key[:1], "date", "event_id"], ignore_index=True)


def _disputed(record: Record, pairs: pd.DataFrame) -> set[str]:
    """Return the events of which a tie is denied, or which are tied to two agreements.

    Talks held in rounds share their first word ("istanbul"); what names them without the round has
    no day and no promise, and contradicts none of its rounds.
    """
    agreements = record.agreements()
    dated = agreements.loc[agreements["agreed_on"].notna().to_numpy(), "agreement_id"]
    one = set(dated) | set(record.pledges()["agreement_id"])
    out = set(pairs.loc[pairs["denied_by"].map(len).to_numpy() > 0, "event_id"])
    tied: dict[str, set[str]] = {}
    read = ["event_id", "tied_by", "agreement_id"]
    for event, by, agreement in pairs[read].itertuples(index=False, name=None):
        tied.setdefault(event, set()).update([agreement] * bool(by))
    for event, ids in tied.items():
        if len(one & ids) > 1 or len({i.partition("-")[0] for i in ids}) > 1:
            out.add(event)
    return out
