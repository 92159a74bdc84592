"""What else is on record besides events and claims: totals, pledges, plans, context, and the pages that say so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import pandas as pd

from repatria.record import frames
from repatria.record.guard import checked
from repatria.record.schema import MENTIONED

__all__ = ["Statements"]


@checked
class Statements:
    """The part of a `Record` that hands these out."""

    tables: Mapping[str, pd.DataFrame]

    @cached_property
    def _made(self) -> dict[object, pd.DataFrame]:
        """Frames joined or chosen once. Not to be changed."""
        return {}

    @cached_property
    def _mentions(self) -> pd.DataFrame:
        return frames.mentions(self.tables)

    def _stated(self, name: str, *order: str) -> pd.DataFrame:
        """Return a table with its claimants and what its pages say together; joined once."""
        if name not in self._made:
            out = self.tables[name].merge(self.tables["claimants"], on="claimant_id", how="left")
            out = out.join(self._mentions, on=MENTIONED[name])
            self._made[name] = out.sort_values(list(order), ignore_index=True)
        return self._made[name].copy()

    def totals(self) -> pd.DataFrame:
        """Return running totals with claimant, known_on and number of pages, oldest first.

        >>> record.totals()["as_of"].is_monotonic_increasing
        True
        """
        return self._stated("totals", "as_of", "total_id")

    def pledges(self) -> pd.DataFrame:
        """Return pledges with claimant, known_on and number of pages.

        >>> "istanbul-2025-06-02" in set(record.pledges()["agreement_id"])
        True
        """
        return self._stated("pledges", "agreement_id", "pledge_id")

    def links(self) -> pd.DataFrame:
        """Return who ties which handover to which agreement: stance belongs, denies or possible.

        >>> set(record.links()["stance"]) == {"belongs", "denies", "possible"}
        True
        """
        return self._stated("links", "agreement_id", "event_id", "stance", "link_id")

    def schedules(self) -> pd.DataFrame:
        """Return statements about timing with claimant, known_on and number of pages.

        >>> "postponed" in set(record.schedules()["statement"])
        True
        """
        return self._stated("schedules", "planned_for", "known_on", "schedule_id")

    def context(self, series: str | None = None) -> pd.DataFrame:
        """Return context figures with claimant, known_on and number of pages, oldest first.

        >>> record.context("acknowledged_dead_ukraine")["count_low"].min() > 0
        np.True_
        """
        c = self._stated("context", "series", "as_of", "context_id")
        return c if series is None else c[c["series"] == series].reset_index(drop=True)

    def pages(self, row_id: str) -> pd.DataFrame:
        """Return the pages carrying a row of totals, pledges, links, schedules or context.

        >>> len(record.pages("total-0001")) > 0
        True
        """
        m = self.tables["mentions"]
        m = m[m["row_id"] == row_id].merge(self.tables["sources"], on="source_id")
        return m.reset_index(drop=True)

    def agreements(self) -> pd.DataFrame:
        """Return agreements, oldest first.

        >>> record.agreements()["agreement_id"].is_unique
        True
        """
        return self.tables["agreements"].sort_values(
            ["agreed_on", "agreement_id"], ignore_index=True
        )
