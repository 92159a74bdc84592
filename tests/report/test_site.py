"""A release: a tree whose links all open, a brief of its length, and what is new by hand count."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from report.shelf import books, executed

import repatria as rp
from conftest import small, write
from repatria.report import page, pdf, site
from repatria.report.base import PARTS
from repatria.report.parameters import Parameters

ATOM = "{http://www.w3.org/2005/Atom}"
STANDING = f"{rp.load().last_day:%Y-%m-%d}"  # the record as it stands


class Links(HTMLParser):
    """Every address and id of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.to: list[str] = []
        self.ids: list[str] = []
        self.nodes = 0
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.nodes += 1
        for k, v in attrs:
            if k in ("href", "src", "srcset") and v and not v.startswith("data:"):
                self.to.append(v)
            elif k == "id" and v:
                self.ids.append(v)


@pytest.fixture(scope="session")
def later(shelf: Path) -> Path:
    return shelf / "2025-06-13"


@pytest.fixture(scope="session")
def links(shelf: Path) -> dict[Path, Links]:
    return {p.resolve(): Links(p) for p in shelf.rglob("*.html")}


def words(html: str) -> str:
    return pdf.plain(re.sub(r"<(style|script|head)\b.*?</\1>", "", html, flags=re.S))


def test_the_tree_is_whole(later: Path, record: Any) -> None:
    held = {p.relative_to(later).as_posix() for p in later.rglob("*") if p.is_file()}
    single = "index record asymmetry cadence pledges changes questions events/index"
    wanted = {f"{n}.html" for n in single.split()}
    wanted |= {"brief.pdf", "data.zip", "release.json", "style.css"}
    events = record.as_of("2025-06-13").events(cancelled=True, disputed=True)
    wanted |= {f"events/{e}.html" for e in events["event_id"]}
    assert held >= wanted
    rest = held - wanted
    assert rest and all(
        re.fullmatch(r"(charts/[\w-]+\.(svg|png)|tables/[\w-]+\.csv)", p) for p in rest
    )


def test_every_link_inside_opens_what_it_names(shelf: Path, links: dict[Path, Links]) -> None:
    assert len(links) > 200
    wrong = set()
    for path, found in links.items():
        assert len(found.ids) == len(set(found.ids)), path
        for address in found.to:
            if re.match("https?:", address):
                continue
            file, _, fragment = address.partition("#")
            target = (path.parent / file).resolve() if file else path
            if target.name == "manifest.json":  # written when the release is sealed
                continue
            here = links.get(target)
            if not target.is_file() or (fragment and here and fragment not in here.ids):
                wrong.add((path.name, address))
    assert wrong == set()


def section(html: str, ident: str) -> str:
    """Return a section of a page, by its id."""
    return html.partition(f'id="{ident}"')[2].partition("</section>")[0]


def rows(html: str) -> list[dict[str, str]]:
    """Return the handovers of the table of events: kind, both counts as words, and the row itself."""
    out = []
    for row in re.findall(r'<tr id="events-.*?</tr>', html, re.S):
        kind = re.search(r'data-kind="(\w+)"', row)
        counts = re.findall(r'<td class="n">(.*?)</td>', row)
        assert kind
        out.append({"kind": kind[1], "Ukraine": counts[0], "Russia": counts[1], "row": row})
    return out


@pytest.mark.parametrize("name", ["2025-06-12", "2025-06-13", STANDING])
def test_every_number_of_the_brief_is_two_clicks_from_its_web_pages(
    shelf: Path, links: dict[Path, Links], name: str
) -> None:
    later = shelf / name
    html = (later / "index.html").read_text("utf-8")
    found = re.findall(r"<li>.*?</li>", section(html, "short"), re.S)
    tables = re.findall(r'<div class="rp-table[" ].*?</div>', html, re.S)
    assert len(found) == 5 and len(tables) == 1 + (name != "2025-06-12")
    handovers = rows((later / "events" / "index.html").read_text("utf-8"))
    clicks = [(f, *a) for f in found for a in re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', f)]
    for finding in found:
        assert re.search(r'<a href="[^"]+"[^>]*>[^<]*\d[^<]*</a>', finding), "a number leads on"
    for finding, address, text in clicks:
        file, _, fragment = address.partition("#")
        if address.startswith("http"):
            continue  # one click
        page_ = (later / file).resolve()
        assert any(a.startswith(("http", "events/")) for a in links[page_].to), address
        if file == "events/index.html":  # the sum, or the level, of the rows it leads to
            of = [r for r in handovers if r["kind"] == fragment]
            side = text.rpartition(" ")[2]
            assert of and (side in of[0] or text.endswith("›"))
            known = [r for r in of if r.get(side, "?")[0].isdigit() and "disputed" not in r["row"]]
            assert all('rel="noopener' in r["row"] for r in known), "a web page for every count"
            if known and "How lopsided" not in finding:
                total = sum(int(r[side].replace(",", "")) for r in known)
                assert total == int(text.partition(" ")[0].replace(",", ""))
        elif file.startswith("events/"):
            assert Path(file).stem.partition("-")[0] in ("bodies", "prisoners")
            assert text in words(page_.read_text("utf-8"))
        else:
            assert fragment in links[page_].ids, address
    for row in re.findall(r"<tr.*?</tr>", "".join(tables), re.S):
        event = re.search(r'href="(events/[\w-]+\.html)"', row)
        counts = re.findall(r">([\d,]+)</td>", row)
        if event:  # both counts stand on the page that the row leads to, with web pages
            text = (later / event[1]).read_text("utf-8")
            assert all(f"{n} to " in words(text) for n in counts)
            assert not counts or 'rel="noopener' in text
        else:
            assert "<td" not in row, "a row of heads"


@pytest.mark.parametrize("name", ["2025-06-13", STANDING])
def test_the_brief_keeps_its_length_and_its_words(shelf: Path, name: str) -> None:
    path = shelf / name / "index.html"
    text = words(path.read_text("utf-8"))
    assert len(text.split()) <= 1000
    assert Links(path).nodes <= 3000 and path.stat().st_size <= 600_000
    head = text.partition("Made from")[0].lower()
    for word in (
        "lens",
        "one side only",
        "no official",
        "persons",
        "regime",
        "receiver-first",
        "dense",
    ):
        assert not re.search(rf"\b{word}", head), word
    assert not re.search(r"\bdeals?\b|\bonly\b|\bjust\b", head)


def test_no_page_asks_for_anything_outside(shelf: Path) -> None:
    for path in shelf.rglob("*.html"):
        html = path.read_text("utf-8")
        script = (
            page.asset("filter.js") if path.parent.name == "events" and path.stem == "index" else ""
        )
        assert page.faults(html, script) == []
        assert 'http-equiv="Content-Security-Policy" content="default-src ' in html
        assert len(re.findall("<title>", html)) == 1 and '<meta name="description"' in html
        assert 'rel="canonical"' not in html and "og:url" not in html


def test_titles_differ(later: Path) -> None:
    html = [p.read_text("utf-8") for p in later.rglob("*.html")]
    titles = [t for page_ in html for t in re.findall("<title>(.*?)</title>", page_)]
    assert len(titles) > 100
    double = {t for t in titles if titles.count(t) > 1}
    assert all("handed over" in t for t in double), "two of a kind on one day alone share one"


def test_the_first_release_says_so(shelf: Path) -> None:
    first = shelf / "2025-06-12"
    for name in ("index", "changes"):
        assert "the first release" in (first / f"{name}.html").read_text("utf-8")
    assert "No earlier release holds it" in (first / "events" / "bodies-2025-06-11.html").read_text(
        "utf-8"
    )


def test_what_is_new_from_12_to_13_june_2025(later: Path) -> None:
    # By hand: of the five handovers of June 2025 the second, of 13 June, was published on that day.
    said = json.loads((later / "release.json").read_text("utf-8"))
    assert said["new_events"] == {"bodies": 1} and said["superseded"] == []
    html = (later / "changes.html").read_text("utf-8")
    assert 'id="new-bodies-2025-06-13"' in html and html.count('id="new-') == 1
    brief = (later / "index.html").read_text("utf-8")
    assert "New since 12 June 2025 (last release)" in brief and "1 handover of bodies" in brief
    row = re.search(
        r'<a href="events/bodies-2025-06-13.html">13 June 2025</a> <b class="new">', brief
    )
    assert row, "the new row is marked"
    assert '11 June 2025</a> <b class="new">' not in brief


def test_an_event_page_tells_both_sides_and_why_one_leads(later: Path) -> None:
    html = (later / "events" / "bodies-2025-06-11.html").read_text("utf-8")
    text = words(html)
    assert "1,212 to Ukraine, 27 to Russia" in text
    assert text.count("Kyiv says") == 2 and text.count("Moscow says") == 2
    assert "Leads: it is the receiving side's official count" in text
    assert "Set aside: official counts are known, and this is none." in text
    assert "12 June 2025: 1,212 to Ukraine, 27 to Russia" in text, "what the earlier release said"
    assert 'href="bodies-2025-06-13.html"' in html, "the next in time"
    assert 'rel="noopener noreferrer nofollow"' in html


def test_a_corrected_claim_is_struck_through(shelf: Path, record: Any) -> None:
    c = record.claims()
    claim = c[(c["corrected_by"] != "").to_numpy()].iloc[0]
    html = (shelf / STANDING / "events" / f"{claim['event_id']}.html").read_text("utf-8")
    entry = html.partition(f'id="claim-{claim["claim_id"]}"')[2].partition("</li>")[0]
    assert "<s>" in entry and "Taken back" in entry


@pytest.mark.parametrize(("unread", "stale"), [(45, False), (46, True)])
def test_a_page_long_after_its_reading_says_so_first(
    tmp_path: Path, record: Any, unread: int, stale: bool
) -> None:
    day = (rp.analysis.facts.read_through(record) + rp.record.view.pd.Timedelta(days=unread)).date()
    made = site.Release(tmp_path, record, Parameters(), {"published": day}, [])
    assert bool(made.head["stale"]) == stale
    assert f"({unread} days unread)" in made.head["line"]


JUNE = "bodies-2025-06-11"
ONE = [{"event_id": JUNE, "claimant_id": "kyiv", "direction": "to_ukraine", "n": 5}]
TWO = [
    *ONE,
    {"event_id": JUNE, "claimant_id": "moscow", "direction": "to_ukraine", "n": 7},
    {"event_id": JUNE, "claimant_id": "moscow", "direction": "to_russia", "n": 2},
]


def little(folder: Path, claims: list[dict[str, Any]], **facts: Any) -> Path:
    """Build a release of an invented record of one handover."""
    data = write(folder.parent / f"{folder.name}-data", small([(JUNE, "2025-06-11")], claims))
    view = rp.load(data)
    book = executed(
        folder.parent / "00_brief.ipynb",
        "# Who came home",
        short=rp.display.brief.in_short(view),
        latest=rp.display.brief.latest(view),
    )
    folder.mkdir(parents=True)
    known = {"name": folder.name, "published": dt.date(2025, 6, 12), "data": data}
    site.build(folder, [book], view, Parameters(), known | facts)
    return folder


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of one claim."""
    return little(tmp_path_factory.mktemp("one") / "before", ONE)


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    releases = [little(tmp_path / n / "r", TWO) for n in ("a", "b")]
    files = [
        {p.relative_to(r): p.read_bytes() for p in r.rglob("*") if p.is_file()} for r in releases
    ]
    assert {k for k in files[0] if files[0][k] != files[1].get(k)} == set()


def test_two_processes_write_what_one_would(tmp_path: Path) -> None:
    view = rp.load(write(tmp_path / "data", small([(JUNE, "2025-06-11")], TWO)))
    drawn = rp.charts.brief.bodies(view.events("bodies"))
    book = executed(tmp_path / "00_brief.ipynb", "# Who came home", bodies=drawn)
    told = {"site_url": "https://x.example", "data": tmp_path / "data", "name": "r"}
    found: dict[str, dict[str, bytes]] = {}
    for part in ("whole", *PARTS):
        (folder := tmp_path / part).mkdir()
        parts = PARTS if part == "whole" else [part]
        site.build(folder, [book], view, Parameters(), told, parts)
        files = [p for p in folder.rglob("*") if p.is_file()]
        found[part] = {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}
    whole, books, events = found.values()
    assert books | events == whole and not books.keys() & events.keys()
    picture = f"{told['site_url']}/r/charts/brief-{drawn.name}.png"
    assert picture.removeprefix("https://x.example/r/") in books
    assert f'og:image" content="{picture}"'.encode() in events[f"events/{JUNE}.html"]


def test_a_figure_revised_is_told_with_its_claims_and_supersedes(
    tmp_path: Path, before: Path
) -> None:
    folder = little(tmp_path / "now", TWO, previous=before, earlier=[before])
    text = words((folder / "changes.html").read_text("utf-8"))
    assert "to Ukraine: 5 → 5 (published 5–7)" in text and "to Russia: not reported → 2" in text
    assert "+ Moscow office: 7 to Ukraine" in text and "Paper 1" in text
    said = json.loads((folder / "release.json").read_text("utf-8"))
    assert said["revised"] == 2 and len(said["superseded"]) == 2 and said["new_events"] == {}
    event = words((folder / "events" / f"{JUNE}.html").read_text("utf-8"))
    assert "5 to Ukraine, not reported to Russia (Kyiv alone)" in event
    assert "Kyiv, Moscow differs" in event
    index = words(
        site.index([json.loads((p / "release.json").read_text("utf-8")) for p in (before, folder)])
    )
    assert "2 figures of the release before superseded" in index


def test_a_handover_taken_off_is_told(tmp_path: Path, before: Path) -> None:
    other = "prisoners-2025-06-10"
    data = write(tmp_path / "d", small([(other, "2025-06-10")], [ONE[0] | {"event_id": other}]))
    folder = tmp_path / "now"
    folder.mkdir()
    facts = {"published": dt.date(2025, 6, 12), "data": data, "previous": before}
    site.build(folder, [], rp.load(data), Parameters(), facts)
    text = words((folder / "changes.html").read_text("utf-8"))
    assert "bodies handed over, 11 June 2025: 5 to Ukraine, not reported to Russia" in text
    assert "1 prisoner exchange and 1 handover taken off" in text


def test_data_of_a_release_is_the_record_it_was_made_of(later: Path, record: Any) -> None:
    with zipfile.ZipFile(later / "data.zip") as z:
        assert {"claims.csv", "datapackage.json", "README.md"} <= set(z.namelist())
    again = site.record_of(later)
    assert again.digest == record.digest and again.known_by == record.as_of("2025-06-13").known_by


def test_a_release_before_in_another_form_is_named(tmp_path: Path, before: Path) -> None:
    before = Path(shutil.copytree(before, tmp_path / "before"))
    with zipfile.ZipFile(before / "data.zip", "w") as z:
        z.writestr("claims.csv", "old,columns\n")
    folder = little(tmp_path / "now", TWO, previous=before, earlier=[before])
    assert "cannot be compared" in (folder / "changes.html").read_text("utf-8")
    assert "cannot be compared" in (folder / "index.html").read_text("utf-8")


def test_with_an_address_pages_name_it_and_the_brief_leads_back_from_mail(tmp_path: Path) -> None:
    folder = little(tmp_path / "2025-06-12", TWO, site_url="https://example.org/reports/")
    html = (folder / "index.html").read_text("utf-8")
    here = "https://example.org/reports/2025-06-12/"
    assert f'<link rel="canonical" href="{here}">' in html
    relative = [
        a for a in re.findall(r'href="([^"]+)"', html) if not re.match("#|https?:|data:", a)
    ]
    assert relative == []
    assert 'href="https://example.org/reports/index.html"' in html and "/../" not in html
    event = (folder / "events" / f"{JUNE}.html").read_text("utf-8")
    assert f'content="{here}events/{JUNE}.html"' in event


def test_a_fact_of_another_name_is_refused(tmp_path: Path, record: Any) -> None:
    with pytest.raises(TypeError, match="facts: 'prevous' is none of"):
        site.build(tmp_path, [], record, Parameters(), {"prevous": tmp_path})


HOSTILE = (
    "=1+1 <script>alert(1)</script><img src=x onerror=alert(2)>\"' <a href=javascript:alert(3)> "
    '{{7*7}} {% raw %} #panic("t") $x$ *x*'
)
LINKS = " [a](javascript:alert(4)) ![i](http://evil.example/x.png)"  # refused but in notes
TEXTS = {  # what people wrote; the record refuses markup in it, pages do not rely on that
    "events": ("note", "place", "category", "mediators"),
    "claimants": ("name", "office"),
    "sources": ("publisher",),
    "agreements": ("name", "note"),
    "totals": ("note",),
}


def test_hostile_text_of_the_record_is_inert_on_every_page(tmp_path: Path, before: Path) -> None:
    given = Parameters(lens="russia", since="2025-06-01")
    view = rp.load().as_of("2025-06-13")
    for table, columns in TEXTS.items():
        for column in columns:
            hostile = HOSTILE + LINKS if column == "note" else HOSTILE
            texts = [f"{hostile} {i}" for i in range(len(view.tables[table]))]
            view.tables[table][column] = pd.array(texts, dtype="str")
    made, folder = books(tmp_path / "books", view), tmp_path / "r"
    folder.mkdir()
    facts = {"published": dt.date(2025, 6, 13), "previous": before, "earlier": [before]}
    site.build(folder, made, view, given, facts)
    pages = {p: p.read_text("utf-8") for p in folder.rglob("*.html")}
    assert sum("onerror=alert(2)" in html for html in pages.values()) > 100, "it is there to read"
    for path, html in pages.items():
        script = page.asset("filter.js") if path.parts[-2:] == ("events", "index.html") else ""
        assert page.faults(html, script) == [] and "<script>alert" not in html, path
        assert not [a for a in Links(path).to if re.match(r"\s*(javascript:|http://evil)", a)], path
    table = (folder / "tables" / "events.csv").read_text("utf-8")
    assert not re.search(r'(^|,)"?=', table, re.M)
    assert (folder / "brief.pdf").stat().st_size > 1000


# --- the shelf --------------------------------------------------------------------------------


def test_the_index_lists_every_release_newest_first(shelf: Path) -> None:
    html = (shelf / "index.html").read_text("utf-8")
    assert html.index("2025-06-13/index.html") < html.index("2025-06-12/index.html")
    assert "1 handover of bodies" in html and "The first release." in html
    assert "There is no release yet" in site.index([])


@pytest.mark.parametrize("url", ["", "https://example.org/r"])
def test_the_feed_is_atom(shelf: Path, url: str) -> None:
    entries = [json.loads(p.read_text("utf-8")) for p in shelf.glob("2*/release.json")]
    hostile = entries[0] | {"name": "x", "published": "2025-06-14", "news": "<b>&"}
    feed = ElementTree.fromstring(site.feed([*entries, hostile], url))
    assert feed.tag == f"{ATOM}feed"
    for element in [feed, *feed.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
        stamp = element.findtext(f"{ATOM}updated") or ""
        assert dt.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    ids = [e.findtext(f"{ATOM}id") or "" for e in feed.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) == len(entries) + 1 and all(
        i.startswith("urn:uuid:") for i in ids
    )
    assert (
        feed.findtext(f"{ATOM}author/{ATOM}name")
        and feed.find(f"{ATOM}link[@rel='self']") is not None
    )
    assert ElementTree.fromstring(site.feed([])).findall(f"{ATOM}entry") == []
    feedparser = pytest.importorskip("feedparser", reason="feedparser is not installed")
    read = feedparser.parse(site.feed([*entries, hostile], url))
    assert not read.bozo and read.version == "atom10" and len(read.entries) == len(ids)
    assert all(e.id and e.link and e.updated_parsed and e.summary for e in read.entries)


# --- the PDF ----------------------------------------------------------------------------------


def test_the_pdf_is_tagged_a4_and_short(later: Path) -> None:
    if not shutil.which("pdfinfo"):
        pytest.skip("pdfinfo is not installed")
    told = subprocess.run(
        ["pdfinfo", later / "brief.pdf"], capture_output=True, text=True, check=True
    )
    info = dict(re.findall(r"^([\w ]+):\s+(.*)$", told.stdout, re.M))
    assert info["Tagged"] == "yes" and "(A4)" in info["Page size"] and int(info["Pages"]) <= 2
    assert info["Title"] == "Who came home"
    fonts = subprocess.run(
        ["pdffonts", later / "brief.pdf"], capture_output=True, text=True, check=True
    )
    rows = fonts.stdout.splitlines()[2:]
    assert rows and all(re.search(r"yes +(yes|no) +yes +\d+ +\d+$", row) for row in rows), (
        "embedded"
    )
    text = subprocess.run(
        ["pdftotext", later / "brief.pdf", "-"], capture_output=True, text=True, check=True
    )
    assert "13 June 2025" in text.stdout and "Handovers, not losses" in text.stdout


@pytest.mark.parametrize("name", ["2025-06-13", STANDING])
def test_a_checker_of_accessible_pdf_finds_nothing(shelf: Path, name: str) -> None:
    pdfua = pytest.importorskip("pdfua", reason="pdfua is not installed")
    told = pdfua.validate(str(shelf / name / "brief.pdf"))
    assert [str(f) for f in told.findings] == [] and len(told.outcomes) > len(told.skipped)


def test_the_brief_has_a_picture_without_a_browser(later: Path) -> None:
    assert pdf.picture(later, 20).startswith(b"\x89PNG")


def test_a_page_is_read_as_blocks() -> None:
    html = (
        '<nav><p>no</p></nav><h1>T</h1><ol><li><p>a <a href="x.html">b</a></p></li></ol><p class="files">no</p>'
        '<figure class="rp-chart" id="chart-x"><figcaption><strong>F</strong><br>s</figcaption>'
        '<img src="x.png" alt="Dots"></figure><table><caption>C</caption><tr><th>h</th></tr><tr><td>1</td></tr>'
        "</table><dl><dt>k</dt><dd>v</dd></dl>"
    )
    found = pdf.blocks(html)
    assert [b["kind"] for b in found] == ["h1", "li", "figure", "table", "p"]
    assert found[1]["number"] == 1 and found[1]["runs"][1]["href"] == "x.html"
    assert found[2]["image"] == "Dots" and found[2]["name"] == "x"
    assert [[r[0]["text"] for r in row] for row in found[3]["rows"]] == [["h"], ["1"]]
    assert "".join(r["text"] for r in found[4]["runs"]) == "k: v"


def test_a_release_of_an_empty_record_is_still_a_page(tmp_path: Path) -> None:
    data = write(tmp_path / "data", {})
    view = rp.load(data)
    book = executed(
        tmp_path / "00_brief.ipynb",
        "# Who came home",
        short=rp.display.brief.in_short(view),
        latest=rp.display.brief.latest(view),
        unknown=rp.display.brief.not_known(view),
    )
    (tmp_path / "r").mkdir()
    site.build(tmp_path / "r", [book], view, Parameters(), {"data": data})
    assert "not a finding that there was none" in (tmp_path / "r" / "index.html").read_text("utf-8")
    assert (tmp_path / "r" / "brief.pdf").stat().st_size > 1000
