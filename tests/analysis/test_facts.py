"""What a brief needs first: true on small records, missing where nothing bears it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import repatria as rp
from repatria.analysis import facts

DAYS = ["2025-01-03", "2025-02-07", "2025-03-07", "2025-04-04"]  # Fridays
EVENTS = [(f"bodies-{d}", d) for d in DAYS]


def claims(*to_russia: int | None) -> list[dict[str, Any]]:
    """Return what Kyiv says went to Ukraine (100 each time) and Moscow to Russia."""
    out = []
    for (event, _), n in zip(EVENTS, to_russia, strict=True):
        out.append({"event_id": event, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 100})
        if n is not None:
            said = {"claimant_id": "moscow", "direction": "to_russia", "n": n}
            out.append({"event_id": event, **said})
    return out


def read(through: str) -> list[dict[str, Any]]:
    return [
        {
            "kind": k,
            "side": s,
            "read_from": "2025-01-01",
            "read_through": through,
            "density": "thin",
        }
        for k in ("bodies", "prisoners")
        for s in ("ukraine", "russia")
    ]


def test_an_empty_record_has_no_facts(build: Callable[..., Any]) -> None:
    r = build([], [])
    assert facts.read_through(r) is None
    assert facts.rhythm(r, "bodies") is None and facts.official(r, "bodies") is None
    assert facts.totals_not_met(r, []).empty


def test_the_rhythm_is_of_deals_and_ends_where_the_reading_ends(build: Callable[..., Any]) -> None:
    r = facts.rhythm(build(EVENTS, claims(1, 1, 1, 1), coverage=read("2025-04-20")), "bodies")
    assert r and (r.deals, r.median, r.weekday, r.on_weekday, r.silence) == (
        4,
        28.0,
        "Friday",
        4,
        16,
    )


def test_without_reading_there_is_no_silence(build: Callable[..., Any]) -> None:
    r = facts.rhythm(build(EVENTS, claims(1, 1, 1, 1)), "bodies")
    assert r and r.silence is None


def test_the_last_day_read_is_that_of_the_side_read_least_far(build: Callable[..., Any]) -> None:
    rows = read("2025-04-20")
    rows[1]["read_through"] = "2025-03-01"
    assert facts.read_through(build(EVENTS, claims(1, 1, 1, 1), coverage=rows)) == pd.Timestamp(
        "2025-03-01"
    )
    assert facts.read_through(build(EVENTS, claims(1, 1, 1, 1), coverage=rows[:3])) is None


def test_the_official_total_stands_beside_the_sum_to_its_day(record: Any) -> None:
    total = facts.official(record.as_of("2026-03-31"), "prisoners")
    assert total and total.side == "ukraine" and total.count == 8050
    assert f"{total.as_of:%Y-%m-%d}" == "2026-03-11" and total.off_low <= total.off_high


def promises(*rows: tuple[str, str, int | None, int, str]) -> pd.DataFrame:
    """Return what `pledges.summary` says, newest first: agreement, kind, promised, handovers, agreed on."""
    names = ["agreement_id", "kind", "promised_high", "events", "agreed_on"]
    out = pd.DataFrame(rows, columns=names)
    return out.assign(
        agreed_on=pd.to_datetime(out["agreed_on"]),
        promised_high=out["promised_high"].astype("Int64"),
        events=out["events"].astype("Int64"),
    )


@pytest.mark.parametrize(
    ("newest", "told"),
    [
        (("new", "bodies", 5, 0, "2025-05-14"), "old"),  # too early to say that nothing came
        (("new", "bodies", 5, 0, "2025-05-13"), "new"),  # a month without is a finding
        (("new", "bodies", 5, 1, "2025-06-12"), "new"),
        (("new", "bodies", 5, 0, ""), "old"),
        (("new", "bodies", None, 1, "2025-01-01"), "old"),
        (("new", "civilians", 5, 1, "2025-01-01"), "old"),
    ],
)
def test_which_promise_is_told(newest: Any, told: str) -> None:
    s = promises(newest, ("old", "prisoners", 9, 1, "2024-01-01"))
    found = facts.promise(s, pd.Timestamp("2025-06-12"))
    assert found and found[0] == told
    assert facts.promise(s.iloc[:0], pd.Timestamp("2025-06-12")) is None


# --- by hand --------------------------------------------------------------------------------------


def total(number: int, count: int, **more: str) -> dict[str, Any]:
    row = {"total_id": f"total-{number:04d}", "as_of": "2025-04-10", "as_of_precision": "day"}
    row |= {"kind": "bodies", "unit": "bodies", "direction": "to_ukraine", "qualifier": "exact"}
    row |= {"claimant_id": "kyiv", "since": "2022-02-24", "since_basis": "printed"} | more
    return row | {"count": count}


@pytest.fixture
def told(build: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that loads four handovers of 100 with these totals."""

    def make(*totals: dict[str, Any]) -> Any:
        mentions = [{"row_id": t["total_id"], "source_id": "s0"} for t in totals]
        return build(EVENTS, claims(1, 1, 1, 1), totals=list(totals), mentions=mentions)

    return make


@pytest.mark.parametrize(("count", "off"), [(450, 50), (400, 0), (350, -50)])
def test_how_far_the_events_fall_short_of_the_total(
    told: Callable[..., Any], count: int, off: int
) -> None:
    r = told(total(1, count), total(2, 440, as_of="2025-04-09"), total(3, 6, unit="exchanges"))
    o = facts.official(r, "bodies")
    assert o and (o.total_id, o.count, o.side, o.precision) == (
        "total-0001",
        count,
        "ukraine",
        "day",
    )
    assert (o.off_low, o.off_high) == (off, off)
    assert (o.numbered, o.lacking, o.number_scope) == (6, (2, 2), ""), "six counted, four on record"
    assert facts.official(r, "prisoners") is None
    assert facts.official(r, "bodies", "to_russia") is None
    unmet = facts.totals_not_met(r, ["total-0001", "total-0002"])
    ids = ["total-0002"] if off == 0 else ["total-0001", "total-0002"]
    assert unmet["total_id"].tolist() == ids, "the newest first"


OFFICIAL: list[tuple[dict[str, str], bool]] = [
    ({"since": "2022-03-27"}, True),  # 31 days after the first of the war
    ({"since": "2022-03-28"}, False),
    ({"as_of": "2024-04-05"}, True),  # 364 days before the newest handover
    ({"as_of": "2024-04-04"}, False),
    ({"claimant_id": "press"}, False),
    ({"claimant_id": "unit"}, False),  # of the side, and no office
    ({"claimant_id": "moscow"}, False),
    ({"qualifier": "about"}, False),
    ({"direction": "to_russia"}, False),
    ({"as_of": "2025-12-31", "as_of_precision": "year"}, False),
    ({"as_of": "2025-04-30", "as_of_precision": "month"}, True),
    ({"scope": "istanbul"}, False),
]


def test_which_total_is_the_official_one(told: Callable[..., Any]) -> None:
    r = told(total(1, 450))
    for more, there in OFFICIAL:
        t = r.tables["totals"].copy()
        for column, value in more.items():
            t[column] = pd.Series([value]).astype(t[column].dtype)
        other = rp.Record(r.tables | {"totals": t}, r.digest)
        assert (facts.official(other, "bodies") is not None) == there, more


def test_a_year_is_365_days_to_the_last_day_read(build: Callable[..., Any]) -> None:
    days = ["2024-04-20", "2024-04-21", "2025-03-05", "2025-03-14", "2025-04-20"]
    events = [(f"bodies-{d}", d) for d in days]
    said = [
        {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 10 * i}
        for i, (e, _) in enumerate(events, start=1)
    ]
    r = build(events, said, coverage=read("2025-04-20"))
    assert facts.year(r, "bodies")["event_id"].tolist() == [e for e, _ in events[1:]]
    assert facts.year(r, "bodies", since="2025-03-06")["to_ukraine"].tolist() == [40, 50]
    assert facts.year(r, "bodies").columns.tolist() == r.events("bodies").columns.tolist()
    rhythm = facts.rhythm(r, "bodies")
    # Gaps of 318, 9 and 37 days; Sunday twice.
    assert rhythm and (rhythm.deals, rhythm.median) == (4, 37)
    assert (rhythm.weekday, rhythm.on_weekday, rhythm.silence) == ("Sunday", 2, 0)
    assert rhythm.newest["event_id"] == "bodies-2025-04-20"
    assert facts.rhythm(r, "bodies", since="2025-03-01") is None, "three deals are no rhythm"
    assert facts.official_names(r) == {"Kyiv office", "Moscow office", "Broker"}
