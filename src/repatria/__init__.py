"""Repatria: a sourced record of repatriations and prisoner exchanges between Russia and Ukraine.

>>> import repatria as rp
>>> record = rp.load()
>>> len(record.events("bodies")) > 70
True
"""

from collections.abc import Mapping as _Mapping

import lazy_loader as lazy

from repatria.record import showing as _showing

__version__ = "0.2.0"

# Loaded on first use: `import repatria` stays light for the command line.
__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["analysis", "charts", "display", "explore"],
    submod_attrs={"record": ["Record", "RecordError", "load"]},
)


def _words(thing: object) -> _Mapping[str, str]:
    from repatria.display import shown

    return shown.bundle(thing)  # type: ignore[arg-type]


_showing.hang(_words)  # what the record gives is told by a wing above it
