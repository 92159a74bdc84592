"""The cookbook: every snippet runs, each section by itself, from the project's folder; some are held against our own functions."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from repatria.cli import app
from repatria.record.fingerprint import ROOT

PAGE = (ROOT / "docs" / "cookbook.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.S | re.M)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory, exported: Path) -> Path:
    """A folder like the project's, with the export that the page's one command makes."""
    folder = tmp_path_factory.mktemp("kitchen")
    (folder / "data").symlink_to(ROOT / "data")
    (command,) = blocks("bash")
    verb, out = command.removeprefix("repatria ").split()
    assert verb == "export"
    (folder / out).symlink_to(exported)
    return folder


@pytest.fixture(scope="module")
def made(kitchen: Path) -> dict[str, Any]:
    """What the snippets in Python have made, each section's by themselves after the recipes' first lines."""
    import matplotlib.pyplot as plt

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(kitchen)
        given: dict[str, Any] = {}
        made: dict[str, Any] = {}
        for section in re.split(r"^##+ ", PAGE, flags=re.M):
            names = dict(given)
            for block in re.findall(r"^```python\n(.*?)^```", section, re.S | re.M):
                exec(compile(block, "cookbook.md", "exec"), names)
            if section.startswith("Recipes"):
                given = dict(names)
            made |= names
        plt.close("all")
    return made


def test_every_language_is_one_that_is_run() -> None:
    assert {name for name, _ in BLOCKS} == {"python", "bash", "r", "sql"}


def test_monthly_sums_are_those_of_the_events(made: dict[str, Any], record: Any) -> None:
    for lens in ("ukraine", "russia"):
        whole = record.events("bodies", lens=lens, since="2025")
        for direction in ("to_ukraine", "to_russia"):
            assert made["both_sides"][lens, direction].sum() == whole[direction].sum()


def test_zeroes_and_silences_and_sums_are_those_of_the_record(
    made: dict[str, Any], record: Any
) -> None:
    assert set(made["zeroes"]["event_id"]) == set(
        record.tables["claims"].query("absence == 'zero'")["event_id"]
    )
    assert made["longest"]["days"].max() == made["gaps"]["days"].max()
    assert not made["not_in_it"].empty or made["total"].rows["counted"].all()
    assert made["known"]["event_id"].max() <= "bodies-2025-06-30"


def test_what_moscow_counted_alone_no_claim_of_kyiv_counts(
    made: dict[str, Any], record: Any
) -> None:
    claims = record.claims(side="ukraine")
    whole = claims[claims["count_low"].notna() & (claims["role"] != "subset")]
    kyiv = set(zip(whole["event_id"], whole["direction"].astype("str"), strict=True))
    assert len(made["moscow_only"]) > 50 and not set(made["moscow_only"].index) & kyiv


def test_a_frame_comes_back_as_it_went(made: dict[str, Any]) -> None:
    import pandas as pd

    for back in (made["back"], made["again"]):
        pd.testing.assert_frame_equal(back, made["events"], check_categorical=False)


def test_duckdb_and_polars_count_as_we_do(made: dict[str, Any], kitchen: Path, record: Any) -> None:
    events = record.events("bodies")
    ours = events.groupby(events["date"].dt.year)["to_ukraine"].sum()
    best = made["best"]
    there = best.filter((best["kind"] == "bodies") & (best["status"] == "took_place"))
    assert there["to_ukraine"].sum() == ours.sum()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(kitchen)
        query = re.findall(r'"""(.*?)"""', "".join(blocks("python")), re.S)[1]
        found = made["duckdb"].sql(query).df()
    assert found.set_index("year")["to_ukraine"].tolist() == ours.tolist()


def test_the_sql_runs_on_the_exported_database(kitchen: Path) -> None:
    (query,) = blocks("sql")
    with sqlite3.connect(kitchen / "export" / "repatria.sqlite") as db:
        rows = db.execute(query).fetchall()
    db.close()
    assert rows and all(row[3] == 0 and row[4].startswith("http") for row in rows)


def test_the_r_snippet_runs(kitchen: Path, record: Any) -> None:
    if not (rscript := shutil.which("Rscript")):
        pytest.skip("no Rscript here: apt-get install r-base-core")
    (text,) = blocks("r")
    done = subprocess.run([rscript, "-e", text], cwd=kitchen, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    year = record.events("bodies", since="2025", until="2025")["to_ukraine"].sum()
    assert re.search(rf"2025 +{year}\b", done.stdout)
    assert (kitchen / "r.svg").stat().st_size > 1000


def test_the_terminal_says_what_the_recipes_say(record: Any) -> None:
    for command in re.findall(r"Also on a terminal: `repatria ([^`]+)`", PAGE):
        done = CliRunner().invoke(app, command.split())
        assert done.exit_code == 0 and len(done.output) > 200
