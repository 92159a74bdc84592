"""Cadence as the reader sees it: sentences (templates in `en/cadence/`) and tables of computed
numbers.

Every function takes what `repatria.analysis.cadence` returned, as many frames as are to be told of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from repatria.analysis import cadence
from repatria.display.table import Table
from repatria.display.words import WORDS, Prose, say
from repatria.record import frames, names

__all__ = [
    "budget_table",
    "dating_table",
    "listed",
    "overview",
    "present",
    "rates_table",
    "regime_statement",
    "regularities",
    "with_range",
]

READING = {"thin": "thinly read", "dense": "densely read"}
VARIANTS = WORDS["variant"]
TESTS = WORDS["test"]


def with_range(
    value: float | None, low: float | None, high: float | None, *, form: str = "{:.2f}"
) -> str:
    """Return a number with its range; an unknown end is an ellipsis, an unknown number is words.

    >>> with_range(10, 8, 15, form="{:.0f}"), with_range(10, 8, None), with_range(None, 1, 2)
    ('10 (8 to 15)', '10.00 (8.00 to …)', 'not known')
    """
    if value is None or pd.isna(value):
        return "not known"
    ends = ["…" if v is None or pd.isna(v) else form.format(v) for v in (low, high)]
    shown = form.format(value)
    return f"{shown} ({ends[0]} to {ends[1]})" if ends != ["…", "…"] else shown


def _notes(name: str, **numbers: Any) -> list[str]:
    """Return the paragraphs of a template as the notes of a table."""
    return say(f"cadence/{name}_notes", **numbers).split("\n\n")


def _stacked(frames: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
    """Stack results, with the kind and unit of each in front as `of` and `unit`."""
    parts = []
    for f in frames:
        part = f.assign(of=f.attrs.get("kind"), unit=f.attrs["unit"])
        part.attrs = {}  # pandas compares attrs when it stacks
        parts.append(part[["of", "unit", *f.columns.drop("unit", errors="ignore")]])
    return pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True)


def present(*gaps: pd.DataFrame) -> Prose:
    """Return where the present silence stands, a paragraph for each result of `cadence.gaps`.

    Any number of handovers can be told of, none included.

    >>> gaps = rp.analysis.cadence.gaps(record.as_of("2022-02-25"), "bodies", "deal")
    >>> print(present(gaps))
    **Handovers of bodies:** no day has been searched by 25 February 2022; silence cannot be read.
    """
    silences = []
    for g in gaps:
        s = cadence.summary(g)
        known = {name: frames.dated(g.attrs)[name] for name in ("as_of", "first", "listed")}
        silences.append(vars(s) | known)
    return say("cadence/present", silences=silences)


def overview(*gaps: pd.DataFrame) -> Table:
    """Return the results of `cadence.gaps` in one table, a row each.

    >>> r = record.as_of("2025-06-12", coverage="today")
    >>> overview(rp.analysis.cadence.gaps(r, "prisoners", "deal")).frame["longest"].tolist()
    [149]
    """
    rows = []
    window = None, None
    for g in gaps:
        s, a = cadence.summary(g), frames.dated(g.attrs)
        if s.kind == "either" and a["first"] is not None and a["first"] <= a["through"]:
            window = a["first"], a["through"]
        median = with_range(s.median, s.median_low, s.median_high, form="{:.0f}")
        row = {"of": s.kind, "unit": s.unit, "handovers": a["events"], "days or deals": s.units}
        row |= {"completed gaps": s.closed}
        row |= {"read thinly": int((g["reading"] != "dense").sum()), "median, days": median}
        row |= {"median where read densely": s.dense_median}
        row |= {"mean by time at risk": s.mean_at_risk, "mean, completed only": s.mean_closed}
        rows.append(row | {"longest": s.longest, "open gap": s.open_days})
    means = ("mean by time at risk", "mean, completed only")
    return Table(
        "gaps",
        "Gaps between handovers, in days",
        pd.DataFrame(rows).astype({"longest": "Int64", "open gap": "Int64"}),
        notes=_notes("gaps", first=window[0], through=window[1]),
        show=dict.fromkeys(means, "{:.1f}") | {"median where read densely": "{:g}"},
        groups="of",
    )


def rates_table(*rates: pd.DataFrame) -> Table:
    """Return results of `cadence.rates`, all by the same periods, as one table.

    >>> table = rates_table(rp.analysis.cadence.rates(record, "bodies", "day", "year"))
    >>> table.title
    'Days or deals and people per 30 days, by year'
    """
    by = rates[0].attrs["by"]
    f = _stacked(rates)
    frame = pd.DataFrame()
    heads: dict[str, list[str]] = {}
    if "period" in f:
        columns = {"of": "of", "unit": "unit", "period": by, "first": "from", "last": "to"}
        columns |= {"days": "days", "reading": "read", "handovers": "days or deals"}
        frame = f[list(columns)].rename(columns=columns)
        if by == "reading":
            frame[by] = frame[by].map(READING)
        frame["per 30 days (Poisson)"] = [
            with_range(r.per_30_days, r.poisson_low, r.poisson_high) for r in f.itertuples()
        ]
        frame["overdispersed"] = [
            f"{r.low:.2f} to {r.high:.2f}" if pd.notna(r.low) else "not known"
            for r in f.itertuples()
        ]
        for d, side in names.SIDES.items():
            heads[side] = [f"people {side} per 30 days", f"without figure {side}"]
            ends = zip(f[f"{d}_per_30_days"], f[f"{d}_low"], f[f"{d}_high"], strict=True)
            frame[heads[side][0]] = [with_range(*x, form="{:,.0f}") for x in ends]
            frame[heads[side][1]] = f[f"{d}_unknown"]
    # On the page the side stands once, over its columns; in the CSV in each name.
    short = {c: f"{side}: {c.replace(f' {side}', '')}" for side, cs in heads.items() for c in cs}
    return Table(
        f"rates-{by}",
        f"Days or deals and people per 30 days, by {by}",
        frame.rename(columns=short),
        notes=_notes("rates"),
        data=frame,
        spanners={side: [short[c] for c in cs] for side, cs in heads.items()},
        groups="of" if len(frame) else "",
    )


def regime_statement(*regimes: cadence.Regimes) -> Prose:
    """Return how many regimes of deals there are, and what would be missed or invented at this size.

    The second half is simulated (`cadence.detectability`).

    >>> r = record.as_of("2022-02-25")
    >>> print(regime_statement(rp.analysis.cadence.regimes(r, "bodies")))
    **Handovers of bodies:** no deal in dense reading, so no regimes.
    """
    told = []
    for found in regimes:
        rates = found.rates
        row = {"kind": rates.attrs["kind"], "regimes": len(rates)}
        row |= {"deals": rates.attrs["units"] if len(rates) else 0, "first": None, "last": None}
        if len(rates):
            row |= {"first": rates["first"].iloc[0], "last": rates["last"].iloc[-1]}
        detected = found.detected
        records = detected.to_dict("records") if detected is not None else None
        told.append(row | {"detected": records})
    return say("cadence/regimes", regimes=told)


def regularities(
    tests: pd.DataFrame,
    patterns: Sequence[pd.DataFrame],
    rhythms: Sequence[cadence.Rhythm],
    measured: Sequence[pd.DataFrame],
) -> Prose:
    """Return what of the rhythm survives the error budget, a paragraph a kind.

    `tests` as `cadence.error_budget` returns; the others by weekday, `cadence.rhythm` and
    `cadence.irregularity`, one a kind in the same order.

    >>> c, r = rp.analysis.cadence, record.as_of("2022-02-25")
    >>> none, days = c.gaps(r, "bodies", "deal"), c.pattern(r, "bodies")
    >>> print(regularities(c.error_budget(r), [days], [c.rhythm(none)], [c.irregularity(none)]))
    **Handovers of bodies:** too few to look for a rhythm.
    """
    found = tests.set_index(["kind", "name"])
    told = []
    for days, rhythm, measures in zip(patterns, rhythms, measured, strict=True):
        kind = days.attrs["kind"]
        p = {n: found.loc[(kind, n), "p_holm"] for k, n in found.index if k == kind}
        holds = {n: found.loc[(kind, n), "holds"] for k, n in found.index if k == kind}
        value = measures.set_index("measure")["value"].to_dict()
        row = {"kind": kind, "p": p, "holds": holds, "rhythm": vars(rhythm), "value": value}
        told.append(row | {"closed": len(rhythm.days), "weekday": _top(days)})
    return say("cadence/regularities", kinds_told=told, tests=int(tests["p"].notna().sum()))


def _top(pattern: pd.DataFrame) -> dict[str, Any] | None:
    """Return the fullest slot of a pattern and those without a deal; None where none is counted."""
    if pattern.empty:
        return None
    top = pattern.loc[pattern["deals"].idxmax()]
    row = {"deals": int(pattern["deals"].sum()), "top": top["slot"], "most": int(top["deals"])}
    row |= {"dense": int(pattern["dense"].sum()), "dense_most": int(top["dense"])}
    empty = pattern.loc[(pattern["deals"] == 0) & (pattern["days"] > 0), "slot"].tolist()
    return row | {"expected": float(top["expected"]), "empty": empty}


def budget_table(tests: pd.DataFrame) -> Table:
    """Return every test of a report with its p before and after the one correction for all.

    >>> budget_table(rp.analysis.cadence.error_budget(record)).frame.columns.tolist()
    ['question', 'of', 'deals or silences', 'p', 'p (Holm)', 'answer']
    """
    frame = pd.DataFrame({"question": tests["name"].map(TESTS), "of": tests["kind"]})
    frame["of"] = frame["of"].replace("", "both kinds")
    frame["deals or silences"] = tests["n"]
    frame["p"], frame["p (Holm)"] = tests["p"], tests["p_holm"]
    answer = tests["holds"].map({True: "yes", False: "not shown"})
    frame["answer"] = answer.where(tests["p"].notna(), "too few to test")
    return Table(
        "tests",
        "What is tested, and what survives one error budget",
        frame,
        notes=_notes("tests", tests=int(tests["p"].notna().sum())),
        show={"p": "{:.2g}", "p (Holm)": "{:.2g}"},
        groups="question",
    )


def dating_table(*found: pd.DataFrame) -> Table:
    """Return results of `cadence.dating` as one table.

    >>> dating_table(rp.analysis.cadence.dating(record, "bodies")).frame["variant"][0]
    'as used'
    """
    f = _stacked(found)
    frame = f[["of", "unit", "variant", "handovers"]].copy()
    frame["variant"] = frame["variant"].map(VARIANTS)
    frame["median, days"], frame["mean by time at risk"] = f["median"], f["mean_at_risk"]
    return Table(
        "dating",
        "How far uncertain days and disputed handovers move the gaps",
        frame,
        show={"median, days": "{:g}", "mean by time at risk": "{:.2f}"},
        groups="of",
    )


def listed(handovers: pd.DataFrame, events: pd.DataFrame) -> Table:
    """Return handovers found after the last searched day: listed, in no gap or rate.

    `handovers` as `cadence.handovers` returns; `events` as `Record.events`.

    >>> late = listed(rp.analysis.cadence.handovers(record, "bodies"), record.events())
    >>> late.frame.columns.tolist()
    ['event', 'date']
    """
    late = handovers.loc[~handovers["counted"], "event_ids"].str.split(";").explode()
    e = events[events["event_id"].isin(late)]
    frame = pd.DataFrame({"event": e["event_id"].to_numpy()})
    frame["date"] = [names.event_day(x) for x in e.itertuples()]
    through = frames.dated(handovers.attrs)["through"]
    return Table(
        "listed",
        say("cadence/listed_title", handovers=len(e), through=through),
        frame,
        links=["event"],
        notes=["Silence around them means nothing: those months were not densely searched."],
    )
