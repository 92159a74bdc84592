"""Repatria: a sourced record of repatriations and prisoner exchanges between Russia and Ukraine.

>>> import repatria as rp
>>> record = rp.load()
>>> len(record.events("bodies")) > 70
True
"""

import lazy_loader as lazy

__version__ = "0.2.0"

# Loaded on first use: `import repatria` stays light for the command line.
__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["analysis", "charts", "display"],
    submod_attrs={"record": ["Record", "RecordError", "load"]},
)
