"""Why a count is what it is, and what is in a sum: the same as the estimate and the sums, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from repatria.analysis import asymmetry
from repatria.record.rule import LENSES

EVENT = "bodies-2025-06-11"
BOTH = [("bodies-2025-06-11", "2025-06-11")]


def claim(who: str, to: str, n: int | None, **more: Any) -> dict[str, Any]:
    return {"event_id": EVENT, "claimant_id": who, "direction": to, "n": n, **more}


def test_an_event_that_is_not_there_names_those_near(record: Any) -> None:
    with pytest.raises(
        ValueError, match=r"'bodies-2025-06-12' is no event .*; near it: bodies-2025-06-1"
    ):
        record.explain("bodies-2025-06-12")
    with pytest.raises(ValueError, match=r"is no event of this view$"):
        record.explain("xyz")
    with pytest.raises(ValueError, match=r"^.{,120}$"):
        record.explain("x" * 5000)
    with pytest.raises(ValueError, match="near it: bodies-2025-06-11"):
        record.explain(EVENT.upper())
    assert record.explain(f" {EVENT}\n").event["event_id"] == EVENT
    with pytest.raises(ValueError, match="lens: 'both' is none of"):
        record.explain(EVENT, "both")
    with pytest.raises(TypeError, match="a text is wanted as event_id, not a DataFrame"):
        record.explain(record.events())


@pytest.mark.parametrize("lens", LENSES)
def test_an_explanation_gives_the_estimate_itself(record: Any, lens: str) -> None:
    events = record.events(lens=lens, cancelled=True, disputed=True)
    for _, e in events.iloc[:: 12 if lens == "best" else 40].iterrows():
        why = record.explain(e["event_id"], lens)
        assert len(why.claims) == len(record.claims(e["event_id"]))
        for row in why.directions.to_dict("records"):
            if e["status"] == "cancelled":
                continue
            for name, column in {
                "best": "",
                "low": "_low",
                "high": "_high",
                "grade": "_grade",
            }.items():
                here, there = row[name], e[f"{row['direction']}{column}"]
                assert pd.isna(here) if pd.isna(there) else here == there


def test_who_sets_the_ends_of_the_range(build: Callable[..., Any]) -> None:
    told = [
        claim("kyiv", "to_ukraine", 5),
        claim("moscow", "to_ukraine", 7),
        claim("broker", "to_ukraine", 4),
    ]
    row = build(BOTH, told).explain(EVENT).directions.iloc[0]
    assert (row["low"], row["best"], row["high"]) == (4, 5, 7)
    assert row["low_by"].endswith(".broker.total") and row["high_by"].endswith(".moscow.total")
    assert row["official_ukraine"] and row["official_russia"] and row["grade"] == "contested"


def test_an_open_end_of_another_claim_reaches_as_far_as_it_says(build: Callable[..., Any]) -> None:
    told = [claim("kyiv", "to_ukraine", 5), claim("moscow", "to_ukraine", 7, qualifier="at_least")]
    row = build(BOTH, told).explain(EVENT).directions.iloc[0]
    assert row["high"] == 7 and row["high_by"].endswith(".moscow.total") and row["low_by"] == ""


def test_the_leading_claims_own_open_end_is_nobody_elses(build: Callable[..., Any]) -> None:
    told = [claim("kyiv", "to_ukraine", 5, qualifier="at_least"), claim("moscow", "to_ukraine", 4)]
    row = build(BOTH, told).explain(EVENT).directions.iloc[0]
    assert pd.isna(row["high"]) and row["high_by"] == "" and row["low_by"].endswith(".moscow.total")


def test_at_most_three_events_near_are_named(build: Callable[..., Any]) -> None:
    days = [f"2025-06-1{i}" for i in range(1, 6)]
    events = [(f"bodies-{d}", d) for d in days]
    told = [claim("kyiv", "to_ukraine", 5) | {"event_id": e} for e, _ in events]
    with pytest.raises(ValueError, match=r"near it: bodies-2025-06-1\d(, bodies-2025-06-1\d){2}$"):
        build(events, told).explain("bodies-2025-06-10")


def test_the_sentences_are_those_that_decided_something(build: Callable[..., Any]) -> None:
    told = [claim("kyiv", "to_ukraine", 5), claim("moscow", "to_ukraine", 5)]
    assert list(build(BOTH, told).explain(EVENT).sentences) == [3, 4, 5], "leads, agrees, grade"
    assert list(build(BOTH, told[:1]).explain(EVENT).sentences) == [3, 5]


def test_a_direction_nobody_speaks_of_has_no_steps(build: Callable[..., Any]) -> None:
    why = build(
        BOTH, [claim("kyiv", "to_ukraine", None, absence="withheld", qualifier="")]
    ).explain(EVENT)
    assert why.directions["direction"].tolist() == ["to_ukraine"]
    assert why.directions["grade"].tolist() == ["undisclosed"]
    assert why.event["to_russia_absence"] == "not_reported"


def test_a_past_view_explains_itself(record: Any) -> None:
    then = record.as_of("2025-06-11")
    why = then.explain(EVENT)
    assert why.known_by == pd.Timestamp("2025-06-11")
    assert len(why.claims) < len(record.explain(EVENT).claims)


@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
@pytest.mark.parametrize("window", [{}, {"since": "2025", "until": "2025"}, {"lens": "russia"}])
def test_a_sum_is_the_sum(record: Any, kind: str, window: dict[str, Any]) -> None:
    total = record.explain_sum(kind, **window)
    sums = asymmetry.sums(record.events(kind, **window)).set_index("direction")
    for row in total.sums.to_dict("records"):
        known = sums.loc[row["direction"]]
        assert [row[k] for k in ("persons", "low", "high")] == [
            known[k] for k in ("persons", "low", "high")
        ]
        own = total.rows[total.rows["direction"] == row["direction"]]
        assert own["counted"].sum() == known["known"] == row["counted"] + row["zero"]
    out = total.rows[~total.rows["counted"]]
    assert set(out["reason"]) <= {
        "withheld",
        "not_reported",
        "not_applicable",
        "cancelled",
        "disputed",
    }


def test_cancelled_and_disputed_events_are_named_and_not_in_the_sum(record: Any) -> None:
    rows = record.explain_sum("prisoners").rows
    for status in ("cancelled", "disputed"):
        own = rows[rows["reason"] == status]
        assert len(own) >= 2 and not own["counted"].any()


def test_no_event_no_sum(build: Callable[..., Any]) -> None:
    total = build([], []).explain_sum()
    assert total.rows.empty and total.sums["persons"].isna().all()


def test_where_no_count_is_known_the_sum_is_unknown(build: Callable[..., Any]) -> None:
    told = [claim("kyiv", "to_ukraine", 0, absence="zero", qualifier="exact")]
    sums = build(BOTH, told).explain_sum().sums.set_index("direction")
    assert sums.loc["to_ukraine", "persons"] == 0 and sums.loc["to_ukraine", "zero"] == 1
    assert sums.loc["to_russia", ["persons", "low", "high"]].isna().all()


def test_an_open_end_counts_as_the_figure_also_where_another_claim_is_lower(
    build: Callable[..., Any],
) -> None:
    told = [claim("kyiv", "to_ukraine", 5, qualifier="at_least"), claim("moscow", "to_ukraine", 4)]
    sums = build(BOTH, told).explain_sum().sums.iloc[0]
    assert (sums["low"], sums["persons"], sums["high"]) == (4, 5, 5)
