"""JupyterLab in a real Chromium: notebooks run without a word on stderr, and the panel answers mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser.lab import run_all, served, until

from repatria.report.provenance import notebooks

pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install repatria[lab]")
pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: pip install repatria[lab]")

pytestmark = pytest.mark.slow
PATIENCE = 600  # seconds for one answer of the kernel: no measure of speed, only an end to waiting
PICTURE = "document.querySelector('.widget-html img')?.src"
EVENTS = "[...document.querySelectorAll('.widget-select option')].map(o => o.textContent)"
ROWS = "document.querySelectorAll('.widget-html .rp-table tbody tr').length"
WHY = "document.querySelector('.widget-html .rp-explained')?.id"
SAID = "document.querySelector('.widget-html [role=status], .widget-html [role=alert]')?.innerText"


@pytest.fixture(scope="module")
def lab(tab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab, and the folder of its notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    with served(folder) as address:
        yield address, folder / "notebooks"


def bad(cells: list[dict[str, Any]]) -> list[str]:
    """Return what cells wrote that is an error or stands on stderr, and code that did not run."""
    code = [c for c in cells if c["cell_type"] == "code"]
    unrun = [c["source"] for c in code if c["execution_count"] is None]
    outputs = [o for c in code for o in c["outputs"]]
    errors = [o["evalue"] for o in outputs if o["output_type"] == "error"]
    return unrun + errors + [str(o["text"]) for o in outputs if o.get("name") == "stderr"]


@pytest.mark.parametrize("name", [p.name for p in notebooks()])
def test_a_notebook_runs_without_error_or_stderr(tab: Any, lab: Any, name: str) -> None:
    assert bad(run_all(tab, lab[0], name)) == []
    links = (
        "[...document.querySelectorAll('.jp-OutputArea a[href]')].map(a => a.getAttribute('href'))"
    )
    dead = [a for a in tab.ask(links) if not a.startswith(("http:", "https:"))]
    assert dead == [], "pages of a release are not there"


@pytest.fixture(scope="module")
def explore(tab: Any, lab: tuple[str, Path]) -> Any:
    """05_explore, run in the tab."""
    cells = run_all(tab, lab[0], "05_explore.ipynb")
    assert bad(cells) == []
    until(lambda: tab.ask(PICTURE), PATIENCE, "the panel")
    return tab


def click(tab: Any, text: str) -> None:
    tab.ask(
        "[...document.querySelectorAll('.jupyter-widgets button')]"
        f".find(b => b.innerText.trim() === '{text}').click()"
    )


def type_in(tab: Any, label: str, text: str) -> None:
    tab.ask(
        "(() => { const box = [...document.querySelectorAll('.widget-text')]"
        f".find(w => w.innerText.trim() === '{label}').querySelector('input');"
        f"box.value = '{text}'; box.dispatchEvent(new Event('input', {{bubbles: true}}));"
        "box.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


def press(tab: Any, key: str) -> None:
    codes = {"Tab": 9, "Enter": 13, "Space": 32}
    text = {"Enter": "\r", "Space": " "}.get(key, "")
    for kind in ("keyDown", "keyUp"):
        tab.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key=" " if key == "Space" else key,
            code=key,
            windowsVirtualKeyCode=codes[key],
            **({"text": text} if text and kind == "keyDown" else {}),
        )


def tab_to(tab: Any, wanted: str) -> None:
    """Press Tab until what has the focus is so called: a button by its text, a box by its label or list by its type."""
    asked = (
        "(e => e.tagName + ' ' + (e.closest('.widget-text, .widget-dropdown, .widget-select')"
        " || e).innerText.trim().split('\\n')[0])(document.activeElement)"
    )
    seen = []
    for _ in range(40):
        press(tab, "Tab")
        seen.append(tab.ask(asked))
        if seen[-1] == wanted:
            return
    raise AssertionError(f"{wanted} is not among {seen}")


def test_controls_change_chart_and_events(explore: Any) -> None:
    picture, events = explore.ask(PICTURE), explore.ask(EVENTS)
    click(explore, "prisoners")
    until(lambda: explore.ask(PICTURE) != picture, PATIENCE, "another chart")
    until(lambda: explore.ask(EVENTS) != events, PATIENCE, "other events")
    assert all(o.startswith("prisoners-") for o in explore.ask(EVENTS))
    for view in ("Share", "Silences", "Counts"):
        picture = explore.ask(PICTURE)
        click(explore, view)
        until(lambda before=picture: explore.ask(PICTURE) not in (before, None), PATIENCE, view)
    click(explore, "Table")
    until(lambda: explore.ask(ROWS) == len(explore.ask(EVENTS)), PATIENCE, "the table")
    click(explore, "Counts")
    type_in(explore, "From", "2026")
    until(lambda: "from 1 January 2026" in (explore.ask(SAID) or ""), PATIENCE, "the window")
    until(lambda: 0 < len(explore.ask(EVENTS)) < 30, PATIENCE, "the window's events")
    type_in(explore, "From", "2062")
    until(lambda: "is after today" in (explore.ask(SAID) or ""), PATIENCE, "a sentence")
    type_in(explore, "From", "")
    click(explore, "bodies")
    until(lambda: explore.ask(EVENTS) == events, PATIENCE, "the first events")


def test_an_event_is_typed_and_explained(explore: Any) -> None:
    assert explore.ask(WHY) is None, "no event was picked"
    type_in(explore, "Find", "bodies-2025-06-16")
    wanted = "event-bodies-2025-06-16"
    until(lambda: explore.ask(WHY) == wanted, PATIENCE, "the explanation")


def test_every_control_is_reached_by_tab(explore: Any) -> None:
    explore.ask("document.querySelector('.jupyter-widgets button').focus()")
    reached = set()
    for _ in range(40):
        press(explore, "Tab")
        reached.add(
            explore.ask(
                "(e => e.tagName + ' ' + (e.innerText || '').trim())(document.activeElement)"
            )
        )
        if any(r.startswith("SELECT bodies-") for r in reached):
            break
    for control in ("BUTTON Share", "BUTTON Table", "BUTTON Save as CSV", "INPUT "):
        assert control in reached, reached
    assert any(r.startswith("SELECT bodies-") for r in reached)


def test_kind_window_lens_view_and_event_are_picked_by_keys_alone(explore: Any) -> None:
    explore.ask("document.querySelector('.jupyter-widgets button').focus()")
    tab_to(explore, "BUTTON prisoners")
    press(explore, "Space")
    until(lambda: "Prisoner exchanges" in explore.ask(SAID), PATIENCE, "prisoners, by Space")
    tab_to(explore, "BUTTON Ukrainian claims only")
    press(explore, "Enter")
    until(lambda: "Ukrainian claims" in explore.ask(SAID), PATIENCE, "a lens, by Enter")
    tab_to(explore, "INPUT From")
    explore.call("Input.insertText", text="2026")
    press(explore, "Enter")
    until(lambda: "from 1 January 2026" in explore.ask(SAID), PATIENCE, "a window, by Enter")
    tab_to(explore, "BUTTON Table")
    press(explore, "Space")
    until(lambda: explore.ask(ROWS) == len(explore.ask(EVENTS)), PATIENCE, "the table, by Space")
    tab_to(explore, "INPUT Find")
    explore.call("Input.insertText", text="prisoners-2026-05-15")
    press(explore, "Enter")
    wanted = "event-prisoners-2026-05-15"
    until(lambda: explore.ask(WHY) == wanted, PATIENCE, "the explanation, by Enter")
    type_in(explore, "From", "")
    for text in ("receiver-first rule, all claims", "Counts", "bodies"):
        click(explore, text)
    until(lambda: len(explore.ask(EVENTS)) > 50, PATIENCE, "all events")


def test_two_changes_at_once_end_in_what_the_controls_say(explore: Any) -> None:
    """JupyterLab answers controls side by side: an older chart came last, over a list without events."""
    click(explore, "civilians")
    click(explore, "Counts")
    type_in(explore, "From", "2022-03")
    type_in(explore, "To", "2022-03")
    until(lambda: "to 31 March 2022" in (explore.ask(SAID) or ""), PATIENCE, "the window")
    until(lambda: explore.ask(EVENTS) == [], PATIENCE, "no event")
    click(explore, "Table")
    shown = "[...document.querySelectorAll('.widget-html')].map(e => e.innerText).join()"
    until(lambda: "no row is known" in explore.ask(shown), PATIENCE, "an empty table")
    for label in ("From", "To"):
        type_in(explore, label, "")
    click(explore, "bodies")
    until(lambda: len(explore.ask(EVENTS)) > 50, PATIENCE, "all events")


def test_a_table_s_link_leads_to_its_event_in_the_notebook(explore: Any) -> None:
    link = explore.ask(
        "(() => { const a = [...document.querySelectorAll('td a, th a')]"
        ".find(a => document.getElementById(a.hash.slice(1))); a.click(); return a.hash.slice(1); })()"
    )
    seen = (
        f"(b => b.height > 0 && b.top < innerHeight && b.bottom > 0)"
        f"(document.getElementById('{link}').getBoundingClientRect())"
    )
    until(lambda: explore.ask(seen), PATIENCE, "the event in sight")


def test_a_selection_is_saved(explore: Any, lab: tuple[str, Path]) -> None:
    for name in ("CSV", "Parquet", "SVG"):
        click(explore, f"Save as {name}")
    until(lambda: any(lab[1].glob("*.svg")), PATIENCE, "the files")
    (table,) = lab[1].glob("*.csv")
    events = pd.read_csv(table)
    assert events.columns[:4].tolist() == ["event_id", "date", "to_ukraine", "to_russia"]
    assert (
        len(events)
        == len(explore.ask(EVENTS))
        == len(pd.read_parquet(table.with_suffix(".parquet")))
    )
