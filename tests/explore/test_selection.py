"""A selection: what is picked, what is left out of it, what is saved of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from repatria.explore.selection import VIEWS, Selection


def test_what_cannot_be_is_refused_in_a_sentence(record: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind: 'souls' is none of"):
        Selection(record, "souls").events  # noqa: B018
    with pytest.raises(ValueError, match="since: 2025-01-01 is after until"):
        Selection(record, since="2025", until="2024").left_out()
    with pytest.raises(ValueError, match="name: 'pie' is none of stems, share, silences"):
        Selection(record).chart("pie")
    with pytest.raises(ValueError, match=r"does not end in \.csv or \.parquet"):
        Selection(record).save(tmp_path / "x.txt")


def test_a_wrong_object_is_refused_in_a_sentence(record: Any) -> None:
    with pytest.raises(TypeError, match="chart: a text is wanted as name, not a DataFrame"):
        Selection(record).chart(record.events())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="save: a text is wanted as path, not None"):
        Selection(record).save(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("kind", ["bodies", "prisoners"])
def test_every_chart_is_of_the_selection(record: Any, name: str, kind: str) -> None:
    chosen = Selection(record, kind, since="2025", until="2025-06", as_of="2025-09")
    assert chosen.chart(name).title and chosen.view.known_by == pd.Timestamp("2025-09-30")


def test_what_is_left_out_is_said(record: Any) -> None:
    assert "not in it:" in Selection(record, "prisoners").left_out()


def test_cancelled_and_disputed_events_are_shown_and_not_summed(record: Any) -> None:
    chosen = Selection(record, "prisoners")
    assert len(chosen.everything) > len(chosen.events)
    assert len(chosen.table().frame) == len(chosen.everything)


def test_what_is_saved_comes_back(record: Any, tmp_path: Path) -> None:
    chosen = Selection(record, "bodies", since="2025")
    parquet = pd.read_parquet(chosen.save(tmp_path / f"{chosen.name}.parquet"))
    pd.testing.assert_frame_equal(parquet.astype(chosen.everything.dtypes), chosen.everything)
    assert parquet.attrs == chosen.everything.attrs
    table = pd.read_csv(chosen.save(tmp_path / f"{chosen.name}.csv"))
    assert table["event_id"].tolist() == chosen.everything["event_id"].tolist()
    assert table["to_russia"].isna().sum() == chosen.everything["to_russia"].isna().sum()
    assert chosen.name == "bodies-best-from-2025"
