"""Selections for one agreement: what is not there gives nothing, and nothing of another round comes in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import repatria as rp
from conftest import small, write
from repatria.analysis import pledges, ties

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
    key = list(rows[["agreement_id", "date", "event_id"]].itertuples(index=False, name=None))
    assert key == sorted(key), "of both kinds together, by day"
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


def test_deliveries_stand_by_agreement_kind_and_day(record: Any) -> None:
    d = pledges.deliveries(record)
    names = ["agreement_id", "kind", "date", "event_id"]
    places = d.assign(kind=d["kind"].cat.codes)[names]  # kinds stand in the order of their list
    key = list(places.itertuples(index=False, name=None))
    assert key == sorted(key) and places["kind"].nunique() > 1
    assert d.index.tolist() == list(range(len(d)))


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


# --- by hand --------------------------------------------------------------------------------------

TALKS = "talks-2025-03"
CAME = ["2025-03-10", "2025-03-20", "2025-04-01", "2025-04-05", "2025-04-09"]


def numbered(stem: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{f"{stem}_id": f"{stem}-{i:04d}", **row} for i, row in enumerate(rows, start=1)]


@pytest.fixture
def talks(tmp_path: Path) -> Any:
    """Five handovers: two under the talks, one that the press ties to them, one that fits, one denied."""

    def said(i: int, n: int | None, way: str = "to_ukraine", **more: Any) -> dict[str, Any]:
        who = "kyiv" if way == "to_ukraine" else "moscow"
        row = {"event_id": f"bodies-{CAME[i]}", "claimant_id": who, "direction": way, "n": n}
        return row | more

    def word(who: str, way: str, n: int | None, qualifier: str, **more: str) -> dict[str, Any]:
        row = {"agreement_id": TALKS, "claimant_id": who, "kind": "bodies", "direction": way}
        return row | {"quantity_low": n, "quantity_high": n, "qualifier": qualifier} | more

    def tie(i: int, who: str, stance: str, note: str = "") -> dict[str, Any]:
        row = {"agreement_id": TALKS, "event_id": f"bodies-{CAME[i]}", "claimant_id": who}
        return row | {"stance": stance, "note": note}

    promises = numbered(
        "pledge",
        word("kyiv", "to_ukraine", 300, "exact", until="2025-03-15"),
        word("moscow", "to_ukraine", 400, "about"),
        word("moscow", "to_ukraine", 50, "exact", scope="ill"),
        word("kyiv", "to_russia", None, "none"),
        word("press", "both", 100, "up_to"),
    )
    ties = numbered(
        "link",
        tie(0, "kyiv", "belongs"),
        tie(1, "kyiv", "belongs", "the second part"),
        tie(2, "press", "belongs"),
        tie(3, "curators", "possible"),
        tie(4, "moscow", "denies"),
    )
    mentions = [{"row_id": next(iter(r.values())), "source_id": "s0"} for r in promises + ties]
    curators = {"claimant_id": "curators", "name": "Curators", "office": "press", "side": "third"}
    rows = small(
        [(f"bodies-{d}", d) for d in CAME],
        [
            said(0, 100),
            said(0, 10, "to_russia"),
            said(1, None, count_low=200, count_high=210, qualifier="exact"),
            said(1, None, "to_russia", absence="withheld"),
            said(2, 50),
            said(2, 5, "to_russia"),
            said(3, 7),
            said(4, 9),
        ],
        agreements=[{"agreement_id": TALKS, "name": "Talks", "agreed_on": "2025-03-01"}],
        pledges=promises,
        links=ties,
        mentions=mentions,
    )
    rows["claimants"] = [*rows["claimants"], curators | {"official": "no"}]
    for event in rows["events"][:2]:
        event["agreement_id"] = TALKS
    return rp.load(write(tmp_path / "talks", rows), today="2099-12-31")


def test_ties_by_hand(talks: Any) -> None:
    rows = pledges.links(talks).set_index("event_id")
    assert rows.index.tolist() == [f"bodies-{d}" for d in CAME]
    assert rows["reading"].tolist() == ["record", "record", "tied", "possible", ""]
    assert rows["leading"].tolist() == [True, True, False, False, False]
    assert rows["disputed"].tolist() == [False, False, False, False, True]
    kyiv = ("Kyiv office",)
    assert rows["tied_by"].tolist() == [kyiv, kyiv, ("Press",), (), ()]
    assert rows["denied_by"].tolist() == [(), (), (), (), ("Moscow office",)]
    assert rows["notes"].tolist() == [(), ("the second part",), (), (), ()]


def test_which_ties_contradict_each_other_by_hand() -> None:
    agreed = {"talks-a": "2025-01-01", "talks-b": "2025-02-01", "talks-c": "", "talks": "", "x": ""}
    agreements = pd.DataFrame({"agreement_id": list(agreed)})
    agreements["agreed_on"] = pd.to_datetime(list(agreed.values()))
    promises = pd.DataFrame({"agreement_id": ["talks-c"]})
    record = SimpleNamespace(agreements=lambda: agreements, pledges=lambda: promises)
    rows = [
        *(("two rounds", "talks-a", True, False), ("two rounds", "talks-b", True, False)),
        *(("a round and its talks", a, True, False) for a in ("talks-a", "talks")),
        *(("two talks", a, True, False) for a in ("talks", "x")),
        *(("fits another", "talks-a", True, False), ("fits another", "talks-b", False, False)),
        ("denied", "talks-a", True, True),
        *(("a round with a promise", a, True, False) for a in ("talks-a", "talks-c")),
    ]
    pairs = pd.DataFrame(rows, columns=["event_id", "agreement_id", "tied_by", "denied_by"])
    for column in ("tied_by", "denied_by"):
        pairs[column] = [("Press",) if said else () for said in pairs[column]]
    found = ties._disputed(record, pairs)  # type: ignore[arg-type]
    assert found == {"two rounds", "two talks", "denied", "a round with a promise"}


def test_deliveries_by_hand(talks: Any) -> None:
    d = pledges.deliveries(talks).set_index(["date", "direction"])
    assert len(d) == 8, "what is only denied is no delivery"
    assert [(f"{day:%Y-%m-%d}", way) for day, way in d.index] == [
        (day, way) for day in CAME[:4] for way in ("to_ukraine", "to_russia")
    ]
    sizes = {
        (str(day.date()), way): tuple(None if pd.isna(n) else int(n) for n in row)
        for (day, way), row in zip(d.index, d[["low", "best", "high"]].to_numpy(), strict=True)
    }
    assert sizes[CAME[1], "to_ukraine"] == (200, 205, 210)
    assert sizes[CAME[1], "to_russia"] == (None, None, None), "withheld is not zero"
    assert sizes[CAME[2], "to_russia"] == (5, 5, 5)
    course = pledges.course(talks, TALKS, "bodies")
    sums = course.groupby(["direction", "taken"], sort=False)["best"].agg(list).to_dict()
    assert sums == {
        ("to_ukraine", "record"): [100, 305],
        ("to_ukraine", "possible"): [100, 305, 355, 362],
        ("to_russia", "record"): [10, 10],
        ("to_russia", "possible"): [10, 10, 15, 15],
    }
    assert course["unsized"].tolist() == [0] * 6 + [0, 1] + [0, 1, 1, 2]
    assert (course.attrs["agreement"], course.attrs["agreed_on"]) == ("Talks", "2025-03-01")
    both = pledges.running(talks, TALKS, "bodies", "both")
    assert both["best"].tolist() == [110, 110] and both["unsized"].tolist() == [0, 1]


def test_each_statement_against_what_came_by_hand(talks: Any) -> None:
    f = pledges.fulfilment(talks).set_index(["claimant", "direction", "scope"])
    nothing = [None] * 4

    def told(*key: str) -> list[Any]:
        row = f.loc[key]
        return [row["status"], *(None if pd.isna(row[c]) else row[c] for c in columns)]

    columns = ["target_low", "target_high", "low", "high", "short_low", "short_high"]
    columns += ["over_low", "over_high"]
    exact = told("Kyiv office", "to_ukraine", "")
    assert exact == ["met", 300, 300, 300, 310, 0, 0, 0, 10]
    about = told("Moscow office", "to_ukraine", "")
    assert about == ["short", 360, 440, 300, 310, 50, 60, 0, 0], "400 give or take a tenth"
    part = told("Moscow office", "to_ukraine", "ill")
    assert part == ["not_compared", 50, 50, 300, 310, *nothing]
    none = told("Kyiv office", "to_russia", "")
    assert none == ["nothing_promised", None, None, 10, None, *nothing]
    ceiling = told("Press", "both", "")
    assert ceiling == ["above", None, 100, 110, None, None, None, 10, None]
    kyiv = f.loc[("Kyiv office", "to_ukraine", "")]
    assert (kyiv["share_low"], kyiv["share_high"]) == (1, pytest.approx(310 / 300))
    assert [kyiv[c].day for c in ("met_on", "met_first", "met_last", "last")] == [20] * 4
    assert kyiv["days_late"] == 5, "five days after the fifteenth"
    assert f["events"].eq(2).all() and f["unsized"].tolist() == [0, 0, 0, 1, 1]
    tied = pledges.fulfilment(talks, reading="tied").set_index(["claimant", "direction", "scope"])
    press = tied.loc[("Moscow office", "to_ukraine", "")]
    assert (press["low"], press["high"], press["status"]) == (350, 360, "open")


def test_the_summary_of_an_agreement_by_hand(talks: Any) -> None:
    s = pledges.summary(talks).set_index("direction").drop(columns=["agreed_on", "kind"])
    assert s.index.tolist() == ["to_ukraine", "to_russia", "both"]
    to_ukraine = s.loc["to_ukraine"].dropna().to_dict()
    days = {name: to_ukraine.pop(name).day for name in ("until", "first", "last")}
    assert days == {"until": 15, "first": 10, "last": 20}
    assert to_ukraine == {
        "agreement_id": TALKS,
        "agreement": "Talks",
        "promised_low": 300,
        "promised_high": 400,
        "promised_by": 2,
        "without": 0,
        "events": 2,
        "unsized": 0,
        "low": 300,
        "best": 305,
        "high": 310,
        "ukraine_says": 305,
        "tied_events": 3,
        "tied_best": 355,
        "possible_events": 4,
        "possible_best": 362,
    }
    to_russia = s.loc["to_russia"]
    assert (to_russia["promised_by"], to_russia["without"], to_russia["best"]) == (0, 1, 10)
    assert pd.isna(to_russia["russia_says"]), "Moscow counts one of the two"
    assert s.loc["both", "met_on"].day == 10 and s.loc["both", "promised_high"] == 100
    assert pd.isna(to_ukraine.get("met_on")) and pd.isna(s.loc["to_ukraine", "met_on"])


def test_a_sum_opens_with_the_first_handover_without_a_size() -> None:
    day = pd.Timestamp("2025-06-01")
    rows = {
        (day + pd.Timedelta(days=i), f"e{i}", "record"): size
        for i, size in enumerate([None, [5, 6, None], [1, 1, 1]])
    }
    run = pledges._running(rows, ["record"])
    assert [(s.low, s.best, s.high, s.unsized) for s in run] == [
        (None, None, None, 1),
        (5, 6, None, 1),
        (6, 7, None, 1),
    ]
    assert pledges._first(run, "best", 6) == day + pd.Timedelta(days=1)
    assert pledges._first(run, "best", 7) == day + pd.Timedelta(days=2)
    assert pledges._first(run, "best", 8) is None and pledges._first(run, "high", 1) is None
    assert pledges._added([1, 2, None], [3, 4, 5]) == [4, 6, None]
    assert pledges._added(None, [3, 4, 5]) is None


@pytest.mark.parametrize(
    ("qualifier", "n", "low", "high", "status"),
    [
        ("exact", 10, 10, 10, "met"),
        ("exact", 10, 9, 9, "short"),
        ("exact", 10, 9, 10, "open"),
        ("exact", 10, 9, None, "open"),
        ("exact", 10, None, None, "open"),
        ("at_least", 10, 10, 12, "met"),
        ("more_than", 10, 10, 10, "short"),
        ("more_than", 10, 11, 11, "met"),
        ("up_to", 10, 10, 10, "within"),
        ("up_to", 10, 10, 11, "open"),
        ("up_to", 10, 11, 12, "above"),
        ("up_to", 10, 3, None, "open"),
        ("all", None, 3, 3, "not_compared"),
        ("none", None, 3, 3, "nothing_promised"),
    ],
)
def test_the_status_of_each_wording(
    qualifier: str, n: int | None, low: int | None, high: int | None, status: str
) -> None:
    said = pd.Series({"scope": "", "qualifier": qualifier, "until": pd.Timestamp("2025-06-02")})
    said["quantity_low"] = said["quantity_high"] = n
    day = pd.Timestamp("2025-06-01")
    step = pledges._Step(day, "e", "record", low, low, high, 0)
    out = pledges._compared(said, [step])
    assert out["status"] == status
    if status == "met":
        assert (out["met_on"], out["days_late"]) == (day, -1), "a day before the last day named"
    if (low, high) == (9, None):
        assert (out["short_low"], out["short_high"]) == (0, 1), "what is unknown may have been one"
    without = "none_delivered" if status in ("met", "short", "open", "within", "above") else status
    assert pledges._compared(said, [])["status"] == without


def test_slips_by_hand(tmp_path: Path) -> None:
    events = [("bodies-2025-03-12", "2025-03-12"), ("bodies-2025-04-20", "2025-04-20")]
    plans = [
        ("2025-03-10", events[0][0], "kyiv", "planned"),
        ("2025-03-10", events[0][0], "moscow", "denied"),
        ("2025-03-10", "", "moscow", "postponed"),
        ("2025-04-20", events[1][0], "kyiv", "planned"),
        ("2025-04-20", events[1][0], "moscow", "planned"),
        ("2025-05-01", "", "press", "planned"),
        ("2025-05-05", "", "moscow", "cancelled"),
    ]
    names = ("planned_for", "event_id", "claimant_id", "statement")
    rows = [dict(zip(names, p, strict=True)) | {"kind": "bodies"} for p in plans]
    schedules = numbered("schedule", *rows)
    made = small(
        events,
        [
            {"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 9}
            for e, _ in events
        ],
        schedules=schedules,
        mentions=[{"row_id": s["schedule_id"], "source_id": "s0"} for s in schedules],
    )
    r = rp.load(write(tmp_path / "slips", made), today="2099-12-31")
    s = pledges.slips(r)
    told = [
        (f"{p.planned_for:%m-%d}", p.event_id[-5:], p.outcome, p.slip, p.made_up)
        for p in s.itertuples()
    ]
    assert told == [
        ("03-10", "", "no_event", pd.NA, True),
        ("03-10", "03-12", "came", 2, False),
        ("04-20", "04-20", "came", 0, False),
        ("05-01", "", "no_event", pd.NA, False),
        ("05-05", "", "cancelled", pd.NA, False),
    ]
    assert s.index.tolist() == list(range(5))
    late = s.iloc[1]
    assert (late["planned_by"], late["disputed_by"]) == (("Kyiv office",), ("Moscow office",))
    assert late["sides"] == ("russia", "ukraine") and s["came_on"].notna().sum() == 2
    assert pledges.reasons(r)["statement"].tolist() == ["denied", "postponed", "cancelled"]
