"""The template that Porter's open-source code held in 2023 is reported as what it is: an administrator for Porter."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.app.params import Parameter
from scanner.app.scan import ScanOptions, scan
from scanner.model.finding import Finding, Result

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
TEMPLATE = SHARED / "data/porter-archive_zarf_cloudformation-policy.json"


@pytest.fixture
def findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    outcome = scan(
        ScanOptions(
            baseline="porter@2026-05",
            source=TEMPLATE,
            parameters=(Parameter("account_id", "111122223333", "argument"),),
            template_values=(("ExternalIdParameter", "an-id-of-" + "this-project"),),
            as_of=datetime(2026, 9, 1, tzinfo=UTC),
        )
    )
    assert outcome.report.run.planned
    assert outcome.exit_code == 1
    return [f for f in outcome.report.findings if f.result is Result.FAIL and f.subject.name == "PorterRole"]


def test_it_is_an_administrator_under_the_legacy_name(findings: list[Finding]) -> None:
    seen = {finding.rule_id: finding for finding in findings}
    assert "AdministratorAccess" in seen["AWS-PERM-006"].message
    assert seen["AWS-PERM-006"].severity == "critical"
    assert seen["AWS-ROLE-001"].reason_code == "KNOWN_EXTRA"
    assert "admits Porter's account" in seen["AWS-ROLE-001"].message
    assert seen["AWS-ROLE-001"].severity == "high"


def test_its_external_id_is_seen(findings: list[Finding]) -> None:
    assert "AWS-TRUST-002" not in {finding.rule_id for finding in findings}
