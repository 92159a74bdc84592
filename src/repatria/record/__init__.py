"""The record: data/*.csv read, checked, estimated by a named rule, and as pages of a past day carry
it.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "view": ["Record", "load"],
        "checks": ["RecordError"],
        "window": ["Day", "day"],
    },
)
