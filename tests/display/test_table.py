"""Tables: absence in words, hostile text inert in HTML and CSV."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from repatria.display.events import event_frame
from repatria.display.table import Table, led

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
    html = Table(
        text, text, pd.DataFrame({text: [text], "n": [1]}), links=[text], notes=[text]
    )._repr_html_()
    page = Elements()
    page.feed(html)
    assert page.tags <= {
        "div",
        "table",
        "caption",
        "span",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "p",
        "code",
        "style",
    }
    assert text in page.text, "shown as written"


@pytest.mark.parametrize("text", FORMULAE)
def test_formulae_are_inert_in_csv(text: str) -> None:
    lines = Table("t", "t", pd.DataFrame({"note": [text], "n": [-1]})).csv()
    assert f"'{text}" in lines
    assert lines.rstrip().endswith(",-1"), "numbers stay numbers"


def test_an_empty_table_says_so() -> None:
    html = Table("t", "Nothing", pd.DataFrame({"a": []}))._repr_html_()
    assert "no row is known" in html and "<table" not in html


def test_spanners_and_groups_have_scopes_and_lose_no_cell() -> None:
    frame = pd.DataFrame(
        {
            "day": ["2 June", "11 June", "1 July"],
            "month": ["June", "June", "July"],
            "to Ukraine: count": [1, 2, 3],
            "to Ukraine: by": ["a", "b", "c"],
            "note": ["x", "y", "z"],
        }
    )
    spanners = {"to Ukraine": ["to Ukraine: count", "to Ukraine: by"]}
    html = Table("t", "t", frame, spanners=spanners, groups="month")._repr_html_()
    assert '<th scope="colgroup" colspan="2">to Ukraine</th>' in html
    assert '<th scope="col" class="n">count</th>' in html
    assert html.count('scope="col" rowspan="2"') == 2
    assert html.count('scope="rowgroup" colspan="4"') == 2 and html.index(">June<") < html.index(
        ">July<"
    )
    assert html.count('scope="row"') == 3 and html.count("<td") == 9


def test_headers_have_scope_and_the_csv_rides_along_into_a_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Table(
        "name", "Title", pd.DataFrame({"event": ["bodies-2025-06-11"], "n": [1]}), ["event"]
    )
    monkeypatch.delenv("REPATRIA_RELEASE", raising=False)
    assert "text/csv" not in table._repr_mimebundle_()[0]
    monkeypatch.setenv("REPATRIA_RELEASE", "1")
    data, meta = table._repr_mimebundle_()
    assert 'scope="col"' in data["text/html"] and 'scope="row"' in data["text/html"]
    assert data["text/csv"].startswith("event,n\n") and meta["text/csv"]["name"] == "name"


def test_an_event_leads_nowhere_until_there_is_something_to_lead_to() -> None:
    frame = pd.DataFrame({"day": [pd.NaT, pd.Timestamp("2025-06-11")], "id": [None, "bodies-1"]})
    html = Table("t", "t", frame, links=["day"], ids="id")._repr_html_()
    assert "href" not in html and 'record.explain("bodies-1")' in html
    there = led(html, "events/{}.html")
    assert '<a href="events/bodies-1.html">2025-06-11</a>' in there and "record." not in there
    assert there.count("<a ") == 1 and "rp-event" not in there
    none = Table("t", "t", frame.head(0), links=["day"], ids="id")._repr_html_()
    assert "record." not in none and "no row" in none


def test_the_event_table_shows_no_blank_for_an_unknown_count(record: Any) -> None:
    frame = event_frame(record.events(cancelled=True, disputed=True))
    assert (frame["to Ukraine"] != "").all() and (frame["to Russia"] != "").all()
    assert set(frame.loc[frame["event"] == "prisoners-2025-06-09", "to Ukraine"]) == {
        "size withheld"
    }


def test_a_table_does_not_change_its_frame() -> None:
    frame = pd.DataFrame({"a": ["=1"], "d": pd.to_datetime(["2025-01-01"])})
    copy = frame.copy(deep=True)
    t = Table("t", "t", frame)
    t.csv(), t._repr_html_(), repr(t)
    pd.testing.assert_frame_equal(frame, copy)


def test_a_row_that_begins_without_a_value_has_no_empty_head() -> None:
    frame = pd.DataFrame({"day": pd.to_datetime(["2025-06-11", None]), "n": [1, 2]})
    html = Table("t", "T", frame)._repr_html_()
    assert html.count('<th scope="row"') == 1 and '<td class="d"></td>' in html


def test_a_cell_leads_to_its_page_and_one_without_to_none() -> None:
    frame = pd.DataFrame({"total": ["5", "6"], "page": ["https://example.org/?a=1&b", ""]})
    table = Table("t", "T", frame, pages={"total": "page"})
    html = table._repr_html_()
    own = '<a href="https://example.org/?a=1&amp;b" rel="noopener noreferrer nofollow">5</a>'
    assert own in html and html.count("<a ") == 1 and "page</th>" not in html
    assert "https://example.org" in table.csv()
