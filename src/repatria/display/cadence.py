"""Cadence and forecasts as the reader sees them: sentences and tables with computed numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from repatria.analysis.cadence import (
    KINDS,
    MANY,
    ONE,
    UNITS,
    chance,
    dating,
    detectability,
    following,
    gaps,
    handovers,
    irregularity,
    logrank,
    pattern,
    rates,
    summary,
    window,
)  # fmt: skip
from repatria.display import words
from repatria.display.table import Table
from repatria.display.words import Prose
from repatria.record import names
from repatria.record.view import Day, Record


def _range(value: float | None, low: float | None, high: float | None, form: str = "{:.2f}") -> str:
    """Return "10 (8 to 15)"; an end that is not known is an ellipsis, a value that is not known is words."""
    if value is None or pd.isna(value):
        return "not known"
    ends = ["…" if v is None or pd.isna(v) else form.format(v) for v in (low, high)]
    return (
        f"{form.format(value)} ({ends[0]} to {ends[1]})"
        if ends != ["…", "…"]
        else form.format(value)
    )


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def statement(gaps: pd.DataFrame) -> str:
    """Return the present silence in words, for any number of handovers, none included."""
    a, s = gaps.attrs, summary(gaps)
    one, many = ONE[s.kind], MANY[s.kind]
    if s.through is None:
        return f"**{_first(many)}:** no day has been searched by {names.day(a['as_of'])}; silence cannot be read."
    if a["first"] > s.through:
        return (f"**{_first(many)}:** the window begins after {names.day(s.through)}, the last searched day; "
                "silence cannot be read.")  # fmt: skip
    read = f"from {names.day(a['first'])} to {names.day(s.through)}"
    if not s.units or s.open_since is None or s.open_days is None:
        return (f"**{_first(many)}:** none is counted {read}. That is what the pages read say, not a finding that there "
                "was none.")  # fmt: skip
    text = (f"**{_first(one)}: {words.plural(s.open_days, 'day')} of silence** by {names.day(s.through)}, after the one "
            f"that ended on {names.day(s.open_since)}.")  # fmt: skip
    if not s.dense:
        text += " The window is only thinly read, so part of that silence may be unread."
    unit = "handover days" if s.unit == "day" else "deals"
    if not s.closed:
        return text + f" There is no completed silence {read} to compare with."
    if s.closed == 1:
        return (
            text
            + f" The only completed silence {read} lasted {words.plural(s.longest or 0, 'day')}."
        )
    half = (
        f"the median is {s.median:g} days"
        if s.median is not None
        else "the median is not reached yet"
    )
    return text + (
        f" Of {s.closed} completed silences between {unit}, {s.longer} were longer, {s.equal} as long and "
        f"{s.shorter} shorter; {half}, the longest {s.longest} days. A silence one stands in tends to be a long one, "
        f"because long silences fill more days, so the fairer comparison is by days: on {s.share_of_days:.0%} of the "
        "time between handovers the silence had already lasted as long."
    )


def present(record: Record, since: Day | None = None) -> Prose:
    """Return where the present silence stands, for prisoners and bodies, by deal."""
    out = []
    for kind in ("prisoners", "bodies"):
        g = gaps(record, kind, "deal", since)
        text = statement(g)
        if g.attrs["listed"]:
            text += (f" {_first(words.plural(g.attrs['listed'], 'later handover'))} found in thin reading after that "
                     "day: listed below, not counted.")  # fmt: skip
        out.append(text)
    return Prose("\n\n".join(out))


def _each(
    f: Callable[..., pd.DataFrame],
    record: Record,
    kinds: Sequence[str],
    units: Sequence[str] = UNITS,
    **more: Any,
) -> pd.DataFrame:
    """Stack f(record, kind, unit) over kinds and units, with both named in front."""
    parts = []
    for kind in kinds:
        for unit in units:
            part = f(record, kind, unit, **more)
            part.attrs = {}  # pandas compares attrs when it stacks
            parts.append(part.assign(kind=kind, unit=unit))
    parts = [p for p in parts if len(p)] or parts[:1]
    out = pd.concat(parts, ignore_index=True)
    return out[["kind", "unit", *[c for c in out.columns if c not in ("kind", "unit")]]]


_BOTH = ("prisoners", "bodies")


def overview(record: Record, since: Day | None = None) -> Table:
    """Return the gaps of each kind and unit in one table."""
    rows = []
    for kind in KINDS:
        for unit in UNITS:
            g = gaps(record, kind, unit, since)
            s = summary(g)
            rows.append({
                "of": kind, "unit": unit, "handovers": s.units, "completed gaps": s.closed,
                "read thinly": int((g["reading"] != "dense").sum()),
                "median, days": _range(s.median, s.median_low, s.median_high, "{:.0f}"),
                "mean by time at risk": s.mean_at_risk, "mean, completed only": s.mean_closed,
                "longest": s.longest, "open gap": s.open_days,
            })  # fmt: skip
    frame = pd.DataFrame(rows).astype({"longest": "Int64", "open gap": "Int64"})
    w = window(record, "either", since)
    counted = (
        f"Counted from {names.day(w.first)} to {names.day(w.through)}. " if w and w.days else ""
    )
    return Table(
        "gaps", "Gaps between handovers, in days", frame,
        notes=[counted + "Unit day: a day with a handover. Unit deal: the days of one deal; the gap runs from its last "
               "day to the next deal's first.",
               "Median with 95% band (Kaplan-Meier). The open gap counts as censored; the mean of completed gaps only "
               "drops it. Read thinly: gaps that begin before dense reading does, and may hide handovers."],
        show=dict.fromkeys(("mean by time at risk", "mean, completed only"), "{:.1f}"),
    )  # fmt: skip


def outlook(record: Record, since: Day | None = None) -> Table:
    """Return the chance of a handover in the days ahead, given the present silence, by kind and unit."""
    found = _each(lambda r, k, u: chance(gaps(r, k, u, since)), record, list(KINDS))
    shown = [_range(c.chance, c.low, c.high, "{:.0%}") for c in found.itertuples()]
    frame = found[["kind", "unit", "silent", "at_risk"]].assign(within=found["within"], shown=shown)
    frame["kind"] = pd.Categorical(frame["kind"], categories=list(KINDS))
    frame = (
        frame.set_index(["kind", "unit", "silent", "at_risk", "within"])["shown"]
        .unstack()
        .reset_index()
    )  # noqa: PD010
    frame.columns = [f"within {c} days" if isinstance(c, int) else str(c) for c in frame.columns]
    frame = frame.rename(
        columns={"kind": "of", "silent": "days of silence", "at_risk": "longer gaps"}
    )
    return Table("outlook", "Chance of a handover after the last searched day, given the silence so far", frame,
                 notes=["1 - S(g + h) / S(g) from completed and open gaps, 95% band. It assumes that gaps to come are "
                        "like those on record; the scored forecasts below test that."])  # fmt: skip


def rates_table(
    record: Record, by: str = "year", since: Day | None = None, lens: str = "best"
) -> Table:
    """Return `rates` of prisoners and bodies by both units, by year, regime or reading, as a table."""
    f = _each(rates, record, _BOTH, by=by, since=since, lens=lens)
    frame = pd.DataFrame()
    if "period" in f:
        frame = pd.DataFrame({"of": f["kind"], "unit": f["unit"], by: f["period"], "from": f["first"], "to": f["last"],
                              "days": f["days"], "read": f["reading"], "handovers": f["handovers"]})  # fmt: skip
        frame["per 30 days (Poisson)"] = [
            _range(r.per_30_days, r.poisson_low, r.poisson_high) for r in f.itertuples()
        ]
        frame["overdispersed"] = [f"{r.low:.2f} to {r.high:.2f}" if pd.notna(r.low) else "not known"
                                  for r in f.itertuples()]  # fmt: skip
        for d, side in names.SIDES.items():
            frame[f"people {side} per 30 days"] = [
                _range(
                    getattr(r, f"{d}_per_30_days"),
                    getattr(r, f"{d}_low"),
                    getattr(r, f"{d}_high"),
                    "{:,.0f}",
                )
                for r in f.itertuples()
            ]
            frame[f"without figure {side}"] = f[f"{d}_unknown"]
    return Table(
        f"rates-{by}", f"Handovers and people per 30 days, by {by}", frame,
        notes=["Exact Poisson interval; overdispersed: widened by the month-to-month variation around each period's own "
               "rate. 95%.",
               "People: known figures only, so a lower bound where handovers are without one. Their interval takes the "
               "handover as the unit, not the person.", words.GUARDRAIL],
    )  # fmt: skip


def irregularity_table(record: Record, since: Day | None = None) -> Table:
    """Return `irregularity` of prisoners, bodies and either, by both units, as a table."""
    f = _each(lambda r, k, u: irregularity(gaps(r, k, u, since)), record, list(KINDS))
    frame = pd.DataFrame({"of": f["kind"], "unit": f["unit"], "measure": f["measure"], "gaps": f["gaps"],
                          "value": f["value"]})  # fmt: skip
    for reference in ("poisson", "shuffled"):
        frame[f"{reference} 95%"] = [f"{low:.2f} to {high:.2f}" for low, high in
                                      zip(f[f"{reference}_low"], f[f"{reference}_high"], strict=True)]  # fmt: skip
    frame["reading"] = [
        "within" if not o else {True: {"burstiness": "burstier", "memory": "like follows like"},
                                False: {"burstiness": "more regular", "memory": "long follows short"}}[v > 0][m]
        for o, v, m in zip(f["outside"], f["value"], f["measure"], strict=True)
    ]  # fmt: skip
    return Table("irregularity", "Burstiness and memory of the completed gaps beside what chance gives", frame,
                 notes=["Burstiness: -1 regular, 0 random, 1 bursty, corrected for few gaps. Memory: correlation of a gap "
                        "with the next. Poisson: as many random gaps; shuffled: as many random days of the window.",
                        "Fewer than 5 completed gaps are not measured. A drift of the rate over the years also raises "
                        "both."], show={"value": "{:.2f}"})  # fmt: skip


def pattern_table(record: Record, by: str = "weekday", since: Day | None = None) -> Table:
    """Return `pattern` of prisoners and bodies (deals by first day) as one table, slots as rows."""
    frame = pd.DataFrame()
    notes = []
    for kind in _BOTH:
        p = pattern(record, kind, "deal", by, since)
        if p.empty:
            notes.append(f"{_first(MANY[kind])}: none counted in this window.")
            continue
        frame[by] = p["slot"]
        frame[f"{kind}: deals"] = p["handovers"]
        frame[f"{kind}: expected"] = p["expected"]
        frame[f"{kind}: p (Holm)"] = p["p_holm"]
        marked = p.loc[p["p_holm"] < 0.05, "slot"]
        notes.append(f"{_first(MANY[kind])}: chi-square over all, p = {p.attrs['p']:.2g}; "
                     + (f"apart after correction: {', '.join(marked)}." if len(marked) else "none apart after "
                        "correction."))  # fmt: skip
    return Table(f"by-{by}", f"First days of deals by {by}", frame,
                 notes=[*notes, "Expected: an even spread over the days read. p: exact binomial per row, corrected for "
                        "the number of rows (Holm)."],
                 show={c: "{:.1f}" if "expected" in c else "{:.2g}" for c in frame.columns if "expected" in c
                       or "Holm" in c})  # fmt: skip


def following_table(record: Record, since: Day | None = None) -> Table:
    """Return `following` for both units as a table."""
    frames = [following(record, u, since).assign(unit=u) for u in UNITS]
    f = pd.concat([x for x in frames if len(x)] or frames[:1], ignore_index=True)
    frame = pd.DataFrame({"unit": f["unit"], "within days": f["within"], "handovers of bodies": f["handovers"],
                          "after a prisoner exchange": f["followed"]})  # fmt: skip
    frame["expected by shifting"] = [_range(r.reference * r.handovers, r.reference_low * r.handovers,
                                            r.reference_high * r.handovers, "{:.1f}") for r in f.itertuples()]  # fmt: skip
    frame["p (Holm)"] = f["p_holm"]
    return Table("following", "Do handovers of bodies follow prisoner exchanges?", frame,
                 notes=["Densely read days only. Reference: the body days moved together by every number of days round "
                        "the window, which keeps both rhythms and breaks their alignment (95% range)."],
                 show={"p (Holm)": "{:.2f}"})  # fmt: skip


def logrank_table(record: Record, since: Day | None = None) -> Table:
    """Return log-rank tests between neighbouring regimes and between neighbouring years as a table."""
    parts = []
    for kind in _BOTH:
        for unit in UNITS:
            g = gaps(record, kind, unit, since)
            for by in ("regime", "year"):
                p = rates(record, kind, unit, by, since)
                if len(p):
                    found = logrank(g, p)
                    parts.append(found.assign(of=kind, unit=unit, by=by))
    f = pd.concat([x for x in parts if len(x)] or [logrank(pd.DataFrame(), pd.DataFrame()).assign(of="", unit="", by="")],
                  ignore_index=True)  # fmt: skip
    frame = f[["of", "unit", "by", "earlier", "later", "gaps_earlier", "gaps_later", "median_earlier", "median_later",
               "p_holm"]].rename(columns=lambda c: c.replace("_", " "))  # fmt: skip
    return Table("logrank", "Do gap lengths differ between neighbouring periods? (log-rank)", frame,
                 notes=["p corrected within each kind, unit and split (Holm). Regimes were found in the same data, so their "
                        "p is too small and only describes; years were not."],
                 show={"p holm": "{:.2g}", "median earlier": "{:g}", "median later": "{:g}"})  # fmt: skip


def regime_statement(record: Record, since: Day | None = None, p0: float = 0.05) -> Prose:
    """Return how many regimes there are, and what the method would miss or invent at this size (simulated)."""
    out = []
    for kind in _BOTH:
        r = rates(record, kind, "deal", "regime", since, p0=p0)
        if r.empty or not r.attrs["units"]:
            out.append(f"**{_first(MANY[kind])}:** none counted in this window, so no regimes.")
            continue
        n, days = r.attrs["units"], int(r["days"].sum())
        if n < 5:
            out.append(f"**{_first(MANY[kind])}:** {words.plural(n, 'deal')} in {words.plural(days, 'day')}, too few to "
                       "look for a change of rate.")  # fmt: skip
            continue
        by_day = rates(record, kind, "day", "regime", since, p0=p0)
        d = detectability(n, days, p0=p0)
        seen = "; ".join(
            f"a {x.factor:g}-fold change in {x.detected:.0%}" for x in d.iloc[1:].itertuples()
        )
        out.append(
            f"**{_first(MANY[kind])}:** {words.plural(len(r), 'regime')} by deal ({n} deals in {days} days), "
            f"{len(by_day)} by day. In simulated records of this size a constant rate is split in {d['detected'][0]:.0%} "
            f"of runs (95% {d['low'][0]:.0%} to {d['high'][0]:.0%}), and the method finds {seen} of runs. "
            "Smaller or shorter changes can be there unseen."
        )
    return Prose("\n\n".join(out))


def dating_table(record: Record, since: Day | None = None) -> Table:
    """Return `dating` of prisoners and bodies by both units as a table."""
    f = _each(dating, record, _BOTH, since=since)
    frame = pd.DataFrame(
        {"of": f["kind"], "unit": f["unit"], "variant": f["variant"], "handovers": f["handovers"]}
    )
    frame["median, days"] = [
        _range(r.median, r.median_low, r.median_high, "{:.0f}") for r in f.itertuples()
    ]
    frame["mean by time at risk"] = [
        _range(r.mean_at_risk, r.mean_at_risk_low, r.mean_at_risk_high, "{:.2f}")
        for r in f.itertuples()
    ]
    return Table("dating", "How far uncertain days and disputed handovers move the gaps", frame,
                 notes=["Month-dated handovers stand in the middle of the days they can have had; drawn: seeded draws "
                        "over those days, median and 95% range."])  # fmt: skip


def listed(record: Record, since: Day | None = None) -> Table:
    """Return handovers found after the last searched day: listed, in no gap or rate."""
    h = handovers(record, "either", "day", since)
    late = h.loc[~h["counted"], "event_ids"].str.split(";").explode()
    e = record.events()
    e = e[e["event_id"].isin(late)]
    frame = pd.DataFrame(
        {"event": e["event_id"].to_numpy(), "date": [names.event_day(x) for _, x in e.iterrows()]}
    )
    through = h.attrs["through"]
    what = (
        f"after {names.day(through)}, the last searched day"
        if through is not None
        else "and no searched day"
    )
    return Table("listed", f"{_first(words.plural(len(e), 'handover'))} {what}: seen, not counted", frame,
                 links=["event"], notes=["Silence around them means nothing: those months were not searched."])  # fmt: skip
