"""Small wrong changes in `record` and `analysis`: which test fails? `make mutants` (up to an hour).

A mutant is one module with one comparison, sign, constant or boolean changed. Each runs in a fork of
this process, which has everything loaded: first against the module's own tests and, if those pass,
against all tests and examples of record, analysis and display. Modules with more mutants than
`--sample` are sampled by `--seed`. What no test can tell apart is named, with the reason, in
`bench/equivalent.txt`. Why no library does this: docs/decisions/014-mutants.md.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import inspect
import mmap
import os
import random
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "repatria"
# A module's own tests are the file of its name; where there is none, those of its question.
OWN = {
    "record.files": "test_checks test_view test_fuzz",
    "record.names": "test_fingerprint test_checks",
    "record.past": "test_view",
    "record.relations": "test_checks test_conflicts",
    "record.schema": "test_data test_checks",
    "record.window": "test_view",
    "analysis.known": "test_forecast",
    "analysis.models": "test_forecast",
    "analysis.plans": "test_pledges",
    "analysis.rates": "test_cadence",
    "analysis.rhythm": "test_cadence",
    "analysis.ties": "test_pledges",
    "analysis.units": "test_cadence",
    "analysis.windows": "test_reconcile",
}
WINGS = ("record", "analysis")
SHOWN = (*WINGS, "display")
REST = [f"tests/{w}" for w in SHOWN]
REST += ["--doctest-modules", *(f"src/repatria/{w}" for w in SHOWN)]
WARM = "scipy.stats scipy.interpolate statsmodels.api scoringrules hypothesis openpyxl"
PAIRS = [(ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.In, ast.NotIn)]
PAIRS += [(ast.Is, ast.IsNot), (ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.Div)]
PAIRS += [(ast.BitAnd, ast.BitOr)]
OPPOSITE = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
# Not changed: what types say, and options that guard or order but give the same numbers.
UNSEEN = {"annotation", "returns", "decorator_list"}
OPTIONS = {"strict", "observed", "compression", "compression_level"}


class Mutant(NamedTuple):
    module: str
    site: int
    line: int
    text: str  # that does not move when lines do: the module, the line, the change

    def __str__(self) -> str:
        return f"line {self.line:3} of {self.text}"


def sites(node: ast.AST) -> Iterator[tuple[ast.AST, str, Any, str]]:
    """Yield (node, field, new value, what changes) for each place that can be mutated, in order."""
    whole = isinstance(node, ast.FunctionDef) and node.name == "__dir__"
    option = isinstance(node, ast.keyword) and node.arg in OPTIONS
    if whole or option or (isinstance(node, ast.Assign) and "__all__" in ast.dump(node.targets[0])):
        return
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            new = OPPOSITE[type(op)]
            ops = [*node.ops[:i], new(), *node.ops[i + 1 :]]
            yield node, "ops", ops, f"{type(op).__name__} to {new.__name__}"
    elif isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in OPPOSITE:
        new = OPPOSITE[type(node.op)]
        yield node, "op", new(), f"{type(node.op).__name__} to {new.__name__}"
    elif isinstance(node, ast.UnaryOp):
        yield node, "op", None, f"{type(node.op).__name__} dropped"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        v = node.value
        other = not v if isinstance(v, bool) else 0.9 * v if isinstance(v, float) and v else v + 1
        yield node, "value", other, f"{v!r} to {other!r}"
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if field not in UNSEEN and isinstance(child, ast.AST):
                yield from sites(child)


class Dropping(ast.NodeTransformer):
    """Replaces -x, not x, ~x by x where the operator was taken out."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node.operand if node.op is None else node


def path_of(module: str) -> Path:
    return PACKAGE / (module.replace(".", "/") + ".py")


def mutants(module: str) -> list[Mutant]:
    source = path_of(module).read_text("utf-8")
    lines = source.splitlines()
    found = enumerate(sites(ast.parse(source)))
    at = [(i, getattr(node, "lineno", 1), change) for i, (node, *_, change) in found]
    return [Mutant(module, i, n, f"{module}: {lines[n - 1].strip()}  [{c}]") for i, n, c in at]


def pairs(a: CodeType, b: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield a module's code objects, original and mutant, from outside to inside."""
    yield a, b
    inner = [[k for k in c.co_consts if isinstance(k, CodeType)] for c in (a, b)]
    for x, y in zip(*inner, strict=True):
        yield from pairs(x, y)


def key(code: CodeType) -> tuple[Any, ...]:
    return code.co_qualname, code.co_firstlineno, code.co_linetable


def body(code: CodeType) -> tuple[Any, ...]:
    return code.co_code, [repr(k) for k in code.co_consts if not isinstance(k, CodeType)]


def plant(mutant: Mutant) -> None:
    """Make this process run the mutant: in its functions, or if it is no function's, in new modules."""
    path = path_of(mutant.module)
    tree = ast.parse(path.read_text("utf-8"))
    original = compile(tree, path, "exec", dont_inherit=True)
    node, field, new, _ = list(sites(tree))[mutant.site]
    setattr(node, field, new)
    tree = ast.fix_missing_locations(Dropping().visit(tree))
    changed = compile(tree, path, "exec", dont_inherit=True)
    both = list(pairs(original, changed))
    if all(body(a) == body(b) for a, b in both if not a.co_flags & inspect.CO_OPTIMIZED):
        swap = {key(a): b for a, b in both}
        for f in gc.get_objects():
            if isinstance(f, FunctionType) and f.__code__.co_filename == str(path):
                f.__code__ = swap[key(f.__code__)]
        return
    for name, loaded in list(sys.modules.items()):
        if str(getattr(loaded, "__file__", "")).startswith((f"{ROOT}/src/", f"{ROOT}/tests/")):
            del sys.modules[name]
    get_code = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda loader, name: (  # type: ignore[method-assign]
        changed if loader.path == str(path) else get_code(loader, name)
    )


def passes(*arguments: str) -> bool:
    return pytest.main(["-x", "-q", "-p", "no:cacheprovider", *arguments]) == 0


def run(mutant: Mutant | None, module: str, rest: bool, stage: Any, base: str) -> bool:
    """Return whether tests fail for a mutant, in this (forked) process; `stage` tells whose."""
    resource.setrlimit(resource.RLIMIT_CPU, (900, 900))  # an endless loop is a kill
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    if mutant:
        plant(mutant)
    wing, _, name = module.partition(".")
    own = OWN.get(module, f"test_{name}").split()
    if not passes(f"--basetemp={base}", *(f"tests/{wing}/{t}.py" for t in own)):
        return True
    stage[0] = 1
    return rest and not passes(f"--basetemp={base}", *REST)


def judge(jobs: list[Mutant], rest: bool, workers: int) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant with "own" or "rest" (whose tests killed it) or "" as they end."""
    waiting, running = jobs[::-1], {}
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < workers:
                mutant, stage = waiting.pop(), mmap.mmap(-1, 1)
                pid = os.fork()
                if not pid:
                    killed = True
                    try:
                        killed = run(mutant, mutant.module, rest, stage, f"{folder}/{os.getpid()}")
                    finally:
                        os._exit(killed)
                running[pid] = mutant, stage
            pid, status = os.wait()
            mutant, stage = running.pop(pid)
            yield mutant, ("rest" if stage[0] else "own") if status else ""


def load_everything() -> None:
    """Import libraries, package and tests once, so that a fork starts with them."""
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
    for name in WARM.split():
        importlib.import_module(name)
    pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", *REST])


def keep_record() -> None:
    """Let a fork's tests share one loaded record: no mutant of the analysis touches its loading."""
    import repatria as rp

    load, record = rp.load, rp.load()
    rp.load = lambda *a, **k: load(*a, **k) if a or k else record


def main() -> None:
    every = [f"{w}.{p.stem}" for w in WINGS for p in sorted((PACKAGE / w).glob("[a-z]*.py"))]
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("modules", nargs="*", default=every, help="analysis.level ...; default: all")
    parse.add_argument("--sample", type=int, default=20, help="mutants of a module; 0: all")
    parse.add_argument("--seed", type=int, default=12)
    parse.add_argument("--own", action="store_true", help="run the modules' own tests only")
    parse.add_argument("--only", default="", help="only mutants whose printed line holds this")
    parse.add_argument("--workers", type=int, default=os.cpu_count())
    ask = parse.parse_args()
    os.chdir(ROOT)
    lines = (ROOT / "bench" / "equivalent.txt").read_text("utf-8").splitlines()
    reasons = dict(x.rsplit("  # ", 1) for x in lines if "  # " in x)
    load_everything()
    kept = False
    for module in sorted(ask.modules, key=every.index):
        if module.startswith("analysis") and not kept:
            keep_record()
            kept = True
        whole = mutants(module)
        size = min(ask.sample or len(whole), len(whole))
        picked = random.Random(f"{ask.seed} {module}").sample(whole, size)
        jobs = [m for m in sorted(picked, key=lambda m: m.site) if ask.only in str(m)]
        by, before = Counter[str](), os.times()
        for mutant, killer in judge(jobs, not ask.own, ask.workers):
            reason = reasons.get(mutant.text, "")
            by[killer or ("same" if reason else "left")] += 1
            if killer != "own":
                print(f"  {killer or 'alive':5} {mutant}  {reason}".rstrip(), flush=True)
        spent = os.times().children_user - before.children_user
        said = "  ".join(f"{name} {by[name]:3}" for name in ("own", "rest", "same", "left"))
        print(
            f"{module:22} {len(jobs):3} of {len(whole):3}:  {said}  {spent:5.0f} CPU s", flush=True
        )


if __name__ == "__main__":
    main()
