"""What no single cell shows: references, ids against their rows, days against pages and against
today, parts against totals, corrections, publishers against hosts, coverage.

Called on typed tables whose every cell is sound; each check adds to the findings.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from repatria.record.checks import Findings, among, at, repeated, shown
from repatria.record.names import HOST, bare_host
from repatria.record.schema import (
    CLICK_IDS,
    CURATORS,
    MANY_PUBLISH,
    MENTIONED,
    TABLES,
    WAR_START,
)

__all__ = ["check", "first_day_of", "known_on"]

STEP = 100_000  # rows whose text is held twice at a time
_STATEMENT = ["event_id", "claimant_id", "direction", "part"]


def check(found: Findings, t: dict[str, pd.DataFrame], today: pd.Timestamp) -> None:
    """Add every contradiction between rows. `today` is the last day that can have happened."""
    if _missing_rows(found, t):
        return
    rows: dict[tuple[str, str], np.ndarray] = {}  # where what a column speaks of stands
    for table in TABLES.values():
        for column, target in table.references:
            value = t[table.name][column]
            rows[table.name, column] = place = at(value, t[target][TABLES[target].key[0]])
            known = (place >= 0) | (value == "").to_numpy()
            found.add(table.name, column, ~known, f"{{}} is not in {target}.csv", value)
    _days(found, t, today)
    _events(found, t)
    _claim_ids(found, t["claims"])
    _counts(found, t["claims"])
    _claims(found, t, rows)
    _corrections(found, t)
    _citations(found, t, rows)
    _mentions(found, t, rows)
    hosts = _hosts(t["sources"]["url"])
    _sources(found, t["sources"], hosts)
    _addresses(found, t)
    _publishers(found, t["sources"], hosts)
    _statements(found, t)
    _links(found, t["links"])
    _coverage(found, t["coverage"])
    _dossier(found, t)


def _missing_rows(found: Findings, t: dict[str, pd.DataFrame]) -> bool:
    """Say of an empty table that others speak of it: one line, not one for each of their rows."""
    speak = [(t.name, c, target) for t in TABLES.values() for c, target in t.references]
    speak += [("claims", "claim_id", "citations"), ("sources", "source_id", "citations")]
    speak += [(name, column, "mentions") for name, column in MENTIONED.items()]
    if (t["events"]["status"] != "cancelled").any():
        speak.append(("events", "event_id", "claims"))
    if len(t["mentions"]):
        speak.remove(("sources", "source_id", "citations"))
    start = len(found.problems)
    for name in TABLES:
        by = [s for s, column, target in speak if target == name and (t[s][column] != "").any()]
        if by and not len(t[name]):
            found.line(name, 0, f"has no rows, but {by[0]}.csv needs some")
    return len(found.problems) > start


def first_day_of(dates: pd.Series, precision: pd.Series) -> pd.Series:
    """Return the first day of the day, month or year that each date stands for.

    >>> first_day_of(pd.Series([pd.Timestamp("2025-06-30")]), pd.Series(["month"]))[0]
    Timestamp('2025-06-01 00:00:00')
    """
    stamp = dates.to_numpy().astype("datetime64[D]")
    month, year = (stamp.astype(f"datetime64[{u}]").astype("datetime64[D]") for u in "MY")
    grain = precision.astype("object").to_numpy()
    out = np.where(grain == "month", month, np.where(grain == "year", year, stamp))
    return pd.Series(out.astype("datetime64[s]"), index=dates.index)


def known_on(t: dict[str, pd.DataFrame]) -> pd.Series:
    """Return the earliest dated page of each claim that has one, by claim_id."""
    s = t["sources"]
    dated = pd.Series(s["published_on"].to_numpy(), index=s["source_id"]).dropna()
    pages = t["citations"]
    return pages["source_id"].map(dated).groupby(pages["claim_id"]).min().dropna()


def _days(found: Findings, t: dict[str, pd.DataFrame], today: pd.Timestamp) -> None:
    reason = f"is after today ({today:%Y-%m-%d})"
    past = {
        "agreements": ("agreed_on",),
        "claims": ("stated_date",),
        "coverage": ("read_from", "read_through", "entered_on"),
        "totals": ("since",),
    }
    for name, columns in past.items():
        for column in columns:
            found.add(name, column, t[name][column] > today, reason)
    for name in ("totals", "context"):
        first = first_day_of(t[name]["as_of"], t[name]["as_of_precision"])
        found.add(name, "as_of", first > today, reason)
    # A handover can be cancelled before its day; it cannot have taken place.
    e = t["events"]
    found.add("events", "date", (e["date"] > today) & (e["status"] != "cancelled"), reason)


def _events(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    e = t["events"]
    stem = e["event_id"].str.replace(r"-[b-z]$", "", regex=True)
    month = e["date_precision"] == "month"
    form = e["date"].dt.strftime("%Y-%m-%d")
    form = form.where(~month, form.str[:7])
    wrong = stem != e["kind"].astype("str") + "-" + form
    found.add("events", "event_id", wrong, "{} does not say its kind and date", e["event_id"])
    early = (e["date"] < pd.Timestamp(WAR_START)) & ~month
    found.add("events", "date", early, f"is before the war ({WAR_START})")
    found.add(
        "events", "date", (e["date"].dt.day != 1) & month, "a month is given by its first day"
    )
    spoken = among(e["event_id"], t["claims"]["event_id"])
    planned = (e["status"] == "cancelled").to_numpy() & among(
        e["event_id"], t["schedules"]["event_id"]
    )
    found.add("events", "event_id", ~spoken & ~planned, "{} has no claim", e["event_id"])
    deals = e[e["deal_id"] != ""].groupby("deal_id")["kind"].nunique()
    mixed = e["deal_id"].isin(deals.index[deals > 1])
    found.add("events", "deal_id", mixed, "{} joins different kinds", e["deal_id"])


def _claim_ids(found: Findings, c: pd.DataFrame) -> None:
    """An id says its row; `~2`, `~3` … tell a claimant's figures apart."""
    parts = [
        pa.array(c[k].astype("str")).cast("string")
        for k in ("event_id", "direction", "claimant_id", "part")
    ]
    stem = pc.replace_substring_regex(
        pa.array(c["claim_id"]).cast("string"), r"~(?:[2-9]|[1-9][0-9]+)$", ""
    )
    said = pc.equal(stem, pc.binary_join_element_wise(*parts, "."))
    wrong = ~np.asarray(said.to_numpy(zero_copy_only=False), dtype=bool)
    reason = "{} does not say its event, direction, claimant and part"
    found.add("claims", "claim_id", wrong, reason, c["claim_id"])


def _counts(found: Findings, c: pd.DataFrame) -> None:
    low, high = c["count_low"], c["count_high"]
    none = (low.isna() & high.isna()).to_numpy()
    absence = c["absence"].astype("object").fillna("").to_numpy()
    found.add("claims", "count_low", (low > high).fillna(False), "is larger than count_high")
    lopsided = low.isna().to_numpy() ^ high.isna().to_numpy()
    found.add(
        "claims", "count_low", lopsided, "count_low and count_high are both given, or neither"
    )
    found.add("claims", "count_low", none & (absence == ""), "no count and no absence")
    zero = ((low == 0) | (high == 0)).fillna(False).to_numpy()
    found.add(
        "claims", "absence", zero & (absence != "zero"), "a count of 0 is said as absence zero"
    )
    none_said = ((low == 0) & (high == 0) & (c["qualifier"] == "exact")).fillna(False).to_numpy()
    reason = "zero goes with a count of 0, exactly worded"
    found.add("claims", "absence", (absence == "zero") & ~none_said, reason)
    silent = np.isin(absence, ["withheld", "not_applicable"])
    found.add("claims", "absence", silent & ~none, "{} goes without a count", c["absence"])
    worded = c["qualifier"].notna().to_numpy()
    found.add("claims", "qualifier", ~none & ~worded, "a count needs a qualifier")
    found.add("claims", "qualifier", none & worded, "there is no count that is so worded")
    press = (absence == "zero") & (c["claimant_id"] == "press").to_numpy()
    found.add("claims", "claimant_id", press, "zero needs a named claimant: somebody who says none")
    own = (c["claimant_id"] == CURATORS).to_numpy()
    found.add("claims", "claimant_id", own, "curators make links, not claims")
    whole = (c["role"] == "whole").to_numpy() ^ (c["part"] == "total").to_numpy()
    found.add("claims", "role", whole, "role whole and part total go together")


def _spoken(size: int, *rows: np.ndarray) -> np.ndarray:
    """Return which of so many rows are spoken of by one of these places."""
    out = np.zeros(size, dtype=bool)
    for place in rows:
        out[place[place >= 0]] = True
    return out


def _claims(
    found: Findings, t: dict[str, pd.DataFrame], rows: dict[tuple[str, str], np.ndarray]
) -> None:
    c = t["claims"]
    same = [
        *_STATEMENT,
        "role",
        "count_low",
        "count_high",
        "qualifier",
        "absence",
        "stated_date",
        "corrects",
    ]
    event = rows["claims", "event_id"]
    told = c[same].assign(event_id=event) if (event >= 0).all() else c[same]
    twins = told.duplicated().to_numpy()
    found.add("claims", "claim_id", twins, "{} says the same as an earlier claim", c["claim_id"])
    paged = _spoken(len(c), rows["citations", "claim_id"])
    found.add("claims", "claim_id", ~paged, "{} has no page", c["claim_id"])
    parts = c.loc[(c["role"] != "whole") & c["count_low"].notna(), [*_STATEMENT[:3], "count_low"]]
    wholes = c.loc[c["role"] == "whole", [*_STATEMENT[:3], "count_high"]]
    if parts.empty or wholes.empty:
        return
    tops = wholes.groupby(_STATEMENT[:3], observed=True)["count_high"].max().reset_index()
    both = parts.reset_index().merge(tops, on=_STATEMENT[:3])
    over = both.loc[(both["count_low"] > both["count_high"]).fillna(False), "index"]
    found.add("claims", "count_low", c.index.isin(over), "a part is larger than its total")


def _corrections(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    """A correction speaks of what the corrected claim speaks of, is known no sooner, and closes no
    circle.
    """
    c = t["claims"]
    at = [int(i) for i in np.flatnonzero((c["corrects"] != "").to_numpy(dtype=bool))]
    if not at:
        return
    rows = c.drop_duplicates("claim_id").set_index("claim_id")
    known, targets = known_on(t), dict(zip(c["claim_id"], c["corrects"], strict=True))
    corrected: dict[str, str] = {}

    def say(i: int, reason: str) -> None:
        found.line("claims", i + 2, reason, "corrects")

    for i in at:
        new, old = c["claim_id"].iloc[i], c["corrects"].iloc[i]
        if old not in rows.index:
            continue  # said among the references
        differing = [k for k in _STATEMENT if rows.loc[old, k] != c[k].iloc[i]]
        if differing:
            say(
                i,
                f"{shown(old)} has another {', '.join(differing)}: "
                "a claimant corrects its own statement",
            )
        if old in known and new in known and known[new] < known[old]:
            say(i, f"{shown(old)} became known later, on {known[old]:%Y-%m-%d}")
        if old in corrected:
            say(i, f"{shown(old)} is corrected twice: name the correction, {shown(corrected[old])}")
        corrected.setdefault(old, new)
        seen, step = {new}, old
        while step and step not in seen:
            seen.add(step)
            step = targets.get(step, "")
        if step == new:
            say(i, f"{shown(old)} leads back to this claim")


def _citations(
    found: Findings, t: dict[str, pd.DataFrame], rows: dict[tuple[str, str], np.ndarray]
) -> None:
    claim, page = rows["citations", "claim_id"], rows["citations", "source_id"]
    event = rows["claims", "event_id"][claim] if len(t["claims"]) else claim
    if not len(claim) or not len(t["events"]) or not len(t["sources"]):
        return
    whole = (claim >= 0) & (page >= 0) & (event >= 0)
    day = t["events"]["date"].to_numpy()[event]
    planned = (t["events"]["status"] == "cancelled").to_numpy()[event]
    early = whole & (t["sources"]["published_on"].to_numpy()[page] < day) & ~planned
    reason = "{} was published before the event took place"
    found.add("citations", "source_id", early, reason, t["citations"]["source_id"])


def _mentions(
    found: Findings, t: dict[str, pd.DataFrame], rows: dict[tuple[str, str], np.ndarray]
) -> None:
    m = t["mentions"]
    ids = pd.concat([t[name][column] for name, column in MENTIONED.items()])
    found.add("mentions", "row_id", ~among(m["row_id"], ids), "{} is in no table", m["row_id"])
    for name, column in MENTIONED.items():
        found.add(
            name, column, ~among(t[name][column], m["row_id"]), "{} has no page", t[name][column]
        )
    s = t["sources"]
    used = _spoken(len(s), rows["citations", "source_id"], rows["mentions", "source_id"])
    found.add("sources", "source_id", ~used, "{} carries nothing", s["source_id"])


def _sources(found: Findings, s: pd.DataFrame, hosts: pa.Array) -> None:
    """An id says its address, and how the day is known says whether there is one."""
    url = s["url"]
    twice = repeated(s[["url"]]) & (url != "")
    found.add("sources", "url", twice, "{} is there twice", url)
    found.add("sources", "url", (url == "") & (s["seed"] == ""), "is required")
    wrong = np.zeros(len(s), dtype=bool)
    for i in range(0, len(s), STEP):
        wrong[i : i + STEP] = _misnamed(s[i : i + STEP], hosts[i : i + STEP])
    found.add("sources", "source_id", wrong, "{} does not say its host and address", s["source_id"])
    undated = s["published_on"].isna()
    reason = "none goes with an undated page, and only with one"
    found.add("sources", "dated_by", undated ^ (s["dated_by"] == "none"), reason)


def _misnamed(s: pd.DataFrame, hosts: pa.Array) -> np.ndarray:
    """Return which ids are not their address's host and the first digits of its digest."""
    cut = pc.split_pattern(pa.array(s["source_id"]), "-", max_splits=1, reverse=True)
    named = hosts.dictionary_encode()
    host = pc.utf8_trim(pc.replace_substring_regex(named.dictionary, "[^a-z0-9]+", "-"), "-")
    host = pc.if_else(pc.equal(host, ""), "page", host).take(named.indices)
    fits = pc.and_(pc.equal(pc.list_value_length(cut), 2), pc.equal(pc.list_element(cut, 0), host))
    some = (s["url"] != "").to_numpy(dtype=bool)
    same = some & np.asarray(fits.to_numpy(zero_copy_only=False), dtype=bool)
    told = pc.list_element(cut.filter(pa.array(same)), 1).to_pylist()
    sha1 = hashlib.sha1
    for i, digits, url in zip(np.flatnonzero(same), told, s["url"][same].tolist(), strict=True):
        digest = sha1(url.encode(), usedforsecurity=False).hexdigest()
        same[i] = len(digits) >= 6 and digest.startswith(digits)
    return some & ~same


def _hosts(url: pd.Series) -> pa.Array:
    """Return the host of each address as ids carry it: small letters, no www., its port kept; ""
    for none.
    """
    found = pc.struct_field(pc.extract_regex(pa.array(url), HOST), "host")
    host = pc.ascii_lower(pc.fill_null(found, ""))
    host = pc.utf8_rtrim(pc.replace_substring_regex(host, r"^www\.", ""), ".")
    return host.combine_chunks() if isinstance(host, pa.ChunkedArray) else host


def _addresses(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    for name in ("sources", "excluded"):
        url = t[name]["url"]
        clicked = pc.match_substring_regex(pa.array(url), rf"(?i)[?&;#]{CLICK_IDS}=")
        reason = "{} carries a click id: give the address without it"
        found.add(name, "url", clicked.to_numpy(zero_copy_only=False), reason, url)


def _publishers(found: Findings, s: pd.DataFrame, hosts: pa.Array) -> None:
    """One house, one spelling: else two pages of one publisher count as two publishers.

    What stands in brackets at the end is the agency whose text the house carries, not the house.
    """
    pages = pd.DataFrame({"host": hosts.to_pandas(), "house": s["publisher"]})
    if _misspelt(pages.drop_duplicates()):  # a few rows of many; which is usual, all of them say
        for i, reason in _misspelt(pages).items():
            found.line("sources", i + 2, reason, "publisher")


def _misspelt(pages: pd.DataFrame) -> dict[int, str]:
    """Return by row why its house is spelt wrongly."""
    house = pages["house"].str.replace(r" \([^()]*\)$", "", regex=True)
    host = pages["host"].map({h: bare_host(h) for h in pages["host"].unique()})
    host = host.mask(host.isin(MANY_PUBLISH), "")
    said: dict[int, str] = {}
    for key, where in ((host, "on {}"), (house.str.lower(), "elsewhere")):
        pairs = pd.DataFrame({"key": key, "house": house})[key != ""]
        spelt = pairs.groupby("key")["house"].nunique()
        for name, rows in pairs[pairs["key"].isin(spelt.index[spelt > 1])].groupby("key"):
            usual = rows["house"].mode().iloc[0]
            for i in rows.index[rows["house"] != usual].difference(list(said)):
                said[i] = f"{shown(house[i])} is spelt {shown(usual)} {where.format(name)}"
    return said


def _statements(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    for name, low, high in (
        ("pledges", "quantity_low", "quantity_high"),
        ("context", "count_low", "count_high"),
    ):
        p = t[name]
        found.add(name, low, (p[low] > p[high]).fillna(False), f"is larger than {high}")
        found.add(
            name,
            low,
            p[low].isna() ^ p[high].isna(),
            f"{low} and {high} are both given, or neither",
        )
        missing = p[low].isna() & p[high].isna()
        bare = p["qualifier"].isin(["all", "none"])
        found.add(name, low, missing & ~bare, "no number")
        found.add(name, low, ~missing & bare, "all and none are said without a number")
    total = t["totals"]
    found.add("totals", "since", total["since"] > total["as_of"], "is after as_of")
    basis = total["since"].notna() ^ total["since_basis"].notna()
    found.add("totals", "since_basis", basis, "since and since_basis go together")


def _links(found: Findings, links: pd.DataFrame) -> None:
    """A claimant has one stance on a handover and an agreement; only curators find one possible."""
    twice = links.duplicated(["agreement_id", "event_id", "claimant_id"])
    found.add(
        "links", "claimant_id", twice, "{} has a stance on this already", links["claimant_id"]
    )
    own = links["claimant_id"] == CURATORS
    open_ = links["stance"] == "possible"
    found.add("links", "stance", open_ & ~own, "possible is the curators' word only")
    found.add("links", "stance", (links["stance"] == "denies") & own, "denies needs a claimant")


def _coverage(found: Findings, cover: pd.DataFrame) -> None:
    """A stretch ends after it begins, is declared read when it is over, and overlaps no other of
    its side.
    """
    start, end = cover["read_from"], cover["read_through"]
    found.add("coverage", "read_from", start > end, "is after read_through")
    found.add(
        "coverage",
        "entered_on",
        cover["entered_on"] < end,
        "is before read_through: nobody can have read it",
    )
    order = cover.sort_values(["kind", "side", "read_from"])
    before = order.groupby(["kind", "side"], observed=True)["read_through"].shift()
    overlap = cover.index.isin(order.index[order["read_from"] <= before])
    found.add("coverage", "read_from", overlap, "overlaps the stretch before it")


def _dossier(found: Findings, t: dict[str, pd.DataFrame]) -> None:
    d = t["dossier"]
    ids = {n: t[n][TABLES[n].key[0]] for n in (*MENTIONED, "excluded")}
    for name, known in {**ids, "citations": t["claims"]["claim_id"]}.items():
        here = (d["table"] == name).to_numpy()
        to = "claims" if name == "citations" else name
        found.add(
            "dossier",
            "row_id",
            here & ~among(d["row_id"], known),
            f"{{}} is not in {to}.csv",
            d["row_id"],
        )
