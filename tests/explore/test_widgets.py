"""The panel: its controls changed as a browser would change them, and what is shown then."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: pip install repatria[lab]")

import repatria as rp


@pytest.fixture
def panel(record: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    return rp.explore.panel(record, since="2025", until="2025")


def test_a_selection_that_cannot_be_is_told_and_what_was_shown_stays(panel: Any) -> None:
    before = panel.picture.value, panel.events.options
    for value, words in (("soon", "is not a day (YYYY-MM-DD)"), ("2062", "is after today")):
        panel.since.value = value
        assert 'role="alert"' in panel.said.value and words in panel.said.value
        assert (panel.picture.value, panel.events.options) == before
    panel.since.value = "2025"
    assert 'role="status"' in panel.said.value


def test_a_day_that_cannot_be_leaves_the_sums_of_what_is_shown(panel: Any) -> None:
    told = panel.said.value
    panel.until.value = "2024"
    assert "is after until" in panel.said.value and panel.said.value.endswith(told)


def test_a_panel_that_cannot_be_is_refused_in_a_sentence(record: Any) -> None:
    with pytest.raises(ValueError, match="kind: 'souls' is none of"):
        rp.explore.panel(record, "souls")
    with pytest.raises(ValueError, match="lens: 'x' is none of"):
        rp.explore.panel(record, lens="x")


def test_a_change_of_each_control_changes_chart_sums_and_events(panel: Any) -> None:
    seen = {(panel.said.value, panel.picture.value, panel.events.options)}
    changes = [("kind", "prisoners"), ("lens", "ukraine"), ("since", "2024"), ("until", "2024-06")]
    for n, (name, value) in enumerate([*changes, ("as_of", "2024-05")], 2):
        getattr(panel, name).value = value
        seen.add((panel.said.value, panel.picture.value, panel.events.options))
        assert len(seen) == n, name


def test_every_view_is_shown_and_has_words_for_who_cannot_see_it(panel: Any) -> None:
    for name in ("share", "silences", "stems"):
        panel.show.value = name
        assert 'alt="' in panel.picture.value and "<figcaption>" in panel.picture.value
    panel.show.value = "table"
    assert "<caption>" in panel.picture.value and 'tabindex="0"' in panel.picture.value


def test_a_view_that_a_kind_has_not_is_told(panel: Any) -> None:
    panel.kind.value = "civilians"
    panel.show.value = "silences"
    assert "Nobody has read all days for handovers of civilians" in panel.picture.value
    panel.lens.value = "russia"
    assert "To Ukraine: no known figure in 7 events" in panel.said.value, "unknown is no zero"


def test_the_event_that_is_picked_is_explained(panel: Any) -> None:
    assert panel.events.value is None and "Pick an event" in panel.why.value
    panel.events.value = "bodies-2025-06-16"
    assert (
        'id="event-bodies-2025-06-16"' in panel.why.value
        and "which is heard first" in panel.why.value
    )
    panel.find.value = "bodies-2025-06-13"
    assert panel.events.value == "bodies-2025-06-13", "typed: the way by keyboard in JupyterLab"
    panel.find.value = "bodies-2025-06-16"
    panel.lens.value = "russia"
    assert panel.events.value == "bodies-2025-06-16", "it stays picked while it is there"
    assert "Russian claims only" in panel.why.value
    panel.kind.value = "prisoners"
    assert panel.events.value is None and "Pick an event" in panel.why.value


def test_changes_that_come_at_once_are_answered_one_after_another(
    panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JupyterLab sends every control's change in a thread of its own: a drawing of before came last."""
    from repatria.explore import selection

    inside: list[int] = []
    most: list[int] = []
    drawn = selection.VIEWS["stems"]

    def slow(chosen: Any) -> Any:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.1)  # long enough for the other thread to come in, if it may
        made = drawn(chosen)
        inside.pop()
        return made

    panel.show.value = "table"
    monkeypatch.setitem(selection.VIEWS, "stems", slow)
    changes = [("show", "stems"), ("kind", "civilians"), ("as_of", "2022-03")]
    threads = [
        threading.Thread(target=setattr, args=(getattr(panel, n), "value", v)) for n, v in changes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and panel.events.options == ()
    assert "No handover of this kind" in panel.picture.value


def test_an_id_that_is_not_in_the_selection_is_told(panel: Any) -> None:
    panel.find.value = "bodies-2031-01-01<b>"
    assert 'role="alert"' in panel.why.value and "2031-01-01&lt;b&gt;" in panel.why.value
    panel.find.value = " bodies-2025-06-16 "
    assert panel.events.value == "bodies-2025-06-16"


def test_a_view_before_the_first_page_is_empty_in_every_way(panel: Any) -> None:
    panel.since.value = panel.until.value = ""
    panel.as_of.value = "2022-02-24"
    for name in ("stems", "share", "silences", "table"):
        panel.show.value = name
        assert panel.picture.value and panel.events.options == ()
    for button in panel.saves.values():
        button.click()
        assert 'role="status"' in panel.saved.value


def test_what_was_saved_is_not_said_of_another_selection(panel: Any) -> None:
    panel.saves["CSV"].click()
    assert "Saved" in panel.saved.value
    panel.kind.value = "prisoners"
    assert panel.saved.value == ""


def test_a_panel_takes_days_as_a_record_does(record: Any) -> None:
    day = pd.Timestamp("2025-06-11")
    panel = rp.explore.panel(record, since=day, until=day.date(), as_of=None)
    assert (panel.since.value, panel.until.value, panel.as_of.value) == (*["2025-06-11"] * 2, "")
    assert panel.chosen.name == "bodies-best-from-2025-06-11-to-2025-06-11"
    with pytest.raises(ValueError, match="since: 2025 is an int, not a day"):
        rp.explore.panel(record, since=2025)


def test_a_selection_without_events_is_shown_as_such(panel: Any) -> None:
    panel.since.value = panel.until.value = "2022-03"
    panel.since.value = "2022-03"
    assert panel.events.options == () and panel.why.value == ""
    assert "To Ukraine: no event on record." in panel.said.value


def test_what_is_saved_is_the_selection(panel: Any, tmp_path: Path) -> None:
    for button in panel.saves.values():
        button.click()
    assert 'role="status"' in panel.saved.value
    names = sorted(p.name for p in tmp_path.iterdir())
    stem = "bodies-best-from-2025-to-2025"
    assert names == [f"{stem}-stems.svg", f"{stem}.csv", f"{stem}.parquet"]
    assert len(pd.read_parquet(tmp_path / f"{stem}.parquet")) == len(panel.chosen.everything)


def test_where_nothing_can_be_written_it_says_so(panel: Any, tmp_path: Path) -> None:
    (tmp_path / "bodies-best-from-2025-to-2025.csv").mkdir()
    panel.saves["CSV"].click()
    assert 'role="alert"' in panel.saved.value


def test_a_notebook_without_widgets_shows_what_it_began_with(panel: Any) -> None:
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert 'alt="' in bundle["text/html"] and "events" in bundle["text/plain"]


def test_every_control_has_a_name(panel: Any) -> None:
    controls = [panel.kind, panel.lens, panel.since, panel.until, panel.as_of, panel.show]
    assert all(c.description for c in [*controls, panel.events, *panel.saves.values()])
