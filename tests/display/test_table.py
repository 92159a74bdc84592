"""Tables: absence in words, hostile text inert in HTML and CSV."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from repatria.display import table as tables
from repatria.display.table import Table

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "{% raw %}",
    "&lt;b&gt;",
    "a\x1b[31mb",
]
FORMULAE = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"]


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        assert not [k for k, _ in attrs if k.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_in_html(text: str) -> None:
    html = Table(text, text, pd.DataFrame({text: [text], "n": [1]}), links=[text], notes=[text])._repr_html_()
    page = Elements()
    page.feed(html)
    assert page.tags <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "a"}
    assert text in page.text, "shown as written"


@pytest.mark.parametrize("text", FORMULAE)
def test_formulae_are_inert_in_csv(text: str) -> None:
    lines = Table("t", "t", pd.DataFrame({"note": [text], "n": [-1]})).csv()
    assert f"'{text}" in lines
    assert lines.rstrip().endswith(",-1"), "numbers stay numbers"


def test_an_empty_table_says_so() -> None:
    html = Table("t", "Nothing", pd.DataFrame({"a": []}))._repr_html_()
    assert "no row is known" in html and "<table" not in html


@pytest.mark.parametrize(
    ("value", "absence", "shown"),
    [(0, "zero", "none"), (pd.NA, "withheld", "size withheld"), (pd.NA, "not_reported", "not reported"),
     (pd.NA, "not_applicable", "not applicable"), (1212, None, "1,212")],
)  # fmt: skip
def test_four_absences_have_four_words(value: object, absence: object, shown: str) -> None:
    assert tables.counted(value, absence) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"), [(5, 5, "5"), (1245, 1248, "1,245–1,248"), (35, pd.NA, "35 or more"), (pd.NA, pd.NA, "")]
)
def test_spans(low: object, high: object, shown: str) -> None:
    assert tables.span(low, high) == shown


def test_headers_have_scope_and_the_csv_rides_along() -> None:
    data, meta = Table(
        "name", "Title", pd.DataFrame({"event": ["bodies-2025-06-11"], "n": [1]}), ["event"]
    )._repr_mimebundle_()
    assert 'scope="col"' in data["text/html"] and 'scope="row"' in data["text/html"]
    assert 'href="#event-bodies-2025-06-11"' in data["text/html"]
    assert data["text/csv"].startswith("event,n\n") and meta["text/csv"]["name"] == "name"


def test_the_event_table_shows_no_blank_for_an_unknown_count(record: Any) -> None:
    frame = tables.event_frame(record.events(cancelled=True, disputed=True))
    assert (frame["to Ukraine"] != "").all() and (frame["to Russia"] != "").all()
    assert set(frame.loc[frame["event"] == "prisoners-2025-06-09", "to Ukraine"]) == {"size withheld"}


def test_a_table_does_not_change_its_frame() -> None:
    frame = pd.DataFrame({"a": ["=1"], "d": pd.to_datetime(["2025-01-01"])})
    copy = frame.copy(deep=True)
    t = Table("t", "t", frame)
    t.csv(), t._repr_html_(), repr(t)
    pd.testing.assert_frame_equal(frame, copy)
