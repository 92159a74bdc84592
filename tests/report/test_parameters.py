"""Parameters are refused, in one line, before any kernel starts."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from repatria.cli import app
from repatria.record.fingerprint import ROOT
from repatria.record.rule import LENSES
from repatria.record.schema import WAR_START
from repatria.report import parameters
from repatria.report.parameters import CELL, Parameters

TODAY = dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"asof": "2025-01-01"}, "asof: unknown parameter; there are as_of, since, until, lens"),
        ({"as_of": 20250101}, "as_of: 20250101 is an int, not a day"),
        ({"as_of": None}, "as_of: None is a NoneType, not a day"),
        ({"as_of": pd.NaT}, "as_of: NaT is a NaTType, not a day"),
        ({"as_of": "1 June 2025"}, r"as_of: '1 June 2025' is not a day \(YYYY-MM-DD\)"),
        ({"as_of": "20250601"}, "as_of: '20250601' is not a day"),
        ({"as_of": "2025-02-30"}, "as_of: '2025-02-30' is not a day"),
        ({"as_of": "0000"}, "as_of: '0000' is not a day"),
        ({"as_of": "٢٠٢٥-06-01"}, "as_of: '٢٠٢٥-06-01' is not a day"),
        ({"since": "2025-13"}, r"since: '2025-13' is not a day \(YYYY-MM-DD\)"),
        (
            {"as_of": "2021-01-01"},
            r"as_of: 2021-01-01 is out of range \(2022-02-24 to 2026-11-22\)",
        ),
        ({"since": "2021"}, "since: 2021 is out of range"),
        ({"since": "2027-01-01"}, "since: 2027-01-01 is out of range"),
        ({"until": "2026-12"}, "until: 2026-12 is out of range"),
        (
            {"as_of": "2025-01-01", "since": "2025-01-02"},
            "since: 2025-01-02 is after as_of 2025-01-01",
        ),
        ({"since": "2025-06", "until": "2025-05"}, "since: 2025-06-01 is after until 2025-05-31"),
        ({"lens": "both"}, "lens: 'both' is none of best, ukraine, russia, receiver"),
        ({"lens": None}, "lens: None is a NoneType, not text"),
        ({"lens": ["best"]}, r"lens: \['best'\] is a list, not text"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as e:
        parameters.check(values, TODAY)
    assert "\n" not in str(e.value)


def test_defaults_and_sound_values_pass() -> None:
    assert parameters.check({}, TODAY) == Parameters()
    values = {"as_of": "2025-06-12", "since": "2025-05-16", "until": "2025-06-11", "lens": "russia"}
    assert parameters.check(values, TODAY).as_dict() == values
    assert Parameters(lens="russia").given() == {"lens": "russia"}


@pytest.mark.parametrize(
    ("written", "since", "until"),
    [
        ("2025-06-12", "2025-06-12", "2025-06-12"),
        (" 2025-6-2 ", "2025-06-02", "2025-06-02"),
        (dt.date(2025, 6, 12), "2025-06-12", "2025-06-12"),
        (dt.datetime(2025, 6, 12, 23, 59), "2025-06-12", "2025-06-12"),
        (pd.Timestamp("2025-06-12"), "2025-06-12", "2025-06-12"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("2022", "2022-02-24", "2022-12-31"),
        ("2026", "2026-01-01", "2026-11-22"),
        ("", "", ""),
    ],
)
def test_days_are_taken_as_people_write_them(written: object, since: str, until: str) -> None:
    p = parameters.check({"as_of": written, "since": written, "until": written}, TODAY)
    assert (p.as_of, p.since, p.until) == (until, since, until)


@given(st.text(max_size=12) | st.from_regex(r"[0-9-]{4,10}", fullmatch=True))
def test_any_text_ends_in_a_day_of_the_war_or_in_one_line(text: str) -> None:
    day, refused = "", ""
    try:
        day = parameters.check({"until": text}, TODAY).until
    except ValueError as e:
        refused = str(e)
    assert not day or WAR_START <= dt.date.fromisoformat(day) <= TODAY
    assert not refused or (refused.startswith("until: ") and len(refused.splitlines()) == 1)


def test_the_cell_declares_each_parameter_with_its_legal_values() -> None:
    tree = ast.parse(CELL)
    assert [node.target.id for node in tree.body] == list(Parameters.model_fields)  # type: ignore
    assert all(len(line) <= 100 and "  # " in line for line in CELL.splitlines())
    assert ", ".join(LENSES) in CELL


@pytest.mark.parametrize("name", ["00_brief", "04_pledges"])
def test_papermill_reads_the_cell_as_it_is_meant(name: str) -> None:
    from papermill import inspect_notebook

    found = inspect_notebook(str(ROOT / "notebooks" / f"{name}.ipynb"))
    assert {n: p["inferred_type_name"] for n, p in found.items()} == dict.fromkeys(found, "str")
    assert {n: ast.literal_eval(p["default"]) for n, p in found.items()} == Parameters().as_dict()
    for n, field in Parameters.model_fields.items():
        assert found[n]["help"].strip().startswith(field.description)


@pytest.mark.parametrize(
    "flag", ["--as-of=tomorrow", "--lens=both", "--since=1999-01-01", "--site-url=here"]
)
def test_the_command_refuses_before_it_starts_anything(flag: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", flag, "--out", f"{tmp_path}/reports"])
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
