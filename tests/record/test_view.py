"""Loading, past views and the golden events of the design."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import repatria as rp

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
def test_events_refuses_what_it_cannot_mean(record: Any, arguments: dict[str, str], message: str) -> None:
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
    counts = [c for c in e.columns if c in {"to_ukraine", "to_russia"} or c.endswith(("_low", "_high", "_claims"))]
    assert {str(e[c].dtype) for c in counts} == {"Int64"}
    for direction in ("to_ukraine", "to_russia"):
        assert tuple(e[f"{direction}_absence"].cat.categories) == ABSENT
        missing = e[direction].isna()
        assert (e.loc[missing, f"{direction}_absence"].isin(ABSENT[1:])).all(), "every missing count says why"
        assert (e.loc[~missing, f"{direction}_absence"].isna() == (e.loc[~missing, direction] > 0)).all()


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
    assert event(record.events("bodies", lens="ukraine"), ident)["to_russia_absence"] == "not_reported"


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
    assert {("military", 185), ("civilians", 20)} <= set(zip(apart["part"], apart["count_low"], strict=True))
    whole = claims[claims["role"] == "whole"]
    assert 185 in set(whole["count_low"]), "the reading in which 185 is everybody is held too"


@pytest.mark.parametrize(
    ("lens", "to_ukraine"), [("best", 6057), ("ukraine", 6057), ("receiver", 6057), ("russia", 6060)]
)
def test_june_2025_adds_up(record: Any, lens: str, to_ukraine: int) -> None:
    june = record.events("bodies", lens, "2025-06-01", "2025-06-30")
    assert june["to_ukraine"].sum() == to_ukraine
    if lens == "ukraine":
        assert june["to_russia"].isna().all(), "Kyiv named no figure: silence, not zero"
    else:
        assert june["to_russia"].sum() == 78


def test_rival_totals_of_june_2025_are_visible(record: Any) -> None:
    shown = rp.brief.rival_totals(record, "istanbul-2025-06-02").frame
    to_russia = set(shown[shown["direction"] == "to Russia"]["total"])
    assert {78, 57} <= to_russia
    assert {6057, 6060} <= set(shown[shown["direction"] == "to Ukraine"]["total"])


def test_12_june_2025_knows_the_first_handover_not_the_second(record: Any) -> None:
    then = record.as_of("2025-06-12")
    bodies = then.events("bodies", since="2025-06-01")
    assert list(bodies["event_id"]) == ["bodies-2025-06-11"]
    assert then.claims()["known_on"].notna().all(), "no undated claim enters a past view"
    assert then.claims()["known_on"].max() <= pd.Timestamp("2025-06-12")
    assert then.citations()["published_on"].max() <= pd.Timestamp("2025-06-12")
    assert then.searched_through("bodies") == pd.Timestamp("2025-06-12")
    assert then.totals()["known_on"].max() <= pd.Timestamp("2025-06-12")


def test_past_views_nest_and_only_grow(record: Any) -> None:
    days = ["2022-12-31", "2024-01-31", "2025-06-12", "2025-12-31"]
    views = [set(record.as_of(d).tables["citations"].itertuples(index=False, name=None)) for d in days]
    for earlier, later in itertools.pairwise(views):
        assert earlier < later
    again = record.as_of("2025-12-31").as_of("2024-01-31")
    pd.testing.assert_frame_equal(again.events(), record.as_of("2024-01-31").events())


def test_an_empty_day_is_the_record_as_it_stands(record: Any) -> None:
    assert record.as_of("") is record


def test_cancelled_events_come_only_on_request(record: Any) -> None:
    ident = "prisoners-2024-01-24"
    assert ident not in set(record.events()["event_id"])
    e = event(record.events(cancelled=True), ident)
    assert e["status"] == "cancelled" and e["to_ukraine_absence"] == "not_applicable"


def test_undated_pages_never_enter_a_past_view(build: Callable[..., Any]) -> None:
    r = build(
        [("bodies-2025-01-10", "2025-01-10")],
        [
            {"event_id": "bodies-2025-01-10", "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7},
            {"event_id": "bodies-2025-01-10", "claimant_id": "moscow", "direction": "to_russia", "n": 2, "on": ""},
        ],
    )
    assert r.events()["to_russia"].tolist() == [2]
    then = r.as_of("2025-03-01").events()
    assert then["to_ukraine"].tolist() == [7] and then["to_russia_absence"].tolist() == ["not_reported"]


def test_a_planted_future_page_moves_no_past_view(build: Callable[..., Any]) -> None:
    events = [("bodies-2025-01-10", "2025-01-10")]
    base = {"event_id": "bodies-2025-01-10", "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7}
    before = build(events, [base]).as_of("2025-02-01").events()
    later = {**base, "claimant_id": "moscow", "n": 9, "on": "2025-02-02"}
    pd.testing.assert_frame_equal(build(events, [base, later]).as_of("2025-02-01").events(), before)


def test_a_plan_alone_is_no_handover_in_a_past_view(build: Callable[..., Any]) -> None:
    ident = "bodies-2025-01-10"
    plan = {"schedule_id": "schedule-1", "kind": "bodies", "planned_for": "2025-01-10", "event_id": ident,
            "claimant_id": "kyiv", "statement": "planned"}  # fmt: skip
    page = {"source_id": "plan", "url": "https://example.org/plan", "publisher": "Paper", "published_on": "2025-01-08",
            "language": "en", "tier": "press"}  # fmt: skip
    r = build(
        [(ident, "2025-01-10")],
        [{"event_id": ident, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 7, "on": "2025-01-12"}],
        schedules=[plan], sources=[page], mentions=[{"row_id": "schedule-1", "source_id": "plan"}],
    )  # fmt: skip
    assert len(r.as_of("2025-01-11").schedules()) == 1
    assert r.as_of("2025-01-11").events(cancelled=True, disputed=True).empty, "nobody had said yet that it took place"
    assert r.as_of("2025-01-12").events()["to_ukraine"].tolist() == [7]


def test_a_kind_is_searched_as_far_as_the_side_read_least(build: Callable[..., Any]) -> None:
    def cover(side: str, start: str, end: str, density: str) -> dict[str, str]:
        return {"kind": "bodies", "side": side, "read_from": start, "read_through": end, "density": density}

    thin = cover("russia", "2025-01-01", "2025-03-31", "thin")
    dense = cover("ukraine", "2025-01-01", "2025-03-31", "dense")
    assert build([], [], coverage=[dense, thin]).searched_through("bodies") is None
    both = build([], [], coverage=[dense, thin | {"read_through": "2025-01-31"},
                                   cover("russia", "2025-02-01", "2025-03-10", "dense")])  # fmt: skip
    assert both.searched_through("bodies") == pd.Timestamp("2025-03-10")
    assert both.as_of("2025-01-20").searched_through("bodies") is None
    for view in (both, both.as_of("2025-01-20"), both.as_of("2025-02-20")):
        w = rp.cadence.window(view, "bodies")
        assert view.searched_through("bodies") == (None if w.dense_from is None else w.through)


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
    assert part["date"].min() >= pd.Timestamp("2025-06-01") and part["date"].max() <= pd.Timestamp("2025-12-31")
    assert set(part["status"]) == {"took_place"} and (kind is None or set(part["kind"]) == {kind})
    same = every[every["event_id"].isin(part["event_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, same)
