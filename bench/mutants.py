"""Small wrong changes in `record` and `analysis`: which test fails? `make mutants` (up to an hour).

A mutant is one module with one comparison, sign, constant or boolean changed. Each runs in a fork of
this process, which has the libraries loaded: first against the module's own tests and, if those
pass, against all tests and examples of record, analysis and display. A module with more mutants than
`--sample` is sampled by `--seed`. What no test can tell apart is named, with the reason, in
`bench/equivalent.txt`. Why no library does this: docs/decisions/015-mutants.md.
"""

from __future__ import annotations

import argparse
import ast
import importlib
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
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "repatria"
WINGS = ("record", "analysis")
# A module's own tests are the file of its name; where there is none, those of its question.
OWN = {
    "record.files": "test_checks test_view test_fuzz",
    "record.names": "test_fingerprint test_checks",
    "record.relations": "test_checks test_conflicts",
    "record.schema": "test_data test_checks",
    **dict.fromkeys(("record.past", "record.window"), "test_view"),
    **dict.fromkeys(("analysis.known", "analysis.models"), "test_forecast"),
    **dict.fromkeys(("analysis.plans", "analysis.ties"), "test_pledges"),
    **dict.fromkeys(("analysis.rates", "analysis.rhythm", "analysis.units"), "test_cadence"),
    "analysis.windows": "test_reconcile",
}
REST = "tests/record tests/analysis tests/display --doctest-modules src/repatria/record".split()
REST += ["src/repatria/analysis", "src/repatria/display"]
WARM = "scipy.stats scipy.interpolate statsmodels.api scoringrules openpyxl lazy_loader pyarrow.csv"
WARM += " hypothesis _hypothesis_pytestplugin nbval.plugin xdist.plugin jinja2 pydantic typer"
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
    text: str  # the module, the line and the change: what stays when lines move

    def __str__(self) -> str:
        return f"line {self.line:3} of {self.text}"


def sites(node: ast.AST) -> Iterator[tuple[ast.AST, str, Any, str]]:
    """Yield (node, field, new value, what changes) for each place that can be mutated, in order."""
    if isinstance(node, ast.FunctionDef | ast.keyword | ast.Assign):
        name = getattr(node, "name", "") or getattr(node, "arg", "") or ast.unparse(node)
        if name in OPTIONS or name.startswith(("__dir__", "__all__")):
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
    lines, found = source.splitlines(), enumerate(sites(ast.parse(source)))
    at = [(i, getattr(node, "lineno", 1), change) for i, (node, *_, change) in found]
    return [Mutant(module, i, n, f"{module}: {lines[n - 1].strip()}  [{c}]") for i, n, c in at]


def plant(mutant: Mutant) -> None:
    """Let this process import the mutant in the place of its module."""
    path = str(path_of(mutant.module))
    tree = ast.parse(Path(path).read_text("utf-8"))
    node, field, new, _ = list(sites(tree))[mutant.site]
    setattr(node, field, new)
    tree = ast.fix_missing_locations(Dropping().visit(tree))
    changed, get_code = compile(tree, path, "exec", dont_inherit=True), SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda loader, name: (  # type: ignore[method-assign]
        changed if loader.path == path else get_code(loader, name)
    )


def passes(*arguments: str) -> bool:
    return pytest.main(["-x", "-q", "-p", "no:cacheprovider", *arguments]) == 0


def fails(mutant: Mutant | None, module: str, rest: bool, stage: Any, base: str) -> bool:
    """Return whether a test fails for a mutant, in this (forked) process; `stage` tells whose."""
    resource.setrlimit(resource.RLIMIT_CPU, (900, 900))  # of CPU: what takes longer hangs
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    if mutant:
        plant(mutant)
    wing, _, name = module.partition(".")
    own = [f"tests/{wing}/{t}.py" for t in OWN.get(module, f"test_{name}").split()]
    if not passes(f"--basetemp={base}", *own):
        return True
    stage[0] = 1
    return rest and not passes(f"--basetemp={base}", *REST)


def judge(
    module: str, jobs: list[Any], rest: bool, workers: int
) -> Iterator[tuple[Mutant, str, float]]:
    """Yield each mutant with "own" or "rest" (whose tests killed it) or "", and its CPU seconds."""
    waiting, running = jobs[::-1], {}
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < workers:
                mutant, stage = waiting.pop(), mmap.mmap(-1, 1)
                pid = os.fork()
                if not pid:
                    failed = True
                    try:
                        failed = fails(mutant, module, rest, stage, f"{folder}/{os.getpid()}")
                    finally:
                        os._exit(failed)
                running[pid] = mutant, stage
            pid, status, used = os.wait3(0)
            mutant, stage = running.pop(pid)
            yield mutant, ("rest" if stage[0] else "own") if status else "", used.ru_utime


def main() -> None:
    every = [f"{w}.{p.stem}" for w in WINGS for p in sorted((PACKAGE / w).glob("[a-z]*.py"))]
    parse = argparse.ArgumentParser(description="Run mutants of record and analysis.")
    parse.add_argument("modules", nargs="*", default=every, help="analysis.level ...; default: all")
    parse.add_argument("--sample", type=int, default=12, help="mutants of a module; 0: all")
    parse.add_argument("--seed", type=int, default=12)
    parse.add_argument("--own", action="store_true", help="run the modules' own tests only")
    parse.add_argument("--only", default="", help="only mutants whose printed line holds this")
    parse.add_argument("--workers", type=int, default=os.cpu_count())
    ask = parse.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT / "src"))
    for name in WARM.split():
        importlib.import_module(name)
    lines = (ROOT / "bench" / "equivalent.txt").read_text("utf-8").splitlines()
    reasons = dict(x.rsplit("  # ", 1) for x in lines if "  # " in x)
    for module in ask.modules:
        whole = mutants(module)
        size = min(ask.sample or len(whole), len(whole))
        picked = random.Random(f"{ask.seed} {module}").sample(whole, size)
        jobs = [m for m in sorted(picked, key=lambda m: m.site) if ask.only in str(m)]
        for _, killer, _ in judge(module, [None], False, 1):
            assert not killer, f"{module}: its own tests fail before anything is changed"
        by, spent = Counter[str](), 0.0
        for mutant, killer, used in judge(module, jobs, not ask.own, ask.workers):
            reason = reasons.get(mutant.text, "")
            by[killer or ("same" if reason else "left")] += 1
            spent += used
            if killer != "own":
                print(f"  {killer or 'alive':5} {mutant}  {reason}".rstrip(), flush=True)
        said = "  ".join(f"{name} {by[name]:3}" for name in ("own", "rest", "same", "left"))
        print(f"{module:22} {len(jobs):3} of {len(whole):3}:  {said}  {spent:5.0f} s", flush=True)


if __name__ == "__main__":
    main()
