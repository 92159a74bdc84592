"""The estimate rule `receiver-first`: from claims to one number per event and direction.

The rule in words is `SENTENCES`, a sentence a step (docs/method.md gives the reasons); `estimate` applies
it, and `judged` says of each claim by which sentence it leads or is passed over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from repatria.record.schema import RECEIVER, RULE, RULE_VERSION

__all__ = [
    "ABSENCES",
    "GRADES",
    "LENSES",
    "RULE",
    "RULE_VERSION",
    "SENTENCES",
    "by_event",
    "estimate",
    "interval",
    "judged",
]

SENTENCES = (
    "A claim that its claimant took back (`corrects`) is passed over from the day this is known.",
    "A claimant's count for a direction is its whole; without one, the sum of its components.",
    "Claims carried by nothing but aggregator pages are set aside wherever another claim exists.",
    "Best: the receiving side's official count, else the giver's, else a mediator's, else anybody's. "
    "Ties: exact wording, more publishers, claim id. A vague leader (“more than 1,200”) yields to an "
    "exact admissible figure inside its interval.",
    "Admissible: official claims; all claims where there is no official one. Low and high span them. A "
    "claim whose interval holds the best figure agrees with it and widens nothing.",
    "Grade: agreed, contested, one_sided, reported, undisclosed.",
)
LENSES = ("best", "ukraine", "russia", "receiver")
GRADES = ("agreed", "contested", "one_sided", "reported", "undisclosed")
ABSENCES = ("zero", "withheld", "not_reported", "not_applicable")

OPEN = 2**40  # stands for "no upper end" while the rule works; never leaves this module
ABOUT = 0.1  # "about n" admits n - 10 % to n + 10 %

_KEY = ["event_id", "direction"]
_READ = """
    event_id direction claimant_id claim_id side official part role count_low count_high qualifier absence
    name poor publishers
""".split()
_ESTIMATED = "event_id direction best low high grade absence claim_id claimant claims".split()


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


def _typed(claims: pd.DataFrame) -> pd.DataFrame:
    """Return what the rule reads of claims, with the numbers of their event and direction (`pair`, sorted)
    and of their claimant's say in it (`teller`): numbers are grouped and sorted much faster than text.
    """
    c = claims[_READ].assign(
        direction=claims["direction"].astype("str"),
        side=claims["side"].astype("str"),
        official=(claims["official"].astype("str") == "yes").to_numpy(),
    )
    c["pair"] = c.groupby(_KEY, sort=True).ngroup()
    c["teller"] = c.groupby(["pair", "claimant_id"], sort=True).ngroup()
    return c


def _beside_first(w: pd.DataFrame, columns: list[str], suffix: str) -> pd.DataFrame:
    """Return statements, sorted by pair, with what the first of its pair has beside each."""
    first = ~w.duplicated("pair").to_numpy()
    at = np.flatnonzero(first)[first.cumsum() - 1]
    return w.assign(**{c + suffix: w[c].array[at] for c in columns})


def _gathered(rows: pd.DataFrame, key: list[str], how: dict[str, np.ufunc]) -> pd.DataFrame:
    """Return the first row of each run of a key, with columns gathered over the run."""
    at = np.flatnonzero(~rows.duplicated(key).to_numpy())
    over = {column: by.reduceat(rows[column].to_numpy(), at) for column, by in how.items()}
    return rows.iloc[at].assign(**over)


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
    parts = parts[~parts["teller"].isin(whole["teller"])]
    if parts.empty:
        return whole
    return pd.concat([whole, _sums(parts)], ignore_index=True)


def _sums(parts: pd.DataFrame) -> pd.DataFrame:
    """Return the sum of each claimant's components, with the page and the wording of the weakest of
    them.
    """
    # Two figures of one claimant for a component: both ends kept, the earlier-sorted one leads.
    parts = parts.sort_values(
        ["teller", "part", "vague", "publishers", "claim_id"], ascending=[True] * 3 + [False, True]
    )
    whole = {"lo": np.minimum, "hi": np.maximum, "vague": np.logical_or, "poor": np.logical_and}
    each = _gathered(parts, ["teller", "part"], {**whole, "publishers": np.maximum})
    added = dict.fromkeys(("value", "lo", "hi"), np.add)
    weakest = {"vague": np.logical_or, "poor": np.logical_or, "publishers": np.minimum}
    sums = _gathered(each, ["teller"], {**added, **weakest, "claim_id": np.minimum})
    return sums.assign(hi=sums["hi"].clip(upper=OPEN))


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
    c = _typed(_seen_through(_current(claims), lens))
    counted = _counted(_spanned(_admissible(_ranked(_wholes(c)))))
    result = pd.concat([counted, _undisclosed(c, counted)]).sort_values("pair", ignore_index=True)
    result["grade"] = pd.Categorical(result["grade"], categories=GRADES)
    result["absence"] = pd.Categorical(
        result["absence"].where(result["absence"] != "", None), categories=ABSENCES
    )
    return result[_ESTIMATED].astype(dict.fromkeys(("best", "low", "high", "claims"), "Int64"))


def judged(claims: pd.DataFrame, lens: str = "best") -> pd.DataFrame:
    """Return every claim with what the rule does with it; `claims` and errors as for `estimate`.

    Added columns: `outcome`, `sentence` (the number of the one in `SENTENCES` that says so), and for
    counted claims on a whole, or on the parts of one, `value` (persons, as the rule reads it; of a sum: the
    sum), `lo`, `hi` (its interval; hi missing where no upper end is claimed), `low`, `high` (what it
    lets the estimate span) and `rank` (1 the receiving side's official, 2 the giving side's, 3 a
    mediator's, 4 anybody's). Rows come in the order in which the rule hears them. Outcomes: corrected,
    unseen (not through this lens), silent (no count), subset, covered (a component beside its
    claimant's whole), poor (aggregators only), unofficial, leads, refined (a vague leader that yields),
    agrees, widens.

    >>> told = judged(record.claims("bodies-2025-06-16", direction="to_ukraine"))
    >>> told["outcome"].iloc[0], SENTENCES[told["sentence"].iloc[0]][:5]
    ('leads', 'Best:')
    """
    seen = _seen_through(_current(claims), lens)
    c = _typed(seen)
    ranked = _ranked(_wholes(c))
    heard = _spanned(_admissible(ranked))
    own = _statement_of(claims, c, ranked)
    at = pd.Series(np.arange(len(ranked)), index=ranked["claim_id"]).reindex(own).to_numpy()
    in_at = pd.Series(np.arange(len(heard)), index=heard["claim_id"]).reindex(own).to_numpy()
    stated, admitted = ~np.isnan(at), ~np.isnan(in_at)
    r = ranked.reindex(pd.Index(at)).reset_index(drop=True)
    h = heard.reset_index(drop=True).reindex(pd.Index(in_at)).reset_index(drop=True)
    first = ~ranked.duplicated("pair")
    would_lead = own.isin(ranked.loc[first, "claim_id"]).to_numpy()
    role, none = claims["role"].astype("str").to_numpy(), claims["count_low"].isna().to_numpy()
    cases: list[tuple[Any, str, int]] = [
        (~claims["claim_id"].isin(_current(claims)["claim_id"]).to_numpy(), "corrected", 0),
        (~claims["claim_id"].isin(seen["claim_id"]).to_numpy(), "unseen", -1),
        (none, "silent", 5),
        (role == "subset", "subset", 1),
        (~stated, "covered", 1),
        (~admitted & (r["poor"] != r["poor_lead"]).to_numpy(), "poor", 2),
        (~admitted, "unofficial", 4),
        ((h["claim_id"] == h["claim_id_best"]).to_numpy(), "leads", 3),
        (would_lead, "refined", 3),
        (~h["differs"].eq(True).to_numpy(), "agrees", 4),
    ]
    masks = [mask for mask, _, _ in cases]
    out = claims.assign(
        outcome=np.select(masks, [o for _, o, _ in cases], "widens"),
        sentence=pd.array(np.select(masks, [n for _, _, n in cases], 4), dtype="Int64"),
    )
    out["sentence"] = out["sentence"].mask(out["sentence"] < 0)  # a lens is no sentence of the rule
    out[["value", "lo", "hi", "rank"]] = r[["value", "lo", "hi", "rank"]].astype("Int64").to_numpy()
    out[["low", "high"]] = h[["low", "high"]].astype("Int64").to_numpy()
    numbers = ["value", "lo", "hi", "low", "high", "rank"]
    out[numbers] = out[numbers].astype("Int64")
    for end in ("hi", "high"):
        out[end] = out[end].mask(out[end] >= OPEN)
    out["admitted"], out["ranked"] = in_at, at  # missing comes last
    order = ["event_id", "direction", "admitted", "ranked", "sentence", "claim_id"]
    return out.sort_values(order, ignore_index=True).drop(columns=["admitted", "ranked"])


def _statement_of(claims: pd.DataFrame, seen: pd.DataFrame, ranked: pd.DataFrame) -> pd.Series:
    """Return for each claim the id of the statement it is in: its own, or that of its claimant's sum."""
    parts = seen[(seen["role"] == "component") & seen["count_low"].notna()]
    sums = ranked.loc[ranked["claim_id"].isin(parts["claim_id"]), ["teller", "claim_id"]]
    into = parts[["teller", "claim_id"]].merge(sums, on="teller", suffixes=("", "_sum"))
    named = dict(zip(into["claim_id"], into["claim_id_sum"], strict=True))
    return claims["claim_id"].map(lambda i: named.get(i, i))


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
        ["pair", "poor", "rank", "vague", "publishers", "claim_id"],
        ascending=[True, True, True, True, False, True],
        ignore_index=True,
    )
    return _beside_first(w, ["poor", "rank", "vague", "lo", "hi"], "_lead")


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
    w = w.iloc[np.lexsort((~refines, w["pair"]))]
    return _beside_first(w, ["value", "lo", "hi", "claim_id", "name"], "_best")


def _spanned(w: pd.DataFrame) -> pd.DataFrame:
    """Return the admissible statements with how far each lets the estimate span, and whose they are."""
    differs = ~((w["lo"] <= w["value_best"]) & (w["value_best"] <= w["hi"])).to_numpy()
    finite = np.where(w["hi"] >= OPEN, w["lo"], w["hi"])
    return w.assign(
        differs=differs,
        low=np.where(differs, np.minimum(w["lo"], w["lo_best"]), w["lo_best"]),
        high=np.where(differs, np.maximum(finite, w["hi_best"]), w["hi_best"]),
        ukraine=_official_side(w, "ukraine"),
        russia=_official_side(w, "russia"),
        any_official=w["rank"] <= 3,
    )


def _counted(w: pd.DataFrame) -> pd.DataFrame:
    """Return best, low, high and grade per event and direction from its admissible statements."""
    how: dict[str, np.ufunc] = dict.fromkeys(("ukraine", "russia", "any_official"), np.logical_or)
    how |= {"low": np.minimum, "high": np.maximum, "claims": np.add}
    out = _gathered(w.assign(claims=1), ["pair"], how)
    grade = np.select(
        [_sides_agree(w, out["pair"]), out["ukraine"] & out["russia"], out["any_official"]],
        ["agreed", "contested", "one_sided"],
        "reported",
    )
    return out[["pair", *_KEY, "low", "claims"]].assign(
        best=out["value_best"],
        high=out["high"].astype("Int64").mask(out["high"] >= OPEN),
        grade=grade,
        absence=np.where(out["value_best"] == 0, "zero", ""),
        claim_id=out["claim_id_best"],
        claimant=out["name_best"],
    )


def _undisclosed(c: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Return the events and directions of which claims say only that there is no number."""
    silent = c[c["count_low"].isna() & c["absence"].isin(["withheld", "not_applicable"])]
    silent = silent.assign(order=(silent["absence"] != "withheld").astype("int64"))
    silent = silent[~silent["pair"].isin(counted["pair"])]
    silent = silent.sort_values(["pair", "order", "claim_id"]).drop_duplicates("pair")
    return pd.DataFrame(
        {
            **{c: silent[c] for c in ("pair", *_KEY)},
            "grade": silent["absence"].astype("object").map({"withheld": "undisclosed"}),
            "absence": silent["absence"].astype("str"),
            "claim_id": silent["claim_id"],
            "claimant": silent["name"],
        }
    )


def _official_side(w: pd.DataFrame, side: str) -> pd.Series:
    """Return which rows are official statements of one side."""
    return (w["side"] == side) & (w["rank"] <= 2)


def _sides_agree(w: pd.DataFrame, pairs: pd.Series) -> np.ndarray:
    """Return, for each of the pairs, whether the two sides' leading official intervals meet."""
    ranked = w[["pair", "lo", "hi"]].sort_index()  # as the rule hears them, without who yields
    ukraine, russia = (
        ranked[w[side].sort_index()].drop_duplicates("pair").set_index("pair").reindex(pairs)
        for side in ("ukraine", "russia")
    )
    return ((ukraine["lo"] <= russia["hi"]) & (russia["lo"] <= ukraine["hi"])).to_numpy()


def by_event(events: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """Spread estimates over events: columns `<direction>`, `_low`, `_high`, `_grade`, `_absence`,
    `_claim`, `_claimant`, `_claims`.

    A direction no claim speaks of has absence `not_reported`; both directions of a cancelled event
    are `not_applicable`. Returns a new frame with one row per event, in the order of `events`.

    See also: `estimate`; `Record.events`, which calls both.
    """
    out = events.reset_index(drop=True)
    cancelled = (out["status"] == "cancelled").to_numpy()
    counts = {"": "best", "_low": "low", "_high": "high"}
    for direction in RECEIVER:
        e = (
            estimates[estimates["direction"] == direction]
            .set_index("event_id")
            .reindex(out["event_id"])
        )
        absence = e["absence"].astype("object").to_numpy()
        absence = np.where(e["best"].isna().to_numpy() & pd.isna(absence), "not_reported", absence)
        absence = np.where(cancelled, "not_applicable", absence)
        grade = np.where(cancelled, None, e["grade"].astype("object"))
        columns = {
            **{of: e[count].mask(cancelled).array for of, count in counts.items()},
            "_grade": pd.Categorical(grade, categories=GRADES),
            "_absence": pd.Categorical(absence, categories=ABSENCES),
            "_claim": pd.array(e["claim_id"].to_numpy(), dtype="str"),
            "_claimant": pd.array(e["claimant"].to_numpy(), dtype="str"),
            "_claims": e["claims"].fillna(0).astype("Int64").array,
        }
        out = out.assign(**{direction + of: column for of, column in columns.items()})
    return out
