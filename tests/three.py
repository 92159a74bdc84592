"""Three small handovers that claims differ on: of bodies, and twice of prisoners."""

from __future__ import annotations

from typing import Any


def claim(
    event_id: str, n: int | None, who: str, direction: str = "to_ukraine", **more: Any
) -> dict[str, Any]:
    row = {"event_id": event_id, "claimant_id": who, "direction": direction, "n": n} | more
    return row if n is not None or "count_low" in more else row | {"absence": "withheld"}


FIRST, SECOND, THIRD = "bodies-2023-02-10", "prisoners-2023-03-05", "prisoners-2024-01-07"
EVENTS = [(e, e.partition("-")[2]) for e in (FIRST, SECOND, THIRD)]
CLAIMS = [
    claim(FIRST, 10, "kyiv"),
    claim(FIRST, 12, "moscow", on="2023-02-12"),
    claim(FIRST, 8, "press", qualifier="more_than", on="2023-03-01"),
    claim(FIRST, 0, "moscow", "to_russia", on="2023-02-12"),
    claim(SECOND, None, "kyiv", on=""),
    claim(SECOND, 5, "broker", "to_russia", on="2023-03-05"),
    claim(THIRD, 7, "press", on="2024-01-07"),
]
