"""The GCP commands as a shell sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.collect.gcp.allowlist import gcp_permissions
from scanner.localcloud.gcp_demo import KEYED, provisioned_gcp
from scanner.localcloud.gcp_state import DEMO_PROJECT

from .conftest import Porter


@pytest.fixture
def drifted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with provisioned_gcp("drifted", start=KEYED, now=datetime.now(UTC)) as project:
        for name, value in project.environment.items():
            monkeypatch.setenv(name, value)
        yield


def test_permissions_prints_a_custom_role(porter: Porter) -> None:
    done = porter("permissions", "gcp")
    assert done.code == 0
    assert tuple(json.loads(done.out)["includedPermissions"]) == gcp_permissions("project")
    assert "GCP-KEY-001" in done.err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("scan", "gcp", "--project", "a", "--folder", "1"), "do not go together"),
        (("scan", "gcp", "--folder", "x"), "takes a number"),
        (("scan", "gcp", "--from", "f.json", "--project", "a"), "without credentials"),
    ],
)
def test_contradicting_options_are_one_line(porter: Porter, argv: tuple[str, ...], says: str) -> None:
    done = porter(*argv)
    assert done.code == 3
    assert says in done.err


def test_scan_collect_and_doctor_read_the_loopback_project(porter: Porter, drifted: None, tmp_path: Path) -> None:
    scanned = porter("scan", "gcp", "--project", DEMO_PROJECT, "--format", "terminal")
    assert scanned.code == 1
    assert "GCP-PERM-003" in scanned.out
    collected = porter("collect", "gcp", "--project", DEMO_PROJECT, "--out", tmp_path / "snapshot.json")
    assert collected.code == 0
    assert porter("scan", "gcp", "--from", tmp_path / "snapshot.json", "-q").code == 1
    assert porter("doctor", "gcp", "--project", DEMO_PROJECT).code == 0


@pytest.mark.parametrize(("scenario", "code", "answer"), [("documented", 0, "yes"), ("drifted", 1, "no")])
def test_demo_shows_all_clouds_in_one_report(
    porter: Porter, tmp_path: Path, scenario: str, code: int, answer: str
) -> None:
    done = porter("demo", "--scenario", scenario, "--cloud", "all", "--out", tmp_path / "demo", "-q")
    assert done.code == code, done.err
    report = json.loads((tmp_path / "demo" / "report.json").read_text())
    assert report["verdict"]["as_documented"] == answer
    assert {scope["cloud"] for scope in report["scopes"]} == {"aws", "azure", "gcp"}
