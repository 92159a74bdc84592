"""What a brief needs first: true on small records, missing where nothing bears it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

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
