"""Analysis: a record or its events in, DataFrames out. One file a question; no sentence, no figure."""

import sys

import lazy_loader as lazy

from repatria.record.guard import Guarded

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["asymmetry", "cadence", "facts", "forecast", "holdings", "pledges", "reconcile"],
)

sys.modules[__name__].__class__ = Guarded  # wrong objects end in one sentence
