"""Loading, past views and the golden events of the design."""

from __future__ import annotations

import datetime as dt
import itertools
import pickle
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import repatria as rp
from conftest import small, write
from repatria.record import window

ABSENT = ("zero", "withheld", "not_reported", "not_applicable")


def event(frame: pd.DataFrame, event_id: str) -> Any:
    return frame.set_index("event_id").loc[event_id]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "souls"}, "kind: 'souls' is none of"),
        ({"lens": "kremlin"}, "lens: 'kremlin' is none of"),
        ({"since": "yesterday"}, "since: 'yesterday' is not a day"),
        ({"since": "20250601"}, "since: '20250601' is not a day"),
        ({"until": "2021-01-01"}, "until: 2021-01-01 is before the war"),
    ],
)
def test_events_refuses_what_it_cannot_mean(
    record: Any, arguments: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        record.events(**arguments)


def test_as_of_refuses_a_day_before_the_war(record: Any) -> None:
    with pytest.raises(ValueError, match="as_of: 2021-12-31 is before the war"):
        record.as_of("2021-12-31")


def test_claims_refuses_an_unknown_side(record: Any) -> None:
    with pytest.raises(ValueError, match="side: 'nato' is none of"):
        record.claims(side="nato")


def test_types_are_native_and_counts_never_float(record: Any) -> None:
    e = record.events()
    assert str(e["event_id"].dtype) in {"str", "string"}
    assert str(e["kind"].dtype) == "category"
    assert str(e["date"].dtype) == "datetime64[s]" == str(e["known_on"].dtype)
    counts = [
        c
        for c in e.columns
        if c in {"to_ukraine", "to_russia"} or c.endswith(("_low", "_high", "_claims"))
    ]
    assert {str(e[c].dtype) for c in counts} == {"Int64"}
    for direction in ("to_ukraine", "to_russia"):
        assert tuple(e[f"{direction}_absence"].cat.categories) == ABSENT
        missing = e[direction].isna()
        assert (e.loc[missing, f"{direction}_absence"].isin(ABSENT[1:])).all(), (
            "every missing count says why"
        )
        assert (
            e.loc[~missing, f"{direction}_absence"].isna() == (e.loc[~missing, direction] > 0)
        ).all()


def test_accessors_hand_out_copies(record: Any) -> None:
    e = record.events("bodies")
    e.loc[:, "to_ukraine"] = 0
    assert record.events("bodies")["to_ukraine"].sum() > 0
    with pytest.raises(TypeError):
        record.tables["events"] = None
    with pytest.raises(AttributeError):
        record.digest = ""


def test_unknown_survives_filters_and_lenses(record: Any) -> None:
    stages = record.events("prisoners", since="2025-06-09", until="2025-07-04")
    assert len(stages) == 8
    assert stages["to_ukraine"].isna().all() and stages["to_russia"].isna().all()
    assert set(stages["to_ukraine_absence"]) == {"withheld"} == set(stages["to_russia_absence"])
    assert stages["deal_id"].nunique() == 1


def test_11_june_2025(record: Any) -> None:
    e = event(record.events("bodies"), "bodies-2025-06-11")
    assert e["to_ukraine"] == 1212 and e["to_ukraine_grade"] == "agreed"
    assert e["to_russia"] == 27 and e["to_russia_grade"] == "one_sided"
    assert "Medinsky" in e["to_russia_claimant"]
    kyiv = event(record.events("bodies", lens="ukraine"), "bodies-2025-06-11")
    assert pd.isna(kyiv["to_russia"]) and kyiv["to_russia_absence"] == "not_reported"
    officials = record.claims("bodies-2025-06-11", direction="to_russia")
    assert set(officials[officials["official"] == "yes"]["claimant_id"]) == {"vladimir-medinsky"}


@pytest.mark.parametrize("day", ["13", "14", "15"])
def test_13_to_15_june_2025(record: Any, day: str) -> None:
    ident = f"bodies-2025-06-{day}"
    e = event(record.events("bodies"), ident)
    assert e["to_ukraine"] == 1200
    assert e["to_russia"] == 0 and e["to_russia_absence"] == "zero"
    zeros = record.claims(ident, direction="to_russia")
    assert "ukraine" not in set(zeros["side"].astype("str"))
    assert (
        event(record.events("bodies", lens="ukraine"), ident)["to_russia_absence"] == "not_reported"
    )


def test_16_june_2025(record: Any) -> None:
    e = event(record.events("bodies"), "bodies-2025-06-16")
    assert (e["to_ukraine"], e["to_ukraine_low"], e["to_ukraine_high"]) == (1245, 1245, 1248)
    assert e["to_ukraine_grade"] == "contested"
    assert e["to_russia"] == 51


@pytest.mark.parametrize(
    ("ident", "to_ukraine", "to_russia"),
    [
        ("bodies-2025-05-16", 909, 34),
        ("bodies-2025-07-17", 1000, 19),
        ("bodies-2025-08-19", 1000, 19),
        ("bodies-2025-09-18", 1000, 24),
        ("prisoners-2025-05-23", 390, 390),
        ("prisoners-2025-05-24", 307, 307),
        ("prisoners-2025-05-25", 303, 303),
        ("prisoners-2025-08-14", 84, 84),
        ("prisoners-2025-08-24", 146, 146),
        ("prisoners-2025-10-02", 205, 205),
    ],
)
def test_golden_counts_of_2025(record: Any, ident: str, to_ukraine: int, to_russia: int) -> None:
    e = event(record.events(), ident)
    assert (e["to_ukraine"], e["to_russia"]) == (to_ukraine, to_russia)


def test_18_september_2025_was_mediated_by_the_icrc(record: Any) -> None:
    assert "ICRC" in event(record.events(), "bodies-2025-09-18")["mediators"].split(";")


def test_may_2025_is_one_deal_in_three_days(record: Any) -> None:
    e = record.events("prisoners", since="2025-05-23", until="2025-05-25")
    assert e["deal_id"].nunique() == 1 and len(e) == 3
    assert e["to_ukraine"].sum() == 1000 == e["to_russia"].sum()
    first = record.claims("prisoners-2025-05-23", direction="to_ukraine")
    parts = set(zip(first["part"], first["count_low"], strict=True))
    assert {("military", 270), ("civilians", 120)} <= parts


def test_2_october_2025_holds_both_readings_of_the_civilians(record: Any) -> None:
    claims = record.claims("prisoners-2025-10-02", direction="to_ukraine")
    apart = claims[claims["role"] == "component"]
    assert {("military", 185), ("civilians", 20)} <= set(
        zip(apart["part"], apart["count_low"], strict=True)
    )
    whole = claims[claims["role"] == "whole"]
    assert 185 in set(whole["count_low"]), "the reading in which 185 is everybody is held too"


@pytest.mark.parametrize(
    ("lens", "to_ukraine"),
    [("best", 6057), ("ukraine", 6057), ("receiver", 6057), ("russia", 6060)],
)
def test_june_2025_adds_up(record: Any, lens: str, to_ukraine: int) -> None:
    june = record.events("bodies", lens, "2025-06-01", "2025-06-30")
    assert june["to_ukraine"].sum() == to_ukraine
    if lens == "ukraine":
        assert june["to_russia"].isna().all(), "Kyiv named no figure: silence, not zero"
    else:
        assert june["to_russia"].sum() == 78


def test_12_june_2025_knows_the_first_handover_not_the_second(record: Any) -> None:
    then = record.as_of("2025-06-12")
    bodies = then.events("bodies", since="2025-06-01")
    assert list(bodies["event_id"]) == ["bodies-2025-06-11"]
    assert then.claims()["known_on"].notna().all(), "no undated claim enters a past view"
    assert then.claims()["known_on"].max() <= pd.Timestamp("2025-06-12")
    assert then.citations()["published_on"].max() <= pd.Timestamp("2025-06-12")
    assert then.searched_through("bodies") is None, "nobody had declared anything read by then"
    today = record.as_of("2025-06-12", coverage="today")
    assert today.searched_through("bodies") == pd.Timestamp("2025-06-12")
    assert then.totals()["known_on"].max() <= pd.Timestamp("2025-06-12")


def test_past_views_nest_and_only_grow(record: Any) -> None:
    days = ["2022-12-31", "2024-01-31", "2025-06-12", "2025-12-31"]
    views = [
        set(record.as_of(d).tables["citations"].itertuples(index=False, name=None)) for d in days
    ]
    for earlier, later in itertools.pairwise(views):
        assert earlier < later
    again = record.as_of("2025-12-31").as_of("2024-01-31")
    pd.testing.assert_frame_equal(again.events(), record.as_of("2024-01-31").events())


def test_an_empty_day_is_the_record_as_it_stands(record: Any) -> None:
    assert record.as_of("") is record


def test_a_record_ends_where_it_is_told_to(record: Any) -> None:
    assert record.until("") is record and record.until(None) is record
    june = record.until("2025-06")
    assert june.events("bodies")["event_id"].iloc[-1] == "bodies-2025-06-16"
    assert june.until("2025-07").events("bodies")["event_id"].iloc[-1] == "bodies-2025-06-16"
    assert record.until("2025-06-12").events("bodies")["event_id"].iloc[-1] == "bodies-2025-06-11"


def test_coverage_of_a_kind_is_that_of_no_other(build: Callable[..., Any]) -> None:
    row = {"side": "ukraine", "read_from": "2025-01-01", "read_through": "2025-03-31"}
    cover = [row | {"kind": k, "density": "dense"} for k in ("bodies", "prisoners")]
    r = build([], [], coverage=[*cover, cover[1] | {"side": "russia"}])
    assert r.coverage("bodies")["kind"].tolist() == ["bodies"]
    assert r.coverage("prisoners")["kind"].to_dict() == {0: "prisoners", 1: "prisoners"}
    assert len(r.coverage()) == 3


def test_cancelled_events_come_only_on_request(record: Any) -> None:
    ident = "prisoners-2024-01-24"
    assert ident not in set(record.events()["event_id"])
    e = event(record.events(cancelled=True), ident)
    assert e["status"] == "cancelled" and e["to_ukraine_absence"] == "not_applicable"


def test_undated_pages_never_enter_a_past_view(build: Callable[..., Any]) -> None:
    r = build(
        [("bodies-2025-01-10", "2025-01-10")],
        [
            {
                "event_id": "bodies-2025-01-10",
                "claimant_id": "kyiv",
                "direction": "to_ukraine",
                "n": 7,
            },
            {
                "event_id": "bodies-2025-01-10",
                "claimant_id": "moscow",
                "direction": "to_russia",
                "n": 2,
                "on": "",
            },
        ],
    )
    assert r.events()["to_russia"].tolist() == [2]
    then = r.as_of("2025-03-01").events()
    assert then["to_ukraine"].tolist() == [7] and then["to_russia_absence"].tolist() == [
        "not_reported"
    ]


def test_a_planted_future_page_moves_no_past_view(build: Callable[..., Any]) -> None:
    events = [("bodies-2025-01-10", "2025-01-10")]
    base = {
        "event_id": "bodies-2025-01-10",
        "claimant_id": "kyiv",
        "direction": "to_ukraine",
        "n": 7,
    }
    before = build(events, [base]).as_of("2025-02-01").events()
    later = {**base, "claimant_id": "moscow", "n": 9, "on": "2025-02-02"}
    pd.testing.assert_frame_equal(build(events, [base, later]).as_of("2025-02-01").events(), before)


def test_a_plan_alone_is_no_handover_in_a_past_view(build: Callable[..., Any]) -> None:
    ident = "bodies-2025-01-10"
    plan = {
        "schedule_id": "schedule-1",
        "kind": "bodies",
        "planned_for": "2025-01-10",
        "event_id": ident,
        "claimant_id": "kyiv",
        "statement": "planned",
    }
    page = {
        "source_id": "plan",
        "url": "https://example.org/plan",
        "publisher": "Paper",
        "published_on": "2025-01-08",
        "language": "en",
        "tier": "press",
    }
    r = build(
        [(ident, "2025-01-10")],
        [
            {
                "event_id": ident,
                "claimant_id": "kyiv",
                "direction": "to_ukraine",
                "n": 7,
                "on": "2025-01-12",
            }
        ],
        schedules=[plan],
        sources=[page],
        mentions=[{"row_id": "schedule-1", "source_id": "plan"}],
    )
    assert len(r.as_of("2025-01-11").schedules()) == 1
    assert r.as_of("2025-01-11").events(cancelled=True, disputed=True).empty, (
        "nobody had said yet that it took place"
    )
    assert r.as_of("2025-01-12").events()["to_ukraine"].tolist() == [7]


def test_a_kind_is_searched_as_far_as_the_side_read_least(build: Callable[..., Any]) -> None:
    def cover(side: str, start: str, end: str, density: str) -> dict[str, str]:
        return {
            "kind": "bodies",
            "side": side,
            "read_from": start,
            "read_through": end,
            "density": density,
        }

    thin = cover("russia", "2025-01-01", "2025-03-31", "thin")
    dense = cover("ukraine", "2025-01-01", "2025-03-31", "dense")
    assert build([], [], coverage=[dense, thin]).searched_through("bodies") is None
    both = build(
        [],
        [],
        coverage=[
            dense,
            thin | {"read_through": "2025-01-31"},
            cover("russia", "2025-02-01", "2025-03-10", "dense"),
        ],
    )
    assert both.searched_through("bodies") == pd.Timestamp("2025-03-10")
    for then, expected in (("2025-01-20", None), ("2025-02-20", pd.Timestamp("2025-02-20"))):
        assert both.as_of(then, coverage="today").searched_through("bodies") == expected


def test_a_past_view_holds_the_coverage_declared_by_its_day(build: Callable[..., Any]) -> None:
    stretch = {
        "kind": "bodies",
        "read_from": "2025-01-01",
        "read_through": "2025-03-31",
        "density": "dense",
    }
    sides = (
        {"side": "ukraine", "entered_on": "2025-04-01"},
        {"side": "russia", "entered_on": "2025-05-01"},
    )
    r = build([], [], coverage=[stretch | side for side in sides])
    assert [len(r.as_of(d).coverage()) for d in ("2025-03-15", "2025-04-15", "2025-05-01")] == [
        0,
        1,
        2,
    ]
    assert r.as_of("2025-04-15").events().attrs["coverage_of"] == "then"
    assert r.as_of("2025-05-01").searched_through("bodies") == pd.Timestamp("2025-03-31")
    today = r.as_of("2025-03-15", coverage="today")
    assert today.coverage_of == "today" and today.events().attrs["coverage_of"] == "today"
    assert today.coverage()["read_through"].max() == pd.Timestamp("2025-03-15")
    again = r.as_of("2025-04-15").as_of("2025-03-15", coverage="today")
    assert again.coverage().empty and again.coverage_of == "then", (
        "what a view has left out does not come back"
    )
    with pytest.raises(ValueError, match="coverage: 'now' is none of then, today"):
        r.as_of("2025-03-15", coverage="now")


def test_left_out_counts_what_undated_pages_alone_carry(
    build: Callable[..., Any], record: Any
) -> None:
    one, two = "bodies-2025-01-10", "bodies-2025-02-10"
    told = [
        {"event_id": one, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7},
        {"event_id": one, "claimant_id": "moscow", "direction": "to_ukraine", "n": 8, "on": ""},
        {"event_id": one, "claimant_id": "moscow", "direction": "to_russia", "n": 2, "on": ""},
        {"event_id": two, "claimant_id": "moscow", "direction": "to_russia", "n": 3, "on": ""},
        {
            "event_id": two,
            "claimant_id": "kyiv",
            "direction": "to_russia",
            "n": None,
            "absence": "withheld",
            "on": "",
        },
    ]
    r = build([(one, one[7:]), (two, two[7:])], told, coverage=[COVER])

    def bodies(view: Any) -> list[list[int]]:
        rows = view.left_out()
        return (
            rows.loc[rows["kind"] == "bodies", ["claims", "events", "without"]].to_numpy().tolist()
        )

    assert bodies(r.as_of("2025-01-09")) == [[0, 0, 0], [0, 0, 0]]
    assert bodies(r.as_of("2025-01-31")) == [[1, 1, 0], [1, 1, 1]]
    assert bodies(r.as_of("2025-03-01")) == bodies(r) == [[1, 1, 0], [2, 2, 2]]
    assert bodies(pickle.loads(pickle.dumps(r.as_of("2025-03-01").as_of("2025-01-31")))) == [
        [1, 1, 0],
        [1, 1, 1],
    ]
    then, now = record.as_of("2024-06-30"), record
    lost = then.left_out()
    undated = now.claims()
    undated = undated[undated["known_on"].isna() & undated["count_low"].notna()]
    assert lost["claims"].sum() == (undated["date"] <= then.last_day).sum()


COVER = {
    "kind": "bodies",
    "side": "ukraine",
    "read_from": "2025-01-01",
    "read_through": "2025-03-31",
    "density": "dense",
}


def test_a_correction_leads_from_the_day_it_is_known(build: Callable[..., Any]) -> None:
    ident = "bodies-2025-01-10"
    first = {"event_id": ident, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 1000}
    later = first | {"n": 1003, "on": "2025-04-01", "corrects": "c0"}
    other = first | {"claimant_id": "moscow", "n": 1003}
    r = build([(ident, ident[7:])], [first, later, other])
    e = event(r.events(), ident)
    assert (e["to_ukraine"], e["to_ukraine_low"], e["to_ukraine_high"]) == (1003, 1003, 1003)
    assert e["to_ukraine_grade"] == "agreed"
    before = event(r.as_of("2025-03-31").events(), ident)
    assert (before["to_ukraine"], before["to_ukraine_grade"]) == (1000, "contested")
    assert event(r.as_of("2025-04-01").events(), ident)["to_ukraine"] == 1003
    stands = r.claims().set_index("claim_id")["corrected_by"]
    stem = f"{ident}.to_ukraine.kyiv.total"
    assert stands[stem] == f"{stem}~2" and stands[f"{stem}~2"] == "", "it stays in the ledger"
    assert (r.as_of("2025-03-31").claims()["corrected_by"] == "").all()


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, "whole"),
        ("2022-06-01", "2022-06-30", "whole"),
        ("2022-06-02", None, "part"),
        (None, "2022-06-29", "part"),
        ("2022-06-10", "2022-06-20", "part"),
        ("2022-06-30", None, "part"),
        ("2022-07-01", None, None),
        (None, "2022-05-31", None),
    ],
)
def test_a_month_dated_event_is_in_a_window_that_its_days_overlap(
    build: Callable[..., Any], since: str | None, until: str | None, expected: str | None
) -> None:
    rows = [
        {"event_id": "bodies-2022-06", "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7}
    ]
    r = build([("bodies-2022-06", "2022-06-01")], rows)
    e = r.events(since=since, until=until)
    assert e["in_window"].tolist() == ([expected] if expected else [])
    assert e.attrs["unsure"] == (expected == "part")
    assert len(r.claims(since=since, until=until)) == len(e)


def test_february_2022_can_be_recorded(tmp_path: Any) -> None:
    ident = "prisoners-2022-02"
    rows = small(
        [(ident, "2022-02-01")],
        [
            {
                "event_id": ident,
                "claimant_id": "kyiv",
                "direction": "to_ukraine",
                "n": 7,
                "on": "2022-02-28",
            }
        ],
    )
    r = rp.load(write(tmp_path / "r", rows))
    assert r.events(since="2022-02-24", until="2022-02-28")["in_window"].tolist() == ["whole"]
    assert r.as_of("2022-02-28").events()["to_ukraine"].tolist() == [7]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (20250630, "as_of: 20250630 is an int, not a day"),
        (2025.5, "as_of: 2025.5 is a float, not a day"),
        ("2062-01-01", "as_of: 2062-01-01 is after today .*; leave it out for no limit"),
        (pd.NaT, "as_of: NaT is a NaTType, not a day"),
        ("2025-02-30", "as_of: '2025-02-30' is not a day"),
    ],
)
def test_what_is_no_day_is_refused_by_its_kind(record: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        record.as_of(value)


def test_a_record_travels_to_another_process(record: Any) -> None:
    then = record.as_of("2025-06-12")
    then.events()
    copy = pickle.loads(pickle.dumps(then))
    assert (copy.digest, copy.known_by) == (then.digest, then.known_by)
    pd.testing.assert_frame_equal(copy.events(), then.events())
    with pytest.raises(TypeError):
        copy.tables["events"] = None


@pytest.mark.parametrize("kind", [None, "bodies", "prisoners"])
def test_filters_only_take_rows_away(record: Any, kind: str | None) -> None:
    every = record.events(cancelled=True, disputed=True)
    part = record.events(kind, since="2025-06-01", until="2025-12-31")
    assert part["date"].min() >= pd.Timestamp("2025-06-01") and part["date"].max() <= pd.Timestamp(
        "2025-12-31"
    )
    assert set(part["status"]) == {"took_place"} and (kind is None or set(part["kind"]) == {kind})
    same = every[every["event_id"].isin(part["event_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, same)


# --- windows, worked out by hand ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "month", "day"),
    [
        ("2025-06-01", "2025-06-30", "whole", "whole"),
        ("2025-06-02", "", "part", "whole"),
        ("2025-06-30", "", "part", None),
        ("2025-07-01", "", None, None),
        ("", "2025-06-30", "whole", "whole"),
        ("", "2025-06-29", "part", "whole"),
        ("", "2025-06-01", "part", None),
        ("", "2025-05-31", None, None),
        ("2025-06-11", "2025-06-11", "part", "whole"),
        ("2025-06-12", "", "part", None),
        ("", "2025-06-10", "part", None),
        ("", "", "whole", "whole"),
    ],
)
def test_a_month_and_a_day_lie_in_a_window(
    since: str, until: str, month: str | None, day: str | None
) -> None:
    dates = pd.to_datetime(["2025-06-01", "2025-06-11"]).as_unit("s")
    e = pd.DataFrame({"date": dates, "date_precision": ["month", "day"]})
    found = window.inside(e, since, until)
    assert [None if pd.isna(v) else v for v in found] == [month, day]
    assert window.inside(e.iloc[1:], since, until).astype("object").fillna("none").tolist() == [
        day or "none"
    ]


def test_the_month_in_which_the_war_began_starts_with_the_war() -> None:
    e = pd.DataFrame({"date": [pd.Timestamp("2022-02-01")], "date_precision": ["month"]})
    assert window.inside(e, "2022-02-24", "2022-02-28").tolist() == ["whole"]
    first, last = window.ends(e)
    assert (first[0], last[0]) == (pd.Timestamp("2022-02-24"), pd.Timestamp("2022-02-28"))
    e["date"] = pd.Timestamp("2022-03-31")  # a month by its last day
    assert window.ends(e)[1][0] == e["date"][0]


@pytest.mark.parametrize(
    "value", ["20250601", "2025-W23-7", 20250601, None, pd.NaT, np.datetime64("NaT", "s")]
)
def test_what_is_no_day_is_named(value: Any) -> None:
    with pytest.raises(ValueError, match=r"when: .* not a day"):
        window.day(value, "when")


def test_a_day_is_a_day_however_it_is_said() -> None:
    said = ["2022-02-24", dt.date(2022, 2, 24), np.datetime64("2022-02-24T13:00")]
    for value in (*said, pd.Timestamp("2022-02-24 23:59")):
        assert window.day(value) == pd.Timestamp("2022-02-24")
    with pytest.raises(ValueError, match="day: 2022-02-23 is before the war"):
        window.day(dt.date(2022, 2, 23))
    with pytest.raises(ValueError, match=r"is an int, not a day"):
        window.day(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"is a float, not a day"):
        window.day(5.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(("clock", "day"), [("09:59", "2026-01-01"), ("10:00", "2026-01-02")])
def test_it_is_the_day_of_whoever_has_the_next_one_first(
    monkeypatch: pytest.MonkeyPatch, clock: str, day: str
) -> None:
    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return dt.datetime.fromisoformat(f"2026-01-01T{clock}+00:00")

    stand_in = SimpleNamespace(datetime=Clock, timedelta=dt.timedelta, UTC=dt.UTC)
    monkeypatch.setattr(window, "dt", stand_in)
    assert window.today() == pd.Timestamp(day), "midnight of Kiritimati"


def test_a_month_is_its_first_day_unless_the_last_is_wanted() -> None:
    assert window.day("2025-06") == pd.Timestamp("2025-06-01")
    assert window.day("2025", last=True) == pd.Timestamp("2025-12-31")


def test_of_a_month_that_is_over_it_is_the_first_or_the_last_day() -> None:
    assert window.passed("2025-06", "since") == pd.Timestamp("2025-06-01")
    assert window.passed("2025-06", "until", last=True) == pd.Timestamp("2025-06-30")
