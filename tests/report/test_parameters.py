"""Parameters are refused, in one line, before any kernel starts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from typer.testing import CliRunner

from repatria.cli import app
from repatria.report import parameters

TODAY = dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"asof": "2025-01-01"}, "asof: unknown parameter; there are as_of, lens, since"),
        ({"as_of": 20250101}, "as_of: 20250101 is a int, not text"),
        ({"as_of": dt.date(2025, 1, 1)}, "as_of: .* is a date, not text"),
        ({"as_of": "1 June 2025"}, r"as_of: '1 June 2025' is not a day \(YYYY-MM-DD\)"),
        ({"as_of": "20250601"}, "as_of: '20250601' is not a day"),
        ({"as_of": "2025-02-30"}, "as_of: '2025-02-30' is not a day"),
        ({"as_of": "2021-01-01"}, "as_of: 2021-01-01 is out of range"),
        ({"since": "2027-01-01"}, "since: 2027-01-01 is out of range"),
        (
            {"as_of": "2025-01-01", "since": "2025-01-02"},
            "since: 2025-01-02 is after as_of 2025-01-01",
        ),
        ({"lens": "both"}, "lens: 'both' is none of best, ukraine, russia, receiver"),
        ({"lens": None}, "lens: None is a NoneType, not text"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as e:
        parameters.check(values, TODAY)
    assert "\n" not in str(e.value)


def test_defaults_and_sound_values_pass() -> None:
    assert parameters.check({}, TODAY) == parameters.Parameters()
    values = {"as_of": "2025-06-12", "since": "2025-05-16", "lens": "russia"}
    assert parameters.check(values, TODAY).as_dict() == values


@pytest.mark.parametrize(
    "flag", [("--as-of", "tomorrow"), ("--lens", "both"), ("--since", "1999-01-01")]
)
def test_the_command_refuses_before_it_starts_anything(
    flag: tuple[str, str], tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["report", *flag, "--out", f"{tmp_path}/reports"])
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
