"""The table of events: unknown is in words, a range beside its figure, the CSV apart."""

from __future__ import annotations

from typing import Any

import pytest

from repatria.display import events as tables


def test_nothing_known_is_an_empty_table(record: Any) -> None:
    none = record.events(until="2022-02-24")
    assert tables.event_frame(none).empty
    assert "no row is known" in tables.events(none)._repr_html_()


def test_no_blank_stands_for_an_unknown_count(record: Any) -> None:
    frame = tables.event_frame(record.events(cancelled=True, disputed=True))
    assert (frame["to Ukraine"] != "").all() and (frame["to Russia"] != "").all()
    stage = frame.loc[frame["event"] == "prisoners-2025-06-09", "to Ukraine"]
    assert set(stage) == {"size withheld"}


@pytest.mark.parametrize("newest", [1, 5, 500])
def test_the_newest_rows_are_counted_in_the_title(record: Any, newest: int) -> None:
    june = record.events("bodies", since="2025-06-01", until="2025-06-30")
    table = tables.events(june, newest=newest)
    assert len(table.frame) == min(newest, len(june))
    assert ("the newest" in table.title) == (newest < len(june))
    assert table.frame["event"].iloc[0] == "bodies-2025-06-16"


def test_a_cell_joins_what_the_csv_has_apart(record: Any) -> None:
    june = record.events("bodies", since="2025-06-16", until="2025-06-16")
    table = tables.events(june)
    assert "1,245; published claims 1,245–1,248; sides differ" in table.frame["to Ukraine"].iloc[0]
    assert "to Ukraine: range" in table.csv().splitlines()[0]
