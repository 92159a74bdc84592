"""The command line: what each verb prints and how it exits. Adding, exporting and changes have their own files."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from repatria.cli import app

RUN = CliRunner()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["events", "--kind", "souls"], "kind: 'souls' is none of bodies, prisoners, civilians"),
        (["events", "--lens", "both"], "lens: 'both' is none of best, ukraine, russia, receiver"),
        (["events", "--as-of", "never"], r"as_of: 'never' is not a day \(YYYY-MM-DD\)"),
        (["events", "--until", "2020-01-01"], "until: 2020-01-01 is out of range"),
        (["explain", "bodies-2025-06-12"], "'bodies-2025-06-12' is no event of this view; near it"),
        (["explain", "--kind", "souls"], "kind: 'souls' is none of bodies, prisoners, civilians"),
        (["check", "/nowhere"], "/nowhere: is not a folder"),
    ],
)
def test_a_wrong_argument_gives_one_line_and_exit_1(arguments: list[str], message: str) -> None:
    result = RUN.invoke(app, arguments)
    assert result.exit_code == 1
    assert re.search(message, result.output)
    assert "Traceback" not in result.output


def test_check_passes_the_record_and_counts_its_warnings() -> None:
    result = RUN.invoke(app, ["check"])
    assert result.exit_code == 0
    *lines, last = result.output.splitlines()
    told = re.fullmatch(r"0 errors, (\d+) warnings \(.+\), digest [0-9a-f]{12}", last)
    assert told and int(told[1]) == len(lines)
    assert any("rests on one publisher" in line for line in lines)
    assert any("steps between totals are not met by their events" in line for line in lines)
    assert all(": warning: " in line for line in lines)
    quiet = RUN.invoke(app, ["check", "--no-warnings"])
    assert quiet.output.splitlines() == [last]


def test_explain_says_why_a_count_is_what_it_is_and_what_is_in_a_sum() -> None:
    one = RUN.invoke(app, ["explain", "bodies-2025-06-16"])
    assert one.exit_code == 0
    assert "Leads: it is the receiving side's official count" in " ".join(one.output.split())
    then = RUN.invoke(
        app, ["explain", "bodies-2025-06-16", "--as-of", "2025-06-16", "--lens", "russia"]
    )
    assert "as pages dated by 16 June 2025 carry it" in " ".join(then.output.split())
    total = RUN.invoke(app, ["explain", "--kind", "bodies", "--since", "2022", "--until", "2022"])
    assert total.exit_code == 0 and "not in it: not reported" in total.output


def test_events_prints_absence_in_words() -> None:
    result = RUN.invoke(
        app, ["events", "--kind", "prisoners", "--since", "2025-06-09", "--until", "2025-06-09"]
    )
    assert result.exit_code == 0
    assert "size withheld" in result.output and "1 events, lens best" in result.output


def test_events_as_csv_keeps_unknown_empty_and_zero_zero() -> None:
    result = RUN.invoke(
        app,
        ["events", "--kind", "bodies", "--since", "2025-06-11", "--until", "2025-06-13", "--csv"],
    )
    rows = {r["event_id"]: r for r in csv.DictReader(io.StringIO(result.output))}
    assert rows["bodies-2025-06-11"]["to_russia"] == "27"
    assert (
        rows["bodies-2025-06-13"]["to_russia"] == "0"
        and rows["bodies-2025-06-13"]["to_russia_absence"] == "zero"
    )
    stages = RUN.invoke(
        app,
        [
            "events",
            "--kind",
            "prisoners",
            "--since",
            "2025-06-09",
            "--until",
            "2025-06-09",
            "--csv",
        ],
    )
    row = next(csv.DictReader(io.StringIO(stages.output)))
    assert row["to_russia"] == "" and row["to_russia_absence"] == "withheld"


def test_help_lists_the_verbs_without_loading_pandas() -> None:
    code = "import sys, repatria.cli; print('pandas' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        == "False\n"
    )
    help_text = RUN.invoke(app, ["--help"]).output
    assert all(
        verb in help_text for verb in ("check", "events", "report", "add", "changes", "export")
    )


def test_changes_is_a_verb(folder: Path) -> None:
    same = RUN.invoke(app, ["changes", str(folder), str(folder)])
    assert same.exit_code == 0
