"""Exploring: the record under one's hands in JupyterLab. `panel` shows widgets, `Selection` is the same by hand."""

import sys

import lazy_loader as lazy

from repatria.record.guard import Guarded

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    # Not named as what they hold: an imported module would hide its function.
    submod_attrs={"page": ["linked"], "widgets": ["panel"], "selection": ["Selection"]},
)

sys.modules[__name__].__class__ = Guarded  # wrong objects end in one sentence
