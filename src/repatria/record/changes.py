"""What differs between two records: rows added, removed and revised, and the estimates that moved.

Works on two versions of `data/` and on two past views of one record (`record.as_of(a)`,
`record.as_of(b)`).
"""

from __future__ import annotations

import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from repatria.record import fingerprint, view
from repatria.record.checks import RecordError
from repatria.record.schema import DIRECTIONS, TABLES
from repatria.record.view import Record

__all__ = ["MEASURES", "Changes", "between", "estimates", "read"]

MEASURES = ("best", "low", "high", "grade", "absence")


@dataclass(frozen=True, eq=False)
class Changes:
    """The way from one record to another. Rows are matched by primary key; cells are text, `""` =
    empty.

    old, new        digest of each record, with "as of" and the day where it is a past view
    added, removed  table -> whole rows
    revised         table -> one row a changed cell: the key, column, old, new
    estimates       one row per event and direction whose estimate differs: event_id, kind, date,
                    direction, change (new, gone, revised) and best, low, high, grade, absence, each
                    `_old` and `_new`
    """

    old: str
    new: str
    added: dict[str, pd.DataFrame]
    removed: dict[str, pd.DataFrame]
    revised: dict[str, pd.DataFrame]
    estimates: pd.DataFrame

    def __bool__(self) -> bool:
        return bool(self.counts().to_numpy().any()) or not self.estimates.empty

    def counts(self) -> pd.DataFrame:
        """Return the number of added, removed and revised rows per table (index: table)."""
        return pd.DataFrame(
            {
                "added": {t: len(self.added[t]) for t in TABLES},
                "removed": {t: len(self.removed[t]) for t in TABLES},
                "revised": {
                    t: len(self.revised[t].drop_duplicates(list(TABLES[t].key))) for t in TABLES
                },
            }
        )


def between(old: Record, new: Record, lens: str = "best") -> Changes:
    """Return what changed from one record to another; neither is altered.

    Raises ValueError if the two do not have the same tables and columns, or the lens is unknown.

    >>> c = between(record.as_of("2025-06-12"), record.as_of("2025-06-13"))
    >>> c.added["events"]["event_id"].tolist()
    ['bodies-2025-06-13']

    See also: `read`, which finds a record by its folder or git revision.
    """
    for name, table in TABLES.items():
        for record in (old, new):
            if name not in record.tables or list(record.tables[name].columns) != table.columns:
                raise ValueError(
                    f"{name}: the records do not have the same columns; they cannot be compared"
                )
    rows = {name: _rows(name, old.tables[name], new.tables[name]) for name in TABLES}
    added, removed, revised = ({name: r[i] for name, r in rows.items()} for i in range(3))
    return Changes(_label(old), _label(new), added, removed, revised, estimates(old, new, lens))


def _label(record: Record) -> str:
    return record.digest + (
        f" as of {record.known_by:%Y-%m-%d}" if record.known_by is not None else ""
    )


def _text(frame: pd.DataFrame) -> pd.DataFrame:
    def column(s: pd.Series) -> pd.Series:
        if pd.api.types.is_datetime64_any_dtype(s):
            s = s.dt.strftime("%Y-%m-%d")
        return s.astype("object").where(s.notna(), "").astype("str")

    return pd.DataFrame({c: column(frame[c]) for c in frame.columns}).reset_index(drop=True)


def _rows(
    name: str, old: pd.DataFrame, new: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    key, columns = list(TABLES[name].key), TABLES[name].columns
    same = old.equals(new)
    old, new = _text(old[:0] if same else old), _text(new[:0] if same else new)
    keys = [pd.MultiIndex.from_frame(t[key]) for t in (old, new)]
    added = new[~keys[1].isin(keys[0])].reset_index(drop=True)
    removed = old[~keys[0].isin(keys[1])].reset_index(drop=True)
    both = old.merge(new, on=key, suffixes=("_old", "_new"))
    revised = [
        both.loc[both[f"{c}_old"] != both[f"{c}_new"], [*key, f"{c}_old", f"{c}_new"]]
        .set_axis([*key, "old", "new"], axis=1)
        .assign(column=c)
        for c in columns
        if c not in key
    ]
    cells = (
        pd.concat(revised)[[*key, "column", "old", "new"]]
        if revised
        else pd.DataFrame(columns=[*key, "column", "old", "new"], dtype="str")
    )
    return added, removed, cells.sort_values(key, kind="stable", ignore_index=True)


def estimates(old: Record, new: Record, lens: str = "best") -> pd.DataFrame:
    """Return the estimates that differ; columns: see `Changes`. Raises ValueError for an unknown
    lens.

    >>> estimates(record, record).empty
    True
    """

    def long(record: Record) -> pd.DataFrame:
        e = record.events(lens=lens, cancelled=True, disputed=True)
        parts = [
            pd.DataFrame(
                {
                    "event_id": e["event_id"],
                    "kind": e["kind"].astype("str"),
                    "date": e["date"],
                    "direction": d,
                    "best": e[d],
                    **{m: e[f"{d}_{m}"] for m in ("low", "high")},
                    **{
                        m: e[f"{d}_{m}"].astype("object").astype("str").fillna("")
                        for m in ("grade", "absence")
                    },
                }
            )
            for d in DIRECTIONS
        ]
        return pd.concat(parts, ignore_index=True)

    key = ["event_id", "direction"]
    both = long(old).merge(
        long(new), on=key, how="outer", suffixes=("_old", "_new"), indicator="change"
    )
    both["change"] = (
        both["change"]
        .astype("str")
        .map({"left_only": "gone", "right_only": "new", "both": "revised"})
    )
    for column in ("kind", "date"):
        both[column] = both[f"{column}_new"].fillna(both[f"{column}_old"])
    for side in ("old", "new"):
        # An event that is not there says nothing, as one without a claim in this direction.
        both[f"absence_{side}"] = both[f"absence_{side}"].fillna("not_reported")
        both[f"grade_{side}"] = both[f"grade_{side}"].fillna("")
    differs = pd.Series(False, index=both.index)
    for m in MEASURES:
        a, b = both[f"{m}_old"], both[f"{m}_new"]
        differs |= (a != b).fillna(True) & ~(a.isna() & b.isna())
    columns = [f"{m}_{side}" for m in MEASURES for side in ("old", "new")]
    both = both.loc[
        differs.to_numpy(dtype=bool), ["event_id", "kind", "date", "direction", "change", *columns]
    ]
    return both.sort_values(
        ["date", "event_id", "direction"], ascending=[True, True, False], ignore_index=True
    )


def read(place: str) -> Record:
    """Return the record in a folder or a zip of one, or as a git revision of this project's `data/` has it.

    Raises ValueError, saying which of the two records it is about, if there is none or it has
    errors.

    >>> read("no-such-place")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: no-such-place: neither a folder nor a git revision of ...
    """

    def load(folder: Path) -> Record:
        try:
            return view.load(folder)
        except RecordError as e:
            raise ValueError(
                f"{place}: not a sound record of this version's schema:\n{e}"
            ) from None

    if Path(place).is_dir():
        return load(Path(place))
    if zipfile.is_zipfile(place):
        with tempfile.TemporaryDirectory() as temporary, zipfile.ZipFile(place) as z:
            for name in TABLES:
                if f"{name}.csv" in z.namelist():
                    (Path(temporary) / f"{name}.csv").write_bytes(z.read(f"{name}.csv"))
            return load(Path(temporary))
    data = fingerprint.data_folder()

    def git(*arguments: str) -> bytes | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(data), *arguments], capture_output=True, check=False
            )
        except OSError:
            return None
        return done.stdout if done.returncode == 0 else None

    commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", place + "^{commit}")
    if commit is None:
        raise ValueError(f"{place}: neither a folder nor a git revision of {data}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in TABLES:
            content = git("show", f"{commit.decode().strip()}:./{name}.csv")
            if content is not None:
                (Path(temporary) / f"{name}.csv").write_bytes(content)
        return load(Path(temporary))
