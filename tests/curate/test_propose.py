"""What is proposed: refusals first, then rows used again, ids, dating, corrections, what was searched."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import repatria as rp
from repatria.curate import models
from repatria.curate.book import Book, day_in, source_id, without_clicks
from repatria.curate.models import CurateError, Handover, Page, statement, total
from repatria.curate.propose import Draft, draft, propose
from repatria.curate.write import locked
from repatria.curate.write import write as put
from repatria.display.changes import preview
from repatria.record.fingerprint import ROOT, of_data
from repatria.record.schema import TABLES

EVENT = "bodies-2025-03-28"
TODAY = dt.date(2025, 5, 2)


def page(url: str = "https://paper.example/1", *claims: str, **more: Any) -> Page:
    about = {"publisher": "Paper", "published_on": "2025-04-18", "language": "en", "tier": "press"}
    return Page(url=url, claims=[statement(c) for c in claims], **about | more)


def handover(*pages: Page, date: str = "2025-04-18", **more: Any) -> Handover:
    pages = pages or (page("https://paper.example/1", "kyiv: to_ukraine 909"),)
    return Handover(kind="bodies", date=date, pages=list(pages), **more)


def on_event(*pages: Page, **more: Any) -> Handover:
    return Handover(event_id="bodies-2025-04-18", pages=list(pages), **more)


def add(data: Path, *handovers: Handover, today: dt.date = TODAY) -> Draft:
    made, _ = draft(data, handovers, today)
    assert made is not None
    put(data, made)
    return made


FLAGS = (
    "--kind",
    "bodies",
    "--date",
    "2025-04-18",
    "--url",
    "https://paper.example/1",
    "--publisher",
    "Paper",
    "--published",
    "2025-04-18",
    "--language",
    "en",
    "--tier",
    "press",
    "--claim",
    "kyiv: to_ukraine 909",
)


def swap(option: str, value: str) -> list[str]:
    flags = list(FLAGS)
    flags[flags.index(option) + 1] = value
    return flags


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (swap("--kind", "tanks"), "kind: 'tanks' is none of"),
        (swap("--date", "18.04.2025"), "is not a day"),
        (swap("--date", "2021-01-01"), "before the war"),
        (swap("--published", "2025-04-17"), "published before the event took place"),
        (swap("--url", "javascript:alert(1)"), "is not an address"),
        (swap("--url", "http://["), "is not an address"),
        (swap("--tier", "blog"), "'blog' is none of"),
        (swap("--publisher", "=HYPERLINK(1)"), "could be read as a formula"),
        (swap("--publisher", "two\nlines"), "sources.csv"),
        (swap("--publisher", "\x1b[2J"), "control character"),
        (swap("--claim", "nobody: to_ukraine 909"), "claimant 'nobody' is not on record"),
        (swap("--claim", "kyv: to_ukraine 909"), r"near: kyiv (Kyiv office)"),
        (swap("--claim", "kyiv: to_nowhere 909"), "write CLAIMANT"),
        (swap("--claim", "kyiv: to_ukraine"), "a count or one of"),
        (swap("--claim", "kyiv: to_ukraine 909 910"), "count is given twice"),
        (
            [*FLAGS, "--new-part", "women", "--claim", "kyiv: to_ukraine women 1000"],
            "larger than its total",
        ),
        ([*FLAGS, "--agreement", "minsk"], "agreements.csv"),
        ([*FLAGS, "--event", EVENT], "goes without kind"),
        ([*FLAGS, "--total", "kyiv: to_ukraine many"], "write CLAIMANT"),
        ([*FLAGS, "--claimant", "x; y"], "2 parts, not 5; write claimant_id; name"),
        ([*FLAGS, "--claimant", "kyiv; K; o; ukraine; yes"], "is there twice"),
        (["--kind", "bodies"], "give --url and --claim"),
        (["--event", "bodies-2025-01-01", *FLAGS[4:]], "is not on record"),
        (swap("--date", "2121-04-18"), "is after today"),
        (swap("--claim", "kyiv: to_ukraine nearly 909"), "part 'nearly' is not on record"),
        (
            swap("--claim", "kyiv: to_ukraine 909 atleast"),
            "near: at_least; confirm a new one by --new-part atleast",
        ),
        (
            [*FLAGS, "--total", "kyiv: to_ukraine 9000 scope=istanbul"],
            "part 'istanbul' is not on record",
        ),
        ([*FLAGS, "--total", "kyiv: to_ukraine 8 255"], "count is given twice"),
        (
            [*FLAGS, "--claim", "moscow: to_russia 41 corrects"],
            "say which claim it corrects; there is none",
        ),
        ([*FLAGS, "--claim", "moscow: to_russia 41 corrects=no.such"], "is not in claims.csv"),
        ([*FLAGS, "--dated-by", "none"], "none goes with an undated page"),
        ([*FLAGS, "--dated-by", "guess"], "'guess' is none of printed"),
        ([*FLAGS, "--seen", "all"], "'all' is none of whole, part, headline"),
        ([*FLAGS, "--searched-through", "soon"], "'soon' is not understood"),
        ([*FLAGS, "--searched-through", "2121-01-01"], "is after today"),
        (
            [*FLAGS, "--searched-through", "2025-04-18 from=2025-03-01"],
            "overlaps the stretch before it",
        ),
        ([*FLAGS, "--searched-through", "2025-04-18 from=2025-04-19"], "is after read_through"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    flags: list[str], expected: str, data: Path, run: Any
) -> None:
    before = of_data(data)
    result = run(*flags)
    assert result.exit_code == 1 and expected in result.stderr, result.output
    assert "\x1b" not in result.output and "Traceback" not in result.output
    assert of_data(data) == before and not list(data.glob(".pending*"))


def test_one_bad_handover_of_a_batch_keeps_out_all(data: Path) -> None:
    before = of_data(data)
    good, bad = (
        handover(),
        handover(page("https://paper.example/2", "nobody: to_ukraine 4"), date="2025-05-16"),
    )
    with pytest.raises(CurateError, match="nobody"):
        draft(data, [good, bad])
    assert of_data(data) == before


def test_a_record_with_errors_is_not_added_to(data: Path, run: Any) -> None:
    (data / "events.csv").write_text("nonsense\n", encoding="utf-8")
    result = run(*FLAGS)
    assert result.exit_code == 1 and "events.csv:1" in result.stderr


def test_a_page_said_otherwise_than_on_record_is_refused(data: Path, run: Any) -> None:
    add(data, handover())
    result = run(*swap("--tier", "official"))
    assert result.exit_code == 1 and "tier is 'press' on record" in result.stderr
    result = run(*FLAGS, "--place", "Sumy")
    assert result.exit_code == 1 and "place is '' on record" in result.stderr


def test_a_second_addition_at_the_same_time_is_refused(data: Path, run: Any) -> None:
    with locked(data):
        result = run(*FLAGS)
    assert result.exit_code == 1 and "another addition is under way" in result.stderr


def test_a_record_changed_between_check_and_write_is_not_written_over(data: Path) -> None:
    made, _ = draft(data, [handover()])
    with (data / "excluded.csv").open("a") as file:
        file.write("excluded-0001,https://a.example/,A,,garbled,\n")
    assert made is not None
    with pytest.raises(CurateError, match="changed meanwhile"):
        put(data, made)
    assert "2025-04-18" not in (data / "events.csv").read_text()


# --- what is added ----------------------------------------------------------------------------


def test_the_guides_example_from_flags(data: Path, run: Any) -> None:
    result = run(*FLAGS, "--claim", "Moscow office: to_russia 41", "--date-basis", "stated")
    assert result.exit_code == 0, result.output
    assert "`bodies-2025-04-18` to Ukraine: not there → 909 (one side only)" in result.output
    event = rp.load(data).events().set_index("event_id").loc["bodies-2025-04-18"]
    assert (event["to_ukraine"], event["to_russia"], event["to_russia_grade"]) == (
        909,
        41,
        "one_sided",
    )
    again = run(*FLAGS, "--claim", "moscow: to_russia 41")
    assert again.exit_code == 0 and "nothing to add" in again.output


def test_estimate_and_grade_before_and_after_are_shown(data: Path, run: Any) -> None:
    result = run("--event", EVENT, *FLAGS[4:-1], "kyiv: to_ukraine 1003")
    assert "to Ukraine: 1,000 (one side only) → 1,003 [1,000–1,003] (sides differ)" in result.output
    assert "to Russia: 65 (one side only), unchanged" in result.output


def test_lines_on_record_stay_as_they_are_and_order_is_kept(folder: Path) -> None:
    """On the real record: added lines are the whole difference, and each file stays in its order."""
    old = {n: (folder / f"{n}.csv").read_text("utf-8").splitlines() for n in TABLES}
    made = add(
        folder,
        handover(
            Page(
                url="https://tass.com/x1",
                published_on="2024-02-03",
                claims=["mod-russia: to_ukraine 33", "mod-russia: to_russia 11"],
            ),
            date="2024-02-02",
        ),
    )
    for name in TABLES:
        new = (folder / f"{name}.csv").read_text("utf-8").splitlines()
        added = len(made.addition.rows.get(name, []))
        assert len(new) == len(old[name]) + added
        kept = iter(new)
        assert all(line in kept for line in old[name])  # a subsequence, in order
    events = rp.load(folder).tables["events"]
    assert events["date"].is_monotonic_increasing
    assert made.addition.rows["sources"][0]["tier"] == "agency"  # as all pages of the host


def test_pages_claimants_and_claims_on_record_are_used_again(data: Path) -> None:
    first = handover(
        page("https://www.paper.example/1/?utm_source=x#top", "Kyiv Office: to_ukraine 909")
    )
    add(data, first)
    made = add(
        data,
        handover(
            page("http://paper.example/1", "kyiv: to_ukraine 909", "kyiv: to_russia withheld")
        ),
    )
    assert {n: len(r) for n, r in made.addition.rows.items() if r} == {"claims": 1, "citations": 1}
    made = add(
        data, handover(page("https://paper.example/2", "kyiv: to_ukraine 909", published_on=""))
    )
    assert {n: len(r) for n, r in made.addition.rows.items() if r} == {"sources": 1, "citations": 1}
    made = add(
        data, handover(page("https://paper.example/2", "kyiv: to_ukraine 910", published_on=""))
    )
    assert [r["claim_id"] for r in made.addition.rows["claims"]] == [
        "bodies-2025-04-18.to_ukraine.kyiv.total~2"
    ]


def test_ids_follow_the_scheme_of_the_record(record: Any) -> None:
    s = record.tables["sources"]
    s = s[s["url"] != ""]
    mine = [source_id(url, {}) for url in s["url"]]
    assert (s["source_id"] == mine).mean() > 0.99
    assert source_id("https://a.example/x", {source_id("https://a.example/x", {}): 1}).startswith(
        source_id("https://a.example/x", {})
    )


def test_a_second_handover_of_the_day_and_a_month(data: Path) -> None:
    for date, second, expected in (
        ("2025-03-28", True, "bodies-2025-03-28-b"),
        ("2025-03-28", True, "bodies-2025-03-28-c"),
        ("2025-05", False, "bodies-2025-05"),
    ):
        pages = (
            page(
                f"https://paper.example/{expected}", "kyiv: to_ukraine 5", published_on="2025-06-01"
            ),
        )
        assert add(data, handover(*pages, date=date, second=second)).addition.events == [expected]
    assert (
        rp.load(data).events().set_index("event_id").loc["bodies-2025-05", "date_precision"]
        == "month"
    )


def test_more_handovers_of_a_day_than_letters_are_refused(data: Path) -> None:
    book = Book(data)
    events = [f"{EVENT}-{s}" for s in "bcdefghijklmnopqrstuvwxyz"]
    row = book.ids["events"][EVENT]
    with (data / "events.csv").open("a", encoding="utf-8") as file:
        for event in events:
            file.write(",".join((row | {"event_id": event}).values()) + "\n")
    with pytest.raises(CurateError, match="no letter is left"):
        propose(data, [handover(date="2025-03-28", second=True)])


def test_a_batch_with_a_new_claimant_components_and_a_total(
    data: Path, run: Any, tmp_path: Path
) -> None:
    batch = [
        {
            "kind": "prisoners",
            "date": "2025-04-19",
            "place": "Chernihiv region",
            "mediators": "UAE",
            "claimants": ["rada; Rada; parliament; ukraine; yes"],
            "new_parts": ["exchanged", "outside_exchange"],
            "pages": [
                {
                    "url": "https://rada.example/1",
                    "publisher": "Rada",
                    "published_on": "2025-04-19",
                    "language": "uk",
                    "tier": "official",
                    "date_basis": "stated",
                    "claims": [
                        {
                            "claimant": "rada",
                            "direction": "to_ukraine",
                            "part": "exchanged",
                            "role": "component",
                            "count": 246,
                        },
                        "rada: to_ukraine outside_exchange 31 component",
                        {"claimant": "rada", "direction": "to_russia", "count": 0},
                    ],
                    "totals": [
                        {
                            "claimant": "rada",
                            "as_of": "2025-04-19",
                            "kind": "prisoners",
                            "unit": "people",
                            "direction": "to_ukraine",
                            "count": 4552,
                        }
                    ],
                },
            ],
        },
        {
            "event_id": EVENT,
            "pages": [
                {"url": "https://rada.example/1", "claims": ["rada: to_ukraine 1,000 about"]}
            ],
        },
    ]
    path = tmp_path / "batch.json"
    path.write_text(json.dumps(batch), encoding="utf-8")
    result = run("--from", str(path))
    assert result.exit_code == 0, result.output
    loaded = rp.load(data)
    event = loaded.events("prisoners").iloc[0]
    assert (event["to_ukraine"], event["to_russia"], event["to_russia_absence"]) == (277, 0, "zero")
    assert loaded.totals()["count"].tolist() == [4552]
    assert len(loaded.tables["citations"]) == 12 + 4


def test_dry_run_writes_nothing(data: Path, run: Any) -> None:
    before = of_data(data)
    result = run(*FLAGS, "--dry-run")
    assert result.exit_code == 0 and "nothing was written" in result.output
    assert of_data(data) == before and not list(data.glob(".pending*"))


@given(name=st.text(max_size=30), note=st.text(max_size=30))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_refused_or_read_back_as_it_is(name: str, note: str, data: Path) -> None:
    before = {n: (data / f"{n}.csv").read_bytes() for n in TABLES}
    try:
        add(
            data,
            handover(
                page("https://paper.example/1", "kyiv: to_ukraine 909", publisher=name), note=note
            ),
        )
    except (CurateError, rp.RecordError):
        assert {n: (data / f"{n}.csv").read_bytes() for n in TABLES} == before
    else:
        tables = rp.load(data).tables
        assert (
            name in tables["sources"]["publisher"].tolist()
            and note in tables["events"]["note"].tolist()
        )
    for n, raw in before.items():
        (data / f"{n}.csv").write_bytes(raw)


# --- warnings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (
            handover(page("https://p.example/1", "kyiv: to_ukraine 985"), date="2025-03-31"),
            "may be 'bodies-2025-03-28'",
        ),
        (
            handover(page("https://p.example/1", "kyiv: to_ukraine 3001")),
            "more than 3 times any before it (1000)",
        ),
        (handover(page("https://p.example/1", "kyiv: to_ukraine 909")), "rests on one publisher"),
    ],
)
def test_a_doubtful_addition_is_made_with_a_warning(
    given_: Handover, expected: str, data: Path
) -> None:
    made = add(data, given_)
    assert any(expected in w for w in made.warnings), made.warnings


def test_a_total_that_falls_is_a_warning(data: Path, run: Any) -> None:
    def with_total(line: str, url: str, on: str) -> Page:
        return page(
            url, "kyiv: to_ukraine 909", published_on=on, totals=[total(line, "bodies", on)]
        )

    since = "since=2022-02-24"
    add(
        data,
        handover(
            with_total(f"kyiv: to_ukraine 7000 {since}", "https://rada.example/1", "2025-04-18")
        ),
    )
    for count, falls in (("7000", False), ("6500 about", False), ("6000", True)):
        later = with_total(
            f"kyiv: to_ukraine {count} {since}", "https://paper.example/3", "2025-05-01"
        )
        made, _ = draft(data, [on_event(later)], TODAY)
        assert made is not None and any("7000" in w for w in made.warnings) == falls
    flags = swap("--published", "2025-05-01")[4:]
    result = run("--event", EVENT, *flags, "--total", f"kyiv: to_ukraine 60 {since}", "--strict")
    assert result.exit_code == 1 and "new warnings; nothing was written" in result.stderr


def test_batches_of_one_deal_and_far_apart_days_are_no_duplicates(data: Path) -> None:
    far = page("https://p.example/far", "kyiv: to_ukraine 909", published_on="2025-04-23")
    deal = [
        handover(
            page(f"https://p.example/{d}", f"kyiv: to_ukraine 90{d}"),
            date=f"2025-04-1{d}",
            deal_id="deal-1",
        )
        for d in (5, 6)
    ]
    assert not any("may be" in w for w in add(data, *deal).warnings)
    assert not any("may be" in w for w in add(data, handover(far, date="2025-04-23")).warnings)


# --- parts, pages and days --------------------------------------------------------------------


def test_a_part_not_yet_on_record_is_taken_once_it_is_confirmed(data: Path, run: Any) -> None:
    more = [*FLAGS, "--claim", "kyiv: to_ukraine women 12"]
    assert run(*more).exit_code == 1
    assert run(*more, "--new-part", "women").exit_code == 0
    assert run("--event", EVENT, *FLAGS[4:-1], "kyiv: to_ukraine women 3").exit_code == 0


def test_one_publisher_has_one_spelling(data: Path, run: Any) -> None:
    assert run(*FLAGS).exit_code == 0
    for url in ("https://paper.example/2", "https://m.paper.example/2"):
        flags = swap("--url", url)[4:]
        flags[flags.index("Paper")] = "PAPER"
        result = run("--event", "bodies-2025-04-18", *flags)
        assert result.exit_code == 1 and "is 'Paper' on record, not 'PAPER'" in result.stderr
    flags = ["--url", "https://m.paper.example/2", "--published", "2025-04-19", *FLAGS[-2:]]
    result = run("--event", "bodies-2025-04-18", *flags)
    assert "· publisher Paper: as all pages of m.paper.example" in result.output


def test_a_house_that_carries_agencies_is_still_one_house(data: Path) -> None:
    add(data, handover(page("https://paper.example/1", "kyiv: to_ukraine 909")))
    agency = page("https://paper.example/2", "kyiv: to_ukraine 909", publisher="Paper (AFP)")
    add(data, on_event(agency))
    made = add(
        data, on_event(page("https://paper.example/3", "kyiv: to_ukraine 909", publisher=""))
    )
    assert made.addition.rows["sources"][0]["publisher"] == "Paper"


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("https://a.example/1?fbclid=AbC", "https://a.example/1"),
        ("https://a.example/1?gclid=1&utm_source=x&id=7", "https://a.example/1?id=7"),
        ("https://a.example/1?id=7&fbclid=1#top", "https://a.example/1?id=7#top"),
        ("https://a.example/1?fbclid=1#top", "https://a.example/1#top"),
        ("https://a.example/1#utm_source=x", "https://a.example/1"),
        ("https://a.example/1?q=a%20b&x=&fbclidx=1", "https://a.example/1?q=a%20b&x=&fbclidx=1"),
        ("https://a.example/fbclid=1?", "https://a.example/fbclid=1?"),
    ],
)
def test_click_ids_are_dropped_and_nothing_else(given_: str, kept: str) -> None:
    assert without_clicks(given_) == kept


def test_an_article_under_click_ids_is_the_page_on_record(data: Path, run: Any) -> None:
    assert run(*swap("--url", "https://paper.example/1?fbclid=AbC")).exit_code == 0
    assert "https://paper.example/1" in rp.load(data).tables["sources"]["url"].tolist()
    for url in ("https://paper.example/1", "https://www.paper.example/1/?gclid=2#x"):
        result = run(*swap("--url", url))
        assert "paper-example" in result.output and "is on record\nnothing" not in result.output
        assert "nothing to add" in result.output


@pytest.mark.parametrize(
    ("url", "published", "given_", "expected"),
    [
        ("https://a.example/1", "2025-04-18", "", "printed"),
        ("https://a.example/2025/04/18/x", "2025-04-18", "", "address"),
        ("https://a.example/20250418-x", "2025-04-18", "", "address"),
        ("https://a.example/2025/04/17/x", "2025-04-18", "", "printed"),
        ("https://a.example/2025/04/18/x", "2025-04-18", "feed", "feed"),
        ("https://a.example/2025/04/18/x", "", "", "none"),
    ],
)
def test_how_a_day_is_known(
    url: str, published: str, given_: str, expected: str, data: Path
) -> None:
    one = page(url, "kyiv: to_ukraine 909", published_on=published, dated_by=given_)
    made = add(data, handover(one))
    (row,) = made.addition.rows["sources"]
    assert (row["dated_by"], row["seen"]) == (expected, "part")
    says = day_in(url)
    warned = any(f"the address says {says}" in r for r in made.addition.remarks)
    assert warned == bool(says and says != published)


def test_a_page_of_a_day_to_come_is_a_warning(data: Path) -> None:
    late = page("https://paper.example/1", "kyiv: to_ukraine 909", published_on="2062-04-18")
    assert any("is after today" in w for w in add(data, handover(late)).warnings)


# --- corrections ------------------------------------------------------------------------------

LATER = dict(published_on="2025-04-25")


def corrected(data: Path, *claims: str, n: int = 2) -> Draft:
    return add(data, on_event(page(f"https://paper.example/{n}", *claims, **LATER)))


def test_a_correction_leads_and_the_first_figure_stays(data: Path) -> None:
    add(data, handover())
    made = corrected(data, "kyiv: to_ukraine 912 corrects")
    (row,) = made.addition.rows["claims"]
    assert row["corrects"] == "bodies-2025-04-18.to_ukraine.kyiv.total"
    shown = preview(made)
    assert "to Ukraine: 909 (one side only) → 912" in shown and "is corrected: it stays" in shown
    assert len(rp.load(data).claims("bodies-2025-04-18")) == 2
    again = corrected(data, "kyiv: to_ukraine 912 corrects", n=3)
    assert not again.addition.rows["claims"] and len(again.addition.rows["citations"]) == 1


def test_which_claim_is_corrected_is_never_guessed(data: Path) -> None:
    add(data, handover())
    corrected(data, "kyiv: to_ukraine 912")
    with pytest.raises(
        CurateError, match=r"say which claim it corrects; there is bodies\S+, bodies"
    ):
        corrected(data, "kyiv: to_ukraine 913 corrects", n=3)
    first = "bodies-2025-04-18.to_ukraine.kyiv.total"
    made = corrected(data, f"kyiv: to_ukraine 913 corrects={first}", n=3)
    assert made.addition.rows["claims"][0]["corrects"] == first
    with pytest.raises(CurateError, match="corrects is '' on record"):
        corrected(data, f"kyiv: to_ukraine 912 corrects={first}", n=4)
    with pytest.raises(rp.RecordError, match="has another claimant_id"):
        corrected(data, f"moscow: to_ukraine 913 corrects={first}", n=4)


def test_a_second_figure_that_corrects_nothing_is_remarked(data: Path) -> None:
    add(data, handover())
    remarks = corrected(data, "kyiv: to_ukraine 912").addition.remarks
    assert any("both are kept (`corrects` says" in r for r in remarks)


# --- what was searched ------------------------------------------------------------------------


def stretches(data: Path, side: str = "ukraine") -> list[tuple[str, str, str, str]]:
    c = rp.load(data).tables["coverage"]
    c = c[c["side"] == side]
    days = (c[k].dt.strftime("%Y-%m-%d") for k in ("read_from", "read_through", "entered_on"))
    start, end, entered = days
    return list(zip(start, end, c["density"].astype(str), entered, strict=True))


OLD = ("2025-01-01", "2025-03-31", "dense", "2025-04-01")


def test_a_handover_beyond_what_was_searched_is_told(data: Path) -> None:
    shown = preview(add(data, handover()))
    line = "= bodies, statements of Ukraine: searched through 2025-03-31; unread: 2025-04-01 to 2025-05-02."
    assert line in shown and "--searched-through" in shown
    assert stretches(data) == [OLD]


def test_what_was_searched_is_added_from_where_reading_ended(data: Path) -> None:
    made = add(data, handover(searched=["2025-04-20"]))
    new = ("2025-04-01", "2025-04-20", "thin", "2025-05-02")
    assert stretches(data) == stretches(data, "russia") == [OLD, new]
    line = (
        "Ukraine: searched through 2025-03-31 → 2025-04-20 (thin); unread: 2025-04-21 to 2025-05-02"
    )
    assert line in preview(made) and "--searched-through" not in preview(made)


def test_a_stretch_entered_today_goes_on_and_an_older_one_is_left_alone(data: Path) -> None:
    add(data, handover(searched=["2025-04-20 ukraine"]))
    pages = [page(f"https://paper.example/{n}", "kyiv: to_ukraine 909") for n in range(2, 6)]
    add(data, on_event(pages[0], searched=["2025-04-22 ukraine"]))
    today = ("2025-04-01", "2025-04-22", "thin", "2025-05-02")
    assert stretches(data) == [OLD, today] and stretches(data, "russia") == [OLD]
    add(data, on_event(pages[1], searched=["2025-04-24 ukraine dense"]))
    dense = ("2025-04-23", "2025-04-24", "dense", "2025-05-02")
    assert stretches(data) == [OLD, today, dense]
    add(data, on_event(pages[2], searched=["2025-05-03 ukraine dense"]), today=dt.date(2025, 5, 3))
    assert stretches(data)[-1] == ("2025-04-25", "2025-05-03", "dense", "2025-05-03")
    made = add(data, on_event(pages[3], searched=["2025-04-30 ukraine"]))
    assert "coverage: bodies, ukraine: is read through 2025-05-03 already" in made.addition.remarks


def test_several_days_of_a_batch_make_one_stretch(data: Path) -> None:
    second = page("https://paper.example/2", "kyiv: to_ukraine 909")
    add(data, handover(searched=["2025-04-20"]), on_event(second, searched=["2025-04-28"]))
    assert stretches(data)[1:] == [("2025-04-01", "2025-04-28", "thin", "2025-05-02")]


def test_days_left_out_stay_unread(data: Path) -> None:
    made = add(data, handover(searched=["2025-05-02 from=2025-04-18"]))
    assert "unread: 2025-04-01 to 2025-04-17\n" in preview(made) + "\n"


def test_a_kind_never_searched_wants_a_first_day(data: Path) -> None:
    other = handover(searched=["2025-04-20"])
    other.kind = "civilians"
    with pytest.raises(CurateError, match="civilians, ukraine: nothing was read yet; say from=DAY"):
        draft(data, [other], TODAY)
    other.searched[0].read_from = "2025-04-18"
    assert "searched through nothing → 2025-04-20 (thin)" in preview(add(data, other))


def test_a_past_view_keeps_the_stretches_it_had(data: Path) -> None:
    before = rp.load(data).as_of("2025-04-10").coverage().to_dict("records")
    add(data, handover(searched=["2025-04-20"]))
    assert rp.load(data).as_of("2025-04-10").coverage().to_dict("records") == before


# --- the guide --------------------------------------------------------------------------------


def test_the_guide_works_as_printed(folder: Path, run: Any) -> None:
    text = (ROOT / "docs" / "curating.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```bash\n(.*?)```", text, re.S)
    (batch,) = re.findall(r"```json\n(.*?)```", text, re.S)
    printed = re.findall(r"```text\n(.*?)```", text, re.S)
    # The guide tells of a record read through 11 March 2026.
    coverage = (folder / "coverage.csv").read_text("utf-8").splitlines(keepends=True)
    kept = [c for c in coverage if not "2026-03-12" <= c.split(",")[2] < "9"]
    (folder / "coverage.csv").write_text("".join(kept), encoding="utf-8")
    outputs = []
    for line in script.replace("\\\n", " ").splitlines():
        result = run(*shlex.split(line)[2:], folder=folder)
        assert result.exit_code == 0, result.output
        outputs.append(result.output)
    for output, expected in zip(outputs[1:], printed, strict=True):
        assert all(line.rstrip("…") in output for line in expected.splitlines()), output
    result = run("--from", "-", folder=folder, input=batch)
    assert result.exit_code == 0, result.output
    events = rp.load(folder).events().set_index("event_id")
    bodies, prisoners = events.loc["bodies-2026-11-18"], events.loc["prisoners-2026-11-19"]
    assert (bodies["to_ukraine"], bodies["to_ukraine_grade"], bodies["to_russia"]) == (
        505,
        "agreed",
        21,
    )
    assert (prisoners["to_ukraine"], prisoners["to_russia_absence"]) == (205, "withheld")


# --- pages left out, and stretches without a handover -----------------------------------------


def left_out(url: str, reason: str = "out_of_scope") -> Handover:
    return models.handover(
        {"refused": [{"url": url, "publisher": "Paper", "reason": reason, "note": "elsewhere"}]}
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"refused": [{"url": "https://a.example/1", "publisher": "P", "reason": "dull"}]}, "dull"),
        (
            {"refused": [{"url": "https://a.example/1", "publisher": "", "reason": "garbled"}]},
            "text",
        ),
        ({"refused": [{"url": "a", "publisher": "P", "reason": "garbled"}]}, "not an address"),
        ({"kind": "bodies"}, "needs a page"),
        ({"searched": ["2025-04-20"]}, "needs a page"),
        ({"kind": "bodies", "date": "2025-04-18", "searched": ["2025-04-20"]}, "needs a page"),
    ],
)
def test_what_is_neither_a_handover_nor_a_refusal(
    data: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(CurateError, match=message):
        propose(data, [models.handover(given)], TODAY)


def test_a_page_is_left_out_once_with_its_reason(data: Path) -> None:
    made = add(data, left_out("https://paper.example/9?utm_source=x"))
    (row,) = made.addition.rows["excluded"]
    assert (row["url"], row["reason"]) == ("https://paper.example/9", "out_of_scope")
    assert Book(data).has_read("http://www.paper.example/9/")
    again, addition = draft(data, [left_out("https://paper.example/9", "garbled")], TODAY)
    assert again is None and "not left out" in addition.remarks[0]
    used = Book(data).tables["sources"][0]["url"]
    assert draft(data, [left_out(used)], TODAY)[0] is None


def test_a_stretch_without_a_handover_can_be_declared_read(data: Path) -> None:
    given = {"kind": "bodies", "searched": ["2025-04-20 ukraine"]}
    made = add(data, models.handover(given))
    assert [r["read_through"] for r in made.addition.rows["coverage"]] == ["2025-04-20"]
    assert [r.side for r in made.reach] == ["ukraine", "russia"]
