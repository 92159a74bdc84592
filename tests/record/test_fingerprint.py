"""Where the files are, and names that hold across the record."""

from __future__ import annotations

from pathlib import Path

import pytest

import repatria as rp
from repatria.record import fingerprint
from repatria.record.names import bare_host


def test_a_checkout_goes_before_what_the_wheel_carries(tmp_path: Path) -> None:
    package = tmp_path / "src" / "repatria"
    (tmp_path / "data").mkdir()
    assert fingerprint._root(package).name == "_bundle", "a folder named data is not yet a checkout"
    (tmp_path / "pyproject.toml").touch()
    assert fingerprint._root(package) == tmp_path


def test_the_data_folder_can_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REPATRIA_DATA", str(tmp_path))
    assert fingerprint.data_folder() == tmp_path
    monkeypatch.setenv("REPATRIA_DATA", "")
    assert fingerprint.data_folder() == fingerprint.ROOT / "data"


def test_a_checkout_is_its_own_root() -> None:
    assert Path(__file__).resolve().parents[2] == fingerprint.ROOT


def test_the_digest_of_a_record_changes_with_any_byte(folder: Path) -> None:
    before = fingerprint.of_data(folder)
    assert before == rp.load().digest == fingerprint.of_data(fingerprint.ROOT / "data")
    with open(folder / "coverage.csv", "a") as f:
        f.write(" ")
    assert fingerprint.of_data(folder) != before


def test_a_file_that_cannot_be_read_has_no_digest(tmp_path: Path) -> None:
    assert fingerprint.of_file(tmp_path) == "" == fingerprint.of_file(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("host", "bare"),
    [
        ("www.tass.com", "tass.com"),
        ("m.tass.com", "tass.com"),
        ("amp.www.tass.com.", "tass.com"),
        ("TASS.com:443", "tass.com"),
        ("m.com", "m.com"),
        ("me.gov", "me.gov"),
        ("news.az", "news.az"),
    ],
)
def test_one_house_has_many_hosts(host: str, bare: str) -> None:
    assert bare_host(host) == bare
