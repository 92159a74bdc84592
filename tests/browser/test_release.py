"""A release in a real Chromium: links open what they name, nothing is asked for outside, axe is content."""

from __future__ import annotations

import csv
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from report.shelf import release

import repatria as rp
from repatria.record import names

NAMES = (
    "index record asymmetry cadence pledges changes questions events/index events/bodies-2025-06-11"
)
PAGES = tuple(f"{name}.html" for name in NAMES.split())  # every kind there is
WIDTHS = (1280, 640, 390, 320)  # 640: the page at 200 %


@pytest.fixture(scope="session")
def later(shelf: Path) -> Path:
    """The release of the record as it stands."""
    return max(p for p in shelf.iterdir() if p.is_dir())


def violations(tab: Any, axe: str) -> list[str]:
    """Return what axe-core finds on the page that is open."""
    tab.ask(axe + ";0")
    return list(
        tab.ask(
            "axe.run(document, {preload: false, resultTypes: ['violations']})"
            ".then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html.slice(0, 200)))"
        )
    )


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (390, False), (390, True)], ids=["page", "phone", "dark"]
)
@pytest.mark.parametrize("name", [*PAGES, "../index.html"])
def test_axe_finds_nothing(
    tab: Any, axe: str, later: Path, name: str, width: int, dark: bool
) -> None:
    tab.open(later / name, width, dark=dark)
    assert violations(tab, axe) == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_any_page_of_a_release(
    tab: Any, axe: str, later: Path, width: int
) -> None:
    pages = sorted(later.rglob("*.html"))
    assert len(pages) > 150
    found = {}
    for path in pages:
        tab.open(path, width)
        found[path.name] = violations(tab, axe)
    assert {name: v for name, v in found.items() if v} == {}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_but_tables_scrolls_sideways(tab: Any, later: Path, name: str, width: int) -> None:
    tab.open(later / name, width)
    tab.ask("document.querySelectorAll('*').forEach(e => e.style.contentVisibility = 'visible')")
    assert tab.ask("document.documentElement.scrollWidth <= innerWidth")
    wide = tab.ask(
        "[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth + 1 && "
        "['auto', 'scroll'].includes(getComputedStyle(e).overflowX)).map(e => e.className)"
    )
    assert all("rp-table" in name for name in wide)
    untold = tab.ask(
        "[...document.querySelectorAll('caption')].filter(c => !/row/.test(c.innerText)).length"
    )
    assert untold == 0
    ends = tab.ask(
        "[...document.querySelectorAll('caption')].map(c => c.getBoundingClientRect().right)"
    )
    assert max(ends, default=0) <= width, "a title is read without scrolling"


@pytest.mark.parametrize("name", ["index.html", "changes.html", "events/index.html"])
def test_a_phone_shows_day_kind_and_both_counts_of_a_handover_side_by_side(
    tab: Any, later: Path, name: str
) -> None:
    tab.open(later / name, 390)
    ends = tab.ask(
        "[...document.querySelectorAll('.handovers tbody tr, #table-latest tbody tr')]"
        ".map(r => r.children[3].getBoundingClientRect().right)"
    )
    assert ends and max(ends) <= 390


def test_a_long_word_widens_no_page(tab: Any, folder: Path, tmp_path: Path) -> None:
    word = "x" * 400
    claimants, events = folder / "claimants.csv", folder / "events.csv"
    named = claimants.read_text("utf-8").replace("Vladimir Medinsky", word)
    claimants.write_text(named, "utf-8")
    rows = list(csv.DictReader(events.read_text("utf-8").splitlines()))
    next(r for r in rows if r["event_id"] == "bodies-2025-06-11")["note"] = word
    with events.open("w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    page = release(tmp_path / "reports", rp.load(folder), "2025-06-13")
    for name in ("index.html", "events/index.html", "events/bodies-2025-06-11.html"):
        for width in WIDTHS:
            tab.open(page / name, width)
            fits = tab.ask("document.documentElement.scrollWidth <= innerWidth")
            assert fits, (name, width)


def test_nothing_is_said_or_asked_for_outside(tab: Any, later: Path) -> None:
    tab.said.clear()
    tab.asked.clear()
    for name in PAGES:
        tab.open(later / name)
        seen = tab.ask("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        styled = tab.ask("getComputedStyle(document.querySelector('.skip')).position")
        assert seen and styled == "absolute"
    assert tab.said == []
    assert [a for a in tab.asked if not a.startswith(("file:", "data:"))] == []


def test_twenty_event_links_open_what_they_name(tab: Any, later: Path) -> None:
    links = []
    for name in ("index.html", "record.html", "events/index.html", "changes.html"):
        html = (later / name).read_text("utf-8")
        found = re.findall(r'<a href="((?:\.\./)?events/[a-z]+-[\w-]+\.html)">([^<]+)</a>', html)
        links += [(name, *f) for f in found]
    for name, address, text in random.Random(5).sample(links, 20):
        tab.open((later / name).parent / address)
        heading = tab.ask("document.querySelector('h1').innerText")
        ident = Path(address).stem
        named = heading.endswith(text.partition(",")[0]) or text == ident
        assert named, (name, address, text, heading)
        assert ident in tab.ask("document.body.innerText")
        assert tab.ask("document.querySelectorAll('main a[href^=http]').length > 0")


def test_the_table_of_events_filters_and_is_whole_without_its_script(
    tab: Any, later: Path, record: Any
) -> None:
    shown = "[...document.querySelectorAll('tr[data-kind]')].filter(r => r.offsetHeight > 0).length"
    tab.open(later / "events" / "index.html")
    every = tab.ask(shown)
    tab.ask(
        "document.getElementById('f-year').value = '2025'; document.getElementById('f-year').dispatchEvent(new Event('input'))"
    )
    year = tab.ask(shown)
    assert 0 < year < every
    assert tab.ask("document.getElementById('f-count').innerText") == f"{year} of {every} shown"
    tab.ask(
        "document.getElementById('f-kind').value = 'prisoners'; document.getElementById('f-kind').dispatchEvent(new Event('input'))"
    )
    events = record.events("prisoners", since="2025-01-01", until="2025-12-31")
    sums = [
        f"{events[d].sum():,} {side} ({events[d].isna().sum()} without a number)"
        for d, side in names.SIDES.items()
    ]
    assert tab.ask("document.getElementById('f-count').innerText").endswith(": " + ", ".join(sums))
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.call("Page.reload")
        tab.open(later / "events" / "index.html")
        assert tab.ask(shown) == every
        assert tab.ask("document.getElementById('filter').offsetHeight") == 0
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)


def test_a_link_to_a_kind_shows_that_kind(tab: Any, later: Path) -> None:
    tab.open(later / "index.html")
    tab.open((later / "events" / "index.html").resolve().as_uri() + "#bodies")
    kinds = tab.ask(
        "[...new Set([...document.querySelectorAll('tr[data-kind]')].filter(r => r.offsetHeight).map(r => r.dataset.kind))]"
    )
    assert kinds == ["bodies"]


def test_the_brief_is_short_and_quick(tab: Any, later: Path) -> None:
    tab.open(later / "index.html")
    assert tab.ask("document.documentElement.scrollHeight") <= 4500
    assert len(tab.ask("document.body.innerText").split()) <= 1000
    top = tab.ask("document.querySelector('#since').getBoundingClientRect().top")
    assert top < 900, "what is new begins on the first screen"
    findings = (
        "[...document.querySelectorAll('#short li')].map(l => l.getBoundingClientRect().bottom)"
    )
    assert max(tab.ask(findings)) < 900, "and all findings are on it"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_whole_on_a4(tab: Any, later: Path, tmp_path: Path, name: str) -> None:
    tab.open(later / name)
    tab.pdf(tmp_path / "page.pdf")
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    # In the order of the page, so that a head that takes two lines stands together.
    command = ["pdftotext", "-raw", tmp_path / "page.pdf", "-"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    shown = tab.ask(
        "[...document.querySelectorAll('h1, h2:not(:has(a)), caption, tbody th')]"
        ".map(e => e.innerText.replace(/ new$/, ''))"
    )
    text = re.sub(r"\W", "", printed)
    assert [s for s in shown if re.sub(r"\W", "", s)[:24] not in text] == []
    assert "Skip to content" not in printed and "SVG" not in printed.split()
