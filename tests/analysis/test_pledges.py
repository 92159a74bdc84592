"""Selections for one agreement: what is not there gives nothing, and nothing of another round comes in."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repatria.analysis import pledges

JUNE = "istanbul-2025-06-02"


def test_an_agreement_without_handovers_has_no_days_and_no_rivals(record: Any) -> None:
    then = record.as_of("2025-06-05")  # agreed, nothing delivered yet
    assert pledges.delivered(then, JUNE) is None
    assert pledges.rival_totals(then, JUNE).empty
    assert pledges.delivered(record, "nowhere") is None


def test_a_view_that_knows_nothing_has_no_pledge(record: Any) -> None:
    assert pledges.promised(record.as_of("2022-02-25")).empty


def test_rivals_lie_inside_the_days_of_the_agreement(record: Any) -> None:
    start, end = pledges.delivered(record, JUNE) or (pd.NaT, pd.NaT)
    rivals = pledges.rival_totals(record, JUNE)
    assert {6057, 6060} <= set(rivals["count"])
    assert rivals["as_of"].between(start, end + pd.Timedelta(days=30)).all()
    assert (rivals["since"].isna() | rivals["since"].ge(start)).all()
    assert set(rivals.loc[rivals["since"].isna(), "scope"]) <= {"istanbul"}
    assert 15801 not in set(rivals["count"]), "counted from the war's first day"


def test_each_statement_of_a_claimant_is_one_row(record: Any) -> None:
    promised = pledges.promised(record)
    same = ["agreement_id", "kind", "direction", "claimant", "qualifier", "quantity_low"]
    assert not promised.duplicated([*same, "quantity_high"]).any()
    assert promised["agreed_on"].dropna().is_monotonic_decreasing


# --- links ----------------------------------------------------------------------------------------


def test_what_is_denied_or_tied_twice_is_disputed(record: Any) -> None:
    rows = pledges.links(record)
    disputed = set(rows.loc[rows["disputed"], "event_id"])
    assert {"bodies-2025-07-17", "bodies-2026-01-29", "prisoners-2026-02-05"} <= disputed
    assert "bodies-2025-06-11" not in disputed, (
        "a round and its family do not contradict each other"
    )
    assert (rows["reading"].isin(["", *pledges.READINGS])).all()


def test_the_records_own_reading_rests_on_a_link(record: Any) -> None:
    assert not [
        w for w in record.warnings if w.file == "events.csv" and "is tied to it" in w.reason
    ]
    rows = pledges.links(record)
    curators = record.links().query("claimant_id == 'curators'")
    own = rows[rows["leading"] & (rows["tied_by"].map(len) == 0)]
    assert own.empty, "every leading tie has a claimant, if only the curators by name"
    assert set(curators["stance"]) <= {"belongs", "possible"}


def test_a_link_of_a_later_page_moves_nothing_before(record: Any) -> None:
    then = record.as_of("2025-06-20")
    d = pledges.deliveries(then)
    assert d["date"].max() <= pd.Timestamp("2025-06-20")
    june = d[(d["agreement_id"] == JUNE) & (d["kind"] == "bodies")]
    assert "bodies-2025-07-17" not in set(june["event_id"])


# --- fulfilment -----------------------------------------------------------------------------------


def statements(frame: pd.DataFrame, agreement: str, kind: str, direction: str) -> pd.DataFrame:
    keys = (("agreement_id", agreement), ("kind", kind), ("direction", direction))
    for column, value in keys:
        frame = frame[(frame[column] == value).to_numpy()]
    return frame.set_index(["claimant", "qualifier"]).sort_index()


@pytest.fixture(scope="module")
def fulfilment(record: Any) -> pd.DataFrame:
    return pledges.fulfilment(record)


def test_istanbul_2_bodies_to_ukraine_under_each_wording(fulfilment: pd.DataFrame) -> None:
    f = statements(fulfilment, JUNE, "bodies", "to_ukraine")
    assert set(f["low"]) == {6057} and set(f["high"]) == {6060} and set(f["events"]) == {5}
    worded = f.reset_index().groupby("qualifier")["status"].agg(set).to_dict()
    assert worded == {"exact": {"met"}, "about": {"met"}, "more_than": {"met"}, "up_to": {"above"}}
    umerov = f.loc[("Rustem Umerov", "exact")]
    assert (umerov["over_low"], umerov["over_high"]) == (57, 60)
    assert f.loc[("Vladimir Medinsky", "about"), "over_high"].max() == 0
    assert f.loc[("Press without attribution", "up_to"), "over_low"] == 57
    assert set(f["met_on"].dropna()) == {pd.Timestamp("2025-06-16")}


@pytest.mark.parametrize(("lens", "count"), [("ukraine", 6057), ("russia", 6060)])
def test_each_sides_count_of_june_2025(record: Any, lens: str, count: int) -> None:
    run = pledges.running(record, JUNE, "bodies", "to_ukraine", lens)
    assert (run["low"].iloc[-1], run["best"].iloc[-1], run["high"].iloc[-1]) == (count,) * 3
    end = pledges.summary(record).set_index(["agreement_id", "kind", "direction"])
    assert end.loc[(JUNE, "bodies", "to_ukraine"), f"{lens}_says"] == count


def test_istanbul_2_bodies_to_russia_against_6000_each_and_unilateral(
    fulfilment: pd.DataFrame,
) -> None:
    f = statements(fulfilment, JUNE, "bodies", "to_russia")
    assert set(f["best"]) == {78}
    kyiv = f.loc[("Volodymyr Zelensky", "exact")]
    assert (kyiv["status"], kyiv["short_low"], kyiv["short_high"]) == ("short", 5922, 5922)
    assert f.loc[("Vladimir Medinsky", "none"), "status"] == "nothing_promised"
    assert pd.isna(f.loc[("Vladimir Medinsky", "none"), "short_high"])


def test_istanbul_1_a_thousand_each_in_three_days(record: Any, fulfilment: pd.DataFrame) -> None:
    for direction in ("to_ukraine", "to_russia"):
        f = statements(fulfilment, "istanbul-2025-05-16", "prisoners", direction)
        assert set(f["status"]) == {"met"} and set(f["over_high"]) == {0}
        assert set(f["met_on"]) == set(f["met_last"]) == {pd.Timestamp("2025-05-25")}
        run = pledges.running(record, "istanbul-2025-05-16", "prisoners", direction)
        assert run["best"].tolist() == [390, 697, 1000]


def test_geneva_500_in_200_and_300(record: Any, fulfilment: pd.DataFrame) -> None:
    run = pledges.running(record, "geneva-2026-02", "prisoners", "to_russia")
    assert run["best"].diff().fillna(run["best"]).tolist() == [200, 300]
    ours = pledges.running(record, "geneva-2026-02", "prisoners", "to_ukraine")
    assert ours[["low", "high"]].iloc[-1].tolist() == [500, 502]
    f = statements(fulfilment, "geneva-2026-02", "prisoners", "to_russia")
    assert set(f["status"]) == {"met"} and set(f["days_late"]) == {0}


def test_the_thousand_of_may_2026_by_what_a_page_ties_and_what_may_belong(record: Any) -> None:
    for direction in ("to_ukraine", "to_russia"):
        by = {
            reading: pledges.running(
                record, "ceasefire-2026-05", "prisoners", direction, reading=reading
            )["best"].iloc[-1]
            for reading in pledges.READINGS
        }
        assert by == {"record": 205, "tied": 205, "possible": 653}
    f = pledges.fulfilment(record)
    may = statements(f, "ceasefire-2026-05", "prisoners", "to_ukraine")
    assert set(may["status"]) == {"short"} and set(may["short_low"]) == {795}


def test_the_third_round_stays_under_a_third(fulfilment: pd.DataFrame) -> None:
    f = statements(fulfilment, "istanbul-2025-07-23", "prisoners", "to_russia")
    assert set(f["status"]) == {"short"} and f["share_high"].max() < 0.30  # as Moscow said of it


def test_withheld_sizes_leave_a_promise_open(fulfilment: pd.DataFrame) -> None:
    f = statements(fulfilment, JUNE, "prisoners", "to_ukraine")
    numbered = f[(f["status"] != "not_compared").to_numpy()]
    assert set(numbered["status"]) == {"open"} and numbered["high"].isna().all()
    assert set(f["events"]) == {9} and set(f["unsized"]) == {8}
    part = f[(f["scope"] != "").to_numpy()]
    assert len(part) and set(part["status"]) == {"not_compared"}


def test_an_unknown_reading_is_refused(record: Any) -> None:
    for call in (
        pledges.fulfilment,
        lambda r, reading: pledges.running(r, JUNE, "bodies", "both", reading=reading),
    ):
        with pytest.raises(ValueError, match="none of record, tied, possible"):
            call(record, reading="all")


def test_a_view_that_knows_nothing_promises_and_delivers_nothing(record: Any) -> None:
    then = record.as_of("2022-02-25")
    for frame in (
        pledges.fulfilment(then),
        pledges.summary(then),
        pledges.deliveries(then),
        pledges.links(then),
        pledges.slips(then),
        pledges.reasons(then),
        pledges.afterwards(then),
        pledges.course(then, JUNE, "bodies"),
    ):
        assert frame.empty


sizes = st.lists(
    st.one_of(st.none(), st.tuples(st.integers(1, 50), st.integers(0, 5), st.integers(0, 5))),
    min_size=1,
    max_size=6,
)


@given(
    sizes=sizes,
    promised=st.integers(1, 120),
    qualifier=st.sampled_from(["exact", "at_least", "up_to"]),
)
def test_running_sums_and_verdicts_by_a_second_route(
    sizes: list[Any], promised: int, qualifier: str
) -> None:
    """The same by plain sums; an unknown size opens the upper end and is never a zero."""
    day = pd.Timestamp("2025-06-01")
    rows = {
        (day + pd.Timedelta(days=i), f"e{i}", "record"): None
        if n is None
        else [n[0], n[0] + n[1], sum(n)]
        for i, n in enumerate(sizes)
    }
    run = pledges._running(rows, ["record"])
    known = [n for n in rows.values() if n is not None]
    low, best, high = (sum(n[i] for n in known) for i in range(3))
    open_ = len(known) < len(rows)
    end = run[-1]
    assert (end.low, end.best) == ((low, best) if known else (None, None))
    assert end.high == (None if open_ else high) and end.unsized == len(rows) - len(known)
    said = pd.Series(
        {
            "scope": "",
            "qualifier": qualifier,
            "quantity_low": promised,
            "quantity_high": promised,
            "until": pd.NaT,
        }
    )
    out = pledges._compared(said, run)
    if not known:
        expected = "open"
    elif qualifier == "up_to":
        expected = "above" if low > promised else "open" if open_ or high > promised else "within"
    else:
        expected = "met" if low >= promised else "open" if open_ or high >= promised else "short"
    assert out["status"] == expected
    if expected == "short":
        assert (out["short_low"], out["short_high"]) == (promised - high, promised - low)


# --- planned against actual -----------------------------------------------------------------------


def test_slips_of_june_2025_and_january_2024(record: Any) -> None:
    s = pledges.slips(record).set_index(["planned_for", "event_id"])
    june = s.loc[(pd.Timestamp("2025-06-07"), "bodies-2025-06-11")]
    assert june["slip"] == 4 and set(june["sides"]) >= {"ukraine", "russia"}
    assert "Vladimir Medinsky" in june["disputed_by"] and "Andriy Yusov" in june["disputed_by"]
    off = s.loc[(pd.Timestamp("2024-01-24"), "prisoners-2024-01-24")]
    assert off["outcome"] == "cancelled" and off["made_up"] and pd.isna(off["slip"])
    assert s.loc[(pd.Timestamp("2024-01-24"), "prisoners-2024-01-31"), "slip"] == 7


def test_reasons_are_of_both_sides_and_in_words(record: Any) -> None:
    r = pledges.reasons(record)
    assert {"ukraine", "russia"} <= set(r["side"])
    assert not set(r["statement"]) & {"planned", "kept", "resumed"}


def test_after_delivery_every_figure_has_its_owner(record: Any) -> None:
    a = pledges.afterwards(record)
    assert a["claimant"].ne("").all() and {"bodies_returned_in_error", "bodies_sent_back"} <= set(
        a["series"]
    )
