"""`porter-audit config`: what is printed where, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Porter


def test_lint_prints_every_problem_with_its_line_and_exits_3(porter: Porter, tmp_path: Path) -> None:
    file = tmp_path / "porter-audit.yaml"
    file.write_text("schema: porter-audit/config/v1\ntargets:\n  - {cloud: aws}\nhistry: x\n")
    done = porter("config", "lint", str(file))
    assert done.code == 3
    assert [line.split(": ")[:2] for line in done.out.splitlines()] == [
        ["porter-audit.yaml", "line 3"],
        ["porter-audit.yaml", "line 4"],
    ]
    assert "2 problems" in done.err


def test_lint_sums_up_a_file_that_can_be_used(porter: Porter, tmp_path: Path) -> None:
    file = tmp_path / "porter-audit.yaml"
    file.write_text(
        "schema: porter-audit/config/v1\ntargets:\n"
        '  - {cloud: aws, account: "111122223333", presence: expected, parameters: {external_id: env:NOT_SET}}\n'
    )
    done = porter("config", "lint", str(file))
    assert done.code == 0
    assert "aws account 111122223333" in done.out
    assert "Porter expected there" in done.out
    assert "refers to env:NOT_SET: not there now" in done.out


def test_a_file_that_is_not_there_or_no_yaml_is_one_line_and_3(porter: Porter, tmp_path: Path) -> None:
    assert porter("config", "lint", str(tmp_path / "none.yaml")).code == 3
    (tmp_path / "bad.yaml").write_text("a: [1\n")
    done = porter("config", "lint", str(tmp_path / "bad.yaml"))
    assert done.code == 3
    assert "line 2: is not YAML" in done.err


def test_schema_prints_the_schema(porter: Porter) -> None:
    assert json.loads(porter("config", "schema").out)["$id"] == "urn:porter-audit:config:v1"
