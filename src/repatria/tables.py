"""Tables for notebooks and reports: typed absence in words, escaped text, links to claims, CSV beside HTML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jinja2
import pandas as pd

ABSENCE_WORDS = {
    "zero": "none",
    "withheld": "size withheld",
    "not_reported": "not reported",
    "not_applicable": "not applicable",
}
GRADE_WORDS = {
    "agreed": "both sides agree",
    "contested": "sides differ",
    "one_sided": "one side only",
    "reported": "no official",
    "undisclosed": "size withheld",
}

_TEMPLATE = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """\
{% if not rows %}
<p class="rp-note">{{ title }}: no row is known in this view.</p>
{% else %}
<div class="rp-table{{ ' rp-long' if rows | length > 15 }}" id="table-{{ name }}" role="region" aria-label="{{ title }}" tabindex="0">
<table>
<caption>{{ title }}</caption>
<thead><tr>
{% for c in columns %}
<th scope="col"{% if c in numeric %} class="n"{% endif %}>{{ c }}</th>
{% endfor %}
</tr></thead>
<tbody>
{% for row in rows %}
<tr>
{% for cell in row %}
{% if loop.first %}
<th scope="row"{% if columns[0] in days %} class="d"{% endif %}>{% if links[loop.index0] and cell %}<a href="#{{ anchor(cell) }}">{{ cell }}</a>{% else %}{{ cell }}{% endif %}</th>
{% else %}
<td{% if columns[loop.index0] in numeric %} class="n"{% elif columns[loop.index0] in days %} class="d"{% endif %}>{% if links[loop.index0] and cell %}<a href="#{{ anchor(cell) }}">{{ cell }}</a>{% else %}{{ cell }}{% endif %}</td>
{% endif %}
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% for note in notes %}
<p class="rp-note">{{ note }}</p>
{% endfor %}
{% endif %}
"""
)


def number(value: object) -> str:
    """Return a whole number with thousands separators, or an empty text for a missing one."""
    return "" if pd.isna(value) else f"{int(value):,}"  # type: ignore[call-overload]


def date(value: object) -> str:
    """Return an ISO day, or an empty text."""
    return "" if pd.isna(value) else f"{value:%Y-%m-%d}"


def span(low: object, high: object) -> str:
    """Return a range of counts as text: one number if both ends are equal, "n or more" if the end is open."""
    if pd.isna(low):
        return ""
    if pd.isna(high):
        return f"{number(low)} or more"
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def counted(value: object, absence: object) -> str:
    """Return a count, or the words for its absence: a missing number is never shown as zero or blank."""
    if pd.notna(absence):
        return ABSENCE_WORDS[str(absence)]
    return number(value)


def inert(value: object) -> object:
    """Return a cell that a spreadsheet reads as text: a leading formula character gets an apostrophe."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


@dataclass(frozen=True, eq=False)
class Table:
    """A table as the reader sees it.

    `frame` holds plain values (shown as `show` says, else by type), `links` names the columns whose cells
    are event ids, `notes` stand under the table. In a notebook it displays as HTML with a CSV beside it; `data`
    is what the CSV holds where the shown columns are joined for readers.
    """

    name: str
    title: str
    frame: pd.DataFrame
    links: Sequence[str] = ()
    notes: Sequence[str] = ()
    show: Mapping[str, str] = field(default_factory=dict)
    data: pd.DataFrame | None = None

    def _cell(self, column: str, value: object) -> str:
        if pd.isna(value) and pd.api.types.is_numeric_dtype(self.frame[column]):  # type: ignore[call-overload]
            return "–"  # visibly missing, not blank: a blank in a column of numbers reads as nothing
        if column in self.show:
            return "" if pd.isna(value) else self.show[column].format(value)
        if isinstance(value, pd.Timestamp | dt.date) or value is pd.NaT:
            return date(value)
        if pd.api.types.is_integer(value):
            return number(value)
        if pd.api.types.is_float(value):
            return "" if pd.isna(value) else f"{value:.3g}"
        return "" if value is None or value is pd.NA else str(value)

    def _repr_html_(self) -> str:
        f = self.frame
        numeric = [c for c in f.columns if pd.api.types.is_numeric_dtype(f[c])]
        days = [c for c in f.columns if pd.api.types.is_datetime64_any_dtype(f[c])]
        rows = [[self._cell(c, v) for c, v in zip(f.columns, row, strict=True)] for row in f.itertuples(index=False)]
        return _TEMPLATE.render(
            name=self.name,
            title=self.title,
            columns=list(f.columns),
            numeric=numeric,
            days=days,
            rows=rows,
            links=[c in self.links for c in f.columns],
            notes=self.notes,
            anchor=anchor,
        )

    def csv(self) -> str:
        """Return the table as CSV, with text that could be a formula made inert."""
        f = (self.frame if self.data is None else self.data).copy()
        for c in f.columns:
            if pd.api.types.is_datetime64_any_dtype(f[c]):
                f[c] = f[c].dt.strftime("%Y-%m-%d")
            elif not pd.api.types.is_numeric_dtype(f[c]):
                f[c] = f[c].map(inert)
        return f.to_csv(index=False, lineterminator="\n", float_format="%.6g")

    def __repr__(self) -> str:
        return f"{self.title}\n{self.frame.to_string(index=False)}"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        data = {"text/html": self._repr_html_(), "text/plain": repr(self), "text/csv": self.csv()}
        return data, {"text/csv": {"name": self.name}}


def anchor(event_id: str) -> str:
    """Return the page anchor of an event's claims."""
    return f"event-{event_id}"


def event_frame(events: pd.DataFrame) -> pd.DataFrame:
    """Return events as readers see them: counts or the words for their absence, range, grade and owner per direction."""
    out = pd.DataFrame({"event": events["event_id"], "date": events["date"], "kind": events["kind"].astype("str")})
    out["status"] = events["status"].astype("str").str.replace("_", " ")
    for direction, side in (("to_ukraine", "to Ukraine"), ("to_russia", "to Russia")):
        columns = [direction, f"{direction}_low", f"{direction}_high", f"{direction}_absence", f"{direction}_grade"]
        rows = list(events[columns].itertuples(index=False))
        out[side] = [counted(r[0], r[3]) for r in rows]
        out[f"{side}: range"] = ["" if pd.notna(r[2]) and r[1] == r[2] else span(r[1], r[2]) for r in rows]
        out[f"{side}: grade"] = [GRADE_WORDS.get(r[4], "") for r in rows]
        out[f"{side}: count by"] = events[f"{direction}_claimant"].fillna("").to_numpy()
    return out.reset_index(drop=True)


def events(frame: pd.DataFrame, name: str = "events", title: str = "Handovers", newest: int | None = None) -> Table:
    """Return the table of events, newest first; `newest` keeps that many rows and says so.

    Shown: event and, per direction, the count or its absence with range, grade and owner. The CSV has them apart.
    """
    data = event_frame(frame.sort_values(["date", "event_id"], ascending=False))
    if newest is not None and len(data) > newest:
        title = f"{title}: the newest {newest} of {len(data)}"
        data = data.head(newest)
    shown = data[["event"]].copy()
    for side in ("to Ukraine", "to Russia"):
        parts = data[[side, f"{side}: range", f"{side}: grade", f"{side}: count by"]].itertuples(index=False)
        shown[side] = [
            "; ".join(dict.fromkeys(x for x in (figure, wide and f"published claims {wide}", grade, owner) if x))
            for figure, wide, grade, owner in parts
        ]
    return Table(name, title, shown, links=["event"], data=data)
