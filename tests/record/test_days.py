"""Days as people write them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from repatria.record import window
from repatria.record.days import written


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2025-13", "'2025-13' is not a day"),
        ("0000", "'0000' is not a day"),
        ("2025-00", "'2025-00' is not a day"),
        ("2025-06-00", "is not a day"),
        ("20250601", "'20250601' is not a day"),
        ("2025-W23-7", "is not a day"),
        ("June 2025", "is not a day"),
        (2025, r"2025 is an int, not a day .*, month .* or year \(YYYY\) in text"),
        (pd.NaT, "NaT is a NaTType, not a day"),
    ],
)
def test_what_is_no_day_is_refused(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        written(value)


@pytest.mark.parametrize(
    "value",
    [
        "2025-06-01",
        dt.date(2025, 6, 1),
        pd.Timestamp("2025-06-01 13:00"),
        np.datetime64("2025-06-01"),
    ],
)
def test_a_day_is_a_day_however_it_comes(value: Any) -> None:
    assert window.day(value) == window.day(value, last=True) == pd.Timestamp("2025-06-01")


def test_a_month_and_a_year_are_their_first_or_last_day() -> None:
    assert str(window.day("2024-02", last=True).date()) == "2024-02-29"
    assert str(window.day("2024").date()) == "2024-01-01"
    assert str(window.day("2022").date()) == "2022-02-24", "as far as it lies in the war"


def test_a_day_to_come_is_refused_and_the_year_that_runs_is_not() -> None:
    now = window.today()
    with pytest.raises(
        ValueError, match=r"until: 2062-01 is after today \(\d{4}-\d\d-\d\d\); leave"
    ):
        window.passed("2062-01", "until")
    assert window.passed(str(now.year), "until", last=True) == now
    late = pd.Timestamp("2062-03-01")
    assert window.passed("2062-01", "until", late, last=True) == pd.Timestamp("2062-01-31")


def test_a_record_takes_days_as_people_type_them(record: Any) -> None:
    year = record.events("bodies", since="2025", until="2025")
    exact = record.events("bodies", since=dt.date(2025, 1, 1), until=pd.Timestamp("2025-12-31"))
    assert year["event_id"].tolist() == exact["event_id"].tolist() and len(year) > 5
    assert record.as_of("2025-06").known_by == pd.Timestamp("2025-06-30")
    assert record.as_of(None) is record and record.until(None) is record
    with pytest.raises(ValueError, match=r"since: 2025-01-01 is after until \(2024-12-31\)"):
        record.events(since="2025", until="2024")
    with pytest.raises(ValueError, match="since: 2062 is after today"):
        record.claims(since="2062")


def test_the_last_day_that_can_be_by_hand() -> None:
    now = window.today()
    old, late = pd.Timestamp("2025-01-01"), pd.Timestamp("2062-01-31")
    assert window.passed(f"{now:%Y-%m-%d}", "until", old) == now, "the later of the two counts"
    assert window.passed("2062-01-31", "until", late) == late
    with pytest.raises(ValueError, match=r"until: 2062-02-01 is after today \(2062-01-31\)"):
        window.passed(dt.date(2062, 2, 1), "until", late)
    assert window.passed("2025-02", "until") == pd.Timestamp("2025-02-01")
    assert pd.Timestamp.now("UTC").tz_localize(None) < now + pd.Timedelta(days=1)
    assert now < pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(hours=15)


@pytest.mark.parametrize(
    ("since", "until", "lies"),
    [
        (None, None, ["whole", "whole"]),
        ("2025-06-01", "2025-06-30", ["whole", "whole"]),
        ("2025-06-02", "2025-06-30", ["part", "whole"]),
        ("2025-06-01", "2025-06-29", ["part", "whole"]),
        ("2025-06-10", "2025-06-10", ["part", "whole"]),
        ("2025-06-11", None, ["part", "none"]),
        (None, "2025-06-09", ["part", "none"]),
        ("2025-06-30", None, ["part", "none"]),
        (None, "2025-06-01", ["part", "none"]),
        ("2025-07", None, ["none", "none"]),
        (None, "2025-05", ["none", "none"]),
    ],
)
def test_where_a_month_and_a_day_lie_in_a_window(
    since: str | None, until: str | None, lies: list[str]
) -> None:
    e = pd.DataFrame({"date": pd.to_datetime(["2025-06-01", "2025-06-10"])})
    e["date_precision"] = ["month", "day"]
    assert window.inside(e, since, until).astype("object").fillna("none").tolist() == lies
