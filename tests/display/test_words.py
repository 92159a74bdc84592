"""Words: absences and numbers as readers see them; sentences from templates are strict."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

from repatria.display import words


def test_a_missing_number_is_an_error_not_a_hole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "x.md.j2").write_text("{{ persons | number }} to Ukraine", "utf-8")
    monkeypatch.setattr(words.templates(), "loader", jinja2.FileSystemLoader(tmp_path))
    with pytest.raises(jinja2.UndefinedError, match="persons"):
        words.say("x")
    assert words.say("x", persons=6057) == "6,057 to Ukraine"


def test_an_unknown_template_is_named() -> None:
    with pytest.raises(jinja2.TemplateNotFound, match="no_such"):
        words.say("no_such")


def test_line_breaks_are_the_editors_and_empty_lines_part_paragraphs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "y.md.j2").write_text(
        "One\n  sentence.\n\n\n{% if more %}Two.{% endif %}\n", "utf-8"
    )
    monkeypatch.setattr(words.templates(), "loader", jinja2.FileSystemLoader(tmp_path))
    assert words.say("y", more=False) == "One sentence."
    assert words.say("y", more=True) == "One sentence.\n\nTwo."


@pytest.mark.parametrize(
    ("value", "absence", "shown"),
    [
        (0, "zero", "none"),
        (pd.NA, "withheld", "size withheld"),
        (pd.NA, "not_reported", "not reported"),
        (pd.NA, "not_applicable", "not applicable"),
        (1212, None, "1,212"),
    ],
)
def test_four_absences_have_four_words(value: object, absence: object, shown: str) -> None:
    assert words.counted(value, absence) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(5, 5, "5"), (1245, 1248, "1,245–1,248"), (35, pd.NA, "35 or more"), (pd.NA, pd.NA, "")],
)
def test_spans(low: object, high: object, shown: str) -> None:
    assert words.span(low, high) == shown


@pytest.mark.parametrize(
    ("items", "shown"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_lists_read_as_in_a_sentence(items: list[str], shown: str) -> None:
    if items:
        assert words.joined(items) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0.0%"), (0.00004, "0.004%"), (0.5, "50.0%"), (0.99996, "99.996%"), (None, "no figure")],
)
def test_a_share_that_is_not_zero_never_prints_as_zero(share: float | None, shown: str) -> None:
    assert words.percent(share) == shown


def test_prose_in_a_notebook_leads_nowhere_that_is_not_there() -> None:
    said = "**One:** [27](#event-b-1) of [30](https://a.org/b), [all](x.html#b). [Each ›](x.html)"
    shown, _ = DisplayFormatter().format(words.Prose(said))  # as a kernel asks for it
    assert shown["text/markdown"] == "**One:** 27 of [30](https://a.org/b), all."
    assert shown["text/plain"] == said
