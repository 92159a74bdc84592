"""Adding to the record: refusals and interruptions first, then what a curator sees and gets."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import repatria as rp
from conftest import small, write
from repatria.curate import propose as curate
from repatria.curate.propose import CurateError, Handover, Page, Statement, statement
from repatria.record import view as record
from repatria.record.fingerprint import ROOT, of_data
from repatria.record.schema import TABLES

app = typer.Typer()
app.command()(curate.command)

EVENT = "bodies-2025-03-28"


def invented(folder: Path) -> Path:
    """Write a small record: six handovers, one claim each way by one side."""
    days = [f"2025-0{m}-{d}" for m in (1, 2, 3) for d in ("14", "28")]
    events = [(f"bodies-{d}", d) for d in days]
    claims = []
    for i, (event, _) in enumerate(events):
        for direction, n in (("to_ukraine", 900 + 20 * i), ("to_russia", 40 + 5 * i)):
            claim_id = f"{event}.{direction}.moscow.total"
            claims.append(dict(claim_id=claim_id, event_id=event, claimant_id="moscow", direction=direction, n=n))
    claims.sort(key=lambda c: (c["event_id"], c["direction"]))
    rows = small(events, claims)
    rows["sources"].sort(key=lambda r: r["source_id"])
    rows["citations"].sort(key=lambda r: (r["claim_id"], r["source_id"]))
    return write(folder, rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return invented(tmp_path / "data")


def page(url: str = "https://paper.example/1", *claims: str, **more: Any) -> Page:
    about = {"publisher": "Paper", "published_on": "2025-04-18", "language": "en", "tier": "press"}
    return Page(url, **about | more, claims=tuple(statement(c) for c in claims))


def handover(*pages: Page, date: str = "2025-04-18", **more: Any) -> Handover:
    return Handover("bodies", date, pages=pages or (page("https://paper.example/1", "kyiv: to_ukraine 909"),), **more)


def add(data: Path, *handovers: Handover) -> curate.Draft:
    made, _ = curate.draft(data, handovers)
    assert made is not None
    curate.write(data, made)
    return made


def run(data: Path, *arguments: str, input: str | None = None) -> Any:
    return CliRunner().invoke(app, ["--data", str(data), *arguments], input=input)


FLAGS = ("--kind", "bodies", "--date", "2025-04-18", "--url", "https://paper.example/1", "--publisher", "Paper",
         "--published", "2025-04-18", "--language", "en", "--tier", "press", "--claim", "kyiv: to_ukraine 909")  # fmt: skip


def swap(option: str, value: str) -> list[str]:
    flags = list(FLAGS)
    flags[flags.index(option) + 1] = value
    return flags


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (swap("--kind", "tanks"), "kind: 'tanks' is none of"),
        (swap("--date", "18.04.2025"), "is not a day"),
        (swap("--date", "2021-01-01"), "before the war"),
        (swap("--published", "2025-04-17"), "published before the event took place"),
        (swap("--url", "javascript:alert(1)"), "is not an address"),
        (swap("--url", "http://["), "Invalid IPv6"),
        (swap("--tier", "blog"), "'blog' is none of"),
        (swap("--publisher", "=HYPERLINK(1)"), "could be read as a formula"),
        (swap("--publisher", "two\nlines"), "sources.csv"),
        (swap("--publisher", "\x1b[2J"), "control character"),
        (swap("--claim", "nobody: to_ukraine 909"), "claimant 'nobody' is not on record"),
        (swap("--claim", "kyv: to_ukraine 909"), r"near: kyiv (Kyiv office)"),
        (swap("--claim", "kyiv: to_nowhere 909"), "write CLAIMANT"),
        (swap("--claim", "kyiv: to_ukraine"), "a count or one of"),
        (swap("--claim", "kyiv: to_ukraine 909 910"), "count_low is given twice"),
        ([*FLAGS, "--claim", "kyiv: to_ukraine women 1000"], "larger than its total"),
        ([*FLAGS, "--agreement", "minsk"], "is not in agreements.csv"),
        ([*FLAGS, "--event", EVENT], "goes without kind"),
        ([*FLAGS, "--total", "kyiv: to_ukraine many"], "write CLAIMANT"),
        ([*FLAGS, "--claimant", "x; y"], "write claimant_id; name"),
        ([*FLAGS, "--claimant", "kyiv; K; o; ukraine; yes"], "on record already"),
        (["--kind", "bodies"], "give --url and --claim"),
        (["--event", "bodies-2025-01-01", *FLAGS[4:]], "is not on record"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(flags: list[str], expected: str, data: Path) -> None:
    before = of_data(data)
    result = run(data, *flags)
    assert result.exit_code == 1 and expected in result.stderr, result.output
    assert "\x1b" not in result.output and "Traceback" not in result.output
    assert of_data(data) == before and not list(data.glob(".pending*"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON"),
        ("7", "is not an object"),
        ('{"kind": "bodies", "date": "2025-04-18"}', "needs a page"),
        ('{"kinds": "bodies"}', "'kinds' is unknown"),
        ('{"kind": ["bodies"]}', "neither text nor"),
        ('{"pages": {}}', "is not a list"),
        ('{"pages": [{}]}', "url missing"),
        ('{"pages": [{"url": "https://a.example/", "claims": [{"claimant": "kyiv"}]}]}', "direction missing"),
        ('{"pages": [{"url": "https://a.example/", "claims": [{"count": 1.5}]}]}', "claimant, direction missing"),
    ],
)
def test_json_that_is_no_handover_is_refused(text: str, expected: str, data: Path) -> None:
    result = run(data, "--from", "-", input=text)
    assert result.exit_code == 1 and expected in result.stderr, result.output


def test_one_bad_handover_of_a_batch_keeps_out_all(data: Path) -> None:
    before = of_data(data)
    good, bad = handover(), handover(page("https://paper.example/2", "nobody: to_ukraine 4"), date="2025-05-16")
    with pytest.raises(CurateError, match="nobody"):
        curate.draft(data, [good, bad])
    assert of_data(data) == before


def test_a_record_with_errors_is_not_added_to(data: Path) -> None:
    (data / "events.csv").write_text("nonsense\n", encoding="utf-8")
    result = run(data, *FLAGS)
    assert result.exit_code == 1 and "events.csv:1" in result.stderr


def test_a_page_said_otherwise_than_on_record_is_refused(data: Path) -> None:
    add(data, handover())
    result = run(data, *swap("--tier", "official"))
    assert result.exit_code == 1 and "tier is 'press' on record" in result.stderr
    result = run(data, *FLAGS, "--place", "Sumy")
    assert result.exit_code == 1 and "place is '' on record" in result.stderr


def test_a_second_addition_at_the_same_time_is_refused(data: Path) -> None:
    with curate.locked(data):
        result = run(data, *FLAGS)
    assert result.exit_code == 1 and "another addition is under way" in result.stderr


def test_a_record_changed_between_check_and_write_is_not_written_over(data: Path) -> None:
    made, _ = curate.draft(data, [handover()])
    with (data / "excluded.csv").open("a") as file:
        file.write("excluded-0001,https://a.example/,A,,garbled,\n")
    assert made is not None
    with pytest.raises(CurateError, match="changed meanwhile"):
        curate.write(data, made)
    assert "2025-04-18" not in (data / "events.csv").read_text()


# --- interruptions ------------------------------------------------------------------------------------------


def full() -> Handover:
    """A handover that changes every file."""
    new = {"claimant_id": "rada", "name": "Rada", "office": "parliament", "side": "ukraine", "official": "yes"}
    return Handover(
        "bodies", "2025-04-18", claimants=(new,),
        pages=(
            Page("https://rada.example/1", "Rada", "2025-04-18", "uk", "official", "stated",
                 (statement("rada: to_ukraine 909"), statement("moscow: to_russia 41")),
                 (curate.total("rada: to_ukraine 7000 since=2022-02-24", "bodies", "2025-04-18"),)),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, curate.Draft]:
    """A record with an addition laid out and checked, to be copied and written."""
    folder = invented(tmp_path_factory.mktemp("drafted") / "data")
    made, _ = curate.draft(folder, [full()])
    assert made is not None
    return folder, made


def write_copy(source: Path, target: Path) -> Path:
    target.mkdir()
    for name in TABLES:
        (target / f"{name}.csv").write_bytes((source / f"{name}.csv").read_bytes())
    return target


@pytest.mark.parametrize("step", range(9))
def test_a_kill_at_any_replacement_leaves_old_or_new(
    step: int, drafted: tuple[Path, curate.Draft], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    laid_out, made = drafted
    data = Path(shutil.copytree(laid_out, tmp_path / "data"))
    calls = iter(range(99))
    replace = curate._replace

    def fails(source: Path, target: Path) -> None:
        if next(calls) == step:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(curate, "_replace", fails)
    if step == 8:  # the point of no return and seven files
        curate.write(data, made)
        assert rp.load(data).digest == made.after.digest
        return
    with pytest.raises(KeyboardInterrupt):
        curate.write(data, made)
    monkeypatch.undo()
    if step == 0:  # before the point of no return
        assert not curate.recover(data)
        assert of_data(data) == made.before.digest and not list(data.glob(".pending*"))
        return
    with pytest.raises(rp.RecordError, match="repatria add --finish"):
        rp.load(data)
    # Even with the journal lost, what is there is refused, or has the estimates of the old record.
    try:
        torn = rp.load(write_copy(data, tmp_path / "torn"))
    except rp.RecordError:
        pass
    else:
        assert torn.events().equals(made.before.events())
    assert run(data, "--finish").exit_code == 0
    assert of_data(data) == made.after.digest and not list(data.glob(".pending*"))


def test_an_edit_after_an_interruption_is_not_written_over(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = curate.draft(data, [full()])
    monkeypatch.setattr(curate, "recover", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
    assert made is not None
    with pytest.raises(KeyboardInterrupt):
        curate.write(data, made)
    monkeypatch.undo()
    with (data / "events.csv").open("a") as file:
        file.write("bodies-2025-05-01,bodies,2025-05-01,day,took_place,,,,,,\n")
    kept = (data / "events.csv").read_bytes()
    result = run(data, *FLAGS)
    assert result.exit_code == 1 and "was changed after an interrupted addition" in result.stderr
    assert (data / "events.csv").read_bytes() == kept


# --- what is added ------------------------------------------------------------------------------------------


def test_the_guides_example_from_flags(data: Path) -> None:
    result = run(data, *FLAGS, "--claim", "Moscow office: to_russia 41", "--date-basis", "stated")
    assert result.exit_code == 0, result.output
    assert "`bodies-2025-04-18` to Ukraine: not there → 909 (one side only)" in result.output
    event = rp.load(data).events().set_index("event_id").loc["bodies-2025-04-18"]
    assert (event["to_ukraine"], event["to_russia"], event["to_russia_grade"]) == (909, 41, "one_sided")
    again = run(data, *FLAGS, "--claim", "moscow: to_russia 41")
    assert again.exit_code == 0 and "nothing to add" in again.output


def test_estimate_and_grade_before_and_after_are_shown(data: Path) -> None:
    result = run(data, "--event", EVENT, *FLAGS[4:-1], "kyiv: to_ukraine 1003")
    assert "to Ukraine: 1,000 (one side only) → 1,003 [1,000–1,003] (sides differ)" in result.output
    assert "to Russia: 65 (one side only), unchanged" in result.output


def test_lines_on_record_stay_as_they_are_and_order_is_kept(folder: Path) -> None:
    """On the real record: added lines are the whole difference, and each file stays in its order."""
    old = {n: (folder / f"{n}.csv").read_text("utf-8").splitlines() for n in TABLES}
    made = add(
        folder,
        Handover("bodies", "2024-02-02", pages=(
            Page("https://tass.com/x1", published_on="2024-02-03",
                 claims=(statement("mod-russia: to_ukraine 33"), statement("mod-russia: to_russia 11"))),)),
    )  # fmt: skip
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
    first = handover(page("https://www.paper.example/1/?utm_source=x#top", "Kyiv Office: to_ukraine 909"))
    add(data, first)
    made = add(data, handover(page("http://paper.example/1", "kyiv: to_ukraine 909", "kyiv: to_russia withheld")))
    assert {n: len(r) for n, r in made.addition.rows.items() if r} == {"claims": 1, "citations": 1}
    made = add(data, handover(page("https://paper.example/2", "kyiv: to_ukraine 909", published_on="")))
    assert {n: len(r) for n, r in made.addition.rows.items() if r} == {"sources": 1, "citations": 1}
    made = add(data, handover(page("https://paper.example/2", "kyiv: to_ukraine 910", published_on="")))
    assert [r["claim_id"] for r in made.addition.rows["claims"]] == ["bodies-2025-04-18.to_ukraine.kyiv.total~2"]


def test_ids_follow_the_scheme_of_the_record(record: Any) -> None:
    s = record.tables["sources"]
    s = s[s["url"] != ""]
    mine = [curate.source_id(url, {}) for url in s["url"]]
    assert (s["source_id"] == mine).mean() > 0.99
    assert curate.source_id("https://a.example/x", {curate.source_id("https://a.example/x", {}): 1}).startswith(
        curate.source_id("https://a.example/x", {})
    )


def test_a_second_handover_of_the_day_and_a_month(data: Path) -> None:
    for date, second, expected in (
        ("2025-03-28", True, "bodies-2025-03-28-b"),
        ("2025-03-28", True, "bodies-2025-03-28-c"),
        ("2025-05", False, "bodies-2025-05"),
    ):
        pages = (page(f"https://paper.example/{expected}", "kyiv: to_ukraine 5", published_on="2025-06-01"),)
        assert add(data, handover(*pages, date=date, second=second)).addition.events == [expected]
    assert rp.load(data).events().set_index("event_id").loc["bodies-2025-05", "date_precision"] == "month"


def test_a_batch_with_a_new_claimant_components_and_a_total(data: Path, tmp_path: Path) -> None:
    batch = [
        {
            "kind": "prisoners", "date": "2025-04-19", "place": "Chernihiv region", "mediators": "UAE",
            "claimants": ["rada; Rada; parliament; ukraine; yes"],
            "pages": [
                {"url": "https://rada.example/1", "publisher": "Rada", "published_on": "2025-04-19", "language": "uk",
                 "tier": "official", "date_basis": "stated",
                 "claims": [
                     {"claimant": "rada", "direction": "to_ukraine", "part": "exchanged", "role": "component", "count": 246},
                     "rada: to_ukraine outside_exchange 31 component",
                     {"claimant": "rada", "direction": "to_russia", "count": 0},
                 ],
                 "totals": [{"claimant": "rada", "as_of": "2025-04-19", "kind": "prisoners", "unit": "people",
                             "direction": "to_ukraine", "count": 4552}]},
            ],
        },
        {"event_id": EVENT, "pages": [{"url": "https://rada.example/1", "claims": ["rada: to_ukraine 1,000 about"]}]},
    ]  # fmt: skip
    path = tmp_path / "batch.json"
    path.write_text(json.dumps(batch), encoding="utf-8")
    result = run(data, "--from", str(path))
    assert result.exit_code == 0, result.output
    loaded = rp.load(data)
    event = loaded.events("prisoners").iloc[0]
    assert (event["to_ukraine"], event["to_russia"], event["to_russia_absence"]) == (277, 0, "zero")
    assert loaded.totals()["count"].tolist() == [4552]
    assert len(loaded.tables["citations"]) == 12 + 4


def test_dry_run_writes_nothing(data: Path) -> None:
    before = of_data(data)
    result = run(data, *FLAGS, "--dry-run")
    assert result.exit_code == 0 and "nothing was written" in result.output
    assert of_data(data) == before and not list(data.glob(".pending*"))


@given(name=st.text(max_size=30), note=st.text(max_size=30))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_refused_or_read_back_as_it_is(name: str, note: str, data: Path) -> None:
    before = {n: (data / f"{n}.csv").read_bytes() for n in TABLES}
    try:
        add(data, handover(page("https://paper.example/1", "kyiv: to_ukraine 909", publisher=name), note=note))
    except (CurateError, record.RecordError):
        assert {n: (data / f"{n}.csv").read_bytes() for n in TABLES} == before
    else:
        tables = rp.load(data).tables
        assert name in tables["sources"]["publisher"].tolist() and note in tables["events"]["note"].tolist()
    for n, raw in before.items():
        (data / f"{n}.csv").write_bytes(raw)


# --- warnings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (
            handover(page("https://p.example/1", "kyiv: to_ukraine 985"), date="2025-03-31"),
            "may be 'bodies-2025-03-28'",
        ),
        (handover(page("https://p.example/1", "kyiv: to_ukraine 3001")), "more than 3 times any before it (1000)"),
        (handover(page("https://p.example/1", "kyiv: to_ukraine 909")), "rests on one publisher"),
    ],
)
def test_a_doubtful_addition_is_made_with_a_warning(given_: Handover, expected: str, data: Path) -> None:
    made = add(data, given_)
    assert any(expected in w for w in made.warnings), made.warnings


def test_a_total_that_falls_is_a_warning(data: Path) -> None:
    add(data, full())
    for count, falls in (("7000", False), ("6500 about", False), ("6000", True)):
        total = curate.total(f"kyiv: to_ukraine {count} since=2022-02-24", "bodies", "2025-05-01")
        later = Page(
            "https://paper.example/3", "Paper", "2025-05-01", "en", "press", totals=(replace(total, claimant="rada"),)
        )
        made, _ = curate.draft(data, [Handover(event_id="bodies-2025-04-18", pages=(later,))])
        assert made is not None and any("is below 7000" in w for w in made.warnings) == falls
    more = [
        "--event",
        EVENT,
        "--url",
        "https://paper.example/3",
        *FLAGS[6:8],
        "--published",
        "2025-05-01",
        *FLAGS[10:14],
    ]
    result = run(data, *more, "--total", "rada: to_ukraine 60 since=2022-02-24", "--strict")
    assert result.exit_code == 1 and "1 new warnings; nothing was written" in result.stderr


def test_batches_of_one_deal_and_far_apart_days_are_no_duplicates(data: Path) -> None:
    far = handover(page("https://p.example/far", "kyiv: to_ukraine 909", published_on="2025-04-23"), date="2025-04-23")
    deal = [handover(page(f"https://p.example/{d}", "kyiv: to_ukraine 900"), date=f"2025-04-1{d}", deal_id="deal-1")
            for d in (5, 6)]  # fmt: skip
    assert not any("may be" in w for w in add(data, *deal).warnings)
    assert not any("may be" in w for w in add(data, far).warnings)


def test_handovers_of_unknown_size_only_are_compared_with_nothing(tmp_path: Path) -> None:
    hidden = dict(event_id="bodies-2025-01-01", claimant_id="kyiv", direction="to_ukraine", absence="withheld")
    loaded = rp.load(write(tmp_path / "hidden", small([("bodies-2025-01-01", "2025-01-01")], [hidden])))
    assert [w.reason for w in loaded.warnings] == ["'bodies-2025-01-01' rests on one publisher"]


# --- asking -------------------------------------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curate, "_terminal", lambda: True)


THREE = [
    "bodies", "2025-04-18", "", "", "", "Novi Yarylovychi", "",
    # first page: a wrong kind of tier is asked for again, an unknown claimant leads to a new one
    "https://rada.example/1", "Rada", "2025-04-18", "uk", "blog", "official", "stated",
    "Verkhovna: to_ukraine 909", "new", "rada", "Verkhovna Rada", "parliament", "ukraine", "yes", "", "",
    # second page: the same statement by its number, and one of the other side
    "https://paper.example/2", "Paper", "2025-04-19", "en", "press", "published", "1", "moscow: to_russia 41", "", "",
    # third page: a line that cannot be read is asked for again; a name is found
    "https://paper.example/3", "", "2025-04-19", "", "", "stated", "gibberish", "Moscow office: to_ukraine 909",
    "", "moscow: to_ukraine 7000", "", "",
]  # fmt: skip


@pytest.mark.usefixtures("terminal")
def test_three_pages_by_answering(data: Path) -> None:
    result = run(data, input="\n".join([*THREE, "y", ""]))
    assert result.exit_code == 0, result.output
    loaded = rp.load(data)
    event = loaded.events().set_index("event_id").loc["bodies-2025-04-18"]
    assert (event["to_ukraine"], event["to_ukraine_grade"], event["to_russia"]) == (909, "agreed", 41)
    assert event["place"] == "Novi Yarylovychi" and loaded.totals()["claimant_id"].tolist() == ["moscow"]
    assert len(loaded.citations(event_id="bodies-2025-04-18")) == 4


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("last", [["n", ""], []])
def test_no_or_a_closed_terminal_writes_nothing(last: list[str], data: Path) -> None:
    before = of_data(data)
    run(data, input="\n".join([*THREE, *last]))
    assert of_data(data) == before and not list(data.glob(".pending*"))


@pytest.mark.usefixtures("terminal")
def test_a_page_on_an_event_of_record_by_answering(data: Path) -> None:
    answers = ["https://example.org/0", "stated", "1", "", "", ""]
    result = run(data, "--event", EVENT, input="\n".join([*answers, "y", ""]))
    assert "on record: s0, Paper 0" in result.output and "1 = moscow: to_russia 65" in result.output
    assert "published before the event" in result.output and result.exit_code == 1  # that page is from January
    (kept,) = re.findall(r"answers are in (\S+): correct", result.stderr)
    answers = json.loads(Path(kept).read_text(encoding="utf-8"))
    Path(kept).unlink()
    answers["pages"][0]["url"] = "https://example.org/10"  # a page of the right day
    assert run(data, "--from", "-", input=json.dumps(answers)).exit_code == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kyiv: to_ukraine 1,003", Statement("kyiv", "to_ukraine", "total", "whole", "1003", "1003", "exact")),
        ("A: b: to_russia 25-29 about", Statement("A: b", "to_russia", "total", "whole", "25", "29", "about")),
        ("kyiv: to_ukraine women 12 at_least",
         Statement("kyiv", "to_ukraine", "women", "subset", "12", "12", "at_least")),
        ("kyiv: to_ukraine military 185 component 2025-10-01",
         Statement("kyiv", "to_ukraine", "military", "component", "185", "185", "exact", "", "2025-10-01")),
        ("kyiv: to_russia zero", Statement("kyiv", "to_russia", "total", "whole", "0", "0", "exact", "zero")),
        ("kyiv: to_russia withheld", Statement("kyiv", "to_russia", "total", "whole", absence="withheld")),
    ],
)  # fmt: skip
def test_a_claim_in_one_line(line: str, expected: Statement) -> None:
    assert statement(line) == expected


def test_importing_is_light() -> None:
    import subprocess
    import sys

    code = "import sys, repatria.curate, repatria.export, repatria.changes; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_guide_works_as_printed(folder: Path) -> None:
    text = (ROOT / "docs" / "curating.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```bash\n(.*?)```", text, re.S)
    (batch,) = re.findall(r"```json\n(.*?)```", text, re.S)
    outputs = []
    for line in script.replace("\\\n", " ").splitlines():
        result = run(folder, *shlex.split(line)[2:])
        assert result.exit_code == 0, result.output
        outputs.append(result.output)
    (printed,) = re.findall(r"```text\n(.*?)```", text, re.S)
    assert all(line in outputs[1] for line in printed.splitlines() if line != "…"), outputs[1]
    result = run(folder, "--from", "-", input=batch)
    assert result.exit_code == 0, result.output
    events = rp.load(folder).events().set_index("event_id")
    bodies, prisoners = events.loc["bodies-2026-07-15"], events.loc["prisoners-2026-07-16"]
    assert (bodies["to_ukraine"], bodies["to_ukraine_grade"], bodies["to_russia"]) == (503, "agreed", 21)
    assert (prisoners["to_ukraine"], prisoners["to_russia_absence"]) == (205, "withheld")
