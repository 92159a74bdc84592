"""Status: which release is the newest, through which day the record was read, and whether that is too old."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from repatria.record.fingerprint import of_data
from repatria.report import publish
from repatria.report.base import ReportError

__all__ = ["Status", "of"]


@dataclass(frozen=True)
class Status:
    """The newest release.

    published, read_through  its days; the record is read through the day of the kind that is read least far
    unread                   days from then to `today`
    harmed                   files that are not as they were published
    outdated                 whether the record has changed since
    broken                   what is wrong with it, then: no report can be made
    """

    name: str
    published: str
    read_through: str
    unread: int
    harmed: tuple[str, ...]
    outdated: bool
    broken: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return it as lines of text."""
        out = [
            f"newest release: {self.name}, published on {self.published}",
            f"read through: {self.read_through}, {self.unread} days unread",
        ]
        if self.broken:
            more = f" and {len(self.broken) - 1} more" if len(self.broken) > 1 else ""
            out.append(f"the record has errors: {self.broken[0]}{more}")
        elif self.outdated:
            out.append("the record has changed since: run `repatria report`")
        if self.harmed:
            out.append(f"not as published: {', '.join(self.harmed)}")
        return out


def of(out: Path, data: Path, today: str) -> Status:
    """Return the status of the reports in `out` against the record in `data`.

    Raises ReportError if there is no release, or none that says what it is.
    """
    folder = publish.newest(out)
    if folder is None:
        raise ReportError(f"{out}: no release")
    held = publish.manifest(folder)
    try:
        through = min(held["read_through"].values())
        age = dt.date.fromisoformat(today) - dt.date.fromisoformat(through)
        digest, on = held["inputs"]["data"], held["on"]
        if dt.date.fromisoformat(on) > dt.date.fromisoformat(today):
            raise ReportError(f"{folder}: of a day after today, {today}: no newer one can follow")
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReportError(f"{folder / publish.MANIFEST}: damaged, or of an older version") from None
    harmed, outdated = tuple(publish.harmed(folder)), digest != of_data(data)
    broken: tuple[str, ...] = ()
    if outdated:
        from repatria.record.files import inspect  # not above: it loads pandas

        broken = tuple(map(str, inspect(data, warnings=False)[2]))
    return Status(folder.name, on, through, age.days, harmed, outdated, broken)
