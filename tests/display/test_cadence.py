"""What is said of cadence: no hole for a missing number, every window told, the same figures as the analysis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2
import pandas as pd
import pytest

from repatria.analysis import cadence
from repatria.display import cadence as tables
from repatria.display.words import say

DENSE = ("2024-01-01", "2024-03-31", "dense")
BOTH = [(kind, unit) for kind in ("prisoners", "bodies") for unit in cadence.UNITS]


@pytest.fixture
def gaps(build: Callable[..., Any]) -> Callable[..., pd.DataFrame]:
    """Return a function that makes the gaps between prisoner exchanges on given days, read in early 2024."""

    def make(*days: str, spans: tuple[tuple[str, str, str], ...] = (DENSE,)) -> pd.DataFrame:
        claim = {"claimant_id": "kyiv", "direction": "to_ukraine", "n": 10}
        cover = [
            {"kind": k, "side": s, "read_from": a, "read_through": b, "density": d}
            for k in ("prisoners", "bodies")
            for s in ("ukraine", "russia")
            for a, b, d in spans
        ]
        claims = [claim | {"event_id": f"prisoners-{d}"} for d in days]
        record = build([(f"prisoners-{d}", d) for d in days], claims, coverage=cover)
        return cadence.gaps(record)

    return make


# --- templates: broken, smallest, usual -----------------------------------------------------------

SILENCE = {
    "kind": "bodies",
    "unit": "deal",
    "as_of": pd.Timestamp("2024-03-31"),
    "first": pd.Timestamp("2024-01-01"),
    "through": pd.Timestamp("2024-03-31"),
    "dense": True,
    "open_days": 30,
    "open_since": pd.Timestamp("2024-03-01"),
    "closed": 9,
    "longest": 29,
    "dense_from": pd.Timestamp("2024-01-01"),
    "dense_closed": 8,
    "dense_median": 7.5,
    "dated": True,
    "median": 7.5,
    "longer": 3,
    "equal": 1,
    "shorter": 5,
    "share_of_days": 0.456,
    "listed": 0,
}
DENSELY = ("dense_from", "dense_closed", "dense_median")
STEMS = {
    k: SILENCE[k] for k in ("kind", "unit", "open_days", "through", "closed", "dated", *DENSELY)
}
STEMS |= {"as_of": SILENCE["as_of"], "median": 12, "longest": 29, "thin": False}
CURVE = {k: SILENCE[k] for k in ("kind", "unit", "open_days", "through", "closed", *DENSELY)}
CURVE |= {"median": 12, "longer": 0.78}
REGIME = {"kind": "bodies", "deals": 46, "regimes": 1, "first": SILENCE["first"]}
REGIME |= {"last": SILENCE["through"]}
REGIME |= {"detected": [{"factor": f, "detected": 0.5, "low": 0.004, "high": 1} for f in (1, 2)]}
RHYTHM = {"inside": 8, "low": 21, "high": 35, "expected": 2.6, "whole_weeks": 7}
WEEKDAY = {"deals": 20, "dense": 12, "dense_most": 9, "top": "Friday", "most": 11}
WEEKDAY |= {"expected": 2.9, "empty": ["Saturday", "Sunday"]}
HELD = {"weekday": True, "rhythm": True, "burstiness": True}
TOLD = {"kind": "bodies", "closed": 10, "weekday": WEEKDAY, "rhythm": RHYTHM, "holds": HELD}
TOLD |= {"p": dict.fromkeys(HELD, 0.0004), "value": {"burstiness": -0.436}}
BAR = {"kind": "bodies", "holds": True, "p": 0.001, "most": 11, "deals": 20, "top": "Friday"}
USUAL: dict[str, dict[str, Any]] = {
    "present": {"silences": [SILENCE]},
    "regimes": {"regimes": [REGIME]},
    "gap_stems": STEMS,
    "survival_curve": CURVE,
    "event_strip": {
        "counts": [{"kind": "bodies", "handovers": 3, "days": 2, "deals": 1}],
        "through": None,
        "monthly": 1,
    },
    "calendar": {
        "peaks": [{"kind": "bodies", "days": 7, "months": [pd.Timestamp("2024-03-01")]}],
        "panels": 1,
        "as_of": pd.Timestamp("2024-03-31"),
    },
    "regime_rates": {
        "kind": "bodies",
        "first": SILENCE["first"],
        "rates": [1.44],
        "through": SILENCE["through"],
        "cut": None,
    },
    "gaps_notes": {"first": SILENCE["first"], "through": SILENCE["through"]},
    "regularities": {"kinds_told": [TOLD], "tests": 13},
    "tests_notes": {"tests": 13},
    "weekdays": {"told": [BAR | {"empty": ["Sunday"]}], "through": None},
    "rhythm": {
        "told": [{"kind": "bodies", "holds": True, "p": 0.5, "closed": 10} | RHYTHM],
        "first": SILENCE["first"],
        "through": SILENCE["through"],
        "width": 15,
    },
    "listed_title": {"handovers": 2, "through": SILENCE["through"]},
    "nothing": {"chart": "gap_stems", "kind": "either", "through": None},
    "source_note": {"through": SILENCE["through"], "dense": True},
}


@pytest.mark.parametrize("name", USUAL)
def test_a_missing_number_is_an_error_and_no_hole(name: str) -> None:
    assert say(f"cadence/{name}", **USUAL[name])
    for lost in USUAL[name]:
        with pytest.raises((jinja2.UndefinedError, TypeError)):
            say(f"cadence/{name}", **{k: v for k, v in USUAL[name].items() if k != lost})


@pytest.mark.parametrize("lost", [k for k in SILENCE if k != "as_of"])
def test_a_silence_that_lacks_a_number_is_an_error(lost: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        say("cadence/present", silences=[{k: v for k, v in SILENCE.items() if k != lost}])


def test_smallest_and_usual_words_of_charts() -> None:
    assert say("cadence/gap_stems", **STEMS).split("\n\n")[0] == (
        "No handover of bodies for 30 days by 31 March 2024; half of 8 silences since "
        "January 2024 ended within 7.5 days, of all 9 on record within 12"
    )
    whole = say("cadence/gap_stems", **STEMS | {"dense_closed": 9})
    assert "; half of 9 past silences ended within 12 days\n" in whole
    least = STEMS | {"open_days": 0, "closed": 0, "median": None, "longest": None}
    assert say("cadence/gap_stems", **least).split("\n\n") == [
        "A handover of bodies on the last searched day, 31 March 2024",
        "Days of silence before each handover of bodies, at the day it ended. Gap: from the last "
        "day of one deal to the first of the next. Hollow: still open on that day.",
        "Stems by date, one a gap, the open one hollow. "
        "A handover of bodies on the last searched day, 31 March 2024.",
    ]
    never = say("cadence/survival_curve", **CURVE | {"median": None})
    assert never.startswith("More than half of the silences between handovers of bodies have not")
    assert say("cadence/event_strip", **USUAL["event_strip"]).startswith(
        "3 handovers of bodies on 2 days in 1 deal\n\n"
    )
    changed = USUAL["regime_rates"] | {"rates": [2.0, 0.5], "cut": 9.96}
    title, subtitle, _ = say("cadence/regime_rates", **changed).split("\n\n")
    assert title == (
        "2 regimes of handovers of bodies by deal: 2.0, then 0.5 per 30 days, "
        "from 1 January 2024 to 31 March 2024"
    )
    assert subtitle.endswith("An interval cut off at the top reaches 10.0.")


def test_shares_are_whole_percents() -> None:
    said = say("cadence/regimes", regimes=[REGIME])
    assert "split in 50% of simulated records (95% under 1% to 100%)" in said
    assert "if it is 2-fold in 50% of them. Smaller" in said
    assert "no deal in dense reading" in say(
        "cadence/regimes", regimes=[REGIME | {"deals": 0, "detected": None}]
    )


@pytest.mark.parametrize("lost", TOLD)
def test_a_regularity_that_lacks_a_number_is_an_error(lost: str) -> None:
    told = {k: v for k, v in TOLD.items() if k != lost}
    with pytest.raises(jinja2.UndefinedError):
        say("cadence/regularities", kinds_told=[told], tests=13)


def test_only_what_survives_is_told_as_found() -> None:
    said = say("cadence/regularities", kinds_told=[TOLD], tests=13)
    assert "11 of 20 deals dated to the day begin on a Friday" in said
    assert "none on a Saturday or Sunday (p < 0.001)" in said
    assert "8 of 10 silences in dense reading lasted 21 to 35 days" in said
    assert "more regular than" in said and "all 13 tests" in said
    none = TOLD | {"holds": dict.fromkeys(HELD, False)}
    said = say("cadence/regularities", kinds_told=[none], tests=13)
    assert "Friday" not in said and "regular than" not in said and "no weekday" in said
    least = TOLD | {"weekday": None, "holds": {}}
    said = say("cadence/regularities", kinds_told=[least], tests=0)
    assert said == "**Handovers of bodies:** too few to look for a rhythm."


def test_a_silence_after_a_month_has_no_day() -> None:
    late = SILENCE | {"dated": False, "as_of": pd.Timestamp("2024-04-30"), "listed": 1}
    said = say("cadence/present", silences=[late])
    assert "about 30 days of silence" in said and "known by its month only, March 2024" in said
    assert "on 1 March 2024" not in said
    assert "The 30 days from then to 30 April 2024 are not densely read: 1 later handover" in said
    assert "No handover of bodies for about 30 days" in say(
        "cadence/gap_stems", **STEMS | {"dated": False}
    )


def test_the_pace_of_dense_reading_stands_beside_the_whole() -> None:
    later = {"dense_closed": 5, "dense_median": 20, "dense_from": pd.Timestamp("2024-02-01")}
    assert "Since 1 February 2024, where reading is dense, it is 20 days (5 silences)." in say(
        "cadence/present", silences=[SILENCE | later]
    )
    assert say("cadence/gap_stems", **STEMS | later).startswith(
        "No handover of bodies for 30 days by 31 March 2024; half of 5 silences since "
        "February 2024 ended within 20 days, of all 9 on record within 12"
    )
    assert "within 12 days, since February 2024 within 20;" in say(
        "cadence/survival_curve", **CURVE | later
    )


# --- the present silence ---------------------------------------------------------------------------


def test_no_event_gives_a_clear_statement(gaps: Callable[..., pd.DataFrame]) -> None:
    said = tables.present(gaps())
    assert "none is counted from 1 January 2024 to 31 March 2024" in said


def test_one_and_two_events(gaps: Callable[..., pd.DataFrame]) -> None:
    one = tables.present(gaps("2024-03-01"))
    assert "30 days of silence" in one and "There is no completed silence" in one


def test_two_events(gaps: Callable[..., pd.DataFrame]) -> None:
    two = tables.present(gaps("2024-02-01", "2024-03-01"))
    assert "The only completed silence" in two and "29 days" in two


def test_nothing_searched_is_said(gaps: Callable[..., pd.DataFrame]) -> None:
    assert "no day has been searched" in tables.present(gaps("2024-02-01", spans=()))


def test_thin_reading_is_said(gaps: Callable[..., pd.DataFrame]) -> None:
    thin = (("2023-10-01", "2023-12-31", "thin"),)
    assert "only thinly read" in tables.present(gaps("2023-11-01", "2023-12-01", spans=thin))


def test_later_handovers_are_told_with_the_silence(record: Any) -> None:
    g = cadence.gaps(record, "prisoners", "deal", "2025-01-01")
    h = cadence.handovers(record, "prisoners", "day", "2025-01-01")
    late = h.loc[~h["counted"], "events"].sum()
    assert f"{late} later prisoner exchange" in tables.present(g)


# --- tables ---------------------------------------------------------------------------------------


def everything(view: Any, since: str | None) -> list[Any]:
    """Return every table of a view as the notebook makes them."""
    gaps = {of: cadence.gaps(view, *of, since) for of in [*BOTH, ("either", "day")]}
    tests = cadence.error_budget(view, since)
    deals = {kind: gaps[kind, "deal"] for kind in ("prisoners", "bodies")}
    told = [
        [cadence.pattern(view, kind, since=since) for kind in deals],
        [cadence.rhythm(g, draws=50) for g in deals.values()],
        [cadence.irregularity(g, draws=20) for g in deals.values()],
    ]
    return [
        tables.overview(*gaps.values()),
        tables.rates_table(*[cadence.rates(view, *of, "year", since) for of in BOTH]),
        tables.budget_table(tests),
        tables.regularities(tests, *told),
        tables.dating_table(*[cadence.dating(view, *of, since) for of in BOTH]),
        tables.listed(cadence.handovers(view, "either", since=since), view.events()),
        tables.regime_statement(*[cadence.regimes(view, kind, since) for kind in deals]),
        tables.present(gaps["prisoners", "deal"]),
    ]


VIEWS = [("2026-07-01", "2026-04-01"), ("2022-02-25", None), ("2025-06-12", "2025-05-16")]


@pytest.mark.parametrize(("as_of", "since"), VIEWS)
def test_tables_state_every_window(record: Any, as_of: str, since: str | None) -> None:
    for shown in everything(record.as_of(as_of), since):
        assert "rp-" in shown._repr_html_() if hasattr(shown, "csv") else shown


def test_a_window_past_the_searched_day_is_said(record: Any) -> None:
    said = tables.present(cadence.gaps(record, "prisoners", "deal", "2026-04-01"))
    through = record.searched_through("prisoners")
    assert f"the window begins after {through.day} {through:%B %Y}" in said


def test_tables_hold_the_figures_of_the_analysis(record: Any) -> None:
    rates = cadence.rates(record, "bodies", "day", "year")
    table = tables.rates_table(rates)
    assert table.data is not None
    assert table.data["days or deals"].tolist() == rates["handovers"].tolist()
    assert set(table.spanners) == {"to Ukraine", "to Russia"}
    assert "people to Ukraine per 30 days" in table.csv().splitlines()[0]
    gaps = cadence.gaps(record, "bodies", "deal")
    assert tables.overview(gaps).frame["longest"].tolist() == [cadence.summary(gaps).longest]


def test_a_range_shows_what_is_not_known() -> None:
    assert tables.with_range(None, 1, 2) == "not known"
    assert tables.with_range(float("nan"), 1, 2) == "not known"
    assert tables.with_range(1, None, None) == "1.00"
    assert tables.with_range(1, None, 2) == "1.00 (… to 2.00)"
