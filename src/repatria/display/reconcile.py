"""Sums of events against official totals, in sentences and tables for readers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from repatria.analysis.reconcile import FITS, UNCOMPARED, UNSTATED, steps
from repatria.display.table import Table
from repatria.display.words import Prose, number, plural, span
from repatria.record import names
from repatria.record.checks import Problem
from repatria.record.view import Record


def _month_or_day(when: pd.Timestamp, precision: str) -> str:
    return {"day": f"{when:%Y-%m-%d}", "month": f"{when:%Y-%m}", "year": f"{when:%Y}"}[precision]


def _what(row: pd.Series) -> str:
    base = f", {row['scope'].replace('_', ' ')}" if row["scope"] else ""
    return f"{row['kind']} {names.SIDES.get(row['direction'], 'both ways together')}{base}"


def summary(reconciled: pd.DataFrame) -> Prose:
    """Return in sentences how many totals were compared, how they came out and why the others were not."""
    if reconciled.empty:
        return Prose("No running total is known in this view.")
    compared = reconciled[reconciled["sum"].notna()]
    said = compared["verdict"]
    stated = compared["fitted_since"].isna()
    parts = [
        f"{int(said.str.startswith('exact').sum())} come out exact ({int((said.str.startswith('exact') & ~stated).sum())} "
        "of them on a start that only arithmetic suggests)",
        f"{int((said == 'consistent').sum())} are vaguely worded and consistent",
        f"in {int(said.str.startswith('short').sum())} the events fall short",
        f"in {int(said.str.startswith('over').sum())} they exceed the total",
    ]
    if between := int((said == "between possible sums").sum()):
        parts.append(f"{between} lie between possible sums")
    why = reconciled.loc[reconciled["verdict"] == UNCOMPARED, "reason"]
    exchanges = int(why.str.startswith("counts exchanges").sum())
    return Prose(
        f"Of {plural(len(reconciled), 'published running total')}, {len(compared)} can be set against the events: "
        f"{'; '.join(parts)}. {int((reconciled['verdict'] == UNSTATED).sum())} state no window and fit no standard one; "
        f"{exchanges} count exchanges, not people; {len(why) - exchanges} have a base narrower than the record can sum. "
        "A residual is a finding (missing events, another base), not an error to be tuned away."
    )


def table(reconciled: pd.DataFrame) -> Table:
    """Return the compared totals as readers see them, newest first; one row where several claimants say the same."""
    r = reconciled[reconciled["sum"].notna()]
    r = r.assign(
        what=[_what(row) for _, row in r.iterrows()],
        until=[_month_or_day(w, p) for w, p in zip(r["as_of"], r["as_of_precision"], strict=True)],
        start=[
            f"{since:%Y-%m-%d}" if pd.notna(since) else f"{fitted:%Y-%m-%d} (fits)"
            for since, fitted in zip(r["since"], r["fitted_since"], strict=True)
        ],
        total=[
            f"{str(q).replace('_', ' ')} {number(c)}".removeprefix("exact ")
            for q, c in zip(r["qualifier"], r["count"], strict=True)
        ],
        added=[span(low, high) for low, high in zip(r["sum"], r["sum_high"], strict=True)],
    )
    same = ["as_of", "what", "until", "start", "total", "lens", "added", "events_in", "events_unknown", "verdict",
            "best_verdict", "reason"]  # fmt: skip
    rows = r.groupby(same, observed=True, sort=False, dropna=False).agg(
        by=("claimant", lambda c: "; ".join(sorted(set(c))))
    )
    rows = rows.reset_index().sort_values(["as_of", "what", "by"], ascending=[False, True, True], ignore_index=True)
    shown = pd.DataFrame(
        {
            "as of": rows["until"], "since": rows["start"], "what": rows["what"], "said by": rows["by"],
            "total": rows["total"], "sum of events": rows["added"], "events": rows["events_in"],
            "without a size": rows["events_unknown"], "result": rows["verdict"],
            "result, best": rows["best_verdict"].where(rows["best_verdict"] != rows["verdict"], "the same"),
            "what may lie behind it": rows["reason"],
        }
    )  # fmt: skip
    return Table(
        "totals",
        "Running totals against the events in their window, newest first",
        shown,
        notes=[
            "result: the events as the claimant's own side counts them; best: by the receiver-first rule.",
            "short by n: the events add up to n less than the total. (fits): a start no page prints.",
        ],
    )


def gaps(stepped: pd.DataFrame) -> Table:
    """Return the steps between consecutive totals that the events between them do not explain, as readers see them."""
    s = stepped[~stepped["verdict"].str.startswith(FITS)] if len(stepped) else stepped
    ends = {
        end: [_month_or_day(w, p) for w, p in zip(s[f"{end}_day"], s[f"{end}_precision"], strict=True)]
        for end in ("from", "to")
    }
    shown = pd.DataFrame(
        {
            "after": ends["from"], "through": ends["to"], "what": [_what(row) for _, row in s.iterrows()],
            "totals of": s["side"].astype("str"), "from": s["from_count"], "to": s["to_count"], "step": s["step"],
            "events between": [span(low, high) for low, high in zip(s["sum"], s["sum_high"], strict=True)],
            "without a size": s["events_unknown"], "result": s["verdict"], "result, best": s["best_verdict"],
            "rival figures": np.where(s["alternative"], "yes", ""),
        }
    )  # fmt: skip
    return Table(
        "gaps",
        "Steps between consecutive totals that the events between them do not explain",
        shown.sort_values(["what", "totals of", "after"], ignore_index=True),
        notes=["rival figures: the side published two totals for one of the days; each pair is a row."],
    )


def unresolved(record: Record) -> list[Problem]:
    """Return a warning per kind, direction and side whose totals the events do not meet, with how many and how far.

    Steps between two totals of a side are used, not whole windows: one missing event is then counted once.
    """
    s = steps(record)
    s = s[s["residual"].notna()]
    open_ = s["verdict"].str.startswith(("short by", "over by"))
    found = []
    for (kind, direction, side), rows in s.groupby(["kind", "direction", "side"], observed=True, sort=True):
        left = rows[open_.loc[rows.index]]
        if left.empty:
            continue
        reason = (
            f"{kind} {names.SIDES.get(direction, 'both ways')}, totals of side {side}: {len(left)} of {len(rows)} steps "
            f"between totals are not met by their events ({left['residual'].min():+d} to {left['residual'].max():+d}); "
            "see docs/gaps.md"
        )
        found.append(Problem("totals.csv", 0, "count", reason, "warning"))
    return found
