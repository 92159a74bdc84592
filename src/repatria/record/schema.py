"""The shape of the record: one declaration per table, from which everything else is derived.

The loader's checks, `data/datapackage.json` (Data Package v2) and the field tables of the codebook
all come from `TABLES`, so the three cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

__all__ = [
    "ABSENCES",
    "CLAIM_PATTERN",
    "CLICK_IDS",
    "DATED_BY",
    "DIRECTIONS",
    "DOSSIERS",
    "EVENT_PATTERN",
    "EXCLUSIONS",
    "ID_PATTERN",
    "KINDS",
    "LIST_PATTERN",
    "MANY_PUBLISH",
    "MENTIONED",
    "QUALIFIERS",
    "RECEIVER",
    "RULE",
    "RULE_VERSION",
    "SEEN",
    "SIDES",
    "STATEMENTS",
    "STATUSES",
    "TABLES",
    "TIERS",
    "URL_PATTERN",
    "WAR_START",
    "Field",
    "Table",
    "codebook",
    "descriptor",
]

WAR_START = dt.date(2022, 2, 24)

KINDS = ("bodies", "prisoners", "civilians")
DIRECTIONS = ("to_ukraine", "to_russia")
RECEIVER = {"to_ukraine": "ukraine", "to_russia": "russia"}  # the side that a direction leads to
SIDES = ("ukraine", "russia", "mediator", "third")
QUALIFIERS = ("exact", "at_least", "about", "more_than", "up_to")
ABSENCES = ("zero", "withheld", "not_applicable")
STATUSES = ("took_place", "cancelled", "disputed")
TIERS = ("official", "agency", "press", "aggregator", "dataset")
DATED_BY = ("printed", "address", "feed", "none")
SEEN = ("whole", "part", "headline")
DOSSIERS = ("claims", "handovers_2026")
STANCES = ("belongs", "denies", "possible")
CURATORS = "curators"  # the claimant of what the record's own curators read from days and figures
STATEMENTS = (
    "planned",
    "kept",
    "not_kept",
    "postponed",
    "suspended",
    "resumed",
    "cancelled",
    "denied",
)
# The estimate rule, which `rule` applies; here, because to name it must not load pandas.
RULE, RULE_VERSION = "receiver-first", "2"
EXCLUSIONS = {
    "not_a_handover": "a list, tally, search or homecoming that is not a handover between the two",
    "third_country": "a transfer to or from a third country",
    "poor_page": "a figure found only on a page that cannot carry it",
    "garbled": "directions, days or figures mixed up by the page",
    "no_quantity": "no count, date, plan or promise that has a place in the tables",
    "out_of_scope": "another subject",
    "plan_only": "an intention without day, size or claimant",
    "sum_by_reader": "a sum made by whoever read the page, not by the page",
}

# Hosts where many publish: the publisher is the account, not the house. (example.org is
# reserved for examples.)
MANY_PUBLISH = frozenset(
    [
        "archive.is",
        "archive.org",
        "archive.ph",
        "bsky.app",
        "dailymotion.com",
        "drive.google.com",
        "dzen.ru",
        "example.org",
        "facebook.com",
        "github.com",
        "instagram.com",
        "linkedin.com",
        "medium.com",
        "msn.com",
        "news.google.com",
        "news.yahoo.com",
        "odysee.com",
        "ok.ru",
        "pastebin.com",
        "raw.githubusercontent.com",
        "reddit.com",
        "rumble.com",
        "rutube.ru",
        "scribd.com",
        "t.me",
        "telegra.ph",
        "teletype.in",
        "threads.net",
        "tiktok.com",
        "twitter.com",
        "vimeo.com",
        "vk.com",
        "web.archive.org",
        "x.com",
        "yahoo.com",
        "youtu.be",
        "youtube.com",
        "zen.yandex.ru",
    ]
)
# Parameters that say who sent the reader, not which page it is: one page would be many.
CLICK_IDS = (
    r"(?:utm_[a-z0-9_]+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|ysclid|twclid|ttclid|"
    r"li_fat_id|igshid|igsh|mc_cid|mc_eid|_ga|_gl|_openstat|mkt_tok|vero_id|oly_enc_id|oly_anon_id|"
    r"rb_clickid|s_cid|wickedid|fb_action_ids|fb_action_types|fb_ref|fb_source|"
    r"traffic_source|at_medium|at_campaign|phpsessid|jsessionid|sessionid)"
)

ID = r"[a-z0-9]+(?:[-_][a-z0-9]+)*"
ID_PATTERN = rf"^{ID}$"
EVENT_PATTERN = r"^(?:bodies|prisoners|civilians)-\d{4}-\d{2}(?:-\d{2})?(?:-[b-z])?$"
CLAIM_PATTERN = r"^[a-z0-9_.~-]+$"
URL_PATTERN = r"^https?://[^\s\"'<>`]+$"
LIST_PATTERN = r"^[^;\s][^;]*(?:;[^;\s][^;]*)*$"


@dataclass(frozen=True)
class Field:
    """A column: its name, type (string, integer, date, year_month), meaning and constraints."""

    name: str
    description: str
    type: str = "string"
    required: bool = False
    enum: tuple[str, ...] = ()
    pattern: str = ""
    minimum: int | None = None
    free_text: bool = False


@dataclass(frozen=True)
class Table:
    """A CSV file: its columns in order, primary key and foreign keys (column -> table)."""

    name: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    references: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> list[str]:
        return [f.name for f in self.fields]


def _id(name: str, description: str, required: bool = True, pattern: str = ID_PATTERN) -> Field:
    return Field(name, description, required=required, pattern=pattern)


def _note(description: str = "what is special, in our own words") -> Field:
    return Field("note", description, free_text=True)


def _qualifier(required: bool = False) -> Field:
    return Field(
        "qualifier",
        "how the number was worded; intervals: docs/method.md",
        "string",
        required,
        QUALIFIERS,
    )


_PRECISION = Field(
    "as_of_precision",
    "whether as_of is a day or the end of a month or year",
    required=True,
    enum=("day", "month", "year"),
)
_EVENT = _id("event_id", "the handover, `kind-date`", pattern=EVENT_PATTERN)
_CLAIMANT = _id("claimant_id", "who says so")
_SOURCE = _id("source_id", "the page")
_KIND = Field("kind", "what is handed over", required=True, enum=KINDS)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        Table(
            "sources",
            "a page",
            (
                _SOURCE,
                Field(
                    "url",
                    "address of the page; empty for a founding article with no address",
                    pattern=URL_PATTERN,
                ),
                Field("publisher", "who publishes the page", required=True),
                Field("published_on", "day of publication; empty = the page is undated", "date"),
                Field("language", "ISO 639 code", required=True, pattern=r"^[a-z]{2,3}$"),
                Field("tier", "what the page is, not what it says", required=True, enum=TIERS),
                Field(
                    "seed",
                    "file name of the founding article, if it is one",
                    pattern=r"^[0-9]{3}_[0-9a-f]{16}$",
                ),
                Field(
                    "dated_by",
                    "how published_on is known: printed on the page, in its address, "
                    "by a feed or copy that dates it; "
                    "none = undated",
                    required=True,
                    enum=DATED_BY,
                ),
                Field(
                    "seen",
                    "what was read of it: whole, part (mostly its beginning), "
                    "headline (title or feed line only)",
                    required=True,
                    enum=SEEN,
                ),
            ),
            ("source_id",),
        ),
        Table(
            "claimants",
            "a person or body that makes statements",
            (
                _CLAIMANT,
                Field("name", "name as used in the reports", required=True),
                Field("office", "office held, or what the body is", required=True),
                Field("side", "whose statement it is", required=True, enum=SIDES),
                Field(
                    "official",
                    "speaks for a state or a mediator",
                    required=True,
                    enum=("yes", "no"),
                ),
            ),
            ("claimant_id",),
        ),
        Table(
            "agreements",
            "a deal, talk or offer under which handovers are promised",
            (
                _id("agreement_id", "short name with its month or day"),
                Field("name", "name as used in the reports", required=True),
                Field("agreed_on", "day; empty = not known to the day", "date"),
                Field("place", "where"),
                Field("mediators", "joined by `;`", pattern=LIST_PATTERN),
                _note(),
            ),
            ("agreement_id",),
        ),
        Table(
            "events",
            "a handover that took place, was cancelled, or is disputed",
            (
                _EVENT,
                _KIND,
                Field(
                    "date",
                    "day of the handover; first day of the month where only that is known",
                    "date",
                    True,
                ),
                Field("date_precision", "day or month", required=True, enum=("day", "month")),
                Field("status", "what became of it", required=True, enum=STATUSES),
                _id(
                    "deal_id",
                    "shared by the days of one deal; empty = a deal of its own",
                    required=False,
                ),
                _id(
                    "agreement_id",
                    "the record's own reading of the agreement it belongs to; who says so: `links`",
                    required=False,
                ),
                Field("mediators", "as pages name them, joined by `;`", pattern=LIST_PATTERN),
                Field("place", "where, as pages state it"),
                Field("category", "who was handed over, where that defines the event"),
                _note(),
            ),
            ("event_id",),
            (("agreement_id", "agreements"),),
        ),
        Table(
            "claims",
            "one statement: claimant, event, direction, part",
            (
                _id(
                    "claim_id",
                    "event.direction.claimant.part, `~2` for a second figure",
                    pattern=CLAIM_PATTERN,
                ),
                _EVENT,
                _CLAIMANT,
                Field("direction", "which side received", required=True, enum=DIRECTIONS),
                Field(
                    "part", "`total` or a named part", required=True, pattern=r"^[a-z][a-z0-9_]*$"
                ),
                Field(
                    "role",
                    "whole (part is `total`); "
                    "component (the claimant's components add up to its whole); "
                    "subset (of them)",
                    required=True,
                    enum=("whole", "component", "subset"),
                ),
                Field(
                    "count_low",
                    "printed number, or lower end of a printed range",
                    "integer",
                    minimum=0,
                ),
                Field(
                    "count_high",
                    "printed number, or upper end of a printed range",
                    "integer",
                    minimum=0,
                ),
                _qualifier(),
                Field(
                    "absence",
                    "zero: says none; withheld: confirmed, size not given; not_applicable",
                    enum=ABSENCES,
                ),
                Field(
                    "stated_date",
                    "day this claimant gives, where it differs from the event's",
                    "date",
                ),
                _id(
                    "corrects",
                    "the claim that this claimant itself took back with this one",
                    required=False,
                    pattern=CLAIM_PATTERN,
                ),
                _note(),
            ),
            ("claim_id",),
            (("event_id", "events"), ("claimant_id", "claimants"), ("corrects", "claims")),
        ),
        Table(
            "citations",
            "a page carrying a claim",
            (
                _id("claim_id", "the claim", pattern=CLAIM_PATTERN),
                _SOURCE,
                Field(
                    "date_basis",
                    "how the page fixes the day of the handover; "
                    "inferred = by its figures, no evidence for the day",
                    enum=("stated", "published", "weekday+published", "url", "inferred"),
                ),
            ),
            ("claim_id", "source_id"),
            (("claim_id", "claims"), ("source_id", "sources")),
        ),
        Table(
            "pledges",
            "what a claimant says was promised, per direction",
            (
                _id("pledge_id", "pledge-number"),
                _id("agreement_id", "the agreement"),
                _CLAIMANT,
                _KIND,
                Field(
                    "direction",
                    "which side is to receive; both = one figure for the two together",
                    required=True,
                    enum=(*DIRECTIONS, "both"),
                ),
                Field("quantity_low", "promised number, or lower end", "integer", minimum=0),
                Field("quantity_high", "promised number, or upper end", "integer", minimum=0),
                Field(
                    "qualifier",
                    "how it was worded; without a number: all = everyone of a category, none = nothing this way",
                    required=True,
                    enum=(*QUALIFIERS, "all", "none"),
                ),
                Field("until", "end of the window, where one is stated", "date"),
                Field(
                    "scope",
                    "narrower base than all that is promised under the agreement; empty = all",
                    pattern=r"^[a-z][a-z0-9_]*$",
                ),
                _note(),
            ),
            ("pledge_id",),
            (("agreement_id", "agreements"), ("claimant_id", "claimants")),
        ),
        Table(
            "links",
            "whether a handover belongs to an agreement, as one claimant has it",
            (
                _id("link_id", "link-number"),
                _id("agreement_id", "the agreement"),
                _EVENT,
                _id("claimant_id", "who says so; `curators` = read from days and figures only"),
                Field(
                    "stance",
                    "belongs: was under it; denies: was not; possible: fits by kind and days, no page read says so",
                    required=True,
                    enum=STANCES,
                ),
                _note(),
            ),
            ("link_id",),
            (
                ("agreement_id", "agreements"),
                ("event_id", "events"),
                ("claimant_id", "claimants"),
            ),
        ),
        Table(
            "schedules",
            "a planned day against what happened, who says so, who disputes it",
            (
                _id("schedule_id", "schedule-number"),
                _KIND,
                Field("planned_for", "day planned, where one is stated", "date"),
                _id(
                    "event_id",
                    "the handover it is about, if it is in the record",
                    False,
                    EVENT_PATTERN,
                ),
                _CLAIMANT,
                Field("statement", "what the claimant says of it", required=True, enum=STATEMENTS),
                _note(),
            ),
            ("schedule_id",),
            (("event_id", "events"), ("claimant_id", "claimants")),
        ),
        Table(
            "totals",
            "a running total somebody published",
            (
                _id("total_id", "total-number"),
                Field("as_of", "day the total speaks for", "date", True),
                _PRECISION,
                Field("since", "first day counted; empty = the page does not say", "date"),
                Field(
                    "since_basis",
                    "printed by the page, or fixed by arithmetic",
                    enum=("printed", "arithmetic"),
                ),
                _KIND,
                Field(
                    "unit", "what is counted", required=True, enum=("people", "bodies", "exchanges")
                ),
                Field(
                    "direction",
                    "both = the two directions together",
                    required=True,
                    enum=(*DIRECTIONS, "both"),
                ),
                Field("count", "the total", "integer", True, minimum=0),
                _qualifier(required=True),
                _CLAIMANT,
                Field(
                    "scope",
                    "narrower base than all handovers of the kind; empty = all",
                    pattern=r"^[a-z][a-z0-9_]*$",
                ),
                _note(),
            ),
            ("total_id",),
            (("claimant_id", "claimants"),),
        ),
        Table(
            "context",
            "a series for scale, never mixed with handovers",
            (
                _id("context_id", "context-number"),
                Field("series", "what is counted", required=True, pattern=r"^[a-z][a-z0-9_]*$"),
                Field("as_of", "day the figure speaks for", "date", True),
                _PRECISION,
                Field("count_low", "number, or lower end", "integer", minimum=0),
                Field("count_high", "number, or upper end", "integer", minimum=0),
                _qualifier(required=True),
                _CLAIMANT,
                _note(),
            ),
            ("context_id",),
            (("claimant_id", "claimants"),),
        ),
        Table(
            "mentions",
            "a page carrying a row of totals, pledges, links, schedules or context",
            (
                _id("row_id", "total-, pledge-, link-, schedule- or context- and number"),
                _SOURCE,
            ),
            ("row_id", "source_id"),
            (("source_id", "sources"),),
        ),
        Table(
            "coverage",
            "the days through which each kind has been searched, per side's statements",
            (
                _KIND,
                Field("side", "whose statements", required=True, enum=("ukraine", "russia")),
                Field("read_from", "first day", "date", True),
                Field("read_through", "last day", "date", True),
                Field(
                    "density",
                    "dense: silence can be read; thin: it cannot",
                    required=True,
                    enum=("dense", "thin"),
                ),
                Field(
                    "entered_on",
                    "day the stretch was declared read; "
                    "a past view holds only those entered by its day",
                    "date",
                    True,
                ),
                _note(),
            ),
            ("kind", "side", "read_from"),
        ),
        Table(
            "excluded",
            "content of a page that was read and left out, with the reason",
            (
                _id("excluded_id", "excluded-number"),
                Field("url", "address of the page", required=True, pattern=URL_PATTERN),
                Field("publisher", "who publishes it", required=True),
                Field("published_on", "day of publication; empty = undated", "date"),
                Field("reason", "why it was left out", required=True, enum=tuple(EXCLUSIONS)),
                _note(),
            ),
            ("excluded_id",),
        ),
        Table(
            "dossier",
            "where each line of the research dossier ended",
            (
                Field("file", "which dossier: its file's name", required=True, enum=DOSSIERS),
                Field("line", "line number in that dossier, from 1", "integer", True, minimum=1),
                Field(
                    "table",
                    "table that holds it",
                    required=True,
                    enum=(
                        "citations",
                        "totals",
                        "pledges",
                        "links",
                        "schedules",
                        "context",
                        "excluded",
                    ),
                ),
                _id("row_id", "id of the claim or row", pattern=CLAIM_PATTERN),
            ),
            ("file", "line", "row_id"),
        ),
    )
}

MENTIONED = {
    "totals": "total_id",
    "pledges": "pledge_id",
    "links": "link_id",
    "schedules": "schedule_id",
    "context": "context_id",
}


def _described(f: Field) -> dict[str, object]:
    limits: dict[str, object] = {}
    if f.required:
        limits["required"] = True
    if f.enum:
        limits["enum"] = list(f.enum)
    if f.pattern:
        limits["pattern"] = f.pattern
    if f.minimum is not None:
        limits["minimum"] = f.minimum
    return {
        "name": f.name,
        "type": f.type,
        "description": f.description,
        **({"constraints": limits} if limits else {}),
    }


def descriptor(version: str) -> dict[str, object]:
    """Return the Data Package v2 descriptor of the record as a JSON-ready dictionary.

    >>> len(descriptor("1.0")["resources"]) == len(TABLES)
    True
    """
    resources = []
    for t in TABLES.values():
        schema: dict[str, object] = {
            "fields": [_described(f) for f in t.fields],
            "fieldsMatch": "exact",
            "primaryKey": list(t.key),
            "missingValues": [{"value": "", "label": "not stated"}],
        }
        if t.references:
            schema["foreignKeys"] = [
                {
                    "fields": [column],
                    "reference": {"resource": target, "fields": [TABLES[target].key[0]]},
                }
                for column, target in t.references
            ]
        resources.append(
            {
                "name": t.name,
                "type": "table",
                "path": f"{t.name}.csv",
                "scheme": "file",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "description": t.description,
                "schema": schema,
            }
        )
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "repatria",
        "title": "Repatriations and prisoner exchanges between Russia and Ukraine",
        "description": "Claims, sources and events since 24 February 2022. "
        "Counts only, no names of persons handed over.",
        "version": version,
        "licenses": [
            {
                "name": "CC-BY-4.0",
                "title": "Creative Commons Attribution 4.0",
                "path": "https://creativecommons.org/licenses/by/4.0/",
            }
        ],
        "contributors": [{"title": "The Repatria maintainers", "roles": ["creator"]}],
        "resources": resources,
    }


def codebook() -> str:
    """Return the codebook's field tables as Markdown.

    >>> codebook().startswith("### `sources`")
    True
    """
    out = []
    for t in TABLES.values():
        out += [f"### `{t.name}`", "", f"One row is {t.description}.", ""]
        out += ["| column | type | required | meaning |", "|---|---|---|---|"]
        for f in t.fields:
            kind = " · ".join(f"`{v}`" for v in f.enum) if f.enum else f.type
            required = "key" if f.name in t.key else "yes" if f.required else ""
            out.append(f"| `{f.name}` | {kind} | {required} | {f.description} |")
        out.append("")
    return "\n".join(out)
