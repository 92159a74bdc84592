"""A release as a small site: the brief, a page a notebook, a page an event, what is new, and the files."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from repatria import __version__
from repatria.record.fingerprint import data_folder
from repatria.report import events_pages, page, pdf
from repatria.report.base import PARTS, pack
from repatria.report.events_pages import record_of
from repatria.report.page import Document, document, framed
from repatria.report.parameters import Parameters

__all__ = ["FACTS", "Release", "build", "entry", "feed", "index"]

# What `facts` may hold; all of it is optional.
FACTS = {
    "name": "the release's folder under the reports' root, as links and the feed name it",
    "published": "the day of publication, a date (default: the record's last day)",
    "data": "the folder of the record (default: the project's own)",
    "previous": "the folder of the release before, of the same parameters",
    "earlier": "folders of earlier releases, oldest first: what they said of each event",
    "inputs": "what the release is made from, as `provenance.inputs` returns it",
    "interval": "days to the next release, of the schedule",
    "waiting": "pages gathered and not read yet: how many, and the oldest one's day or None",
    "site_url": "the address of the reports' root, for mail, feeds and previews",
    "root": "the way from a release to the reports' root (default ../)",
    "correct": "the address where corrections are received",
}
STALE = 45  # days: a page that speaks of an older reading says so first
BRIEF = "brief"
DESCRIBED = ("datapackage.json", "README.md")  # what goes into data.zip beside the tables


@dataclass(frozen=True)
class Release:
    """What every page of a release shares."""

    folder: Path
    record: Any
    parameters: Parameters
    facts: Mapping[str, Any]
    documents: Sequence[Document]

    @cached_property
    def published(self) -> dt.date:
        """The day of publication."""
        return self.facts.get("published") or self.record.last_day.date()

    @cached_property
    def name(self) -> str:
        """The release's name in addresses."""
        return self.facts.get("name") or self.published.isoformat()

    @cached_property
    def head(self) -> dict[str, Any]:
        """The words at the top of every page: its day, how far was read, whether that is long ago."""
        import pandas as pd

        from repatria.analysis.facts import read_through
        from repatria.display.words import say
        from repatria.record import names

        through = read_through(self.record)
        view = bool(self.parameters.as_of)
        unread = (
            (self.published - through.date()).days if through is not None and not view else None
        )
        known = {
            "day": names.day(pd.Timestamp(self.published)),
            "through": through,
            "unread": unread,
        }
        as_of = names.day(self.record.last_day) if view else ""
        stale = unread is not None and unread > STALE
        return {
            "name": self.name,
            "day": known["day"],
            "line": say("site/line", as_of=as_of, **known),
            "stale": say("site/stale", **known) if stale else "",
        }

    def frame(self, path: str, title: str, description: str, **more: Any) -> dict[str, Any]:
        """Return what the frame of the page at `path` needs, less its body."""
        from repatria.display.words import GUARDRAIL

        up = "../" * path.count("/")
        site = self.facts.get("site_url", "").rstrip("/")
        here = f"{site}/{self.name}/" if site else ""
        links = [("index.html", "Brief"), ("events/index.html", "Events")]
        links += [
            (f"{d.name}.html", d.name.capitalize()) for d in self.documents if d.name != BRIEF
        ]
        links += [("changes.html", "Changes")]
        image = more.pop("image", self.preview)
        return {
            "title": title,
            "description": description,
            "release": self.head,
            "up": up,
            "root": up + self.facts.get("root", "../"),
            "nav": [(href, name, href == path) for href, name in links],
            "url": here + path.removesuffix("index.html") if here else "",
            "image": here + image if here and image else "",
            "guardrail": GUARDRAIL,
            **more,
        }

    @cached_property
    def preview(self) -> str:
        """The first chart of the release: the picture that stands for a page without one."""
        return next((f for d in self.documents for f in d.files if f.endswith(".png")), "")

    def put(self, path: str, template: str, title: str, description: str, **more: Any) -> str:
        """Write one page; return its HTML."""
        html = framed(template, **self.frame(path, title, description, **more))
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(html, "utf-8")
        return html


def build(
    folder: Path,
    executed: Sequence[Path],
    record: Any,
    parameters: Parameters,
    facts: Mapping[str, Any],
    parts: Collection[str] = PARTS,
) -> None:
    """Fill an empty folder with one release, from its executed notebooks and the record they saw.

    `facts` may hold what `FACTS` names. Of `PARTS` two processes may write one each: the pages of notebooks with all
    that belongs to them, and those of events. Raises ReportError if a page is unfit to publish.
    """
    if unknown := sorted(set(facts) - set(FACTS)):
        raise TypeError(f"facts: {unknown[0]!r} is none of {', '.join(FACTS)}")
    whole = PARTS[0] in parts
    documents = [
        document(p, inline=p.stem.endswith(f"_{BRIEF}")) if whole else page.outline(p)
        for p in executed
    ]
    release = Release(folder, record, parameters, facts, documents)
    news = _news(release)
    fresh = {e.event_id for part in news.parts for e in part.events}
    if PARTS[1] in parts:
        _tables(folder, events_pages.write(release, fresh))
    if whole:
        _pages(release, news, fresh)


def _pages(release: Release, news: Any, fresh: set[str]) -> None:
    """Write all but the pages of events."""
    folder = release.folder
    for d in release.documents:
        for path, content in d.files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(content)
        d.html = _marked(d.html, fresh)
        if d.name != BRIEF:
            image = next((f for f in d.files if f.endswith(".png")), release.preview)
            words = {"lead": d.lead, "sections": d.sections, "body": d.html, "image": image}
            release.put(f"{d.name}.html", "notebook.html.j2", d.title, d.lead, **words)
    (folder / "style.css").write_text(page.asset("style.css") + "\n", "utf-8")
    said = f"Against the release before: {news.whole}"
    release.put("changes.html", "changes.html.j2", "What is new", said, news=news)
    _questions(release)
    _brief(release, news)
    data = Path(release.facts.get("data") or data_folder())
    held = [p for p in data.iterdir() if p.suffix == ".csv" or p.name in DESCRIBED]
    pack(held, folder / "data.zip")
    made = entry(release, news)
    (folder / "release.json").write_text(
        json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )


def _news(release: Release) -> Any:
    """Return what is new against the release before."""
    from repatria.display.news import News, news

    before = release.facts.get("previous")
    if before is None:
        return news(None, release.record)
    day = json.loads((Path(before) / "release.json").read_text("utf-8"))["day"]
    try:
        return news(record_of(Path(before)), release.record, day)
    except (ValueError, OSError) as e:
        return News(before=day, unreadable=str(e).splitlines()[0])


def _marked(html: str, fresh: set[str]) -> str:
    """Mark the rows of tables whose handover is new since the release before."""

    def mark(found: re.Match[str]) -> str:
        return found[0] + (' <b class="new">new</b>' if found[1] in fresh else "")

    return re.sub(r'<a href="events/([\w-]+)\.html">[^<]*</a>(?=</t[hd]>)', mark, html)


def _brief(release: Release, news: Any) -> None:
    """Write the brief, as HTML and as PDF."""
    import pandas as pd

    brief = next((d for d in release.documents if d.name == BRIEF), None)
    if brief is None:
        brief = Document(BRIEF, "Who came home", "", [], "")
    first, rest = _split(brief.html)
    rest = _charted(rest)
    head = page.environment().get_template("news.html.j2")
    interval = release.facts.get("interval")
    due = pd.Timestamp(release.published) + pd.Timedelta(days=interval) if interval else None
    inputs = release.facts.get("inputs", {})
    digest = inputs.get("data", release.record.digest)
    words = {
        "before": first,
        "news": head.render(news=news, up="", waiting=_waiting(release)),
        "body": rest,
        "css": page.asset("style.css"),
        "cite": f"Repatria, release {release.name}, data sha256 {digest[:12]}. CC BY 4.0.",
        "correct": release.facts.get("correct", ""),
        "due": due,
        "made": _made(release, digest),
        "lead": brief.lead,
        "wide": True,
    }
    lead = pdf.plain(next(iter(re.findall(r"<li>(.*?)</li>", first, re.S)), brief.lead))
    html = release.put("index.html", "brief.html.j2", brief.title, lead, **words)
    site = release.facts.get("site_url", "").rstrip("/")
    if site:  # a page that travels by mail leads back to the site
        here = f"{site}/{release.name}/"
        html = re.sub(r'href="(?!#|[a-z]+:)([^"]*)', lambda m: f'href="{urljoin(here, m[1])}', html)
        (release.folder / "index.html").write_text(html, "utf-8")
    pdf.write(release.folder)


def _questions(release: Release) -> None:
    """Write the page of what readers ask first."""
    from repatria.display import brief

    asked = page.inert_markdown(brief.questions(release.record))
    body = re.sub(r"<h3>(.*?)</h3>", _asked, asked)
    titles = re.findall(r'<h2 id="[^"]*">(.*?)</h2>', body)
    said = pdf.plain(" ".join(titles))
    release.put("questions.html", "frame.html.j2", "Questions and answers", said, body=body)


def _asked(found: re.Match[str]) -> str:
    """Return a question as a heading that a link can name by its words."""
    ident = re.sub(r"[^a-z]+", "-", pdf.plain(found[1]).lower()).strip("-")
    return f'<h2 id="{ident}">{found[1]}</h2>'


def _split(html: str) -> tuple[str, str]:
    """Return the first section of a page and the rest."""
    parts = re.split(r"(?=<section id=)", html)
    return "".join(parts[:2]), "".join(parts[2:])


def _charted(html: str) -> str:
    """Set the charts two in a row where there is room: of each two the second as drawn for a phone.

    To which day the record goes stands at the head of the page, not under each of them.
    """
    html = re.sub(r'<p class="rp-source">.*?</p>', "", html)
    parts = re.split(r"(?=<section id=)", html)
    drawn = [i for i, p in enumerate(parts) if "<picture>" in p]
    for i in drawn[1::2]:
        parts[i] = parts[i].replace('<source media="(max-width: 30rem)"', '<source media="all"')
        parts[i] = parts[i].replace("<section id=", '<section class="narrow" id=', 1)
    if drawn and drawn == list(range(drawn[0], drawn[-1] + 1)):
        parts[drawn[0]] = '<div class="charts">' + parts[drawn[0]]
        parts[drawn[-1]] += "</div>"
    return "".join(parts)


def _waiting(release: Release) -> str:
    """Return how many pages wait to be read; nothing where nobody gathers pages."""
    from repatria.display.words import say

    waiting = release.facts.get("waiting", {})
    if not waiting:
        return ""
    import pandas as pd

    return say("site/waiting", pages=waiting["pages"], oldest=pd.Timestamp(waiting["oldest"]))


def _made(release: Release, digest: str) -> list[tuple[str, str]]:
    from repatria.record.rule import RULE, RULE_VERSION

    inputs = release.facts.get("inputs", {})
    p = release.parameters.given()
    given = [] if p == {"lens": "best"} else [(k.replace("_", " "), v) for k, v in p.items()]
    code = f"repatria {__version__}" + (
        f", sha256 {inputs['code'][:12]}" if "code" in inputs else ""
    )
    rule = inputs.get("rule", f"{RULE} v{RULE_VERSION}")
    return [("data", digest[:12]), ("code", code), ("rule", rule), *given]


def _tables(folder: Path, rows: Sequence[Any]) -> None:
    """Write the table of events as CSV, formulas made inert."""
    from repatria.record.names import inert

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0]._fields if rows else ("event_id",))
    writer.writerows([inert(v) for v in row] for row in rows)
    (folder / "tables").mkdir(exist_ok=True)
    (folder / "tables" / "events.csv").write_text(text.getvalue(), "utf-8")


# --- the shelf of releases ------------------------------------------------------------------------


def entry(release: Release, news: Any) -> dict[str, Any]:
    """Return what a release says of itself, as `release.json` and `releases.json` hold it."""
    from repatria.analysis.facts import read_through

    through = read_through(release.record)
    kinds = [e.kind for part in news.parts for e in part.events]
    revised = [r for part in news.parts for r in part.revised]
    return {
        "name": release.name,
        "day": release.head["day"],
        "published": release.published.isoformat(),
        "as_of": release.parameters.as_of,
        "parameters": release.parameters.as_dict(),
        "read_through": f"{through:%Y-%m-%d}" if through is not None else None,
        "digest": release.record.digest,
        "news": str(news.whole),
        "new_events": {k: kinds.count(k) for k in sorted(set(kinds))},
        "revised": len(revised),
        "superseded": [f"{r.day}, {r.kind}, {r.side}: {r.was} → {r.now}" for r in revised],
    }


def index(releases: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of all releases, newest first; `releases` are entries as `entry` makes them."""
    from repatria.display.words import GUARDRAIL

    shown = [{"path": r["name"], "through": _day(r["read_through"]), **r} for r in releases]
    shown.sort(key=lambda r: (r["published"], r["name"]), reverse=True)
    title = "Repatria: every release"
    described = (
        "Releases of the record of bodies and prisoners handed over between Russia and Ukraine."
    )
    return framed(
        "releases.html.j2",
        title=title,
        description=described,
        releases=shown,
        css=page.asset("style.css"),
        guardrail=GUARDRAIL,
        up="",
        root="",
    )


def _day(iso: str | None) -> str:
    """Return an ISO day in words; nothing where there is none."""
    from repatria.record import names

    return names.day(dt.date.fromisoformat(iso)) if iso else ""


def feed(releases: Sequence[Mapping[str, Any]], site_url: str = "") -> str:
    """Return the Atom feed of the releases, newest first."""

    def urn(name: str) -> str:
        return uuid.uuid5(uuid.NAMESPACE_URL, f"repatria/{name}").urn

    newest = sorted(releases, key=lambda r: (r["published"], r["name"]), reverse=True)[:50]
    shown = [
        {"path": r["name"], **r, "id": urn(r["name"]), "title": f"{r['day']}: {r['news']}"}
        for r in newest
    ]
    updated = f"{newest[0]['published']}T00:00:00Z" if newest else "2022-02-24T00:00:00Z"
    url = site_url.rstrip("/") + "/" if site_url else ""
    template = page.environment().get_template("feed.xml.j2")
    text = template.render(releases=shown, id=urn(site_url), updated=updated, url=url)
    return "\n".join(line for line in text.splitlines() if line.strip()) + "\n"
