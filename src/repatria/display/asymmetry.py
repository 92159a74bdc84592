"""Asymmetry as the reader sees it: sentences and tables with computed numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from repatria.analysis.asymmetry import (
    LEAST,
    batches,
    bounds,
    concentration,
    interval,
    share,
    shares,
)
from repatria.display import words
from repatria.display.table import Table
from repatria.display.words import (
    GUARDRAIL,
    LENS_WORDS,
    Prose,
    agreed_digit,
    counted,
    number,
    percent,
)
from repatria.record import names
from repatria.record.names import KIND_WORDS, SIDES
from repatria.record.schema import DIRECTIONS


def _between(low: float | None, high: float | None, word: str = "to") -> str:
    return f"{percent(low).rstrip('%')} {word} {percent(high)}"


NO_EVENT = "No handover of this kind is on record in this window, so there is no share to give."


def in_short(events: pd.DataFrame, seen: pd.DataFrame | None = None) -> Prose:
    """Return the share, its reading and its three uncertainties in sentences, with the guardrail."""
    if events.empty:
        return Prose(NO_EVENT)
    s, what = share(events), words.noun(events.attrs)
    one, many = KIND_WORDS.get(what, ("handover", "handovers"))
    if s.share is None:
        return Prose(f"None of the {words.plural(len(events), one, many)} in this window has a figure in both "
                     "directions, so there is no share to give.")  # fmt: skip
    first, last = names.event_day(events.iloc[0]), names.event_day(events.iloc[-1])
    out = (
        f"**{percent(s.share)} went to Russia**: {number(s.to_russia)} of {number(s.to_russia + s.to_ukraine)} {what} in "
        f"the {words.plural(s.events_in, one, many)} with a figure in both directions ({s.reading}), {first if first == last else f'{first} to {last}'}."
    )
    b = bounds(events, seen).set_index("cap")
    p = b.loc["published"]
    out += (f" *Disagreement:* the published claims on these allow {_between(p['low'], p['high'])}."
            if percent(p["low"]) != percent(p["high"]) else
            " *Disagreement:* the published claims on these leave that figure as it is.")  # fmt: skip
    if s.events_out:
        w = b.loc["largest"]
        out += (f" *Absence:* {words.plural(s.events_out, 'more', 'more')} lack a figure in at least one direction; were "
                f"each missing count anything up to the largest ever published for its direction, the share of all "
                f"would lie between {_between(w['low'], w['high'], 'and')}.")  # fmt: skip
    else:
        out += " *Absence:* no figure is missing."
    i = interval(events)
    out += (f" *Chance:* with the exchange as the unit, the {i.level:.0%} interval is {_between(i.low, i.high)}."
            if i.low is not None else
            " *Chance:* too few exchanges, or no variation between them, for an interval.")  # fmt: skip
    return Prose(f"{out}\n\n*{GUARDRAIL}*")


def shares_table(events: pd.DataFrame, by: str = "year") -> Table:
    """Return `shares` as readers see it; per event with a link to its claims."""
    g = shares(events, by)
    frame = g[[by, "share", *DIRECTIONS, "events_in", "events_out", "reading"]].copy()
    note = "Persons are those of the handovers in: with a figure in both directions. "
    if by == "event":
        note = "No share without a figure in both directions; none is a statement, not a gap. "
        e = events.set_index("event_id").loc[g["event"]]
        for d in DIRECTIONS:
            frame[d] = [counted(n, a) for n, a in zip(e[d], e[f"{d}_absence"], strict=True)]
        frame = frame.drop(columns=["events_in", "events_out"]).iloc[::-1].reset_index(drop=True)
    else:
        for a in ("zero", "withheld", "not_reported"):
            frame[a] = g[[f"{d}_{a}" for d in DIRECTIONS]].sum(axis=1)
    frame = frame.rename(columns={
        "share": "share to Russia", **SIDES, "events_in": "handovers in", "events_out": "handovers out",
        "zero": "counts of zero", "withheld": "size withheld", "not_reported": "not reported",
    })  # fmt: skip
    if g.empty:
        note = NO_EVENT + " "
    what = words.noun(events.attrs)
    return Table(f"share-{what}-{by}", f"Share of {what} that went to Russia, by {by}", frame,
                 links=["event"] if by == "event" else [], show={"share to Russia": "{:.1%}"},
                 notes=[note + GUARDRAIL])  # fmt: skip


def lens_table(table: pd.DataFrame) -> Table:
    """Return `lenses` as readers see it."""
    f = pd.DataFrame(
        {
            "lens": table["lens"].map(LENS_WORDS), "share to Russia": table["share"], **{
                side: table[d] for d, side in SIDES.items()}, "handovers in": table["events_in"],
            "handovers out": table["events_out"], "bounds: lowest": table["bound_low"],
            "bounds: highest": table["bound_high"], "95% interval: low": table["interval_low"],
            "95% interval: high": table["interval_high"], "reading": table["reading"],
        }
    )  # fmt: skip
    show = dict.fromkeys(
        [c for c in f.columns if c.startswith(("share", "bounds", "95%"))], "{:.2%}"
    )
    what = words.noun(table.attrs)
    return Table(f"lenses-{what}", f"The share of {what} to Russia, by whose claims are counted", f, show=show,
                 notes=["Bounds: missing counts anywhere from none to the largest that lens has ever seen in that "
                        "direction. Interval: exchanges as units, chance only. " + GUARDRAIL])  # fmt: skip


def lens_words(table: pd.DataFrame) -> Prose:
    """Return whether the lenses agree, to which digit, and over how many handovers, as a sentence."""
    with_share = table[table["share"].notna()]
    silent = table[table["share"].isna()]
    if with_share.empty:
        return Prose(
            "No lens has a handover with a figure in both directions in this window, so there is no share to give."
        )
    names = {1: "one", 2: "two", 3: "three", 4: "four"}
    digits = agreed_digit(list(with_share["share"]))
    place = {0: "the whole percent", 1: "the first decimal of a percent", 2: "the second decimal of a percent",
             3: "the third decimal of a percent"}  # fmt: skip
    count = (
        f"All {names[len(table)]}"
        if silent.empty
        else f"{names[len(with_share)].capitalize()} of the {names[len(table)]}"
    )
    if len(with_share) == 1:
        out = f"Only one lens has a share, {percent(with_share['share'].iloc[0], 2)}, so there is nothing to agree with."
    elif digits is not None:
        out = f"{count} lenses agree to {place[digits]}: {percent(with_share['share'].iloc[0], digits)} went to Russia."
    else:
        low, high = (
            with_share.loc[with_share["share"].idxmin()],
            with_share.loc[with_share["share"].idxmax()],
        )
        out = (f"The {names[len(with_share)]} lenses with a share do not agree to a whole percent: from "
               f"{percent(low['share'])} ({LENS_WORDS[low['lens']]}, {low['events_in']} handovers) to "
               f"{percent(high['share'])} ({LENS_WORDS[high['lens']]}, {high['events_in']}).")  # fmt: skip
        common = int(with_share["common_events"].iloc[0])
        if common:
            same = agreed_digit(list(with_share["common_share"]))
            spread = percent(with_share["common_share"].iloc[0], same or 0) if same is not None else _between(
                with_share["common_share"].min(), with_share["common_share"].max())  # fmt: skip
            out += (f" They do not hold the same handovers: over the {words.plural(common, 'handover')} that each of "
                    f"them holds, the share is {spread}"
                    + (f", alike to {place[same]}." if same is not None else "."))  # fmt: skip
        else:
            out += " No handover has a share under each of them, so what differs is which handovers they hold."
    for _, row in silent.iterrows():
        out += (f" {LENS_WORDS[row['lens']].capitalize()}: no share, {words.plural(int(row['events_out']), 'handover')} "
                "without a figure in both directions.")  # fmt: skip
    return Prose(f"{out}\n\n*{GUARDRAIL}*")


_CAP_WORDS = {
    "published": "none missing: only handovers in",
    "largest": "the largest ever published for that direction",
    "pledge": "what was promised under the agreement, less what is known; else the largest",
    "parity": "as many as in the other direction",
    "none": "no cap",
}


def bounds_table(table: pd.DataFrame) -> Table:
    """Return `bounds` as readers see it."""
    missing = [f"{number(table[f'missing_{d}'].iloc[0])} {side}" for d, side in SIDES.items()]
    caps = table.set_index("cap").loc["largest"]
    largest = " and ".join(
        f"{number(caps[f'cap_{d}']) or 'none known'} {side}" for d, side in SIDES.items()
    )
    frame = pd.DataFrame(
        {
            "each missing count is at most": table["cap"].map(_CAP_WORDS), "lowest share to Russia": table["low"],
            "highest share to Russia": table["high"], "complete-case share": table["complete_case"],
            "holds the complete-case share": np.where(table["complete_case"].isna(), "no share",
                                                      np.where(table["holds_complete_case"], "yes", "no")),
        }
    )  # fmt: skip
    what = words.noun(table.attrs)
    first = table.iloc[0]
    return Table(f"bounds-{what}", f"What the missing figures could make of the share: {what}", frame,
                 show={c: "{:.1%}" for c in frame.columns if "share" in c and "holds" not in c},
                 notes=[f"Handovers in {first['events_in']}, out {first['events_out']}; missing counts: {' and '.join(missing)}; "
                        f"largest ever published: {largest}. Limits, not an interval of chance. " + GUARDRAIL])  # fmt: skip


def interval_table(table: pd.DataFrame) -> Table:
    """Return `intervals` as readers see it."""
    frame = table.rename(columns={"share": "share to Russia", "icc": "correlation within units"})
    what = words.noun(table.attrs)
    return Table(f"intervals-{what}", f"Chance: {table.attrs['level']:.0%} intervals for the share of {what} to Russia", frame,
                 show={"share to Russia": "{:.2%}", "low": "{:.2%}", "high": "{:.2%}", "correlation within units": "{:.3f}"},
                 notes=["Lower limit: takes each person as a draw of its own, which they are not; never quote it alone. "
                        "The model's share weighs exchanges, not persons. " + GUARDRAIL])  # fmt: skip


def change_table(table: pd.DataFrame) -> Table:
    """Return `changes` as readers see it."""
    n = table.attrs["nearest"]
    frame = pd.DataFrame(
        {
            "break": table["at_name"], "first day after": table["at"],
            "compared": table["compared"].map({"all": "all", "nearest": f"nearest {n} on each side"}),
            "exchanges before": table["units_before"], "exchanges after": table["units_after"],
            "share before": table["before"], "share after": table["after"], "difference": table["difference"],
            "p": table["p"], "p, all looks counted": table["p_holm"],
        }
    )  # fmt: skip
    what = words.noun(table.attrs)
    return Table(f"changes-{what}", f"Did the share of {what} to Russia change? Permutation test over exchanges", frame,
                 show={"share before": "{:.1%}", "share after": "{:.1%}", "difference": "{:+.1%}", "p": "{:.4f}",
                       "p, all looks counted": "{:.4f}"},
                 notes=[f"{words.plural(table.attrs['looks'], 'look')}, Holm's correction. Empty p: fewer than {LEAST} exchanges "
                        "on a side. A small p says that before and after differ, not that the change came on that day: a "
                        "slow trend gives small p at every break. " + GUARDRAIL])  # fmt: skip


def change_words(table: pd.DataFrame, level: float = 0.05) -> Prose:
    """Return, as a sentence, at which named breaks the share differs once all looks are counted."""
    looked = table[table["p"].notna()]
    if looked.empty:
        return Prose(
            f"No named break in this window has {LEAST} exchanges with a share on both sides, so nothing is tested."
        )
    differ, alike = [], []
    for name, rows in looked.groupby("at_name", sort=False):
        row = rows.set_index("compared").loc[
            "nearest" if "nearest" in set(rows["compared"]) else "all"
        ]
        if row["p_holm"] < level:
            differ.append(f"{name}: {percent(row['before'])} before and {percent(row['after'])} after ({row['units_before']} "
                          f"and {row['units_after']} exchanges, p = {row['p_holm']:.2g})")  # fmt: skip
        else:
            alike.append(str(name))
    out = f"Comparing the exchanges nearest to each break, with {words.plural(table.attrs['looks'], 'look')} counted: "
    out += (
        f"the share to Russia differs at {'; '.join(differ)}. "
        if differ
        else "no break shows a difference. "
    )
    if differ and alike:
        out += f"No difference is shown at {'; '.join(alike)}. "
    return Prose(
        f"{out}A difference is not dated by the test: the share may have been on the move before.\n\n*{GUARDRAIL}*"
    )


def front_table(table: pd.DataFrame) -> Table:
    """Return `fronts` as readers see it."""
    a = table.attrs
    frame = table.rename(columns={
        "named": "named by the claimant as", "handovers": "handovers naming it", "share": "share of those with a direction",
        "interval_low": "95% interval: low", "interval_high": "95% interval: high", "least": "least in one handover",
        "most": "most in one handover",
    })  # fmt: skip
    show = {c: "{:.1%}" for c in frame.columns if c.startswith(("share", "95%", "least", "most"))}
    return Table("fronts", "Bodies to Ukraine by front direction, where the parts add up", frame, show=show,
                 notes=[f"{a['breakdowns']} of {words.plural(a['handovers'], 'handover')} have parts that add up: "
                        f"{number(a['persons'])} of their {number(a['whole'])} bodies have a direction, the rest other parts. "
                        "No such breakdown is on record for bodies to Russia. " + GUARDRAIL])  # fmt: skip


def size_words(events: pd.DataFrame, step: int = 1000) -> Prose:
    """Return how concentrated the sums are and how many handovers have a round or repeated size, as sentences."""
    if events.empty:
        return Prose(NO_EVENT)
    parts = []
    for d, side in SIDES.items():
        c = concentration(events, d)
        if c.top_share is None:
            parts.append(f"No handover in this window has a known count above zero {side}.")
            continue
        if c.handovers <= c.top:
            parts.append(
                f"{words.plural(c.handovers, 'handover')} with a figure {side}: too few to speak of the largest."
            )
            continue
        lacking = f"; {c.unknown} more have no figure" if c.unknown else ""
        parts.append(f"The {c.top} largest of {words.plural(c.handovers, 'handover')} with a figure {side} hold {percent(c.top_share, 0)} "
                     f"of the {number(c.persons)} (Gini {c.gini:.2f}{lacking}).")  # fmt: skip
    agreed = ""
    for d, side in SIDES.items():
        b = batches(events, d, step)
        n_round, n_repeats = int(b["round"].sum()), int(b["repeats"].sum())
        if not n_round + n_repeats:
            continue
        told = (
            [f"{n_round} hold a multiple of {number(step)} in the published range"]
            if n_round
            else []
        )
        told += [f"{n_repeats} equal the count before"] if n_repeats else []
        run = b.attrs["round_run"]
        parts.append(f"Of the {len(b)} counts {side}, {' and '.join(told)}"
                     + (f"; the latest {run} are all round." if run > 1 else "."))  # fmt: skip
        agreed = " A round or repeated size points to a number agreed beforehand."
    return Prose(" ".join(parts) + agreed)
