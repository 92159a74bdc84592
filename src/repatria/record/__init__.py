"""The record: data/*.csv read, checked, estimated by a named rule, and as it stood on a past day."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, submod_attrs={"view": ["Record", "load"], "checks": ["RecordError"]}
)
