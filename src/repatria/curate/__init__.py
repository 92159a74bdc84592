"""Curate: from what a curator read on pages to rows of the record, checked, and written all or nothing.

`models` says what may be given, `propose` turns it into rows, `write` puts them in place, `interview` asks.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["interview", "models", "propose", "write"],
    submod_attrs={"models": ["CurateError", "Handover"], "propose": ["draft"], "write": ["write"]},
)
