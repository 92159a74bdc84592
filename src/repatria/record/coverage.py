"""What was searched: the days of a window by how well they were read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["LEVELS", "STRETCH", "Ground", "stretches"]

LEVELS = {"unread": 0, "thin": 1, "dense": 2}
STRETCH = ("kind", "side", "read_from", "read_through", "density")


class Ground(list[dict[str, Any]]):
    """The stretches that a frame carries in its `attrs`, each with the fields of `STRETCH`; not to be changed.

    pandas copies `attrs` deeply at every step, which cost a report a seventh of its time: these copy as themselves.

    >>> from copy import deepcopy
    >>> ground = Ground([{"kind": "bodies"}])
    >>> deepcopy(ground) is ground
    True
    """

    def __deepcopy__(self, memo: object) -> Ground:
        return self


def stretches(
    coverage: Iterable[dict[str, Any]],
    kind: str | None,
    since: pd.Timestamp,
    until: pd.Timestamp,
) -> list[tuple[pd.Timestamp, pd.Timestamp, str]]:
    """Split the days from `since` to `until` by how well they were searched, for the side read
    least.

    `coverage` holds dictionaries with kind, side, read_from, read_through, density, as
    `record.events(...).attrs["coverage"]` does. Returns consecutive (start, end, density) triples;
    density is dense, thin or unread. Without a `kind`, the least read of bodies and prisoners
    counts.

    >>> since, until = pd.Timestamp("2025-06-01"), pd.Timestamp("2025-06-30")
    >>> [density for _, _, density in stretches([], "bodies", since, until)]
    ['unread']
    """
    days = pd.date_range(since.normalize(), until.normalize(), freq="D")
    if days.empty:
        return []
    rows = [c for c in coverage if kind is None or c["kind"] == kind]
    kinds = {c["kind"] for c in rows if kind is not None or c["kind"] != "civilians"} or {""}
    worst = np.full(len(days), max(LEVELS.values()))
    for k in kinds:
        for side in ("ukraine", "russia"):
            best = np.zeros(len(days), dtype=int)
            for c in rows:
                if c["kind"] == k and c["side"] == side:
                    inside = (days >= c["read_from"]) & (days <= c["read_through"])
                    best = np.where(inside, np.maximum(best, LEVELS[str(c["density"])]), best)
            worst = np.minimum(worst, best)
    names = {level: name for name, level in LEVELS.items()}
    out = []
    for block in np.split(np.arange(len(days)), np.flatnonzero(np.diff(worst)) + 1):
        end = min(days[block[-1]] + pd.Timedelta(days=1), days[-1])
        out.append((days[block[0]], end, names[int(worst[block[0]])]))
    return out
