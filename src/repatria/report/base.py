"""What all parts of the report share: its error, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["ReportError", "Say"]

Say = Callable[[str], object]  # takes one line of progress


class ReportError(RuntimeError):
    """A report that could not be made; the message says which notebook and cell, and why."""
