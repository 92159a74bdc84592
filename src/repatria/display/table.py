"""Tables for notebooks and reports: typed absence in words, escaped text, links to claims, CSV beside HTML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jinja2
import pandas as pd

from repatria.display.words import anchor, date, number
from repatria.record.names import inert

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






