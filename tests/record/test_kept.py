"""A record that is there is given again: never for other files, another day or an interrupted addition."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import repatria as rp
from repatria.record import kept
from repatria.record.fingerprint import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data"))


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_kept", {})
    monkeypatch.setattr(kept, "_last", [])


def test_changed_files_are_read_again(folder: Path) -> None:
    first = rp.load(folder)
    path = folder / "claimants.csv"
    path.write_text(path.read_text("utf-8").replace("name", "nome", 1), encoding="utf-8")
    with pytest.raises(rp.RecordError):
        rp.load(folder)
    assert not kept._last  # the one before is let go of
    shutil.copy(ROOT / "data" / "claimants.csv", path)
    assert rp.load(folder) is not first


def test_an_interrupted_addition_is_refused(folder: Path) -> None:
    rp.load(folder)
    (folder / ".pending").mkdir()
    with pytest.raises(rp.RecordError, match="interrupted"):
        rp.load(folder)


def test_another_day_is_checked_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rp.load(folder)
    tomorrow = kept.today() + pd.Timedelta(days=1)
    monkeypatch.setattr(kept, "today", lambda: tomorrow)
    assert rp.load(folder) is not first


def test_a_day_that_is_given_neither_finds_nor_leaves_one(folder: Path) -> None:
    given = rp.load(folder, today="2062-01-01")
    assert not kept._last
    first = rp.load(folder)
    assert first is not given
    assert rp.load(folder, today="2062-01-01") is not first


def test_a_packed_record_is_given_for_its_files_only(folder: Path) -> None:
    first = rp.load(folder)
    kept.keep(kept.pack(first))
    kept._last.clear()
    given = rp.load(folder)
    assert given is kept._kept[first.digest] and given is not first
    assert given.events().equals(first.events())
    with open(folder / "events.csv", "a") as f:
        f.write("\n")
    with pytest.raises(rp.RecordError, match="is an empty line"):
        rp.load(folder)


def test_the_same_files_give_the_same_record_wherever_they_lie(folder: Path) -> None:
    first = rp.load(folder)
    assert rp.load(folder) is first
    assert rp.load(ROOT / "data") is first
