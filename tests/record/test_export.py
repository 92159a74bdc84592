"""A release: refusals first, then every format read back as the same tables."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import repatria as rp
from conftest import small, write
from repatria.cli import app
from repatria.record import export
from repatria.record.fingerprint import ROOT
from repatria.record.schema import TABLES

HOSTILE = '=HYPERLINK("https://evil.example","click")'


@pytest.fixture
def release(exported: Path) -> Path:
    return exported


@pytest.fixture
def hostile(tmp_path: Path) -> Any:
    """An invented record whose notes could be formulas."""
    rows = small(
        [("bodies-2025-01-01", "2025-01-01")],
        [
            dict(
                event_id="bodies-2025-01-01",
                claimant_id="kyiv",
                direction="to_ukraine",
                n=5,
                note="@SUM(A1)",
            )
        ],
    )
    rows["events"][0]["note"] = HOSTILE
    return rp.load(write(tmp_path / "hostile", rows))


def as_arrow(table: Any, columns: dict[str, list[Any]]) -> pa.Table:
    types = {"integer": pa.int64(), "date": pa.date32()}
    fields = [pa.array(columns[f.name], type=types.get(f.type, pa.string())) for f in table.fields]
    return pa.Table.from_arrays(fields, names=table.columns)


# --- refusals -----------------------------------------------------------------------------------------------


def test_a_folder_with_anything_in_it_is_not_touched(hostile: Any, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(ValueError, match="not an earlier export"):
            export.write(hostile, out, "1", force)
    assert [p.name for p in out.iterdir()] == ["thesis.txt"]
    with pytest.raises(ValueError, match="not a folder"):
        export.write(hostile, out / "thesis.txt", "1")


def test_an_earlier_export_is_replaced_only_on_request(hostile: Any, tmp_path: Path) -> None:
    out = export.write(hostile, tmp_path / "out", "1")
    with pytest.raises(ValueError, match="--force"):
        export.write(hostile, out, "2")
    assert json.loads((out / "manifest.json").read_text())["version"] == "1"
    (out / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"holds what no export wrote \('notes.txt'\)"):
        export.write(hostile, out, "2", force=True)
    (out / "notes.txt").unlink()
    export.write(hostile, out, "2", force=True)
    assert export.manifest(out)["version"] == "2"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hostile", "out"]


KILLED = """
import os, sys
from pathlib import Path
from repatria.record import export, view
at = sys.argv[3]
def dies(*a): os.kill(os.getpid(), 9)
if at == "rename":  # between the old one's going aside and the new one's coming
    real, calls = os.rename, []
    os.rename = lambda a, b: dies() if calls else (calls.append(1), real(a, b))
else:
    setattr(export, at, dies)
export.write(view.load(sys.argv[1]), Path(sys.argv[2]), "2", force=True)
"""


@pytest.mark.parametrize("at", ["_sqlite", "_json", "rename"])
def test_what_a_killed_export_left_is_cleared_by_the_next_and_nothing_is_lost(
    at: str, hostile: Any, tmp_path: Path
) -> None:
    out = export.write(hostile, tmp_path / "out", "1")
    (tmp_path / ".out.notes").mkdir()  # somebody's own
    source = str(tmp_path / "hostile")
    env = os.environ | {"PYTHONPATH": str(Path(export.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", KILLED, source, str(out), at], env=env)
    assert len(list(tmp_path.glob(".out.*"))) == 2, "it was killed in the middle"
    with pytest.raises(ValueError, match="--force"):
        export.write(hostile, out, "3")
    assert export.manifest(out)["version"] == "1", "the earlier one is back"
    assert [p.name for p in tmp_path.glob(".out.*")] == [".out.notes"]


def test_an_export_at_work_is_not_cleared_by_another(hostile: Any, tmp_path: Path) -> None:
    (working := tmp_path / ".out.working").mkdir()
    with open(working / export.LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        export.write(hostile, tmp_path / "out", "1")
        assert working.is_dir()
    export.write(hostile, tmp_path / "out", "2", force=True)
    assert not working.exists(), "it has ended"


@pytest.mark.parametrize("step", ["_sqlite", "_xlsx", "_json"])
def test_a_failure_leaves_the_earlier_export(
    step: str, hostile: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = export.write(hostile, tmp_path / "out", "1")

    def fails(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(export, step, fails)
    with pytest.raises(OSError, match="disk full"):
        export.write(hostile, out, "2", force=True)
    assert json.loads((out / "manifest.json").read_text())["version"] == "1"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hostile", "out"]


def test_an_export_that_cannot_take_its_place_gives_it_back(
    hostile: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = export.write(hostile, tmp_path / "out", "1")
    rename = os.rename

    def fails(source: Path, target: Path) -> None:
        if Path(source).name == "new":
            raise OSError("no room")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(OSError, match="no room"):
        export.write(hostile, out, "2", force=True)
    assert json.loads((out / "manifest.json").read_text())["version"] == "1"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hostile", "out"]


def test_a_past_view_and_a_broken_record_are_no_release(
    record: Any, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="past view"):
        export.write(record.as_of("2025-06-12"), tmp_path / "out", "1")
    (folder / "events.csv").write_text("nonsense\n")
    result = CliRunner().invoke(app, ["export", str(tmp_path / "out"), "--data", str(folder)])
    assert (
        result.exit_code == 1
        and "events.csv:1" in result.stderr
        and not (tmp_path / "out").exists()
    )


def test_text_that_could_be_a_formula_is_inert(hostile: Any, tmp_path: Path) -> None:
    out = export.write(hostile, tmp_path / "out", "1")
    book = openpyxl.load_workbook(out / "repatria.xlsx")
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    suspect = [c for c in cells if isinstance(c.value, str) and c.value[:1] in "=+-@"]
    assert {c.value for c in suspect} == {HOSTILE, "@SUM(A1)"} and all(
        c.quotePrefix for c in suspect
    )
    assert b"<f>" not in (out / "repatria.xlsx").read_bytes()
    for name in ("events", "claims", "events_best"):
        with (out / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            assert not [c for row in csv.reader(file) for c in row if c[:1] in tuple("=+-@")]
    db = sqlite3.connect(out / "repatria.sqlite")
    assert db.execute("SELECT note FROM events").fetchone() == (HOSTILE,)  # there it is only text
    db.close()


# --- read back ----------------------------------------------------------------------------------------------


def test_csv_is_the_record_byte_for_byte_and_loads(release: Path, record: Any) -> None:
    for name in TABLES:
        assert (release / f"{name}.csv").read_bytes() == (
            ROOT / "data" / f"{name}.csv"
        ).read_bytes()
    assert rp.load(release).digest == record.digest


def test_every_format_reads_back_as_the_same_tables(release: Path, record: Any) -> None:
    db = sqlite3.connect(release / "repatria.sqlite")
    sheets = openpyxl.load_workbook(release / "repatria.xlsx", read_only=True)
    for name, (table, expected) in export.arrow(record).items():
        assert pq.read_table(release / "parquet" / f"{name}.parquet").equals(expected), name

        got = db.execute(f'SELECT * FROM "{name}"')
        assert [d[0] for d in got.description] == table.columns
        columns = dict(
            zip(table.columns, map(list, zip(*got.fetchall(), strict=True)), strict=True)
        )
        for f in table.fields:
            if f.type == "date":
                columns[f.name] = [
                    None if v is None else pd.Timestamp(v).date() for v in columns[f.name]
                ]
        assert as_arrow(table, columns).equals(expected), name

        header, *rows = sheets[name].iter_rows(max_col=len(table.columns), values_only=True)
        assert list(header) == table.columns
        cells = dict(zip(table.columns, map(list, zip(*rows, strict=True)), strict=True))
        for f in table.fields:
            if f.type == "date":
                cells[f.name] = [v and v.date() for v in cells[f.name]]
        assert as_arrow(table, cells).equals(expected), name
    db.close()


def test_the_arrow_tables_are_the_record(record: Any) -> None:
    for name, (_, rows) in export.arrow(record).items():
        frame = (
            record.events(cancelled=True, disputed=True)
            if name == "events_best"
            else record.tables[name]
        )
        assert rows.num_rows == len(frame)
        for column in rows.column_names:
            got, there = (
                pd.Series(rows[column].to_pylist(), dtype="object"),
                frame[column].astype("object"),
            )
            if (
                isinstance(frame[column].dtype, pd.DatetimeTZDtype)
                or frame[column].dtype.kind == "M"
            ):
                got = pd.Series(pd.to_datetime(got), dtype="object")
            there = there.where(there.notna() & (there != ""), None).reset_index(drop=True)
            assert got.isna().equals(there.isna()), (name, column)
            assert (got.dropna() == there.dropna()).all(), (name, column)


def test_the_database_keeps_its_own_rules(release: Path, tmp_path: Path) -> None:
    db = sqlite3.connect(shutil.copy(release / "repatria.sqlite", tmp_path))
    db.execute("PRAGMA foreign_keys = ON")
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("SELECT count(*) FROM claims WHERE note = '' OR absence = ''").fetchone() == (
        0,
    )
    types = {t for (t,) in db.execute("SELECT DISTINCT typeof(count_low) FROM claims")}
    assert types == {"integer", "null"}
    for name, table in TABLES.items():
        info = db.execute(f"SELECT name, pk FROM pragma_table_info('{name}')").fetchall()
        assert tuple(c for c, pk in sorted(info, key=lambda r: r[1]) if pk) == table.key
    for statement in (
        "INSERT INTO citations VALUES ('no-such-claim', 'no-such-page', NULL)",
        "UPDATE claims SET direction = 'to_moon'",
        "UPDATE events SET date = NULL",
        "DELETE FROM claimants",
        "INSERT INTO events SELECT * FROM events LIMIT 1",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(statement)
    db.close()


def test_the_workbook_explains_itself(release: Path) -> None:
    book = openpyxl.load_workbook(release / "repatria.xlsx")
    assert book.sheetnames == ["codebook", *TABLES, "events_best", "release"]
    for sheet in book:
        assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == sheet.dimensions, sheet.title
    told = {(t, c) for t, c, *_ in book["codebook"].iter_rows(min_row=2, values_only=True)}
    assert told == {(s.title, c.value) for s in book.worksheets[1:-1] for c in s[1]}


def test_a_table_fills_a_sheet_to_its_last_row_and_no_further(
    hostile: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = export.arrow(hostile)
    most = max(rows.num_rows for _, rows in tables.values())
    monkeypatch.setattr(export, "SHEET_ROWS", most + 1)
    export._xlsx(tables, tmp_path / "a.xlsx", {})
    monkeypatch.setattr(export, "SHEET_ROWS", most)
    with pytest.raises(ValueError, match=f"claimants: {most} rows do not fit in a sheet"):
        export._xlsx(tables, tmp_path / "b.xlsx", {})


def test_the_workbook_does_not_say_when_it_was_written(release: Path) -> None:
    with zipfile.ZipFile(release / "repatria.xlsx") as book:
        assert {i.date_time for i in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"1980-01-01T00:00:00Z" in book.read("docProps/core.xml")


def test_the_same_record_gives_the_same_bytes_and_the_manifest_says_which(
    hostile: Any, release: Path, record: Any, tmp_path: Path
) -> None:
    one, two = (export.write(hostile, tmp_path / n / "new" / "out", "1") for n in "ab")
    for path in (p for p in one.rglob("*") if p.is_file()):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes(), path.name
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["version"], manifest["digest"]) == (rp.__version__, record.digest)
    listed = {p.relative_to(release).as_posix() for p in release.rglob("*") if p.is_file()} - {
        "manifest.json"
    }
    assert listed == set(manifest["files"])
    for path, said in manifest["files"].items():
        assert hashlib.sha256((release / path).read_bytes()).hexdigest() == said["sha256"]


def test_the_version_is_the_records_own(hostile: Any, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    assert export.version(folder) == rp.__version__
    (folder / "datapackage.json").write_text('{"version": "7.0.0"}')
    result = CliRunner().invoke(
        app, ["export", str(tmp_path / "new" / "out"), "--data", str(folder)]
    )
    assert result.exit_code == 0 and "version 7.0.0" in result.output
    package = json.loads(
        (tmp_path / "new" / "out" / "datapackage.json").read_text(encoding="utf-8")
    )
    assert package["version"] == "7.0.0" and package["resources"][-1]["name"] == "events_best"


def test_an_independent_judge_accepts_the_release(hostile: Any, tmp_path: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    out = export.write(hostile, tmp_path / "out", "1")
    report = frictionless.validate(str(out / "datapackage.json"))
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "note"])
