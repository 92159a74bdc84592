"""Asking: three pages by answering, refusals asked again, and nothing written without a yes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import repatria as rp
from repatria import cli
from repatria.curate import interview
from repatria.curate.interview import Offer
from repatria.curate.models import Handover, Page
from repatria.record.fingerprint import of_data

EVENT = "bodies-2025-03-28"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_terminal", lambda: True)


THREE = [
    "bodies",
    "2025-04-18",
    "",
    "",
    "",
    "Novi Yarylovychi",
    "",
    # first page: a wrong kind of tier is asked for again, an unknown claimant leads to a new one
    "http://[",
    "https://rada.example/1?fbclid=1",
    "Rada",
    "2025-04-18",
    "",
    "uk",
    "blog",
    "official",
    "whole",
    "stated",
    "Verkhovna: to_ukraine 909",
    "new",
    "rada",
    "Verkhovna Rada",
    "parliament",
    "ukraine",
    "yes",
    "",
    "",
    # second page: the same statement by its number, and one of the other side
    "https://paper.example/2025/04/19/2",
    "Paper",
    "",
    "",
    "en",
    "press",
    "",
    "published",
    "1",
    "moscow: to_russia 41",
    "",
    "",
    # third page: a line that cannot be read is asked for again; a name is found
    "https://paper.example/3",
    "",
    "-",
    "",
    "",
    "headline",
    "stated",
    "gibberish",
    "Moscow office: to_ukraine 909",
    "moscow: to_ukraine nearly 5",
    "n",
    "moscow: to_ukraine women 5",
    "y",
    "",
    "moscow: to_ukraine 7 000",
    "moscow: to_ukraine 7,000",
    "",
    "",
    # how far was searched
    "soon",
    "2025-04-20 ukraine",
    "",
]


def test_three_pages_by_answering(data: Path, run: Any) -> None:
    result = run(input="\n".join([*THREE, "y", ""]))
    assert result.exit_code == 0, result.output
    loaded = rp.load(data)
    event = loaded.events().set_index("event_id").loc["bodies-2025-04-18"]
    assert (event["to_ukraine"], event["to_ukraine_grade"], event["to_russia"]) == (
        909,
        "agreed",
        41,
    )
    assert event["place"] == "Novi Yarylovychi" and loaded.totals()["claimant_id"].tolist() == [
        "moscow"
    ]
    pages = loaded.citations(event_id="bodies-2025-04-18").drop_duplicates("source_id")
    assert len(loaded.citations(event_id="bodies-2025-04-18")) == 5
    known = dict(zip(pages["seen"], pages["dated_by"], strict=True))
    assert known == {"whole": "printed", "part": "address", "headline": "none"}
    assert loaded.totals()["count"].tolist() == [7000]
    assert loaded.coverage()["read_through"].max().isoformat()[:10] == "2025-04-20"
    assert "is not one of them" in result.output and "is not an address" in result.output
    assert "'soon' is not understood" in result.output
    assert "'000' is not a whole number" in result.output and "not taken" in result.output


@pytest.mark.parametrize("last", [["n", ""], []])
def test_no_or_a_closed_terminal_writes_nothing(last: list[str], data: Path, run: Any) -> None:
    before = of_data(data)
    run(input="\n".join([*THREE, *last]))
    assert of_data(data) == before and not list(data.glob(".pending*"))


def test_a_page_on_an_event_of_record_by_answering(data: Path, run: Any) -> None:
    answers = ["https://paper0.example/1", "stated", "1", "", "", "", ""]
    result = run("--event", EVENT, input="\n".join([*answers, "y", ""]))
    assert (
        "on record: paper0-example-" in result.output
        and "1 = moscow: to_russia 65" in result.output
    )
    assert (
        "published before the event" in result.output and result.exit_code == 1
    )  # that page is from January
    (kept,) = re.findall(r"answers are in (\S+): correct", result.stderr)
    answers = json.loads(Path(kept).read_text(encoding="utf-8"))
    Path(kept).unlink()
    answers["pages"][0]["url"] = "https://paper10.example/1"  # a page of the right day
    assert run("--from", "-", input=json.dumps(answers)).exit_code == 0


OFFERS = (
    Offer(
        Page(
            url="https://paper.example/1",
            publisher="Paper",
            published_on="2025-04-18",
            language="en",
            tier="press",
            dated_by="feed",
        ),
        (("each", 95, "exact", "95 each"), ("", 190, "more_than", "swap of 190")),
    ),
    Offer(Page(url="https://paper.example/2", publisher="Paper", published_on="2025-04-19")),
    Offer(Page(url="https://paper.example/3", publisher="Paper", published_on="2025-04-19")),
)


def asked(data: Path, monkeypatch: pytest.MonkeyPatch, *answers: str) -> Handover:
    """Answer an interview about the offers; the answers are all used up."""
    given = iter(answers)

    def prompt(text: str, default: str = "", **_: Any) -> str:
        return next(given) or str(default)

    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: next(given) == "y")
    found = interview.run(data, Handover(kind="bodies"), OFFERS)
    assert list(given) == []
    return found


def test_offered_pages_are_taken_left_out_or_left_for_later(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = ["take", "leave", "rumour", "out_of_scope", "another war", "later"]
    event = ["", "", "", "", "", ""]  # the day is the first page's
    first = ["y", "", "", "", "moscow", "no", "", ""]
    found = asked(data, monkeypatch, *pages, *event, *first, "", "")
    assert (found.date, [p.url for p in found.pages]) == ("2025-04-18", [OFFERS[0].page.url])
    assert found.pages[0].dated_by == "feed"
    claims = [(s.claimant, s.direction, s.count) for s in found.pages[0].claims]
    assert claims == [("moscow", "to_ukraine", (95, 95)), ("moscow", "to_russia", (95, 95))]
    (left,) = found.refused
    assert (left.url, left.reason) == ("https://paper.example/2", "out_of_scope")


def test_a_suggestion_without_its_way_is_asked_and_without_a_speaker_is_no_claim(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = ["", "", "", "", "", ""]
    first = ["y", "", "", "no", "to_ukraine", "moscow", "", ""]
    found = asked(data, monkeypatch, "take", "later", "later", *event, *first, "", "")
    (claim,) = found.pages[0].claims
    assert (claim.direction, claim.count, claim.qualifier) == (
        "to_ukraine",
        (190, 190),
        "more_than",
    )


def test_nothing_taken_asks_nothing_more(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(data, monkeypatch, "later", "leave", "poor_page", "", "later")
    assert found.pages == [] and len(found.refused) == 1
