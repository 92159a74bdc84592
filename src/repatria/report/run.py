"""Making a report: inputs, notebooks, page, publishing, in this order; a failure leaves the last one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repatria.record.fingerprint import data_folder
from repatria.report import provenance, publish
from repatria.report.base import Say
from repatria.report.parameters import Parameters

__all__ = ["Outcome", "make"]


@dataclass(frozen=True)
class Outcome:
    """Where a report is, and whether it was made now or was still good."""

    folder: Path
    made: bool


def make(
    parameters: Parameters,
    out: Path,
    say: Say = print,
    force: bool = False,
    books: Sequence[Path] | None = None,
) -> Outcome:
    """Make the report for `parameters` under `out`, unless the one there has the same inputs.

    `books` are the notebooks, by default the project's own.
    Raises RecordError for a bad record and ReportError, naming notebook and cell, for a failing run; the
    failed notebook is kept in `out/failed/<as_of>/`.
    """
    books = provenance.notebooks() if books is None else books
    inputs = provenance.inputs(parameters, data_folder(), books)
    key = provenance.run_key(inputs)
    if not force and (there := publish.found(out, key)):
        say(f"nothing changed: {there}")
        publish.point(out, "latest", there.name)
        return Outcome(there, made=False)

    from repatria.record.view import load
    from repatria.report import kernels, site

    whole = load()
    record = whole.as_of(parameters.as_of)
    name = _name(parameters, record, whole, key)
    os.environ["REPATRIA_RELEASE"] = "1"  # kernels draw charts as files too
    with publish.workshop(out) as work:
        executed = kernels.execute_all(books, parameters.given(), work, out / "failed" / name, say)
        folder = work / "page"
        folder.mkdir()
        say("page: writing")
        site.build(folder, executed, record, parameters, {"name": name, "inputs": inputs})
        publish.seal(folder, inputs, key)
        return Outcome(publish.put(folder, out, name, key), made=True)


def _name(parameters: Parameters, record: Any, whole: Any, key: str) -> str:
    """Return a report's name: its day; with other parameters than the day, its key too."""
    label = f"{record.last_day:%Y-%m-%d}"
    # The record as it stands and the past view of its last day (no undated pages) are two reports.
    past_twin = bool(parameters.as_of) and record.last_day == whole.last_day
    plain = parameters == Parameters(as_of=parameters.as_of) and not past_twin
    return label if plain else f"{label}-{key[:8]}"
