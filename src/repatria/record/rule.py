"""The estimate rule `receiver-first`: from claims to one number per event and direction.

The rule, in words (docs/method.md gives the reasons):

0. A claim that its claimant took back (`corrects`) is passed over from the day this is known.
1. A claimant's count for a direction is its whole; without one, the sum of its components.
2. Claims carried by nothing but aggregator pages are set aside wherever another claim exists.
3. Best: the receiving side's official count, else the giver's, else a mediator's, else anybody's.
   Ties: exact wording, more publishers, claim id. A vague leader ("more than 1,200") yields to an exact
   admissible figure inside its interval.
4. Admissible: official claims; all claims where there is no official one. Low and high span them. A
   claim whose interval holds the best figure agrees with it and widens nothing.
5. Grade: agreed, contested, one_sided, reported, undisclosed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from repatria.record.schema import RECEIVER

__all__ = [
    "ABSENCES",
    "GRADES",
    "LENSES",
    "RULE",
    "RULE_VERSION",
    "by_event",
    "estimate",
    "heard",
    "interval",
]

RULE = "receiver-first"
RULE_VERSION = "2"
LENSES = ("best", "ukraine", "russia", "receiver")
GRADES = ("agreed", "contested", "one_sided", "reported", "undisclosed")
ABSENCES = ("zero", "withheld", "not_reported", "not_applicable")

OPEN = 2**40  # stands for "no upper end" while the rule works; never leaves this module
ABOUT = 0.1  # "about n" admits n - 10 % to n + 10 %

_KEY = ["event_id", "direction"]


def __dir__() -> list[str]:
    return __all__


def interval(
    low: np.ndarray, high: np.ndarray, qualifier: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Map printed numbers and their wording to closed integer intervals (the qualifier table).

    exact [low, high]; at_least [low, open); more_than [low + 1, open); up_to [1, high];
    about [low - 10 %, high + 10 %], rounded outwards. Arrays of equal length in and out.

    >>> n = np.array([100, 100])
    >>> low, high = interval(n, n, np.array(["exact", "about"]))
    >>> low.tolist(), high.tolist()
    ([100, 90], [100, 110])
    """
    low, high = low.astype("int64"), high.astype("int64")
    ends: list[Any] = [
        (qualifier == "at_least", low, OPEN),
        (qualifier == "more_than", low + 1, OPEN),
        (qualifier == "up_to", np.minimum(1, high), high),
        (
            qualifier == "about",
            np.floor(low * (1 - ABOUT) + 1e-9),
            np.ceil(high * (1 + ABOUT) - 1e-9),
        ),
    ]
    lo, hi = low.copy(), high.copy()
    for mask, left, right in ends:
        lo = np.where(mask, left, lo).astype("int64")
        hi = np.where(mask, right, hi).astype("int64")
    return lo, hi


def _current(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims without those that their claimant took back with another one of them."""
    if "corrects" not in claims:
        return claims
    taken_back = claims.loc[(claims["corrects"] != "").to_numpy(dtype=bool), "corrects"]
    return claims[~claims["claim_id"].isin(taken_back)] if len(taken_back) else claims


def _seen_through(claims: pd.DataFrame, lens: str) -> pd.DataFrame:
    if lens not in LENSES:
        raise ValueError(f"lens: {lens!r} is none of {', '.join(LENSES)}")
    if lens == "best":
        return claims
    side = claims["side"].astype("str")
    wanted = claims["direction"].astype("str").map(RECEIVER) if lens == "receiver" else lens
    return claims[side == wanted]


def _wholes(c: pd.DataFrame) -> pd.DataFrame:
    """Return one row per counted statement on a whole, with sums standing in where only parts are
    printed.
    """
    counted = c[c["count_low"].notna() & (c["role"] != "subset")]
    low, high = (counted[k].to_numpy(dtype="int64") for k in ("count_low", "count_high"))
    worded = counted["qualifier"].astype("object")
    lo, hi = interval(low, high, worded.fillna("exact").to_numpy())
    value = np.clip(
        (low + high) // 2, lo, hi
    )  # "more than 100" puts the figure at 101, its lowest meaning
    rows = counted.assign(value=value, lo=lo, hi=hi, vague=(worded != "exact").to_numpy())
    whole = rows[rows["role"] == "whole"]
    parts = rows[rows["role"] == "component"]
    if len(parts):
        key = [*_KEY, "claimant_id"]
        parts = parts[
            ~pd.MultiIndex.from_frame(parts[key]).isin(pd.MultiIndex.from_frame(whole[key]))
        ]
    if parts.empty:
        return whole
    sums = _sums(parts)
    return pd.concat([whole[sums.columns], sums], ignore_index=True)


def _sums(parts: pd.DataFrame) -> pd.DataFrame:
    """Return the sum of each claimant's components, with the page and the wording of the weakest of
    them.
    """
    key = [*_KEY, "claimant_id"]
    who = {"side": ("side", "first"), "official": ("official", "first"), "name": ("name", "first")}
    # Two figures of one claimant for a component: both ends kept, the earlier-sorted one leads.
    per_part = (
        parts.sort_values(["vague", "publishers", "claim_id"], ascending=[True, False, True])
        .groupby([*key, "part"], observed=True, sort=True)
        .agg(
            value=("value", "first"),
            lo=("lo", "min"),
            hi=("hi", "max"),
            vague=("vague", "max"),
            poor=("poor", "min"),
            publishers=("publishers", "max"),
            claim_id=("claim_id", "first"),
            **who,
        )
        .reset_index()
    )
    sums = (
        per_part.groupby(key, observed=True, sort=True)
        .agg(
            value=("value", "sum"),
            lo=("lo", "sum"),
            hi=("hi", "sum"),
            vague=("vague", "max"),
            poor=("poor", "max"),
            publishers=("publishers", "min"),
            claim_id=("claim_id", "min"),
            **who,
        )
        .reset_index()
    )
    sums["hi"] = sums["hi"].clip(upper=OPEN)
    return sums


def estimate(claims: pd.DataFrame, lens: str = "best") -> pd.DataFrame:
    """Apply the rule to a table of claims.

    `claims` has one row a claim with event_id, direction, claimant_id, claim_id, side, official,
    part, role, count_low, count_high, qualifier, absence, name (the claimant's), poor (carried by
    aggregators only), publishers (how many) and, where there are corrections, corrects (the claim
    that this one takes back). Returns one row per event and direction that a claim speaks of:
    event_id, direction, best, low, high (Int64, persons; high is missing where no upper end is
    claimed), grade, absence, claim_id and claimant (the claim `best` is from, and who made it) and
    claims (how many were admissible). The order of rows in `claims` does not matter. Raises
    ValueError for an unknown lens.

    >>> june = record.claims("bodies-2025-06-16")
    >>> estimate(june)[["direction", "best", "low", "high"]].astype("str").values.tolist()
    [['to_russia', '51', '51', '51'], ['to_ukraine', '1245', '1245', '1248']]

    See also: `Record.estimates`, `Record.events`.
    """
    c = _seen_through(_current(claims), lens)
    c = c.assign(
        direction=c["direction"].astype("str"),
        side=c["side"].astype("str"),
        official=(c["official"].astype("str") == "yes").to_numpy(),
    )
    counted = _counted(_admissible(_ranked(_wholes(c))))
    result = pd.concat([counted, _undisclosed(c, counted)], ignore_index=True)
    for column in ("best", "low", "high", "claims"):
        result[column] = result[column].astype("Int64")
    result["grade"] = pd.Categorical(result["grade"], categories=GRADES)
    result["absence"] = pd.Categorical(
        result["absence"].where(result["absence"] != "", None), categories=ABSENCES
    )
    return result.sort_values(_KEY, ignore_index=True)


def heard(claims: pd.DataFrame) -> pd.DataFrame:
    """Return one row a claimant's count of a whole, as the rule hears it; `claims` as for `estimate`.

    Columns: event_id, direction, claimant_id, claim_id, value, rank (1 the receiving side's official, 2 the giving
    side's, 3 a mediator's, 4 anybody's), poor (carried by aggregators only), vague, admissible, agrees (its interval
    holds the leading value) and leads.

    >>> heard(record.claims("bodies-2025-06-16"))["leads"].sum()
    np.int64(2)
    """
    c = _current(claims)
    c = c.assign(
        direction=c["direction"].astype("str"),
        side=c["side"].astype("str"),
        official=(c["official"].astype("str") == "yes").to_numpy(),
    )
    ranked = _ranked(_wholes(c))
    listened = _admissible(ranked)
    who = [*_KEY, "claimant_id"]
    leads = pd.MultiIndex.from_frame(listened.drop_duplicates(_KEY)[who])
    within = pd.MultiIndex.from_frame(listened[who])
    best = listened.drop_duplicates(_KEY).set_index(_KEY)["value"].rename("best")
    ranked = ranked.join(best, on=_KEY)
    out = ranked.assign(
        admissible=pd.MultiIndex.from_frame(ranked[who]).isin(within),
        agrees=ranked["best"].between(ranked["lo"], ranked["hi"]),
        leads=pd.MultiIndex.from_frame(ranked[who]).isin(leads),
    )
    columns = [*who, "claim_id", "value", "rank", "poor", "vague", "admissible", "agrees", "leads"]
    return out[columns].drop_duplicates(who, ignore_index=True)


def _ranked(w: pd.DataFrame) -> pd.DataFrame:
    """Sort statements as the rule hears them: receiver, giver, mediator, anybody; and put beside
    each its leader.
    """
    receiver = w["side"].to_numpy() == w["direction"].map(RECEIVER).to_numpy()
    belligerent = w["side"].isin(["ukraine", "russia"]).to_numpy()
    official = w["official"].to_numpy(dtype=bool)
    mediator = (w["side"] == "mediator").to_numpy()
    rank = np.select(
        [official & receiver, official & belligerent, official & mediator], [1, 2, 3], 4
    )
    w = w.assign(rank=rank).sort_values(
        [*_KEY, "poor", "rank", "vague", "publishers", "claim_id"],
        ascending=[True, True, True, True, True, False, True],
    )
    lead = w.drop_duplicates(_KEY)[[*_KEY, "poor", "rank", "vague", "lo", "hi"]]
    w = w.merge(lead, on=_KEY, suffixes=("", "_lead"))
    w["rank"] = w["rank"].astype("int64")
    return w


def _admissible(w: pd.DataFrame) -> pd.DataFrame:
    """Return the admissible statements, the best of each event and direction first, and its figures
    beside all.
    """
    w = w[(w["poor"] == w["poor_lead"]) & ((w["rank_lead"] == 4) | (w["rank"] <= 3))]
    # A vague leader yields to an exact figure inside its interval; else the leader stays first.
    refines = (
        w["vague_lead"].to_numpy(bool)
        & ~w["vague"].to_numpy(bool)
        & w["value"].between(w["lo_lead"], w["hi_lead"]).to_numpy()
    )
    w = w.assign(later=~refines).sort_values([*_KEY, "later"], kind="stable")
    best = w.drop_duplicates(_KEY).set_index(_KEY)[["value", "lo", "hi", "claim_id", "name"]]
    return w.join(best.add_suffix("_best"), on=_KEY)


def _counted(w: pd.DataFrame) -> pd.DataFrame:
    """Return best, low, high and grade per event and direction from its admissible statements."""
    differs = ~((w["lo"] <= w["value_best"]) & (w["value_best"] <= w["hi"])).to_numpy()
    finite = np.where(w["hi"] >= OPEN, w["lo"], w["hi"])
    w = w.assign(
        low=np.where(differs, np.minimum(w["lo"], w["lo_best"]), w["lo_best"]),
        high=np.where(differs, np.maximum(finite, w["hi_best"]), w["hi_best"]),
        ukraine=_official_side(w, "ukraine"),
        russia=_official_side(w, "russia"),
        any_official=w["rank"] <= 3,
    )
    out = w.groupby(_KEY, observed=True, sort=True).agg(
        low=("low", "min"),
        high=("high", "max"),
        claims=("claim_id", "size"),
        ukraine=("ukraine", "any"),
        russia=("russia", "any"),
        any_official=("any_official", "any"),
        value=("value_best", "first"),
        claim_id=("claim_id_best", "first"),
        name=("name_best", "first"),
    )
    out = out.join(_sides_agree(w))
    both = out["ukraine"] & out["russia"]
    grade = np.select(
        [both & out["agree"], both, out["any_official"]],
        ["agreed", "contested", "one_sided"],
        "reported",
    )
    return pd.DataFrame(
        {
            "best": out["value"].astype("Int64"),
            "low": out["low"].astype("Int64"),
            "high": out["high"].astype("Int64").mask(out["high"] >= OPEN),
            "grade": grade,
            "absence": np.where(out["value"] == 0, "zero", ""),
            "claim_id": out["claim_id"],
            "claimant": out["name"],
            "claims": out["claims"].astype("Int64"),
        }
    ).reset_index()


def _undisclosed(c: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Return the events and directions of which claims say only that there is no number."""
    silent = c[c["count_low"].isna() & c["absence"].isin(["withheld", "not_applicable"])]
    silent = silent.assign(order=(silent["absence"] != "withheld").astype("int64"))
    silent = silent.sort_values([*_KEY, "order", "claim_id"]).drop_duplicates(_KEY)
    silent = silent[
        ~pd.MultiIndex.from_frame(silent[_KEY]).isin(pd.MultiIndex.from_frame(counted[_KEY]))
    ]
    return pd.DataFrame(
        {
            "event_id": silent["event_id"],
            "direction": silent["direction"],
            "grade": silent["absence"].astype("object").map({"withheld": "undisclosed"}),
            "absence": silent["absence"].astype("str"),
            "claim_id": silent["claim_id"],
            "claimant": silent["name"],
        }
    )


def _official_side(w: pd.DataFrame, side: str) -> pd.Series:
    """Return which rows are official statements of one side."""
    return (w["side"] == side) & (w["rank"] <= 2)


def _sides_agree(w: pd.DataFrame) -> pd.Series:
    """Return, per event and direction, whether the two sides' leading official intervals meet."""
    order = w.sort_values(
        [*_KEY, "rank", "vague", "publishers", "claim_id"],
        ascending=[True, True, True, True, False, True],
    )
    ends = [
        order[order[side]]
        .drop_duplicates(_KEY)
        .set_index(_KEY)[["lo", "hi"]]
        .add_suffix(f"_{side}")
        for side in ("ukraine", "russia")
    ]
    both = ends[0].join(ends[1], how="outer")
    meet = (both["lo_ukraine"] <= both["hi_russia"]) & (both["lo_russia"] <= both["hi_ukraine"])
    return meet.rename("agree")


def by_event(events: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """Spread estimates over events: columns `<direction>`, `_low`, `_high`, `_grade`, `_absence`,
    `_claim`, `_claimant`, `_claims`.

    A direction no claim speaks of has absence `not_reported`; both directions of a cancelled event
    are `not_applicable`. Returns a new frame with one row per event, in the order of `events`.

    See also: `estimate`; `Record.events`, which calls both.
    """
    out = events.reset_index(drop=True)
    for direction in RECEIVER:
        e = (
            estimates[estimates["direction"] == direction]
            .set_index("event_id")
            .reindex(out["event_id"])
        )
        cancelled = (out["status"] == "cancelled").to_numpy()
        counts = {"": "best", "_low": "low", "_high": "high"}
        for suffix, column in counts.items():
            out[direction + suffix] = e[column].array
            out.loc[cancelled, direction + suffix] = pd.NA
        absence = e["absence"].astype("object").to_numpy()
        absence = np.where(e["best"].isna().to_numpy() & pd.isna(absence), "not_reported", absence)
        absence = np.where(cancelled, "not_applicable", absence)
        out[f"{direction}_grade"] = pd.Categorical(
            np.where(cancelled, None, e["grade"].astype("object")), categories=GRADES
        )
        out[f"{direction}_absence"] = pd.Categorical(absence, categories=ABSENCES)
        out[f"{direction}_claim"] = pd.array(e["claim_id"].to_numpy(), dtype="str")
        out[f"{direction}_claimant"] = pd.array(e["claimant"].to_numpy(), dtype="str")
        out[f"{direction}_claims"] = e["claims"].fillna(0).astype("Int64").array
    return out
