"""A release of the record: CSV with its descriptor, Parquet, SQLite and XLSX, with a manifest.

Every format is written from the same Arrow tables (text, whole numbers, days; empty = null), and
reads back as the same tables. Same record, same libraries, same bytes. The folder appears whole or
not at all.
"""

from __future__ import annotations

import contextlib
import csv
import glob
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from repatria import __version__
from repatria.record.checks import shown
from repatria.record.names import SIDES, inert
from repatria.record.rule import ABSENCES, GRADES, RULE, RULE_VERSION
from repatria.record.schema import DIRECTIONS, TABLES, Field, Table, descriptor, resource

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import pyarrow as pa

    from repatria.record.view import Record

__all__ = ["CODEBOOK", "MADE_BY", "arrow", "manifest", "version", "write"]

MADE_BY = "repatria export"  # in every manifest: what may be replaced with --force
LOCK = "repatria-export.lock"  # held by the export that writes beside it
SHEET_ROWS = 1_048_576
CODEBOOK = ("table", "column", "type", "required", "values", "meaning")


def _best() -> Table:
    """Declare the event table under the rule as the tables of the record are declared."""
    own = {f.name: f for f in TABLES["events"].fields}
    fields = [Field(c, own[c].description, own[c].type) for c in own]
    fields[list(own).index("deal_id")] = Field(
        "deal_id", "shared by the days of one deal; its own id where it is alone"
    )
    fields.append(Field("known_on", "day of the first dated page", "date"))
    for d in DIRECTIONS:
        fields += [
            Field(
                d, f"handed over {SIDES[d]} under the rule; empty = unknown, never zero", "integer"
            ),
            Field(f"{d}_low", "lowest admissible claim", "integer"),
            Field(
                f"{d}_high",
                "highest admissible claim; empty with a count = no upper end claimed",
                "integer",
            ),
            Field(f"{d}_grade", "how far the sides bear the count out", enum=GRADES),
            Field(f"{d}_absence", "why there is no count, or zero", enum=ABSENCES),
            Field(f"{d}_claim", "the claim the count is from"),
            Field(f"{d}_claimant", "who made it"),
            Field(f"{d}_claims", "number of admissible claims", "integer"),
        ]
    what = "an event with its estimate under the rule"
    return Table("events_best", what, tuple(fields), ("event_id",), (("event_id", "events"),))


def arrow(record: Record) -> dict[str, tuple[Table, pa.Table]]:
    """Return the record's tables and `events_best`, each with its declaration, as Arrow: string,
    int64 and date32 columns, null where the record is empty.

    >>> arrow(record)["claims"][1].schema.field("count_low").type
    DataType(int64)
    """
    import pyarrow as pa

    types = {"integer": pa.int64(), "date": pa.date32()}
    out = {}
    best = _best()
    frames = {**record.tables, best.name: record.events(cancelled=True, disputed=True)}
    for name, table in {**TABLES, best.name: best}.items():
        columns = []
        for f in table.fields:
            values = frames[name][f.name].astype("object")
            values = values.where(values.notna() & (values != ""), None)
            columns.append(pa.array(values, type=types.get(f.type, pa.string()), from_pandas=True))
        out[name] = (table, pa.Table.from_arrays(columns, names=table.columns))
    return out


def _csv(table: pa.Table, path: Path) -> None:
    """Write CSV as the record has it; text that a spreadsheet would take for a formula is made
    inert.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        columns = [[inert(v) for v in c.to_pylist()] for c in table.columns]
        writer.writerows(zip(*columns, strict=True))


def _sqlite(
    tables: Mapping[str, tuple[Table, pa.Table]], path: Path, about: Mapping[str, object]
) -> None:
    """Write one SQLite database: primary and foreign keys, required columns and enumerations
    enforced.
    """
    db = sqlite3.connect(path)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("BEGIN")
        db.execute("PRAGMA defer_foreign_keys = ON")
        for t, rows in tables.values():
            lines = []
            for f in t.fields:
                enum = ", ".join(f"'{v}'" for v in f.enum)
                lines.append(
                    f'"{f.name}" {"INTEGER" if f.type == "integer" else "TEXT"}'
                    + (" NOT NULL" if f.required or f.name in t.key else "")
                    + (f' CHECK ("{f.name}" IN ({enum}))' if enum else "")
                )
            lines.append("PRIMARY KEY (" + ", ".join(f'"{k}"' for k in t.key) + ")")
            lines += [
                f'FOREIGN KEY ("{c}") REFERENCES "{to}" ("{_key(to)}")' for c, to in t.references
            ]
            db.execute(f'CREATE TABLE "{t.name}" ({", ".join(lines)})')
            columns = [
                [None if v is None else v.isoformat() for v in c.to_pylist()]
                if f.type == "date"
                else c.to_pylist()
                for f, c in zip(t.fields, rows.columns, strict=True)
            ]
            marks = ", ".join("?" * len(t.fields))
            db.executemany(f'INSERT INTO "{t.name}" VALUES ({marks})', zip(*columns, strict=True))
        db.execute(
            "CREATE TABLE codebook (" + ", ".join(f'"{c}" TEXT NOT NULL' for c in CODEBOOK) + ")"
        )
        db.executemany("INSERT INTO codebook VALUES (?, ?, ?, ?, ?, ?)", _codebook(tables))
        db.execute("CREATE TABLE release (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        db.executemany("INSERT INTO release VALUES (?, ?)", [(k, str(v)) for k, v in about.items()])
        db.commit()
    finally:
        db.close()


def _key(table: str) -> str:
    return TABLES[table].key[0]


def _codebook(tables: Mapping[str, tuple[Table, pa.Table]]) -> list[tuple[str, ...]]:
    def needed(t: Table, f: Field) -> str:
        return "key" if f.name in t.key else "yes" if f.required else "no"

    return [
        (t.name, f.name, f.type, needed(t, f), ", ".join(f.enum), f.description)
        for t, _ in tables.values()
        for f in t.fields
    ]


def _xlsx(
    tables: Mapping[str, tuple[Table, pa.Table]], path: Path, about: Mapping[str, object]
) -> None:
    """Write a workbook: a codebook sheet, then a sheet a table. Text is text, never a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for t, rows in tables.values():
        if rows.num_rows >= SHEET_ROWS:  # its header takes one
            raise ValueError(f"{t.name}: {rows.num_rows:,} rows do not fit in a sheet")
    book = Workbook(write_only=True)
    bold = Font(bold=True)

    def cell(sheet: Any, value: object, header: bool = False) -> Any:
        c = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            c.data_type = "s"  # openpyxl takes a leading "=" for a formula
            c.quotePrefix = value[:1] in tuple("=+-@\t\r")  # keeps it text when edited
        if header:
            c.font = bold
        return c

    def sheet(name: str, columns: list[str], rows: Any, wide: int = 18) -> None:
        s = book.create_sheet(name)
        s.freeze_panes = "A2"
        for i, column in enumerate(columns, 1):
            s.column_dimensions[get_column_letter(i)].width = (
                60 if column in ("note", "meaning", "url") else wide
            )
        s.append([cell(s, c, header=True) for c in columns])
        lines = 1
        for row in rows:
            s.append([cell(s, v) for v in row])
            lines += 1
        s.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{lines}"

    sheet("codebook", list(CODEBOOK), _codebook(tables))
    for t, rows in tables.values():
        sheet(t.name, t.columns, zip(*(c.to_pylist() for c in rows.columns), strict=True))
    sheet("release", ["name", "value"], [(k, str(v)) for k, v in about.items()])
    raw = io.BytesIO()
    book.save(raw)
    # The zip and the workbook carry the hour of writing: both are set to fixed values.
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                content = re.sub(
                    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content
                )
            new.writestr(
                zipfile.ZipInfo(item.filename, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )


def version(folder: Path) -> str:
    """Return a record's release version: that of its `datapackage.json`, else the package's.

    >>> version(Path("/nowhere")) == rp.__version__
    True
    """
    try:
        return str(json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return __version__


def _write(record: Record, folder: Path, release: str) -> None:
    import pyarrow.parquet as pq

    about: dict[str, object] = {
        "made_by": MADE_BY,
        "version": release,
        "digest": record.digest,
        "as_of": f"{record.last_day:%Y-%m-%d}",
        "rule": f"{RULE} v{RULE_VERSION}",
        "code": __version__,
    }
    tables = arrow(record)
    (folder / "parquet").mkdir()
    for name, (_, table) in tables.items():
        _csv(table, folder / f"{name}.csv")
        stamped = table.replace_schema_metadata({k: str(v) for k, v in about.items()})
        pq.write_table(stamped, folder / "parquet" / f"{name}.parquet")
    package: dict[str, Any] = descriptor(release)
    # The event table has no constraints of its own: it is derived.
    package["resources"].append(resource(tables["events_best"][0], bound=False))
    _json(folder / "datapackage.json", package)
    _sqlite(tables, folder / "repatria.sqlite", about)
    _xlsx(tables, folder / "repatria.xlsx", about)
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        files[path.relative_to(folder).as_posix()] = {
            "sha256": hashlib.sha256(raw).hexdigest(),
            "bytes": len(raw),
        }
    rows = {name: t.num_rows for name, (_, t) in tables.items()}
    _json(folder / "manifest.json", {**about, "rows": rows, "files": files})


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def manifest(folder: Path) -> dict[str, Any]:
    """Return what an export says of itself: version, digest, rule, rows per table, and each file's
    hash.

    Raises ValueError if the folder holds no export.
    """
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if found["made_by"] == MADE_BY and isinstance(found["files"], dict):
            return dict(found)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ValueError(f"{folder}: is not empty and not an earlier export; nothing was written")


def _replaceable(out: Path, force: bool) -> bool:
    """Return whether an earlier export stands there that may go. Raises ValueError for anything
    else.
    """
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: is not a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return False
    ours = {*manifest(out)["files"], "manifest.json"}
    there = {
        p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir() or p.is_symlink()
    }
    if others := sorted(there - ours):
        raise ValueError(
            f"{out}: holds what no export wrote ({shown(others[0])}); nothing was written"
        )
    if not force:
        raise ValueError(f"{out}: is not empty; --force replaces the earlier export")
    return True


def write(record: Record, out: Path, release: str, force: bool = False) -> Path:
    """Write a release into the folder `out` and return it; it is built aside and renamed in one
    step.

    What an export left that was killed is cleared by the next. Raises ValueError for a past view of
    a record (its rows refer to later ones), and if `out` is a
    file or a folder that is not empty: with `force` an earlier export is replaced, but never a
    folder with anything else in it.

    >>> write(record.as_of("2025-06-12"), Path("out"), "1.0")
    Traceback (most recent call last):
    ValueError: a past view is not a release: its rows refer to later ones
    """
    if record.known_by is not None:
        raise ValueError("a past view is not a release: its rows refer to later ones")
    out = out.resolve()
    _sweep(out)
    full = _replaceable(out, force)
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    with contextlib.ExitStack() as held:
        held.callback(shutil.rmtree, aside, ignore_errors=True)
        _locked(held.enter_context(open(aside / LOCK, "w")))
        new = aside / "new"
        new.mkdir()
        _write(record, new, release)
        if full:
            os.rename(out, aside / "old")
        try:
            os.rename(new, out)
        except OSError:
            if full:
                os.rename(aside / "old", out)
            raise
    return out


def _locked(file: IO[str]) -> None:
    """Lock a file until it is closed, or its process ends. Raises OSError if another holds it."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sweep(out: Path) -> None:
    """Clear what killed exports left beside `out`; what one of them had moved aside comes back."""
    for left in out.parent.glob(f".{glob.escape(out.name)}.*"):
        if left.is_symlink() or not (left / LOCK).is_file() or fcntl is None:
            continue
        with contextlib.suppress(OSError), open(left / LOCK, "a") as file:
            _locked(file)
            if (left / "old").is_dir() and not os.path.lexists(out):
                os.rename(left / "old", out)
            shutil.rmtree(left, ignore_errors=True)
