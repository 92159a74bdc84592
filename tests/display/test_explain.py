"""Explanations in words: nothing is left out, and text is text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from repatria.display import explain, shown

EVENT = "bodies-2025-06-16"


def test_every_claim_is_told_on_a_terminal_and_in_a_table(record: Any) -> None:
    for event_id in (EVENT, "prisoners-2022-09-21", "prisoners-2022-10", "prisoners-2024-01-24"):
        why = record.explain(event_id)
        text = explain.text(why)
        assert text.startswith(f"{event_id}: ")
        assert sum(line.startswith("  - ") for line in text.splitlines()) == len(why.claims)
        assert len(explain.claims(why).frame) == len(why.claims)
        assert all(f"[{n}]" in text for n in why.sentences)
        assert max(map(len, text.splitlines())) <= explain.WIDE


@pytest.mark.parametrize(
    ("event_id", "words"),
    [
        (EVENT, ["1,245 to Ukraine", "officials of both sides give a count", "Range: 1,245–1,248"]),
        ("prisoners-2024-01-24", ["(cancelled)", "Nobody to Ukraine"]),
        ("civilians-2026-03-06", ["To Ukraine: not reported.", "not the same as none"]),
        ("civilians-2025-12-20", ["size withheld", "none gives a number"]),
    ],
)
def test_what_is_said(record: Any, event_id: str, words: list[str]) -> None:
    text = " ".join(explain.text(record.explain(event_id)).split())
    assert [w for w in words if w not in text] == []


def test_a_lens_and_a_past_day_are_named(record: Any) -> None:
    head = explain.text(record.as_of("2025-06-30").explain(EVENT, "russia")).splitlines()
    assert "Russian claims only; as pages dated by 30 June 2025" in " ".join(head[:2])
    assert "Not heard through this lens." in " ".join(head)


def test_a_sum_says_what_is_not_in_it(record: Any) -> None:
    told = explain.summed(record.explain_sum("bodies"))
    assert "not in it: 2 size withheld and 31 not reported; 3 of those in it say none." in told
    table = explain.rows(record.explain_sum("prisoners"))
    assert "not in it: disputed" in set(table.frame["to Ukraine"])
    assert table.frame["event"].iloc[0] == record.events("prisoners")["event_id"].iloc[-1]
    assert "In the sum and not in it" in explain.text(record.explain_sum("bodies", since="2026"))


def test_a_sum_of_no_event_and_of_no_figure_is_no_zero(record: Any) -> None:
    none = record.explain_sum("civilians", since="2022", until="2022")
    assert "To Ukraine: no event on record." in explain.text(none) and explain.html(none)
    unknown = explain.summed(record.explain_sum("civilians", "russia", "2025", "2025"))
    assert "To Ukraine: no known figure in 7 events; not in it: 1 size withheld and 6" in unknown


def test_an_event_known_by_the_month_that_a_window_cuts_is_told(record: Any) -> None:
    months = record.events()
    month = months[
        (months["date_precision"] == "month").to_numpy() & months["to_ukraine"].notna()
    ].iloc[0]
    since = f"{month['date']:%Y-%m}-05"
    told = explain.summed(
        record.explain_sum(month["kind"], since=since, until=f"{month['date']:%Y-%m}")
    )
    assert "known only by a month that the window cuts" in told


def test_text_of_the_record_stays_text(build: Callable[..., Any]) -> None:
    bad = {"claimant_id": "press", "name": "<b>&", "office": "", "side": "third", "official": "no"}
    from conftest import CLAIMANTS

    claim = {
        "event_id": "bodies-2025-06-11",
        "claimant_id": "press",
        "direction": "to_ukraine",
        "n": 5,
    }
    others = [c for c in CLAIMANTS if c["claimant_id"] != "press"]
    r = build([("bodies-2025-06-11", "2025-06-11")], [claim], claimants=[])
    r.tables["claimants"]["name"] = "<b>&"
    html = explain.html(type(r)(r.tables, r.digest).explain("bodies-2025-06-11"))
    assert "<b>&" not in html and "&lt;b&gt;&amp;" in html
    assert bad and others


def test_an_explanation_shows_itself_in_a_notebook(record: Any) -> None:
    bundle = record.explain(EVENT)._repr_mimebundle_()
    assert f'id="event-{EVENT}"' in bundle["text/html"] and "<caption>" in bundle["text/html"]
    assert bundle["text/plain"] == repr(record.explain(EVENT))


def test_a_record_is_told_in_a_few_lines(record: Any) -> None:
    text = repr(record)
    assert len(text) < 1000 and text.count("\n") < 12
    for words in ("handovers of bodies", "Read through", record.digest[:12], "record.explain("):
        assert words in text
    bundle = record._repr_mimebundle_()
    assert len(bundle["text/html"]) < 2000 and "<code>record.events(" in bundle["text/html"]


def test_the_calls_it_offers_run(record: Any) -> None:
    import repatria as rp

    for call, _ in shown.summary(record)["next"]:
        assert eval(call, {"rp": rp, "record": record}) is not None


def test_an_empty_record_says_so(build: Callable[..., Any]) -> None:
    assert repr(build([], [])).startswith("Record: no event.")
