"""What the preview of an addition says of the days searched: each sentence in its smallest, usual and broken case."""

from __future__ import annotations

from typing import Any

import jinja2
import pandas as pd
import pytest

from repatria.display.words import say

DAY = pd.Timestamp("2025-03-31")
LATER = pd.Timestamp("2025-04-20")
USUAL: dict[str, Any] = dict(
    kind="bodies",
    side="ukraine",
    before=DAY,
    after=LATER,
    density="thin",
    unread=((pd.Timestamp("2025-04-21"), pd.Timestamp("2025-05-02")),),
    newest=pd.Timestamp("2025-04-18"),
)


@pytest.mark.parametrize("name", USUAL)
def test_a_missing_number_is_an_error(name: str) -> None:
    given = {k: v for k, v in USUAL.items() if k != name}
    if name == "density":
        given["after"] = LATER
    with pytest.raises(jinja2.UndefinedError):
        say("changes/searched", **given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {},
            "bodies, statements of Ukraine: searched through 2025-03-31 → 2025-04-20 (thin); "
            "unread: 2025-04-21 to 2025-05-02",
        ),
        (
            {"before": LATER, "unread": ()},
            "bodies, statements of Ukraine: searched through 2025-04-20",
        ),
        (
            {"before": None, "unread": ((DAY, DAY), (LATER, LATER))},
            "bodies, statements of Ukraine: searched through nothing → 2025-04-20 (thin); "
            "unread: 2025-03-31, 2025-04-20",
        ),
        (
            {"before": None, "after": None, "density": "", "unread": ()},
            "bodies, statements of Ukraine: nothing is marked as searched. "
            "The newest handover lies beyond it: say how far was searched with --searched-through",
        ),
        (
            {"before": DAY, "after": DAY, "unread": ()},
            "bodies, statements of Ukraine: searched through 2025-03-31. "
            "The newest handover lies beyond it: say how far was searched with --searched-through",
        ),
    ],
)
def test_how_far_was_searched(given: dict[str, Any], expected: str) -> None:
    assert say("changes/searched", **USUAL | given) == expected
