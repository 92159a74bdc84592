"""What the record holds: counts that must partition the events, and the reference claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from three import CLAIMS, EVENTS, FIRST, SECOND, THIRD, claim

import repatria as rp
from conftest import small, write
from repatria.analysis import holdings as h
from repatria.record.schema import DIRECTIONS


@pytest.fixture
def made(build: Callable[..., Any]) -> Any:
    return build(EVENTS, CLAIMS)


def test_nothing_known_gives_empty_frames_and_clear_words(made: Any) -> None:
    then = made.as_of("2023-01-01")
    events = made.events(until="2023-01-01")
    assert h.years(events).empty and h.grades(events).empty and h.unknown(events).empty
    for view, since in ((then, ""), (made, "2025-01-01")):
        assert h.differences(view, since=since).empty and h.single_source(view, since).empty
        assert h.claimants(view, since).empty and h.speaking(view, since).empty
        assert h.both_sides(view, since).empty and h.delays(view, since).empty


def test_an_unknown_kind_is_refused(made: Any) -> None:
    with pytest.raises(ValueError, match="kind"):
        h.differences(made, kind="soldiers")


def test_absences_stay_apart(made: Any) -> None:
    unknown = h.unknown(made.events()).set_index(["kind", "direction", "year"])
    assert unknown.loc[("bodies", "to_russia", 2023), "zero"] == 1
    assert unknown.loc[("prisoners", "to_ukraine", 2023), "withheld"] == 1
    assert unknown.loc[("prisoners", "to_russia", 2024), "not_reported"] == 1


@pytest.mark.parametrize("lens", ["best", "ukraine", "russia", "receiver"])
def test_every_event_is_in_exactly_one_cell(record: Any, lens: str) -> None:
    events = record.events(lens=lens, disputed=True)
    for frame in (h.unknown(events), h.grades(events)):
        cells = frame.drop(columns=["kind", "direction", "year", "events"]).sum(axis=1)
        assert (cells == frame["events"]).all()
        assert frame.groupby("direction")["events"].sum().to_dict() == dict.fromkeys(
            DIRECTIONS, len(events)
        )
    years = h.years(events)
    assert years["events"].sum() == len(events)
    assert (years[["both", "one", "none"]].sum(axis=1) == years["events"]).all()


def test_delays_count_undated_and_silent_apart(made: Any) -> None:
    soon = h.speaking(made).set_index(["kind", "side"])
    assert soon.loc[("bodies", "russia"), "week"] == 1
    assert soon.loc[("bodies", "ukraine"), "same_day"] == 1
    assert soon.loc[("prisoners", "ukraine"), "undated"] == 1
    assert soon.loc[("prisoners", "russia"), "none_read"] == 2
    assert (soon[list(h.DELAYS)].sum(axis=1) == soon["events"]).all()
    delays = h.delays(made).set_index(["event_id", "side"])["days"]
    assert pd.isna(delays[(SECOND, "ukraine")]) and delays[(FIRST, "third")] == 19


def test_differences_hold_vague_wording_that_reaches_the_reference(made: Any) -> None:
    d = h.differences(made).set_index("claimant")
    assert set(d["event_id"]) == {FIRST} and set(d["direction"]) == {"to_ukraine"}
    assert d.loc["Kyiv office", "difference"] == 0 and d.loc["Moscow office", "difference"] == 2
    assert d.loc["Press", "reached"] and not d.loc["Moscow office", "reached"]


def test_parts_are_added_up_before_they_are_compared(build: Callable[..., Any]) -> None:
    parts = [
        claim(FIRST, 4, "kyiv", part="military", role="component"),
        claim(FIRST, 5, "kyiv", part="civilians", role="component"),
        claim(FIRST, 12, "moscow"),
    ]
    d = h.differences(build(EVENTS[:1], parts)).set_index("claimant")
    assert d.loc["Kyiv office", "value"] == 9 and d.loc["Moscow office", "difference"] == 3


def test_the_conflicts_of_the_checklist_differ(record: Any) -> None:
    d = h.differences(record)
    d = d[~d["reached"]]
    for event, value in (
        ("bodies-2025-06-16", 1248),
        ("prisoners-2024-12-30", 150),
        ("bodies-2025-12-19", 1000),
    ):
        assert value in set(d.loc[d["event_id"] == event, "value"])


def test_claimants_hold_every_claim_once(record: Any) -> None:
    c = h.claimants(record)
    assert c["claims"].sum() == len(record.claims())
    parties = c[c["side"].isin(["ukraine", "russia"])]
    assert (parties["own"] + parties["other"] == parties["claims"]).all()
    assert c.loc[~c["side"].isin(["ukraine", "russia"]), "own"].isna().all()


def test_single_source_is_one_publisher_however_many_pages(made: Any, record: Any) -> None:
    assert h.single_source(made)["event_id"].tolist() == [THIRD]
    assert len(h.single_source(made.as_of("2023-02-10"))) == 1, "the past had fewer publishers"
    alone = h.single_source(record)
    publishers = record.citations().groupby("event_id")["publisher"].nunique()
    assert set(alone["event_id"]) == set(publishers.index[publishers.eq(1)]) & set(
        record.events(disputed=True)["event_id"]
    )


def test_both_sides_partition_the_events(record: Any) -> None:
    b = h.both_sides(record)
    assert (b[["both", "ukraine_only", "russia_only", "neither"]].sum(axis=1) == b["events"]).all()


# --- values somebody reads, counted by hand ---------------------------------------------------


def cells(frame: pd.DataFrame, *columns: str) -> list[list[Any]]:
    """Return some columns as plain values, missing ones as None."""
    rows = frame[list(columns)].astype("object").to_numpy().tolist()
    return [[None if pd.isna(v) else v for v in row] for row in rows]


def test_years_count_both_one_none_and_the_disputed(made: Any) -> None:
    events = made.events()
    status = events["status"].astype("str").to_numpy(copy=True)
    status[1] = "disputed"
    found = h.years(events.assign(status=status))
    columns = ("kind", "year", "events", "both", "one", "none", "disputed")
    assert cells(found, *columns) == [
        ["bodies", 2023, 1, 1, 0, 0, 0],
        ["prisoners", 2023, 1, 0, 1, 0, 1],
        ["prisoners", 2024, 1, 0, 1, 0, 0],
    ]
    unsized = made.events(lens="ukraine", since="2023-03-01", until="2023-03-31")
    assert cells(h.years(unsized), "both", "one", "none") == [[0, 0, 1]]


def test_owners_are_ranked_by_counts_then_by_name(made: Any) -> None:
    assert h.owners(made.events()) == {
        "handovers": 3,
        "claimants": {"Broker": 1, "Kyiv office": 1, "Moscow office": 1, "Press": 1},
    }
    two = pd.concat([made.events(), made.events()[lambda e: e["event_id"] == THIRD]])
    assert list(h.owners(two)["claimants"].items())[:2] == [("Press", 2), ("Broker", 1)]


def test_the_matrix_of_unknowns_is_read_cell_by_cell(made: Any) -> None:
    found = h.unknown(made.events())
    how = ("count", "zero", "withheld", "not_reported", "not_applicable")
    assert cells(found, "kind", "direction", "year", "events", *how) == [
        ["bodies", "to_russia", 2023, 1, 0, 1, 0, 0, 0],
        ["bodies", "to_ukraine", 2023, 1, 1, 0, 0, 0, 0],
        ["prisoners", "to_russia", 2023, 1, 1, 0, 0, 0, 0],
        ["prisoners", "to_russia", 2024, 1, 0, 0, 0, 1, 0],
        ["prisoners", "to_ukraine", 2023, 1, 0, 0, 1, 0, 0],
        ["prisoners", "to_ukraine", 2024, 1, 1, 0, 0, 0, 0],
    ]
    assert found.columns.tolist() == ["kind", "direction", "year", "events", *how]
    grades = h.grades(made.events())
    how = ("agreed", "contested", "one_sided", "reported", "uncounted")
    assert cells(grades, "kind", "direction", "year", *how) == [
        ["bodies", "to_russia", 2023, 0, 0, 1, 0, 0],
        ["bodies", "to_ukraine", 2023, 0, 1, 0, 0, 0],
        ["prisoners", "to_russia", 2023, 0, 0, 1, 0, 0],
        ["prisoners", "to_russia", 2024, 0, 0, 0, 0, 1],
        ["prisoners", "to_ukraine", 2023, 0, 0, 0, 0, 1],
        ["prisoners", "to_ukraine", 2024, 0, 0, 0, 1, 0],
    ]


COLUMNS = ("side", "claimant", "claims", "events", "counted", "withheld", "pages", "own", "other")


def test_claimants_are_counted_by_what_their_side_received(made: Any) -> None:
    assert cells(h.claimants(made), *COLUMNS) == [
        ["ukraine", "Kyiv office", 2, 2, 1, 1, 2, 2, 0],
        ["russia", "Moscow office", 2, 1, 2, 0, 2, 1, 1],
        ["mediator", "Broker", 1, 1, 1, 0, 1, None, None],
        ["third", "Press", 2, 2, 2, 0, 2, None, None],
    ]
    later = h.claimants(made, since="2024-01-01")
    assert cells(later, *COLUMNS) == [["third", "Press", 1, 1, 1, 0, 1, None, None]]


def test_the_busiest_claimant_of_a_side_comes_first(build: Callable[..., Any]) -> None:
    rows = [claim(FIRST, 1, "kyiv"), claim(FIRST, 1, "unit"), claim(SECOND, 1, "unit")]
    found = h.claimants(build(EVENTS[:2], rows))
    assert cells(found, "claimant", "claims") == [["A unit", 2], ["Kyiv office", 1]]


def test_only_officials_speak_for_a_side(build: Callable[..., Any], made: Any) -> None:
    columns = ("kind", "year", "events", "both", "ukraine_only", "russia_only", "neither")
    assert cells(h.both_sides(made), *columns, "single_source") == [
        ["bodies", 2023, 1, 1, 0, 0, 0, 0],
        ["prisoners", 2023, 1, 0, 1, 0, 0, 0],
        ["prisoners", 2024, 1, 0, 0, 0, 1, 1],
    ]
    rows = [claim(FIRST, 1, "unit"), claim(SECOND, 1, "moscow"), claim(SECOND, 1, "press")]
    found = h.both_sides(build(EVENTS[:2], rows))
    assert cells(found, *columns, "single_source") == [
        ["bodies", 2023, 1, 0, 0, 0, 1, 1],
        ["prisoners", 2023, 1, 0, 0, 1, 0, 0],
    ]


def test_delays_are_whole_days_to_the_first_dated_page(made: Any) -> None:
    assert cells(h.delays(made), "event_id", "kind", "side", "days") == [
        [FIRST, "bodies", "russia", 2],
        [FIRST, "bodies", "third", 19],
        [FIRST, "bodies", "ukraine", 0],
        [SECOND, "prisoners", "mediator", 0],
        [SECOND, "prisoners", "ukraine", None],
        [THIRD, "prisoners", "third", 0],
    ]


def test_disputed_handovers_are_told_of_and_cancelled_ones_are_not(tmp_path: Path) -> None:
    rows = small(EVENTS, CLAIMS)
    for event, status in zip(rows["events"], ("disputed", "took_place", "cancelled"), strict=True):
        event["status"] = status
    r = rp.load(write(tmp_path / "r", rows))
    assert cells(h.both_sides(r), "kind", "events") == [["bodies", 1], ["prisoners", 1]]
    assert set(h.delays(r)["event_id"]) == {FIRST, SECOND}
    assert cells(h.speaking(r), "kind", "side", "events") == [
        ["bodies", "ukraine", 1],
        ["bodies", "russia", 1],
        ["prisoners", "ukraine", 1],
        ["prisoners", "russia", 1],
    ]
    assert h.single_source(r).empty


def test_a_month_has_no_delay(build: Callable[..., Any]) -> None:
    events = [("bodies-2023-02", "2023-02-01"), (SECOND, "2023-03-05")]
    rows = [claim("bodies-2023-02", 5, "kyiv", on="2023-03-02"), claim(SECOND, 5, "kyiv")]
    found = build(events, rows)
    assert h.delays(found)["event_id"].tolist() == [SECOND]
    assert cells(h.speaking(found), "kind", "side", "events") == [
        ["prisoners", "ukraine", 1],
        ["prisoners", "russia", 1],
    ]


def test_each_class_of_delay_ends_where_its_name_says(build: Callable[..., Any]) -> None:
    waits = (0, 1, 2, 7, 8, 30, 31)
    days = pd.date_range("2023-01-01", periods=len(waits), freq="40D")
    events = [(f"bodies-{d:%Y-%m-%d}", f"{d:%Y-%m-%d}") for d in days]
    rows = [
        claim(e, 5, "kyiv", on=f"{d + pd.Timedelta(days=n):%Y-%m-%d}")
        for (e, _), d, n in zip(events, days, waits, strict=True)
    ]
    rows.append(claim(events[0][0], 5, "moscow", on=""))
    found = h.speaking(build(events, rows))
    assert cells(found, "kind", "side", "events", *h.DELAYS) == [
        ["bodies", "ukraine", 7, 1, 1, 2, 2, 1, 0, 0],
        ["bodies", "russia", 7, 0, 0, 0, 0, 0, 1, 6],
    ]
    assert found.attrs["undated"] == 1


def test_differences_tell_each_figure_beside_the_reference(made: Any) -> None:
    columns = ("event_id", "claimant", "value", "low", "high", "qualifier", "difference", "reached")
    found = h.differences(made)
    assert cells(found, *columns) == [
        [FIRST, "Moscow office", 12, 12, 12, "exact", 2, False],
        [FIRST, "Press", 9, 9, None, "more_than", -1, True],
        [FIRST, "Kyiv office", 10, 10, 10, "exact", 0, True],
    ]
    assert set(found["reference"]) == {10} and set(found["reference_claimant"]) == {"Kyiv office"}
    assert h.differences(made, kind="prisoners").empty and len(h.differences(made, "bodies")) == 3


@pytest.mark.parametrize(
    ("figure", "wording", "reached"),
    [(10, "at_least", True), (11, "at_least", False), (10, "up_to", True), (9, "up_to", False)],
)
def test_an_interval_reaches_the_reference_at_its_ends(
    build: Callable[..., Any], figure: int, wording: str, reached: bool
) -> None:
    rows = [claim(FIRST, 10, "kyiv"), claim(FIRST, 30, "moscow")]
    rows.append(claim(FIRST, figure, "press", qualifier=wording))
    found = h.differences(build(EVENTS[:1], rows)).set_index("claimant")
    assert bool(found.loc["Press", "reached"]) == reached


def test_where_all_agree_nothing_differs(build: Callable[..., Any]) -> None:
    rows = [claim(FIRST, 10, "kyiv"), claim(FIRST, 9, "moscow", qualifier="more_than")]
    assert h.differences(build(EVENTS[:1], rows)).empty


def test_a_single_source_is_told_with_its_best_tier_and_who_spoke(
    build: Callable[..., Any],
) -> None:
    rows = [
        claim(FIRST, 10, "unit", tier="aggregator"),
        claim(FIRST, 4, "kyiv", "to_russia", tier="agency"),
        claim(SECOND, 3, "kyiv"),
    ]
    r = build(EVENTS[:2], rows)
    pages = r.tables["sources"]
    pages["publisher"] = pages["publisher"].where(~pages["publisher"].eq("Paper 1"), "Paper 0")
    columns = ("event_id", "kind", "publisher", "tier", "pages", "claimants")
    assert cells(h.single_source(r), *columns) == [
        [FIRST, "bodies", "Paper 0", "agency", 2, "A unit; Kyiv office"],
        [SECOND, "prisoners", "Paper 2", "press", 1, "Kyiv office"],
    ]
    assert h.single_source(r).columns.tolist() == [
        *("event_id", "kind", "date", "date_precision"),
        *("publisher", "tier", "pages", "claimants"),
    ]
    assert h.single_source(r, since="2023-03-01")["event_id"].to_dict() == {0: SECOND}
