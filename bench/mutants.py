"""Small wrong changes in `record` and `analysis`: which test fails? `make mutants` (up to an hour).

A mutant is one module with one comparison, sign, constant or boolean changed. Tests are collected
once and run once, to see which lines each reaches. Each mutant then runs in a fork of that session,
whose functions have the changed code: first the module's own tests, those that reach the line before
the others and quick ones first; if all pass, all tests and examples of record, analysis and display
that reach the function. A module with more mutants than `--sample` is sampled by `--seed`. What no
test can tell apart is named, with the reason, in `bench/equivalent.txt`. Why no library does this:
docs/decisions/015-mutants.md.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import mmap
import os
import pickle
import random
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import coverage
import hypothesis
import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "repatria"
WINGS = ("record", "analysis")
# A module's own tests are the file of its name; where there is none, those of its question.
OWN = {
    "record.files": "test_checks test_view test_fuzz",
    "record.names": "test_names test_fingerprint test_checks",
    "record.past": "test_past test_view",
    "record.relations": "test_checks test_conflicts",
    "record.schema": "test_data test_checks",
    "record.showing": "test_explain test_view",
    "record.window": "test_view",
    **dict.fromkeys(("analysis.known", "analysis.models"), "test_forecast"),
    **dict.fromkeys(("analysis.plans", "analysis.ties"), "test_pledges"),
    **dict.fromkeys(("analysis.rates", "analysis.rhythm", "analysis.units"), "test_cadence"),
    "analysis.windows": "test_reconcile",
}
# Run while modules are imported: a change in them is planted before, not exchanged.
EARLY = "_lognormal_gaps _kernel _lognormal _root guard _checking _id _note _qualifier".split()
LONGEST = 900  # seconds of CPU
RUN = "-qq -p no:cacheprovider -p no:warnings".split()
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


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a module's code and all that lies in it, in order."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from codes(const)


def compiled(mutant: Mutant) -> tuple[CodeType, CodeType]:
    """Return a module's code before and after the change."""
    path = str(path_of(mutant.module))
    source = Path(path).read_text("utf-8")
    tree = ast.parse(source)
    node, field, new, _ = list(sites(tree))[mutant.site]
    setattr(node, field, new)
    tree = ast.fix_missing_locations(Dropping().visit(tree))
    before = compile(source, path, "exec", dont_inherit=True)
    return before, compile(tree, path, "exec", dont_inherit=True)


def exchange(mutant: Mutant) -> None:
    """Give every living function of a module the changed code."""
    before, after = compiled(mutant)
    new = dict(zip(codes(before), codes(after), strict=True))
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename == before.co_filename:
            thing.__code__ = new.get(thing.__code__, thing.__code__)


def plant(mutant: Mutant) -> None:
    """Let this process import the mutant in the place of its module."""
    before, after = compiled(mutant)
    get_code = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda loader, name: (  # type: ignore[method-assign]
        after if loader.path == before.co_filename else get_code(loader, name)
    )


def own(module: str) -> list[str]:
    wing, _, name = module.partition(".")
    return [f"tests/{wing}/{t}.py" for t in OWN.get(module, f"test_{name}").split()]


class Loop:
    """A pytest plugin that runs `loop(session)` in the place of pytest's own loop over tests."""

    def __init__(self, loop: Callable[[pytest.Session], None]) -> None:
        self.loop = loop

    def pytest_collection(self) -> None:
        # Property tests need not look for the smallest example of a failure.
        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        hypothesis.settings.register_profile("bite", hypothesis.settings(), phases=phases)
        hypothesis.settings.load_profile("bite")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Failed("not even collected")
        self.loop(session)
        return True


def first_failure(items: list[Any]) -> str:
    """Run tests until one fails; return its name, or "" without one."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        if any(r.failed for r in runtestprotocol(item, log=False, nextitem=following)):
            return str(item.nodeid)
    return ""


def forget() -> None:
    """Empty the caches of analysis, so that each test reaches what it asks for."""
    for name, module in list(sys.modules.items()):
        if name.startswith("repatria.analysis"):
            for thing in vars(module).values():
                getattr(thing, "cache_clear", int)()


def at_most(seconds: float) -> None:
    """Limit this process to seconds of CPU: what takes longer hangs, and counts as found."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), resource.RLIM_INFINITY))


def forked(job: Callable[[Any], bool], session: pytest.Session | None = None) -> tuple[int, Any]:
    """Start a job in a fork; return its id and the stage it shares with this process."""
    stage = mmap.mmap(-1, 1)
    pid = os.fork()
    if pid:
        return pid, stage
    failed = True
    try:
        at_most(LONGEST)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        if session is not None:
            factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
            factory._basetemp, factory._given_basetemp = None, Path(SCRATCH.name, str(os.getpid()))
        failed = job(stage)
    finally:
        os._exit(failed)


class Reach:
    """Which tests reach which line, and how long each takes: seen by running all once."""

    def __init__(self, session: pytest.Session) -> None:
        self.session, file = session, Path(SCRATCH.name, "reach")
        pid, _ = forked(partial(self.measure, file), session)
        os.waitpid(pid, 0)
        self.seconds, self.lines, failed = pickle.loads(file.read_bytes())
        self.items = [i for i in session.items if i.nodeid not in failed]
        for name in failed:
            print(f"  fails before anything is changed, left out: {name}", flush=True)

    def measure(self, file: Path, _: Any) -> bool:
        at_most(9 * LONGEST)
        seen = coverage.Coverage(data_file=None, include=[f"{PACKAGE / w}/*" for w in WINGS])
        seconds, failed, items = {}, [], self.session.items
        seen.start()
        for item, following in zip(items, [*items[1:], None], strict=True):
            forget()
            seen.switch_context(item.nodeid)
            start = time.process_time()
            if any(r.failed for r in runtestprotocol(item, log=False, nextitem=following)):
                failed.append(item.nodeid)
            seconds[item.nodeid] = time.process_time() - start
        seen.stop()
        data = seen.get_data()
        lines = {f: data.contexts_by_lineno(f) for f in data.measured_files()}
        file.write_bytes(pickle.dumps((seconds, lines, failed)))
        return False

    def order(self, mutant: Mutant) -> tuple[list[pytest.Item], list[pytest.Item]]:
        """Return the module's own tests, and all others that reach its function, in the order to try."""
        path = path_of(mutant.module)
        lines, tree = self.lines.get(str(path), {}), ast.parse(path.read_text("utf-8"))
        node = list(sites(tree))[mutant.site][0]
        spans = [(n.body[0].lineno, n.end_lineno or 0) for n in functions(tree)]
        first, last = max((s for s in spans if s[0] <= mutant.line <= s[1]), default=(1, 9999))
        here = range(node.lineno, node.end_lineno + 1)  # type: ignore[attr-defined]
        near, far = (
            {t for n in some for t in lines.get(n, ())} for some in (here, range(first, last + 1))
        )
        files = own(mutant.module)
        ours = [i for i in self.items if far and i.nodeid.split("::")[0] in files]
        rest = [i for i in self.items if i.nodeid in far and i not in ours]
        for some in (ours, rest):
            some.sort(key=lambda i: (i.nodeid not in near, self.seconds[i.nodeid]))
        return ours, rest

    def fails(self, mutant: Mutant, rest: bool, stage: Any) -> bool:
        """Return whether a test fails for a mutant, in a fork; `stage` tells whose."""
        ours, others = self.order(mutant)
        exchange(mutant)
        at_most(60 + 3 * sum(self.seconds[i.nodeid] for i in (*ours, *(others if rest else ()))))
        if first_failure(ours):
            return True
        stage[0] = 1
        return rest and bool(first_failure(others))


def functions(tree: ast.AST) -> list[Any]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]


def early(mutant: Mutant) -> bool:
    """Return whether a change lies in what runs while the module is imported."""
    tree = ast.parse(path_of(mutant.module).read_text("utf-8"))
    node = list(sites(tree))[mutant.site][0]
    late = [b for f in functions(tree) if f.name not in EARLY for b in f.body]
    late += [n.body for n in ast.walk(tree) if isinstance(n, ast.Lambda)]
    never = [n for f in functions(tree) if f.name in EARLY for n in ast.walk(f)]
    return node in never or all(node is not n for b in late for n in ast.walk(b))


def whole(reach: dict[str, Any], mutant: Mutant, rest: bool, stage: Any) -> bool:
    """Return whether a test fails for a mutant that is planted before anything is imported."""
    plant(mutant)
    near = {
        t for some in reach["lines"].get(str(path_of(mutant.module)), {}).values() for t in some
    }

    def loop(session: pytest.Session) -> None:
        items = [
            i for i in session.items if i.nodeid in (reach["seconds"] if not stage[0] else near)
        ]
        items.sort(key=lambda i: (i.nodeid not in near, reach["seconds"][i.nodeid]))
        session.testsfailed = bool(first_failure(items))

    def failed(*where: str) -> bool:
        return bool(
            pytest.main(
                [*RUN, f"--basetemp={SCRATCH.name}/{os.getpid()}", *where], plugins=[Loop(loop)]
            )
        )

    if failed(*own(mutant.module)):
        return True
    stage[0] = 1
    where = sorted({t.split("::")[0] for t in near})
    return rest and bool(where) and failed("--doctest-modules", *where)


Verdict = tuple[Mutant, str, float]


def judge(
    jobs: list[Mutant], job: Callable[[Mutant, Any], bool], workers: int, session: Any = None
) -> Iterator[Verdict]:
    """Yield each mutant with "own" or "rest" (whose tests killed it) or "", and its CPU seconds."""
    waiting, running = jobs[::-1], {}
    while waiting or running:
        while waiting and len(running) < workers:
            mutant = waiting.pop()
            pid, stage = forked(partial(job, mutant), session)
            running[pid] = mutant, stage
        pid, status, used = os.wait3(0)
        mutant, stage = running.pop(pid)
        yield mutant, ("rest" if stage[0] else "own") if status else "", used.ru_utime


class Told:
    """What became of each mutant, said as it comes, and counted by module."""

    def __init__(self) -> None:
        lines = (ROOT / "bench" / "equivalent.txt").read_text("utf-8").splitlines()
        self.reasons = dict(x.rsplit("  # ", 1) for x in lines if "  # " in x)
        self.by: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.spent: Counter[str] = Counter()

    def take(self, verdicts: Iterator[Verdict]) -> None:
        last = ""
        for mutant, killer, used in verdicts:
            if last not in ("", mutant.module):
                self.line(last, self.by[last], self.spent[last])
            last = mutant.module
            reason = self.reasons.get(mutant.text, "")
            self.by[mutant.module][killer or ("same" if reason else "left")] += 1
            self.spent[mutant.module] += round(used)
            if killer != "own":
                print(f"  {killer or 'alive':5} {mutant}  {reason}".rstrip(), flush=True)

    def table(self) -> None:
        total = Counter[str]()
        for module, by in sorted(self.by.items()):
            total += by
            self.line(module, by, self.spent[module])
        self.line("all", total, self.spent.total())

    def line(self, name: str, by: Counter[str], spent: int) -> None:
        count = by.total() - by["same"]
        said = "  ".join(f"{k} {by[k]:4}" for k in ("own", "rest", "same", "left"))
        of = f"{by['own'] / (count or 1):4.0%} own  {1 - by['left'] / (count or 1):4.0%} killed"
        print(f"{name:22} {by.total():4}:  {said}  {of}  {spent:5} s", flush=True)


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
    jobs: list[Mutant] = []
    for module in ask.modules:
        all_of = mutants(module)
        size = min(ask.sample or len(all_of), len(all_of))
        picked = random.Random(f"{ask.seed} {module}").sample(all_of, size)
        jobs += [m for m in sorted(picked, key=lambda m: m.site) if ask.only in str(m)]
    told, file = Told(), Path(SCRATCH.name, "told")
    first = [m for m in jobs if early(m)]

    def loop(session: pytest.Session) -> None:
        from repatria.record import kept, view

        reach, late = Reach(session), [m for m in jobs if m not in first]
        for wing in WINGS:
            if wing == "analysis":  # its mutants change no record: one is read for all
                kept.pack(view.load())
            here = [m for m in late if m.module.startswith(wing)]
            told.take(
                judge(here, lambda m, s: reach.fails(m, not ask.own, s), ask.workers, session)
            )
        seen = {"seconds": reach.seconds, "lines": reach.lines}
        file.write_bytes(pickle.dumps((told.by, told.spent, seen)))

    # In a fork: what is planted must find a process that has not imported the package.
    if not os.fork():
        where = sorted({f for m in ask.modules for f in own(m)}) if ask.own else REST
        pytest.main([*RUN, f"--basetemp={SCRATCH.name}/first", *where], plugins=[Loop(loop)])
        os._exit(0)
    os.wait()
    told.by, told.spent, seen = pickle.loads(file.read_bytes())
    told.take(judge(first, lambda m, s: whole(seen, m, not ask.own, s), ask.workers))
    told.table()


SCRATCH = tempfile.TemporaryDirectory()

if __name__ == "__main__":
    main()
