"""What the record holds: counts that must partition the events, and the reference claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from repatria.analysis import holdings as h
from repatria.record.schema import DIRECTIONS


def claim(
    event_id: str, n: int | None, who: str, direction: str = "to_ukraine", **more: Any
) -> dict[str, Any]:
    row = {"event_id": event_id, "claimant_id": who, "direction": direction, "n": n} | more
    return row if n is not None or "count_low" in more else row | {"absence": "withheld"}


FIRST, SECOND, THIRD = "bodies-2023-02-10", "prisoners-2023-03-05", "prisoners-2024-01-07"
EVENTS = [(e, e.partition("-")[2]) for e in (FIRST, SECOND, THIRD)]
CLAIMS = [
    claim(FIRST, 10, "kyiv"),
    claim(FIRST, 12, "moscow", on="2023-02-12"),
    claim(FIRST, 8, "press", qualifier="more_than", on="2023-03-01"),
    claim(FIRST, 0, "moscow", "to_russia", on="2023-02-12"),
    claim(SECOND, None, "kyiv", on=""),
    claim(SECOND, 5, "broker", "to_russia", on="2023-03-05"),
    claim(THIRD, 7, "press", on="2024-01-07"),
]


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
