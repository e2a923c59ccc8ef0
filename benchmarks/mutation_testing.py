"""How many small mistakes in scanner/access and scanner/rules our own tests notice: mutation testing.

Run: make mutation [ROOM=access/azure] [EVERY=12] [SEED=1], or, once that has made the tool's environment,

    python benchmarks/mutation_testing.py [--room NAME]... [--file PATH]... [--every K] [--seed N] [--jobs N]
        [--wider] [--by-file] [--json FILE]

cosmic-ray finds the places of a file and makes the mistake there; the operators it lacks and our code is full of (`in`,
the `if` of a comprehension, a statement left out, a word changed) are written below as operators of its kind. Per place
and kind of mistake one variant is drawn by the seed, and of those, in the order of the file, every K-th is tried. Not
counted: what changes only annotations, decorators, keywords of classes or docstrings, and variants that no test could
miss or see (an operator that the types do not have; `is` in place of `==`).

A copy of the working tree is tested, in a temporary directory. Each mutant gets a process of its own, forked from one
that has imported the libraries and nothing of ours; the mutated module exists in that process only. The tests of a
room are run fastest first, those of the mutated rule before all others, and stop at the first failure. Hypothesis
draws the same examples each time and has no deadline, so the answer does not depend on the machine. A mutant that
uses twice the CPU time of the unchanged code and five seconds more is timed out, which counts as noticed. With
--wider, what survives a room's own tests meets the tests of the rooms that build on it; the table keeps the two apart.

Nothing is written but to --json FILE, a line per mutant as soon as its end is known. Exit code 0; 2 if the unchanged
code fails its tests.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import resource
import shutil
import signal
import site
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest
import yaml  # noqa: F401 - imported once here and not in each of the processes
import z3  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
site.addsitedir(str(next((ROOT / ".venv" / "mutation" / "lib").glob("python*/site-packages"), ROOT)))

from cosmic_ray.ast import ast_nodes, get_ast  # noqa: E402
from cosmic_ray.mutating import MutationVisitor  # noqa: E402
from cosmic_ray.operators.operator import Operator  # noqa: E402
from cosmic_ray.plugins import get_operator, operator_names  # noqa: E402
from parso.python.tree import Keyword  # noqa: E402

COPIED = ("scanner", "tests", "baselines", "reports", "benchmarks", "docs", "examples", "pyproject.toml")
MATRIX = "tests/detection/test_matrix.py"
DIFFERENTIAL = ["tests/access/test_differential.py", "tests/access/test_planted_bugs.py"]


class Room(NamedTuple):
    """A part of the code, the tests that are its own, and those of what builds on it."""

    sources: str
    own: Sequence[str]
    wider: Sequence[str]


ROOMS = {
    "access": Room(
        "scanner/access/*.py",
        [f"tests/access/test_{name}*.py" for name in ("compare", "pattern", "certificate", "explored")] + DIFFERENTIAL,
        ["tests/access", "tests/rules"],
    ),
    "access/evaluator": Room(
        "scanner/access/evaluator/*.py",
        ["tests/access/test_authorize*.py", *DIFFERENTIAL],
        ["tests/access", "tests/rules"],
    ),
    "access/azure": Room("scanner/access/azure/*.py", ["tests/access/test_azure*.py"], ["tests/rules"]),
    "access/gcp": Room("scanner/access/gcp/*.py", ["tests/access/test_gcp*.py"], ["tests/rules"]),
    "rules": Room("scanner/rules/*.py", ["tests/rules"], ["tests/assess", MATRIX]),
    "rules/aws": Room("scanner/rules/aws/*.py", ["tests/rules"], [MATRIX]),
    "rules/gcp": Room("scanner/rules/gcp/*.py", ["tests/rules"], [MATRIX]),
    "rules/azure": Room("scanner/rules/azure/*.py", ["tests/rules"], [MATRIX]),
    "rules/services": Room("scanner/rules/services/*.py", ["tests/rules"], [MATRIX]),
}

LEFT_OUT = ("RemoveDecorator", "ExceptionReplacer", "VariableInserter", "VariableReplacer")
"""A decorator here is a cache or a property; the second fails on dotted names; the others need arguments."""
FAIR = {
    "BitOr": "BitAnd BitXor Sub",
    "BitAnd": "BitOr BitXor Sub",
    "Sub": "Add BitAnd",
    "Add": "Sub",
    "Eq": "NotEq LtE GtE",
    "NotEq": "Eq Lt Gt",
    "Is": "IsNot",
    "IsNot": "Is",
    "Lt": "LtE Gt NotEq",
    "LtE": "Lt Eq GtE",
    "Gt": "GtE Lt NotEq",
    "GtE": "Gt Eq LtE",
}
"""What an operator is replaced by. The variants not named would raise TypeError at once or be the same by accident."""
HEAVY = 2
"""So many times the CPU time of the unchanged code is taken for a hang."""


class Membership(Operator):
    """Swap `in` and `not in`."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Yield the operator's position."""
        word = isinstance(node, Keyword) and node.value == "in" and node.parent.type == "comparison"
        if word or (node.type == "comp_op" and node.children[0].value == "not"):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return the node with the other operator."""
        return get_ast(f" {'not in' if node.type == 'keyword' else 'in'}")

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return none; only cosmic-ray's own tests ask for them."""
        return ()


class Filter(Membership):
    """Negate the `if` of a comprehension."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Yield the condition's position."""
        if node.type == "comp_if":
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return the node with its condition negated."""
        node.children[1] = get_ast(f" not ({node.children[1].get_code().strip()})")
        return node


class Omission(Membership):
    """Leave a statement out: a call, a yield, a raise, an addition in place."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Yield the statement's position."""
        if node.type == "simple_stmt":
            first = node.children[0]
            adds = first.type == "expr_stmt" and getattr(first.children[1], "value", "=") != "="
            if adds or first.type in ("atom_expr", "yield_expr", "raise_stmt"):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return the statement as `pass`."""
        node.children[0] = get_ast(f"{node.get_first_leaf().prefix}pass")
        return node


class Word(Membership):
    """Change a string that is one word: an action, a key, an operator. Texts for people are left alone."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Yield the string's position."""
        if node.type == "string" and re.fullmatch(r"""[rb]?(["'])[^\s"'\\]+\1""", node.value):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return the string with a letter more."""
        node.value = f"{node.value[:-1]}X{node.value[-1]}"
        return node


class Mutant(NamedTuple):
    """One mistake: where, which, and the module's text with it."""

    room: str
    path: str
    line: int
    operator: str
    change: str
    source: str


def operators() -> dict[str, Operator]:
    """Return the operators by name."""
    found: dict[str, Operator] = {kind.__name__: kind() for kind in (Membership, Filter, Omission, Word)}
    for name in operator_names():
        family, *kinds = name.removeprefix("core/").split("_")
        if family not in LEFT_OUT and (len(kinds) != 2 or kinds[1] in FAIR.get(kinds[0], kinds[1]).split()):
            found[name.removeprefix("core/")] = get_operator(name)()
    return found


def behaviour(source: str) -> str:
    """Return the program without what only people and type checkers read; "" for what is no program."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.ClassDef):
            node.keywords = []  # whether a record is frozen; mypy holds that
        if isinstance(node, ast.FunctionDef):
            node.returns, node.decorator_list = None, []
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return ast.dump(tree)


def places(source: str, known: dict[str, Operator]) -> dict[tuple[Any, str], list[tuple[str, int]]]:
    """Return position and kind of mistake -> (operator, its how-many-eth place in the file)."""
    found: dict[tuple[Any, str], list[tuple[str, int]]] = {}
    seen: Counter[str] = Counter()
    for node in ast_nodes(get_ast(source)):
        for name, operator in known.items():
            for position in operator.mutation_positions(node):
                found.setdefault((position[0], name.partition("_")[0]), []).append((name, seen[name]))
                seen[name] += 1
    return dict(sorted(found.items()))


def mutants(room: str, path: str, source: str, every: int, seed: int, known: dict[str, Operator]) -> Iterator[Mutant]:
    """Yield every `every`-th mistake of a file, the first of them chosen by the seed."""
    original, first = behaviour(source), random.Random(f"{seed} {path}").randrange(every)
    for (position, kind), variants in list(places(source, known).items())[first::every]:
        name, occurrence = random.Random(f"{seed} {path} {position} {kind}").choice(variants)
        changed = MutationVisitor.mutate_code(source, known[name], occurrence)
        if behaviour(changed) not in ("", original):
            yield Mutant(room, path, position[0], name, difference(source, changed), changed)


def difference(before: str, after: str) -> str:
    """Return the changed lines, old and new, as one line."""
    old, new = before.splitlines(), after.splitlines()
    gone = [line.strip() for line in old if line not in new] or [""]
    come = [line.strip() for line in new if line not in old] or [""]
    return f"{' '.join(gone)}  ->  {' '.join(come)}"


class Planted(MetaPathFinder, SourceFileLoader):
    """Gives one module another text than its file has."""

    def __init__(self, module: str, path: str, source: str) -> None:
        SourceFileLoader.__init__(self, module, path)
        self.source = source

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return the module's spec, if it is the one."""
        return spec_from_file_location(fullname, self.path, loader=self) if fullname == self.name else None

    def get_code(self, fullname: str) -> Any:
        """Return the planted text, compiled; no cache is read or written."""
        return compile(self.source, self.path, "exec", dont_inherit=True)


class Order:
    """Runs the tests that name a rule first, then the fastest."""

    def __init__(self, seconds: dict[str, float], rule: str) -> None:
        self.seconds, self.rule = seconds, rule

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests."""
        items.sort(key=lambda item: (self.rule not in item.nodeid, self.seconds.get(item.nodeid, 0.0)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how long a test takes."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


def rule_of(path: str) -> str:
    """Return the id of a rule's file, or what no test's name has."""
    found = re.fullmatch(r"scanner/rules/(\w+)/([a-z]+_\d{3})\w*\.py", path)
    return "-".join(found.groups()).replace("_", "-").upper().replace("SERVICES", "SVC") if found else "\0"


def in_child(work: Callable[[], int], cpu_s: float) -> int:
    """Start `work` in a process of its own, silent and with limits, and return its id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s) + 1, int(cpu_s) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    code = 70
    try:
        code = work()
    finally:
        os._exit(code)


def tests(paths: Iterable[str], order: Order) -> int:
    """Run tests until the first that fails; return pytest's exit code."""
    found = [str(path) for pattern in paths for path in sorted(Path().glob(pattern))]
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *found], plugins=[order]))


def try_mutant(mutant: Mutant, paths: Iterable[str], seconds: dict[str, float]) -> int:
    """Run tests with the mistake made; for a child."""
    module = mutant.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    sys.meta_path.insert(0, Planted(module, str(Path(mutant.path).resolve()), mutant.source))
    return tests(paths, Order(seconds, rule_of(mutant.path)))


def unchanged(paths: Sequence[str]) -> tuple[dict[str, float], float]:
    """Return seconds by test and CPU seconds of all, on the unchanged code. Exits with 2 where a test fails."""
    order, note = Order({}, "\0"), Path("durations.json")

    def work() -> int:
        code = tests(paths, order)
        note.write_text(json.dumps(order.seconds))
        return code

    _, status, usage = os.wait4(in_child(work, 1800), 0)
    if status:
        print(f"the unchanged code fails {' '.join(paths)}", file=sys.stderr)
        sys.exit(2)
    return json.loads(note.read_text()), usage.ru_utime + usage.ru_stime


def outcome(status: int) -> str:
    """Return what became of a mutant, from its process's end."""
    if os.WIFSIGNALED(status):
        return "timed out" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "killed"
    return "killed" if os.WEXITSTATUS(status) else "survived"


def try_all(todo: Sequence[Mutant], paths: Sequence[str], jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant with what became of it, in the order they end."""
    seconds, cpu_s = unchanged(paths)
    waiting, running = list(reversed(todo)), dict[int, Mutant]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[in_child(partial(try_mutant, mutant, paths, seconds), HEAVY * cpu_s + 5)] = mutant
        pid, status = os.wait()
        yield running.pop(pid), outcome(status)


def run_room(name: str, files: Sequence[str], options: argparse.Namespace) -> Iterator[tuple[Mutant, str]]:
    """Yield the room's mutants with what became of them, told apart by whose tests noticed."""
    room, known = ROOMS[name], operators()
    todo: list[Mutant] = []
    found = sorted(str(path) for path in Path().glob(room.sources))
    for path in [path for path in files if path in found] if files else found:
        todo += mutants(name, path, Path(path).read_text(), options.every, options.seed, known)
    if not todo:
        return
    left = []
    for mutant, end in try_all(todo, room.own, options.jobs):
        if end == "survived" and options.wider:
            left.append(mutant)
        else:
            yield mutant, end
    for mutant, end in try_all(left, room.wider, options.jobs) if left else ():
        yield mutant, end if end == "survived" else "killed later"


def table(results: Sequence[tuple[Mutant, str]], by_file: bool) -> Iterator[str]:
    """Yield the lines of the table, per room or per file, and the sum."""
    ends = ("killed", "timed out", "killed later", "survived")
    yield f"{'':<52}{'mutants':>9}" + "".join(f"{end:>14}" for end in ends) + f"{'noticed':>9}"
    rows: dict[str, Counter[str]] = {}
    for mutant, end in results:
        for row in (mutant.path if by_file else mutant.room, "all"):
            rows.setdefault(row, Counter())[end] += 1
    for row, counts in sorted(rows.items(), key=lambda item: (item[0] == "all", item[0])):
        total = counts.total()
        share = f"{100 * (total - counts['survived']) / total:.1f} %"
        yield f"{row:<52}{total:>9}" + "".join(f"{counts[end]:>14}" for end in ends) + f"{share:>9}"


def copy_tree(target: Path) -> None:
    """Copy what the tests read."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
        else:
            shutil.copy(ROOT / name, target / name)


def note(file: Path | None, mutant: Mutant, end: str) -> None:
    """Print a survivor, and append any mutant to the file of records."""
    if end == "survived":
        print(f"{mutant.path}:{mutant.line}: {mutant.operator}: {mutant.change}", flush=True)
    if file:
        with file.open("a") as stream:
            stream.write(json.dumps({**mutant._asdict(), "source": None, "end": end}) + "\n")


def main(options: argparse.Namespace) -> None:
    """Try the mutants, print survivors as they are found, then the table."""
    hypothesis.settings.register_profile("mutation", deadline=None, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")
    start, results = time.monotonic(), []
    with tempfile.TemporaryDirectory() as place:
        copy_tree(Path(place))
        os.chdir(place)
        sys.path.insert(0, place)
        pytest.main(["--version"])
        for name in options.room or ROOMS:
            for mutant, end in run_room(name, options.file, options):
                results.append((mutant, end))
                note(options.json, mutant, end)
        os.chdir("/")
    for line in table(results, options.by_file):
        print(line)
    print(f"every {options.every}, seed {options.seed}, {time.monotonic() - start:.0f} s on {options.jobs} processes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--room", action="append", choices=sorted(ROOMS), help="only this room (may be repeated)")
    parser.add_argument("--file", action="append", default=[], help="only this source file (may be repeated)")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="try every K-th mutant of a file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--wider", action="store_true", help="what survives meets the tests of the rooms above too")
    parser.add_argument("--by-file", action="store_true", help="a line per file in place of a line per room")
    parser.add_argument("--json", type=Path, metavar="FILE", help="append each mutant and its end")
    arguments = parser.parse_args()
    arguments.json = arguments.json and arguments.json.absolute()
    main(arguments)
