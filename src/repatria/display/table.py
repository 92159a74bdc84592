"""Tables for notebooks and reports: escaped text, links to claims, spanners and groups, as CSV too."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import pandas as pd
from markupsafe import Markup

from repatria.display.words import date, number, plural, templates
from repatria.record.names import inert

__all__ = ["Table", "led"]

_EVENT = re.compile(r'<span class="rp-event" title="([\w-]+)">(.*?)</span>')
_WAY = re.compile(r'<(p|style) class="(?:rp-note )?rp-way">.*?</\1>\s*', re.S)


def led(html: str, address: str) -> str:
    """Return tables as HTML with their events as links: to `address`, in which {} is an event's id.

    A notebook has no page an event: there a table names the id, and says under it how to go on. This
    is left out, and what undoes JupyterLab's look.

    >>> led('<span class="rp-event" title="bodies-2025-06-11">11 June</span>', "#event-{}")
    '<a href="#event-bodies-2025-06-11">11 June</a>'
    """
    return _EVENT.sub(lambda m: f'<a href="{address.format(m[1])}">{m[2]}</a>', _WAY.sub("", html))


@dataclass(frozen=True, eq=False)
class Table:
    """A table as the reader sees it; in a notebook it displays as HTML, in a release with its CSV beside it.

    `frame` holds plain values (shown as `show` says, else by type). `links` names the columns whose cells are
    event ids (`led` makes links of them, where there is something to lead to), `notes` stand under the table. `spanners` puts a heading over neighbouring columns, {"to Ukraine":
    ["to Ukraine: count", "to Ukraine: by"]}; the heading and its colon are then left out of the columns' own heads.
    `ids` names a column of event ids that is not shown: cells of `links` then lead to these and read as they are.
    `pages` leads a column's cells to addresses in another, not shown: {"total": "page"}; the CSV has both.
    `groups` names a column whose values head groups of rows, in order of first appearance. `data` is what the CSV
    holds where the shown columns are joined for readers; else it holds `frame`.

    >>> t = Table("days", "By day", pd.DataFrame({"day": ["11 June 2025"], "bodies": [1212]}))
    >>> print(t.csv())
    day,bodies
    11 June 2025,1212
    <BLANKLINE>
    """

    name: str
    title: str
    frame: pd.DataFrame
    links: Sequence[str] = ()
    notes: Sequence[str] = ()
    show: Mapping[str, str] = field(default_factory=dict)
    data: pd.DataFrame | None = None
    spanners: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: str = ""
    ids: str = ""
    pages: Mapping[str, str] = field(default_factory=dict)

    def _cell(self, column: str, value: object) -> str:
        if pd.isna(value) and pd.api.types.is_numeric_dtype(self.frame[column]):  # type: ignore[call-overload]
            return "–"  # visibly missing: a blank in a column of numbers reads as nothing
        if column in self.show:
            return "" if pd.isna(value) else self.show[column].format(value)
        if isinstance(value, pd.Timestamp | dt.date) or value is pd.NaT:
            return date(value)
        if pd.api.types.is_integer(value):
            return number(value)
        if pd.api.types.is_float(value):
            return "" if pd.isna(value) else f"{value:.3g}"
        return "" if value is None or value is pd.NA else str(value)

    def _column(self, name: str) -> dict[str, Any]:
        """Return a column for the template: label, spanner, class by type, whether its cells are links."""
        spanner = next((s for s, columns in self.spanners.items() if name in columns), None)
        values = self.frame[name]
        css = ""
        if pd.api.types.is_numeric_dtype(values):
            css = ' class="n"'
        elif pd.api.types.is_datetime64_any_dtype(values):
            css = ' class="d"'
        label = name if spanner is None else name.removeprefix(f"{spanner}: ")
        return {"label": label, "spanner": spanner, "css": Markup(css), "links": name in self.links}

    def _repr_html_(self) -> str:
        unseen = {self.groups, self.ids, *self.pages.values()} - {""}
        f = self.frame.drop(columns=list(unseen))
        columns = [self._column(c) for c in f.columns]
        groups = self.frame[self.groups] if self.groups else [""] * len(f)
        ids = self.frame[self.ids] if self.ids else [""] * len(f)
        none = [""] * len(f)
        pages = [self.frame[self.pages[c]] if c in self.pages else none for c in f.columns]
        rows = [
            {
                "group": g,
                "id": i,
                "cells": [
                    (column, self._cell(c, v), page)
                    for column, c, v, page in zip(columns, f.columns, row, to, strict=True)
                ],
            }
            for g, i, row, *to in zip(groups, ids, f.itertuples(index=False), *pages, strict=True)
        ]
        heads = [
            {"label": label, "columns": list(part)}
            for label, part in groupby(columns, key=lambda c: c["spanner"])
        ]
        return (
            templates()
            .get_template("table.html.j2")
            .render(
                name=self.name,
                title=self.title,
                columns=columns,
                heads=heads,
                spanned=bool(self.spanners),
                bodies=[
                    (str(g), list(part)) for g, part in groupby(rows, key=lambda r: r["group"])
                ],
                grouped=bool(self.groups),
                count=len(rows),
                notes=self.notes,
                first=self._first(),
            )
        )

    def _first(self) -> str:
        """Return the first event that the table's cells stand for, or an empty text."""
        ids = self.frame[self.ids or next(iter(self.links))] if self.links else ()
        return next((str(i) for i in ids if pd.notna(i) and i), "")

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
        rows = plural(len(self.frame), "row")
        data = {
            "text/html": self._repr_html_(),
            "text/plain": f"{self.title}: {rows}",
        }
        # A release offers each table as a file; a stored notebook would only grow.
        if not os.environ.get("REPATRIA_RELEASE"):
            return data, {}
        return data | {"text/csv": self.csv()}, {"text/csv": {"name": self.name}}
