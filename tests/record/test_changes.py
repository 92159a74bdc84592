"""What changed: refusals first, then rows and estimates."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from typer.testing import CliRunner

import repatria as rp
from conftest import small, write
from repatria.cli import app
from repatria.display import changes as words
from repatria.record import changes
from repatria.record.schema import TABLES

FIRST = "bodies-2025-01-01.to_ukraine.kyiv.total"
EVENTS = [("bodies-2025-01-01", "2025-01-01"), ("bodies-2025-02-01", "2025-02-01")]


def claim(event: str, who: str, direction: str, n: int | None, **more: Any) -> dict[str, Any]:
    return dict(event_id=event, claimant_id=who, direction=direction, n=n, **more)


OLD = [
    claim("bodies-2025-01-01", "kyiv", "to_ukraine", 500),
    claim("bodies-2025-01-01", "moscow", "to_russia", 40),
    claim("bodies-2025-02-01", "kyiv", "to_ukraine", 700),
]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two versions of an invented record: a count revised, an event gone, another new."""
    old = small(EVENTS, OLD)
    new = small(
        [EVENTS[0], ("bodies-2025-03-01", "2025-03-01")],
        [*OLD[:2], claim("bodies-2025-03-01", "moscow", "to_ukraine", None, absence="withheld")],
    )
    new["claims"][0] |= {"count_high": 505, "note": "a `range`, | and <b>"}
    return write(tmp_path / "old", old), write(tmp_path / "new", new)


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["changes", *map(str, arguments)])


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place", ["no/such/folder", "no-such-tag", "--upload-pack=x", "HEAD; rm x", "\x1b[2J"]
)
def test_what_is_neither_folder_nor_revision_is_refused(
    place: str, pair: tuple[Path, Path]
) -> None:
    result = run("--", place, pair[1])
    assert result.exit_code == 1 and "neither a folder nor a git revision" in result.stderr
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (
            lambda f: (f / "claims.csv").write_text("claim_id,event_id\n"),
            "column claimant_id is missing",
        ),
        (lambda f: (f / "totals.csv").unlink(), "totals.csv: cannot be read"),
        (
            lambda f: (f / "events.csv").write_text((f / "events.csv").read_text() + "x\n"),
            "events.csv:4",
        ),
    ],
)
def test_records_of_another_schema_are_refused_by_name(
    spoil: Any, expected: str, pair: tuple[Path, Path]
) -> None:
    spoil(pair[0])
    result = run(*pair)
    assert result.exit_code == 1 and expected in result.stderr and str(pair[0]) in result.stderr
    assert not result.stdout


def test_records_in_memory_with_other_columns_are_refused(pair: tuple[Path, Path]) -> None:
    old, new = map(rp.load, pair)
    tables = dict(old.tables) | {"claims": old.tables["claims"].drop(columns="note")}
    with pytest.raises(ValueError, match="claims: the records do not have the same columns"):
        changes.between(rp.Record(MappingProxyType(tables), ""), new)
    with pytest.raises(ValueError, match="lens"):
        changes.between(old, new, "nobody")


# --- rows and estimates -------------------------------------------------------------------------------------


def test_nothing_changed(record: Any) -> None:
    same = changes.between(record, record)
    assert not same and same.estimates.empty and not same.counts().to_numpy().any()
    assert "Nothing changed" in words.markdown(same)


def test_rows_added_removed_and_revised(pair: tuple[Path, Path]) -> None:
    c = changes.between(*map(rp.load, pair))
    assert c.added["events"]["event_id"].tolist() == ["bodies-2025-03-01"]
    assert c.removed["events"]["event_id"].tolist() == ["bodies-2025-02-01"]
    first = c.revised["claims"].query("claim_id == @FIRST").set_index("column")
    assert first.loc["count_high", ["old", "new"]].tolist() == ["500", "505"]
    assert first.loc["note", ["old", "new"]].tolist() == ["", "a `range`, | and <b>"]
    assert c.counts().loc["claims"].tolist() == [1, 1, 1]


def test_estimates_before_and_after(pair: tuple[Path, Path]) -> None:
    c = changes.between(*map(rp.load, pair))
    moved = c.estimates.set_index(["event_id", "direction"])
    assert moved["change"].to_dict() == {
        ("bodies-2025-01-01", "to_ukraine"): "revised",
        ("bodies-2025-02-01", "to_ukraine"): "gone",
        ("bodies-2025-03-01", "to_ukraine"): "new",
    }
    row = moved.loc[("bodies-2025-01-01", "to_ukraine")]
    assert (row["best_old"], row["best_new"], row["high_old"], row["high_new"]) == (
        500,
        502,
        500,
        505,
    )
    row = moved.loc[("bodies-2025-03-01", "to_ukraine")]
    assert (row["absence_old"], row["absence_new"], row["grade_new"]) == (
        "not_reported",
        "withheld",
        "undisclosed",
    )
    assert words.moved(c.estimates) == [
        "`bodies-2025-01-01` to Ukraine: 500 (one side only) → 502 [500–505] (one side only)",
        "`bodies-2025-02-01` to Ukraine: 700 (one side only) → not there",
        "`bodies-2025-03-01` to Ukraine: not there → size withheld",
    ]


@pytest.mark.parametrize(
    ("status", "moved"),
    [("cancelled", ("revised", "not_reported", "not_applicable")), ("disputed", None)],
)
def test_an_event_that_is_cancelled_or_disputed_is_not_gone(
    tmp_path: Path, status: str, moved: tuple[str, str, str] | None
) -> None:
    old, new = small(EVENTS, OLD), small(EVENTS, OLD)
    new["events"][1]["status"] = status
    c = changes.between(
        rp.load(write(tmp_path / "old", old)), rp.load(write(tmp_path / "new", new))
    )
    found = c.estimates.set_index("direction")
    if moved is None:
        assert found.empty, "its counts stay as they are"
        return
    columns = ["change", "best_old", "absence_old", "absence_new"]
    assert found.loc["to_ukraine", columns[:2]].tolist() == ["revised", 700]
    assert found["absence_new"].tolist() == ["not_applicable"] * 2
    assert found.loc["to_russia", ["change", *columns[2:]]].tolist() == list(moved)


def test_the_way_back_is_the_mirror(pair: tuple[Path, Path]) -> None:
    old, new = map(rp.load, pair)
    there, back = changes.between(old, new), changes.between(new, old)
    for name in TABLES:
        assert there.added[name].equals(back.removed[name])
        mirrored = back.revised[name].rename(columns={"old": "new", "new": "old"})
        assert there.revised[name].equals(mirrored[there.revised[name].columns])


def test_two_past_views_of_the_record(record: Any) -> None:
    c = changes.between(record.as_of("2025-06-12"), record.as_of("2025-06-15"))
    assert not c.removed["events"].size and not c.revised["claims"].size
    assert {"bodies-2025-06-13", "bodies-2025-06-14"} <= set(c.estimates["event_id"])
    assert c.old.endswith("as of 2025-06-12")
    nothing_yet = changes.between(record.as_of("2022-03-05"), record.as_of("2022-03-05"))
    assert not nothing_yet


def test_inputs_are_not_changed(pair: tuple[Path, Path]) -> None:
    old, new = map(rp.load, pair)
    copies = {n: t.copy() for n, t in old.tables.items()}
    changes.between(old, new)
    assert all(old.tables[n].equals(copies[n]) for n in TABLES)


def test_as_markdown(pair: tuple[Path, Path]) -> None:
    result = run(*pair)
    assert result.exit_code == 0
    assert "| claims | 1 | 1 | 1 |" in result.output
    assert (
        f"- ± `{FIRST}`: note empty → `a 'range', | and <b>`" in result.output
    )  # inside code: no markup of its own
    assert "- + `bodies-2025-03-01`: kind `bodies`, date `2025-03-01`" in result.output


def test_as_json(pair: tuple[Path, Path]) -> None:
    result = run(*pair, "--json")
    whole = json.loads(result.output)
    assert whole["tables"]["claims"]["revised"][0] == {
        "key": {"claim_id": FIRST},
        "column": "count_high",
        "old": "500",
        "new": "505",
    }
    assert (
        whole["estimates"][2]["best_new"] is None and whole["estimates"][2]["date"] == "2025-03-01"
    )
    assert [len(whole["tables"]["events"][k]) for k in ("added", "removed", "revised")] == [1, 1, 0]


def test_a_git_revision_of_the_data(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repo = tmp_path / "repo"
    (repo / "data").mkdir(parents=True)

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(repo), *who, *arguments], check=True, capture_output=True)

    git("init")
    for source, tag in ((pair[0], "v1"), (pair[1], "v2")):
        for name in TABLES:
            (repo / "data" / f"{name}.csv").write_bytes((source / f"{name}.csv").read_bytes())
        git("add", ".")
        git("commit", "-m", tag)
        git("tag", tag)
    monkeypatch.setenv("REPATRIA_DATA", str(repo / "data"))
    by_tag, by_folder = run("v1", "--json"), run(pair[0], pair[1], "--json")
    assert by_tag.exit_code == 0 and by_tag.output == by_folder.output
    git("rm", "data/claims.csv")
    git("commit", "-m", "broken")
    assert "claims.csv: cannot be read" in run("HEAD", pair[1]).stderr
