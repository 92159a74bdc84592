"""Writing: killed at any point, the record is as it was or as it was to be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import repatria as rp
from repatria.curate import write as curate
from repatria.curate.models import Handover, Page, total
from repatria.curate.propose import Draft, draft
from repatria.record.fingerprint import of_data
from repatria.record.schema import TABLES


def full() -> Handover:
    """A handover that changes every file."""
    first = Page(
        url="https://rada.example/1",
        publisher="Rada",
        published_on="2025-04-18",
        language="uk",
        tier="official",
        date_basis="stated",
        claims=["rada: to_ukraine 909", "moscow: to_russia 41"],
        totals=[total("rada: to_ukraine 7000 since=2022-02-24", "bodies", "2025-04-18")],
    )
    return Handover(
        kind="bodies",
        date="2025-04-18",
        claimants=["rada; Rada; parliament; ukraine; yes"],
        pages=[first],
        searched=["2025-04-20"],
    )


@pytest.fixture
def drafted(data: Path) -> tuple[Path, Draft]:
    """A record with an addition laid out and checked, to be written."""
    made, _ = draft(data, [full()], dt.date(2025, 5, 2))
    assert made is not None
    return data, made


def write_copy(source: Path, target: Path) -> Path:
    target.mkdir()
    for name in TABLES:
        (target / f"{name}.csv").write_bytes((source / f"{name}.csv").read_bytes())
    return target


@pytest.mark.parametrize("step", range(10))
def test_a_kill_at_any_replacement_leaves_old_or_new(
    step: int,
    drafted: tuple[Path, Draft],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    run: Any,
) -> None:
    data, made = drafted
    calls = iter(range(99))
    replace = curate._replace

    def fails(source: Path, target: Path) -> None:
        if next(calls) == step:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(curate, "_replace", fails)
    if step == 9:  # the point of no return and eight files
        curate.write(data, made)
        assert rp.load(data).digest == made.after.digest
        return
    with pytest.raises(KeyboardInterrupt):
        curate.write(data, made)
    monkeypatch.undo()
    if step == 0:  # before the point of no return
        assert not curate.recover(data)
        assert of_data(data) == made.before.digest and not list(data.glob(".pending*"))
        return
    with pytest.raises(rp.RecordError, match="repatria add --finish"):
        rp.load(data)
    # Even with the journal lost, what is there is refused, or has the estimates of the old record, or all of the
    # new one but the days searched: never silence where there is a handover.
    try:
        torn = rp.load(write_copy(data, tmp_path / "torn"))
    except rp.RecordError:
        pass
    else:
        late = step == 8
        assert torn.events().equals((made.after if late else made.before).events())
        assert torn.coverage().equals(made.before.coverage())
    assert run("--finish").exit_code == 0
    assert of_data(data) == made.after.digest and not list(data.glob(".pending*"))


def test_an_edit_after_an_interruption_is_not_written_over(
    drafted: tuple[Path, Draft], monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    data, made = drafted
    monkeypatch.setattr(curate, "recover", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        curate.write(data, made)
    monkeypatch.undo()
    with (data / "events.csv").open("a") as file:
        file.write("bodies-2025-05-01,bodies,2025-05-01,day,took_place,,,,,,\n")
    kept = (data / "events.csv").read_bytes()
    result = run("--kind", "bodies")
    assert result.exit_code == 1 and "was changed after an interrupted addition" in result.stderr
    assert (data / "events.csv").read_bytes() == kept


def test_what_was_laid_out_is_removed_whatever_happens(data: Path) -> None:
    def stopped() -> None:
        with curate.opened(data):
            draft(data, [full()])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not list(data.glob(".pending*"))
