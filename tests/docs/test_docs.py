"""What the pages say is what the program does: commands, Python, the picture of the rooms, made pages."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from scanner.app import rules_page
from scanner.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "scanner"
PAGES = sorted((ROOT / "docs").glob("*.md"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[str]:
    """Return every call of the program in a page's shell blocks, continued lines joined."""
    found = []
    for language, body in FENCE.findall(page.read_text()):
        if language in ("sh", "console", "bash"):
            lines = body.replace("\\\n", " ").splitlines()
            found += [m[1] for line in lines if (m := re.match(r"(?:\$ )?porter-audit ([a-z].*)", line))]
    return found


CALLS = [(page.name, call) for page in PAGES for call in commands(page)]


@pytest.mark.parametrize(("page", "call"), CALLS, ids=[f"{page}: {call[:60]}" for page, call in CALLS])
def test_every_command_of_every_page_is_understood(
    page: str, call: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each is parsed up to its help page: an option or command that is no more fails here."""
    plain = re.split(r"\s(?:>|\||#|&&)\s?", call)[0]
    monkeypatch.setattr(sys, "argv", ["porter-audit", *shlex.split(plain), "--help"])
    code = run()
    assert code == 0, capfd.readouterr().err


@pytest.mark.parametrize("page", [p for p in PAGES if "```python" in p.read_text()], ids=lambda p: p.name)
def test_the_python_of_a_page_runs(page: Path) -> None:
    blocks = [body for language, body in FENCE.findall(page.read_text()) if language == "python"]
    for body in blocks:
        done = subprocess.run([sys.executable, "-c", body], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.name)
def test_no_link_inside_the_project_is_dead(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.name)
def test_every_test_and_benchmark_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`((?:tests|benchmarks|deploy|examples)/[\w./-]*)", page.read_text())
    assert [name for name in named if not (ROOT / name.rstrip("/.")).exists()] == []


def test_the_rule_reference_is_up_to_date() -> None:
    written = (ROOT / "docs" / "rules.md").read_text()
    assert written == rules_page.page(), "write it anew: python -m scanner.app.rules_page docs/rules.md"


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported() -> dict[str, set[str]]:
    """Return the rooms that each room imports, wherever in a file the import stands."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        own = room_of(path)
        found[own] |= set()
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found[own] |= {name.split(".")[1] for name in names if name.startswith("scanner.")} - {own, "errors"}
    return found


def test_the_picture_of_the_rooms_is_true_to_the_imports() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| ?([\w, ]*) ?\|$", (ROOT / "docs" / "architecture.md").read_text(), re.M)
    drawn = {name: {room.strip() for room in rooms.split(",") if room.strip()} for name, rooms in rows}
    real = {room: rooms for room, rooms in imported().items() if not room.startswith("__")}
    small = {"errors", "resources"}
    assert drawn == {room: rooms for room, rooms in real.items() if room not in small}
