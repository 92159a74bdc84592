"""The table whose links lead to what is behind each event."""

from __future__ import annotations

import re
from typing import Any

from repatria.explore import linked


def test_every_link_of_the_table_leads_to_its_event(record: Any) -> None:
    page = linked(record, record.events("prisoners", since="2026"))
    html = page._repr_html_()
    links = re.findall(r'href="#(event-[\w-]+)"', html)
    ids = re.findall(r'id="(event-[\w-]+)"', html)
    assert len(links) > 5 and links == ids
    assert html.count("<details open>") == len(ids)
    assert repr(page).startswith("Handovers, each a link")


def test_no_event_no_link(record: Any) -> None:
    page = linked(record, record.events("bodies", since="2022-03", until="2022-03"))
    assert "no row is known" in page._repr_html_() and "<details open>" not in page._repr_html_()


def test_the_lens_of_the_events_is_that_of_their_claims(record: Any) -> None:
    events = record.events("bodies", lens="russia", since="2026")
    assert "Russian claims only" in linked(record, events)._repr_html_()
