"""Releases made without a kernel: notebooks whose outputs are asked of the objects themselves."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat

import repatria as rp
from repatria.report import site
from repatria.report.parameters import Parameters
from repatria.report.provenance import notebooks


def shown(thing: Any) -> Any:
    """Return a notebook's output of an object, as a kernel would have it."""
    # Tables bring their CSV, charts do without their SVG: drawing it takes a second.
    with mock.patch.dict(os.environ, {"REPATRIA_RELEASE": "1"} if hasattr(thing, "csv") else {}):
        bundle = thing._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return nbformat.v4.new_output("execute_result", data, metadata=metadata)


def executed(path: Path, title: str, **things: Any) -> Path:
    """Write an executed notebook: a question and its output (or what gives one) by cell id."""
    cells = [nbformat.v4.new_markdown_cell(title, id="title")]
    for name, thing in things.items():
        cells.append(nbformat.v4.new_markdown_cell(f"## What of {name}?", id=f"q-{name}"))
        output = thing if isinstance(thing, dict) else shown(thing)
        cells.append(nbformat.v4.new_code_cell("f()", id=name, outputs=[output]))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def books(folder: Path, record: Any) -> list[Path]:
    """Write a brief and a page of one question of a record."""
    bodies = record.events("bodies", since="2025-01-01")
    brief = rp.display.brief
    stems = shown(rp.charts.brief.bodies(bodies))  # drawn once
    return [
        executed(
            folder / "00_brief.ipynb",
            "# Who came home",
            short=brief.in_short(record),
            bodies=stems,
            latest=brief.latest(record),
            unknown=brief.not_known(record),
            reading=brief.how_to_read(record),
        ),
        executed(
            folder / "01_record.ipynb",
            "# The record\n\nWhat it holds.",
            totals=rp.display.events.events(bodies),
            steps=stems,
            again=stems,
        ),
        executed(
            folder / "02_asymmetry.ipynb", "# Asymmetry\n\nHow lopsided.", time=stems, lenses=stems
        ),
        executed(folder / "03_cadence.ipynb", "# Cadence\n\nHow often.", **{"stems-bodies": stems}),
        executed(
            folder / "04_pledges.ipynb",
            "# Pledges\n\nWhat was promised.",
            bullet=stems,
            afterwards=stems,
        ),
    ]


def standing(root: Path, record: Any, **facts: Any) -> Path:
    """Build a release of the record as it stands, of the stored notebooks, on its last day."""
    day = record.last_day.date()
    folder = root / day.isoformat()
    folder.mkdir(parents=True)
    known = {"name": folder.name, "published": day, "interval": 7}
    site.build(folder, notebooks(), record, Parameters(), known | facts)
    return folder


def release(root: Path, record: Any, day: str, **facts: Any) -> Path:
    """Build a release of the record as pages of a day carry it, published on that day."""
    folder = root / day
    folder.mkdir(parents=True)
    view = record.as_of(day)
    made = books(root.parent / f"books-{day}", view)
    known = {"name": day, "published": dt.date.fromisoformat(day), "interval": 7}
    site.build(folder, made, view, Parameters(as_of=day), known | facts)
    return folder
