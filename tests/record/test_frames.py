"""Frames that survive the way out of Python and back: dtypes, absence, missing values, what they say of themselves."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import io
import json
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import repatria as rp
from repatria.record import frames

FRAMES: dict[str, Callable[[Any], pd.DataFrame]] = {
    "events": lambda r: r.events(cancelled=True, disputed=True),
    "claims": lambda r: r.claims(),
    "directions": lambda r: r.directions(cancelled=True, disputed=True),
}


@pytest.fixture(params=FRAMES)
def frame(request: pytest.FixtureRequest, record: Any) -> pd.DataFrame:
    return FRAMES[request.param](record)


def same(back: pd.DataFrame, frame: pd.DataFrame, **how: Any) -> None:
    """Assert that what came back, given its dtypes again, is what went out."""
    pd.testing.assert_frame_equal(back.astype(frame.dtypes), frame, **how)


def test_events_begin_with_what_they_are_about(record: Any) -> None:
    first = ["event_id", "date", "to_ukraine", "to_russia", "kind"]
    assert record.events().columns[:5].tolist() == first
    assert record.as_of("2024-06-30").events(lens="russia").columns[:5].tolist() == first


def test_pickle_and_copies_keep_all(frame: pd.DataFrame) -> None:
    for back in (pickle.loads(pickle.dumps(frame)), copy.deepcopy(frame), frame.copy(), frame[:]):
        pd.testing.assert_frame_equal(back, frame)
        assert back.attrs == frame.attrs


def test_parquet_keeps_all_but_the_unit_of_days(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_parquet(tmp_path / "f.parquet")
    back = pd.read_parquet(tmp_path / "f.parquet")
    same(back, frame)
    assert back.attrs == frame.attrs
    days = {c for c in frame if frame[c].dtype == "datetime64[s]"}
    assert {c for c in frame if back[c].dtype != frame[c].dtype} == days, "Parquet counts in ms"


def test_csv_gives_all_back_but_attrs(frame: pd.DataFrame) -> None:
    text = io.StringIO(frame.to_csv(index=False, na_rep="NA"))
    back = pd.read_csv(text, keep_default_na=False, na_values=["NA"])
    same(back, frame)
    assert back.attrs == {}


def test_polars_gives_all_back(frame: pd.DataFrame) -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    there = pl.from_pandas(frame)
    assert there.null_count().row(0) == tuple(int(n) for n in frame.isna().sum())
    same(there.to_pandas(), frame, check_categorical=False)  # its order of categories is its own


def test_duckdb_gives_all_back(frame: pd.DataFrame) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    with duckdb.connect() as db:
        db.register("frame", frame)
        nulls = ", ".join(f'count(*) - count("{c}")' for c in frame)
        assert db.sql(f"select {nulls} from frame").fetchall() == [tuple(frame.isna().sum())]
        same(db.sql("select * from frame").df(), frame)


def test_an_absence_is_never_a_zero_abroad(record: Any) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    d = record.directions("bodies")
    with duckdb.connect() as db:
        db.register("d", d)
        told = (
            "select absence, count(*), count(count), min(count), max(count) from d group by absence"
        )
        found = {row[0]: row[1:] for row in db.sql(told).fetchall()}
    assert found["zero"][1:] == (found["zero"][0], 0, 0)
    assert found["withheld"][1] == found["not_reported"][1] == 0
    assert found[None][2] > 0


def test_attrs_are_of_json(record: Any) -> None:
    for lens in ("best", "russia"):
        attrs = record.as_of("2025-06-30").events("bodies", lens, until="2025-06").attrs
        assert json.loads(json.dumps(attrs)) == attrs
        assert attrs["as_of"] == attrs["until"] == "2025-06-30" and attrs["lens"] == lens


def test_as_of_reads_days_as_they_are(record: Any) -> None:
    events = record.as_of("2025-06-12").events()
    assert frames.as_of(events) == pd.Timestamp("2025-06-12")
    assert frames.as_of(events, "until") is None and frames.as_of(pd.DataFrame()) is None


def test_what_a_merge_takes_is_missed_at_the_first_use(record: Any) -> None:
    events = record.events("bodies")
    assert events.merge(events[["event_id"]]).attrs == events.attrs, "both say the same"
    merged = events.merge(pd.DataFrame({"event_id": events["event_id"], "mine": 1}))
    assert merged.attrs == {}
    with pytest.raises(ValueError, match="has lost its coverage"):
        rp.charts.handovers.stems(merged)
    with pytest.warns(UserWarning, match="have lost their attrs"):
        rp.analysis.asymmetry.running_deal(merged)
    merged.attrs = events.attrs
    again = rp.charts.handovers.stems(merged)
    assert again.title == rp.charts.handovers.stems(events).title


def test_the_chart_of_what_came_back_from_parquet_is_the_same(record: Any, tmp_path: Path) -> None:
    events = record.events("bodies", since="2025")
    events.to_parquet(tmp_path / "e.parquet")
    back = pd.read_parquet(tmp_path / "e.parquet")
    draw = rp.charts.handovers.stems
    files = [draw(f).save(tmp_path / f"{i}.svg").read_bytes() for i, f in enumerate((events, back))]
    assert files[0] == files[1]


def test_the_long_form_says_what_the_wide_one_says(record: Any) -> None:
    e, d = record.events(), record.directions()
    assert len(d) == 2 * len(e) and d.attrs == e.attrs
    assert d["event_id"].tolist() == e["event_id"].repeat(2).tolist()
    assert d["direction"].tolist() == ["to_ukraine", "to_russia"] * len(e)
    for direction in ("to_ukraine", "to_russia"):
        own = d[d["direction"] == direction].reset_index(drop=True)
        for column, name in {
            "": "count",
            "_low": "low",
            "_grade": "grade",
            "_claim": "claim_id",
        }.items():
            pd.testing.assert_series_equal(own[name], e[f"{direction}{column}"], check_names=False)


def test_no_event_is_no_row_of_the_right_kind(build: Callable[..., Any]) -> None:
    r = build([], [])
    for make in FRAMES.values():
        assert make(r).empty
    assert r.directions()["count"].dtype == "Int64"


def test_seaborn_takes_the_long_form(record: Any) -> None:
    import matplotlib.pyplot as plt
    import seaborn as sns

    d = record.directions("bodies", since="2025")
    ax = sns.scatterplot(d, x="date", y="count", hue="direction")
    drawn = sum(len(c.get_offsets()) for c in ax.collections)
    assert drawn == d["count"].notna().sum()
    plt.close(ax.figure)


def held(thing: Any) -> Iterator[pd.DataFrame]:
    """Give every table in what a function returned."""
    if isinstance(thing, pd.DataFrame):
        yield thing
    elif isinstance(thing, dict):
        for part in thing.values():
            yield from held(part)
    elif isinstance(thing, tuple | list):
        for part in thing:
            yield from held(part)
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            yield from held(getattr(thing, field.name))


@pytest.mark.slow
def test_parquet_takes_every_table_of_the_analysis(record: Any) -> None:
    gaps = rp.analysis.cadence.gaps(record, "bodies", "deal")
    given = {"record": record, "events": record.events("bodies"), "gaps": gaps}
    given |= {"kind": "bodies", "unit": "deal", "direction": "to_ukraine"}
    given["scores"] = rp.analysis.forecast.backtest(record, "bodies")
    agreements = rp.analysis.pledges.promised(record)["agreement_id"]
    given["agreement_id"] = agreements.iloc[0]
    seen = 0
    for name in (m.name for m in pkgutil.iter_modules(rp.analysis.__path__)):
        module = importlib.import_module(f"repatria.analysis.{name}")
        for own in (vars(module)[n] for n in module.__all__):
            if not inspect.isfunction(own):
                continue
            asked = inspect.signature(own).parameters.values()
            needed = [p.name for p in asked if p.default is p.empty]
            if not given.keys() >= set(needed):
                continue
            for table in held(own(**{n: given[n] for n in needed})):
                into = io.BytesIO()
                table.to_parquet(into)
                back = pd.read_parquet(into)
                assert back.attrs == table.attrs, own.__name__
                assert back.columns.tolist() == table.columns.tolist(), own.__name__
                # Days come back in ms; of a table without rows nobody knows the categories.
                other = {c for c in table if len(table) and back[c].dtype != table[c].dtype}
                assert all(table[c].dtype == "datetime64[s]" for c in other), (own.__name__, other)
                pd.testing.assert_frame_equal(back.astype(table.dtypes), table, obj=own.__name__)
                seen += 1
    assert seen > 50


# --- by hand --------------------------------------------------------------------------------------


def days(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts)))


def test_what_the_pages_of_a_claim_say_together_by_hand() -> None:
    table = pd.DataFrame
    pages = [("a", "s1"), ("a", "s2"), ("a", "s3"), ("b", "s2"), ("c", "s4")]
    sources = table({"source_id": ["s1", "s2", "s3", "s4"], "publisher": ["A", "B", "A", "C"]})
    sources["published_on"] = days("2025-01-03", "2025-01-02", "2025-01-05", "")
    sources["tier"] = ["press", "aggregator", "official", "aggregator"]
    claims = table({"claim_id": ["a", "b", "c"], "event_id": ["e", "e", "f"]})
    claims["claimant_id"], claims["corrects"] = "k", ["", "a", ""]
    events = table(
        {"event_id": ["e", "f"], "kind": "bodies", "date": days("2025-01-01", "2025-02-01")}
    )
    found = frames.claims(
        {
            "citations": table(pages, columns=["claim_id", "source_id"]),
            "sources": sources,
            "claims": claims,
            "claimants": table({"claimant_id": ["k"], "name": ["Kyiv"]}),
            "events": events.assign(date_precision="day"),
        }
    )
    assert found["known_on"].dt.day.tolist()[:2] == [2, 2] and pd.isna(found["known_on"][2])
    assert found["poor"].tolist() == [False, True, True], "poor: aggregators alone carry it"
    assert found["citations"].tolist() == [3, 1, 1] and found["publishers"].tolist() == [2, 1, 1]
    assert found["corrected_by"].tolist() == ["b", "", ""]
    assert found["date"].dt.month.tolist() == [1, 1, 2] and found["name"].eq("Kyiv").all()


def test_what_is_left_out_by_hand() -> None:
    columns = ["claim_id", "event_id", "kind", "direction"]
    aside = pd.DataFrame(
        [
            ("c1", "e1", "bodies", "to_ukraine"),
            ("c2", "e1", "bodies", "to_ukraine"),
            ("c3", "e2", "bodies", "to_ukraine"),
            ("c4", "e3", "prisoners", "to_russia"),
        ],
        columns=columns,
    )
    told = pd.DataFrame({"event_id": ["e1", "e3"], "direction": ["to_ukraine", "to_ukraine"]})
    found = frames.left_out(aside, told).set_index(["kind", "direction"])
    assert found.loc[("bodies", "to_ukraine")].tolist() == [3, 2, 1], (
        "e1 has a count on a dated page"
    )
    assert found.loc[("prisoners", "to_russia")].tolist() == [1, 1, 1]
    assert found.to_numpy().sum() == 9


def test_what_a_table_says_of_itself_by_hand(build: Callable[..., Any]) -> None:
    ids = {"bodies-2025-03": "2025-03-01", "bodies-2025-04-02": "2025-04-02"}
    said = [{"event_id": e, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 5} for e in ids]
    rows = [
        ("bodies", "ukraine", "2025-01-01", "2025-04-10", "dense"),
        ("bodies", "russia", "2025-01-01", "2025-04-05", "dense"),
        ("bodies", "russia", "2025-04-06", "2025-04-20", "thin"),
        ("prisoners", "ukraine", "2025-01-01", "2025-04-10", "dense"),
    ]
    names = ["kind", "side", "read_from", "read_through", "density"]
    cover = [dict(zip(names, row, strict=True)) for row in rows]
    r = build(ids.items(), said, coverage=cover)
    last, grounds = frames.searched(r)
    assert last == {"bodies": pd.Timestamp("2025-04-05")}, "prisoners: of one side only"
    assert [len(grounds[k]) for k in (None, "bodies", "prisoners", "civilians")] == [4, 3, 1, 0]
    told = r.events("bodies", since="2025-03-10", until="2025-04").attrs
    assert (told["unsure"], told["until"], told["kind"]) == (1, "2025-04-30", "bodies")
    assert (told["as_of"], len(told["coverage"])) == ("2025-04-20", 3)
    assert r.events().attrs["unsure"] == 0 and r.events().attrs["until"] is None


def test_days_that_are_none_stay_none_on_the_way_out_and_back() -> None:
    told = {"as_of": pd.Timestamp("2025-06-12"), "first": None, "through": pd.NaT, "units": 3}
    out = frames.plain(told)
    assert out == {"as_of": "2025-06-12", "first": None, "through": None, "units": 3}
    assert frames.dated(out) == told | {"through": None}
