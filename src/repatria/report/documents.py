"""The pages of docs/ that are made of the code: the commands and their options, the public functions."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

__all__ = ["api", "commands", "modules", "public"]

WINGS = ("record", "analysis", "display", "charts", "explore")


def commands(group: Any) -> str:
    """Return the verbs of a click group with their arguments and options, as Markdown."""
    out = []
    for name, command in group.commands.items():
        if command.hidden:
            continue
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        usage = " ".join([group.name or "repatria", name, *(_argument(a) for a in arguments)])
        out += [f"## `{usage}`", "", _paragraphs(command.help), ""]
        out += ["| argument or option | default | is |", "|---|---|---|"]
        for p in command.params:
            told = _argument(p) if p in arguments else ", ".join([*p.opts, *p.secondary_opts])
            out.append(f"| `{told}` | {_default(p)} | {_cell(p.help or '')} |")
        out.append("")
    return "\n".join(out).rstrip()


def _argument(parameter: Any) -> str:
    name = parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _default(parameter: Any) -> str:
    value = parameter.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value}`" if value not in (None, "", []) and not callable(value) else ""


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(p.split()) for p in inspect.cleandoc(text or "").split("\n\n"))


def _cell(text: str) -> str:
    """Return text for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def modules() -> list[ModuleType]:
    """Return the public modules of the record, analysis, display, charts and explore, by name."""
    found = []
    for wing in WINGS:
        package = importlib.import_module(f"repatria.{wing}")
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
            if not info.name.startswith("_"):
                found.append(importlib.import_module(f"{package.__name__}.{info.name}"))
    return found


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the functions and classes of a module's `__all__` with the classes' own public methods."""
    for name in sorted(getattr(module, "__all__", ())):
        thing = getattr(module, name)
        if getattr(thing, "__module__", None) != module.__name__:
            continue  # a constant, or shown where it is at home
        if not callable(thing):
            continue
        yield name, thing
        if inspect.isclass(thing):
            for method, it in sorted(vars(thing).items()):
                own = inspect.isfunction(it) or isinstance(it, property | classmethod)
                if own and not method.startswith("_") and it.__doc__:
                    yield f"{name}.{method}", it


def api() -> str:
    """Return the public functions by module, with their parameters and first lines, as Markdown."""
    out = []
    for module in modules():
        rows = [
            f"| `{name}{_parameters(thing)}` | {_cell(_first(thing))} |"
            for name, thing in public(module)
        ]
        if rows:
            path = module.__name__.replace(".", "/") + ".py"
            title = module.__name__.removeprefix("repatria.")
            out += [f"## [{title}](../src/{path})", "", " ".join(_first(module).split()), ""]
            out += ["| call | gives |", "|---|---|", *rows, ""]
    return "\n".join(out).rstrip()


def _first(thing: Any) -> str:
    """Return the first paragraph of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n\n")[0]


def _parameters(thing: Any) -> str:
    """Return a call's parameters, by name and default: "(events, by='year')"; nothing for a property."""
    if isinstance(thing, property):
        return ""
    try:
        found = inspect.signature(getattr(thing, "__func__", thing)).parameters.values()
    except (TypeError, ValueError):
        return ""
    shown = [p.replace(annotation=p.empty) for p in found if p.name not in ("self", "cls")]
    if any("<factory>" in str(p) or " object at " in str(p) for p in shown):
        return "(" + ", ".join(p.name for p in shown) + ")"
    return f"({', '.join(map(str, shown))})".replace("|", "\\|")
