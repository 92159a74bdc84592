"""What is generated stands where it belongs, and says nothing of the day it was made."""

from __future__ import annotations

import json

import pytest

from repatria.record.fingerprint import ROOT
from repatria.report import ReportError, refresh
from repatria.report.provenance import notebooks


def test_stored_notebooks_have_no_timings() -> None:
    for path in notebooks():
        nb = json.loads((ROOT / "notebooks" / path.name).read_text("utf-8"))
        assert "papermill" not in nb["metadata"]
        assert not any({"execution", "papermill"} & set(c["metadata"]) for c in nb["cells"])


@pytest.mark.parametrize(
    "text",
    [
        "no markers",
        "<!-- x:begin -->\nonly a beginning",
        "<!-- x:end -->\n<!-- x:begin -->\n",
        "<!-- x:begin -->\na\n<!-- x:end -->\n" * 2,
    ],
)
def test_a_block_without_its_two_markers_is_refused(text: str) -> None:
    with pytest.raises(ReportError, match="x:begin and x:end are not there once each"):
        refresh.replace_block(text, "x", "new")


def test_only_the_block_is_replaced_and_twice_is_once() -> None:
    text = r"before <!-- x:begin (by hand: no) -->" + "\nold\n<!-- x:end --> after"
    new = refresh.replace_block(text, "x", r"\1 new" + "\n\n")
    assert new == r"before <!-- x:begin (by hand: no) -->" + "\n\\1 new\n<!-- x:end --> after"
    assert refresh.replace_block(new, "x", r"\1 new") == new
