"""How lopsided: the share of all handed over that went to Russia, with what is and is not in it.

The measure is `share = to_russia / (to_russia + to_ukraine)`, in [0, 1] and defined at zero; "n to 1" is a
reading of it. Nothing is filled: an event enters a share only if both directions have a count.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from repatria.schema import DIRECTIONS


@dataclass(frozen=True)
class Share:
    """A share over events. `share` is missing where no event has a count in both directions."""

    share: float | None
    to_ukraine: int
    to_russia: int
    events_in: int
    events_out: int

    @property
    def reading(self) -> str:
        """The share as "n to 1, to Ukraine over to Russia"."""
        if self.share is None:
            return "no handover with a figure in both directions"
        if self.to_russia == 0 or self.to_ukraine == 0:
            return f"{self.to_ukraine:,} to {self.to_russia:,}, to Ukraine over to Russia"
        ratio = self.to_ukraine / self.to_russia
        text = f"{ratio:,.1f} to 1" if ratio >= 1 else f"1 to {1 / ratio:,.1f}"
        return f"{text}, to Ukraine over to Russia"


def sums(events: pd.DataFrame) -> pd.DataFrame:
    """Return, per direction, the sum of known counts and what it leaves out.

    Columns: direction, persons, low, high (sums over the known), known (events in the sum) and unknown,
    of which zero, withheld, not_reported, not_applicable by absence (zero is known). An open upper end
    counts as the best figure in `high` and is counted in `open_ended`.
    """
    rows = []
    for direction in DIRECTIONS:
        known = events[events[direction].notna()]
        absence = events[f"{direction}_absence"].astype("object").value_counts()
        high = known[f"{direction}_high"]
        rows.append(
            {
                "direction": direction,
                "persons": int(known[direction].sum()),
                "low": int(known[f"{direction}_low"].sum()),
                "high": int(high.fillna(known[direction]).sum()),
                "known": len(known),
                "unknown": len(events) - len(known),
                "open_ended": int(high.isna().sum()),
                **{a: int(absence.get(a, 0)) for a in ("zero", "withheld", "not_reported", "not_applicable")},
            }
        )
    return pd.DataFrame(rows)


def share(events: pd.DataFrame) -> Share:
    """Return the share over the events that have a count in both directions, and how many do not."""
    both = events[events["to_ukraine"].notna() & events["to_russia"].notna()]
    to_ukraine, to_russia = int(both["to_ukraine"].sum()), int(both["to_russia"].sum())
    persons = to_ukraine + to_russia
    return Share(
        to_russia / persons if persons else None, to_ukraine, to_russia, len(both), len(events) - len(both)
    )  # fmt: skip
