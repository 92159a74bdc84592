"""Repatria: a sourced record of repatriations and prisoner exchanges between Russia and Ukraine."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Loaded on first use: `import repatria` stays light for the command line.
_HOMES = {
    "load": "record",
    "Record": "record",
    "RecordError": "checks",
    "parameters": "",
    "record": "",
    "estimate": "",
    "asymmetry": "",
    "asymmetry_tables": "",
    "cadence": "",
    "cadence_tables": "",
    "forecast": "",
    "charts": "",
    "tables": "",
    "words": "",
    "reconcile": "",
    "holdings": "",
    "brief": "",
}
__all__ = list(_HOMES)  # pyright: ignore


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'repatria' has no attribute {name!r}")
    home = _HOMES[name]
    return getattr(import_module(f"repatria.{home}"), name) if home else import_module(f"repatria.{name}")
