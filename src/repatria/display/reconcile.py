"""Sums of events against official totals, in sentences and tables for readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from repatria.analysis.reconcile import FITS, MEASURES, missing, steps
from repatria.display.table import Table
from repatria.display.words import SCOPE_WORDS, Prose, number, say, span
from repatria.record import names
from repatria.record.checks import Problem
from repatria.record.view import Day, Record

__all__ = ["gaps", "missing_table", "reasons", "summary", "table", "unresolved", "verdict_words"]

_DAYS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


def _days(when: pd.Series, precision: pd.Series) -> list[str]:
    """Return days as far as they are known."""
    return [w.strftime(_DAYS[p]) for w, p in zip(when, precision, strict=True)]


def _base(scope: str) -> str:
    return SCOPE_WORDS.get(scope, scope.replace("_", " "))


def _what(kind: str, direction: str, measure: str, *scopes: str) -> str:
    """Return what a total counts: kind, direction, its base, and whether it numbers handovers."""
    way = names.SIDES.get(direction, "" if measure == "handovers" else "both ways together")
    parts = [f"{kind} {way}".rstrip()]
    if any(scopes):
        parts.append(" to ".join(_base(s) for s in dict.fromkeys(scopes)))
    return ", ".join([*parts, "number of handovers"] if measure == "handovers" else parts)


def verdict_words(said: str, low: object, high: object, measure: str = "persons") -> str:
    """Return a verdict in words; the arguments as `reconcile` has them.

    >>> verdict_words("short", 10, 30), verdict_words("over", 1, 1, "handovers")
    ('short by 10–30', 'over by 1 handover')
    """
    return str(say("reconcile/verdict", said=said, low=low, high=high, measure=measure))


def _verdicts(frame: pd.DataFrame, prefix: str = "") -> list[str]:
    columns = [f"{prefix}verdict", f"{prefix}off_low", f"{prefix}off_high", "measure"]
    return [verdict_words(*row) for row in frame[columns].itertuples(index=False, name=None)]


def reasons(row: Any) -> str:
    """Return what may lie behind a row of `reconcile`, or why it is not compared."""
    fits, compared = row.verdict in FITS, pd.notna(row.sum)
    tried = [
        (t["since"], verdict_words(t["said"], t["off_low"], t["off_high"], row.measure))
        for t in row.tried
    ]
    said = say(
        "reconcile/reasons",
        window=row.window,
        scope=row.scope.replace("_", " "),
        tried=tried,
        fits=[t["since"] for t in row.tried if t["said"] in FITS],
        deals=row.deals_in if row.verdict == "over" and row.measure == "handovers" else None,
        events=row.events_in,
        residual=compared and not fits,
        unknown=row.events_unknown,
        disputed=row.events_disputed,
        maybe=row.events_maybe,
        open=not fits and row.verdict != "not_compared",
        rivals=row.rivals,
        thin=row.thin,
        dense_from=row.dense_from if pd.notna(row.dense_from) else None,
    )
    return "; ".join(said.split("\n\n"))


def _results(rows: pd.DataFrame) -> dict[str, int]:
    """Return how the totals of one measure came out."""
    said = rows["verdict"]
    exact = said.str.startswith("exact")
    return {
        "totals": len(rows),
        "compared": int(rows["sum"].notna().sum()),
        "exact": int(exact.sum()),
        "fitted": int((exact & rows["fitted_since"].notna()).sum()),
        **{v: int((said == v).sum()) for v in ("consistent", "short", "over", "between")},
        "not_stated": int((said == "not_stated").sum()),
        "narrower": int((said == "not_compared").sum()),
    }


def summary(reconciled: pd.DataFrame) -> Prose:
    """Return in sentences how many totals were compared and how they came out."""
    results = {m: _results(reconciled[(reconciled["measure"] == m).to_numpy()]) for m in MEASURES}
    return say("reconcile/summary", totals=len(reconciled), **results)


def table(reconciled: pd.DataFrame, record: Record) -> Table:
    """Return the compared totals of a record as readers see them, newest first, each with a page.

    One row where several claimants say the same.
    """
    r = reconciled[reconciled["sum"].notna()]
    starts = zip(r["since"], r["fitted_since"], strict=True)
    totals = zip(r["qualifier"], r["count"], strict=True)
    same = pd.DataFrame(
        {
            "day": r["as_of"],
            "as of": _days(r["as_of"], r["as_of_precision"]),
            "since": [
                f"{s:%Y-%m-%d}" if pd.notna(s) else f"{f:%Y-%m-%d} (fits)" for s, f in starts
            ],
            "what": [
                _what(*row)
                for row in r[["kind", "direction", "measure", "scope"]].itertuples(index=False)
            ],
            "total": [
                f"{str(q).replace('_', ' ')} {number(c)}".removeprefix("exact ") for q, c in totals
            ],
            "lens": r["lens"],
            "sum of events": [span(a, b) for a, b in zip(r["sum"], r["sum_high"], strict=True)],
            "events": r["events_in"],
            "without a size": r["events_unknown"],
            "result": _verdicts(r),
            "result, best": _verdicts(r, "best_"),
            "what may lie behind it": [reasons(row) for row in r.itertuples(index=False)],
        }
    )
    own = {"claimant": r["claimant"], "page": r["total_id"].map(_pages(record)).fillna("")}
    said = same.assign(**own).groupby(list(same), sort=False, dropna=False)
    rows = said.agg(
        **{"said by": ("claimant", lambda c: "; ".join(sorted(set(c)))), "page": ("page", "max")}
    ).reset_index()
    rows = rows.sort_values(
        ["day", "what", "said by"], ascending=[False, True, True], ignore_index=True
    )
    best = rows["result, best"]
    shown = rows.assign(**{"result, best": best.where(best != rows["result"], "the same")})
    return Table(
        "totals",
        "Running totals against the events in their window, newest first",
        shown[_order(shown, "as of", "since", "what", "said by", "total", "sum of events")],
        notes=[
            say("reconcile/result_note"),
            say("reconcile/short_note"),
            *_numbered(r),
        ],
        pages={"total": "page"},
    )


def _pages(record: Record) -> pd.Series:
    """Return the address of the newest page that carries a row of totals, by its id."""
    m = record.tables["mentions"].merge(record.tables["sources"], on="source_id")
    m = m[(m["url"] != "").to_numpy()].sort_values("published_on", na_position="first")
    return m.drop_duplicates("row_id", keep="last").set_index("row_id")["url"]


def _order(frame: pd.DataFrame, *first: str) -> list[str]:
    rest = [c for c in frame if c not in first and c not in ("day", "lens")]
    return [*first, *rest]


def _numbered(rows: pd.DataFrame) -> Sequence[str]:
    """Return the note on numbers of handovers, where rows have them."""
    numbered = (rows["measure"] == "handovers").any()
    return [say("reconcile/handovers_note")] if numbered else []


def gaps(stepped: pd.DataFrame) -> Table:
    """Return the steps between consecutive totals that the events between them do not explain."""
    s = stepped[~stepped["verdict"].isin(FITS)]
    counted = ["kind", "direction", "measure", "from_scope", "to_scope"]
    shown = pd.DataFrame(
        {
            "after": _days(s["from_day"], s["from_precision"]),
            "through": _days(s["to_day"], s["to_precision"]),
            "what": [_what(*row) for row in s[counted].itertuples(index=False)],
            "totals of": s["side"].astype("str"),
            "from": s["from_count"],
            "to": s["to_count"],
            "step": s["step"],
            "events between": [span(a, b) for a, b in zip(s["sum"], s["sum_high"], strict=True)],
            "without a size": s["events_unknown"],
            "result": _verdicts(s),
            "result, best": _verdicts(s, "best_"),
            "rival figures": np.where(s["alternative"], "yes", ""),
        }
    )
    return Table(
        "gaps",
        "Steps between consecutive totals that the events between them do not explain",
        shown.sort_values(["what", "totals of", "after"], ignore_index=True),
        notes=[
            "rival figures: the side published two totals for one of the days; each pair is a row.",
            *_numbered(s),
        ],
    )


def missing_table(record: Record, since: Day = "") -> Table:
    """Return how many handovers are missing beside how many persons, newest first.

    One row where several claimants say the same; pairs of which nothing is missing are left out.
    """
    m = missing(record, since)
    m = m[((m["persons_high"] > 0) | (m["handovers_high"] > 0)).to_numpy(dtype=bool)]
    ends = {k: zip(m[f"{k}_low"], m[f"{k}_high"], strict=True) for k in MEASURES}
    same = pd.DataFrame(
        {
            "day": m["as_of"],
            "as of": _days(m["as_of"], m["as_of_precision"]),
            "counted from": m["start"],
            "what": [
                _what(*row, "persons") for row in m[["kind", "direction"]].itertuples(index=False)
            ],
            "handovers: total": m["handovers_count"],
            "handovers: missing": [span(*pair) for pair in ends["handovers"]],
            "persons: total": m["persons_count"],
            "persons: missing": [span(*pair) for pair in ends["persons"]],
        }
    )
    said = same.assign(claimant=m["claimant"]).groupby(list(same), sort=False)
    rows = said.agg(**{"said by": ("claimant", lambda c: "; ".join(sorted(set(c))))}).reset_index()
    rows = rows.sort_values(["day", "what"], ascending=[False, True], ignore_index=True)
    pairs = {k: [f"{k}: total", f"{k}: missing"] for k in ("handovers", "persons")}
    return Table(
        "missing",
        "How many handovers are missing beside how many persons, newest first",
        rows[_order(rows, "as of", "counted from", "what", "said by")],
        notes=[say("reconcile/missing_note"), say("reconcile/handovers_note")],
        spanners=pairs,
    )


def unresolved(record: Record) -> list[Problem]:
    """Return a warning per series of totals that the events do not meet: how many, and how far.

    Steps between two totals of a side are used, not whole windows: one missing event is then
    counted once.
    """
    s = steps(record)
    s = s[s["residual"].notna()]
    unmet = s["verdict"].isin(["short", "over"])
    found = []
    series = s.groupby(["kind", "measure", "direction", "side"], observed=True, sort=True)
    for (kind, measure, direction, side), rows in series:
        left = rows.loc[unmet[rows.index], "residual"]
        if left.empty:
            continue
        what = f"{kind} {names.SIDES.get(direction, 'both ways')}"
        reason = say(
            "reconcile/unresolved",
            what=what if measure == "persons" else f"{what}, number of handovers",
            side=side,
            open=len(left),
            steps=len(rows),
            least=int(left.min()),
            most=int(left.max()),
        )
        found.append(Problem("totals.csv", 0, "count", str(reason), "warning"))
    return found
