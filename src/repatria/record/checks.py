"""Everything that can be wrong with a record, said as `file:line: column: reason`.

Text tables come in as the CSV has them (all strings, `""` = empty); typed tables go out. Errors
make a record unusable; warnings say what a curator should look at. All problems are reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from repatria.record.rule import interval
from repatria.record.schema import DIRECTIONS, MENTIONED, TABLES, WAR_START, Field, Table

# Control characters, line separators and bidirectional overrides: they can rewrite a terminal or break a line.
CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
MARKUP = r"<[A-Za-z/!?]"
FORMULA = r"^[=+@\t\r-]"
DATE = r"^\d{4}-\d{2}-\d{2}$"
SUSPECT = (
    r"^[\s\x{a0}\x{2000}-\x{200b}]|[\s\x{a0}\x{2000}-\x{200b}]$|[\x00-\x1f\x7f-\x9f\x{2028}-\x{202e}\x{2066}-\x{2069}]"
)
MAX_CELL = 4_000
MAX_COUNT = 10_000_000  # more than anybody has claimed of anything here: a typing slip


@dataclass(frozen=True, order=True)
class Problem:
    """One finding. `line` counts from 1 with the header as line 1; 0 = the file as a whole."""

    file: str
    line: int
    column: str
    reason: str
    level: str = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        mark = "" if self.level == "error" else f"{self.level}: "
        return f"{place}: {self.column}: {mark}{self.reason}" if self.column else f"{place}: {mark}{self.reason}"


class RecordError(ValueError):
    """A record with errors. `problems` holds every one of them."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def shown(value: object) -> str:
    """Return a cell's text for an error line: escaped and cut, so that it cannot act on a terminal."""
    text = ascii(str(value))[1:-1]
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def among(values: pd.Series, known: pd.Series) -> np.ndarray:
    """Return which of `values` are in `known` (as `Series.isin`, but in Arrow: ten times faster on text)."""
    found = pc.is_in(pa.array(values), value_set=pa.array(known))
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


class Findings:
    """Collects problems from boolean masks over tables whose row i stands on line i + 2."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(
        self,
        table: str,
        column: str,
        bad: pd.Series | np.ndarray,
        reason: str,
        values: pd.Series | None = None,
        level: str = "error",
    ) -> None:
        """Add one problem per true element of `bad`; `{}` in `reason` takes the cell's text."""
        mask = np.asarray(bad, dtype=bool)
        for i in np.flatnonzero(mask):
            text = reason.format(shown(values.iloc[i])) if values is not None else reason
            self.problems.append(Problem(f"{table}.csv", int(i) + 2, column, text, level))

    def file(self, table: str, reason: str, level: str = "error") -> None:
        self.problems.append(Problem(f"{table}.csv", 0, "", reason, level))

    @property
    def errors(self) -> list[Problem]:
        return sorted(p for p in self.problems if p.level == "error")


def _typed(found: Findings, table: Table, f: Field, s: pd.Series) -> pd.Series:
    """Check one text column against its declaration and return it typed."""
    empty = (s == "").to_numpy()
    if f.required:
        found.add(table.name, f.name, empty, "is required")
    if f.enum:
        codes = pd.Index(f.enum).get_indexer(s)
        found.add(table.name, f.name, (codes < 0) & ~empty, "{} is none of " + ", ".join(f.enum), s)
        return pd.Series(pd.Categorical.from_codes(codes, categories=f.enum), index=s.index, name=s.name)
    if f.type == "integer":
        number = s.str.fullmatch(r"\d{1,9}").to_numpy(dtype=bool)
        bad = ~number & ~empty
        if bad.any():
            negative = s.str.fullmatch(r"[-\u2212]\d+").to_numpy(dtype=bool)
            fraction = s.str.fullmatch(r"[-]?\d+[.,]\d+").to_numpy(dtype=bool)
            found.add(table.name, f.name, bad & negative, "{} is negative", s)
            found.add(table.name, f.name, bad & fraction, "{} is not a whole number", s)
            found.add(table.name, f.name, bad & ~negative & ~fraction, "{} is not a number", s)
        values = s.where(number, None).astype("Int64")
        if f.minimum is not None:
            found.add(table.name, f.name, (values < f.minimum).fillna(False), f"{{}} is below {f.minimum}", s)
        found.add(table.name, f.name, (values > MAX_COUNT).fillna(False), "{} is out of all proportion", s)
        return values
    if f.type == "date":
        shape = s.str.fullmatch(DATE).to_numpy(dtype=bool)
        days = pd.to_datetime(s.where(shape, None), format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")
        found.add(table.name, f.name, days.isna().to_numpy() & ~empty, "{} is not a day (YYYY-MM-DD)", s)
        early = (days < pd.Timestamp(WAR_START)).to_numpy()
        found.add(table.name, f.name, early, f"{{}} is before the war ({WAR_START})", s)
        return days
    if f.pattern:
        fits = s.str.fullmatch(f.pattern).to_numpy(dtype=bool)
        found.add(table.name, f.name, ~fits & ~empty, "{} does not have the form of this column", s)
    elif not f.free_text:
        found.add(table.name, f.name, s.str.contains(MARKUP).to_numpy(dtype=bool), "{} holds markup", s)
        found.add(table.name, f.name, s.str.contains(FORMULA).to_numpy(dtype=bool), "{} could be read as a formula", s)
    return s


def typed(found: Findings, name: str, text: pd.DataFrame) -> pd.DataFrame:
    """Check a table of text cell by cell and return it typed (string, category, Int64, datetime64[s])."""
    table = TABLES[name]
    for column in text.columns:
        s = text[column]
        arrow = pa.array(s)
        if (
            not pc.any(pc.match_substring_regex(arrow, SUSPECT)).as_py()
            and (pc.max(pc.utf8_length(arrow)).as_py() or 0) <= MAX_CELL
        ):
            continue  # one pass clears a sound column; only a suspect one is looked at three times
        found.add(name, column, s.str.contains(CONTROL).to_numpy(dtype=bool), "{} holds a control character", s)
        found.add(name, column, (s.str.strip() != s).to_numpy(dtype=bool), "{} has a space at its end", s)
        found.add(name, column, (s.str.len() > MAX_CELL).to_numpy(dtype=bool), f"is longer than {MAX_CELL} characters")
    frame = pd.DataFrame({f.name: _typed(found, table, f, text[f.name]) for f in table.fields})
    again = text.duplicated(list(table.key)).to_numpy()
    found.add(name, table.key[0], again, "{} is there twice", text[table.key[0]])
    return frame


def relations(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    """Check what no single table shows: references, dates against pages, parts against totals."""
    for table in TABLES.values():
        for column, target in table.references:
            value = t[table.name][column]
            known = among(value, t[target][TABLES[target].key[0]]) | (value == "").to_numpy()
            found.add(table.name, column, ~known, f"{{}} is not in {target}.csv", value)
    _events(found, t)
    _claims(found, t)
    _citations(found, t)
    _mentions(found, t)
    _statements(found, t)


def _events(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    e = t["events"]
    stem = e["event_id"].str.replace(r"-[b-z]$", "", regex=True)
    form = np.where(e["date_precision"] == "month", e["date"].dt.strftime("%Y-%m"), e["date"].dt.strftime("%Y-%m-%d"))
    found.add(
        "events",
        "event_id",
        (stem != e["kind"].astype("str") + "-" + pd.Series(form, index=e.index)).to_numpy()
        & e["date"].notna().to_numpy(),
        "{} does not say its kind and date",
        e["event_id"],
    )
    first = (e["date"].dt.day != 1) & (e["date_precision"] == "month")
    found.add("events", "date", first, "a month is given by its first day")
    spoken = among(e["event_id"], t["claims"]["event_id"])
    planned = (e["status"] == "cancelled").to_numpy() & among(e["event_id"], t["schedules"]["event_id"])
    found.add("events", "event_id", ~spoken & ~planned, "{} has no claim", e["event_id"])
    deals = e[e["deal_id"] != ""].groupby("deal_id")["kind"].nunique()
    mixed = e["deal_id"].isin(deals.index[deals > 1])
    found.add("events", "deal_id", mixed, "{} joins different kinds", e["deal_id"])


def _claims(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    c = t["claims"]
    low, high = c["count_low"], c["count_high"]
    none = (low.isna() & high.isna()).to_numpy()
    absence = c["absence"].astype("object").fillna("").to_numpy()
    found.add("claims", "count_low", (low > high).fillna(False), "is larger than count_high")
    found.add(
        "claims",
        "count_low",
        low.isna().to_numpy() ^ high.isna().to_numpy(),
        "count_low and count_high are both given, or neither",
    )
    found.add("claims", "count_low", none & (absence == ""), "no count and no absence")
    zero = ((low == 0) | (high == 0)).fillna(False).to_numpy()
    found.add("claims", "absence", zero & (absence != "zero"), "a count of 0 is said as absence zero")
    none_said = ((low == 0) & (high == 0) & (c["qualifier"] == "exact")).fillna(False).to_numpy()
    found.add("claims", "absence", (absence == "zero") & ~none_said, "zero goes with a count of 0, exactly worded")
    silent = np.isin(absence, ["withheld", "not_applicable"])
    found.add("claims", "absence", silent & ~none, "{} goes without a count", c["absence"])
    found.add("claims", "qualifier", ~none & c["qualifier"].isna().to_numpy(), "a count needs a qualifier")
    found.add(
        "claims",
        "claimant_id",
        (absence == "zero") & (c["claimant_id"] == "press").to_numpy(),
        "zero needs a named claimant: somebody who says none",
    )
    found.add(
        "claims",
        "role",
        (c["role"] == "whole").to_numpy() ^ (c["part"] == "total").to_numpy(),
        "role whole and part total go together",
    )
    same = [
        "event_id",
        "claimant_id",
        "direction",
        "part",
        "role",
        "count_low",
        "count_high",
        "qualifier",
        "absence",
        "stated_date",
    ]
    twins = c.duplicated(same).to_numpy()
    found.add("claims", "claim_id", twins, "{} says the same as an earlier claim", c["claim_id"])
    found.add("claims", "claim_id", ~among(c["claim_id"], t["citations"]["claim_id"]), "{} has no page", c["claim_id"])

    key = ["event_id", "claimant_id", "direction"]
    tops = c[c["role"] == "whole"].groupby(key)["count_high"].max().rename("whole").reset_index()
    if len(tops):
        whole = c[key].merge(tops, how="left", on=key)["whole"].astype("Int64")
        over = (c["count_low"].reset_index(drop=True) > whole).fillna(False).to_numpy()
        found.add("claims", "count_low", over & (c["role"] != "whole").to_numpy(), "a part is larger than its total")


def _citations(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    c = t["citations"]
    if c.empty:
        return
    event = c["claim_id"].map(t["claims"].drop_duplicates("claim_id").set_index("claim_id")["event_id"])
    events = t["events"].drop_duplicates("event_id").set_index("event_id")
    published = c["source_id"].map(t["sources"].drop_duplicates("source_id").set_index("source_id")["published_on"])
    early = (published < event.map(events["date"])).to_numpy()
    if early.any():
        found.add(
            "citations",
            "source_id",
            early & event.map(events["status"]).ne("cancelled").to_numpy(),
            "{} was published before the event took place",
            c["source_id"],
        )


def _mentions(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    m = t["mentions"]
    ids = pd.concat([t[name][column] for name, column in MENTIONED.items()])
    found.add("mentions", "row_id", ~among(m["row_id"], ids), "{} is in no table", m["row_id"])
    for name, column in MENTIONED.items():
        found.add(name, column, ~among(t[name][column], m["row_id"]), "{} has no page", t[name][column])
    s = t["sources"]
    used = among(s["source_id"], t["citations"]["source_id"]) | among(s["source_id"], m["source_id"])
    found.add("sources", "source_id", ~used, "{} carries nothing", s["source_id"])
    url = s["url"]
    found.add("sources", "url", url.duplicated() & (url != ""), "{} is there twice", url)
    found.add("sources", "url", (url == "") & (s["seed"] == ""), "is required")


def _statements(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    for name, low, high in (
        ("pledges", "quantity_low", "quantity_high"),
        ("context", "count_low", "count_high"),
    ):
        p = t[name]
        found.add(name, low, (p[low] > p[high]).fillna(False), f"is larger than {high}")
        missing = p[low].isna() & p[high].isna()
        found.add(name, low, missing & (p["qualifier"] != "all").fillna(True), "no number")
    total = t["totals"]
    found.add("totals", "since", total["since"] > total["as_of"], "is after as_of")
    basis = total["since"].notna() ^ total["since_basis"].notna()
    found.add("totals", "since_basis", basis, "since and since_basis go together")
    cover = t["coverage"]
    found.add("coverage", "read_from", cover["read_from"] > cover["read_through"], "is after read_through")
    d = t["dossier"]
    for name in ("totals", "pledges", "schedules", "context", "excluded"):
        here = (d["table"] == name).to_numpy()
        known = among(d["row_id"], t[name][TABLES[name].key[0]])
        found.add("dossier", "row_id", here & ~known, f"{{}} is not in {name}.csv", d["row_id"])
    here = (d["table"] == "citations").to_numpy()
    found.add(
        "dossier",
        "row_id",
        here & ~among(d["row_id"], t["claims"]["claim_id"]),
        "{} is not in claims.csv",
        d["row_id"],
    )


# A second page on one handover tends to be days late and to round; further off is another handover.
NEAR_DAYS = 4
NEAR_COUNT = 0.05
# Before so many days with a count there is no largest worth comparing with.
ENOUGH_DAYS = 5
JUMP = 3


def warnings(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    """Add what is allowed but wants a look.

    Events resting on one publisher; components that do not add up; two events that look like one (same kind, days
    and counts near, not one deal); a count more than three times any before it; a running total that falls.
    """
    pages = t["citations"].merge(t["claims"][["claim_id", "event_id"]], on="claim_id")
    pages = pages.merge(t["sources"][["source_id", "publisher"]], on="source_id")
    publishers = pages.groupby("event_id")["publisher"].nunique()
    e = t["events"]
    single = e["event_id"].map(publishers).fillna(0) < 2
    found.add("events", "event_id", single, "{} rests on one publisher", e["event_id"], "warning")

    claims = t["claims"]
    c = claims[claims["count_low"].notna()]
    key = ["event_id", "claimant_id", "direction"]
    parts = c[c["role"] == "component"]
    several = parts.groupby([*key, "part"], observed=True)["count_low"].nunique()
    if (several > 1).any():
        clash = pd.MultiIndex.from_frame(claims[[*key, "part"]]).isin(several.index[several > 1])
        found.add(
            "claims",
            "part",
            clash & (claims["role"] == "component").to_numpy(),
            "{} is a component with two figures of one claimant",
            claims["claim_id"],
            "warning",
        )
    sums = parts.groupby(key, observed=True)[["count_low", "count_high"]].sum().reset_index()
    whole = c[c["role"] == "whole"].merge(sums, on=key, suffixes=("", "_parts"))
    differs = (whole["count_low_parts"] != whole["count_low"]).groupby([whole[k] for k in key], observed=True).all()
    if differs.any():
        bad = pd.MultiIndex.from_frame(claims[key]).isin(differs.index[differs])
        found.add(
            "claims",
            "count_low",
            bad & (claims["role"] == "whole").to_numpy(),
            "{} differs from the sum of the claimant's components",
            claims["claim_id"],
            "warning",
        )
    _twins(found, e, pd.concat([c[c["role"] == "whole"], sums]))
    _jumps(found, e, claims)
    _falls(found, t["totals"])


def _twins(found: Findings, events: pd.DataFrame, counts: pd.DataFrame) -> None:
    """Warn of two events of a kind that may be one: days and a count near, not one deal, neither marked disputed."""
    e = events[events["status"] == "took_place"]
    e = e.assign(
        end=e["date"].where(e["date_precision"] != "month", e["date"] + pd.offsets.MonthEnd(0)),
        deal_id=e["deal_id"].where(e["deal_id"] != "", e["event_id"]),
        line=e.index + 2,
    )
    span = counts.groupby(["event_id", "direction"], observed=True).agg(
        low=("count_low", "min"), high=("count_high", "max")
    )
    e = e.merge(span.reset_index(), on="event_id").sort_values(["kind", "direction", "date", "event_id"])
    name, deal, line = (e[c].to_numpy(dtype=object) for c in ("event_id", "deal_id", "line"))
    group = e["kind"].cat.codes.to_numpy() * len(DIRECTIONS) + e["direction"].cat.codes.to_numpy()
    day, end = (e[c].to_numpy("datetime64[D]") for c in ("date", "end"))
    low, high = (e[c].to_numpy("int64") for c in ("low", "high"))
    slack = np.maximum(1, high * NEAR_COUNT)
    twins: dict[str, tuple[str, int]] = {}  # the nearest one is enough
    for step in range(1, 7):  # neighbours in time: nobody held more handovers of a kind in so few days
        one, two = slice(None, -step), slice(step, None)
        near = (
            (group[one] == group[two])
            & (day[two] - end[one] <= np.timedelta64(NEAR_DAYS, "D"))
            & (deal[one] != deal[two])
            & (low[one] - slack[one] <= high[two])
            & (low[two] - slack[two] <= high[one])
        )
        for i in np.flatnonzero(near):
            twins.setdefault(name[i + step], (name[i], line[i + step]))
    for second, (first, at) in twins.items():
        reason = f"{shown(second)} may be {shown(first)} again: days and counts are near, and they share no deal"
        found.problems.append(Problem("events.csv", int(at), "event_id", reason, "warning"))


def _jumps(found: Findings, events: pd.DataFrame, claims: pd.DataFrame) -> None:
    """Warn of a count out of all proportion: more than `JUMP` times any earlier one of its kind and direction."""
    c = claims[["event_id", "claim_id", "direction", "count_high"]].assign(line=claims.index + 2).dropna()
    c = c.merge(events.loc[events["status"] != "cancelled", ["event_id", "kind", "date"]], on="event_id")
    group = ["kind", "direction"]
    days = c.groupby([*group, "date"], observed=True)["count_high"].max().reset_index().sort_values([*group, "date"])
    by = days.groupby(group, observed=True)
    days["largest"] = by["count_high"].cummax().groupby([days[g] for g in group], observed=True).shift()
    days = days[by.cumcount() >= ENOUGH_DAYS]
    c = c.merge(days.drop(columns="count_high"), on=[*group, "date"])
    for row in c[c["count_high"] > JUMP * c["largest"]].itertuples():
        reason = f"{shown(row.claim_id)}: {row.count_high} is more than {JUMP} times any before it ({row.largest})"
        found.problems.append(Problem("claims.csv", int(row.line), "count_high", reason, "warning"))


def _falls(found: Findings, totals: pd.DataFrame) -> None:
    """Warn of a running total below an earlier one of the same claimant, kind, unit, direction, scope and start."""
    low, high = interval(
        totals["count"].to_numpy("int64"),
        totals["count"].to_numpy("int64"),
        totals["qualifier"].astype("object").to_numpy(),
    )
    t = totals.assign(low=low, high=high, line=totals.index + 2)
    t = t[t["claimant_id"] != "press"].sort_values(["as_of", "low"])  # "press" is many voices, not one
    keys = [t[k] for k in ("claimant_id", "kind", "unit", "direction", "scope", "since")]
    running = t["low"].groupby(keys, observed=True, dropna=False).cummax()
    t["before"] = running.groupby(keys, observed=True, dropna=False).shift()
    for row in t[t["before"] > t["high"]].itertuples():
        reason = f"{shown(row.total_id)}: {row.count} is below {row.before:.0f}, said before by {row.claimant_id}"
        found.problems.append(Problem("totals.csv", int(row.line), "count", reason, "warning"))
