"""Report: from notebooks to a published page. `make` does it all; each part has its own file."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "base": ["ReportError"],
        "parameters": ["Parameters"],
        "run": ["Outcome", "make"],
    },
)
