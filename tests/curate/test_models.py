"""What a curator may give: refusals first, then what is understood, by lines and by JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repatria.curate.models import (
    CurateError,
    Handover,
    Statement,
    claimant,
    from_json,
    number,
    read,
    span,
    statement,
    total,
)

SEPARATORS = ["", ",", " ", "\u00a0", "\u2009", "\u202f"]


def said(parse: Callable[[], Any]) -> str:
    """Return how something is refused, or an empty text if it is read."""
    try:
        parse()
    except CurateError as e:
        return str(e)
    return ""


# --- numbers ----------------------------------------------------------------------------------


def refused(text: str) -> bool:
    try:
        number(text)
    except ValueError:
        return True
    return False


@given(n=st.integers(0, 10**9), by=st.sampled_from(SEPARATORS))
def test_a_number_parted_before_each_three_digits_is_read(n: int, by: str) -> None:
    assert number(f"{n:,}".replace(",", by)) == n


@given(text=st.text("0123456789,. \u00a0\u2009-+'٣১", max_size=9) | st.text(max_size=6))
def test_what_is_read_as_a_number_is_printed_so(text: str) -> None:
    if not refused(text):
        assert text in {f"{number(text):,}".replace(",", by) for by in SEPARATORS}


@given(groups=st.lists(st.text("0123456789", min_size=1, max_size=5), min_size=2, max_size=4))
def test_a_separator_elsewhere_is_refused(groups: list[str]) -> None:
    sound = len(groups[0]) <= 3 and groups[0][0] != "0" and all(len(g) == 3 for g in groups[1:])
    assert refused(",".join(groups)) != sound


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,5",
        "1,57",
        "12,34",
        "1,0000",
        "1,000 000",
        "1.000",
        "007",
        "+5",
        "-5",
        "\u22125",
        "1_000",
        "1e3",
        "½",
        "\uff11\uff12",
        "\u0661\u0662",
        "0x1f",
        " 5",
        "5\n",
        "1,,000",
        ",000",
        "1'000",
    ],
)
def test_other_numbers_are_refused(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize("text", ["5-", "-5", "5--7", "157-150", "5-7-9", "1,5-2", "5 - 7"])
def test_ranges_without_two_ends_in_order_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a whole number|is neither|ends before"):
        span(text)


# --- lines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", "claimant or direction is missing"),
        ("to_nowhere 909", "claimant or direction is missing"),
        ("to_ukraine", "a count or one of"),
        ("to_ukraine 909 910", "count is given twice"),
        ("to_ukraine 8 255", "count is given twice"),
        ("to_ukraine women children 5", "part is given twice"),
        ("to_ukraine 157 withheld", "a count goes without withheld"),
        ("to_ukraine 5 zero", "a count goes without zero"),
        ("to_ukraine 1,2 thousand", "'1,2' is not a whole number"),
        ("to_ukraine +157", "'+157' is not a whole number"),
        ("to_ukraine Women 5", "'Women' is not a whole number"),
        ("to_ukraine 157 2025-13-01", "is not a day"),
        ("to_ukraine ~157", "is not a whole number"),
    ],
)
def test_a_claim_not_understood_is_refused(rest: str, expected: str) -> None:
    with pytest.raises(CurateError) as e:
        statement(f"kyiv: {rest}")
    assert expected in str(e.value) and "; write CLAIMANT" in str(e.value)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("to_ukraine many", "'many' is no unit and no wording"),
        ("to_ukraine 8 255", "count is given twice"),
        ("to_ukraine 150-157", "is not a whole number"),
        ("to_ukraine 157 prisoners", "'prisoners' is no unit"),
        ("to_ukraine 157 women", "'women' is no unit"),
        ("to_ukraine 157 about about", "qualifier is given twice"),
        ("to_ukraine 157 sinc=2022-02-24", "is not a whole number"),
        ("to_ukraine 157 since=today", "is not a day"),
        ("to_ukraine 157 kind=tanks", "'tanks' is none of"),
        ("to_ukraine", "count: is missing"),
    ],
)
def test_a_total_not_understood_is_refused(rest: str, expected: str) -> None:
    with pytest.raises(CurateError) as e:
        total(f"kyiv: {rest}", "bodies", "2025-04-18")
    assert expected in str(e.value) and "; write CLAIMANT" in str(e.value)


@pytest.mark.parametrize(
    "text", ["", "soon", "2025-04-18 kyiv", "2025-04-18 2025-04-19", "18.4.2025"]
)
def test_a_searched_day_not_understood_is_refused(text: str) -> None:
    with pytest.raises(CurateError, match="write DAY"):
        read(text)


@given(text=st.text(max_size=40) | st.text("abc_ 0123456789,-–:=;", max_size=40))
def test_any_line_is_refused_or_read(text: str) -> None:
    for parse in (
        lambda: statement(f"kyiv: to_ukraine {text}"),
        lambda: total(f"kyiv: both {text}", "bodies", "2025-04-18"),
        lambda: read(text),
        lambda: claimant(text),
    ):
        assert "\n" not in said(parse)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kyiv: to_ukraine 1,003", dict(count=1003)),
        ("kyiv: to_ukraine 1\u00a0003", dict(count=1003)),
        (
            "A: b: to_russia 25-29 about",
            dict(claimant="A: b", direction="to_russia", count="25-29", qualifier="about"),
        ),
        (
            "kyiv: to_ukraine women 12 at_least",
            dict(part="women", role="subset", count=12, qualifier="at_least"),
        ),
        (
            "kyiv: to_ukraine military 185 component 2025-10-01",
            dict(part="military", role="component", count=185, stated_date="2025-10-01"),
        ),
        ("kyiv: to_ukraine zero", dict(count=0, absence="zero")),
        ("kyiv: to_ukraine withheld", dict(absence="withheld")),
        ("kyiv: to_ukraine 5 corrects", dict(count=5, corrects="earlier")),
        (
            "kyiv: to_ukraine 5 corrects=e.to_ukraine.kyiv.total",
            dict(count=5, corrects="e.to_ukraine.kyiv.total"),
        ),
    ],
)
def test_a_claim_in_one_line(line: str, expected: dict[str, Any]) -> None:
    assert statement(line) == Statement(
        **{"claimant": "kyiv", "direction": "to_ukraine"} | expected
    )


def test_a_searched_day_in_one_line() -> None:
    far = read("2025-04-18 russia dense from=2025-04-01")
    assert (far.through, far.side, far.density, far.read_from) == (
        "2025-04-18",
        "russia",
        "dense",
        "2025-04-01",
    )
    assert (read("2025-04-18").density, read("2025-04-18 both").side) == ("thin", "")


# --- JSON -------------------------------------------------------------------------------------

CLAIM = {"claimant": "kyiv", "direction": "to_ukraine"}


def on_page(**more: Any) -> str:
    return json.dumps({"pages": [{"url": "https://a.example/", **more}]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("7", "'7' is not an object"),
        ("[7]", "[0]: '7' is not an object"),
        ('{"kinds": "bodies"}', "'kinds' is unknown; there are agreement_id"),
        ('{"kind": ["bodies"]}', "kind: '['bodies']' is not text"),
        ('{"kind": "tanks"}', "kind: 'tanks' is none of bodies"),
        ('{"kind": "bodies", "kind": "bodies"}', "'kind' is given twice"),
        ('{"date": 20260715}', "date: '20260715' is not text"),
        ('{"date": "2026-02-30"}', "date: '2026-02-30' is not a day (YYYY-MM-DD) or a month"),
        ('{"second": 1}', "second: '1' is not true or false"),
        ('{"note": "\\ud800"}', "note: '\\ud800' holds half a character"),
        ('{"pages": {}}', "pages: '{}' is not a list"),
        ('{"pages": [{}]}', "pages[0].url: is missing"),
        ('[{}, {"pages": [{}]}]', "[1].pages[0].url: is missing"),
        (on_page(tier="blog"), "pages[0].tier: 'blog' is none of official"),
        (on_page(published_on="18.4.25"), "pages[0].published_on: '18.4.25' is not a day"),
        (
            on_page(claims=[{"claimant": "kyiv", "count": 5}]),
            "pages[0].claims[0].direction: is missing",
        ),
        (
            on_page(claims=[CLAIM | {"count": 1.5}]),
            "pages[0].claims[0].count: '1.5' is not a whole number",
        ),
        (
            on_page(claims=[CLAIM | {"count": True}]),
            "pages[0].claims[0].count: 'True' is not a whole",
        ),
        (
            on_page(claims=[CLAIM | {"count": -5}]),
            "pages[0].claims[0].count: '-5' is not a whole number",
        ),
        (
            on_page(claims=[CLAIM | {"count": "1,5"}]),
            "pages[0].claims[0].count: '1,5' is not a whole number",
        ),
        (on_page(claims=[CLAIM | {"count": None}]), "pages[0].claims[0]: a count or one of"),
        (
            on_page(claims=["kyiv: to_ukraine 1,5"]),
            "pages[0].claims[0]: claim 'kyiv: to_ukraine 1,5':",
        ),
        (
            on_page(claims=[CLAIM | {"count": 5}]).replace(
                '"count"', '"direction": "to_russia", "count"'
            ),
            "pages[0].claims[0]: 'direction' is given twice",
        ),
        (
            on_page(totals=[CLAIM | {"count": "5-7"}]),
            "pages[0].totals[0].count: '5-7' is not a whole number",
        ),
        ('{"searched": ["soon"]}', "searched[0]: searched through 'soon'"),
        ('{"claimants": ["a; b"]}', "claimants[0]: claimant 'a; b': 2 parts, not 5"),
        ('{"claimants": ["A!; b; c; ukraine; yes"]}', "'A!' is not lower-case words"),
    ],
)
def test_json_not_understood_is_refused_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(CurateError) as e:
        from_json(text)
    assert any(line.startswith(expected) or expected in line for line in str(e.value).splitlines())


def test_every_slip_is_told_at_once() -> None:
    with pytest.raises(CurateError) as e:
        from_json(on_page(tier="blog", published_on="x", totals=[{"count": 5}]))
    assert len(str(e.value).splitlines()) == 7


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*Handover.model_fields, "url", "claims", "count"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_refused_or_read(value: Any) -> None:
    line = said(lambda: from_json(json.dumps(value)))
    assert "pydantic" not in line and "Input should" not in line


def test_null_is_not_given() -> None:
    text = on_page(publisher=None, claims=[CLAIM | {"count": None, "absence": "withheld"}])
    (made,) = from_json(text)
    assert made.pages[0].publisher == "" and made.pages[0].claims[0].absence == "withheld"


def test_what_is_given_can_be_kept_and_given_again() -> None:
    claims = [
        CLAIM | {"count": "25-29"},
        "press: to_russia women 12 at_least",
        CLAIM | {"count": 5},
    ]
    (made,) = from_json(on_page(claims=claims))
    assert from_json(made.model_dump_json(exclude_defaults=True)) == [made]
