"""Display: results in, sentences and tables for readers out. One file a question; the words stand in templates."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=[
        "asymmetry",
        "brief",
        "cadence",
        "events",
        "forecast",
        "handover",
        "holdings",
        "ledger",
        "news",
        "pledges",
        "reconcile",
    ],
)
