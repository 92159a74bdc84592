"""Curate: from what a curator read on pages to rows of the record, checked, and written all or nothing.

`models` says what may be given, `book` what is on record, `propose` turns the one into rows for the other,
`write` puts them in place, `interview` asks.
"""

import lazy_loader as lazy

from repatria.record.schema import QUALIFIERS

UNITS = ("people", "bodies", "exchanges")
CLAIM_FORM = (
    "CLAIMANT: to_ukraine|to_russia [PART] COUNT|LOW-HIGH|withheld|zero|not_applicable "
    f"[{'|'.join(QUALIFIERS)}] [component] [day stated] [corrects|corrects=CLAIM]"
)
TOTAL_FORM = (
    f"CLAIMANT: to_ukraine|to_russia|both COUNT [{'|'.join(UNITS)}] [{'|'.join(QUALIFIERS)}] "
    "[as_of=DAY] [since=DAY] [scope=NAME] [kind=KIND]"
)
READ_FORM = "DAY [ukraine|russia|both] [dense|thin] [from=DAY]"

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["book", "interview", "models", "propose", "write"],
    submod_attrs={"models": ["CurateError", "Handover"]},
)
