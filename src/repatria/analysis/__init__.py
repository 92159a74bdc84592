"""Analysis: a record or its events in, DataFrames out. One file a question; no sentence, no figure."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["asymmetry", "cadence", "facts", "forecast", "holdings", "pledges", "reconcile"],
)
