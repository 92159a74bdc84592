"""The shape of the record: one declaration per table, in schema.toml, from which everything else is derived.

The loader's checks, `data/datapackage.json` (Data Package v2) and the field tables of the codebook
all come from `TABLES`, so the three cannot disagree.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    "resource",
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
    """
    archive.is archive.org archive.ph bsky.app dailymotion.com drive.google.com dzen.ru
    example.org facebook.com github.com instagram.com linkedin.com medium.com msn.com
    news.google.com news.yahoo.com odysee.com ok.ru pastebin.com raw.githubusercontent.com
    reddit.com rumble.com rutube.ru scribd.com t.me telegra.ph teletype.in threads.net tiktok.com
    twitter.com vimeo.com vk.com web.archive.org x.com yahoo.com youtu.be youtube.com
    zen.yandex.ru
    """.split()
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
    """A column: its name, type (string, integer, date), meaning and constraints."""

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


def _declared() -> dict[str, Table]:
    """Return the tables that schema.toml declares; a constraint in capitals is a name of this module."""

    def named(value: Any) -> Any:
        known = globals().get(value, value) if isinstance(value, str) else value
        return known if isinstance(known, str) else tuple(known)

    def field(name: str, told: dict[str, Any]) -> Field:
        own = {c: named(told.pop(c)) for c in ("enum", "pattern") if c in told}
        return Field(name, told.pop("is"), **told, **own)

    text = Path(__file__).with_suffix(".toml").read_text("utf-8")
    return {
        name: Table(
            name,
            told["is"],
            tuple(field(*column) for column in told["columns"].items()),
            tuple(told["key"]),
            tuple(told.get("references", {}).items()),
        )
        for name, told in tomllib.loads(text).items()
    }


TABLES = _declared()

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


def resource(t: Table, bound: bool = True) -> dict[str, Any]:
    """Return a table as the descriptor describes it, `bound` by its columns' constraints and references.

    >>> resource(TABLES["events"])["schema"]["primaryKey"]
    ['event_id']
    """
    fields = [_described(f) for f in t.fields]
    if not bound:
        fields = [{k: f[k] for k in ("name", "type", "description")} for f in fields]
    schema: dict[str, Any] = {
        "fields": fields,
        "fieldsMatch": "exact",
        "primaryKey": list(t.key),
        "missingValues": [{"value": "", "label": "not stated"}],
    }
    if bound and t.references:
        schema["foreignKeys"] = [
            {"fields": [column], "reference": {"resource": to, "fields": [TABLES[to].key[0]]}}
            for column, to in t.references
        ]
    return {
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


def descriptor(version: str) -> dict[str, object]:
    """Return the Data Package v2 descriptor of the record as a JSON-ready dictionary.

    >>> len(descriptor("1.0")["resources"]) == len(TABLES)
    True
    """
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
        "resources": [resource(t) for t in TABLES.values()],
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
