"""Charts, a module a question: analysis results in, `Chart` out; `Style` says how they look.

>>> rp.charts.handovers.stems(record.events("bodies", since="2025-06-01", until="2025-06-30")).panels
('to_ukraine', 'to_russia')
"""

import sys

import lazy_loader as lazy

from repatria.record.guard import Guarded

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=[
        "asymmetry",
        "brief",
        "cadence",
        "forecast",
        "handovers",
        "holdings",
        "pledges",
        "reconcile",
    ],
    submod_attrs={"base": ["Chart"], "style": ["Style"]},
)

sys.modules[__name__].__class__ = Guarded  # wrong objects end in one sentence
