"""Display: results in, sentences and tables for readers out. One file a question; the words stand in templates."""

import sys

import lazy_loader as lazy

from repatria.record.guard import Guarded

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=[
        "asymmetry",
        "brief",
        "cadence",
        "events",
        "explain",
        "forecast",
        "handover",
        "holdings",
        "ledger",
        "news",
        "pledges",
        "reconcile",
    ],
)

sys.modules[__name__].__class__ = Guarded  # wrong objects end in one sentence
