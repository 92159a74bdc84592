"""What else is on record besides events and claims: totals, pledges, plans, context, and the pages that say so."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from repatria.record.guard import checked
from repatria.record.schema import MENTIONED

__all__ = ["Statements"]


def __dir__() -> list[str]:
    return __all__


@checked
class Statements:
    """The part of a `Record` that hands these out."""

    tables: Mapping[str, pd.DataFrame]

    def _stated(self, name: str) -> pd.DataFrame:
        t = self.tables
        column = MENTIONED[name]
        pages = t["mentions"].merge(
            t["sources"][["source_id", "published_on", "publisher"]], on="source_id"
        )
        per = pages.groupby("row_id").agg(
            known_on=("published_on", "min"),
            citations=("source_id", "size"),
            publishers=("publisher", "nunique"),
        )
        out = t[name].merge(t["claimants"], on="claimant_id", how="left").join(per, on=column)
        return out.reset_index(drop=True)

    def totals(self) -> pd.DataFrame:
        """Return running totals with claimant, known_on and number of pages, oldest first.

        >>> record.totals()["as_of"].is_monotonic_increasing
        True
        """
        return self._stated("totals").sort_values(["as_of", "total_id"], ignore_index=True)

    def pledges(self) -> pd.DataFrame:
        """Return pledges with claimant, known_on and number of pages.

        >>> "istanbul-2025-06-02" in set(record.pledges()["agreement_id"])
        True
        """
        return self._stated("pledges").sort_values(["agreement_id", "pledge_id"], ignore_index=True)

    def links(self) -> pd.DataFrame:
        """Return who ties which handover to which agreement: stance belongs, denies or possible.

        >>> set(record.links()["stance"]) == {"belongs", "denies", "possible"}
        True
        """
        order = ["agreement_id", "event_id", "stance", "link_id"]
        return self._stated("links").sort_values(order, ignore_index=True)

    def schedules(self) -> pd.DataFrame:
        """Return statements about timing with claimant, known_on and number of pages.

        >>> "postponed" in set(record.schedules()["statement"])
        True
        """
        return self._stated("schedules").sort_values(
            ["planned_for", "known_on", "schedule_id"], ignore_index=True
        )

    def context(self, series: str | None = None) -> pd.DataFrame:
        """Return context figures with claimant, known_on and number of pages, oldest first.

        >>> record.context("acknowledged_dead_ukraine")["count_low"].min() > 0
        np.True_
        """
        c = self._stated("context")
        if series is not None:
            c = c[c["series"] == series]
        return c.sort_values(["series", "as_of", "context_id"], ignore_index=True)

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
