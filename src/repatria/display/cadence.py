"""Cadence as the reader sees it: sentences (templates in `en/cadence/`) and tables of computed
numbers.

Every function takes what `repatria.analysis.cadence` returned, as many frames as are to be told of.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from repatria.analysis import cadence
from repatria.display.table import Table
from repatria.display.words import Prose, say
from repatria.record import names

__all__ = [
    "dating_table",
    "following_table",
    "irregularity_table",
    "listed",
    "logrank_table",
    "overview",
    "pattern_table",
    "present",
    "rates_table",
    "regime_statement",
    "with_range",
]

READING = {"thin": "thinly read", "dense": "densely read"}
VARIANTS = {
    "used": "as used",
    "monthly_left_out": "month-dated left out",
    "disputed_counted": "disputed counted",
    "monthly_drawn": "month-dated drawn",
}
FEWEST = 5  # deals below which no change of rate is looked for


def __dir__() -> list[str]:
    return __all__


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
        median = int(s.median) if s.median is not None and s.median.is_integer() else s.median
        known = {name: g.attrs[name] for name in ("as_of", "first", "listed")}
        silences.append(vars(s) | known | {"median": median})
    return say("cadence/present", silences=silences)


def overview(*gaps: pd.DataFrame) -> Table:
    """Return the results of `cadence.gaps` in one table, a row each.

    >>> r = record.as_of("2025-06-12")
    >>> overview(rp.analysis.cadence.gaps(r, "prisoners", "deal")).frame["longest"].tolist()
    [149]
    """
    rows = []
    window = None, None
    for g in gaps:
        s, a = cadence.summary(g), g.attrs
        if s.kind == "either" and a["first"] is not None and a["first"] <= a["through"]:
            window = a["first"], a["through"]
        median = with_range(s.median, s.median_low, s.median_high, form="{:.0f}")
        row = {"of": s.kind, "unit": s.unit, "handovers": s.units, "completed gaps": s.closed}
        row |= {"read thinly": int((g["reading"] != "dense").sum()), "median, days": median}
        row |= {"mean by time at risk": s.mean_at_risk, "mean, completed only": s.mean_closed}
        rows.append(row | {"longest": s.longest, "open gap": s.open_days})
    means = ("mean by time at risk", "mean, completed only")
    return Table(
        "gaps",
        "Gaps between handovers, in days",
        pd.DataFrame(rows).astype({"longest": "Int64", "open gap": "Int64"}),
        notes=_notes("gaps", first=window[0], through=window[1]),
        show=dict.fromkeys(means, "{:.1f}"),
        groups="of",
    )


def rates_table(*rates: pd.DataFrame) -> Table:
    """Return results of `cadence.rates`, all by the same periods, as one table.

    >>> table = rates_table(rp.analysis.cadence.rates(record, "bodies", "day", "year"))
    >>> table.title
    'Handovers and people per 30 days, by year'
    """
    by = rates[0].attrs["by"]
    f = _stacked(rates)
    frame = pd.DataFrame()
    heads: dict[str, list[str]] = {}
    if "period" in f:
        columns = {"of": "of", "unit": "unit", "period": by, "first": "from", "last": "to"}
        columns |= {"days": "days", "reading": "read", "handovers": "handovers"}
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
        f"Handovers and people per 30 days, by {by}",
        frame.rename(columns=short),
        notes=_notes("rates"),
        data=frame,
        spanners={side: [short[c] for c in cs] for side, cs in heads.items()},
        groups="of" if len(frame) else "",
    )


def _irregular(measure: str, value: float, outside: bool) -> str:
    """Return how a measure reads beside what chance gives."""
    if not outside:
        return "within"
    above = {"burstiness": "burstier", "memory": "like follows like"}
    below = {"burstiness": "more regular", "memory": "long follows short"}
    return (above if value > 0 else below)[measure]


def irregularity_table(*found: pd.DataFrame) -> Table:
    """Return results of `cadence.irregularity` as one table.

    >>> gaps = rp.analysis.cadence.gaps(record, "bodies", "deal")
    >>> irregularity_table(rp.analysis.cadence.irregularity(gaps)).frame["measure"].tolist()
    ['burstiness', 'memory']
    """
    f = _stacked(found)
    frame = f[["of", "unit", "measure", "gaps", "value"]].copy()
    for reference in ("poisson", "shuffled"):
        ends = zip(f[f"{reference}_low"], f[f"{reference}_high"], strict=True)
        frame[f"{reference} 95%"] = [f"{low:.2f} to {high:.2f}" for low, high in ends]
    rows = zip(f["measure"], f["value"], f["outside"], strict=True)
    frame["reading"] = [_irregular(m, v, bool(o)) for m, v, o in rows]
    return Table(
        "irregularity",
        "Burstiness and memory of the completed gaps beside what chance gives",
        frame,
        notes=_notes("irregularity"),
        show={"value": "{:.2f}"},
        groups="of",
    )


def pattern_table(*patterns: pd.DataFrame) -> Table:
    """Return results of `cadence.pattern`, one a kind and all by the same slots, as one table.

    >>> patterns = [rp.analysis.cadence.pattern(record, k) for k in ("prisoners", "bodies")]
    >>> pattern_table(*patterns).frame["weekday"][0]
    'Monday'
    """
    by = patterns[0].attrs["by"]
    frame = pd.DataFrame()
    told, heads = [], {}
    for p in patterns:
        kind = p.attrs["kind"]
        apart = p.loc[p["p_holm"] < 0.05, "slot"].tolist() if len(p) else []
        told.append({"kind": kind, "p": p.attrs["p"], "apart": apart})
        if len(p):
            heads[kind] = [f"{kind}: {c}" for c in ("deals", "expected", "p (Holm)")]
            frame[by] = p["slot"]
            frame[heads[kind]] = p[["handovers", "expected", "p_holm"]]
    return Table(
        f"by-{by}",
        f"First days of deals by {by}",
        frame,
        notes=_notes("pattern", patterns=told),
        show={c[1]: "{:.1f}" for c in heads.values()} | {c[2]: "{:.2g}" for c in heads.values()},
        spanners=heads,
    )


def following_table(*found: pd.DataFrame) -> Table:
    """Return results of `cadence.following`, one a unit, as one table.

    >>> following_table(rp.analysis.cadence.following(record, "deal")).frame["within days"].tolist()
    [0, 3, 7, 14]
    """
    f = _stacked(found)
    columns = {"unit": "unit", "within": "within days", "handovers": "handovers of bodies"}
    columns |= {"followed": "after a prisoner exchange"}
    frame = f[list(columns)].rename(columns=columns)
    expected = f[["reference", "reference_low", "reference_high"]].mul(f["handovers"], axis=0)
    frame["expected by shifting"] = [
        with_range(*x, form="{:.1f}") for x in expected.itertuples(index=False)
    ]
    frame["p (Holm)"] = f["p_holm"]
    return Table(
        "following",
        "Do handovers of bodies follow prisoner exchanges?",
        frame,
        notes=_notes("following"),
        show={"p (Holm)": "{:.2f}"},
        groups="unit",
    )


def logrank_table(*tests: pd.DataFrame) -> Table:
    """Return results of `cadence.logrank`, between neighbouring regimes or years, as one table.

    >>> gaps = rp.analysis.cadence.gaps(record, "bodies", "deal")
    >>> years = rp.analysis.cadence.rates(record, "bodies", "deal", "year")
    >>> logrank_table(rp.analysis.cadence.logrank(gaps, years)).frame["by"].unique().tolist()
    ['year']
    """
    f = _stacked(tuple(t.assign(by=t.attrs["by"]) for t in tests))
    columns = ["of", "unit", "by", "earlier", "later", "gaps_earlier", "gaps_later"]
    frame = f[[*columns, "median_earlier", "median_later", "p_holm"]]
    return Table(
        "logrank",
        "Do gap lengths differ between neighbouring periods? (log-rank)",
        frame.rename(columns=lambda c: c.replace("_", " ")),
        notes=_notes("logrank"),
        show={"p holm": "{:.2g}", "median earlier": "{:g}", "median later": "{:g}"},
        groups="of",
    )


def regime_statement(*rates: pd.DataFrame) -> Prose:
    """Return how many regimes there are, and what the method would miss or invent at this size.

    `rates`: results of `cadence.rates` by regime, of each kind by deal and by day. The second half
    is simulated (`cadence.detectability`).

    >>> r = record.as_of("2022-02-25")
    >>> of = [rp.analysis.cadence.rates(r, "bodies", unit, "regime") for unit in ("deal", "day")]
    >>> print(regime_statement(*of))
    **Handovers of bodies:** none counted in this window, so no regimes.
    """
    found = {(r.attrs["kind"], r.attrs["unit"]): r for r in rates}
    regimes = []
    for kind in dict.fromkeys(kind for kind, _ in found):
        deal, day = found[kind, "deal"], found[kind, "day"]
        n = deal.attrs["units"] if len(deal) else 0
        days = int(deal["days"].sum()) if n else 0
        row = {"kind": kind, "deals": n, "days": days, "by_deal": len(deal), "by_day": len(day)}
        detected = cadence.detectability(n, days, p0=deal.attrs["p0"]) if n >= FEWEST else None
        records = detected.to_dict("records") if detected is not None else None
        regimes.append(row | {"detected": records})
    return say("cadence/regimes", regimes=regimes)


def dating_table(*found: pd.DataFrame) -> Table:
    """Return results of `cadence.dating` as one table.

    >>> dating_table(rp.analysis.cadence.dating(record, "bodies", draws=5)).frame["variant"][0]
    'as used'
    """
    f = _stacked(found)
    frame = f[["of", "unit", "variant", "handovers"]].copy()
    frame["variant"] = frame["variant"].map(VARIANTS)
    for measure, name, form in (
        ("median", "median, days", "{:.0f}"),
        ("mean_at_risk", "mean by time at risk", "{:.2f}"),
    ):
        ends = f[[measure, f"{measure}_low", f"{measure}_high"]].itertuples(index=False)
        frame[name] = [with_range(*x, form=form) for x in ends]
    return Table(
        "dating",
        "How far uncertain days and disputed handovers move the gaps",
        frame,
        notes=_notes("dating"),
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
    through = handovers.attrs["through"]
    return Table(
        "listed",
        say("cadence/listed_title", handovers=len(e), through=through),
        frame,
        links=["event"],
        notes=["Silence around them means nothing: those months were not searched."],
    )
